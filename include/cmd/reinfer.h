/* A run inferred again, by the rules of today, without a change to it: what `infer` writes goes into a scratch folder. */
#ifndef CMD_REINFER_H
#define CMD_REINFER_H

#include <limits.h>

#include "cmd/options.h"

struct reinfer {
	char folder[PATH_MAX]; /* "" before it is made */
	bool partial;          /* rows were passed over; `infer` said which */
};

/* Infers the run, with the lists that -f names. ERR_PARSE when it is no folder or `infer` failed, which then said why. Remove in
 * any case. */
int reinfer_run(struct reinfer *r, const char *run, const struct options *o, struct err_msg *why);
void reinfer_remove(struct reinfer *r);

#endif
