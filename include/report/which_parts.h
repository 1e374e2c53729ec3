/* Pieces of text and tables that the outputs of `which` share. For src/report/which*.c only. */
#ifndef REPORT_WHICH_PARTS_H
#define REPORT_WHICH_PARTS_H

#include "report/which.h"

enum { WHICH_CELL_MAX = 64, WHICH_NAME_MAX = 40 };

/* Text that grows to its end; what does not fit is left out. */
struct which_words {
	char *text;
	size_t cap, n;
	bool brief; /* leave out what can be */
};
void which_add(struct which_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Identity bytes, printable, cut at WHICH_NAME_MAX for the eye. */
const char *which_name(struct bytes b, char out[static WHICH_CELL_MAX]);
/* "12.3 ms"; "-" for none. */
const char *which_ms(double ms, char out[static WHICH_CELL_MAX]);
/* "1,230" */
const char *which_km(double km, char out[static WHICH_CELL_MAX]);
/* "Vienna, AT (vie)", or "Cloudflare site cf-87" for a key alone. */
const char *which_site(const struct ident *id, char out[static 2 * WHICH_CELL_MAX]);
/* "CH TXT id.server", "echo", "SYN 53" */
const char *which_question(const struct observe_line *l, char out[static WHICH_CELL_MAX]);
/* "Quad9 or PCH" */
const char *which_operators(const char *list, char out[static WHICH_CELL_MAX]);
/* "Paris", "48.86,2.35": where we are said to be. */
const char *which_here(const struct which_view *v, char out[static WHICH_CELL_MAX]);
/* The label that most replies have; n = 0: none has one. */
struct bytes which_label(const struct voices *v);
/* What may be said of a site: its name where it is proven, else what its servers call themselves, in quotes. */
const char *which_spoken(
	const struct which_view *v, const struct voice_site *s, char out[static 2 * WHICH_CELL_MAX]);
/* Whether the site (NULL: none) may be named as one that answers: by a sure rule, and not too far for the time. */
bool which_is_proven(const struct which_view *v, const struct voice_site *s);
double which_min_ms(const struct verdict *v);

/* Flows with a site. */
uint32_t which_flows(const struct which_view *v);
/* The rule of another operator that fits most replies; NULL: none does. */
const struct rule *which_foreign(const struct voices *h);
/* The line of an ICMP error about DNS queries, or NULL. */
const struct observe_line *which_dns_error(const struct observation *o);
/* No listed site is nearer than the one that answers, as far as places are known. */
bool which_is_at_nearest(const struct verdict *v);

/* What supports the first line, and the next step: a line for each. */
void which_facts(FILE *out, const struct which_view *v);
/* The table of probes. */
int which_table(FILE *out, const struct which_view *v, bool colour);
/* What a sign says, in words for the fact lines: "" when it could not be looked for. */
void which_sign(const struct which_view *v, enum sign s, struct which_words *out);

#endif
