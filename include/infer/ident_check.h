/* Are the naming rules sound? Examples that do not fit or are not placed, rules that never get their turn, rules that overlap,
 * operators and targets that nobody knows, tables that no rule uses, coordinates that cannot be right, entries without a
 * source. */
#ifndef INFER_IDENT_CHECK_H
#define INFER_IDENT_CHECK_H

#include "infer/ident.h"

/* The names that rules may use; what is NULL is not checked. */
struct ident_known {
	const char *operators; /* with | between */
	const struct target_list *book;
};

/* Complains of each finding ("FILE:LINE: ..."); returns how many there were, or ERR_NOMEM. */
int ident_check(const struct rules *r, const struct ident_known *known, rules_complain *complain, void *arg);

#endif
