#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "data/as_names.h"

static int read_text(struct as_names *n, const char *text, struct err_msg *why)
{
	*n = (struct as_names){.v = NULL};
	assert_int_equal(hash_init(), 0);
	return as_names_read_from(n, file_in_bytes("names", text, strlen(text), why), why);
}

static void names_are_found(void **state)
{
	struct err_msg why = {{0}};
	struct as_names n;

	(void)state;
	assert_int_equal(read_text(&n,
				 "# comment\n\n64500|First\nAS64502|Third, with | and spaces \r\n64501|old\n"
				 "64501|Second\n4294967295|last",
				 &why),
		0);
	assert_int_equal(n.bad, 0);
	assert_string_equal(as_names_find(&n, 64500), "First");
	assert_string_equal(as_names_find(&n, 64501), "Second");
	assert_string_equal(as_names_find(&n, 64502), "Third, with | and spaces");
	assert_string_equal(as_names_find(&n, UINT32_MAX), "last");
	assert_string_equal(as_names_find(&n, 64503), "");
	assert_string_equal(as_names_find(&n, 0), "");
	as_names_free(&n);
}

/* UTF-8 stays, but for what a terminal or a reader would be led astray by; nothing is cut in the middle of a character. */
static void names_are_text(void **state)
{
	struct err_msg why = {{0}};
	struct as_names n;

	(void)state;
	assert_int_equal(
		read_text(&n,
			"1|Telef\xc3\xb3nica\n2|\xff\x1b[31m\n3|\xc2\x9b\n4|a\xe2\x80\xae b\n"
			"5|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xb3\n",
			&why),
		0);
	assert_string_equal(as_names_find(&n, 1), "Telef\xc3\xb3nica");
	assert_string_equal(as_names_find(&n, 2), "\\255\\027[31m");
	assert_string_equal(as_names_find(&n, 3), "\\194\\155");
	assert_string_equal(as_names_find(&n, 4), "a\\226\\128\\174 b");
	assert_int_equal(strlen(as_names_find(&n, 5)), 127);
	as_names_free(&n);
}

static void bad_lines_are_told(void **state)
{
	static const char *const lines[] = {"x|y\n", "64500\n", "|y\n", "4294967296|y\n",
		"99999999999999999999999|y\n", "AS|y\n", "-1|y\n", "AS 64500|y\n"};
	struct err_msg why = {{0}};
	struct as_names n;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "64500|First\n%s", lines[i]);
		assert_int_equal(read_text(&n, text, &why), 0);
		assert_int_equal(n.bad, 1);
		assert_string_equal(why.text, "names:2: not a line `asn|name`");
		as_names_free(&n);
		assert_int_equal(read_text(&n, lines[i], &why), ERR_PARSE);
		assert_non_null(strstr(why.text, "names: no line"));
		as_names_free(&n);
	}
	assert_int_equal(as_names_read(&n, "/none/names", &why), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(names_are_text),
		cmocka_unit_test(bad_lines_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
