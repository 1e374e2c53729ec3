/* Answers probes the way broken, lying or hostile hosts do. The last byte of a target's address chooses how (its class),
 * the byte before it (IPv6: byte 13) varies it.
 *
 *	hostile --classes                     the table: class,probe,name,outcomes
 *	hostile -i INTERFACE [-l LATE_MS] [-L TOO_LATE_MS] [-s SECONDS] [-n ANSWERS]
 *
 * -l  how late "late" replies are (1500), -L "too-late" ones (3500); -s and -n bound its life (120 s, 100000 answers).
 * It answers for 198.18.0.0/15 and 2001:db8:18::/48. `outcomes`: what a prober that is not fooled may call the probe. */
#include <getopt.h>

#include "responder.h"

enum { L4_MAX = 1400, PENDING_MAX = 8192, EDNS_SIZE = 1232, HUGE_LEN = 65400 };

struct pending {
	int64_t due_ns; /* 0: free */
	size_t len;
	uint8_t frame[LINK_LEN + IP_V6_LEN + L4_MAX];
};

struct hostile {
	struct end end;
	struct pending *pending;
	size_t n_pending; /* slots in use are below this */
	int64_t late_ns, too_late_ns, seconds;
	uint64_t answers, answers_max;
};

/* One probe that is being answered, with the parts of a DNS query. */
struct case_in {
	struct hostile *h;
	const struct probe_in *in;
	const struct packet *p;
	unsigned variant;
	const uint8_t *dns, *cookie;
	size_t dns_len, question_end;
};

struct hostile_class {
	uint8_t number, proto; /* IP_UDP, IP_TCP, IP_ICMP (stands for ICMPv6 too) */
	const char *name, *outcomes;
	void (*answer)(const struct case_in *c);
};

/* ---- sending ---- */

/* From `src` with this l4, after so many ns. */
static void emit_from(const struct case_in *c, const struct addr *src, uint8_t proto, const uint8_t *l4,
	size_t n, int64_t after_ns)
{
	struct pending *slot = NULL;
	uint8_t frame[LINK_LEN + IP_V6_LEN + L4_MAX];
	size_t head = compose_head(frame, c->in, src, &c->p->src, proto, n);

	memcpy(frame + head, l4, n);
	c->h->answers++;
	if (after_ns == 0) {
		end_send(&c->h->end, frame, head + n);
		return;
	}
	for (size_t i = 0; i < PENDING_MAX && !slot; i++)
		if (c->h->pending[i].due_ns == 0)
			slot = &c->h->pending[i];
	if (!slot)
		return;
	if ((size_t)(slot - c->h->pending) >= c->h->n_pending)
		c->h->n_pending = (size_t)(slot - c->h->pending) + 1;
	slot->due_ns = c->in->stamp.ns + after_ns;
	slot->len = head + n;
	memcpy(slot->frame, frame, head + n);
}

static void seal(const struct case_in *c, uint8_t *l4, size_t n)
{
	compose_checksum(l4, n,
		c->p->proto == IP_UDP   ? 6
		: c->p->proto == IP_TCP ? 16
					: 2,
		&c->p->dst, &c->p->src, c->p->proto);
}

static void emit(const struct case_in *c, uint8_t *l4, size_t n, int64_t after_ns)
{
	seal(c, l4, n);
	emit_from(c, &c->p->dst, c->p->proto, l4, n, after_ns);
}

/* ---- DNS: a good reply in parts, to be spoilt ---- */

struct reply {
	uint8_t l4[L4_MAX];
	struct wire_out w; /* over the message, behind the UDP header */
	size_t txt_rdlength_at, opt_at, opt_rdlength_at, nsid_len_at, cookie_at; /* in the message; 0: none */
};

static uint8_t *message(struct reply *r)
{
	return r->l4 + 8;
}

static void put_header(struct reply *r, const struct case_in *c, bool answer)
{
	memcpy(r->l4, c->p->l4 + 2, 2);
	memcpy(r->l4 + 2, c->p->l4, 2);
	wire_set16(r->l4 + 6, 0);
	r->w = wire_into(message(r), L4_MAX - 8);
	wire_put(&r->w, c->dns, 2);
	wire_put_u16(&r->w, 0x8400);
	wire_put_u16(&r->w, 1);
	wire_put_u16(&r->w, answer);
	wire_put_u16(&r->w, 0);
	wire_put_u16(&r->w, 1);
	wire_put(&r->w, c->dns + 12, c->question_end - 12);
}

static void put_txt(struct reply *r, const char *text)
{
	static const uint8_t head[] = {0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0};

	wire_put(&r->w, head, sizeof(head));
	r->txt_rdlength_at = r->w.len;
	wire_put_u16(&r->w, (uint16_t)(strlen(text) + 1));
	wire_put_u8(&r->w, (uint8_t)strlen(text));
	wire_put(&r->w, text, strlen(text));
}

static void put_opt(struct reply *r, const struct case_in *c, const void *nsid, size_t nsid_len)
{
	static const uint8_t server[] = {8, 7, 6, 5, 4, 3, 2, 1};

	r->opt_at = r->w.len;
	wire_put_u8(&r->w, 0);
	wire_put_u16(&r->w, 41);
	wire_put_u16(&r->w, EDNS_SIZE);
	wire_put_u32(&r->w, 0);
	r->opt_rdlength_at = r->w.len;
	wire_put_u16(&r->w, (uint16_t)(4 + nsid_len + (c->cookie ? 20 : 0)));
	wire_put_u16(&r->w, 3);
	r->nsid_len_at = r->w.len;
	wire_put_u16(&r->w, (uint16_t)nsid_len);
	wire_put(&r->w, nsid, nsid_len);
	if (!c->cookie)
		return;
	wire_put_u16(&r->w, 10);
	wire_put_u16(&r->w, 16);
	r->cookie_at = r->w.len;
	wire_put(&r->w, c->cookie, 8);
	wire_put(&r->w, server, sizeof(server));
}

static struct reply good_as(const struct case_in *c, const char *nsid)
{
	struct reply r = {0};

	put_header(&r, c, true);
	put_txt(&r, "hostile-id");
	put_opt(&r, c, nsid, strlen(nsid));
	return r;
}

static struct reply good(const struct case_in *c)
{
	return good_as(c, "hostile-nsid");
}

static void emit_dns_after(const struct case_in *c, struct reply *r, int64_t after_ns)
{
	wire_set16(r->l4 + 4, (uint16_t)(8 + r->w.len));
	emit(c, r->l4, 8 + r->w.len, after_ns);
}

static void emit_dns(const struct case_in *c, struct reply *r)
{
	emit_dns_after(c, r, 0);
}

static void add16(struct reply *r, size_t at, unsigned n)
{
	if (at)
		wire_set16(message(r) + at, (uint16_t)(wire_get16(message(r) + at) + n));
}

static void dns_honest(const struct case_in *c)
{
	struct reply r = good(c);

	emit_dns(c, &r);
}

static void dns_cut(const struct case_in *c)
{
	struct reply r = good(c);

	r.w.len = c->variant < r.w.len ? c->variant : r.w.len;
	emit_dns(c, &r);
}

static void dns_udp_length_lies(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(r.l4 + 4, (uint16_t)(8 + r.w.len + 1 + c->variant));
	emit(c, r.l4, 8 + r.w.len, 0);
}

static void dns_loop_question(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(message(&r) + 12, 0xc00c);
	emit_dns(c, &r);
}

static void dns_loop_answer(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(message(&r) + c->question_end, (uint16_t)(0xc000 | c->question_end));
	emit_dns(c, &r);
}

static void dns_rdlength_zero(const struct case_in *c)
{
	struct reply r = {0};

	put_header(&r, c, true);
	put_txt(&r, "");
	wire_set16(message(&r) + r.txt_rdlength_at, 0);
	r.w.len--;
	put_opt(&r, c, "hostile-nsid", 12);
	emit_dns(c, &r);
}

static void dns_rdlength_past(const struct case_in *c)
{
	struct reply r = good(c);

	add16(&r, r.txt_rdlength_at, 1000 + 200 * c->variant);
	emit_dns(c, &r);
}

static void dns_opt_past(const struct case_in *c)
{
	struct reply r = good(c);

	add16(&r, r.opt_rdlength_at, 1 + c->variant);
	emit_dns(c, &r);
}

static void dns_option_past(const struct case_in *c)
{
	struct reply r = good(c);

	add16(&r, r.nsid_len_at, 100 + c->variant);
	emit_dns(c, &r);
}

static void dns_counts_lie(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(message(&r) + 6, 0xffff);
	emit_dns(c, &r);
}

static void emit_fragment(const struct case_in *c, const uint8_t *l4, size_t at, size_t n, bool more)
{
	uint8_t frame[END_FRAME], *ip = frame + LINK_LEN, *l4_at;
	bool four = c->p->dst.family == 4;
	size_t head =
		compose_head(frame, c->in, &c->p->dst, &c->p->src, four ? IP_UDP : 44, (four ? 0 : 8) + n);

	l4_at = frame + head;
	if (four) {
		wire_set16(ip + 4, (uint16_t)(1 + c->variant));
		wire_set16(ip + 6, (uint16_t)(at / 8 | (more ? 0x2000 : 0)));
		wire_set16(ip + 10, 0);
		wire_set16(ip + 10, ip_sum_fold(ip_sum(0, ip, IP_V4_LEN)));
	} else {
		l4_at[0] = IP_UDP;
		l4_at[1] = 0;
		wire_set16(l4_at + 2, (uint16_t)(at | more));
		wire_set32(l4_at + 4, 1 + c->variant);
		l4_at += 8;
	}
	memcpy(l4_at, l4 + at, n);
	end_send(&c->h->end, frame, (size_t)(l4_at - frame) + n);
}

/* 64 KiB of answers: TXT after TXT, in fragments. */
static void dns_huge(const struct case_in *c)
{
	enum { PIECE = 1400 / 8 * 8 };
	struct reply first = good(c);
	size_t start = 8 + c->question_end, one = first.opt_at - c->question_end, n = start;
	uint8_t *l4 = calloc(1, HUGE_LEN);

	if (!l4)
		return;
	memcpy(l4, first.l4, start);
	for (unsigned records = 1; n + one <= HUGE_LEN; n += one, records++) {
		memcpy(l4 + n, first.l4 + start, one);
		wire_set16(l4 + 8 + 6, (uint16_t)records);
	}
	wire_set16(l4 + 8 + 10, 0);
	wire_set16(l4 + 4, (uint16_t)n);
	seal(c, l4, n);
	for (size_t at = 0; at < n; at += PIECE)
		emit_fragment(c, l4, at, n - at < PIECE ? n - at : PIECE, n - at > PIECE);
	c->h->answers++;
	free(l4);
}

static void dns_wrong_id(const struct case_in *c)
{
	struct reply r = good(c);

	message(&r)[c->variant % 2] ^= (uint8_t)(1 + c->variant % 255);
	emit_dns(c, &r);
}

static void dns_wrong_address(const struct case_in *c)
{
	struct reply r = good(c);
	struct addr other = c->p->dst;

	other.b[other.family == 4 ? 1 : 9] ^= 1;
	wire_set16(r.l4 + 4, (uint16_t)(8 + r.w.len));
	compose_checksum(r.l4, 8 + r.w.len, 6, &other, &c->p->src, IP_UDP);
	emit_from(c, &other, IP_UDP, r.l4, 8 + r.w.len, 0);
}

static void dns_wrong_port(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(r.l4, (uint16_t)(54 + c->variant));
	emit_dns(c, &r);
}

static void spoil_case(struct reply *r, size_t end)
{
	for (uint8_t *p = message(r) + 12; p < message(r) + end - 4; p++)
		*p ^= (*p | 0x20) >= 'a' && (*p | 0x20) <= 'z' ? 0x20 : 0;
}

static void dns_other_case(const struct case_in *c)
{
	struct reply r = good(c);

	spoil_case(&r, c->question_end);
	emit_dns(c, &r);
}

static void dns_other_question(const struct case_in *c)
{
	struct reply r = good(c);

	message(&r)[c->question_end - 3] ^= 1;
	emit_dns(c, &r);
}

static void dns_other_cookie(const struct case_in *c)
{
	struct reply r = good(c);

	if (r.cookie_at)
		message(&r)[r.cookie_at + c->variant % 8] ^= 0x55;
	emit_dns(c, &r);
}

static void dns_thrice(const struct case_in *c)
{
	for (int i = 0; i < 3; i++)
		dns_honest(c);
}

static void dns_late(const struct case_in *c)
{
	struct reply r = good(c);

	emit_dns_after(c, &r, c->h->late_ns);
}

static void dns_too_late(const struct case_in *c)
{
	struct reply r = good(c);

	emit_dns_after(c, &r, c->h->too_late_ns);
}

static void dns_second(const struct case_in *c)
{
	struct reply r = good_as(c, "somebody-else");

	dns_honest(c);
	emit_dns(c, &r);
}

static void dns_forged_first(const struct case_in *c)
{
	struct reply forged = good_as(c, "forged"), r = good(c);

	spoil_case(&forged, c->question_end);
	emit_dns(c, &forged);
	emit_dns_after(c, &r, 20 * NS_PER_MS);
}

static void dns_query_back(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	memcpy(l4, c->p->l4, c->p->l4_len);
	memcpy(l4, c->p->l4 + 2, 2);
	memcpy(l4 + 2, c->p->l4, 2);
	emit(c, l4, c->p->l4_len, 0);
}

static void dns_no_edns(const struct case_in *c)
{
	struct reply r = good(c);

	r.w.len = r.opt_at;
	wire_set16(message(&r) + 10, 0);
	emit_dns(c, &r);
}

static void dns_formerr(const struct case_in *c)
{
	struct reply r = good(c);

	r.w.len = 12;
	wire_set16(message(&r) + 2, 0x8001);
	memset(message(&r) + 4, 0, 8);
	emit_dns(c, &r);
}

static void dns_all_bytes(const struct case_in *c)
{
	struct reply r = {0};
	uint8_t all[256];

	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	put_header(&r, c, true);
	put_txt(&r, "hostile-id");
	put_opt(&r, c, all, sizeof(all));
	emit_dns(c, &r);
}

static void dns_empty_nsid(const struct case_in *c)
{
	struct reply r = good_as(c, "");

	emit_dns(c, &r);
}

static void dns_bad_checksum(const struct case_in *c)
{
	struct reply r = good(c);

	wire_set16(r.l4 + 4, (uint16_t)(8 + r.w.len));
	seal(c, r.l4, 8 + r.w.len);
	r.l4[6] ^= 0x3c;
	emit_from(c, &c->p->dst, IP_UDP, r.l4, 8 + r.w.len, 0);
}

static void silent(const struct case_in *c)
{
	(void)c;
}

/* ---- ICMP errors, about any probe ---- */

static const struct addr routers[] = {
	{4, {203, 0, 113, 1}}, {6, {0x20, 1, 0x0d, 0xb8, 0, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};

/* An error from a router that quotes this. */
static void emit_error(const struct case_in *c, uint8_t type, uint8_t code, const uint8_t *quoted, size_t n)
{
	const struct addr *router = &routers[c->p->dst.family == 6];
	uint8_t proto = router->family == 4 ? IP_ICMP : IP_ICMP6, l4[L4_MAX] = {type, code};

	memcpy(l4 + 8, quoted, n);
	compose_checksum(l4, 8 + n, 2, router, &c->p->src, proto);
	emit_from(c, router, proto, l4, 8 + n, 0);
}

static size_t ip_head(const struct case_in *c)
{
	return (size_t)(c->p->l4 - c->in->ip);
}

static void error_quoting(const struct case_in *c, size_t l4_bytes)
{
	bool four = c->p->dst.family == 4;

	emit_error(c, four ? 3 : 1, four ? 3 : 4, c->in->ip, ip_head(c) + l4_bytes);
}

static void error_eight(const struct case_in *c)
{
	error_quoting(c, 8);
}

static void error_full(const struct case_in *c)
{
	error_quoting(c, c->p->l4_len);
}

static void error_short(const struct case_in *c)
{
	error_quoting(c, c->variant % 8);
}

static void error_hops(const struct case_in *c)
{
	emit_error(c, c->p->dst.family == 4 ? 11 : 3, 0, c->in->ip, ip_head(c) + 8);
}

static void error_garbage(const struct case_in *c)
{
	uint8_t garbage[256];

	for (unsigned i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)(i * 167 + c->variant * 31);
	emit_error(c, c->p->dst.family == 4 ? 3 : 1, 1, garbage, c->variant);
}

/* About a packet of the same addresses and ports that this machine did not send. */
static void error_other(const struct case_in *c)
{
	uint8_t quoted[IP_V6_LEN + 8];
	size_t head = ip_head(c);
	bool four = c->p->dst.family == 4;

	memcpy(quoted, c->in->ip, head + 8);
	if (four)
		wire_set16(quoted + 4, (uint16_t)(wire_get16(quoted + 4) ^ (1 + c->variant)));
	quoted[head + 6] ^= 0x5a;
	quoted[head + 7] ^= 0xa5;
	emit_error(c, four ? 3 : 1, four ? 3 : 4, quoted, head + 8);
}

/* ---- ICMP echo ---- */

static size_t echo_of(const struct case_in *c, uint8_t l4[static L4_MAX])
{
	memcpy(l4, c->p->l4, c->p->l4_len);
	l4[0] = c->p->dst.family == 4 ? 0 : 129;
	return c->p->l4_len;
}

static void icmp_after(const struct case_in *c, int64_t after_ns)
{
	uint8_t l4[L4_MAX];
	size_t n = echo_of(c, l4);

	emit(c, l4, n, after_ns);
}

static void icmp_honest(const struct case_in *c)
{
	icmp_after(c, 0);
}

static void icmp_late(const struct case_in *c)
{
	icmp_after(c, c->h->late_ns);
}

static void icmp_thrice(const struct case_in *c)
{
	for (int i = 0; i < 3; i++)
		icmp_after(c, 0);
}

static void icmp_spoilt(const struct case_in *c, size_t at, uint8_t bits)
{
	uint8_t l4[L4_MAX];
	size_t n = echo_of(c, l4);

	l4[at] ^= bits;
	emit(c, l4, n, 0);
}

static void icmp_other_payload(const struct case_in *c)
{
	icmp_spoilt(c, 8 + c->variant % 8, 0x40);
}

static void icmp_other_id(const struct case_in *c)
{
	icmp_spoilt(c, 4, 0x40);
}

static void icmp_other_seq(const struct case_in *c)
{
	icmp_spoilt(c, 6 + c->variant % 2, 0x40);
}

static void icmp_short(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	(void)echo_of(c, l4);
	emit(c, l4, 8 + c->variant % 8, 0);
}

static void icmp_wrong_address(const struct case_in *c)
{
	uint8_t l4[L4_MAX];
	size_t n = echo_of(c, l4);
	struct addr other = c->p->dst;

	other.b[other.family == 4 ? 1 : 9] ^= 1;
	compose_checksum(l4, n, 2, &other, &c->p->src, c->p->proto);
	emit_from(c, &other, c->p->proto, l4, n, 0);
}

/* ---- TCP ---- */

enum { SYN = 2, RST = 4, ACK = 16 };

static void tcp_segment(const struct case_in *c, uint8_t flags, uint32_t ack_off, uint8_t l4[static L4_MAX])
{
	memset(l4, 0, 20);
	memcpy(l4, c->p->l4 + 2, 2);
	memcpy(l4 + 2, c->p->l4, 2);
	wire_set32(l4 + 4, 0x01020304);
	wire_set32(l4 + 8, wire_get32(c->p->l4 + 4) + 1 + ack_off);
	l4[12] = 5 << 4;
	l4[13] = flags;
}

static void tcp_emit(const struct case_in *c, uint8_t flags, uint32_t ack_off, int64_t after_ns)
{
	uint8_t l4[L4_MAX];

	tcp_segment(c, flags, ack_off, l4);
	emit(c, l4, 20, after_ns);
}

static void tcp_honest(const struct case_in *c)
{
	tcp_emit(c, SYN | ACK, 0, 0);
}

static void tcp_rst(const struct case_in *c)
{
	tcp_emit(c, RST | ACK, 0, 0);
}

static void tcp_late(const struct case_in *c)
{
	tcp_emit(c, SYN | ACK, 0, c->h->late_ns);
}

static void tcp_other_ack(const struct case_in *c)
{
	tcp_emit(c, SYN | ACK, 1 + c->variant, 0);
}

static void tcp_bare_rst(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	tcp_segment(c, RST, 0, l4);
	wire_set32(l4 + 8, 0);
	emit(c, l4, 20, 0);
}

static void tcp_bare_ack(const struct case_in *c)
{
	tcp_emit(c, ACK, 0, 0);
}

static void tcp_short(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	tcp_segment(c, SYN | ACK, 0, l4);
	emit(c, l4, c->variant % 20, 0);
}

static void tcp_offset_lies(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	tcp_segment(c, SYN | ACK, 0, l4);
	l4[12] = (uint8_t)((c->variant % 2 ? 15 : c->variant % 5) << 4);
	emit(c, l4, 20, 0);
}

static void tcp_wrong_port(const struct case_in *c)
{
	uint8_t l4[L4_MAX];

	tcp_segment(c, SYN | ACK, 0, l4);
	wire_set16(l4, (uint16_t)(54 + c->variant));
	emit(c, l4, 20, 0);
}

static void tcp_thrice(const struct case_in *c)
{
	for (int i = 0; i < 3; i++)
		tcp_honest(c);
}

/* cut: whole from some variant on, and below two bytes without even an id. An error over IPv6 that quotes 8 bytes of a
 * DNS query (RFC 4443 wants more) does not tell which query it was. */
static const struct hostile_class classes[] = {
	{1, IP_UDP, "honest", "reply", dns_honest},
	{2, IP_UDP, "cut", "timeout|bad-reply|reply", dns_cut},
	{3, IP_UDP, "udp-length-lies", "timeout|bad-reply", dns_udp_length_lies},
	{4, IP_UDP, "loop-in-question", "bad-reply", dns_loop_question},
	{5, IP_UDP, "loop-in-answer", "reply|bad-reply", dns_loop_answer},
	{6, IP_UDP, "rdlength-0", "reply|bad-reply", dns_rdlength_zero},
	{7, IP_UDP, "rdlength-past-end", "bad-reply", dns_rdlength_past},
	{8, IP_UDP, "opt-past-end", "bad-reply", dns_opt_past},
	{9, IP_UDP, "option-past-end", "bad-reply", dns_option_past},
	{10, IP_UDP, "counts-lie", "bad-reply", dns_counts_lie},
	{11, IP_UDP, "64-KiB", "timeout|bad-reply", dns_huge},
	{12, IP_UDP, "wrong-id", "timeout", dns_wrong_id},
	{13, IP_UDP, "wrong-address", "timeout", dns_wrong_address},
	{14, IP_UDP, "wrong-port", "bad-reply", dns_wrong_port},
	{15, IP_UDP, "other-case", "bad-reply", dns_other_case},
	{16, IP_UDP, "other-question", "bad-reply", dns_other_question},
	{17, IP_UDP, "other-cookie", "bad-reply", dns_other_cookie},
	{18, IP_UDP, "thrice", "reply", dns_thrice},
	{19, IP_UDP, "late", "late", dns_late},
	{20, IP_UDP, "too-late", "timeout", dns_too_late},
	{21, IP_UDP, "second-answer", "reply", dns_second},
	{22, IP_UDP, "forged-first", "reply", dns_forged_first},
	{23, IP_UDP, "query-back", "bad-reply", dns_query_back},
	{24, IP_UDP, "no-edns", "reply", dns_no_edns},
	{25, IP_UDP, "formerr", "bad-reply", dns_formerr},
	{26, IP_UDP, "all-bytes", "reply", dns_all_bytes},
	{27, IP_UDP, "empty-nsid", "reply", dns_empty_nsid},
	{28, IP_UDP, "bad-checksum", "reply", dns_bad_checksum},
	{29, IP_UDP, "silent", "timeout", silent},
	{30, IP_UDP, "error-8-bytes", "icmp-error|timeout", error_eight},
	{31, IP_UDP, "error-full", "icmp-error", error_full},
	{32, IP_UDP, "error-short", "timeout", error_short},
	{33, IP_UDP, "error-garbage", "timeout", error_garbage},
	{34, IP_UDP, "error-other", "timeout", error_other},
	{35, IP_UDP, "error-hops", "icmp-error|timeout", error_hops},
	{64, IP_ICMP, "honest", "reply", icmp_honest},
	{65, IP_ICMP, "other-payload", "bad-reply", icmp_other_payload},
	{66, IP_ICMP, "other-id", "timeout", icmp_other_id},
	{67, IP_ICMP, "other-sequence", "timeout", icmp_other_seq},
	{68, IP_ICMP, "short", "bad-reply", icmp_short},
	{69, IP_ICMP, "thrice", "reply", icmp_thrice},
	{70, IP_ICMP, "late", "late", icmp_late},
	{71, IP_ICMP, "error-8-bytes", "icmp-error", error_eight},
	{72, IP_ICMP, "error-hops", "icmp-error", error_hops},
	{73, IP_ICMP, "error-other", "timeout", error_other},
	{74, IP_ICMP, "wrong-address", "timeout", icmp_wrong_address},
	{96, IP_TCP, "honest", "reply", tcp_honest},
	{97, IP_TCP, "rst", "rst", tcp_rst},
	{98, IP_TCP, "bare-rst", "timeout", tcp_bare_rst},
	{99, IP_TCP, "other-ack", "timeout", tcp_other_ack},
	{100, IP_TCP, "bare-ack", "bad-reply", tcp_bare_ack},
	{101, IP_TCP, "short", "timeout|bad-reply", tcp_short},
	{102, IP_TCP, "offset-lies", "timeout|bad-reply", tcp_offset_lies},
	{103, IP_TCP, "wrong-port", "bad-reply", tcp_wrong_port},
	{104, IP_TCP, "thrice", "reply", tcp_thrice},
	{105, IP_TCP, "late", "late", tcp_late},
	{106, IP_TCP, "error-8-bytes", "icmp-error", error_eight},
	{107, IP_TCP, "error-other", "timeout", error_other},
};

static void print_classes(void)
{
	puts("class,probe,name,outcomes");
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		printf("%u,%s,%s,%s\n", classes[i].number,
			classes[i].proto == IP_UDP   ? "dns"
			: classes[i].proto == IP_TCP ? "tcp"
						     : "icmp",
			classes[i].name, classes[i].outcomes);
}

static const struct hostile_class *class_of(const struct packet *p)
{
	uint8_t number = p->dst.b[p->dst.family == 4 ? 3 : 15],
		proto = p->proto == IP_ICMP6 ? IP_ICMP : p->proto;

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (classes[i].number == number && classes[i].proto == proto)
			return &classes[i];
	return NULL;
}

/* Queries, echo requests and SYNs of 198.18.0.0/15 and 2001:db8:18::/48 are probes; all else is not ours. */
static bool is_probe(struct case_in *c)
{
	static const uint8_t net6[] = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x18};
	const struct packet *p = c->p;
	size_t cookie_len;

	if (!p->l4 || p->fragment || p->cut || p->l4_len < 16 || p->l4_len > L4_MAX)
		return false;
	if (p->dst.family == 4 ? p->dst.b[0] != 198 || (p->dst.b[1] & 0xfe) != 18
			       : memcmp(p->dst.b, net6, sizeof(net6)) != 0)
		return false;
	if (p->proto == IP_TCP)
		return p->l4_len >= 20 && (p->l4[13] & (SYN | ACK | RST)) == SYN;
	if (p->proto != IP_UDP)
		return p->l4[0] == (p->proto == IP_ICMP ? 8 : 128);
	c->dns = p->l4 + 8;
	c->dns_len = p->l4_len - 8;
	c->question_end = question_end(c->dns, c->dns_len);
	if (c->question_end == 0)
		return false;
	c->cookie = query_cookie(c->dns, c->dns_len, c->question_end, &cookie_len);
	return true;
}

static void take(struct hostile *h, const struct probe_in *in)
{
	struct case_in c = {.h = h, .in = in, .p = &in->packet};
	const struct hostile_class *class;

	c.variant = in->packet.dst.b[in->packet.dst.family == 4 ? 2 : 13];
	if (!is_probe(&c))
		return;
	class = class_of(c.p);
	if (class)
		class->answer(&c);
}

/* Sends what is due; the time to the next look. */
static int64_t send_due(struct hostile *h)
{
	int64_t now_ns = clock_wall().ns;
	size_t in_use = 0;

	for (size_t i = 0; i < h->n_pending; i++) {
		struct pending *s = &h->pending[i];

		if (s->due_ns && s->due_ns <= now_ns) {
			end_send(&h->end, s->frame, s->len);
			s->due_ns = 0;
		}
		in_use = s->due_ns ? i + 1 : in_use;
	}
	h->n_pending = in_use;
	end_flush(&h->end);
	return in_use ? NS_PER_MS : NS_PER_S / 10;
}

static void run(struct hostile *h)
{
	int64_t end_ns = clock_mono().ns + h->seconds * NS_PER_S;
	struct probe_in in;
	int64_t wait_ns;

	do {
		for (unsigned i = 0; i < END_BATCH && h->answers < h->answers_max && end_next(&h->end, &in);
			i++) {
			take(h, &in);
			end_release(&h->end);
		}
		wait_ns = send_due(h);
	} while (end_wait(&h->end, wait_ns) && clock_mono().ns < end_ns);
}

/* 0, or -1 when the arguments are wrong. */
static int read_options(struct hostile *h, int argc, char **argv, const char **interface, bool *table)
{
	static const struct option longs[] = {{"classes", no_argument, NULL, 'C'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "i:l:L:s:n:", longs, NULL)) != -1) {
		if (c == 'C')
			*table = true;
		else if (c == 'i')
			*interface = optarg;
		else if (c == 'l')
			h->late_ns = strtoll(optarg, NULL, 10) * NS_PER_MS;
		else if (c == 'L')
			h->too_late_ns = strtoll(optarg, NULL, 10) * NS_PER_MS;
		else if (c == 's')
			h->seconds = strtoll(optarg, NULL, 10);
		else if (c == 'n')
			h->answers_max = strtoull(optarg, NULL, 10);
		else
			return -1;
	}
	return *table || *interface ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct hostile *h = calloc(1, sizeof(*h));
	const char *interface = NULL;
	bool table = false;
	int rc = 2;

	if (!h)
		return 1;
	h->pending = calloc(PENDING_MAX, sizeof(*h->pending));
	h->late_ns = 1500 * NS_PER_MS;
	h->too_late_ns = 3500 * NS_PER_MS;
	h->seconds = 120;
	h->answers_max = 100000;
	if (!h->pending || read_options(h, argc, argv, &interface, &table) < 0) {
		fprintf(stderr,
			"usage: hostile --classes | -i INTERFACE [-l LATE_MS] [-L TOO_LATE_MS] [-s SECONDS] "
			"[-n ANSWERS]\n");
		goto out;
	}
	rc = 0;
	if (table) {
		print_classes();
		goto out;
	}
	if (end_open(&h->end, interface) < 0) {
		perror(interface);
		rc = 1;
		goto out;
	}
	run(h);
	printf("received %llu answers %llu sent %llu refused %llu dropped %u\n",
		(unsigned long long)h->end.received, (unsigned long long)h->answers,
		(unsigned long long)h->end.sent, (unsigned long long)h->end.refused, end_dropped(&h->end));
out:
	free(h->pending);
	free(h);
	return rc;
}
