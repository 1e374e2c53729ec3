#include "engine/flight.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { SMALL_TEXT = 72, LARGE_TEXT = 4 * FLIGHT_TEXT_MAX };

int flight_init(struct flight *f, size_t capacity, const struct target_list *targets)
{
	uint32_t n = 64;

	while (n < capacity && n < UINT32_C(1) << 30)
		n *= 2;
	memset(f, 0, sizeof(*f));
	f->ring = calloc(n, sizeof(*f->ring));
	f->chains = malloc(n * sizeof(*f->chains));
	f->mask = n - 1;
	f->targets = targets;
	f->key = hash_key_random();
	f->small.size = sizeof(struct flight_detail) + SMALL_TEXT;
	f->large.size = sizeof(struct flight_detail) + LARGE_TEXT;
	if (!f->ring || !f->chains) {
		flight_free(f);
		return ERR_NOMEM;
	}
	memset(f->chains, 0xff, n * sizeof(*f->chains));
	return 0;
}

void flight_free(struct flight *f)
{
	free(f->ring);
	free(f->chains);
	pool_free(&f->small);
	pool_free(&f->large);
	memset(f, 0, sizeof(*f));
}

bool flight_full(const struct flight *f)
{
	return f->head - f->tail > f->mask;
}

bool flight_empty(const struct flight *f)
{
	return f->head == f->tail;
}

static uint32_t *chain_of(const struct flight *f, const struct probe_key *k)
{
	uint8_t in[sizeof(k->target) + 7];

	memcpy(in, &k->target, sizeof(k->target));
	in[sizeof(k->target)] = (uint8_t)k->kind;
	memcpy(in + sizeof(k->target) + 1, &k->flow_port, 2);
	memcpy(in + sizeof(k->target) + 3, &k->token, 4);
	return &f->chains[hash_sip(&f->key, in, sizeof(in)) & f->mask];
}

static struct probe_key key_of(const struct flight *f, const struct flight_probe *p)
{
	return (struct probe_key){
		.target = f->targets->v[p->target].addr,
		.kind = p->kind,
		.flow_port = p->flow_port,
		.token = probe_token(p->kind, p->cookie),
	};
}

struct flight_probe *flight_at(struct flight *f, uint32_t id)
{
	return &f->ring[id];
}

uint32_t flight_add(struct flight *f, const struct flight_probe *p)
{
	struct probe_key key = key_of(f, p);
	uint32_t *chain = chain_of(f, &key), id = (uint32_t)(f->head++ & f->mask);

	f->ring[id] = *p;
	f->ring[id].next = *chain;
	*chain = id;
	return id;
}

uint32_t flight_find(const struct flight *f, const struct probe_key *key, uint32_t after)
{
	uint32_t id = after == FLIGHT_NONE ? *chain_of(f, key) : f->ring[after].next;

	for (; id != FLIGHT_NONE; id = f->ring[id].next) {
		const struct flight_probe *p = &f->ring[id];

		if (probe_token(p->kind, p->cookie) == key->token && p->kind == key->kind &&
			p->flow_port == key->flow_port &&
			addr_equal(&f->targets->v[p->target].addr, &key->target))
			break;
	}
	return id;
}

uint32_t flight_due(struct flight *f, struct mono limit)
{
	uint32_t id;

	if (f->due < f->tail)
		f->due = f->tail;
	id = (uint32_t)(f->due & f->mask);
	if (f->due == f->head || f->ring[id].sent_at.ns > limit.ns)
		return FLIGHT_NONE;
	f->due++;
	return id;
}

uint32_t flight_oldest(struct flight *f, struct mono limit)
{
	uint32_t id = (uint32_t)(f->tail & f->mask);

	return flight_empty(f) || f->ring[id].sent_at.ns > limit.ns ? FLIGHT_NONE : id;
}

static void give_detail(struct flight *f, struct flight_detail *d)
{
	if (d)
		pool_give(d->large ? &f->large : &f->small, d);
}

void flight_drop_oldest(struct flight *f)
{
	uint32_t id = (uint32_t)(f->tail & f->mask);
	struct probe_key key = key_of(f, &f->ring[id]);
	uint32_t *at = chain_of(f, &key);

	while (*at != id)
		at = &f->ring[*at].next;
	*at = f->ring[id].next;
	give_detail(f, f->ring[id].detail);
	f->tail++;
}

static size_t keep(struct flight_detail *d, size_t at, struct bytes b)
{
	if (b.n > 0)
		memmove(d->bytes + at, b.p, b.n);
	return at + b.n;
}

static struct bytes cut(struct bytes b)
{
	return (struct bytes){b.p, b.n < FLIGHT_TEXT_MAX ? b.n : FLIGHT_TEXT_MAX};
}

struct flight_detail *flight_keep(
	struct flight *f, struct flight_probe *p, struct bytes nsid, struct bytes txt, struct bytes extra)
{
	struct flight_detail *old = p->detail, *d;
	struct bytes part[4] = {cut(nsid), cut(txt), {NULL, 0}, cut(extra)};
	size_t n, at = 0;
	bool large;

	if (old) {
		part[0] = (struct bytes){old->bytes, old->nsid_n};
		part[1] = (struct bytes){old->bytes + old->nsid_n, old->txt_n};
		part[2] = (struct bytes){old->bytes + old->nsid_n + old->txt_n, old->extra_n};
		if (part[2].n + part[3].n > FLIGHT_TEXT_MAX)
			return old; /* the first strange answers say enough */
	}
	n = part[0].n + part[1].n + part[2].n + part[3].n;
	large = n > SMALL_TEXT;
	d = pool_take(large ? &f->large : &f->small);
	if (!d)
		return old;
	*d = (struct flight_detail){.large = large};
	if (old)
		d->from = old->from;
	for (size_t i = 0; i < 4; i++)
		at = keep(d, at, part[i]);
	d->nsid_n = (uint16_t)part[0].n;
	d->txt_n = (uint16_t)part[1].n;
	d->extra_n = (uint16_t)(part[2].n + part[3].n);
	give_detail(f, old);
	p->detail = d;
	return d;
}

void flight_step(struct flight *f, uint32_t since)
{
	for (uint64_t i = f->tail; i < f->head; i++) {
		struct flight_probe *p = &f->ring[i & f->mask];

		p->stepped = p->stepped || p->replies == 0 || p->checked >= since;
	}
}
