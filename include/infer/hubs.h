/* Where operators are known to have sites, for guessing where another one may have: from their published lists. */
#ifndef INFER_HUBS_H
#define INFER_HUBS_H

#include "data/sites.h"
#include "data/target.h"
#include "infer/sites.h"

struct hubs {
	struct sites_hub *v;
	size_t n, cap;
};

/* The list of a service speaks of its operators, as the book has them; any other list is an operator's own. What is said must
 * stay. ERR_NOMEM. Free in any case. */
int hubs_of_lists(struct hubs *h, const struct sites *lists, const struct target_list *book);
void hubs_free(struct hubs *h);

#endif
