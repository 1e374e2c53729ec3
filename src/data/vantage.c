#include "data/vantage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/vec.h"
#include "data/run.h"
#include "data/table.h"

/* Half way around the Earth: no place is farther. */
#define ACCURACY_MAX_KM 20100

/* A row of the file; its texts point into the line. */
struct row {
	const char *vp, *city, *country, *address, *location_source;
	double lat, lon, accuracy_km, weight;
	uint32_t asn;
};

#define AT(member) .offset = offsetof(struct row, member)
#define BOUNDS(least, most) .low = (least), .high = (most)
static const struct table_column columns[] = {
	{"vp", "name of the vantage point", TABLE_TEXT, AT(vp), .required = true},
	{"lat", "latitude, degrees; empty: the place is not known", TABLE_REAL, AT(lat), BOUNDS(-90, 90)},
	{"lon", "longitude, degrees", TABLE_REAL, AT(lon), BOUNDS(-180, 180)},
	{"accuracy_km", "how far from there it may be, km", TABLE_REAL, AT(accuracy_km),
		BOUNDS(0, ACCURACY_MAX_KM)},
	{"city", "where that is", TABLE_TEXT, AT(city)},
	{"country", "ISO 3166 code", TABLE_TEXT, AT(country)},
	{"asn", "its network's AS number", TABLE_ID, AT(asn)},
	{"weight", "how much it counts in shares; 1 unless said", TABLE_REAL, AT(weight), BOUNDS(1e-9, 1e9)},
	{"address", "an address that it probes from", TABLE_TEXT, AT(address)},
	{"location_source", "who says where it is", TABLE_TEXT, AT(location_source)},
};
#undef AT
#undef BOUNDS
enum { WEIGHT = 7, COLUMNS = sizeof(columns) / sizeof(columns[0]), CELL_MAX = 64 };
static const struct table table = {"vantage", columns, COLUMNS};

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
	if (p[-1] == ',' && !take_number(&p, 0, ACCURACY_MAX_KM, &km))
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
	(void)snprintf(cell[WEIGHT], CELL_MAX, "%.10g", v->weight > 0 ? v->weight : 1);
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

/* The VP's row; with `replace` it keeps of the current row of the old file what we have nothing to say of. */
static int put_own(struct page *p, const struct layout *l, const struct vantage *v, bool replace)
{
	char cell[COLUMNS][CELL_MAX];
	int rc = 0;

	cells_of(v, cell);
	for (size_t i = 0; rc == 0 && i < l->n_old; i++) {
		const char *text = replace ? csv_field(l->old, (int)i) : "";

		for (size_t k = 0; k < COLUMNS; k++) {
			bool said = cell[k][0] && (k != WEIGHT || v->weight > 0 || !*text);

			if (said && strcmp(columns[k].name, csv_column_name(l->old, i)) == 0)
				text = cell[k];
		}
		rc = page_field(p, text, strlen(text));
	}
	for (size_t i = 0; rc == 0 && i < COLUMNS; i++)
		if (is_lacking(l, i))
			rc = page_field(p, cell[i], strlen(cell[i]));
	return rc < 0 ? rc : page_end_row(p);
}

/* Old rows give way to ours of the same name, and the rest of ours follows. */
static int compose(
	struct page *p, struct csv *old, const struct vantage_list *ours, bool *stored, struct err_msg *why)
{
	struct layout l = {old, old ? csv_columns(old) : 0};
	int rc = put_header(p, &l), more = 0;

	while (rc == 0 && old && (more = csv_next(old, why)) > 0) {
		const struct vantage *v = vantage_find(ours, csv_field(old, csv_column(old, "vp")));

		if (!v)
			rc = put_old(p, &l);
		else if (!stored[v - ours->v])
			rc = put_own(p, &l, v, true);
		if (v)
			stored[v - ours->v] = true;
	}
	if (more < 0)
		return more;
	for (size_t i = 0; rc == 0 && i < ours->n; i++)
		if (!stored[i])
			rc = put_own(p, &l, &ours->v[i], false);
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

int vantage_store_all(const char *run, const struct vantage_list *ours, struct err_msg *why)
{
	int lock = open_locked(run, why), rc = 0;
	bool *stored = calloc(ours->n + 1, sizeof(*stored));
	struct page p = {0};
	struct csv *old = NULL;
	char *path = NULL;

	if (lock < 0) {
		free(stored);
		return lock;
	}
	if (!stored || asprintf(&path, "%s/vantage.csv", run) < 0) {
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
	rc = compose(&p, old, ours, stored, why);
	if (rc == 0)
		rc = file_replace(path, p.bytes, p.n, why);
out:
	csv_close(old);
	free(p.bytes);
	free(path);
	free(stored);
	(void)close(lock);
	return rc;
}

int vantage_store(const char *run, const struct vantage *v, struct err_msg *why)
{
	struct vantage own = *v;

	return vantage_store_all(run, &(struct vantage_list){&own, 1, 1}, why);
}

bool vantage_field(size_t i, struct field *out)
{
	return table_field(&table, i, out);
}

/* --- reading --- */

static int name_against(const void *name, const void *v)
{
	return strcmp(name, ((const struct vantage *)v)->vp);
}

const struct vantage *vantage_find(const struct vantage_list *l, const char *vp)
{
	return l->n > 0 ? bsearch(vp, l->v, l->n, sizeof(*l->v), name_against) : NULL;
}

static int vantage_order(const void *a, const void *b)
{
	return strcmp(((const struct vantage *)a)->vp, ((const struct vantage *)b)->vp);
}

void vantage_list_sort(struct vantage_list *l)
{
	size_t kept = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), vantage_order);
	for (size_t i = 0; i < l->n; i++)
		if (kept == 0 || vantage_order(&l->v[kept - 1], &l->v[i]) != 0)
			l->v[kept++] = l->v[i];
	l->n = kept;
}

void vantage_list_free(struct vantage_list *l)
{
	free(l->v);
	*l = (struct vantage_list){0};
}

struct read_row {
	struct vantage v;
	size_t line;
};

struct reading {
	struct csv *c;
	struct table_reader reader;
	struct {
		struct read_row *v;
		size_t n, cap;
	} rows;
	vantage_complain *complain;
	void *arg;
	size_t bad;
};

__attribute__((format(printf, 2, 3))) static void complain_of(struct reading *rd, const char *fmt, ...)
{
	char text[sizeof(struct err_msg)];
	va_list args;

	rd->bad++;
	if (!rd->complain)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rd->complain(rd->arg, text);
}

/* As much of the text as fits: snprintf would take half the time of reading the file. */
static void copy(char *out, size_t cap, const char *text)
{
	size_t n = strnlen(text, cap - 1);

	memcpy(out, text, n);
	out[n] = '\0';
}

/* ERR_PARSE when a field is not what it should be; then only the name is of use. */
static int vantage_of(const struct reading *rd, struct vantage *v, struct err_msg *why)
{
	struct row r = {0};
	int rc = table_read(&rd->reader, rd->c, &r, why);

	if (rc < 0)
		return rc;
	if (isnan(r.lat) != isnan(r.lon))
		return err_set(why, ERR_PARSE, "%s:%zu:1: a latitude or a longitude alone is no place",
			csv_path(rd->c), csv_line(rd->c));
	v->has_place = !isnan(r.lat);
	if (v->has_place) {
		v->lat_deg = r.lat;
		v->lon_deg = r.lon;
		v->accuracy_km = isnan(r.accuracy_km) ? 0 : r.accuracy_km;
	}
	v->weight = isnan(r.weight) ? 1 : r.weight;
	v->asn = r.asn;
	copy(v->city, sizeof(v->city), r.city);
	copy(v->country, sizeof(v->country), r.country);
	copy(v->address, sizeof(v->address), r.address);
	copy(v->location_source, sizeof(v->location_source), r.location_source);
	return 0;
}

static int take_row(struct reading *rd)
{
	int column = rd->reader.column[0];
	struct vantage v = {.weight = 1};
	struct err_msg why;

	if (vantage_name_check(csv_field(rd->c, column), &why) < 0) {
		complain_of(rd, "%s:%zu:%zu: %s: the row is left out", csv_path(rd->c), csv_line(rd->c),
			csv_position(rd->c, column), why.text);
		return 0;
	}
	copy(v.vp, sizeof(v.vp), csv_field(rd->c, column));
	if (vantage_of(rd, &v, &why) < 0)
		complain_of(rd, "%.400s: %s is taken without a place", why.text, v.vp);
	if (vec_reserve(&rd->rows.v, &rd->rows.cap, rd->rows.n + 1) < 0)
		return ERR_NOMEM;
	rd->rows.v[rd->rows.n++] = (struct read_row){v, csv_line(rd->c)};
	return 0;
}

static int take_rows(struct reading *rd, struct err_msg *why)
{
	int rc = table_reader_init(&rd->reader, &table, rd->c, why);

	if (rc < 0)
		return rc;
	while ((rc = csv_next(rd->c, why)) != 0) {
		if (rc > 0 && take_row(rd) < 0)
			return err_set(why, ERR_NOMEM, "%s: out of memory", csv_path(rd->c));
		if (rc < 0)
			complain_of(rd, "%s", why->text);
		if (rc == ERR_PARTIAL || rc == ERR_IO || rc == ERR_NOMEM)
			break;
	}
	return rc == ERR_NOMEM ? rc : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct read_row *x = a, *y = b;
	int order = strcmp(x->v.vp, y->v.vp);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool same_place(const struct vantage *a, const struct vantage *b)
{
	return a->has_place == b->has_place && fabs(a->lat_deg - b->lat_deg) <= 0 &&
	       fabs(a->lon_deg - b->lon_deg) <= 0;
}

/* Of several rows of one name the first counts, and its place if the others agree. */
static int fill_list(struct reading *rd, struct vantage_list *l)
{
	bool ordered = true;

	/* As most files are; sorting takes as long as reading them. */
	for (size_t i = 1; i < rd->rows.n; i++)
		ordered = ordered && by_name(&rd->rows.v[i - 1], &rd->rows.v[i]) < 0;
	if (!ordered)
		qsort(rd->rows.v, rd->rows.n, sizeof(*rd->rows.v), by_name);
	if (vec_reserve(&l->v, &l->cap, rd->rows.n + 1) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < rd->rows.n; i++) {
		const struct read_row *r = &rd->rows.v[i], *first = r;
		struct vantage *v = &l->v[l->n++];

		*v = r->v;
		for (; i + 1 < rd->rows.n && strcmp(v->vp, rd->rows.v[i + 1].v.vp) == 0; i++) {
			r = &rd->rows.v[i + 1];
			if (same_place(&first->v, &r->v))
				continue;
			complain_of(rd,
				"%s:%zu:1: %s is at another place in line %zu: it is taken without one",
				csv_path(rd->c), r->line, v->vp, first->line);
			v->has_place = false;
			v->lat_deg = v->lon_deg = v->accuracy_km = 0;
		}
	}
	return 0;
}

int vantage_read_from(struct file_in *in, struct vantage_list *l, vantage_complain *complain, void *arg,
	struct err_msg *why)
{
	struct reading rd = {.c = csv_open_over(in, why), .complain = complain, .arg = arg};
	struct err_msg unsaid;
	int rc;

	*l = (struct vantage_list){0};
	if (!rd.c)
		return ERR_PARSE;
	rc = take_rows(&rd, why ? why : &unsaid);
	if (rc == 0 && fill_list(&rd, l) < 0)
		rc = err_set(why, ERR_NOMEM, "%s: out of memory", csv_path(rd.c));
	if (rc == 0 && rd.bad > 0)
		rc = err_set(why, ERR_PARTIAL, "%s: %zu rows in doubt", csv_path(rd.c), rd.bad);
	csv_close(rd.c);
	free(rd.rows.v);
	return rc;
}

int vantage_read(
	const char *run, struct vantage_list *l, vantage_complain *complain, void *arg, struct err_msg *why)
{
	char path[PATH_MAX];
	struct file_in *in;
	int rc = run_path(run, "vantage", ".csv", path, why);

	*l = (struct vantage_list){0};
	if (rc < 0)
		return rc;
	in = file_in_open(path, why);
	return in ? vantage_read_from(in, l, complain, arg, why) : ERR_IO;
}
