#include <math.h>
#include <stdlib.h>

#include "infer/compare.h"
#include "infer/signflip.h"

static int nomem(struct err_msg *why)
{
	return err_set(why, ERR_NOMEM, "out of memory");
}

/* --- three runs --- */

/* What each cluster moved before, and now. */
struct tally {
	double *before, *now;
	bool *known;
	size_t n;
};

static void tally_vp(struct comparison *c, struct tally *t, const struct compare_vp *v, bool moved_before)
{
	struct compare_test *test = &c->test;

	test->vps++;
	test->all_clusters += !t->known[v->cluster];
	t->known[v->cluster] = true;
	test->weight += v->weight;
	test->moved_before += moved_before;
	test->moved_now += compare_moved(v);
	t->before[v->cluster] += moved_before ? v->weight : 0;
	t->now[v->cluster] += compare_moved(v) ? v->weight : 0;
}

/* The vantage points with a site in all three runs. before_of_base: which of OLD's sites each of the baseline's is. */
static void tally_all(struct comparison *c, struct tally *t, const struct compare_side *base,
	const uint32_t *before_of_base)
{
	const struct catchment_target *bt = compare_target(base);
	const struct catchment_vp *row = base->set->rows + bt->first_row, *end = row + bt->n_rows;
	size_t first_before = compare_target(&c->before)->first_site;

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		while (row < end && row->vp < v->vp)
			row++;
		if (row == end)
			return;
		if (row->vp == v->vp && row->state == VP_SITE && compare_in_a(v))
			tally_vp(c, t, v,
				before_of_base[row->site - bt->first_site] != v->before->site - first_before);
	}
}

static int flip_signs(struct compare_test *test, const struct tally *t, double *d)
{
	struct signflip result;

	for (size_t i = 0; i < t->n; i++) {
		test->floor += t->before[i] / test->weight;
		test->now += t->now[i] / test->weight;
		d[i] = t->now[i] - t->before[i];
		if (t->before[i] > 0)
			test->before[test->n_before++] = t->before[i];
	}
	test->effect = test->now - test->floor;
	if (signflip_test(d, t->n, &result) < 0)
		return ERR_NOMEM;
	test->p_flip = test->p = test->p_holm = result.p;
	test->clusters = result.m;
	test->exact = result.exact;
	return 0;
}

static int test_against(struct comparison *c, const struct compare_side *base)
{
	struct compare_test *test = &c->test;
	struct tally t = {calloc(c->n_clusters + 1, sizeof(double)),
		calloc(c->n_clusters + 1, sizeof(double)), calloc(c->n_clusters + 1, sizeof(bool)),
		c->n_clusters};
	double *d = calloc(c->n_clusters + 1, sizeof(*d));
	uint32_t *before_of_base = malloc((compare_target(base)->n_sites + 1) * sizeof(*before_of_base));
	int rc = ERR_NOMEM;

	test->base = base->set;
	test->lag_before_s = compare_lag_s(base, &c->before);
	test->before = calloc(c->n_clusters + 1, sizeof(*test->before));
	if (t.before && t.now && t.known && d && test->before && before_of_base)
		rc = compare_match_sites(base, &c->before, before_of_base);
	if (rc == 0) {
		tally_all(c, &t, base, before_of_base);
		test->done = test->vps >= COMPARE_VPS_MIN;
		if (test->done)
			rc = flip_signs(test, &t, d);
	}
	free(t.before);
	free(t.now);
	free(t.known);
	free(d);
	free(before_of_base);
	return rc;
}

/* --- many runs --- */

static int by_time(const void *a, const void *b)
{
	int64_t x = compare_target(a)->first.ns, y = compare_target(b)->first.ns;

	return (x > y) - (x < y);
}

static bool alike(double lag_s, double other_s)
{
	return lag_s > 0 && other_s > 0 && lag_s <= other_s * COMPARE_LAG_FACTOR &&
	       other_s <= lag_s * COMPARE_LAG_FACTOR;
}

/* M between two runs; NAN when no vantage point has a site in both. */
static int moved_between(const struct comparison *c, const struct compare_side *a,
	const struct compare_side *b, double *moved, struct err_msg *why)
{
	struct comparison pair = {.before = *a, .now = *b, .options = c->options};
	int rc = compare_moves(&pair, why);

	*moved = pair.moved_share;
	compare_free(&pair);
	return rc;
}

/* Consecutive pairs at the lag of the one to judge; each begins where the one before ends. */
static int rank_among(struct comparison *c, const struct compare_side *runs, size_t n, struct err_msg *why)
{
	double *earlier = malloc((n + 1) * sizeof(*earlier));
	size_t k = 0;
	int rc = earlier ? 0 : nomem(why);

	for (size_t i = 0; rc == 0 && i + 1 < n; i++) {
		if (!alike(compare_lag_s(&runs[i], &runs[i + 1]), c->test.lag_now_s))
			continue;
		rc = moved_between(c, &runs[i], &runs[i + 1], &earlier[k], why);
		k += rc == 0 && !isnan(earlier[k]);
	}
	if (rc == 0 && k > 0 && c->a > 0) {
		c->test.pairs = k;
		c->test.p_rank = signflip_rank(earlier, k, c->moved_share);
	}
	free(earlier);
	return rc;
}

/* The run whose lag to OLD is most like the lag to judge; the last one where that is not known. */
static size_t best_base(const struct comparison *c, const struct compare_side *runs, size_t n)
{
	double least = HUGE_VAL;
	size_t best = n - 1;

	for (size_t i = 0; i < n; i++) {
		double off = fabs(log(compare_lag_s(&runs[i], &c->before)) - log(c->test.lag_now_s));

		if (off < least) {
			least = off;
			best = i;
		}
	}
	return best;
}

int compare_baseline(struct comparison *c, const struct compare_side *base, size_t n, struct err_msg *why)
{
	struct compare_side *runs = malloc((n + 1) * sizeof(*runs));
	bool timed = true;
	int rc = 0;

	if (!runs)
		return nomem(why);
	for (size_t i = 0; i < n; i++) {
		runs[i] = base[i];
		timed = timed && compare_target(&base[i])->first.ns > 0;
	}
	if (timed && n > 0)
		qsort(runs, n, sizeof(*runs), by_time);
	runs[n] = c->before;
	if (n > 0 && test_against(c, &runs[best_base(c, runs, n)]) < 0)
		rc = nomem(why);
	if (rc == 0)
		rc = rank_among(c, runs, n + 1, why);
	/* Of many pairs the rank needs no network to be independent of another; it cannot be below 1 / (pairs + 1). */
	if (c->test.pairs >= COMPARE_PAIRS_MIN && c->test.done &&
		c->options.alpha * ((double)c->test.pairs + 1) >= 1)
		c->test.p = c->test.p_holm = c->test.p_rank;
	free(runs);
	return rc;
}

/* --- verdicts --- */

static bool is_tested(const struct comparison *c)
{
	return c->test.done && c->a >= COMPARE_VPS_MIN;
}

static enum compare_verdict verdict_of(const struct comparison *c)
{
	if (c->a < COMPARE_VPS_MIN)
		return COMPARE_CANNOT;
	if (!c->test.done)
		return COMPARE_UNTESTED;
	if (c->test.p_holm <= c->options.alpha && c->test.effect >= COMPARE_EFFECT_MIN)
		return COMPARE_CHANGED;
	return c->moved > 0 && c->clusters_moved < COMPARE_LOCAL_BELOW ? COMPARE_LOCAL : COMPARE_SAME;
}

static int find_smallest(struct comparison *c)
{
	struct compare_test *test = &c->test;
	const struct signflip_power w = {.before = test->before,
		.n_before = test->n_before,
		.clusters = test->all_clusters,
		.weight = test->weight,
		.alpha = c->options.alpha / (double)test->targets,
		.effect_min = COMPARE_EFFECT_MIN};
	int rc = signflip_smallest(&w, &test->smallest);

	test->smallest_share = (double)test->smallest / (double)test->all_clusters;
	return rc;
}

int compare_judge(struct comparison *c, size_t n, struct err_msg *why)
{
	double *p = malloc((n + 1) * sizeof(*p));
	size_t k = 0;
	int rc = p ? 0 : ERR_NOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (is_tested(&c[i]))
			p[k++] = c[i].test.p;
	if (rc == 0)
		rc = signflip_holm(p, k);
	for (size_t i = 0, at = 0; rc == 0 && i < n; i++) {
		if (is_tested(&c[i])) {
			c[i].test.targets = k;
			c[i].test.p_holm = p[at++];
		}
		c[i].verdict = verdict_of(&c[i]);
		if (c[i].verdict == COMPARE_SAME)
			rc = find_smallest(&c[i]);
	}
	free(p);
	return rc < 0 ? nomem(why) : 0;
}
