#include "infer/hubs.h"

#include <stdlib.h>

#include "base/vec.h"

/* The operators whose codes a table holds: those of the first rule that uses it. */
static const char *owner_of(const struct rules *r, uint32_t table)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->v[i].n_chain; k++)
			if (r->v[i].chain[k].kind == RULES_TABLE && r->v[i].chain[k].table == table)
				return r->v[i].operators;
	return NULL;
}

int hubs_of_rules(struct hubs *h, const struct rules *r)
{
	const char *owner = NULL;

	for (size_t i = 0; i < r->n_codes; i++) {
		const struct rules_code *c = &r->codes[i];

		if (i == 0 || c->table != c[-1].table)
			owner = owner_of(r, c->table);
		if (!owner)
			continue;
		if (vec_reserve(&h->v, &h->cap, h->n + 1) < 0)
			return ERR_NOMEM;
		h->v[h->n++] = (struct sites_hub){owner, c->lat, c->lon};
	}
	return 0;
}

void hubs_free(struct hubs *h)
{
	free(h->v);
	*h = (struct hubs){.v = NULL};
}
