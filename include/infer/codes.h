/* Numbers as small numbers: each distinct one gets the next, from 0, when it is first met. Unlike base/intern it never fails once
 * it is made, since it knows how many there can be. */
#ifndef INFER_CODES_H
#define INFER_CODES_H

#include <stddef.h>
#include <stdint.h>

struct codes {
	struct codes_slot *slots;
	size_t n_slots; /* a power of two */
	uint64_t odd;   /* random: which numbers meet in a slot is not for a file to choose */
	size_t n;
};

/* Room for `most` distinct numbers. ERR_NOMEM. */
int codes_init(struct codes *c, size_t most);
uint32_t codes_of(struct codes *c, uint64_t number);
void codes_free(struct codes *c);

#endif
