/* Probe types as a table of pure functions: how a probe is formed, whether a packet has to do with one, what
 *a reply says.
 *
 * A probe's proof is its cookie, 64 bits of a keyed hash. It never touches a field that routers hash on: a
 *flow is a constant of (kind, flow number), so that ECMP keeps all probes of one flow on one path (Paris
 *traceroute, IMC 2006).
 *
 *	dns   id and 0x20 letter case from the cookie; the EDNS client cookie is constant per target (RFC 7873
 *binds a server's cookie to it) icmp  sequence number and the first 8 payload bytes; a payload word keeps the
 *checksum constant tcp   the sequence number of the SYN, echoed as ack - 1
 *
 * The low 16 bits of the cookie are also the IPv4 identification: an ICMP error quotes at least the IP header
 *and 8 bytes. */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/record.h"
#include "proto/dns.h"
#include "proto/ip.h"

enum { PROBE_L4_MAX = 256, PROBE_HEAD = 8 };

/* One probe to form or to check a reply against. */
struct probe_spec {
	enum probe_kind kind;
	enum question question; /* dns only */
	struct addr src, dst;
	uint16_t flow_port; /* UDP and TCP source port, ICMP id and checksum: the flow's constant */
	uint16_t dst_port;  /* 0 for icmp */
	uint64_t cookie;
	uint8_t dns_cookie[DNS_COOKIE_MAX]; /* EDNS COOKIE to send; client part first */
	size_t dns_cookie_len;              /* 0: none */
	const char *contact;                /* in ICMP payloads; "" for none */
};

/* The flow constants of a run: source ports (and ICMP ids) base .. base + n - 1. */
struct probe_flows {
	uint16_t base, n;
};

enum probe_sighting {
	PROBE_UNRELATED, /* not of our flows at all */
	PROBE_SENT,      /* a copy of a probe on its way out */
	PROBE_REPLY,     /* may answer a probe */
	PROBE_QUOTED     /* an ICMP error about a probe */
};

/* What to look a probe up by. */
struct probe_key {
	struct addr target;
	enum probe_kind kind;
	uint16_t flow_port;
	uint32_t token; /* probe_token() of the probe's cookie */
};

struct probe_sight {
	enum probe_sighting what;
	struct probe_key key;
	const uint8_t *head;          /* PROBE_HEAD bytes of the probe's l4 as sent (SENT, QUOTED) */
	uint8_t icmp_type, icmp_code; /* QUOTED */
};

/* Why a reply is bad: the value of `bad=` in a row's `extra`. */
enum probe_fault {
	PROBE_FINE,
	PROBE_SHORT,       /* fewer bytes than the protocol needs, or cut off */
	PROBE_MALFORMED,   /* it stops making sense inside */
	PROBE_PORT,        /* not from the port asked */
	PROBE_NO_RESPONSE, /* the query bit: our own bytes came back */
	PROBE_NO_QUESTION, /* no question to check the letter case by */
	PROBE_QUESTION,    /* another question */
	PROBE_CASE,        /* another letter case */
	PROBE_COOKIE,      /* another EDNS client cookie, or another ICMP payload */
	PROBE_FRAGMENT     /* the first piece of a larger datagram */
};
const char *probe_fault_name(enum probe_fault f);

struct probe_answer {
	enum outcome outcome; /* OUTCOME_REPLY, OUTCOME_RST or OUTCOME_BAD_REPLY */
	enum probe_fault fault;
	int16_t rcode;     /* -1: none; dns only, as all below */
	uint8_t dns_flags; /* RECORD_* */
	int32_t edns_size; /* -1: no OPT */
	uint8_t edns_rcode;
	struct bytes nsid;   /* views into the packet */
	struct dns_span txt; /* rdata of the first TXT */
	unsigned txt_records;
	struct bytes server_cookie; /* the whole COOKIE, client part first; n = 0: none or not ours */
};

struct probe_type {
	enum probe_kind kind;
	uint8_t ip_proto[2]; /* for IPv4, IPv6 */
	size_t header_len;   /* l4 bytes that the template holds */
	size_t checksum_at;  /* offset of the checksum in l4 */
	bool fixed_checksum; /* the payload is solved for the checksum that the template holds */
	/* Patches the l4 header that the template put there and appends the payload; the length, or 0 if it
	 * does not fit into PROBE_L4_MAX. The checksum is the caller's, unless fixed. */
	size_t (*form)(const struct probe_spec *s, uint8_t l4[static PROBE_L4_MAX]);
	/* Is this packet (or quoted head of one) of our flows? `quoted`: only PROBE_HEAD bytes are sure. */
	bool (*sight)(const struct packet *p, const struct probe_flows *flows, bool quoted,
		struct probe_sight *out);
	void (*read)(const struct probe_spec *s, const struct packet *p, struct probe_answer *out);
	/* The other way round from form: the cookie, question and EDNS cookie of a probe that was captured on
	 * its way out. */
	bool (*recover)(const struct packet *p, struct probe_spec *out);
};

extern const struct probe_type *const probe_types[PROBE_KINDS];

/* The part of a cookie that a reply shows outright. */
uint32_t probe_token(enum probe_kind kind, uint64_t cookie);

/* What a captured packet has to do with our probes. */
struct probe_sight probe_look(const struct packet *p, const struct probe_flows *flows);

#endif
