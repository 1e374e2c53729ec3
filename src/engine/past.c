#include "engine/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

uint64_t past_digest(const struct engine_config *c)
{
	struct hash_key key = hash_key_seeded(0);
	uint64_t digest = c->flows.base;

	for (uint32_t i = 0; i < c->n_slots; i++) {
		const struct schedule_slot *s = &c->slots[i];
		uint64_t in[4] = {digest, s->kind, s->flow, s->question};

		digest = hash_sip(&key, in, sizeof(in));
	}
	for (size_t i = 0; i < c->targets->n; i++) {
		const struct target *t = &c->targets->v[i];
		uint64_t in[4] = {
			digest, (uint64_t)t->addr.family << 32 | t->port, c->all_kinds ? 0 : t->probes, 0};

		digest = hash_sip(&key, in, sizeof(in));
		memcpy(in, t->addr.b, sizeof(t->addr.b));
		in[2] = digest;
		digest = hash_sip(&key, in, 3 * sizeof(*in));
	}
	return digest;
}

struct past past_of(const struct schedule *s, const struct target_list *targets)
{
	return (struct past){.schedule = s, .targets = targets};
}

/* Whether the engine asks again when this is all that came. */
static bool wants_retry(const struct record *r)
{
	return r->probe == PROBE_DNS && r->outcome == OUTCOME_TIMEOUT && question_is_chaos(r->question);
}

int past_row(struct past *p, const struct record *r)
{
	const struct target *t = target_find(p->targets, &r->target);
	struct engine_retry key = {.seq = r->seq};
	uint64_t at;

	if (!t || r->seq >= p->schedule->rounds * (uint64_t)p->schedule->n_slots)
		return ERR_RANGE;
	key.target = (uint32_t)(t - p->targets->v);
	p->rows++;
	p->outcome[r->outcome]++;
	if (r->attempt > 1) {
		if (vec_reserve(&p->retried, &p->cap_retried, p->n_retried + 1) < 0)
			return ERR_NOMEM;
		p->retried[p->n_retried++] = key;
		return 0;
	}
	at = schedule_index(p->schedule, r->seq, key.target);
	if (at >= p->first)
		p->first = at + 1;
	if (!wants_retry(r))
		return 0;
	if (vec_reserve(&p->retries, &p->cap_retries, p->n_retries + 1) < 0)
		return ERR_NOMEM;
	p->retries[p->n_retries++] = key;
	return 0;
}

static int by_seq(const void *a, const void *b)
{
	const struct engine_retry *x = a, *y = b;

	return x->seq != y->seq ? (x->seq > y->seq) - (x->seq < y->seq)
				: (x->target > y->target) - (x->target < y->target);
}

void past_end(struct past *p)
{
	size_t kept = 0, at = 0;

	if (p->n_retries > 0)
		qsort(p->retries, p->n_retries, sizeof(*p->retries), by_seq);
	if (p->n_retried > 0)
		qsort(p->retried, p->n_retried, sizeof(*p->retried), by_seq);
	for (size_t i = 0; i < p->n_retries; i++) {
		while (at < p->n_retried && by_seq(&p->retried[at], &p->retries[i]) < 0)
			at++;
		if (at == p->n_retried || by_seq(&p->retried[at], &p->retries[i]) != 0)
			p->retries[kept++] = p->retries[i];
	}
	p->n_retries = kept;
}

void past_free(struct past *p)
{
	free(p->retries);
	free(p->retried);
}
