#include "data/vantage.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/vec.h"

static const struct field columns[] = {
	{"vp", "name of the vantage point"},
	{"lat", "latitude, degrees; empty: the place is not known"},
	{"lon", "longitude, degrees"},
	{"accuracy_km", "how far from there it may be, km"},
	{"city", "where that is"},
	{"country", "ISO 3166 code"},
	{"asn", "its network's AS number"},
	{"weight", "how much it counts in shares; 1 unless said"},
	{"address", "an address that it probes from"},
	{"location_source", "who says where it is"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), CELL_MAX = 64 };

int vantage_name_check(const char *name, struct err_msg *why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strlen(name);

	if (n == 0 || n >= sizeof(((struct vantage *)0)->vp))
		return err_set(why, ERR_PARSE, "a vantage point's name has 1 to 63 characters");
	if (name[0] == '.' || name[0] == '-')
		return err_set(why, ERR_PARSE, "'%s': a vantage point's name does not begin with '%c'", name,
			name[0]);
	if (strspn(name, allowed) != n)
		return err_set(
			why, ERR_PARSE, "a vantage point's name has only letters, digits, '-', '_' and '.'");
	return 0;
}

/* Reads a number from low to high and moves *p behind it. */
static bool take_number(const char **p, double low, double high, double *v)
{
	char *end;

	*v = strtod(*p, &end);
	if (end == *p || !isfinite(*v) || *v < low || *v > high)
		return false;
	*p = end;
	return true;
}

static bool take_comma(const char **p)
{
	return *(*p)++ == ',';
}

int vantage_parse_location(const char *text, struct vantage *v, struct err_msg *why)
{
	const char *p = text;
	double lat, lon, km = 0;

	if (!take_number(&p, -90, 90, &lat))
		return err_set(
			why, ERR_PARSE, "location '%s': the latitude is not a number from -90 to 90", text);
	if (!take_comma(&p))
		return err_set(why, ERR_PARSE, "location '%s' is not LAT,LON[,KM]", text);
	if (!take_number(&p, -180, 180, &lon))
		return err_set(why, ERR_PARSE,
			"location '%s': the longitude is not a number from -180 to 180", text);
	if (*p && !take_comma(&p))
		return err_set(why, ERR_PARSE, "location '%s' is not LAT,LON[,KM]", text);
	if (p[-1] == ',' && !take_number(&p, 0, 20100, &km))
		return err_set(why, ERR_PARSE,
			"location '%s': the accuracy is not a number of km from 0 to 20100", text);
	if (*p)
		return err_set(why, ERR_PARSE, "location '%s' is not LAT,LON[,KM]", text);
	v->has_place = true;
	v->lat_deg = lat;
	v->lon_deg = lon;
	v->accuracy_km = km;
	return 0;
}

/* The cells of a VP's row, in the order of `columns`. */
static void cells_of(const struct vantage *v, char cell[static COLUMNS][CELL_MAX])
{
	memset(cell, 0, COLUMNS * CELL_MAX);
	(void)snprintf(cell[0], CELL_MAX, "%s", v->vp);
	if (v->has_place) {
		(void)snprintf(cell[1], CELL_MAX, "%.10g", v->lat_deg);
		(void)snprintf(cell[2], CELL_MAX, "%.10g", v->lon_deg);
		(void)snprintf(cell[3], CELL_MAX, "%.10g", v->accuracy_km);
	}
	(void)snprintf(cell[4], CELL_MAX, "%s", v->city);
	(void)snprintf(cell[5], CELL_MAX, "%s", v->country);
	if (v->asn)
		(void)snprintf(cell[6], CELL_MAX, "%u", v->asn);
	(void)snprintf(cell[7], CELL_MAX, "%.10g", v->weight > 0 ? v->weight : 1);
	(void)snprintf(cell[8], CELL_MAX, "%s", v->address);
	(void)snprintf(cell[9], CELL_MAX, "%s", v->location_source);
}

/* The file as it will be. */
struct page {
	char *bytes;
	size_t n, cap;
	bool begun; /* the row has a field */
};

static int page_field(struct page *p, const char *text, size_t n)
{
	if (vec_reserve(&p->bytes, &p->cap, p->n + 2 * n + 4) < 0)
		return ERR_NOMEM;
	if (p->begun)
		p->bytes[p->n++] = ',';
	p->n += csv_put(p->bytes + p->n, p->cap - p->n, text, n);
	p->begun = true;
	return 0;
}

static int page_end_row(struct page *p)
{
	if (vec_reserve(&p->bytes, &p->cap, p->n + 1) < 0)
		return ERR_NOMEM;
	p->bytes[p->n++] = '\n';
	p->begun = false;
	return 0;
}

/* Where the columns of an old file stand: its own first, then those of ours that it lacks. */
struct layout {
	const struct csv *old; /* NULL: there is no file yet */
	size_t n_old;
};

static bool is_lacking(const struct layout *l, size_t ours)
{
	return !l->old || csv_column(l->old, columns[ours].name) < 0;
}

static int put_header(struct page *p, const struct layout *l)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n_old; i++)
		rc = page_field(p, csv_column_name(l->old, i), strlen(csv_column_name(l->old, i)));
	for (size_t i = 0; rc == 0 && i < COLUMNS; i++)
		if (is_lacking(l, i))
			rc = page_field(p, columns[i].name, strlen(columns[i].name));
	return rc < 0 ? rc : page_end_row(p);
}

/* The current row of the old file as it stands. */
static int put_old(struct page *p, const struct layout *l)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n_old; i++)
		rc = page_field(p, csv_field(l->old, (int)i), csv_field_len(l->old, (int)i));
	for (size_t i = 0; rc == 0 && i < COLUMNS; i++)
		if (is_lacking(l, i))
			rc = page_field(p, "", 0);
	return rc < 0 ? rc : page_end_row(p);
}

/* The VP's row; with `replace` the columns that are not ours keep what the current row of the old file has. */
static int put_own(struct page *p, const struct layout *l, const struct vantage *v, bool replace)
{
	char cell[COLUMNS][CELL_MAX];
	int rc = 0;

	cells_of(v, cell);
	for (size_t i = 0; rc == 0 && i < l->n_old; i++) {
		const char *text = replace ? csv_field(l->old, (int)i) : "";

		for (size_t k = 0; k < COLUMNS; k++)
			if (strcmp(columns[k].name, csv_column_name(l->old, i)) == 0)
				text = cell[k];
		rc = page_field(p, text, strlen(text));
	}
	for (size_t i = 0; rc == 0 && i < COLUMNS; i++)
		if (is_lacking(l, i))
			rc = page_field(p, cell[i], strlen(cell[i]));
	return rc < 0 ? rc : page_end_row(p);
}

static int compose(struct page *p, struct csv *old, const struct vantage *v, struct err_msg *why)
{
	struct layout l = {old, old ? csv_columns(old) : 0};
	bool stored = false;
	int rc = put_header(p, &l), more = 0;

	while (rc == 0 && old && (more = csv_next(old, why)) > 0) {
		bool own = strcmp(csv_field(old, csv_column(old, "vp")), v->vp) == 0;

		if (own && !stored)
			rc = put_own(p, &l, v, true);
		else if (!own)
			rc = put_old(p, &l);
		stored = stored || own;
	}
	if (more < 0)
		return more;
	if (rc == 0 && !stored)
		rc = put_own(p, &l, v, false);
	return rc < 0 ? err_set(why, rc, "vantage.csv: out of memory") : 0;
}

static int open_locked(const char *run, struct err_msg *why)
{
	int fd = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		int rc = err_set(why, err_from_errno(errno), "%s: %s", run, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	return fd;
}

int vantage_store(const char *run, const struct vantage *v, struct err_msg *why)
{
	int lock = open_locked(run, why), rc = 0;
	struct page p = {0};
	struct csv *old = NULL;
	char *path = NULL;

	if (lock < 0)
		return lock;
	if (asprintf(&path, "%s/vantage.csv", run) < 0) {
		path = NULL;
		rc = err_set(why, ERR_NOMEM, "%s: out of memory", run);
		goto out;
	}
	if (access(path, F_OK) == 0) {
		old = csv_open(path, why);
		if (!old) {
			rc = ERR_PARSE;
			goto out;
		}
	}
	rc = compose(&p, old, v, why);
	if (rc == 0)
		rc = file_replace(path, p.bytes, p.n, why);
out:
	csv_close(old);
	free(p.bytes);
	free(path);
	(void)close(lock);
	return rc;
}

bool vantage_field(size_t i, struct field *out)
{
	if (i >= COLUMNS)
		return false;
	*out = columns[i];
	return true;
}
