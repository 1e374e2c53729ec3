#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void codes_of_errnos(void **state)
{
	static const struct {
		int errnum;
		enum err code;
	} cases[] = {{ENOMEM, ERR_NOMEM}, {ENOSPC, ERR_FULL}, {EDQUOT, ERR_FULL}, {EPERM, ERR_PERM},
		{EACCES, ERR_PERM}, {EEXIST, ERR_EXISTS}, {EADDRINUSE, ERR_EXISTS}, {ENODEV, ERR_IFACE},
		{ENETDOWN, ERR_IFACE}, {ENETUNREACH, ERR_ROUTE}, {EHOSTUNREACH, ERR_ROUTE}, {EIO, ERR_IO},
		{ENOENT, ERR_IO}, {0, ERR_IO}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(err_from_errno(cases[i].errnum), cases[i].code);
}

static void sentences(void **state)
{
	struct err_msg why = {{0}};
	char longer[2 * sizeof(why.text)];

	(void)state;
	assert_int_equal(err_set(&why, ERR_PARSE, "%s:%d", "a", 7), ERR_PARSE);
	assert_string_equal(why.text, "a:7");
	assert_int_equal(err_set(NULL, ERR_IO, "%s", "unheard"), ERR_IO);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_set(&why, ERR_RANGE, "%s", longer), ERR_RANGE);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_of_errnos),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
