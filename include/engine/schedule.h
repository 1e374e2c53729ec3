/* Which probe is sent when: a numbered sequence that can be entered anywhere, and the pace at which it is
 * walked. Pure.
 *
 * The sequence is made of passes: in each pass every target is probed once, in the same order, a seeded
 * permutation (a Feistel network with cycle walking: Black and Rogaway, CT-RSA 2002), so that it needs no
 * table. A pass belongs to one slot, a (probe kind, flow); a round is one pass for every slot. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/hash.h"
#include "data/record.h"

struct schedule_slot {
	enum probe_kind kind;
	uint8_t flow;
	enum question question;
};

struct schedule {
	uint32_t targets;
	uint32_t rounds;
	uint32_t n_slots;
	uint64_t key;       /* of the permutation */
	unsigned half_bits; /* set by schedule_init */
};

struct schedule_item {
	uint32_t target; /* index */
	uint32_t round, slot;
	uint32_t seq; /* round * n_slots + slot: unique per target */
};

/* After the fields above it are set. ERR_RANGE when there are no
 * targets, slots or rounds, or more than 2^32 probes per target. */
int schedule_init(struct schedule *s, uint64_t seed);
uint64_t schedule_length(const struct schedule *s); /* items in all */
struct schedule_item schedule_at(const struct schedule *s, uint64_t index);
/* Where a probe stands: the index of that seq and target (an index too). */
uint64_t schedule_index(const struct schedule *s, uint32_t seq, uint32_t target);

/* A permutation of 0 .. n-1. */
uint32_t schedule_permute(const struct schedule *s, uint32_t i);

/* How many packets may leave now. The rate is kept on average over a second: what a stall lost is made up for at a quarter
 * above the rate, never in a rush, which would cost replies at our own capture; what a second cannot make up is forgone. */
struct pace {
	double rate_pps;
	double credit;    /* packets that may leave, at most PACE_BURST */
	double owed;      /* packets that stalls kept back, at most a second's worth */
	double forgone;   /* packets that time was lost for */
	struct mono last; /* when credit was last counted */
};
enum { PACE_BURST = 128 };

void pace_start(struct pace *p, double rate_pps, struct mono now);
unsigned pace_allow(struct pace *p, struct mono now);
void pace_spend(struct pace *p, unsigned packets);
/* Credit that nothing was there to use is not time lost. */
void pace_idle(struct pace *p, struct mono now);
/* Time between looks at the clock that keeps the rate: the gap between two packets, within 200 us and 50 ms. */
int64_t pace_tick_ns(const struct pace *p);

#endif
