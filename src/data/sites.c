#include "data/sites.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "data/table.h"

struct text_row {
	const char *list, *city, *country, *date, *source;
	double lat, lon;
};

#define AT(member) offsetof(struct text_row, member)
static const struct table_column columns[] = {
	{"list", "service or operator whose sites these are", TABLE_TEXT, .offset = AT(list),
		.required = true},
	{"city", "town of a site", TABLE_TEXT, .offset = AT(city), .required = true},
	{"country", "of the town, ISO 3166", TABLE_TEXT, .offset = AT(country), .required = true},
	{"lat", "latitude, degrees", TABLE_REAL, .offset = AT(lat), .required = true, .low = -90, .high = 90},
	{"lon", "longitude, degrees", TABLE_REAL, .offset = AT(lon), .required = true, .low = -180,
		.high = 180},
	{"date", "of the list", TABLE_TEXT, .offset = AT(date), .required = true},
	{"source", "where the list was read", TABLE_TEXT, .offset = AT(source)},
};
static const struct table table = {"sites", columns, sizeof(columns) / sizeof(columns[0])};

bool sites_field(size_t i, struct field *out)
{
	return table_field(&table, i, out);
}

static int put(char *out, size_t cap, const char *text)
{
	size_t n = strlen(text);

	if (n >= cap)
		return ERR_PARSE;
	memcpy(out, text, n + 1);
	return 0;
}

static int add(struct sites *s, const struct text_row *r, const struct csv *c, struct err_msg *why)
{
	struct sites_row *to;

	if (vec_reserve(&s->v, &s->cap, s->n + 1) < 0)
		return err_set(why, ERR_NOMEM, "out of memory for the sites");
	to = &s->v[s->n];
	*to = (struct sites_row){.lat = r->lat, .lon = r->lon};
	if (put(to->list, sizeof(to->list), r->list) < 0 || put(to->city, sizeof(to->city), r->city) < 0 ||
		put(to->country, sizeof(to->country), r->country) < 0 ||
		put(to->date, sizeof(to->date), r->date) < 0)
		return err_set(why, ERR_PARSE, "%s:%zu: a text is too long", csv_path(c), csv_line(c));
	s->n++;
	return 0;
}

static int by_list(const void *a, const void *b)
{
	return strcasecmp(((const struct sites_row *)a)->list, ((const struct sites_row *)b)->list);
}

int sites_read(struct sites *s, const char *path, struct err_msg *why)
{
	struct csv *c = csv_open(path, why);
	struct table_reader reader;
	struct text_row row;
	int rc = c ? table_reader_init(&reader, &table, c, why) : ERR_IO;

	while (rc == 0 && (rc = csv_next(c, why)) > 0) {
		rc = table_read(&reader, c, &row, why);
		if (rc == 0)
			rc = add(s, &row, c, why);
	}
	csv_close(c);
	if (rc == 0 && s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_list);
	return rc;
}

void sites_free(struct sites *s)
{
	free(s->v);
	*s = (struct sites){.v = NULL};
}

static const struct sites_row *find(const struct sites *s, const char *list, size_t len, size_t *n)
{
	size_t first = 0, end;

	while (first < s->n &&
		(strncasecmp(s->v[first].list, list, len) != 0 || s->v[first].list[len] != '\0'))
		first++;
	for (end = first; end < s->n && strcasecmp(s->v[end].list, s->v[first].list) == 0;)
		end++;
	*n = end - first;
	return *n ? &s->v[first] : NULL;
}

const struct sites_row *sites_of(const struct sites *s, const char *service, const char *operators, size_t *n)
{
	const struct sites_row *found = *service ? find(s, service, strlen(service), n) : NULL;

	*n = found ? *n : 0;
	return found || !*operators ? found : find(s, operators, strcspn(operators, "|"), n);
}
