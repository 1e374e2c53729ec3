#include "infer/gather_feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Of the first and the last eight bytes. Loads of a constant size are one instruction each, not a call of memcpy. */
static size_t quick_hash(const uint8_t *p, size_t n)
{
	uint64_t v = n >= 8   ? load(p, 8) ^ load(p + n - 8, 8) << 7
		     : n >= 4 ? load(p, 4) << 32 | load(p + n - 4, 4)
			      : load(p, n);

	/* Its upper half would hardly reach the bits that are taken. */
	return (size_t)(hash_mix(v ^ v >> 32 ^ n) % GATHER_RECENT);
}

/* A pair of places for each hash, the one met last in front: two names that alternate do not drive out each other. */
static int64_t number_of(struct gather_names *names, const void *bytes, size_t n)
{
	uint32_t *slot = &names->recent[quick_hash(bytes, n) & ~(size_t)1];
	int64_t number;

	for (size_t i = 0; i < 2 && slot[i]; i++) {
		size_t len;
		const uint8_t *have = intern_at(&names->all, slot[i] - 1, &len);

		if (len == n && memcmp(have, bytes, n) == 0)
			return slot[i] - 1;
	}
	number = intern_put(&names->all, bytes, n);
	if (number >= 0) {
		slot[1] = slot[0];
		slot[0] = (uint32_t)number + 1;
	}
	return number;
}

/* Length and bytes of NSID, the question, TXT. */
static int64_t number_of_identity(struct gather_feed *f, const struct record *r)
{
	uint8_t key[2 + 2 * GATHER_IDENTITY_MAX];
	size_t nsid = r->nsid.n < GATHER_IDENTITY_MAX ? r->nsid.n : GATHER_IDENTITY_MAX;
	size_t txt = r->txt.n < GATHER_IDENTITY_MAX ? r->txt.n : GATHER_IDENTITY_MAX;
	int64_t number;

	if (nsid + txt == 0 || r->outcome != OUTCOME_REPLY)
		return 0;
	key[0] = (uint8_t)nsid;
	key[1] = (uint8_t)(txt ? r->question : QUESTION_NONE);
	if (nsid)
		memcpy(key + 2, r->nsid.p, nsid);
	if (txt)
		memcpy(key + 2 + nsid, r->txt.p, txt);
	number = number_of(&f->identities, key, 2 + nsid + txt);
	return number < 0 ? number : number + 1;
}

static struct sample sample_of(const struct record *r)
{
	bool none = r->rtt_ns < 0 || (uint64_t)r->rtt_ns >= SAMPLE_NO_RTT;
	int64_t s = r->tx_time.ns / NS_PER_S;

	return (struct sample){
		.round = r->round,
		.seq = r->seq,
		.time_s = s > 0 && s < UINT32_MAX ? (uint32_t)s : 0,
		.rtt_ns = (none ? SAMPLE_NO_RTT : (uint64_t)r->rtt_ns) & SAMPLE_NO_RTT,
		.flow = r->flow,
		.outcome = (uint64_t)r->outcome & 15,
		.probe = (uint64_t)r->probe & 3,
		.attempt = (uint64_t)r->attempt & 3,
	};
}

int gather_feed_row(struct gather_feed *f, const struct record *r)
{
	struct sample s = sample_of(r);
	int64_t vp = number_of(&f->vps, r->vp, strlen(r->vp));
	int64_t target = number_of(&f->targets, &r->target, sizeof(r->target));
	int64_t identity = number_of_identity(f, r);

	if (vp < 0 || target < 0 || identity < 0)
		return ERR_NOMEM;
	s.vp = (uint32_t)vp;
	s.target = (uint32_t)target;
	s.identity = (uint32_t)identity;
	f->v[f->n++] = s;
	return f->n == GATHER_FEED;
}

void gather_feed_free(struct gather_feed *f)
{
	if (!f)
		return;
	intern_free(&f->vps.all);
	intern_free(&f->targets.all);
	intern_free(&f->identities.all);
	free(f->vp_of.v);
	free(f->target_of.v);
	free(f->identity_of.v);
	free(f);
}
