/* Where operators are known to have sites: by the tables of their own codes, which naming rules carry. */
#ifndef INFER_HUBS_H
#define INFER_HUBS_H

#include "data/rules.h"
#include "infer/sites.h"

struct hubs {
	struct sites_hub *v;
	size_t n, cap;
};

/* ERR_NOMEM. The rules must stay. Free in any case. */
int hubs_of_rules(struct hubs *h, const struct rules *r);
void hubs_free(struct hubs *h);

#endif
