/* How sure a change of shares is, when vantage points come in clusters (networks): 95 % intervals from resamples of the
 * clusters, drawn with replacement (percentile bootstrap; Efron and Tibshirani, 1993). */
#ifndef INFER_BOOTSTRAP_H
#define INFER_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

enum { BOOTSTRAP_RESAMPLES = 2000, BOOTSTRAP_SEED = 1 };

/* Weight that one cluster took to a site (below 0: away from it). */
struct bootstrap_change {
	uint32_t cluster, site;
	double weight;
};

struct bootstrap_interval {
	double low, high;
};

/* Of the change of each site's share: weight[clusters] is the weight of each cluster, changes[n] what they took where, in any
 * order; they are reordered and merged. Fills out[sites]. ERR_NOMEM. */
int bootstrap_shares(const double *weight, size_t clusters, struct bootstrap_change *changes, size_t n,
	size_t sites, struct bootstrap_interval *out);

#endif
