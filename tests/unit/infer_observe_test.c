#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "infer/observe.h"
#include "records.h"

static void add(struct observation *o, struct record r)
{
	assert_int_equal(observe_add(o, &r), 0);
}

static struct record with_extra(struct record r, const char *extra)
{
	r.extra = record_text(extra);
	return r;
}

static void nothing_seen(void **state)
{
	struct observation o = {0};

	(void)state;
	observe_finish(&o);
	assert_int_equal(o.n, 0);
	observe_free(&o);
}

static void one_line_for_each_kind_question_and_attempt(void **state)
{
	struct observation o = {0};
	struct record retry = record_dns(0, 5, "x", ""), version = record_dns(0, 5, "x", "");

	(void)state;
	retry.attempt = 2;
	retry.question = QUESTION_IN_SOA;
	version.question = QUESTION_VERSION_BIND;
	add(&o, record_reply(PROBE_TCP, 0, 1, OUTCOME_REPLY));
	add(&o, retry);
	add(&o, record_reply(PROBE_ICMP, 0, 1, OUTCOME_REPLY));
	add(&o, version);
	add(&o, record_dns(0, 5, "x", ""));
	add(&o, record_dns(1, 5, "x", ""));
	observe_finish(&o);
	/* By kind, the retry behind what it retries. */
	assert_int_equal(o.n, 5);
	assert_int_equal(o.line[0].question, QUESTION_ID_SERVER);
	assert_int_equal(o.line[0].sent, 2);
	assert_int_equal(o.line[1].question, QUESTION_VERSION_BIND);
	assert_int_equal(o.line[2].question, QUESTION_IN_SOA);
	assert_true(o.line[2].retry);
	assert_int_equal(o.line[3].kind, PROBE_ICMP);
	assert_int_equal(o.line[4].kind, PROBE_TCP);
	assert_int_equal(o.line[4].dst_port, 443);
	assert_true(addr_equal(&o.target, &retry.target));
	assert_true(addr_equal(&o.source, &retry.src));
	observe_free(&o);
}

static void outcomes_are_counted(void **state)
{
	static const enum outcome all[] = {OUTCOME_REPLY, OUTCOME_RST, OUTCOME_LATE, OUTCOME_TIMEOUT,
		OUTCOME_TIMEOUT, OUTCOME_ICMP_ERROR, OUTCOME_BAD_REPLY, OUTCOME_SEND_ERROR};
	struct observation o = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool answered = all[i] <= OUTCOME_LATE;

		add(&o, record_reply(PROBE_TCP, (uint8_t)i, answered ? 7 : -1, all[i]));
	}
	observe_finish(&o);
	assert_int_equal(o.line[0].sent, 8);
	assert_int_equal(o.line[0].received, 3);
	assert_int_equal(o.line[0].n_rtt, 3);
	assert_int_equal(o.line[0].outcome[OUTCOME_TIMEOUT], 2);
	assert_int_equal(o.line[0].outcome[OUTCOME_SEND_ERROR], 1);
	assert_int_equal(observe_count_flows(o.line[0].flows), 8);
	assert_int_equal(observe_count_flows(o.line[0].flows_answered), 3);
	/* Answers without identity are all one. */
	assert_int_equal(o.line[0].n_answers, 1);
	assert_int_equal(observe_identity(&o.line[0].answers[0]).n, 0);
	observe_free(&o);
}

static void minimum_and_median(void **state)
{
	static const struct {
		int64_t rtt[6];
		size_t n;
		int64_t min, median;
	} cases[] = {
		{{0}, 0, -1, -1},
		{{-1}, 1, -1, -1}, /* a reply without RTT: the clock was stepped */
		{{5}, 1, 5, 5},
		{{9, 4}, 2, 4, 6},
		{{30, 10, 20}, 3, 10, 20},
		{{4, -1, 1, 3, 2}, 5, 1, 2},
		{{1000000007, 3, 1, 2, 1000000009}, 5, 1, 3},
		{{0, 0, 0, 10}, 4, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct observation o = {0};

		add(&o, record_sent(PROBE_DNS, QUESTION_ID_SERVER, 0, OUTCOME_TIMEOUT));
		for (size_t k = 0; k < cases[i].n; k++)
			add(&o, record_dns(0, cases[i].rtt[k], "a", ""));
		observe_finish(&o);
		assert_int_equal(observe_min_ns(&o.line[0]), cases[i].min);
		assert_int_equal(observe_median_ns(&o.line[0]), cases[i].median);
		assert_int_equal(o.line[0].received, cases[i].n);
		observe_free(&o);
	}
}

/* Who answered which flow, most replies first. An empty NSID is not none, and the rcode tells answers apart too. */
static void answers_by_identity(void **state)
{
	struct observation o = {0};
	struct record refused = record_dns(4, 40, "a", "");
	const struct observe_line *l = &o.line[0];

	(void)state;
	refused.rcode = 5;
	add(&o, record_dns(0, 30, "a", "ta"));
	add(&o, record_dns(1, 20, "b", "tb"));
	add(&o, record_dns(1, 10, "b", "tb"));
	add(&o, record_dns(255, 50, "b", "tb"));
	add(&o, record_dns(2, 60, "", ""));
	add(&o, record_dns(3, 70, NULL, ""));
	add(&o, refused);
	add(&o, record_dns(5, 70, NULL, "ta"));
	observe_finish(&o);
	assert_int_equal(l->n_answers, 6);
	assert_int_equal(l->answers[0].replies, 3);
	assert_int_equal(l->answers[0].min_ns, 10);
	assert_memory_equal(observe_identity(&l->answers[0]).p, "b", 1);
	assert_int_equal(observe_count_flows(l->answers[0].flows), 2);
	assert_true(observe_flow(l->answers[0].flows, 1));
	assert_true(observe_flow(l->answers[0].flows, 255));
	assert_false(observe_flow(l->answers[0].flows, 0));
	for (size_t i = 1; i < l->n_answers; i++)
		assert_int_equal(l->answers[i].replies, 1);
	observe_free(&o);
}

static void the_best_name_of_a_server(void **state)
{
	static const struct {
		const char *nsid, *txt, *name;
	} cases[] = {{"n", "t", "n"}, {"", "t", "t"}, {NULL, "t", "t"}, {"", "", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct observation o = {0};
		struct bytes id;

		add(&o, record_dns(0, 1, cases[i].nsid, cases[i].txt));
		id = observe_identity(&o.line[0].answers[0]);
		assert_int_equal(o.line[0].answers[0].has_nsid, cases[i].nsid != NULL);
		assert_int_equal(id.n, strlen(cases[i].name));
		if (id.n)
			assert_memory_equal(id.p, cases[i].name, id.n);
		observe_free(&o);
	}
}

/* Identities are the observation's own: the row they came from is gone. */
static void identities_outlive_their_rows(void **state)
{
	struct observation o = {0};
	char *nsid = strdup("gone-soon");

	(void)state;
	assert_non_null(nsid);
	add(&o, record_dns(0, 1, nsid, ""));
	memset(nsid, 'x', strlen(nsid));
	free(nsid);
	assert_memory_equal(o.line[0].answers[0].nsid.p, "gone-soon", 9);
	observe_free(&o);
}

static void second_answers_and_faults(void **state)
{
	static const struct {
		const char *extra;
		enum outcome outcome;
		uint32_t second;
		const char *fault;
	} cases[] = {
		{"", OUTCOME_REPLY, 0, ""},
		{"second_rcode=5;second_ms=1.0;second=", OUTCOME_REPLY, 1, ""},
		{"first_bad=case;first_ms=1.0;first=x", OUTCOME_REPLY, 1, ""},
		{"xsecond_ms=1;notsecond=2", OUTCOME_REPLY, 0, ""},
		{"second_ms=", OUTCOME_REPLY, 0, ""},
		{"bad=case", OUTCOME_BAD_REPLY, 0, "case"},
		{"clock=stepped;bad=no-question;second_ms=2;second=bad=x", OUTCOME_BAD_REPLY, 1,
			"no-question"},
		{"bad=a-fault-with-a-name-that-is-longer-than-any", OUTCOME_BAD_REPLY, 0,
			"a-fault-with-a-name-tha"},
		{"bad", OUTCOME_BAD_REPLY, 0, ""},
		{";;;bad=port;", OUTCOME_BAD_REPLY, 0, "port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct observation o = {0};

		add(&o, with_extra(record_reply(PROBE_DNS, 0, -1, cases[i].outcome), cases[i].extra));
		assert_int_equal(o.line[0].second_answers, cases[i].second);
		assert_string_equal(o.line[0].fault, cases[i].fault);
		observe_free(&o);
	}
}

static void the_last_icmp_error(void **state)
{
	struct observation o = {0};
	struct record r = record_sent(PROBE_ICMP, QUESTION_NONE, 0, OUTCOME_ICMP_ERROR);

	(void)state;
	add(&o, record_sent(PROBE_ICMP, QUESTION_NONE, 0, OUTCOME_TIMEOUT));
	assert_int_equal(o.line[0].icmp_type, -1);
	r.icmp_type = 3;
	r.icmp_code = 13;
	r.reply_from = record_addr("203.0.113.9");
	add(&o, r);
	assert_int_equal(o.line[0].icmp_type, 3);
	assert_int_equal(o.line[0].icmp_code, 13);
	assert_true(addr_equal(&o.line[0].icmp_from, &r.reply_from));
	observe_free(&o);
}

/* Every kind with every question and its retry: what no run can exceed is refused, not written over. */
static void lines_are_bounded(void **state)
{
	struct observation o = {0};
	int rc = 0;

	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int question = 0; question < QUESTIONS; question++)
			for (uint8_t attempt = 1; attempt <= 2; attempt++) {
				struct record r = record_sent(
					(enum probe_kind)kind, (enum question)question, 0, OUTCOME_TIMEOUT);

				r.attempt = attempt;
				rc = observe_add(&o, &r) < 0 ? ERR_RANGE : rc;
				assert_true(o.n <= OBSERVE_LINES_MAX);
			}
	assert_int_equal(rc, ERR_RANGE);
	assert_int_equal(o.n, OBSERVE_LINES_MAX);
	observe_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_seen),
		cmocka_unit_test(one_line_for_each_kind_question_and_attempt),
		cmocka_unit_test(outcomes_are_counted),
		cmocka_unit_test(minimum_and_median),
		cmocka_unit_test(answers_by_identity),
		cmocka_unit_test(the_best_name_of_a_server),
		cmocka_unit_test(identities_outlive_their_rows),
		cmocka_unit_test(second_answers_and_faults),
		cmocka_unit_test(the_last_icmp_error),
		cmocka_unit_test(lines_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
