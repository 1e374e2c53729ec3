#include "net/inject.h"

#include <libnet.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

enum { HOP_LIMIT = 64, TCP_WINDOW = 65535, DONT_FRAGMENT = 0x4000 };
enum { V4_LENGTH_AT = 2, V4_ID_AT = 4, V4_SUM_AT = 10, V4_SRC_AT = 12, V6_LENGTH_AT = 4, V6_SRC_AT = 8 };

/* Maximum segment size 1220: what a SYN of a careful host offers, and middleboxes expect some offer. */
static const uint8_t mss_option[4] = {2, 4, 0x04, 0xc4};

static libnet_ptag_t build_dns(libnet_t *l, int family, uint16_t flow_port)
{
	(void)family;
	return libnet_build_udp(flow_port, 0, UDP_LEN, 1, NULL, 0, l, 0);
}

static libnet_ptag_t build_icmp(libnet_t *l, int family, uint16_t flow_port)
{
	return libnet_build_icmpv4_echo(icmp_echo_type(family), 0, flow_port, flow_port, 0, NULL, 0, l, 0);
}

static libnet_ptag_t build_tcp(libnet_t *l, int family, uint16_t flow_port)
{
	(void)family;
	if (libnet_build_tcp_options(mss_option, sizeof(mss_option), l, 0) < 0)
		return -1;
	return libnet_build_tcp(
		flow_port, 0, 0, 0, TH_SYN, TCP_WINDOW, 1, 0, TCP_LEN + sizeof(mss_option), NULL, 0, l, 0);
}

static libnet_ptag_t (*const builders[PROBE_KINDS])(libnet_t *, int, uint16_t) = {
	[PROBE_DNS] = build_dns,
	[PROBE_ICMP] = build_icmp,
	[PROBE_TCP] = build_tcp,
};

static libnet_ptag_t build_ip(libnet_t *l, int family, uint8_t proto, uint8_t dscp)
{
	struct libnet_in6_addr none;

	memset(&none, 0, sizeof(none));
	if (family == 4)
		return libnet_build_ipv4(IP_V4_LEN, (uint8_t)(dscp << 2), 0, DONT_FRAGMENT, HOP_LIMIT, proto,
			1, 0, 0, NULL, 0, l, 0);
	return libnet_build_ipv6((uint8_t)(dscp << 2), 0, 0, proto, HOP_LIMIT, none, none, NULL, 0, l, 0);
}

int inject_build(struct inject_template *t, enum probe_kind kind, int family, uint16_t flow_port,
	uint8_t dscp, struct err_msg *why)
{
	const struct probe_type *type = probe_types[kind];
	char text[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, text);
	uint8_t *packet = NULL;
	uint32_t len = 0;
	int rc = 0;

	if (!l)
		return err_set(why, ERR_NOMEM, "libnet: %s", text);
	t->kind = kind;
	t->ip_len = family == 4 ? IP_V4_LEN : IP_V6_LEN;
	t->headers_len = (uint8_t)(t->ip_len + type->header_len);
	if (builders[kind](l, family, flow_port) < 0 ||
		build_ip(l, family, type->ip_proto[family == 6], dscp) < 0 ||
		libnet_pblock_coalesce(l, &packet, &len) < 0 || len != t->headers_len)
		rc = err_set(why, ERR_NOMEM, "libnet cannot build a %s packet: %s", probe_kind_name(kind),
			libnet_geterror(l));
	else
		memcpy(t->bytes, packet, len);
	free(packet);
	libnet_destroy(l);
	return rc;
}

static void stamp_v4(uint8_t *ip, const struct probe_spec *s, size_t total)
{
	wire_set16(ip + V4_LENGTH_AT, (uint16_t)total);
	wire_set16(ip + V4_ID_AT, (uint16_t)s->cookie);
	wire_set16(ip + V4_SUM_AT, 0);
	memcpy(ip + V4_SRC_AT, s->src.b, 4);
	memcpy(ip + V4_SRC_AT + 4, s->dst.b, 4);
	wire_set16(ip + V4_SUM_AT, ip_sum_fold(ip_sum(0, ip, IP_V4_LEN)));
}

static void stamp_v6(uint8_t *ip, const struct probe_spec *s, size_t l4_len)
{
	wire_set16(ip + V6_LENGTH_AT, (uint16_t)l4_len);
	memcpy(ip + V6_SRC_AT, s->src.b, 16);
	memcpy(ip + V6_SRC_AT + 16, s->dst.b, 16);
}

size_t inject_stamp(
	const struct inject_template *t, const struct probe_spec *s, uint8_t out[static INJECT_PACKET_MAX])
{
	const struct probe_type *type = probe_types[t->kind];
	uint8_t *l4 = out + t->ip_len, *sum_at = l4 + type->checksum_at;
	size_t len;
	uint16_t sum;

	memcpy(out, t->bytes, t->headers_len);
	len = type->form(s, l4);
	if (len == 0)
		return 0;
	if (t->ip_len == IP_V4_LEN)
		stamp_v4(out, s, t->ip_len + len);
	else
		stamp_v6(out, s, len);
	if (!type->fixed_checksum) {
		wire_set16(sum_at, 0);
		sum = ip_sum_fold(ip_sum(
			ip_sum_pseudo(&s->src, &s->dst, type->ip_proto[s->dst.family == 6], len), l4, len));
		/* 0 says "no checksum" in UDP; 0xffff is the same sum (RFC 768) and harmless elsewhere. */
		wire_set16(sum_at, sum ? sum : 0xffff);
	}
	return t->ip_len + len;
}
