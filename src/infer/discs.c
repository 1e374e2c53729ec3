#include "infer/discs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"
#include "infer/sweeps.h"

static const double half_turn_km = 3.14159265358979323846 * GEO_RADIUS_KM;
static const float radians_per_km = (float)(1 / GEO_RADIUS_KM);

void discs_clear(struct discs *d)
{
	d->n = 0;
}

int discs_reserve(struct discs *d, size_t n)
{
	return vec_reserve(&d->v, &d->cap, n);
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

enum { STEP_BITS = 9, STEPS = 1 << STEP_BITS };

/* By some bits of how far they are above the least. */
static void sort_pass(const uint64_t *from, uint64_t *to, size_t n, uint64_t least, int shift)
{
	uint32_t at[STEPS + 1] = {0};

	for (size_t i = 0; i < n; i++)
		at[((from[i] - least) >> shift & (STEPS - 1)) + 1]++;
	for (size_t i = 0; i < STEPS; i++)
		at[i + 1] += at[i];
	for (size_t i = 0; i < n; i++)
		to[at[(from[i] - least) >> shift & (STEPS - 1)]++] = from[i];
}

/* After one pass few, and after two many, are about where they should be: the rest one by one. */
void discs_sort_keys(uint64_t *keys, uint64_t *spare, size_t n)
{
	enum { FEW = 1024 };
	const int bits = n <= FEW ? STEP_BITS : 2 * STEP_BITS;
	uint64_t least = UINT64_MAX, most = 0;
	int shift = 32;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		least = keys[i] < least ? keys[i] : least;
		most = keys[i] > most ? keys[i] : most;
	}
	while ((most - least) >> shift >> bits)
		shift++;
	sort_pass(keys, spare, n, least, shift);
	if (n <= FEW)
		memcpy(keys, spare, n * sizeof *keys);
	else
		sort_pass(spare, keys, n, least, shift + STEP_BITS);
	for (size_t i = 1; i < n; i++) {
		uint64_t key = keys[i];
		size_t k = i;

		for (; k > 0 && keys[k - 1] > key; k--)
			keys[k] = keys[k - 1];
		keys[k] = key;
	}
}

/* Few, as a rule. */
static void sort_equals(struct disc *v, size_t n)
{
	enum { FEW = 32 };

	if (n > FEW) {
		qsort(v, n, sizeof *v, by_radius);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		const struct disc disc = v[i];
		size_t k = i;

		for (; k > 0 && by_radius(&v[k - 1], &disc) > 0; k--)
			v[k] = v[k - 1];
		v[k] = disc;
	}
}

int discs_sort(struct discs *d)
{
	const size_t n = d->n, cap = d->cap;
	struct disc *from = d->v, *to;
	uint64_t *keys;

	if (vec_reserve(&d->spare, &d->cap_spare, n + 1) < 0 ||
		vec_reserve(&d->keys, &d->cap_keys, 2 * n + 1) < 0)
		return ERR_NOMEM;
	to = d->spare;
	keys = d->keys;
	for (size_t i = 0; i < n; i++)
		keys[i] = key_of(&from[i], i);
	discs_sort_keys(keys, keys + n, n);
	keys[n] = UINT64_MAX;
	for (size_t i = 0, first = 0; i < n; i++) {
		to[i] = from[(uint32_t)keys[i]];
		if (keys[i + 1] >> 32 == keys[i] >> 32)
			continue;
		if (i > first)
			sort_equals(to + first, i + 1 - first);
		first = i + 1;
	}
	d->v = to;
	d->cap = d->cap_spare;
	d->spare = from;
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

static int reserve_columns(struct discs_columns *c, size_t n)
{
	size_t padded = discs_words(n) * DISCS_WORD, cap = c->cap;
	float **const column[] = {&c->x, &c->y, &c->z, &c->r, &c->cos_r, &c->sin_r, &c->slack, &c->hold};
	enum { COLUMNS = sizeof column / sizeof *column };

	if (vec_reserve(&c->all, &c->cap, padded * COLUMNS) < 0)
		return ERR_NOMEM;
	c->sweeps = sweeps_avx2();
	if (!c->sweeps)
		c->sweeps = sweeps_plain();
	/* Numbers, of which sums and products are quick: no NAN. */
	if (c->cap > cap)
		memset(c->all, 0, c->cap * sizeof *c->all);
	for (size_t i = 0; i < COLUMNS; i++)
		*column[i] = c->all + i * padded;
	return 0;
}

static float radians_of(const struct disc *d)
{
	const float half_turn = (float)(half_turn_km / GEO_RADIUS_KM), r = (float)d->km * radians_per_km;

	return r < half_turn ? r : half_turn;
}

int discs_finish(struct discs *d)
{
	struct discs_columns *c = &d->columns;

	if (reserve_columns(c, d->n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->n; i++) {
		const struct disc *v = &d->v[i];

		c->x[i] = (float)v->at.x;
		c->y[i] = (float)v->at.y;
		c->z[i] = (float)v->at.z;
		c->r[i] = radians_of(v);
		c->slack[i] = v->slack_km * radians_per_km;
	}
	c->sweeps->finish(c, d->n);
	return 0;
}

bool discs_disjoint(const struct disc *a, const struct disc *b)
{
	double sum = a->km + b->km;

	return sum < half_turn_km && geo_arc_km(&a->at, &b->at) > sum;
}

static struct sweeps_disc disc_at(const struct discs_columns *c, size_t i)
{
	return (struct sweeps_disc){c->x[i], c->y[i], c->z[i], c->r[i], c->cos_r[i], c->sin_r[i]};
}

static struct sweeps_disc disc_alone(const struct disc *d)
{
	float r = radians_of(d);

	return (struct sweeps_disc){(float)d->at.x, (float)d->at.y, (float)d->at.z, r, cosf(r), sinf(r)};
}

bool discs_disjoint_from(const struct discs *d, const struct disc *disc, uint64_t *out)
{
	const struct discs_columns *c = &d->columns;
	const struct sweeps_disc alone = disc_alone(disc);
	uint64_t any = 0;

	for (size_t word = 0; word < discs_words(d->n); word++) {
		const struct sweeps_word w = c->sweeps->disjoint(c, &alone, d->n, word);

		out[word] = w.some & discs_all(d->n, word);
		for (uint64_t left = out[word] & ~w.sure; left; left &= left - 1)
			if (!discs_disjoint(disc, &d->v[word * DISCS_WORD + (size_t)__builtin_ctzll(left)]))
				out[word] &= ~(left & -left);
		any |= out[word];
	}
	return any != 0;
}

bool discs_without(const struct discs *d, const struct geo_point *p, uint64_t *out)
{
	const struct disc point = {.at = *p};

	return discs_disjoint_from(d, &point, out);
}

size_t discs_farthest(const struct discs *d, const struct disc *disc, const uint64_t *set)
{
	const struct discs_columns *c = &d->columns;
	const struct sweeps_disc alone = disc_alone(disc);
	size_t farthest = d->n;
	float widest = -INFINITY;

	for (size_t word = 0; word < discs_words(d->n); word++) {
		float km[DISCS_WORD];

		if (set[word])
			c->sweeps->edges(c, &alone, d->n, word, km);
		for (uint64_t left = set[word]; left; left &= left - 1) {
			size_t i = (size_t)__builtin_ctzll(left);

			if (km[i] <= widest)
				continue;
			widest = km[i];
			farthest = word * DISCS_WORD + i;
		}
	}
	return farthest;
}

bool discs_holds(const struct discs *d, size_t i, const struct geo_point *p)
{
	const struct discs_columns *c = &d->columns;
	float u = c->x[i] - (float)p->x, v = c->y[i] - (float)p->y, w = c->z[i] - (float)p->z;

	return u * u + v * v + w * w <= c->hold[i];
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
	/* Discs that hold another are dropped: what excludes that one excludes them too. */
	struct discs_columns left; /* of those not looked at yet */
	uint32_t *left_at;         /* their positions; those of all at first */
	uint64_t *dropped;         /* set of those */
	size_t cap_left_at, cap_dropped;
	uint32_t *kept;               /* the others */
	struct discs_columns columns; /* of those */
	size_t n_kept, cap_kept;
	uint32_t *now, *best;
	size_t cap_now, cap_best, n_now, n_best;
	size_t words, budget;
	bool cut;
};

static void copy_columns(struct discs_columns *to, size_t at, const struct discs_columns *from, size_t i)
{
	to->x[at] = from->x[i];
	to->y[at] = from->y[i];
	to->z[at] = from->z[i];
	to->r[at] = from->r[i];
	to->cos_r[at] = from->cos_r[i];
	to->sin_r[at] = from->sin_r[i];
}

/* Of n discs, drops the larger ones that surely hold this one; one too many left is no harm. */
static void drop_holders(struct discs_search *s, const struct discs_columns *c, size_t n, size_t i)
{
	const struct sweeps_disc small = disc_at(c, i);

	for (size_t word = i / DISCS_WORD; word < discs_words(n); word++)
		s->dropped[word] |= c->sweeps->holding(c, &small, n, word);
}

/* The first disc that is not dropped, from that word on; SIZE_MAX. */
static size_t first_left(const struct discs_search *s, size_t words, size_t *word)
{
	for (; *word < words; ++*word)
		if (~s->dropped[*word])
			return *word * DISCS_WORD + (size_t)__builtin_ctzll(~s->dropped[*word]);
	return SIZE_MAX;
}

/* Looks at the smallest few of n; how many are left then, in s->left. */
static size_t keep_some(struct discs_search *s, const struct discs_columns *c, size_t n)
{
	enum { SOME = 8 };
	size_t words = discs_words(n), word = 0, i, left = 0;

	for (size_t k = 0; k < words; k++)
		s->dropped[k] = ~discs_all(n, k);
	for (size_t k = 0; k < SOME && (i = first_left(s, words, &word)) != SIZE_MAX; k++) {
		copy_columns(&s->columns, s->n_kept, c, i);
		s->kept[s->n_kept++] = s->left_at[i];
		s->dropped[word] |= (uint64_t)1 << i % DISCS_WORD;
		drop_holders(s, c, n, i);
	}
	while ((i = first_left(s, words, &word)) != SIZE_MAX) {
		s->dropped[word] |= (uint64_t)1 << i % DISCS_WORD;
		copy_columns(&s->left, left, c, i);
		s->left_at[left++] = s->left_at[i];
	}
	return left;
}

static int keep_needed(struct discs_search *s, const struct discs *d)
{
	if (reserve_columns(&s->columns, d->n) < 0 || reserve_columns(&s->left, d->n) < 0 ||
		vec_reserve(&s->kept, &s->cap_kept, d->n + 1) < 0 ||
		vec_reserve(&s->left_at, &s->cap_left_at, d->n + 1) < 0 ||
		vec_reserve(&s->dropped, &s->cap_dropped, discs_words(d->n) + 1) < 0)
		return ERR_NOMEM;
	s->n_kept = 0;
	for (uint32_t i = 0; i < d->n; i++)
		s->left_at[i] = i;
	for (size_t n = keep_some(s, &d->columns, d->n); n > 0;)
		n = keep_some(s, &s->left, n);
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
static uint64_t row_word(const struct discs_search *s, const struct discs *d, size_t i, size_t word)
{
	const struct sweeps_disc one = disc_at(&s->columns, i);
	const struct sweeps_word w = s->columns.sweeps->disjoint(&s->columns, &one, s->n_kept, word);
	uint64_t bits = w.some & discs_all(s->n_kept, word);

	for (uint64_t left = bits & ~w.sure; left; left &= left - 1) {
		size_t k = word * DISCS_WORD + (size_t)__builtin_ctzll(left);

		if (!discs_disjoint(&d->v[s->kept[i]], &d->v[s->kept[k]]))
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
			s->row[i * s->words + word] = row_word(s, d, i, word);
	return 0;
}

/* Colours the candidates: order[] and colour[] (from 1) by ascending colour; returns how many there are. */
static size_t colour(struct discs_search *s, const uint64_t *candidates, uint32_t *order, uint32_t *colours)
{
	uint64_t *left = s->sets + s->n_kept * s->words + s->words, *class = left + s->words;
	size_t n = 0, v;

	memcpy(left, candidates, s->words * sizeof *left);
	for (uint32_t c = 1;; c++) {
		size_t before = n, at = 0;

		memcpy(class, left, s->words * sizeof *class);
		while ((v = discs_take(class, s->words, &at)) != SIZE_MAX) {
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
		free(s->left_at);
		free_columns(&s->left);
		free_columns(&s->columns);
		free(s->now);
		free(s->best);
		free(s);
	}
	free(out->v);
	*out = (struct discs_independent){0};
}
