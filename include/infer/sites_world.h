/* Towns as candidates for sites: a grid to find those near a point, and how likely each is before anything is measured: by the
 * people in and around it, and by how many operators are known to have a site there. For infer/sites only. */
#ifndef INFER_SITES_WORLD_H
#define INFER_SITES_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/geo.h"
#include "infer/sites.h"

/* Bands of latitude and cells in them, about this many km wide. */
#define SITES_CELL_KM 60.0
/* What is nearer than this is one metropolitan area. */
#define SITES_METRO_KM 40.0
enum { SITES_OPERATORS_MAX = 64 };

/* Towns of a cell lie together. */
struct sites_town {
	float x, y, z;
	uint32_t place; /* index into the book */
	uint32_t population;
	float people;       /* its part of the prior; 0: not asked for yet (most towns never are) */
	float share;        /* ln of its share of the people around it; as `people` */
	uint64_t operators; /* sets of operators with a site here: bits */
};

struct sites_world {
	const struct place_book *book;
	struct sites_town *v;
	size_t n;
	uint32_t *heads; /* cities that are the largest of their metropolitan area */
	size_t n_heads;
	uint32_t bands;
	uint32_t *first_cell; /* of a band; bands + 1 of them */
	uint32_t *first_town; /* of a cell; and the end */
	const char *operators[SITES_OPERATORS_MAX];
	size_t n_operators;
	float hub[SITES_OPERATORS_MAX + 1]; /* the prior's part for so many operators */
};

/* Bits of the sets that share no operator with these (`|`-separated). */
uint64_t sites_world_others(const struct sites_world *w, const char *operators);
/* ln of the prior, up to a constant. */
float sites_world_prior(const struct sites_world *w, uint32_t town, uint64_t others);

/* Towns [first, end) that may lie within a disc. */
struct sites_span {
	uint32_t first, end;
};
struct sites_walk {
	double lat, lon, radius; /* degrees, degrees, radians */
	double half;             /* of its width, degrees of longitude */
	uint32_t band, last_band;
	int part; /* a band may be met on both sides of the antimeridian */
};
struct sites_walk sites_walk_start(const struct sites_world *w, const struct geo_point *at, double km);
/* False when there are no more spans. */
bool sites_walk_next(const struct sites_world *w, struct sites_walk *walk, struct sites_span *span);

#endif
