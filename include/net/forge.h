/* Packets as they must have been, from what ordinary sockets tell of them: a payload, addresses, a TTL. Pure. Checksums stay
 * zero: the kernel has looked at them, and no reader of these packets does. */
#ifndef NET_FORGE_H
#define NET_FORGE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/ip.h"

enum { FORGE_PAYLOAD_MAX = 4096, FORGE_MAX = IP_V6_LEN + 20 + FORGE_PAYLOAD_MAX };

struct forge_head {
	struct addr src, dst; /* of one family */
	uint8_t proto, ttl;   /* ttl 0: not known */
};

/* Each writes one IP packet into out[FORGE_MAX] and returns its length; 0 when it does not fit. */

/* Any l4, as it is. */
size_t forge_l4(uint8_t out[static FORGE_MAX], const struct forge_head *h, const void *l4, size_t n);
/* A UDP datagram; `whole`: its payload's true length, of which only n bytes may be here. */
size_t forge_udp(uint8_t out[static FORGE_MAX], const struct forge_head *h, uint16_t src_port,
	uint16_t dst_port, const void *payload, size_t n, size_t whole);
/* The segment that answers this SYN (an IP packet) with these flags. */
size_t forge_tcp_answer(uint8_t out[static FORGE_MAX], const uint8_t *syn, size_t n, uint8_t flags);
/* The ICMP error that `from` sent about this packet. */
size_t forge_icmp_error(uint8_t out[static FORGE_MAX], const struct addr *from, uint8_t ttl, uint8_t type,
	uint8_t code, const uint8_t *about, size_t n);

#endif
