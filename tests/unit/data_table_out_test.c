/* data/table_out: a table is at its place whole, or not at all. */
#include "data/table_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "data/catchment.h"
#include "scratch.h"

static const struct trust_row rows[] = {{"a", "yes", "", 0, 12}, {"b,1", "no", "misplaced", 3, 12}};
static const char whole[] = "vp,trusted,reason,conflicts,targets\na,yes,,0,12\n\"b,1\",no,misplaced,3,12\n";

static struct table_out *begin(void)
{
	struct err_msg why;
	struct table_out *o = table_out_open(&trust_table, "trust.csv", &why);

	assert_non_null(o);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(table_out_put(o, &rows[i], &why), 0);
	return o;
}

static void assert_holds(const char *want)
{
	char *got = scratch_read("trust.csv", NULL);

	assert_string_equal(got, want);
	free(got);
}

static size_t files(void)
{
	DIR *d = opendir(".");
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	assert_int_equal(closedir(d), 0);
	return n;
}

static void the_old_one_stays_until_the_new_one_is_whole(void **state)
{
	struct table_out *o;
	struct err_msg why;

	(void)state;
	scratch_text("trust.csv", "old\n");
	o = begin();
	assert_holds("old\n");
	assert_int_equal(table_out_commit(o, &why), 0);
	assert_holds(whole);
	assert_int_equal(files(), 1);
}

static void what_is_dropped_leaves_nothing(void **state)
{
	(void)state;
	scratch_text("trust.csv", "old\n");
	table_out_drop(begin());
	table_out_drop(NULL);
	assert_holds("old\n");
	assert_int_equal(files(), 1);
}

static void a_place_that_cannot_be_is_told(void **state)
{
	struct table_out *o;
	struct err_msg why;

	(void)state;
	assert_null(table_out_open(&trust_table, "none/trust.csv", &why));
	assert_non_null(strstr(why.text, "No such file"));
	o = begin();
	assert_int_equal(mkdir("trust.csv", 0700), 0);
	assert_true(table_out_commit(o, &why) < 0);
	assert_non_null(strstr(why.text, "trust.csv: "));
	assert_int_equal(files(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_old_one_stays_until_the_new_one_is_whole, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_dropped_leaves_nothing, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(
			a_place_that_cannot_be_is_told, scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
