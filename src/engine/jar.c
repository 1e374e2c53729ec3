#include "engine/jar.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static struct jar_entry *slot_of(struct jar_entry *v, size_t cap, uint32_t target)
{
	size_t i = hash_mix(target) & (cap - 1);

	while (v[i].target && v[i].target != target + 1)
		i = (i + 1) & (cap - 1);
	return &v[i];
}

const struct jar_entry *jar_get(const struct jar *j, uint32_t target)
{
	const struct jar_entry *e = j->cap ? slot_of(j->v, j->cap, target) : NULL;

	return e && e->target ? e : NULL;
}

static bool grow(struct jar *j)
{
	size_t cap = j->cap ? j->cap * 2 : 64;
	struct jar_entry *v = calloc(cap, sizeof(*v));

	if (!v)
		return false;
	for (size_t i = 0; i < j->cap; i++)
		if (j->v[i].target)
			*slot_of(v, cap, j->v[i].target - 1) = j->v[i];
	free(j->v);
	j->v = v;
	j->cap = cap;
	return true;
}

void jar_put(struct jar *j, uint32_t target, struct bytes cookie)
{
	struct jar_entry *e;

	if (cookie.n > DNS_COOKIE_MAX || (j->n * 2 >= j->cap && !grow(j)))
		return;
	e = slot_of(j->v, j->cap, target);
	j->n += e->target == 0;
	e->target = target + 1;
	e->refused = cookie.n == 0;
	e->len = (uint8_t)cookie.n;
	if (cookie.n > 0)
		memcpy(e->cookie, cookie.p, cookie.n);
}

void jar_free(struct jar *j)
{
	free(j->v);
	*j = (struct jar){0};
}
