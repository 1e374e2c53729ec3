/* IP addresses and prefixes of both families as small values. The zero value is "no address". */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	uint8_t family; /* 0 none, 4 or 6 (the IP version, not AF_*) */
	uint8_t b[16];  /* network order; IPv4 in the first four, the rest 0 */
};

struct addr_prefix {
	struct addr addr; /* host bits zero */
	uint8_t len;      /* bits */
};

#define ADDR_TEXT_LEN 46
#define ADDR_PREFIX_TEXT_LEN (ADDR_TEXT_LEN + 4)

/* Strict: the whole text is one address; no brackets, no zone, no leading zeros in IPv4. ERR_PARSE otherwise.
 */
int addr_parse(const char *text, struct addr *out);
/* RFC 5952 form; "" for no address. Returns `out`. */
char *addr_text(const struct addr *a, char out[static ADDR_TEXT_LEN]);
/* "192.0.2.0/24", or a bare address as a /32 or /128. Host bits that are set: ERR_PARSE. */
int addr_prefix_parse(const char *text, struct addr_prefix *out);
char *addr_prefix_text(const struct addr_prefix *p, char out[static ADDR_PREFIX_TEXT_LEN]);

struct addr addr_v4(const uint8_t b[static 4]);
struct addr addr_v6(const uint8_t b[static 16]);
size_t addr_len(const struct addr *a); /* 4, 16, or 0 */
int addr_af(const struct addr *a);     /* AF_INET, AF_INET6 or AF_UNSPEC */
bool addr_equal(const struct addr *a, const struct addr *b);
/* Order: none, then IPv4, then IPv6, each by its bytes. */
int addr_compare(const struct addr *a, const struct addr *b);
bool addr_in(const struct addr *a, const struct addr_prefix *p);
/* Not to be probed: unspecified, multicast, limited broadcast, or an IPv4-mapped IPv6 address. */
bool addr_is_unusable(const struct addr *a);
bool addr_is_loopback(const struct addr *a);

/* To and from sockets; port in host order. Returns the length of the filled sockaddr. */
socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ss);
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *out);

#endif
