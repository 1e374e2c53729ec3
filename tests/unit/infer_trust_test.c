#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "infer/trust.h"

enum { WAW, VIE, FRA, LYING, VPS };

/* The last one says Sydney and is in Warsaw. */
static void place_vps(struct sites_vp vps[static VPS])
{
	static const double at[VPS][2] = {{52.23, 21.01}, {48.21, 16.37}, {50.11, 8.68}, {-33.87, 151.21}};

	for (size_t i = 0; i < VPS; i++)
		vps[i] = (struct sites_vp){.placed = true,
			.weight = 1,
			.lat = at[i][0],
			.lon = at[i][1],
			.at = geo_point_of(at[i][0], at[i][1])};
}

static const struct sites_label labels[] = {
	{true, 52.17, 20.97, 60, RULES_HIGH}, /* Warsaw */
	{true, 50.03, 8.56, 60, RULES_HIGH},  /* Frankfurt */
};

struct trial {
	struct sites_seen seen[6];
	bool out; /* the last vantage point */
};

static void judge_names(const struct trial *trial)
{
	struct sites_vp vps[VPS];
	struct trust trust = {.v = NULL};
	struct sites_problem p = {.options = &sites_defaults,
		.vps = vps,
		.n_vps = VPS,
		.seen = trial->seen,
		.labels = labels,
		.n_labels = 2};

	while (p.n_seen < 6 && trial->seen[p.n_seen].rtt_ms > 0)
		p.n_seen++;
	place_vps(vps);
	assert_int_equal(trust_begin(&trust, vps, VPS), 0);
	assert_int_equal(trust_names(&trust, &p), 0);
	assert_int_equal(trust_judge(&trust, vps, 0.2), trial->out);
	for (size_t i = 0; i < VPS; i++) {
		assert_int_equal(vps[i].distrusted, i == LYING && trial->out);
		assert_int_equal(*trust.v[i].reason != '\0', vps[i].distrusted);
	}
	/* Who is out is judged no more, and the others have nobody to contradict. */
	assert_int_equal(trust_begin(&trust, vps, VPS), 0);
	assert_int_equal(trust_names(&trust, &p), 0);
	assert_int_equal(trust_judge(&trust, vps, 0.2), 0);
	trust_free(&trust);
}

static void names(void **state)
{
	static const struct trial trials[] = {
		/* two sites that others confirm, both too near */
		{{{WAW, 0, 3}, {VIE, 0, 9}, {FRA, 1, 2}, {VIE, 1, 9}, {LYING, 0, 2}, {LYING, 1, 12}}, true},
		/* one alone may be a wrong name */
		{{{WAW, 0, 3}, {VIE, 0, 9}, {LYING, 0, 2}}, false},
		/* nobody else has met them */
		{{{LYING, 0, 2}, {LYING, 1, 12}}, false},
		/* far enough away for where it says it is */
		{{{WAW, 0, 3}, {VIE, 0, 9}, {FRA, 1, 2}, {VIE, 1, 9}, {LYING, 0, 280}, {LYING, 1, 290}},
			false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		judge_names(&trials[i]);
}

/* Blame by discs is a share of the targets where there could be some. */
static void discs(void **state)
{
	static const struct {
		uint32_t conflicts, targets;
		bool out;
	} cases[] = {{0, 0, false}, {1, 1, true}, {1, 5, false}, {2, 5, true}, {0, 9, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sites_vp vps[VPS];
		struct trust trust = {.v = NULL};

		place_vps(vps);
		assert_int_equal(trust_begin(&trust, vps, VPS), 0);
		vps[FRA].conflicts = cases[i].conflicts;
		vps[FRA].targets = cases[i].targets;
		assert_int_equal(trust_judge(&trust, vps, 0.2), cases[i].out);
		assert_int_equal(vps[FRA].distrusted, cases[i].out);
		trust_free(&trust);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(discs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
