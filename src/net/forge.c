#include "net/forge.h"

#include "base/wire.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

enum { V4_VERSION = 0x45, V6_VERSION = 0x60, TCP_OFFSET = TCP_LEN / 4 << 4 };

static void put_ip(struct wire_out *w, const struct forge_head *h, size_t l4_len)
{
	if (h->src.family == 4) {
		wire_put_u16(w, V4_VERSION << 8);
		wire_put_u16(w, (uint16_t)(IP_V4_LEN + l4_len));
		wire_put_u32(w, 0);
		wire_put_u8(w, h->ttl);
		wire_put_u8(w, h->proto);
		wire_put_u16(w, 0);
	} else {
		wire_put_u32(w, (uint32_t)V6_VERSION << 24);
		wire_put_u16(w, (uint16_t)l4_len);
		wire_put_u8(w, h->proto);
		wire_put_u8(w, h->ttl);
	}
	wire_put(w, h->src.b, addr_len(&h->src));
	wire_put(w, h->dst.b, addr_len(&h->src));
}

static size_t done(const struct wire_out *w)
{
	return w->bad ? 0 : w->len;
}

size_t forge_l4(uint8_t out[static FORGE_MAX], const struct forge_head *h, const void *l4, size_t n)
{
	struct wire_out w = wire_into(out, FORGE_MAX);

	put_ip(&w, h, n);
	wire_put(&w, l4, n);
	return done(&w);
}

size_t forge_udp(uint8_t out[static FORGE_MAX], const struct forge_head *h, uint16_t src_port,
	uint16_t dst_port, const void *payload, size_t n, size_t whole)
{
	struct wire_out w = wire_into(out, FORGE_MAX);

	put_ip(&w, h, UDP_LEN + n);
	wire_put_u16(&w, src_port);
	wire_put_u16(&w, dst_port);
	wire_put_u16(&w, (uint16_t)(UDP_LEN + whole));
	wire_put_u16(&w, 0);
	wire_put(&w, payload, n);
	return done(&w);
}

size_t forge_tcp_answer(uint8_t out[static FORGE_MAX], const uint8_t *syn, size_t n, uint8_t flags)
{
	struct wire_out w = wire_into(out, FORGE_MAX);
	struct packet p;
	struct tcp t;

	if (ip_parse(syn, n, &p) < 0 || !p.l4 || tcp_parse(p.l4, p.l4_len, &t) < 0)
		return 0;
	put_ip(&w, &(struct forge_head){p.dst, p.src, IP_TCP, 0}, TCP_LEN);
	wire_put_u16(&w, t.dst_port);
	wire_put_u16(&w, t.src_port);
	wire_put_u32(&w, 0);
	wire_put_u32(&w, t.seq + 1);
	wire_put_u8(&w, TCP_OFFSET);
	wire_put_u8(&w, flags);
	wire_put_u16(&w, 0);
	wire_put_u32(&w, 0);
	return done(&w);
}

size_t forge_icmp_error(uint8_t out[static FORGE_MAX], const struct addr *from, uint8_t ttl, uint8_t type,
	uint8_t code, const uint8_t *about, size_t n)
{
	struct wire_out w = wire_into(out, FORGE_MAX);
	struct packet p;

	if (ip_parse(about, n, &p) < 0 || p.src.family != from->family)
		return 0;
	put_ip(&w, &(struct forge_head){*from, p.src, from->family == 4 ? IP_ICMP : IP_ICMP6, ttl},
		ICMP_LEN + n);
	wire_put_u8(&w, type);
	wire_put_u8(&w, code);
	wire_put_u16(&w, 0);
	wire_put_u32(&w, 0);
	wire_put(&w, about, n);
	return done(&w);
}
