/* What was weighed at one target: the verdict and the sites, then line by line what led there: discs, groups, candidate cities with
 * their scores, what was rejected. Of each the most telling lines, and how many more there are. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <stdio.h>

#include "infer/fuse.h"

struct explain {
	FILE *out;
	const struct fuse *fuse;
	/* Of the current target. */
	FILE *notes; /* they wait for the verdict */
	char *text;
	size_t size;
	int last;       /* kind of the line before, whose heading stands already */
	uint32_t lines; /* under that heading */
};

/* Before each target. ERR_NOMEM. */
int explain_begin(struct explain *e);
/* For sites_work.explain; `arg` is a struct explain. */
void explain_note(void *arg, const struct sites_note *note);
/* The verdict, the sites and the notes. */
void explain_result(struct explain *e);
/* In any case, also where there was no result. */
void explain_free(struct explain *e);

#endif
