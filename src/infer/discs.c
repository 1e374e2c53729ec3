#include "infer/discs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

static const double half_turn_km = 3.14159265358979323846 * GEO_RADIUS_KM;
/* What is nearer than this to touching, in the float columns, is looked at again in double. */
static const float doubt = 4e-6F;

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

/* A byte at a time; after an even number of passes all are back in the first array. */
void discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n)
{
	uint64_t *from = keys, *to = spare;

	for (int shift = 32; shift < 64; shift += 8) {
		uint32_t at[257] = {0};
		uint64_t *swap = from;

		for (size_t i = 0; i < n; i++)
			at[(from[i] >> shift & 255) + 1]++;
		for (size_t i = 0; i < 256; i++)
			at[i + 1] += at[i];
		for (size_t i = 0; i < n; i++)
			to[at[from[i] >> shift & 255]++] = from[i];
		from = to;
		to = swap;
	}
}

int discs_sort(struct discs *d)
{
	struct disc *sorted;

	if (vec_reserve(&d->v, &d->cap, 2 * d->n) < 0 || vec_reserve(&d->keys, &d->cap_keys, 2 * d->n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->n; i++)
		d->keys[i] = key_of(&d->v[i], i);
	discs_sort_keys(d->keys, d->keys + d->n, d->n);
	sorted = d->v + d->n;
	for (size_t i = 0; i < d->n; i++)
		sorted[i] = d->v[(uint32_t)d->keys[i]];
	for (size_t i = 0, end; i < d->n; i = end) {
		for (end = i + 1; end < d->n && d->keys[end] >> 32 == d->keys[i] >> 32;)
			end++;
		if (end - i > 1)
			qsort(sorted + i, end - i, sizeof *sorted, by_radius);
	}
	if (d->n > 0)
		memcpy(d->v, sorted, d->n * sizeof *sorted);
	return 0;
}

void discs_free(struct discs *d)
{
	free(d->v);
	free(d->columns);
	free(d->keys);
	*d = (struct discs){0};
}

/* --- columns --- */

/* Sine and cosine of r from those of its half, 0 to pi/2, each to 1e-7: series that a compiler makes vectors of. */
static inline void angles(const float r[static DISCS_LANES], float *cos_r, float *sin_r)
{
	float cosine[DISCS_LANES], sine[DISCS_LANES];

	for (size_t i = 0; i < DISCS_LANES; i++) {
		float h = r[i] / 2, q = h * h;
		float s =
			h *
			(1 + q * (-1.6666667e-1F +
					 q * (8.3333333e-3F +
						     q * (-1.9841270e-4F +
								 q * (2.7557319e-6F + q * -2.5052108e-8F)))));
		float c = 1 +
			  q * (-0.5F + q * (4.1666667e-2F +
						   q * (-1.3888889e-3F +
							       q * (2.4801587e-5F +
									   q * (-2.7557319e-7F +
										       q * 2.0876757e-9F)))));

		cosine[i] = 1 - 2 * s * s;
		sine[i] = 2 * s * c;
	}
	memcpy(cos_r, cosine, sizeof cosine);
	memcpy(sin_r, sine, sizeof sine);
}

int discs_finish(struct discs *d)
{
	const float per_km = (float)(1 / GEO_RADIUS_KM), half_turn = (float)(half_turn_km / GEO_RADIUS_KM);
	size_t padded = (d->n + DISCS_LANES - 1) / DISCS_LANES * DISCS_LANES;
	float **const column[] = {&d->x, &d->y, &d->z, &d->r, &d->cos_r, &d->sin_r};

	if (vec_reserve(&d->columns, &d->cap_columns, padded * 6) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < 6; i++)
		*column[i] = d->columns + i * padded;
	for (size_t i = 0; i < d->n; i++) {
		const struct disc *v = &d->v[i];
		float r = (float)v->km * per_km;

		d->x[i] = (float)v->at.x;
		d->y[i] = (float)v->at.y;
		d->z[i] = (float)v->at.z;
		d->r[i] = r < half_turn ? r : half_turn;
	}
	for (size_t i = d->n; i < padded; i++) {
		d->x[i] = d->y[i] = d->z[i] = 0;
		d->r[i] = half_turn;
	}
	for (size_t i = 0; i < padded; i += DISCS_LANES)
		angles(d->r + i, d->cos_r + i, d->sin_r + i);
	return 0;
}

bool discs_disjoint(const struct disc *a, const struct disc *b)
{
	double sum = a->km + b->km;

	return sum < half_turn_km && geo_arc_km(&a->at, &b->at) > sum;
}

/* Eight pairs: below 0 when disjoint. Of `a`: x, y, z, cos, sin. */
static inline void margins(
	const struct discs *d, const float a[static 5], size_t at, float out[static DISCS_LANES])
{
	const float *x = d->x + at, *y = d->y + at, *z = d->z + at, *c = d->cos_r + at, *s = d->sin_r + at;

	for (size_t k = 0; k < DISCS_LANES; k++)
		out[k] = a[0] * x[k] + a[1] * y[k] + a[2] * z[k] - a[3] * c[k] + a[4] * s[k];
}

/* What the margin says, unless it is in doubt, or the discs may reach around the globe. */
static bool surely_disjoint(float margin, float r_a, float r_b)
{
	return margin < -doubt && r_a + r_b < 3.14F;
}

size_t discs_disjoint_from(const struct discs *d, const struct disc *a, size_t from, uint32_t *out)
{
	float r[DISCS_LANES] = {(float)((a->km < half_turn_km ? a->km : half_turn_km) / GEO_RADIUS_KM)};
	float cos_r[DISCS_LANES], sin_r[DISCS_LANES], margin[DISCS_LANES];
	size_t n = 0;

	angles(r, cos_r, sin_r);
	for (size_t at = from / DISCS_LANES * DISCS_LANES; at < d->n; at += DISCS_LANES) {
		const float column[5] = {(float)a->at.x, (float)a->at.y, (float)a->at.z, cos_r[0], sin_r[0]};
		int some = 0;

		margins(d, column, at, margin);
		for (size_t k = 0; k < DISCS_LANES; k++)
			some |= margin[k] < doubt;
		for (size_t k = 0; some && k < DISCS_LANES && at + k < d->n; k++)
			if (margin[k] < doubt && at + k >= from &&
				(surely_disjoint(margin[k], r[0], d->r[at + k]) ||
					discs_disjoint(a, &d->v[at + k])))
				out[n++] = (uint32_t)(at + k);
	}
	return n;
}

size_t discs_without(const struct discs *d, const struct geo_point *p, uint32_t *out)
{
	const struct disc point = {*p, 0, 0};

	return discs_disjoint_from(d, &point, 0, out);
}

void discs_holding(const struct discs *d, const struct geo_point *p, uint8_t *out)
{
	const float x = (float)p->x, y = (float)p->y, z = (float)p->z;

	for (size_t at = 0; at < d->n; at += DISCS_LANES) {
		float margin[DISCS_LANES];

		for (size_t k = 0; k < DISCS_LANES; k++)
			margin[k] = d->x[at + k] * x + d->y[at + k] * y + d->z[at + k] * z - d->cos_r[at + k];
		for (size_t k = 0; k < DISCS_LANES && at + k < d->n; k++)
			out[at + k] = margin[k] >= -1e-6F;
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
	uint32_t *kept; /* discs that hold no other disc */
	uint8_t *dropped;
	size_t n_kept, cap_kept, cap_dropped;
	uint32_t *now, *best;
	size_t cap_now, cap_best, n_now, n_best;
	size_t words, budget;
	bool cut;
};

/* Of the eight discs, which hold `small`: they are in no need of being looked at, since what excludes them excludes it too. */
static void drop_holders(const struct discs *d, size_t small, size_t at, uint8_t *dropped)
{
	const float column[5] = {d->x[small], d->y[small], d->z[small], d->cos_r[small], -d->sin_r[small]};
	const struct disc *a = &d->v[small];
	float margin[DISCS_LANES];
	int some = 0;

	margins(d, column, at, margin);
	for (size_t k = 0; k < DISCS_LANES; k++)
		some |= margin[k] > -doubt;
	for (size_t k = 0; some && k < DISCS_LANES && at + k < d->n; k++) {
		const struct disc *b = &d->v[at + k];

		if (at + k > small && margin[k] > -doubt && !dropped[at + k])
			dropped[at + k] = margin[k] > doubt || geo_arc_km(&a->at, &b->at) + a->km <= b->km;
	}
}

static int keep_needed(struct discs_search *s, const struct discs *d)
{
	static const uint8_t all[DISCS_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
	size_t padded = d->n + DISCS_LANES;

	if (vec_reserve(&s->dropped, &s->cap_dropped, padded) < 0 ||
		vec_reserve(&s->kept, &s->cap_kept, d->n + 1) < 0)
		return ERR_NOMEM;
	memset(s->dropped, 0, d->n);
	memset(s->dropped + d->n, 1, DISCS_LANES);
	s->n_kept = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (s->dropped[i])
			continue;
		s->kept[s->n_kept++] = (uint32_t)i;
		for (size_t at = i / DISCS_LANES * DISCS_LANES; at < d->n; at += DISCS_LANES)
			if (memcmp(s->dropped + at, all, sizeof all) != 0)
				drop_holders(d, i, at, s->dropped);
	}
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

static bool disjoint_at(const struct discs *d, size_t a, size_t b)
{
	float margin = d->x[a] * d->x[b] + d->y[a] * d->y[b] + d->z[a] * d->z[b] - d->cos_r[a] * d->cos_r[b] +
		       d->sin_r[a] * d->sin_r[b];

	return margin < doubt &&
	       (surely_disjoint(margin, d->r[a], d->r[b]) || discs_disjoint(&d->v[a], &d->v[b]));
}

static int make_rows(struct discs_search *s, const struct discs *d)
{
	size_t n = s->n_kept;

	s->words = (n + 63) / 64;
	if (vec_reserve(&s->row, &s->cap_row, n * s->words + 1) < 0)
		return ERR_NOMEM;
	memset(s->row, 0, n * s->words * sizeof *s->row);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (disjoint_at(d, s->kept[i], s->kept[k])) {
				set_bit(s->row + i * s->words, k);
				set_bit(s->row + k * s->words, i);
			}
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
		free(s->dropped);
		free(s->now);
		free(s->best);
		free(s);
	}
	free(out->v);
	*out = (struct discs_independent){0};
}
