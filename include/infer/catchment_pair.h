/* Two catchments read at once, each by a thread of its own. */
#ifndef INFER_CATCHMENT_PAIR_H
#define INFER_CATCHMENT_PAIR_H

#include "infer/catchment_set.h"

/* As catchment_set_read twice, into the same names. Free both in any case. */
int catchment_pair_read(struct catchment_set s[static 2], struct intern *names,
	const char *const path[static 2], struct err_msg *why);

#endif
