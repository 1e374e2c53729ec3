#include <string.h>

#include "base/csv.h"
#include "report/routes.h"

/* Text in a quoted string. */
static void put_quoted(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

/* The same of any bytes: what is not printable comes as \DDD. */
static void put_bytes(FILE *out, const char *bytes)
{
	char shown[256];

	shown[csv_escape(shown, sizeof(shown) - 1, bytes, strlen(bytes))] = '\0';
	put_quoted(out, shown);
}

static void put_hop(FILE *out, const struct routes_report *p, uint32_t hop)
{
	char text[ROUTES_HOP_MAX];

	(void)fprintf(out, "\"%s\"", routes_hop_text(p->r, hop, text));
}

/* Whether an earlier node is the same AS. */
static bool was_before(const struct routes_view *v, size_t i)
{
	size_t k = 0;

	while (k < i && v->nodes[k].hop != v->nodes[i].hop)
		k++;
	return k < i;
}

static void put_node(FILE *out, const struct routes_report *p, const struct routes_view *v, size_t i)
{
	const struct routes_node *n = &v->nodes[i];
	const char *name = routes_hop_name(p, n->hop);
	char text[ROUTES_HOP_MAX];
	uint32_t ends = 0;

	for (size_t k = i; k < v->n_nodes; k++)
		ends += v->nodes[k].hop == n->hop ? v->nodes[k].ends : 0;
	(void)fputc('\t', out);
	put_hop(out, p, n->hop);
	(void)fprintf(out, " [label=\"%s%s", routes_hop_text(p->r, n->hop, text), *name ? "\\n" : "");
	put_quoted(out, name);
	if (ends)
		(void)fprintf(out, "\\n%u peer%s", ends, ends == 1 ? "" : "s");
	(void)fprintf(out, "\"%s];\n", n->depth == 0 ? ", shape=box, style=bold" : "");
}

static uint32_t far_end(const struct routes_view *v, size_t i)
{
	return v->nodes[v->nodes[i].parent].hop;
}

static bool is_edge(const struct routes_view *v, size_t i, uint32_t from, uint32_t to)
{
	return v->nodes[i].parent != ROUTES_NONE && v->nodes[i].hop == from && far_end(v, i) == to;
}

/* The same two ASes stand beside each other wherever paths part and meet again: one edge for all. */
static void put_edge(FILE *out, const struct routes_report *p, const struct routes_view *v, size_t i)
{
	uint32_t from = v->nodes[i].hop, to, peers = 0;

	if (v->nodes[i].parent == ROUTES_NONE)
		return;
	to = far_end(v, i);
	for (size_t k = 0; k < v->n_nodes; k++) {
		if (!is_edge(v, k, from, to))
			continue;
		if (k < i)
			return;
		peers += v->nodes[k].through.peers;
	}
	(void)fputc('\t', out);
	put_hop(out, p, from);
	(void)fputs(" -> ", out);
	put_hop(out, p, to);
	(void)fprintf(out, " [label=\"%u\", penwidth=%.1f];\n", peers, 1 + 4.0 * peers / v->seen.peers);
}

static void put_sites(FILE *out, const struct routes_report *p, const struct routes_join *j)
{
	for (size_t i = 0; i < j->n_cells; i++) {
		const struct routes_cell *c = &j->cells[i];

		if (c->neighbour == ROUTES_NONE || c->site == CATCHMENT_NONE)
			continue;
		(void)fputc('\t', out);
		put_hop(out, p, c->neighbour);
		(void)fputs(" -> \"site ", out);
		put_bytes(out, catchment_set_name(j->set, j->set->sites[c->site].key));
		(void)fprintf(out, "\" [style=dashed, label=\"%u VP%s\"];\n", c->vps, c->vps == 1 ? "" : "s");
	}
}

int routes_dot(FILE *out, const struct routes_report *p)
{
	char address[ADDR_TEXT_LEN], prefix[ADDR_PREFIX_TEXT_LEN];

	for (size_t i = 0; i < p->n; i++) {
		const struct routes_view *v = &p->views[i];

		(void)fprintf(out, "digraph \"%s\" {\n\trankdir=LR;\n\tlabel=\"%s in %s\";\n",
			addr_text(&v->target->addr, address), address,
			v->match ? addr_prefix_text(&v->match->prefix, prefix) : "no table");
		for (size_t n = 0; n < v->n_nodes; n++)
			if (!was_before(v, n))
				put_node(out, p, v, n);
		for (size_t n = 0; n < v->n_nodes; n++)
			put_edge(out, p, v, n);
		if (p->joins)
			put_sites(out, p, &p->joins[i]);
		(void)fputs("}\n", out);
	}
	return 0;
}
