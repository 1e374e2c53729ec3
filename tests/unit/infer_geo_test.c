#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <geodesic.h>
#include <math.h>
#include <stdlib.h>

#include "dice.h"
#include "infer/geo.h"

static double oracle_km(double lat_a, double lon_a, double lat_b, double lon_b)
{
	struct geod_geodesic g;
	double m;

	geod_init(&g, 6378137, 1 / 298.257223563);
	geod_inverse(&g, lat_a, lon_a, lat_b, lon_b, &m, NULL, NULL);
	return m / 1000;
}

static double dice_degrees(struct dice *d, double span)
{
	return ((double)dice(d, 2000001) / 1000000 - 1) * span;
}

static void distances_equal_the_oracle(void **state)
{
	struct dice d = dice_of(7);
	double worst_arc = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		double la = dice_degrees(&d, 90), lo = dice_degrees(&d, 180);
		double lb = dice_degrees(&d, 90), lp = dice_degrees(&d, 180);
		double km = oracle_km(la, lo, lb, lp);
		struct geo_point a = geo_point_of(la, lo), b = geo_point_of(lb, lp);
		double off = km > 0 ? fabs(geo_arc_km(&a, &b) / km - 1) : 0;

		if (km < 19900)
			assert_true(fabs(geo_km(la, lo, lb, lp) - km) < 0.001);
		worst_arc = fmax(worst_arc, off);
	}
	assert_true(worst_arc < GEO_SPHERE_ERROR);
	assert_true(worst_arc > 0.004);
}

static void antipodes_are_far(void **state)
{
	struct dice d = dice_of(3);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double la = dice_degrees(&d, 90), lo = dice_degrees(&d, 180);
		double lb = -la + dice_degrees(&d, 0.5), lp = lo + 180 + dice_degrees(&d, 0.5);
		double km, got;

		lb = fmax(-90, fmin(90, lb));
		km = oracle_km(la, lo, lb, lp);
		got = geo_km(la, lo, lb, lp);
		assert_true(fabs(got / km - 1) < 0.002);
		assert_true(got <= GEO_FARTHEST_KM);
	}
}

static void corners(void **state)
{
	static const struct {
		double la, lo, lb, lp;
	} cases[] = {
		{0, 0, 0, 0},
		{90, 0, 90, 123},
		{-90, 10, 90, -77},
		{0, 179.9, 0, -179.9},
		{48.2, 16.4, 48.2, 16.4},
		{0, 0, 0, 90},
		{10, -180, 10, 180},
		{0, 0, 90, 0},
		{0, 0, 0, 180},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double km = oracle_km(cases[i].la, cases[i].lo, cases[i].lb, cases[i].lp);
		double got = geo_km(cases[i].la, cases[i].lo, cases[i].lb, cases[i].lp);

		assert_true(fabs(got - km) <= 0.001 * km + 1e-6);
		assert_true(fabs(got - geo_km(cases[i].lb, cases[i].lp, cases[i].la, cases[i].lo)) < 1e-6);
	}
}

static void points_and_degrees_go_both_ways(void **state)
{
	struct dice d = dice_of(1);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		double la = dice_degrees(&d, 90), lo = dice_degrees(&d, 180), lat, lon;
		struct geo_point p = geo_point_of(la, lo);

		geo_degrees(&p, &lat, &lon);
		assert_true(fabs(lat - la) < 1e-9);
		assert_true(fabs(la) > 89.999 || fabs(remainder(lon - lo, 360)) < 1e-7);
		assert_true(fabs(geo_arc_km(&p, &p)) < 1e-9);
	}
}

/* DEFINITIONS: Paris to Tokyo, 9,713 km: 95 ms in fibre, 65 ms in vacuum. */
static void floors(void **state)
{
	double km = geo_km(48.857, 2.352, 35.690, 139.692);

	(void)state;
	assert_true(fabs(km - 9735) < 10);
	assert_true(fabs(geo_floor_ms(9713, 0, GEO_FIBRE_KM_PER_MS) - 95.1) < 0.1);
	assert_true(fabs(geo_floor_ms(9713, 0, GEO_VACUUM_KM_PER_MS) - 64.8) < 0.1);
	assert_true(geo_floor_ms(20, 25, GEO_VACUUM_KM_PER_MS) <= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_equal_the_oracle),
		cmocka_unit_test(antipodes_are_far),
		cmocka_unit_test(corners),
		cmocka_unit_test(points_and_degrees_go_both_ways),
		cmocka_unit_test(floors),
	};

	return cmocka_run_group_tests_name("infer/geo", tests, NULL, NULL);
}
