/* What infer/sites keeps from one target to the next, and what its parts ask of each other. For infer/sites only. */
#ifndef INFER_SITES_SCRATCH_H
#define INFER_SITES_SCRATCH_H

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

/* Vantage points that are together, and the two least times of a target that they have, for the scale of the last mile. */
struct sites_cell {
	uint64_t key;  /* of where they are; 0: free */
	uint64_t call; /* the target that the times are of */
	float least, next;
};
/* Where a vantage point was when its cell was looked for. */
struct sites_spot {
	struct geo_point at;
	struct sites_cell *cell; /* NULL: not yet */
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
	uint32_t *moved; /* by site: its number in the result */
	size_t cap_moved;
	uint64_t *done; /* set of positions: in no need of a site */
	uint64_t *held; /* by site the set of positions that hold it */
	size_t cap_done, cap_held;
	float *plausible; /* by position: a site this near, as the length of a chord, may well answer so fast */
	size_t cap_plausible;
	struct sites_cell *cells; /* by hash of the key, kept from one target to the next */
	struct sites_spot *spots; /* by vp */
	size_t n_cells, cap_cells, n_spots, cap_spots;
	struct sites_cell **met; /* of this target */
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
	const struct sites_work *w, const struct sites_problem *p, const struct discs *d);
/* No vantage point alone explains them. */
bool sites_cover_two(const struct sites_cover *c);
/* Position of the disc whose vantage point is likely misplaced, when one explains all pairs. */
uint32_t sites_cover_blame(const struct sites_problem *p, const struct discs *d, const struct sites_cover *c);
/* sites_detect; fills s->discs, which it leaves sorted if that is wanted. */
int sites_detect_in(
	struct sites_work *w, const struct sites_problem *p, struct sites_result *out, bool sorted);
/* In ms; of the unsorted or sorted discs. ERR_NOMEM. */
int sites_last_mile(struct sites_scratch *s, const struct sites_problem *p, double *tau_ms);

#endif
