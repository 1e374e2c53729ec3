#include "proto/dns.h"

#include <string.h>

#include "base/wire.h"
#include "probe/types.h"
#include "proto/udp.h"

/* 1232: what fits every path without fragments (DNS flag day 2020). */
enum { EDNS_SIZE = 1232, LENGTH_AT = 4, CHECKSUM_AT = 6, CASE_SHIFT = 16 };

/* What a question is on the wire, where it is not CH TXT of its name. Those that a resolver has to answer want recursion. */
static const struct {
	const char *name; /* NULL: as the question is called */
	uint16_t type, class;
	bool recursion_desired;
} forms[QUESTIONS] = {
	[QUESTION_IN_SOA] = {".", DNS_TYPE_SOA, DNS_CLASS_IN, false},
	[QUESTION_OPENDNS] = {NULL, DNS_TYPE_TXT, DNS_CLASS_IN, true},
	[QUESTION_QUAD9] = {NULL, DNS_TYPE_TXT, DNS_CLASS_IN, true},
	[QUESTION_GOOGLE] = {NULL, DNS_TYPE_TXT, DNS_CLASS_IN, true},
};

static struct dns_query query_of(const struct probe_spec *s)
{
	bool listed = forms[s->question].class != 0;

	return (struct dns_query){
		.id = (uint16_t)s->cookie,
		.name = forms[s->question].name ? forms[s->question].name : question_name(s->question),
		.type = listed ? forms[s->question].type : DNS_TYPE_TXT,
		.class = listed ? forms[s->question].class : DNS_CLASS_CH,
		.recursion_desired = forms[s->question].recursion_desired,
		.case_bits = s->cookie >> CASE_SHIFT,
		.edns_size = EDNS_SIZE,
		.nsid = true,
		.cookie = s->dns_cookie_len ? s->dns_cookie : NULL,
		.cookie_len = s->dns_cookie_len,
	};
}

static size_t dns_form(const struct probe_spec *s, uint8_t l4[static PROBE_L4_MAX])
{
	struct dns_query q = query_of(s);
	struct wire_out w = wire_into(l4 + UDP_LEN, PROBE_L4_MAX - UDP_LEN);

	dns_query_write(&w, &q);
	if (w.bad)
		return 0;
	wire_set16(l4 + 2, s->dst_port);
	wire_set16(l4 + LENGTH_AT, (uint16_t)(UDP_LEN + w.len));
	return UDP_LEN + w.len;
}

static bool dns_sight(
	const struct packet *p, const struct probe_flows *flows, bool quoted, struct probe_sight *out)
{
	struct wire w = wire_over(p->l4, p->l4_len);
	uint16_t src_port = wire_u16(&w), dst_port = wire_u16(&w), id;

	wire_skip(&w, UDP_LEN - 4);
	if (w.bad)
		return false;
	id = wire_u16(&w);
	/* Where the quote ends before the id, the IPv4 identification says the same. */
	if (w.bad && quoted)
		id = p->id;
	else if (w.bad)
		return false;
	if (probe_flow_has(flows, src_port) && (quoted || !probe_flow_has(flows, dst_port))) {
		out->what = PROBE_SENT;
		out->head = p->l4;
		out->key = (struct probe_key){.target = p->dst, .flow_port = src_port, .token = id};
		return true;
	}
	if (quoted || !probe_flow_has(flows, dst_port))
		return false;
	out->what = PROBE_REPLY;
	out->key = (struct probe_key){.target = p->src, .flow_port = dst_port, .token = id};
	return true;
}

static void take_edns(const struct dns_reply *r, struct probe_answer *out)
{
	out->rcode = r->rcode;
	out->dns_flags = (uint8_t)((r->authoritative ? RECORD_AA : 0) |
				   (r->recursion_available ? RECORD_RA : 0) | (r->truncated ? RECORD_TC : 0) |
				   (r->authentic ? RECORD_AD : 0) | (r->nsid.p ? RECORD_NSID : 0));
	out->edns_size = r->has_edns ? r->edns_size : -1;
	out->edns_rcode = r->edns_rcode;
	out->nsid = (struct bytes){r->nsid.p, r->nsid.n};
	out->txt = r->txt;
	out->txt_records = r->txt_records;
}

/* The first thing that is wrong with a reply. A server that knows no COOKIE sends none back, which proves
 * nothing. */
static enum probe_fault fault_of(const struct probe_spec *s, const struct dns_reply *r)
{
	struct dns_query q = query_of(s);
	bool exact, ours = !r->cookie.p || s->dns_cookie_len == 0 ||
			   (r->cookie.n >= DNS_COOKIE_CLIENT &&
				   memcmp(r->cookie.p, s->dns_cookie, DNS_COOKIE_CLIENT) == 0);

	if (!r->response)
		return PROBE_NO_RESPONSE;
	if (!ours)
		return PROBE_COOKIE;
	if (r->malformed)
		return PROBE_MALFORMED;
	if (!r->has_question)
		return PROBE_NO_QUESTION;
	if (!dns_question_matches(r, &q, &exact) || r->opcode != 0)
		return PROBE_QUESTION;
	return exact ? PROBE_FINE : PROBE_CASE;
}

/* What concerns the packet and not the message in it. A first fragment is shorter than its UDP header says,
 * anything else that is lies, or was cut off. */
static enum probe_fault packet_fault(const struct probe_spec *s, const struct packet *p, const struct udp *u)
{
	if (u->src_port != s->dst_port)
		return PROBE_PORT;
	if (p->fragment)
		return PROBE_FRAGMENT;
	return wire_get16(p->l4 + LENGTH_AT) > p->l4_len ? PROBE_SHORT : PROBE_FINE;
}

static void dns_read(const struct probe_spec *s, const struct packet *p, struct probe_answer *out)
{
	struct dns_reply r;
	struct udp u;

	out->outcome = OUTCOME_BAD_REPLY;
	if (udp_parse(p->l4, p->l4_len, &u) < 0 || dns_parse(u.payload, u.payload_len, &r) < 0) {
		out->fault = PROBE_SHORT;
		return;
	}
	take_edns(&r, out);
	out->fault = packet_fault(s, p, &u);
	if (out->fault == PROBE_FINE)
		out->fault = fault_of(s, &r);
	if (out->fault != PROBE_FINE)
		return;
	out->outcome = OUTCOME_REPLY;
	if (r.cookie.p && s->dns_cookie_len && r.cookie.n > DNS_COOKIE_CLIENT && r.cookie.n <= DNS_COOKIE_MAX)
		out->server_cookie = (struct bytes){r.cookie.p, r.cookie.n};
}

/* The question that asks for this, and the letter case it was written in. */
static bool recover_question(const struct dns_reply *query, struct probe_spec *out)
{
	for (int q = QUESTION_ID_SERVER; q < QUESTIONS; q++) {
		struct dns_query form;
		bool exact;

		out->question = (enum question)q;
		form = query_of(out);
		if (!dns_question_matches(query, &form, &exact))
			continue;
		out->cookie |= dns_case_bits(query->question) << CASE_SHIFT;
		return true;
	}
	return false;
}

static bool dns_recover(const struct packet *p, struct probe_spec *out)
{
	struct dns_reply query;
	struct udp u;

	if (udp_parse(p->l4, p->l4_len, &u) < 0 || dns_parse(u.payload, u.payload_len, &query) < 0)
		return false;
	out->cookie = query.id;
	out->dst_port = u.dst_port;
	if (query.cookie.n >= DNS_COOKIE_CLIENT && query.cookie.n <= DNS_COOKIE_MAX) {
		memcpy(out->dns_cookie, query.cookie.p, query.cookie.n);
		out->dns_cookie_len = query.cookie.n;
	}
	return !query.response && recover_question(&query, out);
}

const struct probe_type probe_type_dns = {
	.kind = PROBE_DNS,
	.ip_proto = {IP_UDP, IP_UDP},
	.header_len = UDP_LEN,
	.checksum_at = CHECKSUM_AT,
	.form = dns_form,
	.sight = dns_sight,
	.read = dns_read,
	.recover = dns_recover,
};
