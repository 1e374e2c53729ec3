#include "report/page_diff.h"

#include <math.h>
#include <string.h>

#include "report/diff.h"
#include "report/html.h"

struct numbering {
	const struct comparison *c;
	const uint32_t *now_at, *before_at;
};

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count(size_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *text(const char *s)
{
	return html_text(s, strlen(s));
}

static uint32_t at_of(const struct compare_side *s, const struct catchment_site *site, const uint32_t *at)
{
	return at[(size_t)(site - s->set->sites) - compare_target(s)->first_site];
}

/* The page's number of a site of the comparison. */
static uint32_t site_at(const struct numbering *n, uint32_t site)
{
	const struct compare_site *s = &n->c->sites[site];

	return s->now ? at_of(&n->c->now, s->now, n->now_at) : at_of(&n->c->before, s->before, n->before_at);
}

/* A place in the transition matrix: a site's number, or a state. */
static json_t *place(const struct numbering *n, uint32_t at)
{
	if (at < n->c->n_sites)
		return count(site_at(n, at));
	return json_string(at - n->c->n_sites == COMPARE_SILENT ? "silent" : "no-site");
}

static json_t *rtt(const struct compare_rtt *r)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "n", count(r->n), "median", number(r->median_ms), "p90",
		number(r->p90_ms), "worst", number(r->worst_ms));
}

static json_t *sites(const struct numbering *n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n->c->n_sites; i++) {
		const struct compare_site *s = &n->c->sites[i];

		(void)json_array_append_new(a,
			json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "site",
				count(site_at(n, i)), "fate", diff_fate_name(s->fate), "other",
				s->other == COMPARE_NONE ? json_null() : count(site_at(n, s->other)),
				"vps_before", count(s->vps_before), "vps_now", count(s->vps_now),
				"share_before", number(s->share_before), "share_now", number(s->share_now),
				"change", number(s->change), "low", number(s->low), "high", number(s->high)));
	}
	return a;
}

static json_t *cells(const struct numbering *n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n->c->n_cells; i++) {
		const struct compare_cell *m = &n->c->cells[i];

		(void)json_array_append_new(
			a, json_pack("{s:o, s:o, s:o, s:o, s:o}", "from", place(n, m->from), "to",
				   place(n, m->to), "vps", count(m->vps), "weight", number(m->weight), "cost",
				   rtt(&m->cost)));
	}
	return a;
}

static json_t *groups(const struct comparison *c, const struct compare_group *g, size_t n, bool networks)
{
	enum { MOST = 50 };
	json_t *a = json_array();

	for (size_t i = 0; i < n && i < MOST && g[i].moved > 0; i++)
		(void)json_array_append_new(
			a, json_pack("{s:o, s:o, s:o}", "id",
				   networks ? count(g[i].id) : text(compare_name(c, g[i].id)), "vps",
				   count(g[i].vps), "moved", count(g[i].moved)));
	return a;
}

static json_t *inside(const struct compare_floor *f)
{
	return json_pack("{s:o, s:o, s:o}", "flips", number(f->flips), "chances", number(f->chances),
		"interval_s", number(f->interval_s));
}

static json_t *test(const struct comparison *c)
{
	const struct compare_test *t = &c->test;

	if (!t->done)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "baseline", text(t->base->path),
		"vps", count(t->vps), "moved_before", count(t->moved_before), "moved_now",
		count(t->moved_now), "floor", number(t->floor), "moved_share", number(t->now), "p",
		number(t->p_holm), "clusters", count(t->clusters), "pairs", count(t->pairs));
}

static json_t *counts(const struct comparison *c)
{
	const struct {
		const char *name;
		size_t v;
	} all[] = {{"both", c->both}, {"only_before", c->only_before}, {"only_now", c->only_now},
		{"compared", c->a}, {"moved", c->moved}, {"lost", c->lost}, {"regained", c->regained},
		{"no_site", c->no_site}, {"silent", c->silent}, {"excluded", c->excluded},
		{"clusters", c->n_clusters}, {"clusters_moved", c->clusters_moved}};
	json_t *j = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)json_object_set_new(j, all[i].name, count(all[i].v));
	return j;
}

json_t *page_diff_json(const struct comparison *c, const uint32_t *now_at, const uint32_t *before_at)
{
	const struct numbering n = {c, now_at, before_at};
	char sentence[DIFF_SENTENCE_MAX];

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"verdict", diff_verdict_name(c->verdict), "sentence", text(diff_sentence(c, sentence)),
		"counts", counts(c), "moved_share", number(c->moved_share), "similar_known",
		number(c->similar_known), "similar_all", number(c->similar_all), "rtt_before",
		number(c->rtt_before_ms), "rtt_now", number(c->rtt_now_ms), "cost_moved", rtt(&c->cost_moved),
		"cost_stayed", rtt(&c->cost_stayed), "inside", inside(&c->inside_now), "test", test(c),
		"sites", sites(&n), "cells", cells(&n), "countries",
		groups(c, c->countries, c->n_countries, false), "networks",
		groups(c, c->networks, c->n_networks, true));
}
