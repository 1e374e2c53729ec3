#include "infer/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "infer/chance.h"
#include "infer/quantile.h"

/* Clusters that weigh the same and took the same to the same sites are alike: how many of them a resample holds says all. */
struct cluster {
	double weight;
	const struct bootstrap_change *changes;
	size_t n;
};

/* A run of `n` clusters that are alike. */
struct alike {
	size_t first, n;
};

/* A set of this many is drawn as a whole, smaller ones a cluster at a time: that is the faster way for each. */
enum { DRAWN_WHOLE = 64 };

struct boot {
	struct cluster *clusters;
	struct alike *alike; /* the large ones first, largest first */
	size_t n_clusters, n_alike, n_large;
	uint32_t *few; /* clusters of the small ones */
	size_t n_few;
	double *moved;  /* of the current resample, by site */
	double *shares; /* sites x BOOTSTRAP_RESAMPLES */
	size_t sites;
};

static int by_cluster_and_site(const void *a, const void *b)
{
	const struct bootstrap_change *x = a, *y = b;

	if (x->cluster != y->cluster)
		return x->cluster < y->cluster ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site);
}

static int by_likeness(const void *a, const void *b)
{
	const struct cluster *x = a, *y = b;

	if (x->weight < y->weight || x->weight > y->weight)
		return x->weight < y->weight ? -1 : 1;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	for (size_t i = 0; i < x->n; i++) {
		const struct bootstrap_change *p = &x->changes[i], *q = &y->changes[i];

		if (p->site != q->site)
			return p->site < q->site ? -1 : 1;
		if (p->weight < q->weight || p->weight > q->weight)
			return p->weight < q->weight ? -1 : 1;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct alike *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* One entry for each cluster and site; what adds up to nothing is left out. */
static size_t merge_changes(struct bootstrap_change *v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof(*v), by_cluster_and_site);
	for (size_t i = 0; i < n;) {
		struct bootstrap_change sum = v[i++];

		while (i < n && v[i].cluster == sum.cluster && v[i].site == sum.site)
			sum.weight += v[i++].weight;
		if (fabs(sum.weight) > 0)
			v[kept++] = sum;
	}
	return kept;
}

static void find_alike(struct boot *b)
{
	for (size_t i = 0; i < b->n_clusters; i++) {
		if (i == 0 || by_likeness(&b->clusters[i - 1], &b->clusters[i]) != 0)
			b->alike[b->n_alike++].first = i;
		b->alike[b->n_alike - 1].n++;
	}
	qsort(b->alike, b->n_alike, sizeof(*b->alike), by_number);
	while (b->n_large < b->n_alike && b->alike[b->n_large].n >= DRAWN_WHOLE)
		b->n_large++;
	for (size_t i = b->n_large; i < b->n_alike; i++)
		for (size_t k = 0; k < b->alike[i].n; k++)
			b->few[b->n_few++] = (uint32_t)(b->alike[i].first + k);
}

/* Counts a cluster `times` times; returns the weight. */
static double take(struct boot *b, const struct cluster *c, size_t times)
{
	for (size_t i = 0; i < c->n; i++)
		b->moved[c->changes[i].site] += c->changes[i].weight * (double)times;
	return c->weight * (double)times;
}

static void resample(struct boot *b, struct chance *c, size_t number)
{
	size_t among = b->n_clusters, left = among;
	double weight = 0;

	memset(b->moved, 0, b->sites * sizeof(*b->moved));
	for (size_t i = 0; i < b->n_large; i++) {
		size_t times = chance_successes(c, left, b->alike[i].n, among);

		weight += take(b, &b->clusters[b->alike[i].first], times);
		left -= times;
		among -= b->alike[i].n;
	}
	for (; left > 0; left--)
		weight += take(b, &b->clusters[b->few[chance_below(c, (uint32_t)b->n_few)]], 1);
	for (size_t s = 0; s < b->sites; s++)
		b->shares[s * BOOTSTRAP_RESAMPLES + number] = b->moved[s] / weight;
}

static void fill(struct boot *b, const double *weight, const struct bootstrap_change *changes, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < b->n_clusters; i++) {
		struct cluster *c = &b->clusters[i];

		*c = (struct cluster){.weight = weight[i], .changes = changes + at};
		for (; at < n && changes[at].cluster == i; at++)
			c->n++;
	}
	qsort(b->clusters, b->n_clusters, sizeof(*b->clusters), by_likeness);
	find_alike(b);
}

int bootstrap_shares(const double *weight, size_t clusters, struct bootstrap_change *changes, size_t n,
	size_t sites, struct bootstrap_interval *out)
{
	struct boot b = {.n_clusters = clusters, .sites = sites};
	struct chance c = chance_seeded(BOOTSTRAP_SEED);
	int rc = ERR_NOMEM;

	memset(out, 0, sites * sizeof(*out));
	n = merge_changes(changes, n);
	if (n == 0 || clusters == 0)
		return 0; /* every resample says 0 */
	b.clusters = calloc(clusters, sizeof(*b.clusters));
	b.alike = calloc(clusters, sizeof(*b.alike));
	b.few = calloc(clusters, sizeof(*b.few));
	b.moved = calloc(sites, sizeof(*b.moved));
	b.shares = calloc(sites * BOOTSTRAP_RESAMPLES, sizeof(*b.shares));
	if (!b.clusters || !b.alike || !b.few || !b.moved || !b.shares)
		goto out;
	fill(&b, weight, changes, n);
	for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++)
		resample(&b, &c, i);
	for (size_t s = 0; s < sites; s++) {
		double *v = b.shares + s * BOOTSTRAP_RESAMPLES;

		out[s] = (struct bootstrap_interval){
			quantile(v, BOOTSTRAP_RESAMPLES, 0.025), quantile(v, BOOTSTRAP_RESAMPLES, 0.975)};
	}
	rc = 0;
out:
	free(b.clusters);
	free(b.alike);
	free(b.few);
	free(b.moved);
	free(b.shares);
	return rc;
}
