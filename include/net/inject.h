/* Packets from templates. libnet builds the constant part of a flow's packets once, without a socket or
 * privilege; per probe only the addresses, ids, cookie, lengths and checksums change. The only user of
 * libnet. */
#ifndef NET_INJECT_H
#define NET_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "probe/probe.h"

enum { INJECT_HEADERS_MAX = IP_V6_LEN + 24, INJECT_PACKET_MAX = IP_V6_LEN + PROBE_L4_MAX };

/* IP and l4 headers of one (kind, family, flow). */
struct inject_template {
	uint8_t bytes[INJECT_HEADERS_MAX];
	uint8_t ip_len, headers_len;
	enum probe_kind kind;
};

/* family: 4 or 6. flow_port: source port of UDP and TCP, id and checksum of ICMP echoes. */
int inject_build(struct inject_template *t, enum probe_kind kind, int family, uint16_t flow_port,
	uint8_t dscp, struct err_msg *why);

/* The IP packet of one probe into `out`; its length, or 0 when the probe cannot be formed. */
size_t inject_stamp(
	const struct inject_template *t, const struct probe_spec *s, uint8_t out[static INJECT_PACKET_MAX]);

#endif
