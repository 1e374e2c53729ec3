/* What DNS servers told us about EDNS COOKIE (RFC 7873), by target: a server's cookie goes back to it with
 * the next query, which lifts the limits that servers put on strangers; a server that answered FORMERR gets
 * none. Pure. */
#ifndef ENGINE_JAR_H
#define ENGINE_JAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/record.h"
#include "proto/dns.h"

struct jar_entry {
	uint32_t target; /* + 1; 0: free */
	bool refused;    /* send no COOKIE option */
	uint8_t len;     /* 0: no server cookie yet */
	uint8_t cookie[DNS_COOKIE_MAX];
};

struct jar {
	struct jar_entry *v;
	size_t n, cap; /* cap: a power of two, or 0 */
};

/* What is known of a target, or NULL. */
const struct jar_entry *jar_get(const struct jar *j, uint32_t target);
/* Keeps the whole cookie (client part first, at most DNS_COOKIE_MAX) or, with n = 0, that the server refused
 * the option. Without memory nothing is kept: the next query goes out without it. */
void jar_put(struct jar *j, uint32_t target, struct bytes cookie);
void jar_free(struct jar *j);

#endif
