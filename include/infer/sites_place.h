/* The most likely town for a site, from the times of those it serves. For infer/sites only. */
#ifndef INFER_SITES_PLACE_H
#define INFER_SITES_PLACE_H

#include "infer/discs.h"
#include "infer/sites.h"
#include "infer/sites_law.h"
#include "infer/sites_world.h"

/* Vantage points nearer to each other than this share their last mile: they are one witness. */
#define SITES_SPOT_KM 25.0
enum { SITES_WITNESSES = 4, SITES_BOUNDS = 16 };

struct sites_witness {
	uint32_t row, vp;
	struct sites_time time;
	struct disc disc;
};

struct sites_question {
	const struct sites_world *world;
	uint64_t others; /* of sites_world_others */
	double tau_ms;
	const struct sites_witness
		*witness; /* by ascending rtt, no two at one spot; the first one's disc holds the town */
	size_t n_witnesses;
	const struct disc *bounds; /* other discs that should hold it */
	size_t n_bounds;
	const struct geo_point *taken; /* places of other sites that are told apart from this one */
	size_t n_taken;
	bool fresh; /* the candidates are wanted, not only the answer */
};

struct sites_candidate {
	uint32_t town; /* of the world */
	float prior, near, fit, score;
	float share; /* ln of how much of its metropolitan area's probability it has; all say the area's score */
};
struct sites_answer {
	bool found; /* a town lies there at all */
	struct geo_point at;
	struct sites_candidate best;
	double mass;      /* of the posterior, within 100 km */
	double radius_km; /* that holds nine tenths of it */
};

/* Towns near a vantage point, by distance; kept from one target to the next. */
struct sites_list {
	size_t n, n_weighed; /* the first n_weighed have their prior */
	float reach_km;      /* all that are nearer are there */
	uint64_t others;     /* that the priors are for */
	uint32_t *town;
	float *km, *x, *y, *z, *prior, *score;
};
/* The nearest towns, and all heads of metropolitan areas: a disc beyond the first is looked at by the second. */
struct sites_around {
	struct geo_point at;
	struct sites_list *towns, *heads;
};

/* Many targets put the same question: where is what answers this vantage point, alone, in this time? Times are rounded down by
 * up to 2 % for that. The last answers for each hash of a question. */
enum { SITES_MEMOS = 1 << 13, SITES_MEMO_WAYS = 4 };
struct sites_memo {
	uint32_t vp;
	int32_t time; /* in steps */
	float tau_ms, km;
	uint64_t others;
	struct geo_point at;
	bool known;
	struct sites_answer answer;
};

struct sites_placer {
	struct sites_memo (*memo)[SITES_MEMO_WAYS]; /* of SITES_MEMOS; the newer one first */
	struct sites_law law;
	struct sites_around *around; /* by vantage point */
	size_t n_around, cap_around;
	uint64_t *keys;
	size_t n_keys, cap_keys;
	struct sites_candidate *v; /* of the last question that are not negligible, in no order */
	size_t n, cap;
};

/* ERR_NOMEM. */
int sites_place(struct sites_placer *p, const struct sites_question *q, struct sites_answer *out);
void sites_placer_free(struct sites_placer *p);

#endif
