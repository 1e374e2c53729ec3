/* What was inferred of a run: RUN/sites.csv, RUN/catchment.csv, RUN/trust.csv. Texts are owned by whoever filled the row in;
 * a reader's point into the current row. Identities are escaped as in probes.csv. */
#ifndef DATA_CATCHMENT_H
#define DATA_CATCHMENT_H

#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "data/field.h"
#include "data/rules.h"
#include "data/table.h"

enum site_verdict { SITES_NONE, SITES_ANYCAST, SITES_UNICAST, SITES_UNKNOWN, SITES_VERDICTS };
/* What a site is known by. */
enum site_method { METHOD_NONE, METHOD_IDENTITY, METHOD_LATENCY, METHOD_BOTH, METHODS };
/* DEFINITIONS: what a vantage point came to at one target. */
enum vp_state {
	VP_STATE_NONE,
	VP_SITE,       /* it answered, and this is the site */
	VP_NO_SITE,    /* it answered, without a site */
	VP_SILENT,     /* probes left, nothing came back */
	VP_UNMEASURED, /* no probe left */
	VP_EXCLUDED,   /* the vantage point is not trusted, or intercepted here */
	VP_STATES
};

/* A site of a target. A target without one has a single row with an empty `site`. */
struct site_row {
	struct addr target;
	const char *service;
	enum site_verdict verdict;
	const char *site; /* its key */
	const char *city, *country;
	double lat, lon;  /* degrees; NAN: known to exist, not placed */
	double radius_km; /* how far from there it may be */
	enum site_method method;
	enum rules_confidence confidence; /* 0: none */
	uint32_t vps;                     /* in state site here */
	double weight_share;              /* of the weight of all in state site; 0 to 1 */
	const char *identities;           /* `|`-separated, cut with "..." */
	int64_t rtt_min_ns;
	const char *evidence;
};

/* A vantage point at a target; the pair is the key. */
struct catchment_row {
	struct addr target;
	const char *service, *vp;
	const char *site; /* key; "" unless state is site */
	enum site_method method;
	enum rules_confidence confidence; /* 0: none */
	const char *city, *country;
	double lat, lon; /* of the site */
	const char *identity;
	int64_t rtt_min_ns, rtt_median_ns;
	uint32_t sent, received, flows, sites_seen;
	double distance_km;       /* to the site */
	const char *nearest_site; /* of those seen in this run */
	double nearest_km;
	double vp_lat, vp_lon;
	uint32_t vp_asn;
	const char *vp_country;
	double weight;
	enum vp_state state;
	double site_share;
	uint32_t flips, chances, answered;
	const char *rtt_probe; /* kind that the RTTs are of */
	const char *rules;     /* naming rules that spoke */
	struct wall first, last;
};

struct trust_row {
	const char *vp;
	const char *trusted; /* "yes" or "no" */
	const char *reason;
	uint32_t conflicts, targets;
};

extern const struct table site_table, catchment_table, trust_table;
field_walk site_field, catchment_field, trust_field;

/* The names used in the files; NULL past the end. */
const char *site_verdict_name(enum site_verdict v);
const char *site_method_name(enum site_method m);
const char *vp_state_name(enum vp_state s);

#endif
