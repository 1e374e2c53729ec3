/* One target's tallies and names become its sites and catchment: rows of sites.csv and catchment.csv.
 *
 * Each label that was met is a site of the target in sites.csv, by its key if a rule proves one, else by the label itself; the
 * catchment has only what DEFINITIONS calls state site: what a rule proves. A target at which nobody met any identity is known
 * by latency alone: there a vantage point is in state site when only one of the target's sites can have answered it.
 * Keys: of a rule; the escaped label; for a site by latency `~` and its city (not a name: two runs that see it match it by
 * place), or `~` and the vantage point nearest to it. A label in places that cannot be one has `~2` and so on behind its key.
 *
 * Excluded at a target are the vantage points that are not trusted, and those where another answers in the target's place:
 * in the sure form of another operator in 4 of 5 replies, or, where all others meet names by rule, without such a name and much
 * faster by DNS than by ICMP and TCP, which agree. */
#ifndef INFER_FUSE_H
#define INFER_FUSE_H

#include "data/catchment.h"
#include "data/vantage.h"
#include "infer/sites.h"
#include "infer/tally.h"

/* In the evidence of a site that latency alone suggests. */
#define FUSE_LIKELY "likely, not proven"

enum { FUSE_KEY_MAX = NAMING_KEY_MAX + 16, FUSE_TEXT_MAX = 512 };

/* A site of the target as its row will say. */
struct fuse_site {
	char key[FUSE_KEY_MAX], identities[FUSE_TEXT_MAX], evidence[FUSE_TEXT_MAX];
	const char *city, *country;
	double lat, lon, radius_km;
	enum site_method method;
	enum rules_confidence confidence;
	int32_t label; /* SITES_NO: by latency */
	bool proven;   /* its key is a rule's, or it is by latency alone: it may be a vantage point's site */
	uint32_t vps;
	double weight;
	int64_t rtt_min_ns;
	struct geo_point at; /* unless lat is NAN */
};

struct fuse {
	/* Given. By rank of the vantage point: vps, about (NULL: not in vantage.csv). */
	const struct gather *g;
	struct naming *naming;
	struct tallies *tallies;
	const struct place_book *places;
	struct sites_vp *vps;
	const struct vantage *const *about;
	const struct sites_world *world;
	const struct sites_options *options;
	struct sites_work work;
	/* Of the current target. */
	struct addr target;
	struct sites_problem problem;
	struct sites_result found;
	struct sites_seen *seen;
	int32_t *seen_of;  /* by number of tallies.reach: row of `seen`, SITES_NO */
	bool *intercepted; /* by tally */
	struct sites_label *labels;
	struct fuse_site *sites;
	size_t n_sites, cap_seen, cap_seen_of, cap_intercepted, cap_labels, cap_sites;
	char evidence[FUSE_TEXT_MAX]; /* of the verdict */
};

/* Makes f->problem of the tallies. `target` is its rank. ERR_NOMEM. */
int fuse_problem(struct fuse *f, uint32_t target);

/* Where rows go; each may stop the walk with what is not 0. Texts live until the call returns. */
struct fuse_sink {
	int (*site)(void *arg, const struct site_row *row);
	int (*vp)(void *arg, const struct catchment_row *row);
	void *arg;
};
/* Infers and gives the rows: sites by weight, then vantage points by name. fuse_problem comes first. */
int fuse_rows(struct fuse *f, const struct fuse_sink *sink);
void fuse_free(struct fuse *f);

#endif
