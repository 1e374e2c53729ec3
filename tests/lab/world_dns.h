/* The world's name servers: what a query asks, the answer, and the ways to spoil it. */
#ifndef LAB_WORLD_DNS_H
#define LAB_WORLD_DNS_H

#include "base/hash.h"
#include "base/wire.h"
#include "proto/dns.h"
#include "world_model.h"

enum { WORLD_DNS_PORT = 53, WORLD_COOKIE_LEN = 24 };

struct world_dns_asked {
	struct dns_reply query; /* views into the probe */
	bool is_chaos, has_server_cookie;
	uint8_t cookie[WORLD_COOKIE_LEN]; /* what the answer carries, if the query had one */
};

/* ERR_PARSE when the bytes are no query. */
int world_dns_read(struct world_dns_asked *a, const struct hash_key *key, const uint8_t *bytes, size_t n,
	const struct world_flow *flow);

struct world_dns_answer {
	const char *identity;
	bool is_resolver; /* not authoritative, offers recursion: what sits on a path mostly is */
	uint8_t hostile;  /* 0 honest, else a kind of world_hostile_parse */
	double draw;      /* chance for what is hostile by chance */
	unsigned copy;    /* 0, then up to world_dns_copies */
	uint8_t rcode;    /* with it, and without a record; 0: as it is */
	uint16_t header;  /* 1 + RECORD_AA, RECORD_RA; 0: as it is */
	bool no_nsid;
	struct addr from; /* hostile answers may change both */
	uint16_t src_port;
};

/* The number of a kind of hostile answer (README.md lists them), or -1. */
int world_hostile_parse(const char *name);
/* What an honest prober makes of it: the state of its VP in a catchment. */
const char *world_hostile_state(unsigned hostile);

unsigned world_dns_copies(const struct world_dns_answer *a);
/* The UDP datagram, its checksum empty; `out` starts with it. */
void world_dns_put(struct wire_out *out, uint16_t dst_port, const struct world_dns_asked *asked,
	struct world_dns_answer *a);

#endif
