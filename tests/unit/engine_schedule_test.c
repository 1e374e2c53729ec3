#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "engine/schedule.h"

static struct schedule schedule_of(uint32_t targets, uint32_t rounds, uint32_t n_slots, uint64_t seed)
{
	struct schedule s = {.targets = targets, .rounds = rounds, .n_slots = n_slots};

	assert_int_equal(schedule_init(&s, seed), 0);
	return s;
}

static void every_target_once_a_pass(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256,
		257, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 262144, 300000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (uint64_t seed = 0; seed < 3; seed++) {
			struct schedule s = schedule_of(sizes[i], 1, 1, seed);
			uint8_t *seen = calloc(sizes[i], 1);

			assert_non_null(seen);
			for (uint32_t k = 0; k < sizes[i]; k++) {
				uint32_t at = schedule_permute(&s, k);

				assert_true(at < sizes[i]);
				assert_int_equal(seen[at]++, 0);
			}
			free(seen);
		}
}

/* The largest list there can be: indices come out in range, and those of neighbours differ. */
static void the_largest_list(void **state)
{
	struct schedule s = schedule_of(UINT32_MAX - 1, 1, 1, 3);

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t a = schedule_permute(&s, i), b = schedule_permute(&s, UINT32_MAX - 2 - i);

		assert_true(a < UINT32_MAX - 1 && b < UINT32_MAX - 1);
		assert_int_not_equal(a, b);
	}
	assert_int_equal(schedule_length(&s), UINT32_MAX - 1);
}

static void the_seed_is_the_order(void **state)
{
	struct schedule a = schedule_of(5000, 1, 1, 42), b = schedule_of(5000, 1, 1, 42),
			c = schedule_of(5000, 1, 1, 43);
	uint32_t other = 0, in_place = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(schedule_permute(&a, i), schedule_permute(&b, i));
		other += schedule_permute(&a, i) != schedule_permute(&c, i);
		in_place += schedule_permute(&a, i) == i;
	}
	assert_true(other > 4900);
	assert_true(in_place < 50);
}

/* Neighbours in the list, often of one network, are not probed one after another. */
static void neighbours_are_spread(void **state)
{
	struct schedule s = schedule_of(10000, 1, 1, 9);
	uint32_t close = 0, last = schedule_permute(&s, 0);

	(void)state;
	for (uint32_t i = 1; i < 10000; i++) {
		uint32_t at = schedule_permute(&s, i);

		close += (at > last ? at - last : last - at) < 256;
		last = at;
	}
	/* By chance about 5 % lie within 256 of their predecessor. */
	assert_true(close < 1000);
}

static void passes_slots_rounds_and_seqs(void **state)
{
	enum { TARGETS = 10, ROUNDS = 4, SLOTS = 3 };
	struct schedule s = schedule_of(TARGETS, ROUNDS, SLOTS, 5);
	bool seen[TARGETS][ROUNDS * SLOTS] = {{false}};

	(void)state;
	assert_int_equal(schedule_length(&s), TARGETS * ROUNDS * SLOTS);
	for (uint64_t i = 0; i < schedule_length(&s); i++) {
		struct schedule_item it = schedule_at(&s, i);

		assert_int_equal(it.round, i / (TARGETS * SLOTS));
		assert_int_equal(it.slot, i / TARGETS % SLOTS);
		assert_int_equal(it.seq, it.round * SLOTS + it.slot);
		assert_int_equal(it.target, schedule_permute(&s, (uint32_t)(i % TARGETS)));
		assert_false(seen[it.target][it.seq]);
		seen[it.target][it.seq] = true;
	}
}

static void what_cannot_be_scheduled(void **state)
{
	static const struct {
		uint32_t targets, rounds, slots;
		int rc;
	} cases[] = {
		{0, 1, 1, ERR_RANGE},
		{1, 0, 1, ERR_RANGE},
		{1, 1, 0, ERR_RANGE},
		{1, UINT32_MAX, 2, ERR_RANGE},
		{1, UINT32_MAX, 1, 0},
		{1, UINT32_MAX / 3, 3, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule s = {
			.targets = cases[i].targets, .rounds = cases[i].rounds, .n_slots = cases[i].slots};

		assert_int_equal(schedule_init(&s, 1), cases[i].rc);
	}
}

/* The last item of the longest schedule still has its own seq. */
static void long_schedules(void **state)
{
	struct schedule s = schedule_of(4000000, UINT32_MAX / 3, 3, 1);
	struct schedule_item last = schedule_at(&s, schedule_length(&s) - 1);

	(void)state;
	assert_int_equal(last.round, UINT32_MAX / 3 - 1);
	assert_int_equal(last.slot, 2);
	assert_int_equal(last.seq, UINT32_MAX / 3 * 3 - 1);
}

/* --- pace --- */

/* Looks at the clock every step_ns and sends all that is allowed; what was sent in `for_ns`. */
static uint64_t run_pace(struct pace *p, struct mono *now, int64_t step_ns, int64_t for_ns)
{
	uint64_t sent = 0;

	for (int64_t end = now->ns + for_ns; now->ns < end;) {
		unsigned allow;

		now->ns += step_ns;
		allow = pace_allow(p, *now);
		assert_true(allow <= PACE_BURST);
		pace_spend(p, allow);
		sent += allow;
	}
	return sent;
}

static void the_rate_is_kept(void **state)
{
	static const struct {
		double rate_pps;
		int64_t step_ns;
	} cases[] = {{0.5, 50 * NS_PER_MS}, {100, 10 * NS_PER_MS}, {3, 7 * NS_PER_MS},
		{5000, 200 * NS_PER_US}, {5000, 3333 * NS_PER_US}, {123456.7, 200 * NS_PER_US},
		{500000, 200 * NS_PER_US}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mono start = {5 * NS_PER_S}, now = start;
		struct pace p;
		double sent, due;

		pace_start(&p, cases[i].rate_pps, now);
		sent = (double)run_pace(&p, &now, cases[i].step_ns, 20 * NS_PER_S);
		due = cases[i].rate_pps * (double)(now.ns - start.ns) / 1e9;
		assert_true(sent >= due - 1 && sent <= due + 2);
		assert_true(p.forgone == 0);
	}
}

/* Half a second's stall at 10,000/s: one burst at once, the rest at a quarter above the rate, and nothing is lost. */
static void a_short_stall_is_made_up_for(void **state)
{
	struct mono now = {0};
	struct pace p;
	uint64_t sent;

	(void)state;
	pace_start(&p, 10000, now);
	pace_spend(&p, pace_allow(&p, now));
	now.ns += NS_PER_S / 2;
	assert_int_equal(pace_allow(&p, now), PACE_BURST);
	pace_spend(&p, PACE_BURST);
	assert_int_equal(pace_allow(&p, now), 0);
	sent = run_pace(&p, &now, 200 * NS_PER_US, NS_PER_S);
	assert_true(sent >= 12499 && sent <= 12501);
	sent = PACE_BURST + sent + run_pace(&p, &now, 200 * NS_PER_US, 8 * NS_PER_S + NS_PER_S / 2);
	assert_true(sent >= 99998 && sent <= 100001);
	assert_true(p.forgone == 0);
}

/* Of a stall of three seconds, one second is made up for; the rest is counted and never sent. */
static void a_long_stall_is_forgone(void **state)
{
	struct mono now = {0};
	struct pace p;
	uint64_t sent;

	(void)state;
	pace_start(&p, 10000, now);
	pace_spend(&p, pace_allow(&p, now));
	now.ns += 3 * NS_PER_S;
	assert_int_equal(pace_allow(&p, now), PACE_BURST);
	pace_spend(&p, PACE_BURST);
	assert_true(p.forgone > 20000 - PACE_BURST - 1 && p.forgone < 20000 - PACE_BURST + 1);
	sent = run_pace(&p, &now, 200 * NS_PER_US, 20 * NS_PER_S);
	assert_true(sent >= 209998 && sent <= 210001);
}

/* Without anything to send, credit neither grows nor counts as lost. */
static void idle_time_is_not_lost(void **state)
{
	struct mono now = {0};
	struct pace p;

	(void)state;
	pace_start(&p, 1000, now);
	for (int i = 0; i < 1000; i++) {
		now.ns += 10 * NS_PER_MS;
		assert_true(pace_allow(&p, now) <= 11);
		pace_idle(&p, now);
	}
	assert_true(p.forgone == 0);
	assert_int_equal(pace_allow(&p, now), 1);
}

static void the_first_packet_need_not_wait(void **state)
{
	struct pace p;

	(void)state;
	pace_start(&p, 0.001, (struct mono){NS_PER_S});
	assert_int_equal(pace_allow(&p, (struct mono){NS_PER_S}), 1);
	pace_spend(&p, 1);
	assert_int_equal(pace_allow(&p, (struct mono){900 * NS_PER_S}), 0);
	assert_int_equal(pace_allow(&p, (struct mono){1002 * NS_PER_S}), 1);
}

static void ticks(void **state)
{
	static const struct {
		double rate_pps;
		int64_t tick_ns;
	} cases[] = {{0.001, 50 * NS_PER_MS}, {20, 50 * NS_PER_MS}, {100, 10 * NS_PER_MS},
		{5000, 200 * NS_PER_US}, {1e7, 200 * NS_PER_US}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace p;

		pace_start(&p, cases[i].rate_pps, (struct mono){0});
		assert_int_equal(pace_tick_ns(&p), cases[i].tick_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_target_once_a_pass),
		cmocka_unit_test(the_largest_list),
		cmocka_unit_test(the_seed_is_the_order),
		cmocka_unit_test(neighbours_are_spread),
		cmocka_unit_test(passes_slots_rounds_and_seqs),
		cmocka_unit_test(what_cannot_be_scheduled),
		cmocka_unit_test(long_schedules),
		cmocka_unit_test(the_rate_is_kept),
		cmocka_unit_test(a_short_stall_is_made_up_for),
		cmocka_unit_test(a_long_stall_is_forgone),
		cmocka_unit_test(idle_time_is_not_lost),
		cmocka_unit_test(the_first_packet_need_not_wait),
		cmocka_unit_test(ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
