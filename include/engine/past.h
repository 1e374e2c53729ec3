/* What an interrupted run has left to do, from the rows that it wrote. Pure.
 *
 * Rows are in the order of sending, and probes are sent in the order of the schedule, so that everything before the last row's
 * place is done; a probe that was under way when its process died has no row and is sent again. What timed out without having
 * been asked again is asked again.
 *
 *	struct past p = past_of(&schedule, &targets);
 *	for each row:
 *		past_row(&p, &record);
 *	past_end(&p);
 *	config.first = p.first; config.retries = p.retries; ...
 */
#ifndef ENGINE_PAST_H
#define ENGINE_PAST_H

#include "data/run.h"
#include "engine/engine.h"

struct past {
	const struct schedule *schedule;
	const struct target_list *targets;
	uint64_t first; /* index in the schedule: all before it is done */
	uint64_t rows, outcome[OUTCOMES];
	struct engine_retry *retries; /* once past_end was called: what to ask again */
	size_t n_retries, cap_retries;
	struct engine_retry *retried; /* seqs that were asked again */
	size_t n_retried, cap_retried;
};

/* Which probes go to whom in which order, seed and rounds apart: what two processes must agree on. */
uint64_t past_digest(const struct engine_config *c);

struct past past_of(const struct schedule *s, const struct target_list *targets);
/* 0; ERR_RANGE: the row is of another run (its target or seq is not in the schedule); ERR_NOMEM. */
int past_row(struct past *p, const struct record *r);
void past_end(struct past *p);
void past_free(struct past *p);

#endif
