/* Growing arrays. The array is a plain pointer with a count and a capacity beside it, in the owner's struct:
 *
 *	struct { struct target *v; size_t n, cap; } list = {0};
 *	if (vec_reserve(&list.v, &list.cap, list.n + 1) < 0)
 *		return ERR_NOMEM;
 *	list.v[list.n++] = t;
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

/* Makes room for `want` elements, doubling; what was there stays. 0 or ERR_NOMEM (nothing changed). */
#define vec_reserve(vp, capp, want) vec_reserve_bytes((void **)(vp), (capp), (want), sizeof(**(vp)))
int vec_reserve_bytes(void **v, size_t *cap, size_t want, size_t size);

#endif
