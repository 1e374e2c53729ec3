#include "proto/ip.h"

#include <string.h>

#include "base/err.h"
#include "base/wire.h"

/* IPv6 extension headers that are walked over (RFC 8200 section 4); any other next header is the upper layer.
 */
enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AH = 51, EXT_DEST = 60, EXT_MOBILITY = 135 };
enum { MAX_EXTENSIONS = 8 };

static void set_l4(struct packet *p, struct wire *w, size_t want)
{
	size_t here = wire_left(w);

	p->l4_len = here < want ? here : want;
	p->l4 = wire_take(w, p->l4_len);
}

static int parse_v4(struct wire *w, struct packet *p)
{
	uint8_t ihl = wire_u8(w) & 0x0f;
	uint16_t total, frag;
	const uint8_t *src, *dst;

	wire_skip(w, 1);
	total = wire_u16(w);
	p->id = wire_u16(w);
	frag = wire_u16(w);
	p->ttl = wire_u8(w);
	p->proto = wire_u8(w);
	wire_skip(w, 2);
	src = wire_take(w, 4);
	dst = wire_take(w, 4);
	if (ihl < 5 || total < ihl * 4U)
		return ERR_PARSE;
	wire_skip(w, ihl * 4U - IP_V4_LEN);
	if (w->bad || !src || !dst)
		return ERR_PARSE;
	p->src = addr_v4(src);
	p->dst = addr_v4(dst);
	p->fragment = (frag & 0x3fff) != 0;
	p->cut = wire_left(w) < total - ihl * 4U;
	if ((frag & 0x1fff) == 0)
		set_l4(p, w, total - ihl * 4U);
	return 0;
}

/* Walks the extension headers; returns false when the upper layer cannot be seen here. */
static bool skip_extensions(struct wire *w, struct packet *p, size_t *left)
{
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		size_t before = w->pos, len;
		uint8_t next;
		uint16_t frag;

		switch (p->proto) {
		case EXT_HOP:
		case EXT_ROUTING:
		case EXT_DEST:
		case EXT_MOBILITY:
			next = wire_u8(w);
			len = (wire_u8(w) + 1U) * 8;
			wire_skip(w, len - 2);
			break;
		case EXT_AH:
			next = wire_u8(w);
			len = (wire_u8(w) + 2U) * 4;
			wire_skip(w, len - 2);
			break;
		case EXT_FRAGMENT:
			next = wire_u8(w);
			wire_skip(w, 1);
			frag = wire_u16(w);
			wire_skip(w, 4);
			p->fragment = p->fragment || (frag & 0xfff9) != 0;
			if (frag & 0xfff8) {
				p->proto = next;
				return false;
			}
			break;
		default:
			return true;
		}
		if (w->bad || w->pos - before > *left)
			return false;
		*left -= w->pos - before;
		p->proto = next;
	}
	return false;
}

static int parse_v6(struct wire *w, struct packet *p)
{
	const uint8_t *src, *dst;
	size_t left;

	wire_skip(w, 4);
	left = wire_u16(w);
	p->proto = wire_u8(w);
	p->ttl = wire_u8(w);
	src = wire_take(w, 16);
	dst = wire_take(w, 16);
	if (w->bad || !src || !dst)
		return ERR_PARSE;
	p->src = addr_v6(src);
	p->dst = addr_v6(dst);
	p->cut = wire_left(w) < left;
	if (skip_extensions(w, p, &left))
		set_l4(p, w, left);
	return 0;
}

int ip_parse(const uint8_t *bytes, size_t len, struct packet *out)
{
	struct wire w = wire_over(bytes, len);

	memset(out, 0, sizeof(*out));
	if (len == 0)
		return ERR_PARSE;
	switch (bytes[0] >> 4) {
	case 4:
		return parse_v4(&w, out);
	case 6:
		return parse_v6(&w, out);
	default:
		return ERR_PARSE;
	}
}

uint64_t ip_sum(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t v;

	for (; len >= 4; p += 4, len -= 4) {
		memcpy(&v, p, 4);
		sum += v;
	}
	v = 0;
	memcpy(&v, p, len);
	return sum + v;
}

uint16_t ip_sum_fold(uint64_t sum)
{
	uint16_t host;
	uint8_t net[2];

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	/* The sum was made of memory-order words: the result is in memory order too. */
	host = (uint16_t)~sum;
	memcpy(net, &host, 2);
	return wire_get16(net);
}

uint64_t ip_sum_pseudo(const struct addr *src, const struct addr *dst, uint8_t proto, size_t l4_len)
{
	size_t n = addr_len(src);
	uint8_t tail[8] = {0};

	wire_set32(tail, (uint32_t)l4_len);
	tail[7] = proto;
	return ip_sum(ip_sum(ip_sum(0, src->b, n), dst->b, n), tail, sizeof(tail));
}
