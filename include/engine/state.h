/* The inside of struct engine, shared by src/engine/engine.c (what is sent and when), match.c (what comes
 * back) and row.c (what is written). For these three only. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/flight.h"
#include "engine/jar.h"

enum { ENGINE_AHEAD = 16 };

struct engine {
	struct engine_config c;
	struct schedule schedule;
	uint64_t next, open, end; /* schedule indices: to be sent next, may be sent, all */
	struct {
		uint64_t from;
		unsigned n;
		struct schedule_item v[ENGINE_AHEAD];
	} ahead;             /* what the schedule says from `from` on */
	struct hash_key key; /* of the cookies */
	uint32_t *last_ms;   /* by target: when it was last probed, ms since start, + 1; 0: never */
	struct mono start;
	struct flight flight;
	struct jar jar;
	bool asks_again; /* servers' cookies are of use */
	struct {
		struct engine_retry *v;
		size_t at, n, cap; /* v[at .. n) wait */
	} retries;
	struct {
		struct addr *v; /* source addresses; a probe has their number */
		size_t n, cap;
	} sources;
	struct target_list adopted; /* replay: targets met so far */
	uint32_t adopted_seq;
	struct run_counts counts;
	uint64_t unanswered;   /* under way without any reply */
	struct mono last_news; /* when a reply last came, or a probe left */
	uint32_t checks;       /* of the wall clock */
	bool lost, stopped, finishing;
};

/* engine.c: what the probe was, to hold replies against. */
struct probe_spec engine_spec(struct engine *e, const struct flight_probe *p);
uint16_t engine_source(struct engine *e, const struct addr *source);
void engine_retry(struct engine *e, struct flight_probe *p);

#endif
