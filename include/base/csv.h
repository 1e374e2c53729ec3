/* CSV as RFC 4180 has it, by libcsv: a header row, columns looked up by name. A byte order mark and CRLF are
 * accepted.
 *
 *	struct csv *c = csv_open(path, &why);
 *	int target = csv_column(c, "target");
 *	while ((rc = csv_next(c, &why)) > 0)
 *		use(csv_field(c, target), csv_line(c));
 *	csv_close(c);
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/file.h"

struct csv; /* opaque: it owns a stream, a libcsv parser and the current row */

/* Opens (any suffix of base/file.h) and reads the header. An empty file is ERR_PARSE. */
struct csv *csv_open(const char *path, struct err_msg *why);
/* The same over a stream, whose next line is the header. It belongs to the result, and is closed on failure. */
struct csv *csv_open_over(struct file_in *in, struct err_msg *why);
/* The column's number, or -1 when the file has no such column. */
int csv_column(const struct csv *c, const char *name);
size_t csv_columns(const struct csv *c);
const char *csv_column_name(const struct csv *c, size_t column);
const char *csv_path(const struct csv *c);
/* 1 and a row, 0 at the end, or a negative `enum err`: ERR_PARSE for one bad row (the next call goes on
 * behind it), ERR_PARTIAL or ERR_IO when no more can be read. Blank lines are skipped. A row is at most
 * CSV_ROW_MAX long and has no NUL byte, and a carriage return only at a line's end or in quotes. */
#define CSV_ROW_MAX FILE_LINE_MAX
int csv_next(struct csv *c, struct err_msg *why);
/* The field of the current row, NUL-ended; "" for column -1 or one past the row's end. Valid until the next
 * csv_next. */
const char *csv_field(const struct csv *c, int column);
size_t csv_field_len(const struct csv *c, int column);
struct csv_cell {
	const char *p;
	size_t n;
};
/* Both at once. */
struct csv_cell csv_cell(const struct csv *c, int column);
/* All of the current row, for who looks at many fields of each: field i stands at bytes + start[i], and the NUL behind it in
 * front of bytes + start[i + 1]. Valid until the next csv_next. */
struct csv_row {
	const char *bytes;
	const size_t *start;
	size_t n; /* fields */
};
struct csv_row csv_row(const struct csv *c);
/* The header in the same form. */
struct csv_row csv_header(const struct csv *c);

/* Line (from 1) on which the current row starts, and the fields it has. */
size_t csv_line(const struct csv *c);
size_t csv_fields(const struct csv *c);
/* Where on that line the field starts, in bytes from 1; 1 for a row of several lines. */
size_t csv_position(const struct csv *c, int column);
/* The file ended in this row without a line end: what wrote it may have died in the middle of it. */
bool csv_is_torn(const struct csv *c);
void csv_close(struct csv *c);

/* "FILE:LINE:POSITION: 'text' is not EXPECTED", the text escaped and cut to a bearable length. Returns
 * ERR_PARSE. */
int csv_not(struct err_msg *why, const char *path, size_t line, size_t position, const char *text, size_t n,
	const char *expected);
/* The same of a field of the current row. */
int csv_field_is_not(const struct csv *c, int column, const char *expected, struct err_msg *why);

/* Writes `n` bytes as one field into out[cap], quoted only where RFC 4180 needs it; returns its length, or 0
 * if it does not fit (an empty field needs no room and gives 0 too: check n). */
size_t csv_put(char *out, size_t cap, const char *bytes, size_t n);

/* Identity bytes to text and back: printable ASCII stays, all else and `\` becomes \DDD (decimal). Lossless.
 * Both return the length written, without a NUL, and stop (returning what fitted) at cap. csv_unescape leaves
 * a malformed escape as it stands. */
size_t csv_escape(char *out, size_t cap, const void *bytes, size_t n);
size_t csv_unescape(void *out, size_t cap, const char *text, size_t n);

#endif
