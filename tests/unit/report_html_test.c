#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/html.h"

/* The document or the page, to be freed. */
static char *written(int (*write)(FILE *, const json_t *), const json_t *data)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(write(out, data), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *document;
	} cases[] = {
		{"", 0, "[\"\"]"},
		{"plain", 5, "[\"plain\"]"},
		{"a\"b\\c", 5, "[\"a\\\"b\\\\c\"]"},
		{"</script>", 9, "[\"\\u003c/script\\u003e\"]"},
		{"<!--&", 5, "[\"\\u003c!--\\u0026\"]"},
		{"\xe2\x80\xa8\xe2\x80\xa9", 6, "[\"\\u2028\\u2029\"]"},
		{"Z\xc3\xbcrich", 7, "[\"Z\\u00FCrich\"]"},
		{"\xf0\x9f\x98\x80", 4, "[\"\\uD83D\\uDE00\"]"},
		/* Not to be seen, or not UTF-8: each byte outside of printable ASCII by its number. */
		{"a\0b", 3, "[\"a\\\\000b\"]"},
		{"a\nb", 3, "[\"a\\\\010b\"]"},
		{"\xff<", 2, "[\"\\\\255\\u003c\"]"},
		{"\xc0\xaf", 2, "[\"\\\\192\\\\175\"]"},
		{"\xed\xa0\x80", 3, "[\"\\\\237\\\\160\\\\128\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *data = json_pack("[o]", html_text(cases[i].bytes, cases[i].n));
		char *text = written(html_write_json, data);

		assert_string_equal(text, cases[i].document);
		free(text);
		json_decref(data);
	}
}

/* Keys are texts too. */
static void test_key(void **state)
{
	json_t *data = json_pack("{s:i}", "</script>", 1);
	char *text = written(html_write_json, data);

	(void)state;
	assert_string_equal(text, "{\"\\u003c/script\\u003e\":1}");
	free(text);
	json_decref(data);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

/* What goes in comes out where the page looks for it, and changes nothing else of the page. */
static void test_page(void **state)
{
	static const char begin[] = "<script id=\"data\" type=\"application/json\">";
	json_t *data = json_pack("{s:s}", "name", "</script><img src=x>@CATCHMAP_DATA@"), *back;
	char *page = written(html_write, data), *at = strstr(page, begin), *end;

	(void)state;
	assert_int_equal(strncmp(page, "<!doctype html>", 15), 0);
	assert_int_equal(count(page, "</script>"), 2);
	assert_int_equal(count(page, "<img"), 0);
	assert_int_equal(count(page, "@CATCHMAP_DATA@"), 1);
	assert_non_null(strstr(page, "default-src 'none'"));
	assert_non_null(at);
	at += sizeof(begin) - 1;
	end = strstr(at, "</script>");
	assert_non_null(end);
	back = json_loadb(at, (size_t)(end - at), 0, NULL);
	assert_true(json_equal(back, data));
	json_decref(back);
	json_decref(data);
	free(page);
}

static void test_full(void **state)
{
	json_t *data = json_object();
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(html_write(out, data), ERR_IO);
	(void)fclose(out);
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
