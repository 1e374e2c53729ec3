/* What infer/sites keeps from one target to the next, and what its parts ask of each other. For infer/sites only. */
#ifndef INFER_SITES_SCRATCH_H
#define INFER_SITES_SCRATCH_H

#include "infer/codes.h"
#include "infer/discs.h"
#include "infer/sites.h"
#include "infer/sites_place.h"

/* Identities that rules put no farther apart than this, beyond their radii, may be of one site. */
#define SITES_LABELS_APART_KM 100.0

/* What is known of a label. */
struct sites_group {
	uint32_t allow; /* discs that reach the place of the rule */
	uint32_t deny;  /* places of vantage points that do not: 0, 1, or more */
	uint32_t deny_vp;
	bool met;      /* some row has it */
	bool believed; /* met, placed by a rule, and the discs allow it */
	int32_t site;  /* SITES_NO: none yet */
	int32_t first; /* position of its smallest disc, SITES_NO; the others by `next` */
};

/* Vantage points that are together: the two least times of a target that they have, for the scale of the last mile. */
struct sites_cell {
	uint64_t call; /* the target that the times are of */
	float least, next;
};
/* Where a vantage point was when its cell was looked for. */
struct sites_spot {
	struct geo_point at;
	uint32_t cell_plus_1; /* 0: not yet */
};
/* What a site serves. */
struct sites_tally {
	uint32_t vps;
	int32_t nearest; /* row; SITES_NO */
	double rtt_ms;   /* of that one */
};

struct sites_scratch {
	struct discs discs; /* of all rows that have one, id: the row; sorted once places are asked for */
	struct discs some;  /* of those */
	uint64_t *outside, *meets; /* sets of positions */
	size_t cap_outside, cap_meets;
	struct discs_independent set;
	struct sites_placer placer;
	struct sites_group *groups; /* by label */
	size_t cap_groups;
	int32_t *next; /* by position: of the same label */
	size_t cap_next;
	int32_t *moved;            /* by site from SITES_NO on: its number in the result */
	struct sites_tally *tally; /* by site from SITES_NO on */
	size_t cap_moved, cap_tally;
	uint64_t *done; /* set of positions: in no need of a site */
	uint64_t *held; /* by site the set of positions that hold it */
	size_t cap_done, cap_held;
	float *plausible; /* by position: a site this near, as the length of a chord, may well answer so fast */
	size_t cap_plausible;
	struct codes cubes;       /* kept from one target to the next, as what is by cube or by vp */
	struct sites_cell *cells; /* by cube */
	struct sites_spot *spots; /* by vp */
	size_t most_cubes, cap_cells, n_spots, cap_spots;
	uint32_t *met; /* cells of this target */
	double *gaps;
	size_t cap_met, cap_gaps;
	uint64_t *stamp; /* by vp: the call that met it */
	size_t cap_stamp, n_stamp;
	uint64_t call;
	struct geo_point *at; /* by site; of one that is not placed where it is likely, or 0 */
	float *doubt;         /* by site: as the length of a chord, how far from there it may be */
	size_t cap_at, cap_doubt;
	struct geo_point *taken; /* places of labels */
	size_t n_taken, cap_taken;
};

/* Whether two vantage points stand where one mistake would misplace both. */
bool sites_one_spot(const struct sites_vp *a, const struct sites_vp *b);
void sites_tell(const struct sites_work *w, const struct sites_note *note);
struct sites_note sites_note_of(enum sites_note_kind kind);

/* The disjoint pairs of some discs, and whether one vantage point is in all of them: the first pair's one or other, or both
 * while there are no more. Not all are looked at once none can be. */
struct sites_cover {
	size_t pairs;
	uint32_t a, b; /* positions: the first pair */
	bool by_a, by_b;
	double gap_km; /* of the widest */
	uint32_t pair[2];
	bool outside; /* not all hold the centre of the smallest one, a place that fits all */
};
struct sites_cover sites_cover_of(
	const struct sites_work *w, const struct sites_problem *p, const struct discs *d, size_t smallest);
/* No vantage point alone explains them. */
bool sites_cover_two(const struct sites_cover *c);
/* Position of the disc whose vantage point is likely misplaced, when one explains all pairs. */
uint32_t sites_cover_blame(const struct sites_problem *p, const struct discs *d, const struct sites_cover *c);
/* sites_detect in two steps: fills s->discs, by row; then judges them, sorted if that is wanted or needed. ERR_NOMEM. */
int sites_collect(struct sites_work *w, const struct sites_problem *p, struct sites_result *out);
int sites_judge(struct sites_work *w, const struct sites_problem *p, struct sites_result *out, bool sorted);

#endif
