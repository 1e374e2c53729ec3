#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 18 };

/* The first word of a spare block, and of a piece, points to the next one. */
static void *next_of(void *block)
{
	void *next;

	memcpy(&next, block, sizeof(next));
	return next;
}

static void push(void **list, void *block)
{
	memcpy(block, list, sizeof(*list));
	*list = block;
}

static size_t block_bytes(const struct pool *p)
{
	size_t align = sizeof(max_align_t);

	return (p->size + align - 1) / align * align;
}

static int grow(struct pool *p)
{
	size_t bytes = block_bytes(p), room = PIECE_BYTES - sizeof(max_align_t);
	char *piece = malloc(PIECE_BYTES);

	if (!piece)
		return -1;
	push(&p->pieces, piece);
	for (char *at = piece + sizeof(max_align_t); room >= bytes; at += bytes, room -= bytes)
		push(&p->spare, at);
	return 0;
}

void *pool_take(struct pool *p)
{
	void *block;

	if (!p->spare && grow(p) < 0)
		return NULL;
	block = p->spare;
	if (!block)
		return NULL; /* one block is larger than a piece */
	p->spare = next_of(block);
	return block;
}

void pool_give(struct pool *p, void *block)
{
	push(&p->spare, block);
}

void pool_free(struct pool *p)
{
	while (p->pieces) {
		void *piece = p->pieces;

		p->pieces = next_of(piece);
		free(piece);
	}
	p->spare = NULL;
}
