/* Routing tables as MRT has them: TABLE_DUMP_V2 and TABLE_DUMP (RFC 6396, unicast), with additional paths (RFC 8050), and the
 * BGP4MP_ENTRY of OpenBGPD's table-mp. A parser as callbacks, which knows nothing of its users; whatever it hands out points
 * into the bytes it was given. What is no routing table (updates, multicast, other address families) is passed over and counted.
 *
 *	struct mrt m = {.sink = &sink, .arg = me};
 *	while ((n = read more behind what is left)) {
 *		used = mrt_walk(&m, bytes, n, &why);
 *		keep bytes[used..n]
 *	}
 *	mrt_end(&m, what is left, &why);
 */
#ifndef PROTO_MRT_H
#define PROTO_MRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/wire.h"

/* No record of a table is that long: a greater length is no length. */
enum { MRT_RECORD_MAX = 1 << 24, MRT_VIEW_MAX = 255 };

struct mrt_peer {
	struct addr addr; /* none: not a BGP session (BIRD writes its own routes so, with AS 0) */
	uint32_t asn;
};

/* A PEER_INDEX_TABLE: the peers that the entries behind it name by number. */
struct mrt_peers {
	struct addr collector; /* BGP identifier */
	const char *view;      /* view_n bytes */
	size_t view_n;
	uint16_t n;
	uint32_t time_s; /* of the record, since 1970 */
	struct wire rest;
};
/* The next one, n times. */
struct mrt_peer mrt_peer_next(struct mrt_peers *p);

/* One path of one peer to a prefix. */
struct mrt_entry {
	bool has_peer;        /* the record names its peer itself: no number */
	struct mrt_peer peer; /* if so */
	uint16_t peer_index;  /* if not: below the number of peers in force */
	uint32_t path_id;     /* 0: none */
	struct addr next_hop; /* none: among the attributes */
	uint8_t as_bytes;     /* width of an AS number in the path: 2 or 4 */
	const uint8_t *bytes; /* BGP attributes, n bytes */
	size_t n;
};

/* Each may return a negative `enum err`, which ends the walk. */
struct mrt_sink {
	int (*peers)(void *arg, const struct mrt_peers *p);
	/* The entries that follow are of this prefix. */
	int (*prefix)(void *arg, const struct addr_prefix *p, uint32_t time_s);
	int (*entry)(void *arg, const struct mrt_entry *e);
	/* A record that is not what it should be, at this byte of the file: what is left of it is passed over. */
	void (*bad)(void *arg, uint64_t offset, const char *what);
};

struct mrt {
	const struct mrt_sink *sink;
	void *arg;
	uint64_t offset;  /* of the next record, in the plain bytes of the file */
	uint32_t peers;   /* in force */
	uint64_t tables;  /* records of routing tables */
	uint64_t other;   /* well-known records of something else */
	uint64_t unknown; /* records of types that nobody has defined */
	uint64_t bad;
};

/* Takes all whole records at the beginning of these bytes: how many bytes they had, at most n. ERR_PARSE with the offset when
 * there is no record at it; or what a callback returned. */
ssize_t mrt_walk(struct mrt *m, const void *bytes, size_t n, struct err_msg *why);
/* Bytes that mrt_walk wants to see at once before it can go on from these; they hold no whole record. */
size_t mrt_wants(const void *bytes, size_t n);
/* The file ends behind these bytes, which mrt_walk did not take. ERR_PARTIAL with the offset when they are a piece of a record,
 * ERR_PARSE when there was not one record of a table. */
int mrt_end(const struct mrt *m, size_t n, struct err_msg *why);

/* --- what an entry says --- */

enum mrt_origin { MRT_IGP, MRT_EGP, MRT_INCOMPLETE, MRT_NO_ORIGIN };

/* An AS_PATH, with what AS4_PATH says of it where AS numbers had 2 bytes (RFC 6793). */
struct mrt_path {
	struct wire now, then; /* segments; then: of AS4_PATH, behind those that are taken of AS_PATH */
	uint32_t take;         /* of AS_PATH's elements */
	uint8_t as_bytes, left, type; /* left: AS numbers of the segment begun */
};

struct mrt_attributes {
	enum mrt_origin origin;
	struct addr next_hop; /* the global one; none: not said */
	struct mrt_path path; /* in its initial state: copy it to walk it again */
};
/* ERR_PARSE: they are not well formed. */
int mrt_attributes(const struct mrt_entry *e, struct mrt_attributes *out);

enum mrt_hop_type { MRT_AS_SET = 1, MRT_AS = 2, MRT_CONFED_AS = 3, MRT_CONFED_SET = 4 };
/* One element of a path: an AS, or a set of them. */
struct mrt_hop {
	enum mrt_hop_type type;
	uint8_t n; /* AS numbers in it: 1 unless it is a set */
	uint8_t as_bytes;
	const uint8_t *p;
};
bool mrt_hop_next(struct mrt_path *p, struct mrt_hop *out);
uint32_t mrt_hop_asn(const struct mrt_hop *h, uint8_t i);

#endif
