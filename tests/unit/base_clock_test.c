#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "dice.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"5", 5000000000}, {"5s", 5000000000}, {"200ms", 200000000}, {"1.5s", 1500000000},
		{"10m", 600000000000}, {"1h", 3600000000000}, {"2d", 172800000000000}, {"7us", 7000},
		{"9ns", 9}, {"0", 0}, {".25s", 250000000}};
	static const char *const bad[] = {
		"", "s", "-1s", "nan", "inf", "1 s", "1sec", "5s ", "1e30", "4000d", "ms"};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(clock_parse_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (clock_parse_duration(bad[i], &ns) != ERR_PARSE)
			fail_msg("'%s' was taken for a duration", bad[i]);
}

static void times_as_text(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {{0, "1970-01-01T00:00:00Z"}, {951782400, "2000-02-29T00:00:00Z"},
		{1700000000, "2023-11-14T22:13:20Z"}, {4102444799, "2099-12-31T23:59:59Z"}};
	char text[CLOCK_TEXT_LEN];

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			clock_text((struct wall){cases[i].s * NS_PER_S + 999999999}, text), cases[i].text);
}

static void expect_as_strftime(int64_t ns)
{
	char text[CLOCK_TEXT_LEN], expected[CLOCK_TEXT_LEN];
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;

	assert_non_null(gmtime_r(&s, &tm));
	assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm), CLOCK_TEXT_LEN - 1);
	assert_string_equal(clock_text((struct wall){ns}, text), expected);
}

/* From 1678 to 2262, which is all that 64 bits of ns can say. */
static void times_as_strftime_has_them(void **state)
{
	struct dice d = dice_of(5);

	(void)state;
	expect_as_strftime(INT64_MAX);
	expect_as_strftime(INT64_MIN);
	for (int64_t day = -106750; day <= 106750; day++) {
		expect_as_strftime(day * 86400 * NS_PER_S);
		expect_as_strftime(day * 86400 * NS_PER_S + (int64_t)dice(&d, 86400) * NS_PER_S);
	}
}

static void clocks_agree(void **state)
{
	struct mono before = clock_mono(), after;
	int64_t offset = clock_offset_ns();
	struct wall wall = clock_wall();

	(void)state;
	after = clock_mono();
	assert_true(after.ns >= before.ns);
	/* The wall read lies between the two monotonic reads, give or take what the offset's own reads took. */
	assert_true(wall.ns - offset >= before.ns - NS_PER_MS);
	assert_true(wall.ns - offset <= after.ns + NS_PER_MS + (after.ns - before.ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(times_as_text),
		cmocka_unit_test(times_as_strftime_has_them),
		cmocka_unit_test(clocks_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
