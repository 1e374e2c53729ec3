/* infer/verdict, infer/signs, infer/voices: each verdict and flag from both sides of its thresholds. The naming rules are those
 * that are shipped. */
#include "infer/verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"

static struct rules rules;

static int load(void **state)
{
	struct err_msg why = {{0}};

	(void)state;
	if (rules_read(&rules, "targets", NULL, NULL, &why) < 0) {
		print_error("%s\n", why.text);
		return -1;
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	rules_free(&rules);
	return 0;
}

#define CF .service = "one.one.one.one", .operators = "Cloudflare"
#define GOOGLE .service = "dns.google", .operators = "Google", .baseline = ""
#define RIPE .service = "k.root-servers.net", .operators = "RIPE NCC", .baseline = ""
#define BASE .baseline = "nsid|rcode=0|aa=1|ra=0|coverage=95/100"
/* Three replies of icmp and of tcp. */
#define PING(ms_, ttl_)                                                \
	{                                                              \
		.n = 3, .ms = (ms_), .kind = PROBE_ICMP, .ttl = (ttl_) \
	}
#define SYN(ms_, ttl_)                                                \
	{                                                             \
		.n = 3, .ms = (ms_), .kind = PROBE_TCP, .ttl = (ttl_) \
	}
#define DNS(n_, ms_, name_)                                                                \
	{                                                                                  \
		.n = (n_), .ms = (ms_), .nsid = (name_), .txt = (name_), .bits = RECORD_AA \
	}

static const struct verdict_place vienna = {true, true, true, 48.21, 16.37, 10},
				  vienna_looked_up = {true, false, true, 48.21, 16.37, 10},
				  vienna_unsure = {true, true, false, 48.21, 16.37, 10},
				  tokyo = {true, true, true, 35.69, 139.69, 10};

struct expected {
	const char *what;
	struct subject s[4]; /* the target, then controls */
	size_t n;
	const struct verdict_place *here;
	enum verdict_kind kind;
	unsigned flags;
	enum verdict_reason reason;
	enum verdict_split split;
};

static void check(const struct expected *e, size_t n)
{
	static const struct sites_row listed[] = {{"x", "Vienna", "AT", 48.21, 16.37, "2025-07"}};

	for (size_t i = 0; i < n; i++) {
		struct verdict_input with = {
			.day = 20261122, .first_hop_ns = -1, .listed = listed, .n_listed = 1};
		struct judged j;

		if (e[i].here)
			with.here = *e[i].here;
		judge_subjects(&j, &rules, "198.51.100.53", e[i].s, e[i].n ? e[i].n : 1, &with);
		if (j.verdict.kind != e[i].kind || j.verdict.flags != e[i].flags ||
			j.verdict.reason != e[i].reason || j.verdict.split != e[i].split)
			fail_msg("%s: %s, flags %u, '%s' '%s'", e[i].what, verdict_name(j.verdict.kind),
				j.verdict.flags, verdict_reason_name(j.verdict.reason),
				verdict_split_name(j.verdict.split));
		judged_free(&j);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void no_reply(void **state)
{
	static const struct expected cases[] = {
		{.what = "6 queries",
			.s = {{CF, BASE, .batch = {{.n = 3, .ms = -1}, {.n = 3, .ms = -1, .retry = true}}}},
			.kind = VERDICT_NO_REPLY},
		{.what = "5 queries",
			.s = {{CF, BASE, .batch = {{.n = 3, .ms = -1}, {.n = 2, .ms = -1, .retry = true}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NOT_ASKED},
		{.what = "CHAOS only",
			.s = {{CF, BASE, .batch = {{.n = 9, .ms = -1}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NOT_ASKED},
		{.what = "all refused by a router",
			.s = {{CF, BASE, .batch = {{.n = 6, .ms = -1, .prohibited = true}}}},
			.kind = VERDICT_NO_REPLY},
		{.what = "ping answers",
			.s = {{CF, BASE,
				.batch = {{.n = 3, .ms = -1}, {.n = 3, .ms = -1, .retry = true},
					PING(9, 57)}}},
			.kind = VERDICT_NO_REPLY},
		{.what = "no DNS asked",
			.s = {{CF, BASE, .batch = {PING(9, 57)}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NOT_ASKED},
		{.what = "one reply",
			.s = {{CF, BASE,
				.batch = {{.n = 5, .ms = -1}, {.n = 5, .ms = -1, .retry = true},
					DNS(1, 9, "vie04")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_FEW_REPLIES},
	};

	(void)state;
	CHECK(cases);
}

static void consistent(void **state)
{
	static const struct expected cases[] = {
		{.what = "3 replies",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "2 replies",
			.s = {{CF, BASE, .batch = {DNS(2, 9, "fra09")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_FEW_REPLIES},
		{.what = "2 on each of two flows",
			.s = {{CF, BASE,
				.batch = {DNS(2, 9, "fra09"), {.n = 2,
								      .ms = 9,
								      .nsid = "fra09",
								      .txt = "fra09",
								      .flow = 1,
								      .bits = RECORD_AA}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_FEW_REPLIES},
		{.what = "two servers of a site",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09"), DNS(3, 9, "fra22")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "CHAOS and NSID by two servers of a site",
			.s = {{CF, BASE,
				.batch = {{.n = 6,
					.ms = 9,
					.nsid = "fra09",
					.txt = "fra22",
					.bits = RECORD_AA}}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "an opaque NSID beside a name",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "17m397",
						  .txt = "fra09",
						  .bits = RECORD_AA},
					{.n = 3,
						.ms = 9,
						.nsid = "17m397",
						.txt = NULL,
						.retry = true,
						.bits = RECORD_AA}}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "a closed airport",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "txl01")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "hosted letter",
			.s = {{.service = "e.root-servers.net",
				.operators = "NASA|Cloudflare|PCH",
				.baseline = "nsid|ra=0",
				.batch = {DNS(3, 9, "p01.arn.eroot")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "Quad9 at PCH",
			.s = {{.service = "dns.quad9.net",
				.operators = "Quad9|PCH",
				.baseline = "",
				.batch = {DNS(3, 9, "res200.vie.rrdns.pch.net")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "some replies without a name",
			.s = {{CF, .baseline = "",
				.batch = {DNS(3, 9, "fra09"),
					{.n = 3, .ms = 9, .nsid = NULL, .txt = NULL, .rcode = 5}}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "some with a strange one",
			.s = {{CF, .baseline = "", .batch = {DNS(9, 9, "fra09"), DNS(1, 9, "ns7.example")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_MIXED},
		{.what = "one reply of another site",
			.s = {{CF, BASE, .batch = {DNS(9, 9, "fra09"), DNS(1, 9, "waw03")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_MIXED},
		{.what = "an expired rule",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "FRA")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NOT_SURE},
		{.what = "medium confidence",
			.s = {{.service = "k.root-servers.net",
				.operators = "RIPE NCC",
				.baseline = "",
				.batch = {DNS(3, 0.1, "ns1.at-grz.k.ripe.net")}}},
			.here = &tokyo,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NOT_SURE},
		{.what = "a code that the operator's table lacks",
			.s = {{.service = "l.root-servers.net",
				.operators = "ICANN",
				.baseline = "",
				.batch = {DNS(3, 9, "at-vie-aa")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_OPAQUE},
		{.what = "opaque",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "87m362")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_OPAQUE},
		{.what = "two servers without rule",
			.s = {{.service = "",
				.operators = "",
				.baseline = "",
				.batch = {DNS(3, 9, "a.example"), DNS(3, 9, "b.example")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_RULE},
		{.what = "no name",
			.s = {{CF, .baseline = "", .batch = {{.n = 3, .ms = 9}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_IDENTITY},
	};

	(void)state;
	CHECK(cases);
}

static void signs_by_content(void **state)
{
	static const struct expected cases[] = {
		{.what = "C1 alone",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "5.ams.pch")}}},
			.kind = VERDICT_FOREIGN_OPERATOR},
		{.what = "C1 and other header bits",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = "5.ams.pch",
					.txt = "5.ams.pch",
					.bits = RECORD_RA}}}},
			.kind = VERDICT_FOREIGN_OPERATOR},
		{.what = "C1 of all names, but of a quarter of the replies",
			.s = {{CF, .baseline = "", .batch = {DNS(3, 9, "5.ams.pch"), {.n = 9, .ms = 9}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_RULE},
		{.what = "two names of two places in one packet",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = "fra09",
					.txt = "waw03",
					.bits = RECORD_AA}}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_TORN},
		{.what = "C1 of 80 %",
			.s = {{CF, .baseline = "", .batch = {DNS(8, 9, "5.ams.pch"), DNS(2, 9, "fra09")}}},
			.kind = VERDICT_FOREIGN_OPERATOR},
		{.what = "C1 of less",
			.s = {{CF, .baseline = "", .batch = {DNS(7, 9, "5.ams.pch"), DNS(2, 9, "fra09")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_MIXED},
		{.what = "a foreign form of medium confidence",
			.s = {{CF, .baseline = "", .batch = {DNS(3, 9, "jfk-dns1-02.inet.centurylink.net")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_RULE},
		{.what = "C2",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "OPNsense")}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "C2 where the rules cover less",
			.s = {{CF, .baseline = "coverage=94/100", .batch = {DNS(3, 9, "OPNsense")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_RULE},
		{.what = "a form of the target with an unknown code",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "qqq01")}}},
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_NO_RULE},
		{.what = "C3: NSID",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = NULL,
					.txt = "fra09",
					.bits = RECORD_AA}}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "C3: an empty NSID is none",
			.s = {{CF, BASE,
				.batch = {{.n = 3, .ms = 9, .nsid = "", .txt = "fra09", .bits = RECORD_AA}}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "C3: identity",
			.s = {{CF, .baseline = "id.server",
				.batch = {{.n = 3, .ms = 9, .nsid = "fra09", .txt = NULL}}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "C3 in 3 of 4",
			.s = {{CF, BASE,
				.batch = {{.n = 3, .ms = 9, .nsid = NULL, .txt = "fra09", .bits = RECORD_AA},
					DNS(1, 9, "fra09")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "C4: RA",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = "fra09",
					.txt = "fra09",
					.bits = RECORD_AA | RECORD_RA}}}},
			.kind = VERDICT_CONSISTENT,
			.flags = VERDICT_UNUSUAL_ANSWER},
		{.what = "C4: AA",
			.s = {{CF, BASE, .batch = {{.n = 3, .ms = 9, .nsid = "fra09", .txt = "fra09"}}}},
			.kind = VERDICT_CONSISTENT,
			.flags = VERDICT_UNUSUAL_ANSWER},
		{.what = "C4: rcode",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = "fra09",
					.txt = NULL,
					.rcode = 5,
					.bits = RECORD_AA}}}},
			.kind = VERDICT_CONSISTENT,
			.flags = VERDICT_UNUSUAL_ANSWER},
		{.what = "C4 beside C3 is no flag",
			.s = {{CF, BASE, .batch = {{.n = 3, .ms = 9, .nsid = NULL, .txt = "fra09"}}}},
			.kind = VERDICT_SUSPICIOUS},
	};

	(void)state;
	CHECK(cases);
}

static void signs_by_time_and_path(void **state)
{
	static const struct expected cases[] = {
		{.what = "T1",
			.s = {{CF, BASE, .batch = {DNS(3, 4.9, "fra09"), PING(10, 0), SYN(12, 0)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "not half",
			.s = {{CF, BASE, .batch = {DNS(3, 10, "fra09"), PING(20, 0), SYN(20, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "not 5 ms",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09"), PING(6, 0), SYN(6, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "just 5 ms",
			.s = {{CF, BASE, .batch = {DNS(3, 0.999, "fra09"), PING(6, 0), SYN(6, 0)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "tcp as fast as dns",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09"), PING(20, 0), SYN(1, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "icmp and tcp 5 ms apart",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09"), PING(20, 0), SYN(25, 0)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "and more",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09"), PING(20, 0), SYN(25.1, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "two pings only",
			.s = {{CF, BASE,
				.batch = {DNS(3, 1, "fra09"), {.n = 2, .ms = 20, .kind = PROBE_ICMP},
					SYN(20, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "fast in 7 of 9",
			.s = {{CF, BASE,
				.batch = {DNS(7, 1, "fra09"), DNS(2, 20, "fra09"), PING(20, 0), SYN(20, 0)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "P1: 4 hops fewer",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 61,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 57)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "3 hops fewer",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 60,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 57)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "fewer than those of icmp, not of tcp",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 63,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 62)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "another initial TTL",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 127,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 57)}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "initial TTLs of 128 and of 255",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 250,
						  .bits = RECORD_AA},
					PING(9, 240), SYN(9, 240)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "T1 and P1: timing and path",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 1,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .ttl = 64,
						  .bits = RECORD_AA},
					PING(20, 57), SYN(20, 57)}}},
			.kind = VERDICT_INTERCEPTED},
		{.what = "C2 and P1: none is strong",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "OPNsense",
						  .txt = "OPNsense",
						  .ttl = 64,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 57)}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "C1 and P1",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "5.ams.pch",
						  .txt = "5.ams.pch",
						  .ttl = 64,
						  .bits = RECORD_AA},
					PING(9, 57), SYN(9, 57)}}},
			.kind = VERDICT_INTERCEPTED},
		{.what = "C1 and C2: one class",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = NULL,
					.txt = "5.ams.pch",
					.bits = RECORD_AA}}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "T1 and C4",
			.s =
				{
					{CF, BASE,
						.batch = {{.n = 3,
								  .ms = 1,
								  .nsid = "fra09",
								  .txt = "fra09",
								  .bits = RECORD_RA},
							PING(20, 0), SYN(20, 0)}}},
			.kind = VERDICT_INTERCEPTED},
	};

	(void)state;
	CHECK(cases);
}

static void signs_by_behaviour(void **state)
{
	static const struct expected cases[] = {
		{.what = "B1",
			.s = {{CF, BASE,
				.batch = {{.n = 4,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .bits = RECORD_AA,
						  .disputed = true},
					DNS(1, 9, "fra09")}}},
			.kind = VERDICT_SUSPICIOUS},
		{.what = "B1 in 3 of 4",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
						  .ms = 9,
						  .nsid = "fra09",
						  .txt = "fra09",
						  .bits = RECORD_AA,
						  .disputed = true},
					DNS(1, 9, "fra09")}}},
			.kind = VERDICT_CONSISTENT},
		{.what = "B1 and C2",
			.s = {{CF, BASE,
				.batch = {{.n = 3,
					.ms = 9,
					.nsid = "OPNsense",
					.txt = "OPNsense",
					.bits = RECORD_AA,
					.disputed = true}}}},
			.kind = VERDICT_INTERCEPTED},
		{.what = "B2",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}}, {.service = "",
										 .operators = "",
										 .baseline = "",
										 .no_dns = true,
										 .batch = {DNS(3, 1, "x")}}},
			.n = 2,
			.kind = VERDICT_SUSPICIOUS},
		{.what = "B2 of 2 replies",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}}, {.service = "",
										 .operators = "",
										 .baseline = "",
										 .no_dns = true,
										 .batch = {DNS(2, 1, "x")}}},
			.n = 2,
			.kind = VERDICT_CONSISTENT},
		{.what = "B2 to 3 of 4 queries",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}},
				{.service = "",
					.operators = "",
					.baseline = "",
					.no_dns = true,
					.batch = {DNS(3, 1, "x"), {.n = 1, .ms = -1}}}},
			.n = 2,
			.kind = VERDICT_CONSISTENT},
		{.what = "B2 and C2",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "OPNsense")}},
				{.service = "",
					.operators = "",
					.baseline = "",
					.no_dns = true,
					.batch = {DNS(3, 1, "x")}}},
			.n = 2,
			.kind = VERDICT_INTERCEPTED},
		{.what = "an ordinary control that answers",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 9, "gpdns-fra")}}},
			.n = 2,
			.kind = VERDICT_CONSISTENT},
	};

	(void)state;
	CHECK(cases);
}

/* Vienna-Frankfurt: 605 km, less 10 + 60 km of doubt: 5.24 ms in fibre, 3.57 ms in vacuum. */
static void physics(void **state)
{
	static const struct expected cases[] = {
		{.what = "as fast as fibre",
			.s = {{CF, BASE, .batch = {DNS(3, 5.3, "fra09")}}},
			.here = &vienna,
			.kind = VERDICT_CONSISTENT},
		{.what = "faster than fibre",
			.s = {{CF, BASE, .batch = {DNS(3, 5.1, "fra09")}}},
			.here = &vienna,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_PHYSICS,
			.flags = VERDICT_TOO_FAST},
		{.what = "the same from a place that was looked up",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}}},
			.here = &vienna_looked_up,
			.kind = VERDICT_CONSISTENT},
		{.what = "faster than light without controls",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}}},
			.here = &vienna,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_PHYSICS,
			.flags = VERDICT_TOO_FAST},
		{.what = "faster than light, a control fits",
			.s = {{CF, BASE, .batch = {DNS(3, 3.5, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 9, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna,
			.kind = VERDICT_RTT_IMPOSSIBLE},
		{.what = "in between, a control fits",
			.s = {{CF, BASE, .batch = {DNS(3, 3.7, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 9, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_PHYSICS,
			.flags = VERDICT_TOO_FAST},
		{.what = "no accuracy was given",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 9, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna_unsure,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_PHYSICS,
			.flags = VERDICT_TOO_FAST},
		{.what = "the place was looked up",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 9, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna_looked_up,
			.kind = VERDICT_CONSISTENT},
		{.what = "a control contradicts too",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 1, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna,
			.kind = VERDICT_LOCATION_SUSPECT},
		{.what = "also one of a place that was looked up",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 1, "gpdns-fra")}}},
			.n = 2,
			.here = &vienna_looked_up,
			.kind = VERDICT_LOCATION_SUSPECT},
		{.what = "the control is the same operator's",
			.s = {{CF, BASE, .batch = {DNS(3, 1, "fra09")}},
				{CF, .baseline = "", .batch = {DNS(3, 1, "fra22")}}},
			.n = 2,
			.here = &vienna,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_PHYSICS,
			.flags = VERDICT_TOO_FAST},
		{.what = "only one control contradicts",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "fra09")}},
				{GOOGLE, .batch = {DNS(3, 1, "gpdns-nrt")}}},
			.n = 2,
			.here = &vienna,
			.kind = VERDICT_CONSISTENT},
		{.what = "two controls agree that we are elsewhere",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "87m362")}},
				{GOOGLE, .batch = {DNS(3, 1, "gpdns-nrt")}},
				{RIPE, .batch = {DNS(3, 1, "ns1.jp-tyo.k.ripe.net")}}},
			.n = 3,
			.here = &vienna,
			.kind = VERDICT_LOCATION_SUSPECT},
		{.what = "two that do not agree",
			.s = {{CF, BASE, .batch = {DNS(3, 9, "87m362")}},
				{GOOGLE, .batch = {DNS(3, 1, "gpdns-nrt")}},
				{RIPE, .batch = {DNS(3, 1, "ns1.nl-ams.k.ripe.net")}}},
			.n = 3,
			.here = &vienna,
			.kind = VERDICT_UNKNOWN,
			.reason = VERDICT_OPAQUE},
		{.what = "we are at the site",
			.s = {{CF, BASE, .batch = {DNS(3, 0.1, "nrt08")}}},
			.here = &tokyo,
			.kind = VERDICT_CONSISTENT,
			.flags = 0},
	};

	(void)state;
	CHECK(cases);
}

/* Vienna is listed, so nearest: 0 km. Frankfurt is 605 km farther, Prague 251. */
static void far_sites(void **state)
{
	static const struct expected cases[] = {
		{.what = "far",
			.s = {{CF, BASE, .batch = {DNS(3, 20, "fra09")}}},
			.here = &vienna,
			.kind = VERDICT_CONSISTENT,
			.flags = VERDICT_FAR},
		{.what = "not 20 ms",
			.s = {{CF, BASE, .batch = {DNS(3, 19.9, "fra09")}}},
			.here = &vienna,
			.kind = VERDICT_CONSISTENT},
		{.what = "not 500 km",
			.s = {{CF, BASE, .batch = {DNS(3, 90, "prg01")}}},
			.here = &vienna,
			.kind = VERDICT_CONSISTENT},
		{.what = "from a place that was looked up",
			.s = {{CF, BASE, .batch = {DNS(3, 90, "fra09")}}},
			.here = &vienna_looked_up,
			.kind = VERDICT_CONSISTENT},
		{.what = "from an unknown place",
			.s = {{CF, BASE, .batch = {DNS(3, 90, "fra09")}}},
			.kind = VERDICT_CONSISTENT},
	};

	(void)state;
	CHECK(cases);
}

#define ON(flow_, n_, name_)                                                                            \
	{                                                                                               \
		.n = (n_), .ms = 9, .nsid = (name_), .txt = (name_), .flow = (flow_), .bits = RECORD_AA \
	}

static void splits(void **state)
{
	static const struct expected cases[] = {
		{.what = "by flow",
			.s = {{CF, BASE, .batch = {ON(0, 3, "fra09"), ON(1, 3, "waw03")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_FLOW},
		{.what = "flows of 90 %",
			.s = {{CF, BASE,
				.batch = {ON(0, 9, "fra09"), ON(0, 1, "waw03"), ON(1, 9, "waw03"),
					ON(1, 1, "fra09")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_FLOW},
		{.what = "flows of less",
			.s = {{CF, BASE,
				.batch = {ON(0, 8, "fra09"), ON(0, 1, "waw03"), ON(1, 8, "waw03"),
					ON(1, 1, "fra09")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_TIME},
		{.what = "by question",
			.s = {{CF, BASE,
				.batch = {ON(0, 3, "fra09"), {.n = 3,
								     .ms = 9,
								     .nsid = "waw03",
								     .txt = NULL,
								     .question = QUESTION_QUAD9,
								     .bits = RECORD_AA}}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_KIND},
		{.what = "by time, on one flow",
			.s = {{CF, BASE, .batch = {ON(0, 8, "fra09"), ON(0, 2, "waw03")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_TIME},
		{.what = "and less than 80 % there",
			.s = {{CF, BASE, .batch = {ON(0, 7, "fra09"), ON(0, 2, "waw03")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_TIME,
			.flags = VERDICT_UNSTABLE},
		{.what = "a tie",
			.s = {{CF, BASE, .batch = {ON(0, 2, "fra09"), ON(0, 2, "waw03")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_TIME,
			.flags = VERDICT_UNSTABLE},
		{.what = "all flows the same site, but for two replies",
			.s = {{CF, BASE,
				.batch = {ON(0, 19, "fra09"), ON(0, 1, "waw03"), ON(1, 19, "fra09"),
					ON(1, 1, "waw03")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_TIME},
		{.what = "one of two is too far for its time",
			.s = {{CF, BASE,
				.batch = {ON(0, 6, "fra09"), {.n = 3,
								     .ms = 1,
								     .flow = 1,
								     .nsid = "nrt08",
								     .txt = "nrt08",
								     .bits = RECORD_AA}}}},
			.here = &vienna,
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_FLOW,
			.flags = VERDICT_TOO_FAST},
		{.what = "keys without places",
			.s = {{CF, BASE, .batch = {ON(0, 3, "17m1"), ON(1, 3, "87m1")}}},
			.kind = VERDICT_SPLIT,
			.split = VERDICT_BY_FLOW},
	};

	(void)state;
	CHECK(cases);
}

static void where_the_time_goes(void **state)
{
	static const struct subject s[] = {{CF, BASE,
		.batch = {DNS(2, 20, "fra09"), DNS(1, 24, "fra09"), {.n = 1, .ms = -1}, PING(19.5, 0),
			{.n = 2, .ms = -1, .kind = PROBE_TCP}}}};
	static const struct sites_row listed[] = {{"x", "Vienna", "AT", 48.21, 16.37, "2025-07"}};
	struct verdict_input with = {
		.day = 20261122, .here = vienna, .listed = listed, .n_listed = 1, .first_hop_ns = 500000};
	const struct verdict_slow *slow;
	struct judged j;

	(void)state;
	judge_subjects(&j, &rules, "198.51.100.53", s, 1, &with);
	slow = &j.verdict.slow;
	assert_true(fabs(slow->access - 0.5) < 1e-9);
	assert_true(fabs(slow->distance - j.verdict.physics.floor_fibre_ms) < 1e-9);
	assert_true(fabs(slow->access + slow->distance + slow->path - 20) < 1e-9);
	assert_true(fabs(slow->detour - slow->distance) < 1e-9); /* the nearest one is here */
	assert_true(fabs(slow->queueing) < 1e-9);
	assert_true(fabs(slow->server - 0.5) < 1e-9);
	/* TCP that never answers is closed or filtered, not lost. */
	assert_true(fabs(slow->loss_percent - 100.0 / 7) < 1e-9);
	assert_int_equal(j.verdict.n_within, 1);
	judged_free(&j);
}

/* Clopper-Pearson, against R's binom.test. */
static void intervals(void **state)
{
	static const struct {
		uint32_t k, n;
		double low, high;
	} cases[] = {{3, 8, 0.0852, 0.7551}, {0, 4, 0, 0.6024}, {4, 4, 0.3976, 1}, {1, 2, 0.0126, 0.9874},
		{16, 32, 0.3189, 0.6811}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double low, high;

		verdict_interval(cases[i].k, cases[i].n, &low, &high);
		assert_true(fabs(low - cases[i].low) < 1e-4);
		assert_true(fabs(high - cases[i].high) < 1e-4);
	}
}

static void names(void **state)
{
	unsigned verdicts = 0, flags = 0;

	(void)state;
	for (int k = 0; k < VERDICTS; k++) {
		const char *name = verdict_name((enum verdict_kind)k);

		assert_true(verdict_parse(name, strlen(name), &verdicts, &flags));
		assert_true(verdicts >> k & 1);
	}
	assert_int_equal(flags, 0);
	assert_true(verdict_parse("far,split", 3, &verdicts, &flags));
	assert_int_equal(flags, VERDICT_FAR);
	assert_false(verdict_parse("hijacked", 8, &verdicts, &flags));
	assert_false(verdict_parse("fa", 2, &verdicts, &flags));
	assert_int_equal(signs_initial_ttl(64), 64);
	assert_int_equal(signs_initial_ttl(65), 128);
	assert_int_equal(signs_initial_ttl(129), 255);
}

/* Two thousand names, each another: no quadratic surprise, no overflow, no site. */
static void hostile_names(void **state)
{
	struct observation o = {.target = record_addr("198.51.100.53")};
	struct ident_target about = {o.target, "one.one.one.one", "Cloudflare"};
	struct ident_scope scope;
	struct voices v;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		char name[255];
		struct record r;

		for (size_t k = 0; k < sizeof(name); k++)
			name[k] = (char)(1 + (i * 31 + k * 7) % 255);
		(void)snprintf(name, 8, "%07u", i);
		r = record_dns((uint8_t)i, 1000, NULL, NULL);
		r.dns_flags = RECORD_NSID;
		r.nsid = (struct bytes){(const uint8_t *)name, sizeof(name)};
		assert_int_equal(observe_add(&o, &r), 0);
	}
	observe_finish(&o);
	assert_int_equal(ident_scope_of(&scope, &rules, &about, 1), 0);
	assert_int_equal(voices_hear(&v, &o, &rules, &scope, 0), 0);
	assert_int_equal(v.replies, 2000);
	assert_int_equal(v.servers, 2000);
	assert_int_equal(v.n_sites, 0);
	voices_free(&v);
	ident_scope_free(&scope);
	observe_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_reply),
		cmocka_unit_test(consistent),
		cmocka_unit_test(signs_by_content),
		cmocka_unit_test(signs_by_time_and_path),
		cmocka_unit_test(signs_by_behaviour),
		cmocka_unit_test(physics),
		cmocka_unit_test(far_sites),
		cmocka_unit_test(splits),
		cmocka_unit_test(where_the_time_goes),
		cmocka_unit_test(intervals),
		cmocka_unit_test(names),
		cmocka_unit_test(hostile_names),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
