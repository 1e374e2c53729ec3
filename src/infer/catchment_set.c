#include "infer/catchment_set.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"

enum { NEAR = 1024 };

struct reading {
	struct catchment_set *set;
	struct csv *csv;
	struct table_reader rd;
	bool has_state;
	int lat, lon, city, country;             /* columns of a site's place: looked at once for each site */
	struct intern targets, site_keys;        /* an address; a target and a key: their places in the set */
	uint32_t near[NEAR], near_sites[NEAR];   /* names and sites met last */
	uint32_t target, vp, service, rtt_probe; /* of the row before */
	struct addr target_addr;
	struct err_msg *why;
};

static int nomem(struct reading *r)
{
	return err_set(r->why, ERR_NOMEM, "%s: out of memory", csv_path(r->csv));
}

static int number_of(struct reading *r, struct intern *t, const void *bytes, size_t n, uint32_t *id)
{
	int64_t got = intern_put(t, bytes, n);

	if (got == ERR_RANGE)
		return err_set(r->why, ERR_RANGE, "%s: more names than can be counted", csv_path(r->csv));
	*id = (uint32_t)got;
	return got < 0 ? nomem(r) : 0;
}

static int name_of(struct reading *r, const char *text, uint32_t *id)
{
	return number_of(r, r->set->names, text, strlen(text), id);
}

static bool is_name(const struct reading *r, uint32_t name, const char *text)
{
	return name < r->set->names->n && strcmp(catchment_set_name(r->set, name), text) == 0;
}

/* The name's number, where it is most often the one in *before. */
static int same_word_of(struct reading *r, uint32_t *before, const char *text, uint32_t *id)
{
	int rc = is_name(r, *before, text) ? 0 : name_of(r, text, before);

	*id = *before;
	return rc;
}

/* For columns of few different fields: those met last are looked at first, by their ends and length. */
static int word_of(struct reading *r, const char *text, uint32_t *id)
{
	size_t n = strlen(text);
	uint32_t *near = &r->near[n ? ((size_t)(uint8_t)text[0] * 31 + (uint8_t)text[n - 1] * 7 +
					      (uint8_t)text[n / 2] + n) %
						  NEAR
				    : 0];

	return same_word_of(r, near, text, id);
}

/* --- targets and sites --- */

static int target_of(struct reading *r, const struct addr *a, uint32_t *out)
{
	struct catchment_set *s = r->set;
	uint8_t key[1 + sizeof(a->b)];
	uint32_t id = 0;

	if (r->target != CATCHMENT_NONE && addr_equal(a, &r->target_addr)) {
		*out = r->target;
		return 0;
	}
	key[0] = a->family;
	memcpy(key + 1, a->b, sizeof(a->b));
	if (number_of(r, &r->targets, key, sizeof(key), &id) < 0)
		return ERR_NOMEM;
	if (vec_reserve(&s->targets, &s->cap_targets, (size_t)id + 1) < 0)
		return nomem(r);
	if (id == s->n_targets)
		s->targets[s->n_targets++] = (struct catchment_target){.addr = *a};
	r->target_addr = *a;
	*out = r->target = id;
	return 0;
}

/* The site's number; it is added when it is new. */
static int site_of(struct reading *r, uint32_t target, const char *key, uint32_t *out, bool *is_new)
{
	struct catchment_set *s = r->set;
	uint32_t pair[2] = {target}, *near;

	if (word_of(r, key, &pair[1]) < 0)
		return ERR_NOMEM;
	*is_new = false;
	near = &r->near_sites[(target * 31 + pair[1]) % NEAR];
	*out = *near;
	if (*near < s->n_sites && s->sites[*near].target == target && s->sites[*near].key == pair[1])
		return 0;
	if (number_of(r, &r->site_keys, pair, sizeof(pair), near) < 0)
		return ERR_NOMEM;
	if (vec_reserve(&s->sites, &s->cap_sites, (size_t)*near + 1) < 0)
		return nomem(r);
	*out = *near;
	*is_new = *near == s->n_sites;
	if (*is_new)
		s->sites[s->n_sites++] = (struct catchment_site){.target = target,
			.key = pair[1],
			.lat = (double)NAN,
			.lon = (double)NAN,
			.radius_km = (double)NAN};
	return 0;
}

static double degrees_or_nan(const char *text, double most)
{
	char *end;
	double v = strtod(text, &end);

	return *text && !*end && fabs(v) <= most ? v : (double)NAN;
}

/* Where the site is, as far as a catchment row says it. */
static int place_site(struct reading *r, struct catchment_site *site, enum site_method method)
{
	site->method = method;
	site->lat = degrees_or_nan(csv_field(r->csv, r->lat), 90);
	site->lon = degrees_or_nan(csv_field(r->csv, r->lon), 180);
	if (name_of(r, csv_field(r->csv, r->city), &site->city) < 0)
		return ERR_NOMEM;
	return name_of(r, csv_field(r->csv, r->country), &site->country);
}

/* --- rows of catchment.csv --- */

static int bad(struct reading *r, const char *what)
{
	return err_set(r->why, ERR_PARSE, "%s:%zu:1: %s", csv_path(r->csv), csv_line(r->csv), what);
}

/* Files of old have no column `state`. */
static enum vp_state state_of(const struct reading *r, const struct catchment_row *row)
{
	if (r->has_state)
		return row->state;
	if (*row->site)
		return VP_SITE;
	if (row->received > 0)
		return VP_NO_SITE;
	return row->sent > 0 ? VP_SILENT : VP_UNMEASURED;
}

static int check(struct reading *r, const struct catchment_row *row, enum vp_state state)
{
	if (state == VP_STATE_NONE)
		return bad(r, "the state is empty");
	if (state == VP_SITE && !*row->site)
		return bad(r, "the state is site, but no site is named");
	if (row->weight <= 0)
		return bad(r, "a weight of 0: leave the row out, or give it a weight");
	return 0;
}

/* VPs mostly come in the order of the other files: the next name is a good guess. */
static int vp_name(struct reading *r, const char *text, uint32_t *id)
{
	int rc = 0;

	if (is_name(r, r->vp + 1, text))
		r->vp++;
	else
		rc = name_of(r, text, &r->vp);
	*id = r->vp;
	return rc;
}

static int fill_names(struct reading *r, const struct catchment_row *row, struct catchment_vp *v)
{
	if (vp_name(r, row->vp, &v->vp) < 0 || word_of(r, row->vp_country, &v->country) < 0 ||
		word_of(r, row->identity, &v->identity) < 0 ||
		same_word_of(r, &r->rtt_probe, row->rtt_probe, &v->rtt_probe) < 0)
		return ERR_NOMEM;
	return 0;
}

/* What the row adds to its target. */
static int note_target(struct reading *r, const struct catchment_row *row)
{
	struct catchment_target *t = &r->set->targets[r->target];

	if (t->service == 0 && same_word_of(r, &r->service, row->service, &t->service) < 0)
		return ERR_NOMEM;
	if (row->first.ns > 0 && (t->first.ns == 0 || row->first.ns < t->first.ns))
		t->first = row->first;
	if (row->last.ns > t->last.ns)
		t->last = row->last;
	if (row->chances > 0 && row->first.ns > 0 && row->last.ns > row->first.ns) {
		t->probed_s += (double)(row->last.ns - row->first.ns) / (double)NS_PER_S;
		t->chances += row->chances;
	}
	return 0;
}

static int add_row(struct reading *r, const struct catchment_row *row)
{
	struct catchment_set *s = r->set;
	enum vp_state state = state_of(r, row);
	struct catchment_vp *v;
	bool is_new = false;

	if (check(r, row, state) < 0)
		return ERR_PARSE;
	if (vec_reserve(&s->rows, &s->cap_rows, s->n_rows + 1) < 0)
		return nomem(r);
	v = &s->rows[s->n_rows++];
	*v = (struct catchment_vp){.site = CATCHMENT_NONE,
		.asn = row->vp_asn,
		.flips = row->flips,
		.chances = row->chances,
		.answered = row->answered,
		.received = row->received,
		.line = (uint32_t)csv_line(r->csv),
		.lat = (float)row->vp_lat,
		.lon = (float)row->vp_lon,
		.site_share = (float)row->site_share,
		.state = state,
		.weight = isnan(row->weight) ? 1 : row->weight,
		.rtt_min_ns = row->rtt_min_ns,
		.rtt_median_ns = row->rtt_median_ns};
	if (target_of(r, &row->target, &v->target) < 0 || note_target(r, row) < 0 ||
		fill_names(r, row, v) < 0)
		return ERR_NOMEM;
	if (state != VP_SITE)
		return 0;
	if (site_of(r, v->target, row->site, &v->site, &is_new) < 0)
		return ERR_NOMEM;
	return is_new ? place_site(r, &s->sites[v->site], row->method) : 0;
}

/* Columns of which a set keeps nothing, or looks at a few fields only. */
static void leave_out(struct table_reader *rd, bool has_state)
{
	static const char *const names[] = {"confidence", "city", "country", "lat", "lon", "flows",
		"sites_seen", "distance_km", "nearest_site", "nearest_km", "rules", "sent"};
	enum { COUNT = sizeof(names) / sizeof(names[0]), FOR_THE_STATE = 1 };

	for (size_t i = 0; i < rd->table->n; i++)
		for (size_t k = 0; k < COUNT - (has_state ? 0 : FOR_THE_STATE); k++)
			if (strcmp(rd->table->columns[i].name, names[k]) == 0)
				rd->column[i] = -1;
}

static int read_rows(struct reading *r)
{
	struct catchment_row row = {.vp = NULL};
	int rc = table_reader_init(&r->rd, &catchment_table, r->csv, r->why);

	if (rc < 0)
		return rc;
	r->has_state = csv_column(r->csv, "state") >= 0;
	leave_out(&r->rd, r->has_state);
	r->lat = csv_column(r->csv, "lat");
	r->lon = csv_column(r->csv, "lon");
	r->city = csv_column(r->csv, "city");
	r->country = csv_column(r->csv, "country");
	while ((rc = csv_next(r->csv, r->why)) > 0) {
		rc = table_read(&r->rd, r->csv, &row, r->why);
		if (rc == 0)
			rc = add_row(r, &row);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* --- rows of sites.csv --- */

static int add_site(struct reading *r, const struct site_row *row)
{
	struct catchment_site *site;
	uint32_t target = 0, at = 0;
	bool is_new = false;

	if (!*row->site)
		return 0;
	if (target_of(r, &row->target, &target) < 0 || site_of(r, target, row->site, &at, &is_new) < 0)
		return ERR_NOMEM;
	site = &r->set->sites[at];
	site->method = row->method;
	site->lat = row->lat;
	site->lon = row->lon;
	site->radius_km = row->radius_km;
	if (name_of(r, row->city, &site->city) < 0 || name_of(r, row->country, &site->country) < 0)
		return ERR_NOMEM;
	return name_of(r, row->identities, &site->identities);
}

static int read_sites(struct reading *r)
{
	struct site_row row = {.site = NULL};
	int rc = table_reader_init(&r->rd, &site_table, r->csv, r->why);

	while (rc == 0 && (rc = csv_next(r->csv, r->why)) > 0) {
		rc = table_read(&r->rd, r->csv, &row, r->why);
		if (rc == 0)
			rc = add_site(r, &row);
	}
	return rc;
}

/* --- in order --- */

/* A place in an array before and after it was sorted. */
struct moved {
	const void *item;
	uint32_t from;
};

static int by_addr(const void *a, const void *b)
{
	const struct catchment_target *x = ((const struct moved *)a)->item,
				      *y = ((const struct moved *)b)->item;

	return addr_compare(&x->addr, &y->addr);
}

static int by_target_and_key(const void *a, const void *b)
{
	const struct catchment_site *x = ((const struct moved *)a)->item,
				    *y = ((const struct moved *)b)->item;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

/* Sorts v[n], items of `size` bytes, and tells in now_at[] where each has come to. */
static int sort_array(
	void **v, size_t n, size_t size, int (*order)(const void *, const void *), uint32_t **now_at)
{
	struct moved *moved = malloc((n + 1) * sizeof(*moved));
	char *sorted = malloc(n * size + 1), *was = *v;

	*now_at = malloc((n + 1) * sizeof(**now_at));
	if (!moved || !sorted || !*now_at) {
		free(moved);
		free(sorted);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++)
		moved[i] = (struct moved){was + i * size, (uint32_t)i};
	qsort(moved, n, sizeof(*moved), order);
	for (size_t i = 0; i < n; i++) {
		memcpy(sorted + i * size, moved[i].item, size);
		(*now_at)[moved[i].from] = (uint32_t)i;
	}
	free(moved);
	free(was);
	*v = sorted;
	return 0;
}

static int order_targets(struct catchment_set *s)
{
	uint32_t *now_at = NULL;
	int rc = sort_array((void **)&s->targets, s->n_targets, sizeof(*s->targets), by_addr, &now_at);

	for (size_t i = 0; rc == 0 && i < s->n_sites; i++)
		s->sites[i].target = now_at[s->sites[i].target];
	for (size_t i = 0; rc == 0 && i < s->n_rows; i++)
		s->rows[i].target = now_at[s->rows[i].target];
	free(now_at);
	return rc;
}

static int order_sites(struct catchment_set *s)
{
	uint32_t *now_at = NULL;
	int rc = sort_array((void **)&s->sites, s->n_sites, sizeof(*s->sites), by_target_and_key, &now_at);

	for (size_t i = 0; rc == 0 && i < s->n_rows; i++)
		if (s->rows[i].site != CATCHMENT_NONE)
			s->rows[i].site = now_at[s->rows[i].site];
	free(now_at);
	return rc;
}

static bool in_order(const struct catchment_vp *a, const struct catchment_vp *b)
{
	return a->target != b->target ? a->target < b->target : a->vp < b->vp;
}

/* One pass of a counting sort: from[n], numbers of rows, into to[n] by a key below `range`. */
static int sort_pass(const struct catchment_vp *rows, size_t n, const uint32_t *from, uint32_t *to,
	size_t key_at, size_t range)
{
	size_t *first = calloc(range + 1, sizeof(*first));

	if (!first)
		return ERR_NOMEM;
#define KEY(i) (*(const uint32_t *)((const char *)&rows[i] + key_at))
	for (size_t i = 0; i < n; i++)
		first[KEY(i) + 1]++;
	for (size_t k = 0; k < range; k++)
		first[k + 1] += first[k];
	for (size_t i = 0; i < n; i++)
		to[first[KEY(from[i])]++] = from[i];
#undef KEY
	free(first);
	return 0;
}

static int order_rows(struct catchment_set *s)
{
	uint32_t *a = NULL, *b = NULL;
	struct catchment_vp *sorted = NULL;
	size_t i = 1;
	int rc = ERR_NOMEM;

	while (i < s->n_rows && in_order(&s->rows[i - 1], &s->rows[i]))
		i++;
	if (i >= s->n_rows)
		return 0;
	a = malloc(s->n_rows * sizeof(*a));
	b = malloc(s->n_rows * sizeof(*b));
	sorted = malloc(s->n_rows * sizeof(*sorted));
	if (!a || !b || !sorted)
		goto out;
	for (i = 0; i < s->n_rows; i++)
		a[i] = (uint32_t)i;
	if (sort_pass(s->rows, s->n_rows, a, b, offsetof(struct catchment_vp, vp), s->names->n) < 0 ||
		sort_pass(s->rows, s->n_rows, b, a, offsetof(struct catchment_vp, target), s->n_targets) < 0)
		goto out;
	for (i = 0; i < s->n_rows; i++)
		sorted[i] = s->rows[a[i]];
	free(s->rows);
	s->rows = sorted;
	s->cap_rows = s->n_rows;
	sorted = NULL;
	rc = 0;
out:
	free(a);
	free(b);
	free(sorted);
	return rc;
}

/* Every name by its new number. */
static void take_names(struct catchment_set *s, const uint32_t *now)
{
	for (size_t i = 0; i < s->n_targets; i++)
		s->targets[i].service = now[s->targets[i].service];
	for (size_t i = 0; i < s->n_sites; i++) {
		struct catchment_site *x = &s->sites[i];

		x->key = now[x->key];
		x->city = now[x->city];
		x->country = now[x->country];
		x->identities = now[x->identities];
	}
	for (size_t i = 0; i < s->n_rows; i++) {
		struct catchment_vp *v = &s->rows[i];

		v->vp = now[v->vp];
		v->country = now[v->country];
		v->identity = now[v->identity];
		v->rtt_probe = now[v->rtt_probe];
	}
}

static int find_twice(struct reading *r)
{
	const struct catchment_set *s = r->set;

	for (size_t i = 1; i < s->n_rows; i++) {
		const struct catchment_vp *a = &s->rows[i - 1], *b = &s->rows[i];
		char target[ADDR_TEXT_LEN];

		if (a->target == b->target && a->vp == b->vp)
			return err_set(r->why, ERR_PARSE, "%s:%u:1: %s at %s is there already, on line %u",
				csv_path(r->csv), b->line, catchment_set_name(s, b->vp),
				addr_text(&s->targets[b->target].addr, target), a->line);
	}
	return 0;
}

static void index_targets(struct catchment_set *s)
{
	size_t row = 0, site = 0;

	for (size_t t = 0; t < s->n_targets; t++) {
		s->targets[t].first_row = row;
		s->targets[t].first_site = site;
		while (row < s->n_rows && s->rows[row].target == t)
			row++;
		while (site < s->n_sites && s->sites[site].target == t)
			site++;
		s->targets[t].n_rows = row - s->targets[t].first_row;
		s->targets[t].n_sites = site - s->targets[t].first_site;
	}
}

static int put_in_order(struct reading *r)
{
	struct catchment_set *s = r->set;

	if (s->n_rows == 0)
		return err_set(r->why, ERR_PARSE, "%s: no rows", csv_path(r->csv));
	if (order_targets(s) < 0 || order_sites(s) < 0 || order_rows(s) < 0)
		return nomem(r);
	if (find_twice(r) < 0)
		return ERR_PARSE;
	index_targets(s);
	return 0;
}

int catchment_set_read_from(struct catchment_set *s, struct intern *names, struct csv *catchment,
	struct csv *sites, struct err_msg *why)
{
	struct reading r = {.set = s, .csv = catchment, .target = CATCHMENT_NONE, .why = why};
	int rc;

	s->names = names;
	rc = name_of(&r, "", &r.vp);
	if (rc == 0)
		rc = read_rows(&r);
	if (rc == 0 && sites) {
		r.csv = sites;
		rc = read_sites(&r);
		r.csv = catchment;
	}
	if (rc == 0)
		rc = put_in_order(&r);
	intern_free(&r.targets);
	intern_free(&r.site_keys);
	csv_close(catchment);
	csv_close(sites);
	return rc;
}

/* --- files --- */

static const char *const suffixes[] = {"", ".zst", ".gz"};

/* FOLDER/NAME with whichever suffix is there; false when none is. */
static bool find_file(const char *folder, const char *name, char out[static PATH_MAX])
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		int n = snprintf(out, PATH_MAX, "%s/%s%s", folder, name, suffixes[i]);

		if (n > 0 && n < PATH_MAX && access(out, F_OK) == 0)
			return true;
	}
	return false;
}

/* The run that a path leads into: itself, or the folder of a file that is called catchment.csv. */
static int folder_of(const char *path, char **out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		*out = strdup(path);
	else if (strncmp(name, "catchment.csv", strlen("catchment.csv")) == 0)
		*out = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	else
		return 0;
	return *out ? 0 : ERR_NOMEM;
}

static int find_catchment(
	const struct catchment_set *s, const char *path, char out[static PATH_MAX], struct err_msg *why)
{
	struct stat st;

	if (stat(path, &st) < 0 && strcmp(path, "-") != 0)
		return err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	if (strcmp(path, "-") == 0 || !S_ISDIR(st.st_mode))
		return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX
			       ? 0
			       : err_set(why, ERR_RANGE, "%s: too long a path", path);
	if (find_file(s->folder, "catchment.csv", out))
		return 0;
	return err_set(why, ERR_IO, "%s: no catchment.csv in it: run 'catchmap infer %s' first", path, path);
}

int catchment_set_read(struct catchment_set *s, struct intern *names, const char *path, struct err_msg *why)
{
	char file[PATH_MAX], sites_file[PATH_MAX];
	struct csv *c, *sites = NULL;
	int rc;

	*s = (struct catchment_set){.path = strdup(path)};
	if (!s->path || folder_of(path, &s->folder) < 0)
		return err_set(why, ERR_NOMEM, "%s: out of memory", path);
	rc = find_catchment(s, path, file, why);
	if (rc < 0)
		return rc;
	c = csv_open(file, why);
	if (!c)
		return ERR_PARSE;
	if (s->folder && find_file(s->folder, "sites.csv", sites_file)) {
		sites = csv_open(sites_file, why);
		if (!sites) {
			csv_close(c);
			return ERR_PARSE;
		}
	}
	return catchment_set_read_from(s, names, c, sites, why);
}

int catchment_set_read_beside(struct catchment_set *s, struct intern *names, const char *run,
	const char *inferred, struct err_msg *why)
{
	int rc = catchment_set_read(s, names, inferred, why);

	if (rc < 0 || strcmp(run, inferred) == 0)
		return rc;
	free(s->path);
	free(s->folder);
	s->path = strdup(run);
	s->folder = strdup(run);
	return s->path && s->folder ? 0 : err_set(why, ERR_NOMEM, "%s: out of memory", run);
}

/* The numbers that the set's names have among others. Runs mostly name the same in the same order: the next number is a good
 * guess, and spares looking for it. */
static int number_names(const struct intern *own, struct intern *names, uint32_t *now)
{
	uint32_t guess = 0;

	for (uint32_t i = 0; i < own->n; i++) {
		size_t n, n_guess = 0;
		const uint8_t *bytes = intern_at(own, i, &n),
			      *other = guess < names->n ? intern_at(names, guess, &n_guess) : NULL;
		bool same = other && n == n_guess && memcmp(bytes, other, n) == 0;
		int64_t got = same ? guess : intern_put(names, bytes, n);

		if (got < 0)
			return ERR_NOMEM;
		now[i] = (uint32_t)got;
		guess = now[i] + 1;
	}
	return 0;
}

int catchment_set_rename(struct catchment_set *s, struct intern *names)
{
	uint32_t *now = malloc((s->names->n + 1) * sizeof(*now));
	int rc = now ? number_names(s->names, names, now) : ERR_NOMEM;

	if (rc == 0) {
		take_names(s, now);
		s->names = names;
		rc = order_sites(s);
	}
	if (rc == 0)
		rc = order_rows(s);
	free(now);
	return rc;
}

void catchment_set_free(struct catchment_set *s)
{
	free(s->path);
	free(s->folder);
	free(s->targets);
	free(s->sites);
	free(s->rows);
	*s = (struct catchment_set){0};
}

uint32_t catchment_set_target(const struct catchment_set *s, const struct addr *a)
{
	size_t low = 0, high = s->n_targets;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (addr_compare(&s->targets[at].addr, a) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low < s->n_targets && addr_equal(&s->targets[low].addr, a) ? (uint32_t)low : CATCHMENT_NONE;
}

const char *catchment_set_name(const struct catchment_set *s, uint32_t name)
{
	size_t n;

	return (const char *)intern_at(s->names, name, &n);
}
