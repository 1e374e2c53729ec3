#include "cmd/routing.h"

#include <stdlib.h>

static int nomem(struct err_msg *why)
{
	return err_set(why, ERR_NOMEM, "out of memory");
}

static int add_targets(struct routes *r, const struct target_list *targets)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < targets->n; i++)
		rc = routes_add_target(r, &targets->v[i].addr, target_info(targets, &targets->v[i])->service);
	routes_begin(r);
	return rc;
}

static int read_names(
	struct routing *g, const char *path, rib_complain *complain, void *arg, struct err_msg *why)
{
	int rc = path ? as_names_read(&g->names, path, why) : 0;

	if (rc == 0 && g->names.bad > 0)
		complain(arg, why->text);
	return rc;
}

static int view_all(struct routing *g, struct err_msg *why)
{
	g->views = calloc(g->r.n_targets + 1, sizeof(*g->views));
	if (!g->views)
		return nomem(why);
	g->n = g->r.n_targets;
	for (size_t i = 0; i < g->n; i++) {
		const struct routes_target *t = &g->r.targets[i];

		if (routes_view(&g->views[t->order], &g->r, t) < 0)
			return nomem(why);
	}
	g->report = (struct routes_report){.r = &g->r, .views = g->views, .n = g->n, .names = &g->names};
	return 0;
}

int routing_read(struct routing *g, const struct target_list *targets, const char *const *mrt, size_t n_mrt,
	const char *as_names, bool progress, rib_complain *complain, void *arg, struct err_msg *why)
{
	int rc, read;

	*g = (struct routing){.n = 0};
	rc = read_names(g, as_names, complain, arg, why);
	if (rc < 0)
		return rc;
	if (add_targets(&g->r, targets) < 0)
		return nomem(why);
	read = rib_read(&g->r, mrt, n_mrt, progress, complain, arg, why);
	if (read < 0 && read != ERR_PARTIAL)
		return read;
	rc = view_all(g, why);
	return rc < 0 ? rc : read;
}

int routing_join(struct routing *g, const struct catchment_set *set, const char *run, struct err_msg *why)
{
	int rc = 0;

	g->joins = calloc(g->n + 1, sizeof(*g->joins));
	g->verdicts = calloc(g->n + 1, sizeof(*g->verdicts));
	if (!g->joins || !g->verdicts)
		return nomem(why);
	for (size_t i = 0; rc == 0 && i < g->n; i++) {
		if (routes_join(&g->joins[i], &g->views[i], set) < 0)
			return nomem(why);
		if (set->folder)
			rc = routes_verdict(set->folder, &g->views[i].target->addr, &g->verdicts[i], why);
	}
	g->report.run = run;
	g->report.joins = g->joins;
	g->report.verdicts = g->verdicts;
	return rc;
}

void routing_free(struct routing *g)
{
	for (size_t i = 0; i < g->n; i++) {
		routes_view_free(&g->views[i]);
		if (g->joins)
			routes_join_free(&g->joins[i]);
	}
	free(g->views);
	free(g->joins);
	free(g->verdicts);
	as_names_free(&g->names);
	routes_free(&g->r);
}
