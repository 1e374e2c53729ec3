/* Did a service change more between two runs than it does anyway? The cluster sign-flip test, and what belongs to it.
 *
 * Each cluster (a network) gives one number D: the weight that moved between the runs to compare, less the weight that moved
 * between a baseline and the first of them. Where nothing changed, D is as likely to be -D, for each cluster by itself.
 * Vantage points of one network move together: a test that counts them as independent finds changes where none are. */
#ifndef INFER_SIGNFLIP_H
#define INFER_SIGNFLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGNFLIP_EXACT_MAX = 20, SIGNFLIP_DRAWS = 9999, SIGNFLIP_SEED = 1 };

struct signflip {
	double p;   /* one-sided: the chance of a sum as large as this one, or larger */
	size_t m;   /* numbers that are not 0 */
	bool exact; /* all 2^m signs were tried, not SIGNFLIP_DRAWS of them */
};

/* Puts d[n] in another order. ERR_NOMEM. */
int signflip_test(double *d, size_t n, struct signflip *out);

/* What is known of the clusters when one asks how small a change the test would have seen. */
struct signflip_power {
	const double *before; /* weight that moved before, of each cluster where any did */
	size_t n_before;
	size_t clusters;   /* all of them */
	double weight;     /* of all of them */
	double alpha;      /* largest p that counts */
	double effect_min; /* share of the weight below which a change is none */
};

/* The least number of clusters of mean weight which, had they moved as a whole, would have been called a change; 0 when not even
 * all of them would. ERR_NOMEM. */
int signflip_smallest(const struct signflip_power *w, size_t *clusters);

/* Holm's correction (1979) of p[n] for their number, in place. ERR_NOMEM. */
int signflip_holm(double *p, size_t n);

/* Where `value` stands among what k earlier pairs of runs gave, no network being taken as independent of another:
 * (1 + those not below it) / (k + 1). */
double signflip_rank(const double *earlier, size_t k, double value);

#endif
