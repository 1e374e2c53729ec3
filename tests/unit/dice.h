/* Chances that come out the same every time, by seed: for tests that try much in no order.
 *
 *	struct dice d = dice_of(7);
 *	if (dice(&d, 100) < 40) ...
 */
#ifndef TESTS_UNIT_DICE_H
#define TESTS_UNIT_DICE_H

#include "base/hash.h"

struct dice {
	struct hash_key key;
	uint64_t thrown;
};

static inline struct dice dice_of(uint64_t seed)
{
	return (struct dice){.key = hash_key_seeded(seed)};
}

/* 0 .. sides - 1. */
static inline unsigned dice(struct dice *d, unsigned sides)
{
	d->thrown++;
	return (unsigned)(hash_sip(&d->key, &d->thrown, sizeof(d->thrown)) % sides);
}

#endif
