/* A DNS message by itself, without the probe that it answers: what it says, as fields of a row. */
#ifndef PROBE_MESSAGE_H
#define PROBE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "data/record.h"

/* Sets question (none when it is not one of ours), rcode, dns_flags, edns, nsid and txt; the outcome becomes bad-reply and
 * `extra` says why when the bytes are no reply. Bytes point into the message and into scratch. */
void probe_message(
	const uint8_t *message, size_t n, struct record *r, uint8_t scratch[static RECORD_SCRATCH]);

#endif
