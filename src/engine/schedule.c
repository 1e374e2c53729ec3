#include "engine/schedule.h"

#include "base/err.h"

enum { ROUNDS = 4 };
#define MIN_TICK_NS (200 * NS_PER_US)
#define MAX_TICK_NS (50 * NS_PER_MS)
#define CATCH_UP 0.25 /* of the rate, on top of it */

int schedule_init(struct schedule *s, uint64_t seed)
{
	struct hash_key key = hash_key_seeded(seed);

	if (s->targets == 0 || s->n_slots == 0 || s->rounds == 0 ||
		(uint64_t)s->n_slots * s->rounds > UINT32_MAX)
		return ERR_RANGE;
	s->key = hash_sip(&key, &seed, sizeof(seed));
	s->half_bits = 1;
	while (UINT64_C(1) << (2 * s->half_bits) < s->targets)
		s->half_bits++;
	return 0;
}

uint64_t schedule_length(const struct schedule *s)
{
	return (uint64_t)s->targets * s->n_slots * s->rounds;
}

/* No secret depends on it: the order is only to look like none. */
static uint32_t mixed(const struct schedule *s, uint32_t half, uint32_t round)
{
	return (uint32_t)hash_mix(hash_mix(s->key ^ ((uint64_t)round << 32 | half)));
}

static uint32_t feistel(const struct schedule *s, uint32_t v)
{
	uint32_t mask = (UINT32_C(1) << s->half_bits) - 1;
	uint32_t left = v >> s->half_bits, right = v & mask;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t next = left ^ (mixed(s, right, i) & mask);

		left = right;
		right = next;
	}
	return left << s->half_bits | right;
}

static uint32_t feistel_back(const struct schedule *s, uint32_t v)
{
	uint32_t mask = (UINT32_C(1) << s->half_bits) - 1;
	uint32_t left = v >> s->half_bits, right = v & mask;

	for (uint32_t i = ROUNDS; i-- > 0;) {
		uint32_t last = right ^ (mixed(s, left, i) & mask);

		right = left;
		left = last;
	}
	return left << s->half_bits | right;
}

uint32_t schedule_permute(const struct schedule *s, uint32_t i)
{
	/* The network permutes a power of four >= targets; walking its cycle back into range keeps it a
	 * permutation. */
	do {
		i = feistel(s, i);
	} while (i >= s->targets);
	return i;
}

struct schedule_item schedule_at(const struct schedule *s, uint64_t index)
{
	uint32_t pass = (uint32_t)(index / s->targets);

	return (struct schedule_item){
		.target = schedule_permute(s, (uint32_t)(index % s->targets)),
		.round = pass / s->n_slots,
		.slot = pass % s->n_slots,
		.seq = pass,
	};
}

uint64_t schedule_index(const struct schedule *s, uint32_t seq, uint32_t target)
{
	do {
		target = feistel_back(s, target);
	} while (target >= s->targets);
	return (uint64_t)seq * s->targets + target;
}

void pace_start(struct pace *p, double rate_pps, struct mono now)
{
	*p = (struct pace){.rate_pps = rate_pps, .credit = 1, .last = now};
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

unsigned pace_allow(struct pace *p, struct mono now)
{
	double due = (double)(now.ns - p->last.ns) * p->rate_pps / 1e9;
	double made_up = least(p->owed, due * CATCH_UP);

	p->last = now;
	p->owed -= made_up;
	p->credit += due + made_up;
	if (p->credit > PACE_BURST) {
		p->owed += p->credit - PACE_BURST;
		p->credit = PACE_BURST;
	}
	if (p->owed > p->rate_pps) {
		p->forgone += p->owed - p->rate_pps;
		p->owed = p->rate_pps;
	}
	return p->credit < 0 ? 0 : (unsigned)p->credit;
}

void pace_spend(struct pace *p, unsigned packets)
{
	p->credit -= packets;
}

void pace_idle(struct pace *p, struct mono now)
{
	p->last = now;
	p->credit = least(p->credit, 1);
	p->owed = 0;
}

int64_t pace_tick_ns(const struct pace *p)
{
	int64_t gap = (int64_t)(1e9 / p->rate_pps);

	return gap < MIN_TICK_NS ? MIN_TICK_NS : gap > MAX_TICK_NS ? MAX_TICK_NS : gap;
}
