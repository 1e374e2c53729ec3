#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/err.h"
#include "base/vec.h"

static void grows_and_keeps(void **state)
{
	struct {
		uint64_t *v;
		size_t n, cap;
	} list = {0};
	size_t moves = 0;

	(void)state;
	while (list.n < 100000) {
		size_t cap = list.cap;

		assert_int_equal(vec_reserve(&list.v, &list.cap, list.n + 1), 0);
		moves += cap != list.cap;
		list.v[list.n] = list.n;
		list.n++;
	}
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.v[i], i);
	assert_true(moves < 20);
	free(list.v);
}

/* A size in bytes that does not fit a size_t: nothing has changed. */
static void too_large(void **state)
{
	static const size_t wants[] = {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX / 16 + 2};
	uint64_t *v = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(vec_reserve(&v, &cap, 10), 0);
	v[9] = 42;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		uint64_t *before = v;
		size_t cap_before = cap;

		assert_int_equal(vec_reserve(&v, &cap, wants[i]), ERR_NOMEM);
		assert_ptr_equal(v, before);
		assert_int_equal(cap, cap_before);
		assert_int_equal(v[9], 42);
	}
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
