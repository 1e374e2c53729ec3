#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff_parts.h"

const char *diff_change_name(const struct compare_vp *v)
{
	if (compare_in_a(v))
		return compare_moved(v) ? "moved" : "stayed";
	if (v->excluded)
		return "excluded";
	if (!compare_in_both(v))
		return v->before && v->before->state != VP_UNMEASURED ? "only-before"
		       : v->now && v->now->state != VP_UNMEASURED     ? "only-now"
								      : "unmeasured";
	return v->site_before != COMPARE_NONE ? "lost" : v->site_now != COMPARE_NONE ? "regained" : "no-site";
}

/* A vantage point and what it is sorted by. */
struct ranked {
	const struct compare_vp *vp;
	const char *name, *before, *now;
	double cost;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->name, ((const struct ranked *)b)->name);
}

static int by_sites(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = strcmp(x->before, y->before);

	order = order ? order : strcmp(x->now, y->now);
	return order ? order : by_name(a, b);
}

/* Those that moved first, the dearest first; then the others. */
static int by_cost(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	bool x_moved = compare_moved(x->vp), y_moved = compare_moved(y->vp);

	if (x_moved != y_moved)
		return x_moved ? -1 : 1;
	if (isnan(x->cost) != isnan(y->cost))
		return isnan(x->cost) ? 1 : -1;
	if (x->cost < y->cost || x->cost > y->cost)
		return x->cost > y->cost ? -1 : 1;
	return by_name(a, b);
}

const char *diff_key(const struct comparison *c, uint32_t site)
{
	return site == COMPARE_NONE ? "" : compare_site_key(c, site);
}

bool diff_is_news(const struct compare_vp *v)
{
	bool before = v->site_before != COMPARE_NONE, now = v->site_now != COMPARE_NONE;

	return compare_in_both(v) && v->site_before != v->site_now && (before || now);
}

const struct compare_vp **diff_sorted(const struct comparison *c, enum diff_sort sort, bool news, size_t *n)
{
	static int (*const orders[])(const void *, const void *) = {by_cost, by_sites, by_name};
	struct ranked *r = malloc((c->n_vps + 1) * sizeof(*r));
	const struct compare_vp **out = malloc((c->n_vps + 1) * sizeof(void *));

	if (!r || !out) {
		free(r);
		free(out);
		return NULL;
	}
	*n = 0;
	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (news && !diff_is_news(v))
			continue;
		r[(*n)++] = (struct ranked){v, compare_name(c, v->vp), diff_key(c, v->site_before),
			diff_key(c, v->site_now), v->cost_ms};
	}
	qsort(r, *n, sizeof(*r), orders[sort]);
	for (size_t i = 0; i < *n; i++)
		out[i] = r[i].vp;
	free(r);
	return out;
}
