#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

enum { FIRST_SLOTS = 64 };
static const uint64_t upper = ~UINT64_C(0) << 32;

static uint64_t *slot_of(const struct intern *t, uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = (hash >> 32) & (t->n_slots - 1);; i = (i + 1) & (t->n_slots - 1)) {
		uint64_t *slot = &t->slots[i];
		size_t len;
		const uint8_t *have;

		if (*slot == 0)
			return slot;
		if ((*slot ^ hash) & upper)
			continue;
		have = intern_at(t, (uint32_t)*slot - 1, &len);
		if (len == n && (n == 0 || memcmp(have, bytes, n) == 0))
			return slot;
	}
}

/* Twice the slots, at least. */
static int grow(struct intern *t)
{
	size_t n_old = t->n_slots, n = n_old ? 2 * n_old : FIRST_SLOTS;
	uint64_t *slots = calloc(n, sizeof(*slots)), *old = t->slots;

	if (!slots)
		return ERR_NOMEM;
	if (!old)
		t->key = hash_key_random();
	t->slots = slots;
	t->n_slots = n;
	/* What a slot keeps of the hash says where it belongs, so that no string is hashed again. */
	for (size_t k = 0; old && k < n_old; k++) {
		size_t i = (old[k] >> 32) & (n - 1);

		if (old[k] == 0)
			continue;
		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = old[k];
	}
	free(old);
	return 0;
}

int64_t intern_put(struct intern *t, const void *bytes, size_t n)
{
	uint64_t hash, *slot;

	if (t->n >= t->n_slots / 2 && grow(t) < 0)
		return ERR_NOMEM;
	hash = hash_sip(&t->key, bytes, n);
	slot = slot_of(t, hash, bytes, n);
	if (*slot)
		return (int64_t)(uint32_t)*slot - 1;
	if (t->n >= INT32_MAX)
		return ERR_RANGE;
	if (vec_reserve(&t->bytes, &t->cap_bytes, t->n_bytes + n + 1) < 0 ||
		vec_reserve(&t->start, &t->cap, t->n + 2) < 0)
		return ERR_NOMEM;
	t->start[t->n] = t->n_bytes;
	if (n > 0)
		memcpy(t->bytes + t->n_bytes, bytes, n);
	t->n_bytes += n;
	t->bytes[t->n_bytes++] = '\0';
	t->start[++t->n] = t->n_bytes;
	*slot = (hash & upper) | t->n;
	return (int64_t)t->n - 1;
}

void intern_free(struct intern *t)
{
	free(t->slots);
	free(t->bytes);
	free(t->start);
	*t = (struct intern){.slots = NULL};
}
