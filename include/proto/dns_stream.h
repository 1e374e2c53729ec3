/* DNS messages in a TCP stream (RFC 7766): each with its length in two bytes before it. Pure; what comes in may be cut
 * anywhere.
 *
 *	n = recv(fd, dns_stream_room(&s, &room), room, 0);
 *	dns_stream_fill(&s, n);
 *	while (dns_stream_next(&s, &message))
 *		...
 */
#ifndef PROTO_DNS_STREAM_H
#define PROTO_DNS_STREAM_H

#include "proto/dns.h"

enum { DNS_STREAM_PREFIX = 2, DNS_STREAM_MAX = DNS_STREAM_PREFIX + 65535 };

struct dns_stream {
	size_t at, n; /* bytes [at, n) are not used up */
	uint8_t b[DNS_STREAM_MAX];
};

/* Where the next bytes go; *room is never 0 once dns_stream_next has said no. What it gave before is void from now on. */
uint8_t *dns_stream_room(struct dns_stream *s, size_t *room);
void dns_stream_fill(struct dns_stream *s, size_t n);
/* The next whole message, in place. */
bool dns_stream_next(struct dns_stream *s, struct dns_span *message);

/* A query as it goes into a stream. */
void dns_stream_write(struct wire_out *w, const struct dns_query *q);

#endif
