#include "data/run_files.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "data/record.h"

static const char rows_suffix[] = ".probes.csv", meta_suffix[] = ".meta.json";
static const char *const packed[] = {"", ".gz", ".zst"};

/* Where the suffix of a file of rows begins; NULL: it is none. */
static const char *suffix_of(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		size_t len = sizeof(rows_suffix) - 1 + strlen(packed[i]);

		if (n > len && strncmp(name + n - len, rows_suffix, sizeof(rows_suffix) - 1) == 0 &&
			strcmp(name + n - strlen(packed[i]), packed[i]) == 0)
			return name + n - len;
	}
	return NULL;
}

static bool is_meta(const char *name)
{
	size_t n = strlen(name), len = sizeof(meta_suffix) - 1;

	return n > len && strcmp(name + n - len, meta_suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add(struct run_files *f, const char *run, const char *name)
{
	size_t len = strlen(run), n = strlen(name) + 1;
	char *path = malloc(len + 1 + n);

	if (!path || vec_reserve(&f->v, &f->cap, f->n + 1) < 0) {
		free(path);
		return ERR_NOMEM;
	}
	memcpy(path, run, len);
	path[len] = '/';
	memcpy(path + len + 1, name, n);
	f->v[f->n++] = path;
	return 0;
}

int run_files_list(const char *run, struct run_files *f, struct err_msg *why)
{
	DIR *d = opendir(run);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return err_set(why, ERR_IO, "%s: %s", run, strerror(errno));
	while (rc == 0 && (e = readdir(d))) {
		f->has_meta |= is_meta(e->d_name);
		if (suffix_of(e->d_name))
			rc = add(f, run, e->d_name);
	}
	(void)closedir(d);
	if (rc < 0)
		return err_set(why, rc, "%s: out of memory", run);
	if (f->n == 0)
		return err_set(why, ERR_PARSE, "%s: no *.probes.csv in it: not a run", run);
	qsort(f->v, f->n, sizeof(*f->v), by_name);
	return 0;
}

void run_files_free(struct run_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
	*f = (struct run_files){.v = NULL};
}

static void say_lacking(
	const char *path, uint64_t lacking, void (*complain)(void *arg, const char *text), void *arg)
{
	char names[256] = "";
	struct field column;
	struct err_msg text;
	size_t n = 0;

	for (size_t i = 0; record_field(i, &column) && n < sizeof(names); i++)
		if (lacking >> i & 1)
			n += (size_t)snprintf(names + n, sizeof(names) - n, " %s", column.name);
	(void)err_set(
		&text, ERR_PARTIAL, "%s:1: lacks columns that other files of the run have:%s", path, names);
	complain(arg, text.text);
}

void run_files_compare_columns(const struct run_files *f, const uint64_t *has,
	void (*complain)(void *arg, const char *text), void *arg)
{
	uint64_t all = 0;

	for (size_t i = 0; i < f->n; i++)
		all |= has[i];
	for (size_t i = 0; i < f->n; i++)
		if (has[i] != 0 && has[i] != all)
			say_lacking(f->v[i], all & ~has[i], complain, arg);
}

static int check(const json_t *meta, const char *path, uint64_t rows, struct err_msg *why)
{
	const json_t *counts = json_object_get(meta, "counts"), *wrote = json_object_get(counts, "rows");
	const json_t *end = json_object_get(meta, "end");

	if (json_is_null(end))
		return err_set(why, ERR_PARTIAL, "%s: its prober is still at work, or died: %llu rows so far",
			path, (unsigned long long)rows);
	if (json_is_integer(wrote) && (uint64_t)json_integer_value(wrote) != rows)
		return err_set(why, ERR_PARTIAL, "%s: %llu good rows; its prober wrote %lld", path,
			(unsigned long long)rows, (long long)json_integer_value(wrote));
	return 0;
}

int run_files_check(const char *path, uint64_t rows, struct err_msg *why)
{
	const char *suffix = suffix_of(path);
	char meta_path[PATH_MAX];
	json_error_t error;
	json_t *meta;
	int rc;

	(void)snprintf(meta_path, sizeof(meta_path), "%.*s%s", (int)(suffix - path), path, meta_suffix);
	if (access(meta_path, F_OK) < 0)
		return 0;
	meta = json_load_file(meta_path, 0, &error);
	if (!meta)
		return err_set(
			why, ERR_PARTIAL, "%s:%d:%d: %s", meta_path, error.line, error.column, error.text);
	rc = check(meta, path, rows, why);
	json_decref(meta);
	return rc;
}
