/* A folder of a test's own, which is the working folder until it is removed, and whole files in it.
 *
 *	struct scratch s = scratch_make();
 *	scratch_write("a.csv", "x\n", 2);
 *	...
 *	scratch_remove(&s);
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
	char folder[32];
	int back;
};

static inline struct scratch scratch_make(void)
{
	struct scratch s = {.folder = "/tmp/catchmap-test-XXXXXX"};

	s.back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.back >= 0);
	assert_non_null(mkdtemp(s.folder));
	assert_int_equal(chdir(s.folder), 0);
	return s;
}

static inline void scratch_write(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline void scratch_text(const char *name, const char *text)
{
	scratch_write(name, text, strlen(text));
}

/* The whole file, NUL-ended, to be freed; n may be NULL. */
static inline char *scratch_read(const char *name, size_t *n)
{
	FILE *f = fopen(name, "rb");
	char *bytes;
	long size;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	bytes = malloc((size_t)size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
	bytes[size] = '\0';
	assert_int_equal(fclose(f), 0);
	if (n)
		*n = (size_t)size;
	return bytes;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void scratch_remove(struct scratch *s)
{
	assert_int_equal(fchdir(s->back), 0);
	assert_int_equal(close(s->back), 0);
	assert_int_equal(nftw(s->folder, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* One for each test: cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down). */
static inline int scratch_set_up(void **state)
{
	static struct scratch s;

	s = scratch_make();
	*state = &s;
	return 0;
}

static inline int scratch_tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

#endif
