#include <math.h>
#include <string.h>

#include "report/html.h"
#include "report/routes.h"

static json_t *text(const char *s)
{
	return html_text(s, strlen(s));
}

static json_t *text_or_null(const char *s)
{
	return *s ? text(s) : json_null();
}

static json_t *address(const struct addr *a)
{
	char out[ADDR_TEXT_LEN];

	return a->family ? json_string(addr_text(a, out)) : json_null();
}

static json_t *prefix(const struct addr_prefix *p)
{
	char out[ADDR_PREFIX_TEXT_LEN];

	return json_string(addr_prefix_text(p, out));
}

static json_t *moment(struct wall t)
{
	char out[CLOCK_TEXT_LEN];

	return t.ns ? json_string(clock_text(t, out)) : json_null();
}

static json_t *seconds(uint32_t s)
{
	return moment((struct wall){s * NS_PER_S});
}

/* A number, or of a set its numbers in a list. */
static json_t *hop(const struct routes *r, uint32_t h)
{
	size_t n = routes_hop_size(r, h);
	json_t *set = n == 1 ? json_integer(routes_hop_asn(r, h, 0)) : json_array();

	for (size_t i = 0; n != 1 && i < n; i++)
		(void)json_array_append_new(set, json_integer(routes_hop_asn(r, h, i)));
	return set;
}

static json_t *hop_or_null(const struct routes *r, uint32_t h)
{
	return h == ROUTES_NONE ? json_null() : hop(r, h);
}

static json_t *count(struct routes_count n)
{
	return json_pack("{s:i, s:i}", "peers", (int)n.peers, "full", (int)n.full);
}

/* --- lists --- */

/* One element of a list by its number; NULL without memory, which jansson's list then refuses. */
typedef json_t *element(const struct routes_report *p, size_t view, size_t i);

static json_t *list(const struct routes_report *p, size_t view, size_t n, element *of)
{
	json_t *l = json_array();

	for (size_t i = 0; l && i < n; i++)
		if (json_array_append_new(l, of(p, view, i)) < 0) {
			json_decref(l);
			return NULL;
		}
	return l;
}

static json_t *table(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_table *t = &p->r->tables[i];
	uint32_t peers = 0, full = 0;

	(void)view;
	for (size_t k = 0; k < t->n_peers; k++) {
		peers += t->peers[k].addr.family != 0 && t->peers[k].prefixes > 0;
		full += t->peers[k].full;
	}
	return json_pack("{s:o, s:o, s:o, s:i, s:I, s:i, s:i, s:o, s:o}", "file", text(p->r->files[t->file]),
		"collector", address(&t->collector), "view", text_or_null(t->view), "family", t->family,
		"prefixes", (json_int_t)t->prefixes, "peers", (int)peers, "full_feeds", (int)full, "first",
		seconds(t->first_s), "last", seconds(t->last_s));
}

static json_t *node(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_node *n = &p->views[view].nodes[i];

	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:i, s:f, s:i}", "as", hop(p->r, n->hop), "name",
		text_or_null(routes_hop_name(p, n->hop)), "parent",
		n->parent == ROUTES_NONE ? json_null() : json_integer(n->parent), "depth", (int)n->depth,
		"peers", (int)n->through.peers, "full", (int)n->through.full, "share",
		(double)n->through.peers / p->views[view].seen.peers, "in_it", (int)n->ends);
}

static json_t *length(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_length *l = &p->views[view].lengths[i];

	return json_pack("{s:i, s:i}", "ases", (int)l->ases, "paths", (int)l->paths);
}

static json_t *path(const struct routes *r, const struct route *v)
{
	json_t *l = json_array();

	for (uint32_t i = 0; i < v->n_hops; i++)
		(void)json_array_append_new(l, hop(r, v->hops[i]));
	return l;
}

static json_t *route(const struct routes_report *p, size_t view, size_t i)
{
	const struct route *v = &p->views[view].match->v[i];
	const struct routes_peer *peer = routes_peer_of(p->r, v);

	return json_pack("{s:o, s:I, s:b, s:i, s:o, s:o, s:i, s:o}", "peer", address(&peer->addr), "peer_asn",
		(json_int_t)peer->asn, "full", peer->full, "table", (int)v->table, "path_id",
		v->path_id ? json_integer(v->path_id) : json_null(), "path", path(p->r, v), "length",
		(int)v->length, "next_hop", address(&v->next_hop));
}

static json_t *covering(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_prefix *c = &p->views[view].target->covering[i + 1];
	json_t *origins = json_array();

	for (size_t k = 0; k < c->n; k++) {
		size_t at = 0;

		while (at < k && c->v[at].hops[c->v[at].n_hops - 1] != c->v[k].hops[c->v[k].n_hops - 1])
			at++;
		if (at == k)
			(void)json_array_append_new(origins, hop(p->r, c->v[k].hops[c->v[k].n_hops - 1]));
	}
	return json_pack("{s:o, s:o, s:o}", "prefix", prefix(&c->prefix), "origins", origins, "seen",
		count(routes_seen(p->r, c)));
}

static json_t *specific(const struct routes_report *p, size_t view, size_t i)
{
	return prefix(&p->views[view].target->specifics[i].prefix);
}

/* --- what was measured --- */

static const char *vp_site(const struct routes_join *j, uint32_t site)
{
	return site == CATCHMENT_NONE ? "" : catchment_set_name(j->set, j->set->sites[site].key);
}

static json_t *cell(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_join *j = &p->joins[view];
	const struct routes_cell *c = &j->cells[i];

	return json_pack("{s:o, s:o, s:i}", "neighbour", hop_or_null(p->r, c->neighbour), "site",
		text_or_null(vp_site(j, c->site)), "vps", (int)c->vps);
}

static json_t *vantage(const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_join *j = &p->joins[view];
	const struct routes_vp *vp = &j->vps[i];
	const struct catchment_vp *row = &j->set->rows[vp->row];
	bool joined = vp->route != ROUTES_NONE;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "vp",
		text(catchment_set_name(j->set, row->vp)), "asn",
		row->asn ? json_integer(row->asn) : json_null(), "site", text_or_null(vp_site(j, row->site)),
		"route", joined ? json_integer(vp->route) : json_null(), "at",
		joined ? json_integer(vp->at) : json_null(), "neighbour", hop_or_null(p->r, vp->neighbour),
		"is_peer", vp->is_peer, "has_others", vp->has_others);
}

static json_t *measured(const struct routes_report *p, size_t view)
{
	const struct routes_join *j;

	if (!p->joins)
		return json_null();
	j = &p->joins[view];
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:i}", "run", text(p->run), "verdict",
		text_or_null(site_verdict_name(p->verdicts[view])), "hours_apart",
		isfinite(j->apart_h) ? json_real(j->apart_h) : json_null(), "neighbours",
		list(p, view, j->n_cells, cell), "vps", list(p, view, j->n_vps, vantage), "joined",
		(int)j->n_joined, "unknown_as", (int)j->n_unknown_as);
}

/* --- one address --- */

static json_t *target(const struct routes_report *p, size_t view, size_t unused)
{
	const struct routes_view *v = &p->views[view];
	char moas[ROUTES_SENTENCE_MAX], meaning[ROUTES_SENTENCE_MAX];
	size_t covering_n = v->target->n_covering;

	(void)unused;
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
		"target", address(&v->target->addr), "service", text_or_null(v->target->service), "prefix",
		v->match ? prefix(&v->match->prefix) : json_null(), "seen", count(v->seen), "of",
		count(v->of), "first", moment(v->first), "origins", (int)v->n_origins, "neighbours",
		(int)v->n_neighbours, "moas", text_or_null(routes_moas(p, view, moas)), "meaning",
		routes_meaning(p, view, meaning), "prepended", (int)v->prepended, "last", moment(v->last),
		"tree", list(p, view, v->n_nodes, node), "lengths", list(p, view, v->n_lengths, length),
		"routes", list(p, view, v->match ? v->match->n : 0, route), "covering",
		list(p, view, covering_n ? covering_n - 1 : 0, covering), "more_specific_cut",
		v->target->lost >= 0, "more_specific", list(p, view, v->target->n_specifics, specific));
}

json_t *routes_json(const struct routes_report *p)
{
	json_t *targets = json_array();

	for (size_t i = 0; targets && i < p->n; i++) {
		json_t *t = target(p, i, 0), *m = t ? measured(p, i) : NULL;

		if (!m || json_object_set_new(t, "measured", m) < 0 ||
			json_array_append_new(targets, t) < 0) {
			json_decref(targets);
			return NULL;
		}
	}
	return targets ? json_pack("{s:o, s:o}", "tables", list(p, 0, p->r->n_tables, table), "targets",
				 targets)
		       : NULL;
}
