/* One end of a veth pair as frames: a ring of arrivals with the kernel's stamps, batches of departures. */
#ifndef LAB_WORLD_WIRE_H
#define LAB_WORLD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"

enum { WORLD_BATCH = 64 };

struct world_wire {
	int rx, tx;
	uint8_t *ring;
	size_t ring_len, slots, next;
	struct mmsghdr batch[WORLD_BATCH];
	struct iovec parts[WORLD_BATCH];
	size_t queued;
};

/* `outgoing`: frames that this machine sends are read too (their stamp is that of their departure).
 * `slots` frames of at most 400 bytes fit the ring. */
int world_wire_open(
	struct world_wire *w, const char *interface, size_t slots, bool outgoing, struct err_msg *why);
void world_wire_close(struct world_wire *w);

struct world_arrival {
	const uint8_t *bytes; /* NULL: nothing is there */
	size_t len;
	int64_t stamp_ns; /* CLOCK_REALTIME */
	bool outgoing;
};
/* The next arrival; its bytes stay until world_wire_done. */
struct world_arrival world_wire_next(struct world_wire *w);
void world_wire_done(struct world_wire *w);
/* Waits for an arrival, at most so long. */
void world_wire_wait(struct world_wire *w, int64_t ns);

/* Adds a frame to the batch; its bytes must stay until the flush. True: the batch is full. */
bool world_wire_queue(struct world_wire *w, void *bytes, size_t len);
/* Sends the batch; returns how many frames the kernel refused. */
size_t world_wire_flush(struct world_wire *w);
/* Arrivals that found the ring full, since the last call. */
size_t world_wire_drops(struct world_wire *w);

#endif
