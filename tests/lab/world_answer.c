#include "world_answer.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "data/record.h"
#include "proto/dns.h"
#include "proto/frame.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"
#include "world_build.h"
#include "world_dns.h"

enum { SALT_LOSS, SALT_JITTER, SALT_HOSTILE };
enum { INITIAL_TTL = 64, NEAR_HOPS = 2, FAR_HOPS = 5, QUOTE_MAX = 256 };

/* A probe that came, and where it belongs. */
struct probe {
	enum probe_kind kind;
	struct packet ip;
	struct world_flow flow;
	struct udp udp;
	struct tcp tcp;
	struct icmp icmp;
	size_t vp, target;
	struct world_pair *pair;
	const struct world_trouble *trouble;
	int site;
	uint32_t n; /* of this pair, from 0 */
	int64_t arrival_ns;
};

static bool read_dns(struct probe *p)
{
	if (p->ip.proto != IP_UDP || udp_parse(p->ip.l4, p->ip.l4_len, &p->udp) < 0 ||
		p->udp.dst_port != WORLD_DNS_PORT)
		return false;
	p->flow.a = p->udp.src_port;
	p->flow.b = p->udp.dst_port;
	return true;
}

static bool read_icmp(struct probe *p)
{
	uint8_t proto = p->ip.src.family == 4 ? IP_ICMP : IP_ICMP6;

	if (p->ip.proto != proto || icmp_parse(p->ip.src.family, p->ip.l4, p->ip.l4_len, &p->icmp) < 0 ||
		p->icmp.class != ICMP_CLASS_ECHO)
		return false;
	p->flow.a = p->icmp.id;
	p->flow.b = wire_get16(p->ip.l4 + 2);
	return true;
}

static bool read_tcp(struct probe *p)
{
	if (p->ip.proto != IP_TCP || tcp_parse(p->ip.l4, p->ip.l4_len, &p->tcp) < 0 ||
		p->tcp.flags != TCP_SYN)
		return false;
	p->flow.a = p->tcp.src_port;
	p->flow.b = p->tcp.dst_port;
	return true;
}

static bool read_probe(const struct world *w, struct probe *p, const uint8_t *frame, size_t len)
{
	static bool (*const readers[PROBE_KINDS])(struct probe *) = {
		[PROBE_DNS] = read_dns, [PROBE_ICMP] = read_icmp, [PROBE_TCP] = read_tcp};
	struct wire ip = frame_ip(FRAME_ETHERNET, frame, len);
	int vp, target;

	if (ip.bad || ip_parse(ip.base, ip.len, &p->ip) < 0 || !p->ip.l4 || p->ip.cut || p->ip.fragment)
		return false;
	vp = world_vp_find(w, &p->ip.src);
	target = world_target_find(w, &p->ip.dst);
	if (vp < 0 || target < 0)
		return false;
	p->vp = (size_t)vp;
	p->target = (size_t)target;
	p->flow = (struct world_flow){.vp = p->ip.src, .target = p->ip.dst, .proto = p->ip.proto};
	for (p->kind = 0; p->kind < PROBE_KINDS; p->kind++)
		if (readers[p->kind](p))
			return true;
	return false;
}

/* Exponential with the mean that the trouble gives: queues are mostly short and sometimes long. */
static int64_t jitter_ns(const struct world *w, const struct probe *p)
{
	if (!p->trouble->jitter_ns)
		return 0;
	return (int64_t)(-log(1 - world_draw(w, p->pair, p->n, SALT_JITTER)) * (double)p->trouble->jitter_ns);
}

/* As long a way, as many hops, within what the Internet has. */
static uint8_t far_ttl(int64_t delay_ns)
{
	int64_t hops = FAR_HOPS + delay_ns / (10 * NS_PER_MS);

	return (uint8_t)(INITIAL_TTL - (hops < 30 ? hops : 30));
}

static void put_tcp(struct wire_out *out, const struct probe *p)
{
	static const uint16_t open_ports[] = {53, 80, 443};
	bool is_open = false;

	for (size_t i = 0; i < sizeof(open_ports) / sizeof(open_ports[0]); i++)
		is_open = is_open || p->tcp.dst_port == open_ports[i];
	wire_put_u16(out, p->tcp.dst_port);
	wire_put_u16(out, p->tcp.src_port);
	wire_put_u32(out, is_open ? (uint32_t)hash_mix(p->n + 1U) : 0);
	wire_put_u32(out, p->tcp.seq + 1);
	wire_put_u16(out, (uint16_t)(TCP_LEN / 4 << 12 | TCP_ACK | (is_open ? TCP_SYN : TCP_RST)));
	wire_put_u16(out, is_open ? 65535 : 0);
	wire_put_u32(out, 0);
}

static void put_echo_reply(struct wire_out *out, const struct probe *p)
{
	wire_put_u8(out, p->ip.src.family == 4 ? 0 : 129);
	wire_put_u8(out, 0);
	wire_put_u16(out, 0);
	wire_put_u16(out, p->icmp.id);
	wire_put_u16(out, p->icmp.seq);
	wire_put(out, p->icmp.payload, p->icmp.payload_len);
}

/* The probe's IP packet, as much as an answer has room for. */
static void put_error(struct wire_out *out, const struct probe *p, const uint8_t *ip)
{
	const struct world_error *e = &world_errors[p->trouble->error];
	size_t n = (size_t)(p->ip.l4 - ip) + p->ip.l4_len;

	wire_put_u8(out, p->ip.src.family == 4 ? e->v4.type : e->v6.type);
	wire_put_u8(out, p->ip.src.family == 4 ? e->v4.code : e->v6.code);
	wire_put_u16(out, 0);
	wire_put_u32(out, 0);
	wire_put(out, ip, n < QUOTE_MAX ? n : QUOTE_MAX);
}

/* False when the server says nothing. */
static bool is_within_chaos_limit(struct probe *p)
{
	int32_t second = (int32_t)(p->arrival_ns / NS_PER_S);

	if (!p->trouble->chaos_limit)
		return true;
	if (p->pair->chaos_second != second) {
		p->pair->chaos_second = second;
		p->pair->chaos_answers = 0;
	}
	return p->pair->chaos_answers++ < p->trouble->chaos_limit;
}

/* Where and how an answer leaves. */
struct route {
	struct addr from;
	uint8_t proto, ttl;
	int64_t due_ns;
};

static void send_l4(struct world_queue *q, struct world_counts *counts, const struct probe *p,
	const struct route *r, const uint8_t *l4, size_t n)
{
	struct world_frame *f = world_queue_take(q);

	if (!f || !world_build(f, &(struct world_ip){r->from, p->ip.src, r->proto, r->ttl}, l4, n)) {
		if (f)
			world_queue_give(q, f);
		counts->overflow++;
		return;
	}
	world_queue_push(q, f, r->due_ns);
}

static void send_dns(const struct world *w, struct world_queue *q, struct world_counts *counts,
	const struct probe *p, struct route r, const struct world_dns_asked *asked, const char *identity,
	bool is_resolver)
{
	uint8_t l4[WORLD_FRAME_MAX];
	struct world_dns_answer a = {
		.identity = identity,
		.is_resolver = is_resolver,
		.hostile = is_resolver ? 0 : p->trouble->hostile,
		.rcode = (uint8_t)p->trouble->rcode,
		.header = p->trouble->header,
		.no_nsid = p->trouble->no_nsid,
		.draw = world_draw(w, p->pair, p->n, SALT_HOSTILE),
		.from = r.from,
	};

	for (a.copy = 0; a.copy < world_dns_copies(&a); a.copy++) {
		struct wire_out out = wire_into(l4, sizeof(l4));

		a.src_port = WORLD_DNS_PORT;
		world_dns_put(&out, p->udp.src_port, asked, &a);
		if (out.bad) {
			counts->overflow++;
			return;
		}
		r.from = a.from;
		send_l4(q, counts, p, &r, l4, out.len);
		r.due_ns += NS_PER_MS;
	}
}

static void answer_dns(const struct world *w, struct world_queue *q, struct world_counts *counts,
	struct probe *p, struct route r)
{
	const struct world_trouble *t = p->trouble;
	const char *identity = t->identity[0] ? t->identity : w->sites.v[p->site].identity;
	struct world_dns_asked asked;

	if (world_dns_read(&asked, &w->key, p->udp.payload, p->udp.payload_len, &p->flow) < 0) {
		counts->ignored++;
		return;
	}
	if (asked.is_chaos && !asked.has_server_cookie && !is_within_chaos_limit(p)) {
		counts->limited++;
		return;
	}
	counts->answered++;
	if (asked.is_chaos && t->chaos[0])
		identity = t->chaos;
	if (t->intercept[0]) { /* somebody on the way answers; the query never gets there */
		r.due_ns = p->arrival_ns + w->vps.v[p->vp].last_mile_ns + t->intercept_ns;
		r.ttl = INITIAL_TTL - NEAR_HOPS;
		identity = t->intercept;
	}
	r.ttl = t->ttl ? (uint8_t)t->ttl : r.ttl;
	send_dns(w, q, counts, p, r, &asked, identity, t->intercept[0]);
}

static void answer_plain(
	struct world_queue *q, struct world_counts *counts, const struct probe *p, const struct route *r)
{
	uint8_t l4[WORLD_FRAME_MAX];
	struct wire_out out = wire_into(l4, sizeof(l4));

	(p->kind == PROBE_TCP ? put_tcp : put_echo_reply)(&out, p);
	counts->answered++;
	send_l4(q, counts, p, r, l4, out.bad ? SIZE_MAX : out.len);
}

static void answer_error(struct world_queue *q, struct world_counts *counts, const struct probe *p,
	struct route r, const uint8_t *ip)
{
	uint8_t l4[WORLD_FRAME_MAX];
	struct wire_out out = wire_into(l4, sizeof(l4));

	put_error(&out, p, ip);
	r.from = world_router(p->ip.src.family);
	r.proto = p->ip.src.family == 4 ? IP_ICMP : IP_ICMP6;
	counts->answered++;
	send_l4(q, counts, p, &r, l4, out.len);
}

void world_answer(struct world *w, struct world_queue *q, struct world_counts *counts, const uint8_t *frame,
	size_t len, int64_t arrival_ns, int64_t start_ns)
{
	struct probe p = {.arrival_ns = arrival_ns};
	struct route r;
	int64_t delay;

	counts->frames++;
	if (!read_probe(w, &p, frame, len)) {
		counts->ignored++;
		return;
	}
	counts->probes++;
	p.pair = world_pair_at(w, p.vp, p.target);
	p.trouble = &w->troubles.v[p.pair->trouble];
	p.n = p.pair->packets++;
	p.site = world_site_of(w, p.pair, &p.flow, arrival_ns - start_ns);
	if (p.site < 0 || p.trouble->silent & 1U << p.kind) {
		counts->silent++;
		return;
	}
	if (world_draw(w, p.pair, p.n, SALT_LOSS) * WORLD_PPM < p.trouble->loss_ppm) {
		counts->lost++;
		return;
	}
	delay = world_delay_ns(w, p.vp, (size_t)p.site) + p.trouble->extra_ns + jitter_ns(w, &p);
	r = (struct route){p.ip.dst, p.ip.proto, far_ttl(delay), arrival_ns + delay};
	if (p.trouble->error)
		answer_error(q, counts, &p, r, frame_ip(FRAME_ETHERNET, frame, len).base);
	else if (p.kind == PROBE_DNS)
		answer_dns(w, q, counts, &p, r);
	else
		answer_plain(q, counts, &p, &r);
}
