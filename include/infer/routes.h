/* What routing tables say of some addresses, gathered while the tables stream by: memory grows with the targets and the peers,
 * not with the tables. Knows nothing of the form that tables have in files.
 *
 * A table is what one collector says of one address family; of several dumps of it the newest counts, and of two of one second
 * the one that came last. */
#ifndef INFER_ROUTES_H
#define INFER_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/intern.h"

#define ROUTES_NONE UINT32_MAX
enum { ROUTES_SPECIFICS_MAX = 64, ROUTES_TABLES_MAX = 4096, ROUTES_PEERS_MAX = 65536 };

struct routes_peer {
	struct addr addr; /* none: the collector itself, whose own routes are left out */
	uint32_t asn;
	uint32_t prefixes;
	uint64_t counted; /* last prefix that was counted */
	bool full;        /* after routes_finish: has at least 80 % of the prefixes of the largest peer */
};

struct routes_table {
	uint32_t file;         /* number of routes_file's path */
	struct addr collector; /* BGP identifier; none: not said */
	char *view;
	uint8_t family;
	uint32_t time_s, first_s,
		last_s; /* of the table of peers; of the first and last prefix. Seconds since 1970 */
	uint64_t prefixes;
	struct routes_peer *peers;
	size_t n_peers, cap_peers;
};

/* One path of one peer. */
struct route {
	uint32_t table, peer, path_id;
	struct addr next_hop;
	uint32_t *
		hops; /* numbers for routes_hop_asns, from the peer to the origin, prepends collapsed; at least one */
	uint32_t n_hops;
	uint32_t length; /* with prepends */
};

struct routes_prefix {
	struct addr_prefix prefix;
	struct route *v; /* after routes_finish by table, peer, path_id */
	size_t n, cap;
};

struct routes_specific {
	struct addr_prefix prefix;
	const struct routes_table *table; /* that had it first */
};

struct routes_target {
	struct addr addr;
	const char *service;            /* the caller's */
	size_t order;                   /* as added, from 0 */
	struct routes_prefix *covering; /* after routes_finish the longest first, each with a route */
	size_t n_covering, cap_covering;
	/* Prefixes beside the address that share most bits with it; `lost`: so many bits are shared by one that found no place. */
	struct routes_specific specifics[ROUTES_SPECIFICS_MAX];
	size_t n_specifics;
	int lost;
};

struct routes {
	struct routes_target *targets; /* after routes_begin by address */
	size_t n_targets, cap_targets;
	struct routes_table *tables;
	size_t n_tables, cap_tables;
	char **files;
	size_t n_files, cap_files;
	struct intern hops;
	uint64_t superseded; /* dumps that a newer one of the same table made worthless */

	/* While reading. */
	struct routes_table coming;  /* table of peers in force, of no family yet */
	struct routes_table *now[2]; /* IPv4, IPv6; NULL: passed over */
	bool chosen[2];
	struct routes_table *table; /* of the current prefix */
	struct addr_prefix prefix;
	uint64_t serial;
	size_t named;                /* peer that was named last */
	size_t cover_from, cover_to; /* targets inside the current prefix */
};

/* Targets first. `service` may be "" and must stay. */
int routes_add_target(struct routes *r, const struct addr *a, const char *service);
void routes_begin(struct routes *r);

/* A file begins: there is no table of peers yet, so that entries name their peers themselves. */
int routes_file(struct routes *r, const char *path);
/* A table of peers begins, each of which then comes by routes_peer. */
int routes_peers(
	struct routes *r, const struct addr *collector, const char *view, size_t view_n, uint32_t time_s);
int routes_peer(struct routes *r, const struct addr *addr, uint32_t asn);
/* The entries that come next are of this prefix. */
int routes_at(struct routes *r, const struct addr_prefix *p, uint32_t time_s);
/* The number of a peer that an entry names itself. ERR_RANGE past ROUTES_PEERS_MAX. */
int64_t routes_peer_named(struct routes *r, const struct addr *addr, uint32_t asn);
/* An entry of this peer: counts it. Whether its path is wanted, by routes_add. */
bool routes_entry(struct routes *r, uint32_t peer);
/* hops may hold each AS as often as it was prepended; none: the peer's own AS is the origin. */
int routes_add(struct routes *r, uint32_t peer, uint32_t path_id, const struct addr *next_hop,
	const uint32_t *hops, size_t n_hops);
/* The number of an AS (n = 1) or of a set of them. Negative without memory. */
int64_t routes_hop(struct routes *r, const uint32_t *asns, size_t n);

/* After the last file. */
void routes_finish(struct routes *r);
/* The AS numbers of a hop, and how many: more than one is a set. */
size_t routes_hop_size(const struct routes *r, uint32_t hop);
uint32_t routes_hop_asn(const struct routes *r, uint32_t hop, size_t i);
const struct routes_peer *routes_peer_of(const struct routes *r, const struct route *v);
void routes_free(struct routes *r);

#endif
