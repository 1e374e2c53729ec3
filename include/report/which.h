/* What `which` found, for a person (a sentence, a table, what disagrees) and for programs (JSON). */
#ifndef REPORT_WHICH_H
#define REPORT_WHICH_H

#include <stdbool.h>
#include <stdio.h>

#include "infer/observe.h"

/* service: the target's name, or "". stamps: how exact the times are ("kernel", ...). */
int which_text(FILE *out, const struct observation *o, const char *service, bool colour);
int which_json(
	FILE *out, const struct observation *o, const char *const *services, size_t n, const char *stamps);

#endif
