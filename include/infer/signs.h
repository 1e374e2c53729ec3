/* Signs that somebody else answers for an address. No one of them proves it: they are counted, by class, and weighed in
 * infer/verdict.h. */
#ifndef INFER_SIGNS_H
#define INFER_SIGNS_H

#include <stdbool.h>

#include "data/baseline.h"
#include "infer/voices.h"

enum sign {
	SIGN_C1, /* the identity has the sure form of another operator (strong) */
	SIGN_C2, /* the identity fits no rule of the target, whose known strings the rules cover */
	SIGN_C3, /* NSID or identity missing where the baseline says always */
	SIGN_C4, /* rcode, AA or RA unlike the baseline */
	SIGN_T1, /* DNS is much faster than ICMP and TCP to the same address (strong) */
	SIGN_P1, /* DNS replies come over fewer hops than those of ICMP and TCP */
	SIGN_B1, /* two different answers to one probe (strong) */
	SIGN_B2, /* an address that runs no DNS answers the same query (strong) */
	SIGNS
};
enum sign_class { SIGN_CONTENT, SIGN_TIMING, SIGN_PATH, SIGN_BEHAVIOUR, SIGN_CLASSES };

struct sign_type {
	const char *name; /* "C1" */
	enum sign_class class;
	bool strong;
};
extern const struct sign_type sign_types[SIGNS];
const char *sign_class_name(enum sign_class c);

/* A sign holds when it is in at least 80 % of the replies that could show it, and in at least 3. C1 and C2 could be in any. */
enum { SIGN_REPLIES_MIN = 3, SIGN_PERCENT_MIN = 80 };
struct sign_count {
	uint32_t in, of; /* replies; of 0: it could not be looked for */
	bool holds;
};

struct signs {
	struct sign_count count[SIGNS];
	int64_t dns_ns, icmp_ns, tcp_ns; /* shortest; -1: none */
	int dns_ttl, dns_hops;           /* of the DNS reply with the fewest hops; -1: none */
	int other_ttl, other_hops;       /* of icmp and tcp with the same initial TTL, the fewest; -1: none */
	uint32_t nsid_missing, identity_missing;     /* replies of C3, by what was missing */
	uint32_t rcode_unlike, aa_unlike, ra_unlike; /* replies of C4 */
};

/* Two answers to one probe and the like are seen in `v`; `no_dns` (may be NULL) is what an address that runs no DNS said. */
void signs_look(
	struct signs *s, const struct voices *v, const struct baseline *b, const struct observation *no_dns);

/* One strong sign, and one more of another class. */
bool signs_prove(const struct signs *s);
/* How many hold, C4 not counted. */
unsigned signs_holding(const struct signs *s);

/* Hops that a reply came over, by the initial TTL that it must have had: 64, 128 or 255. */
int signs_initial_ttl(int ttl);

#endif
