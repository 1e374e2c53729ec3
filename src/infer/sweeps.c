#include "infer/sweeps.h"

#include "infer/sweeps_loops.h"

const struct sweeps *sweeps_plain(void)
{
	return &sweeps_here;
}
