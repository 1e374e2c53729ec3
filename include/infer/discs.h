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
static inline double discs_radius_km(double rtt_ms, double accuracy_km, double km_per_ms)
{
	double km = rtt_ms * km_per_ms * (1 + GEO_SPHERE_ERROR) + accuracy_km;

	return km < GEO_FARTHEST_KM ? km : GEO_FARTHEST_KM;
}

struct disc {
	struct geo_point at;
	double km;
	float slack_km; /* of which so many are for how well the centre is known */
	uint32_t id;    /* the caller's */
};

/* Of each disc a number in each column, up to a multiple of DISCS_WORD, as many as a set of them has in a word; beyond the last disc
 * anything. For many at a time: of unit vectors p, q and radii a, b in radians with a + b below pi, p.q - cos a cos b + sin a sin b is
 * negative when the discs are disjoint. */
enum { DISCS_WORD = 64 };
struct sweeps;
struct discs_columns {
	float *x, *y, *z, *r, *cos_r, *sin_r;
	float *slack; /* part of r: how well the centre is known */
	float *hold;  /* square of the chord of the radius and a km */
	float *all;
	size_t cap;
	const struct sweeps *sweeps; /* what goes over them */
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
/* Room for n in all. ERR_NOMEM. */
int discs_reserve(struct discs *d, size_t n);
static inline void discs_add(struct discs *d, const struct disc *disc)
{
	d->v[d->n++] = *disc;
}
/* By radius, the smallest first; of equals by place. ERR_NOMEM. */
int discs_sort(struct discs *d);
/* The one that would be first; there must be one. */
size_t discs_first(const struct discs *d);
/* Sorts numbers whose upper halves are the bits of floats that are not negative; `spare` has room for as many. */
void discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n);
/* Fills the columns: to be called before the questions below. ERR_NOMEM. */
int discs_finish(struct discs *d);
void discs_free(struct discs *d);

bool discs_disjoint(const struct disc *a, const struct disc *b);

/* --- sets of discs: a bit each --- */

/* Words of a set of n, and those of the bits in one that are discs. */
static inline size_t discs_words(size_t n)
{
	return (n + DISCS_WORD - 1) / DISCS_WORD;
}
static inline uint64_t discs_all(size_t n, size_t word)
{
	size_t left = n - word * DISCS_WORD;

	return left < DISCS_WORD ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
}

/* The discs that are disjoint from a disc, or that do not hold a point: discs_words(n) words. Whether there are any. */
bool discs_disjoint_from(const struct discs *d, const struct disc *disc, uint64_t *out);
bool discs_without(const struct discs *d, const struct geo_point *p, uint64_t *out);
/* Of a set of discs that are disjoint from that one, which has the widest gap to it, to 2 km; n: there is none. */
size_t discs_farthest(const struct discs *d, const struct disc *disc, const uint64_t *set);

/* Whether a disc holds the point, in floats, to a km or so at its edge. */
bool discs_holds(const struct discs *d, size_t i, const struct geo_point *p);

/* The lowest of a set from word `at` on, which is taken out; SIZE_MAX: it is empty. */
static inline size_t discs_take(uint64_t *set, size_t words, size_t *at)
{
	for (; *at < words; ++*at)
		if (set[*at]) {
			size_t i = *at * DISCS_WORD + (size_t)__builtin_ctzll(set[*at]);

			set[*at] &= set[*at] - 1;
			return i;
		}
	return SIZE_MAX;
}

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
