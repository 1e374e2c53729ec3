/* What the honest servers of a target answer: the column `baseline` of the tables of targets/, words with | between:
 *
 *	nsid|id.server|debug.opendns.com	identities that they always give, by the names of rules_source; those
 *						that are questions outside CHAOS are asked by `which`
 *	rcode=0  aa=0  ra=1			of their answers to id.server; ra of any
 *	coverage=642/645			so many of so many known identity strings fit a naming rule
 *						of the target
 *
 * What is not said is not known, and nothing is concluded from it. */
#ifndef DATA_BASELINE_H
#define DATA_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "data/record.h"
#include "data/rules.h"

struct baseline {
	uint32_t gives;          /* set of 1 << enum rules_source */
	int16_t rcode, aa, ra;   /* -1: not known */
	uint32_t fitting, known; /* strings; known 0: coverage not known */
};

/* "" is a baseline that knows nothing. ERR_PARSE names the word. */
int baseline_parse(struct baseline *b, const char *text, struct err_msg *why);
/* The questions outside CHAOS that it gives an identity to: the i-th from 0; QUESTION_NONE past the last. */
enum question baseline_question(const struct baseline *b, unsigned i);

#endif
