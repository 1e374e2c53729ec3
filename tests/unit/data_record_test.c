#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "data/record.h"

static struct addr address(const char *text)
{
	struct addr a = {0};

	if (*text)
		assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct record sample(void)
{
	return (struct record){.vp = "vp1",
		.target = address("192.0.2.53"),
		.probe = PROBE_DNS,
		.question = QUESTION_ID_SERVER,
		.round = 3,
		.seq = 42,
		.attempt = 2,
		.flow = 1,
		.src = address("198.51.100.1"),
		.src_port = 33001,
		.dst_port = 53,
		.tx_time = {1700000000123456789},
		.outcome = OUTCOME_REPLY,
		.rtt_ns = 12345678,
		.stamp = STAMP_KERNEL,
		.replies = 1,
		.reply_from = address("192.0.2.53"),
		.reply_ttl = 57,
		.icmp_type = -1,
		.icmp_code = -1,
		.rcode = 0,
		.dns_flags = RECORD_AA | RECORD_NSID,
		.edns_size = 1232,
		.edns_rcode = 1,
		.nsid = bytes_of("ns1.ams"),
		.txt = bytes_of("ns1.ams"),
		.extra = bytes_of("second=ns2.ams")};
}

static struct record all_absent(void)
{
	return (struct record){.vp = "vp1",
		.target = address("2001:db8::1"),
		.probe = PROBE_ICMP,
		.attempt = 1,
		.outcome = OUTCOME_TIMEOUT,
		.rtt_ns = -1,
		.reply_ttl = -1,
		.icmp_type = -1,
		.icmp_code = -1,
		.rcode = -1,
		.edns_size = -1};
}

static void assert_same_bytes(struct bytes a, struct bytes b)
{
	assert_int_equal(a.n, b.n);
	if (a.n > 0)
		assert_memory_equal(a.p, b.p, a.n);
}

static void assert_same(const struct record *a, const struct record *b)
{
	assert_string_equal(a->vp, b->vp);
	assert_true(addr_equal(&a->target, &b->target));
	assert_int_equal(a->probe, b->probe);
	assert_int_equal(a->question, b->question);
	assert_int_equal(a->round, b->round);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->attempt, b->attempt);
	assert_int_equal(a->flow, b->flow);
	assert_true(addr_equal(&a->src, &b->src));
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_int_equal(a->tx_time.ns, b->tx_time.ns);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->rtt_ns, b->rtt_ns);
	assert_int_equal(a->stamp, b->stamp);
	assert_int_equal(a->replies, b->replies);
	assert_true(addr_equal(&a->reply_from, &b->reply_from));
	assert_int_equal(a->reply_ttl, b->reply_ttl);
	assert_int_equal(a->icmp_type, b->icmp_type);
	assert_int_equal(a->icmp_code, b->icmp_code);
	assert_int_equal(a->rcode, b->rcode);
	assert_int_equal(a->dns_flags, b->dns_flags);
	assert_int_equal(a->edns_size, b->edns_size);
	assert_int_equal(a->edns_rcode, b->edns_rcode);
	assert_same_bytes(a->nsid, b->nsid);
	assert_same_bytes(a->txt, b->txt);
	assert_same_bytes(a->extra, b->extra);
}

static struct csv *over(const char *bytes, size_t n, struct record_reader *rd)
{
	struct file_in *in = file_in_bytes("p.csv", bytes, n, NULL);
	struct csv *c;

	assert_non_null(in);
	c = csv_open_over(in, NULL);
	assert_non_null(c);
	assert_int_equal(record_reader_init(rd, c, NULL), 0);
	return c;
}

/* Writes the record as a file of one row and reads it back. */
static void round_trip(const struct record *r, char text[static 2 * RECORD_ROW_MAX],
	uint8_t scratch[static RECORD_SCRATCH], struct record *back, struct csv **c)
{
	struct err_msg why = {{0}};
	struct record_reader rd;
	size_t n = record_header(text), row = record_row(r, text + n);

	assert_in_range(row, 1, RECORD_ROW_MAX);
	assert_int_equal(text[n + row - 1], '\n');
	*c = over(text, n + row, &rd);
	assert_int_equal(csv_next(*c, &why), 1);
	if (record_read(&rd, *c, back, scratch, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(csv_fields(*c), csv_columns(*c));
}

static void exact_text(void **state)
{
	static const char header[] =
		"vp,target,probe,question,round,seq,attempt,flow,src_addr,src_port,dst_port,tx_time_ns,"
		"outcome,rtt_ms,"
		"stamp,replies,reply_from,reply_ttl,icmp,rcode,dns_flags,edns,nsid,txt,extra\n";
	char text[RECORD_ROW_MAX];
	struct record r = sample();
	size_t n = record_header(text);

	(void)state;
	assert_int_equal(n, sizeof(header) - 1);
	assert_memory_equal(text, header, n);
	n = record_row(&r, text);
	text[n] = '\0';
	assert_string_equal(text,
		"vp1,192.0.2.53,dns,id.server,3,42,2,1,198.51.100.1,33001,53,1700000000123456789,reply,12."
		"345678,"
		"kernel,1,192.0.2.53,57,,0,aa|nsid,1232/1,ns1.ams,ns1.ams,second=ns2.ams\n");
	r = all_absent();
	n = record_row(&r, text);
	text[n] = '\0';
	assert_string_equal(text, "vp1,2001:db8::1,icmp,,0,0,1,0,,,,,timeout,,none,0,,,,,,,,,\n");
	r.icmp_type = 11;
	r.icmp_code = 0;
	r.rtt_ns = 5;
	r.rcode = 15;
	n = record_row(&r, text);
	text[n] = '\0';
	assert_string_equal(
		text, "vp1,2001:db8::1,icmp,,0,0,1,0,,,,,timeout,0.000005,none,0,,,11/0,15,,,,,\n");
}

/* Each member at its bounds, alone, comes back as it went. */
static void every_member_at_its_bounds(void **state)
{
	static char text[2 * RECORD_ROW_MAX];
	static uint8_t scratch[RECORD_SCRATCH];
	struct record cases[64], back;
	size_t n = 0;

	(void)state;
	cases[n++] = sample();
	cases[n++] = all_absent();
#define CASE(member, value)                \
	do {                               \
		cases[n] = all_absent();   \
		cases[n++].member = value; \
	} while (0)
	CASE(round, UINT32_MAX);
	CASE(seq, UINT32_MAX);
	CASE(attempt, 0);
	CASE(attempt, UINT8_MAX);
	CASE(flow, UINT8_MAX);
	CASE(src, address("2001:db8:1111:2222:3333:4444:5555:6666"));
	CASE(src_port, UINT16_MAX);
	CASE(dst_port, 1);
	CASE(tx_time.ns, INT64_MAX);
	CASE(tx_time.ns, 1);
	CASE(rtt_ns, 0);
	CASE(rtt_ns, 999999);
	CASE(rtt_ns, 1000000);
	CASE(rtt_ns, INT64_C(86400) * NS_PER_S + 1);
	CASE(replies, UINT32_MAX);
	CASE(reply_from, address("192.0.2.255"));
	CASE(reply_ttl, 0);
	CASE(reply_ttl, 255);
	CASE(rcode, 15);
	CASE(edns_size, 0);
	CASE(edns_size, UINT16_MAX);
	CASE(vp, "a,\"b\"");
	for (enum probe_kind k = 0; k < PROBE_KINDS; k++)
		CASE(probe, k);
	for (enum question q = 0; q < QUESTIONS; q++)
		CASE(question, q);
	for (enum outcome o = OUTCOME_REPLY; o < OUTCOMES; o++)
		CASE(outcome, o);
	for (enum stamp s = 0; s < STAMPS; s++)
		CASE(stamp, s);
	assert_true(n <= sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < n; i++) {
		struct csv *c;

		round_trip(&cases[i], text, scratch, &back, &c);
		assert_same(&cases[i], &back);
		csv_close(c);
	}
	for (unsigned flags = 0; flags < 32; flags++) {
		struct record r = all_absent();
		struct csv *c;

		r.dns_flags = (uint8_t)flags;
		round_trip(&r, text, scratch, &back, &c);
		assert_same(&r, &back);
		csv_close(c);
	}
}

/* Identities are bytes from outside: every value, alone and all together. `extra` is text whose values are escaped; should
 * they not be, it is escaped as a whole. */
static void every_byte_value(void **state)
{
	static char text[2 * RECORD_ROW_MAX];
	static uint8_t scratch[RECORD_SCRATCH];
	char escaped[1024];
	uint8_t all[256];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	for (unsigned i = 0; i <= 256; i++) {
		struct record r = sample(), back;
		struct csv *c;

		r.nsid = i < 256 ? (struct bytes){all + i, 1} : (struct bytes){all, 256};
		r.txt = i < 256 ? (struct bytes){all, i} : r.nsid;
		r.extra = r.nsid;
		round_trip(&r, text, scratch, &back, &c);
		if (i < ' ' || i > '~') {
			size_t len = csv_escape(escaped, sizeof(escaped), r.nsid.p, r.nsid.n);

			r.extra = (struct bytes){(const uint8_t *)escaped, len};
		}
		assert_same(&r, &back);
		csv_close(c);
	}
}

/* What does not fit one row: txt is cut first, then nsid, and the row says so; it stays a row. */
static void rows_that_are_cut(void **state)
{
	enum { LARGE = 65536 };
	static const struct {
		size_t nsid, txt, extra;
		uint8_t byte;
		bool whole_nsid, cut;
	} cases[] = {
		{100, 100, 100, 'x', true, false},
		{1000, LARGE, 0, 'x', true, true},
		{1000, LARGE, 0, '"', true, true},
		{1000, LARGE, 100, 0, true, true},
		{LARGE, LARGE, 100, 0, false, true},
		{LARGE, LARGE, LARGE, 0, false, true},
		{LARGE, 0, LARGE, ',', false, true},
		{LARGE, LARGE, LARGE, '"', false, true},
		{0, 16000, 0, 'x', true, false},
		{0, 16384, 0, 'x', true, true},
	};
	static char text[2 * RECORD_ROW_MAX];
	static uint8_t scratch[RECORD_SCRATCH], large[LARGE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record r = sample(), back;
		struct csv *c;
		size_t mark;

		memset(large, cases[i].byte, LARGE);
		r.nsid = (struct bytes){large, cases[i].nsid};
		r.txt = (struct bytes){large, cases[i].txt};
		r.extra = (struct bytes){large, cases[i].extra};
		round_trip(&r, text, scratch, &back, &c);
		assert_true(back.nsid.n <= r.nsid.n && back.txt.n <= r.txt.n);
		assert_memory_equal(back.nsid.p, large, back.nsid.n);
		assert_memory_equal(back.txt.p, large, back.txt.n);
		assert_int_equal(back.nsid.n == r.nsid.n, cases[i].whole_nsid);
		mark = back.extra.n >= 5 ? back.extra.n - 5 : 0;
		assert_int_equal(
			back.extra.n >= 5 && memcmp(back.extra.p + mark, "cut=1", 5) == 0, cases[i].cut);
		/* Cut, but not more than needed: a third of the row's room is filled at least. */
		if (cases[i].cut)
			assert_true(csv_field_len(c, csv_column(c, "nsid")) +
					    csv_field_len(c, csv_column(c, "txt")) >
				    RECORD_ROW_MAX / 3);
		else
			assert_same(&r, &back);
		back.extra = back.nsid = back.txt = r.nsid = r.txt = r.extra = (struct bytes){0};
		assert_same(&r, &back);
		csv_close(c);
	}
}

/* A long extra is cut between its values. */
static void extra_is_cut_at_a_value(void **state)
{
	static char text[2 * RECORD_ROW_MAX], extra[20000];
	static uint8_t scratch[RECORD_SCRATCH];
	struct record r = sample(), back;
	struct csv *c;
	size_t n = 0;

	(void)state;
	while (n < sizeof(extra) - 20)
		n += (size_t)snprintf(extra + n, sizeof(extra) - n, "%skey%zu=value", n ? ";" : "", n);
	r.extra = bytes_of(extra);
	round_trip(&r, text, scratch, &back, &c);
	assert_true(back.extra.n < r.extra.n && back.extra.n > 1000);
	assert_memory_equal(back.extra.p, extra, back.extra.n - 6);
	assert_memory_equal(back.extra.p + back.extra.n - 12, "=value;cut=1", 12);
	csv_close(c);
	/* A name of any length does not break the row either. */
	r = sample();
	r.vp = extra;
	round_trip(&r, text, scratch, &back, &c);
	assert_memory_equal(back.vp, extra, 255);
	assert_int_equal(strlen(back.vp), 255);
	csv_close(c);
}

static void other_columns(void **state)
{
	static const struct {
		const char *text, *vp;
		uint32_t seq;
		int64_t rtt_ns;
	} cases[] = {
		/* an old file that lacks columns, one with more, another order, CRLF and a byte order mark, quotes */
		{"vp,target,probe,outcome\nv,192.0.2.1,tcp,rst\n", "v", 0, -1},
		{"vp,target,probe,outcome,new,seq\nv,192.0.2.1,tcp,rst,any thing,7\n", "v", 7, -1},
		{"rtt_ms,outcome,seq,probe,target,vp\n1.5,rst,8,tcp,192.0.2.1,v\n", "v", 8, 1500000},
		{"\xef\xbb\xbfvp,target,probe,outcome,seq\r\nv,192.0.2.1,tcp,rst,9\r\n", "v", 9, -1},
		{"vp,target,probe,outcome,seq,rtt_ms\n\"v\",\"192.0.2.1\",\"tcp\",\"rst\",\"10\",\"0.25\"\n",
			"v", 10, 250000},
		{"vp,target,probe,outcome,rtt_ms\nv,192.0.2.1,tcp,rst,3\n", "v", 0, 3000000},
		{"vp,target,probe,outcome,rtt_ms\nv,192.0.2.1,tcp,rst,3.123456789\n", "v", 0, 3123456},
	};
	static uint8_t scratch[RECORD_SCRATCH];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_reader rd;
		struct csv *c = over(cases[i].text, strlen(cases[i].text), &rd);
		struct record expected = all_absent(), r;

		expected.vp = cases[i].vp;
		expected.target = address("192.0.2.1");
		expected.probe = PROBE_TCP;
		expected.outcome = OUTCOME_RST;
		expected.seq = cases[i].seq;
		expected.rtt_ns = cases[i].rtt_ns;
		assert_int_equal(csv_next(c, NULL), 1);
		assert_int_equal(record_read(&rd, c, &r, scratch, NULL), 0);
		assert_same(&r, &expected);
		csv_close(c);
	}
}

static void bad_rows(void **state)
{
	static const struct {
		const char *rows, *why;
	} cases[] = {
		{"v,192.0.2.1,dns,reply,1,,,,\n", NULL},
		{"v,192.0.2.1,dns,reply,1,,,,", "p.csv:2:1: the row is cut short"},
		{"v,192.0.2.1,dns,reply,1\n", "p.csv:2:1: 5 fields; the header has 9"},
		{"v,192.0.2.1,dns,reply,1,,,,,\n", "p.csv:2:1: 10 fields; the header has 9"},
		{",192.0.2.1,dns,reply,1,,,,\n", "p.csv:2:1: '' is not a vantage point's name"},
		{"v,192.0.2,dns,reply,1,,,,\n", "p.csv:2:3: '192.0.2' is not an IPv4 or IPv6 address"},
		{"v,,dns,reply,1,,,,\n", "p.csv:2:3: '' is not an IPv4 or IPv6 address"},
		{"v,192.0.2.1,DNS,reply,1,,,,\n", "p.csv:2:13: 'DNS' is not dns, icmp or tcp"},
		{"v,192.0.2.1,dns,,1,,,,\n", "p.csv:2:17: '' is not an outcome (reply ... send-error)"},
		{"v,192.0.2.1,dns,reply,-1,,,,\n", "p.csv:2:23: '-1' is not a number from 0 to 4294967295"},
		{"v,192.0.2.1,dns,reply,4294967296,,,,\n",
			"p.csv:2:23: '4294967296' is not a number from 0 to 4294967295"},
		{"v,192.0.2.1,dns,reply,1 ,,,,\n", "p.csv:2:23: '1 ' is not a number from 0 to 4294967295"},
		{"v,192.0.2.1,dns,reply,1,-3.5,,,\n", "p.csv:2:25: '-3.5' is not a time in ms"},
		{"v,192.0.2.1,dns,reply,1,1.2.3,,,\n", "p.csv:2:25: '1.2.3' is not a time in ms"},
		{"v,192.0.2.1,dns,reply,1,.5,,,\n", "p.csv:2:25: '.5' is not a time in ms"},
		{"v,192.0.2.1,dns,reply,1,99999999999999999,,,\n",
			"p.csv:2:25: '99999999999999999' is not a time in ms"},
		{"v,192.0.2.1,dns,reply,1,,11,,\n", "p.csv:2:26: '11' is not an ICMP type/code"},
		{"v,192.0.2.1,dns,reply,1,,11/256,,\n", "p.csv:2:26: '11/256' is not an ICMP type/code"},
		{"v,192.0.2.1,dns,reply,1,,/,,\n", "p.csv:2:26: '/' is not an ICMP type/code"},
		{"v,192.0.2.1,dns,reply,1,,,aa|xx,\n",
			"p.csv:2:27: 'aa|xx' is not some of aa, ra, tc, ad, nsid with | between"},
		{"v,192.0.2.1,dns,reply,1,,,,65536/0\n", "p.csv:2:28: '65536/0' is not an EDNS size/rcode"},
	};
	static uint8_t scratch[RECORD_SCRATCH];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct record_reader rd;
		struct record r;
		struct err_msg why = {{0}};
		struct csv *c;

		(void)snprintf(text, sizeof(text),
			"vp,target,probe,outcome,seq,rtt_ms,icmp,dns_flags,edns\n%s", cases[i].rows);
		c = over(text, strlen(text), &rd);
		assert_int_equal(csv_next(c, NULL), 1);
		assert_int_equal(record_read(&rd, c, &r, scratch, &why), cases[i].why ? ERR_PARSE : 0);
		assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
		csv_close(c);
	}
}

static void files_that_are_others(void **state)
{
	static const char *const headers[] = {"target,probe,outcome\n", "vp,probe,outcome\n",
		"vp,target,outcome\n", "vp,target,probe\n", "host lat lon rtt_ms\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct file_in *in = file_in_bytes("p.csv", headers[i], strlen(headers[i]), NULL);
		struct csv *c = csv_open_over(in, NULL);
		struct record_reader rd;
		struct err_msg why;

		assert_non_null(c);
		assert_int_equal(record_reader_init(&rd, c, &why), ERR_PARSE);
		assert_non_null(strstr(why.text, "p.csv: no column '"));
		csv_close(c);
	}
}

static void names(void **state)
{
	(void)state;
	for (enum outcome o = 0; o < OUTCOMES; o++)
		assert_int_equal(outcome_parse(outcome_name(o)), o);
	for (enum question q = 0; q < QUESTIONS; q++)
		assert_int_equal(question_parse(question_name(q)), q);
	for (enum stamp s = 0; s < STAMPS; s++)
		assert_int_equal(stamp_parse(stamp_name(s)), s);
	for (enum probe_kind k = 0; k < PROBE_KINDS; k++)
		assert_int_equal(probe_kind_parse(probe_kind_name(k)), k);
	assert_null(outcome_name(OUTCOMES));
	assert_null(question_name(QUESTIONS));
	assert_null(stamp_name(STAMPS));
	assert_null(probe_kind_name(PROBE_KINDS));
	assert_int_equal(outcome_parse("Reply"), -1);
	assert_int_equal(probe_kind_parse(""), -1);
}

static void every_field_is_described(void **state)
{
	struct field f, other;
	size_t n = 0;

	(void)state;
	for (; record_field(n, &f); n++) {
		assert_true(f.name[0] && f.about[0]);
		for (size_t k = 0; k < n; k++) {
			assert_true(record_field(k, &other));
			assert_string_not_equal(f.name, other.name);
		}
	}
	assert_int_equal(n, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_text),
		cmocka_unit_test(every_member_at_its_bounds),
		cmocka_unit_test(every_byte_value),
		cmocka_unit_test(rows_that_are_cut),
		cmocka_unit_test(extra_is_cut_at_a_value),
		cmocka_unit_test(other_columns),
		cmocka_unit_test(bad_rows),
		cmocka_unit_test(files_that_are_others),
		cmocka_unit_test(names),
		cmocka_unit_test(every_field_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
