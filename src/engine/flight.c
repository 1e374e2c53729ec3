#include "engine/flight.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { SMALL_TEXT = 72, LARGE_TEXT = 4 * FLIGHT_TEXT_MAX, AHEAD = 8 };

int flight_init(struct flight *f, size_t capacity)
{
	uint32_t n = 64;

	while (n < capacity && n < UINT32_C(1) << 30)
		n *= 2;
	memset(f, 0, sizeof(*f));
	f->ring = calloc(n, sizeof(*f->ring));
	f->chains = malloc(n * sizeof(*f->chains));
	f->next = malloc(n * sizeof(*f->next));
	f->mask = n - 1;
	f->key = hash_key_random();
	f->small.size = sizeof(struct flight_detail) + SMALL_TEXT;
	f->large.size = sizeof(struct flight_detail) + LARGE_TEXT;
	if (!f->ring || !f->chains || !f->next) {
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
	free(f->next);
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

static uint32_t chain_of(const struct flight *f, const struct probe_key *k)
{
	uint8_t in[sizeof(k->target) + 7];

	memcpy(in, &k->target, sizeof(k->target));
	in[sizeof(k->target)] = (uint8_t)k->kind;
	memcpy(in + sizeof(k->target) + 1, &k->flow_port, 2);
	memcpy(in + sizeof(k->target) + 3, &k->token, 4);
	return (uint32_t)hash_sip(&f->key, in, sizeof(in)) & f->mask;
}

static struct probe_key key_of(const struct flight_probe *p)
{
	return (struct probe_key){
		.target = p->addr,
		.kind = p->kind,
		.flow_port = p->flow_port,
		.token = probe_token(p->kind, p->cookie),
	};
}

struct flight_probe *flight_at(struct flight *f, uint32_t id)
{
	return &f->ring[id];
}

struct wall flight_sent(const struct flight_probe *p)
{
	return p->tx_kernel.ns ? p->tx_kernel : p->tx_user;
}

uint32_t flight_add(struct flight *f, const struct flight_probe *p)
{
	struct probe_key key = key_of(p);
	uint32_t chain = chain_of(f, &key), id = (uint32_t)(f->head++ & f->mask);

	f->ring[id] = *p;
	f->ring[id].chain = chain;
	f->next[id] = f->chains[chain];
	f->chains[chain] = id;
	return id;
}

uint32_t flight_find(const struct flight *f, const struct probe_key *key, uint32_t after)
{
	uint32_t id = after == FLIGHT_NONE ? f->chains[chain_of(f, key)] : f->next[after];

	for (; id != FLIGHT_NONE; id = f->next[id]) {
		const struct flight_probe *p = &f->ring[id];

		if (probe_token(p->kind, p->cookie) == key->token && p->kind == key->kind &&
			p->flow_port == key->flow_port && addr_equal(&p->addr, &key->target))
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
	uint32_t id = (uint32_t)(f->tail & f->mask), *at = &f->chains[f->ring[id].chain];

	while (*at != id)
		at = &f->next[*at];
	*at = f->next[id];
	give_detail(f, f->ring[id].detail);
	f->tail++;
	__builtin_prefetch(&f->chains[f->ring[(f->tail + AHEAD) & f->mask].chain], 1);
}

static struct bytes part_of(const struct flight_detail *d, size_t at, size_t n)
{
	return d && n > 0 ? (struct bytes){d->bytes + at, n} : (struct bytes){0};
}

struct bytes flight_nsid(const struct flight_probe *p)
{
	return part_of(p->detail, 0, p->detail ? p->detail->nsid_n : 0);
}

struct bytes flight_txt(const struct flight_probe *p)
{
	return part_of(p->detail, flight_nsid(p).n, p->detail ? p->detail->txt_n : 0);
}

struct bytes flight_extra(const struct flight_probe *p)
{
	return part_of(p->detail, flight_nsid(p).n + flight_txt(p).n, p->detail ? p->detail->extra_n : 0);
}

enum part { PART_NSID, PART_TXT, PART_EXTRA, PART_APPENDED, PARTS };

/* Puts a new detail in place of the old one, of which the parts may still be views. */
static struct flight_detail *replace(
	struct flight *f, struct flight_probe *p, const struct bytes part[static PARTS])
{
	struct flight_detail *d;
	size_t n = 0;

	for (size_t i = 0; i < PARTS; i++)
		n += part[i].n;
	d = pool_take(n > SMALL_TEXT ? &f->large : &f->small);
	if (!d)
		return p->detail;
	*d = (struct flight_detail){
		.from = p->detail ? p->detail->from : (struct addr){0},
		.large = n > SMALL_TEXT,
		.nsid_n = (uint16_t)part[PART_NSID].n,
		.txt_n = (uint16_t)part[PART_TXT].n,
		.extra_n = (uint16_t)(part[PART_EXTRA].n + part[PART_APPENDED].n),
	};
	n = 0;
	for (size_t i = 0; i < PARTS; n += part[i++].n)
		if (part[i].n > 0)
			memcpy(d->bytes + n, part[i].p, part[i].n);
	give_detail(f, p->detail);
	p->detail = d;
	return d;
}

static struct bytes cut(struct bytes b)
{
	return (struct bytes){b.p, b.n < FLIGHT_TEXT_MAX ? b.n : FLIGHT_TEXT_MAX};
}

struct flight_detail *flight_keep(
	struct flight *f, struct flight_probe *p, struct bytes nsid, struct bytes txt)
{
	struct bytes part[PARTS] = {cut(nsid), cut(txt), flight_extra(p)};

	return replace(f, p, part);
}

void flight_append(struct flight *f, struct flight_probe *p, struct bytes text)
{
	struct bytes part[PARTS] = {flight_nsid(p), flight_txt(p), flight_extra(p), text};

	if (part[PART_EXTRA].n + text.n <= FLIGHT_TEXT_MAX)
		(void)replace(f, p, part);
}

void flight_step(struct flight *f, uint32_t since)
{
	for (uint64_t i = f->tail; i < f->head; i++) {
		struct flight_probe *p = &f->ring[i & f->mask];

		p->stepped = p->stepped || p->replies == 0 || p->checked >= since;
	}
}
