/* Bytes placed so that the page behind their end cannot be read: a read past the end is a fault, with or
 *without a sanitizer.
 *
 *	struct guard g = guard_make();
 *	const uint8_t *p = guard_place(&g, bytes, n);
 *	guard_free(&g);
 */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A multiple of every page size, and more than a UDP datagram holds. */
#define GUARD_ROOM ((size_t)128 * 1024)

struct guard {
	uint8_t *room;
};

static inline struct guard guard_make(void)
{
	uint8_t *p = aligned_alloc(GUARD_ROOM, 2 * GUARD_ROOM);

	assert_non_null(p);
	assert_int_equal(mprotect(p + GUARD_ROOM, GUARD_ROOM, PROT_NONE), 0);
	return (struct guard){p};
}

static inline const uint8_t *guard_place(const struct guard *g, const void *bytes, size_t n)
{
	assert_true(n <= GUARD_ROOM);
	return memcpy(g->room + GUARD_ROOM - n, bytes, n);
}

static inline void guard_free(struct guard *g)
{
	assert_int_equal(mprotect(g->room + GUARD_ROOM, GUARD_ROOM, PROT_READ | PROT_WRITE), 0);
	free(g->room);
}

#endif
