#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "scratch.h"

/* The first vectors of the reference: key 00..0f, message 00, 01, ... of n bytes, read as little endian. */
static void siphash_vectors(void **state)
{
	static const uint64_t expected[] = {0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
		0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce,
		0xab0200f58b01d137};
	struct hash_key key;
	uint8_t message[8];

	(void)state;
	assert_int_equal(hash_init(), 0);
	for (uint8_t i = 0; i < 16; i++)
		key.b[i] = i;
	for (uint8_t i = 0; i < 8; i++) {
		message[i] = i;
		assert_int_equal(hash_sip(&key, message, i), expected[i]);
	}
}

static void keys(void **state)
{
	struct hash_key a = hash_key_random(), b = hash_key_random(), c = hash_key_seeded(7),
			d = hash_key_seeded(7), e = hash_key_seeded(8);

	(void)state;
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_memory_equal(&c, &d, sizeof(c));
	assert_memory_not_equal(&c, &e, sizeof(c));
	assert_int_not_equal(hash_random_u64(), hash_random_u64());
}

/* Neighbours must not share their low bits, by which tables are looked up. */
static void mix_spreads(void **state)
{
	unsigned char seen[1 << 12] = {0};
	size_t different = 0;

	(void)state;
	for (uint64_t v = 0; v < sizeof(seen); v++) {
		size_t at = (size_t)hash_mix(v << 20) % sizeof(seen);

		different += !seen[at];
		seen[at] = 1;
	}
	assert_true(different > sizeof(seen) / 2);
}

static void sha256_of_files(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} cases[] = {
		{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	char hex[HASH_SHA256_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *bytes = malloc(cases[i].n + 1);

		assert_non_null(bytes);
		memset(bytes, 'a', cases[i].n);
		scratch_write("f", bytes, cases[i].n);
		assert_int_equal(hash_file_sha256("f", hex, &why), 0);
		assert_string_equal(hex, cases[i].hex);
		free(bytes);
	}
	assert_int_equal(hash_file_sha256("none", hex, &why), ERR_IO);
	assert_non_null(strstr(why.text, "none: "));
	assert_int_equal(hash_file_sha256(".", hex, &why), ERR_IO);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(hash_file_sha256("pipe", hex, &why), ERR_IO);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(keys),
		cmocka_unit_test(mix_spreads),
		cmocka_unit_test(sha256_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
