/* The identities met at one target, as groups: those that naming rules decode to one site are one group, and every other label
 * is a group by itself: it tells machines apart, though not sites. Each identity is decoded once a target.
 *
 * NSID is asked first, then the TXT answer. What a rule proves makes the group a site of the target (`proven`), whatever the
 * rcode. The label of the others is NSID, or the answer to id.server or hostname.bind. */
#ifndef INFER_NAMING_H
#define INFER_NAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "data/rules.h"
#include "data/target.h"
#include "infer/gather.h"
#include "infer/ident.h"

enum { NAMING_NONE = -1 };

struct naming_group {
	uint32_t key;    /* of naming_key */
	bool proven;     /* a rule says that it is a site of this target */
	struct ident id; /* of the identity met first; in the order of the walk */
};

/* What an identity is at this target. */
struct named {
	int32_t group;           /* NAMING_NONE: it says nothing of a server */
	const struct rule *rule; /* that fits, of this target or of others */
	bool foreign;            /* in the sure form of another operator */
	uint32_t identity;
};

struct naming {
	const struct rules *rules;
	const struct target_list *book; /* what is known of targets */
	const struct gather *g;
	uint32_t day;       /* YYYYMMDD, 0: any */
	struct intern keys; /* a letter for proven or not, then the site's key or the label */
	uint32_t *group_of; /* by key: number in `groups` plus 1 */
	size_t cap_group_of, n_group_of;
	uint32_t *named_of; /* by identity: number in `named` plus 1 */
	size_t cap_named_of, n_named_of;
	struct ident_scope scope;
	bool scoped;
	const struct target_info *info; /* of the target; never NULL behind naming_begin */
	struct addr target;
	struct named *named;
	size_t n_named, cap_named;
	struct naming_group *groups;
	size_t n_groups, cap_groups;
};

/* The next target; what was known of the one before is forgotten, but for the keys. */
void naming_begin(struct naming *n, const struct addr *target);
/* An identity of a sample, not 0. NULL without memory; valid until the next call. */
const struct named *naming_of(struct naming *n, uint32_t identity);
/* The key of a group: a site's, or the label escaped as in probes.csv. */
enum { NAMING_KEY_MAX = 4 * GATHER_IDENTITY_MAX + 1 };
char *naming_key(const struct naming *n, const struct naming_group *group, char out[static NAMING_KEY_MAX]);
/* The label of an identity, escaped in the same way. */
char *naming_label(const struct gather *g, uint32_t identity, char out[static NAMING_KEY_MAX]);
void naming_free(struct naming *n);

#endif
