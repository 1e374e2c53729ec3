#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/intern.h"

/* Numbers come in order, stay, and lead back to the bytes; what differs in length or in a NUL alone is another string. */
static void numbers(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} strings[] = {{"", 0}, {"a", 1}, {"a\0", 2}, {"\0a", 2}, {"ab", 2}};
	enum { N = sizeof(strings) / sizeof(strings[0]), MANY = 100000 };
	struct intern t = {.slots = NULL};
	char text[16];
	size_t n;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < N; i++)
			assert_int_equal(intern_put(&t, strings[i].p, strings[i].n), i);
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(intern_put(&t, text, strlen(text)), N + i);
	}
	assert_int_equal(t.n, N + MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		assert_string_equal(intern_at(&t, N + i, &n), text);
		assert_int_equal(n, strlen(text));
	}
	for (uint32_t i = 0; i < N; i++) {
		const uint8_t *p = intern_at(&t, i, &n);

		assert_int_equal(n, strings[i].n);
		assert_memory_equal(p, strings[i].p, n);
	}
	intern_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers)};

	assert_int_equal(hash_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
