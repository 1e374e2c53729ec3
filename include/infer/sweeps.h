/* The inner loops of inference over the columns of discs. They are compiled for any machine, and once more for those that have
 * AVX2; both find the very same. For infer/discs and infer/sites only. */
#ifndef INFER_SWEEPS_H
#define INFER_SWEEPS_H

#include "infer/discs.h"

/* One disc against which those of a word are held. */
struct sweeps_disc {
	float x, y, z, r, cos_r, sin_r;
};
/* Discs of a word of which something is so as far as floats tell, and surely. Bits beyond n: anything. */
struct sweeps_word {
	uint64_t some, sure;
};
/* A site, and how far from there it may be, as the length of a chord. */
struct sweeps_site {
	float x, y, z, doubt;
};
/* Discs of a word that hold a site, and those that it may well answer. */
struct sweeps_reach {
	uint64_t held, answered;
};

/* Of n discs, or of those of n that are in a word. */
struct sweeps {
	/* From the radii the columns behind them. */
	void (*finish)(struct discs_columns *c, size_t n);
	struct sweeps_word (*disjoint)(
		const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word);
	/* Those that surely hold all of the disc, which is no larger. */
	uint64_t (*holding)(
		const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word);
	/* Chords of a part of each radius and a bit, the slack whole; of half a turn at most. */
	void (*chords)(const struct discs_columns *c, float part, float bit, size_t n, float *out);
	struct sweeps_reach (*reached)(const struct discs_columns *c, const float *plausible,
		const struct sweeps_site *s, size_t n, size_t word);
	/* How far the edges are from a place, in km; of those that hold it less than 0. */
	void (*edges)(
		const struct discs_columns *c, const struct sweeps_disc *d, size_t n, size_t word, float *km);
};

/* For any machine. */
const struct sweeps *sweeps_plain(void);
/* NULL: the machine has no AVX2, or the compiler was not asked for it. */
const struct sweeps *sweeps_avx2(void);

#endif
