/* What is to be made of the answers of one address, in a word: which site answers, and is that plausible?
 *
 * A verdict is the first of a table that applies; flags stand beside it. Nothing is held against a target by one sign, by a
 * place that was only looked up, or by a light speed that no fibre has: floors are those of straight fibre and of vacuum, for
 * the distance less all doubt of both places. */
#ifndef INFER_VERDICT_H
#define INFER_VERDICT_H

#include "data/sites.h"
#include "infer/signs.h"

enum verdict_kind {
	VERDICT_NO_REPLY,
	VERDICT_INTERCEPTED,
	VERDICT_SUSPICIOUS,
	VERDICT_LOCATION_SUSPECT,
	VERDICT_RTT_IMPOSSIBLE,
	VERDICT_FOREIGN_OPERATOR,
	VERDICT_SPLIT,
	VERDICT_CONSISTENT,
	VERDICT_UNKNOWN,
	VERDICTS
};
/* Bits; verdict_flag_name goes by their number. */
enum { VERDICT_FAR = 1, VERDICT_TOO_FAST = 2, VERDICT_UNUSUAL_ANSWER = 4, VERDICT_UNSTABLE = 8 };
enum { VERDICT_FLAGS = 4 };
enum verdict_split { VERDICT_NOT_SPLIT, VERDICT_BY_FLOW, VERDICT_BY_KIND, VERDICT_BY_TIME, VERDICT_SPLITS };
/* Why nothing can be said. */
enum verdict_reason {
	VERDICT_SAID,
	VERDICT_NOT_ASKED,   /* no DNS query left, or too few did to call it silent */
	VERDICT_FEW_REPLIES, /* less than three on every flow */
	VERDICT_OPAQUE,      /* a key without a place */
	VERDICT_NO_RULE,
	VERDICT_NO_IDENTITY,
	VERDICT_NOT_SURE, /* the rule's confidence is not high, or it does not hold today */
	VERDICT_MIXED,    /* the answers differ, too few of them to say how */
	VERDICT_TORN,     /* two names in one packet lead to two places */
	VERDICT_PHYSICS,  /* the site named is too far for the time, and it cannot be told what is wrong */
	VERDICT_REASONS
};

const char *verdict_name(enum verdict_kind k);
const char *verdict_flag_name(unsigned number);
const char *verdict_split_name(enum verdict_split s);
const char *verdict_reason_name(enum verdict_reason r);
/* "no-reply" ... or a flag, into *verdicts or *flags (bits are added); false: neither. */
bool verdict_parse(const char *name, size_t n, unsigned *verdicts, unsigned *flags);

/* Where the vantage point is. */
struct verdict_place {
	bool known;
	bool said; /* by a person: not looked up by address */
	bool sure; /* its accuracy was given too */
	double lat_deg, lon_deg, accuracy_km;
};

/* One address and what is known of it. */
struct verdict_subject {
	const struct observation *seen; /* finished */
	const char *service, *operators;
	const struct ident_scope *scope;
	struct baseline baseline;
	bool no_dns; /* of a control: it runs no DNS, as the user says */
};

struct verdict_input {
	const struct rules *rules;
	uint32_t day; /* YYYYMMDD */
	struct verdict_subject target;
	const struct verdict_subject *controls;
	size_t n_controls;
	struct verdict_place here;
	const struct sites_row *listed; /* the operator's sites; NULL: no list */
	size_t n_listed;
	int64_t first_hop_ns; /* echo of the gateway; -1: none */
};

/* How a site and a time go together, as seen from here. */
enum verdict_fit {
	VERDICT_NO_FIT_KNOWN, /* no place, here or there, or no time */
	VERDICT_FITS,
	VERDICT_FASTER_THAN_FIBRE,
	VERDICT_FASTER_THAN_LIGHT
};
struct verdict_physics {
	enum verdict_fit fit;
	double km, floor_fibre_ms, floor_vacuum_ms;
};

struct verdict_control {
	struct voices voices;
	const struct voice_site *site; /* that answered most; NULL: none whose place is sure */
	struct verdict_physics physics;
	bool other; /* none of its operators is the target's */
};

/* Where a round-trip time goes, ms; NAN: not known. */
struct verdict_slow {
	double access, distance, detour, path, queueing, server, loss_percent;
};

struct verdict {
	enum verdict_kind kind;
	enum rules_confidence confidence; /* 0: none */
	unsigned flags;
	enum verdict_split split;
	enum verdict_reason reason;
	struct voices voices;
	struct signs signs;
	const struct voice_site *site;  /* that answers most; NULL: none */
	struct verdict_physics physics; /* of it */
	const struct voice_site
		*odd; /* whose place is sure and too far for its time, the worst; NULL: none */
	struct verdict_physics odd_physics;
	const struct sites_row *nearest; /* of the list; NULL: no list, or no place of ours */
	double nearest_km, nearest_floor_ms;
	size_t n_within; /* listed sites within the bound */
	double bound_km; /* the site is not farther than this; NAN: no time */
	int64_t min_ns;  /* shortest DNS time of the site, or of any reply without one; -1: none */
	struct verdict_control *controls;
	size_t n_controls, contradicting,
		fitting;               /* controls of other operators, by what they say of our place */
	const struct ident *elsewhere; /* where the sites say that we are; NULL: not said */
	struct verdict_slow slow;
};

/* ERR_NOMEM. Free in any case. The input must stay. */
int verdict_reach(struct verdict *v, const struct verdict_input *in);
void verdict_free(struct verdict *v);

/* The place of a site, with the doubt of both places taken off. */
struct verdict_physics verdict_weigh(
	const struct verdict_place *here, const struct ident *site, int64_t rtt_ns);

/* Clopper-Pearson 95 % interval of k successes of n. */
void verdict_interval(uint32_t k, uint32_t n, double *low, double *high);

#endif
