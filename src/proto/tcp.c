#include "proto/tcp.h"

#include "base/err.h"
#include "base/wire.h"

int tcp_parse(const uint8_t *l4, size_t len, struct tcp *out)
{
	struct wire w = wire_over(l4, len);
	uint8_t offset;

	out->src_port = wire_u16(&w);
	out->dst_port = wire_u16(&w);
	out->seq = wire_u32(&w);
	out->ack = wire_u32(&w);
	offset = wire_u8(&w) >> 4;
	out->flags = wire_u8(&w);
	wire_skip(&w, 6);
	if (w.bad || offset < 5 || offset * 4U > len)
		return ERR_PARSE;
	return 0;
}
