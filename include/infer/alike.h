/* Whether two runs can be compared: whether they probed, and were read, alike. */
#ifndef INFER_ALIKE_H
#define INFER_ALIKE_H

#include "base/err.h"

/* Called for each difference that a reader of the comparison should know of. */
typedef void alike_warn(void *arg, const char *text);

/* Two folders of runs. ERR_RANGE when flow 0 differs: routers then split by something else than before, and what they do looks
 * like a change of routing. A difference of question or kinds of probes is warned about. What no meta.json says is not
 * compared. */
int alike_check(const char *old_run, const char *new_run, alike_warn *warn, void *arg, struct err_msg *why);
/* Warns where their infer.json say that other naming rules or places were used, which put the same identity elsewhere. */
void alike_rules(const char *old_run, const char *new_run, alike_warn *warn, void *arg);

#endif
