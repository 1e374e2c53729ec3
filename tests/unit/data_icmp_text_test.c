#include "data/icmp_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void texts(void **state)
{
	static const struct {
		int family, type, code;
		const char *text;
	} cases[] = {{4, 3, 3, "port unreachable"}, {4, 3, 13, "admin prohibited"}, {4, 3, 99, "unreachable"},
		{6, 1, 4, "port unreachable"}, {6, 3, 0, "hop limit exceeded"}, {4, 11, 0, "TTL exceeded"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(icmp_text(cases[i].family, cases[i].type, cases[i].code), cases[i].text);
	assert_null(icmp_text(4, 8, 0));
	assert_null(icmp_text(6, 200, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
