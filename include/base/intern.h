/* Byte strings as small numbers: each distinct one gets the next number, from 0, when it is first seen.
 *
 *	struct intern names = {0};
 *	int64_t id = intern_put(&names, "ams", 3);
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct intern {
	struct hash_key
		key;     /* random: strings come from outside and must not be able to collide on purpose */
	uint64_t *slots; /* upper half of a string's hash, then its number plus 1; 0 is free */
	size_t n_slots;
	uint8_t *bytes;
	size_t n_bytes, cap_bytes;
	size_t *start; /* of each string in `bytes`; one more marks the end of the last */
	size_t n, cap;
};

/* Its number, or ERR_NOMEM, or ERR_RANGE past 2^31 strings. */
int64_t intern_put(struct intern *t, const void *bytes, size_t n);
/* The string of a number below t->n; *n is its length. It has a NUL behind it, and moves with the next intern_put. */
static inline const uint8_t *intern_at(const struct intern *t, uint32_t id, size_t *n)
{
	*n = t->start[id + 1] - t->start[id] - 1;
	return t->bytes + t->start[id];
}
void intern_free(struct intern *t);

#endif
