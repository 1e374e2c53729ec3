#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/pool.h"

enum { BLOCKS = 5000 };

/* Blocks given back in another order come again; none is handed out twice. */
static void blocks_come_and_go(void **state)
{
	struct pool p = {.size = 40};
	static unsigned char *block[BLOCKS];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			block[i] = pool_take(&p);
			assert_non_null(block[i]);
			assert_int_equal((uintptr_t)block[i] % sizeof(void *), 0);
			memset(block[i], (int)(i % 251), p.size);
		}
		for (size_t i = 0; i < BLOCKS; i++)
			for (size_t k = 0; k < p.size; k++)
				assert_int_equal(block[i][k], i % 251);
		for (size_t i = 0; i < BLOCKS; i++)
			pool_give(&p, block[i * 7 % BLOCKS]);
	}
	pool_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
