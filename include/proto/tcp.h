/* TCP (RFC 9293): as much of a segment as answers a SYN. */
#ifndef PROTO_TCP_H
#define PROTO_TCP_H

#include <stddef.h>
#include <stdint.h>

enum { TCP_LEN = 20 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct tcp {
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
};

/* 0, or ERR_PARSE for a short header or a data offset that lies. */
int tcp_parse(const uint8_t *l4, size_t len, struct tcp *out);

#endif
