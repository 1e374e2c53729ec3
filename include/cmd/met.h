/* Who answered at the first targets of a run, for the summary at its end: by the rules and in the words of `which`. */
#ifndef CMD_MET_H
#define CMD_MET_H

#include <stdio.h>

#include "cmd/judge.h"

/* More than these are told by `which --run` and `infer`. */
enum { MET_TARGETS = 16, MET_REPLIES = 100000 };

struct met {
	struct judge judge;
	struct judge_case cases[MET_TARGETS];
	size_t n, replies;
	bool many; /* than can be told */
};

/* NULL when there are no rules or no memory: then there is nothing to tell. `stdout` is kept for rows where it is they that go
 * there. */
struct met *met_open(const struct options *o);
void met_row(struct met *m, const struct record *r); /* m may be NULL, here and below */
void met_print(FILE *out, struct met *m);
void met_close(struct met *m);

#endif
