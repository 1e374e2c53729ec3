/* Probes under way, from the moment they are formed until their row is written. Pure: no I/O, no clock of its
 * own.
 *
 * A ring in the order of sending: the timeout is one constant, so the oldest probe always expires first.
 * Beside it a hash table by what a reply shows (target, kind, flow, token); probes that share all of these
 * are told apart by their proof. The ring's size is fixed at the start: rate x (timeout + linger). */
#ifndef ENGINE_FLIGHT_H
#define ENGINE_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/pool.h"
#include "data/record.h"
#include "probe/probe.h"

enum { FLIGHT_TEXT_MAX = 1024 }; /* bytes kept of one identity */

/* What only some replies have: identities, a sender other than the target. */
struct flight_detail {
	struct addr from;
	uint16_t nsid_n, txt_n, extra_n;
	bool large;      /* which pool it came from */
	uint8_t bytes[]; /* nsid, txt, extra, one after another */
};

struct flight_probe {
	uint64_t cookie, client_cookie;
	struct mono sent_at;
	struct wall tx_user, tx_kernel, rx; /* just before the send; the kernel's copy; the first reply */
	uint8_t head[PROBE_HEAD];           /* of its l4, as sent */
	struct flight_detail *detail;
	uint32_t target, seq;
	uint32_t chain;   /* of its hash */
	uint32_t checked; /* the count of clock checks when rx was taken */
	uint16_t flow_port, dst_port, src, replies, edns_size, rx_ifindex; /* src: the engine's number */
	struct addr addr; /* the target's: nearer than its list */
	uint8_t flow, kind, question, attempt;
	uint8_t outcome, fault; /* enum outcome, enum probe_fault */
	uint8_t reply_ttl, icmp_type, icmp_code, rcode, edns_rcode, dns_flags;
	uint8_t send_errno;
	bool has_cookie, has_rcode, has_edns, timed_out, stepped, retried;
	bool by_socket; /* rx is no stamp of the packet itself */
};

#define FLIGHT_NONE UINT32_MAX

struct flight {
	struct flight_probe *ring;
	uint32_t *chains; /* the newest of each; FLIGHT_NONE: empty */
	uint32_t *next; /* by id: the next older one of its chain. Apart: a walk does not meet cold probes */
	uint32_t mask;  /* ring size - 1; a power of two, also the number of chains */
	uint64_t head, due, tail; /* next to add; next to time out; oldest kept */
	struct hash_key key;
	struct pool small, large;
};

/* `capacity` probes at once, rounded up. */
int flight_init(struct flight *f, size_t capacity);
void flight_free(struct flight *f);
bool flight_full(const struct flight *f);
bool flight_empty(const struct flight *f);

/* A new probe, zeroed but for what `p` sets, that is found by its target, kind, flow_port and cookie from now
 * on. Its id stays good until it is dropped. The flight must not be full. */
uint32_t flight_add(struct flight *f, const struct flight_probe *p);
struct flight_probe *flight_at(struct flight *f, uint32_t id);
/* When it was sent, by the best clock that saw it. */
struct wall flight_sent(const struct flight_probe *p);
/* The first probe (after = FLIGHT_NONE) or the next one that a reply with this key may be for; FLIGHT_NONE at
 * the end. */
uint32_t flight_find(const struct flight *f, const struct probe_key *key, uint32_t after);

/* The oldest probe that was sent at or before `limit` and is not yet marked timed out / not yet dropped;
 * FLIGHT_NONE. */
uint32_t flight_due(struct flight *f, struct mono limit);
uint32_t flight_oldest(struct flight *f, struct mono limit);
void flight_drop_oldest(struct flight *f);

/* Keeps the identities of the answer that counts, in place of those of an earlier one; what `extra` holds stays.
 * Each is cut at FLIGHT_TEXT_MAX. Returns the probe's detail; NULL without memory: the row then lacks them. */
struct flight_detail *flight_keep(
	struct flight *f, struct flight_probe *p, struct bytes nsid, struct bytes txt);
/* Appends to `extra`. What would make it longer than FLIGHT_TEXT_MAX is left out: the first strange answers
 * say enough. */
void flight_append(struct flight *f, struct flight_probe *p, struct bytes text);
/* What is kept, as views until the next change; n = 0: nothing. */
struct bytes flight_nsid(const struct flight_probe *p);
struct bytes flight_txt(const struct flight_probe *p);
struct bytes flight_extra(const struct flight_probe *p);

/* The clock was stepped since check number `since`: no probe whose reply is missing or was stamped after it
 * has an RTT. */
void flight_step(struct flight *f, uint32_t since);

#endif
