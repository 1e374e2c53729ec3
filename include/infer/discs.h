/* Discs on the Earth, and which of them share no point: what answered a probe lies within a disc around the vantage point, so
 * that discs without a common point are different sites.
 *
 * Two discs are disjoint when the arc between their centres is longer than the sum of their radii. With discs_radius_km's
 * radii that proves it on the ellipsoid too. */
#ifndef INFER_DISCS_H
#define INFER_DISCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/geo.h"

/* The radius for a round-trip time: at `km_per_ms` (GEO_DISC_KM_PER_MS), for sphere against ellipsoid, and for how well the
 * centre is known. Never above half the circumference. */
double discs_radius_km(double rtt_ms, double accuracy_km, double km_per_ms);

struct disc {
	struct geo_point at;
	double km;
	uint32_t id; /* the caller's */
};

/* The columns are for many pairs at a time: of unit vectors p, q and radii a, b in radians with a + b below pi,
 * p.q - cos a cos b + sin a sin b is negative when the discs are disjoint. They are filled up to a multiple of DISCS_LANES with
 * discs as large as the globe. */
enum { DISCS_LANES = 8 };
struct discs {
	struct disc *v;
	size_t n, cap;
	float *x, *y, *z, *r, *cos_r, *sin_r;
	float *columns;
	uint64_t *keys; /* for sorting */
	size_t cap_columns, cap_keys;
};

/* Forgets the discs; their memory is used again. */
void discs_clear(struct discs *d);
/* ERR_NOMEM. */
int discs_add(struct discs *d, const struct geo_point *at, double km, uint32_t id);
/* By radius, the smallest first; of equals by place. ERR_NOMEM. */
int discs_sort(struct discs *d);
/* The one that would be first; there must be one. */
size_t discs_first(const struct discs *d);
/* Sorts by the upper half of each number; both arrays hold n of them, `spare` anything. */
void discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n);
/* Fills the columns: to be called before the questions below. ERR_NOMEM. */
int discs_finish(struct discs *d);
void discs_free(struct discs *d);

bool discs_disjoint(const struct disc *a, const struct disc *b);
/* The discs [from, n) that are disjoint from `a`, ascending, into out[n]; returns how many. */
size_t discs_disjoint_from(const struct discs *d, const struct disc *a, size_t from, uint32_t *out);
/* The discs that do not hold the point. */
size_t discs_without(const struct discs *d, const struct geo_point *p, uint32_t *out);

/* Which discs hold the point, in floats: to a km or so at their edges. */
void discs_holding(const struct discs *d, const struct geo_point *p, uint8_t *out);

/* The largest set of discs of which no two share a point. */
struct discs_independent {
	uint32_t *v; /* positions */
	size_t n, cap;
	bool exact; /* false: the search was cut short; there are at least n */
	struct discs_search *work;
};
/* Of sorted, finished discs. Looks at `budget` nodes of the search at most. ERR_NOMEM. */
int discs_independent(struct discs_independent *out, const struct discs *d, size_t budget);
void discs_independent_free(struct discs_independent *out);

#endif
