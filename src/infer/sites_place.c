#include "infer/sites_place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

/* Sites stand near those they serve: what a distance costs, against the disc's radius. */
static const float closeness = 5, closeness_km = 200;
/* For a disc that does not hold the town, and for a site nearby that another identity has already. */
static const float violation = 3, neighbour = 1.5F;
/* Square of the chord of 100 km. */
static const float same_place = (float)(100 / GEO_RADIUS_KM * (100 / GEO_RADIUS_KM));
/* The last mile of those that one site serves has much in common: a country's networks may all be far from their exchange. Where
 * there are several witnesses its scale may be so many times the run's, with so much probability. */
enum { SCALES = 3, SCALES_MAX_MS = 20 };
static const double scale_of[SCALES] = {1, 2.5, 6};
static const float scale_weight[LANES] = {0.4F, 0.35F, 0.25F};
/* A difference of scores beyond which a town is as good as impossible. */
static const float negligible = 7;

/* Towns are looked at one by one no farther than this, and no more of them: they are as good as their metropolitan area then. */
enum { TOWNS_MAX = 1024 };
static const double towns_km = 2000;

/* --- distances --- */

static inline float km_between(float x, float y, float z, const struct geo_point *p)
{
	float u = x - (float)p->x, v = y - (float)p->y, w = z - (float)p->z;

	return geo_chord_km(u * u + v * v + w * w);
}

static uint64_t key_of(float km, uint32_t town)
{
	uint32_t bits;

	memcpy(&bits, &km, sizeof bits);
	return (uint64_t)bits << 32 | town;
}

static float km_of_key(uint64_t key)
{
	uint32_t bits = (uint32_t)(key >> 32);
	float km;

	memcpy(&km, &bits, sizeof km);
	return km;
}

/* --- lists of towns --- */

static int add_key(
	struct sites_placer *p, const struct sites_world *w, uint32_t town, const struct geo_point *at)
{
	const struct sites_town *t = &w->v[town];

	if (vec_reserve(&p->keys, &p->cap_keys, 2 * (p->n_keys + 1)) < 0)
		return ERR_NOMEM;
	p->keys[p->n_keys++] = key_of(km_between(t->x, t->y, t->z, at), town);
	return 0;
}

static int towns_within(
	struct sites_placer *p, const struct sites_world *w, const struct geo_point *at, double km)
{
	struct sites_walk walk = sites_walk_start(w, at, km);
	struct sites_span span;

	p->n_keys = 0;
	while (sites_walk_next(w, &walk, &span))
		for (uint32_t i = span.first; i < span.end; i++)
			if (add_key(p, w, i, at) < 0)
				return ERR_NOMEM;
	return 0;
}

/* One piece of memory for all columns. */
static struct sites_list *new_list(size_t n)
{
	enum { COLUMNS = 7 };
	size_t padded = (n + LANES - 1) / LANES * LANES;
	struct sites_list *l = calloc(1, sizeof *l + padded * COLUMNS * sizeof(float));
	float *column;
	void *towns;

	if (!l)
		return NULL;
	column = (float *)(l + 1);
	towns = column + 6 * padded;
	*l = (struct sites_list){.n = n,
		.km = column,
		.x = column + padded,
		.y = column + 2 * padded,
		.z = column + 3 * padded,
		.prior = column + 4 * padded,
		.score = column + 5 * padded,
		.town = towns};
	return l;
}

/* The nearest of the towns that were collected; all of those nearer than `sure_km` were. NULL without memory. */
static struct sites_list *make_list(
	struct sites_placer *p, const struct sites_world *w, float sure_km, size_t most)
{
	size_t n = p->n_keys < most ? p->n_keys : most;
	struct sites_list *l = new_list(n);
	const uint64_t *keys = p->keys;

	if (!l)
		return NULL;
	discs_sort_keys(p->keys, p->keys + p->n_keys, p->n_keys);
	for (size_t i = 0; i < n; i++) {
		const struct sites_town *t = &w->v[(uint32_t)keys[i]];

		l->town[i] = (uint32_t)keys[i];
		l->km[i] = km_of_key(keys[i]);
		l->x[i] = t->x;
		l->y[i] = t->y;
		l->z[i] = t->z;
	}
	l->reach_km = n < p->n_keys && km_of_key(keys[n]) < sure_km ? km_of_key(keys[n]) : sure_km;
	return l;
}

/* Looks no farther than it needs to: most discs are small. */
static struct sites_list *list_towns(
	struct sites_placer *p, const struct sites_world *w, const struct geo_point *at, double need_km)
{
	double km = 125;

	do {
		km *= 2;
		if (towns_within(p, w, at, km) < 0)
			return NULL;
	} while (p->n_keys < TOWNS_MAX && km < towns_km && km <= need_km);
	return make_list(p, w, (float)km, TOWNS_MAX);
}

static struct sites_list *list_heads(
	struct sites_placer *p, const struct sites_world *w, const struct geo_point *at)
{
	p->n_keys = 0;
	for (size_t i = 0; i < w->n_heads; i++)
		if (add_key(p, w, w->heads[i], at) < 0)
			return NULL;
	return make_list(p, w, INFINITY, w->n_heads);
}

static int around_vp(struct sites_placer *p, const struct sites_witness *w, struct sites_around **out)
{
	struct sites_around *a;

	if (vec_reserve(&p->around, &p->cap_around, w->vp + 1) < 0)
		return ERR_NOMEM;
	while (p->n_around <= w->vp)
		p->around[p->n_around++] = (struct sites_around){.towns = NULL};
	a = &p->around[w->vp];
	/* The very same place. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (memcmp(&a->at, &w->disc.at, sizeof a->at) != 0) {
		free(a->towns);
		free(a->heads);
		*a = (struct sites_around){.at = w->disc.at};
	}
	*out = a;
	return 0;
}

/* --- scores --- */

struct scoring {
	struct sites_placer *p;
	const struct sites_question *q;
	struct sites_profile alone; /* of the first witness, in the first lane */
	struct sites_profile by_scale[SITES_WITNESSES];
	float near, most; /* cost of a km; most that others than the first witness can add */
	bool more;
	struct sites_bound {
		float x, y, z, cosine;
	} bounds[SITES_BOUNDS];
	size_t n_bounds; /* those that leave a part of the first disc out */
	float best;
	const struct sites_list *list;
	bool heads; /* of metropolitan areas, which they stand for */
};

static float alone_ln(const struct scoring *s, float km)
{
	float at = sites_profile_at(&s->alone, lanes_of(km))[0];

	return sites_profile_value(&s->alone, at)[0];
}

/* Squares of the chords from a place to some towns of the list. */
static inline lanes chords(const struct sites_list *l, size_t at, const struct geo_point *p)
{
	const lanes x = lanes_at(l->x + at) - (float)p->x, y = lanes_at(l->y + at) - (float)p->y,
		    z = lanes_at(l->z + at) - (float)p->z;

	return x * x + y * y + z * z;
}

/* What the times of all say together of some towns, beyond those of the first. */
static lanes others_fit(const struct scoring *s, size_t at)
{
	const struct sites_question *q = s->q;
	const lanes near = sites_profile_at(&s->alone, lanes_at(s->list->km + at));
	lanes fit[LANES], sum = {0}, first = {0};

	for (int i = 0; i < LANES; i++)
		fit[i] = sites_profile_value(&s->by_scale[0], near[i]);
	for (size_t k = 1; k < q->n_witnesses; k++) {
		const struct sites_profile *p = &s->by_scale[k];
		const lanes arc = lanes_arc(chords(s->list, at, &q->witness[k].disc.at));
		const lanes knot = sites_profile_at(p, arc * (float)GEO_RADIUS_KM);

		for (int i = 0; i < LANES; i++)
			fit[i] += sites_profile_value(p, knot[i]);
	}
	for (int i = 0; i < LANES; i++) {
		const lanes part = lanes_exp(fit[i]) * lanes_at(scale_weight);

		sum[i] = part[0] + part[1] + part[2];
		first[i] = sites_profile_value(&s->alone, near[i])[0];
	}
	return lanes_log(sum) - first;
}

/* Of some towns of the list. */
static lanes others_say(const struct scoring *s, size_t at)
{
	const struct sites_question *q = s->q;
	const lanes x = lanes_at(s->list->x + at), y = lanes_at(s->list->y + at),
		    z = lanes_at(s->list->z + at);
	lanes fit = q->n_witnesses > 1 ? others_fit(s, at) : lanes_of(0);
	lanes_truth taken = {0};

	for (size_t k = 0; k < s->n_bounds; k++) {
		const struct sites_bound *b = &s->bounds[k];

		fit -= lanes_where(b->x * x + b->y * y + b->z * z < b->cosine, lanes_of(violation));
	}
	for (size_t k = 0; k < q->n_taken; k++)
		taken |= chords(s->list, at, &q->taken[k]) < same_place;
	return fit - lanes_where(taken, lanes_of(neighbour));
}

static void set_bounds(struct scoring *s)
{
	const struct disc *first = &s->q->witness[0].disc;

	for (size_t i = 0; i < s->q->n_bounds; i++) {
		const struct disc *b = &s->q->bounds[i];

		if (geo_arc_km(&b->at, &first->at) + first->km > b->km)
			s->bounds[s->n_bounds++] = (struct sites_bound){(float)b->at.x, (float)b->at.y,
				(float)b->at.z, (float)cos(b->km / GEO_RADIUS_KM)};
	}
	s->more = s->q->n_witnesses > 1 || s->n_bounds > 0 || s->q->n_taken > 0;
}

static float alone(const struct scoring *s, float km)
{
	return alone_ln(s, km) - s->near * km;
}

/* Of n towns by distance, what the prior and the first witness say: exact at every eighth, between them by the distance. */
static void score_alone(struct scoring *s, size_t n)
{
	enum { STEP = 8 };
	const struct sites_list *l = s->list;

	for (size_t at = 0; at < n; at += STEP) {
		size_t end = at + STEP < n ? at + STEP : n;
		float first = l->km[at], last = l->km[end - 1], a = alone(s, first), b = alone(s, last);
		float slope = last > first ? (b - a) / (last - first) : 0;

		for (size_t i = at; i < end; i++)
			l->score[i] = l->prior[i] + a + slope * (l->km[i] - first);
	}
}

/* A score that the best one is not below: of the best of each ring of towns, so that most others need no closer look. */
static float about_best(const struct scoring *s, size_t n)
{
	enum { RING = 32 };
	const struct sites_list *l = s->list;
	float best = -INFINITY;

	for (size_t at = 0; at < n; at += RING) {
		size_t top = at;
		float score;

		for (size_t i = at; i < n && i < at + RING; i++)
			top = l->score[i] > l->score[top] ? i : top;
		if (l->score[top] + s->most < best)
			continue;
		score = l->score[top] + (s->more ? others_say(s, top / LANES * LANES)[top % LANES] : 0);
		best = score > best ? score : best;
	}
	return best;
}

static void keep(struct scoring *s, size_t i, float score)
{
	const struct sites_list *l = s->list;
	struct sites_candidate c = {
		.town = l->town[i], .prior = l->prior[i], .near = -s->near * l->km[i], .score = score};

	c.share = s->heads ? 0 : s->q->world->v[c.town].share;
	c.fit = c.score - c.prior - c.near;
	s->best = c.score > s->best ? c.score : s->best;
	s->p->v[s->p->n++] = c;
}

/* Of n towns those that are not negligible. */
static void keep_likely(struct scoring *s, size_t n)
{
	for (size_t at = 0; at < n; at += LANES) {
		const lanes score = lanes_at(s->list->score + at);

		if (lanes_bits(score + s->most >= s->best - negligible) == 0)
			continue;
		const lanes now = s->more ? score + others_say(s, at) : score;

		for (size_t k = 0; k < LANES && at + k < n; k++)
			if (now[k] >= s->best - negligible)
				keep(s, at + k, now[k]);
	}
}

/* Scores the towns of the list up to the disc's edge. */
static int score_list(struct scoring *s, struct sites_list *l)
{
	const float reach = (float)s->q->witness[0].disc.km;
	size_t n = 0;

	if (l->others != s->q->others)
		l->n_weighed = 0;
	l->others = s->q->others;
	s->list = l;
	while (n < l->n && l->km[n] <= reach)
		n++;
	for (; l->n_weighed < n; l->n_weighed++)
		l->prior[l->n_weighed] = sites_world_prior(s->q->world, l->town[l->n_weighed], l->others);
	if (vec_reserve(&s->p->v, &s->p->cap, s->p->n + n + 1) < 0)
		return ERR_NOMEM;
	score_alone(s, n);
	s->best = about_best(s, n);
	keep_likely(s, n);
	return 0;
}

/* A disc with few towns in it is looked at by town, else by metropolitan area. */
static int score(struct scoring *s)
{
	const struct sites_witness *w = &s->q->witness[0];
	struct sites_around *a;

	if (around_vp(s->p, w, &a) < 0)
		return ERR_NOMEM;
	if (!a->towns || (w->disc.km >= (double)a->towns->reach_km && a->towns->n < TOWNS_MAX &&
				 (double)a->towns->reach_km < towns_km)) {
		free(a->towns);
		a->towns = list_towns(s->p, s->q->world, &w->disc.at, w->disc.km);
	}
	if (!a->towns)
		return ERR_NOMEM;
	if (w->disc.km < (double)a->towns->reach_km)
		return score_list(s, a->towns);
	if (!a->heads)
		a->heads = list_heads(s->p, s->q->world, &w->disc.at);
	s->heads = true;
	return a->heads ? score_list(s, a->heads) : ERR_NOMEM;
}

/* --- how sure --- */

/* Of equals the first in the world. */
static const struct sites_candidate *better(
	const struct sites_candidate *a, const struct sites_candidate *b, float by)
{
	return !a || by > 0 || (by >= 0 && b->town < a->town) ? b : a;
}

/* The best town, or the city that it is a part of: all towns of a metropolitan area have about one score. */
static const struct sites_candidate *best_of(const struct sites_placer *p, const struct sites_world *w)
{
	const struct sites_candidate *best = NULL, *city;
	struct geo_point at;

	for (size_t i = 0; i < p->n; i++)
		best = better(best, &p->v[i], best ? p->v[i].score - best->score : 0);
	if (!best)
		return NULL;
	at = (struct geo_point){
		(double)w->v[best->town].x, (double)w->v[best->town].y, (double)w->v[best->town].z};
	city = best;
	for (size_t i = 0; i < p->n; i++) {
		const struct sites_candidate *c = &p->v[i];
		const struct sites_town *t = &w->v[c->town];
		float by = c->score + c->share - city->score - city->share;

		if (by >= 0 && km_between(t->x, t->y, t->z, &at) < (float)SITES_METRO_KM)
			city = better(city, c, by);
	}
	return city;
}

static void weigh(const struct sites_placer *p, const struct sites_question *q, struct sites_answer *out)
{
	static const float rings[] = {25, 50, 100, 200, 400, 800, 1600, 3200};
	enum { RINGS = sizeof rings / sizeof *rings };
	float mass[RINGS + 1] = {0}, sum = 0, all = 0;
	size_t ring = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct sites_town *t = &q->world->v[p->v[i].town];
		float behind = out->best.score - p->v[i].score, km, part;

		if (behind > negligible)
			continue;
		part = expf(p->v[i].share - behind);
		km = km_between(t->x, t->y, t->z, &out->at);
		for (ring = 0; ring < RINGS && km > rings[ring];)
			ring++;
		mass[ring] += part;
		all += part;
	}
	out->mass = (double)((mass[0] + mass[1] + mass[2]) / all);
	for (ring = 0; ring < RINGS && (sum += mass[ring]) < 0.9F * all;)
		ring++;
	out->radius_km = ring < RINGS ? (double)rings[ring] : GEO_FARTHEST_KM / 2;
}

/* By the scale that fits them best, each where it fits best. */
static float most_of_others(const struct scoring *s)
{
	lanes sum = lanes_of(0);
	float most = -INFINITY;

	for (size_t k = 1; k < s->q->n_witnesses; k++)
		sum += sites_profile_most(&s->by_scale[k]);
	for (size_t m = 0; m < SCALES; m++)
		most = fmaxf(most, sum[m]);
	return most;
}

static void make_profiles(struct scoring *s)
{
	const struct sites_question *q = s->q;
	double tau_ms[SCALES];

	for (size_t m = 0; m < SCALES; m++)
		tau_ms[m] = m ? fmin(SCALES_MAX_MS, scale_of[m] * q->tau_ms) : q->tau_ms;
	sites_profile_make(&s->alone, &s->p->law, &q->witness[0].time, q->witness[0].disc.km, tau_ms,
		q->n_witnesses > 1 ? SCALES : 1);
	if (q->n_witnesses == 1)
		return;
	s->by_scale[0] = s->alone;
	for (size_t k = 1; k < q->n_witnesses; k++)
		sites_profile_make(
			&s->by_scale[k], &s->p->law, &q->witness[k].time, GEO_FARTHEST_KM, tau_ms, SCALES);
	s->most = most_of_others(s);
	for (size_t i = 0; i < SITES_LAW_KNOTS + 2; i++) {
		const lanes part = lanes_exp(lanes_at(s->alone.v[i])) * lanes_at(scale_weight);

		s->alone.v[i][0] = logf(part[0] + part[1] + part[2]);
	}
}

static int answer(struct sites_placer *p, const struct sites_question *q, struct sites_answer *out)
{
	struct scoring s = {.p = p,
		.q = q,
		.near = closeness / (closeness_km + (float)q->witness[0].disc.km),
		.best = -INFINITY};
	const struct sites_candidate *best;

	*out = (struct sites_answer){.found = false};
	p->n = 0;
	make_profiles(&s);
	set_bounds(&s);
	if (score(&s) < 0)
		return ERR_NOMEM;
	best = best_of(p, q->world);
	if (!best)
		return 0;
	out->found = true;
	out->best = *best;
	out->at = (struct geo_point){(double)q->world->v[best->town].x, (double)q->world->v[best->town].y,
		(double)q->world->v[best->town].z};
	weigh(p, q, out);
	return 0;
}

/* --- answers given before --- */

/* The question of one rounded witness. */
static struct sites_memo memo_of(const struct sites_question *q, const struct sites_witness *w, int32_t steps)
{
	return (struct sites_memo){.vp = w->vp,
		.time = steps,
		.tau_ms = (float)q->tau_ms,
		.km = (float)w->disc.km,
		.others = q->others,
		.at = w->disc.at};
}

static struct sites_memo *memo_at(struct sites_placer *p, const struct sites_memo *m)
{
	uint32_t tau, hash;

	memcpy(&tau, &m->tau_ms, sizeof tau);
	hash = ((m->vp * 0x9e3779b1u + (uint32_t)m->time) * 0x85ebca6bu + tau) * 0xc2b2ae35u;
	return p->memo[hash >> 16 & (SITES_MEMOS - 1)];
}

static bool same_question(const struct sites_memo *a, const struct sites_memo *b)
{
	return a->known && a->vp == b->vp && a->time == b->time && a->others == b->others &&
	       !(a->tau_ms < b->tau_ms || a->tau_ms > b->tau_ms) && !(a->km < b->km || a->km > b->km) &&
	       /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	       memcmp(&a->at, &b->at, sizeof a->at) == 0;
}

/* Rounds the time, and the disc with it. */
static int32_t round_time(struct sites_witness *w)
{
	const double step = 0.02;
	double steps = floor(log(w->time.rtt_ms) / step), rounded = exp(steps * step);

	if (!(w->time.rtt_ms > 0))
		return INT32_MIN;
	w->disc.km = w->time.slack_km + (w->disc.km - w->time.slack_km) * rounded / w->time.rtt_ms;
	w->disc.km = (double)(float)w->disc.km;
	w->time.rtt_ms = rounded;
	return (int32_t)steps;
}

int sites_place(struct sites_placer *p, const struct sites_question *question, struct sites_answer *out)
{
	struct sites_question q = *question;
	struct sites_witness rounded = q.witness[0];
	struct sites_memo m, *memo;
	int32_t steps;

	if (q.n_witnesses > 1 || q.n_bounds > 0 || q.n_taken > 0)
		return answer(p, &q, out);
	if (!p->memo)
		p->memo = calloc(SITES_MEMOS, sizeof *p->memo);
	if (!p->memo)
		return ERR_NOMEM;
	q.witness = &rounded;
	steps = round_time(&rounded);
	m = memo_of(&q, &rounded, steps);
	memo = memo_at(p, &m);
	for (size_t i = 0; i < SITES_MEMO_WAYS; i++)
		if (!q.fresh && same_question(&memo[i], &m)) {
			*out = memo[i].answer;
			return 0;
		}
	if (answer(p, &q, out) < 0)
		return ERR_NOMEM;
	m.known = true;
	m.answer = *out;
	memmove(memo + 1, memo, (SITES_MEMO_WAYS - 1) * sizeof *memo);
	memo[0] = m;
	return 0;
}

void sites_placer_free(struct sites_placer *p)
{
	for (size_t i = 0; i < p->n_around; i++) {
		free(p->around[i].towns);
		free(p->around[i].heads);
	}
	free(p->around);
	free(p->memo);
	free(p->keys);
	free(p->v);
	*p = (struct sites_placer){.n = 0};
}
