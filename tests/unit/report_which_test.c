/* report/which: the whole text for the cases that people meet, byte for byte, against the files of tests/unit/which (UPDATE=1 in the
 * environment writes them anew: read the difference); JSON, and strings from outside. */
#include "report/which.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "answers.h"
#include "scratch.h"

static struct rules rules;

static int load(void **state)
{
	(void)state;
	return rules_read(&rules, "targets", NULL, NULL, NULL);
}

static int unload(void **state)
{
	(void)state;
	rules_free(&rules);
	return 0;
}

#define CF .service = "", .operators = "Cloudflare"
#define BASE .baseline = "nsid|rcode=0|ra=1|coverage=100/100"
#define OTHERS(ms_, ttl_)                                                    \
	{.n = 3, .ms = (ms_), .kind = PROBE_ICMP, .ttl = (ttl_)},            \
	{                                                                    \
		.n = 3, .ms = (ms_) + 0.03, .kind = PROBE_TCP, .ttl = (ttl_) \
	}
#define ON(flow_, ms_, nsid_, txt_)                                                                    \
	{.n = 2,                                                                                       \
		.ms = (ms_),                                                                           \
		.nsid = (nsid_),                                                                       \
		.txt = (txt_),                                                                         \
		.flow = (flow_),                                                                       \
		.ttl = 57,                                                                             \
		.bits = RECORD_RA},                                                                    \
	{                                                                                              \
		.n = 1, .ms = (ms_) + 0.5, .nsid = (nsid_), .txt = (txt_), .flow = (flow_), .ttl = 57, \
		.bits = RECORD_RA                                                                      \
	}

static const struct example {
	const char *name; /* of the golden file */
	const char *target, *here;
	struct verdict_place at;
	struct subject s[4];
	size_t n;
	bool listed;
	int64_t first_hop_ns;
} examples[] = {
	{"well", "1.1.1.1", "Vienna", {true, true, true, 48.21, 16.37, 25},
		{{CF, BASE,
			.batch = {ON(0, 1.902, "vie04", "vie04"), ON(1, 1.95, "vie04", "vie04"),
				OTHERS(1.877, 57)}}},
		1, true, -1},
	{"far", "1.1.1.1", "Hong Kong", {true, true, true, 22.32, 114.17, 25},
		{{CF, BASE,
			.batch = {ON(0, 148.206, "lax17", "lax17"), ON(1, 148.3, "lax17", "lax17"),
				OTHERS(147.981, 57)}}},
		1, true, 600000},
	{"taken", "1.1.1.1", "", {0},
		{{CF, BASE,
			.batch = {{.n = 12,
					  .ms = 0.412,
					  .nsid = NULL,
					  .txt = "OPNsense.home.arpa",
					  .ttl = 64,
					  .bits = RECORD_RA},
				OTHERS(9.118, 55)}}},
		1, false, -1},
	{"ecmp", "1.1.1.1", "", {0},
		{{CF, BASE,
			.batch = {ON(1, 9.803, "fra09", "fra09"), ON(2, 9.9, "fra22", "fra22"),
				ON(3, 21.377, "waw03", "waw03"), ON(4, 9.81, "fra09", "fra09"),
				OTHERS(9.79, 57)}}},
		1, false, -1},
	{"opaque", "1.1.1.1", "Vienna", {true, true, true, 48.21, 16.37, 25},
		{{CF, BASE,
			.batch = {ON(0, 12.301, "87m362", NULL), ON(1, 12.4, "87m362", NULL),
				OTHERS(12.288, 57)}}},
		1, true, -1},
	{"no-dns", "1.1.1.1", "", {0},
		{{CF, BASE,
			.batch = {{.n = 12, .ms = -1}, {.n = 12, .ms = -1, .retry = true},
				OTHERS(8.912, 57)}}},
		1, false, -1},
	{"elsewhere", "1.1.1.1", "Paris", {true, true, true, 48.86, 2.35, 25},
		{{CF, BASE, .batch = {ON(0, 3.102, "nrt08", "nrt08"), ON(1, 3.2, "nrt08", "nrt08")}},
			{.service = "dns.google",
				.operators = "Google",
				.baseline = "",
				.batch = {{.n = 3, .ms = 2.98, .nsid = "gpdns-nrt", .txt = NULL}}},
			{.service = "k.root-servers.net",
				.operators = "RIPE NCC",
				.baseline = "",
				.batch = {{.n = 3,
					.ms = 3.411,
					.nsid = "ns1.jp-tyo.k.ripe.net",
					.txt = "ns1.jp-tyo.k.ripe.net"}}}},
		3, true, -1},
	{"impossible", "2001:db8:53::1111", "Paris", {true, true, true, 48.86, 2.35, 25},
		{{CF, BASE, .batch = {ON(0, 3.102, "nrt08", "nrt08"), ON(1, 3.2, "nrt08", "nrt08")}},
			{.service = "dns.google",
				.operators = "Google",
				.baseline = "",
				.batch = {{.n = 3, .ms = 9.98, .nsid = "gpdns-fra", .txt = NULL}}}},
		2, false, -1},
	{"foreign", "1.1.1.1", "", {0}, {{CF, BASE, .batch = {ON(0, 9, "5.ams.pch", "5.ams.pch")}}}, 1, false,
		-1},
	{"suspicious", "1.1.1.1", "", {0}, {{CF, BASE, .batch = {ON(0, 9, "dnsdist-7", "dnsdist-7")}}}, 1,
		false, -1},
	{"prohibited", "1.1.1.1", "", {0}, {{CF, BASE, .batch = {{.n = 12, .ms = -1, .prohibited = true}}}},
		1, false, -1},
	{"odd-split", "1.1.1.1", "Vienna", {true, true, true, 48.21, 16.37, 25},
		{{CF, BASE,
			.batch = {ON(1, 1.803, "lax17", "lax17"), ON(2, 1.21, "nrt08", "nrt08"),
				OTHERS(1.79, 57)}}},
		1, true, -1},
	{"torn", "1.1.1.1", "", {0}, {{CF, BASE, .batch = {ON(0, 9, "fra09", "waw03"), OTHERS(9, 57)}}}, 1,
		false, -1},
	{"hostile", "1.1.1.1", "", {0},
		{{.service = "",
			.operators = "",
			.baseline = "",
			.batch = {{.n = 3,
				.ms = 9,
				.nsid = "\033[31mred\n\\\x7f\xff\"x\", \"y",
				.txt = "a very long name that goes on and on and on and on and on"}}}},
		1, false, -1},
};
enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

static const struct sites_row listed[] = {{"x", "Vienna", "AT", 48.21, 16.37, "2026-07"},
	{"x", "Frankfurt", "DE", 50.11, 8.68, "2026-07"}, {"x", "Warsaw", "PL", 52.23, 21.01, "2026-07"},
	{"x", "Hong Kong", "HK", 22.31, 113.91, "2026-07"}};

static struct which_view view_of(const struct example *e, struct judged *j)
{
	struct verdict_input with = {.day = 20261122,
		.here = e->at,
		.listed = e->listed ? listed : NULL,
		.n_listed = e->listed ? 4 : 0,
		.first_hop_ns = e->first_hop_ns};

	judge_subjects(j, &rules, e->target, e->s, e->n, &with);
	return (struct which_view){.verdict = &j->verdict,
		.in = &j->in,
		.here = e->here,
		.here_from = "--location",
		.interface = "eth0",
		.stamps = "kernel",
		.sockets = "",
		.who = "you",
		.place = "",
		.asn = e->first_hop_ns > 0 ? 64501 : 0,
		.at = {INT64_C(1795317164) * NS_PER_S}};
}

static void golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct judged j;
		struct which_view v = view_of(&examples[i], &j);
		char *text = NULL, *expected, path[64];
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		assert_int_equal(which_text(out, &v, false), 0);
		assert_int_equal(fclose(out), 0);
		(void)snprintf(path, sizeof(path), "tests/unit/which/%s.txt", examples[i].name);
		if (getenv("UPDATE"))
			scratch_write(path, text, len);
		expected = scratch_read(path, NULL);
		if (strcmp(text, expected) != 0)
			fail_msg("%s is not what was printed:\n%s", path, text);
		assert_true(strcspn(text, "\n") <= WHICH_LINE_MAX);
		for (size_t k = 0; k < len; k++)
			assert_true(text[k] == '\n' || (text[k] >= ' ' && text[k] <= '~'));
		free(expected);
		free(text);
		judged_free(&j);
	}
}

/* The first line never names a town unless the site that answers is proven. */
static void no_town_without_proof(void **state)
{
	static const char *const silent[] = {"taken", "opaque", "no-dns", "foreign", "suspicious",
		"prohibited", "hostile", "odd-split", "torn"};
	static const char *const towns[] = {
		"Vienna", "Frankfurt", "Warsaw", "Hong Kong", "Los Angeles", "Amsterdam", "Tokyo"};
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++)
		for (size_t k = 0; k < sizeof(silent) / sizeof(silent[0]); k++) {
			struct judged j;
			struct which_view v;
			char line[WHICH_TEXT_MAX];

			if (strcmp(examples[i].name, silent[k]) != 0)
				continue;
			seen++;
			v = view_of(&examples[i], &j);
			which_answer(&v, line);
			for (size_t t = 0; t < sizeof(towns) / sizeof(towns[0]); t++)
				assert_null(strstr(line, towns[t]));
			judged_free(&j);
		}
	assert_int_equal(seen, sizeof(silent) / sizeof(silent[0]));
}

static json_t *json_of(size_t example)
{
	struct judged j;
	struct which_view v = view_of(&examples[example], &j);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *parsed;

	assert_int_equal(which_json(out, &v, 1), 0);
	assert_int_equal(fclose(out), 0);
	parsed = json_loads(text, 0, NULL);
	assert_non_null(parsed);
	assert_int_equal(json_array_size(parsed), 1);
	free(text);
	judged_free(&j);
	return parsed;
}

/* All examples have all the keys that `catchmap fields` lists, and no other. */
static void json_has_the_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++) {
		json_t *all = json_of(i), *target = json_array_get(all, 0);
		struct field f;
		size_t n = 0;

		for (; which_field(n, &f); n++)
			assert_non_null(json_object_get(target, f.name));
		assert_int_equal(json_object_size(target), n);
		json_decref(all);
	}
}

static void json_says_the_same(void **state)
{
	static const struct {
		const char *name, *verdict, *detail, *flag;
	} cases[] = {{"well", "consistent", NULL, NULL}, {"far", "consistent", NULL, "far"},
		{"ecmp", "split", "by flow", NULL}, {"opaque", "unknown", "opaque identity", NULL},
		{"taken", "intercepted", NULL, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < EXAMPLES; k++) {
			json_t *all, *target;
			const char *detail;

			if (strcmp(examples[k].name, cases[i].name) != 0)
				continue;
			all = json_of(k);
			target = json_array_get(all, 0);
			detail = json_string_value(json_object_get(target, "detail"));
			assert_string_equal(
				json_string_value(json_object_get(target, "verdict")), cases[i].verdict);
			assert_true(!detail == !cases[i].detail &&
				    (!detail || strcmp(detail, cases[i].detail) == 0));
			assert_int_equal(
				json_array_size(json_object_get(target, "flags")), cases[i].flag != NULL);
			json_decref(all);
		}
}

static void summary_and_explanation(void **state)
{
	struct judged j[EXAMPLES];
	struct which_view v[EXAMPLES];
	char *text = NULL;
	size_t len = 0, lines = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++)
		v[i] = view_of(&examples[i], &j[i]);
	assert_int_equal(which_summary(out, v, EXAMPLES, false), 0);
	(void)fflush(out);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, EXAMPLES + 1);
	assert_non_null(strstr(text, "location-suspect"));
	assert_non_null(strstr(text, "unknown (opaque identity)"));
	for (size_t i = 0; i < EXAMPLES; i++)
		assert_int_equal(which_explain(out, &v[i]), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(
		strstr(text, "C2 content   weak   HOLDS, in 12 of 12: the name fits no rule of this target"));
	assert_non_null(strstr(text, "cf-nsid-old"));
	assert_non_null(strstr(text, "contradicts our place (faster than light)"));
	for (size_t k = 0; k < len; k++)
		assert_true(text[k] == '\n' || (text[k] >= ' ' && text[k] <= '~'));
	free(text);
	for (size_t i = 0; i < EXAMPLES; i++)
		judged_free(&j[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(no_town_without_proof),
		cmocka_unit_test(json_has_the_keys),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(summary_and_explanation),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
