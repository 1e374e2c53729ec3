#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "records.h"
#include "report/which.h"

enum { RECORDS_MAX = 8 };

#define MS(x) ((int64_t)((x)*1e6))

static struct observation observe(const struct record *r, size_t n)
{
	struct observation o = {0};

	o.target = record_addr("198.51.100.53");
	for (size_t i = 0; i < n; i++)
		assert_int_equal(observe_add(&o, &r[i]), 0);
	observe_finish(&o);
	return o;
}

/* What a person sees; to be freed. */
static char *text_of(const struct record *r, size_t n, const char *service, bool colour)
{
	struct observation o = observe(r, n);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(which_text(out, &o, service, colour), 0);
	assert_int_equal(fclose(out), 0);
	observe_free(&o);
	return text;
}

static void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in:\n%s", what, text);
}

static void assert_silent(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' should not be in:\n%s", what, text);
}

static struct record error_row(void)
{
	struct record r = record_sent(PROBE_ICMP, QUESTION_NONE, 0, OUTCOME_ICMP_ERROR);

	r.icmp_type = 3;
	r.icmp_code = 13;
	r.reply_from = record_addr("203.0.113.9");
	return r;
}

static struct record bad_row(void)
{
	struct record r = record_dns(0, -1, "evil", "");

	r.outcome = OUTCOME_BAD_REPLY;
	r.extra = record_text("bad=case");
	return r;
}

static struct record refused_row(void)
{
	struct record r = record_dns(0, MS(3), "a1", "");

	r.rcode = 5;
	return r;
}

static struct record twice_row(void)
{
	struct record r = record_dns(0, MS(3), "a1", "t1");

	r.extra = record_text("second_rcode=0;second_ms=4.000000;second=b2");
	return r;
}

/* The first line, which is the verdict, and what the table must say or must not. */
static void verdicts(void **state)
{
	const struct {
		struct record r[RECORDS_MAX];
		size_t n;
		const char *first, *says[4], *not [2];
	} cases[] = {
		{{record_dns(0, MS(12.5), "site-a", "id-a"),
			 record_reply(PROBE_ICMP, 0, MS(12.25), OUTCOME_REPLY)},
			2, "198.51.100.53 (svc) answers you as \"site-a\" in 12.500 ms.\n",
			{"CH TXT id.server", "id-a", "+ NSID", "12.250"}, {"servers"}},
		{{record_dns(0, MS(9), "a", ""), record_dns(1, MS(8), "b", ""),
			 record_dns(1, MS(8), "b", "")},
			3, "198.51.100.53 (svc) answers you as 2 servers, first of all \"b\", in 8.000 ms.\n",
			{"\n servers  b, a: machines of one site, or several sites\n", "+ NSID           b "},
			{NULL}},
		{{record_dns(0, MS(8), NULL, "")}, 1,
			"198.51.100.53 (svc) answers you in 8.000 ms without saying who it is.\n",
			{"(none)", "(empty)"}, {NULL}},
		{{record_dns(0, MS(8), "", "")}, 1,
			"198.51.100.53 (svc) answers you in 8.000 ms without saying who it is.\n",
			{"(empty)"}, {"(none)"}},
		{{record_sent(PROBE_DNS, QUESTION_ID_SERVER, 0, OUTCOME_TIMEOUT),
			 record_reply(PROBE_ICMP, 0, MS(7), OUTCOME_REPLY)},
			2,
			"198.51.100.53 (svc) gives you no DNS answer, yet ping answers in 7.000 ms: no site "
			"can be named.\n",
			{"100 %", "0/1"}, {NULL}},
		{{record_reply(PROBE_TCP, 0, MS(7), OUTCOME_RST)}, 1,
			"198.51.100.53 (svc) gives you no DNS answer, yet TCP answers in 7.000 ms: no site "
			"can be named.\n",
			{"RST: closed", "SYN 443"}, {NULL}},
		{{record_sent(PROBE_DNS, QUESTION_ID_SERVER, 0, OUTCOME_TIMEOUT)}, 1,
			"198.51.100.53 (svc) does not answer.\n", {"100 %"}, {NULL}},
		{{record_sent(PROBE_DNS, QUESTION_ID_SERVER, 0, OUTCOME_SEND_ERROR)}, 1,
			"198.51.100.53 (svc) cannot be reached from here: no probe left this machine.\n",
			{"1 not sent"}, {NULL}},
		{{error_row()}, 1, "198.51.100.53 (svc) does not answer.\n", {"admin", "says 203.0.113.9"},
			{NULL}},
		{{bad_row()}, 1, "198.51.100.53 (svc) does not answer.\n", {"1 bad replies (case)"},
			{"evil"}},
		{{refused_row()}, 1, "198.51.100.53 (svc) answers you as \"a1\" in 3.000 ms.\n",
			{"rcode 5", "(error)"}, {NULL}},
		{{twice_row()}, 1, "198.51.100.53 (svc) answers you as \"a1\" in 3.000 ms.\n",
			{"1 probes got two different answers"}, {NULL}},
		{{record_dns(0, MS(2), "a", ""), record_reply(PROBE_ICMP, 0, MS(20), OUTCOME_REPLY)}, 2,
			"198.51.100.53 (svc) answers you as \"a\" in 2.000 ms.\n",
			{" timing   dns is 18.000 ms faster than ping"}, {NULL}},
		{{record_dns(0, MS(18), "a", ""), record_reply(PROBE_ICMP, 0, MS(20), OUTCOME_REPLY)}, 2,
			"198.51.100.53 (svc) answers you as \"a\" in 18.000 ms.\n", {"18.000"}, {" timing "}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = text_of(cases[i].r, cases[i].n, "svc", false);

		assert_int_equal(strncmp(text, cases[i].first, strlen(cases[i].first)), 0);
		for (size_t k = 0; k < 4 && cases[i].says[k]; k++)
			assert_says(text, cases[i].says[k]);
		for (size_t k = 0; k < 2 && cases[i].not [k]; k++)
			assert_silent(text, cases[i].not [k]);
		assert_silent(text, "\033");
		free(text);
	}
}

static void a_target_without_a_name(void **state)
{
	struct record r = record_dns(0, MS(1), "a", "");
	char *text = text_of(&r, 1, "", false);

	(void)state;
	assert_int_equal(strncmp(text, "198.51.100.53 answers", 21), 0);
	free(text);
}

static void colour_is_in_the_header_only(void **state)
{
	struct record r = record_dns(0, MS(1), "a", "");
	char *text = text_of(&r, 1, "", true);

	(void)state;
	assert_says(text, "\033[1m");
	free(text);
}

/* Identities are bytes of strangers: none reaches the terminal as a control character, and none breaks the table. */
static void hostile_identities(void **state)
{
	char hostile[256], *text;
	struct record r;
	size_t n = 0;

	(void)state;
	for (int c = 1; c < 256; c++)
		hostile[n++] = (char)c;
	hostile[n] = '\0';
	r = record_dns(0, MS(1), "\033[2J\r\n\xff\xfe\"evil\\", hostile);
	text = text_of(&r, 1, "", false);
	assert_says(text, "\\027[2J\\013\\010\\255\\254\"evil\\092");
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	free(text);
}

/* --- JSON --- */

static json_t *json_of(const struct observation *o, const char *const *services, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_error_t why;
	json_t *j;

	assert_non_null(out);
	assert_int_equal(which_json(out, o, services, n, "kernel"), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(text[len - 1], '\n');
	j = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	if (!j)
		fail_msg("%s at %d: %s", why.text, why.position, text);
	assert_true(json_is_array(j));
	assert_int_equal(json_array_size(j), n);
	free(text);
	return j;
}

static const char *text_in(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	assert_non_null(text);
	return text;
}

static void json_has_all(void **state)
{
	static const char *const services[] = {"svc", ""};
	const struct record rows[] = {record_dns(0, MS(12.5), "site-a", "id-a"),
		record_dns(2, MS(13), NULL, ""),
		record_sent(PROBE_DNS, QUESTION_ID_SERVER, 1, OUTCOME_TIMEOUT),
		record_reply(PROBE_TCP, 0, MS(0.000123), OUTCOME_RST)};
	struct observation o[2] = {observe(rows, 4), observe(NULL, 0)};
	json_t *all = json_of(o, services, 2), *one = json_array_get(all, 0), *line, *answer;

	(void)state;
	assert_string_equal(text_in(one, "target"), "198.51.100.53");
	assert_string_equal(text_in(one, "service"), "svc");
	assert_string_equal(text_in(one, "source"), "192.0.2.1");
	assert_string_equal(text_in(one, "stamps"), "kernel");
	assert_int_equal(json_array_size(json_object_get(one, "probes")), 2);

	line = json_array_get(json_object_get(one, "probes"), 0);
	assert_string_equal(text_in(line, "probe"), "dns");
	assert_string_equal(text_in(line, "question"), "CH TXT id.server");
	assert_true(json_is_false(json_object_get(line, "retry")));
	assert_int_equal(json_integer_value(json_object_get(line, "sent")), 3);
	assert_int_equal(json_integer_value(json_object_get(line, "received")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(line, "outcomes"), "timeout")), 1);
	assert_true(json_real_value(json_object_get(line, "rtt_min_ms")) == 12.5);
	assert_true(json_real_value(json_object_get(line, "rtt_median_ms")) == 12.75);
	assert_int_equal(json_array_size(json_object_get(line, "flows")), 3);
	assert_int_equal(json_array_size(json_object_get(line, "answers")), 2);
	answer = json_array_get(json_object_get(line, "answers"), 0);
	if (json_is_null(json_object_get(answer, "nsid")))
		answer = json_array_get(json_object_get(line, "answers"), 1);
	assert_string_equal(text_in(answer, "nsid"), "site-a");
	assert_string_equal(text_in(answer, "txt"), "id-a");
	assert_int_equal(json_integer_value(json_object_get(answer, "rcode")), 0);
	assert_int_equal(json_integer_value(json_object_get(answer, "replies")), 1);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(answer, "flows"), 0)), 0);

	line = json_array_get(json_object_get(one, "probes"), 1);
	assert_string_equal(text_in(line, "question"), "SYN 443");
	assert_true(json_real_value(json_object_get(line, "rtt_min_ms")) == 0.000123);
	assert_int_equal(json_array_size(json_object_get(line, "answers")), 0);

	one = json_array_get(all, 1);
	assert_string_equal(text_in(one, "source"), "");
	assert_int_equal(json_array_size(json_object_get(one, "probes")), 0);
	json_decref(all);
	observe_free(&o[0]);
}

/* Nothing is missing because of what a stranger, or a targets file, says; and what was said can be had back. */
static void json_of_hostile_bytes(void **state)
{
	static const char *const services[] = {"caf\xe9\"\n"};
	uint8_t all[1024], back[sizeof(all)];
	struct record r = record_dns(0, MS(1), "", "");
	struct observation o;
	json_t *j, *answer;
	const char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i < 256 ? i : 0xff);
	r.nsid = (struct bytes){all, sizeof(all)};
	r.txt = (struct bytes){all, 256};
	o = observe(&r, 1);
	j = json_of(&o, services, 1);
	assert_string_equal(text_in(json_array_get(j, 0), "service"), "caf\\233\"\\010");
	answer = json_array_get(
		json_object_get(
			json_array_get(json_object_get(json_array_get(j, 0), "probes"), 0), "answers"),
		0);
	text = text_in(answer, "nsid");
	assert_int_equal(csv_unescape(back, sizeof(back), text, strlen(text)), sizeof(all));
	assert_memory_equal(back, all, sizeof(all));
	json_decref(j);
	observe_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(a_target_without_a_name),
		cmocka_unit_test(colour_is_in_the_header_only),
		cmocka_unit_test(hostile_identities),
		cmocka_unit_test(json_has_all),
		cmocka_unit_test(json_of_hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
