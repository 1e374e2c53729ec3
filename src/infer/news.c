#include "infer/news.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

enum { STICKS = 2 }; /* rounds in a row */

struct vp {
	uint32_t asn;
	int32_t home;       /* site that it is known to have */
	int32_t met;        /* another that it met last; NEWS_NO_SITE: it is at home */
	uint32_t met_times; /* in a row */
	uint32_t away;      /* answered rounds in a row that were not at home */
	uint32_t silent;    /* rounds in a row without a site */
	int32_t told_from;  /* of a flip that was told and is not over; NEWS_NO_SITE: none */
	int32_t gone_from;  /* the same of a gone site */
	bool moved;         /* it has a new home in this round, and nobody was told */
};

struct site {
	bool gone;       /* that was told */
	uint32_t at;     /* vantage points whose home it is */
	uint32_t away;   /* of those: elsewhere for STICKS rounds */
	uint32_t going;  /* elsewhere for fewer, or silent */
	uint32_t met;    /* of whomever: met in this round */
	uint32_t silent; /* of those at home here: silent for STICKS rounds */
};

struct news {
	struct vp *vps;
	size_t n_vps, cap_vps;
	struct site *sites;
	size_t n_sites, cap_sites;
	struct news_move *moves;
	size_t cap_moves;
	uint32_t past_moved[NEWS_PAST], past_ases[NEWS_PAST]; /* a ring of rounds */
	uint64_t rounds;
	bool many; /* that was told and is not over */
};

struct news *news_new(const uint32_t *asn, size_t n_vps)
{
	struct news *w = calloc(1, sizeof(*w));

	for (size_t i = 0; w && i < n_vps; i++)
		if (news_add_vp(w, asn[i]) < 0) {
			news_free(w);
			return NULL;
		}
	return w;
}

int news_add_vp(struct news *w, uint32_t asn)
{
	if (vec_reserve(&w->vps, &w->cap_vps, w->n_vps + 1) < 0 ||
		vec_reserve(&w->moves, &w->cap_moves, w->n_vps + 1) < 0)
		return ERR_NOMEM;
	w->vps[w->n_vps++] = (struct vp){.asn = asn,
		.home = NEWS_NO_SITE,
		.met = NEWS_NO_SITE,
		.told_from = NEWS_NO_SITE,
		.gone_from = NEWS_NO_SITE};
	return 0;
}

void news_free(struct news *w)
{
	if (!w)
		return;
	free(w->vps);
	free(w->sites);
	free(w->moves);
	free(w);
}

double news_tail(uint32_t n, double q, uint32_t k)
{
	double log_q = log(q), log_rest = log1p(-q), sum = 0;

	if (k == 0)
		return 1;
	for (uint32_t i = k; i <= n; i++)
		sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log_q +
			   (n - i) * log_rest);
	return sum < 1 ? sum : 1;
}

static int make_site(struct news *w, int32_t site)
{
	size_t n = site < 0 ? 0 : (size_t)site + 1;

	if (n <= w->n_sites)
		return 0;
	if (vec_reserve(&w->sites, &w->cap_sites, n) < 0)
		return ERR_NOMEM;
	memset(w->sites + w->n_sites, 0, (n - w->n_sites) * sizeof(*w->sites));
	w->n_sites = n;
	return 0;
}

/* What one round says of one vantage point. */
static void see(struct vp *v, int32_t site)
{
	v->silent = site == NEWS_NO_SITE ? v->silent + 1 : 0;
	if (site == NEWS_NO_SITE)
		return;
	if (v->home == NEWS_NO_SITE)
		v->home = site;
	if (site == v->home) {
		v->met = NEWS_NO_SITE;
		v->met_times = v->away = 0;
		return;
	}
	v->met_times = site == v->met ? v->met_times + 1 : 1;
	v->met = site;
	v->away++;
}

static bool sticks(const struct vp *v)
{
	return v->met != NEWS_NO_SITE && v->met_times >= STICKS;
}

static void count_sites(struct news *w)
{
	for (size_t i = 0; i < w->n_sites; i++)
		w->sites[i] = (struct site){.gone = w->sites[i].gone};
	for (size_t i = 0; i < w->n_vps; i++) {
		const struct vp *v = &w->vps[i];
		struct site *home = v->home == NEWS_NO_SITE ? NULL : &w->sites[v->home];

		if (v->met != NEWS_NO_SITE && v->silent == 0)
			w->sites[v->met].met++;
		if (!home)
			continue;
		home->at++;
		home->away += v->away >= STICKS;
		home->silent += v->away < STICKS && v->silent >= STICKS;
		home->going += v->away < STICKS && v->silent < STICKS && (v->away > 0 || v->silent > 0);
	}
}

/* Nobody who was at the site is there any more; with `soon` those who went only in this round count too. */
static bool is_gone(const struct site *s, bool soon)
{
	return s->away + (soon ? s->going : 0) >= NEWS_GONE_VPS && s->met == 0 &&
	       s->away + s->silent + (soon ? s->going : 0) == s->at;
}

/* The new home of a vantage point is where it was met last. */
static void settle(struct vp *v)
{
	v->home = v->met;
	v->met = NEWS_NO_SITE;
	v->met_times = v->away = 0;
}

static int by_sites(const void *a, const void *b)
{
	const struct news_move *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->vp > y->vp) - (x->vp < y->vp);
}

/* Tells of moves by their sites. */
static void tell_sorted(struct news *w, const struct news_event *e, news_tell *tell, void *arg)
{
	if (e->n > 0)
		qsort(w->moves, e->n, sizeof(*w->moves), by_sites);
	tell(arg, e);
}

static void tell_gone(struct news *w, uint32_t round, int32_t site, news_tell *tell, void *arg)
{
	struct news_event e = {.kind = NEWS_GONE, .round = round, .site = site, .move = w->moves};

	for (size_t i = 0; i < w->n_vps; i++) {
		struct vp *v = &w->vps[i];

		if (v->home != site || v->away < STICKS)
			continue;
		w->moves[e.n++] = (struct news_move){(uint32_t)i, site, v->met};
		settle(v);
		v->gone_from = site;
		v->told_from = NEWS_NO_SITE;
	}
	w->sites[site].gone = true;
	tell_sorted(w, &e, tell, arg);
}

/* A gone site is back as soon as somebody sticks to it. */
static void tell_back(struct news *w, uint32_t round, int32_t site, news_tell *tell, void *arg)
{
	struct news_event e = {
		.kind = NEWS_GONE, .over = true, .round = round, .site = site, .move = w->moves};

	for (size_t i = 0; i < w->n_vps; i++) {
		struct vp *v = &w->vps[i];

		if (!sticks(v) || v->met != site)
			continue;
		w->moves[e.n++] = (struct news_move){(uint32_t)i, v->home, site};
		settle(v);
		v->gone_from = v->told_from = NEWS_NO_SITE;
	}
	if (e.n == 0)
		return;
	w->sites[site].gone = false;
	tell_sorted(w, &e, tell, arg);
}

/* Those who leave a gone site, or come back to it, later than the first are no news. */
static void follow_quietly(struct news *w)
{
	for (size_t i = 0; i < w->n_vps; i++) {
		struct vp *v = &w->vps[i];
		int32_t left = v->home;

		if (!sticks(v) || (!w->sites[left].gone && (v->gone_from != v->met || w->sites[v->met].gone)))
			continue;
		settle(v);
		v->gone_from = w->sites[left].gone ? left : NEWS_NO_SITE;
	}
}

/* --- moves that no site explains --- */

/* Moves that stick, but for those of a site that may be gone by the next round. */
static size_t gather_moves(struct news *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_vps; i++) {
		const struct vp *v = &w->vps[i];

		if (sticks(v) && !is_gone(&w->sites[v->home], true))
			w->moves[n++] = (struct news_move){(uint32_t)i, v->home, v->met};
	}
	return n;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* An AS number, or the vantage point itself where there is none. */
static uint64_t cluster_of(const struct news *w, size_t vp)
{
	return w->vps[vp].asn ? w->vps[vp].asn : (UINT64_C(1) << 32) + vp;
}

static uint32_t count_distinct(uint64_t *v, size_t n)
{
	uint32_t distinct = n > 0;

	if (n > 0)
		qsort(v, n, sizeof(*v), by_number);
	for (size_t i = 1; i < n; i++)
		distinct += v[i] != v[i - 1];
	return distinct;
}

/* ASes that answered in this round, and of those the ones that moved. ERR_NOMEM. */
static int count_ases(const struct news *w, size_t n_moves, uint32_t *all, uint32_t *moved)
{
	uint64_t *v = malloc((w->n_vps + 1) * sizeof(*v));
	size_t n = 0;

	if (!v)
		return ERR_NOMEM;
	for (size_t i = 0; i < w->n_vps; i++)
		if (w->vps[i].silent == 0)
			v[n++] = cluster_of(w, i);
	*all = count_distinct(v, n);
	for (size_t i = 0; i < n_moves; i++)
		v[i] = cluster_of(w, w->moves[i].vp);
	*moved = count_distinct(v, n_moves);
	free(v);
	return 0;
}

/* How often an AS moved in the past, a little above what was seen: nothing seen is not never. */
static double past_rate(const struct news *w)
{
	size_t n = w->rounds < NEWS_PAST ? (size_t)w->rounds : NEWS_PAST;
	double moved = 1, ases = 2;

	for (size_t i = 0; i < n; i++) {
		moved += w->past_moved[i];
		ases += w->past_ases[i];
	}
	return moved / ases;
}

static void remember(struct news *w, uint32_t ases, uint32_t moved)
{
	w->past_ases[w->rounds % NEWS_PAST] = ases;
	w->past_moved[w->rounds % NEWS_PAST] = moved;
	w->rounds++;
}

static void settle_moves(struct news *w, const struct news_event *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct vp *v = &w->vps[e->move[i].vp];

		v->told_from = e->over || e->kind == NEWS_MANY ? NEWS_NO_SITE : e->move[i].from;
		settle(v);
	}
}

/* Whether the vantage point returns from a flip that was told. */
static bool returns(const struct news *w, const struct news_move *m)
{
	return w->vps[m->vp].told_from == m->to;
}

static void tell_flips(struct news *w, uint32_t round, size_t n, news_tell *tell, void *arg)
{
	if (n > 0)
		qsort(w->moves, n, sizeof(*w->moves), by_sites);
	for (size_t i = 0, end; i < n; i = end) {
		struct news_event e = {.kind = NEWS_FLIP, .round = round, .move = w->moves + i};

		e.over = returns(w, e.move);
		for (end = i; end < n && w->moves[end].from == e.move->from &&
			      w->moves[end].to == e.move->to && returns(w, &w->moves[end]) == e.over;
			end++)
			;
		e.n = end - i;
		tell(arg, &e);
		settle_moves(w, &e);
	}
}

static int tell_moves(struct news *w, uint32_t round, news_tell *tell, void *arg)
{
	struct news_event e = {.kind = NEWS_MANY, .round = round, .move = w->moves, .n = gather_moves(w)};
	bool many;

	if (count_ases(w, e.n, &e.ases, &e.ases_moved) < 0)
		return ERR_NOMEM;
	e.q = past_rate(w);
	e.p = news_tail(e.ases, e.q, e.ases_moved);
	many = e.n > 0 && w->rounds >= NEWS_PAST_LEAST && e.p < NEWS_P;
	if (many) {
		tell_sorted(w, &e, tell, arg);
		settle_moves(w, &e);
	} else {
		if (w->many) {
			struct news_event over = {.kind = NEWS_MANY, .over = true, .round = round};

			tell(arg, &over);
		}
		tell_flips(w, round, e.n, tell, arg);
		remember(w, e.ases, e.ases_moved);
	}
	w->many = many;
	return 0;
}

int news_round(struct news *w, uint32_t round, const int32_t *site, news_tell *tell, void *arg)
{
	for (size_t i = 0; i < w->n_vps; i++) {
		if (make_site(w, site[i]) < 0)
			return ERR_NOMEM;
		see(&w->vps[i], site[i]);
	}
	count_sites(w);
	for (size_t i = 0; i < w->n_sites; i++)
		if (w->sites[i].gone)
			tell_back(w, round, (int32_t)i, tell, arg);
		else if (is_gone(&w->sites[i], false))
			tell_gone(w, round, (int32_t)i, tell, arg);
	follow_quietly(w);
	count_sites(w);
	return tell_moves(w, round, tell, arg);
}
