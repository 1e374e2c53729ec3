#include "data/table.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/decimal.h"

/* A number or a time is never longer. */
enum { SHORT_MAX = 64 };

/* How a type of member is written (into out[SHORT_MAX], or elsewhere) and read; `expected` is for messages. What is not `plain` may
 * need quotes. */
struct codec {
	const char *(*text)(const struct table_column *c, const void *at, char out[static SHORT_MAX]);
	bool (*parse)(const struct table_column *c, const char *text, void *at);
	const char *expected;
	bool plain;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the table's type */
static const char *text_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	const char *text = *(const char *const *)at;

	(void)c;
	(void)out;
	return text ? text : "";
}

static bool text_parse(const struct table_column *c, const char *text, void *at)
{
	(void)c;
	*(const char **)at = text;
	return true;
}

static const char *address_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	(void)c;
	return addr_text(at, out);
}

static bool address_parse(const struct table_column *c, const char *text, void *at)
{
	(void)c;
	*(struct addr *)at = (struct addr){0};
	return *text == '\0' || addr_parse(text, at) == 0;
}

static const char *real_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	double v = *(const double *)at;

	out[0] = '\0';
	if (isfinite(v) && fabs(v) < 1e15)
		*decimal_put_real(out, v, (unsigned)c->decimals) = '\0';
	return out;
}

static bool real_parse(const struct table_column *c, const char *text, void *at)
{
	double *v = at;

	*v = (double)NAN;
	if (*text == '\0')
		return true;
	return decimal_parse_real(text, v) && isfinite(*v) &&
	       ((c->low >= c->high && c->low <= c->high) || (*v >= c->low && *v <= c->high));
}

static const char *count_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	(void)c;
	*decimal_put(out, *(const uint32_t *)at) = '\0';
	return out;
}

static bool count_parse(const struct table_column *c, const char *text, void *at)
{
	uint64_t v = 0;

	(void)c;
	for (; *text >= '0' && *text <= '9' && v <= UINT32_MAX; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	*(uint32_t *)at = (uint32_t)v;
	return *text == '\0' && v <= UINT32_MAX;
}

static const char *id_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	out[0] = '\0';
	return *(const uint32_t *)at ? count_text(c, at, out) : out;
}

static const char *ms_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	int64_t ns = *(const int64_t *)at;
	char *end = out;

	(void)c;
	if (ns >= 0) {
		end = decimal_put(end, (uint64_t)(ns / NS_PER_MS));
		*end++ = '.';
		end = decimal_put_padded(end, (uint64_t)ns, 6);
	}
	*end = '\0';
	return out;
}

static bool ms_parse(const struct table_column *c, const char *text, void *at)
{
	double ms;

	(void)c;
	*(int64_t *)at = -1;
	if (*text == '\0')
		return true;
	if (!decimal_parse_real(text, &ms) || !(ms >= 0) || ms > 1e9)
		return false;
	*(int64_t *)at = (int64_t)llround(ms * (double)NS_PER_MS);
	return true;
}

static const char *time_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	const struct wall *t = at;

	(void)c;
	out[0] = '\0';
	return t->ns > 0 ? clock_text(*t, out) : out;
}

static bool time_parse(const struct table_column *c, const char *text, void *at)
{
	(void)c;
	*(struct wall *)at = (struct wall){0};
	return *text == '\0' || clock_parse_text(text, at) == 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the table's type */
static const char *name_text(const struct table_column *c, const void *at, char out[static SHORT_MAX])
{
	(void)out;
	return c->names[*(const int *)at];
}

static bool name_parse(const struct table_column *c, const char *text, void *at)
{
	for (int i = 0; c->names[i]; i++)
		if (strcmp(c->names[i], text) == 0) {
			*(int *)at = i;
			return true;
		}
	return false;
}

static const struct codec codecs[TABLE_TYPES] = {
	[TABLE_TEXT] = {text_text, text_parse, "text", false},
	[TABLE_ADDR] = {address_text, address_parse, "an IPv4 or IPv6 address", true},
	[TABLE_REAL] = {real_text, real_parse, "a number", true},
	[TABLE_COUNT] = {count_text, count_parse, "a number from 0 to 4294967295", true},
	[TABLE_ID] = {id_text, count_parse, "a number from 1 to 4294967295", true},
	[TABLE_MS] = {ms_text, ms_parse, "a time in ms", true},
	[TABLE_TIME] = {time_text, time_parse, "a time like 2026-11-22T18:00:00Z", true},
	[TABLE_NAME] = {name_text, name_parse, "a known word", false},
};

bool table_field(const struct table *t, size_t i, struct field *out)
{
	if (i >= t->n)
		return false;
	*out = (struct field){t->columns[i].name, t->columns[i].about};
	return true;
}

/* Appends one field; false when it does not fit with what ends it. */
static bool put(char **p, const char *end, const char *text, bool plain, bool first)
{
	size_t n = strlen(text), len = n;

	if (end - *p < SHORT_MAX + 2)
		return false;
	if (!first)
		*(*p)++ = ',';
	if (plain)
		memcpy(*p, text, n);
	else
		len = csv_put(*p, (size_t)(end - *p) - 1, text, n);
	*p += len;
	return n == 0 || len > 0;
}

size_t table_header(const struct table *t, char *out, size_t cap)
{
	char *p = out;

	for (size_t i = 0; i < t->n; i++)
		if (!put(&p, out + cap, t->columns[i].name, false, i == 0))
			return 0;
	*p++ = '\n';
	return (size_t)(p - out);
}

size_t table_row(const struct table *t, const void *row, char *out, size_t cap)
{
	char *p = out, text[SHORT_MAX];

	for (size_t i = 0; i < t->n; i++) {
		const struct table_column *c = &t->columns[i];
		const struct codec *codec = &codecs[c->type];

		if (!put(&p, out + cap, codec->text(c, (const char *)row + c->offset, text), codec->plain,
			    i == 0))
			return 0;
	}
	*p++ = '\n';
	return (size_t)(p - out);
}

int table_reader_init(
	struct table_reader *rd, const struct table *t, const struct csv *c, struct err_msg *why)
{
	rd->table = t;
	for (size_t i = 0; i < t->n; i++) {
		rd->column[i] = csv_column(c, t->columns[i].name);
		if (rd->column[i] < 0 && t->columns[i].required)
			return err_set(why, ERR_PARSE, "%s: no column '%s': not a %s file", csv_path(c),
				t->columns[i].name, t->what);
	}
	return 0;
}

/* Numbers out of their bounds and words that are not known are told with what would be right. */
static int complain(const struct csv *c, int column, const struct table_column *t, struct err_msg *why)
{
	char text[256];
	size_t n = 0;

	if (t->type == TABLE_REAL && t->low < t->high) {
		(void)snprintf(text, sizeof(text), "a number from %g to %g", t->low, t->high);
		return csv_field_is_not(c, column, text, why);
	}
	if (t->type != TABLE_NAME)
		return csv_field_is_not(c, column, codecs[t->type].expected, why);
	text[0] = '\0';
	for (size_t i = 0; t->names[i] && n < sizeof(text); i++)
		if (*t->names[i])
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%s%s", n ? ", " : "one of ", t->names[i]);
	return csv_field_is_not(c, column, text, why);
}

int table_read(const struct table_reader *rd, const struct csv *c, void *row, struct err_msg *why)
{
	const struct csv_row cells = csv_row(c);

	if (csv_is_torn(c) && csv_fields(c) < csv_columns(c))
		return err_set(why, ERR_PARSE, "%s:%zu:1: the row is cut short", csv_path(c), csv_line(c));
	for (size_t i = 0; i < rd->table->n; i++) {
		const struct table_column *t = &rd->table->columns[i];
		bool there = rd->column[i] >= 0 && (size_t)rd->column[i] < cells.n;
		const char *text = there ? cells.bytes + cells.start[rd->column[i]] : "";

		if ((t->required && *text == '\0') ||
			!codecs[t->type].parse(t, text, (char *)row + t->offset))
			return complain(c, rd->column[i], t, why);
	}
	return 0;
}
