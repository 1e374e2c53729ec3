#include "infer/naming.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/err.h"
#include "base/vec.h"

enum { NAMING_NOMEM = NAMING_NONE - 1 };

static const struct target_info nothing = {"", "", "", "", ""};

void naming_begin(struct naming *n, const struct addr *target)
{
	const struct target *t = target_find(n->book, target);
	const struct target_info *info = t ? target_info(n->book, t) : NULL;

	for (size_t i = 0; i < n->n_named; i++)
		n->named_of[n->named[i].identity] = 0;
	for (size_t i = 0; i < n->n_groups; i++)
		n->group_of[n->groups[i].key] = 0;
	n->n_named = n->n_groups = 0;
	ident_scope_free(&n->scope);
	n->scoped = false;
	n->info = info ? info : &nothing;
	n->target = *target;
}

void naming_free(struct naming *n)
{
	intern_free(&n->keys);
	ident_scope_free(&n->scope);
	free(n->group_of);
	free(n->named_of);
	free(n->named);
	free(n->groups);
}

/* Makes room for number `want` in an array of numbers, whose new ones are 0. */
static int reach(uint32_t **v, size_t *cap, size_t *n, size_t want)
{
	if (vec_reserve(v, cap, want + 1) < 0)
		return ERR_NOMEM;
	while (*n <= want)
		(*v)[(*n)++] = 0;
	return 0;
}

static struct bytes label_of(const struct gather_identity *id)
{
	bool names = id->question == QUESTION_ID_SERVER || id->question == QUESTION_HOSTNAME_BIND;

	return id->nsid.n || !names ? id->nsid : id->txt;
}

char *naming_label(const struct gather *g, uint32_t identity, char out[static NAMING_KEY_MAX])
{
	struct gather_identity id = gather_identity(g, identity);
	struct bytes label = label_of(&id);

	out[csv_escape(out, NAMING_KEY_MAX - 1, label.p, label.n)] = '\0';
	return out;
}

char *naming_key(const struct naming *n, const struct naming_group *group, char out[static NAMING_KEY_MAX])
{
	size_t len;
	const uint8_t *key = intern_at(&n->keys, group->key, &len);

	out[csv_escape(out, NAMING_KEY_MAX - 1, key + 1, len - 1)] = '\0';
	return out;
}

static int32_t group_of(struct naming *n, const struct ident *id, struct bytes label)
{
	bool proven = id->status == IDENT_SITE || id->status == IDENT_KEY;
	char key[1 + GATHER_IDENTITY_MAX + IDENT_SITE_MAX];
	size_t len = proven ? strlen(id->site) : label.n;
	int64_t number;

	key[0] = proven ? 's' : 'l';
	memcpy(key + 1, proven ? (const void *)id->site : label.p, len);
	number = intern_put(&n->keys, key, len + 1);
	if (number < 0 || reach(&n->group_of, &n->cap_group_of, &n->n_group_of, (size_t)number) < 0)
		return NAMING_NOMEM;
	if (n->group_of[number])
		return (int32_t)n->group_of[number] - 1;
	if (vec_reserve(&n->groups, &n->cap_groups, n->n_groups + 1) < 0)
		return NAMING_NOMEM;
	n->groups[n->n_groups++] = (struct naming_group){(uint32_t)number, proven, *id};
	n->group_of[number] = (uint32_t)n->n_groups;
	return (int32_t)n->n_groups - 1;
}

static int scope(struct naming *n)
{
	const struct ident_target about = {n->target, n->info->service, n->info->operators};

	if (n->scoped)
		return 0;
	n->scoped = true;
	return ident_scope_of(&n->scope, n->rules, &about, 1);
}

/* What is met for the first time at this target. */
static const struct named *meet(struct naming *n, uint32_t identity)
{
	struct gather_identity id = gather_identity(n->g, identity);
	struct bytes label = label_of(&id);
	struct named named = {.group = NAMING_NONE, .identity = identity};
	struct ident found;

	if (reach(&n->named_of, &n->cap_named_of, &n->n_named_of, identity) < 0 ||
		vec_reserve(&n->named, &n->cap_named, n->n_named + 1) < 0 || scope(n) < 0)
		return NULL;
	found = ident_answer(n->rules, &n->scope, n->day, id.nsid, id.txt, id.question);
	named.rule = found.status == IDENT_UNKNOWN || found.status == IDENT_HINT ? NULL : found.rule;
	named.foreign = found.status == IDENT_OTHER && found.foreign && found.confidence == RULES_HIGH;
	if (found.status == IDENT_SITE || found.status == IDENT_KEY || label.n > 0)
		named.group = group_of(n, &found, label);
	if (named.group < NAMING_NONE)
		return NULL;
	n->named[n->n_named++] = named;
	n->named_of[identity] = (uint32_t)n->n_named;
	return &n->named[n->n_named - 1];
}

const struct named *naming_of(struct naming *n, uint32_t identity)
{
	if (identity < n->n_named_of && n->named_of[identity])
		return &n->named[n->named_of[identity] - 1];
	return meet(n, identity);
}
