/* Services made up for measuring inference: vantage points in towns, by their people, and the times in which sites answer them. The
 * times are of a law of their own, not the one that is inferred with: a detour that grows with the distance, hops that cost a time
 * each, a last mile. */
#ifndef TESTS_TOOLS_SERVICES_H
#define TESTS_TOOLS_SERVICES_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "data/place.h"
#include "infer/chance.h"
#include "infer/sites.h"

static inline double services_uniform(struct chance *c)
{
	return ((double)(chance_u64(c) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double services_normal(struct chance *c)
{
	return sqrt(-2 * log(services_uniform(c))) * cos(6.283185307179586 * services_uniform(c));
}

/* A city, as likely as it has people to the power. */
static inline const struct place *services_city(
	const struct place_book *book, struct chance *c, double power, uint32_t people_min)
{
	for (;;) {
		const struct place *p =
			&book->v[book->first_city + chance_below(c, (uint32_t)(book->n - book->first_city))];

		if (p->population >= people_min && services_uniform(c) < pow(p->population / 4e7, power))
			return p;
	}
}

/* Stands where it says, up to 10 km off; `misplaced` says one city and stands in another. */
struct services_vp {
	struct sites_vp claimed;
	struct geo_point at;
	double last_mile_ms;
};

static inline struct services_vp services_vp_make(
	const struct place_book *book, struct chance *c, bool misplaced)
{
	const struct place *p = services_city(book, c, 0.5, 0),
			   *q = misplaced ? services_city(book, c, 0.5, 0) : p;
	struct services_vp vp = {.claimed = {.lat = (double)p->lat + 0.08 * (services_uniform(c) - 0.5),
					 .lon = (double)p->lon + 0.08 * (services_uniform(c) - 0.5),
					 .weight = 1,
					 .placed = true}};

	vp.claimed.at = geo_point_of(vp.claimed.lat, vp.claimed.lon);
	vp.at = geo_point_of((double)q->lat, (double)q->lon);
	vp.last_mile_ms = exp(1 + 0.8 * services_normal(c));
	return vp;
}

static inline double services_rtt_ms(
	struct chance *c, const struct services_vp *vp, const struct geo_point *site)
{
	double km = geo_arc_km(&vp->at, site), detour = 1.15 + 0.5 * -log(services_uniform(c));

	return km / 100 * detour + 0.3 * (1 + sqrt(km / 300)) +
	       vp->last_mile_ms * (0.6 + 0.4 * services_uniform(c));
}

/* Two of three go to the nearest site, the others anywhere. */
static inline size_t services_choose(
	struct chance *c, const struct services_vp *vp, const struct geo_point *sites, size_t n)
{
	size_t best = 0;

	if (services_uniform(c) > 0.66)
		return chance_below(c, (uint32_t)n);
	for (size_t i = 1; i < n; i++)
		if (geo_arc_km(&vp->at, &sites[i]) < geo_arc_km(&vp->at, &sites[best]))
			best = i;
	return best;
}

#endif
