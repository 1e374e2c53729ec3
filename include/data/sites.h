/* Where operators say that they have sites: targets/sites.csv, lists with their dates (scripts/sites builds it). A site that is
 * listed need not serve every address of its operator, nor every network. */
#ifndef DATA_SITES_H
#define DATA_SITES_H

#include <stddef.h>

#include "base/err.h"
#include "data/field.h"

struct sites_row {
	char list[64]; /* a service, or an operator */
	char city[64], country[3];
	double lat, lon; /* degrees */
	char date[11];   /* of the list: 2023, 2025-07 or 2025-07-31 */
};

struct sites {
	struct sites_row *v; /* those of one list follow each other */
	size_t n, cap;
};

/* Reads the file. A bad row is ERR_PARSE and names file, line and column: without it another site would be the nearest.
 * Free in any case. */
int sites_read(struct sites *s, const char *path, struct err_msg *why);
void sites_free(struct sites *s);

/* The list of a service, else that of the first of its operators (`|` between): *n rows, NULL when there is none. */
const struct sites_row *sites_of(
	const struct sites *s, const char *service, const char *operators, size_t *n);

/* The columns. */
field_walk sites_field;

#endif
