#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct hash_key) == crypto_shorthash_KEYBYTES, "SipHash key size");

int hash_init(void)
{
	return sodium_init() < 0 ? ERR_IO : 0;
}

struct hash_key hash_key_random(void)
{
	struct hash_key k;

	randombytes_buf(k.b, sizeof(k.b));
	return k;
}

struct hash_key hash_key_seeded(uint64_t seed)
{
	struct hash_key k = {{0}};

	memcpy(k.b, &seed, sizeof(seed));
	memcpy(k.b + sizeof(seed), "catchmap", 8);
	return k;
}

uint64_t hash_random_u64(void)
{
	uint64_t v;

	randombytes_buf(&v, sizeof(v));
	return v;
}

uint64_t hash_sip(const struct hash_key *key, const void *bytes, size_t n)
{
	uint64_t v;
	unsigned char out[crypto_shorthash_BYTES];

	(void)crypto_shorthash(out, bytes, n, key->b);
	memcpy(&v, out, sizeof(v));
	return v;
}

uint64_t hash_mix(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	return v ^ v >> 32;
}

static void finish(struct sha256_ctx *st, char out[static HASH_SHA256_TEXT_LEN])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(st, sizeof(digest), digest);
	(void)sodium_bin2hex(out, HASH_SHA256_TEXT_LEN, digest, sizeof(digest));
}

void hash_sha256(const void *bytes, size_t n, char out[static HASH_SHA256_TEXT_LEN])
{
	struct sha256_ctx st;

	sha256_init(&st);
	sha256_update(&st, n, bytes);
	finish(&st, out);
}

int hash_file_sha256(const char *path, char out[static HASH_SHA256_TEXT_LEN], struct err_msg *why)
{
	uint8_t buf[65536];
	struct sha256_ctx st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	struct stat about;
	ssize_t n;

	if (fd < 0)
		return err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
		(void)close(fd);
		return err_set(why, ERR_IO, "%s: not a file that can be read twice", path);
	}
	sha256_init(&st);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = err_set(why, ERR_IO, "%s: read failed: %s", path, strerror(errno));
			break;
		}
		sha256_update(&st, (size_t)n, buf);
	}
	(void)close(fd);
	finish(&st, out);
	return rc;
}
