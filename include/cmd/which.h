/* What the ways of `which` share: knowledge of targets and names, and the ways that have a file of their own. */
#ifndef CMD_WHICH_H
#define CMD_WHICH_H

#include "cmd/options.h"
#include "data/sites.h"
#include "data/target.h"
#include "infer/verdict.h"

/* What targets/ says: naming rules, operators' lists of sites, targets. */
struct which_known {
	struct rules rules;
	struct sites lists;
	struct target_list book;
	uint32_t day; /* today, YYYYMMDD */
};

/* What cannot be read is warned of and stays empty: servers are then shown by their own names. */
void which_know(struct which_known *k);
void which_forget(struct which_known *k);
/* All that is known of a target but what was seen: by `info` (NULL: nothing), else by the book. The scope is the caller's to
 * make room for and to free. ERR_NOMEM. */
int which_subject(const struct which_known *k, const struct target *t, const struct target_info *info,
	struct ident_scope *scope, struct verdict_subject *out);

/* which --hold: does a TCP connection stay at its site? An exit code. */
int which_hold(const struct options *o);
/* which --run: what the rows of a run say, nothing is sent. An exit code. */
int which_run(const struct options *o);

#endif
