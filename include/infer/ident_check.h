/* Are the naming rules sound? Examples that do not fit or are not placed, rules that never get their turn, rules that overlap,
 * tables that no rule uses, coordinates that cannot be right. */
#ifndef INFER_IDENT_CHECK_H
#define INFER_IDENT_CHECK_H

#include "infer/ident.h"

/* Complains of each finding ("FILE:LINE: ..."); returns how many there were, or ERR_NOMEM. */
int ident_check(const struct rules *r, rules_complain *complain, void *arg);

#endif
