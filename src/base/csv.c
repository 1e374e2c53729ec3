#include "base/csv.h"

#include <csv.h>
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/vec.h"

/* The fields of one row, each NUL-ended in `bytes`. */
struct row {
	char *bytes;
	size_t n, cap;
	size_t *start; /* of each field, and one past the last field's NUL */
	size_t fields, cap_fields;
};

struct csv {
	struct file_in *in;
	struct csv_parser parser;
	struct row header, row;
	size_t line;     /* where the row starts */
	size_t fed;      /* bytes of it given to the parser */
	const char *raw; /* the row's line in place, NULL when there are several */
	size_t raw_n;
	unsigned ended;     /* rows that the last line completed */
	bool to_line_start; /* a bad line came in pieces: skip the rest of it */
	bool torn;
	bool nomem;
};

static int no_space(unsigned char c)
{
	(void)c; /* RFC 4180: spaces are part of a field */
	return 0;
}

static int parser_start(struct csv_parser *p)
{
	if (csv_init(p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return ERR_NOMEM;
	csv_set_blk_size(p, 1024);
	csv_set_space_func(p, no_space);
	return 0;
}

/* After an error libcsv stands in the middle of a field and has no way out but a new start. */
static void parser_restart(struct csv_parser *p)
{
	csv_free(p);
	(void)parser_start(p);
}

/* A row is begun and not ended. libcsv's first state, ROW_NOT_BEGUN, is 0. */
static bool row_is_open(const struct csv *c)
{
	return c->parser.pstate != 0;
}

static void on_field(void *bytes, size_t n, void *arg)
{
	struct csv *c = arg;
	struct row *r = &c->row;

	if (vec_reserve(&r->bytes, &r->cap, r->n + n + 1) < 0 ||
		vec_reserve(&r->start, &r->cap_fields, r->fields + 2) < 0) {
		c->nomem = true;
		return;
	}
	r->start[r->fields++] = r->n;
	if (n > 0)
		memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
	r->bytes[r->n++] = '\0';
	r->start[r->fields] = r->n;
}

static void on_row(int term, void *arg)
{
	struct csv *c = arg;

	(void)term;
	c->ended++;
}

static int bad_row(struct csv *c, size_t line, size_t position, const char *what, struct err_msg *why)
{
	parser_restart(&c->parser);
	return err_set(why, ERR_PARSE, "%s:%zu:%zu: %s", file_in_path(c->in), line, position, what);
}

/* --- rows of one line: most of all that is read, and libcsv takes microseconds for one --- */

/* Which of the next BLOCK bytes are `c`: SPREAD bits for each, of which the highest counts. */
#ifdef __SSE2__
enum { BLOCK = 16, SPREAD = 1 };
static uint64_t equal(const char *p, char c)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}
#else
enum { BLOCK = 8, SPREAD = 8 };
static uint64_t equal(const char *p, char c)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v = le64toh(v) ^ (ones * (uint8_t)c);
	return ~(((v & low) + low) | v | low);
}
#endif

/* Moves one field to out, without its quotes, and *at to the comma behind it or the end: false when it has not got the form of
 * RFC 4180, or goes on in the next line. */
static bool move_field(const char **at, const char *end, char **out)
{
	const char *from = *at, *to;

	if (from == end || *from != '"') {
		to = memchr(from, ',', (size_t)(end - from));
		to = to ? to : end;
		*at = to;
		*out = (char *)mempcpy(*out, from, (size_t)(to - from));
		return !memchr(from, '"', (size_t)(to - from));
	}
	for (from++;; *(*out)++ = '"', from = to + 2) {
		to = memchr(from, '"', (size_t)(end - from));
		if (!to)
			return false;
		*out = (char *)mempcpy(*out, from, (size_t)(to - from));
		if (to + 1 == end || to[1] != '"')
			break;
	}
	*at = to + 1;
	return *at == end || **at == ',';
}

/* `split` of a line with quotes. */
static int split_quoted(struct row *r, const char *line, size_t len)
{
	const char *at = line, *end = line + len;
	char *out = r->bytes;

	if (memchr(line, '\r', len) || memchr(line, '\0', len))
		return ERR_PARSE;
	for (r->fields = 0;; at++) {
		r->start[r->fields++] = (size_t)(out - r->bytes);
		if (!move_field(&at, end, &out)) {
			r->fields = 0;
			return ERR_PARSE;
		}
		*out++ = '\0';
		if (at == end)
			break;
	}
	r->start[r->fields] = r->n = (size_t)(out - r->bytes);
	return 1;
}

/* Cuts a line at its commas: 1, 0 for a blank one, ERR_NOMEM; ERR_PARSE when it is not a whole row, or it is one that libcsv
 * has to look at: then nothing was done. */
static int split(struct row *r, const char *line, size_t n)
{
	size_t len = n - (n > 1 && line[n - 2] == '\r' ? 2 : 1), fields = 0;

	if (line[n - 1] != '\n')
		return ERR_PARSE;
	if (len == 0)
		return 0;
	if (vec_reserve(&r->bytes, &r->cap, len + BLOCK) < 0 ||
		vec_reserve(&r->start, &r->cap_fields, len + 2) < 0)
		return ERR_NOMEM;
	memcpy(r->bytes, line, len);
	memset(r->bytes + len, ' ', BLOCK);
	r->start[0] = 0;
	for (size_t at = 0; at < len; at += BLOCK) {
		const char *block = r->bytes + at;

		if (equal(block, '"') | equal(block, '\r') | equal(block, '\0'))
			return split_quoted(r, line, len);
		for (uint64_t found = equal(block, ','); found; found &= found - 1) {
			size_t comma = at + (size_t)__builtin_ctzll(found) / SPREAD;

			r->bytes[comma] = '\0';
			r->start[++fields] = comma + 1;
		}
	}
	r->bytes[len] = '\0';
	r->fields = fields + 1;
	r->start[r->fields] = r->n = len + 1;
	return 1;
}

/* --- all others --- */

/* Gives one line (or a piece of one) to the parser: 1 when it completed the row, 0 to go on, ERR_PARSE. */
static int parse(struct csv *c, const char *line, size_t n, struct err_msg *why)
{
	bool opens = !row_is_open(c);
	const char *nul = memchr(line, '\0', n);
	size_t taken;

	if (opens) {
		c->line = file_in_lineno(c->in);
		c->fed = 0;
	}
	c->raw = opens ? line : NULL;
	c->raw_n = n;
	c->fed += n;
	c->ended = 0;
	if (nul)
		return bad_row(c, file_in_lineno(c->in), (size_t)(nul - line) + 1, "a NUL byte in text", why);
	taken = csv_parse(&c->parser, line, n, on_field, on_row, c);
	if (c->nomem || (taken < n && csv_error(&c->parser) != CSV_EPARSE))
		return err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(c->in));
	if (taken < n)
		return bad_row(c, file_in_lineno(c->in), taken + 1, "a quote in the wrong place", why);
	if (c->ended > 1 || (c->ended == 1 && row_is_open(c)))
		return bad_row(c, c->line, 1, "a carriage return in the middle of a line", why);
	if (c->ended == 0 && c->fed > CSV_ROW_MAX)
		return bad_row(c, c->line, 1, "a row without an end (a quote that is not closed?)", why);
	return (int)c->ended;
}

/* The same of any line. */
static int feed(struct csv *c, const char *line, size_t n, struct err_msg *why)
{
	int rc = row_is_open(c) ? ERR_PARSE : split(&c->row, line, n);

	if (rc == ERR_PARSE)
		return parse(c, line, n, why);
	if (rc < 0)
		return err_set(why, rc, "%s: out of memory", file_in_path(c->in));
	c->line = file_in_lineno(c->in);
	c->raw = line;
	c->raw_n = n;
	return rc;
}

static int feed_end(struct csv *c, struct err_msg *why)
{
	c->ended = 0;
	if (csv_fini(&c->parser, on_field, on_row, c) != 0)
		return bad_row(c, c->line, 1, "a quote that is not closed", why);
	if (c->nomem)
		return err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(c->in));
	c->torn = c->ended > 0;
	return (int)c->ended;
}

int csv_next(struct csv *c, struct err_msg *why)
{
	const char *line;
	ssize_t n;
	int rc = 0;

	c->row.n = c->row.fields = 0;
	while (rc == 0) {
		bool skip = c->to_line_start;

		n = file_in_line(c->in, &line, why);
		/* ERR_PARSE would say that the next row may be good; behind corrupt bytes there is none. */
		if (n < 0)
			return n == ERR_PARSE ? ERR_PARTIAL : (int)n;
		if (n == 0)
			return feed_end(c, why);
		c->to_line_start = skip && line[n - 1] != '\n';
		if (skip)
			continue;
		rc = feed(c, line, (size_t)n, why);
		if (rc < 0)
			c->to_line_start = line[n - 1] != '\n';
	}
	return rc;
}

struct csv *csv_open_over(struct file_in *in, struct err_msg *why)
{
	struct csv *c = calloc(1, sizeof(*c));
	int rc;

	if (!c || parser_start(&c->parser) < 0) {
		(void)err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(in));
		free(c);
		file_in_close(in);
		return NULL;
	}
	c->in = in;
	rc = csv_next(c, why);
	if (rc <= 0) {
		if (rc == 0)
			(void)err_set(
				why, ERR_PARSE, "%s: empty; a header row was expected", file_in_path(in));
		csv_close(c);
		return NULL;
	}
	c->header = c->row;
	c->row = (struct row){0};
	return c;
}

struct csv *csv_open(const char *path, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);

	return in ? csv_open_over(in, why) : NULL;
}

/* Files are many, and each header is asked for all columns: most names differ in length already. */
int csv_column(const struct csv *c, const char *name)
{
	const struct row *h = &c->header;
	size_t n = strlen(name) + 1;

	for (size_t i = 0; i < h->fields; i++)
		if (h->start[i + 1] - h->start[i] == n && memcmp(h->bytes + h->start[i], name, n) == 0)
			return (int)i;
	return -1;
}

size_t csv_columns(const struct csv *c)
{
	return c->header.fields;
}

const char *csv_column_name(const struct csv *c, size_t column)
{
	return column < c->header.fields ? c->header.bytes + c->header.start[column] : "";
}

const char *csv_path(const struct csv *c)
{
	return file_in_path(c->in);
}

struct csv_cell csv_cell(const struct csv *c, int column)
{
	const struct row *r = &c->row;
	size_t i = (size_t)column;

	if (column < 0 || i >= r->fields)
		return (struct csv_cell){"", 0};
	return (struct csv_cell){r->bytes + r->start[i], r->start[i + 1] - r->start[i] - 1};
}

const char *csv_field(const struct csv *c, int column)
{
	return csv_cell(c, column).p;
}

size_t csv_field_len(const struct csv *c, int column)
{
	return csv_cell(c, column).n;
}

static struct csv_row view(const struct row *r)
{
	return (struct csv_row){r->bytes, r->start, r->fields};
}

struct csv_row csv_row(const struct csv *c)
{
	return view(&c->row);
}

struct csv_row csv_header(const struct csv *c)
{
	return view(&c->header);
}

size_t csv_line(const struct csv *c)
{
	return c->line;
}

size_t csv_fields(const struct csv *c)
{
	return c->row.fields;
}

size_t csv_position(const struct csv *c, int column)
{
	bool quoted = false;
	size_t at = 0;

	for (int commas = 0; c->raw && at < c->raw_n && commas < column; at++) {
		quoted ^= c->raw[at] == '"';
		commas += c->raw[at] == ',' && !quoted;
	}
	return at + 1;
}

bool csv_is_torn(const struct csv *c)
{
	return c->torn;
}

void csv_close(struct csv *c)
{
	if (!c)
		return;
	csv_free(&c->parser);
	file_in_close(c->in);
	free(c->header.bytes);
	free(c->header.start);
	free(c->row.bytes);
	free(c->row.start);
	free(c);
}

int csv_not(struct err_msg *why, const char *path, size_t line, size_t position, const char *text, size_t n,
	const char *expected)
{
	enum { SHOWN = 60 };
	char shown[SHOWN * 4 + 1];
	size_t len = csv_escape(shown, sizeof(shown) - 1, text, n < SHOWN ? n : SHOWN);

	shown[len] = '\0';
	return err_set(why, ERR_PARSE, "%s:%zu:%zu: '%s%s' is not %s", path, line, position, shown,
		n > SHOWN ? "..." : "", expected);
}

int csv_field_is_not(const struct csv *c, int column, const char *expected, struct err_msg *why)
{
	return csv_not(why, csv_path(c), c->line, csv_position(c, column), csv_field(c, column),
		csv_field_len(c, column), expected);
}

size_t csv_put(char *out, size_t cap, const char *bytes, size_t n)
{
	static const bool special[UINT8_MAX + 1] = {[','] = true, ['"'] = true, ['\n'] = true, ['\r'] = true};
	size_t len = n + 2, at = 0;
	bool quote = false;

	for (size_t i = 0; i < n; i++)
		quote |= special[(uint8_t)bytes[i]];
	if (!quote && n <= cap) {
		if (n > 0)
			memcpy(out, bytes, n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
		len += bytes[i] == '"';
	if (!quote || len > cap)
		return 0;
	out[at++] = '"';
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '"')
			out[at++] = '"';
		out[at++] = bytes[i];
	}
	out[at++] = '"';
	return at;
}

static bool is_plain(uint8_t b)
{
	return b >= ' ' && b <= '~' && b != '\\';
}

size_t csv_escape(char *out, size_t cap, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (cap - at < (is_plain(b[i]) ? 1 : 4))
			break;
		if (is_plain(b[i])) {
			out[at++] = (char)b[i];
			continue;
		}
		out[at++] = '\\';
		out[at++] = (char)('0' + b[i] / 100);
		out[at++] = (char)('0' + b[i] / 10 % 10);
		out[at++] = (char)('0' + b[i] % 10);
	}
	return at;
}

/* The byte that `\DDD` at `text` stands for, or -1. */
static int escape_at(const char *text, size_t left)
{
	int v = 0;

	if (left < 4 || text[0] != '\\')
		return -1;
	for (int i = 1; i < 4; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (text[i] - '0');
	}
	return v <= 255 ? v : -1;
}

size_t csv_unescape(void *out, size_t cap, const char *text, size_t n)
{
	uint8_t *b = out;
	size_t at = 0;

	for (size_t i = 0; i < n && at < cap; at++) {
		int v = escape_at(text + i, n - i);

		b[at] = (uint8_t)(v >= 0 ? v : text[i]);
		i += v >= 0 ? 4 : 1;
	}
	return at;
}
