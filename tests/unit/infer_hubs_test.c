/* infer/hubs: the lists of published sites become hubs of operators. */
#include "infer/hubs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

static int set_up(void **state)
{
	static struct scratch s;

	s = scratch_make();
	*state = &s;
	scratch_text("book.csv", "target,service,operators\n"
				 "192.0.2.1,one.example,Alpha|Beta\n192.0.2.2,two.example,Gamma\n");
	scratch_text("sites.csv",
		"list,city,country,lat,lon,date\n"
		"one.example,Paris,FR,48.85,2.35,2025\none.example,Vienna,AT,48.21,16.37,2025\n"
		"Gamma,Lagos,NG,6.45,3.39,2025\n");
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

static void a_service_stands_for_its_operators_and_an_operator_for_itself(void **state)
{
	static const struct sites_hub want[] = {
		{"Gamma", 6.45, 3.39}, {"Alpha|Beta", 48.85, 2.35}, {"Alpha|Beta", 48.21, 16.37}};
	struct target_list book = {.n = 0};
	struct sites lists = {.n = 0};
	struct hubs hubs = {.n = 0};
	struct err_msg why;
	bool found[3] = {false};

	(void)state;
	assert_int_equal(target_read(&book, "book.csv", NULL, NULL, &why), 0);
	assert_int_equal(sites_read(&lists, "sites.csv", &why), 0);
	assert_int_equal(hubs_of_lists(&hubs, &lists, &book), 0);
	assert_int_equal(hubs.n, 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			found[k] = found[k] ||
				   (strcmp(hubs.v[i].operators, want[k].operators) == 0 &&
					   hubs.v[i].lat <= want[k].lat && hubs.v[i].lat >= want[k].lat &&
					   hubs.v[i].lon <= want[k].lon && hubs.v[i].lon >= want[k].lon);
	assert_true(found[0] && found[1] && found[2]);
	hubs_free(&hubs);
	assert_int_equal(hubs.n, 0);
	sites_free(&lists);
	target_list_free(&book);
}

static void no_lists_are_no_hubs(void **state)
{
	const struct target_list book = {.n = 0};
	const struct sites lists = {.n = 0};
	struct hubs hubs = {.n = 0};

	(void)state;
	assert_int_equal(hubs_of_lists(&hubs, &lists, &book), 0);
	assert_int_equal(hubs.n, 0);
	hubs_free(&hubs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_service_stands_for_its_operators_and_an_operator_for_itself, set_up, tear_down),
		cmocka_unit_test(no_lists_are_no_hubs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
