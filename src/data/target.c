#include "data/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

enum { TEXT_BYTES = 1 << 16 };

/* Open addressing over indices of an array that the list holds. A tag, the hash's low half, says without a look at the
 * array (one more cache miss) that an entry is another; its low bits are also the place to start from. */
struct slot {
	uint32_t tag;
	uint32_t number; /* index + 1; 0 is free */
};

struct index {
	struct slot *slot;
	size_t cap, n; /* cap: 0 or a power of two */
};

/* What an index is over. */
struct index_of {
	uint64_t (*hash)(const struct target_list *list, const void *key);
	const void *(*key_at)(const struct target_list *list, uint32_t i);
	bool (*same)(const void *a, const void *b);
};

struct addr_set {
	struct index index;
	struct hash_key key; /* random: no list can be made that is slow to load */
};

/* Strings live in blocks that never move. */
struct text_block {
	struct text_block *next;
	size_t n, cap;
	char bytes[];
};

struct target_text {
	struct index infos;
	struct text_block *blocks;
};

/* The entry of `key`, or a free one with its tag set. */
static struct slot *index_slot(
	const struct index *x, const struct index_of *of, const struct target_list *list, const void *key)
{
	uint32_t tag = (uint32_t)of->hash(list, key);
	struct slot *s = &x->slot[tag & (x->cap - 1)];

	while (s->number && (s->tag != tag || !of->same(of->key_at(list, s->number - 1), key)))
		s = s + 1 < x->slot + x->cap ? s + 1 : x->slot;
	if (!s->number)
		s->tag = tag;
	return s;
}

static void index_fill(struct index *x, const struct index_of *of, const struct target_list *list, size_t n)
{
	memset(x->slot, 0, x->cap * sizeof(*x->slot));
	for (uint32_t i = 0; i < n; i++)
		index_slot(x, of, list, of->key_at(list, i))->number = i + 1;
	x->n = n;
}

/* The entries keep their tags, so a larger table is filled from the smaller one alone, nearly in order. */
static int index_grow(struct index *x)
{
	struct index old = *x;

	x->cap = old.cap ? old.cap * 2 : 64;
	x->slot = calloc(x->cap, sizeof(*x->slot));
	if (!x->slot) {
		*x = old;
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < old.cap; i++) {
		size_t at = old.slot[i].tag & (x->cap - 1);

		if (!old.slot[i].number)
			continue;
		while (x->slot[at].number)
			at = (at + 1) & (x->cap - 1);
		x->slot[at] = old.slot[i];
	}
	free(old.slot);
	return 0;
}

/* The entry of `key`, in an index that has room for one more; NULL when there is no memory. */
static struct slot *index_reserve(
	struct index *x, const struct index_of *of, const struct target_list *list, const void *key)
{
	if (x->n + 1 > x->cap / 4 * 3 && index_grow(x) < 0)
		return NULL;
	return index_slot(x, of, list, key);
}

static uint64_t target_hash(const struct target_list *list, const void *key)
{
	const struct addr *a = key;

	return hash_sip(&list->seen->key, a->b, addr_len(a));
}

static const void *target_key_at(const struct target_list *list, uint32_t i)
{
	return &list->v[i].addr;
}

static bool target_same(const void *a, const void *b)
{
	return addr_equal(a, b);
}

static const struct index_of over_targets = {target_hash, target_key_at, target_same};

/* The strings of an info, for what treats them alike. */
enum { INFO_TEXTS = 5 };
static const char **info_text(struct target_info *info, size_t i)
{
	const char **const texts[INFO_TEXTS] = {
		&info->service, &info->operators, &info->kind, &info->baseline, &info->source};

	return texts[i];
}

static uint64_t info_hash(const struct target_list *list, const void *key)
{
	struct target_info info = *(const struct target_info *)key;
	uint64_t h = 0;

	for (size_t i = 0; i < INFO_TEXTS; i++) {
		const char *text = *info_text(&info, i);

		h = hash_mix(h ^ hash_sip(&list->seen->key, text, strlen(text)));
	}
	return h;
}

static const void *info_key_at(const struct target_list *list, uint32_t i)
{
	return &list->infos[i];
}

static bool info_same(const void *a, const void *b)
{
	struct target_info x = *(const struct target_info *)a, y = *(const struct target_info *)b;

	for (size_t i = 0; i < INFO_TEXTS; i++)
		if (strcmp(*info_text(&x, i), *info_text(&y, i)) != 0)
			return false;
	return true;
}

static const struct index_of over_infos = {info_hash, info_key_at, info_same};

static const struct target_info no_info = {"", "", "", "", ""};

static const char *text_keep(struct target_text *t, const char *text)
{
	size_t n = strlen(text) + 1;
	struct text_block *b = t->blocks;

	if (n == 1)
		return "";
	if (!b || b->cap - b->n < n) {
		size_t cap = n > TEXT_BYTES ? n : TEXT_BYTES;

		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		*b = (struct text_block){.next = t->blocks, .cap = cap};
		t->blocks = b;
	}
	memcpy(b->bytes + b->n, text, n);
	b->n += n;
	return b->bytes + b->n - n;
}

/* The number of this info in the list, which gets it if it is new; negative: no memory. */
static int64_t info_add(struct target_list *list, const struct target_info *info)
{
	struct target_info kept = *info;
	struct slot *slot = index_reserve(&list->text->infos, &over_infos, list, info);

	if (!slot || vec_reserve(&list->infos, &list->cap_infos, list->n_infos + 1) < 0)
		return ERR_NOMEM;
	if (slot->number)
		return slot->number - 1;
	for (size_t i = 0; i < INFO_TEXTS; i++) {
		const char **text = info_text(&kept, i);

		*text = text_keep(list->text, *text);
		if (!*text)
			return ERR_NOMEM;
	}
	list->infos[list->n_infos++] = kept;
	list->text->infos.n++;
	slot->number = (uint32_t)list->n_infos;
	return slot->number - 1;
}

/* What a zeroed list lacks: its index, its storage and info 0. */
static int list_start(struct target_list *list)
{
	if (list->n_infos > 0)
		return 0;
	if (!list->seen)
		list->seen = calloc(1, sizeof(*list->seen));
	if (!list->text)
		list->text = calloc(1, sizeof(*list->text));
	if (!list->seen || !list->text)
		return ERR_NOMEM;
	list->seen->key = hash_key_random();
	return info_add(list, &no_info) < 0 ? ERR_NOMEM : 0;
}

int target_add(struct target_list *list, const struct target *t, const struct target_info *info)
{
	struct target added = *t;
	struct slot *slot;
	int64_t i;

	if (list_start(list) < 0)
		return ERR_NOMEM;
	slot = index_reserve(&list->seen->index, &over_targets, list, &t->addr);
	if (!slot)
		return ERR_NOMEM;
	if (slot->number) {
		list->duplicates++;
		return 0;
	}
	if (list->n >= UINT32_MAX - 1)
		return ERR_RANGE;
	i = info ? info_add(list, info) : 0;
	if (i < 0 || vec_reserve(&list->v, &list->cap, list->n + 1) < 0)
		return ERR_NOMEM;
	added.info = (uint32_t)i;
	list->v[list->n++] = added;
	list->seen->index.n++;
	slot->number = (uint32_t)list->n;
	return 1;
}

const struct target *target_find(const struct target_list *list, const struct addr *a)
{
	uint32_t i;

	if (list->n == 0)
		return NULL;
	i = index_slot(&list->seen->index, &over_targets, list, a)->number;
	return i ? &list->v[i - 1] : NULL;
}

const struct target_info *target_info(const struct target_list *list, const struct target *t)
{
	return t->info < list->n_infos ? &list->infos[t->info] : &no_info;
}

size_t target_keep(struct target_list *list, target_wanted *wanted, const void *arg)
{
	size_t kept = 0, dropped;

	for (size_t i = 0; i < list->n; i++)
		if (wanted(&list->v[i], arg))
			list->v[kept++] = list->v[i];
	dropped = list->n - kept;
	list->n = kept;
	if (dropped > 0)
		index_fill(&list->seen->index, &over_targets, list, kept);
	return dropped;
}

void target_list_free(struct target_list *list)
{
	while (list->text && list->text->blocks) {
		struct text_block *next = list->text->blocks->next;

		free(list->text->blocks);
		list->text->blocks = next;
	}
	if (list->text)
		free(list->text->infos.slot);
	if (list->seen)
		free(list->seen->index.slot);
	free(list->text);
	free(list->seen);
	free(list->infos);
	free(list->v);
	*list = (struct target_list){0};
}
