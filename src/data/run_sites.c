#include "data/run_sites.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "data/catchment.h"

static char *place_of(const struct site_row *row)
{
	char *place;

	if (isnan(row->lat) || !*row->city)
		return strdup("");
	return asprintf(&place, "%s%s%s (%s)", row->city, *row->country ? ", " : "", row->country,
		       row->site) < 0
		       ? NULL
		       : place;
}

/* What a list says of a name, as rows say it. */
static char *name_of(const char *listed, size_t len)
{
	static const char bar[] = "\\124";
	char *name = strndup(listed, len);

	for (char *at = name; at && (at = strstr(at, bar)); at++) {
		*at = '|';
		memmove(at + 1, at + sizeof(bar) - 1, strlen(at + sizeof(bar) - 1) + 1);
	}
	return name;
}

static int add(struct run_sites *s, const struct site_row *row, const char *identity, size_t len)
{
	struct run_sites_row r = {
		.target = row->target, .identity = name_of(identity, len), .place = place_of(row)};

	if (!r.identity || !r.place || vec_reserve(&s->v, &s->cap, s->n + 1) < 0) {
		free(r.identity);
		free(r.place);
		return ERR_NOMEM;
	}
	s->v[s->n++] = r;
	return 0;
}

/* A list that is cut has this for its last. */
static const char cut[] = "...";

static int add_identities(struct run_sites *s, const struct site_row *row)
{
	int rc = 0;

	for (const char *at = row->identities; rc == 0 && *at;) {
		size_t n = strcspn(at, "|");

		if (n > 0 && (n != sizeof(cut) - 1 || memcmp(at, cut, n) != 0))
			rc = add(s, row, at, n);
		at += n + (at[n] == '|');
	}
	return rc;
}

static int order(const void *a, const void *b)
{
	const struct run_sites_row *x = a, *y = b;
	int targets = addr_compare(&x->target, &y->target);

	return targets ? targets : strcmp(x->identity, y->identity);
}

/* Of one identity at several sites none is known to answer. */
static void merge(struct run_sites *s)
{
	size_t kept = 0;

	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), order);
	for (size_t i = 0; i < s->n; i++) {
		if (kept == 0 || order(&s->v[kept - 1], &s->v[i]) != 0) {
			s->v[kept++] = s->v[i];
			continue;
		}
		s->v[kept - 1].place[0] = '\0';
		free(s->v[i].identity);
		free(s->v[i].place);
	}
	s->n = kept;
}

static struct csv *open_sites(const char *run, int *rc, struct err_msg *why)
{
	static const char *const suffixes[] = {"", ".zst", ".gz"};
	char path[PATH_MAX];
	struct csv *c;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/sites.csv%s", run, suffixes[i]) >= (int)sizeof(path) ||
			access(path, F_OK) < 0)
			continue;
		c = csv_open(path, why);
		*rc = c ? 0 : ERR_PARSE;
		return c;
	}
	*rc = 0;
	return NULL;
}

int run_sites_read(struct run_sites *s, const char *run, struct err_msg *why)
{
	struct table_reader rd;
	struct site_row row;
	int rc, more = 0;
	struct csv *c = open_sites(run, &rc, why);

	*s = (struct run_sites){.v = NULL};
	if (!c)
		return rc;
	rc = table_reader_init(&rd, &site_table, c, why);
	while (rc == 0 && (more = csv_next(c, why)) > 0) {
		rc = table_read(&rd, c, &row, why);
		if (rc == 0 && add_identities(s, &row) < 0)
			rc = err_set(why, ERR_NOMEM, "%s: out of memory", csv_path(c));
	}
	csv_close(c);
	merge(s);
	return rc < 0 ? rc : more;
}

const char *run_sites_place(const struct run_sites *s, const struct addr *target, const char *identity)
{
	struct run_sites_row wanted = {.target = *target, .identity = (char *)(uintptr_t)identity};
	const struct run_sites_row *r = s->n ? bsearch(&wanted, s->v, s->n, sizeof(*s->v), order) : NULL;

	return r ? r->place : "";
}

void run_sites_free(struct run_sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].identity);
		free(s->v[i].place);
	}
	free(s->v);
	*s = (struct run_sites){.v = NULL};
}
