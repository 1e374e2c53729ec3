/* Frames that wait for their time: a heap of due times over a pool of slots, all made once. */
#ifndef LAB_WORLD_QUEUE_H
#define LAB_WORLD_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#define WORLD_FRAME_MAX 640

struct world_frame {
	uint16_t len;
	uint8_t bytes[WORLD_FRAME_MAX];
};

struct world_queue {
	struct {
		int64_t due_ns;
		uint32_t frame;
	} * heap;
	struct world_frame *frames;
	uint32_t *
		spare; /* frames that are in no use, the last used first: memory stays as small as the need */
	size_t cap, n, n_spare;
};

int world_queue_make(struct world_queue *q, size_t cap); /* 0 or ERR_NOMEM */
void world_queue_free(struct world_queue *q);
/* A frame to fill, or NULL when all wait. It is pushed or given back before the next one is taken. */
struct world_frame *world_queue_take(struct world_queue *q);
void world_queue_give(struct world_queue *q, const struct world_frame *f);
void world_queue_push(struct world_queue *q, const struct world_frame *f, int64_t due_ns);
/* When the first is due; INT64_MAX when none waits. */
int64_t world_queue_due(const struct world_queue *q);
/* The first, out of the heap; to be given back. */
struct world_frame *world_queue_pop(struct world_queue *q);

#endif
