#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "data/run.h"
#include "scratch.h"

static json_t *stored(const char *path)
{
	json_t *j = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(j);
	return j;
}

static void folders(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	struct stat st;

	(void)state;
	assert_int_equal(run_make("a/b//c/", &why), 0);
	assert_int_equal(run_make("a/b//c/", &why), 0);
	assert_int_equal(run_make("one", &why), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	scratch_text("file", "");
	assert_int_equal(run_make("file", &why), ERR_EXISTS);
	assert_non_null(strstr(why.text, "file: "));
	assert_true(run_make("file/below", &why) < 0);
	assert_true(run_make("", &why) < 0);
	scratch_remove(&s);
}

static void paths(void **state)
{
	char out[4096], longer[4096];

	(void)state;
	assert_int_equal(run_path("results/x", "vp1", ".probes.csv.zst", out, NULL), 0);
	assert_string_equal(out, "results/x/vp1.probes.csv.zst");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(run_path(longer, "vp1", ".csv", out, NULL), ERR_RANGE);
}

static const char *text_at(const json_t *j, const char *key)
{
	const json_t *value = json_object_get(j, key);

	assert_true(json_is_string(value));
	return json_string_value(value);
}

static json_int_t number_at(const json_t *j, const char *key)
{
	const json_t *value = json_object_get(j, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static double seconds_at(const json_t *j, const char *key)
{
	const json_t *value = json_object_get(j, key);

	assert_true(json_is_real(value));
	return json_real_value(value);
}

static void a_whole_run(void **state)
{
	char *const argv[] = {(char[]){"catchmap"}, (char[]){"-o"}, (char[]){"caf\xe9 \"x\""}};
	const struct run_flow flows[] = {{0, 33000, 1000, 0xbeef, 0}, {1, 33001, 1001, 0xbef0, 0xfffff}};
	const struct run_egress egresses[] = {
		{"eth0", {4, {192, 0, 2, 1}}, {4, {192, 0, 2, 254}}}, {"lo", {4, {127, 0, 0, 1}}, {0, {0}}}};
	struct run_meta m = {.argc = 3,
		.argv = argv,
		.vp = "vp1",
		.seed = 7,
		.targets_path = "roots.csv",
		.targets_sha256 = "abc",
		.targets = 26,
		.rate_pps = 100,
		.timeout_ns = 5 * NS_PER_S,
		.linger_ns = 5 * NS_PER_S,
		.gap_ns = NS_PER_S / 2,
		.rounds = 3,
		.stamps = "kernel",
		.probes = "dns,icmp",
		.question = "id.server",
		.contact = "noc@example.net",
		.dscp = 8,
		.flows = flows,
		.n_flows = 2,
		.egresses = egresses,
		.n_egresses = 2,
		.start = {1700000000 * NS_PER_S},
		.end = {1700000060 * NS_PER_S},
		.clock_synchronized = true,
		.clock_steps = 1,
		.ended = "done"};
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	json_t *j, *part;

	(void)state;
	m.counts = (struct run_counts){
		.scheduled = 10, .sent = 9, .rows = 9, .captured = 20, .late = 2, .behind = 1};
	m.counts.outcome[OUTCOME_REPLY] = 8;
	m.counts.outcome[OUTCOME_LATE] = 1;
	assert_int_equal(run_meta_store(".", &m, &why), 0);
	j = stored("vp1.meta.json");
	assert_string_equal(text_at(j, "version"), CATCHMAP_VERSION);
	part = json_object_get(j, "argv");
	assert_int_equal(json_array_size(part), 3);
	assert_string_equal(json_string_value(json_array_get(part, 2)), "caf\\233 \"x\"");
	assert_int_equal(number_at(j, "seed"), 7);
	assert_string_equal(text_at(j, "start"), "2023-11-14T22:13:20Z");
	assert_string_equal(text_at(j, "end"), "2023-11-14T22:14:20Z");
	assert_string_equal(text_at(j, "targets_file"), "roots.csv");
	assert_string_equal(text_at(j, "targets_sha256"), "abc");
	assert_int_equal(number_at(j, "targets"), 26);
	assert_true(seconds_at(j, "rate_pps") == 100 && seconds_at(j, "timeout_s") == 5);
	assert_true(seconds_at(j, "linger_s") == 5 && seconds_at(j, "gap_s") == 0.5);
	assert_int_equal(number_at(j, "rounds"), 3);
	assert_int_equal(number_at(j, "dscp"), 8);
	assert_string_equal(text_at(j, "probes"), "dns,icmp");
	assert_string_equal(text_at(j, "question"), "id.server");
	assert_string_equal(text_at(j, "stamps"), "kernel");
	assert_string_equal(text_at(j, "contact"), "noc@example.net");
	assert_string_equal(text_at(j, "ended"), "done");
	part = json_array_get(json_object_get(j, "flows"), 1);
	assert_int_equal(number_at(part, "flow"), 1);
	assert_int_equal(number_at(part, "port"), 33001);
	assert_int_equal(number_at(part, "icmp_id"), 1001);
	assert_int_equal(number_at(part, "icmp_checksum"), 0xbef0);
	assert_int_equal(number_at(part, "flow_label"), 0xfffff);
	part = json_array_get(json_object_get(j, "egress"), 0);
	assert_string_equal(text_at(part, "interface"), "eth0");
	assert_string_equal(text_at(part, "source"), "192.0.2.1");
	assert_string_equal(text_at(part, "gateway"), "192.0.2.254");
	assert_true(
		json_is_null(json_object_get(json_array_get(json_object_get(j, "egress"), 1), "gateway")));
	part = json_object_get(j, "clock");
	assert_true(json_is_true(json_object_get(part, "synchronized")));
	assert_int_equal(number_at(part, "steps"), 1);
	part = json_object_get(j, "counts");
	assert_int_equal(number_at(part, "scheduled"), 10);
	assert_int_equal(number_at(part, "sent"), 9);
	assert_int_equal(number_at(part, "late"), 2);
	assert_int_equal(number_at(part, "behind"), 1);
	part = json_object_get(part, "outcome");
	assert_int_equal(json_object_size(part), OUTCOMES - 1);
	assert_int_equal(number_at(part, "reply"), 8);
	assert_int_equal(number_at(part, "late"), 1);
	assert_int_equal(number_at(part, "send-error"), 0);
	json_decref(j);
	scratch_remove(&s);
}

/* At the start of a run much is not known yet; a large seed is kept to the last digit. */
static void a_run_that_begins(void **state)
{
	struct run_meta m = {.vp = "vp1", .seed = UINT64_MAX, .start = {NS_PER_S}, .ended = ""};
	struct scratch s = scratch_make();
	json_t *j;

	(void)state;
	assert_int_equal(run_meta_store(".", &m, NULL), 0);
	j = stored("vp1.meta.json");
	assert_true(json_is_null(json_object_get(j, "end")));
	assert_true(json_is_null(json_object_get(j, "targets_file")));
	assert_string_equal(text_at(j, "seed"), "18446744073709551615");
	assert_string_equal(text_at(j, "ended"), "");
	assert_int_equal(json_array_size(json_object_get(j, "flows")), 0);
	json_decref(j);
	m.seed = UINT64_C(1) << 53;
	assert_int_equal(run_meta_store(".", &m, NULL), 0);
	j = stored("vp1.meta.json");
	assert_int_equal(number_at(j, "seed"), 1LL << 53);
	json_decref(j);
	assert_int_equal(run_meta_store("none", &m, NULL), ERR_IO);
	scratch_remove(&s);
}

static void read_back(void **state)
{
	struct scratch s = scratch_make();
	struct run_meta m = {.vp = "v",
		.seed = UINT64_MAX,
		.schedule = UINT64_C(0x0123456789abcdef),
		.resumed = 3,
		.ended = "",
		.start = {INT64_C(1790000000) * NS_PER_S}};
	struct err_msg why = {{0}};
	struct run_past p;
	size_t n;
	char *text;

	(void)state;
	assert_int_equal(run_past_read("v.meta.json", &p, &why), ERR_IO);
	assert_int_equal(run_meta_store(".", &m, &why), 0);
	assert_int_equal(run_past_read("v.meta.json", &p, &why), 0);
	assert_true(p.seed == UINT64_MAX && p.schedule == m.schedule && p.resumed == 3 &&
		    p.start.ns == m.start.ns);
	text = scratch_read("v.meta.json", &n);
	for (size_t cut = 0; cut + 1 < n; cut++) {
		scratch_write("cut.json", text, cut);
		if (run_past_read("cut.json", &p, &why) != ERR_PARSE)
			fail_msg("a meta.json of %zu bytes of %zu is read", cut, n);
	}
	scratch_text("other.json", "{\"seed\": -1, \"schedule\": \"xyz\"}");
	assert_int_equal(run_past_read("other.json", &p, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "other.json"));
	free(text);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(paths),
		cmocka_unit_test(a_whole_run),
		cmocka_unit_test(a_run_that_begins),
		cmocka_unit_test(read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
