/* Comparisons of catchments: a story of about 20 lines for each, a table of all, JSON, and a CSV of vantage points. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "data/field.h"
#include "infer/compare.h"

enum diff_sort { DIFF_BY_COST, DIFF_BY_SITE, DIFF_BY_VP };

struct diff_view {
	const struct comparison *v;
	size_t n;
	const char *const *warnings; /* about all of them */
	size_t n_warnings;
	enum diff_sort sort;
	double fail_on; /* share; below 0: not asked for */
	bool every;     /* all in detail, with each vantage point that changed */
};

enum { DIFF_SENTENCE_MAX = 512 };
/* "k.root-servers.net 192.0.2.1": what was compared. */
const char *diff_label(const struct comparison *c, char out[static DIFF_SENTENCE_MAX]);
/* What changed, beside the noise, without the verdict and the label: "20.9 % moved (39 of 187 VPs, 24 ASes); floor 2.2 %; ...". */
const char *diff_sentence(const struct comparison *c, char out[static DIFF_SENTENCE_MAX]);
/* CHANGED, LOCAL, SAME, UNTESTED or CANNOT. */
const char *diff_verdict_name(enum compare_verdict v);
const char *diff_fate_name(enum compare_fate f);
/* What --fail-on measures: the change above the floor where there is a baseline, else the share that moved; NAN when neither can
 * be told. */
double diff_excess(const struct comparison *c);
bool diff_fails(const struct diff_view *d, const struct comparison *c);
/* Has a site in one of the runs, and not the same in the other. */
bool diff_is_news(const struct compare_vp *v);
/* All vantage points, or those with news, in this order: *n of them, to be freed; NULL without memory. */
const struct compare_vp **diff_sorted(const struct comparison *c, enum diff_sort sort, bool news, size_t *n);
/* "moved", "stayed", "lost", "regained", "no-site" (in neither), "only-before", "only-now", "excluded". */
const char *diff_change_name(const struct compare_vp *v);

int diff_text(FILE *out, const struct diff_view *d);
int diff_json(FILE *out, const struct diff_view *d);
int diff_csv(FILE *out, const struct diff_view *d);
/* The columns of the CSV. */
field_walk diff_field;

#endif
