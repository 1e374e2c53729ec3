/* Destinations that routing cannot tell apart. Every prefix that a decision may hang on cuts the addresses in two places; between
 * two neighbouring cuts lies a cell, and one look-up holds for all of it, whatever more specific routes lie beside it. Pure.
 *
 *	cells_cut(&c, &prefix);   for each
 *	cells_ready(&c);
 *	uint32_t *note = cells_note(&c, &address);   the cell's own number, 0 at first
 */
#ifndef NET_CELLS_H
#define NET_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { CELLS_MAX = 1 << 16 };

struct cell {
	struct addr from; /* up to the next one's */
	uint32_t note;
};

struct cells {
	struct cell *v;
	size_t n, cap;
	bool full; /* more than CELLS_MAX cuts, or no memory: what is here is not all */
};

void cells_cut(struct cells *c, const struct addr_prefix *p);
void cells_ready(struct cells *c);
/* NULL for an address below the first cut of its family. Lasts until the next cut. */
uint32_t *cells_note(struct cells *c, const struct addr *a);
void cells_empty(struct cells *c); /* keeps the memory */
void cells_free(struct cells *c);

#endif
