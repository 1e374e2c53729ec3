/* Identity strings become sites: which naming rule fits what a server calls itself, and where that is.
 *
 *	struct ident_scope scope;
 *	ident_scope_of(&scope, &rules, &about, 1);
 *	struct ident id = ident_decode(&rules, &scope, RULES_NSID, 20261122, nsid.p, nsid.n);
 *	if (id.status == IDENT_SITE)
 *		use(id.site, id.lat, id.lon);
 *	ident_scope_free(&scope);
 *
 * Pure, linear in the string, no allocation; the bytes may be anything. What no rule proves is unknown: only IDENT_SITE and
 * IDENT_KEY have a key that machines may be grouped by. */
#ifndef INFER_IDENT_H
#define INFER_IDENT_H

#include "data/rules.h"
#include "data/target.h"

enum ident_status {
	IDENT_UNKNOWN, /* no rule fits */
	IDENT_SITE,    /* a site with its place */
	IDENT_KEY,     /* a site by its key alone: it groups, its place is not known */
	IDENT_OTHER, /* a form that belongs to other targets: it tells who answers, not which site of this target */
	IDENT_HINT, /* the target is not known, and the form alone proves nothing */
	IDENT_STATUSES
};

enum { IDENT_SITE_MAX = 2 * RULES_KEY_MAX };

struct ident {
	enum ident_status status;
	const struct rule *rule; /* that fits; NULL: none */
	enum rules_confidence confidence;
	bool foreign; /* none of the rule's operators is one of the target's */
	bool expired; /* the rule does not hold on that day: the confidence is low */
	bool torn;    /* ident_answer: both names of the answer fit, and lead to two places: unknown */
	char site[IDENT_SITE_MAX]; /* the key, lower case; "" but for IDENT_SITE and IDENT_KEY */
	const char *city;          /* NULL: not known */
	char country[3];           /* "": not known */
	double lat, lon;           /* degrees, only with a city */
	double radius_km;          /* how far from there the site may be */
};

/* What is known of a target: any of it may be missing ("" or no address). */
struct ident_target {
	struct addr addr;
	const char *service, *operators;
};

/* The rules that may speak at a target; owned by the caller, made once a target. */
struct ident_candidate {
	uint32_t rule;
	bool inside;  /* in scope */
	bool foreign; /* operators disjoint */
};
struct ident_scope {
	struct ident_candidate *v; /* those in scope first, each part in the order of the file */
	size_t n;
	bool known; /* there was a target at all */
};

/* The scope of one of these targets (n = 0: not known which). ERR_NOMEM. Free in any case. */
int ident_scope_of(
	struct ident_scope *s, const struct rules *r, const struct ident_target *targets, size_t n);
/* The same by name: an address, a service, a kind ("roots"), or whole labels that services share ("root-servers.net"); what
 * stands behind the first blank is left out. A name that the book does not know is no target. */
int ident_scope_named(
	struct ident_scope *s, const struct rules *r, const struct target_list *book, const char *name);
void ident_scope_free(struct ident_scope *s);

/* `day` is YYYYMMDD, 0 for any. */
struct ident ident_decode(const struct rules *r, const struct ident_scope *s, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n);

/* What a DNS reply says of its server: the NSID, unless only the TXT answer to that question leads to a site. Two that lead to
 * two places prove neither. */
struct ident ident_answer(const struct rules *r, const struct ident_scope *s, uint32_t day, struct bytes nsid,
	struct bytes txt, enum question question);

/* Why a rule did not decide. */
enum ident_reason { IDENT_FITS, IDENT_OTHER_ANSWER, IDENT_NO_FIT, IDENT_NO_CODE, IDENT_OUT_OF_SCOPE };
struct ident_trial {
	const struct rule *rule;
	enum ident_reason reason;
	struct template_match match; /* but with IDENT_NO_FIT */
	size_t reach;                /* bytes that fitted */
	struct ident found;          /* but for IDENT_NO_FIT */
};
/* One rule alone, for explanations. */
struct ident_trial ident_try(const struct rules *r, const struct rule *rule, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n);

#endif
