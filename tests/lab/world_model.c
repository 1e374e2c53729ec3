#include "world_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

#define EARTH_KM 6371.0088

const struct world_error world_errors[] = {
	{"", {0, 0}, {0, 0}},
	{"no-route", {3, 0}, {1, 0}},
	{"host-unreachable", {3, 1}, {1, 3}},
	{"port-unreachable", {3, 3}, {1, 4}},
	{"admin-prohibited", {3, 13}, {1, 1}},
	{"ttl-exceeded", {11, 0}, {3, 0}},
	{NULL, {0, 0}, {0, 0}},
};

/* The address book. */

static uint64_t addr_hash(const struct addr *a)
{
	return hash_mix(hash_mix(wire_get64(a->b)) ^ wire_get64(a->b + 8));
}

/* Entries: 1 + twice the VP, and 1 more for its IPv6 address; then the targets. */
enum { FIRST_TARGET = 1 + 2 * WORLD_MAX };

static const struct addr *book_addr(const struct world *w, uint32_t entry)
{
	return entry >= FIRST_TARGET ? &w->targets.v[entry - FIRST_TARGET].addr
				     : &w->vps.v[(entry - 1) / 2].addrs[(entry - 1) % 2];
}

/* The slot that holds this address, or the empty one where it belongs. */
static uint32_t *book_slot(const struct world *w, const struct addr *a)
{
	size_t i = addr_hash(a) & w->book_mask;

	while (w->book[i] && !addr_equal(book_addr(w, w->book[i]), a))
		i = (i + 1) & w->book_mask;
	return &w->book[i];
}

static bool book_add(struct world *w, const struct addr *a, size_t entry)
{
	uint32_t *slot = book_slot(w, a);

	if (*slot)
		return false;
	*slot = (uint32_t)entry;
	return true;
}

bool world_vp_enter(struct world *w, size_t vp, size_t which)
{
	return book_add(w, &w->vps.v[vp].addrs[which], 1 + 2 * vp + which);
}

bool world_target_enter(struct world *w, size_t target)
{
	return book_add(w, &w->targets.v[target].addr, FIRST_TARGET + target);
}

int world_vp_find(const struct world *w, const struct addr *a)
{
	uint32_t entry = *book_slot(w, a);

	return entry == 0 || entry >= FIRST_TARGET ? -1 : (int)(entry - 1) / 2;
}

int world_target_find(const struct world *w, const struct addr *a)
{
	uint32_t entry = *book_slot(w, a);

	return entry < FIRST_TARGET ? -1 : (int)(entry - FIRST_TARGET);
}

int world_site_find(const struct world *w, const char *id, size_t n)
{
	for (size_t i = 0; i < w->sites.n; i++)
		if (strncmp(w->sites.v[i].place.id, id, n) == 0 && w->sites.v[i].place.id[n] == '\0')
			return (int)i;
	return -1;
}

void world_free(struct world *w)
{
	free(w->vps.v);
	free(w->sites.v);
	free(w->targets.v);
	free(w->troubles.v);
	free(w->splits.v);
	free(w->pairs.v);
	free(w->delays_ns);
	free(w->book);
	memset(w, 0, sizeof(*w));
}

/* Asking. */

struct world_pair *world_pair_at(const struct world *w, size_t vp, size_t target)
{
	return &w->pairs.v[target * w->vps.n + vp];
}

int world_site_of(const struct world *w, const struct world_pair *p, const struct world_flow *f, int64_t t_ns)
{
	const struct world_trouble *trouble = &w->troubles.v[p->trouble];
	const struct world_split *s = &w->splits.v[p->split];
	uint8_t bytes[37] = {[32] = f->proto};

	if (s->n == 0)
		return -1;
	if (trouble->flip_ns && t_ns >= trouble->flip_ns)
		return trouble->other - 1;
	if (s->n == 1)
		return s->sites[0];
	memcpy(bytes, f->vp.b, 16);
	memcpy(bytes + 16, f->target.b, 16);
	memcpy(bytes + 33, &f->a, 2);
	memcpy(bytes + 35, &f->b, 2);
	return s->sites[hash_sip(&w->key, bytes, sizeof(bytes)) % s->n];
}

int64_t world_delay_ns(const struct world *w, size_t vp, size_t site)
{
	return w->delays_ns[vp * w->sites.n + site];
}

double world_distance_km(const struct world_place *a, const struct world_place *b)
{
	double rad = acos(-1) / 180, dlat = (b->lat_deg - a->lat_deg) * rad,
	       dlon = (b->lon_deg - a->lon_deg) * rad;
	double h = sin(dlat / 2) * sin(dlat / 2) +
		   cos(a->lat_deg * rad) * cos(b->lat_deg * rad) * sin(dlon / 2) * sin(dlon / 2);

	return 2 * EARTH_KM * asin(fmin(1, sqrt(h)));
}

double world_draw(const struct world *w, const struct world_pair *p, uint32_t n, uint32_t salt)
{
	uint32_t bytes[3] = {(uint32_t)(p - w->pairs.v), n, salt};

	return ldexp((double)(hash_sip(&w->key, bytes, sizeof(bytes)) >> 11), -53);
}
