/* Observations made of batches of replies, and what is judged of them, for the tests of verdicts and of their texts. */
#ifndef TESTS_UNIT_ANSWERS_H
#define TESTS_UNIT_ANSWERS_H

#include <string.h>

#include "infer/verdict.h"
#include "records.h"

/* So many probes with the same fate, one after the other. kind dns and question id.server unless said; nsid and txt NULL: none. */
struct batch {
	unsigned n;
	double ms; /* below 0: no reply */
	const char *nsid, *txt;
	uint8_t flow;
	enum probe_kind kind;
	enum question question;
	int16_t ttl, rcode;
	uint8_t bits; /* RECORD_AA, RECORD_RA */
	bool disputed, retry, prohibited;
};

/* An address with all that is known of it. */
struct subject {
	const char *service, *operators, *baseline;
	bool no_dns;
	struct batch batch[12];
};

struct judged {
	struct observation seen[4]; /* the target, then controls */
	struct ident_scope scope[4];
	struct verdict_subject about[4];
	struct verdict_input in;
	struct verdict verdict;
};

static inline void add_batch(struct observation *o, const struct batch *b, const char *target, int64_t *at_ns)
{
	for (unsigned i = 0; i < b->n; i++) {
		bool dns = b->kind == PROBE_DNS;
		enum question q = !dns          ? QUESTION_NONE
				  : b->retry    ? QUESTION_IN_SOA
				  : b->question ? b->question
						: QUESTION_ID_SERVER;
		struct record r =
			record_sent(b->kind, q, b->flow, b->ms < 0 ? OUTCOME_TIMEOUT : OUTCOME_REPLY);

		r.target = record_addr(target);
		r.tx_time.ns = *at_ns += NS_PER_MS;
		r.attempt = b->retry ? 2 : 1;
		r.dst_port = b->kind == PROBE_ICMP ? 0 : 53;
		if (b->prohibited) {
			r.outcome = OUTCOME_ICMP_ERROR;
			r.icmp_type = 3;
			r.icmp_code = 13;
			r.reply_from = record_addr("203.0.113.9");
		}
		if (b->ms >= 0) {
			r.rtt_ns = (int64_t)(b->ms * 1e6);
			r.reply_ttl = b->ttl ? b->ttl : -1;
			r.rcode = dns ? b->rcode : -1;
			r.dns_flags = (uint8_t)(b->bits | (b->nsid ? RECORD_NSID : 0));
			r.nsid = record_text(b->nsid);
			r.txt = record_text(b->txt);
			r.extra =
				record_text(b->disputed ? "second_rcode=0;second_ms=9.1;second=other" : NULL);
		}
		assert_int_equal(observe_add(o, &r), 0);
	}
}

/* target: an address; the controls are at 198.51.100.201 and so on. */
static inline void judge_subjects(struct judged *j, const struct rules *rules, const char *target,
	const struct subject *s, size_t n, const struct verdict_input *with)
{
	int64_t at_ns = INT64_C(1795316000) * NS_PER_S;

	*j = (struct judged){.in = *with};
	for (size_t i = 0; i < n; i++) {
		char address[ADDR_TEXT_LEN];
		struct ident_target about;

		(void)snprintf(address, sizeof(address), "198.51.100.%zu", 200 + i);
		j->seen[i].target = record_addr(i ? address : target);
		for (size_t k = 0; k < 12 && s[i].batch[k].n; k++)
			add_batch(&j->seen[i], &s[i].batch[k], i ? address : target, &at_ns);
		observe_finish(&j->seen[i]);
		about = (struct ident_target){j->seen[i].target, s[i].service, s[i].operators};
		assert_int_equal(ident_scope_of(&j->scope[i], rules, &about, 1), 0);
		j->about[i] = (struct verdict_subject){.seen = &j->seen[i],
			.service = s[i].service,
			.operators = s[i].operators,
			.scope = &j->scope[i],
			.no_dns = s[i].no_dns};
		assert_int_equal(baseline_parse(&j->about[i].baseline, s[i].baseline, NULL), 0);
	}
	j->in.rules = rules;
	j->in.target = j->about[0];
	j->in.controls = j->about + 1;
	j->in.n_controls = n - 1;
	assert_int_equal(verdict_reach(&j->verdict, &j->in), 0);
}

static inline void judged_free(struct judged *j)
{
	verdict_free(&j->verdict);
	for (size_t i = 0; i < 4; i++) {
		observe_free(&j->seen[i]);
		ident_scope_free(&j->scope[i]);
	}
}

#endif
