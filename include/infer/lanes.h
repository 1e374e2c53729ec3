/* A few floats at a time, as GCC's and clang's vectors: the machine's own where it has some. For infer's inner loops. */
#ifndef INFER_LANES_H
#define INFER_LANES_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LANES = 4 };
typedef float lanes __attribute__((vector_size(16)));
typedef int32_t lanes_truth __attribute__((vector_size(16)));

static inline lanes lanes_of(float f)
{
	return (lanes){f, f, f, f};
}

static inline lanes lanes_at(const float *v)
{
	lanes l;

	memcpy(&l, v, sizeof l);
	return l;
}

/* A bit for each that is true, the first the lowest: of `a < b` and the like. */
static inline unsigned lanes_bits(lanes_truth t)
{
#ifdef __SSE2__
	return (unsigned)_mm_movemask_ps((__m128)t);
#else
	unsigned bits = 0;

	for (int i = 0; i < LANES; i++)
		bits |= (unsigned)(t[i] < 0) << i;
	return bits;
#endif
}

#endif
