/* Between the files of report/diff.h. */
#ifndef REPORT_DIFF_PARTS_H
#define REPORT_DIFF_PARTS_H

#include <jansson.h>

#include "report/diff.h"

/* A name from a file, fit for a terminal and for a line. */
struct diff_shown {
	char text[64];
};
struct diff_shown diff_show(const char *text);
struct diff_shown diff_show_site(const struct comparison *c, uint32_t site);
/* The site's key as it is; "" for COMPARE_NONE. */
const char *diff_key(const struct comparison *c, uint32_t site);

/* Vantage points of A of which it is not known which others they move with. */
size_t diff_alone(const struct comparison *c);
/* "AS", "ASes", "country", ...: what so many clusters are called. */
const char *diff_clusters_name(const struct comparison *c, size_t n);
/* Flips a chance; NAN without a chance. */
double diff_flip_rate(const struct compare_floor *f);

/* What the JSON of `diff` and the page's data have in common; null for what is no number. */
json_t *diff_json_number(double v);
json_t *diff_json_count(size_t v);
json_t *diff_json_counts(const struct comparison *c);
json_t *diff_json_inside(const struct compare_floor *f);

#endif
