#include <stdlib.h>
#include <string.h>

#include "data/table.h"
#include "report/routes.h"

enum { TEXT_MAX = 8192 };

/* A row of the CSV. */
struct row {
	struct addr target, peer, collector, next_hop;
	const char *service, *prefix, *path, *origin, *neighbour, *vps, *sites;
	uint32_t peer_asn, path_id, length, ases;
	int full;
	struct wall dumped;
};

static const char *const full_names[] = {"no", "yes", NULL};

#define AT(m) .offset = offsetof(struct row, m)
static const struct table_column columns[] = {
	{"target", "address that was looked up", TABLE_ADDR, AT(target), .required = true},
	{"service", "its name, if it has one", TABLE_TEXT, AT(service)},
	{"prefix", "longest one that holds it", TABLE_TEXT, AT(prefix), .required = true},
	{"peer", "router that gave the collector the path", TABLE_ADDR, AT(peer), .required = true},
	{"peer_asn", "its AS number", TABLE_ID, AT(peer_asn)},
	{"full_feed", "yes: it has 80 % of the prefixes of the largest peer, or more", TABLE_NAME, AT(full),
		.names = full_names},
	{"collector", "BGP identifier of the collector", TABLE_ADDR, AT(collector)},
	{"dumped", "when the table was written, RFC 3339 UTC", TABLE_TIME, AT(dumped)},
	{"path_id", "of a peer with several paths", TABLE_ID, AT(path_id)},
	{"path", "ASes from the peer to the origin, prepends collapsed; {1,2} is a set", TABLE_TEXT,
		AT(path)},
	{"ases", "ASes in it", TABLE_COUNT, AT(ases)},
	{"length", "the same with prepends", TABLE_COUNT, AT(length)},
	{"origin", "AS that originates the prefix", TABLE_TEXT, AT(origin)},
	{"neighbour", "AS that the origin gave it; empty: the peer is the origin", TABLE_TEXT, AT(neighbour)},
	{"next_hop", "in the peer's announcement", TABLE_ADDR, AT(next_hop)},
	{"vps", "vantage points to which this path was joined, with | between", TABLE_TEXT, AT(vps)},
	{"sites", "that they measured, one for each", TABLE_TEXT, AT(sites)},
};
#undef AT
static const struct table route_table = {"routes", columns, sizeof(columns) / sizeof(columns[0])};

bool route_field(size_t i, struct field *out)
{
	return table_field(&route_table, i, out);
}

/* Texts of one row. */
struct texts {
	char prefix[ADDR_PREFIX_TEXT_LEN], path[TEXT_MAX], vps[TEXT_MAX], sites[TEXT_MAX];
	char origin[ROUTES_HOP_MAX], neighbour[ROUTES_HOP_MAX];
	char row[TABLE_ROW_MAX];
};

/* One more with `between` before it, or nothing when it does not fit. */
static void append(char out[static TEXT_MAX], const char *between, const char *text)
{
	size_t n = strlen(out), more = strlen(text) + (n ? strlen(between) : 0);

	if (n + more < TEXT_MAX)
		(void)snprintf(out + n, TEXT_MAX - n, "%s%s", n ? between : "", text);
}

/* As a number without "AS", so that programs need not take it off. */
static const char *bare(const struct routes *r, uint32_t hop, char out[static ROUTES_HOP_MAX])
{
	const char *text = routes_hop_text(r, hop, out);

	return *text == 'A' ? text + 2 : text;
}

static void append_vps(struct texts *x, const struct routes_join *j, size_t route)
{
	for (size_t i = 0; i < j->n_vps; i++) {
		const struct catchment_vp *row = &j->set->rows[j->vps[i].row];

		if (j->vps[i].route != route)
			continue;
		append(x->vps, "|", catchment_set_name(j->set, row->vp));
		append(x->sites, "|",
			row->site == CATCHMENT_NONE
				? "-"
				: catchment_set_name(j->set, j->set->sites[row->site].key));
	}
}

static size_t form_row(struct texts *x, const struct routes_report *p, size_t view, size_t i)
{
	const struct routes_view *v = &p->views[view];
	const struct route *route = &v->match->v[i];
	const struct routes_table *t = &p->r->tables[route->table];
	const struct routes_peer *peer = routes_peer_of(p->r, route);
	uint32_t neighbour = routes_neighbour(route);
	char hop[ROUTES_HOP_MAX];

	x->path[0] = x->vps[0] = x->sites[0] = '\0';
	for (uint32_t k = 0; k < route->n_hops; k++)
		append(x->path, " ", bare(p->r, route->hops[k], hop));
	if (p->joins)
		append_vps(x, &p->joins[view], i);
	return table_row(&route_table,
		&(struct row){.target = v->target->addr,
			.service = v->target->service,
			.prefix = addr_prefix_text(&v->match->prefix, x->prefix),
			.peer = peer->addr,
			.peer_asn = peer->asn,
			.full = peer->full,
			.collector = t->collector,
			.dumped = {t->first_s * NS_PER_S},
			.path_id = route->path_id,
			.path = x->path,
			.ases = route->n_hops,
			.length = route->length,
			.origin = bare(p->r, route->hops[route->n_hops - 1], x->origin),
			.neighbour = neighbour == ROUTES_NONE ? "" : bare(p->r, neighbour, x->neighbour),
			.next_hop = route->next_hop,
			.vps = x->vps,
			.sites = x->sites},
		x->row, sizeof(x->row));
}

int routes_csv(FILE *out, const struct routes_report *p)
{
	struct texts *x = malloc(sizeof(*x));

	if (!x)
		return ERR_NOMEM;
	(void)fwrite(x->row, 1, table_header(&route_table, x->row, sizeof(x->row)), out);
	for (size_t view = 0; view < p->n; view++)
		for (size_t i = 0; p->views[view].match && i < p->views[view].match->n; i++)
			(void)fwrite(x->row, 1, form_row(x, p, view, i), out);
	free(x);
	return 0;
}
