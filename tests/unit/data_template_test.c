#include "data/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"

static bool span_is(struct template_span s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p ? s.p : (const uint8_t *)"", text, s.n) == 0;
}

static void fits(void **state)
{
	static const struct {
		const char *template, *text;
		bool fits;
		const char *code, *cc;
	} cases[] = {
		{"ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net", "ns1.nl-ams.k.ripe.net", true, "ams", "nl"},
		{"ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net", "NS12.NL-AMS.K.RIPE.NET", true, "AMS", "NL"},
		{"ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net", "ns1.nl-ams.k.ripe.net.", false, "", ""},
		{"ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net", "ns.nl-ams.k.ripe.net", false, "", ""},
		{"ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net", "ns1.nl-amst.k.ripe.net", false, "", ""},
		{"{code:a3}{n:d2}", "waw03", true, "waw", ""},
		{"{code:a3}{n:d2}", "waw3", false, "", ""},
		{"{code:a3}{n:d2}", "waw033", false, "", ""},
		{"{code:a2-4}", "a", false, "", ""},
		{"{code:a2-4}", "abcd", true, "abcd", ""},
		{"{code:a2-4}", "abcde", false, "", ""},
		{"{code:w}x", "abx", false, "", ""}, /* a run gives nothing back */
		{"{code:(rm)1}{n:d}", "r1", true, "r", ""},
		{"{code:(rm)1}{n:d}", "M1", true, "M", ""},
		{"{code:(rm)1}{n:d}", "s1", false, "", ""},
		{"{code:h}.k", "ams-ix.k", true, "ams-ix", ""},
		{"[server ]r{n:d}.{code:a3}[{m:d}]", "server r3.yyz", true, "yyz", ""},
		{"[server ]r{n:d}.{code:a3}[{m:d}]", "r3.atl1", true, "atl", ""},
		{"edge-[{a:a}-][{b:a}-]{code:a2-32}[{n:d}][-{x:w1}]", "edge-usa-east-newyork-q", true,
			"newyork", ""},
		{"edge-[{a:a}-][{b:a}-]{code:a2-32}[{n:d}][-{x:w1}]", "edge-europe-paris2", true, "paris",
			""},
		{"edge-[{a:a}-][{b:a}-]{code:a2-32}[{n:d}][-{x:w1}]", "edge-paris", true, "paris", ""},
		{"edge-[{a:a}-][{b:a}-]{code:a2-32}[{n:d}][-{x:w1}]", "edge-europe-london2-c", true, "london",
			""},
	};
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].text);
		const uint8_t *p = guard_place(&g, cases[i].text, n);
		struct template_match m;
		struct template t;
		struct err_msg why;

		assert_int_equal(template_compile(&t, cases[i].template, &why), 0);
		if (template_fits(&t, p, n, &m) != cases[i].fits)
			fail_msg("%s and %s", cases[i].template, cases[i].text);
		if (cases[i].fits) {
			assert_true(span_is(m.capture[TEMPLATE_CODE], cases[i].code));
			assert_true(span_is(m.capture[TEMPLATE_CC], cases[i].cc));
		}
		template_free(&t);
	}
	guard_free(&g);
}

static void reach(void **state)
{
	struct template t;

	(void)state;
	assert_int_equal(template_compile(&t, "gpdns-{code:a3}", NULL), 0);
	assert_int_equal(template_reach(&t, (const uint8_t *)"gpdns-f1a", 9), 7);
	assert_int_equal(template_reach(&t, (const uint8_t *)"gpdns-fr", 8), 8);
	assert_int_equal(template_reach(&t, (const uint8_t *)"x", 1), 0);
	assert_int_equal(template_reach(&t, NULL, 0), 0);
	assert_true(t.captures[TEMPLATE_CODE]);
	assert_false(t.captures[TEMPLATE_CC]);
	template_free(&t);
}

static void refused(void **state)
{
	static const struct {
		const char *template, *said;
	} cases[] = {
		{"", "1 to 255 bytes"},
		{"[]", "something to fit"},
		{"a{code:a3", "at 10: } expected"},
		{"a}b", "at 2: no { before it"},
		{"[a", "] expected"},
		{"a]", "no bracket is open"},
		{"[a[b]]", "brackets inside brackets"},
		{"[a][b][c][d][e]", "more than four"},
		{"{code}", "a name and : expected"},
		{"{:a}", "a name and : expected"},
		{"{code:z}", "at 7: a, d, w, h"},
		{"{code:(a}", "then ) expected"},
		{"{code:a0}", "a length from 1 to 255"},
		{"{code:a4-3}", "a length from 1 to 255"},
		{"{code:a999}", "a length from 1 to 255"},
		{"{code:a1}{code:a1}", "a second capture"},
		{"{code:a3 }", "} expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_msg why = {{0}};
		struct template t;

		assert_int_equal(template_compile(&t, cases[i].template, &why), ERR_PARSE);
		if (!strstr(why.text, cases[i].said))
			fail_msg("'%s': '%s' does not say '%s'", cases[i].template, why.text, cases[i].said);
		template_free(&t);
	}
}

static void overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"{code:a3}", "{code:a3}{n:d}", false},
		{"{code:a3}{n:d2}", "{code:a3}{n:d}", true},
		{"{code:w}", "{code:a3}{n:d}", true},
		{"{code:a3}.cf.f.org", "{code:a3}{n:d}[{x:a1}].f.org", false},
		{"x[a]y", "xy", true},
		{"x[a]y", "XAY", true},
		{"x[a]y", "xby", false},
		{"{a:d}m{b:d}", "{code:d1-4}m7", true},
		{"{a:d}m{b:d}", "{code:d1-4}n7", false},
		{"nnn{n:d}-{code:a3}{m:d}", "nnn{n:d}-{cc:a2}{code:a3}-{m:w}", false},
		{"{a:a200}", "{b:a}z", true},
		{"{a:a3}", "{b:a4}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct template a, b;

		assert_int_equal(template_compile(&a, cases[i].a, NULL), 0);
		assert_int_equal(template_compile(&b, cases[i].b, NULL), 0);
		if (template_overlap(&a, &b) != cases[i].overlap ||
			template_overlap(&b, &a) != cases[i].overlap)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		template_free(&a);
		template_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(reach),
		cmocka_unit_test(refused),
		cmocka_unit_test(overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
