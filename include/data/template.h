/* Templates of naming rules: what an operator's identity strings look like.
 *
 *	ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net
 *	res{n:d}.q{code:a3}{m:d}[.rrdns.pch.net]
 *
 * Text stands for itself in any case. `{name:SET LENGTH}` captures a run of bytes: SET is a (letters), d (digits), w (letters
 * and digits), h (letters, digits, hyphen) or the letters and digits in round brackets; LENGTH is a number, two with a hyphen
 * between, or nothing: one or more. A capture takes as many bytes as it can and never gives one back, so that matching is
 * linear. The captures `code` and `cc` say where the site is; the names of the others are for the reader. `[...]` may be
 * missing; up to four of them, not nested: a template is expanded to its variants, the longest first. */
#ifndef DATA_TEMPLATE_H
#define DATA_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { TEMPLATE_TEXT_MAX = 255, TEMPLATE_STEPS_MAX = 96, TEMPLATE_OPTIONAL_MAX = 4 };
enum template_capture { TEMPLATE_REST, TEMPLATE_CODE, TEMPLATE_CC, TEMPLATE_CAPTURES };

/* One byte or a run of them, min to max, each out of a set. */
struct template_step {
	uint64_t set[4];
	uint16_t min, max;
	uint8_t capture; /* enum template_capture */
};

struct template_variant {
	const struct template_step *steps;
	uint8_t n;
	uint8_t last; /* lower case of the text's last byte if it is text, or 0: rejects most strings at once */
	uint16_t min, max; /* lengths of what fits */
};

struct template
{
	struct template_step *steps; /* of all variants, one after the other */
	struct template_variant variants[1 << TEMPLATE_OPTIONAL_MAX];
	uint8_t n;
	uint8_t same;                     /* so many steps at the start are in every variant */
	bool captures[TEMPLATE_CAPTURES]; /* which of them every variant has */
};

/* Compiles the text. ERR_PARSE: the message says where and why. Free in any case. */
int template_compile(struct template *t, const char *text, struct err_msg *why);
void template_free(struct template *t);

struct template_span {
	const uint8_t *p;
	size_t n;
};
struct template_match {
	struct template_span capture[TEMPLATE_CAPTURES];
};

/* Whether the bytes are of this form; the captures point into them. Pure, linear in n. */
bool template_fits(const struct template *t, const uint8_t *p, size_t n, struct template_match *m);

/* How many bytes fit before the first that does not, in the variant that comes furthest; n: more would have to follow. */
size_t template_reach(const struct template *t, const uint8_t *p, size_t n);

/* Whether some string fits both forms. */
bool template_overlap(const struct template *a, const struct template *b);

#endif
