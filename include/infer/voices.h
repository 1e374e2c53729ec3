/* Who spoke: the answers of one address decoded by the naming rules, and the sites that they name. */
#ifndef INFER_VOICES_H
#define INFER_VOICES_H

#include "infer/ident.h"
#include "infer/observe.h"

/* A site of the target that answered, or the key of one. */
struct voice_site {
	struct ident id;
	uint32_t replies;
	uint32_t servers; /* distinct identities */
	uint8_t flows[32];
	int64_t min_ns, median_ns; /* of its DNS replies; -1: none */
};

/* One distinct answer to one question. */
struct voice {
	struct ident id;
	struct bytes
		label; /* what the server calls itself: NSID, else the answer to a question for its name */
	int32_t site;  /* index; -1: none */
	bool formed;   /* as a rule of the target has it, though its code may not be known */
};

struct voices {
	const struct observation *seen; /* finished; must stay */
	struct voice *v;                /* by line and answer: first[line] + answer */
	size_t n, first[OBSERVE_LINES_MAX];
	struct voice_site *sites; /* most replies first */
	size_t n_sites, cap_sites;
	uint32_t replies;   /* DNS replies, late ones too */
	uint32_t labelled;  /* of them with a label */
	uint32_t placed;    /* of them with a site */
	uint32_t torn;      /* of them with two names that lead to two places */
	uint32_t servers;   /* distinct labels */
	uint32_t flow_most; /* DNS replies on the flow that has most */
};

/* What one identity is known to be under two keys in one packet (an opaque number and a town's code), counts as the site with
 * the place everywhere. ERR_NOMEM. Free in any case. */
int voices_hear(struct voices *v, const struct observation *seen, const struct rules *r,
	const struct ident_scope *scope, uint32_t day);
void voices_free(struct voices *v);

const struct voice *voices_of(const struct voices *v, size_t line, const struct observe_sample *s);

/* Calls `each` for every DNS reply, by line and time. */
typedef void voices_each(void *arg, size_t line, const struct observe_sample *s, const struct voice *voice);
void voices_walk(const struct voices *v, voices_each *each, void *arg);

#endif
