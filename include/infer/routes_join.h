/* What vantage points measured, beside what routing tables say: each vantage point's AS looked up among the paths to the same
 * address, and which neighbour of the origin so leads to which site. An AS may have many exits, of which a path is one. */
#ifndef INFER_ROUTES_JOIN_H
#define INFER_ROUTES_JOIN_H

#include "infer/catchment_set.h"
#include "infer/routes_view.h"

/* A vantage point with a site, or without a path. */
struct routes_vp {
	uint32_t row;       /* of the set */
	uint32_t route;     /* of the match; ROUTES_NONE: its AS is on no path */
	uint32_t at;        /* hop of the path that is its AS */
	uint32_t neighbour; /* ROUTES_NONE: none, or it is in the origin's own AS */
	bool is_peer;    /* the path is one that a router of its AS gave the collector, not one through it */
	bool has_others; /* other paths from this AS pass another neighbour */
};

/* Vantage points behind one neighbour that one site serves. */
struct routes_cell {
	uint32_t neighbour, site; /* hop, or ROUTES_NONE: the origin's own AS; number in the set */
	uint32_t vps;
};

struct routes_join {
	const struct catchment_set *set;
	struct routes_vp *vps; /* those in state site, in the set's order */
	size_t n_vps;
	struct routes_cell *cells; /* by neighbour, most vantage points first */
	size_t n_cells, cap_cells;
	size_t n_joined, n_unknown_as; /* with a path; without an AS number */
	double apart_h; /* hours between the tables and the measurement, 0 where they overlap; NAN: a time is unknown */
};

/* Where the view has no match, or the set no vantage point with a site at its target, n_vps is 0. ERR_NOMEM; free in any case. */
int routes_join(struct routes_join *j, const struct routes_view *view, const struct catchment_set *set);
void routes_join_free(struct routes_join *j);

/* What sites.csv of a run's folder says of the target: SITES_NONE when there is no such file, or nothing about it. */
int routes_verdict(
	const char *folder, const struct addr *target, enum site_verdict *out, struct err_msg *why);

#endif
