#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

int vec_reserve_bytes(void **v, size_t *cap, size_t want, size_t size)
{
	size_t n = *cap ? *cap : 8;
	void *p;

	if (want <= *cap)
		return 0;
	while (n < want) {
		if (n > SIZE_MAX / 2 / size)
			return ERR_NOMEM;
		n *= 2;
	}
	p = realloc(*v, n * size);
	if (!p)
		return ERR_NOMEM;
	*v = p;
	*cap = n;
	return 0;
}
