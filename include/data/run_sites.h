/* Where a run's sites.csv has its sites, by what their servers call themselves. */
#ifndef DATA_RUN_SITES_H
#define DATA_RUN_SITES_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

struct run_sites_row {
	struct addr target;
	char *identity; /* escaped as in probes.csv */
	char *place;    /* "Vienna, AT (vie)"; "": not placed, or several sites have it */
};

struct run_sites {
	struct run_sites_row *v; /* by target, then by identity, each pair once */
	size_t n, cap;
};

/* Reads RUN/sites.csv (.zst, .gz). Without the file there are none; ERR_PARSE: what stands
 * above the bad row counts. Free in any case. */
int run_sites_read(struct run_sites *s, const char *run, struct err_msg *why);
/* "": not known. */
const char *run_sites_place(const struct run_sites *s, const struct addr *target, const char *identity);
void run_sites_free(struct run_sites *s);

#endif
