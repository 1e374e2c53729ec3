#include "report/routes.h"

#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/csv.h"

enum { CELL_MAX = 160, NAME_CELL_MAX = 48, LINES_MAX = 40, NAMED_MAX = 4 };

/* --- pieces of text --- */

static void append(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *out, size_t cap, const char *format, ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out + n, cap - n, format, args);
	va_end(args);
}

const char *routes_hop_text(const struct routes *r, uint32_t hop, char out[static ROUTES_HOP_MAX])
{
	size_t n = routes_hop_size(r, hop);

	if (n == 1) {
		(void)snprintf(out, ROUTES_HOP_MAX, "AS%u", routes_hop_asn(r, hop, 0));
		return out;
	}
	(void)snprintf(out, ROUTES_HOP_MAX, "{");
	for (size_t i = 0; i < n && strlen(out) < ROUTES_HOP_MAX - 16; i++)
		append(out, ROUTES_HOP_MAX, "%s%u", i ? "," : "", routes_hop_asn(r, hop, i));
	append(out, ROUTES_HOP_MAX, "%s}", strlen(out) < ROUTES_HOP_MAX - 16 ? "" : ",...");
	return out;
}

const char *routes_hop_name(const struct routes_report *p, uint32_t hop)
{
	return routes_hop_size(p->r, hop) == 1 ? as_names_find(p->names, routes_hop_asn(p->r, hop, 0)) : "";
}

/* The name, or as much of it as a table has room for. */
static const char *short_name(const struct routes_report *p, uint32_t hop, char out[static NAME_CELL_MAX])
{
	const char *name = routes_hop_name(p, hop);
	size_t n = strlen(name);

	if (n >= NAME_CELL_MAX)
		for (n = NAME_CELL_MAX - 4; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80;)
			n--;
	(void)snprintf(out, NAME_CELL_MAX, "%.*s%s", (int)n, name, name[n] ? "..." : "");
	return out;
}

/* "AS64500 NAME" behind what is in out. */
static void append_hop(const struct routes_report *p, uint32_t hop, char *out, size_t cap)
{
	char text[ROUTES_HOP_MAX];
	const char *name = routes_hop_name(p, hop);

	append(out, cap, "%s%s%s", routes_hop_text(p->r, hop, text), *name ? " " : "", name);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

const char *routes_moas(const struct routes_report *p, size_t view, char out[static ROUTES_SENTENCE_MAX])
{
	const struct routes_view *v = &p->views[view];
	size_t named = 0;

	out[0] = '\0';
	if (v->n_origins < 2)
		return out;
	append(out, ROUTES_SENTENCE_MAX, "MOAS: %u origins, ", v->n_origins);
	for (size_t i = 0; i < v->n_nodes; i++) {
		uint32_t peers = v->nodes[i].through.peers;

		if (v->nodes[i].depth != 0 || ++named > NAMED_MAX)
			continue;
		append(out, ROUTES_SENTENCE_MAX, "%s", named > 1 ? ", " : "");
		append_hop(p, v->nodes[i].hop, out, ROUTES_SENTENCE_MAX);
		append(out, ROUTES_SENTENCE_MAX, " (%u peer%s)", peers, plural(peers));
	}
	append(out, ROUTES_SENTENCE_MAX,
		"%s: one operator with several ASes, or an announcement that is not its own",
		named > NAMED_MAX ? ", ..." : "");
	return out;
}

const char *routes_meaning(const struct routes_report *p, size_t view, char out[static ROUTES_SENTENCE_MAX])
{
	enum site_verdict verdict = p->verdicts ? p->verdicts[view] : SITES_NONE;
	uint32_t n = p->views[view].n_neighbours;

	out[0] = '\0';
	if (p->views[view].match && p->views[view].match->prefix.len == 0) {
		append(out, ROUTES_SENTENCE_MAX,
			"a default route says nothing of who originates the address");
		return out;
	}
	append(out, ROUTES_SENTENCE_MAX, "%u neighbour%s of the origin", n, plural(n));
	if (verdict == SITES_ANYCAST)
		append(out, ROUTES_SENTENCE_MAX, "; measured in %s: anycast", p->run);
	else if (verdict == SITES_UNICAST)
		append(out, ROUTES_SENTENCE_MAX, "; measured in %s: unicast, so they are no sites", p->run);
	else
		append(out, ROUTES_SENTENCE_MAX, "%s%s%s",
			n > 1 ? ": many suggest anycast and do not prove it; a network of one place with as "
				"many providers "
				"looks the same"
			      : ": nothing for and nothing against anycast, whose sites may all use it",
			verdict == SITES_UNKNOWN ? "; what was measured does not tell either: " : "",
			verdict == SITES_UNKNOWN ? p->run : "");
	return out;
}

/* --- the lines above the tree --- */

static void line_match(FILE *out, const struct routes_report *p, const struct routes_view *v)
{
	char address[ADDR_TEXT_LEN], prefix[ADDR_PREFIX_TEXT_LEN], origin[CELL_MAX] = "";
	const char *service = v->target->service;

	(void)fprintf(out, "%s%s%s%s", addr_text(&v->target->addr, address), *service ? " (" : "", service,
		*service ? ")" : "");
	if (!v->match) {
		(void)fprintf(out, ": no route in these tables, of %u peer%s with IPv%u routes.\n",
			v->of.peers, plural(v->of.peers), v->target->addr.family);
		return;
	}
	if (v->match->prefix.len == 0) {
		(void)fprintf(out,
			" is in no prefix of these tables, only behind the default route of %u peer%s.\n",
			v->seen.peers, plural(v->seen.peers));
		return;
	}
	append_hop(p, v->nodes[0].hop, origin, sizeof(origin));
	(void)fprintf(out, " is in %s, originated by %s%s.\n", addr_prefix_text(&v->match->prefix, prefix),
		origin, v->n_origins > 1 ? " and others" : "");
}

static void line_seen(FILE *out, const struct routes_view *v)
{
	(void)fprintf(out, "seen      by %u of %u peer%s with IPv%u routes; by %u of %u full feed%s",
		v->seen.peers, v->of.peers, plural(v->of.peers), v->target->addr.family, v->seen.full,
		v->of.full, plural(v->of.full));
	if (v->many_paths)
		(void)fprintf(out, "; %u peer%s with several paths", v->many_paths, plural(v->many_paths));
	(void)fprintf(out, "\n");
}

/* A view's name as it stands in the file, or the file's own. */
static void append_table(const struct routes_report *p, const struct routes_table *t, char *out, size_t cap)
{
	const char *file = strrchr(p->r->files[t->file], '/');
	char address[ADDR_TEXT_LEN], view[64];
	size_t n = csv_escape(view, sizeof(view) - 1, t->view, strlen(t->view));

	view[n] = '\0';
	file = file ? file + 1 : p->r->files[t->file];
	append(out, cap, "%s%s%s%s%s", file, t->collector.family ? " of " : "",
		addr_text(&t->collector, address), n ? " " : "", view);
}

static void line_tables(FILE *out, const struct routes_report *p, const struct routes_view *v)
{
	char first[CLOCK_TEXT_LEN], last[CLOCK_TEXT_LEN], named[ROUTES_SENTENCE_MAX] = "";
	size_t n = 0;

	for (size_t i = 0; i < p->r->n_tables; i++) {
		const struct routes_table *t = &p->r->tables[i];

		if (t->family != v->target->addr.family || t->prefixes == 0)
			continue;
		if (n++ < NAMED_MAX) {
			append(named, sizeof(named), "%s", n > 1 ? ", " : "");
			append_table(p, t, named, sizeof(named));
		}
	}
	if (n == 0)
		return;
	(void)fprintf(out, "tables    %s", clock_text(v->first, first));
	if (strcmp(first, clock_text(v->last, last)) != 0)
		(void)fprintf(out, " to %s", last);
	(void)fprintf(out, "; %zu: %s%s\n", n, named, n > NAMED_MAX ? ", ..." : "");
}

static void line_prefixes(FILE *out, const struct routes_report *p, const struct routes_view *v)
{
	char prefix[ADDR_PREFIX_TEXT_LEN], origin[CELL_MAX];
	const struct routes_target *t = v->target;

	for (size_t i = 1; i < t->n_covering; i++) {
		const struct routes_prefix *c = &t->covering[i];
		uint32_t origins = routes_origins(c), peers = routes_seen(p->r, c).peers;

		origin[0] = '\0';
		append_hop(p, c->v[0].hops[c->v[0].n_hops - 1], origin, sizeof(origin));
		(void)fprintf(out, "%s%s %s%s (%u peer%s)", i == 1 ? "covering  " : ", ",
			addr_prefix_text(&c->prefix, prefix), origin, origins > 1 ? " and others" : "", peers,
			plural(peers));
	}
	(void)fputs(t->n_covering > 1 ? "\n" : "", out);
	for (size_t i = 0; i < t->n_specifics && i <= 2 * NAMED_MAX; i++)
		(void)fprintf(out, "%s%s", i == 0 ? "inside    " : ", ",
			i == 2 * NAMED_MAX ? "..." : addr_prefix_text(&t->specifics[i].prefix, prefix));
	if (t->n_specifics > 0)
		(void)fprintf(out, "   (%s%zu more-specific prefix%s beside the address)\n",
			t->lost >= 0 ? "over " : "", t->n_specifics, t->n_specifics == 1 ? "" : "es");
}

static void line_lengths(FILE *out, const struct routes_view *v)
{
	(void)fprintf(out, "lengths   ");
	for (size_t i = 0; i < v->n_lengths; i++)
		(void)fprintf(out, "%s%u AS%s: %u path%s", i ? ", " : "", v->lengths[i].ases,
			v->lengths[i].ases == 1 ? "" : "es", v->lengths[i].paths,
			plural(v->lengths[i].paths));
	(void)fprintf(out, "; %u with prepends\n", v->prepended);
}

/* --- tables --- */

struct column {
	const char *name;
	int flags;
};

static struct libscols_table *new_table(FILE *out, const struct column *columns, size_t n)
{
	struct libscols_table *t = scols_new_table();

	if (!t)
		return NULL;
	(void)scols_table_set_stream(t, out);
	(void)scols_table_enable_maxout(t, 0);
	for (size_t i = 0; i < n; i++)
		if (!scols_table_new_column(t, columns[i].name, 0, columns[i].flags)) {
			scols_unref_table(t);
			return NULL;
		}
	return t;
}

static void put(struct libscols_line *line, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void put(struct libscols_line *line, size_t column, const char *format, ...)
{
	char text[CELL_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)scols_line_set_data(line, column, text);
}

static int print_table(struct libscols_table *t)
{
	int rc = scols_print_table(t);

	scols_unref_table(t);
	return rc < 0 ? ERR_NOMEM : 0;
}

/* The depth down to which the tree fits into LINES_MAX lines; at least the neighbours. */
static uint32_t depth_shown(const struct routes_report *p, const struct routes_view *v)
{
	uint32_t depth = 1;

	if (p->every)
		return UINT32_MAX;
	for (;; depth++) {
		size_t lines = 0, deeper = 0;

		for (size_t i = 0; i < v->n_nodes; i++) {
			lines += v->nodes[i].depth <= depth + 1;
			deeper += v->nodes[i].depth > depth;
		}
		if (deeper == 0 || lines > LINES_MAX)
			return depth;
	}
}

static void put_node(const struct routes_report *p, const struct routes_view *v, const struct routes_node *n,
	struct libscols_line *line)
{
	char text[ROUTES_HOP_MAX], name[NAME_CELL_MAX];

	put(line, 0, "%s", routes_hop_text(p->r, n->hop, text));
	put(line, 1, "%s", short_name(p, n->hop, name));
	put(line, 2, "%u", n->through.peers);
	put(line, 3, "%.0f %%", 100.0 * n->through.peers / v->seen.peers);
	put(line, 4, "%u", n->through.full);
	if (n->ends)
		put(line, 5, "%u", n->ends);
}

static int tree(FILE *out, const struct routes_report *p, const struct routes_view *v)
{
	static const struct column columns[] = {{"AS, FROM THE ORIGIN OUT", SCOLS_FL_TREE}, {"NAME", 0},
		{"PEERS", SCOLS_FL_RIGHT}, {"SHARE", SCOLS_FL_RIGHT}, {"FULL", SCOLS_FL_RIGHT},
		{"IN IT", SCOLS_FL_RIGHT}};
	struct libscols_table *t = new_table(out, columns, sizeof(columns) / sizeof(columns[0]));
	struct libscols_line *at[64] = {NULL}; /* the last line of each depth */
	uint32_t depth = depth_shown(p, v);
	size_t hidden = 0;

	if (!t)
		return ERR_NOMEM;
	for (size_t i = 0; i < v->n_nodes; i++) {
		const struct routes_node *n = &v->nodes[i];

		if (n->depth > depth || n->depth >= sizeof(at) / sizeof(at[0])) {
			hidden++;
			continue;
		}
		at[n->depth] = scols_table_new_line(t, n->depth ? at[n->depth - 1] : NULL);
		if (!at[n->depth]) {
			scols_unref_table(t);
			return ERR_NOMEM;
		}
		put_node(p, v, n, at[n->depth]);
	}
	(void)fputc('\n', out);
	if (print_table(t) < 0)
		return ERR_NOMEM;
	if (hidden)
		(void)fprintf(out, "(%zu farther out %s not shown%s)\n", hidden, hidden == 1 ? "is" : "are",
			p->every ? "" : ": -v shows all");
	(void)fputc('\n', out);
	return 0;
}

/* --- what was measured --- */

static void line_join(FILE *out, const struct routes_report *p, const struct routes_join *j)
{
	(void)fprintf(out, "measured  %s: of %zu VP%s with a site %zu %s in an AS that is on a path%s",
		p->run, j->n_vps, plural(j->n_vps), j->n_joined, j->n_joined == 1 ? "is" : "are",
		j->n_joined ? "; a path is one of the exits that its AS may have" : "");
	if (j->n_unknown_as)
		(void)fprintf(out, "; %zu of unknown AS", j->n_unknown_as);
	(void)fputc('\n', out);
	if (j->apart_h > ROUTES_APART_H)
		(void)fprintf(out,
			"warning   the tables and %s are %.0f hours apart: routes may have changed\n", p->run,
			j->apart_h);
}

static const char *neighbour_text(
	const struct routes_report *p, uint32_t hop, char out[static ROUTES_HOP_MAX])
{
	if (hop == ROUTES_NONE)
		(void)snprintf(out, ROUTES_HOP_MAX, "(the origin's own AS)");
	else
		(void)routes_hop_text(p->r, hop, out);
	return out;
}

static void put_text(struct libscols_line *line, size_t column, const char *text)
{
	char shown[CELL_MAX];

	shown[csv_escape(shown, sizeof(shown) - 1, text, strlen(text))] = '\0';
	put(line, column, "%s", shown);
}

static const char *site_name(const struct routes_join *j, uint32_t site)
{
	return site == CATCHMENT_NONE ? "" : catchment_set_name(j->set, j->set->sites[site].key);
}

static int cells(FILE *out, const struct routes_report *p, const struct routes_join *j)
{
	static const struct column columns[] = {
		{"NEIGHBOUR", 0}, {"NAME", 0}, {"SITE", 0}, {"VPS", SCOLS_FL_RIGHT}};
	struct libscols_table *t = new_table(out, columns, sizeof(columns) / sizeof(columns[0]));
	char text[ROUTES_HOP_MAX], name[NAME_CELL_MAX];

	for (size_t i = 0; t && i < j->n_cells; i++) {
		const struct routes_cell *c = &j->cells[i];
		struct libscols_line *line = scols_table_new_line(t, NULL);

		if (!line) {
			scols_unref_table(t);
			return ERR_NOMEM;
		}
		put(line, 0, "%s", neighbour_text(p, c->neighbour, text));
		if (c->neighbour != ROUTES_NONE)
			put(line, 1, "%s", short_name(p, c->neighbour, name));
		put_text(line, 2, site_name(j, c->site));
		put(line, 3, "%u", c->vps);
	}
	return t ? print_table(t) : ERR_NOMEM;
}

/* The path from the vantage point's AS on. */
static void path_text(
	const struct routes_report *p, const struct route *path, uint32_t from, char out[static CELL_MAX])
{
	char hop[ROUTES_HOP_MAX];

	out[0] = '\0';
	for (uint32_t i = from; i < path->n_hops; i++)
		append(out, CELL_MAX, "%s%s", i > from ? " " : "", routes_hop_text(p->r, path->hops[i], hop));
}

static void put_vp(const struct routes_report *p, const struct routes_view *v, const struct routes_join *j,
	const struct routes_vp *vp, struct libscols_line *line)
{
	const struct catchment_vp *row = &j->set->rows[vp->row];
	char path[CELL_MAX], text[ROUTES_HOP_MAX];

	put_text(line, 0, catchment_set_name(j->set, row->vp));
	if (row->asn)
		put(line, 1, "AS%u", row->asn);
	put_text(line, 2, site_name(j, row->site));
	if (vp->route == ROUTES_NONE)
		return;
	path_text(p, &v->match->v[vp->route], vp->at, path);
	put(line, 3, "%s", neighbour_text(p, vp->neighbour, text));
	put(line, 4, "%s", path);
	put(line, 5, "%s%s", vp->is_peer ? "a peer's" : "passes through it",
		vp->has_others ? ", one of several" : "");
}

static int vps(
	FILE *out, const struct routes_report *p, const struct routes_view *v, const struct routes_join *j)
{
	static const struct column columns[] = {
		{"VP", 0}, {"AS", 0}, {"SITE", 0}, {"NEIGHBOUR", 0}, {"PATH", 0}, {"WHICH IS", 0}};
	struct libscols_table *t = new_table(out, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; t && i < j->n_vps; i++) {
		struct libscols_line *line = scols_table_new_line(t, NULL);

		if (!line) {
			scols_unref_table(t);
			return ERR_NOMEM;
		}
		put_vp(p, v, j, &j->vps[i], line);
	}
	return t ? print_table(t) : ERR_NOMEM;
}

static int measured(
	FILE *out, const struct routes_report *p, const struct routes_view *v, const struct routes_join *j)
{
	int rc = 0;

	line_join(out, p, j);
	if (j->n_cells > 0) {
		(void)fputc('\n', out);
		rc = cells(out, p, j);
	}
	if (rc == 0 && j->n_vps > 0 && (p->every || j->n_vps <= LINES_MAX)) {
		(void)fputc('\n', out);
		rc = vps(out, p, v, j);
	}
	return rc;
}

int routes_text(FILE *out, const struct routes_report *p)
{
	char sentence[ROUTES_SENTENCE_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		const struct routes_view *v = &p->views[i];

		(void)fputs(i > 0 ? "\n" : "", out);
		line_match(out, p, v);
		if (v->match) {
			line_seen(out, v);
			line_tables(out, p, v);
			line_prefixes(out, p, v);
			line_lengths(out, v);
			if (*routes_moas(p, i, sentence))
				(void)fprintf(out, "warning   %s\n", sentence);
			rc = tree(out, p, v);
			(void)fprintf(out, "meaning   %s.\n", routes_meaning(p, i, sentence));
		}
		if (rc == 0 && p->joins)
			rc = measured(out, p, v, &p->joins[i]);
	}
	return rc;
}
