/* A few floats at a time, as GCC's and clang's vectors: the machine's own where it has some. For infer's inner loops. */
#ifndef INFER_LANES_H
#define INFER_LANES_H

#include <math.h>
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

static inline void lanes_put(float *v, lanes l)
{
	memcpy(v, &l, sizeof l);
}

/* Sine and cosine of 0 to pi/2, each to 1e-7. */
static inline void lanes_angle(lanes h, lanes *sine, lanes *cosine)
{
	lanes q = h * h;
	lanes s = 2.7557319e-6F + q * -2.5052108e-8F, c = -2.7557319e-7F + q * 2.0876757e-9F;

	s = -1.6666667e-1F + q * (8.3333333e-3F + q * (-1.9841270e-4F + q * s));
	c = 4.1666667e-2F + q * (-1.3888889e-3F + q * (2.4801587e-5F + q * c));
	*sine = h * (1 + q * s);
	*cosine = 1 + q * (-0.5F + q * c);
}

static inline lanes lanes_root(lanes l)
{
#ifdef __SSE2__
	return _mm_sqrt_ps(l);
#else
	for (int i = 0; i < LANES; i++)
		l[i] = sqrtf(l[i]);
	return l;
#endif
}

/* The arc of a chord whose square is 0 to 4, on the unit sphere: to 1.4e-4 (Abramowitz and Stegun, 4.4.45). */
static inline lanes lanes_arc(lanes square)
{
	lanes h = lanes_root(square) * 0.5F;

	return 3.1415927F -
	       2 * lanes_root(1 - h) * (1.5707288F + h * (-0.2121144F + h * (0.0742610F - h * 0.0187293F)));
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
