/* The latest round as metrics for a Prometheus textfile collector (node_exporter): who answers each target, how fast, what was
 * lost, how often its site has changed since this process began. */
#ifndef REPORT_TEXTFILE_H
#define REPORT_TEXTFILE_H

#include "data/record.h"
#include "data/rules.h"
#include "data/target.h"

enum { TEXTFILE_TARGETS_MAX = 10000 };

struct textfile; /* opaque */

/* `rules` and `targets` must stay. NULL without memory. */
struct textfile *textfile_new(const struct rules *rules, const struct target_list *targets, const char *vp);
/* A row; those of a later round than the one before at the same target begin its figures anew. Rows of others than `targets`
 * are passed over. ERR_NOMEM. */
int textfile_row(struct textfile *t, const struct record *r);
/* Replaces the file in one step. */
int textfile_store(const struct textfile *t, const char *path, struct err_msg *why);
void textfile_free(struct textfile *t);

#endif
