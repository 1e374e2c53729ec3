/* data/run_sites: what a run's sites.csv says of where an identity is. */
#include "data/run_sites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

static void places(void **state)
{
	static const char text[] = "target,verdict,site,city,country,lat,lon,identities\n"
				   "192.0.2.2,anycast,vie,Vienna,AT,48.2,16.4,.|v1|v2|...\n"
				   "192.0.2.1,anycast,ams,Amsterdam,NL,52.4,4.9,v1|a\\124b\\124\\009\n"
				   "192.0.2.2,anycast,sin,Singapore,,1.3,103.8,s1\n"
				   "192.0.2.2,anycast,box,Lima,PE,-12,-77,box\n"
				   "192.0.2.2,anycast,box~2,,,,,box\n"
				   "192.0.2.2,anycast,x,,,,,x1\n"
				   "192.0.2.2,anycast,~lima-pe,Lima,PE,-12,-77,\n"
				   "2001:db8::1,unknown,,,,,,\n";
	static const struct {
		const char *target, *identity, *place;
	} cases[] = {
		{"192.0.2.2", "v1", "Vienna, AT (vie)"}, {"192.0.2.2", "v2", "Vienna, AT (vie)"},
		{"192.0.2.1", "v1", "Amsterdam, NL (ams)"}, {"192.0.2.2", "s1", "Singapore (sin)"},
		{"192.0.2.2", ".", "Vienna, AT (vie)"}, {"192.0.2.2", "box", ""}, /* at two sites */
		{"192.0.2.1", "a|b|\\009", "Amsterdam, NL (ams)"}, {"192.0.2.1", "a", ""},
		{"192.0.2.2", "x1", ""},   /* not placed */
		{"192.0.2.2", "...", ""},  /* there are more, it is none */
		{"192.0.2.2", "", ""},     /* by latency alone */
		{"192.0.2.2", "v", ""},    /* unknown */
		{"192.0.2.3", "v1", ""},   /* elsewhere */
		{"2001:db8::1", "v1", ""}, /* has no site */
	};
	struct run_sites s;
	struct err_msg why;

	(void)state;
	scratch_text("sites.csv", text);
	assert_int_equal(run_sites_read(&s, ".", &why), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr target;

		assert_int_equal(addr_parse(cases[i].target, &target), 0);
		assert_string_equal(run_sites_place(&s, &target, cases[i].identity), cases[i].place);
	}
	run_sites_free(&s);
}

static void files(void **state)
{
	const struct addr target = {4, {192, 0, 2, 1}};
	struct run_sites s;
	struct err_msg why;

	(void)state;
	assert_int_equal(run_sites_read(&s, ".", &why), 0);
	assert_string_equal(run_sites_place(&s, &target, "a"), "");
	run_sites_free(&s);
	scratch_text("sites.csv", "target,verdict,site,city,lat,identities\n192.0.2.1,anycast,a,Lima,-12,a\n"
				  "192.0.2.1,perhaps,b,Lima,-12,b\n192.0.2.1,anycast,c,Lima,-12,c\n");
	assert_int_equal(run_sites_read(&s, ".", &why), ERR_PARSE);
	assert_memory_equal(why.text, "./sites.csv:3:11: ", 18);
	assert_string_equal(run_sites_place(&s, &target, "a"), "Lima (a)");
	assert_string_equal(run_sites_place(&s, &target, "c"), "");
	run_sites_free(&s);
	scratch_text("sites.csv", "vp\n");
	assert_int_equal(run_sites_read(&s, ".", &why), ERR_PARSE);
	assert_string_equal(why.text, "./sites.csv: no column 'target': not a sites file");
	run_sites_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places, scratch_set_up, scratch_tear_down),
		cmocka_unit_test_setup_teardown(files, scratch_set_up, scratch_tear_down)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
