#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"

static struct probe_spec spec_of(enum question question, int family)
{
	return (struct probe_spec){
		.kind = PROBE_DNS,
		.question = question,
		.src = made_us(family),
		.dst = made_target(family),
		.flow_port = 33000,
		.dst_port = 53,
		.cookie = UINT64_C(0xfedcba9876543210),
		.dns_cookie = {1, 2, 3, 4, 5, 6, 7, 8},
		.dns_cookie_len = DNS_COOKIE_CLIENT,
		.contact = "",
	};
}

static struct probe_answer read_made(const struct probe_spec *s, const struct made *m)
{
	struct probe_answer a = {.rcode = -1, .edns_size = -1};
	struct packet p = made_packet(m);

	probe_types[PROBE_DNS]->read(s, &p, &a);
	return a;
}

static struct dns_reply query_in(const struct made *m)
{
	struct packet p = made_packet(m);
	struct dns_reply q;
	struct udp u;

	assert_int_equal(udp_parse(p.l4, p.l4_len, &u), 0);
	assert_int_equal(u.src_port, 33000);
	assert_int_equal(u.dst_port, 53);
	assert_int_equal(u.payload_len, p.l4_len - UDP_LEN);
	assert_int_equal(dns_parse(u.payload, u.payload_len, &q), 0);
	assert_false(q.malformed);
	return q;
}

static void queries(void **state)
{
	static const struct {
		enum question question;
		uint16_t type, class;
		const char *name; /* lower case, wire form */
		unsigned letters;
	} cases[] = {
		{QUESTION_ID_SERVER, DNS_TYPE_TXT, DNS_CLASS_CH, "\2id\6server", 8},
		{QUESTION_HOSTNAME_BIND, DNS_TYPE_TXT, DNS_CLASS_CH, "\10hostname\4bind", 12},
		{QUESTION_VERSION_BIND, DNS_TYPE_TXT, DNS_CLASS_CH, "\7version\4bind", 11},
		{QUESTION_VERSION_SERVER, DNS_TYPE_TXT, DNS_CLASS_CH, "\7version\6server", 13},
		{QUESTION_IN_SOA, DNS_TYPE_SOA, DNS_CLASS_IN, "", 0},
		{QUESTION_OPENDNS, DNS_TYPE_TXT, DNS_CLASS_IN, "\5debug\7opendns\3com", 15},
		{QUESTION_QUAD9, DNS_TYPE_TXT, DNS_CLASS_IN, "\2id\6server\2on\5quad9\3net", 17},
		{QUESTION_GOOGLE, DNS_TYPE_TXT, DNS_CLASS_IN, "\3o-o\6myaddr\1l\6google\3com", 18},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of(cases[i].question, family), got = {0};
			struct made m = made_probe(&s);
			struct dns_reply q = query_in(&m);
			struct packet p = made_packet(&m);
			uint64_t bits = s.cookie >> 16 & ((UINT64_C(1) << cases[i].letters) - 1);

			assert_false(q.response);
			/* Only what a resolver has to look up. */
			assert_int_equal(q.recursion_desired, cases[i].question > QUESTION_IN_SOA);
			assert_int_equal(q.id, 0x3210);
			assert_int_equal(q.question_type, cases[i].type);
			assert_int_equal(q.question_class, cases[i].class);
			assert_int_equal(q.question.n, strlen(cases[i].name) + 1);
			for (size_t k = 0; k < q.question.n; k++)
				assert_int_equal(
					q.question.p[k] >= 'A' ? q.question.p[k] | 0x20 : q.question.p[k],
					cases[i].name[k]);
			assert_int_equal(dns_case_bits(q.question), bits);
			assert_int_equal(q.edns_size, 1232);
			assert_non_null(q.nsid.p);
			assert_int_equal(q.nsid.n, 0);
			assert_int_equal(q.cookie.n, DNS_COOKIE_CLIENT);
			assert_memory_equal(q.cookie.p, s.dns_cookie, DNS_COOKIE_CLIENT);

			assert_true(probe_types[PROBE_DNS]->recover(&p, &got));
			assert_int_equal(got.question, cases[i].question);
			assert_int_equal(got.cookie, bits << 16 | 0x3210);
			assert_int_equal(got.dns_cookie_len, DNS_COOKIE_CLIENT);
			assert_memory_equal(got.dns_cookie, s.dns_cookie, DNS_COOKIE_CLIENT);
		}
}

static void a_refused_cookie_stays_away(void **state)
{
	struct probe_spec s = spec_of(QUESTION_ID_SERVER, 4), got = {0};
	struct made m;
	struct packet p;

	(void)state;
	s.dns_cookie_len = 0;
	m = made_probe(&s);
	p = made_packet(&m);
	assert_null(query_in(&m).cookie.p);
	assert_true(probe_types[PROBE_DNS]->recover(&p, &got));
	assert_int_equal(got.dns_cookie_len, 0);
}

static void the_longest_cookie_fits(void **state)
{
	struct probe_spec s = spec_of(QUESTION_VERSION_SERVER, 6);
	struct made m;

	(void)state;
	s.dns_cookie_len = DNS_COOKIE_MAX;
	m = made_probe(&s);
	assert_int_equal(query_in(&m).cookie.n, DNS_COOKIE_MAX);
}

static void honest_answers(void **state)
{
	static const struct {
		struct dns_say say;
		uint8_t flags;
		int32_t edns_size;
		unsigned records;
	} cases[] = {
		{{.txt = "site-a", .nsid = "a1", .flags = RECORD_AA, .server_cookie = "12345678"},
			RECORD_AA | RECORD_NSID, MADE_EDNS_SIZE, 1},
		{{.rcode = DNS_RCODE_REFUSED, .nsid = "a1"}, RECORD_NSID, MADE_EDNS_SIZE, 0},
		{{.txt = "", .flags = RECORD_RA | RECORD_AD | RECORD_TC, .no_edns = true},
			RECORD_RA | RECORD_AD | RECORD_TC, -1, 1},
		{{.nsid = ""}, RECORD_NSID, MADE_EDNS_SIZE, 0},
		{{.rcode = DNS_RCODE_NOTIMP}, 0, MADE_EDNS_SIZE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of(QUESTION_ID_SERVER, family);
			struct made m = made_dns(&s, &cases[i].say);
			const struct dns_say *say = &cases[i].say;
			struct probe_answer a = read_made(&s, &m);
			uint8_t txt[64];

			assert_int_equal(a.outcome, OUTCOME_REPLY);
			assert_int_equal(a.fault, PROBE_FINE);
			assert_int_equal(a.rcode, say->rcode);
			assert_int_equal(a.dns_flags, cases[i].flags);
			assert_int_equal(a.edns_size, cases[i].edns_size);
			assert_int_equal(a.nsid.n, say->nsid ? strlen(say->nsid) : 0);
			if (a.nsid.n)
				assert_memory_equal(a.nsid.p, say->nsid, a.nsid.n);
			assert_int_equal(a.txt_records, cases[i].records);
			assert_int_equal(
				dns_txt_join(a.txt, txt, sizeof(txt)), say->txt ? strlen(say->txt) : 0);
			assert_int_equal(a.server_cookie.n,
				say->server_cookie ? DNS_COOKIE_CLIENT + strlen(say->server_cookie) : 0);
		}
}

static void lies(void **state)
{
	static const struct {
		struct dns_say say;
		enum probe_fault fault;
	} cases[] = {
		{{.other_port = 5353}, PROBE_PORT},
		{{.is_query = true}, PROBE_NO_RESPONSE},
		{{.no_question = true}, PROBE_NO_QUESTION},
		{{.other_question = true}, PROBE_QUESTION},
		{{.opcode = 4}, PROBE_QUESTION},
		{{.other_case = true}, PROBE_CASE},
		{{.other_cookie = true, .server_cookie = "12345678"}, PROBE_COOKIE},
		{{.fragment = true}, PROBE_FRAGMENT},
		{{.cut = 3}, PROBE_MALFORMED},
		{{.cut = 11 + 25}, PROBE_SHORT}, /* less than a header: 12 + 15 of the question + 11 of OPT */
		{{.more_length = 1}, PROBE_SHORT},
		{{.more_length = 60000}, PROBE_SHORT},
		/* The first thing that is wrong counts. */
		{{.other_port = 5353, .other_case = true, .fragment = true}, PROBE_PORT},
		{{.other_case = true, .other_cookie = true, .server_cookie = "12345678"}, PROBE_COOKIE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of(QUESTION_ID_SERVER, family);
			struct made m = made_dns(&s, &cases[i].say);
			struct probe_answer a = read_made(&s, &m);

			print_message("case %zu: %s\n", i, probe_fault_name(a.fault));
			assert_int_equal(a.outcome, OUTCOME_BAD_REPLY);
			assert_int_equal(a.fault, cases[i].fault);
			assert_int_equal(a.server_cookie.n, 0);
		}
}

/* What a bad reply says is kept: interceptors show themselves by it. */
static void a_bad_reply_is_read_all_the_same(void **state)
{
	static const struct dns_say say = {.other_case = true,
		.nsid = "evil",
		.txt = "evil-txt",
		.rcode = DNS_RCODE_NXDOMAIN,
		.flags = RECORD_RA};
	struct probe_spec s = spec_of(QUESTION_ID_SERVER, 4);
	struct made m = made_dns(&s, &say);
	struct probe_answer a = read_made(&s, &m);

	(void)state;
	assert_int_equal(a.fault, PROBE_CASE);
	assert_int_equal(a.rcode, DNS_RCODE_NXDOMAIN);
	assert_int_equal(a.dns_flags, RECORD_RA | RECORD_NSID);
	assert_int_equal(a.nsid.n, 4);
	assert_memory_equal(a.nsid.p, "evil", 4);
	assert_int_equal(a.txt_records, 1);
}

/* A reply to a probe without COOKIE may hold any cookie; one that knows no COOKIE need hold none. */
static void cookies_prove_only_where_they_were_sent(void **state)
{
	static const struct dns_say strange = {.other_cookie = true, .server_cookie = "12345678"}, none = {0};
	struct probe_spec s = spec_of(QUESTION_ID_SERVER, 4);
	struct made m;

	(void)state;
	m = made_dns(&s, &none);
	assert_int_equal(read_made(&s, &m).outcome, OUTCOME_REPLY);
	s.dns_cookie_len = 0;
	m = made_dns(&s, &strange);
	assert_int_equal(read_made(&s, &m).outcome, OUTCOME_REPLY);
	assert_int_equal(read_made(&s, &m).server_cookie.n, 0);
}

static void server_cookies_have_bounds(void **state)
{
	static const struct {
		const char *server;
		size_t kept;
	} cases[] = {
		{"", 0},
		{"12345678", 16},
		{"12345678901234567890123456789012", 40},
		{"123456789012345678901234567890123", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_say say = {.server_cookie = cases[i].server};
		struct probe_spec s = spec_of(QUESTION_ID_SERVER, 4);
		struct made m = made_dns(&s, &say);
		struct probe_answer a = read_made(&s, &m);

		assert_int_equal(a.outcome, OUTCOME_REPLY);
		assert_int_equal(a.server_cookie.n, cases[i].kept);
	}
}

/* Queries of other programs from our ports are no probes of ours. */
static void strange_queries_are_not_recovered(void **state)
{
	struct probe_spec s = spec_of(QUESTION_ID_SERVER, 4);
	struct made m[3] = {made_probe(&s), made_probe(&s), made_probe(&s)};
	uint8_t *dns;

	(void)state;
	m[0].b[IP_V4_LEN + UDP_LEN + 2] |= 0x80; /* a response */
	m[1].b[IP_V4_LEN + UDP_LEN + 13] = 'x';  /* "xd.server" */
	dns = m[2].b + IP_V4_LEN + UDP_LEN;
	wire_set16(dns + 4, 0); /* no question */
	for (size_t i = 0; i < 3; i++) {
		struct packet p = made_packet(&m[i]);
		struct probe_spec got = {0};

		assert_false(probe_types[PROBE_DNS]->recover(&p, &got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(a_refused_cookie_stays_away),
		cmocka_unit_test(the_longest_cookie_fits),
		cmocka_unit_test(honest_answers),
		cmocka_unit_test(lies),
		cmocka_unit_test(a_bad_reply_is_read_all_the_same),
		cmocka_unit_test(cookies_prove_only_where_they_were_sent),
		cmocka_unit_test(server_cookies_have_bounds),
		cmocka_unit_test(strange_queries_are_not_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
