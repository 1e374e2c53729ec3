/* A few floats at a time, as GCC's and clang's vectors: the machine's own where it has some. For infer's inner loops. */
#ifndef INFER_LANES_H
#define INFER_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX2__
#include <immintrin.h>
enum { LANES = 8 };
#else
enum { LANES = 4 };
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#endif
typedef float lanes __attribute__((vector_size(sizeof(float) * LANES)));
typedef int32_t lanes_truth __attribute__((vector_size(sizeof(float) * LANES)));

static inline lanes lanes_of(float f)
{
	return f - (lanes){0};
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

/* The number where that is true, else 0. */
static inline lanes lanes_where(lanes_truth t, lanes l)
{
	return (lanes)(t & (lanes_truth)l);
}

static inline lanes lanes_least(lanes a, lanes b)
{
	const lanes_truth less = a < b;

	return (lanes)((less & (lanes_truth)a) | (~less & (lanes_truth)b));
}

static inline lanes lanes_root(lanes l)
{
#if defined __AVX2__
	return _mm256_sqrt_ps(l);
#elif defined __SSE2__
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

static inline lanes lanes_most(lanes a, lanes b)
{
	return -lanes_least(-a, -b);
}

/* e to the power, to 4e-6 of it: 2^(whole part) by the exponent's bits, the rest by its series. Up to 87; below -87 as of that. */
static inline lanes lanes_exp(lanes l)
{
	const lanes turn = lanes_most(l, lanes_of(-87)) * 1.44269504F;
	const lanes_truth whole = __builtin_convertvector(turn + 127.5F, lanes_truth) - 127;
	const lanes f = (turn - __builtin_convertvector(whole, lanes)) * 0.693147181F;
	lanes v = 1.0F / 24 + f * (1.0F / 120 + f * (1.0F / 720));

	v = 1 + f * (1 + f * (0.5F + f * (1.0F / 6 + f * v)));
	return v * (lanes)((whole + 127) << 23);
}

/* Natural logarithm of a positive number, to 4e-7 of 1 (Cephes, logf). */
static inline lanes lanes_log(lanes l)
{
	const lanes_truth bits = (lanes_truth)l;
	lanes m = (lanes)((bits & 0x7fffff) | 0x3f000000), q, v;
	/* Of a mantissa from root one half to root two. */
	const lanes_truth high = m < 0.707106781F, whole = (bits >> 23) - 126 + high;

	m += lanes_where(high, m) - 1;
	q = m * m;
	v = 7.0376836292e-2F * m - 1.1514610310e-1F;
	v = v * m + 1.1676998740e-1F;
	v = v * m - 1.2420140846e-1F;
	v = v * m + 1.4249322787e-1F;
	v = v * m - 1.6668057665e-1F;
	v = v * m + 2.0000714765e-1F;
	v = v * m - 2.4999993993e-1F;
	v = v * m + 3.3333331174e-1F;
	return m + (m * q * v - 0.5F * q) + __builtin_convertvector(whole, lanes) * 0.693147181F;
}

/* A bit for each that is true, the first the lowest: of `a < b` and the like. */
static inline unsigned lanes_bits(lanes_truth t)
{
#if defined __AVX2__
	return (unsigned)_mm256_movemask_ps((__m256)t);
#elif defined __SSE2__
	return (unsigned)_mm_movemask_ps((__m128)t);
#else
	unsigned bits = 0;

	for (int i = 0; i < LANES; i++)
		bits |= (unsigned)(t[i] < 0) << i;
	return bits;
#endif
}

#endif
