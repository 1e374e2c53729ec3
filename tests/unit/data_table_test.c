#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/catchment.h"

static const char full[] =
	"198.51.100.7,svc,vp-1,fra,identity,high,\"Frankfurt, am Main\",DE,50.1109,8.6821,ns1.fra\\000x,"
	"1.234567,2.000000,30,29,4,2,598.1,muc,300.5,48.2100,16.3700,64500,AT,0.500000,site,0.966667,1,28,29,"
	"dns,"
	"k-root,2026-11-22T18:00:00Z,2026-11-22T18:10:00Z\n";
static const char empty[] = "2001:db8::1,,v,,,,,,,,,,,0,0,0,0,,,,,,,,,silent,,0,0,0,,,,\n";

/* The bytes as a file; NULL when not even its header reads. */
static struct csv *open_text(const char *text, size_t n)
{
	struct file_in *in = file_in_bytes("catchment.csv", text, n, NULL);

	return in ? csv_open_over(in, NULL) : NULL;
}

static int read_first(const char *text, size_t n, struct catchment_row *row, char again[static TABLE_ROW_MAX],
	struct err_msg *why)
{
	struct csv *c = open_text(text, n);
	struct table_reader rd;
	int rc = c ? table_reader_init(&rd, &catchment_table, c, why) : ERR_PARSE;

	if (rc == 0)
		rc = csv_next(c, why);
	if (rc > 0) {
		rc = table_read(&rd, c, row, why);
		if (rc == 0)
			again[table_row(&catchment_table, row, again, TABLE_ROW_MAX)] = '\0';
	}
	csv_close(c);
	return rc;
}

static size_t with_header(char out[static TABLE_ROW_MAX], const char *rows)
{
	size_t n = table_header(&catchment_table, out, TABLE_ROW_MAX), len = strlen(rows);

	memcpy(out + n, rows, len + 1);
	return n + len;
}

static void rows_come_back(void **state)
{
	static const char *const rows[] = {full, empty};
	char text[TABLE_ROW_MAX], again[TABLE_ROW_MAX];
	struct catchment_row row = {0};
	struct err_msg why = {{0}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t n = with_header(text, rows[i]);

		assert_int_equal(read_first(text, n, &row, again, &why), 0);
		assert_int_equal(row.state, i ? VP_SILENT : VP_SITE);
		assert_true(i ? isnan(row.lat) : fabs(row.lat - 50.1109) < 1e-9);
		assert_int_equal(row.rtt_min_ns, i ? -1 : 1234567);
		assert_string_equal(
			again, i ? "2001:db8::1,,v,,,,,,,,,,,0,0,0,0,,,,,,,,,silent,,0,0,0,,,,\n" : full);
	}
}

static void columns_are_found_by_name(void **state)
{
	static const char text[] =
		"\xef\xbb\xbfstate,extra,target,vp\r\n\"site\",x,\"192.0.2.1\",\"a,b\"\r\n";
	char again[TABLE_ROW_MAX];
	struct catchment_row row = {0};
	struct err_msg why = {{0}};

	(void)state;
	assert_int_equal(read_first(text, sizeof(text) - 1, &row, again, &why), 0);
	assert_int_equal(row.state, VP_SITE);
	assert_int_equal(row.chances, 0);
	assert_true(isnan(row.weight));
}

static void faults_are_named(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"target,site\n192.0.2.1,x\n", "catchment.csv: no column 'vp': not a catchment file"},
		{"target,vp\n192.0.2.1,\n", "catchment.csv:2:11: '' is not text"},
		{"target,vp\n192.0.2.256,a\n",
			"catchment.csv:2:1: '192.0.2.256' is not an IPv4 or IPv6 address"},
		{"target,vp,lat\n192.0.2.1,a,91\n",
			"catchment.csv:2:13: '91' is not a number from -90 to 90"},
		{"target,vp,lat\n192.0.2.1,a,nan\n",
			"catchment.csv:2:13: 'nan' is not a number from -90 to 90"},
		{"target,vp,lat\n192.0.2.1,a,4x\n",
			"catchment.csv:2:13: '4x' is not a number from -90 to 90"},
		{"target,vp,rtt_min_ms\n192.0.2.1,a,-1\n", "catchment.csv:2:13: '-1' is not a time in ms"},
		{"target,vp,sent\n192.0.2.1,a,4294967296\n",
			"catchment.csv:2:13: '4294967296' is not a number from 0 to 4294967295"},
		{"target,vp,state\n192.0.2.1,a,gone\n", "catchment.csv:2:13: 'gone' is not one of site, "
							"no-site, silent, unmeasured, excluded"},
		{"target,vp,first\n192.0.2.1,a,yesterday\n",
			"catchment.csv:2:13: 'yesterday' is not a time like 2026-11-22T18:00:00Z"},
		{"target,vp,site,state\n192.0.2.1,a,fr", "catchment.csv:2:1: the row is cut short"},
	};
	char again[TABLE_ROW_MAX];
	struct catchment_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_msg why = {{0}};

		assert_int_equal(
			read_first(cases[i].text, strlen(cases[i].text), &row, again, &why), ERR_PARSE);
		assert_string_equal(why.text, cases[i].said);
	}
}

/* Whatever is cut off: a row that reads is the row, but for a last field that is shorter. */
static void every_prefix(void **state)
{
	char text[TABLE_ROW_MAX], again[TABLE_ROW_MAX];
	size_t n = with_header(text, full), header = n - strlen(full),
	       last = n - sizeof("2026-11-22T18:10:00Z");

	(void)state;
	for (size_t i = 0; i < last; i++) {
		struct catchment_row row;
		struct err_msg why = {{0}};
		int rc = read_first(text, i, &row, again, &why);

		assert_true(rc == ERR_PARSE || (rc == 0 && i <= header));
	}
}

static void a_row_that_does_not_fit(void **state)
{
	char text[TABLE_ROW_MAX], again[TABLE_ROW_MAX];
	struct catchment_row row;
	struct err_msg why = {{0}};
	struct csv *c = open_text(text, with_header(text, full));
	struct table_reader rd;

	(void)state;
	assert_non_null(c);
	assert_int_equal(table_reader_init(&rd, &catchment_table, c, &why), 0);
	assert_int_equal(csv_next(c, &why), 1);
	assert_int_equal(table_read(&rd, c, &row, &why), 0);
	for (size_t cap = 0; cap < sizeof(full) - 1; cap++)
		assert_int_equal(table_row(&catchment_table, &row, again, cap), 0);
	csv_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back),
		cmocka_unit_test(columns_are_found_by_name),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(a_row_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("data/table", tests, NULL, NULL);
}
