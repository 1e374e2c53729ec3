/* ICMP (RFC 792) and ICMPv6 (RFC 4443): echoes, and errors that quote a packet. */
#ifndef PROTO_ICMP_H
#define PROTO_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/ip.h"

enum { ICMP_LEN = 8 };

enum icmp_class { ICMP_CLASS_OTHER, ICMP_CLASS_ECHO, ICMP_CLASS_REPLY, ICMP_CLASS_ERROR };

struct icmp {
	enum icmp_class class;
	uint8_t type, code;
	uint16_t id, seq;       /* echoes only */
	const uint8_t *payload; /* behind the 8-byte header: echo data, or the quoted packet */
	size_t payload_len;
};

/* `family` is 4 or 6. 0, or ERR_PARSE for fewer than 8 bytes. */
int icmp_parse(int family, const uint8_t *l4, size_t len, struct icmp *out);

/* The packet that an error quotes: its addresses, and at least the first 8 bytes of its l4 (RFC 792 quotes no
 * more). ERR_PARSE when there is less. */
int icmp_quoted(const struct icmp *error, struct packet *out);

uint8_t icmp_echo_type(int family);

#endif
