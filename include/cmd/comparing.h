/* What `diff` and `report` share: two catchments, or two targets of one, compared as the options say. */
#ifndef CMD_COMPARING_H
#define CMD_COMPARING_H

#include "cmd/options.h"
#include "infer/compare.h"

/* For --help: what is said of a site without vantage points. */
#define COMPARING_FATES                                                                                   \
	"sites:    gone     nobody is there now; of 3 or more steady VPs, 2 in 3 answer from elsewhere\n" \
	"          not seen nobody is there now, but that is too little to call it gone"

/* Two targets to compare: numbers in `before` and in `now`. */
struct comparing_pair {
	uint32_t before, now;
	const char *service;
};

struct comparing {
	const struct options *o;
	bool aloud; /* warnings are said on stderr too */
	struct intern names;
	const struct catchment_set *before, *now; /* the same one: two targets of it */
	struct catchment_set *bases;
	size_t n_bases;
	struct compare_options how;
	double *weights;
	struct comparing_pair *pairs;
	size_t n_pairs, cap_pairs;
	struct comparison *v; /* by service */
	size_t n;
	char **warnings;
	size_t n_warnings, cap_warnings;
	bool partial; /* rows were passed over */
	struct err_msg why;
};

/* Reads a run's folder or a catchment.csv, with --reinfer by way of `infer`. Free the set in any case. */
int comparing_read(struct comparing *c, struct catchment_set *s, const char *path);
/* Two of them at once. */
int comparing_read_two(struct comparing *c, struct catchment_set *s, const char *const path[static 2]);
/* Compares every target that both have and --target names, or --target with `against` when it is not NULL; tests against the
 * --baseline runs; judges. The sets must outlive the result. */
int comparing_run(struct comparing *c, const struct catchment_set *before, const struct catchment_set *now,
	const char *against);
/* Whether the name, an address or a service, means this target; NULL means all. */
bool comparing_wants(const struct catchment_set *s, uint32_t target, const char *name);
/* Keeps a warning; `c` is a struct comparing. */
void comparing_warn(void *c, const char *text);
void comparing_free(struct comparing *c);

#endif
