#include "infer/discs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"
#include "infer/lanes.h"

static const double half_turn_km = 3.14159265358979323846 * GEO_RADIUS_KM;
/* What is nearer than this to touching, in the float columns, is looked at again in double. */
static const float doubt = 4e-6F;
enum { SORTED_BYTES = 3 };
/* A km, in radians. */
static const float edge = (float)(1 / GEO_RADIUS_KM);

double discs_radius_km(double rtt_ms, double accuracy_km, double km_per_ms)
{
	double km = rtt_ms * km_per_ms * (1 + GEO_SPHERE_ERROR) + accuracy_km;

	return km < GEO_FARTHEST_KM ? km : GEO_FARTHEST_KM;
}

void discs_clear(struct discs *d)
{
	d->n = 0;
}

int discs_add(struct discs *d, const struct geo_point *at, double km, uint32_t id)
{
	if (vec_reserve(&d->v, &d->cap, d->n + 1) < 0)
		return ERR_NOMEM;
	d->v[d->n++] = (struct disc){*at, km, id};
	return 0;
}

static int by_number(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* Equals by place: the order that they were added in is not to matter. */
static int by_radius(const void *a, const void *b)
{
	const struct disc *x = a, *y = b;
	int c = by_number(x->km, y->km);

	if (c == 0)
		c = by_number(x->at.x, y->at.x);
	if (c == 0)
		c = by_number(x->at.y, y->at.y);
	if (c == 0)
		c = by_number(x->at.z, y->at.z);
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

size_t discs_first(const struct discs *d)
{
	size_t first = 0;

	for (size_t i = 1; i < d->n; i++)
		if (d->v[i].km <= d->v[first].km && by_radius(&d->v[i], &d->v[first]) < 0)
			first = i;
	return first;
}

/* The radius as a float, whose bits sort as numbers since it is not negative, and where the disc is. */
static uint64_t key_of(const struct disc *d, size_t at)
{
	float km = (float)d->km;
	uint32_t bits;

	memcpy(&bits, &km, sizeof bits);
	return (uint64_t)bits << 32 | at;
}

static void count_bytes(const uint64_t *keys, size_t n, uint32_t counts[static SORTED_BYTES][256])
{
	memset(counts, 0, SORTED_BYTES * sizeof *counts);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < SORTED_BYTES; k++)
			counts[k][keys[i] >> (64 - 8 * (SORTED_BYTES - k)) & 255]++;
}

/* By the upper bytes, the lowest of them first: all but neighbours of nearly one size are where they should be. */
uint64_t *discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n)
{
	uint32_t at[SORTED_BYTES][256];
	uint64_t *from = keys, *to = spare;

	count_bytes(keys, n, at);
	for (int k = 0; k < SORTED_BYTES; k++) {
		uint64_t *swap = from;

		for (uint32_t i = 0, sum = 0; i < 256; i++) {
			sum += at[k][i];
			at[k][i] = sum - at[k][i];
		}
		for (size_t i = 0; i < n; i++)
			to[at[k][from[i] >> (64 - 8 * (SORTED_BYTES - k)) & 255]++] = from[i];
		from = to;
		to = swap;
	}
	for (size_t i = 1; i < n; i++) {
		uint64_t key = from[i];
		size_t k = i;

		for (; k > 0 && from[k - 1] > key; k--)
			from[k] = from[k - 1];
		from[k] = key;
	}
	return from;
}

int discs_sort(struct discs *d)
{
	struct disc *unsorted = d->v;
	size_t cap = d->cap;
	uint64_t *keys;

	if (vec_reserve(&d->spare, &d->cap_spare, d->n + 1) < 0 ||
		vec_reserve(&d->keys, &d->cap_keys, 2 * d->n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->n; i++)
		d->keys[i] = key_of(&d->v[i], i);
	keys = discs_sort_keys(d->keys, d->keys + d->n, d->n);
	for (size_t i = 0; i < d->n; i++)
		d->spare[i] = d->v[(uint32_t)keys[i]];
	for (size_t i = 0, end; i < d->n; i = end) {
		for (end = i + 1; end < d->n && keys[end] >> 32 == keys[i] >> 32;)
			end++;
		if (end - i > 1)
			qsort(d->spare + i, end - i, sizeof *d->spare, by_radius);
	}
	d->v = d->spare;
	d->cap = d->cap_spare;
	d->spare = unsorted;
	d->cap_spare = cap;
	return 0;
}

static void free_columns(struct discs_columns *c)
{
	free(c->all);
	*c = (struct discs_columns){.cap = 0};
}

void discs_free(struct discs *d)
{
	free(d->v);
	free(d->spare);
	free_columns(&d->columns);
	free(d->keys);
	*d = (struct discs){0};
}

/* --- columns --- */

/* The chord of a unit circle's arc r, 0 to pi, and with it the sine and cosine, each to 1e-7: by series for the half. */
static inline void angles(struct discs_columns *c, size_t at)
{
	lanes h = lanes_at(c->r + at) * 0.5F, q = h * h;
	lanes sine =
		h * (1 + q * (-1.6666667e-1F +
				     q * (8.3333333e-3F +
						 q * (-1.9841270e-4F +
							     q * (2.7557319e-6F + q * -2.5052108e-8F)))));
	lanes cosine =
		1 +
		q * (-0.5F + q * (4.1666667e-2F +
					 q * (-1.3888889e-3F +
						     q * (2.4801587e-5F +
								 q * (-2.7557319e-7F + q * 2.0876757e-9F)))));
	lanes cos_r = 1 - 2 * sine * sine, sin_r = 2 * sine * cosine, chord = 2 * sine + edge;
	lanes hold = chord * chord;

	memcpy(c->cos_r + at, &cos_r, sizeof cos_r);
	memcpy(c->sin_r + at, &sin_r, sizeof sin_r);
	memcpy(c->hold + at, &hold, sizeof hold);
}

static int reserve_columns(struct discs_columns *c, size_t n)
{
	size_t padded = discs_words(n) * DISCS_WORD, cap = c->cap;
	float **const column[] = {&c->x, &c->y, &c->z, &c->r, &c->cos_r, &c->sin_r, &c->hold};
	enum { COLUMNS = sizeof column / sizeof *column };

	if (vec_reserve(&c->all, &c->cap, padded * COLUMNS) < 0)
		return ERR_NOMEM;
	/* Numbers, of which sums and products are quick: no NAN. */
	if (c->cap > cap)
		memset(c->all, 0, c->cap * sizeof *c->all);
	for (size_t i = 0; i < COLUMNS; i++)
		*column[i] = c->all + i * padded;
	return 0;
}

int discs_finish(struct discs *d)
{
	const float per_km = (float)(1 / GEO_RADIUS_KM), half_turn = (float)(half_turn_km / GEO_RADIUS_KM);
	struct discs_columns *c = &d->columns;

	if (reserve_columns(c, d->n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->n; i++) {
		const struct disc *v = &d->v[i];
		float r = (float)v->km * per_km;

		c->x[i] = (float)v->at.x;
		c->y[i] = (float)v->at.y;
		c->z[i] = (float)v->at.z;
		c->r[i] = r < half_turn ? r : half_turn;
	}
	for (size_t i = 0; i < d->n; i += LANES)
		angles(c, i);
	return 0;
}

bool discs_disjoint(const struct disc *a, const struct disc *b)
{
	double sum = a->km + b->km;

	return sum < half_turn_km && geo_arc_km(&a->at, &b->at) > sum;
}

/* A disc against which others are held. */
struct against {
	lanes x, y, z, cos_r, sin_r;
};

static struct against against(const struct discs_columns *c, size_t at)
{
	return (struct against){lanes_of(c->x[at]), lanes_of(c->y[at]), lanes_of(c->z[at]),
		lanes_of(c->cos_r[at]), lanes_of(c->sin_r[at])};
}

/* Below 0 when disjoint. */
static inline lanes margins(const struct discs_columns *c, const struct against *a, size_t at)
{
	return a->x * lanes_at(c->x + at) + a->y * lanes_at(c->y + at) + a->z * lanes_at(c->z + at) -
	       a->cos_r * lanes_at(c->cos_r + at) + a->sin_r * lanes_at(c->sin_r + at);
}

/* Above 0 when the larger, by which `a` is, holds the other. */
static inline lanes depths(const struct discs_columns *c, const struct against *a, size_t at)
{
	return a->x * lanes_at(c->x + at) + a->y * lanes_at(c->y + at) + a->z * lanes_at(c->z + at) -
	       a->cos_r * lanes_at(c->cos_r + at) - a->sin_r * lanes_at(c->sin_r + at);
}

/* Of 64 discs those whose margin is below the limit. */
static uint64_t margins_below(
	const struct discs_columns *c, const struct against *a, size_t word, float limit)
{
	uint64_t bits = 0;

	for (size_t k = 0; k < DISCS_WORD; k += LANES)
		bits |= (uint64_t)lanes_bits(margins(c, a, word * DISCS_WORD + k) < limit) << k;
	return bits;
}

/* What the margin says holds unless the discs may reach around the globe. */
static bool may_meet_behind(float r_a, float r_b)
{
	return r_a + r_b >= 3.14F;
}

/* The disc as the columns have it. */
static struct against against_disc(const struct disc *a, float *r)
{
	float column[7][LANES] = {{(float)a->at.x}, {(float)a->at.y}, {(float)a->at.z},
		{(float)((a->km < half_turn_km ? a->km : half_turn_km) / GEO_RADIUS_KM)}};
	struct discs_columns c = {
		column[0], column[1], column[2], column[3], column[4], column[5], column[6], NULL, 0};

	angles(&c, 0);
	*r = c.r[0];
	return against(&c, 0);
}

size_t discs_disjoint_from(const struct discs *d, const struct disc *disc, size_t from, uint32_t *out)
{
	const struct discs_columns *c = &d->columns;
	float r;
	const struct against a = against_disc(disc, &r);
	size_t n = 0;

	for (size_t word = from / DISCS_WORD; word < discs_words(d->n); word++) {
		uint64_t some = margins_below(c, &a, word, doubt) & discs_all(d->n, word);
		uint64_t sure = some ? margins_below(c, &a, word, -doubt) : 0;

		for (; some; some &= some - 1) {
			size_t i = word * DISCS_WORD + (size_t)__builtin_ctzll(some);
			bool surely = (sure & some & -some) && !may_meet_behind(r, c->r[i]);

			if (i >= from && (surely || discs_disjoint(disc, &d->v[i])))
				out[n++] = (uint32_t)i;
		}
	}
	return n;
}

size_t discs_without(const struct discs *d, const struct geo_point *p, uint32_t *out)
{
	const struct disc point = {*p, 0, 0};

	return discs_disjoint_from(d, &point, 0, out);
}

bool discs_holds(const struct discs *d, size_t i, const struct geo_point *p)
{
	const struct discs_columns *c = &d->columns;
	float u = c->x[i] - (float)p->x, v = c->y[i] - (float)p->y, w = c->z[i] - (float)p->z;

	return u * u + v * v + w * w <= c->hold[i];
}

void discs_holding(const struct discs *d, const struct geo_point *p, uint64_t *out)
{
	const struct discs_columns *c = &d->columns;
	const lanes x = lanes_of((float)p->x), y = lanes_of((float)p->y), z = lanes_of((float)p->z);

	for (size_t word = 0; word < discs_words(d->n); word++) {
		uint64_t bits = 0;

		for (size_t k = 0; k < DISCS_WORD; k += LANES) {
			size_t at = word * DISCS_WORD + k;
			lanes u = lanes_at(c->x + at) - x, v = lanes_at(c->y + at) - y,
			      w = lanes_at(c->z + at) - z;

			bits |= (uint64_t)lanes_bits(u * u + v * v + w * w <= lanes_at(c->hold + at)) << k;
		}
		out[word] = bits & discs_all(d->n, word);
	}
}

/* --- the largest independent set --- */

/* Largest clique in the graph of disjoint pairs, by branch and bound: the candidates are coloured greedily, discs that meet
 * sharing a colour, and no set takes more than one disc of each (Tomita and Seki, DMTCS 2003). Bits of a row: the discs that are
 * disjoint from it. */
struct discs_search {
	uint64_t *row;
	size_t cap_row;
	uint64_t *sets; /* one set of candidates for each depth, two more to colour with */
	size_t cap_sets;
	uint32_t *order; /* vertices by colour, for each depth */
	uint32_t *colour;
	size_t cap_order, cap_colour;
	uint32_t
		*kept; /* discs that hold no other disc: what excludes one that does excludes the other too */
	struct discs_columns columns; /* of those */
	size_t n_kept, cap_kept;
	uint32_t *now, *best;
	size_t cap_now, cap_best, n_now, n_best;
	size_t words, budget;
	bool cut;
};

/* Whether the disc holds one of those kept, all of them smaller. */
static bool holds_kept(const struct discs_search *s, const struct discs *d, size_t i)
{
	const struct against a = against(&d->columns, i);

	for (size_t at = 0; at < s->n_kept; at += LANES) {
		lanes depth = depths(&s->columns, &a, at);
		unsigned some = lanes_bits(depth > -doubt);

		if (at + LANES > s->n_kept)
			some &= (1u << (s->n_kept - at)) - 1;
		for (; some; some &= some - 1) {
			unsigned k = (unsigned)__builtin_ctz(some);
			const struct disc *small = &d->v[s->kept[at + k]], *big = &d->v[i];

			if (depth[k] > doubt || geo_arc_km(&small->at, &big->at) + small->km <= big->km)
				return true;
		}
	}
	return false;
}

static void keep(struct discs_search *s, const struct discs_columns *from, size_t i)
{
	struct discs_columns *to = &s->columns;
	size_t at = s->n_kept++;

	s->kept[at] = (uint32_t)i;
	to->x[at] = from->x[i];
	to->y[at] = from->y[i];
	to->z[at] = from->z[i];
	to->r[at] = from->r[i];
	to->cos_r[at] = from->cos_r[i];
	to->sin_r[at] = from->sin_r[i];
}

static int keep_needed(struct discs_search *s, const struct discs *d)
{
	if (reserve_columns(&s->columns, d->n) < 0 || vec_reserve(&s->kept, &s->cap_kept, d->n + 1) < 0)
		return ERR_NOMEM;
	s->n_kept = 0;
	for (size_t i = 0; i < d->n; i++)
		if (!holds_kept(s, d, i))
			keep(s, &d->columns, i);
	return 0;
}

static void set_bit(uint64_t *set, size_t i)
{
	set[i / 64] |= (uint64_t)1 << i % 64;
}

static bool has_bit(const uint64_t *set, size_t i)
{
	return set[i / 64] >> i % 64 & 1;
}

static void clear_bit(uint64_t *set, size_t i)
{
	set[i / 64] &= ~((uint64_t)1 << i % 64);
}

/* Of the 64 kept from there, those that are disjoint from one. */
static uint64_t disjoint_word(const struct discs_search *s, const struct discs *d, size_t i, size_t word)
{
	const struct against a = against(&s->columns, i);
	uint64_t bits = margins_below(&s->columns, &a, word, doubt) & discs_all(s->n_kept, word);
	uint64_t doubtful = bits & ~margins_below(&s->columns, &a, word, -doubt);

	for (uint64_t left = bits; left; left &= left - 1) {
		size_t k = word * DISCS_WORD + (size_t)__builtin_ctzll(left);

		if (((doubtful & left & -left) || may_meet_behind(s->columns.r[i], s->columns.r[k])) &&
			!discs_disjoint(&d->v[s->kept[i]], &d->v[s->kept[k]]))
			bits &= ~(left & -left);
	}
	return bits;
}

static int make_rows(struct discs_search *s, const struct discs *d)
{
	size_t n = s->n_kept;

	s->words = discs_words(n);
	if (vec_reserve(&s->row, &s->cap_row, n * s->words + 1) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t word = 0; word < s->words; word++)
			s->row[i * s->words + word] = disjoint_word(s, d, i, word);
	return 0;
}

/* The lowest bit, which is taken out; SIZE_MAX when there is none. */
static size_t take_bit(uint64_t *set, size_t words)
{
	for (size_t w = 0; w < words; w++)
		if (set[w]) {
			size_t i = w * 64 + (size_t)__builtin_ctzll(set[w]);

			set[w] &= set[w] - 1;
			return i;
		}
	return SIZE_MAX;
}

/* Colours the candidates: order[] and colour[] (from 1) by ascending colour; returns how many there are. */
static size_t colour(struct discs_search *s, const uint64_t *candidates, uint32_t *order, uint32_t *colours)
{
	uint64_t *left = s->sets + s->n_kept * s->words + s->words, *class = left + s->words;
	size_t n = 0, v;

	memcpy(left, candidates, s->words * sizeof *left);
	for (uint32_t c = 1;; c++) {
		size_t before = n;

		memcpy(class, left, s->words * sizeof *class);
		while ((v = take_bit(class, s->words)) != SIZE_MAX) {
			clear_bit(left, v);
			for (size_t w = 0; w < s->words; w++)
				class[w] &= ~s->row[v * s->words + w];
			order[n] = (uint32_t)v;
			colours[n++] = c;
		}
		if (n == before)
			return n;
	}
}

static void take_best(struct discs_search *s)
{
	if (s->n_now <= s->n_best)
		return;
	memcpy(s->best, s->now, s->n_now * sizeof *s->now);
	s->n_best = s->n_now;
}

static void branch(struct discs_search *s, uint64_t *candidates, size_t start)
{
	uint32_t *order = s->order + start, *colours = s->colour + start;
	size_t n = colour(s, candidates, order, colours);
	uint64_t *next = candidates + s->words;

	take_best(s);
	for (size_t i = n; i-- > 0 && s->n_now + colours[i] > s->n_best;) {
		size_t v = order[i];

		if (s->budget == 0) {
			s->cut = true;
			return;
		}
		s->budget--;
		for (size_t w = 0; w < s->words; w++)
			next[w] = candidates[w] & s->row[v * s->words + w];
		s->now[s->n_now++] = (uint32_t)v;
		branch(s, next, start + n);
		s->n_now--;
		clear_bit(candidates, v);
	}
}

/* The smallest first, each that none taken excludes: what the search has to better. */
static void greedy(struct discs_search *s)
{
	s->n_best = 0;
	for (size_t v = 0; v < s->n_kept; v++) {
		bool free_of = true;

		for (size_t i = 0; i < s->n_best && free_of; i++)
			free_of = has_bit(s->row + s->best[i] * s->words, v);
		if (free_of)
			s->best[s->n_best++] = (uint32_t)v;
	}
}

static int search(struct discs_search *s, size_t budget)
{
	/* Memory of the search goes with the square of their number; so many never met in practice. */
	enum { SEARCHED_MAX = 2048 };
	size_t n = s->n_kept, stack = n * (n + 1) / 2 + 1;

	if (vec_reserve(&s->now, &s->cap_now, n + 1) < 0 || vec_reserve(&s->best, &s->cap_best, n + 1) < 0)
		return ERR_NOMEM;
	s->n_now = 0;
	s->budget = budget;
	greedy(s);
	s->cut = n > SEARCHED_MAX;
	if (s->cut || n == 0)
		return 0;
	if (vec_reserve(&s->sets, &s->cap_sets, (n + 3) * s->words) < 0 ||
		vec_reserve(&s->order, &s->cap_order, stack) < 0 ||
		vec_reserve(&s->colour, &s->cap_colour, stack) < 0)
		return ERR_NOMEM;
	memset(s->sets, 0, s->words * sizeof *s->sets);
	for (size_t i = 0; i < n; i++)
		set_bit(s->sets, i);
	branch(s, s->sets, 0);
	return 0;
}

int discs_independent(struct discs_independent *out, const struct discs *d, size_t budget)
{
	struct discs_search *s = out->work ? out->work : calloc(1, sizeof *s);
	int rc;

	out->n = 0;
	out->work = s;
	if (!s)
		return ERR_NOMEM;
	rc = keep_needed(s, d);
	if (rc == 0)
		rc = make_rows(s, d);
	if (rc == 0)
		rc = search(s, budget);
	if (rc == 0)
		rc = vec_reserve(&out->v, &out->cap, s->n_best + 1);
	if (rc < 0)
		return ERR_NOMEM;
	for (; out->n < s->n_best; out->n++)
		out->v[out->n] = s->kept[s->best[out->n]];
	out->exact = !s->cut;
	return 0;
}

void discs_independent_free(struct discs_independent *out)
{
	struct discs_search *s = out->work;

	if (s) {
		free(s->row);
		free(s->sets);
		free(s->order);
		free(s->colour);
		free(s->kept);
		free_columns(&s->columns);
		free(s->now);
		free(s->best);
		free(s);
	}
	free(out->v);
	*out = (struct discs_independent){0};
}
