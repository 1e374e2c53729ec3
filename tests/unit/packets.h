/* Probes as they leave and answers as they come, honest and hostile, for the tests of what reads them. An answer is made
 * from the probe's spec, so that each lie is one field of struct dns_say. */
#ifndef TESTS_UNIT_PACKETS_H
#define TESTS_UNIT_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/wire.h"
#include "net/inject.h"
#include "probe/probe.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

enum { MADE_MAX = 2048, MADE_TTL = 57, MADE_EDNS_SIZE = 1232 };

/* An IP packet. */
struct made {
	uint8_t b[MADE_MAX];
	size_t n;
};

static inline struct addr made_addr(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* Documentation addresses: the prober, the target, a router between them; of the family, 4 or 6. */
static inline struct addr made_us(int family)
{
	return made_addr(family == 4 ? "192.0.2.1" : "2001:db8::1");
}
static inline struct addr made_target(int family)
{
	return made_addr(family == 4 ? "198.51.100.53" : "2001:db8:53::53");
}
static inline struct addr made_router(int family)
{
	return made_addr(family == 4 ? "203.0.113.9" : "2001:db8:9::9");
}

/* Puts an IP header before l4; fragment: the first piece of a larger packet. */
static inline struct made made_ip(const struct addr *src, const struct addr *dst, uint8_t proto,
	const uint8_t *l4, size_t n, bool fragment)
{
	struct made m = {{0}, 0};
	struct wire_out w = wire_into(m.b, sizeof(m.b));

	if (src->family == 4) {
		wire_put_u16(&w, 0x4500);
		wire_put_u16(&w, (uint16_t)(IP_V4_LEN + n));
		wire_put_u16(&w, 7);
		wire_put_u16(&w, fragment ? 0x2000 : 0);
		wire_put_u8(&w, MADE_TTL);
		wire_put_u8(&w, proto);
		wire_put_u16(&w, 0);
	} else {
		wire_put_u32(&w, 0x60000000);
		wire_put_u16(&w, (uint16_t)(n + (fragment ? 8 : 0)));
		wire_put_u8(&w, fragment ? 44 : proto);
		wire_put_u8(&w, MADE_TTL);
	}
	wire_put(&w, src->b, addr_len(src));
	wire_put(&w, dst->b, addr_len(dst));
	if (src->family == 4)
		wire_set16(m.b + 10, ip_sum_fold(ip_sum(0, m.b, IP_V4_LEN)));
	else if (fragment) {
		wire_put_u8(&w, proto);
		wire_put_u8(&w, 0);
		wire_put_u16(&w, 1);
		wire_put_u32(&w, 99);
	}
	wire_put(&w, l4, n);
	assert_false(w.bad);
	m.n = w.len;
	return m;
}

static inline struct packet made_packet(const struct made *m)
{
	struct packet p;

	assert_int_equal(ip_parse(m->b, m->n, &p), 0);
	return p;
}

/* The probe itself, as it leaves. */
static inline struct made made_probe(const struct probe_spec *s)
{
	struct inject_template t;
	struct made m = {{0}, 0};

	assert_int_equal(inject_build(&t, s->kind, s->dst.family, s->flow_port, 0, NULL), 0);
	m.n = inject_stamp(&t, s, m.b);
	assert_true(m.n > 0);
	return m;
}

/* What a name server says, and how it lies. The zero value is an empty, honest NOERROR. */
struct dns_say {
	const char *txt, *nsid;       /* NULL: no such record or option */
	size_t nsid_n;                /* of nsid; 0: its length as text */
	uint8_t rcode, opcode, flags; /* flags: RECORD_AA, RECORD_RA, RECORD_TC, RECORD_AD */
	const char *server_cookie;    /* appended to the client's; NULL: no COOKIE option */
	bool no_edns, is_query, no_question, fragment;
	bool other_case, other_question, other_cookie; /* not as asked */
	uint16_t other_id, other_port;                 /* 0: as asked */
	size_t cut, more_length; /* bytes left off the message; added to the UDP length, a lie */
};

static inline void made_put_question(
	struct wire_out *w, const struct packet *query, const struct dns_say *say)
{
	size_t at = w->len, n = 0;
	struct dns_reply q;

	assert_int_equal(dns_parse(query->l4 + UDP_LEN, query->l4_len - UDP_LEN, &q), 0);
	n = q.question.n;
	wire_put(w, q.question.p, n);
	for (size_t i = at; i < w->len; i++)
		if (say->other_case && w->base[i] >= 'A')
			w->base[i] ^= 0x20;
	if (say->other_question && n > 1)
		w->base[at + 1] ^= 3;
	wire_put_u16(w, say->other_question && n == 1 ? DNS_TYPE_NS : q.question_type);
	wire_put_u16(w, q.question_class);
}

static inline void made_put_opt(struct wire_out *w, const struct probe_spec *s, const struct dns_say *say)
{
	size_t nsid = say->nsid ? (say->nsid_n ? say->nsid_n : strlen(say->nsid)) : 0;
	size_t cookie = say->server_cookie ? DNS_COOKIE_CLIENT + strlen(say->server_cookie) : 0;

	wire_put_u8(w, 0);
	wire_put_u16(w, DNS_TYPE_OPT);
	wire_put_u16(w, MADE_EDNS_SIZE);
	wire_put_u32(w, 0);
	wire_put_u16(w, (uint16_t)((say->nsid ? 4 + nsid : 0) + (cookie ? 4 + cookie : 0)));
	if (say->nsid) {
		wire_put_u16(w, 3);
		wire_put_u16(w, (uint16_t)nsid);
		wire_put(w, say->nsid, nsid);
	}
	if (cookie) {
		wire_put_u16(w, 10);
		wire_put_u16(w, (uint16_t)cookie);
		wire_put_u8(w, s->dns_cookie[0] ^ say->other_cookie);
		wire_put(w, s->dns_cookie + 1, DNS_COOKIE_CLIENT - 1);
		wire_put(w, say->server_cookie, strlen(say->server_cookie));
	}
}

static inline uint16_t made_dns_flags(const struct dns_say *say)
{
	return (uint16_t)((say->is_query ? 0 : 0x8000) | say->opcode << 11 |
			  (say->flags & RECORD_AA ? 0x400 : 0) | (say->flags & RECORD_TC ? 0x200 : 0) |
			  (say->flags & RECORD_RA ? 0x80 : 0) | (say->flags & RECORD_AD ? 0x20 : 0) |
			  say->rcode);
}

static inline struct made made_dns(const struct probe_spec *s, const struct dns_say *say)
{
	struct made query = made_probe(s);
	struct packet asked = made_packet(&query);
	uint8_t l4[MADE_MAX];
	struct wire_out w = wire_into(l4, sizeof(l4));

	wire_put_u16(&w, say->other_port ? say->other_port : s->dst_port);
	wire_put_u16(&w, s->flow_port);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, say->other_id ? say->other_id : (uint16_t)s->cookie);
	wire_put_u16(&w, made_dns_flags(say));
	wire_put_u16(&w, !say->no_question);
	wire_put_u16(&w, say->txt != NULL);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, !say->no_edns);
	if (!say->no_question)
		made_put_question(&w, &asked, say);
	if (say->txt) {
		wire_put_u16(&w, 0xc00c);
		wire_put_u16(&w, DNS_TYPE_TXT);
		wire_put_u16(&w, DNS_CLASS_CH);
		wire_put_u32(&w, 0);
		wire_put_u16(&w, (uint16_t)(strlen(say->txt) + 1));
		wire_put_u8(&w, (uint8_t)strlen(say->txt));
		wire_put(&w, say->txt, strlen(say->txt));
	}
	if (!say->no_edns)
		made_put_opt(&w, s, say);
	assert_false(w.bad);
	assert_true(say->cut <= w.len);
	w.len -= say->cut;
	wire_set16(l4 + 4, (uint16_t)(w.len + say->more_length));
	return made_ip(&s->dst, &s->src, IP_UDP, l4, w.len, say->fragment);
}

/* The echo that comes back; `other` changes a byte of its payload, `cut` leaves bytes off its end. */
static inline struct made made_echo(const struct probe_spec *s, bool other, size_t cut)
{
	struct made m = made_probe(s);
	struct packet sent = made_packet(&m);
	uint8_t l4[PROBE_L4_MAX];

	memcpy(l4, sent.l4, sent.l4_len);
	l4[0] = s->dst.family == 4 ? 0 : 129;
	l4[ICMP_LEN] ^= other;
	return made_ip(&s->dst, &s->src, sent.proto, l4, sent.l4_len - cut, false);
}

/* A segment of the target, towards the port that a SYN came from; port 0: the one it went to. */
static inline struct made made_tcp(const struct probe_spec *s, uint8_t flags, uint16_t port)
{
	uint8_t l4[TCP_LEN];
	struct wire_out w = wire_into(l4, sizeof(l4));

	wire_put_u16(&w, port ? port : s->dst_port);
	wire_put_u16(&w, s->flow_port);
	wire_put_u32(&w, 0x01020304);
	wire_put_u32(&w, (uint32_t)s->cookie + 1);
	wire_put_u8(&w, 0x50);
	wire_put_u8(&w, flags);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, 0);
	return made_ip(&s->dst, &s->src, IP_TCP, l4, w.len, false);
}

/* An ICMP error about the probe from a router, which quotes so many bytes of its l4 (0: all). */
static inline struct made made_error(
	const struct probe_spec *s, const struct addr *from, uint8_t type, uint8_t code, size_t quote)
{
	struct made sent = made_probe(s);
	size_t ip_len = s->dst.family == 4 ? IP_V4_LEN : IP_V6_LEN;
	size_t n = quote ? ip_len + quote : sent.n;
	uint8_t l4[MADE_MAX] = {type, code};

	memcpy(l4 + ICMP_LEN, sent.b, n);
	return made_ip(from, &s->src, s->dst.family == 4 ? IP_ICMP : IP_ICMP6, l4, ICMP_LEN + n, false);
}

#endif
