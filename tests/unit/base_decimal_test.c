#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "dice.h"

static uint64_t bits(struct dice *d, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v = v << 16 | dice(d, 65536);
	return n == 0 ? 0 : v >> (64 - n);
}

static void whole_numbers(void **state)
{
	struct dice d = dice_of(1);

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t v = i == 0 ? UINT64_MAX : bits(&d, i % 65), back;
		char text[DECIMAL_MAX + 1], expected[DECIMAL_MAX + 1];

		*decimal_put(text, v) = '\0';
		(void)snprintf(expected, sizeof(expected), "%" PRIu64, v);
		assert_string_equal(text, expected);
		assert_true(decimal_parse(text, strlen(text), UINT64_MAX, &back));
		assert_true(back == v);
		assert_true(decimal_parse(text, strlen(text), v, &back));
		assert_false(v > 0 && decimal_parse(text, strlen(text), v - 1, &back));
		*decimal_put_padded(text, v, 6) = '\0';
		(void)snprintf(expected, sizeof(expected), "%06" PRIu64, v % 1000000);
		assert_string_equal(text, expected);
	}
}

static void what_is_no_whole_number(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1.0", "12345678x", "x12345678",
		"1234567:", "/2345678", "18446744073709551616", "99999999999999999999",
		"100000000000000000000", "\xfa\xff\xff\xff\xff\xff\xff\xff"};
	static const char zeros[] = "000000000000000000000000000000000000000000000000018446744073709551615";
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decimal_parse(bad[i], strlen(bad[i]), UINT64_MAX, &v));
	assert_true(decimal_parse(zeros, sizeof(zeros) - 1, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_true(decimal_parse(zeros, 30, 0, &v));
	/* Any byte at any of eight places. */
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < 8; at++) {
			char text[8];

			memset(text, '7', sizeof(text));
			text[at] = (char)byte;
			assert_int_equal(decimal_parse(text, sizeof(text), UINT64_MAX, &v),
				byte >= '0' && byte <= '9');
		}
}

static void expect_real(double v, unsigned decimals)
{
	char text[DECIMAL_MAX + 1], expected[DECIMAL_MAX + 1];

	*decimal_put_real(text, v, decimals) = '\0';
	(void)snprintf(expected, sizeof(expected), "%.*f", (int)decimals, v);
	assert_string_equal(text, expected);
}

static void reals_as_printf_has_them(void **state)
{
	static const double special[] = {0, -0.0, 0.5, 1.5, 2.5, 0.125, 0.375, -0.00004, -0.00005, 0.99999999,
		999999999.5, 1e9, 1e14, 999999999999999.0, 0.1, 0.05, 0.045, 1.005, 5e-324, 179.99995,
		89.99995};
	struct dice d = dice_of(2);

	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		for (unsigned decimals = 0; decimals <= 15; decimals++) {
			expect_real(special[i], decimals);
			expect_real(-special[i], decimals);
		}
	for (unsigned i = 0; i < 100000; i++) {
		double v = (double)bits(&d, 53) / (double)(UINT64_C(1) << dice(&d, 54));
		/* Short of a half, at it, or beyond it in the last decimal. */
		double half = (double)(2 * bits(&d, 20) + 1) / 2 / pow(10, i % 7);

		expect_real(v, i % 7);
		expect_real(half, i % 7);
		expect_real(nextafter(half, i % 2 ? 0 : 1e9), i % 7);
	}
}

static void expect_as_strtod(const char *text)
{
	double v = 0, expected;
	char *end;
	bool ok = decimal_parse_real(text, &v);

	expected = strtod(text, &end);
	assert_int_equal(ok, end != text && *end == '\0');
	if (ok)
		assert_memory_equal(&v, &expected, sizeof(v));
}

static void reals_as_strtod_has_them(void **state)
{
	static const char *const texts[] = {"", "-", ".", "-.", "1.", ".5", "-.5", "0", "-0", "-0.0",
		"00012.5", "1e3", "1e400", "0x10", "nan", "inf", " 1", "1 ", "+1", "--1", "1.2.3",
		"123456789012345", "1234567890123456", "0.1234567890123456789", "99999999999999999999999999",
		"1.-"};
	struct dice d = dice_of(3);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_as_strtod(texts[i]);
	for (unsigned i = 0; i < 50000; i++) {
		char text[DECIMAL_MAX];

		(void)snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64, i % 2 ? "-" : "",
			bits(&d, dice(&d, 40)), (int)(i % 9) + 1, bits(&d, dice(&d, 30)));
		expect_as_strtod(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(what_is_no_whole_number),
		cmocka_unit_test(reals_as_printf_has_them),
		cmocka_unit_test(reals_as_strtod_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
