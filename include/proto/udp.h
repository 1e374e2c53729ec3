/* UDP (RFC 768). */
#ifndef PROTO_UDP_H
#define PROTO_UDP_H

#include <stddef.h>
#include <stdint.h>

#define UDP_LEN 8U

struct udp {
	uint16_t src_port, dst_port;
	const uint8_t *payload; /* may be empty */
	size_t payload_len;     /* what the header says, cut to what is here */
};

/* 0, or ERR_PARSE for a short or lying header. */
int udp_parse(const uint8_t *l4, size_t len, struct udp *out);

#endif
