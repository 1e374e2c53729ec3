#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "dice.h"
#include "infer/bootstrap.h"
#include "infer/chance.h"
#include "infer/codes.h"
#include "infer/quantile.h"
#include "infer/signflip.h"

static double p_of(const double *d, size_t n)
{
	double copy[64];
	struct signflip out;

	memcpy(copy, d, n * sizeof(*d));
	assert_int_equal(signflip_test(copy, n, &out), 0);
	return out.p;
}

static void golden_values(void **state)
{
	static const struct {
		double d[6];
		size_t n;
		double p;
	} cases[] = {
		{{1, 1, 1, 1, 1}, 5, 1.0 / 32}, {{3, 2, 1, 1, 1, -1}, 6, 5.0 / 64}, {{6}, 1, 0.5},
		{{2, 1, -1, -2}, 4, 10.0 / 16}, {{0, 1, 0, 1, 1, 0}, 6, 1.0 / 8}, {{0}, 1, 1}, {{0}, 0, 1},
		{{0.1, 0.2, -0.3}, 3, 5.0 / 8}, /* a sum that is 0 on paper only */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(fabs(p_of(cases[i].d, cases[i].n) - cases[i].p) < 1e-15);
}

/* All 2^m signs, one after another. */
static double p_by_counting(const double *d, size_t m)
{
	double sum = 0, largest = 0;
	size_t hits = 0;

	for (size_t i = 0; i < m; i++) {
		sum += d[i];
		largest = fmax(largest, fabs(d[i]));
	}
	for (size_t signs = 0; signs < (size_t)1 << m; signs++) {
		double s = 0;

		for (size_t i = 0; i < m; i++)
			s += signs >> i & 1 ? d[i] : -d[i];
		hits += s >= sum - 1e-9 * largest;
	}
	return (double)hits / (double)((size_t)1 << m);
}

static void exact_as_counted(void **state)
{
	struct dice dice_ = dice_of(5);

	(void)state;
	for (size_t m = 1; m <= 14; m++)
		for (int turn = 0; turn < 20; turn++) {
			double d[14];

			for (size_t i = 0; i < m; i++)
				d[i] = ((double)dice(&dice_, 2000) - 800) / 7 + 0.001;
			assert_true(fabs(p_of(d, m) - p_by_counting(d, m)) < 1e-12);
		}
}

/* Beyond 20 numbers: near what the normal law says of the sum, the same each time, never 0. */
static void drawn_beyond(void **state)
{
	double d[60] = {0};

	(void)state;
	for (size_t wanted = 21; wanted <= 60; wanted += 13) {
		double squares = 0, sum = 0, z;

		for (size_t i = 0; i < wanted; i++) {
			d[i] = i % 3 ? 1 + (double)(i % 5) : -2;
			squares += d[i] * d[i];
			sum += d[i];
		}
		z = (sum - 0.5) / sqrt(squares);
		assert_true(fabs(p_of(d, wanted) - 0.5 * erfc(z / sqrt(2))) < 0.01);
		assert_true(p_of(d, wanted) == p_of(d, wanted));
	}
	for (size_t i = 0; i < 60; i++)
		d[i] = 1;
	assert_true(fabs(p_of(d, 60) - 1e-4) < 1e-12);
}

static void smallest_change(void **state)
{
	static const double three[] = {1, 1, 1};
	static const struct {
		size_t n_before, clusters;
		double alpha, effect_min;
		size_t expected;
	} cases[] = {
		{0, 100, 0.05, 0, 5}, {0, 100, 0.01, 0, 7}, {0, 100, 0.05, 0.2, 20}, {0, 4, 0.05, 0, 0},
		{3, 100, 0.05, 0, 10}, /* ten of 1, three of -1: 378 of 8192 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct signflip_power w = {three, cases[i].n_before, cases[i].clusters,
			(double)cases[i].clusters, cases[i].alpha, cases[i].effect_min};
		size_t k = 99;

		assert_int_equal(signflip_smallest(&w, &k), 0);
		assert_int_equal(k, cases[i].expected);
	}
}

static void holm_and_rank(void **state)
{
	static const double earlier[] = {0.01, 0.02, 0.02, 0.05};
	double p[] = {0.01, 0.04, 0.03, 0.005};

	(void)state;
	assert_int_equal(signflip_holm(p, 4), 0);
	assert_true(fabs(p[0] - 0.03) < 1e-12 && fabs(p[1] - 0.06) < 1e-12);
	assert_true(fabs(p[2] - 0.06) < 1e-12 && fabs(p[3] - 0.02) < 1e-12);
	assert_true(fabs(signflip_rank(earlier, 4, 0.02) - 4.0 / 5) < 1e-12);
	assert_true(fabs(signflip_rank(earlier, 4, 0.06) - 1.0 / 5) < 1e-12);
	assert_true(fabs(signflip_rank(earlier, 0, 0.06) - 1) < 1e-12);
}

static void quantiles(void **state)
{
	struct dice d = dice_of(3);

	(void)state;
	assert_true(isnan(quantile_median(NULL, 0)) && isnan(quantile(NULL, 0, 0.5)));
	for (size_t n = 1; n < 300; n++) {
		double v[300];
		size_t at_most = 0, below = 0;
		double q = dice(&d, 1001) / 1000.0, got, median;

		for (size_t i = 0; i < n; i++)
			v[i] = dice(&d, 40);
		got = quantile(v, n, q);
		for (size_t i = 0; i < n; i++) {
			at_most += v[i] <= got;
			below += v[i] < got;
		}
		assert_true((double)at_most >= q * (double)n - 1e-6);
		assert_true(below == 0 || (double)below < q * (double)n);
		median = quantile_median(v, n);
		at_most = below = 0;
		for (size_t i = 0; i < n; i++) {
			at_most += v[i] <= median;
			below += v[i] < median;
		}
		assert_true(2 * at_most >= n && 2 * below <= n);
	}
}

static void chances(void **state)
{
	struct chance a = chance_seeded(1), b = chance_seeded(1);
	size_t heads = 0, successes = 0, faces[6] = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(chance_u64(&a) == chance_u64(&b));
	for (int i = 0; i < 2000; i++) {
		heads += chance_heads(&a, 100);
		successes += chance_successes(&a, 100, 7, 30);
		faces[chance_below(&a, 6)]++;
	}
	/* five standard deviations */
	assert_in_range(heads, 100000 - 1120, 100000 + 1120);
	assert_in_range(successes, 46667 - 946, 46667 + 946);
	for (size_t i = 0; i < 6; i++)
		assert_in_range(faces[i], 333 - 84, 333 + 84);
	assert_int_equal(chance_successes(&a, 50, 3, 3), 50);
	assert_int_equal(chance_successes(&a, 50, 0, 3), 0);
	assert_int_equal(chance_heads(&a, 0), 0);
}

static void codes_count_up(void **state)
{
	struct codes c;

	(void)state;
	assert_int_equal(codes_init(&c, 5000), 0);
	for (uint64_t round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 5000; i++)
			assert_int_equal(codes_of(&c, i << 32 | (i * 7)), i);
	assert_int_equal(c.n, 5000);
	codes_free(&c);
}

/* n clusters of weight 1, of which the first `moved` took theirs from site 0 to site 1: the change of site 1 is their share,
 * and its interval that of a binomial. */
static void check_interval(size_t n, size_t moved, double spread)
{
	double weight[3000], share = (double)moved / (double)n, sd = sqrt(share * (1 - share) / (double)n);
	struct bootstrap_change changes[6000];
	struct bootstrap_interval at[3];
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		weight[i] = 1 + spread * (double)i / (double)n;
	for (uint32_t i = 0; i < moved; i++) {
		changes[k++] = (struct bootstrap_change){(uint32_t)n - 1 - i, 1, weight[n - 1 - i]};
		changes[k++] = (struct bootstrap_change){(uint32_t)n - 1 - i, 0, -weight[n - 1 - i]};
	}
	assert_int_equal(bootstrap_shares(weight, n, changes, k, 3, at), 0);
	assert_true(fabs(at[1].low - (share - 1.96 * sd)) < 0.4 * sd + 1.0 / (double)n);
	assert_true(fabs(at[1].high - (share + 1.96 * sd)) < 0.4 * sd + 1.0 / (double)n);
	assert_true(fabs(at[0].low + at[1].high) <= 0.1 * sd && fabs(at[0].high + at[1].low) <= 0.1 * sd);
	assert_true(fabs(at[2].low) + fabs(at[2].high) < 1e-15);
}

/* By whole sets of clusters that are alike, and, with weights that differ a little, one by one. */
static void intervals(void **state)
{
	(void)state;
	check_interval(100, 20, 0);
	check_interval(3000, 600, 0);
	check_interval(3000, 70, 0);
	check_interval(100, 20, 1e-6);
	check_interval(3000, 600, 1e-6);
	check_interval(100, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_values),
		cmocka_unit_test(exact_as_counted),
		cmocka_unit_test(drawn_beyond),
		cmocka_unit_test(smallest_change),
		cmocka_unit_test(holm_and_rank),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(chances),
		cmocka_unit_test(codes_count_up),
		cmocka_unit_test(intervals),
	};

	if (hash_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
