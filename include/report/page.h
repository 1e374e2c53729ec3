/* What the page shows, as one JSON document: columns as arrays, texts once each. A row's text is a number into `strings`, its
 * vantage point one into `vps`, its site one into the target's `sites`, which holds those of both runs; what is not there is
 * null. The page's own code (src/report/page) is its only reader, and both come from one build. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/intern.h"
#include "data/vantage.h"
#include "infer/catchment_set.h"
#include "infer/compare.h"

/* Most rows of vantage points in one page, over all targets: some 6 MB. */
enum { PAGE_ROWS_MAX = 60000 };

/* What catchment.csv and sites.csv say beside what a set keeps of them. */
struct page_row {
	double distance_km, nearest_km; /* NAN: unknown */
	uint32_t nearest;               /* name of a site */
	uint32_t sent, received, sites_seen;
	int confidence;
};
struct page_site {
	int verdict, confidence;
	uint32_t evidence; /* name */
};

/* A run with all that the page says of it. */
struct page_run {
	const char *path;
	struct catchment_set set;
	struct page_row *rows;   /* beside set.rows */
	struct page_site *sites; /* beside set.sites */
	struct vantage_list places;
	json_t *trust;   /* those that are not trusted */
	json_t *quality; /* what the probers' meta.json say: sums, and those with something to tell */
};

/* Reads a run's folder, and what infer wrote from `inferred`: the same path, or another folder. `complain` hears of what is passed
 * over. Free in any case. */
int page_run_read(struct page_run *r, struct intern *names, const char *path, const char *inferred,
	vantage_complain *complain, struct err_msg *why);
void page_run_free(struct page_run *r);

/* One target in the page. */
struct page_target {
	uint32_t target;                     /* of the run's set */
	const struct comparison *comparison; /* NULL: not compared */
};

struct page {
	const struct page_run *run;
	const struct catchment_set *against; /* NULL: none */
	const struct page_target *targets;
	size_t n_targets;
	json_t *routes; /* report/routes.h, of the same targets; NULL: none. Its long lists are taken out */
	const char *const *warnings; /* that a reader of the page should know of */
	size_t n_warnings;
};

/* NULL without memory. */
json_t *page_json(const struct page *p, struct intern *names);

#endif
