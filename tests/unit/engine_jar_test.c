#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/jar.h"

static struct bytes cookie_of(uint8_t out[static DNS_COOKIE_MAX], uint32_t target, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(target * 7 + i);
	return (struct bytes){out, n};
}

static void an_empty_jar_knows_nobody(void **state)
{
	struct jar j = {0};

	(void)state;
	assert_null(jar_get(&j, 0));
	jar_put(&j, 0, (struct bytes){0});
	assert_null(jar_get(&j, 0));
	assert_null(jar_get(&j, UINT32_MAX - 1));
	jar_free(&j);
}

static void each_target_gets_its_own_back(void **state)
{
	enum { N = 5000 };
	struct jar j = {.targets = N};
	uint8_t b[DNS_COOKIE_MAX];

	(void)state;
	for (uint32_t i = 0; i < N; i += 2)
		jar_put(&j, i, cookie_of(b, i, 9 + i % 32));
	jar_put(&j, N, cookie_of(b, 3, 16));
	for (uint32_t i = 0; i < N; i++) {
		const struct jar_entry *e = jar_get(&j, i);
		struct bytes want = cookie_of(b, i, 9 + i % 32);

		assert_int_equal(e != NULL, i % 2 == 0);
		if (!e)
			continue;
		assert_false(e->refused);
		assert_int_equal(e->len, want.n);
		assert_memory_equal(e->cookie, want.p, want.n);
	}
	assert_null(jar_get(&j, N));
	jar_free(&j);
	assert_null(jar_get(&j, 0));
}

static void what_comes_last_counts(void **state)
{
	uint8_t b[DNS_COOKIE_MAX];
	struct jar j = {.targets = 8};

	(void)state;
	jar_put(&j, 5, cookie_of(b, 1, 16));
	jar_put(&j, 5, cookie_of(b, 2, 24));
	assert_int_equal(jar_get(&j, 5)->len, 24);
	assert_int_equal(jar_get(&j, 5)->cookie[0], 14);
	jar_put(&j, 5, (struct bytes){0});
	assert_true(jar_get(&j, 5)->refused);
	assert_int_equal(jar_get(&j, 5)->len, 0);
	jar_put(&j, 5, cookie_of(b, 1, 16));
	assert_false(jar_get(&j, 5)->refused);
	jar_free(&j);
}

static void a_cookie_too_long_is_not_kept(void **state)
{
	uint8_t b[DNS_COOKIE_MAX + 1] = {0};
	struct jar j = {.targets = 8};

	(void)state;
	jar_put(&j, 1, (struct bytes){b, sizeof(b)});
	assert_null(jar_get(&j, 1));
	jar_put(&j, 1, (struct bytes){b, DNS_COOKIE_MAX});
	assert_int_equal(jar_get(&j, 1)->len, DNS_COOKIE_MAX);
	jar_free(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_jar_knows_nobody),
		cmocka_unit_test(each_target_gets_its_own_back),
		cmocka_unit_test(what_comes_last_counts),
		cmocka_unit_test(a_cookie_too_long_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
