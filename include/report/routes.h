/* The routing-table view: as a tree for people, as JSON (which the page shows too), CSV, and a graph for graphviz. */
#ifndef REPORT_ROUTES_H
#define REPORT_ROUTES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "data/as_names.h"
#include "data/field.h"
#include "infer/routes_join.h"

struct routes_report {
	const struct routes *r;
	const struct routes_view *views; /* one for each target */
	size_t n;
	const struct as_names *names;
	/* What was measured; NULL without a run. */
	const char *run;
	const struct routes_join *joins;   /* beside the views */
	const enum site_verdict *verdicts; /* beside the views */
	bool every;                        /* text: all of the tree, and each vantage point */
};

/* Tables and a run that are farther apart than this do not speak of the same routes. */
enum { ROUTES_APART_H = 24 };

/* All return 0 or ERR_NOMEM. */
int routes_text(FILE *out, const struct routes_report *p);
int routes_csv(FILE *out, const struct routes_report *p);
/* A digraph for each target: from the peers' ASes to the origin; dashed, the sites that were measured behind a neighbour. */
int routes_dot(FILE *out, const struct routes_report *p);
/* {"tables": [...], "targets": [...]}; NULL without memory. */
json_t *routes_json(const struct routes_report *p);

/* The columns of the CSV. */
field_walk route_field;

enum { ROUTES_HOP_MAX = 64 };
/* "AS64500", or "{64500,64501}", cut where it is long. */
const char *routes_hop_text(const struct routes *r, uint32_t hop, char out[static ROUTES_HOP_MAX]);
/* The name of an AS, fit for a terminal; "" for none and for a set. */
const char *routes_hop_name(const struct routes_report *p, uint32_t hop);
/* "MOAS: ..." when the match has several origins, else "". What neighbours, or the run, say of anycast. */
enum { ROUTES_SENTENCE_MAX = 512 };
const char *routes_moas(const struct routes_report *p, size_t view, char out[static ROUTES_SENTENCE_MAX]);
const char *routes_meaning(const struct routes_report *p, size_t view, char out[static ROUTES_SENTENCE_MAX]);

#endif
