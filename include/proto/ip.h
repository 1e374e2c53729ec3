/* IPv4 (RFC 791) and IPv6 (RFC 8200) packets, and the Internet checksum (RFC 1071). */
#ifndef PROTO_IP_H
#define PROTO_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58 };
enum { IP_V4_LEN = 20, IP_V6_LEN = 40 };

/* A packet as it came: views into the caller's bytes. */
struct packet {
	struct addr src, dst;
	uint8_t proto; /* of l4: the last header after IPv6 extension headers */
	uint8_t ttl;
	uint16_t id;       /* IPv4 identification; 0 for IPv6 */
	bool fragment;     /* any fragment but a whole packet; l4 is then NULL unless it is the first one */
	bool cut;          /* fewer bytes are here than the packet says it has */
	const uint8_t *l4; /* what IP carries; NULL when there is none to see */
	size_t l4_len;     /* bytes of it here: neither link padding nor what was cut off */
};

/* 0, or ERR_PARSE when the bytes hold no whole IP header. */
int ip_parse(const uint8_t *bytes, size_t len, struct packet *out);

/* One's complement sums: add parts (each part but the last of even length), then fold. */
uint64_t ip_sum(uint64_t sum, const void *bytes, size_t len);
uint16_t ip_sum_fold(uint64_t sum); /* the checksum field's value, host order */
/* The pseudo header of UDP, TCP and ICMPv6. */
uint64_t ip_sum_pseudo(const struct addr *src, const struct addr *dst, uint8_t proto, size_t l4_len);

#endif
