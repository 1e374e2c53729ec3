/* data/sites: the lists of operators' sites. */
#include "data/sites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"

#define HEADER "list,city,country,lat,lon,date,source\n"

static void lists_by_service_then_owner(void **state)
{
	static const struct {
		const char *service, *operators, *first;
		size_t n;
	} cases[] = {
		{"k.example", "Op|Other", "Oslo", 1},
		{"K.Example", "", "Oslo", 1},
		{"l.example", "Op|Other", "Rome", 2},
		{"", "op", "Rome", 2},
		{"l.example", "Other|Op", NULL, 0}, /* the host's list is not the owner's */
		{"l.example", "O", NULL, 0},
		{"", "", NULL, 0},
	};
	struct scratch folder = scratch_make();
	struct sites s = {0};

	(void)state;
	scratch_text("sites.csv", HEADER "Op,Rome,IT,41.9,12.5,2025-07,x\nk.example,Oslo,NO,59.9,10.7,2023,"
					 "x\nOp,Bern,CH,46.9,7.4,2025-07,\n");
	assert_int_equal(sites_read(&s, "sites.csv", NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 99;
		const struct sites_row *found = sites_of(&s, cases[i].service, cases[i].operators, &n);

		assert_int_equal(n, cases[i].n);
		assert_true(!found == !cases[i].first);
		if (found && n == 1)
			assert_string_equal(found->city, cases[i].first);
		for (size_t k = 0; k < n; k++)
			assert_string_equal(found[k].list, n == 1 ? "k.example" : "Op");
	}
	sites_free(&s);
	scratch_remove(&folder);
}

static void bad_rows_are_named(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{HEADER "Op,Rome,IT,91,12.5,2023,x\n", ":2:"},
		{HEADER "Op,Rome,IT,41.9,12.5,2023,x\nOp,,IT,41.9,12.5,2023,x\n", ":3:"},
		{HEADER "Op,Rome,Italy,41.9,12.5,2023,x\n", ":2: a text is too long"},
		{"list,city\n", "country"},
	};
	struct scratch folder = scratch_make();
	struct err_msg why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sites s = {0};

		scratch_text("sites.csv", cases[i].text);
		why.text[0] = '\0';
		assert_int_equal(sites_read(&s, "sites.csv", &why), ERR_PARSE);
		assert_non_null(strstr(why.text, cases[i].expected));
		sites_free(&s);
	}
	scratch_remove(&folder);
}

static void shipped(void **state)
{
	struct sites s = {0};
	size_t n;

	(void)state;
	assert_int_equal(sites_read(&s, "targets/sites.csv", NULL), 0);
	assert_non_null(sites_of(&s, "k.root-servers.net", "RIPE NCC", &n));
	assert_true(n > 100);
	assert_non_null(sites_of(&s, "one.one.one.one", "Cloudflare", &n));
	assert_true(n > 200);
	sites_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_by_service_then_owner),
		cmocka_unit_test(bad_rows_are_named),
		cmocka_unit_test(shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
