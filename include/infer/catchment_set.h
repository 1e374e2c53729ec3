/* A catchment.csv in memory, with what sites.csv says of its sites: for comparing. Texts are numbers of one struct intern that
 * the sets to be compared share, so that equal names are equal numbers; 0 is the empty text. */
#ifndef INFER_CATCHMENT_SET_H
#define INFER_CATCHMENT_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/err.h"
#include "base/intern.h"
#include "data/catchment.h"

#define CATCHMENT_NONE UINT32_MAX

/* A vantage point at a target. */
struct catchment_vp {
	uint32_t target, site; /* into the set's arrays; site: CATCHMENT_NONE unless state is VP_SITE */
	uint32_t vp, country, identity, rtt_probe; /* names */
	uint32_t asn;                              /* 0: unknown */
	uint32_t flips, chances, answered, received;
	uint32_t line;    /* in the file */
	float lat, lon;   /* degrees; NAN: unknown */
	float site_share; /* NAN: unknown */
	enum vp_state state;
	double weight;                     /* above 0 */
	int64_t rtt_min_ns, rtt_median_ns; /* -1: none */
};

struct catchment_site {
	uint32_t target, key, city, country, identities; /* all but `target` are names */
	enum site_method method;
	double lat, lon, radius_km; /* NAN: unknown */
};

struct catchment_target {
	struct addr addr;
	uint32_t service; /* name, the empty one for none */
	size_t first_row, n_rows, first_site, n_sites;
	struct wall first, last; /* of all its rows; 0: unknown */
	double probed_s; /* seconds from first to last probe, summed over the rows that had a chance to flip */
	uint64_t chances; /* of those */
};

struct catchment_set {
	char *path, *folder; /* folder: of the run, NULL for a file by itself */
	struct intern *names;
	struct catchment_target *targets; /* by address */
	struct catchment_site *sites;     /* by target, then key */
	struct catchment_vp *rows;        /* by target, then vp */
	size_t n_targets, cap_targets, n_sites, cap_sites, n_rows, cap_rows;
};

/* Reads a run's folder, or a catchment.csv (with the sites.csv beside it). ERR_PARSE names file and line: of a bad row, or of the
 * second of two for one vantage point at one target. Free in any case. */
int catchment_set_read(struct catchment_set *s, struct intern *names, const char *path, struct err_msg *why);
/* The same of a run whose catchment.csv and sites.csv are in another folder; it keeps the run's name. */
int catchment_set_read_beside(struct catchment_set *s, struct intern *names, const char *run,
	const char *inferred, struct err_msg *why);
/* Moves its texts into other names, so that sets read apart can be compared. ERR_NOMEM leaves it fit only to be freed. */
int catchment_set_rename(struct catchment_set *s, struct intern *names);
/* The same of open files, which it closes; sites may be NULL. */
int catchment_set_read_from(struct catchment_set *s, struct intern *names, struct csv *catchment,
	struct csv *sites, struct err_msg *why);
void catchment_set_free(struct catchment_set *s);

/* The address's number in the set, or CATCHMENT_NONE. */
uint32_t catchment_set_target(const struct catchment_set *s, const struct addr *a);
/* What the set calls a name. */
const char *catchment_set_name(const struct catchment_set *s, uint32_t name);

#endif
