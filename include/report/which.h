/* What `which` found, for a person (a sentence that answers the question, a verdict, a table, what supports it, the next step)
 * and for programs (JSON). */
#ifndef REPORT_WHICH_H
#define REPORT_WHICH_H

#include <stdbool.h>
#include <stdio.h>

#include "data/field.h"
#include "infer/verdict.h"

/* One target. */
struct which_view {
	const struct verdict *verdict;
	const struct verdict_input *in;
	const char *here;      /* the town where we are said to be, "" when it has no name */
	const char *here_from; /* who says so: "--location" */
	const char *interface; /* "" when not known */
	const char *stamps;    /* how exact the times are ("kernel", ...) */
	const char *sockets;   /* what ordinary sockets do not see; "": raw ones saw all, or rows say it */
	const char *who;       /* "you"; or the vantage point whose rows these are */
	const char *place;     /* of who answers, by the run's sites.csv; "": it has none */
	uint32_t asn;          /* 0: not known */
	struct wall at;        /* when it was asked */
};

/* The first line, without its end. At most WHICH_LINE_MAX columns, unless a name in it is longer than all. */
enum { WHICH_LINE_MAX = 110, WHICH_TEXT_MAX = 512 };
void which_answer(const struct which_view *v, char out[static WHICH_TEXT_MAX]);

int which_text(FILE *out, const struct which_view *v, bool colour);
/* All evidence, what did not count too, and the rules tried on each identity. */
int which_explain(FILE *out, const struct which_view *v);
/* Many targets at a glance, a line for each. */
int which_summary(FILE *out, const struct which_view *v, size_t n, bool colour);
/* Who answered at some targets: a line for each site met, or for what has none. */
struct which_met {
	struct addr target;
	const char *service;
	const struct voices *voices;
};
int which_met(FILE *out, const struct which_met *m, size_t n, bool colour);
int which_json(FILE *out, const struct which_view *v, size_t n);
/* The keys of a target in the JSON. */
field_walk which_field;

#endif
