#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "guard.h"
#include "proto/dns.h"

enum { OPTION_NSID = 3, OPTION_COOKIE = 10 };

static const uint8_t cookie[DNS_COOKIE_MAX] = {
	1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};

/* Queries written here, read by ldns. */

static const ldns_edns_option *find_option(const ldns_edns_option_list *list, int code)
{
	for (size_t i = 0; i < ldns_edns_option_list_get_count(list); i++) {
		const ldns_edns_option *o = ldns_edns_option_list_get_option(list, i);

		if ((int)ldns_edns_get_code(o) == code)
			return o;
	}
	return NULL;
}

static void check_query(const struct dns_query *q, ldns_pkt *pkt)
{
	const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	char *name = ldns_rdf2str(ldns_rr_owner(rr));
	char dotted[DNS_NAME_MAX + 2];
	ldns_edns_option_list *options = ldns_pkt_edns_get_option_list(pkt);
	const ldns_edns_option *nsid = find_option(options, OPTION_NSID);
	const ldns_edns_option *sent = find_option(options, OPTION_COOKIE);

	(void)snprintf(dotted, sizeof(dotted), "%s%s", q->name, strcmp(q->name, ".") == 0 ? "" : ".");
	assert_int_equal(strcasecmp(name, dotted), 0);
	free(name);
	assert_int_equal(ldns_pkt_id(pkt), q->id);
	assert_int_equal(ldns_pkt_qr(pkt), 0);
	assert_int_equal(ldns_pkt_rd(pkt), q->recursion_desired);
	assert_int_equal(ldns_pkt_qdcount(pkt), 1);
	assert_int_equal(ldns_pkt_ancount(pkt) + ldns_pkt_nscount(pkt), 0);
	assert_int_equal(ldns_rr_get_type(rr), q->type);
	assert_int_equal(ldns_rr_get_class(rr), q->class);
	assert_int_equal(ldns_pkt_edns_udp_size(pkt), q->edns_size);
	assert_int_equal(nsid != NULL, q->edns_size && q->nsid);
	assert_int_equal(sent != NULL, q->edns_size && q->cookie);
	if (nsid)
		assert_int_equal(ldns_edns_get_size(nsid), 0);
	if (sent) {
		assert_int_equal(ldns_edns_get_size(sent), q->cookie_len);
		assert_memory_equal(ldns_edns_get_data(sent), q->cookie, q->cookie_len);
	}
}

static void queries_read_by_ldns(void **state)
{
	static const char label63[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test";
	static const struct dns_query queries[] = {
		{.id = 1, .name = "id.server", .type = DNS_TYPE_TXT, .class = DNS_CLASS_CH},
		{.id = 0xffff, .name = ".", .type = DNS_TYPE_SOA, .class = DNS_CLASS_IN, .edns_size = 512},
		{.id = 7,
			.name = "hostname.bind",
			.type = DNS_TYPE_TXT,
			.class = DNS_CLASS_CH,
			.case_bits = 0x555,
			.edns_size = 1232,
			.nsid = true},
		{.name = "version.server",
			.type = DNS_TYPE_TXT,
			.class = DNS_CLASS_CH,
			.case_bits = UINT64_MAX,
			.edns_size = 1232,
			.nsid = true,
			.cookie = cookie,
			.cookie_len = DNS_COOKIE_CLIENT},
		{.id = 9,
			.name = "www.example.com",
			.type = DNS_TYPE_NS,
			.class = DNS_CLASS_IN,
			.recursion_desired = true,
			.edns_size = 4096,
			.cookie = cookie,
			.cookie_len = DNS_COOKIE_MAX},
		{.id = 3, .name = label63, .type = DNS_TYPE_TXT, .class = DNS_CLASS_IN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		uint8_t buf[512];
		struct wire_out w = wire_into(buf, sizeof(buf));
		ldns_pkt *pkt = NULL;

		print_message("%s\n", queries[i].name);
		dns_query_write(&w, &queries[i]);
		assert_false(w.bad);
		assert_int_equal(ldns_wire2pkt(&pkt, buf, w.len), LDNS_STATUS_OK);
		check_query(&queries[i], pkt);
		ldns_pkt_free(pkt);
		for (size_t cap = 0; cap < w.len; cap++) {
			struct wire_out small = wire_into(buf, cap);

			dns_query_write(&small, &queries[i]);
			assert_true(small.bad);
		}
	}
}

static void names_that_are_none(void **state)
{
	char label64[65], name255[256];

	(void)state;
	memset(label64, 'x', 64);
	label64[64] = '\0';
	for (size_t i = 0; i < 255; i++)
		name255[i] = i % 2 ? '.' : 'a';
	name255[255] = '\0';
	const char *bad[] = {"a..b", ".a", label64, name255};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t buf[512];
		struct wire_out w = wire_into(buf, sizeof(buf));

		dns_query_write(&w, &(struct dns_query){.name = bad[i], .type = DNS_TYPE_TXT});
		assert_true(w.bad);
	}
	/* One label less is the longest name there is: 127 labels of one letter and the root, 255 bytes. */
	name255[253] = '\0';
	uint8_t buf[512];
	struct wire_out w = wire_into(buf, sizeof(buf));
	dns_query_write(&w, &(struct dns_query){.name = name255, .type = DNS_TYPE_TXT});
	assert_false(w.bad);
}

/* Replies made by ldns, read here. */

struct reply_case {
	const char *name, *txt; /* txt: presentation form, NULL for no answer */
	uint16_t id, edns_size; /* edns_size 0: no OPT */
	bool aa, tc, ra, ad;
	uint8_t rcode;
	const char *identity;    /* NSID bytes, NULL for no option */
	size_t cookie_len;       /* 0: no option */
	const char *joined;      /* what the TXT says */
	unsigned answers, extra; /* TXT records, and records of the authority section */
};

static const struct reply_case replies[] = {
	{"id.server.", "\"ams1\"", .id = 1, .aa = true, .joined = "ams1", .answers = 1},
	{"hostname.bind.", "\"ns1\" \".nl-ams\"", .id = 0xfffe, .edns_size = 1232, .joined = "ns1.nl-ams",
		.answers = 1, .identity = "ns1.nl-ams.k.ripe.net", .ra = true},
	{"id.server.", "\"\"", .edns_size = 4096, .identity = "", .joined = "", .answers = 1, .ad = true},
	{"id.server.", "\"a\\000\\255\"", .edns_size = 512, .identity = "\001\377x", .cookie_len = 24,
		.joined = "a", .answers = 3, .extra = 2, .aa = true},
	{"id.server.", NULL, .rcode = DNS_RCODE_REFUSED, .edns_size = 1232, .identity = "fra",
		.cookie_len = 8},
	{".", NULL, .tc = true, .extra = 3},
	{"nonesuch.example.", NULL, .rcode = DNS_RCODE_NXDOMAIN, .extra = 1, .cookie_len = 40,
		.edns_size = 1232},
};
#define N_REPLIES (sizeof(replies) / sizeof(replies[0]))

static void push_rr(ldns_pkt *pkt, ldns_pkt_section section, const char *text)
{
	ldns_rr *rr = NULL;

	assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
	assert_true(ldns_pkt_push_rr(pkt, section, rr));
}

static void push_option(ldns_edns_option_list *list, int code, const void *data, size_t n)
{
	assert_true(ldns_edns_option_list_push(
		list, ldns_edns_new_from_data((ldns_edns_option_code)code, n, data)));
}

static void set_edns(ldns_pkt *pkt, const struct reply_case *c)
{
	ldns_edns_option_list *options = ldns_edns_option_list_new();

	push_option(options, 65001, "noise", 5);
	if (c->identity)
		push_option(options, OPTION_NSID, c->identity, strlen(c->identity));
	if (c->cookie_len)
		push_option(options, OPTION_COOKIE, cookie, c->cookie_len);
	ldns_pkt_set_edns_udp_size(pkt, c->edns_size);
	ldns_pkt_set_edns_option_list(pkt, options);
}

/* The message in wire form; the caller frees it. */
static uint8_t *make_reply(const struct reply_case *c, size_t *n)
{
	ldns_rdf *name = ldns_dname_new_frm_str(c->name);
	ldns_pkt *pkt = ldns_pkt_query_new(name, LDNS_RR_TYPE_TXT, LDNS_RR_CLASS_CH, 0);
	uint8_t *bytes = NULL;
	char text[512];

	ldns_pkt_set_id(pkt, c->id);
	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_aa(pkt, c->aa);
	ldns_pkt_set_tc(pkt, c->tc);
	ldns_pkt_set_ra(pkt, c->ra);
	ldns_pkt_set_ad(pkt, c->ad);
	ldns_pkt_set_rcode(pkt, c->rcode);
	for (unsigned i = 0; i < c->answers; i++) {
		(void)snprintf(text, sizeof(text), "%s %u CH TXT %s", c->name, i, i ? "\"other\"" : c->txt);
		push_rr(pkt, LDNS_SECTION_ANSWER, text);
	}
	for (unsigned i = 0; i < c->extra; i++)
		push_rr(pkt, LDNS_SECTION_AUTHORITY, "example. 0 IN NS ns.example.");
	if (c->edns_size)
		set_edns(pkt, c);
	assert_int_equal(ldns_pkt2wire(&bytes, pkt, n), LDNS_STATUS_OK);
	ldns_pkt_free(pkt);
	return bytes;
}

static void check_reply(const struct reply_case *c, const struct dns_reply *r)
{
	uint8_t joined[256];

	assert_int_equal(r->id, c->id);
	assert_true(r->response);
	assert_int_equal(r->authoritative, c->aa);
	assert_int_equal(r->truncated, c->tc);
	assert_int_equal(r->recursion_available, c->ra);
	assert_int_equal(r->authentic, c->ad);
	assert_int_equal(r->rcode, c->rcode);
	assert_int_equal(r->question_type, DNS_TYPE_TXT);
	assert_int_equal(r->question_class, DNS_CLASS_CH);
	assert_int_equal(r->txt_records, c->answers);
	assert_int_equal(r->txt.p != NULL, c->joined != NULL);
	if (c->joined) {
		size_t n = dns_txt_join(r->txt, joined, sizeof(joined));

		assert_true(n >= strlen(c->joined));
		assert_memory_equal(joined, c->joined, strlen(c->joined));
	}
	assert_int_equal(r->has_edns, c->edns_size != 0);
	assert_int_equal(r->edns_size, c->edns_size);
	assert_int_equal(r->nsid.p != NULL, c->identity != NULL);
	assert_int_equal(r->nsid.n, c->identity ? strlen(c->identity) : 0);
	if (r->nsid.n)
		assert_memory_equal(r->nsid.p, c->identity, r->nsid.n);
	assert_int_equal(r->cookie.n, c->cookie_len);
	if (r->cookie.n)
		assert_memory_equal(r->cookie.p, cookie, r->cookie.n);
}

static void replies_of_ldns(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < N_REPLIES; i++) {
		char name[64];
		size_t n;
		uint8_t *bytes = make_reply(&replies[i], &n);
		struct dns_query q = {.name = name, .type = DNS_TYPE_TXT, .class = DNS_CLASS_CH};
		struct dns_reply r;
		bool exact;

		print_message("%s, %zu bytes\n", replies[i].name, n);
		assert_int_equal(dns_parse(guard_place(&g, bytes, n), n, &r), 0);
		assert_false(r.malformed);
		check_reply(&replies[i], &r);
		(void)snprintf(name, sizeof(name), "%s", replies[i].name);
		if (strlen(name) > 1)
			name[strlen(name) - 1] = '\0';
		assert_true(dns_question_matches(&r, &q, &exact));
		assert_true(exact);
		free(bytes);
	}
	guard_free(&g);
}

static void every_prefix_is_refused_or_malformed(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < N_REPLIES; i++) {
		size_t n;
		uint8_t *bytes = make_reply(&replies[i], &n);

		for (size_t cut = 0; cut < n; cut++) {
			struct dns_reply r;
			int rc = dns_parse(guard_place(&g, bytes, cut), cut, &r);

			assert_int_equal(rc < 0, cut < 12);
			assert_true(rc < 0 || r.malformed);
		}
		free(bytes);
	}
	guard_free(&g);
}

/* Messages that no server should send. */

#define QUESTION 2, 'i', 'd', 6, 's', 'e', 'r', 'v', 'e', 'r', 0, 0, 16, 0, 3
#define COUNTS(qd, an, ns, ar) 0x12, 0x34, 0x84, 0, 0, qd, 0, an, 0, ns, 0, ar
#define TXT_TO(offset, hi, lo) 0xc0, offset, 0, 16, 0, 3, 0, 0, 0, 0, hi, lo
#define OPT(hi, lo) 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, hi, lo

static const struct {
	const char *what;
	bool malformed;
	unsigned txt_records;
	const char *joined; /* NULL: no TXT */
	bool nsid;
	size_t n;
	uint8_t bytes[64];
} hostile[] = {
	{"name points to itself", false, 1, "a", false, 41,
		{COUNTS(1, 1, 0, 0), QUESTION, TXT_TO(27, 0, 2), 1, 'a'}},
	{"names point to each other", false, 2, "a", false, 54,
		{COUNTS(1, 2, 0, 0), QUESTION, TXT_TO(41, 0, 2), 1, 'a', TXT_TO(27, 0, 1), 0}},
	{"name points past the end", false, 1, "a", false, 41,
		{COUNTS(1, 1, 0, 0), QUESTION, TXT_TO(255, 0, 2), 1, 'a'}},
	{"rdlength 0", false, 1, "", false, 39, {COUNTS(1, 1, 0, 0), QUESTION, TXT_TO(12, 0, 0)}},
	{"rdlength past the end", true, 0, NULL, false, 41,
		{COUNTS(1, 1, 0, 0), QUESTION, TXT_TO(12, 255, 255), 1, 'a'}},
	{"the second record is cut", true, 1, "a", false, 51,
		{COUNTS(1, 2, 0, 0), QUESTION, TXT_TO(12, 0, 2), 1, 'a', 0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0}},
	{"string length past the rdata", false, 1, "a", false, 41,
		{COUNTS(1, 1, 0, 0), QUESTION, TXT_TO(12, 0, 2), 9, 'a'}},
	{"reserved label type", true, 0, NULL, false, 41,
		{COUNTS(1, 1, 0, 0), QUESTION, 0x80, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, 2, 1, 'a'}},
	{"records that are not there", true, 0, NULL, false, 27, {COUNTS(1, 255, 255, 255), QUESTION}},
	{"empty NSID", false, 0, NULL, true, 42, {COUNTS(1, 0, 0, 1), QUESTION, OPT(0, 4), 0, 3, 0, 0}},
	{"option past the OPT", true, 0, NULL, false, 42,
		{COUNTS(1, 0, 0, 1), QUESTION, OPT(0, 4), 0, 3, 0, 9}},
	{"half an option", true, 0, NULL, false, 40, {COUNTS(1, 0, 0, 1), QUESTION, OPT(0, 2), 0, 3}},
	{"no question", false, 0, NULL, false, 12, {COUNTS(0, 0, 0, 0)}},
	{"question by pointer", false, 0, NULL, false, 18, {COUNTS(1, 0, 0, 0), 0xc0, 12, 0, 16, 0, 3}},
};

static void hostile_messages(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		const uint8_t *placed = guard_place(&g, hostile[i].bytes, hostile[i].n);
		uint8_t joined[64];
		struct dns_reply r;

		print_message("%s\n", hostile[i].what);
		assert_int_equal(dns_parse(placed, hostile[i].n, &r), 0);
		assert_int_equal(r.id, 0x1234);
		assert_int_equal(r.malformed, hostile[i].malformed);
		assert_int_equal(r.txt_records, hostile[i].txt_records);
		assert_int_equal(r.txt.p != NULL, hostile[i].joined != NULL);
		assert_int_equal(r.nsid.p != NULL, hostile[i].nsid);
		if (!hostile[i].joined)
			continue;
		assert_int_equal(dns_txt_join(r.txt, joined, sizeof(joined)), strlen(hostile[i].joined));
		assert_memory_equal(joined, hostile[i].joined, strlen(hostile[i].joined));
	}
	guard_free(&g);
}

/* 64 KiB of the smallest questions or records, all counts 65535. */
static void floods_end(void **state)
{
	static const size_t record_lens[] = {5, 11};
	struct guard g = guard_make();
	uint8_t *bytes = calloc(1, 65535);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < sizeof(record_lens) / sizeof(record_lens[0]); i++) {
		struct dns_reply r;
		size_t n = 12 + (65535 - 12) / record_lens[i] * record_lens[i];

		memset(bytes + 4, 0xff, 8);
		if (record_lens[i] == 11)
			memset(bytes + 4, 0, 2);
		assert_int_equal(dns_parse(guard_place(&g, bytes, n), n, &r), 0);
		assert_true(r.malformed);
	}
	free(bytes);
	guard_free(&g);
}

static void txt_join_stops_at_cap(void **state)
{
	static const uint8_t rdata[] = {3, 'a', 'b', 'c', 0, 2, 'd', 'e'};
	uint8_t out[8];

	(void)state;
	for (size_t cap = 0; cap <= sizeof(out); cap++) {
		size_t want = cap < 5 ? cap : 5;

		memset(out, '#', sizeof(out));
		assert_int_equal(dns_txt_join((struct dns_span){rdata, sizeof(rdata)}, out, cap), want);
		assert_memory_equal(out, "abcde", want);
		assert_true(cap == sizeof(out) || out[cap] == '#');
	}
	assert_int_equal(dns_txt_join((struct dns_span){0}, out, sizeof(out)), 0);
}

static void questions_match(void **state)
{
	static const struct dns_query asked = {
		.name = "id.server", .type = DNS_TYPE_TXT, .class = DNS_CLASS_CH, .case_bits = 0x15};
	static const struct {
		struct dns_query other;
		bool same, exact;
	} cases[] = {
		{{.name = "id.server", .type = 16, .class = 3, .case_bits = 0x15}, true, true},
		{{.name = "id.server", .type = 16, .class = 3, .case_bits = 0x14}, true, false},
		{{.name = "id.server", .type = 16, .class = 1, .case_bits = 0x15}, false, false},
		{{.name = "id.server", .type = 6, .class = 3, .case_bits = 0x15}, false, false},
		{{.name = "id.serve", .type = 16, .class = 3, .case_bits = 0x15}, false, false},
		{{.name = "ie.server", .type = 16, .class = 3, .case_bits = 0x15}, false, false},
		{{.name = ".", .type = 16, .class = 3}, false, false},
	};
	uint8_t buf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_out w = wire_into(buf, sizeof(buf));
		struct dns_reply r;
		bool exact;

		dns_query_write(&w, &cases[i].other);
		assert_int_equal(dns_parse(buf, w.len, &r), 0);
		assert_int_equal(dns_question_matches(&r, &asked, &exact), cases[i].same);
		assert_int_equal(exact, cases[i].exact);
		assert_int_equal(dns_case_bits(r.question), cases[i].other.case_bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_read_by_ldns),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(replies_of_ldns),
		cmocka_unit_test(every_prefix_is_refused_or_malformed),
		cmocka_unit_test(hostile_messages),
		cmocka_unit_test(floods_end),
		cmocka_unit_test(txt_join_stops_at_cap),
		cmocka_unit_test(questions_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
