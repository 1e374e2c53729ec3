#include "net/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static void add(struct cells *c, const struct addr *from)
{
	c->full = c->full || c->n == CELLS_MAX || vec_reserve(&c->v, &c->cap, c->n + 1) < 0;
	if (!c->full)
		c->v[c->n++] = (struct cell){.from = *from};
}

void cells_cut(struct cells *c, const struct addr_prefix *p)
{
	struct addr end = p->addr;
	unsigned bit = p->len;

	add(c, &p->addr);
	/* The first address behind it: one more in its last bit, with carry. None behind the last prefix of all. */
	while (bit > 0) {
		uint8_t mask = (uint8_t)(0x80 >> (--bit % 8)), *byte = &end.b[bit / 8];

		*byte ^= mask;
		if (*byte & mask) {
			add(c, &end);
			return;
		}
	}
}

static int by_address(const void *a, const void *b)
{
	return addr_compare(&((const struct cell *)a)->from, &((const struct cell *)b)->from);
}

void cells_ready(struct cells *c)
{
	size_t n = 0;

	if (c->n > 0)
		qsort(c->v, c->n, sizeof(*c->v), by_address);
	for (size_t i = 0; i < c->n; i++)
		if (n == 0 || !addr_equal(&c->v[n - 1].from, &c->v[i].from))
			c->v[n++] = c->v[i];
	c->n = n;
}

uint32_t *cells_note(struct cells *c, const struct addr *a)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr_compare(&c->v[mid].from, a) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && c->v[low - 1].from.family == a->family ? &c->v[low - 1].note : NULL;
}

void cells_empty(struct cells *c)
{
	c->n = 0;
	c->full = false;
}

void cells_free(struct cells *c)
{
	free(c->v);
	*c = (struct cells){0};
}
