/* From what many vantage points measured at one target to its sites: is it anycast, how many, where, and who is served by which.
 * Pure: memory to memory, nothing allocated per target once the scratch has grown.
 *
 *	sites_world_make(&world, &book, hubs, n_hubs);
 *	for each target:
 *		sites_detect(&work, &problem, &found);     pass 1, cheap: verdict and proof
 *		sites_learn(vps, &problem, &found);        what this target says of the vantage points' places
 *	for each target:
 *		sites_infer(&work, &problem, &found);      pass 2: all of it
 *
 * A vantage point in the wrong place makes discs that exclude others. So where one vantage point is in every pair of disjoint
 * discs, that proves anycast only when it was at so many other targets without a conflict, where a wrong place would have shown,
 * that its place must be right. */
#ifndef INFER_SITES_H
#define INFER_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "data/catchment.h"
#include "data/place.h"
#include "data/rules.h"
#include "infer/discs.h"
#include "infer/geo.h"

enum { SITES_NO = -1 };

/* --- the world: made once --- */

/* A place where an operator is known to have a site. */
struct sites_hub {
	const char *operators; /* of operators.txt; as in a target's `operators` */
	double lat, lon;
};

struct sites_world;
/* The book and the hubs must outlive it. NULL without memory. */
struct sites_world *sites_world_make(
	const struct place_book *book, const struct sites_hub *hubs, size_t n_hubs);
void sites_world_free(struct sites_world *w);

/* --- the vantage points: shared by all targets --- */

struct sites_vp {
	struct geo_point at; /* geo_point_of(lat, lon) */
	double lat, lon, accuracy_km, weight;
	bool placed;     /* false: only identities place what it sees */
	bool distrusted; /* its rows are read, its discs are not used */
	/* By sites_learn; 0 at first. */
	uint32_t targets;   /* where its disc could have shown that it is elsewhere */
	uint32_t conflicts; /* of those, where it did: it alone explains all disjoint discs */
	double clean;       /* ln of the chance to have had no conflict at the others in a wrong place */
};

/* --- a target --- */

/* An identity, or a group of identities that a rule decodes to one site. */
struct sites_label {
	bool placed; /* a naming rule says where */
	double lat, lon, radius_km;
	enum rules_confidence confidence;
};

struct sites_seen {
	uint32_t vp;
	int32_t label; /* SITES_NO: who answered is not known */
	double rtt_ms; /* the least; below 0 or NAN: there is none, only the label */
};

struct sites_options {
	double km_per_ms;                  /* GEO_DISC_KM_PER_MS */
	uint32_t vps_min;                  /* placed vantage points below which nothing is said of unicast */
	double place_latency, place_label; /* posterior mass below which a site is listed, not placed */
	size_t budget;                     /* nodes of the search for the largest independent set */
};
extern const struct sites_options sites_defaults;

struct sites_problem {
	const struct sites_world *world;
	const struct sites_options *options;
	const struct sites_vp *vps;
	size_t n_vps;
	const struct sites_seen *seen; /* in any order; several of one vp with different labels: flows */
	size_t n_seen;
	const struct sites_label *labels;
	size_t n_labels;
	const char *operators; /* `|`-separated, "" when unknown: their hubs do not count */
};

enum sites_flag {
	SITES_LIKELY = 1,       /* not proven: a path to any other site would be implausibly fast */
	SITES_NOT_BELIEVED = 2, /* what the rule decoded is out of reach: listed, not placed */
	SITES_SPLIT = 4,        /* its identity is in places that cannot be one */
	SITES_UNSURE = 8,       /* posterior mass below the threshold: listed, not placed */
	SITES_NO_PLACE = 16     /* no city lies where the discs meet */
};

struct sites_site {
	int32_t label;    /* SITES_NO: by latency alone */
	int32_t place;    /* city, index into the book; SITES_NO: by a rule, or not placed */
	double lat, lon;  /* NAN: not placed */
	double radius_km; /* how far from there it may be */
	enum site_method method;
	enum rules_confidence confidence;
	double mass;     /* posterior within 100 km of the place, 0 to 1; of a rule's place 1 */
	unsigned flags;  /* of enum sites_flag */
	uint32_t vps;    /* that it serves, as far as known */
	int32_t nearest; /* row of `seen` with the least rtt; SITES_NO */
	uint32_t number; /* in the order in which they were found, as notes say it */
};

/* What became of a row. */
enum sites_fate {
	SITES_SERVED,   /* by the site */
	SITES_UNPLACED, /* no identity, and more than one site, or none, may be it */
	SITES_VETOED,   /* its rtt is too small for where its identity is */
	SITES_BLAMED,   /* the vantage point alone explains all disjoint discs */
	SITES_UNUSED    /* the vantage point is not trusted */
};

enum sites_reason {
	SITES_BECAUSE_DISCS,   /* anycast: discs of independent vantage points exclude each other */
	SITES_BECAUSE_VOUCHED, /* anycast: through one vantage point, for whose place other targets vouch */
	SITES_BECAUSE_IDENTITIES, /* anycast: identities where no single place fits, or at places that rules tell apart */
	SITES_BECAUSE_FITS,   /* unicast: one place fits all discs */
	SITES_BECAUSE_BLAMED, /* unicast: one place fits all discs but those of one vantage point */
	SITES_BECAUSE_FEW,    /* unknown: too few vantage points */
	SITES_BECAUSE_PAIR, /* unknown: two vantage points exclude each other, either of which may be misplaced */
	SITES_BECAUSE_NOWHERE, /* unknown: no two exclude each other, yet no place fits all */
	SITES_REASONS
};

struct sites_result {
	enum site_verdict verdict;
	enum sites_reason reason;
	struct sites_site *sites; /* proven ones first */
	size_t n_sites, cap_sites;
	int32_t *site_of; /* by row of `seen`: SITES_NO unless SITES_SERVED */
	uint8_t *fate;    /* enum sites_fate */
	size_t cap_rows;
	uint32_t vps;      /* whose discs were used */
	uint32_t proven;   /* sites that discs and identities prove */
	bool exact;        /* false: at least so many */
	uint32_t by_discs; /* sites that discs alone prove */
	uint32_t labels;   /* identities met */
	int32_t pair[2];   /* rows of `seen` whose discs exclude each other by the widest gap; SITES_NO */
	double gap_km;     /* of that pair */
	int32_t blamed; /* vp that alone explains all disjoint pairs; SITES_NO: there are none, or no vp does */
	uint32_t not_believed, split, vetoed; /* labels, labels, rows */
	double tau_ms;                        /* scale of the last mile, estimated from the rows */
};

/* Scratch, and how a person is told what was weighed. Zero it; set `explain` if wanted. */
enum sites_note_kind {
	SITES_NOTE_PAIR,         /* rows `row` and `other` exclude each other by `km` */
	SITES_NOTE_GROUP,        /* `label` has `count` rows, the nearest is `row`, with `km` of radius */
	SITES_NOTE_CANDIDATE,    /* `place` for site `site`, at `km` from row `row`: its score and mass */
	SITES_NOTE_NOT_BELIEVED, /* `label`: its place is `km` beyond the disc of row `row` */
	SITES_NOTE_SPLIT,        /* `label` */
	SITES_NOTE_SITE,         /* `site` was chosen for row `row` */
	SITES_NOTE_SKIPPED /* row `row` needs no site of its own: `site`, at `km`, may well be what answers */
};
struct sites_note {
	enum sites_note_kind kind;
	int32_t row, other, label, place, site; /* SITES_NO: does not apply */
	uint32_t count;
	double km, score, prior, near, fit, mass; /* score = prior + near + fit, natural logarithms */
};
struct sites_work {
	void (*explain)(void *arg, const struct sites_note *note);
	void *arg;
	struct sites_scratch *scratch;
};

/* Verdict, proof and blame alone; no places. ERR_NOMEM. */
int sites_detect(struct sites_work *w, const struct sites_problem *p, struct sites_result *out);
/* All of it. ERR_NOMEM. */
int sites_infer(struct sites_work *w, const struct sites_problem *p, struct sites_result *out);
/* What a target says of the places of vantage points. */
void sites_learn(struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found);

void sites_work_free(struct sites_work *w);
void sites_result_free(struct sites_result *r);

#endif
