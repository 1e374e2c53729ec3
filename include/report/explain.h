/* What was weighed at one target, line by line: discs, groups, candidate cities with their scores, what was rejected. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <stdio.h>

#include "infer/fuse.h"

struct explain {
	FILE *out;
	const struct fuse *fuse;
	int last;       /* kind of the line before, whose heading stands already */
	uint32_t lines; /* under that heading */
};

/* For sites_work.explain; `arg` is a struct explain. */
void explain_note(void *arg, const struct sites_note *note);
/* The result: verdict and sites, behind the notes. */
void explain_result(struct explain *e);

#endif
