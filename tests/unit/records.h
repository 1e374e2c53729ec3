/* Records as a run's rows have them, for the tests of what reads them. */
#ifndef TESTS_UNIT_RECORDS_H
#define TESTS_UNIT_RECORDS_H

#include <string.h>

#include "data/record.h"

static inline struct bytes record_text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline struct addr record_addr(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* A row of one probe without any answer. */
static inline struct record record_sent(
	enum probe_kind kind, enum question question, uint8_t flow, enum outcome outcome)
{
	return (struct record){
		.vp = "test",
		.target = record_addr("198.51.100.53"),
		.probe = kind,
		.question = question,
		.attempt = 1,
		.flow = flow,
		.src = record_addr("192.0.2.1"),
		.src_port = kind == PROBE_ICMP ? 0 : (uint16_t)(33000 + flow),
		.dst_port = kind == PROBE_DNS   ? 53
			    : kind == PROBE_TCP ? 443
						: 0,
		.outcome = outcome,
		.rtt_ns = -1,
		.reply_ttl = -1,
		.icmp_type = -1,
		.icmp_code = -1,
		.rcode = -1,
		.edns_size = -1,
	};
}

/* One of DNS with its answer; nsid NULL: no option. */
static inline struct record record_dns(uint8_t flow, int64_t rtt_ns, const char *nsid, const char *txt)
{
	struct record r = record_sent(PROBE_DNS, QUESTION_ID_SERVER, flow, OUTCOME_REPLY);

	r.rtt_ns = rtt_ns;
	r.rcode = 0;
	r.dns_flags = nsid ? RECORD_NSID : 0;
	r.nsid = record_text(nsid);
	r.txt = record_text(txt);
	r.replies = 1;
	r.reply_from = r.target;
	return r;
}

/* One of ICMP or TCP with its answer. */
static inline struct record record_reply(
	enum probe_kind kind, uint8_t flow, int64_t rtt_ns, enum outcome outcome)
{
	struct record r = record_sent(kind, QUESTION_NONE, flow, outcome);

	r.rtt_ns = rtt_ns;
	r.replies = 1;
	r.reply_from = r.target;
	return r;
}

#endif
