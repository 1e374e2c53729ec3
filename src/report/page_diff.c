#include "report/page_diff.h"

#include <string.h>

#include "report/diff_parts.h"
#include "report/html.h"

struct numbering {
	const struct comparison *c;
	const uint32_t *now_at, *before_at;
};

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
		return diff_json_count(site_at(n, at));
	return json_string(at - n->c->n_sites == COMPARE_SILENT ? "silent" : "no-site");
}

static json_t *rtt(const struct compare_rtt *r)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "n", diff_json_count(r->n), "median",
		diff_json_number(r->median_ms), "p90", diff_json_number(r->p90_ms), "worst",
		diff_json_number(r->worst_ms));
}

static json_t *sites(const struct numbering *n)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < n->c->n_sites; i++) {
		const struct compare_site *s = &n->c->sites[i];

		(void)json_array_append_new(
			a, json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "site",
				   diff_json_count(site_at(n, i)), "fate", diff_fate_name(s->fate), "other",
				   s->other == COMPARE_NONE ? json_null()
							    : diff_json_count(site_at(n, s->other)),
				   "vps_before", diff_json_count(s->vps_before), "vps_now",
				   diff_json_count(s->vps_now), "share_before",
				   diff_json_number(s->share_before), "share_now",
				   diff_json_number(s->share_now), "change", diff_json_number(s->change),
				   "low", diff_json_number(s->low), "high", diff_json_number(s->high)));
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
				   place(n, m->to), "vps", diff_json_count(m->vps), "weight",
				   diff_json_number(m->weight), "cost", rtt(&m->cost)));
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
				   networks ? diff_json_count(g[i].id) : text(compare_name(c, g[i].id)),
				   "vps", diff_json_count(g[i].vps), "moved", diff_json_count(g[i].moved)));
	return a;
}

static json_t *test(const struct comparison *c)
{
	const struct compare_test *t = &c->test;

	if (!t->done)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "baseline", text(t->base->path),
		"vps", diff_json_count(t->vps), "moved_before", diff_json_count(t->moved_before), "moved_now",
		diff_json_count(t->moved_now), "floor", diff_json_number(t->floor), "moved_share",
		diff_json_number(t->now), "p", diff_json_number(t->p_holm), "clusters",
		diff_json_count(t->clusters), "pairs", diff_json_count(t->pairs));
}

/* What a target is compared with, where that is another target. */
static json_t *other_target(const struct comparison *c)
{
	const struct addr *before = &compare_target(&c->before)->addr;
	char address[ADDR_TEXT_LEN];

	return addr_equal(before, &compare_target(&c->now)->addr) ? json_null()
								  : json_string(addr_text(before, address));
}

json_t *page_diff_json(const struct comparison *c, const uint32_t *now_at, const uint32_t *before_at)
{
	const struct numbering n = {c, now_at, before_at};
	char sentence[DIFF_SENTENCE_MAX];
	json_t *against = other_target(c);

	return json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"verdict", diff_verdict_name(c->verdict), "against", against, "sentence",
		text(diff_sentence(c, sentence)), "counts", diff_json_counts(c), "moved_share",
		diff_json_number(c->moved_share), "similar_known", diff_json_number(c->similar_known),
		"similar_all", diff_json_number(c->similar_all), "rtt_before",
		diff_json_number(c->rtt_before_ms), "rtt_now", diff_json_number(c->rtt_now_ms), "cost_moved",
		rtt(&c->cost_moved), "cost_stayed", rtt(&c->cost_stayed), "inside",
		diff_json_inside(&c->inside_now), "test", test(c), "sites", sites(&n), "cells", cells(&n),
		"countries", groups(c, c->countries, c->n_countries, false), "networks",
		groups(c, c->networks, c->n_networks, true));
}
