/* Blocks of one size, taken and given back in any order: memory for what comes and goes with packets, without
 * a call of malloc for each. Grows in large pieces, never shrinks before pool_free. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

struct pool {
	size_t size; /* of a block, bytes; set before the first take */
	void *spare; /* list of blocks to hand out */
	void *pieces;
};

/* A block with unspecified content, or NULL without memory. */
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *block);
void pool_free(struct pool *p);

#endif
