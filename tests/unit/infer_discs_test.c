/* infer/discs: disjoint discs against the plain definition, the largest independent set against trying all subsets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice.h"
#include "infer/discs.h"
#include "infer/sweeps.h"

static const double half_turn_km = 3.14159265358979323846 * GEO_RADIUS_KM;

static double uniform(struct dice *luck, double low, double high)
{
	return low + (high - low) * (double)dice(luck, 1u << 30) / (1u << 30);
}

/* Clustered as vantage points are, some at the poles and on both sides of the antimeridian. */
static struct geo_point random_point(struct dice *luck)
{
	static const double cluster[][2] = {{50, 8}, {40, -75}, {-90, 0}, {90, 0}, {0, 180}, {-35, 150}};
	const double *c = cluster[dice(luck, 6)];
	double lat = c[0] + uniform(luck, -12, 12);

	return geo_point_of(lat > 90    ? 180 - lat
			    : lat < -90 ? -180 - lat
					: lat,
		c[1] + uniform(luck, -20, 20));
}

static void add(struct discs *d, const struct geo_point *at, double km, uint32_t id)
{
	assert_int_equal(discs_reserve(d, d->n + 1), 0);
	discs_add(d, &(struct disc){.at = *at, .km = km, .id = id});
}

static void fill(struct discs *d, struct dice *luck, size_t n)
{
	discs_clear(d);
	for (size_t i = 0; i < n; i++) {
		struct geo_point p = random_point(luck);
		double km = pow(10, uniform(luck, -1, 4.3));

		add(d, &p, dice(luck, 20) ? km : 0, (uint32_t)i);
	}
	assert_int_equal(discs_sort(d), 0);
	assert_int_equal(discs_finish(d), 0);
}

static bool plainly_disjoint(const struct disc *a, const struct disc *b)
{
	return a->km + b->km < half_turn_km && geo_arc_km(&a->at, &b->at) > a->km + b->km;
}

static double gap_km(const struct disc *a, const struct disc *b)
{
	return geo_arc_km(&a->at, &b->at) - a->km - b->km;
}

static void many_pairs_at_a_time_are_as_one_by_one(void **state)
{
	struct dice luck = dice_of(1);
	struct discs d = {0};

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t n = dice(&luck, 200);

		fill(&d, &luck, n);
		for (size_t a = 0; a < n; a++) {
			uint64_t found[4] = {0};
			bool got = discs_disjoint_from(&d, &d.v[a], found), any = false;
			size_t far = discs_farthest(&d, &d.v[a], found);

			for (size_t b = 0; b < n; b++) {
				bool disjoint = plainly_disjoint(&d.v[a], &d.v[b]);

				assert_int_equal(found[b / DISCS_WORD] >> b % DISCS_WORD & 1, disjoint);
				any = any || disjoint;
				if (disjoint)
					assert_true(far < n && gap_km(&d.v[a], &d.v[b]) <
								       gap_km(&d.v[a], &d.v[far]) + 2);
			}
			assert_int_equal(any, got);
			assert_true(got || far == n);
		}
	}
	discs_free(&d);
}

/* Sizes of the largest independent sets of all subsets, by their lowest member taken or not. */
static size_t by_brute_force(const struct discs *d)
{
	uint32_t meets[20] = {0};
	uint8_t *best = calloc((size_t)1 << d->n, 1);
	size_t result;

	assert_non_null(best);
	for (size_t a = 0; a < d->n; a++)
		for (size_t b = 0; b < d->n; b++)
			if (a == b || !plainly_disjoint(&d->v[a], &d->v[b]))
				meets[a] |= 1u << b;
	for (uint32_t set = 1; set < 1u << d->n; set++) {
		uint32_t low = (uint32_t)__builtin_ctz(set);
		uint8_t with = (uint8_t)(1 + best[set & ~meets[low]]), without = best[set & (set - 1)];

		best[set] = with > without ? with : without;
	}
	result = best[((size_t)1 << d->n) - 1];
	free(best);
	return result;
}

static void the_largest_set_is_the_largest(void **state)
{
	struct dice luck = dice_of(2);
	struct discs d = {0};
	struct discs_independent set = {0};
	size_t biggest = 0;

	(void)state;
	for (int round = 0; round < 10000; round++) {
		/* All of 20 take a second in a hundred; most rounds are smaller. */
		fill(&d, &luck, dice(&luck, round % 100 ? 15 : 21));
		assert_int_equal(discs_independent(&set, &d, 1000000), 0);
		assert_true(set.exact);
		assert_int_equal(set.n, by_brute_force(&d));
		for (size_t a = 0; a < set.n; a++)
			for (size_t b = 0; b < a; b++)
				assert_true(plainly_disjoint(&d.v[set.v[a]], &d.v[set.v[b]]));
		biggest = set.n > biggest ? set.n : biggest;
	}
	assert_true(biggest > 5);
	discs_independent_free(&set);
	discs_free(&d);
}

static void a_search_cut_short_says_so(void **state)
{
	struct dice luck = dice_of(3);
	struct discs d = {0};
	struct discs_independent set = {0};
	size_t found;

	(void)state;
	/* Equals, which are hard: each meets a few around it. */
	for (uint32_t i = 0; i < 300; i++) {
		struct geo_point p = geo_point_of(uniform(&luck, -20, 20), uniform(&luck, -20, 20));

		add(&d, &p, 200, i);
	}
	assert_int_equal(discs_sort(&d), 0);
	assert_int_equal(discs_finish(&d), 0);
	assert_int_equal(discs_independent(&set, &d, 0), 0);
	assert_true(!set.exact && set.n > 10);
	found = set.n;
	assert_int_equal(discs_independent(&set, &d, 10000), 0);
	assert_true(set.n >= found);
	discs_independent_free(&set);
	discs_free(&d);
}

static void one_more_disc_never_proves_fewer(void **state)
{
	struct dice luck = dice_of(4);
	struct discs all = {0}, some = {0};
	struct discs_independent set = {0};

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t before = 0;

		fill(&all, &luck, 40);
		discs_clear(&some);
		for (size_t i = 0; i < all.n; i++) {
			const struct disc *a = &all.v[(i * 7) % all.n];

			add(&some, &a->at, a->km, a->id);
			assert_int_equal(discs_sort(&some), 0);
			assert_int_equal(discs_finish(&some), 0);
			assert_int_equal(discs_independent(&set, &some, 1000000), 0);
			assert_true(set.exact && set.n >= before);
			before = set.n;
		}
	}
	discs_independent_free(&set);
	discs_free(&some);
	discs_free(&all);
}

static void radii_are_widened_and_bounded(void **state)
{
	(void)state;
	assert_float_equal(discs_radius_km(10, 0, GEO_DISC_KM_PER_MS), 1006, 1e-6);
	assert_float_equal(discs_radius_km(0, 300, GEO_DISC_KM_PER_MS), 300, 0);
	assert_float_equal(discs_radius_km(1e9, 0, GEO_DISC_KM_PER_MS), GEO_FARTHEST_KM, 0);
}

/* Points, poles, the antimeridian, and discs that are more than half of the globe. */
static void extremes_exclude_each_other_where_they_should(void **state)
{
	static const struct {
		double lat[2], lon[2], km[2];
		bool disjoint;
	} cases[] = {
		{{10, 10}, {20, 20}, {0, 0}, false},
		{{10, 10}, {20, 20.01}, {0, 0}, true},
		{{90, 90}, {0, 135}, {1e-6, 0}, false},
		{{89.5, 89.5}, {-90, 90}, {55, 55}, true},
		{{89.5, 89.5}, {-90, 90}, {56, 56}, false},
		{{0, 0}, {179.5, -179.5}, {55, 55}, true},
		{{0, 0}, {179.5, -179.5}, {56, 56}, false},
		{{0, 0}, {0, 180}, {12000, 8000}, true},
		{{0, 0}, {0, 180}, {12000, 8100}, false},
		{{0, 0}, {0, 170}, {20000, 0}, false},
		{{0, 0}, {0, 180}, {GEO_FARTHEST_KM, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct discs d = {.n = 0};
		uint64_t out[1];

		for (uint32_t k = 0; k < 2; k++) {
			struct geo_point at = geo_point_of(cases[i].lat[k], cases[i].lon[k]);

			add(&d, &at, cases[i].km[k], k);
		}
		assert_int_equal(discs_finish(&d), 0);
		assert_int_equal(discs_disjoint(&d.v[0], &d.v[1]), cases[i].disjoint);
		assert_int_equal(discs_disjoint(&d.v[1], &d.v[0]), cases[i].disjoint);
		assert_int_equal(discs_disjoint_from(&d, &d.v[0], out), cases[i].disjoint);
		discs_free(&d);
	}
}

/* One pass over all of them by either, from the same radii. */
struct swept {
	uint64_t some[8], sure[8], holding[8], held[8], answered[8];
	float columns[8 * DISCS_WORD * 4], chords[8 * DISCS_WORD], km[8 * DISCS_WORD];
};

static void sweep(struct swept *out, const struct sweeps *by, struct discs *d, size_t i, size_t word)
{
	struct discs_columns *c = &d->columns;
	const uint64_t all = discs_all(d->n, word);

	by->finish(c, d->n);
	const struct sweeps_disc disc = {c->x[i], c->y[i], c->z[i], c->r[i], c->cos_r[i], c->sin_r[i]};
	const struct sweeps_site site = {c->x[i], c->y[i], c->z[i], 0.01F * (float)word};
	const struct sweeps_word apart = by->disjoint(c, &disc, d->n, word);

	out->some[word] = apart.some & all;
	out->sure[word] = apart.sure & all;
	out->holding[word] = by->holding(c, &disc, d->n, word) & all;
	by->chords(c, 0.7F, 0.002F, d->n, out->chords);
	const struct sweeps_reach reach = by->reached(c, out->chords, &site, d->n, word);
	out->held[word] = reach.held & all;
	out->answered[word] = reach.answered & all;
	by->edges(c, &disc, d->n, word, out->km + word * DISCS_WORD);
	for (size_t k = word * DISCS_WORD; k < d->n && k < (word + 1) * DISCS_WORD; k++) {
		out->columns[4 * k] = c->cos_r[k];
		out->columns[4 * k + 1] = c->sin_r[k];
		out->columns[4 * k + 2] = c->hold[k];
		out->columns[4 * k + 3] = c->slack[k];
	}
}

/* What is only padding may differ: a row of lanes ends where it ends. */
static void forget_padding(struct swept *s, size_t n)
{
	memset(s->chords + n, 0, (8 * DISCS_WORD - n) * sizeof *s->chords);
	memset(s->km + n, 0, (8 * DISCS_WORD - n) * sizeof *s->km);
}

static void wide_lanes_find_the_very_same(void **state)
{
	struct dice luck = dice_of(3);
	static struct swept plain, wide;
	struct discs d = {0};
	size_t disjoint = 0, held = 0;

	(void)state;
	if (!sweeps_avx2()) {
		print_message("this machine has no AVX2\n");
		skip();
	}
	for (int round = 0; round < 400; round++) {
		size_t n = 1 + dice(&luck, 8 * DISCS_WORD);

		fill(&d, &luck, n);
		for (size_t i = 0; i < n; i++)
			d.v[i].slack_km = (float)uniform(&luck, 0, d.v[i].km);
		assert_int_equal(discs_finish(&d), 0);
		memset(&plain, 0, sizeof plain);
		memset(&wide, 0, sizeof wide);
		for (size_t word = 0; word < discs_words(n); word++) {
			size_t i = dice(&luck, (uint32_t)n);

			sweep(&plain, sweeps_plain(), &d, i, word);
			sweep(&wide, sweeps_avx2(), &d, i, word);
			disjoint += (size_t)__builtin_popcountll(plain.sure[word]);
			held += (size_t)__builtin_popcountll(plain.held[word]);
		}
		forget_padding(&plain, n);
		forget_padding(&wide, n);
		assert_memory_equal(&plain, &wide, sizeof plain);
	}
	assert_true(disjoint > 1000 && held > 1000);
	discs_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(radii_are_widened_and_bounded),
		cmocka_unit_test(extremes_exclude_each_other_where_they_should),
		cmocka_unit_test(many_pairs_at_a_time_are_as_one_by_one),
		cmocka_unit_test(wide_lanes_find_the_very_same),
		cmocka_unit_test(the_largest_set_is_the_largest),
		cmocka_unit_test(a_search_cut_short_says_so),
		cmocka_unit_test(one_more_disc_never_proves_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
