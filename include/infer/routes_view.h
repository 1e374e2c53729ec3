/* One address in the routing tables: its longest prefix, who originates it, and the paths of all peers as a tree from the origin
 * outwards. A table does not tell a transit provider from a peer: both are neighbours. */
#ifndef INFER_ROUTES_VIEW_H
#define INFER_ROUTES_VIEW_H

#include "base/clock.h"
#include "infer/routes.h"

/* Peers of collectors; those whose table is full once more. */
struct routes_count {
	uint32_t peers, full;
};

/* An AS in the tree. In the array an AS stands in front of those behind it, the larger ones first. */
struct routes_node {
	uint32_t hop;
	uint32_t parent;             /* in the array; ROUTES_NONE: an origin */
	uint32_t depth;              /* 0: an origin, 1: its neighbour */
	struct routes_count through; /* peers with a path through it, each counted once */
	uint32_t ends;               /* of them, those whose path begins here */
};

/* Paths of one length, prepends not counted: with 1 the peer is the origin itself. */
struct routes_length {
	uint32_t ases, paths;
};

struct routes_view {
	const struct routes *r;
	const struct routes_target *target;
	const struct routes_prefix *match; /* NULL: no route */
	struct routes_count seen, of;      /* peers with a path to it; peers with any prefix of its family */
	struct routes_node *nodes;
	size_t n_nodes, cap_nodes;
	struct routes_length *lengths; /* shortest first */
	size_t n_lengths, cap_lengths;
	uint32_t n_origins, n_neighbours; /* distinct */
	uint32_t prepended;               /* paths with prepends */
	uint32_t many_paths;              /* peers with more than one path (additional paths) */
	struct wall first, last;          /* of the prefixes in the tables of its family; 0: no table */
};

/* After routes_finish. ERR_NOMEM; free in any case. */
int routes_view(struct routes_view *v, const struct routes *r, const struct routes_target *t);
void routes_view_free(struct routes_view *v);

/* The AS of the path that the origin hears from; ROUTES_NONE when the peer is the origin. */
uint32_t routes_neighbour(const struct route *p);
/* Distinct origins of a prefix, and the peers that have it. */
uint32_t routes_origins(const struct routes_prefix *p);
struct routes_count routes_seen(const struct routes *r, const struct routes_prefix *p);

#endif
