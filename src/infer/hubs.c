#include "infer/hubs.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static const char *operators_of(const struct target_list *book, const char *list)
{
	for (size_t i = 0; i < book->n; i++) {
		const struct target_info *info = target_info(book, &book->v[i]);

		if (info && strcmp(info->service, list) == 0)
			return info->operators;
	}
	return list;
}

int hubs_of_lists(struct hubs *h, const struct sites *lists, const struct target_list *book)
{
	const char *operators = "";

	for (size_t i = 0; i < lists->n; i++) {
		const struct sites_row *row = &lists->v[i];

		if (i == 0 || strcmp(row->list, row[-1].list) != 0)
			operators = operators_of(book, row->list);
		if (vec_reserve(&h->v, &h->cap, h->n + 1) < 0)
			return ERR_NOMEM;
		h->v[h->n++] = (struct sites_hub){operators, row->lat, row->lon};
	}
	return 0;
}

void hubs_free(struct hubs *h)
{
	free(h->v);
	*h = (struct hubs){.v = NULL};
}
