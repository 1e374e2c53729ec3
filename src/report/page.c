#include "report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "infer/geo.h"
#include "report/html.h"
#include "report/page_diff.h"

enum { VP_ID, VP_LAT, VP_LON, VP_ACCURACY, VP_CITY, VP_COUNTRY, VP_ASN, VP_COLUMNS };

/* A page being put together. */
struct making {
	const struct page *page;
	struct intern *names;
	int64_t *text_at, *vp_at; /* by name: where it is in `strings` or `vps`, less 1; 0: not there yet */
	json_t *strings, *vps[VP_COLUMNS];
	size_t n_strings, n_vps;
};
static const char *const vp_columns[VP_COLUMNS] = {
	"id", "lat", "lon", "accuracy_km", "city", "country", "asn"};

static json_t *text_of(struct making *m, uint32_t name)
{
	size_t n;
	const char *bytes = (const char *)intern_at(m->names, name, &n);

	return html_text(bytes, n);
}

/* A number with so many decimals; null for NAN. */
static json_t *real(double v, double decimals)
{
	double scale = pow(10, decimals);

	return isnan(v) ? json_null() : json_real(round(v * scale) / scale);
}

static json_t *ms(int64_t ns)
{
	return ns < 0 ? json_null() : real((double)ns / 1e6, 3);
}

/* A text that is said again and again; null for the empty one. */
static json_t *shared_text(struct making *m, uint32_t name)
{
	if (name == 0)
		return json_null();
	if (m->text_at[name] == 0) {
		m->text_at[name] = (int64_t)++m->n_strings;
		(void)json_array_append_new(m->strings, text_of(m, name));
	}
	return json_integer(m->text_at[name] - 1);
}

/* --- vantage points --- */

static void add_place(struct making *m, const struct catchment_vp *v, const struct vantage *place)
{
	bool placed = place && place->has_place;
	json_t *city = place ? html_text(place->city, strlen(place->city)) : json_null();

	(void)json_array_append_new(m->vps[VP_LAT], real(placed ? place->lat_deg : (double)v->lat, 3));
	(void)json_array_append_new(m->vps[VP_LON], real(placed ? place->lon_deg : (double)v->lon, 3));
	(void)json_array_append_new(m->vps[VP_ACCURACY], placed ? real(place->accuracy_km, 1) : json_null());
	(void)json_array_append_new(m->vps[VP_CITY], city);
}

/* Its number in the page. */
static json_t *vp_of(struct making *m, const struct catchment_vp *v)
{
	const char *id = (const char *)intern_at(m->names, v->vp, &(size_t){0});

	if (m->vp_at[v->vp] == 0) {
		m->vp_at[v->vp] = (int64_t)++m->n_vps;
		(void)json_array_append_new(m->vps[VP_ID], text_of(m, v->vp));
		add_place(m, v, vantage_find(&m->page->run->places, id));
		(void)json_array_append_new(m->vps[VP_COUNTRY], shared_text(m, v->country));
		(void)json_array_append_new(m->vps[VP_ASN], v->asn ? json_integer(v->asn) : json_null());
	}
	return json_integer(m->vp_at[v->vp] - 1);
}

/* --- rows of one target in one run --- */

struct side {
	const struct catchment_set *set;
	const struct catchment_target *target;
	const struct comparison *comparison; /* NULL: none */
	const uint32_t *site_at;             /* by site of the target: its number in the page */
};

/* A cell of a column; `i` is a row of the set. */
typedef json_t *cell(struct making *m, const struct side *s, size_t i);

static json_t *cell_vp(struct making *m, const struct side *s, size_t i)
{
	return vp_of(m, &s->set->rows[i]);
}

static json_t *cell_site(struct making *m, const struct side *s, size_t i)
{
	uint32_t site = s->set->rows[i].site;

	(void)m;
	return site == CATCHMENT_NONE ? json_null() : json_integer(s->site_at[site - s->target->first_site]);
}

static json_t *cell_rtt(struct making *m, const struct side *s, size_t i)
{
	(void)m;
	return ms(s->set->rows[i].rtt_min_ns);
}

static json_t *cell_median(struct making *m, const struct side *s, size_t i)
{
	(void)m;
	return ms(s->set->rows[i].rtt_median_ns);
}

static json_t *cell_weight(struct making *m, const struct side *s, size_t i)
{
	(void)m;
	return real(s->set->rows[i].weight, 6);
}

static json_t *cell_share(struct making *m, const struct side *s, size_t i)
{
	(void)m;
	return real((double)s->set->rows[i].site_share, 3);
}

static json_t *cell_sent(struct making *m, const struct side *s, size_t i)
{
	(void)s;
	return json_integer(m->page->run->rows[i].sent);
}

static json_t *cell_received(struct making *m, const struct side *s, size_t i)
{
	(void)s;
	return json_integer(m->page->run->rows[i].received);
}

static json_t *cell_km(struct making *m, const struct side *s, size_t i)
{
	(void)s;
	return real(m->page->run->rows[i].distance_km, 0);
}

static json_t *cell_nearest(struct making *m, const struct side *s, size_t i)
{
	uint32_t key = m->page->run->rows[i].nearest;

	for (size_t k = 0; key != 0 && k < s->target->n_sites; k++)
		if (s->set->sites[s->target->first_site + k].key == key)
			return json_integer(s->site_at[k]);
	return json_null();
}

static json_t *cell_nearest_km(struct making *m, const struct side *s, size_t i)
{
	(void)s;
	return real(m->page->run->rows[i].nearest_km, 0);
}

static json_t *cell_identity(struct making *m, const struct side *s, size_t i)
{
	return shared_text(m, s->set->rows[i].identity);
}

static json_t *cell_probe(struct making *m, const struct side *s, size_t i)
{
	return shared_text(m, s->set->rows[i].rtt_probe);
}

static json_t *cell_seen(struct making *m, const struct side *s, size_t i)
{
	(void)s;
	return json_integer(m->page->run->rows[i].sites_seen);
}

static int by_vp(const void *key, const void *item)
{
	uint32_t x = *(const uint32_t *)key, y = ((const struct compare_vp *)item)->vp;

	return (x > y) - (x < y);
}

static json_t *cell_cost(struct making *m, const struct side *s, size_t i)
{
	const struct comparison *c = s->comparison;
	const struct compare_vp *v =
		c ? bsearch(&s->set->rows[i].vp, c->vps, c->n_vps, sizeof(*c->vps), by_vp) : NULL;

	(void)m;
	return v ? real(v->cost_ms, 3) : json_null();
}

static const struct column {
	const char *name;
	cell *cell;
	bool now_only; /* what the page says of the run itself, not of the one before */
} columns[] = {
	{"vp", cell_vp, false},
	{"site", cell_site, false},
	{"rtt", cell_rtt, false},
	{"median", cell_median, true},
	{"weight", cell_weight, true},
	{"share", cell_share, true},
	{"sent", cell_sent, true},
	{"received", cell_received, true},
	{"km", cell_km, true},
	{"nearest", cell_nearest, true},
	{"nearest_km", cell_nearest_km, true},
	{"identity", cell_identity, true},
	{"probe", cell_probe, true},
	{"seen", cell_seen, true},
	{"cost", cell_cost, true},
};

/* One letter a row. */
static json_t *states_of(const struct side *s)
{
	static const char letters[VP_STATES] = {'?', 's', 'n', 'q', 'u', 'x'};
	char *text = malloc(s->target->n_rows + 1);
	json_t *j;

	for (size_t i = 0; text && i < s->target->n_rows; i++)
		text[i] = letters[s->set->rows[s->target->first_row + i].state];
	j = text ? json_stringn(text, s->target->n_rows) : NULL;
	free(text);
	return j;
}

static json_t *rows_json(struct making *m, const struct side *s, bool now)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "state", states_of(s));
	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		json_t *column;

		if (columns[c].now_only && !now)
			continue;
		column = json_array();
		for (size_t i = 0; i < s->target->n_rows; i++)
			(void)json_array_append_new(column, columns[c].cell(m, s, s->target->first_row + i));
		(void)json_object_set_new(j, columns[c].name, column);
	}
	return j;
}

/* --- sites --- */

static json_t *site_json(struct making *m, const struct catchment_site *s, const struct page_site *more)
{
	json_t *j = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "key", text_of(m, s->key), "city",
		text_of(m, s->city), "country", text_of(m, s->country), "lat", real(s->lat, 3), "lon",
		real(s->lon, 3), "radius_km", real(s->radius_km, 0), "method", site_method_name(s->method),
		"identities", text_of(m, s->identities));

	if (more)
		(void)json_object_update_new(
			j, json_pack("{s:s, s:o}", "confidence",
				   rules_confidence_name((enum rules_confidence)more->confidence), "evidence",
				   text_of(m, more->evidence)));
	return j;
}

static const char *verdict_of(const struct making *m, const struct catchment_target *t)
{
	return t->n_sites > 0
		       ? site_verdict_name((enum site_verdict)m->page->run->sites[t->first_site].verdict)
		       : "";
}

/* The sites of both runs: this one's in its order, then those that only the one before has. */
static json_t *sites_json(struct making *m, const struct side *now, const struct side *before)
{
	json_t *j = json_array();

	for (size_t i = 0; i < now->target->n_sites; i++) {
		size_t at = now->target->first_site + i;

		(void)json_array_append_new(j, site_json(m, &now->set->sites[at], &m->page->run->sites[at]));
	}
	for (size_t i = 0; before->target && i < before->target->n_sites; i++)
		if (before->site_at[i] >= now->target->n_sites)
			(void)json_array_append_new(
				j, site_json(m, &before->set->sites[before->target->first_site + i], NULL));
	return j;
}

/* Numbers of the sites of both runs; *at has room for all. */
static int number_sites(const struct page_target *t, const struct side *now, const struct side *before,
	uint32_t *now_at, uint32_t *before_at)
{
	uint32_t next = (uint32_t)now->target->n_sites;
	int rc = 0;

	for (uint32_t i = 0; i < next; i++)
		now_at[i] = i;
	if (before->target)
		rc = compare_match_sites(&t->comparison->before, &t->comparison->now, before_at);
	for (size_t i = 0; rc == 0 && before->target && i < before->target->n_sites; i++)
		if (before_at[i] == COMPARE_NONE)
			before_at[i] = next++;
	return rc;
}

/* --- targets --- */

static json_t *time_json(struct wall t)
{
	char text[CLOCK_TEXT_LEN];

	return t.ns ? json_string(clock_text(t, text)) : json_null();
}

static json_t *target_body(
	struct making *m, const struct page_target *t, const struct side *now, const struct side *before)
{
	char address[ADDR_TEXT_LEN];
	json_t *j = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "address",
		addr_text(&now->target->addr, address), "service", text_of(m, now->target->service),
		"verdict", verdict_of(m, now->target), "first", time_json(now->target->first), "last",
		time_json(now->target->last), "sites", sites_json(m, now, before), "now",
		rows_json(m, now, true));

	if (!before->target)
		return j;
	(void)json_object_set_new(j, "before", rows_json(m, before, false));
	(void)json_object_set_new(j, "diff", page_diff_json(t->comparison, now->site_at, before->site_at));
	return j;
}

static json_t *target_json(struct making *m, const struct page_target *t)
{
	const struct comparison *c = t->comparison;
	struct side now = {&m->page->run->set, &m->page->run->set.targets[t->target], c, NULL};
	struct side before = {m->page->against, c ? compare_target(&c->before) : NULL, c, NULL};
	uint32_t *now_at = calloc(now.target->n_sites + 1, sizeof(*now_at));
	uint32_t *before_at = calloc((c ? before.target->n_sites : 0) + 1, sizeof(*before_at));
	json_t *j = NULL;

	now.site_at = now_at;
	before.site_at = before_at;
	if (now_at && before_at && number_sites(t, &now, &before, now_at, before_at) == 0)
		j = target_body(m, t, &now, &before);
	free(now_at);
	free(before_at);
	return j;
}

/* --- the whole --- */

static json_t *run_json(const struct catchment_set *s)
{
	return json_pack("{s:o}", "path", html_text(s->path, strlen(s->path)));
}

static json_t *warnings_json(const struct page *p)
{
	json_t *j = json_array();

	for (size_t i = 0; i < p->n_warnings; i++)
		(void)json_array_append_new(j, html_text(p->warnings[i], strlen(p->warnings[i])));
	return j;
}

/* The page draws the tree; each peer's path and each vantage point's would be longer than all else. */
static json_t *routes_of(const struct page *p)
{
	static const char *const long_lists[] = {"routes", "covering", "more_specific"};
	const json_t *targets = json_object_get(p->routes, "targets");

	for (size_t i = 0; i < json_array_size(targets); i++) {
		json_t *t = json_array_get(targets, i);

		for (size_t k = 0; k < sizeof(long_lists) / sizeof(long_lists[0]); k++)
			(void)json_object_del(t, long_lists[k]);
		(void)json_object_del(json_object_get(t, "measured"), "vps");
	}
	return p->routes ? json_incref(p->routes) : json_null();
}

static json_t *whole(struct making *m)
{
	const struct page *p = m->page;
	json_t *targets = json_array(), *vps = json_object();

	for (size_t i = 0; i < p->n_targets; i++)
		(void)json_array_append_new(targets, target_json(m, &p->targets[i]));
	for (size_t i = 0; i < VP_COLUMNS; i++)
		(void)json_object_set_new(vps, vp_columns[i], m->vps[i]);
	return json_pack("{s:s, s:o, s:o, s:f, s:f, s:o, s:o, s:o, s:O, s:O, s:o, s:o}", "version",
		CATCHMAP_VERSION, "run", run_json(&p->run->set), "against",
		p->against ? run_json(p->against) : json_null(), "disc_km_per_ms", GEO_DISC_KM_PER_MS,
		"sphere_error", GEO_SPHERE_ERROR, "targets", targets, "vps", vps, "strings", m->strings,
		"trust", p->run->trust, "quality", p->run->quality, "warnings", warnings_json(p), "routes",
		routes_of(p));
}

json_t *page_json(const struct page *p, struct intern *names)
{
	struct making m = {.page = p, .names = names, .strings = json_array()};
	json_t *j = NULL;

	m.text_at = calloc(names->n + 1, sizeof(*m.text_at));
	m.vp_at = calloc(names->n + 1, sizeof(*m.vp_at));
	for (size_t i = 0; i < VP_COLUMNS; i++)
		m.vps[i] = json_array();
	if (m.text_at && m.vp_at)
		j = whole(&m);
	free(m.text_at);
	free(m.vp_at);
	return j;
}
