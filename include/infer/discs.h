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

/* Of each disc a number in each column, up to a multiple of DISCS_WORD, as many as a set of them has in a word; beyond the last disc
 * anything. For many at a time: of unit vectors p, q and radii a, b in radians with a + b below pi, p.q - cos a cos b + sin a sin b is
 * negative when the discs are disjoint. */
enum { DISCS_WORD = 64 };
struct discs_columns {
	float *x, *y, *z, *r, *cos_r, *sin_r;
	float *hold; /* square of the chord of the radius and a km */
	float *all;
	size_t cap;
};

struct discs {
	struct disc *v;
	size_t n, cap;
	struct discs_columns columns;
	/* For sorting. */
	struct disc *spare;
	uint64_t *keys;
	size_t cap_spare, cap_keys;
};

/* Forgets the discs; their memory is used again. */
void discs_clear(struct discs *d);
/* ERR_NOMEM. */
int discs_add(struct discs *d, const struct geo_point *at, double km, uint32_t id);
/* By radius, the smallest first; of equals by place. ERR_NOMEM. */
int discs_sort(struct discs *d);
/* The one that would be first; there must be one. */
size_t discs_first(const struct discs *d);
/* Sorts numbers whose upper halves are the bits of floats that are not negative; `spare` has room for as many. Returns which of
 * the two has them then. */
uint64_t *discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n);
/* Fills the columns: to be called before the questions below. ERR_NOMEM. */
int discs_finish(struct discs *d);
void discs_free(struct discs *d);

bool discs_disjoint(const struct disc *a, const struct disc *b);
/* The discs [from, n) that are disjoint from `a`, ascending, into out[n]; returns how many. */
size_t discs_disjoint_from(const struct discs *d, const struct disc *a, size_t from, uint32_t *out);
/* The discs that do not hold the point. */
size_t discs_without(const struct discs *d, const struct geo_point *p, uint32_t *out);

/* Words of a set of n discs, and those of its bits in a word that are discs. */
static inline size_t discs_words(size_t n)
{
	return (n + DISCS_WORD - 1) / DISCS_WORD;
}
static inline uint64_t discs_all(size_t n, size_t word)
{
	size_t left = n - word * DISCS_WORD;

	return left < DISCS_WORD ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
}

/* Whether a disc holds the point, in floats, to a km or so at its edge; which discs do, a bit each. */
bool discs_holds(const struct discs *d, size_t i, const struct geo_point *p);
void discs_holding(const struct discs *d, const struct geo_point *p, uint64_t *out);

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
