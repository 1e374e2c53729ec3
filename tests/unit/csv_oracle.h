/* What libcsv alone makes of a text, to hold base/csv against: where it reads rows without libcsv, they are the same. */
#ifndef TESTS_UNIT_CSV_ORACLE_H
#define TESTS_UNIT_CSV_ORACLE_H

#include <csv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

/* Rows as one text: each field with its length in front, each row ended by -1. */
struct csv_rows {
	char *bytes;
	size_t n, cap, rows;
};

static inline void csv_rows_put(struct csv_rows *r, const void *bytes, size_t n)
{
	if (r->n + n > r->cap) {
		r->cap = 2 * (r->n + n) + 256;
		r->bytes = realloc(r->bytes, r->cap);
		if (!r->bytes)
			abort();
	}
	if (n > 0)
		memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
}

static inline void csv_rows_field(void *field, size_t n, void *rows)
{
	csv_rows_put(rows, &n, sizeof(n));
	csv_rows_put(rows, field, n);
}

static inline void csv_rows_end(int term, void *rows)
{
	const size_t end = SIZE_MAX;

	(void)term;
	csv_rows_put(rows, &end, sizeof(end));
	((struct csv_rows *)rows)->rows++;
}

static inline int csv_rows_no_space(unsigned char c)
{
	(void)c;
	return 0;
}

/* False: libcsv refuses the text; the rows before stand. */
static inline bool csv_rows_of_libcsv(struct csv_rows *r, const void *text, size_t n)
{
	struct csv_parser p;
	bool ok;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		abort();
	csv_set_space_func(&p, csv_rows_no_space);
	ok = csv_parse(&p, text, n, csv_rows_field, csv_rows_end, r) == n &&
	     csv_fini(&p, csv_rows_field, csv_rows_end, r) == 0;
	csv_free(&p);
	return ok;
}

/* False: base/csv refuses a row; the rows before stand. */
static inline bool csv_rows_of_ours(struct csv_rows *r, const void *text, size_t n)
{
	struct csv *c = csv_open_over(file_in_bytes("x.csv", text, n, NULL), NULL);
	int rc = 0;

	if (!c)
		return n == 0;
	for (size_t i = 0; i < csv_columns(c); i++)
		csv_rows_field((char *)(uintptr_t)csv_column_name(c, i), strlen(csv_column_name(c, i)), r);
	csv_rows_end(0, r);
	while ((rc = csv_next(c, NULL)) > 0) {
		for (size_t i = 0; i < csv_fields(c); i++)
			csv_rows_field((char *)(uintptr_t)csv_field(c, (int)i), csv_field_len(c, (int)i), r);
		csv_rows_end(0, r);
	}
	csv_close(c);
	return rc == 0;
}

/* Every row that base/csv gives is libcsv's, and it gives all unless it refuses one (NUL bytes, a CR inside a line and rows
 * without end are refused by base/csv alone). */
static inline bool csv_agrees_with_libcsv(const void *text, size_t n)
{
	size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0
			      ? 3
			      : 0; /* a byte order mark, which libcsv keeps */
	struct csv_rows ours = {0}, theirs = {0};
	bool whole = csv_rows_of_ours(&ours, text, n);
	bool taken = csv_rows_of_libcsv(&theirs, (const char *)text + mark, n - mark), same;

	same = ours.n <= theirs.n && (ours.n == 0 || memcmp(ours.bytes, theirs.bytes, ours.n) == 0) &&
	       (!whole || (taken && ours.n == theirs.n));
	free(ours.bytes);
	free(theirs.bytes);
	return same;
}

#endif
