#include "infer/ident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "infer/ident_check.h"

static struct rules rules;
static struct target_list book;

static int load(void **state)
{
	struct err_msg why = {{0}};

	(void)state;
	if (rules_read(&rules, "targets", NULL, NULL, &why) < 0 ||
		target_read_book(&book, "targets", &why) < 0) {
		print_error("%s\n", why.text);
		return -1;
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	rules_free(&rules);
	target_list_free(&book);
	return 0;
}

static struct ident decode_at(
	const char *target, enum rules_source source, uint32_t day, const void *bytes, size_t n)
{
	struct ident_scope scope;
	struct ident id;

	assert_int_equal(ident_scope_named(&scope, &rules, &book, target), 0);
	id = ident_decode(&rules, &scope, source, day, bytes, n);
	ident_scope_free(&scope);
	return id;
}

static void take_complaint(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

/* Every rule's example is decoded by that rule, to a place where its code system has one; no rule hides another. */
static void examples(void **state)
{
	const struct ident_known known = {.book = &book};

	(void)state;
	assert_true(rules.n >= 40);
	assert_int_equal(ident_check(&rules, &known, take_complaint, NULL), 0);
	for (size_t i = 0; i < rules.n; i++) {
		const struct rule *rule = &rules.v[i];
		struct ident_trial t = ident_try(
			&rules, rule, RULES_ANY, 0, (const uint8_t *)rule->example, strlen(rule->example));

		if (t.reason != IDENT_FITS || !*t.found.site)
			fail_msg("rule %s: %s", rule->id, rule->example);
		assert_int_equal(t.found.status,
			rule->chain[0].kind == RULES_OPAQUE || rule->chain[0].kind == RULES_COUNTRY
				? IDENT_KEY
				: IDENT_SITE);
	}
}

/* What is to be known of operators in general is in the rules; here is what they mean at a target. */
static void at_targets(void **state)
{
	static const struct {
		const char *target, *text;
		enum ident_status status;
		const char *site, *city, *country, *rule;
	} cases[] = {
		{"k.root-servers.net", "ns1.nl-ams.k.ripe.net", IDENT_SITE, "nl-ams", "Amsterdam", "NL",
			"root-k"},
		{"193.0.14.129", "NS1.NL-AMS.K.RIPE.NET", IDENT_SITE, "nl-ams", "Amsterdam", "NL", "root-k"},
		{"root-servers (any letter)", "s1.sto", IDENT_SITE, "sto", "Stockholm", "SE", "netnod"},
		{"roots", "a5.us-plz.root", IDENT_SITE, "us-plz", "Plano", "US", "root-aj"},
		{"a.root-servers.net", "a1.cn--sgh.root", IDENT_SITE, "cn-sgh", "Shanghai", "CN", "root-aj"},
		{"d.root-servers.net", "abva1.droot.maxgigapop.net", IDENT_SITE, "abva", "Ashburn", "US",
			"root-d"},
		{"1.1.1.1", "txl01", IDENT_SITE, "txl", "Berlin", "DE", "cf-new"},
		{"1.1.1.1", "17m397", IDENT_KEY, "cf-17", NULL, "", "cf-nsid-old"},
		{"1.1.1.1", "dns01", IDENT_UNKNOWN, "", NULL, "", NULL},
		{"1.1.1.1", "OPNsense.home.arpa", IDENT_UNKNOWN, "", NULL, "", NULL},
		{"8.8.8.8", "waw03", IDENT_UNKNOWN, "", NULL, "", NULL},
		{"8.8.8.8", "ns1.frf1.Level3.net", IDENT_UNKNOWN, "", NULL, "", NULL},
		{"8.8.8.8", "ns1.nl-ams.k.ripe.net", IDENT_OTHER, "", "Amsterdam", "NL", "root-k"},
		{"208.67.222.222", "server r3.yyz", IDENT_SITE, "yyz", "Toronto", "CA", "opendns"},
		{"208.67.222.222", "r3.ash", IDENT_SITE, "ash", "Ashburn", "US", "opendns"},
		{"f.root-servers.net", "LHR.cf.f.root-servers.org", IDENT_SITE, "lhr", "London", "GB",
			"root-f-cloudflare"},
		{"a.nic.de", "ns-1.de.uk1.knot", IDENT_KEY, "uk-1", NULL, "GB", "denic"},
		{"ns2.univie.ac.at", "id-02-BRA-06-at", IDENT_KEY, "bra", NULL, "", "univie"},
		{"", "ns1.zz-xyz.k.ripe.net", IDENT_KEY, "zz-xyz", NULL, "", "root-k"},
		{"", "gpdns-fra", IDENT_SITE, "fra", "Frankfurt am Main", "DE", "google"},
		{"", "waw03", IDENT_HINT, "", "Warsaw", "PL", "cf-new"},
		{"192.0.2.1", "gpdns-fra", IDENT_SITE, "fra", "Frankfurt am Main", "DE", "google"},
		{"194.146.107.200", "s1.dbi", IDENT_SITE, "dbi", "Dubai", "AE", "netnod"},
		{"m.root-servers.net", "M-NRT-JPNAP-1", IDENT_SITE, "nrt", "Tokyo", "JP", "root-m"},
		{"185.228.168.9", "CleanBrowsing v1.6a - dns-edge-usa-east-newyork-q", IDENT_SITE, "newyork",
			"New York", "US", "cleanbrowsing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ident id =
			decode_at(cases[i].target, RULES_ANY, 0, cases[i].text, strlen(cases[i].text));

		if (id.status != cases[i].status || strcmp(id.site, cases[i].site) != 0)
			fail_msg("%s at '%s': status %d, site '%s'", cases[i].text, cases[i].target,
				(int)id.status, id.site);
		assert_string_equal(id.rule ? id.rule->id : "", cases[i].rule ? cases[i].rule : "");
		assert_string_equal(id.city ? id.city : "", cases[i].city ? cases[i].city : "");
		assert_string_equal(id.country, cases[i].country);
	}
}

static void foreign(void **state)
{
	(void)state;
	assert_true(decode_at("8.8.8.8", RULES_NSID, 0, "ns1.nl-ams.k.ripe.net", 21).foreign);
	/* E root's nodes are hosted by PCH, among others: its other forms are those of the same operator. */
	assert_false(decode_at("e.root-servers.net", RULES_NSID, 0, "3.ams.pch", 9).foreign);
	assert_int_equal(decode_at("k.root-servers.net", RULES_NSID, 0, "gpdns-fra", 9).status, IDENT_OTHER);
	assert_int_equal(
		decode_at("e.root-servers.net", RULES_NSID, 0, "c01.MAD.eroot", 13).status, IDENT_SITE);
}

static void questions_and_days(void **state)
{
	struct ident id;

	(void)state;
	assert_int_equal(decode_at("1.1.1.1", RULES_ID_SERVER, 20200101, "FRA", 3).confidence, RULES_HIGH);
	assert_int_equal(decode_at("1.1.1.1", RULES_NSID, 20200101, "FRA", 3).status, IDENT_UNKNOWN);
	assert_int_equal(decode_at("1.1.1.1", RULES_VERSION_BIND, 0, "waw03", 5).status, IDENT_UNKNOWN);
	id = decode_at("1.1.1.1", RULES_ID_SERVER, 20261122, "FRA", 3);
	assert_true(id.expired);
	assert_int_equal(id.confidence, RULES_LOW);
	assert_false(decode_at("1.1.1.1", RULES_ID_SERVER, 20251231, "FRA", 3).expired);
}

/* Strings that no server should send: every byte value in every place of a good one, every prefix, 255 bytes of each value,
 * and none. What comes out is that site, or none; it is read within its bounds. */
static void hostile(void **state)
{
	static const char name[] = "ns1.nl-ams.k.ripe.net";
	enum { N = sizeof(name) - 1 };
	struct guard g = guard_make();
	struct ident_scope scope;
	uint8_t bytes[255];

	(void)state;
	assert_int_equal(ident_scope_named(&scope, &rules, &book, "k.root-servers.net"), 0);
	for (size_t at = 0; at < N; at++) {
		for (int value = 0; value < 256; value++) {
			struct ident id;

			memcpy(bytes, name, N);
			bytes[at] = (uint8_t)value;
			id = ident_decode(&rules, &scope, RULES_NSID, 0, guard_place(&g, bytes, N), N);
			if (at < 4 || at > 9)
				assert_true(id.status == IDENT_UNKNOWN || strcmp(id.site, "nl-ams") == 0);
		}
		assert_int_equal(
			ident_decode(&rules, &scope, RULES_NSID, 0, guard_place(&g, name, at), at).status,
			IDENT_UNKNOWN);
	}
	for (int value = 0; value < 256; value++) {
		memset(bytes, value, sizeof(bytes));
		assert_int_equal(ident_decode(&rules, &scope, RULES_ANY, 0,
					 guard_place(&g, bytes, sizeof(bytes)), sizeof(bytes))
					 .status,
			IDENT_UNKNOWN);
	}
	ident_scope_free(&scope);
	guard_free(&g);
}

/* --- the checks of the rules find what is to be found --- */

struct complaints {
	size_t n;
	char text[2048];
};

static void keep_complaint(void *arg, const char *text)
{
	struct complaints *c = arg;
	size_t used = strlen(c->text);

	c->n++;
	(void)snprintf(c->text + used, sizeof(c->text) - used, "%s\n", text);
}

static void unsound(void **state)
{
	static const char tables[] = "table,key,city,country,lat,lon,source\n"
				     "t,par,Paris,FR,2.35,48.85,s\n"
				     "u,par,Paris,FR,48.85,2.35,s\n"
				     "t,lhr,London,GB,55.95,-3.19,s\n"
				     "t,xxx,Paris,XX,48.85,2.35,\n";
	static const char text[] =
		"rule,operator,scope,probes,template,code,confidence,from,to,example,note,source\n"
		"all,Op,a.example,,{code:w},table:t,high,,,par,,s\n"
		"hidden,Op,a.example,,{code:a3},table:t,high,,,par,,s\n"
		"misfit,Op,b.example,,x{code:a3},table:t,high,,,par,,s\n"
		"lost,Op,c.example,,x{code:a3},table:t,high,,,xlon,,s\n"
		"apart,Op,a.example,version.bind,{code:a3},table:t,high,,,par,,s\n"
		"who,0p,@Nobody,,y{code:a3},table:t,high,,,ypar,,\n";
	struct target_list named = {.n = 0};
	const struct target a = {.addr = {4, {192, 0, 2, 1}}};
	const struct target_info info = {"a.example", "Op", "", "", ""};
	const struct ident_known known = {"Op|Other", &named};
	struct err_msg why = {{0}};
	struct complaints c = {0};
	struct rules r;

	(void)state;
	assert_int_equal(rules_read_from(&r, file_in_bytes("t.csv", tables, sizeof(tables) - 1, &why),
				 file_in_bytes("r.csv", text, sizeof(text) - 1, &why), NULL, NULL, &why),
		0);
	assert_int_equal(place_read(&r.places, "targets/places.csv", &why), 0);
	assert_int_equal(target_add(&named, &a, &info), 1);
	assert_int_equal(ident_check(&r, &known, keep_complaint, &c), 14);
	assert_non_null(
		strstr(c.text, "r.csv:3: rule hidden: unreachable: its example is taken by rule all"));
	assert_non_null(strstr(c.text, "r.csv:3: rule hidden: overlaps rule all"));
	assert_non_null(strstr(c.text, "r.csv:4: rule misfit: its example does not fit"));
	assert_non_null(strstr(c.text, "r.csv:5: rule lost: missing code"));
	assert_non_null(strstr(c.text, "t.csv:2: bad coordinates: 2.350,48.850 is "));
	assert_non_null(strstr(c.text, "t.csv:4: bad coordinates: 55.950,-3.190 is "));
	assert_non_null(strstr(c.text, "t.csv:5: unknown country XX"));
	assert_non_null(strstr(c.text, "t.csv:5: the code xxx does not say where it is from"));
	assert_non_null(strstr(c.text, "t.csv:3: no rule uses table u"));
	assert_non_null(strstr(c.text, "r.csv:4: rule misfit: unreachable: no target is called b.example"));
	assert_non_null(strstr(c.text, "r.csv:7: rule who: unknown operator, not in operators.txt: 0p"));
	assert_non_null(strstr(c.text, "r.csv:7: rule who: unknown operator, not in operators.txt: Nobody"));
	assert_non_null(strstr(c.text, "r.csv:7: rule who: does not say where it is from"));
	target_list_free(&named);
	rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(at_targets),
		cmocka_unit_test(foreign),
		cmocka_unit_test(questions_and_days),
		cmocka_unit_test(hostile),
		cmocka_unit_test(unsound),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
