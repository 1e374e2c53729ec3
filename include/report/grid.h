/* Tables for a terminal. */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct grid_heading {
	const char *name;
	bool right; /* numbers */
};

/* A table that is printed to `out`; its headings are bold where there is colour. NULL without memory. */
struct libscols_table *grid_new(FILE *out, const struct grid_heading *of, size_t n, bool colour);

#endif
