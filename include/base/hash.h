/* Keyed and plain hashes from libsodium; SHA-256 from nettle, which has it six times as fast where the processor helps. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct hash_key {
	uint8_t b[16];
};

/* Call once before any other use of this module; ERR_IO if the system gives no random bytes. */
int hash_init(void);
/* A fresh random key from the kernel. */
struct hash_key hash_key_random(void);
/* A key that depends on nothing but `seed`, for orders that must repeat. */
struct hash_key hash_key_seeded(uint64_t seed);
uint64_t hash_random_u64(void);

/* SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits. */
uint64_t hash_sip(const struct hash_key *key, const void *bytes, size_t n);

/* For tables whose keys are already random-looking: one multiply and a fold. */
uint64_t hash_mix(uint64_t v);

#define HASH_SHA256_TEXT_LEN 65
/* SHA-256 as lower-case hex, of bytes or of a file. ERR_IO for what is no regular file: of a pipe somebody else has read what was
 * in it, or nobody writes to it. */
void hash_sha256(const void *bytes, size_t n, char out[static HASH_SHA256_TEXT_LEN]);
int hash_file_sha256(const char *path, char out[static HASH_SHA256_TEXT_LEN], struct err_msg *why);

#endif
