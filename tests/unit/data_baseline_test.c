/* data/baseline: what the honest servers of a target answer. */
#include "data/baseline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/target.h"

static void words(void **state)
{
	struct baseline b;

	(void)state;
	assert_int_equal(baseline_parse(&b, "nsid|id.server|rcode=0|aa=0|ra=1|coverage=99/100", NULL), 0);
	assert_int_equal(b.gives, 1U << RULES_NSID | 1U << RULES_ID_SERVER);
	assert_int_equal(b.rcode, 0);
	assert_int_equal(b.aa, 0);
	assert_int_equal(b.ra, 1);
	assert_int_equal(b.fitting, 99);
	assert_int_equal(b.known, 100);
	assert_int_equal(baseline_question(&b, 0), QUESTION_NONE);
}

static void nothing_said_is_nothing_known(void **state)
{
	struct baseline b;

	(void)state;
	assert_int_equal(baseline_parse(&b, "", NULL), 0);
	assert_int_equal(b.gives, 0);
	assert_int_equal(b.rcode, -1);
	assert_int_equal(b.aa, -1);
	assert_int_equal(b.ra, -1);
	assert_int_equal(b.known, 0);
}

static void questions(void **state)
{
	struct baseline b;

	(void)state;
	assert_int_equal(
		baseline_parse(&b, "nsid|o-o.myaddr.l.google.com|hostname.bind|debug.opendns.com", NULL), 0);
	assert_int_equal(baseline_question(&b, 0), QUESTION_OPENDNS);
	assert_int_equal(baseline_question(&b, 1), QUESTION_GOOGLE);
	assert_int_equal(baseline_question(&b, 2), QUESTION_NONE);
}

static void what_it_is_not(void **state)
{
	static const char *const bad[] = {"always", "rcode=16", "aa=2", "ra=", "ra=1x", "coverage=5",
		"coverage=6/5", "coverage=-1/5", "nsid,ra=1", "|",
		"a-word-that-is-longer-than-any-word-of-a-baseline-could-ever-be-in-this-or-another-table"};
	struct baseline b;
	struct err_msg why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why.text[0] = '\0';
		assert_int_equal(baseline_parse(&b, bad[i], &why), ERR_PARSE);
		assert_non_null(strstr(why.text, "is no part of a baseline"));
	}
}

/* Those that are shipped. */
static void shipped(void **state)
{
	struct target_list book = {0};
	struct baseline b;
	size_t covered = 0, asked = 0;

	(void)state;
	assert_int_equal(target_read_book(&book, "targets", NULL), 0);
	for (size_t i = 0; i < book.n; i++) {
		assert_int_equal(baseline_parse(&b, target_info(&book, &book.v[i])->baseline, NULL), 0);
		covered += b.known > 0;
		asked += baseline_question(&b, 0) != QUESTION_NONE;
	}
	assert_true(covered >= 20);
	assert_true(asked >= 10);
	target_list_free(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(nothing_said_is_nothing_known),
		cmocka_unit_test(questions),
		cmocka_unit_test(what_it_is_not),
		cmocka_unit_test(shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
