#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "infer/compare.h"
#include "infer/geo.h"

/* Of a disc whose size is not known, and how far apart one place may be in two runs. */
static const double usual_radius_km = 100, same_place_km = 100;
/* When a site has been renamed: so much of its weight went to the new one, and the RTT changed by no more. */
static const double renamed_share = 0.8, renamed_ms = 2;
/* Below this share of its rounds a vantage point's site is not stable. */
static const float stable_share = 0.8F;
enum { STABLE_MIN = 3 };

static const struct catchment_site *sites_of(const struct compare_side *s)
{
	return s->set->sites + compare_target(s)->first_site;
}

/* --- the same site in two runs --- */

/* By identity, or as the file says. */
static bool goes_by_key(const struct catchment_site *s)
{
	return s->method != METHOD_LATENCY || isnan(s->lat) || isnan(s->lon);
}

static double km_between(const struct catchment_site *a, const struct catchment_site *b)
{
	if (isnan(a->lat) || isnan(a->lon) || isnan(b->lat) || isnan(b->lon))
		return (double)NAN;
	return geo_km(a->lat, a->lon, b->lat, b->lon);
}

static double radius_of(const struct catchment_site *s)
{
	return isnan(s->radius_km) ? usual_radius_km : s->radius_km;
}

/* Two sites whose discs meet. */
struct meeting {
	double km;
	bool both_by_latency;
	uint32_t x, y;
};

static int by_closeness(const void *a, const void *b)
{
	const struct meeting *m = a, *n = b;

	if (m->both_by_latency != n->both_by_latency)
		return m->both_by_latency ? -1 : 1;
	if (m->km < n->km || m->km > n->km)
		return m->km < n->km ? -1 : 1;
	if (m->x != n->x)
		return m->x < n->x ? -1 : 1;
	return (m->y > n->y) - (m->y < n->y);
}

struct matching {
	const struct catchment_site *x, *y;
	size_t n_x, n_y;
	uint32_t *y_of_x;
	bool *taken; /* of y */
	struct meeting *v;
	size_t n, cap;
};

/* Both are in the order of their keys. */
static void match_by_key(struct matching *m)
{
	for (size_t i = 0, k = 0; i < m->n_x; i++) {
		while (k < m->n_y && m->y[k].key < m->x[i].key)
			k++;
		if (k == m->n_y || m->y[k].key != m->x[i].key)
			continue;
		/* What two runs call two sites found by latency says nothing. */
		if (!goes_by_key(&m->x[i]) && !goes_by_key(&m->y[k]))
			continue;
		m->y_of_x[i] = (uint32_t)k;
		m->taken[k] = true;
	}
}

static int find_meetings(struct matching *m)
{
	for (size_t i = 0; i < m->n_x; i++)
		for (size_t k = 0; k < m->n_y; k++) {
			bool x_by_key = goes_by_key(&m->x[i]), y_by_key = goes_by_key(&m->y[k]);
			double km;

			if (m->y_of_x[i] != COMPARE_NONE || m->taken[k] || (x_by_key && y_by_key))
				continue;
			km = km_between(&m->x[i], &m->y[k]);
			if (!(km <= radius_of(&m->x[i]) + radius_of(&m->y[k])))
				continue;
			if (vec_reserve(&m->v, &m->cap, m->n + 1) < 0)
				return ERR_NOMEM;
			m->v[m->n++] = (struct meeting){km, !x_by_key && !y_by_key, (uint32_t)i, (uint32_t)k};
		}
	return 0;
}

static bool any_by_latency(const struct catchment_site *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!goes_by_key(&s[i]))
			return true;
	return false;
}

static int match_by_disc(struct matching *m)
{
	if (!any_by_latency(m->x, m->n_x) && !any_by_latency(m->y, m->n_y))
		return 0;
	if (find_meetings(m) < 0)
		return ERR_NOMEM;
	if (m->n > 0)
		qsort(m->v, m->n, sizeof(*m->v), by_closeness);
	for (size_t i = 0; i < m->n; i++) {
		if (m->y_of_x[m->v[i].x] != COMPARE_NONE || m->taken[m->v[i].y])
			continue;
		m->y_of_x[m->v[i].x] = m->v[i].y;
		m->taken[m->v[i].y] = true;
	}
	return 0;
}

int compare_match_sites(const struct compare_side *x, const struct compare_side *y, uint32_t *y_of_x)
{
	struct matching m = {.x = sites_of(x),
		.y = sites_of(y),
		.n_x = compare_target(x)->n_sites,
		.n_y = compare_target(y)->n_sites,
		.y_of_x = y_of_x};
	int rc = ERR_NOMEM;

	memset(y_of_x, 0xff, m.n_x * sizeof(*y_of_x));
	m.taken = calloc(m.n_y + 1, sizeof(*m.taken));
	if (m.taken) {
		match_by_key(&m);
		rc = match_by_disc(&m);
	}
	free(m.taken);
	free(m.v);
	return rc;
}

/* --- the sites of both runs in one list --- */

/* Which sites of the side a vantage point has; a site may also just be known to exist. */
static bool *sites_in_use(const struct compare_side *s)
{
	const struct catchment_target *t = compare_target(s);
	bool *used = calloc(t->n_sites + 1, sizeof(*used));

	for (size_t i = 0; used && i < t->n_rows; i++) {
		const struct catchment_vp *v = &s->set->rows[t->first_row + i];

		if (v->state == VP_SITE)
			used[v->site - t->first_site] = true;
	}
	return used;
}

/* Numbers in the comparison's list of the sites of each run. */
struct numbering {
	uint32_t *now_of_before, *before, *now;
	bool *used_before, *used_now;
};

static void add_site(
	struct comparison *c, const struct catchment_site *before, const struct catchment_site *now)
{
	c->sites[c->n_sites++] = (struct compare_site){
		.before = before, .now = now, .key = now ? now->key : before->key, .other = COMPARE_NONE};
}

static void number_sites(struct comparison *c, struct numbering *n)
{
	const struct catchment_site *before = sites_of(&c->before), *now = sites_of(&c->now);
	size_t n_before = compare_target(&c->before)->n_sites, n_now = compare_target(&c->now)->n_sites;

	memset(n->now, 0xff, n_now * sizeof(*n->now));
	for (size_t i = 0; i < n_before; i++) {
		uint32_t same = n->now_of_before[i];

		n->before[i] = (uint32_t)c->n_sites;
		if (same != COMPARE_NONE)
			n->now[same] = (uint32_t)c->n_sites;
		if (n->used_before[i] || (same != COMPARE_NONE && n->used_now[same]))
			add_site(c, &before[i], same == COMPARE_NONE ? NULL : &now[same]);
	}
	for (size_t k = 0; k < n_now; k++) {
		if (n->now[k] != COMPARE_NONE || !n->used_now[k])
			continue;
		n->now[k] = (uint32_t)c->n_sites;
		add_site(c, NULL, &now[k]);
	}
}

static void site_of_each(struct comparison *c, const struct numbering *n)
{
	size_t first_before = compare_target(&c->before)->first_site,
	       first_now = compare_target(&c->now)->first_site;

	for (size_t i = 0; i < c->n_vps; i++) {
		struct compare_vp *v = &c->vps[i];

		if (v->before && v->before->state == VP_SITE)
			v->site_before = n->before[v->before->site - first_before];
		if (v->now && v->now->state == VP_SITE)
			v->site_now = n->now[v->now->site - first_now];
	}
}

int compare_sites_join(struct comparison *c)
{
	size_t n_before = compare_target(&c->before)->n_sites, n_now = compare_target(&c->now)->n_sites;
	struct numbering n = {.now_of_before = calloc(n_before + 1, sizeof(uint32_t)),
		.before = malloc((n_before + 1) * sizeof(uint32_t)),
		.now = malloc((n_now + 1) * sizeof(uint32_t)),
		.used_before = sites_in_use(&c->before),
		.used_now = sites_in_use(&c->now)};
	int rc = ERR_NOMEM;

	c->sites = calloc(n_before + n_now + 1, sizeof(*c->sites));
	if (c->sites && n.now_of_before && n.before && n.now && n.used_before && n.used_now)
		rc = compare_match_sites(&c->before, &c->now, n.now_of_before);
	if (rc == 0) {
		number_sites(c, &n);
		site_of_each(c, &n);
	}
	free(n.now_of_before);
	free(n.before);
	free(n.now);
	free(n.used_before);
	free(n.used_now);
	return rc;
}

/* --- what became of them --- */

static bool is_stable(const struct catchment_vp *v)
{
	return isnan(v->site_share) || v->site_share >= stable_share;
}

double compare_rounds(const struct catchment_vp *v)
{
	return isnan(v->site_share) ? v->answered : round((double)v->site_share * v->answered);
}

/* Witnesses of a site's end, or of its beginning. */
struct witnesses {
	size_t stable,
		elsewhere; /* of those who were there: stable ones, and those of them that now have another site */
	bool twice;        /* who is there now answered from there in two rounds */
};

static void hear_witnesses(const struct comparison *c, struct witnesses *w)
{
	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (v->site_before != COMPARE_NONE && is_stable(v->before)) {
			w[v->site_before].stable++;
			w[v->site_before].elsewhere +=
				v->site_now != COMPARE_NONE && v->site_now != v->site_before;
		}
		if (v->site_now != COMPARE_NONE)
			w[v->site_now].twice |= compare_rounds(v->now) >= 2;
	}
}

static enum compare_fate fate_of(const struct compare_site *s, const struct witnesses *w)
{
	if (s->all_before > 0 && s->all_now == 0)
		return w->stable >= STABLE_MIN && 3 * w->elsewhere >= 2 * w->stable ? COMPARE_GONE
										    : COMPARE_NOT_SEEN;
	if (s->all_before == 0 && s->all_now > 0)
		return s->all_now >= 2 || w->twice ? COMPARE_NEW : COMPARE_SEEN_ONCE;
	return COMPARE_STAYS;
}

static bool in_one_place(const struct catchment_site *a, const struct catchment_site *b)
{
	return km_between(a, b) <= same_place_km ||
	       (a->city != 0 && a->city == b->city && a->country == b->country);
}

static void find_renamed(struct comparison *c, const struct compare_cell *cell)
{
	struct compare_site *s = &c->sites[cell->from], *t = &c->sites[cell->to];

	if (s->fate != COMPARE_GONE || t->fate != COMPARE_NEW || !in_one_place(s->before, t->now) ||
		cell->weight < renamed_share * s->share_before * c->weight ||
		!(fabs(cell->cost.median_ms) <= renamed_ms))
		return;
	s->fate = COMPARE_RENAMED;
	s->other = cell->to;
	t->fate = COMPARE_RENAMED_TO;
	t->other = cell->from;
}

int compare_sites_fate(struct comparison *c)
{
	struct witnesses *w = calloc(c->n_sites + 1, sizeof(*w));

	if (!w)
		return ERR_NOMEM;
	hear_witnesses(c, w);
	for (size_t i = 0; i < c->n_sites; i++)
		c->sites[i].fate = fate_of(&c->sites[i], &w[i]);
	for (size_t i = 0; i < c->n_cells; i++)
		if (compare_is_move(c, &c->cells[i]))
			find_renamed(c, &c->cells[i]);
	free(w);
	return 0;
}
