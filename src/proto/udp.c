#include "proto/udp.h"

#include "base/err.h"
#include "base/wire.h"

int udp_parse(const uint8_t *l4, size_t len, struct udp *out)
{
	struct wire w = wire_over(l4, len);
	uint16_t total;

	out->src_port = wire_u16(&w);
	out->dst_port = wire_u16(&w);
	total = wire_u16(&w);
	wire_skip(&w, 2);
	if (w.bad || total < UDP_LEN)
		return ERR_PARSE;
	out->payload_len = total - UDP_LEN < wire_left(&w) ? total - UDP_LEN : wire_left(&w);
	out->payload = wire_take(&w, out->payload_len);
	return 0;
}
