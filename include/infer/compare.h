/* Two catchments of one target compared: who moved, what it cost, what appeared and went, and whether that is more than the
 * noise. Pure: sets in memory to figures in memory. The definitions are those of `catchmap diff --help` and the README.
 *
 * "Before" is the run called OLD, "now" the run called NEW. A is the set of vantage points that have a site in both; all shares
 * and moves are of A, by weight. */
#ifndef INFER_COMPARE_H
#define INFER_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/catchment_set.h"

#define COMPARE_NONE UINT32_MAX

enum compare_verdict {
	COMPARE_CHANGED,
	COMPARE_LOCAL,    /* moved, but in fewer than COMPARE_LOCAL_BELOW clusters */
	COMPARE_SAME,     /* nothing beyond the noise */
	COMPARE_UNTESTED, /* no baseline */
	COMPARE_CANNOT,   /* too few vantage points */
	COMPARE_VERDICTS
};
enum {
	COMPARE_VPS_MIN = 10,
	COMPARE_LOCAL_BELOW = 5,
	COMPARE_PAIRS_MIN =
		19, /* earlier pairs of runs from which on they are preferred to the sign-flip test */
	COMPARE_N_EFF_MIN = 30
};
/* Change beyond the floor that counts as one, share of the weight; weight of one vantage point that is worth a word; how many
 * times longer one lag may be than another to be like it. */
#define COMPARE_EFFECT_MIN 0.01
#define COMPARE_HEAVY 0.10
#define COMPARE_LAG_FACTOR 1.5

enum compare_weight {
	COMPARE_BY_VP,      /* what the catchment says: 1, unless vantage.csv has other weights */
	COMPARE_BY_AS,      /* each AS counts 1 */
	COMPARE_BY_COUNTRY, /* each country counts 1 */
	COMPARE_BY_FILE
};
enum compare_cluster { COMPARE_OF_AS, COMPARE_OF_COUNTRY, COMPARE_OF_VP };

struct compare_options {
	enum compare_weight weight;
	enum compare_cluster cluster;
	double alpha;
	const double *
		file_weight; /* COMPARE_BY_FILE: by the number of the vantage point's name, NAN where the file has none */
	size_t n_file_weight;
};

/* One target in one run. */
struct compare_side {
	const struct catchment_set *set;
	uint32_t target; /* of the set */
};

/* What became of a site. */
enum compare_fate {
	COMPARE_STAYS,
	COMPARE_GONE,     /* who used it answers from elsewhere */
	COMPARE_NOT_SEEN, /* nobody is there now, but too few to say that it is gone */
	COMPARE_NEW,
	COMPARE_SEEN_ONCE,  /* new, by one vantage point in one round */
	COMPARE_RENAMED,    /* goes on as `other` */
	COMPARE_RENAMED_TO, /* was `other` */
	COMPARE_FATES
};

struct compare_site {
	const struct catchment_site *before, *now; /* NULL: the run has no such site */
	uint32_t key;                              /* name: what it is called now, or was before */
	enum compare_fate fate;
	uint32_t other;                 /* site; COMPARE_NONE */
	uint32_t vps_before, vps_now;   /* of A */
	uint32_t all_before, all_now;   /* any vantage point, but the excluded */
	double share_before, share_now; /* of A's weight */
	double change, low, high;       /* with a 95 % interval */
};

/* A vantage point that is in one of the runs, or both. */
struct compare_vp {
	uint32_t vp;                             /* name */
	const struct catchment_vp *before, *now; /* NULL: no row */
	uint32_t site_before, site_now;          /* of the comparison; COMPARE_NONE */
	uint32_t cluster;                        /* of those in A; COMPARE_NONE for the others */
	uint32_t asn, country;                   /* number and name; 0: unknown */
	bool excluded;                           /* in one of the runs: it counts nowhere */
	bool both;                               /* measured in both runs, and not excluded */
	double weight;
	double cost_ms; /* RTT now less RTT before; NAN: cannot be told */
};

struct compare_rtt {
	size_t n;                                    /* of which the RTT is known on both sides */
	double median_ms, p90_ms, worst_ms, mean_ms; /* the mean by weight; NAN when n is 0 */
};

/* A cell of the transition matrix: where vantage points in both runs were and are. A site, or one of these plus n_sites. */
enum { COMPARE_NO_SITE, COMPARE_SILENT, COMPARE_STATES };
struct compare_cell {
	uint32_t from, to;
	size_t vps;
	double weight;
	struct compare_rtt cost; /* of A only */
};

/* A country or an AS. */
struct compare_group {
	uint32_t id;       /* name of the country, or the AS number; 0: unknown */
	size_t vps, moved; /* of A */
	double weight, weight_moved;
};

/* How often sites flip from one round to the next inside one run. */
struct compare_floor {
	double flips, chances; /* by weight, of A */
	double interval_s;     /* between two rounds; NAN: unknown */
};

/* Identity of a server that no vantage point met before. */
struct compare_identity {
	uint32_t identity; /* name */
	uint32_t site;     /* COMPARE_NONE: none */
};

struct compare_test {
	bool done;
	const struct catchment_set *base;
	size_t vps, moved_before, moved_now; /* of A3, those with a site in all three runs */
	double floor, now;                   /* the same by weight, shares */
	double effect;                       /* now - floor */
	size_t clusters;                     /* with a number that is not 0 */
	bool exact;
	double *before; /* weight that moved before, of the clusters where any did */
	size_t n_before;
	double weight;       /* of A3 */
	size_t all_clusters; /* of A3 */
	double p_flip;
	size_t pairs;                   /* earlier pairs at the same lag */
	double p_rank;                  /* NAN: no such pair */
	double p, p_holm;               /* the one that counts, before and after Holm's correction */
	size_t targets;                 /* that it is over */
	double lag_before_s, lag_now_s; /* NAN: unknown */
	size_t smallest; /* least number of clusters whose move would have shown; 0: none would */
	double smallest_share;
};

struct comparison {
	struct compare_side before, now;
	struct compare_options options;
	struct compare_vp *vps; /* by name */
	struct compare_site *sites;
	struct compare_cell *cells;                 /* by number of vantage points, most first */
	struct compare_group *countries, *networks; /* by those that moved, most first */
	struct compare_identity *identities;
	size_t n_vps, n_sites, n_cells, n_countries, n_networks, n_identities;

	size_t both, only_before, only_now, excluded; /* measured in both runs, in one; left out of all */
	size_t a, moved, lost, regained, silent,
		no_site;    /* the last two: without a site in both runs, silent now or not */
	double weight;      /* of A */
	double moved_share; /* M */
	double similar_known, similar_all;
	double n_eff, heaviest_share;
	const struct compare_vp *heaviest;
	size_t n_clusters, clusters_moved; /* of A */
	bool weighted;                     /* not all weights are 1 */

	double rtt_before_ms, rtt_now_ms; /* medians over A */
	struct compare_rtt cost_moved, cost_stayed;
	size_t by_median; /* costs told by medians, since the runs differ in replies */
	struct compare_floor inside_before, inside_now;
	struct compare_test test;
	enum compare_verdict verdict;
};

/* Compares. The sets must outlive the result, and share their names. ERR_NOMEM, or ERR_RANGE when a weight is missing. Free in
 * any case. */
int compare_targets(struct comparison *c, const struct compare_options *o, struct compare_side before,
	struct compare_side now, struct err_msg *why);
/* Tests it against earlier runs at the same target. Where fewer than COMPARE_VPS_MIN vantage points are known in all of three
 * runs, `test.done` stays false. */
int compare_baseline(struct comparison *c, const struct compare_side *base, size_t n, struct err_msg *why);
/* Verdicts of n comparisons made together: Holm's correction is over them. */
int compare_judge(struct comparison *c, size_t n, struct err_msg *why);
void compare_free(struct comparison *c);

bool compare_in_a(const struct compare_vp *v);
bool compare_moved(const struct compare_vp *v);
/* Measured in both runs, and not excluded. */
bool compare_in_both(const struct compare_vp *v);
bool compare_is_move(const struct comparison *c, const struct compare_cell *cell);
/* The name of a number, and of a site of the comparison. */
const char *compare_name(const struct comparison *c, uint32_t name);
const char *compare_site_key(const struct comparison *c, uint32_t site);
const struct catchment_target *compare_target(const struct compare_side *s);
/* Seconds from the begin of one to the begin of the other; NAN: not known. */
double compare_lag_s(const struct compare_side *a, const struct compare_side *b);

/* --- between the files of this module --- */

/* Which site of y each site of x is, counted from the target's first: by key, and sites that are known by latency alone where
 * their discs meet, nearest first. Fills y_of_x[sites of x], COMPARE_NONE for none. */
int compare_match_sites(const struct compare_side *x, const struct compare_side *y, uint32_t *y_of_x);
/* Sites of both runs that a vantage point has, those of each vantage point, and what became of them. */
int compare_sites_join(struct comparison *c);
int compare_sites_fate(struct comparison *c);
/* M and what it is made of, and nothing else. */
int compare_moves(struct comparison *c, struct err_msg *why);
/* Answered rounds that its site had, which its RTTs are of. */
double compare_rounds(const struct catchment_vp *v);
#endif
