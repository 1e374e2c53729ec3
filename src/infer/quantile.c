#include "infer/quantile.h"

#include <math.h>

static void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/* Hoare's selection: afterwards v[k] is the k-th least, nothing before it is more and nothing behind it less. */
static double select(double *v, size_t n, size_t k)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		double pivot = v[low + (high - low) / 2];
		size_t i = low, j = high;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap(&v[i++], &v[j--]);
		}
		/* v[low..j] are at most the pivot, v[j+1..high] at least. */
		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
	return v[k];
}

double quantile(double *v, size_t n, double q)
{
	double rank = ceil(q * (double)n - 1e-9);

	if (n == 0)
		return (double)NAN;
	return select(v, n, rank < 1 ? 0 : rank > (double)n ? n - 1 : (size_t)rank - 1);
}

double quantile_median(double *v, size_t n)
{
	double upper, lower;

	if (n == 0)
		return (double)NAN;
	upper = select(v, n, n / 2);
	if (n % 2)
		return upper;
	lower = v[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = fmax(lower, v[i]);
	return (lower + upper) / 2;
}
