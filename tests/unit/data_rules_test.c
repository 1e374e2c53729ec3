#include "data/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLES "table,key,city,country,lat,lon,source\n"
#define RULES "rule,operator,scope,probes,template,code,confidence,from,to,example,note,source\n"
#define PARIS "t,par,Paris,FR,48.85,2.35,s\n"
#define RULE(id)                          \
	id ",Op,a.example|@Op|192.0.2.0/" \
	   "24|*,,x{code:a3},table:t>iata:medium,high,2020-01-01,2024-02-29,xpar,,s\n"

struct complaints {
	size_t n;
	char last[512];
};

static void take_complaint(void *arg, const char *text)
{
	struct complaints *c = arg;

	c->n++;
	(void)snprintf(c->last, sizeof(c->last), "%s", text);
}

static int read_both(
	struct rules *r, const char *tables, const char *rules, struct complaints *c, struct err_msg *why)
{
	struct file_in *t = file_in_bytes("t.csv", tables, strlen(tables), why);
	struct file_in *u = file_in_bytes("r.csv", rules, strlen(rules), why);

	assert_true(t && u);
	return rules_read_from(r, t, u, take_complaint, c, why);
}

static void good(void **state)
{
	struct complaints c = {0};
	struct err_msg why = {{0}};
	struct rules r;
	const struct rule *rule;

	(void)state;
	assert_int_equal(read_both(&r, TABLES PARIS, RULES RULE("one") RULE("two"), &c, &why), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(r.n, 2);
	rule = &r.v[0];
	assert_string_equal(rule->id, "one");
	assert_int_equal(rule->n_scopes, 4);
	assert_int_equal(rule->scopes[0].kind, RULES_SERVICE);
	assert_int_equal(rule->scopes[1].kind, RULES_OPERATOR);
	assert_string_equal(rule->scopes[1].name, "Op");
	assert_int_equal(rule->scopes[2].kind, RULES_PREFIX);
	assert_int_equal(rule->scopes[2].prefix.len, 24);
	assert_true(rule->everywhere);
	assert_int_equal(rule->n_chain, 2);
	assert_int_equal(rule->chain[0].confidence, RULES_HIGH);
	assert_int_equal(rule->chain[1].confidence, RULES_MEDIUM);
	assert_int_equal(rule->from, 20200101);
	assert_int_equal(rule->to, 20240229);
	assert_true(rule->sources >> RULES_NSID & 1);
	assert_false(rule->sources >> RULES_VERSION_BIND & 1);
	assert_string_equal(rules_code(&r, 0, "par", 3)->city, "Paris");
	assert_null(rules_code(&r, 0, "pa", 2));
	assert_null(rules_code(&r, 0, "pars", 4));
	assert_null(rules_code(&r, 1, "par", 3));
	rules_free(&r);
}

/* What is wrong is named with its file and line, whatever else is in the file. */
static void bad(void **state)
{
	static const struct {
		const char *tables, *rules, *said;
	} cases[] = {
		{"", RULES, "t.csv"},
		{"table,key\n", RULES, "t.csv:1: no column 'city'"},
		{TABLES "t,par,Paris,FR,48.85,2.35\n", RULES RULE("a"), "t.csv:2: 6 fields, not 7"},
		{TABLES "t,par,Paris,FR,,2.35,s\n", RULES RULE("a"), "t.csv:2:16: '' is not a latitude"},
		{TABLES "t,par,Paris,FR,48.85,,s\n", RULES RULE("a"), "t.csv:2:22: '' is not a longitude"},
		{TABLES PARIS "t,lon,London,GB,91,0,s\n", RULES RULE("a"),
			"t.csv:3:17: '91' is not a latitude"},
		{TABLES "t,par,Paris,FR,nan,2,s\n", RULES RULE("a"), "is not a latitude"},
		{TABLES "t,par,Paris,FR,0x1,2,s\n", RULES RULE("a"), "is not a latitude"},
		{TABLES "t,par,Paris,France,48,2,s\n", RULES RULE("a"), "is not a country"},
		{TABLES "t,PAR,Paris,FR,48,2,s\n", RULES RULE("a"), "is not a key"},
		{TABLES "t,,Paris,FR,48,2,s\n", RULES RULE("a"), "is not a key"},
		{TABLES "t,par,,FR,48,2,s\n", RULES RULE("a"), "is not a city"},
		{TABLES "t:x,par,Paris,FR,48,2,s\n", RULES RULE("a"), "is not the name of a table"},
		{TABLES PARIS PARIS, RULES RULE("a"), "t.csv:3: the key 'par' of table 't' is in line 2 too"},
		{TABLES PARIS, RULES, "r.csv: no rules"},
		{TABLES PARIS, RULES RULE("a") RULE("a"), "r.csv:3:1: 'a' is not a new name"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},locode,high,,,xpar,,s\n",
			"r.csv:2:20: 'locode' is not a code system"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},,high,,,xpar,,s\n", "is not a code system"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata>>metro,high,,,xpar,,s\n",
			"is not a code system"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},table:u,high,,,xpar,,s\n",
			"tables.csv has no such table"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata:sure,high,,,xpar,,s\n", "high, medium or low"},
		{TABLES PARIS, RULES "a,Op,*,,x{cc:a2},iata,high,,,xpar,,s\n", "without {code:...}"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},country,high,,,xpar,,s\n", "without {cc:...}"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata>iata>iata>iata>iata,high,,,xpar,,s\n",
			"at most four"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:q3},iata,high,,,xpar,,s\n",
			"r.csv:2:9: template 'x{code:q3}', at 8"},
		{TABLES PARIS, RULES "a,Op,,,x{code:a3},iata,high,,,xpar,,s\n", "is not services"},
		{TABLES PARIS, RULES "a,Op,192.0.2.1/24,,x{code:a3},iata,high,,,xpar,,s\n",
			"one of its prefixes"},
		{TABLES PARIS, RULES "a,Op,*,soa,x{code:a3},iata,high,,,xpar,,s\n",
			"'soa' is not some of nsid"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata,sure,,,xpar,,s\n",
			"'sure' is not high, medium or low"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata,high,2023-02-29,,xpar,,s\n", "is not a day"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata,high,2023-02-2x,,xpar,,s\n", "is not a day"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata,high,2024-01-01,2023-01-01,xpar,,s\n",
			"is not a day"},
		{TABLES PARIS, RULES ",Op,*,,x{code:a3},iata,high,,,xpar,,s\n", "is not the name of a rule"},
		{TABLES PARIS, RULES "a,,*,,x{code:a3},iata,high,,,xpar,,s\n", "is not an operator"},
		{TABLES PARIS, RULES "a,Op,*,,x{code:a3},iata,high,,,,,s\n", "is not an example"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct complaints c = {0};
		struct err_msg why = {{0}};
		struct rules r;

		assert_int_equal(read_both(&r, cases[i].tables, cases[i].rules, &c, &why), ERR_PARSE);
		if (!strstr(why.text, cases[i].said))
			fail_msg("case %zu: '%s' does not say '%s'", i, why.text, cases[i].said);
		rules_free(&r);
	}
}

static void every_bad_line(void **state)
{
	struct complaints c = {0};
	struct err_msg why = {{0}};
	struct rules r;

	(void)state;
	assert_int_equal(
		read_both(&r, TABLES PARIS "t,lon,London,GB,,,s\nt,fra,Frankfurt,DE,,,s\n",
			RULES RULE("a") "b,Op,*,,x{code:a3},what,high,,,xpar,,s\n" RULE("c"), &c, &why),
		ERR_PARSE);
	assert_int_equal(c.n, 3);
	assert_non_null(strstr(why.text, "t.csv:3:"));
	assert_non_null(strstr(c.last, "r.csv:3:"));
	assert_int_equal(r.n, 2);
	rules_free(&r);
}

/* A megabyte of rules is read like a page of them. */
static void large(void **state)
{
	enum { ROWS = 9000, ROW_MAX = 160 };
	char *text = malloc(sizeof(RULES) + (size_t)ROWS * ROW_MAX);
	struct complaints c = {0};
	struct err_msg why = {{0}};
	struct rules r;
	size_t n;

	(void)state;
	assert_non_null(text);
	n = (size_t)sprintf(text, "%s", RULES);
	for (int i = 0; i < ROWS; i++)
		n += (size_t)snprintf(text + n, ROW_MAX,
			"rule-%d,Op,service-%d.example|@Op|*,,x%d.{n:d}.{code:a3}[{m:d}][.example.net],table:"
			"t>iata,high,,,x%d.1.par,"
			"a note,a source\n",
			i, i, i, i);
	assert_true(n > 1000000);
	assert_int_equal(read_both(&r, TABLES PARIS, text, &c, &why), 0);
	assert_int_equal(r.n, ROWS);
	rules_free(&r);
	free(text);
}

static void sources(void **state)
{
	static const struct {
		const char *text;
		enum rules_source source;
	} cases[] = {{"", RULES_ANY}, {"nsid", RULES_NSID}, {"nsid-observed", RULES_NSID},
		{"id.server-intercepted", RULES_ID_SERVER}, {"IN TXT id.server.on.quad9.net", RULES_QUAD9},
		{"IN TXT debug.opendns.com", RULES_DEBUG_OPENDNS}, {"published-identifier", RULES_ANY},
		{"version.bind", RULES_VERSION_BIND}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rules_source_of(cases[i].text), cases[i].source);
	assert_int_equal(rules_source_of_question(QUESTION_HOSTNAME_BIND), RULES_HOSTNAME_BIND);
	assert_int_equal(rules_source_of_question(QUESTION_IN_SOA), RULES_ANY);
	assert_true(rules_list_has("a|bc|d", "bc", 2));
	assert_false(rules_list_has("a|bc|d", "b", 1));
	assert_false(rules_list_has("", "b", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(every_bad_line),
		cmocka_unit_test(large),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
