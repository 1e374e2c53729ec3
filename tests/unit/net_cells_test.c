#include "net/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dice.h"

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void cut(struct cells *c, const char *prefix)
{
	struct addr_prefix p;

	assert_int_equal(addr_prefix_parse(prefix, &p), 0);
	cells_cut(c, &p);
}

static uint32_t *note(struct cells *c, const char *text)
{
	struct addr a = address(text);

	return cells_note(c, &a);
}

/* A more specific route lies in the middle of a less specific one: three cells. */
static void test_more_specific(void **state)
{
	struct cells c = {0};

	(void)state;
	cut(&c, "0.0.0.0/0");
	cut(&c, "192.0.2.0/24");
	cut(&c, "192.0.2.64/26");
	cut(&c, "192.0.2.64/26");
	cells_ready(&c);
	assert_int_equal(c.n, 5);
	assert_ptr_equal(note(&c, "192.0.2.0"), note(&c, "192.0.2.63"));
	assert_ptr_equal(note(&c, "192.0.2.64"), note(&c, "192.0.2.127"));
	assert_ptr_not_equal(note(&c, "192.0.2.63"), note(&c, "192.0.2.64"));
	assert_ptr_not_equal(note(&c, "192.0.2.127"), note(&c, "192.0.2.128"));
	assert_ptr_not_equal(note(&c, "192.0.2.0"), note(&c, "192.0.2.128"));
	assert_ptr_not_equal(note(&c, "192.0.1.255"), note(&c, "192.0.3.0"));
	assert_null(note(&c, "2001:db8::1"));
	cells_free(&c);
}

/* The last prefix of a family has no end; the families do not run into one another. */
static void test_ends(void **state)
{
	struct cells c = {0};

	(void)state;
	cut(&c, "255.255.255.255");
	cut(&c, "ffff::/16");
	cells_ready(&c);
	assert_int_equal(c.n, 2);
	assert_null(note(&c, "255.255.255.254"));
	assert_non_null(note(&c, "255.255.255.255"));
	assert_null(note(&c, "::1"));
	assert_non_null(note(&c, "ffff::1"));
	cells_free(&c);
}

/* Two addresses share a cell only when every prefix holds both or neither. */
static void test_against_prefixes(void **state)
{
	enum { PREFIXES = 40, PAIRS = 20000 };
	struct addr_prefix p[PREFIXES];
	struct cells c = {0};
	struct dice d = dice_of(7);

	(void)state;
	cut(&c, "0.0.0.0/0");
	for (size_t i = 0; i < PREFIXES; i++) {
		uint32_t len = 22 + (uint32_t)dice(&d, 11), host = len == 32 ? 0 : UINT32_MAX >> len;
		uint32_t v = (UINT32_C(0xc0000000) | (uint32_t)dice(&d, 4096)) & ~host;
		uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

		p[i] = (struct addr_prefix){.addr = addr_v4(b), .len = (uint8_t)len};
		cells_cut(&c, &p[i]);
	}
	cells_ready(&c);
	for (size_t i = 0; i < PAIRS; i++) {
		uint32_t x = (uint32_t)dice(&d, 4096), y = (uint32_t)dice(&d, 4096);
		struct addr a = addr_v4((uint8_t[4]){0xc0, 0, (uint8_t)(x >> 8), (uint8_t)x});
		struct addr b = addr_v4((uint8_t[4]){0xc0, 0, (uint8_t)(y >> 8), (uint8_t)y});

		if (cells_note(&c, &a) != cells_note(&c, &b))
			continue;
		for (size_t k = 0; k < PREFIXES; k++)
			assert_int_equal(addr_in(&a, &p[k]), addr_in(&b, &p[k]));
	}
	cells_free(&c);
}

static void test_full(void **state)
{
	struct cells c = {0};

	(void)state;
	for (uint32_t i = 0; i < CELLS_MAX; i++) {
		struct addr_prefix p = {
			.addr = {.family = 4, .b = {198, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
			.len = 32};

		cells_cut(&c, &p);
	}
	assert_true(c.full);
	cells_empty(&c);
	assert_false(c.full);
	cells_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_specific),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_against_prefixes),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
