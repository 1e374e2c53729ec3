/* From targets to rows: which probe is due, what a captured packet means for it, and its row when all is
 *known. Pure but for memory: time comes in as an argument, packets leave and arrive through engine/loop.h
 *(live) or a file (replay).
 *
 *	while (engine_next(e, now, &due) == ENGINE_DUE) {
 *		id = engine_launch(e, &due, &source, now, wall, &spec);
 *		... stamp a template with spec, send it ...
 *		engine_set_head(e, id, l4);
 *	}
 *	engine_frame(e, now, &frame);	for each frame captured (engine/match.h)
 *	engine_expire(e, now);		now and then: timeouts, retries, rows */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "data/record.h"
#include "data/run.h"
#include "data/target.h"
#include "engine/schedule.h"
#include "net/capture.h"
#include "probe/probe.h"

typedef void engine_row(void *arg, const struct record *r);

/* A seq that is to be asked again. */
struct engine_retry {
	uint32_t target, seq;
};

struct engine_config {
	const struct target_list *targets;
	const struct schedule_slot *slots; /* of one round */
	uint32_t n_slots, rounds;
	uint64_t seed;
	double rate_pps; /* with timeout and linger it sets how many probes can be under way */
	int64_t timeout_ns, linger_ns, gap_ns;
	struct probe_flows flows;
	uint16_t tcp_port; /* where a target does not say */
	bool all_kinds;    /* probe each target with every slot, whatever it is said to answer */
	/* Whether a target (an index) gets a slot at all; NULL: each gets all. */
	bool (*wants)(const void *arg, uint32_t target, const struct schedule_slot *slot);
	const void *wants_arg;
	bool no_retry;                      /* no second attempt as IN + NSID */
	bool kernel_stamps;                 /* copies of what is sent are captured */
	uint64_t first;                     /* index in the schedule to begin at */
	const struct engine_retry *retries; /* left by an earlier process */
	size_t n_retries;
	bool adopt;          /* replay: probes come from the capture, nothing is scheduled */
	const char *contact; /* in ICMP payloads */
	const char *vp;
	engine_row *row; /* called once per probe, in the order of sending */
	void *row_arg;
};

struct engine; /* opaque */

struct engine *engine_new(const struct engine_config *c, struct err_msg *why);
void engine_free(struct engine *e);

/* One probe that may be sent now. */
struct engine_due {
	uint32_t target, seq, slot;
	uint8_t attempt;
	enum question question;
};
enum engine_answer {
	ENGINE_DUE,  /* *due is set, the schedule has moved on */
	ENGINE_WAIT, /* a target's gap is not over, or too many are under way */
	ENGINE_SENT  /* everything has been sent */
};
enum engine_answer engine_next(struct engine *e, struct mono now, struct engine_due *due);
const struct target *engine_target(const struct engine *e, const struct engine_due *due);

/* Only the first `rounds` rounds may be sent; all of them until this is called. */
void engine_open_rounds(struct engine *e, uint32_t rounds);
/* What may be sent so far has been, retries aside. */
bool engine_round_sent(const struct engine *e);
/* Nothing is under way. */
bool engine_idle(const struct engine *e);

/* The probe is under way from now on, with its source address; *spec says what to put on the wire. Returns
 * its id. */
uint32_t engine_launch(struct engine *e, const struct engine_due *due, const struct addr *source,
	struct mono now, struct wall wall, struct probe_spec *spec);
/* The first PROBE_HEAD bytes of its l4, as stamped. */
void engine_set_head(struct engine *e, uint32_t id, const uint8_t *l4);
/* Its batch leaves now. */
void engine_set_sent(struct engine *e, uint32_t id, struct wall wall);
/* It did not leave this machine. */
void engine_fail(struct engine *e, uint32_t id, int errnum);

/* Marks what timed out, queues retries, and hands out rows of what is over. */
void engine_expire(struct engine *e, struct mono now);

/* The wall clock was looked at: every call after the first that finds it stepped takes the RTT from the
 * probes concerned. */
void engine_clock_checked(struct engine *e, bool stepped);
/* The capture has lost frames since the start: a probe whose copy was not seen may have been sent all the
 * same. */
void engine_frames_lost(struct engine *e);

/* No more sending: what is under way may still be answered. */
void engine_stop(struct engine *e);
/* Nothing is left to send, or engine_stop was called. */
bool engine_all_sent(const struct engine *e);
/* Everything was sent and either all probes have an answer and nothing came for
 * `settle_ns`, or none is left. */
bool engine_done(const struct engine *e, struct mono now, int64_t settle_ns);
/* Hands out all rows that are left, as they stand: `unfinished` marks probes whose timeout was not waited
 * for. */
void engine_finish(struct engine *e, struct mono now);

const struct run_counts *engine_counts(const struct engine *e);
uint64_t engine_scheduled(const struct engine *e); /* probes of the whole run, retries aside */

#endif
