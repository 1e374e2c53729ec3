#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "catchments.h"
#include "infer/alike.h"
#include "infer/weights.h"
#include "scratch.h"
#include <sys/stat.h>

static const struct catchment_vp *row_of(const struct catchment_set *s, const char *vp)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (strcmp(catchment_set_name(s, s->rows[i].vp), vp) == 0)
			return &s->rows[i];
	fail_msg("no row of %s", vp);
	return NULL;
}

static void in_any_order(void **state)
{
	static const char text[] = "vp,site,state,target,lat\nb,x,site,198.51.100.2,1\na,y,site,192.0.2.1,2\n"
				   "a,x,site,198.51.100.2,3\nb,,silent,192.0.2.1,\n";
	static const char sites[] =
		"target,verdict,site,radius_km,method,identities\n"
		"198.51.100.2,anycast,x,40,latency,n1|n2\n192.0.2.1,anycast,z,,identity,\n";
	struct catchments w = {.n = 0};
	const struct catchment_set *s = catchments_read(&w, text, sites).set;
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse("198.51.100.2", &a), 0);
	assert_int_equal(catchment_set_target(s, &a), 1);
	assert_int_equal(addr_parse("198.51.100.3", &a), 0);
	assert_int_equal(catchment_set_target(s, &a), CATCHMENT_NONE);
	assert_int_equal(s->n_targets, 2);
	assert_int_equal(s->targets[1].first_row, 2);
	assert_int_equal(s->targets[1].n_rows, 2);
	assert_int_equal(s->targets[0].n_sites, 2); /* y, and z, which nobody has */
	for (size_t i = 0; i < s->n_rows; i++) {
		const struct catchment_vp *v = &s->rows[i];

		assert_true(i == 0 || v[-1].target < v->target || v[-1].vp < v->vp);
		assert_true(v->site == CATCHMENT_NONE || s->sites[v->site].target == v->target);
	}
	assert_string_equal(catchment_set_name(s, s->sites[s->rows[2].site].identities), "n1|n2");
	assert_true(fabs(s->sites[s->rows[3].site].radius_km - 40) < 1e-9);
	catchments_free(&w);
}

/* CRLF, a byte order mark, quotes around everything, columns in another order, unknown ones, a weight left empty. */
static void from_a_spreadsheet(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf\"note\",\"vp\",\"target\",\"rtt_min_ms\",\"site\",\"state\",\"weight\"\r\n"
		"\"a \"\"b\"\", c\",\"v1\",\"192.0.2.1\",\"1.5\",\"ams\",\"site\",\"\"\r\n";
	struct catchments w = {.n = 0};
	const struct catchment_vp *v = row_of(catchments_read(&w, text, NULL).set, "v1");

	(void)state;
	assert_int_equal(v->state, VP_SITE);
	assert_int_equal(v->rtt_min_ns, 1500000);
	assert_true(fabs(v->weight - 1) < 1e-12);
	catchments_free(&w);
}

/* Files without a column `state`. */
static void of_old(void **state)
{
	static const char text[] = "target,vp,site,sent,received\n192.0.2.1,a,ams,3,3\n192.0.2.1,b,,3,1\n"
				   "192.0.2.1,c,,3,0\n192.0.2.1,d,,0,0\n";
	struct catchments w = {.n = 0};
	const struct catchment_set *s = catchments_read(&w, text, NULL).set;

	(void)state;
	assert_int_equal(row_of(s, "a")->state, VP_SITE);
	assert_int_equal(row_of(s, "b")->state, VP_NO_SITE);
	assert_int_equal(row_of(s, "c")->state, VP_SILENT);
	assert_int_equal(row_of(s, "d")->state, VP_UNMEASURED);
	catchments_free(&w);
}

static void faults(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"target,vp,site\n", "catchment.csv: no rows"},
		{"vp,site\na,b\n", "catchment.csv: no column 'target': not a catchment file"},
		{"target,vp,site\n192.0.2.1,a,x\n192.0.2.1,b,x\n192.0.2.1,a,y\n",
			"catchment.csv:4:1: a at 192.0.2.1 is there already, on line 2"},
		{"target,vp,site\n192.0.2.1,b,x\n192.0.2.2,a,x\n192.0.2.1,a,x\n192.0.2.2,a,x\n",
			"catchment.csv:5:1: a at 192.0.2.2 is there already, on line 3"},
		{"target,vp,site\n192.0.2.1,a,x\nhere,b,x\n",
			"catchment.csv:3:1: 'here' is not an IPv4 or IPv6 address"},
		{"target,vp,state\n192.0.2.1,a,site\n",
			"catchment.csv:2:1: the state is site, but no site is named"},
		{"target,vp,state\n192.0.2.1,a,\n", "catchment.csv:2:1: the state is empty"},
		{"target,vp,site,weight\n192.0.2.1,a,x,0\n",
			"catchment.csv:2:1: a weight of 0: leave the row out, or give it a weight"},
		{"target,vp,site\n192.0.2.1,a,\"x\n", "catchment.csv:2:1: a quote that is not closed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catchments w = {.n = 0};
		struct err_msg why = {{0}};

		assert_int_equal(catchments_try(&w, cases[i].text, NULL, &why), ERR_PARSE);
		assert_string_equal(why.text, cases[i].said);
		catchments_free(&w);
	}
}

static void folders(void **state)
{
	struct scratch scratch = scratch_make();
	struct intern names = {.n = 0};
	struct catchment_set s;
	struct err_msg why = {{0}};

	(void)state;
	assert_int_equal(mkdir("run", 0777), 0);
	assert_int_equal(catchment_set_read(&s, &names, "nowhere", &why), ERR_IO);
	assert_string_equal(why.text, "nowhere: No such file or directory");
	catchment_set_free(&s);
	assert_int_equal(catchment_set_read(&s, &names, "run", &why), ERR_IO);
	assert_string_equal(why.text, "run: no catchment.csv in it: run 'catchmap infer run' first");
	catchment_set_free(&s);
	scratch_text("run/catchment.csv", "target,vp,site\n192.0.2.1,a,x\n");
	scratch_text("run/sites.csv", "target,verdict,site,radius_km\n192.0.2.1,anycast,x,7\n");
	scratch_text("alone.csv", "target,vp,site\n192.0.2.1,a,x\n");
	for (int i = 0; i < 3; i++) {
		static const char *const paths[] = {"run", "run/catchment.csv", "alone.csv"};

		assert_int_equal(catchment_set_read(&s, &names, paths[i], &why), 0);
		assert_true(i == 2 ? s.folder == NULL && isnan(s.sites[0].radius_km)
				   : strcmp(s.folder, "run") == 0 && fabs(s.sites[0].radius_km - 7) < 1e-9);
		catchment_set_free(&s);
	}
	intern_free(&names);
	scratch_remove(&scratch);
}

/* --- whether two runs are alike --- */

static void keep_warning(void *arg, const char *text)
{
	(void)snprintf(arg, 256, "%s", text);
}

static void meta(const char *path, unsigned port, const char *question)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"{\"question\": \"%s\", \"probes\": \"dns\", \"dscp\": 0, \"flows\": [{\"flow\": 1, "
		"\"port\": 9},"
		" {\"flow\": 0, \"port\": %u, \"icmp_id\": 7, \"icmp_checksum\": 7, \"flow_label\": 0}]}",
		question, port);
	scratch_text(path, text);
}

static void runs_alike(void **state)
{
	struct scratch scratch = scratch_make();
	struct err_msg why = {{0}};
	char warned[256] = "";

	(void)state;
	assert_int_equal(mkdir("old", 0777) | mkdir("new", 0777), 0);
	meta("old/a.meta.json", 33000, "id.server");
	meta("old/b.meta.json", 33000, "id.server");
	meta("new/b.meta.json", 33000, "id.server");
	assert_int_equal(alike_check("old", "new", keep_warning, warned, &why), 0);
	assert_string_equal(warned, "");
	meta("new/b.meta.json", 33000, "hostname.bind");
	assert_int_equal(alike_check("old", "new", keep_warning, warned, &why), 0);
	assert_string_equal(warned, "question of b: id.server before, hostname.bind now");
	meta("new/b.meta.json", 33001, "id.server");
	assert_int_equal(alike_check("old", "new", keep_warning, warned, &why), ERR_RANGE);
	assert_non_null(
		strstr(why.text, "flow 0 of b is not the same: port is 33000 in old and 33001 in new"));
	scratch_text("new/b.meta.json", "{");
	scratch_text("old/infer.json", "{\"inputs\": [{\"file\": \"a/naming/rules.csv\", \"sha256\": \"1\"},"
				       " {\"file\": \"a/places.csv\", \"sha256\": \"3\"}]}");
	scratch_text("new/infer.json", "{\"inputs\": [{\"file\": \"b/places.csv\", \"sha256\": \"3\"},"
				       " {\"file\": \"b/naming/rules.csv\", \"sha256\": \"2\"}]}");
	assert_int_equal(alike_check("old", "new", keep_warning, warned, &why), 0);
	alike_rules("old", "new", keep_warning, warned);
	assert_string_equal(warned,
		"the runs were inferred with different naming rules: --reinfer reads both with those of "
		"today");
	scratch_remove(&scratch);
}

static void weights_of_a_file(void **state)
{
	struct scratch scratch = scratch_make();
	struct intern names = {.n = 0};
	struct err_msg why = {{0}};
	double *v = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(intern_put(&names, "other", 5), 0);
	scratch_text("w.csv", "weight,vp\n2.5,a\n1,b\n");
	assert_int_equal(weights_read("w.csv", &names, &v, &n, &why), 0);
	assert_int_equal(n, 3);
	assert_true(isnan(v[0]) && fabs(v[1] - 2.5) < 1e-12 && fabs(v[2] - 1) < 1e-12);
	free(v);
	scratch_text("w.csv", "weight,vp\n0,a\n");
	assert_int_equal(weights_read("w.csv", &names, &v, &n, &why), ERR_PARSE);
	assert_string_equal(why.text, "w.csv:2:1: '0' is not a number from 1e-12 to 1e+12");
	assert_int_equal(weights_read("none.csv", &names, &v, &n, &why), ERR_PARSE);
	intern_free(&names);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(from_a_spreadsheet),
		cmocka_unit_test(of_old),
		cmocka_unit_test(faults),
		cmocka_unit_test(folders),
		cmocka_unit_test(runs_alike),
		cmocka_unit_test(weights_of_a_file),
	};

	if (hash_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
