#include "engine/jar.h"

#include <stdlib.h>
#include <string.h>

const struct jar_entry *jar_get(const struct jar *j, uint32_t target)
{
	const struct jar_entry *e = j->v && target < j->targets ? &j->v[target] : NULL;

	return e && (e->refused || e->len) ? e : NULL;
}

void jar_fetch(const struct jar *j, uint32_t target)
{
	if (j->v)
		__builtin_prefetch(&j->v[target]);
}

void jar_put(struct jar *j, uint32_t target, struct bytes cookie)
{
	struct jar_entry *e;

	if (cookie.n > DNS_COOKIE_MAX || target >= j->targets)
		return;
	/* Memory that is never written to costs nothing. */
	if (!j->v)
		j->v = calloc(j->targets, sizeof(*j->v));
	if (!j->v)
		return;
	e = &j->v[target];
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
