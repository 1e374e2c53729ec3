/* Discs on the Earth, and which of them share no point: what answers one round-trip time lies within a disc around the vantage
 * point, so that discs without a common point are different sites.
 *
 * Two discs are disjoint when the arc between their centres is longer than the sum of their radii, which widened discs
 * (discs_radius_km) make a proof on the ellipsoid too. */
#ifndef INFER_DISCS_H
#define INFER_DISCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/geo.h"

/* The radius for a round-trip time: at `km_per_ms` (GEO_DISC_KM_PER_MS), for sphere against ellipsoid, and for how well the
 * centre is known. Never above half the circumference. */
double discs_radius_km(double rtt_ms, double accuracy_km, double km_per_ms);

/* Discs by ascending radius (of equals, as they were added), as columns that a compiler makes vectors of: with unit vectors p and
 * q to the centres and radii a and b in radians, p.q - cos a cos b + sin a sin b is below 0 when they are disjoint, and
 * p.q - cos a cos b - sin a sin b is at least 0 when the smaller lies inside the larger. */
struct discs {
	float *x, *y, *z, *cos_r,
		*sin_r; /* cos_r is -1 and sin_r 0 for half the globe or more: disjoint from none */
	double *km;     /* radii */
	struct geo_point *at;
	uint32_t *id; /* the caller's */
	size_t n, cap;
};

/* Forgets the discs; their memory is used again. */
void discs_clear(struct discs *d);
/* ERR_NOMEM. */
int discs_add(struct discs *d, const struct geo_point *at, double km, uint32_t id);
/* To be called once after the last discs_add, before the questions below. ERR_NOMEM. */
int discs_sort(struct discs *d);
void discs_free(struct discs *d);

/* By position in the order. */
bool discs_disjoint(const struct discs *d, size_t a, size_t b);

/* Largest set of discs of which no two share a point. */
struct discs_independent {
	uint32_t *v; /* positions, ascending */
	size_t n, cap;
	bool exact; /* false: the search was cut short; there are at least n */
	struct discs_search *work;
};
/* Looks at `budget` nodes of the search at most. ERR_NOMEM. */
int discs_independent(struct discs_independent *out, const struct discs *d, size_t budget);
void discs_independent_free(struct discs_independent *out);

#endif
