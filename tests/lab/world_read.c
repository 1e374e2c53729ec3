#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"
#include "world_fields.h"
#include "world_model.h"

#define KM_PER_NS 200e-6

/* Who is where. */

static int read_vp(struct world *w, const struct csv *c, const char *path, const struct world_place *place,
	struct err_msg *why)
{
	struct world_vp vp = {.place = *place};

	if (world_fields_read(w, WORLD_FIELDS_VP, c, path, &vp, why) < 0)
		return ERR_PARSE;
	if (!vp.addrs[0].family && !vp.addrs[1].family)
		return err_set(why, ERR_PARSE, "%s:%zu: a vp needs an address", path, csv_line(c));
	if (w->vps.n == WORLD_MAX || vec_reserve(&w->vps.v, &w->vps.cap, w->vps.n + 1) < 0)
		return err_set(why, ERR_NOMEM, "%s: too many VPs", path);
	w->vps.v[w->vps.n++] = vp;
	return 0;
}

static int read_site(struct world *w, const struct csv *c, const char *path, const struct world_place *place,
	struct err_msg *why)
{
	struct world_site site = {.place = *place};

	if (world_site_find(w, place->id, strlen(place->id)) >= 0)
		return err_set(
			why, ERR_PARSE, "%s:%zu: site %s is there already", path, csv_line(c), place->id);
	memcpy(site.identity, place->id, sizeof(place->id));
	if (world_fields_read(w, WORLD_FIELDS_SITE, c, path, &site, why) < 0)
		return ERR_PARSE;
	if (w->sites.n == WORLD_MAX - 1 || vec_reserve(&w->sites.v, &w->sites.cap, w->sites.n + 1) < 0)
		return err_set(why, ERR_NOMEM, "%s: too many sites", path);
	w->sites.v[w->sites.n++] = site;
	return 0;
}

static int read_place(struct world *w, const struct csv *c, const char *path, struct err_msg *why)
{
	const char *kind = csv_field(c, csv_column(c, "kind"));
	struct world_place place = {0};

	if (world_fields_read(w, WORLD_FIELDS_PLACE, c, path, &place, why) < 0)
		return ERR_PARSE;
	if (!place.id[0] || !*csv_field(c, csv_column(c, "lat")) || !*csv_field(c, csv_column(c, "lon")))
		return err_set(why, ERR_PARSE, "%s:%zu: a place needs id, lat and lon", path, csv_line(c));
	if (strcmp(kind, "vp") == 0)
		return read_vp(w, c, path, &place, why);
	if (strcmp(kind, "site") == 0)
		return read_site(w, c, path, &place, why);
	return err_set(why, ERR_PARSE, "%s:%zu: kind \"%s\": expected vp or site", path, csv_line(c), kind);
}

static int book_vps(struct world *w, const char *path, struct err_msg *why)
{
	size_t size = 1024;

	while (size < 4 * (2 * w->vps.n + WORLD_MAX / 8))
		size *= 2;
	w->book = calloc(size, sizeof(*w->book));
	if (!w->book)
		return err_set(why, ERR_NOMEM, "out of memory");
	w->book_mask = size - 1;
	for (size_t i = 0; i < w->vps.n; i++)
		for (size_t k = 0; k < 2; k++) {
			const struct addr *a = &w->vps.v[i].addrs[k];
			char text[ADDR_TEXT_LEN];

			if (a->family && !world_vp_enter(w, i, k))
				return err_set(
					why, ERR_PARSE, "%s: two VPs have %s", path, addr_text(a, text));
		}
	return 0;
}

/* Who is served by which site. */

static int add_target(struct world *w, const struct addr *a, const char *service)
{
	struct world_target t = {.addr = *a};
	size_t pairs = (w->targets.n + 1) * w->vps.n;

	if (w->targets.n == WORLD_MAX / 8 || strlen(service) >= sizeof(t.service) ||
		vec_reserve(&w->targets.v, &w->targets.cap, w->targets.n + 1) < 0 ||
		vec_reserve(&w->pairs.v, &w->pairs.cap, pairs) < 0)
		return -1;
	memcpy(t.service, service, strlen(service) + 1);
	w->targets.v[w->targets.n] = t;
	if (!world_target_enter(w, w->targets.n))
		return -1; /* it is a VP's */
	memset(w->pairs.v + w->pairs.n, 0, (pairs - w->pairs.n) * sizeof(*w->pairs.v));
	w->pairs.n = pairs;
	return (int)w->targets.n++;
}

static int intern_split(struct world *w, const struct world_split *s)
{
	for (size_t i = 0; i < w->splits.n; i++)
		if (memcmp(&w->splits.v[i], s, sizeof(*s)) == 0)
			return (int)i;
	if (w->splits.n == WORLD_MAX || vec_reserve(&w->splits.v, &w->splits.cap, w->splits.n + 1) < 0)
		return -1;
	w->splits.v[w->splits.n] = *s;
	return (int)w->splits.n++;
}

static int intern_trouble(struct world *w, const struct world_trouble *t)
{
	for (size_t i = w->troubles.n; i-- > 0;)
		if (memcmp(&w->troubles.v[i], t, sizeof(*t)) == 0)
			return (int)i;
	if (w->troubles.n == WORLD_MAX ||
		vec_reserve(&w->troubles.v, &w->troubles.cap, w->troubles.n + 1) < 0)
		return -1;
	w->troubles.v[w->troubles.n] = *t;
	return (int)w->troubles.n++;
}

/* "ams1|fra1" as a split; -1 for an unknown site. */
static int read_split(struct world *w, const char *text)
{
	struct world_split s = {0};

	while (*text) {
		size_t n = strcspn(text, "|");
		int site = world_site_find(w, text, n);

		if (site < 0 || s.n == WORLD_SPLIT_MAX)
			return -1;
		s.sites[s.n++] = (uint16_t)site;
		text += n + (text[n] == '|');
	}
	return intern_split(w, &s);
}

static bool vp_fits(const struct world_vp *vp, const char *who)
{
	char as[16];

	(void)snprintf(as, sizeof(as), "AS%u", vp->asn);
	return !*who || strcmp(who, "*") == 0 || strcmp(vp->place.id, who) == 0 || strcmp(as, who) == 0;
}

struct served_row {
	struct csv *c;
	const char *path, *who;
	int split;      /* -1: the row says nothing of it */
	size_t vp_hint; /* where the row before found its VP: files mostly go on with the next one */
};

/* The row's columns laid over one pair. */
static int lay_over(struct world *w, const struct served_row *row, struct world_pair *p, struct err_msg *why)
{
	struct world_trouble t = w->troubles.v[p->trouble];
	int trouble;

	if (world_fields_read(w, WORLD_FIELDS_TROUBLE, row->c, row->path, &t, why) < 0)
		return ERR_PARSE;
	if ((t.flip_ns || t.churn_ppm) && !t.other)
		return err_set(why, ERR_PARSE, "%s:%zu: flip_s and churn need a site in `other`", row->path,
			csv_line(row->c));
	trouble = intern_trouble(w, &t);
	if (trouble < 0)
		return err_set(why, ERR_NOMEM, "%s: too many different troubles", row->path);
	p->trouble = (uint16_t)trouble;
	if (row->split >= 0)
		p->split = (uint16_t)row->split;
	return 0;
}

/* Lays the row over each VP of one target that it names. */
static int lay_over_vps(struct world *w, struct served_row *row, size_t target, struct err_msg *why)
{
	bool is_one = *row->who && strcmp(row->who, "*") != 0;
	size_t found = 0;

	for (size_t i = 0; i < w->vps.n; i++) {
		size_t vp = (row->vp_hint + i) % w->vps.n;

		if (!vp_fits(&w->vps.v[vp], row->who))
			continue;
		if (lay_over(w, row, world_pair_at(w, vp, target), why) < 0)
			return ERR_PARSE;
		found++;
		if (is_one && strcmp(w->vps.v[vp].place.id, row->who) == 0) {
			row->vp_hint = vp + 1;
			break;
		}
	}
	return found ? 0
		     : err_set(why, ERR_PARSE, "%s:%zu: no VP \"%s\"", row->path, csv_line(row->c), row->who);
}

static int read_served_row(struct world *w, struct served_row *row, struct err_msg *why)
{
	const char *target = csv_field(row->c, csv_column(row->c, "target"));
	const char *site = csv_field(row->c, csv_column(row->c, "site"));
	bool is_all = strcmp(target, "*") == 0;
	struct addr a;
	int first;

	row->who = csv_field(row->c, csv_column(row->c, "vp"));
	row->split = *site ? read_split(w, site) : -1;
	if (*site && row->split < 0)
		return err_set(why, ERR_PARSE, "%s:%zu: site \"%s\": expected ids of sites, with | between",
			row->path, csv_line(row->c), site);
	if (!is_all && (addr_parse(target, &a) < 0 || addr_is_unusable(&a)))
		return err_set(why, ERR_PARSE, "%s:%zu: target \"%s\": expected an address or *", row->path,
			csv_line(row->c), target);
	first = is_all ? 0 : world_target_find(w, &a);
	if (first < 0)
		first = add_target(w, &a, csv_field(row->c, csv_column(row->c, "service")));
	if (first < 0)
		return err_set(why, ERR_PARSE,
			"%s:%zu: too many targets, a long service name, or %s is a VP's", row->path,
			csv_line(row->c), target);
	for (size_t t = (size_t)first; t < (is_all ? w->targets.n : (size_t)first + 1); t++)
		if (lay_over_vps(w, row, t, why) < 0)
			return ERR_PARSE;
	return 0;
}

/* Calls `read` for each row; a row that cannot be read ends it. */
static int read_rows(struct world *w, const char *path,
	int (*read)(struct world *, struct served_row *, struct err_msg *), struct err_msg *why)
{
	struct served_row row = {.path = path};
	int rc;

	row.c = csv_open(path, why);
	if (!row.c)
		return ERR_IO;
	while ((rc = csv_next(row.c, why)) > 0) {
		rc = read(w, &row, why);
		if (rc < 0)
			break;
	}
	csv_close(row.c);
	return rc;
}

static int read_place_row(struct world *w, struct served_row *row, struct err_msg *why)
{
	return read_place(w, row->c, row->path, why);
}

static int fill_delays(struct world *w)
{
	w->delays_ns = calloc(w->vps.n * w->sites.n, sizeof(*w->delays_ns));
	if (!w->delays_ns)
		return ERR_NOMEM;
	for (size_t v = 0; v < w->vps.n; v++)
		for (size_t s = 0; s < w->sites.n; s++) {
			double km = world_distance_km(&w->vps.v[v].place, &w->sites.v[s].place);

			w->delays_ns[v * w->sites.n + s] =
				(int64_t)ceil(2 * km / KM_PER_NS * w->options.inflation) +
				w->vps.v[v].last_mile_ns;
		}
	return 0;
}

/* Whole ASes move, each run anew: the share of the ASes of a target that is elsewhere is `churn`. */
static int apply_churn(struct world *w)
{
	for (size_t t = 0; t < w->targets.n; t++)
		for (size_t v = 0; v < w->vps.n; v++) {
			struct world_pair *p = world_pair_at(w, v, t);
			const struct world_trouble *trouble = &w->troubles.v[p->trouble];
			struct world_split other = {.n = 1, .sites = {(uint16_t)(trouble->other - 1)}};
			uint32_t draw[3] = {(uint32_t)t, w->vps.v[v].asn, w->options.epoch};
			int split;

			if (!p->split || ldexp((double)(hash_sip(&w->key, draw, sizeof(draw)) >> 11), -53) *
							 WORLD_PPM >=
						 trouble->churn_ppm)
				continue;
			split = intern_split(w, &other);
			if (split < 0)
				return ERR_NOMEM;
			p->split = (uint16_t)split;
		}
	return 0;
}

int world_read(struct world *w, const char *places, const char *served, const struct world_options *o,
	struct err_msg *why)
{
	int rc;

	memset(w, 0, sizeof(*w));
	w->options = *o;
	w->key = hash_key_seeded(o->seed);
	if (intern_split(w, &(struct world_split){0}) < 0 ||
		intern_trouble(w, &(struct world_trouble){0}) < 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	rc = read_rows(w, places, read_place_row, why);
	if (rc < 0)
		return rc;
	if (w->vps.n == 0 || w->sites.n == 0)
		return err_set(why, ERR_PARSE, "%s: no vp or no site", places);
	if (book_vps(w, places, why) < 0)
		return ERR_PARSE;
	rc = read_rows(w, served, read_served_row, why);
	if (rc < 0)
		return rc;
	if (w->targets.n == 0)
		return err_set(why, ERR_PARSE, "%s: no target", served);
	if (fill_delays(w) < 0 || (o->epoch > 0 && apply_churn(w) < 0))
		return err_set(why, ERR_NOMEM, "out of memory");
	return 0;
}
