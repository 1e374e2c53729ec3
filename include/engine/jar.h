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
	bool refused; /* send no COOKIE option */
	uint8_t len;  /* 0: no server cookie yet */
	uint8_t cookie[DNS_COOKIE_MAX];
};

struct jar {
	struct jar_entry *v; /* by target; made with the first that is kept */
	size_t targets;
};

/* What is known of a target, or NULL. */
const struct jar_entry *jar_get(const struct jar *j, uint32_t target);
/* Has it brought nearer, when it is asked for soon. */
void jar_fetch(const struct jar *j, uint32_t target);
/* Keeps the whole cookie (client part first, at most DNS_COOKIE_MAX) or, with n = 0, that the server refused
 * the option. Without memory, or of no target, nothing is kept: the next query goes out without it. */
void jar_put(struct jar *j, uint32_t target, struct bytes cookie);
void jar_free(struct jar *j);

#endif
