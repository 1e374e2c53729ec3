#include "infer/routes_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* A peer that was counted last: paths come peer by peer. */
struct last {
	uint32_t table, peer;
};

/* A node while the tree grows. */
struct growing {
	struct routes_node node;
	uint32_t first, next; /* child, sibling */
	struct last through, end;
	uint32_t place; /* in the array at the end */
};

struct tree {
	struct growing *v;
	size_t n, cap;
	uint32_t roots;
};

static const struct last nobody = {ROUTES_NONE, ROUTES_NONE};

static uint32_t origin_of(const struct route *p)
{
	return p->hops[p->n_hops - 1];
}

uint32_t routes_neighbour(const struct route *p)
{
	return p->n_hops < 2 ? ROUTES_NONE : p->hops[p->n_hops - 2];
}

static bool is_same_peer(const struct route *a, const struct route *b)
{
	return a->table == b->table && a->peer == b->peer;
}

/* --- counting --- */

struct routes_count routes_seen(const struct routes *r, const struct routes_prefix *p)
{
	struct routes_count n = {0, 0};

	for (size_t i = 0; i < p->n; i++)
		if (i == 0 || !is_same_peer(&p->v[i - 1], &p->v[i])) {
			n.peers++;
			n.full += routes_peer_of(r, &p->v[i])->full;
		}
	return n;
}

uint32_t routes_origins(const struct routes_prefix *p)
{
	uint32_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t k = 0;

		while (k < i && origin_of(&p->v[k]) != origin_of(&p->v[i]))
			k++;
		n += k == i;
	}
	return n;
}

static void count_tables(struct routes_view *v)
{
	for (size_t i = 0; i < v->r->n_tables; i++) {
		const struct routes_table *t = &v->r->tables[i];

		if (t->family != v->target->addr.family || t->prefixes == 0)
			continue;
		if (v->first.ns == 0 || v->first.ns > t->first_s * NS_PER_S)
			v->first.ns = t->first_s * NS_PER_S;
		if (v->last.ns < t->last_s * NS_PER_S)
			v->last.ns = t->last_s * NS_PER_S;
		for (size_t k = 0; k < t->n_peers; k++) {
			v->of.peers += t->peers[k].addr.family != 0 && t->peers[k].prefixes > 0;
			v->of.full += t->peers[k].full;
		}
	}
}

static int count_length(struct routes_view *v, uint32_t ases)
{
	size_t at = 0;

	while (at < v->n_lengths && v->lengths[at].ases < ases)
		at++;
	if (at < v->n_lengths && v->lengths[at].ases == ases) {
		v->lengths[at].paths++;
		return 0;
	}
	if (vec_reserve(&v->lengths, &v->cap_lengths, v->n_lengths + 1) < 0)
		return ERR_NOMEM;
	memmove(&v->lengths[at + 1], &v->lengths[at], (v->n_lengths - at) * sizeof(*v->lengths));
	v->lengths[at] = (struct routes_length){ases, 1};
	v->n_lengths++;
	return 0;
}

static int count_paths(struct routes_view *v)
{
	const struct route *p = v->match->v;

	for (size_t i = 0; i < v->match->n; i++) {
		if (count_length(v, p[i].n_hops) < 0)
			return ERR_NOMEM;
		v->prepended += p[i].length > p[i].n_hops;
		/* The second path of a peer is the one that tells. */
		v->many_paths += i > 0 && is_same_peer(&p[i - 1], &p[i]) &&
				 (i == 1 || !is_same_peer(&p[i - 2], &p[i]));
	}
	return 0;
}

/* --- the tree --- */

static uint32_t *children_of(struct tree *t, uint32_t parent)
{
	return parent == ROUTES_NONE ? &t->roots : &t->v[parent].first;
}

/* The child that is this AS, made if need be; it moves with the next one. NULL without memory. */
static struct growing *child(struct tree *t, uint32_t parent, uint32_t hop)
{
	uint32_t at = *children_of(t, parent), *list;

	while (at != ROUTES_NONE && t->v[at].node.hop != hop)
		at = t->v[at].next;
	if (at != ROUTES_NONE)
		return &t->v[at];
	if (vec_reserve(&t->v, &t->cap, t->n + 1) < 0)
		return NULL;
	list = children_of(t, parent);
	t->v[t->n] =
		(struct growing){.node = {.hop = hop,
					 .parent = parent,
					 .depth = parent == ROUTES_NONE ? 0 : t->v[parent].node.depth + 1},
			.first = ROUTES_NONE,
			.next = *list,
			.through = nobody,
			.end = nobody};
	*list = (uint32_t)t->n;
	return &t->v[t->n++];
}

/* Whether the path is the first one of its peer here. */
static bool is_first(struct last *l, const struct route *p)
{
	bool first = l->table != p->table || l->peer != p->peer;

	*l = (struct last){p->table, p->peer};
	return first;
}

static int add_path(struct tree *t, const struct routes *r, const struct route *p)
{
	uint32_t at = ROUTES_NONE;

	for (size_t i = p->n_hops; i-- > 0;) {
		struct growing *g = child(t, at, p->hops[i]);

		if (!g)
			return ERR_NOMEM;
		at = (uint32_t)(g - t->v);
		if (is_first(&g->through, p)) {
			g->node.through.peers++;
			g->node.through.full += routes_peer_of(r, p)->full;
		}
		if (i == 0)
			g->node.ends += is_first(&g->end, p);
	}
	return 0;
}

/* Larger ones first, then by AS number. */
static bool goes_before(const struct routes *r, const struct routes_node *a, const struct routes_node *b)
{
	if (a->through.peers != b->through.peers)
		return a->through.peers > b->through.peers;
	return routes_hop_asn(r, a->hop, 0) < routes_hop_asn(r, b->hop, 0);
}

static void sort_children(struct tree *t, const struct routes *r, uint32_t *list)
{
	uint32_t from = *list;

	*list = ROUTES_NONE;
	while (from != ROUTES_NONE) {
		uint32_t one = from, *place = list;

		from = t->v[one].next;
		while (*place != ROUTES_NONE && goes_before(r, &t->v[*place].node, &t->v[one].node))
			place = &t->v[*place].next;
		t->v[one].next = *place;
		*place = one;
	}
}

/* The node behind this one, walking an AS before those behind it. */
static uint32_t walk(const struct tree *t, uint32_t at)
{
	if (t->v[at].first != ROUTES_NONE)
		return t->v[at].first;
	while (at != ROUTES_NONE && t->v[at].next == ROUTES_NONE)
		at = t->v[at].node.parent;
	return at == ROUTES_NONE ? ROUTES_NONE : t->v[at].next;
}

static int lay_out(struct routes_view *v, struct tree *t)
{
	if (vec_reserve(&v->nodes, &v->cap_nodes, t->n) < 0)
		return ERR_NOMEM;
	sort_children(t, v->r, &t->roots);
	for (size_t i = 0; i < t->n; i++)
		sort_children(t, v->r, &t->v[i].first);
	for (uint32_t at = t->roots; at != ROUTES_NONE; at = walk(t, at)) {
		struct routes_node n = t->v[at].node;

		t->v[at].place = (uint32_t)v->n_nodes;
		if (n.parent != ROUTES_NONE)
			n.parent = t->v[n.parent].place;
		v->nodes[v->n_nodes++] = n;
	}
	return 0;
}

static int grow(struct routes_view *v)
{
	struct tree t = {.roots = ROUTES_NONE};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < v->match->n; i++)
		rc = add_path(&t, v->r, &v->match->v[i]);
	if (rc == 0)
		rc = lay_out(v, &t);
	free(t.v);
	return rc;
}

/* Of several origins the same neighbour counts once. */
static uint32_t count_neighbours(const struct routes_view *v)
{
	uint32_t n = 0;

	for (size_t i = 0; i < v->n_nodes; i++) {
		size_t k = 0;

		if (v->nodes[i].depth != 1)
			continue;
		while (k < i && (v->nodes[k].depth != 1 || v->nodes[k].hop != v->nodes[i].hop))
			k++;
		n += k == i;
	}
	return n;
}

int routes_view(struct routes_view *v, const struct routes *r, const struct routes_target *t)
{
	*v = (struct routes_view){.r = r, .target = t};
	count_tables(v);
	if (t->n_covering == 0)
		return 0;
	v->match = &t->covering[0];
	v->seen = routes_seen(r, v->match);
	v->n_origins = routes_origins(v->match);
	if (count_paths(v) < 0 || grow(v) < 0)
		return ERR_NOMEM;
	v->n_neighbours = count_neighbours(v);
	return 0;
}

void routes_view_free(struct routes_view *v)
{
	free(v->nodes);
	free(v->lengths);
	*v = (struct routes_view){.r = NULL};
}
