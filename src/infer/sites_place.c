#include "infer/sites_place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

struct sites_town_at {
	float km;
	uint32_t town;
};

enum { AROUND_MAX = 1024 };
/* In a disc larger than this, towns with fewer people are not looked at: it says little, and holds tens of thousands. */
static const double wide_km = 2000;
enum { WIDE_POPULATION_MIN = 100000 };
/* Sites stand near those they serve: what a distance costs, against the disc's radius. */
static const float closeness = 5, closeness_km = 200;
/* For a disc that does not hold the town, and for a site nearby that another identity has already. */
static const float violation = 3, neighbour = 1.5F;
static const float same_place_km = 100;
/* Most that a witness can add to a score; differences beyond which a town is as good as impossible. */
static const float fit_max = 1.5F, negligible = 12;

/* --- which towns --- */

/* Great circle, from a float vector: good to a few km, which is all that a score needs. */
static float km_to(const struct sites_town *t, const struct geo_point *p)
{
	float x = t->x - (float)p->x, y = t->y - (float)p->y, z = t->z - (float)p->z;
	float half = sqrtf(x * x + y * y + z * z) / 2;

	return 2 * (float)GEO_RADIUS_KM * asinf(half < 1 ? half : 1);
}

static int by_distance(const void *a, const void *b)
{
	const struct sites_town_at *x = a, *y = b;

	if (x->km < y->km || x->km > y->km)
		return x->km < y->km ? -1 : 1;
	return x->town < y->town ? -1 : 1;
}

/* The towns in a disc, into p->walked. */
static int walk(struct sites_placer *p, const struct sites_world *w, const struct disc *d, size_t *n)
{
	struct sites_walk at = sites_walk_start(w, &d->at, d->km);
	struct sites_span span;
	uint32_t least = d->km > wide_km ? WIDE_POPULATION_MIN : 0;

	*n = 0;
	while (sites_walk_next(w, &at, &span)) {
		if (vec_reserve(&p->walked, &p->cap_walked, *n + span.end - span.first) < 0)
			return ERR_NOMEM;
		for (uint32_t i = span.first; i < span.end; i++) {
			float km = km_to(&w->v[i], &d->at);

			if (km <= (float)d->km && w->v[i].population >= least)
				p->walked[(*n)++] = (struct sites_town_at){km, i};
		}
	}
	return 0;
}

/* Looks around a vantage point for the first time. */
static int look_around(struct sites_placer *p, const struct sites_world *w, const struct geo_point *at,
	struct sites_around *a)
{
	struct disc disc = {*at, 250, 0};
	size_t n = 0;

	for (; n < AROUND_MAX / 4 && disc.km < GEO_FARTHEST_KM / 2; disc.km *= 2)
		if (walk(p, w, &disc, &n) < 0)
			return ERR_NOMEM;
	qsort(p->walked, n, sizeof *p->walked, by_distance);
	a->reach_km = n > AROUND_MAX ? p->walked[AROUND_MAX].km : (float)disc.km / 2;
	a->n = n > AROUND_MAX ? AROUND_MAX : n;
	a->at = *at;
	free(a->v);
	a->v = malloc((a->n + 1) * sizeof *a->v);
	if (!a->v)
		return ERR_NOMEM;
	for (size_t i = 0; i < a->n; i++)
		a->v[i] = p->walked[i];
	return 0;
}

static bool same_point(const struct geo_point *a, const struct geo_point *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* The towns in the disc of a witness: those known around the vantage point, if the disc does not go further. */
static int towns_of(
	struct sites_placer *p, const struct sites_question *q, const struct sites_town_at **towns, size_t *n)
{
	const struct sites_witness *w = &q->witness[0];
	struct sites_around *a;

	if (vec_reserve(&p->around, &p->cap_around, w->vp + 1) < 0)
		return ERR_NOMEM;
	while (p->n_around <= w->vp)
		p->around[p->n_around++] = (struct sites_around){0};
	a = &p->around[w->vp];
	if (!(a->v && same_point(&a->at, &w->disc.at)) && look_around(p, q->world, &w->disc.at, a) < 0)
		return ERR_NOMEM;
	if (w->disc.km >= (double)a->reach_km) {
		*n = 0;
		if (walk(p, q->world, &w->disc, n) < 0)
			return ERR_NOMEM;
		*towns = p->walked;
		return 0;
	}
	for (*n = 0; *n < a->n && a->v[*n].km <= (float)w->disc.km;)
		++*n;
	*towns = a->v;
	return 0;
}

/* --- scores --- */

static float extra(
	const struct sites_question *q, const struct sites_profile *profiles, const struct sites_town *t)
{
	float fit = 0;

	for (size_t i = 1; i < q->n_witnesses; i++)
		fit += sites_profile_ln(&profiles[i], km_to(t, &q->witness[i].disc.at));
	for (size_t i = 0; i < q->n_bounds; i++)
		if (km_to(t, &q->bounds[i].at) > (float)q->bounds[i].km)
			fit -= violation;
	for (size_t i = 0; i < q->n_taken; i++)
		if (km_to(t, &q->taken[i]) < same_place_km)
			return fit - neighbour;
	return fit;
}

static void make_profiles(struct sites_placer *p, const struct sites_question *q, struct sites_profile *out)
{
	for (size_t i = 0; i < q->n_witnesses; i++) {
		const struct sites_witness *w = &q->witness[i];

		sites_profile_make(&out[i], &p->law, &w->time, i ? GEO_FARTHEST_KM : w->disc.km, q->tau_ms);
	}
}

static const struct sites_candidate *score(
	struct sites_placer *p, const struct sites_question *q, const struct sites_town_at *towns, size_t n)
{
	struct sites_profile profiles[SITES_WITNESSES];
	const struct sites_candidate *best = NULL;
	const float near = closeness / (closeness_km + (float)q->witness[0].disc.km);
	const bool more = q->n_witnesses > 1 || q->n_bounds > 0 || q->n_taken > 0;
	const float most = (float)(q->n_witnesses - 1) * fit_max;

	make_profiles(p, q, profiles);
	for (size_t i = 0; i < n; i++) {
		const struct sites_town *t = &q->world->v[towns[i].town];
		struct sites_candidate *c = &p->v[p->n];

		c->town = towns[i].town;
		c->prior = sites_world_prior(q->world, towns[i].town, q->others);
		c->near = -near * towns[i].km;
		c->fit = sites_profile_ln(&profiles[0], towns[i].km);
		c->score = c->prior + c->near + c->fit;
		if (best && c->score + most < best->score - negligible)
			continue;
		if (more) {
			c->fit += extra(q, profiles, t);
			c->score = c->prior + c->near + c->fit;
		}
		if (!best || c->score > best->score || (c->score >= best->score && c->town < best->town))
			best = c;
		p->n++;
	}
	return best;
}

/* --- how sure --- */

static void weigh(const struct sites_placer *p, const struct sites_question *q, struct sites_answer *out)
{
	static const float rings[] = {25, 50, 100, 200, 400, 800, 1600, 3200};
	enum { RINGS = sizeof rings / sizeof *rings };
	float mass[RINGS + 1] = {0}, sum = 0, all = 0;
	size_t ring = 0;

	for (size_t i = 0; i < p->n; i++) {
		float behind = out->best.score - p->v[i].score, km, part;

		if (behind > negligible)
			continue;
		part = expf(-behind);
		km = km_to(&q->world->v[p->v[i].town], &out->at);
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

int sites_place(struct sites_placer *p, const struct sites_question *q, struct sites_answer *out)
{
	const struct sites_town_at *towns;
	const struct sites_candidate *best;
	size_t n;

	*out = (struct sites_answer){.found = false};
	p->n = 0;
	if (towns_of(p, q, &towns, &n) < 0 || vec_reserve(&p->v, &p->cap, n + 1) < 0)
		return ERR_NOMEM;
	best = score(p, q, towns, n);
	if (!best)
		return 0;
	out->found = true;
	out->best = *best;
	out->at = (struct geo_point){(double)q->world->v[best->town].x, (double)q->world->v[best->town].y,
		(double)q->world->v[best->town].z};
	weigh(p, q, out);
	return 0;
}

void sites_placer_free(struct sites_placer *p)
{
	for (size_t i = 0; i < p->n_around; i++)
		free(p->around[i].v);
	free(p->around);
	free(p->walked);
	free(p->v);
	*p = (struct sites_placer){.n = 0};
}
