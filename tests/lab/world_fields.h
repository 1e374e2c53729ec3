/* The columns of the world's two files: one table says name, reader and place of each. */
#ifndef LAB_WORLD_FIELDS_H
#define LAB_WORLD_FIELDS_H

#include "base/csv.h"
#include "world_model.h"

enum world_fields { WORLD_FIELDS_PLACE, WORLD_FIELDS_VP, WORLD_FIELDS_SITE, WORLD_FIELDS_TROUBLE };

/* The current row's fields into the struct at `at` that the name says; an empty field leaves what is there. */
int world_fields_read(const struct world *w, enum world_fields which, const struct csv *c, const char *path,
	void *at, struct err_msg *why);

#endif
