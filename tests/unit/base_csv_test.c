#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "base/csv.h"
#include "csv_oracle.h"
#include "dice.h"
#include "scratch.h"

static struct csv *over(const char *bytes, size_t n, struct err_msg *why)
{
	struct file_in *in = file_in_bytes("x.csv", bytes, n, why);

	assert_non_null(in);
	return csv_open_over(in, why);
}

/* Rows as text: line number, fields in <>, or the error's sentence; a row a line. */
static void expect_rows(const char *bytes, size_t n, const char *expected)
{
	struct err_msg why = {{0}};
	struct csv *c = over(bytes, n, &why);
	char got[2048] = "";
	size_t at = 0;
	int rc;

	assert_non_null(c);
	while ((rc = csv_next(c, &why)) != 0) {
		if (rc < 0) {
			assert_int_equal(rc, ERR_PARSE);
			at += (size_t)snprintf(got + at, sizeof(got) - at, "%s\n", why.text);
			continue;
		}
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%zu", csv_line(c));
		for (size_t i = 0; i < csv_fields(c); i++)
			at += (size_t)snprintf(got + at, sizeof(got) - at, "<%s>", csv_field(c, (int)i));
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%s\n", csv_is_torn(c) ? " torn" : "");
	}
	assert_int_equal(csv_next(c, &why), 0);
	assert_string_equal(got, expected);
	csv_close(c);
}

static void rows(void **state)
{
	static const struct {
		const char *bytes, *expected;
	} cases[] = {
		{"a,b\n1,2\n", "2<1><2>\n"},
		{"a,b\r\n1,2\r\n3,4\r\n", "2<1><2>\n3<3><4>\n"},
		{"\xef\xbb\xbf"
		 "a,b\n1,2\n",
			"2<1><2>\n"},
		{"a,b\n1,2", "2<1><2> torn\n"},
		{"a,b\n\n\n1,2\n\r\n3,\n", "4<1><2>\n6<3><>\n"},
		{"a,b\n,\n", "2<><>\n"},
		{"a,b\n1\n1,2,3\n", "2<1>\n3<1><2><3>\n"},
		{"a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "2<x,y><say \"hi\">\n"},
		{"a,b\n\"two\nlines\",2\n3,4\n", "2<two\nlines><2>\n4<3><4>\n"},
		{"a,b\n\"cr\r\nlf\",2\r\n3,4\r\n", "2<cr\r\nlf><2>\n4<3><4>\n"},
		{"a,b\n\"\n\n\n\",2\n3,4\n", "2<\n\n\n><2>\n6<3><4>\n"},
		{"a,b\n 1 ,\t2\n", "2< 1 ><\t2>\n"},
		{"a,b\n\"\",\"12\"\n", "2<><12>\n"},
		{"a,b\n1,x\"y\n3,4\n", "x.csv:2:4: a quote in the wrong place\n3<3><4>\n"},
		{"a,b\n\"x\"y,2\n3,4\n", "x.csv:2:4: a quote in the wrong place\n3<3><4>\n"},
		{"a,b\n1,2\n\"open,3\n4,5\n", "2<1><2>\nx.csv:3:1: a quote that is not closed\n"},
		{"a,b\n\"two\nlin\"es,2\n5,6\n", "x.csv:3:5: a quote in the wrong place\n4<5><6>\n"},
		{"a,b\n1\r2,3\n4,5\n", "x.csv:2:1: a carriage return in the middle of a line\n3<4><5>\n"},
		{"a,b\n1,2\r\"3\n4,5\n", "x.csv:2:1: a carriage return in the middle of a line\n3<4><5>\n"},
		{"a,b\n", ""},
		{"a,b", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_rows(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
}

static void no_header(void **state)
{
	static const char *const cases[] = {"", "\n\n", "\xef\xbb\xbf", "\"open\n1,2\n", "a\rb\n"};
	struct err_msg why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why.text[0] = '\0';
		assert_null(over(cases[i], strlen(cases[i]), &why));
		assert_memory_equal(why.text, "x.csv", 5);
	}
	assert_null(csv_open("/nowhere/at-all.csv", &why));
}

static void columns(void **state)
{
	static const char bytes[] = "b,a,,\"c d\",b\n1,2,3,4,5\n";
	struct csv *c = over(bytes, sizeof(bytes) - 1, NULL);

	(void)state;
	assert_non_null(c);
	assert_int_equal(csv_columns(c), 5);
	assert_int_equal(csv_column(c, "a"), 1);
	assert_int_equal(csv_column(c, "b"), 0);
	assert_int_equal(csv_column(c, "c d"), 3);
	assert_int_equal(csv_column(c, "A"), -1);
	assert_string_equal(csv_column_name(c, 3), "c d");
	assert_string_equal(csv_column_name(c, 5), "");
	assert_string_equal(csv_field(c, 0), "");
	assert_int_equal(csv_next(c, NULL), 1);
	assert_string_equal(csv_field(c, 4), "5");
	assert_string_equal(csv_field(c, 5), "");
	assert_string_equal(csv_field(c, -1), "");
	assert_int_equal(csv_field_len(c, -1), 0);
	assert_string_equal(csv_path(c), "x.csv");
	csv_close(c);
}

/* Fields are C strings: a NUL in one would hide what comes behind it. */
static void nul_bytes_are_refused(void **state)
{
	static const char bytes[] = "a,b\nx\0y,1\n1,\"\0\"\n3,4\n";

	(void)state;
	expect_rows(bytes, sizeof(bytes) - 1,
		"x.csv:2:2: a NUL byte in text\nx.csv:3:4: a NUL byte in text\n4<3><4>\n");
}

/* Where a field stands on its line, for messages. */
static void positions(void **state)
{
	static const char bytes[] = "a,b,c\n\"x,\"\"y\",2,bad\x1b\n\"two\nlines\",2,3\n";
	struct csv *c = over(bytes, sizeof(bytes) - 1, NULL);
	struct err_msg why;

	(void)state;
	assert_non_null(c);
	assert_int_equal(csv_next(c, NULL), 1);
	assert_int_equal(csv_position(c, 0), 1);
	assert_int_equal(csv_position(c, 1), 9);
	assert_int_equal(csv_position(c, 2), 11);
	assert_int_equal(csv_field_is_not(c, 2, "a number", &why), ERR_PARSE);
	assert_string_equal(why.text, "x.csv:2:11: 'bad\\027' is not a number");
	assert_int_equal(csv_next(c, NULL), 1);
	assert_int_equal(csv_position(c, 2), 1);
	csv_close(c);
}

/* A quote that is never closed must not swallow the memory, nor all rows behind it. */
static void rows_without_an_end(void **state)
{
	enum { LINES = 20000 };
	static const char row[] = "aaaaaaaaaaaaaaaaaaaa,bbbbbbbbbb\n";
	size_t n = sizeof(row) - 1, size = 4 + 1 + n * LINES, good = 0, bad = 0;
	char *bytes = malloc(size + 1);
	struct csv *c;
	int rc;

	(void)state;
	assert_non_null(bytes);
	(void)snprintf(bytes, size, "a,b\n\"");
	for (size_t i = 0; i < LINES; i++)
		memcpy(bytes + 5 + i * n, row, n);
	c = over(bytes, size, NULL);
	assert_non_null(c);
	while ((rc = csv_next(c, NULL)) != 0) {
		good += rc > 0;
		bad += rc < 0;
	}
	assert_int_equal(bad, 1);
	assert_in_range(good, LINES - CSV_ROW_MAX / n - 2, LINES - CSV_ROW_MAX / n);
	csv_close(c);
	/* One line of that length, and then some. */
	memset(bytes + 4, 'x', size - 10);
	(void)snprintf(bytes + size - 6, 7, "\n1,22\n");
	c = over(bytes, size, NULL);
	assert_non_null(c);
	assert_int_equal(csv_next(c, NULL), ERR_PARSE);
	assert_int_equal(csv_next(c, NULL), 1);
	assert_string_equal(csv_field(c, 1), "22");
	assert_int_equal(csv_line(c), 3);
	assert_int_equal(csv_next(c, NULL), 0);
	csv_close(c);
	free(bytes);
}

/* A compressed file that is cut: the rows of its whole part, then ERR_PARTIAL, again and again. */
static void cut_and_corrupt(void **state)
{
	static const char *const names[] = {"rows.csv.gz", "rows.csv.zst"};
	struct scratch s = scratch_make();

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct file_out *out = file_out_create(names[k], NULL);
		size_t n, got = 0;
		struct csv *c;
		char *bytes;
		int rc;

		assert_non_null(out);
		assert_int_equal(file_out_write(out, "a,b\n1,2\n", 8, NULL), 0);
		assert_int_equal(file_out_flush(out, NULL), 0);
		assert_int_equal(file_out_write(out, "3,4\n", 4, NULL), 0);
		assert_int_equal(file_out_close(out, NULL), 0);
		bytes = scratch_read(names[k], &n);
		for (int broken = 0; broken < 2; broken++) {
			if (broken)
				memset(bytes + n - 13, 0xff, 4);
			scratch_write(names[k], bytes, broken ? n : n - 3);
			c = csv_open(names[k], NULL);
			assert_non_null(c);
			got = 0;
			while ((rc = csv_next(c, NULL)) > 0)
				got++;
			assert_int_equal(rc, ERR_PARTIAL);
			assert_in_range(got, 1, 2);
			assert_int_equal(csv_next(c, NULL), ERR_PARTIAL);
			csv_close(c);
		}
		free(bytes);
	}
	scratch_remove(&s);
}

static void put(void **state)
{
	static const struct {
		const char *field, *text;
	} cases[] = {{"", ""}, {"plain", "plain"}, {" a b ", " a b "}, {"a,b", "\"a,b\""},
		{"say \"hi\"", "\"say \"\"hi\"\"\""}, {"a\nb", "\"a\nb\""}, {"a\rb", "\"a\rb\""},
		{"\"", "\"\"\"\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].text);
		char out[32];

		for (size_t cap = 0; cap < n; cap++) {
			memset(out, '#', sizeof(out));
			assert_int_equal(csv_put(out, cap, cases[i].field, strlen(cases[i].field)), 0);
			assert_int_equal(out[cap], '#');
		}
		assert_int_equal(csv_put(out, n, cases[i].field, strlen(cases[i].field)), n);
		assert_memory_equal(out, cases[i].text, n);
	}
}

static void escape(void **state)
{
	uint8_t all[256], back[256];
	char text[1024];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	n = csv_escape(text, sizeof(text), all, sizeof(all));
	assert_int_equal(n, 94 + 162 * 4);
	for (size_t i = 0; i < n; i++)
		assert_in_range(text[i], ' ', '~');
	assert_int_equal(csv_unescape(back, sizeof(back), text, n), 256);
	assert_memory_equal(back, all, 256);
	/* What does not fit is left out whole. */
	assert_int_equal(csv_escape(text, 5, "a\n\n", 3), 5);
	assert_int_equal(csv_escape(text, 8, "a\n\n", 3), 5);
	assert_int_equal(csv_escape(text, 9, "a\n\n", 3), 9);
	assert_memory_equal(text, "a\\010\\010", 9);
	assert_int_equal(csv_unescape(back, 1, text, 9), 1);
}

static void unescape_what_is_no_escape(void **state)
{
	static const char *const cases[] = {"\\", "\\1", "\\12", "\\256", "\\999", "\\a12", "\\12x", "a\\"};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i]);

		assert_int_equal(csv_unescape(out, sizeof(out), cases[i], n), n);
		assert_memory_equal(out, cases[i], n);
	}
}

/* Rows without quotes are cut without libcsv: on any text the rows are those that libcsv gives. */
static void rows_are_libcsvs(void **state)
{
	static const char alphabet[] = "abcdefghijklm,,,,,,,,,\"\r\n\n\n ;";
	struct dice d = dice_of(11);
	char text[400];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		/* Most texts have no quote, and most of those are read to their end. */
		size_t n = dice(&d, i % 8 ? 60 : sizeof(text)), from = dice(&d, 4) ? 0 : 13;
		bool quotes = dice(&d, 4) == 0, returns = dice(&d, 8) == 0;

		for (size_t k = 0; k < n; k++) {
			text[k] = alphabet[from + dice(&d, (unsigned)(sizeof(alphabet) - 1 - from))];
			if ((text[k] == '"' && !quotes) || (text[k] == '\r' && !returns))
				text[k] = ',';
		}
		if (!csv_agrees_with_libcsv(text, n))
			fail_msg("text %d: %.*s", i, (int)n, text);
	}
}

/* Every length of line and place of a comma, around the blocks in which lines are looked at. */
static void rows_of_every_length(void **state)
{
	char text[160];

	(void)state;
	for (size_t n = 1; n < 70; n++) {
		for (size_t k = 0; k < n; k++) {
			memset(text, 'x', n);
			text[k] = ',';
			memcpy(text + n, "\ny\n", 3);
			assert_true(csv_agrees_with_libcsv(text, n + 3));
			memcpy(text + n, "\r\ny\r\n", 6);
			assert_true(csv_agrees_with_libcsv(text, n + 6));
			text[k] = '"';
			assert_true(csv_agrees_with_libcsv(text, n + 6));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(rows_are_libcsvs),
		cmocka_unit_test(rows_of_every_length),
		cmocka_unit_test(no_header),
		cmocka_unit_test(columns),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(positions),
		cmocka_unit_test(rows_without_an_end),
		cmocka_unit_test(cut_and_corrupt),
		cmocka_unit_test(put),
		cmocka_unit_test(escape),
		cmocka_unit_test(unescape_what_is_no_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
