#include "infer/signflip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "infer/chance.h"

/* Of the largest number: sums that are equal on paper are equal here. */
static const double tolerance = 1e-9;

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Every sum of the n numbers with every choice of signs. */
static void all_sums(const double *d, size_t n, double *sums)
{
	sums[0] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t half = (size_t)1 << i;

		for (size_t k = 0; k < half; k++) {
			sums[half + k] = sums[k] + d[i];
			sums[k] -= d[i];
		}
	}
}

/* Half of the numbers at a time: each sum is one of the first half and one of the second. */
static double p_exact(const double *d, size_t m, double least)
{
	enum { HALF = SIGNFLIP_EXACT_MAX / 2 };
	double low[1 << HALF], high[1 << HALF];
	size_t half = m / 2, n_low = (size_t)1 << half, n_high = (size_t)1 << (m - half), hits = 0;

	all_sums(d, half, low);
	all_sums(d + half, m - half, high);
	for (size_t i = 0; i < n_high; i++)
		for (size_t k = 0; k < n_low; k++)
			hits += high[i] + low[k] >= least;
	return (double)hits / ((double)n_low * (double)n_high);
}

/* Numbers of one size, whose signs are drawn together. */
struct alike {
	double size;
	size_t n;
};

static size_t group(double *d, size_t m, struct alike *groups)
{
	size_t n = 0;

	for (size_t i = 0; i < m; i++)
		d[i] = fabs(d[i]);
	qsort(d, m, sizeof(*d), by_size);
	for (size_t i = 0; i < m; i++) {
		if (n == 0 || groups[n - 1].size < d[i])
			groups[n++] = (struct alike){.size = d[i]};
		groups[n - 1].n++;
	}
	return n;
}

static double draw(struct chance *c, const struct alike *groups, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += groups[i].size * (2 * (double)chance_heads(c, groups[i].n) - (double)groups[i].n);
	return sum;
}

static int p_drawn(double *d, size_t m, double least, double *p)
{
	struct chance c = chance_seeded(SIGNFLIP_SEED);
	struct alike *groups = malloc(m * sizeof(*groups));
	size_t hits = 0, n;

	if (!groups)
		return ERR_NOMEM;
	n = group(d, m, groups);
	for (size_t i = 0; i < SIGNFLIP_DRAWS; i++)
		hits += draw(&c, groups, n) >= least;
	free(groups);
	*p = (1 + (double)hits) / (SIGNFLIP_DRAWS + 1);
	return 0;
}

int signflip_test(double *d, size_t n, struct signflip *out)
{
	double sum = 0, largest = 0;
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		sum += d[i];
		largest = fmax(largest, fabs(d[i]));
		if (fabs(d[i]) > 0)
			d[m++] = d[i];
	}
	*out = (struct signflip){.p = 1, .m = m, .exact = m <= SIGNFLIP_EXACT_MAX};
	sum -= tolerance * largest;
	if (!out->exact)
		return p_drawn(d, m, sum, &out->p);
	if (m > 0)
		out->p = p_exact(d, m, sum);
	return 0;
}

/* Whether k clusters of mean weight would have been called a change; `room` holds n_before + k numbers. */
static int would_show(const struct signflip_power *w, size_t k, double *room, bool *shows)
{
	double mean = w->weight / (double)w->clusters, effect = mean * (double)k;
	struct signflip test;
	int rc;

	for (size_t i = 0; i < w->n_before; i++) {
		room[i] = -w->before[i];
		effect -= w->before[i];
	}
	for (size_t i = 0; i < k; i++)
		room[w->n_before + i] = mean;
	rc = signflip_test(room, w->n_before + k, &test);
	*shows = test.p <= w->alpha && effect >= w->effect_min * w->weight;
	return rc;
}

int signflip_smallest(const struct signflip_power *w, size_t *clusters)
{
	double *room = malloc((w->n_before + w->clusters + 1) * sizeof(*room));
	size_t low = 0, high = w->clusters + 1; /* `low` do not show, `high` do, or are too many */
	int rc = room ? 0 : ERR_NOMEM;

	while (rc == 0 && high - low > 1) {
		size_t k = low + (high - low) / 2;
		bool shows = false;

		rc = would_show(w, k, room, &shows);
		*(shows ? &high : &low) = k;
	}
	free(room);
	*clusters = high <= w->clusters ? high : 0;
	return rc;
}

struct ranked {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	return by_size(&((const struct ranked *)a)->p, &((const struct ranked *)b)->p);
}

int signflip_holm(double *p, size_t n)
{
	struct ranked *r = malloc((n + 1) * sizeof(*r));
	double highest = 0;

	if (!r)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){p[i], i};
	qsort(r, n, sizeof(*r), by_p);
	for (size_t i = 0; i < n; i++) {
		highest = fmax(highest, fmin(1, r[i].p * (double)(n - i)));
		p[r[i].at] = highest;
	}
	free(r);
	return 0;
}

double signflip_rank(const double *earlier, size_t k, double value)
{
	size_t above = 0;

	for (size_t i = 0; i < k; i++)
		above += earlier[i] >= value;
	return (1 + (double)above) / ((double)k + 1);
}
