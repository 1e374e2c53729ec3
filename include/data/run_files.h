/* What is in a run's folder: the files of rows, and what each one's meta.json says of its end. */
#ifndef DATA_RUN_FILES_H
#define DATA_RUN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct run_files {
	char **v; /* paths of *.probes.csv, .gz and .zst too, in the order of strcmp */
	size_t n, cap;
	bool has_meta; /* there is a meta.json of one at least */
};

/* ERR_IO when the folder cannot be read, ERR_PARSE when it has no rows. Free in any case. */
int run_files_list(const char *run, struct run_files *f, struct err_msg *why);
void run_files_free(struct run_files *f);

/* Tells of each file that lacks columns which another one has, as files of several versions do: "FILE:1: ...". `has` are those of
 * each, as record_reader_columns says; those that are no files of rows have none and are passed over. */
void run_files_compare_columns(const struct run_files *f, const uint64_t *has,
	void (*complain)(void *arg, const char *text), void *arg);

/* Whether the rows of a file are all there, by the meta.json beside it, if there is one: ERR_PARTIAL when the prober did not
 * come to an end, or wrote another number of rows. */
int run_files_check(const char *path, uint64_t rows, struct err_msg *why);

#endif
