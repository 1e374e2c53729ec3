/* DNS messages (RFC 1035) with EDNS (RFC 6891): one question out, one reply in. Names of other than the
 * question are skipped, never expanded, so a compression loop costs nothing. */
#ifndef PROTO_DNS_H
#define PROTO_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"

enum { DNS_TYPE_NS = 2, DNS_TYPE_SOA = 6, DNS_TYPE_TXT = 16, DNS_TYPE_OPT = 41 };
enum { DNS_CLASS_IN = 1, DNS_CLASS_CH = 3 };
enum {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5
};
enum { DNS_NAME_MAX = 255 };
enum {
	DNS_COOKIE_CLIENT = 8,
	DNS_COOKIE_MAX = 40
}; /* RFC 7873: 8 of the client, then 8 to 32 of the server */

struct dns_query {
	uint16_t id;
	const char *name; /* "id.server"; "." is the root; labels of ASCII only */
	uint16_t type, class;
	bool recursion_desired;
	uint64_t case_bits;    /* bit i turns the i-th letter of the name upper case (0x20) */
	uint16_t edns_size;    /* UDP size offered; 0: no OPT at all */
	bool nsid;             /* ask for NSID (RFC 5001) */
	const uint8_t *cookie; /* COOKIE option, or NULL */
	size_t cookie_len;
};

/* Sets `bad` in `w` when it does not fit or the name is no name. */
void dns_query_write(struct wire_out *w, const struct dns_query *q);

struct dns_span {
	const uint8_t *p; /* NULL: absent; empty is not absent */
	size_t n;
};

struct dns_reply {
	uint16_t id;
	bool response, authoritative, truncated, recursion_desired, recursion_available, authentic;
	uint8_t opcode, rcode; /* rcode: the header's four bits */
	bool has_question;
	struct dns_span question; /* name as sent (uncompressed wire form), NULL if absent or compressed */
	uint16_t question_type, question_class;
	struct dns_span txt;  /* rdata of the first TXT answer: <character-string>s as they are */
	unsigned txt_records; /* TXT records in the answer section */
	bool has_edns;
	uint16_t edns_size;
	uint8_t edns_rcode; /* upper eight bits of the extended rcode */
	struct dns_span nsid, cookie;
	bool malformed; /* the header was there; what follows stops making sense: all before it is kept */
};

/* 0, or ERR_PARSE when there are not even 12 bytes. */
int dns_parse(const uint8_t *bytes, size_t len, struct dns_reply *out);

/* The character-strings of a TXT rdata joined into out[cap]; returns the length, cut at cap. */
size_t dns_txt_join(struct dns_span rdata, uint8_t *out, size_t cap);

/* The letter case of a name in wire form, as case_bits gives it. */
uint64_t dns_case_bits(struct dns_span name);

/* Is the reply's question this query's: same type, class and name; `exact` says whether the letter case
 * agrees too. */
bool dns_question_matches(const struct dns_reply *r, const struct dns_query *q, bool *exact);

#endif
