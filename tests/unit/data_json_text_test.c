/* data/json_text: any bytes become a JSON string. */
#include "data/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void any_bytes(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{NULL, ""},
		{"", ""},
		{"a\"b\\c\n", "a\"b\\c\n"},
		{"Z\xc3\xbcrich", "Z\xc3\xbcrich"},
		{"Z\xfcrich \\ \xc3\xbc", "Z\\252rich \\092 \\195\\188"},
		{"\xff", "\\255"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *j = json_text(cases[i].text);

		assert_non_null(j);
		assert_string_equal(json_string_value(j), cases[i].json);
		json_decref(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(any_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
