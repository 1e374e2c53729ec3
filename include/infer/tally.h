/* What one vantage point came to at one target: its state, site, losses, times and flips, exactly.
 *
 * The state is that of DNS on flow 0 where DNS was asked, and else that of the other kinds on flow 0:
 *   site        replies named a site that a rule proves. A label without a rule is none: it may be one of many machines.
 *   no-site     replies, none of them so: no rule, no identity, an rcode without one; or they all came late
 *   silent      probes left, and nothing came back that counts as a reply
 *   unmeasured  no probe left
 * `excluded`, and no-site for a site that is not believed or a target known by latency alone, are for the caller to say.
 * The site is that of most answered rounds, of equals the one met first; a round has the site of its first reply that names one.
 * Two answered rounds in a row of which one names no site are no flip. */
#ifndef INFER_TALLY_H
#define INFER_TALLY_H

#include "data/catchment.h"
#include "infer/gather.h"
#include "infer/naming.h"

/* Round-trip times of one vantage point to what answers under one label: they bound where that can be. */
struct tally_reach {
	uint32_t vp;    /* rank */
	int32_t group;  /* NAMING_NONE: who answered is not known */
	int64_t min_ns; /* -1: none */
};

struct tally {
	uint32_t vp; /* rank */
	enum vp_state state;
	int32_t site;      /* group; NAMING_NONE unless state is VP_SITE */
	uint32_t identity; /* met most on flow 0 (with the site, if there is one); 0: none */
	uint32_t sent, received, flows, sites_seen, answered, flips;
	double site_share; /* NAN unless state is VP_SITE */
	int64_t rtt_min_ns,
		rtt_median_ns; /* of rtt_probe on flow 0 (with the site, if there is one); -1: none */
	enum probe_kind rtt_probe;
	int64_t min_ns[PROBE_KINDS]; /* on flow 0; -1: none */
	uint32_t first_s, last_s;
	size_t first_reach, n_reach; /* of tallies.reach */
	uint32_t named, foreign, unknown,
		nameless; /* DNS replies on flow 0: that fit a rule of the target; another
						       operator's; no rule; without identity */
};

/* Lists that grow from one vantage point to the next; set the counts to 0 for the next target. */
struct tallies {
	struct tally *v;
	size_t n, cap;
	struct tally_reach *reach;
	size_t n_reach, cap_reach;
	bool brief; /* set: reach, times by kind and kinds of replies alone; the rest takes most of the time */
	struct tally_work *work;
};

/* Adds the samples of one vantage point, as gather_walk gives them. ERR_NOMEM. */
int tally_add(struct tallies *t, struct naming *names, const struct sample *s, size_t n);
void tallies_free(struct tallies *t);

#endif
