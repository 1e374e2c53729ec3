/* Which vantage points are where they say. One that is not contradicts the others at target after target: its discs alone exclude
 * theirs, or it is too near for where the servers that answer it are, by their names and by the other vantage points' times.
 *
 *	do {
 *		trust_begin(&trust, vps, n);
 *		for each target:
 *			sites_detect(&work, &problem, &found);
 *			sites_learn(vps, &problem, &found);
 *			trust_names(&trust, &problem);
 *	} while (trust_judge(&trust, vps, share) > 0);
 */
#ifndef INFER_TRUST_H
#define INFER_TRUST_H

#include "infer/sites.h"

struct trust_vp {
	uint32_t labels, vetoes;     /* placed labels that it met; of those, too far for its times */
	uint32_t targets, conflicts; /* when it was judged, both kinds together */
	char reason[160];            /* "": it is trusted */
};

struct trust {
	struct trust_vp *v; /* by vantage point */
	size_t n;
	uint32_t *near, *far; /* by label: rows that fit its place, and that do not */
	size_t cap_near, cap_far;
};

/* Forgets what was learnt, not who is out. The vantage points' counts too. ERR_NOMEM. */
int trust_begin(struct trust *t, struct sites_vp *vps, size_t n);
/* A time too short for where a naming rule puts the server counts against the vantage point, if the times of more others fit:
 * else it is the name that is wrong. ERR_NOMEM. */
int trust_names(struct trust *t, const struct sites_problem *p);
/* Distrusts those that contradict at more than this share of the targets where they could have. Returns how many that are
 * now and were not before. */
size_t trust_judge(struct trust *t, struct sites_vp *vps, double share);
void trust_free(struct trust *t);

#endif
