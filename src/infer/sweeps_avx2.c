/* The Makefile has this one compiled with -mavx2: what is called before it is known that there is AVX2 must be as plain as this. */
#include "infer/sweeps.h"

#include "infer/sweeps_loops.h"

const struct sweeps *sweeps_avx2(void)
{
#ifdef __AVX2__
	return __builtin_cpu_supports("avx2") ? &sweeps_here : NULL;
#else
	return NULL;
#endif
}
