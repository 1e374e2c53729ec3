#include "infer/routes_join.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"

/* --- a vantage point's path --- */

/* Where the AS is on the path; ROUTES_NONE: nowhere. */
static uint32_t place_of(const struct routes *r, const struct route *p, uint32_t asn)
{
	for (uint32_t i = 0; i < p->n_hops; i++)
		if (routes_hop_size(r, p->hops[i]) == 1 && routes_hop_asn(r, p->hops[i], 0) == asn)
			return i;
	return ROUTES_NONE;
}

/* The neighbour that a path takes from this hop on. */
static uint32_t exit_of(const struct route *p, uint32_t at)
{
	return at + 1 < p->n_hops ? routes_neighbour(p) : ROUTES_NONE;
}

/* A path of a peer in the same AS is better than one that only passes through it. */
static struct routes_vp find_path(const struct routes_view *view, uint32_t asn)
{
	struct routes_vp v = {.route = ROUTES_NONE, .neighbour = ROUTES_NONE};

	for (size_t i = 0; i < view->match->n; i++) {
		const struct route *p = &view->match->v[i];
		bool is_peer = routes_peer_of(view->r, p)->asn == asn;
		uint32_t at = place_of(view->r, p, asn);

		/* A route server's peer does not stand on its own path. */
		at = at == ROUTES_NONE && is_peer ? 0 : at;
		if (at == ROUTES_NONE || (v.is_peer && !is_peer))
			continue;
		if (v.route == ROUTES_NONE || (is_peer && !v.is_peer))
			v = (struct routes_vp){.route = (uint32_t)i,
				.at = at,
				.neighbour = exit_of(p, at),
				.is_peer = is_peer};
		else if (exit_of(p, at) != v.neighbour)
			v.has_others = true;
	}
	return v;
}

/* --- neighbours and sites --- */

static int count_cell(struct routes_join *j, uint32_t neighbour, uint32_t site)
{
	for (size_t i = 0; i < j->n_cells; i++)
		if (j->cells[i].neighbour == neighbour && j->cells[i].site == site) {
			j->cells[i].vps++;
			return 0;
		}
	if (vec_reserve(&j->cells, &j->cap_cells, j->n_cells + 1) < 0)
		return ERR_NOMEM;
	j->cells[j->n_cells++] = (struct routes_cell){neighbour, site, 1};
	return 0;
}

static int by_neighbour(const void *a, const void *b)
{
	const struct routes_cell *x = a, *y = b;

	if (x->neighbour != y->neighbour)
		return x->neighbour < y->neighbour ? -1 : 1;
	if (x->vps != y->vps)
		return x->vps > y->vps ? -1 : 1;
	return (x->site > y->site) - (x->site < y->site);
}

static double hours_apart(const struct routes_view *view, const struct catchment_target *t)
{
	int64_t ns = 0;

	if (view->first.ns == 0 || t->first.ns == 0 || t->last.ns == 0)
		return (double)NAN;
	if (view->first.ns > t->last.ns)
		ns = view->first.ns - t->last.ns;
	else if (t->first.ns > view->last.ns)
		ns = t->first.ns - view->last.ns;
	return (double)ns / (double)(3600 * NS_PER_S);
}

static int join_row(struct routes_join *j, const struct routes_view *view, uint32_t row)
{
	const struct catchment_vp *c = &j->set->rows[row];
	struct routes_vp v = {.route = ROUTES_NONE, .neighbour = ROUTES_NONE};

	if (c->state != VP_SITE)
		return 0;
	if (c->asn)
		v = find_path(view, c->asn);
	v.row = row;
	j->vps[j->n_vps++] = v;
	j->n_unknown_as += c->asn == 0;
	if (v.route == ROUTES_NONE)
		return 0;
	j->n_joined++;
	return count_cell(j, v.neighbour, c->site);
}

int routes_join(struct routes_join *j, const struct routes_view *view, const struct catchment_set *set)
{
	uint32_t target = catchment_set_target(set, &view->target->addr);
	const struct catchment_target *t;
	int rc = 0;

	*j = (struct routes_join){.set = set, .apart_h = (double)NAN};
	if (target == CATCHMENT_NONE || !view->match)
		return 0;
	t = &set->targets[target];
	j->apart_h = hours_apart(view, t);
	j->vps = calloc(t->n_rows + 1, sizeof(*j->vps));
	if (!j->vps)
		return ERR_NOMEM;
	for (size_t i = 0; rc == 0 && i < t->n_rows; i++)
		rc = join_row(j, view, (uint32_t)(t->first_row + i));
	if (j->n_cells > 0)
		qsort(j->cells, j->n_cells, sizeof(*j->cells), by_neighbour);
	return rc;
}

void routes_join_free(struct routes_join *j)
{
	free(j->vps);
	free(j->cells);
	*j = (struct routes_join){.vps = NULL};
}

/* --- the verdict --- */

/* NULL: there is none. */
static const char *find_sites(const char *folder, char out[static PATH_MAX])
{
	static const char *const suffixes[] = {"", ".zst", ".gz"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (snprintf(out, PATH_MAX, "%s/sites.csv%s", folder, suffixes[i]) < PATH_MAX &&
			access(out, F_OK) == 0)
			return out;
	return NULL;
}

int routes_verdict(const char *folder, const struct addr *target, enum site_verdict *out, struct err_msg *why)
{
	char path[PATH_MAX];
	struct table_reader rd;
	struct site_row row;
	struct csv *c;
	int rc;

	*out = SITES_NONE;
	if (!find_sites(folder, path))
		return 0;
	c = csv_open(path, why);
	if (!c)
		return ERR_PARSE;
	rc = table_reader_init(&rd, &site_table, c, why);
	while (rc == 0 && *out == SITES_NONE && (rc = csv_next(c, why)) > 0) {
		rc = table_read(&rd, c, &row, why);
		if (rc == 0 && addr_equal(&row.target, target))
			*out = row.verdict;
	}
	csv_close(c);
	return rc;
}
