#include "proto/tcp.h"

#include "base/wire.h"
#include "probe/types.h"

enum { SEQ_AT = 4, CHECKSUM_AT = 16, MSS_OPTION_LEN = 4 };

static size_t tcp_form(const struct probe_spec *s, uint8_t l4[static PROBE_L4_MAX])
{
	wire_set16(l4 + 2, s->dst_port);
	wire_set32(l4 + SEQ_AT, (uint32_t)s->cookie);
	return TCP_LEN + MSS_OPTION_LEN;
}

/* A quoted head ends before the flags: that it is ours is for the sequence number to show. */
static bool tcp_sight(
	const struct packet *p, const struct probe_flows *flows, bool quoted, struct probe_sight *out)
{
	struct wire w = wire_over(p->l4, p->l4_len);
	uint16_t src_port = wire_u16(&w), dst_port = wire_u16(&w);
	uint32_t seq = wire_u32(&w);
	struct tcp t;

	if (w.bad || (!quoted && tcp_parse(p->l4, p->l4_len, &t) < 0))
		return false;
	if (probe_flow_has(flows, src_port) &&
		(quoted || (t.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)) {
		out->what = PROBE_SENT;
		out->head = p->l4;
		out->key = (struct probe_key){.target = p->dst, .flow_port = src_port, .token = seq};
		return true;
	}
	if (quoted || !probe_flow_has(flows, dst_port))
		return false;
	out->what = PROBE_REPLY;
	out->key = (struct probe_key){.target = p->src, .flow_port = dst_port, .token = t.ack - 1};
	return true;
}

static void tcp_read(const struct probe_spec *s, const struct packet *p, struct probe_answer *out)
{
	struct tcp t;

	out->outcome = OUTCOME_BAD_REPLY;
	if (tcp_parse(p->l4, p->l4_len, &t) < 0)
		out->fault = PROBE_SHORT;
	else if (t.src_port != s->dst_port)
		out->fault = PROBE_PORT;
	else if ((t.flags & (TCP_RST | TCP_ACK)) == (TCP_RST | TCP_ACK))
		out->outcome = OUTCOME_RST;
	else if ((t.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		out->outcome = OUTCOME_REPLY;
	else
		out->fault = PROBE_NO_RESPONSE;
}

static bool tcp_recover(const struct packet *p, struct probe_spec *out)
{
	struct tcp t;

	if (tcp_parse(p->l4, p->l4_len, &t) < 0)
		return false;
	out->cookie = t.seq;
	out->dst_port = t.dst_port;
	return true;
}

const struct probe_type probe_type_tcp = {
	.kind = PROBE_TCP,
	.ip_proto = {IP_TCP, IP_TCP},
	.header_len = TCP_LEN + MSS_OPTION_LEN,
	.checksum_at = CHECKSUM_AT,
	.form = tcp_form,
	.sight = tcp_sight,
	.read = tcp_read,
	.recover = tcp_recover,
};
