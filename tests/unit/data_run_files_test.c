/* data/run_files: which files of a folder are rows, and whether they are all there. */
#include "data/run_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/record.h"
#include "scratch.h"

static void only_rows_are_listed_in_order(void **state)
{
	static const char *const names[] = {"b.probes.csv.zst", "a.probes.csv", "a.meta.json",
		"c.probes.csv.gz", ".probes.csv", "vantage.csv", "d.probes.csv.part-7", "probes.csv"};
	static const char *const want[] = {"./a.probes.csv", "./b.probes.csv.zst", "./c.probes.csv.gz"};
	struct run_files f = {.n = 0};
	struct err_msg why;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		scratch_text(names[i], "");
	assert_int_equal(run_files_list(".", &f, &why), 0);
	assert_int_equal(f.n, 3);
	assert_true(f.has_meta);
	for (size_t i = 0; i < f.n; i++)
		assert_string_equal(f.v[i], want[i]);
	run_files_free(&f);
	assert_int_equal(f.n, 0);
}

static void what_is_no_run_is_told(void **state)
{
	struct run_files f = {.n = 0};
	struct err_msg why;

	(void)state;
	assert_int_equal(run_files_list("none", &f, &why), ERR_IO);
	assert_non_null(strstr(why.text, "none: No such file"));
	scratch_text("vantage.csv", "vp\n");
	assert_int_equal(run_files_list(".", &f, &why), ERR_PARSE);
	assert_string_equal(why.text, ".: no *.probes.csv in it: not a run");
	run_files_free(&f);
}

static void remember(void *arg, const char *text)
{
	assert_true(fprintf(arg, "%s\n", text) > 0);
}

static void compare(FILE *out)
{
	struct run_files f = {.n = 0};
	uint64_t has[8] = {0};

	assert_int_equal(run_files_list(".", &f, NULL), 0);
	assert_false(f.has_meta);
	for (size_t i = 0; i < f.n; i++) {
		struct csv *c = csv_open(f.v[i], NULL);
		struct record_reader rd;

		if (c && record_reader_init(&rd, c, NULL) == 0)
			has[i] = record_reader_columns(&rd);
		csv_close(c);
	}
	run_files_compare_columns(&f, has, remember, out);
	assert_int_equal(fflush(out), 0);
	run_files_free(&f);
}

/* An older version's file lacks columns; what is no file of rows is not compared, nor what no version knows. */
static void files_of_several_versions_are_told(void **state)
{
	static const char whole[] = "vp,target,probe,outcome,rtt_ms,nsid\n";
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);

	(void)state;
	scratch_text("a.probes.csv", whole);
	scratch_text("b.probes.csv", "outcome,vp,nsid,new,target,rtt_ms,probe\n");
	scratch_text("c.probes.csv", "vp,target\n");
	scratch_text("d.probes.csv", "");
	compare(out);
	assert_string_equal(said, "");
	scratch_text("b.probes.csv", "vp,target,probe,outcome\n");
	scratch_text("bb.probes.csv", "vp,target,probe,outcome\n");
	scratch_text("c.probes.csv", "vp,target,probe,outcome,nsid,stamp\n");
	compare(out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(said,
		"./a.probes.csv:1: lacks columns that other files of the run have: stamp\n"
		"./b.probes.csv:1: lacks columns that other files of the run have: rtt_ms stamp nsid\n"
		"./bb.probes.csv:1: lacks columns that other files of the run have: rtt_ms stamp nsid\n"
		"./c.probes.csv:1: lacks columns that other files of the run have: rtt_ms\n");
	free(said);
}

static void the_end_is_checked_by_what_the_prober_says(void **state)
{
	static const struct {
		const char *meta, *said; /* NULL: there is none; it is whole */
	} cases[] = {
		{NULL, NULL},
		{"{\"end\": \"2026-01-01T00:00:00Z\", \"counts\": {\"rows\": 3}}", NULL},
		{"{}", NULL},
		{"{\"end\": \"2026-01-01T00:00:00Z\", \"counts\": {\"rows\": 4}}",
			"./a.probes.csv.zst: 3 good rows; its prober wrote 4"},
		{"{\"end\": null, \"counts\": {\"rows\": 3}}",
			"./a.probes.csv.zst: its prober is still at work, or died: 3 rows so far"},
		{"{\"end\": nul", "./a.meta.json:1:"},
		{"", "./a.meta.json:1:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err_msg why = {.text = ""};

		if (cases[i].meta)
			scratch_text("a.meta.json", cases[i].meta);
		assert_int_equal(
			run_files_check("./a.probes.csv.zst", 3, &why), cases[i].said ? ERR_PARTIAL : 0);
		assert_int_equal(strncmp(why.text, cases[i].said ? cases[i].said : "",
					 cases[i].said ? strlen(cases[i].said) : 1),
			0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			only_rows_are_listed_in_order, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_run_is_told, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(
			files_of_several_versions_are_told, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(
			the_end_is_checked_by_what_the_prober_says, scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
