#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "report/textfile.h"
#include "scratch.h"

static const char *first_line_of(const char *text, const char *begin)
{
	const char *at = strstr(text, begin);

	return at ? at : "";
}

static struct record row(
	const struct addr *target, uint32_t round, enum probe_kind kind, int64_t rtt_ns, const char *nsid)
{
	return (struct record){
		.vp = "v",
		.target = *target,
		.probe = kind,
		.question = kind == PROBE_DNS ? QUESTION_ID_SERVER : QUESTION_NONE,
		.round = round,
		.attempt = 1,
		.outcome = rtt_ns < 0 ? OUTCOME_TIMEOUT : OUTCOME_REPLY,
		.rtt_ns = rtt_ns,
		.tx_time = {(INT64_C(1790000000) + round) * NS_PER_S},
		.nsid = {(const uint8_t *)nsid, strlen(nsid)},
	};
}

static void the_latest_round(void **state)
{
	static const struct target_info info = {"k.root \"x\\y\n", "", "", "", ""};
	struct scratch s = scratch_make();
	struct target_list targets = {0};
	struct target t = {.addr = {4, {192, 0, 2, 1}}};
	struct rules rules = {0};
	struct err_msg why = {{0}};
	struct textfile *f;
	char *text;

	(void)state;
	assert_int_equal(target_add(&targets, &t, &info), 1);
	f = textfile_new(&rules, &targets, "vp1");
	assert_non_null(f);
	struct record rows[] = {
		row(&t.addr, 0, PROBE_DNS, 5000000, "a"),
		row(&t.addr, 1, PROBE_DNS, 9000000, "a"),
		row(&t.addr, 1, PROBE_DNS, 7654321, "a"),
		row(&t.addr, 1, PROBE_ICMP, -1, ""),
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(textfile_row(f, &rows[i]), 0);
	rows[0].target.b[3] = 9; /* not ours */
	assert_int_equal(textfile_row(f, &rows[0]), 0);
	assert_int_equal(textfile_store(f, "m.prom", &why), 0);
	text = scratch_read("m.prom", NULL);
#define LABELS "{vp=\"vp1\",target=\"192.0.2.1\",service=\"k.root \\\"x\\\\y?\""
	assert_non_null(strstr(text, "catchmap_rtt_seconds" LABELS ",probe=\"dns\"} 0.007654321\n"));
	assert_non_null(strstr(text, "catchmap_round_probes" LABELS ",probe=\"dns\"} 2\n"));
	assert_non_null(strstr(text, "catchmap_round_lost" LABELS ",probe=\"dns\"} 0\n"));
	assert_non_null(strstr(text, "catchmap_round_lost" LABELS ",probe=\"icmp\"} 1\n"));
	assert_non_null(strstr(text, "catchmap_site_flips_total" LABELS "} 0\n"));
	assert_null(strstr(text, "catchmap_site_info{"));
	assert_string_equal(first_line_of(text, "catchmap_last_probe_timestamp_seconds{"),
		"catchmap_last_probe_timestamp_seconds{vp=\"vp1\"} 1790000001.000\n");
	assert_int_equal(textfile_store(f, "nowhere/m.prom", &why), ERR_IO);
	assert_non_null(strstr(why.text, "nowhere/m.prom"));
	free(text);
	textfile_free(f);
	target_list_free(&targets);
	scratch_remove(&s);
}

/* Sites by the shipped rules; run from the repository, as the runner does. */
static void sites_and_flips(void **state)
{
	static const char *const nsids[] = {
		"ns1.nl-ams.k.ripe.net", "ns1.nl-ams.k.ripe.net", "ns2.de-fra.k.ripe.net", ""};
	static const struct target_info info = {"k.root-servers.net", "RIPE NCC", "root", "", ""};
	struct target_list targets = {0};
	struct target t = {.addr = {4, {193, 0, 14, 129}}};
	struct rules rules = {0};
	struct err_msg why = {{0}};
	struct textfile *f;
	struct scratch s;
	char *text;

	(void)state;
	assert_int_equal(rules_read(&rules, "targets", NULL, NULL, &why), 0);
	s = scratch_make();
	assert_int_equal(target_add(&targets, &t, &info), 1);
	f = textfile_new(&rules, &targets, "v");
	for (uint32_t i = 0; i < 3; i++) {
		struct record r = row(&t.addr, i, PROBE_DNS, 1000, nsids[i]);

		assert_int_equal(textfile_row(f, &r), 0);
	}
	assert_int_equal(textfile_store(f, "m.prom", &why), 0);
	text = scratch_read("m.prom", NULL);
	assert_non_null(strstr(text, "service=\"k.root-servers.net\",site=\"de-fra\"} 1\n"));
	assert_non_null(strstr(text, "service=\"k.root-servers.net\"} 1\n")); /* one flip */
	assert_null(strstr(text, "nl-ams"));
	free(text);
	textfile_free(f);
	target_list_free(&targets);
	rules_free(&rules);
	scratch_remove(&s);
}

static int setup(void **state)
{
	(void)state;
	return hash_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_round),
		cmocka_unit_test(sites_and_flips),
	};

	return cmocka_run_group_tests_name("report/textfile", tests, setup, NULL);
}
