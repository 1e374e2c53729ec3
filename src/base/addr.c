#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct addr addr_v4(const uint8_t b[static 4])
{
	struct addr a = {.family = 4};

	memcpy(a.b, b, 4);
	return a;
}

struct addr addr_v6(const uint8_t b[static 16])
{
	struct addr a = {.family = 6};

	memcpy(a.b, b, 16);
	return a;
}

size_t addr_len(const struct addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

int addr_af(const struct addr *a)
{
	return a->family == 4 ? AF_INET : a->family == 6 ? AF_INET6 : AF_UNSPEC;
}

static unsigned digit_at(const char *p)
{
	return (unsigned)(unsigned char)*p - '0';
}

/* "192.0.2.1", with neither leading zeros nor anything behind: a tenth of inet_pton's time. */
static bool parse_v4(const char *p, uint8_t b[static 4])
{
	for (size_t i = 0; i < 4; i++) {
		unsigned v = digit_at(p++);

		if (v > 9)
			return false;
		for (int more = 0; more < 2 && v > 0 && digit_at(p) <= 9; more++)
			v = v * 10 + digit_at(p++);
		if (v > 255 || *p++ != (i < 3 ? '.' : '\0'))
			return false;
		b[i] = (uint8_t)v;
	}
	return true;
}

int addr_parse(const char *text, struct addr *out)
{
	uint8_t b[16];

	if (parse_v4(text, b)) {
		*out = addr_v4(b);
		return 0;
	}
	if (inet_pton(AF_INET6, text, b) == 1) {
		*out = addr_v6(b);
		return 0;
	}
	return ERR_PARSE;
}

/* Three addresses stand in every row, and inet_ntop prints by sprintf: 0.2 us for IPv4, 1 us for IPv6. */
static char *put_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *put_dotted(char *p, const uint8_t b[static 4])
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = put_decimal(p, b[i]);
	}
	return p;
}

static char *put_group(char *p, unsigned v)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		if (v >> shift || shift == 0)
			*p++ = "0123456789abcdef"[v >> shift & 15];
	return p;
}

/* The first of the longest runs of zero groups, if two or more; *n is its length. */
static size_t zero_run(const uint8_t b[static 16], size_t *n)
{
	size_t best = 8;

	*n = 1;
	for (size_t i = 0, len = 0; i < 8; i++) {
		len = b[2 * i] || b[2 * i + 1] ? 0 : len + 1;
		if (len > *n) {
			*n = len;
			best = i + 1 - len;
		}
	}
	return best;
}

static char *put_groups(char *p, const uint8_t b[static 16])
{
	size_t n, gap = zero_run(b, &n);

	for (size_t i = 0; i < 8; i++) {
		if (i == gap) {
			*p++ = ':';
			i += n - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i > 0)
			*p++ = ':';
		p = put_group(p, (unsigned)b[2 * i] << 8 | b[2 * i + 1]);
	}
	return p;
}

static bool is_mapped(const uint8_t b[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(b, mapped, sizeof(mapped)) == 0;
}

char *addr_text(const struct addr *a, char out[static ADDR_TEXT_LEN])
{
	char *p = out;

	if (a->family == 4) {
		p = put_dotted(p, a->b);
	} else if (a->family == 6 && is_mapped(a->b)) {
		memcpy(p, "::ffff:", 7);
		p = put_dotted(p + 7, a->b + 12);
	} else if (a->family == 6) {
		p = put_groups(p, a->b);
	}
	*p = '\0';
	return out;
}

/* The first `bits` bits kept, the rest zero. */
static struct addr addr_mask(const struct addr *a, unsigned bits)
{
	struct addr m = *a;

	for (size_t i = 0; i<sizeof(m.b); i++, bits = bits> 8 ? bits - 8 : 0)
		m.b[i] = (uint8_t)(bits >= 8 ? m.b[i] : m.b[i] & (uint8_t)(0xff00 >> bits));
	return m;
}

int addr_prefix_parse(const char *text, struct addr_prefix *out)
{
	const char *slash = strchr(text, '/');
	char buf[ADDR_TEXT_LEN];
	struct addr_prefix p;
	struct addr masked;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long len;
	char *end;

	if (n >= sizeof(buf))
		return ERR_PARSE;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (addr_parse(buf, &p.addr) < 0)
		return ERR_PARSE;
	len = addr_len(&p.addr) * 8;
	if (slash) {
		unsigned long max = len;

		if (slash[1] < '0' || slash[1] > '9')
			return ERR_PARSE;
		len = strtoul(slash + 1, &end, 10);
		if (*end || len > max)
			return ERR_PARSE;
	}
	masked = addr_mask(&p.addr, (unsigned)len);
	if (!addr_equal(&masked, &p.addr))
		return ERR_PARSE;
	p.len = (uint8_t)len;
	*out = p;
	return 0;
}

char *addr_prefix_text(const struct addr_prefix *p, char out[static ADDR_PREFIX_TEXT_LEN])
{
	char a[ADDR_TEXT_LEN];

	(void)snprintf(out, ADDR_PREFIX_TEXT_LEN, "%s/%u", addr_text(&p->addr, a), p->len);
	return out;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	return a->family != b->family ? (int)a->family - (int)b->family : memcmp(a->b, b->b, sizeof(a->b));
}

bool addr_in(const struct addr *a, const struct addr_prefix *p)
{
	struct addr m;

	if (a->family != p->addr.family)
		return false;
	m = addr_mask(a, p->len);
	return addr_equal(&m, &p->addr);
}

bool addr_is_unusable(const struct addr *a)
{
	static const uint8_t zero[16];
	size_t len = addr_len(a);

	if (len == 0 || memcmp(a->b, zero, len) == 0)
		return true;
	if (a->family == 4)
		return a->b[0] == 0 || a->b[0] >= 240 || (a->b[0] & 0xf0) == 0xe0;
	return a->b[0] == 0xff || is_mapped(a->b);
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == 4 ? a->b[0] == 127 : a->family == 6 && memcmp(a->b, one, sizeof(one)) == 0;
}

socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->b, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, a->b, 16);
	return sizeof(*in6);
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
	uint8_t b[16];

	if (sa->sa_family == AF_INET) {
		memcpy(b, (const uint8_t *)sa + offsetof(struct sockaddr_in, sin_addr), 4);
		*out = addr_v4(b);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(b, (const uint8_t *)sa + offsetof(struct sockaddr_in6, sin6_addr), 16);
		*out = addr_v6(b);
		return 0;
	}
	return ERR_PARSE;
}
