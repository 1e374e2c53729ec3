#include "infer/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "infer/bootstrap.h"
#include "infer/codes.h"
#include "infer/quantile.h"

const struct catchment_target *compare_target(const struct compare_side *s)
{
	return &s->set->targets[s->target];
}

const char *compare_name(const struct comparison *c, uint32_t name)
{
	return catchment_set_name(c->now.set, name);
}

const char *compare_site_key(const struct comparison *c, uint32_t site)
{
	return compare_name(c, c->sites[site].key);
}

double compare_lag_s(const struct compare_side *a, const struct compare_side *b)
{
	int64_t from = compare_target(a)->first.ns, to = compare_target(b)->first.ns;

	return from > 0 && to > 0 ? (double)(to - from) / (double)NS_PER_S : (double)NAN;
}

static int nomem(struct err_msg *why)
{
	return err_set(why, ERR_NOMEM, "out of memory");
}

/* --- who is who --- */

static bool is_measured(const struct catchment_vp *row)
{
	return row && row->state != VP_UNMEASURED;
}

bool compare_in_both(const struct compare_vp *v)
{
	return v->both;
}

bool compare_in_a(const struct compare_vp *v)
{
	return v->site_before != COMPARE_NONE && v->site_now != COMPARE_NONE;
}

bool compare_moved(const struct compare_vp *v)
{
	return compare_in_a(v) && v->site_before != v->site_now;
}

bool compare_is_move(const struct comparison *c, const struct compare_cell *cell)
{
	return cell->from < c->n_sites && cell->to < c->n_sites && cell->from != cell->to;
}

static uint32_t asn_of(const struct compare_vp *v)
{
	return v->asn;
}

static uint32_t country_of(const struct compare_vp *v)
{
	return v->country;
}

/* Who goes together with a vantage point: its AS or country or, where that is not known, itself. */
static uint64_t kin_of(const struct compare_vp *v, enum compare_cluster of)
{
	uint32_t id = of == COMPARE_OF_AS ? v->asn : of == COMPARE_OF_COUNTRY ? v->country : 0;

	return id ? id : UINT64_C(1) << 32 | v->vp;
}

/* What is looked at again and again is kept beside the rows. */
static void know(struct compare_vp *v)
{
	const struct catchment_vp *b = v->before, *n = v->now;

	v->asn = n && n->asn ? n->asn : b ? b->asn : 0;
	v->country = n && n->country ? n->country : b ? b->country : 0;
	v->excluded = (b && b->state == VP_EXCLUDED) || (n && n->state == VP_EXCLUDED);
	v->both = is_measured(b) && is_measured(n) && !v->excluded;
}

/* Rows of both runs side by side; both are in the order of the names. */
static int join(struct comparison *c)
{
	const struct catchment_target *tb = compare_target(&c->before), *tn = compare_target(&c->now);
	const struct catchment_vp *b = c->before.set->rows + tb->first_row, *b_end = b + tb->n_rows;
	const struct catchment_vp *n = c->now.set->rows + tn->first_row, *n_end = n + tn->n_rows;

	c->vps = malloc((tb->n_rows + tn->n_rows + 1) * sizeof(*c->vps));
	if (!c->vps)
		return ERR_NOMEM;
	while (b < b_end || n < n_end) {
		struct compare_vp *v = &c->vps[c->n_vps++];

		*v = (struct compare_vp){.site_before = COMPARE_NONE,
			.site_now = COMPARE_NONE,
			.cluster = COMPARE_NONE,
			.weight = 1,
			.cost_ms = (double)NAN};
		v->vp = n == n_end || (b < b_end && b->vp < n->vp) ? b->vp : n->vp;
		if (b < b_end && b->vp == v->vp)
			v->before = b++;
		if (n < n_end && n->vp == v->vp)
			v->now = n++;
		know(v);
	}
	return 0;
}

/* --- weights --- */

static int weigh_by_file(struct comparison *c, struct err_msg *why)
{
	for (size_t i = 0; i < c->n_vps; i++) {
		struct compare_vp *v = &c->vps[i];

		if (!compare_in_both(v))
			continue;
		v->weight = v->vp < c->options.n_file_weight ? c->options.file_weight[v->vp] : (double)NAN;
		if (isnan(v->weight))
			return err_set(
				why, ERR_RANGE, "the weights have none for %s", compare_name(c, v->vp));
	}
	return 0;
}

/* Each AS, or country, weighs 1. */
static int weigh_by_kin(struct comparison *c, enum compare_cluster of)
{
	struct codes kin;
	uint32_t *count = calloc(c->n_vps + 1, sizeof(*count));
	int rc = codes_init(&kin, c->n_vps);

	rc = count ? rc : ERR_NOMEM;
	for (size_t i = 0; rc == 0 && i < c->n_vps; i++)
		if (compare_in_both(&c->vps[i]))
			count[codes_of(&kin, kin_of(&c->vps[i], of))]++;
	for (size_t i = 0; rc == 0 && i < c->n_vps; i++)
		if (compare_in_both(&c->vps[i]))
			c->vps[i].weight = 1.0 / count[codes_of(&kin, kin_of(&c->vps[i], of))];
	codes_free(&kin);
	free(count);
	return rc;
}

static int weigh(struct comparison *c, struct err_msg *why)
{
	int rc = 0;

	if (c->options.weight == COMPARE_BY_FILE)
		rc = weigh_by_file(c, why);
	else if (c->options.weight == COMPARE_BY_AS)
		rc = weigh_by_kin(c, COMPARE_OF_AS);
	else if (c->options.weight == COMPARE_BY_COUNTRY)
		rc = weigh_by_kin(c, COMPARE_OF_COUNTRY);
	else
		for (size_t i = 0; i < c->n_vps; i++)
			c->vps[i].weight = c->vps[i].now ? c->vps[i].now->weight : c->vps[i].before->weight;
	return rc == ERR_NOMEM ? nomem(why) : rc;
}

/* --- how many --- */

static void count_outside(struct comparison *c, const struct compare_vp *v, double *either)
{
	bool before = v->site_before != COMPARE_NONE, now = v->site_now != COMPARE_NONE;

	*either += before || now ? v->weight : 0;
	c->lost += before;
	c->regained += now;
	if (before || now)
		return;
	if (v->now->state == VP_SILENT)
		c->silent++;
	else
		c->no_site++;
}

static void count_inside(struct comparison *c, const struct compare_vp *v, double *squares, double *moved)
{
	c->a++;
	c->weight += v->weight;
	*squares += v->weight * v->weight;
	c->weighted |= v->weight < 1 || v->weight > 1;
	if (!c->heaviest || v->weight > c->heaviest->weight)
		c->heaviest = v;
	if (compare_moved(v)) {
		c->moved++;
		*moved += v->weight;
	}
}

/* NAN: of nothing. */
static double part_of(double part, double all)
{
	return all > 0 ? part / all : (double)NAN;
}

static void count(struct comparison *c)
{
	double squares = 0, moved = 0, either = 0;

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (v->excluded) {
			c->excluded++;
		} else if (!compare_in_both(v)) {
			c->only_before += is_measured(v->before);
			c->only_now += is_measured(v->now);
		} else if (compare_in_a(v)) {
			count_inside(c, v, &squares, &moved);
			either += v->weight;
		} else {
			count_outside(c, v, &either);
		}
	}
	c->both = c->a + c->lost + c->regained + c->silent + c->no_site;
	c->moved_share = part_of(moved, c->weight);
	c->similar_known = 1 - c->moved_share;
	c->similar_all = part_of(c->weight - moved, either);
	c->n_eff = squares > 0 ? c->weight * c->weight / squares : 0;
	c->heaviest_share = c->a ? part_of(c->heaviest->weight, c->weight) : (double)NAN;
}

int compare_moves(struct comparison *c, struct err_msg *why)
{
	int rc;

	if (join(c) < 0 || compare_sites_join(c) < 0)
		return nomem(why);
	for (size_t i = 0; i < c->n_vps; i++)
		if (c->vps[i].excluded)
			c->vps[i].site_before = c->vps[i].site_now = COMPARE_NONE;
	rc = weigh(c, why);
	if (rc == 0)
		count(c);
	return rc;
}

/* --- clusters, and shares with their intervals --- */

static int number_clusters(struct comparison *c)
{
	struct codes kin;
	bool *moved = calloc(c->n_vps + 1, sizeof(*moved));
	int rc = codes_init(&kin, c->n_vps);

	rc = moved ? rc : ERR_NOMEM;
	for (size_t i = 0; rc == 0 && i < c->n_vps; i++) {
		struct compare_vp *v = &c->vps[i];

		if (!compare_in_a(v))
			continue;
		v->cluster = codes_of(&kin, kin_of(v, c->options.cluster));
		moved[v->cluster] |= compare_moved(v);
	}
	c->n_clusters = kin.n;
	for (size_t i = 0; rc == 0 && i < kin.n; i++)
		c->clusters_moved += moved[i];
	codes_free(&kin);
	free(moved);
	return rc;
}

static void count_sites(struct comparison *c)
{
	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (v->site_before != COMPARE_NONE)
			c->sites[v->site_before].all_before++;
		if (v->site_now != COMPARE_NONE)
			c->sites[v->site_now].all_now++;
		if (!compare_in_a(v))
			continue;
		c->sites[v->site_before].vps_before++;
		c->sites[v->site_before].share_before += v->weight / c->weight;
		c->sites[v->site_now].vps_now++;
		c->sites[v->site_now].share_now += v->weight / c->weight;
	}
}

/* What the moves took from where and to where, for the resamples. */
static size_t changes_of(const struct comparison *c, double *weight, struct bootstrap_change *changes)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (!compare_in_a(v))
			continue;
		weight[v->cluster] += v->weight;
		if (!compare_moved(v))
			continue;
		changes[n++] = (struct bootstrap_change){v->cluster, v->site_before, -v->weight};
		changes[n++] = (struct bootstrap_change){v->cluster, v->site_now, v->weight};
	}
	return n;
}

static int find_intervals(struct comparison *c)
{
	double *weight = calloc(c->n_clusters + 1, sizeof(*weight));
	struct bootstrap_change *changes = calloc(2 * c->moved + 1, sizeof(*changes));
	struct bootstrap_interval *at = calloc(c->n_sites + 1, sizeof(*at));
	int rc = ERR_NOMEM;

	if (weight && changes && at)
		rc = bootstrap_shares(
			weight, c->n_clusters, changes, changes_of(c, weight, changes), c->n_sites, at);
	for (size_t i = 0; rc == 0 && i < c->n_sites; i++) {
		struct compare_site *s = &c->sites[i];

		s->change = s->share_now - s->share_before;
		s->low = at[i].low;
		s->high = at[i].high;
	}
	free(weight);
	free(changes);
	free(at);
	return rc;
}

/* --- what it cost --- */

/* A minimum of more replies is lower by itself: where the runs differ in replies, medians are compared. */
static void cost_of(struct comparison *c, struct compare_vp *v)
{
	const struct catchment_vp *b = v->before, *n = v->now;

	if (!compare_in_a(v) || b->rtt_probe != n->rtt_probe)
		return;
	if (fabs(compare_rounds(b) - compare_rounds(n)) < 1 && b->rtt_min_ns >= 0 && n->rtt_min_ns >= 0) {
		v->cost_ms = (double)(n->rtt_min_ns - b->rtt_min_ns) / (double)NS_PER_MS;
	} else if (b->rtt_median_ns >= 0 && n->rtt_median_ns >= 0) {
		v->cost_ms = (double)(n->rtt_median_ns - b->rtt_median_ns) / (double)NS_PER_MS;
		c->by_median++;
	}
}

/* Room for as many numbers as there are vantage points. */
static void summarize(double *ms, size_t n, double weighted, double weight, struct compare_rtt *out)
{
	*out = (struct compare_rtt){.n = n,
		.mean_ms = n ? weighted / weight : (double)NAN,
		.median_ms = quantile_median(ms, n),
		.p90_ms = quantile(ms, n, 0.9),
		.worst_ms = quantile(ms, n, 1)};
}

/* Costs of those who moved, or stayed. */
static void cost_of_all(const struct comparison *c, bool moved, double *room, struct compare_rtt *out)
{
	double weighted = 0, weight = 0;
	size_t n = 0;

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (!compare_in_a(v) || compare_moved(v) != moved || isnan(v->cost_ms))
			continue;
		room[n++] = v->cost_ms;
		weighted += v->cost_ms * v->weight;
		weight += v->weight;
	}
	summarize(room, n, weighted, weight, out);
}

static double median_rtt_ms(const struct comparison *c, bool now, double *room)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (compare_in_a(v) && v->before->rtt_min_ns >= 0 && v->now->rtt_min_ns >= 0)
			room[n++] = (double)(now ? v->now : v->before)->rtt_min_ns / (double)NS_PER_MS;
	}
	return quantile_median(room, n);
}

static int find_costs(struct comparison *c)
{
	double *room = malloc((c->n_vps + 1) * sizeof(*room));

	if (!room)
		return ERR_NOMEM;
	for (size_t i = 0; i < c->n_vps; i++)
		cost_of(c, &c->vps[i]);
	c->rtt_before_ms = median_rtt_ms(c, false, room);
	c->rtt_now_ms = median_rtt_ms(c, true, room);
	cost_of_all(c, true, room, &c->cost_moved);
	cost_of_all(c, false, room, &c->cost_stayed);
	free(room);
	return 0;
}

/* --- transitions --- */

static uint32_t place_of(const struct comparison *c, uint32_t site, const struct catchment_vp *row)
{
	if (site != COMPARE_NONE)
		return site;
	return (uint32_t)c->n_sites + (row->state == VP_SILENT ? COMPARE_SILENT : COMPARE_NO_SITE);
}

/* The cells in the order in which they are met, and which of them each vantage point is in. */
static int fill_cells(struct comparison *c, uint32_t *cell_of)
{
	struct codes pairs;
	size_t cap = 0;
	int rc = codes_init(&pairs, c->n_vps);

	for (size_t i = 0; rc == 0 && i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];
		uint32_t from, to, at;

		cell_of[i] = COMPARE_NONE;
		if (!compare_in_both(v))
			continue;
		from = place_of(c, v->site_before, v->before);
		to = place_of(c, v->site_now, v->now);
		at = codes_of(&pairs, (uint64_t)from << 32 | to);
		if (vec_reserve(&c->cells, &cap, (size_t)at + 1) < 0) {
			rc = ERR_NOMEM;
			continue;
		}
		if (at == c->n_cells)
			c->cells[c->n_cells++] = (struct compare_cell){.from = from, .to = to};
		c->cells[at].vps++;
		c->cells[at].weight += v->weight;
		cell_of[i] = at;
	}
	codes_free(&pairs);
	return rc;
}

/* Costs cell by cell: ms[] holds those of each cell in a row. */
static void cost_cells(
	struct comparison *c, const uint32_t *cell_of, double *ms, double *weighted, size_t *end)
{
	size_t at = 0;

	for (size_t i = 0; i < c->n_cells; i++) {
		end[i] = at;
		at += c->cells[i].vps;
		weighted[2 * i] = weighted[2 * i + 1] = 0;
	}
	for (size_t i = 0; i < c->n_vps; i++) {
		uint32_t cell = cell_of[i];

		if (cell == COMPARE_NONE || isnan(c->vps[i].cost_ms))
			continue;
		ms[end[cell]++] = c->vps[i].cost_ms;
		weighted[2 * cell] += c->vps[i].cost_ms * c->vps[i].weight;
		weighted[2 * cell + 1] += c->vps[i].weight;
	}
	at = 0;
	for (size_t i = 0; i < c->n_cells; i++) {
		summarize(ms + at, end[i] - at, weighted[2 * i], weighted[2 * i + 1], &c->cells[i].cost);
		at += c->cells[i].vps;
	}
}

static int by_vps(const void *a, const void *b)
{
	const struct compare_cell *x = a, *y = b;

	if (x->vps != y->vps)
		return x->vps > y->vps ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static int find_cells(struct comparison *c)
{
	uint32_t *cell_of = malloc((c->n_vps + 1) * sizeof(*cell_of));
	double *ms = malloc((c->n_vps + 1) * sizeof(*ms)), *weighted = NULL;
	size_t *end = NULL;
	int rc = cell_of && ms ? fill_cells(c, cell_of) : ERR_NOMEM;

	if (rc == 0) {
		weighted = malloc((2 * c->n_cells + 1) * sizeof(*weighted));
		end = malloc((c->n_cells + 1) * sizeof(*end));
		rc = weighted && end ? 0 : ERR_NOMEM;
	}
	if (rc == 0) {
		cost_cells(c, cell_of, ms, weighted, end);
		if (c->n_cells > 0)
			qsort(c->cells, c->n_cells, sizeof(*c->cells), by_vps);
	}
	free(cell_of);
	free(ms);
	free(weighted);
	free(end);
	return rc;
}

/* --- countries, networks, identities --- */

static int by_moved(const void *a, const void *b)
{
	const struct compare_group *x = a, *y = b;

	if (x->moved != y->moved)
		return x->moved > y->moved ? -1 : 1;
	if (x->vps != y->vps)
		return x->vps > y->vps ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int find_groups(const struct comparison *c, uint32_t (*id_of)(const struct compare_vp *v),
	struct compare_group **out, size_t *n)
{
	struct codes ids;
	size_t cap = 0;
	int rc = codes_init(&ids, c->n_vps);

	for (size_t i = 0; rc == 0 && i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];
		struct compare_group *g;
		uint32_t at;

		if (!compare_in_a(v))
			continue;
		at = codes_of(&ids, id_of(v));
		if (vec_reserve(out, &cap, (size_t)at + 1) < 0) {
			rc = ERR_NOMEM;
			continue;
		}
		g = &(*out)[at];
		if (at == *n)
			(*out)[(*n)++] = (struct compare_group){.id = id_of(v)};
		g->vps++;
		g->weight += v->weight;
		g->moved += compare_moved(v);
		g->weight_moved += compare_moved(v) ? v->weight : 0;
	}
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_moved);
	codes_free(&ids);
	return rc;
}

/* Identities of now that no vantage point met before. */
static int find_identities(struct comparison *c)
{
	struct codes known;
	size_t cap = 0, n_known;
	int rc = codes_init(&known, 2 * c->n_vps);

	for (size_t i = 0; rc == 0 && i < c->n_vps; i++)
		if (c->vps[i].before)
			(void)codes_of(&known, c->vps[i].before->identity);
	n_known = known.n;
	for (size_t i = 0; rc == 0 && i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (!v->now || !v->now->identity || v->excluded ||
			codes_of(&known, v->now->identity) < n_known + c->n_identities)
			continue;
		if (vec_reserve(&c->identities, &cap, c->n_identities + 1) < 0)
			rc = ERR_NOMEM;
		else
			c->identities[c->n_identities++] =
				(struct compare_identity){v->now->identity, v->site_now};
	}
	codes_free(&known);
	return rc;
}

/* --- noise inside the runs --- */

static struct compare_floor floor_inside(const struct comparison *c, const struct compare_side *side)
{
	const struct catchment_target *t = compare_target(side);
	struct compare_floor f = {.interval_s = t->chances ? t->probed_s / (double)t->chances : (double)NAN};

	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];
		const struct catchment_vp *row = side == &c->now ? v->now : v->before;

		if (!compare_in_a(v))
			continue;
		f.flips += v->weight * row->flips;
		f.chances += v->weight * row->chances;
	}
	return f;
}

int compare_targets(struct comparison *c, const struct compare_options *o, struct compare_side before,
	struct compare_side now, struct err_msg *why)
{
	int rc;

	*c = (struct comparison){.before = before, .now = now, .options = *o, .verdict = COMPARE_UNTESTED};
	c->test.p_rank = c->test.lag_before_s = (double)NAN;
	c->test.lag_now_s = compare_lag_s(&before, &now);
	rc = compare_moves(c, why);
	if (rc < 0)
		return rc;
	count_sites(c);
	if (number_clusters(c) < 0 || find_costs(c) < 0 || find_intervals(c) < 0 || find_cells(c) < 0 ||
		compare_sites_fate(c) < 0 || find_groups(c, country_of, &c->countries, &c->n_countries) < 0 ||
		find_groups(c, asn_of, &c->networks, &c->n_networks) < 0 || find_identities(c) < 0)
		return nomem(why);
	c->inside_before = floor_inside(c, &c->before);
	c->inside_now = floor_inside(c, &c->now);
	return 0;
}

void compare_free(struct comparison *c)
{
	free(c->vps);
	free(c->sites);
	free(c->cells);
	free(c->countries);
	free(c->networks);
	free(c->identities);
	free(c->test.before);
	*c = (struct comparison){0};
}
