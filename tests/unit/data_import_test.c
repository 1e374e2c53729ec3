#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/import.h"
#include "probe/message.h"

enum { TEXT_MAX = 16384 };

/* What a reading came to: the rows as CSV, and the complaints. */
struct heard {
	struct import_book book;
	char rows[TEXT_MAX], said[TEXT_MAX];
	size_t n_rows, n_said;
};

static int hear_row(
	void *arg, const struct record *r, const struct vantage *v, bool again, struct err_msg *why)
{
	struct heard *h = arg;
	struct record own = *r;
	char row[RECORD_ROW_MAX];
	int rc = import_take(&h->book, &own, v, again, why);
	size_t n;

	if (rc < 0)
		return rc;
	n = record_row(&own, row);
	assert_true(h->n_rows + n < sizeof(h->rows));
	memcpy(h->rows + h->n_rows, row, n);
	h->n_rows += n;
	h->rows[h->n_rows] = '\0';
	return 0;
}

static void hear(void *arg, const char *text)
{
	struct heard *h = arg;

	h->n_said += (size_t)snprintf(h->said + h->n_said, sizeof(h->said) - h->n_said, "%s\n", text);
	assert_true(h->n_said < sizeof(h->said));
}

/* Reads a file of this name and content; h stays to be freed. */
static int read_text(
	struct heard *h, const char *format, const char *name, const char *text, size_t n, const char *target)
{
	const struct import_sink sink = {hear_row, hear, probe_message, h};
	struct import_source s = {.in = file_in_bytes(name, text, n, NULL), .sink = &sink};
	struct err_msg why = {{0}};
	int rc;

	assert_non_null(s.in);
	if (target)
		assert_int_equal(addr_parse(target, &s.target), 0);
	rc = import_format_of(format)->read(&s, &why);
	if (rc < 0)
		hear(h, why.text);
	return rc < 0 ? rc : s.bad > 0 ? ERR_PARTIAL : 0;
}

static void expect(const char *format, const char *name, const char *text, const char *target, int rc,
	const char *rows, const char *said)
{
	struct heard *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	assert_int_equal(read_text(h, format, name, text, strlen(text), target), rc);
	assert_string_equal(h->rows, rows);
	assert_string_equal(h->said, said);
	import_book_free(&h->book);
	free(h);
}

static void formats(void **state)
{
	(void)state;
	for (size_t i = 0; import_formats[i]; i++)
		assert_ptr_equal(import_format_of(import_formats[i]->name), import_formats[i]);
	assert_null(import_format_of("warts"));
}

static void targets_of_names(void **state)
{
	static const struct {
		const char *path, *target;
	} cases[] = {{"192.0.2.1", "192.0.2.1"}, {"a/b_c/192.0.2.1.tsv", "192.0.2.1"},
		{"192.0.2.1_North-Central_1.5_52.tsv.gz", "192.0.2.1"},
		{"x/f-root_2001:db8::1_7.tsv", "2001:db8::1"}, {"192.0.2.1/f-ripe", NULL}, {"", NULL},
		{"f-ripe", NULL}, {"192.0.2.1.2.tsv", NULL}, {"192.0.2.256_x", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;
		char text[ADDR_TEXT_LEN];
		bool found = import_target_of(cases[i].path, &a);

		if (found != (cases[i].target != NULL) ||
			(found && strcmp(addr_text(&a, text), cases[i].target) != 0))
			fail_msg("%s", cases[i].path);
	}
}

static void igreedy_rows(void **state)
{
	(void)state;
	expect("igreedy", "192.0.2.1_x.tsv",
		"#hostname\tlatitude\tlongitude\tmin(rtt)[ms]\n"
		"a\t48.2\t16.4\t13.1\r\n\nb\t-90\t-180\t0.000001\n# more\na\t48.21\t16.41\t5\n",
		NULL, 0,
		"a,192.0.2.1,icmp,,0,0,1,0,,,,,reply,13.100000,none,1,,,,,,,,,\n"
		"b,192.0.2.1,icmp,,0,1,1,0,,,,,reply,0.000001,none,1,,,,,,,,,\n"
		"a,192.0.2.1,icmp,,1,2,1,0,,,,,reply,5.000000,none,1,,,,,,,,,\n",
		"");
	/* A label is an identity; --target beats the name; a header needs no #. */
	expect("igreedy", "192.0.2.1.tsv", "host\tlat\tlon\tgt\trtt\na\t1\t2\tAMS\t7\nb\t1\t2\t\t8\n",
		"2001:db8::1", 0,
		"a,2001:db8::1,dns,id.server,0,0,1,0,,,,,reply,7.000000,none,1,,,,0,,,,AMS,\n"
		"b,2001:db8::1,icmp,,0,1,1,0,,,,,reply,8.000000,none,1,,,,,,,,,\n",
		"");
	expect("igreedy", "f-ripe", "a\t1\t2\t3\n", NULL, ERR_PARSE, "",
		"f-ripe: no address in its name: say with --target what was measured\n");
}

static void igreedy_bad_lines(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {{"b\t91\t2\t3", "x:2:3: '91' is not a latitude from -90 to 90"},
		{"b\tnan\t2\t3", "x:2:3: 'nan' is not a latitude from -90 to 90"},
		{"b\t1\t180.1\t3", "x:2:5: '180.1' is not a longitude from -180 to 180"},
		{"b\t1\t2\t0", "x:2:7: '0' is not a round trip in ms, over 0 and at most 100000"},
		{"b\t1\t2\t-1", "x:2:7: '-1' is not a round trip in ms, over 0 and at most 100000"},
		{"b\t1\t2\tnan", "x:2:7: 'nan' is not a round trip in ms, over 0 and at most 100000"},
		{"b\t1\t2\tinf", "x:2:7: 'inf' is not a round trip in ms, over 0 and at most 100000"},
		{"b\t1\t2\t3x", "x:2:7: '3x' is not a round trip in ms, over 0 and at most 100000"},
		{"b\t1\t2", "x:2: 3 fields; 4 or 5 with tabs between were expected"},
		{"b 1 2 3", "x:2: 1 fields; 4 or 5 with tabs between were expected"},
		{"b\t1\t2\tl\t3\t4", "x:2: 6 fields; 4 or 5 with tabs between were expected"},
		{"../b\t1\t2\t3", "x:2: '../b': a vantage point's name does not begin with '.'"},
		{"\t1\t2\t3", "x:2: a vantage point's name has 1 to 63 characters"},
		{"a\t1\t3\t3", "x:2: a is at 1,3 here and at 1,2 before: the row is left out"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256], said[512];

		(void)snprintf(text, sizeof(text), "a\t1\t2\t3\n%s\nc\t1\t2\t3\n", cases[i].line);
		(void)snprintf(said, sizeof(said), "%s\n", cases[i].said);
		expect("igreedy", "x", text, "192.0.2.1", ERR_PARTIAL,
			"a,192.0.2.1,icmp,,0,0,1,0,,,,,reply,3.000000,none,1,,,,,,,,,\n"
			"c,192.0.2.1,icmp,,0,1,1,0,,,,,reply,3.000000,none,1,,,,,,,,,\n",
			said);
	}
	expect("igreedy", "x", "a\t1\t2\t3\nb\t1\t2\t34", "192.0.2.1", ERR_PARTIAL,
		"a,192.0.2.1,icmp,,0,0,1,0,,,,,reply,3.000000,none,1,,,,,,,,,\n",
		"x:2: the line has no end: what wrote it was cut short\n");
}

/* Over the antimeridian, and at a pole. */
static void one_place(void **state)
{
	(void)state;
	expect("igreedy", "x", "a\t0\t179.99\t3\na\t0\t-179.99\t4\nb\t89.99\t0\t3\nb\t89.99\t180\t4\n",
		"192.0.2.1", 0,
		"a,192.0.2.1,icmp,,0,0,1,0,,,,,reply,3.000000,none,1,,,,,,,,,\n"
		"a,192.0.2.1,icmp,,1,1,1,0,,,,,reply,4.000000,none,1,,,,,,,,,\n"
		"b,192.0.2.1,icmp,,0,2,1,0,,,,,reply,3.000000,none,1,,,,,,,,,\n"
		"b,192.0.2.1,icmp,,1,3,1,0,,,,,reply,4.000000,none,1,,,,,,,,,\n",
		"");
}

#define PING                                                                                                \
	"{\"fw\":5020,\"type\":\"ping\",\"prb_id\":7,\"dst_addr\":\"192.0.2.1\",\"src_addr\":\"10.0.0.2\"," \
	"\"timestamp\":1600000000,\"ttl\":57,\"from\":\"198.51.100.1\",\"result\":[{\"rtt\":1.5},"          \
	"{\"rtt\":2.5,\"dup\":1},{\"x\":\"*\"},{\"rtt\":1.25,\"ttl\":56},"                                  \
	"{\"error\":\"sendto failed: Network is unreachable; bad\"}]}"
#define PING_ROWS                                                                                         \
	"7,192.0.2.1,icmp,,0,0,1,0,10.0.0.2,,,1600000000000000000,reply,1.500000,none,2,192.0.2.1,57,,,," \
	",,,\n"                                                                                           \
	"7,192.0.2.1,icmp,,0,1,1,0,10.0.0.2,,,1600000000000000000,timeout,,none,0,,,,,,,,,\n"             \
	"7,192.0.2.1,icmp,,0,2,1,0,10.0.0.2,,,1600000000000000000,reply,1.250000,none,1,192.0.2.1,56,,,," \
	",,,\n"                                                                                           \
	"7,192.0.2.1,icmp,,0,3,1,0,10.0.0.2,,,1600000000000000000,send-error,,none,0,,,,,,,,,"            \
	"\"error=sendto failed: Network is unreachable, bad\"\n"

static void atlas_pings(void **state)
{
	(void)state;
	expect("atlas", "x.json", PING "\n", NULL, 0, PING_ROWS, "");
	expect("atlas", "x.json", "[" PING "]", NULL, 0, PING_ROWS, "");
	expect("atlas", "x.json", "[" PING "]", "192.0.2.1", 0, PING_ROWS, "");
	expect("atlas", "x.json", "[" PING "]", "192.0.2.2", 0, "", "");
	expect("atlas", "x.json", "[ ]\n", NULL, 0, "", "");
	/* The first firmware has a summary only, of probes by older names. */
	expect("atlas", "x.json",
		"{\"fw\":1,\"msm_name\":\"Ping\",\"prb_id\":8,\"addr\":\"2001:db8::1\",\"sent\":3,\"rcvd\":2,"
		"\"min\":4.5,\"max\":6,\"avg\":5,\"timestamp\":1600000000}",
		NULL, 0,
		"8,2001:db8::1,icmp,,0,0,1,0,,,,1600000000000000000,reply,4.500000,none,1,,,,,,,,,\n"
		"8,2001:db8::1,icmp,,0,1,1,0,,,,1600000000000000000,reply,,none,1,,,,,,,,,\n"
		"8,2001:db8::1,icmp,,0,2,1,0,,,,1600000000000000000,timeout,,none,0,,,,,,,,,\n",
		"");
}

/* A reply to CH TXT id.server: NOERROR, AA, TXT "a1", NSID "n1". */
#define ABUF "AAGEAAABAAEAAAABAmlkBnNlcnZlcgAAEAADwAwAEAADAAAAAAADAmExAAApBNAAAAAAAAYAAwACbjE="
#define DNS_HEAD "{\"type\":\"dns\",\"prb_id\":9,\"timestamp\":1600000000,"
#define DNS_ROW ",192.0.2.1,dns,"

static void atlas_answers(void **state)
{
	(void)state;
	expect("atlas", "x.json",
		DNS_HEAD
		"\"dst_addr\":\"192.0.2.1\",\"dst_port\":\"5353\",\"result\":{\"rt\":16.142,\"abuf\":\"" ABUF
		"\"}}\n" DNS_HEAD "\"dst_addr\":\"192.0.2.1\",\"error\":{\"timeout\":5000}}\n" DNS_HEAD
		"\"dst_name\":\"192.0.2.1\",\"error\":{\"socket\":\"connect failed Network is "
		"unreachable\"}}\n" DNS_HEAD
		"\"dst_addr\":\"192.0.2.1\",\"error\":{\"socket\":\"recv failed Connection "
		"refused\"}}\n" DNS_HEAD
		"\"dst_addr\":\"192.0.2.1\",\"result\":{\"rt\":3,\"abuf\":\"AAGE\"}}\n",
		NULL, 0,
		"9" DNS_ROW
		"id.server,0,0,1,0,,,5353,1600000000000000000,reply,16.142000,none,1,192.0.2.1,,,0,aa|"
		"nsid,1232/0,n1,a1,\n"
		"9" DNS_ROW ",1,1,1,0,,,53,1600000000000000000,timeout,,none,0,,,,,,,,,\n"
		"9" DNS_ROW
		",2,2,1,0,,,53,1600000000000000000,send-error,,none,0,,,,,,,,,error=connect failed "
		"Network is unreachable\n"
		"9" DNS_ROW ",3,3,1,0,,,53,1600000000000000000,icmp-error,,none,0,,,,,,,,,error=recv failed "
		"Connection refused\n"
		"9" DNS_ROW
		",4,4,1,0,,,53,1600000000000000000,bad-reply,3.000000,none,1,192.0.2.1,,,,,,,,bad="
		"short\n",
		"");
	/* A set of results, and answers without the message: a text, or a list of them. */
	expect("atlas", "x.json",
		"[" DNS_HEAD
		"\"resultset\":[{\"dst_addr\":\"192.0.2.1\",\"time\":1600000001,\"result\":{\"rt\":1,"
		"\"answers\":[{\"TYPE\":\"SOA\"},{\"TYPE\":\"TXT\",\"NAME\":\"hostname.bind\",\"RDATA\":"
		"\"a\\\\"
		"255b\"}]}},{\"dst_addr\":\"192.0.2.3\",\"result\":{\"rt\":2,\"answers\":[{\"TYPE\":\"TXT\","
		"\"NAME\":"
		"\"x.example\",\"RDATA\":[\"c\",\"d\"]}]}},{\"dst_addr\":\"192.0.2.1\",\"error\":{"
		"\"timeout\":5}}]}]",
		NULL, 0,
		"9,192.0.2.1,dns,hostname.bind,0,0,1,0,,,53,1600000001000000000,reply,1.000000,none,1,192.0."
		"2.1,,,0,,,,"
		"a\\255b,\n"
		"9,192.0.2.3,dns,,0,1,1,0,,,53,1600000000000000000,reply,2.000000,none,1,192.0.2.3,,,0,,,,c,"
		"\n"
		"9,192.0.2.1,dns,,0,2,1,0,,,53,1600000000000000000,timeout,,none,0,,,,,,,,,\n",
		"");
}

static void atlas_bad_results(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{"{\"type\":\"traceroute\",\"prb_id\":1}", "neither a ping nor a dns result: left out"},
		{"{\"type\":\"ping\"}", "a result without prb_id: left out"},
		{"{\"type\":\"ping\",\"prb_id\":\"1\"}", "a result without prb_id: left out"},
		{"{\"type\":\"ping\",\"prb_id\":1}", "a result of probe 1 without the address of its target"},
		{"{\"type\":\"ping\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\"}",
			"a ping of probe 1 without packets"},
		{"{\"type\":\"ping\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\",\"result\":[{\"rtt\":0}]}",
			"a reply of probe 1 without a round trip from 0 to 100000 ms: left out"},
		{"{\"type\":\"ping\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\",\"result\":[{\"rtt\":-3}]}",
			"a reply of probe 1 without a round trip from 0 to 100000 ms: left out"},
		{"{\"type\":\"ping\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\",\"result\":[7]}",
			"packet 1 of probe 1: neither rtt, x nor error"},
		{"{\"type\":\"dns\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\"}",
			"a dns result of probe 1 with neither result nor error"},
		{"{\"type\":\"dns\",\"prb_id\":1,\"dst_addr\":\"192.0.2.1\",\"result\":{\"rt\":1,\"abuf\":\"%"
		 "\"}}",
			"the abuf of probe 1 is not base64: left out"},
		{"{\"type\":\"pi", "a result without an end: left out"},
		{"{\"type\":{\"a\":1}", "a result without an end: left out"},
		{"{\"type\" \"ping\"}", "':' expected near '\"ping\"': left out"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024], said[512];

		(void)snprintf(text, sizeof(text), "%s\n%s\n%s\n", PING, cases[i].line,
			"{\"type\":\"ping\",\"prb_id\":2,\"dst_addr\":\"192.0.2.9\",\"result\":[{\"x\":\"*\"}"
			"]}");
		(void)snprintf(said, sizeof(said), "x.json:2: %s\n", cases[i].said);
		expect("atlas", "x.json", text, NULL, ERR_PARTIAL,
			PING_ROWS "2,192.0.2.9,icmp,,0,4,1,0,,,,,timeout,,none,0,,,,,,,,,\n", said);
	}
	expect("atlas", "x.json", "[" PING ",\n" PING, NULL, ERR_PARTIAL,
		PING_ROWS
		"7,192.0.2.1,icmp,,1,4,1,0,10.0.0.2,,,1600000000000000000,reply,1.500000,none,2,192.0.2.1,"
		"57,,,,,,,\n"
		"7,192.0.2.1,icmp,,1,5,1,0,10.0.0.2,,,1600000000000000000,timeout,,none,0,,,,,,,,,\n"
		"7,192.0.2.1,icmp,,1,6,1,0,10.0.0.2,,,1600000000000000000,reply,1.250000,none,1,192.0.2.1,"
		"56,,,,,,,\n"
		"7,192.0.2.1,icmp,,1,7,1,0,10.0.0.2,,,1600000000000000000,send-error,,none,0,,,,,,,,,"
		"\"error=sendto failed: Network is unreachable, bad\"\n",
		"x.json:2: the file ends in the middle; what came before is taken\n");
	expect("atlas", "x.json", "vp,lat\n", NULL, ERR_PARSE, "",
		"x.json:1: neither a JSON array of results nor one result a line\n");
}

#define MANYCASTR "# Measurement type: LACeS\n# Protocol used: TCP\nrx,addr,ttl,tx,rtt,chaos_data\n"

static void manycastr_rows(void **state)
{
	(void)state;
	expect("manycastr", "x.csv", "# Measurement type: ICMP\nrx,addr,ttl,rtt\nams,192.0.2.1,57,4.250\n",
		NULL, 0, "ams,192.0.2.1,icmp,,0,0,1,0,,,,,reply,4.250000,none,1,192.0.2.1,57,,,,,,,\n", "");
	/* Only where the sender got the reply too it is a round trip; the columns are found by name. */
	expect("manycastr", "x.csv",
		MANYCASTR
		"ams,192.0.2.1,57,ams,4.250,\nams,192.0.2.1,57,fra,-4.250,\nfra,192.0.2.2,,fra,1,f1\n",
		NULL, 0,
		"ams,192.0.2.1,tcp,,0,0,1,0,,,,,rst,4.250000,none,1,192.0.2.1,57,,,,,,,\n"
		"fra,192.0.2.2,dns,,0,1,1,0,,,,,reply,1.000000,none,1,192.0.2.2,,,0,,,,f1,\n",
		"x.csv: 1 replies reached another worker than the one that sent: no round trips, left out\n");
	expect("manycastr", "x.csv", MANYCASTR "ams,192.0.2.1,57,ams,4.250,\nfra,192.0.2.2,,fra,1,f1\n",
		"192.0.2.2", 0, "fra,192.0.2.2,dns,,0,0,1,0,,,,,reply,1.000000,none,1,192.0.2.2,,,0,,,,f1,\n",
		"");
	expect("manycastr", "x.csv", "rx,addr,ttl\nams,192.0.2.1,57\n", NULL, ERR_PARSE, "",
		"x.csv: no column 'rtt': not a latency measurement of MAnycastR\n");
	expect("manycastr", "x.csv", "rx,addr,ttl,tx,trace_dst,hop_count,rtt\n", NULL, ERR_PARSE, "",
		"x.csv: a traceroute: its times are to routers on the way\n");
	expect("manycastr", "x.csv", "# only comments\n", NULL, ERR_PARSE, "",
		"x.csv: empty; a header row was expected\n");
	expect("manycastr", "x.csv",
		"rx,addr,ttl,rtt\nams,192.0.2.1,57,nan\nams,x,57,1\nams,192.0.2.1,57,0.000\na/"
		"b,192.0.2.1,57,1\n"
		"ams,192.0.2.1,57\nams,192.0.2.1,57,1",
		NULL, ERR_PARTIAL, "",
		"x.csv:2:18: 'nan' is not a round trip in ms, over 0 and at most 100000\n"
		"x.csv:3:5: 'x' is not an IPv4 or IPv6 address\n"
		"x.csv:4:18: '0.000' is not a round trip in ms, over 0 and at most 100000\n"
		"x.csv:5: a vantage point's name has only letters, digits, '-', '_' and '.'\n"
		"x.csv:6: 3 fields; the header has 4\nx.csv:7: the row is cut short\n");
}

/* A file cut anywhere gives no row that the whole one does not give, and is never taken for whole inside a row. */
static void every_prefix(void **state)
{
	static const struct {
		const char *format, *name, *text;
		bool closed; /* a cut between two rows is seen too */
	} cases[] = {
		{"igreedy", "192.0.2.1", "a\t1.25\t2\t31\nb\t1\t2\tAMS\t42.5\n", false},
		{"atlas", "x.json",
			"[" PING "," DNS_HEAD "\"dst_addr\":\"192.0.2.1\",\"result\":{\"rt\":16.142,"
			"\"abuf\":\"" ABUF "\"}}]",
			true},
		{"atlas", "x.json", PING "\n" PING "\n", false},
		{"manycastr", "x.csv", MANYCASTR "ams,192.0.2.1,57,ams,4.250,\nfra,192.0.2.2,,fra,1,f1\n",
			false},
	};
	struct heard *whole = malloc(sizeof(*whole)), *part = malloc(sizeof(*part));

	(void)state;
	assert_true(whole && part);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		*whole = (struct heard){.n_rows = 0};
		assert_int_equal(
			read_text(whole, cases[i].format, cases[i].name, text, strlen(text), NULL), 0);
		for (size_t n = 0; n < strlen(text); n++) {
			bool row_end = n == 0 || text[n - 1] == '\n' || text[n] == '\n';
			int rc;

			*part = (struct heard){.n_rows = 0};
			rc = read_text(part, cases[i].format, cases[i].name, text, n, NULL);
			assert_true(part->n_rows <= whole->n_rows);
			assert_memory_equal(part->rows, whole->rows, part->n_rows);
			if (rc == 0 && n > 0 && (cases[i].closed || !row_end))
				fail_msg("%s cut at %zu was taken for whole", cases[i].format, n);
			import_book_free(&part->book);
		}
		import_book_free(&whole->book);
	}
	free(whole);
	free(part);
}

static int read_places(const char *name, const char *text, struct vantage_list *l, struct heard *h)
{
	struct err_msg why = {{0}};
	int rc;

	*h = (struct heard){.n_rows = 0};
	rc = import_places_from(file_in_bytes(name, text, strlen(text), NULL), l, hear, h, &why);
	if (rc < 0 && rc != ERR_PARTIAL)
		hear(h, why.text);
	return rc;
}

static void places(void **state)
{
	static const struct {
		const char *before, *behind;
	} forms[] = {{"", ""}, {"{\"meta\":{},\"objects\":", "}"}, {"{\"count\":2,\"results\":", "}"}};
	static const char probes[] = "[{\"id\":9,\"latitude\":48.2,\"longitude\":16.4,\"asn_v4\":64500,\"asn_"
				     "v6\":64501,\"country_code\":\"AT\"},"
				     "{\"id\":10,\"geometry\":{\"type\":\"Point\",\"coordinates\":[-0.5,51.5]"
				     "},\"asn_v4\":null,\"asn_v6\":64501},"
				     "{\"id\":11,\"latitude\":null,\"longitude\":null}]";
	struct heard *h = malloc(sizeof(*h));
	struct vantage_list l;

	(void)state;
	assert_non_null(h);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text), "%s%s%s", forms[i].before, probes, forms[i].behind);
		assert_int_equal(read_places("p.json", text, &l, h), 0);
		assert_int_equal(l.n, 3);
		assert_true(vantage_find(&l, "9")->lat_deg == 48.2 && vantage_find(&l, "9")->asn == 64500 &&
			    strcmp(vantage_find(&l, "9")->country, "AT") == 0);
		assert_true(vantage_find(&l, "10")->lon_deg == -0.5 &&
			    vantage_find(&l, "10")->lat_deg == 51.5 && vantage_find(&l, "10")->asn == 64501 &&
			    vantage_find(&l, "10")->accuracy_km == 1);
		assert_false(vantage_find(&l, "11")->has_place);
		vantage_list_free(&l);
	}
	assert_int_equal(read_places("p.csv", "vp,lat,lon\nams,52.3,4.9\n", &l, h), 0);
	assert_true(vantage_find(&l, "ams")->has_place);
	vantage_list_free(&l);
	assert_int_equal(
		read_places("p.json", "[{\"id\":1,\"latitude\":91,\"longitude\":0},{\"latitude\":1}]", &l, h),
		ERR_PARTIAL);
	assert_string_equal(h->said, "p.json: probe 1 of the list: its latitude or longitude is no such "
				     "thing: taken without a place\n"
				     "p.json: probe 2 of the list: no `id`\n");
	assert_int_equal(l.n, 1);
	vantage_list_free(&l);
	for (size_t n = 0; n < sizeof(probes) - 1; n++) {
		char cut[sizeof(probes)];

		memcpy(cut, probes, n);
		cut[n] = '\0';
		assert_int_equal(read_places("p.json", cut, &l, h), ERR_PARSE);
		vantage_list_free(&l);
	}
	free(h);
}

/* More names and pairs than the book begins with room for. */
static void many(void **state)
{
	enum { VPS = 3000, TARGETS = 5 };
	struct import_book b = {0};

	(void)state;
	for (uint32_t i = 0; i < 2 * VPS * TARGETS; i++) {
		struct addr a = {.family = 4, .b = {192, 0, 2, (uint8_t)(i % TARGETS)}};
		struct record r = import_blank(PROBE_ICMP, &a);
		struct vantage v = {.weight = 1};

		(void)snprintf(v.vp, sizeof(v.vp), "vp%u", i / TARGETS % VPS);
		assert_int_equal(import_take(&b, &r, &v, false, NULL), 0);
		assert_int_equal(r.seq, i);
		assert_int_equal(r.round, i / (VPS * TARGETS));
		assert_string_equal(r.vp, v.vp);
	}
	assert_int_equal(b.vps.n, VPS);
	assert_int_equal(b.targets.n, TARGETS);
	assert_int_equal(b.placeless, VPS);
	import_book_free(&b);
}

static int start(void **state)
{
	(void)state;
	return hash_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(targets_of_names),
		cmocka_unit_test(igreedy_rows),
		cmocka_unit_test(igreedy_bad_lines),
		cmocka_unit_test(one_place),
		cmocka_unit_test(atlas_pings),
		cmocka_unit_test(atlas_answers),
		cmocka_unit_test(atlas_bad_results),
		cmocka_unit_test(manycastr_rows),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(places),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
