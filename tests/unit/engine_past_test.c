#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/past.h"

enum { TARGETS = 23, SLOTS = 2, ROUNDS = 3, ALL = TARGETS * SLOTS * ROUNDS };

struct plan {
	struct target_list targets;
	struct schedule s;
};

static struct addr target_no(unsigned i)
{
	uint8_t b[4] = {192, 0, 2, (uint8_t)i};

	return addr_v4(b);
}

static int make_plan(void **state)
{
	static struct plan p;

	memset(&p, 0, sizeof(p));
	for (unsigned i = 0; i < TARGETS; i++)
		assert_int_equal(target_add(&p.targets, &(struct target){.addr = target_no(i)}, NULL), 1);
	p.s = (struct schedule){.targets = TARGETS, .rounds = ROUNDS, .n_slots = SLOTS};
	assert_int_equal(schedule_init(&p.s, 11), 0);
	*state = &p;
	return hash_init();
}

static int free_plan(void **state)
{
	target_list_free(&((struct plan *)*state)->targets);
	return 0;
}

static struct record row_at(const struct plan *p, uint64_t index, enum outcome outcome)
{
	struct schedule_item it = schedule_at(&p->s, index);

	return (struct record){
		.target = p->targets.v[it.target].addr,
		.probe = it.slot ? PROBE_ICMP : PROBE_DNS,
		.question = it.slot ? QUESTION_NONE : QUESTION_ID_SERVER,
		.seq = it.seq,
		.round = it.round,
		.attempt = 1,
		.outcome = outcome,
	};
}

static void places_are_found_again(void **state)
{
	const struct plan *p = *state;

	for (uint64_t i = 0; i < ALL; i++) {
		struct schedule_item it = schedule_at(&p->s, i);

		assert_int_equal(schedule_index(&p->s, it.seq, it.target), i);
	}
}

static void goes_on_behind_the_last_row(void **state)
{
	const struct plan *p = *state;

	for (uint64_t n = 0; n <= ALL; n++) {
		struct past past = past_of(&p->s, &p->targets);

		for (uint64_t i = 0; i < n; i++) {
			struct record r = row_at(p, i, OUTCOME_REPLY);

			assert_int_equal(past_row(&past, &r), 0);
		}
		past_end(&past);
		assert_int_equal(past.first, n);
		assert_int_equal(past.rows, n);
		assert_int_equal(past.outcome[OUTCOME_REPLY], n);
		assert_int_equal(past.n_retries, 0);
		past_free(&past);
	}
}

/* Timeouts of dns are asked again once; icmp never; what was asked again already is done. */
static void what_was_not_asked_again(void **state)
{
	const struct plan *p = *state;
	struct past past = past_of(&p->s, &p->targets);
	size_t left = 0;

	for (uint64_t i = 0; i < ALL; i++) {
		struct record r = row_at(p, i, OUTCOME_TIMEOUT);

		assert_int_equal(past_row(&past, &r), 0);
		if (r.probe != PROBE_DNS || i % 3 == 0) {
			left += r.probe == PROBE_DNS;
			continue;
		}
		r.attempt = 2;
		r.question = QUESTION_IN_SOA;
		assert_int_equal(past_row(&past, &r), 0);
	}
	past_end(&past);
	assert_int_equal(past.first, ALL);
	assert_int_equal(past.n_retries, left);
	for (size_t i = 0; i < past.n_retries; i++) {
		uint64_t at = schedule_index(&p->s, past.retries[i].seq, past.retries[i].target);

		assert_int_equal(at % 3, 0);
		assert_int_equal(schedule_at(&p->s, at).slot, 0);
	}
	past_free(&past);
}

static void rows_of_another_run(void **state)
{
	const struct plan *p = *state;
	struct past past = past_of(&p->s, &p->targets);
	struct record r = row_at(p, 0, OUTCOME_REPLY);

	r.target = target_no(200);
	assert_int_equal(past_row(&past, &r), ERR_RANGE);
	r = row_at(p, 0, OUTCOME_REPLY);
	r.seq = SLOTS * ROUNDS;
	assert_int_equal(past_row(&past, &r), ERR_RANGE);
	past_free(&past);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(places_are_found_again, make_plan, free_plan),
		cmocka_unit_test_setup_teardown(goes_on_behind_the_last_row, make_plan, free_plan),
		cmocka_unit_test_setup_teardown(what_was_not_asked_again, make_plan, free_plan),
		cmocka_unit_test_setup_teardown(rows_of_another_run, make_plan, free_plan),
	};

	return cmocka_run_group_tests_name("engine/past", tests, NULL, NULL);
}
