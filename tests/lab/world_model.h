/* The lab's tier 1 as data: who is where, who is served by which site, and what goes wrong on the way. Read from two
 * CSVs (README.md has their columns); pure otherwise, and the same for the same files, seed and epoch. */
#ifndef LAB_WORLD_MODEL_H
#define LAB_WORLD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"

enum { WORLD_MAX = 65535, WORLD_SPLIT_MAX = 16 };

struct world_place {
	char id[64];
	double lat_deg, lon_deg;
	char city[64], country[3];
};

struct world_vp {
	struct world_place place;
	uint32_t asn;
	struct addr addrs[2]; /* IPv4, IPv6; either may be none */
	int64_t last_mile_ns;
};

struct world_site {
	struct world_place place;
	char identity[128]; /* bytes, NUL-ended */
};

struct world_target {
	struct addr addr;
	char service[64];
};

/* What goes wrong between a VP and a target; all zero: nothing. No padding: troubles are compared as bytes. */
struct world_trouble {
	int64_t jitter_ns, extra_ns, flip_ns, intercept_ns;
	uint32_t loss_ppm, churn_ppm; /* of packets; of ASes */
	uint16_t other;               /* the site that a flip or churn leads to, counted from 1 */
	uint16_t chaos_limit;         /* CHAOS answers a second without a server cookie; 0: no limit */
	uint16_t silent;              /* set of 1 << enum probe_kind that is never answered */
	uint8_t hostile;              /* of world_hostile_parse; 0: none */
	uint8_t error;                /* index of world_errors; 0: none */
	uint16_t ttl;                 /* with which DNS answers arrive; 0: by the way's length */
	uint16_t rcode;               /* of DNS answers, without a record; 0: as it is */
	uint16_t header;              /* of DNS answers: 1 + RECORD_AA, RECORD_RA; 0: as it is */
	uint16_t no_nsid;             /* 1: DNS answers lack the option */
	char intercept[128];          /* the identity of another operator's answer; "" none */
	char identity[128];           /* in place of the site's own; "" none */
	char chaos[128];              /* in place of that, in answers to CHAOS questions; "" none */
};
#define WORLD_PPM 1e6

struct world_error {
	const char *name;
	struct {
		uint8_t type, code;
	} v4, v6;
};
extern const struct world_error world_errors[];

/* The sites of a pair: more than one are equal paths, among which a flow chooses. */
struct world_split {
	uint16_t n, sites[WORLD_SPLIT_MAX];
};

struct world_pair {
	uint16_t split;   /* index; 0: not served */
	uint16_t trouble; /* index; 0: none */
	uint32_t packets; /* seen so far */
	int32_t chaos_second;
	uint16_t chaos_answers; /* in that second */
};

struct world_options {
	uint64_t seed;
	uint32_t epoch;   /* the run's number: 0 is as the file says, others have their churn */
	double inflation; /* of path over great circle, >= 1 */
};

struct world {
	struct world_options options;
	struct hash_key key;
	struct {
		struct world_vp *v;
		size_t n, cap;
	} vps;
	struct {
		struct world_site *v;
		size_t n, cap;
	} sites;
	struct {
		struct world_target *v;
		size_t n, cap;
	} targets;
	struct {
		struct world_trouble *v;
		size_t n, cap;
	} troubles;
	struct {
		struct world_split *v;
		size_t n, cap;
	} splits;
	struct {
		struct world_pair *v; /* [target * vps.n + vp] */
		size_t n, cap;
	} pairs;
	int64_t *delays_ns; /* [vp * sites.n + site]: there and back */
	uint32_t *book;     /* addresses, open addressing; 0: empty */
	size_t book_mask;
};

/* Reads both files. Errors name file, line and what was expected. */
int world_read(struct world *w, const char *places, const char *served, const struct world_options *o,
	struct err_msg *why);
void world_free(struct world *w);

/* The index of the VP or target with this address, or -1. */
int world_vp_find(const struct world *w, const struct addr *a);
int world_target_find(const struct world *w, const struct addr *a);
/* Enters one address of a VP (0 IPv4, 1 IPv6) or a target's into the book; false when it is there already. */
bool world_vp_enter(struct world *w, size_t vp, size_t which);
bool world_target_enter(struct world *w, size_t target);
/* The site with the id of these n letters, or -1. */
int world_site_find(const struct world *w, const char *id, size_t n);
struct world_pair *world_pair_at(const struct world *w, size_t vp, size_t target);

/* The header fields that routers hash on; ICMP: id and checksum in place of ports. */
struct world_flow {
	struct addr vp, target;
	uint8_t proto;
	uint16_t a, b;
};

/* The site that answers this flow, `t_ns` after the world's first packet; -1: not served. */
int world_site_of(
	const struct world *w, const struct world_pair *p, const struct world_flow *f, int64_t t_ns);
/* Great circle at 200 km/ms each way, times inflation, plus the VP's last mile: without jitter. */
int64_t world_delay_ns(const struct world *w, size_t vp, size_t site);
double world_distance_km(const struct world_place *a, const struct world_place *b);
/* A number in [0, 1) that depends on the seed, the pair, n and salt only. */
double world_draw(const struct world *w, const struct world_pair *p, uint32_t n, uint32_t salt);

#endif
