#include "world_queue.h"

#include <stdlib.h>

#include "base/err.h"

int world_queue_make(struct world_queue *q, size_t cap)
{
	q->heap = calloc(cap, sizeof(*q->heap));
	q->frames = malloc(cap * sizeof(*q->frames)); /* untouched pages cost nothing */
	q->spare = calloc(cap, sizeof(*q->spare));
	if (!q->heap || !q->frames || !q->spare) {
		world_queue_free(q);
		return ERR_NOMEM;
	}
	q->cap = q->n_spare = cap;
	q->n = 0;
	for (size_t i = 0; i < cap; i++)
		q->spare[i] = (uint32_t)(cap - 1 - i);
	return 0;
}

void world_queue_free(struct world_queue *q)
{
	free(q->heap);
	free(q->frames);
	free(q->spare);
}

struct world_frame *world_queue_take(struct world_queue *q)
{
	return q->n_spare ? &q->frames[q->spare[--q->n_spare]] : NULL;
}

void world_queue_give(struct world_queue *q, const struct world_frame *f)
{
	q->spare[q->n_spare++] = (uint32_t)(f - q->frames);
}

void world_queue_push(struct world_queue *q, const struct world_frame *f, int64_t due_ns)
{
	size_t i = q->n++;

	while (i > 0 && q->heap[(i - 1) / 2].due_ns > due_ns) {
		q->heap[i] = q->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->heap[i].due_ns = due_ns;
	q->heap[i].frame = (uint32_t)(f - q->frames);
}

int64_t world_queue_due(const struct world_queue *q)
{
	return q->n ? q->heap[0].due_ns : INT64_MAX;
}

struct world_frame *world_queue_pop(struct world_queue *q)
{
	uint32_t first = q->heap[0].frame;
	size_t last = --q->n, i = 0;

	for (size_t child; (child = 2 * i + 1) < last; i = child) {
		if (child + 1 < last && q->heap[child + 1].due_ns < q->heap[child].due_ns)
			child++;
		if (q->heap[last].due_ns <= q->heap[child].due_ns)
			break;
		q->heap[i] = q->heap[child];
	}
	q->heap[i] = q->heap[last];
	return &q->frames[first];
}
