#include "world_dns.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "data/record.h"
#include "proto/udp.h"

enum { HEADER_LEN = 12, NAME_IN_QUESTION = 0xc00c, OWN_EDNS_SIZE = 1232, TTL_S = 0, FLOOD_RECORDS = 20 };
enum { QR = 0x8000, AA = 0x0400, RD = 0x0100, RA = 0x0080 };
enum { OPTION_NSID = 3, OPTION_COOKIE = 10 };

/* RFC 9018's shape: version and time are constant, so that the world stays deterministic. */
static void make_cookie(uint8_t out[static WORLD_COOKIE_LEN], const struct hash_key *key,
	const uint8_t *client, const struct world_flow *flow)
{
	uint8_t bytes[DNS_COOKIE_CLIENT + 32];

	memcpy(bytes, client, DNS_COOKIE_CLIENT);
	memcpy(bytes + DNS_COOKIE_CLIENT, flow->vp.b, 16);
	memcpy(bytes + DNS_COOKIE_CLIENT + 16, flow->target.b, 16);
	memset(out, 0, WORLD_COOKIE_LEN);
	memcpy(out, client, DNS_COOKIE_CLIENT);
	out[DNS_COOKIE_CLIENT] = 1;
	wire_set64(out + WORLD_COOKIE_LEN - 8, hash_sip(key, bytes, sizeof(bytes)));
}

int world_dns_read(struct world_dns_asked *a, const struct hash_key *key, const uint8_t *bytes, size_t n,
	const struct world_flow *flow)
{
	const struct dns_reply *q = &a->query;

	if (dns_parse(bytes, n, &a->query) < 0 || q->response || q->malformed || !q->has_question ||
		!q->question.p)
		return ERR_PARSE;
	a->is_chaos = q->question_class == DNS_CLASS_CH;
	a->has_server_cookie = false;
	if (q->cookie.n >= DNS_COOKIE_CLIENT) {
		make_cookie(a->cookie, key, q->cookie.p, flow);
		a->has_server_cookie =
			q->cookie.n == WORLD_COOKIE_LEN && memcmp(a->cookie, q->cookie.p, q->cookie.n) == 0;
	}
	return 0;
}

static bool asks(const struct dns_reply *q, const char *name, uint16_t type, uint16_t class)
{
	bool exact;

	return dns_question_matches(
		q, &(struct dns_query){.name = name, .type = type, .class = class}, &exact);
}

/* A message on its way out: what `spoil` functions change before or after it is written. */
struct message {
	const struct world_dns_asked *asked;
	struct world_dns_answer *answer;
	uint16_t id;
	const uint8_t *text; /* of the TXT record */
	size_t text_len;
	const uint8_t *nsid;
	size_t nsid_len;
	uint16_t owner;   /* the TXT record's name, a pointer */
	int rdlength_lie; /* added to what is true */
	bool no_string;   /* TXT with no character-string at all */
	unsigned records;
	size_t at, end; /* where it lies in the datagram, once it is written */
};

static void put_txt(struct wire_out *out, const struct message *m)
{
	size_t n = m->no_string ? 0 : 1 + m->text_len;

	wire_put_u16(out, m->owner);
	wire_put_u16(out, DNS_TYPE_TXT);
	wire_put_u16(out, m->asked->query.question_class);
	wire_put_u32(out, TTL_S);
	wire_put_u16(out, (uint16_t)((int)n + m->rdlength_lie));
	if (m->no_string)
		return;
	wire_put_u8(out, (uint8_t)m->text_len);
	wire_put(out, m->text, m->text_len);
}

static void put_soa(struct wire_out *out)
{
	static const uint8_t rdata[] = {1, 'a', 0, 1, 'b', 0, 0x78, 0xc4, 0x04, 0xc9, 0, 0, 7, 8, 0, 0, 3,
		0x84, 0, 9, 0x3a, 0x80, 0, 1, 0x51, 0x80};

	wire_put_u16(out, NAME_IN_QUESTION);
	wire_put_u16(out, DNS_TYPE_SOA);
	wire_put_u16(out, DNS_CLASS_IN);
	wire_put_u32(out, 86400);
	wire_put_u16(out, sizeof(rdata));
	wire_put(out, rdata, sizeof(rdata));
}

static void put_opt(struct wire_out *out, const struct message *m)
{
	const struct dns_reply *q = &m->asked->query;
	bool has_cookie = q->cookie.n >= DNS_COOKIE_CLIENT, has_nsid = q->nsid.p && !m->answer->no_nsid;
	size_t options = (has_nsid ? 4 + m->nsid_len : 0) + (has_cookie ? 4 + WORLD_COOKIE_LEN : 0);

	wire_put_u8(out, 0);
	wire_put_u16(out, DNS_TYPE_OPT);
	wire_put_u16(out, OWN_EDNS_SIZE);
	wire_put_u32(out, 0);
	wire_put_u16(out, (uint16_t)options);
	if (has_nsid) {
		wire_put_u16(out, OPTION_NSID);
		wire_put_u16(out, (uint16_t)m->nsid_len);
		wire_put(out, m->nsid, m->nsid_len);
	}
	if (has_cookie) {
		wire_put_u16(out, OPTION_COOKIE);
		wire_put_u16(out, WORLD_COOKIE_LEN);
		wire_put(out, m->asked->cookie, WORLD_COOKIE_LEN);
	}
}

/* What the servers know besides an SOA: the text of a question. */
static void find_text(struct message *m)
{
	static const struct {
		const char *name, *text; /* NULL: the identity */
		uint16_t class;
	} known[] = {{"id.server", NULL, DNS_CLASS_CH}, {"hostname.bind", NULL, DNS_CLASS_CH},
		{"version.server", "world 1", DNS_CLASS_CH}, {"version.bind", "world 1", DNS_CLASS_CH},
		{"debug.opendns.com", NULL, DNS_CLASS_IN}, {"id.server.on.quad9.net", NULL, DNS_CLASS_IN},
		{"o-o.myaddr.l.google.com", "198.18.0.1", DNS_CLASS_IN}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!asks(&m->asked->query, known[i].name, DNS_TYPE_TXT, known[i].class))
			continue;
		m->text = (const uint8_t *)(known[i].text ? known[i].text : m->answer->identity);
		m->text_len = strlen((const char *)m->text);
		return;
	}
}

static uint16_t header_bits(const struct world_dns_answer *a)
{
	uint16_t said = (uint16_t)(a->header - 1);

	if (a->header == 0)
		return a->is_resolver ? RA : AA;
	return (uint16_t)((said & RECORD_AA ? AA : 0) | (said & RECORD_RA ? RA : 0));
}

static void put_message(struct wire_out *out, struct message *m)
{
	const struct dns_reply *q = &m->asked->query;
	bool told = !m->answer->rcode, is_txt = told && m->text != NULL,
	     is_soa = told && asks(q, ".", DNS_TYPE_SOA, DNS_CLASS_IN);
	uint16_t rcode = !told ? m->answer->rcode : is_txt || is_soa ? DNS_RCODE_NOERROR : DNS_RCODE_REFUSED;

	m->at = out->len;
	wire_put_u16(out, m->id);
	wire_put_u16(out, (uint16_t)(QR | header_bits(m->answer) | (q->recursion_desired ? RD : 0) | rcode));
	wire_put_u16(out, 1);
	wire_put_u16(out, (uint16_t)(is_txt ? m->records : is_soa));
	wire_put_u16(out, 0);
	wire_put_u16(out, q->has_edns);
	wire_put(out, q->question.p, q->question.n);
	wire_put_u16(out, q->question_type);
	wire_put_u16(out, q->question_class);
	for (unsigned i = 0; is_txt && i < m->records; i++)
		put_txt(out, m);
	if (is_soa)
		put_soa(out);
	if (q->has_edns)
		put_opt(out, m);
	m->end = out->len;
}

/* The ways to spoil an answer: `before` changes what will be written, `after` what was. */

static void wrong_id(struct message *m)
{
	m->id ^= 0x5555;
}

static void wrong_port(struct message *m)
{
	m->answer->src_port ^= 0x1000;
}

static void wrong_address(struct message *m)
{
	m->answer->from.b[addr_len(&m->answer->from) - 1] ^= 1;
}

static void rdlength_past_end(struct message *m)
{
	m->rdlength_lie = 0x7000;
}

static void rdlength_0(struct message *m)
{
	m->no_string = true;
}

static void loop(struct message *m)
{
	m->owner = (uint16_t)(0xc000 | (HEADER_LEN + m->asked->query.question.n + 4));
}

static void flood(struct message *m)
{
	m->records = FLOOD_RECORDS;
	m->text_len = m->text_len < 4 ? m->text_len : 4;
}

static void set_identity(struct message *m, const uint8_t *bytes, size_t n)
{
	m->nsid = bytes;
	m->nsid_len = n;
	if (m->text) {
		m->text = bytes;
		m->text_len = n;
	}
}

static void control_bytes(struct message *m)
{
	static const uint8_t bytes[] = {
		'a', 0, '\n', '\r', 0x1b, '[', '3', '1', 'm', '"', ',', '\\', 0x7f, 0x80, 0xff, ' '};

	set_identity(m, bytes, sizeof(bytes));
}

static void two_answers(struct message *m)
{
	static const uint8_t other[] = "other-operator";

	if (m->answer->copy > 0)
		set_identity(m, other, sizeof(other) - 1);
}

static void truncated(struct wire_out *out, const struct message *m)
{
	out->len = m->at + (size_t)(m->answer->draw * (double)(m->end - m->at));
}

static void empty(struct wire_out *out, const struct message *m)
{
	out->len = m->at;
}

static void random_bytes(struct wire_out *out, const struct message *m)
{
	uint64_t v = (uint64_t)(m->answer->draw * 0x1p53);

	for (size_t i = m->at + 2; i < m->end; i++) /* behind the id, so that it gets as far as the parser */
		out->base[i] = (uint8_t)(hash_mix(v + i) >> 24);
}

static void wrong_case(struct wire_out *out, const struct message *m)
{
	for (size_t i = m->at + HEADER_LEN; i < m->at + HEADER_LEN + m->asked->query.question.n; i++)
		if ((out->base[i] | 0x20) >= 'a' && (out->base[i] | 0x20) <= 'z')
			out->base[i] ^= 0x20;
}

static void wrong_cookie(struct wire_out *out, const struct message *m)
{
	if (m->asked->query.cookie.n >= DNS_COOKIE_CLIENT)
		out->base[m->end - WORLD_COOKIE_LEN] ^= 0xff;
}

/* What an honest prober makes of it is the state of its VP in a catchment. */
static const struct spoil {
	const char *name, *state;
	void (*before)(struct message *m);
	void (*after)(struct wire_out *out, const struct message *m);
	unsigned copies;
} spoils[] = {
	{"", "site", NULL, NULL, 1},
	{"truncated", "silent", NULL, truncated, 1},
	{"empty", "silent", NULL, empty, 1},
	{"random", "silent", NULL, random_bytes, 1},
	{"wrong-id", "silent", wrong_id, NULL, 1},
	{"wrong-case", "silent", NULL, wrong_case, 1},
	{"wrong-cookie", "silent", NULL, wrong_cookie, 1},
	{"wrong-port", "silent", wrong_port, NULL, 1},
	{"wrong-address", "silent", wrong_address, NULL, 1},
	{"rdlength-past-end", "silent", rdlength_past_end, NULL, 1},
	{"loop", "site", loop, NULL, 1},
	{"rdlength-0", "site", rdlength_0, NULL, 1},
	{"flood", "site", flood, NULL, 1},
	{"control-bytes", "no-site", control_bytes, NULL, 1},
	{"duplicate", "site", NULL, NULL, 2},
	{"two-answers", "site", two_answers, NULL, 2},
};

int world_hostile_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++)
		if (strcmp(spoils[i].name, name) == 0)
			return (int)i;
	return -1;
}

const char *world_hostile_state(unsigned hostile)
{
	return spoils[hostile].state;
}

unsigned world_dns_copies(const struct world_dns_answer *a)
{
	return spoils[a->hostile].copies;
}

void world_dns_put(struct wire_out *out, uint16_t dst_port, const struct world_dns_asked *asked,
	struct world_dns_answer *a)
{
	const struct spoil *spoil = &spoils[a->hostile];
	struct message m = {
		.asked = asked, .answer = a, .id = asked->query.id, .owner = NAME_IN_QUESTION, .records = 1};

	m.nsid = (const uint8_t *)a->identity;
	m.nsid_len = strlen(a->identity);
	find_text(&m);
	if (spoil->before)
		spoil->before(&m);
	wire_put_u16(out, a->src_port);
	wire_put_u16(out, dst_port);
	wire_put_u32(out, 0);
	put_message(out, &m);
	if (spoil->after && !out->bad)
		spoil->after(out, &m);
	if (!out->bad)
		wire_set16(out->base + 4, (uint16_t)out->len);
}
