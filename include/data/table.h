/* A CSV file as an array of columns, each bound to a member of a struct: the one description gives the header, the writer,
 * the reader and `catchmap fields`.
 *
 *	static const struct table_column columns[] = {
 *		{"vp", "vantage point", TABLE_TEXT, .offset = offsetof(struct row, vp), .required = true},
 *		{"lat", "latitude, degrees", TABLE_REAL, .offset = offsetof(struct row, lat), .decimals = 4},
 *	};
 */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/csv.h"
#include "base/err.h"
#include "data/field.h"

/* The member's C type, and what an empty field stands for. */
enum table_type {
	TABLE_TEXT,  /* const char *: "" */
	TABLE_ADDR,  /* struct addr: no address */
	TABLE_REAL,  /* double, written with `decimals`: NAN */
	TABLE_COUNT, /* uint32_t: 0 on reading; 0 is written as 0 */
	TABLE_ID,    /* uint32_t: 0, which is written as an empty field (an AS number) */
	TABLE_MS,    /* int64_t ns, written in ms with 6 decimals: -1 */
	TABLE_TIME,  /* struct wall, written as RFC 3339 in UTC: 0 */
	TABLE_NAME,  /* int, index into `names`: 0, whose name is "" */
	TABLE_TYPES
};

struct table_column {
	const char *name, *about;
	enum table_type type;
	size_t offset;    /* of the member in the row's struct */
	bool required;    /* a file without the column is not of this kind, nor may the field be empty */
	double low, high; /* TABLE_REAL: bounds, both 0 for none */
	int decimals;
	const char *const *names; /* NULL-ended */
};

struct table {
	const char *what; /* "catchment": for messages */
	const struct table_column *columns;
	size_t n;
};

enum { TABLE_COLUMNS_MAX = 48, TABLE_ROW_MAX = 32768 };

bool table_field(const struct table *t, size_t i, struct field *out);

/* The header row, or one row of the struct, with its LF, into out[cap]: its length, or 0 when it does not fit. */
size_t table_header(const struct table *t, char *out, size_t cap);
size_t table_row(const struct table *t, const void *row, char *out, size_t cap);

struct table_reader {
	const struct table *table;
	int column[TABLE_COLUMNS_MAX];
};
/* Finds the columns by name: unknown ones are passed over, missing ones read as empty; a missing required one is ERR_PARSE. */
int table_reader_init(
	struct table_reader *rd, const struct table *t, const struct csv *c, struct err_msg *why);
/* The current row of `c` into the struct. Texts point into the row: valid until the next csv_next. ERR_PARSE names file, line
 * and column, and what was expected there; a row that the file's end cuts short is one too. */
int table_read(const struct table_reader *rd, const struct csv *c, void *row, struct err_msg *why);

#endif
