#include "data/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/vec.h"

enum { FIELDS = 7 };

static const char *const columns[FIELDS] = {"kind", "code", "name", "country", "lat", "lon", "population"};
static const char *const kinds[PLACE_KINDS] = {"airport", "metro", "city"};

/* Not those of <ctype.h>: they ask for the locale, at each of a million letters. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return is_upper((char)(c & ~0x20));
}

/* The code's place in the index, or -1. */
static int code_number(const char *code)
{
	int v = 0;

	for (size_t i = 0; i < 3; i++) {
		if (!is_letter(code[i]))
			return -1;
		v = v * 26 + (code[i] | 0x20) - 'a';
	}
	return v;
}

/* The next letter or digit at or behind *at, in lower case; 0 at the end. */
static int folded(const char **at)
{
	while (**at && !is_letter(**at) && !is_digit(**at))
		++*at;
	return **at ? *(*at)++ | 0x20 : 0; /* digits have this bit */
}

static int folded_compare(const char *a, const char *b)
{
	int x, y;

	do {
		x = folded(&a);
		y = folded(&b);
	} while (x == y && x != 0);
	return x - y;
}

/* --- the file --- */

struct reading {
	struct place_book *book;
	const char *path;
	size_t line;
	const char *field[FIELDS];
	struct err_msg *why;
};

static int bad_field(const struct reading *r, size_t column, const char *expected)
{
	const char *text = r->field[column];

	return csv_not(
		r->why, r->path, r->line, (size_t)(text - r->field[0]) + 1, text, strlen(text), expected);
}

/* Cuts the line into fields, in place. Nothing in this file needs quotes. */
static int split(struct reading *r, char *line)
{
	char *at = line;
	bool whole = true;

	for (size_t n = 0; n < FIELDS; n++) {
		whole = whole && at;
		r->field[n] = at ? at : "";
		at = at ? strchr(at, ',') : NULL;
		if (at)
			*at++ = '\0';
	}
	if (whole && !at)
		return 0;
	return err_set(r->why, ERR_PARSE, "%s:%zu: not %d fields", r->path, r->line, (int)FIELDS);
}

/* A decimal number; strtod would take most of the time of reading the file. */
static bool parse_degrees(const char *text, float limit, float *out)
{
	bool negative = *text == '-';
	double v = 0, unit = 1;
	const char *at = text + negative;

	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++)
		v = v * 10 + (*at - '0');
	if (*at == '.')
		for (at++; is_digit(*at); at++) {
			v = v * 10 + (*at - '0');
			unit *= 10;
		}
	v /= unit;
	*out = (float)(negative ? -v : v);
	return *at == '\0' && v <= (double)limit;
}

static bool parse_population(const char *text, uint32_t *out)
{
	uint64_t v = 0;

	for (; is_digit(*text) && v <= UINT32_MAX; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	*out = (uint32_t)v;
	return *text == '\0' && v <= UINT32_MAX;
}

/* Mostly the kind of the row before. */
static bool parse_kind(const struct reading *r, uint8_t *kind)
{
	const struct place_book *book = r->book;
	uint8_t before = book->n > 0 ? book->v[book->n - 1].kind : 0, k = 0;

	if (strcmp(kinds[before], r->field[0]) == 0)
		k = before;
	else
		while (k < PLACE_KINDS && strcmp(kinds[k], r->field[0]) != 0)
			k++;
	*kind = k;
	return k < PLACE_KINDS;
}

static int parse_place(const struct reading *r, struct place *p)
{
	const char *code = r->field[1], *country = r->field[3];

	if (!parse_kind(r, &p->kind))
		return bad_field(r, 0, "one of airport, metro, city");
	if (p->kind == PLACE_CITY ? *code != '\0' : strlen(code) != 3 || code_number(code) < 0)
		return bad_field(r, 1, "a code of three letters (a city has none)");
	if (!*r->field[2])
		return bad_field(r, 2, "a name");
	if (strlen(country) != 2 || !is_upper(country[0]) || !is_upper(country[1]))
		return bad_field(r, 3, "a country of two capital letters");
	if (!parse_degrees(r->field[4], 90, &p->lat))
		return bad_field(r, 4, "a latitude in degrees");
	if (!parse_degrees(r->field[5], 180, &p->lon))
		return bad_field(r, 5, "a longitude in degrees");
	if (!parse_population(r->field[6], &p->population))
		return bad_field(r, 6, "a number of people");
	p->name = r->field[2];
	memcpy(p->country, country, 3);
	memcpy(p->code, code, strlen(code) + 1);
	return 0;
}

static int order(const struct place *a, const struct place *b)
{
	int rc = (int)a->kind - (int)b->kind;

	if (rc == 0 && a->kind != PLACE_CITY)
		return strcmp(a->code, b->code);
	if (rc == 0)
		rc = folded_compare(a->name, b->name);
	return rc ? rc : a->population < b->population ? 1 : -1;
}

static int add(struct reading *r)
{
	struct place_book *book = r->book;
	struct place *p;
	int rc;

	if (vec_reserve(&book->v, &book->cap, book->n + 1) < 0)
		return err_set(r->why, ERR_NOMEM, "out of memory for the places");
	p = &book->v[book->n];
	*p = (struct place){.kind = 0};
	rc = parse_place(r, p);
	if (rc < 0)
		return rc;
	if (book->n > 0 && order(p - 1, p) >= 0)
		return err_set(r->why, ERR_PARSE, "%s:%zu: '%s' is out of order, or there twice", r->path,
			r->line, *p->code ? p->code : p->name);
	book->n++;
	if (p->kind == PLACE_CITY)
		return 0;
	book->by_code[p->kind][code_number(p->code)] = (uint32_t)book->n;
	book->first_city = book->n;
	return 0;
}

static int check_header(struct reading *r)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (strcmp(r->field[i], columns[i]) != 0)
			return bad_field(r, i, columns[i]);
	return 0;
}

static int parse(struct reading *r, char *text)
{
	int rc = 0;

	for (char *line = text; rc == 0 && *line; r->line++) {
		char *end = strchr(line, '\n'), *next = end ? end + 1 : line + strlen(line);

		if (end)
			*end = '\0';
		rc = split(r, line);
		if (rc == 0)
			rc = r->line == 1 ? check_header(r) : add(r);
		line = next;
	}
	if (rc == 0 && r->book->n == 0)
		rc = err_set(r->why, ERR_PARSE, "%s: no places in it", r->path);
	return rc;
}

/* The whole file, NUL-ended. */
static char *slurp(const char *path, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);
	char *text = NULL;
	size_t n = 0, cap = 0;
	ssize_t got = 1;

	while (in && got > 0) {
		if (vec_reserve(&text, &cap, n + FILE_LINE_MAX + 1) < 0)
			got = err_set(why, ERR_NOMEM, "out of memory for %s", path);
		else
			got = file_in_read(in, text + n, FILE_LINE_MAX, why);
		n += got > 0 ? (size_t)got : 0;
	}
	file_in_close(in);
	if (in && got == 0 && memchr(text, '\0', n))
		got = err_set(why, ERR_PARSE, "%s: a NUL byte in it", path);
	if (!in || got < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

int place_read(struct place_book *book, const char *path, struct err_msg *why)
{
	struct reading r = {.book = book, .path = path, .line = 1, .why = why};

	memset(book, 0, sizeof(*book));
	book->text = slurp(path, why);
	return book->text ? parse(&r, book->text) : ERR_IO;
}

void place_book_free(struct place_book *book)
{
	free(book->v);
	free(book->text);
	memset(book, 0, sizeof(*book));
}

/* --- looking up --- */

const struct place *place_by_code(
	const struct place_book *book, enum place_kind kind, const char code[static 3])
{
	int number = code_number(code);
	uint32_t at = number < 0 || kind >= PLACE_CITY ? 0 : book->by_code[kind][number];

	return at ? &book->v[at - 1] : NULL;
}

/* As strcmp, of a folded name that is no string with one that is not folded yet. */
static int name_compare(const char *name, size_t n, const char *unfolded)
{
	int c;

	for (size_t i = 0; i < n; i++) {
		c = folded(&unfolded);
		if ((unsigned char)name[i] != c)
			return (unsigned char)name[i] - c;
	}
	return folded(&unfolded) ? -1 : 0;
}

static size_t first_of_name(const struct place_book *book, const char *name, size_t n)
{
	size_t low = book->first_city, high = book->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (name_compare(name, n, book->v[mid].name) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct place *place_by_city(
	const struct place_book *book, const char *name, size_t n, const char *country)
{
	const struct place *found = NULL;

	for (size_t i = first_of_name(book, name, n); i < book->n; i++) {
		const struct place *p = &book->v[i];

		if (name_compare(name, n, p->name) != 0)
			break;
		if (country && strcmp(country, p->country) != 0)
			continue;
		if (found)
			return found->population / PLACE_CLEAR >= p->population ? found : NULL;
		found = p;
	}
	return found;
}
