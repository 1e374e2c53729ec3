/* The loops behind `struct sweeps`, as wide as the compiler's options make `lanes`. For their two sources only. */
#ifndef INFER_SWEEPS_LOOPS_H
#define INFER_SWEEPS_LOOPS_H

#include "infer/geo.h"
#include "infer/lanes.h"
#include "infer/sweeps.h"

_Static_assert(DISCS_WORD % LANES == 0, "a word is so many lanes");

/* What is nearer than this to touching, in floats, is looked at again in double. */
static const float sweeps_doubt = 4e-6F;
/* A km, in radians. */
static const float sweeps_edge = (float)(1 / GEO_RADIUS_KM);
/* Two discs whose radii are this much together may reach around the globe. */
static const float sweeps_around = 3.14F;

/* One past the last lanes of a word in which there are discs; from there down, each puts its bits below those before. */
static inline size_t lanes_end(size_t n, size_t word)
{
	size_t left = n - word * DISCS_WORD;

	return word * DISCS_WORD + (left < DISCS_WORD ? (left + LANES - 1) / LANES * LANES : DISCS_WORD);
}

static inline uint64_t more_bits(uint64_t bits, lanes_truth t)
{
	return bits << LANES | lanes_bits(t);
}

/* Of arcs r, 0 to pi, from their halves. */
static void sweep_finish(struct discs_columns *c, size_t n)
{
	for (size_t at = 0; at < n; at += LANES) {
		lanes sine, cosine;

		lanes_angle(lanes_at(c->r + at) * 0.5F, &sine, &cosine);
		lanes_put(c->cos_r + at, 1 - 2 * sine * sine);
		lanes_put(c->sin_r + at, 2 * sine * cosine);
		lanes_put(c->hold + at, (2 * sine + sweeps_edge) * (2 * sine + sweeps_edge));
	}
}

/* Cosines of the arcs between the centres, less those of the radii's. */
static inline lanes apart(const struct discs_columns *c, const struct sweeps_disc *d, size_t at)
{
	return d->x * lanes_at(c->x + at) + d->y * lanes_at(c->y + at) + d->z * lanes_at(c->z + at) -
	       d->cos_r * lanes_at(c->cos_r + at);
}

/* What the sign says holds unless the discs may reach around the globe. */
static struct sweeps_word sweep_disjoint(
	const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word)
{
	struct sweeps_word w = {0, 0};

	for (size_t at = lanes_end(n, word); at > word * DISCS_WORD;) {
		at -= LANES;
		const lanes margin = apart(c, d, at) + d->sin_r * lanes_at(c->sin_r + at);
		const lanes_truth small = lanes_at(c->r + at) < sweeps_around - d->r;

		w.some = more_bits(w.some, margin < sweeps_doubt);
		w.sure = more_bits(w.sure, (margin < -sweeps_doubt) & small);
	}
	return w;
}

static uint64_t sweep_holding(
	const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word)
{
	uint64_t sure = 0;

	for (size_t at = lanes_end(n, word); at > word * DISCS_WORD;) {
		at -= LANES;
		sure = more_bits(sure, apart(c, d, at) - d->sin_r * lanes_at(c->sin_r + at) > sweeps_doubt);
	}
	return sure;
}

static void sweep_chords(const struct discs_columns *c, float part, float bit, size_t n, float *out)
{
	const float quarter_turn = 1.5707963F;

	for (size_t at = 0; at < n; at += LANES) {
		const lanes slack = lanes_at(c->slack + at),
			    half = ((lanes_at(c->r + at) - slack) * part + slack + bit) * 0.5F;
		lanes sine, cosine;

		lanes_angle(lanes_least(half, lanes_of(quarter_turn)), &sine, &cosine);
		lanes_put(out + at, 2 * sine);
	}
}

/* Squares of the chords from a place. */
static inline lanes squares(const struct discs_columns *c, float x, float y, float z, size_t at)
{
	const lanes u = lanes_at(c->x + at) - x, v = lanes_at(c->y + at) - y, w = lanes_at(c->z + at) - z;

	return u * u + v * v + w * w;
}

static struct sweeps_reach sweep_reached(const struct discs_columns *c, const float *plausible,
	const struct sweeps_site *s, size_t n, size_t word)
{
	struct sweeps_reach r = {0, 0};

	for (size_t at = lanes_end(n, word); at > word * DISCS_WORD;) {
		at -= LANES;
		const lanes square = squares(c, s->x, s->y, s->z, at),
			    near = lanes_at(plausible + at) + s->doubt;

		r.held = more_bits(r.held, square <= lanes_at(c->hold + at));
		r.answered = more_bits(r.answered, square <= near * near);
	}
	r.answered &= r.held;
	return r;
}

static void sweep_edges(
	const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word, float *km)
{
	for (size_t at = word * DISCS_WORD; at < lanes_end(n, word); at += LANES, km += LANES)
		lanes_put(km, (lanes_arc(squares(c, d->x, d->y, d->z, at)) - lanes_at(c->r + at)) *
				      (float)GEO_RADIUS_KM);
}

static const struct sweeps sweeps_here = {
	.finish = sweep_finish,
	.disjoint = sweep_disjoint,
	.holding = sweep_holding,
	.chords = sweep_chords,
	.reached = sweep_reached,
	.edges = sweep_edges,
};

#endif
