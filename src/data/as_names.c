#include "data/as_names.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"

enum { NAME_MAX_BYTES = 128 };

/* U+0080 to U+009F are controls, U+202A to U+202E and U+2066 to U+2069 turn text around. */
static bool controls_at(const unsigned char *b, size_t left)
{
	if (b[0] < ' ' || b[0] == 127)
		return true;
	if (left > 1 && b[0] == 0xc2 && b[1] < 0xa0)
		return true;
	return left > 2 && b[0] == 0xe2 &&
	       ((b[1] == 0x80 && b[2] >= 0xaa && b[2] <= 0xae) ||
		       (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9));
}

/* UTF-8 that can be shown as it is. */
static bool is_text(const char *bytes, size_t n)
{
	json_t *valid = json_stringn(bytes, n);

	json_decref(valid);
	for (size_t i = 0; i < n; i++)
		if (controls_at((const unsigned char *)bytes + i, n - i))
			return false;
	return valid != NULL;
}

/* At most NAME_MAX_BYTES, whole characters. */
static size_t cut(const char *name, size_t n)
{
	if (n <= NAME_MAX_BYTES)
		return n;
	n = NAME_MAX_BYTES;
	while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* `asn|name` into *asn; where the name begins, or NULL. */
static const char *parse(const char *line, size_t n, uint32_t *asn)
{
	uint64_t v = 0;
	size_t at = n > 2 && (line[0] | 0x20) == 'a' && (line[1] | 0x20) == 's' ? 2 : 0, begin = at;

	for (; at < n && line[at] >= '0' && line[at] <= '9' && v <= UINT32_MAX; at++)
		v = 10 * v + (uint64_t)(line[at] - '0');
	if (at == begin || at == n || line[at] != '|' || v > UINT32_MAX)
		return NULL;
	*asn = (uint32_t)v;
	return line + at + 1;
}

static int add(struct as_names *n, uint32_t asn, const char *name, size_t len, size_t line)
{
	char escaped[4 * NAME_MAX_BYTES];
	int64_t id;

	len = cut(name, len);
	if (!is_text(name, len)) {
		len = csv_escape(escaped, sizeof(escaped), name, len);
		name = escaped;
	}
	id = intern_put(&n->text, name, len);

	if (id < 0 || vec_reserve(&n->v, &n->cap, n->n + 1) < 0)
		return ERR_NOMEM;
	n->v[n->n++] = (struct as_name){asn, (uint32_t)id, line};
	return 0;
}

static int take_line(
	struct as_names *n, const struct file_in *in, const char *line, size_t len, struct err_msg *why)
{
	const char *name;
	uint32_t asn;

	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (len == 0 || line[0] == '#')
		return 0;
	name = parse(line, len, &asn);
	if (name)
		return add(n, asn, name, len - (size_t)(name - line), file_in_lineno(in));
	if (n->bad++ == 0)
		(void)err_set(why, ERR_PARSE, "%s:%zu: not a line `asn|name`", file_in_path(in),
			file_in_lineno(in));
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct as_name *x = a, *y = b;

	if (x->asn != y->asn)
		return x->asn < y->asn ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

int as_names_read_from(struct as_names *n, struct file_in *in, struct err_msg *why)
{
	const char *line;
	ssize_t len;
	int rc = 0;

	while (rc == 0 && (len = file_in_line(in, &line, why)) != 0)
		rc = len < 0 ? (int)len : take_line(n, in, line, (size_t)len, why);
	if (rc == ERR_NOMEM)
		(void)err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(in));
	if (rc == 0 && n->n == 0)
		rc = err_set(why, ERR_PARSE, "%s: no line `asn|name` in it", file_in_path(in));
	if (n->n > 0)
		qsort(n->v, n->n, sizeof(*n->v), by_number);
	file_in_close(in);
	return rc;
}

int as_names_read(struct as_names *n, const char *path, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);

	return in ? as_names_read_from(n, in, why) : ERR_IO;
}

const char *as_names_find(const struct as_names *n, uint32_t asn)
{
	size_t low = 0, high = n->n, len;

	/* Behind the last one that is not above it. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (n->v[mid].asn <= asn)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || n->v[low - 1].asn != asn)
		return "";
	return (const char *)intern_at(&n->text, n->v[low - 1].name, &len);
}

void as_names_free(struct as_names *n)
{
	intern_free(&n->text);
	free(n->v);
	*n = (struct as_names){.v = NULL};
}
