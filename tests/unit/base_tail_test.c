#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/tail.h"
#include "scratch.h"

static const char header[] = "a,b\n";

static void expect(struct tail *t, const char *path, const char *rows)
{
	size_t n = sizeof(header) - 1;

	assert_int_equal(tail_read(t, path, NULL), *rows != '\0');
	if (!*rows)
		return;
	assert_int_equal(t->n, n + strlen(rows));
	assert_memory_equal(t->text, header, n);
	assert_memory_equal(t->text + n, rows, strlen(rows));
}

static void put(struct file_out *f, const char *text, bool flush)
{
	assert_int_equal(file_out_write(f, text, strlen(text), NULL), 0);
	if (flush)
		assert_int_equal(file_out_flush(f, NULL), 0);
}

static void rows_come_as_they_are_written(void **state)
{
	static const char *const paths[] = {"rows.csv", "rows.csv.gz", "rows.csv.zst"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scratch s = scratch_make();
		struct file_out *f = file_out_create(paths[i], NULL);
		struct tail t = {0};

		expect(&t, paths[i], "");
		put(f, header, true);
		expect(&t, paths[i], "");
		put(f, "1,2\n", false);
		expect(&t, paths[i], "");
		put(f, "3,4\n", true);
		expect(&t, paths[i], "1,2\n3,4\n");
		expect(&t, paths[i], "");
		put(f, "5,6\n", true);
		assert_int_equal(rename(paths[i], i ? "new.gz" : "new"), 0); /* rotated: the place stays */
		assert_int_equal(rename(i ? "new.gz" : "new", paths[i]), 0);
		expect(&t, paths[i], "5,6\n");
		assert_int_equal(file_out_close(f, NULL), 0);
		expect(&t, paths[i], "");
		tail_free(&t);
		scratch_remove(&s);
	}
}

/* However the writer's bytes reach the disk, each row comes once and whole. */
static void any_piece(void **state)
{
	static const char *const paths[] = {"rows.csv", "rows.csv.zst"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scratch s = scratch_make();
		const char *source = i ? "all.zst" : "all";
		struct file_out *f = file_out_create(source, NULL);
		struct tail t = {0};
		size_t n, rows = 0;
		char *bytes;

		put(f, header, true);
		for (unsigned k = 0; k < 50; k++)
			put(f, "12,34\n", k % 5 == 0);
		assert_int_equal(file_out_close(f, NULL), 0);
		bytes = scratch_read(source, &n);
		for (size_t cut = 0; cut <= n; cut++) {
			scratch_write(paths[i], bytes, cut);
			if (tail_read(&t, paths[i], NULL) == 0)
				continue;
			assert_int_equal((t.n - t.header) % 6, 0);
			rows += (t.n - t.header) / 6;
		}
		assert_int_equal(rows, 50);
		scratch_write(paths[i], bytes, 3);
		assert_int_equal(tail_read(&t, paths[i], NULL), ERR_PARSE);
		tail_free(&t);
		free(bytes);
		scratch_remove(&s);
	}
}

static void no_such_file(void **state)
{
	struct tail t = {0};
	struct err_msg why = {{0}};

	(void)state;
	assert_int_equal(tail_read(&t, "/nowhere/rows.csv", &why), ERR_IO);
	assert_non_null(strstr(why.text, "/nowhere/rows.csv"));
	tail_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_as_they_are_written),
		cmocka_unit_test(any_piece),
		cmocka_unit_test(no_such_file),
	};

	return cmocka_run_group_tests_name("base/tail", tests, NULL, NULL);
}
