/* What the world answers to a frame. */
#ifndef LAB_WORLD_ANSWER_H
#define LAB_WORLD_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "world_model.h"
#include "world_queue.h"

struct world_counts {
	uint64_t frames;                /* that came */
	uint64_t probes;                /* between a known VP and a known target */
	uint64_t answered;              /* replies and ICMP errors, copies counted once */
	uint64_t lost, silent, limited; /* why others were not: loss, silence or no site, the CHAOS limit */
	uint64_t ignored;               /* other traffic */
	uint64_t overflow;              /* the queue was full, or an answer did not fit a frame */
};

/* Puts the answers to one Ethernet frame into the queue, each with its due time: `arrival_ns` plus the delay. `start_ns`
 * is when the first frame came. */
void world_answer(struct world *w, struct world_queue *q, struct world_counts *counts, const uint8_t *frame,
	size_t len, int64_t arrival_ns, int64_t start_ns);

#endif
