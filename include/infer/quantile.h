/* Order statistics of numbers none of which is NAN, without sorting all of them. */
#ifndef INFER_QUANTILE_H
#define INFER_QUANTILE_H

#include <stddef.h>

/* The least of v[n] that a share q of them does not exceed (nearest rank); NAN for none. Puts v in another order. */
double quantile(double *v, size_t n, double q);
/* The middle one, or the mean of the two in the middle; NAN for none. Puts v in another order. */
double quantile_median(double *v, size_t n);

#endif
