#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "data/json_text.h"
#include "report/diff_parts.h"

static json_t *text_or_null(const char *text)
{
	return *text ? json_text(text) : json_null();
}

/* JSON has no NAN. */
json_t *diff_json_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *diff_json_count(size_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *address(const struct compare_side *s)
{
	char text[ADDR_TEXT_LEN];

	return json_string(addr_text(&compare_target(s)->addr, text));
}

/* A place in the transition matrix. */
static json_t *place(const struct comparison *c, uint32_t at)
{
	if (at < c->n_sites)
		return text_or_null(compare_site_key(c, at));
	return json_string(vp_state_name(at - c->n_sites == COMPARE_SILENT ? VP_SILENT : VP_NO_SITE));
}

static json_t *site_or_null(const struct comparison *c, uint32_t site)
{
	return site == COMPARE_NONE ? json_null() : text_or_null(compare_site_key(c, site));
}

static json_t *rtt(const struct compare_rtt *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "n", diff_json_count(r->n), "median_ms",
		diff_json_number(r->median_ms), "p90_ms", diff_json_number(r->p90_ms), "worst_ms",
		diff_json_number(r->worst_ms), "mean_by_weight_ms", diff_json_number(r->mean_ms));
}

static json_t *site(const struct comparison *c, const struct compare_site *s)
{
	const struct catchment_site nowhere = {.lat = (double)NAN, .lon = (double)NAN},
				    *at = s->now      ? s->now
					  : s->before ? s->before
						      : &nowhere;

	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "site",
		text_or_null(compare_name(c, s->key)), "site_before",
		text_or_null(s->before ? compare_name(c, s->before->key) : ""), "city",
		text_or_null(compare_name(c, at->city)), "fate", diff_fate_name(s->fate), "other",
		site_or_null(c, s->other), "lat", diff_json_number(at->lat), "lon", diff_json_number(at->lon),
		"vps_before", diff_json_count(s->vps_before), "vps_now", diff_json_count(s->vps_now),
		"share_before", diff_json_number(s->share_before), "share_now",
		diff_json_number(s->share_now), "change", diff_json_number(s->change), "low",
		diff_json_number(s->low), "high", diff_json_number(s->high));
}

static json_t *sites(const struct comparison *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_sites; i++)
		(void)json_array_append_new(a, site(c, &c->sites[i]));
	return a;
}

static json_t *transitions(const struct comparison *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_cells; i++) {
		const struct compare_cell *m = &c->cells[i];

		(void)json_array_append_new(
			a, json_pack("{s:o, s:o, s:o, s:o, s:o}", "before", place(c, m->from), "now",
				   place(c, m->to), "vps", diff_json_count(m->vps), "weight",
				   diff_json_number(m->weight), "cost", rtt(&m->cost)));
	}
	return a;
}

static json_t *groups(const struct comparison *c, const struct compare_group *g, size_t n, bool networks)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *id = networks ? g[i].id ? diff_json_count(g[i].id) : json_null()
				      : text_or_null(compare_name(c, g[i].id));

		(void)json_array_append_new(
			a, json_pack("{s:o, s:o, s:o, s:o, s:o}", networks ? "asn" : "country", id, "vps",
				   diff_json_count(g[i].vps), "moved", diff_json_count(g[i].moved), "weight",
				   diff_json_number(g[i].weight), "weight_moved",
				   diff_json_number(g[i].weight_moved)));
	}
	return a;
}

static json_t *identities(const struct comparison *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->n_identities; i++)
		(void)json_array_append_new(
			a, json_pack("{s:o, s:o}", "identity",
				   text_or_null(compare_name(c, c->identities[i].identity)), "site",
				   site_or_null(c, c->identities[i].site)));
	return a;
}

static json_t *state(const struct catchment_vp *row)
{
	return row ? json_string(vp_state_name(row->state)) : json_null();
}

static json_t *vps(const struct comparison *c, enum diff_sort sort)
{
	size_t n = 0;
	const struct compare_vp **v = diff_sorted(c, sort, false, &n);
	json_t *a = v ? json_array() : NULL;

	for (size_t i = 0; a && i < n; i++)
		(void)json_array_append_new(
			a, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "vp",
				   text_or_null(compare_name(c, v[i]->vp)), "change", diff_change_name(v[i]),
				   "site_before", site_or_null(c, v[i]->site_before), "site_now",
				   site_or_null(c, v[i]->site_now), "state_before", state(v[i]->before),
				   "state_now", state(v[i]->now), "weight", diff_json_number(v[i]->weight),
				   "cost_ms", diff_json_number(v[i]->cost_ms)));
	free(v);
	return a;
}

json_t *diff_json_inside(const struct compare_floor *f)
{
	return json_pack("{s:o, s:o, s:o}", "flips", diff_json_number(f->flips), "chances",
		diff_json_number(f->chances), "interval_s", diff_json_number(f->interval_s));
}

static json_t *test(const struct comparison *c)
{
	const struct compare_test *t = &c->test;

	if (!t->done)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o}",
		"baseline", text_or_null(t->base->path), "vps", diff_json_count(t->vps), "moved_before",
		diff_json_count(t->moved_before), "moved_now", diff_json_count(t->moved_now), "floor",
		diff_json_number(t->floor), "moved_share", diff_json_number(t->now), "effect",
		diff_json_number(t->effect), "alpha", diff_json_number(c->options.alpha), "clusters",
		diff_json_count(t->clusters), "exact", t->exact, "p_sign_flip", diff_json_number(t->p_flip),
		"pairs", diff_json_count(t->pairs), "p_rank", diff_json_number(t->p_rank), "p",
		diff_json_number(t->p), "p_holm", diff_json_number(t->p_holm), "lag_before_s",
		diff_json_number(t->lag_before_s), "lag_now_s", diff_json_number(t->lag_now_s),
		"smallest_clusters", t->smallest ? diff_json_count(t->smallest) : json_null(),
		"smallest_share", t->smallest ? diff_json_number(t->smallest_share) : json_null());
}

json_t *diff_json_counts(const struct comparison *c)
{
	const struct {
		const char *name;
		size_t v;
	} all[] = {{"both", c->both}, {"only_before", c->only_before}, {"only_now", c->only_now},
		{"site_in_both", c->a}, {"moved", c->moved}, {"lost", c->lost}, {"regained", c->regained},
		{"no_site", c->no_site}, {"silent", c->silent}, {"excluded", c->excluded},
		{"clusters", c->n_clusters}, {"clusters_moved", c->clusters_moved}};
	json_t *j = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)json_object_set_new(j, all[i].name, diff_json_count(all[i].v));
	return j;
}

/* Adds the members; false without memory. */
static bool put_members(json_t *j, const struct diff_view *d, const struct comparison *c)
{
	char sentence[DIFF_SENTENCE_MAX];
	const struct {
		const char *key;
		json_t *value;
	} members[] = {
		{"verdict", json_string(diff_verdict_name(c->verdict))},
		{"sentence", json_string(diff_sentence(c, sentence))},
		{"service", text_or_null(compare_name(c, compare_target(&c->before)->service))},
		{"target", address(&c->before)},
		{"target_now", address(&c->now)},
		{"before", text_or_null(c->before.set->path)},
		{"now", text_or_null(c->now.set->path)},
		{"vps", diff_json_counts(c)},
		{"moved_share", diff_json_number(c->moved_share)},
		{"similarity_known", diff_json_number(c->similar_known)},
		{"similarity_pessimistic", diff_json_number(c->similar_all)},
		{"weight", diff_json_number(c->weight)},
		{"n_eff", diff_json_number(c->n_eff)},
		{"test", test(c)},
		{"inside_before", diff_json_inside(&c->inside_before)},
		{"inside_now", diff_json_inside(&c->inside_now)},
		{"rtt_before_ms", diff_json_number(c->rtt_before_ms)},
		{"rtt_now_ms", diff_json_number(c->rtt_now_ms)},
		{"cost_moved", rtt(&c->cost_moved)},
		{"cost_stayed", rtt(&c->cost_stayed)},
		{"sites", sites(c)},
		{"transitions", transitions(c)},
		{"countries", groups(c, c->countries, c->n_countries, false)},
		{"networks", groups(c, c->networks, c->n_networks, true)},
		{"identities_new", identities(c)},
		{"fails", json_boolean(diff_fails(d, c))},
		{"vantage_points", vps(c, d->sort)},
	};
	bool whole = true;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		whole = json_object_set_new(j, members[i].key, members[i].value) == 0 && whole;
	return whole;
}

int diff_json(FILE *out, const struct diff_view *d)
{
	json_t *all = json_object(), *warnings = json_array(), *list = json_array();
	int rc = all && warnings && list ? 0 : ERR_NOMEM;

	for (size_t i = 0; i < d->n_warnings; i++)
		(void)json_array_append_new(warnings, text_or_null(d->warnings[i]));
	(void)json_object_set_new(all, "warnings", warnings);
	for (size_t i = 0; rc == 0 && i < d->n; i++) {
		json_t *j = json_object();

		if (!put_members(j, d, &d->v[i]) || json_array_append(list, j) < 0)
			rc = ERR_NOMEM;
		json_decref(j);
	}
	(void)json_object_set_new(all, "comparisons", list);
	if (rc == 0 && (json_dumpf(all, out, JSON_INDENT(1) | JSON_REAL_PRECISION(10)) < 0 ||
			       fputc('\n', out) == EOF))
		rc = ERR_IO;
	json_decref(all);
	return rc;
}
