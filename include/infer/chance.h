/* Random numbers that come out the same for the same seed, and coins and draws made of them: xoshiro256** (Blackman and
 * Vigna, 2018), seeded by splitmix64. For statistics; nothing here is secret. */
#ifndef INFER_CHANCE_H
#define INFER_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state[4];
};

struct chance chance_seeded(uint64_t seed);
uint64_t chance_u64(struct chance *c);
/* 0 .. n - 1, each as likely (to 2^-32); n > 0. */
uint32_t chance_below(struct chance *c, uint32_t n);
/* Heads of n fair coins. */
size_t chance_heads(struct chance *c, size_t n);
/* Successes of n trials that succeed with probability k/total, k <= total: exact to 2^-53 a trial, at the price of about n/32
 * numbers. */
size_t chance_successes(struct chance *c, size_t n, size_t k, size_t total);

#endif
