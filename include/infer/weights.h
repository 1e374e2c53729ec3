/* Weights of vantage points from a CSV with the columns `vp` and `weight`. */
#ifndef INFER_WEIGHTS_H
#define INFER_WEIGHTS_H

#include <stddef.h>

#include "base/err.h"
#include "base/intern.h"

/* By the numbers of `names`: *weights has *n of them, NAN where the file says nothing; to be freed. Of two for one vantage point
 * the last counts. ERR_PARSE names file and line. */
int weights_read(const char *path, struct intern *names, double **weights, size_t *n, struct err_msg *why);

#endif
