#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "base/wire.h"
#include "engine/row.h"
#include "engine/state.h"

enum { DNS_PORT = 53, SPARE_PROBES = 1024 };

/* How many probes can be under way at once: what the rate allows, and never more than there are. */
static size_t under_way(const struct engine *e)
{
	double by_rate = e->c.rate_pps * (double)(e->c.timeout_ns + e->c.linger_ns) / 1e9;

	if (!e->c.adopt && by_rate > 2.0 * (double)e->end)
		by_rate = 2.0 * (double)e->end; /* each may be asked twice */
	return (size_t)by_rate + SPARE_PROBES;
}

/* Whether a target gets more than one DNS query, retries aside. */
static bool asks_again(const struct engine_config *c)
{
	uint32_t queries = 0;

	for (uint32_t i = 0; i < c->n_slots; i++)
		queries += c->slots[i].kind == PROBE_DNS;
	return queries > 1 || (queries == 1 && c->rounds > 1);
}

struct engine *engine_new(const struct engine_config *c, struct err_msg *why)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e)
		goto fail;
	e->c = *c;
	e->key = hash_key_random();
	if (c->adopt) {
		e->c.targets = &e->adopted;
	} else {
		e->schedule = (struct schedule){
			.targets = (uint32_t)c->targets->n,
			.rounds = c->rounds,
			.n_slots = c->n_slots,
		};
		if (schedule_init(&e->schedule, c->seed) < 0) {
			(void)err_set(why, ERR_RANGE, "nothing to probe, or more than 2^32 probes a target");
			engine_free(e);
			return NULL;
		}
		e->next = c->first;
		e->open = e->end = schedule_length(&e->schedule);
		e->jar.targets = c->targets->n;
		e->asks_again = asks_again(c);
		e->last_ms = calloc(c->targets->n, sizeof(*e->last_ms));
		if (!e->last_ms)
			goto fail;
	}
	if (flight_init(&e->flight, under_way(e)) < 0 ||
		vec_reserve(&e->retries.v, &e->retries.cap, c->n_retries) < 0)
		goto fail;
	if (c->n_retries > 0)
		memcpy(e->retries.v, c->retries, c->n_retries * sizeof(*c->retries));
	e->retries.n = c->n_retries;
	return e;
fail:
	(void)err_set(why, ERR_NOMEM, "out of memory: lower --rate, --timeout or --linger");
	engine_free(e);
	return NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	flight_free(&e->flight);
	jar_free(&e->jar);
	target_list_free(&e->adopted);
	free(e->retries.v);
	free(e->sources.v);
	free(e->last_ms);
	free(e);
}

const struct run_counts *engine_counts(const struct engine *e)
{
	return &e->counts;
}

uint64_t engine_scheduled(const struct engine *e)
{
	return e->end;
}

/* --- what is due --- */

static bool gap_over(const struct engine *e, uint32_t target, struct mono now)
{
	uint32_t now_ms = (uint32_t)((now.ns - e->start.ns) / NS_PER_MS), last = e->last_ms[target];

	/* In 32 bits the milliseconds wrap after 49 days; their difference does not mind. */
	return last == 0 || (uint32_t)(now_ms - (last - 1)) >= e->c.gap_ns / NS_PER_MS;
}

static bool answers(const struct engine *e, uint32_t target, const struct schedule_slot *slot)
{
	const struct target *t = &e->c.targets->v[target];

	return (e->c.all_kinds || t->probes == 0 || t->probes & 1U << slot->kind) &&
	       (!e->c.wants || e->c.wants(e->c.wants_arg, target, slot));
}

static bool next_retry(struct engine *e, struct mono now, struct engine_due *due)
{
	const struct engine_retry *r;

	if (e->retries.at == e->retries.n)
		return false;
	r = &e->retries.v[e->retries.at];
	if (!gap_over(e, r->target, now))
		return false;
	*due = (struct engine_due){
		.target = r->target,
		.seq = r->seq,
		.slot = r->seq % e->c.n_slots,
		.attempt = 2,
		.question = QUESTION_IN_SOA,
	};
	if (++e->retries.at == e->retries.n)
		e->retries.at = e->retries.n = 0;
	return true;
}

/* Looks some items ahead: what is known of their targets lies anywhere in memory, and is on its way by the time it is
 * needed. */
static const struct schedule_item *item_at(struct engine *e, uint64_t index)
{
	if (index - e->ahead.from < e->ahead.n)
		return &e->ahead.v[index - e->ahead.from];
	e->ahead.from = index;
	for (e->ahead.n = 0; e->ahead.n < ENGINE_AHEAD && index < e->end; index++) {
		struct schedule_item it = schedule_at(&e->schedule, index);

		__builtin_prefetch(&e->c.targets->v[it.target]);
		__builtin_prefetch(&e->last_ms[it.target], 1);
		jar_fetch(&e->jar, it.target);
		e->ahead.v[e->ahead.n++] = it;
	}
	return e->ahead.v;
}

static enum engine_answer next_scheduled(struct engine *e, struct mono now, struct engine_due *due)
{
	for (; e->next < e->open && !e->stopped; e->next++) {
		struct schedule_item it = *item_at(e, e->next);
		const struct schedule_slot *slot = &e->c.slots[it.slot];

		if (!answers(e, it.target, slot))
			continue;
		if (!gap_over(e, it.target, now))
			return ENGINE_WAIT;
		e->next++;
		e->counts.scheduled++;
		*due = (struct engine_due){it.target, it.seq, it.slot, 1, slot->question};
		return ENGINE_DUE;
	}
	return e->next < e->end && !e->stopped ? ENGINE_WAIT : ENGINE_SENT;
}

void engine_open_rounds(struct engine *e, uint32_t rounds)
{
	e->open = (uint64_t)rounds * e->schedule.n_slots * e->schedule.targets;
	if (e->open > e->end)
		e->open = e->end;
}

bool engine_round_sent(const struct engine *e)
{
	return e->next >= e->open;
}

bool engine_idle(const struct engine *e)
{
	return flight_empty(&e->flight) && e->retries.at == e->retries.n;
}

enum engine_answer engine_next(struct engine *e, struct mono now, struct engine_due *due)
{
	enum engine_answer a;

	if (e->start.ns == 0)
		e->start = now;
	if (flight_full(&e->flight))
		return ENGINE_WAIT;
	if (!e->stopped && next_retry(e, now, due))
		return ENGINE_DUE;
	a = next_scheduled(e, now, due);
	return a == ENGINE_SENT && !e->stopped && e->retries.at < e->retries.n ? ENGINE_WAIT : a;
}

const struct target *engine_target(const struct engine *e, const struct engine_due *due)
{
	return &e->c.targets->v[due->target];
}

void engine_retry(struct engine *e, struct flight_probe *p)
{
	if (e->c.no_retry || e->c.adopt || p->kind != PROBE_DNS || p->attempt != 1 || p->retried ||
		!question_is_chaos((enum question)p->question) ||
		vec_reserve(&e->retries.v, &e->retries.cap, e->retries.n + 1) < 0)
		return;
	e->retries.v[e->retries.n++] = (struct engine_retry){p->target, p->seq};
	p->retried = true;
}

/* --- forming a probe --- */

static uint64_t cookie_of(
	const struct engine *e, const struct engine_due *due, const struct schedule_slot *slot)
{
	const struct addr *a = &engine_target(e, due)->addr;
	uint8_t in[sizeof(*a) + 8] = {0};

	memcpy(in, a, sizeof(*a));
	wire_set32(in + sizeof(*a), due->seq);
	in[sizeof(*a) + 4] = slot->flow;
	in[sizeof(*a) + 5] = (uint8_t)slot->kind;
	in[sizeof(*a) + 6] = due->attempt;
	return hash_sip(&e->key, in, sizeof(in));
}

/* The client part is the same for all queries to one server, else the server could not know its own part
 * again. */
static uint64_t client_cookie_of(const struct engine *e, const struct addr *a)
{
	return hash_sip(&e->key, a, sizeof(*a));
}

uint16_t engine_source(struct engine *e, const struct addr *source)
{
	for (size_t i = e->sources.n; i-- > 0;)
		if (addr_equal(&e->sources.v[i], source))
			return (uint16_t)i;
	if (e->sources.n >= UINT16_MAX || vec_reserve(&e->sources.v, &e->sources.cap, e->sources.n + 1) < 0)
		return UINT16_MAX;
	e->sources.v[e->sources.n] = *source;
	return (uint16_t)e->sources.n++;
}

struct probe_spec engine_spec(struct engine *e, const struct flight_probe *p)
{
	struct probe_spec s = {
		.kind = p->kind,
		.question = p->question,
		.src = p->src < e->sources.n ? e->sources.v[p->src] : (struct addr){0},
		.dst = p->addr,
		.flow_port = p->flow_port,
		.dst_port = p->dst_port,
		.cookie = p->cookie,
		.contact = e->c.contact,
	};

	if (p->has_cookie) {
		memcpy(s.dns_cookie, &p->client_cookie, DNS_COOKIE_CLIENT);
		s.dns_cookie_len = DNS_COOKIE_CLIENT;
	}
	return s;
}

static uint16_t port_of(const struct engine *e, const struct target *t, enum probe_kind kind)
{
	return kind == PROBE_ICMP ? 0 : kind == PROBE_DNS ? DNS_PORT : t->port ? t->port : e->c.tcp_port;
}

uint32_t engine_launch(struct engine *e, const struct engine_due *due, const struct addr *source,
	struct mono now, struct wall wall, struct probe_spec *spec)
{
	const struct schedule_slot *slot = &e->c.slots[due->slot];
	const struct target *t = engine_target(e, due);
	const struct jar_entry *known = slot->kind == PROBE_DNS ? jar_get(&e->jar, due->target) : NULL;
	struct flight_probe p = {
		.cookie = cookie_of(e, due, slot),
		.sent_at = now,
		.tx_user = wall,
		.target = due->target,
		.addr = t->addr,
		.seq = due->seq,
		.flow_port = (uint16_t)(e->c.flows.base + slot->flow),
		.dst_port = port_of(e, t, slot->kind),
		.src = engine_source(e, source),
		.flow = slot->flow,
		.kind = (uint8_t)slot->kind,
		.question = (uint8_t)due->question,
		.attempt = due->attempt,
		.has_cookie = slot->kind == PROBE_DNS && !(known && known->refused),
	};

	if (p.has_cookie)
		p.client_cookie = client_cookie_of(e, &t->addr);
	*spec = engine_spec(e, &p);
	if (p.has_cookie && known && known->len) {
		memcpy(spec->dns_cookie, known->cookie, known->len);
		spec->dns_cookie_len = known->len;
	}
	e->last_ms[due->target] = (uint32_t)((now.ns - e->start.ns) / NS_PER_MS) + 1;
	e->counts.sent++;
	e->unanswered++;
	e->last_news = now;
	return flight_add(&e->flight, &p);
}

void engine_set_head(struct engine *e, uint32_t id, const uint8_t *l4)
{
	memcpy(flight_at(&e->flight, id)->head, l4, PROBE_HEAD);
}

void engine_set_sent(struct engine *e, uint32_t id, struct wall wall)
{
	flight_at(&e->flight, id)->tx_user = wall;
}

void engine_fail(struct engine *e, uint32_t id, int errnum)
{
	struct flight_probe *p = flight_at(&e->flight, id);

	if (p->outcome == OUTCOME_NONE)
		e->unanswered--;
	p->outcome = OUTCOME_SEND_ERROR;
	p->send_errno = (uint8_t)errnum;
}

/* --- the end of a probe --- */

void engine_expire(struct engine *e, struct mono now)
{
	struct mono due = {now.ns - e->c.timeout_ns}, over = {due.ns - e->c.linger_ns};
	uint32_t id;

	while ((id = flight_due(&e->flight, due)) != FLIGHT_NONE) {
		struct flight_probe *p = flight_at(&e->flight, id);

		p->timed_out = true;
		if (p->outcome == OUTCOME_NONE)
			engine_retry(e, p);
	}
	while ((id = flight_oldest(&e->flight, over)) != FLIGHT_NONE) {
		engine_write_row(e, flight_at(&e->flight, id));
		flight_drop_oldest(&e->flight);
	}
}

void engine_clock_checked(struct engine *e, bool stepped)
{
	if (stepped)
		flight_step(&e->flight, e->checks);
	e->checks++;
}

void engine_frames_lost(struct engine *e)
{
	e->lost = true;
}

void engine_stop(struct engine *e)
{
	e->stopped = true;
}

bool engine_all_sent(const struct engine *e)
{
	return e->stopped || (e->next >= e->end && e->retries.at == e->retries.n);
}

bool engine_done(const struct engine *e, struct mono now, int64_t settle_ns)
{
	if (!engine_all_sent(e))
		return false;
	return flight_empty(&e->flight) || (e->unanswered == 0 && now.ns - e->last_news.ns >= settle_ns);
}

void engine_finish(struct engine *e, struct mono now)
{
	engine_expire(e, now);
	e->finishing = true;
	while (!flight_empty(&e->flight)) {
		engine_write_row(
			e, flight_at(&e->flight, flight_oldest(&e->flight, (struct mono){INT64_MAX})));
		flight_drop_oldest(&e->flight);
	}
}
