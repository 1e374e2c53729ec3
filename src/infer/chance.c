#include "infer/chance.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t rotate(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

struct chance chance_seeded(uint64_t seed)
{
	struct chance c;

	for (size_t i = 0; i < 4; i++)
		c.state[i] = splitmix(&seed);
	return c;
}

uint64_t chance_u64(struct chance *c)
{
	uint64_t *s = c->state, out = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return out;
}

uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)(((chance_u64(c) >> 32) * n) >> 32);
}

/* Bits that are set: pairs, fours and bytes are summed up side by side. */
static size_t ones_of(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (size_t)(v * UINT64_C(0x0101010101010101) >> 56);
}

size_t chance_heads(struct chance *c, size_t n)
{
	size_t heads = 0;

	for (; n >= 64; n -= 64)
		heads += ones_of(chance_u64(c));
	if (n > 0)
		heads += ones_of(chance_u64(c) >> (64 - n));
	return heads;
}

/* Each trial draws a number below 1 and succeeds when it is below p. All are drawn at once, bit by bit from the first: half of
 * those still equal to p so far differ from its next bit, and are decided. */
size_t chance_successes(struct chance *c, size_t n, size_t k, size_t total)
{
	double p = total ? (double)k / (double)total : 0;
	size_t successes = 0;

	if (k >= total)
		return n;
	while (n > 0 && p > 0) {
		size_t ones = chance_heads(c, n);

		p *= 2;
		if (p >= 1) {
			successes += n - ones;
			n = ones;
			p -= 1;
		} else {
			n -= ones;
		}
	}
	return successes;
}
