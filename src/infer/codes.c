#include "infer/codes.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"

struct codes_slot {
	uint64_t number;
	uint32_t code_plus_1; /* 0: free */
};

int codes_init(struct codes *c, size_t most)
{
	*c = (struct codes){.n_slots = 16, .odd = hash_random_u64() | 1};
	while (c->n_slots < 2 * most)
		c->n_slots *= 2;
	c->slots = calloc(c->n_slots, sizeof(*c->slots));
	return c->slots ? 0 : ERR_NOMEM;
}

uint32_t codes_of(struct codes *c, uint64_t number)
{
	uint64_t hash = number * c->odd;

	for (size_t at = (hash ^ hash >> 32) & (c->n_slots - 1);; at = (at + 1) & (c->n_slots - 1)) {
		struct codes_slot *s = &c->slots[at];

		if (!s->code_plus_1)
			*s = (struct codes_slot){number, (uint32_t)++c->n};
		if (s->number == number)
			return s->code_plus_1 - 1;
	}
}

void codes_free(struct codes *c)
{
	free(c->slots);
	*c = (struct codes){0};
}
