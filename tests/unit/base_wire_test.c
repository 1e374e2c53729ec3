#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "guard.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void reads_in_order(void **state)
{
	struct wire w = wire_over(bytes, sizeof(bytes)), sub;

	(void)state;
	assert_int_equal(wire_u8(&w), 1);
	assert_int_equal(wire_u16(&w), 0x0203);
	assert_int_equal(wire_u32(&w), 0x04050607);
	sub = wire_sub(&w, 8);
	assert_int_equal(wire_left(&w), 0);
	assert_false(w.bad);
	assert_int_equal(wire_u64(&sub), 0x08090a0b0c0d0e0f);
	assert_int_equal(wire_left(&sub), 0);
	assert_false(sub.bad);
}

/* At every length: one read past the end, and nothing but zeros from there on. */
static void short_at_every_length(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		struct wire w = wire_over(guard_place(&g, bytes, n), n), sub;
		uint64_t first = wire_u64(&w), second = 0;

		second = wire_u32(&w);
		second = second << 16 | wire_u16(&w);
		second = second << 8 | wire_u8(&w);
		assert_true(w.bad);
		assert_int_equal(first, n < 8 ? 0 : 0x0102030405060708);
		assert_int_equal(second & 0xff, 0);
		assert_int_equal(wire_left(&w), 0);
		assert_null(wire_take(&w, 0));
		sub = wire_sub(&w, 0);
		assert_true(sub.bad);
		assert_int_equal(wire_u8(&sub), 0);
		wire_skip(&w, SIZE_MAX);
		assert_true(w.bad && w.pos <= w.len);
	}
	guard_free(&g);
}

static void a_size_that_wraps(void **state)
{
	struct wire w = wire_over(bytes, sizeof(bytes));

	(void)state;
	wire_skip(&w, 1);
	assert_null(wire_take(&w, SIZE_MAX));
	assert_true(w.bad);
}

static void writes(void **state)
{
	uint8_t out[15];
	struct wire_out w = wire_into(out, sizeof(out));

	(void)state;
	wire_put_u8(&w, 1);
	wire_put_u16(&w, 0x0203);
	wire_put_u32(&w, 0x04050607);
	wire_put_u64(&w, 0x08090a0b0c0d0e0f);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(out));
	assert_memory_equal(out, bytes, sizeof(out));
	wire_put(&w, NULL, 0);
	assert_false(w.bad);
	wire_put_u8(&w, 1);
	assert_true(w.bad);
	assert_int_equal(w.len, sizeof(out));
}

/* What does not fit is left out whole, and so is all that follows. */
static void a_full_writer_stays_full(void **state)
{
	for (size_t cap = 0; cap < 8; cap++) {
		uint8_t out[9] = {[8] = 0xee};
		struct wire_out w = wire_into(out + 8 - cap, cap);

		(void)state;
		wire_put_u64(&w, UINT64_MAX);
		wire_put_u8(&w, 1);
		assert_true(w.bad);
		assert_int_equal(w.len, 0);
		assert_int_equal(out[8], 0xee);
	}
}

static void bare_bytes(void **state)
{
	uint8_t out[8];

	(void)state;
	wire_set16(out, 0xfffe);
	assert_int_equal(wire_get16(out), 0xfffe);
	wire_set32(out, 0xfffefdfc);
	assert_int_equal(wire_get32(out), 0xfffefdfc);
	wire_set64(out, 0xfffefdfcfbfaf9f8);
	assert_int_equal(wire_get64(out), 0xfffefdfcfbfaf9f8);
	assert_int_equal(out[0], 0xff);
	assert_int_equal(out[7], 0xf8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_order),
		cmocka_unit_test(short_at_every_length),
		cmocka_unit_test(a_size_that_wraps),
		cmocka_unit_test(writes),
		cmocka_unit_test(a_full_writer_stays_full),
		cmocka_unit_test(bare_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
