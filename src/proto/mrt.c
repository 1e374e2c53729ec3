#include "proto/mrt.h"

#include <string.h>

enum {
	HEADER = 12,
	TABLE_DUMP = 12,
	TABLE_DUMP_V2 = 13,
	BGP4MP = 16,
	AFI_IP4 = 1,
	AFI_IP6 = 2,
	SAFI_UNICAST = 1,
	ENTRY = 2, /* subtype of BGP4MP */
	AS_TRANS = 23456,
};

/* A record being read. */
struct record {
	struct mrt *m;
	struct wire w; /* its body */
	uint32_t time_s;
	uint16_t subtype;
};

/* --- pieces --- */

static struct addr take_addr(struct wire *w, uint8_t family)
{
	const uint8_t *p = wire_take(w, family == 4 ? 4 : 16);

	if (!p)
		return (struct addr){0};
	return family == 4 ? addr_v4(p) : addr_v6(p);
}

static bool is_zero(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

static uint8_t family_of(uint16_t afi)
{
	return afi == AFI_IP4 ? 4 : afi == AFI_IP6 ? 6 : 0;
}

/* A length in bits and the bytes that hold so many. Bits behind them mean nothing (RFC 4271, 4.3). */
static struct addr_prefix take_prefix(struct wire *w, uint8_t family)
{
	struct addr_prefix p = {.addr = {.family = family}, .len = wire_u8(w)};
	size_t n = (p.len + 7U) / 8;
	const uint8_t *bytes;

	if (n > (family == 4 ? 4U : 16U)) {
		w->bad = true;
		return p;
	}
	bytes = wire_take(w, n);
	if (bytes && n > 0) {
		memcpy(p.addr.b, bytes, n);
		if (p.len % 8)
			p.addr.b[n - 1] &= (uint8_t)(0xff00 >> p.len % 8);
	}
	return p;
}

static int bad(struct record *r, const char *what)
{
	r->m->bad++;
	r->m->sink->bad(r->m->arg, r->m->offset, what);
	return 0;
}

static void take_attributes(struct wire *w, struct mrt_entry *e)
{
	e->n = wire_u16(w);
	e->bytes = wire_take(w, e->n);
}

/* --- TABLE_DUMP_V2 --- */

struct mrt_peer mrt_peer_next(struct mrt_peers *p)
{
	uint8_t type = wire_u8(&p->rest);
	struct mrt_peer peer;

	wire_skip(&p->rest, 4);
	peer.addr = take_addr(&p->rest, type & 1 ? 6 : 4);
	peer.asn = type & 2 ? wire_u32(&p->rest) : wire_u16(&p->rest);
	if (is_zero(&peer.addr))
		peer.addr = (struct addr){0};
	return peer;
}

static int read_peers(struct record *r)
{
	struct mrt_peers p = {.time_s = r->time_s}, walk;

	p.collector = take_addr(&r->w, 4);
	p.view_n = wire_u16(&r->w);
	p.view = (const char *)wire_take(&r->w, p.view_n);
	p.n = wire_u16(&r->w);
	p.rest = r->w;
	walk = p;
	for (uint16_t i = 0; i < p.n && !walk.rest.bad; i++)
		(void)mrt_peer_next(&walk);
	r->m->peers = 0;
	if (walk.rest.bad)
		return bad(r, "a table of peers that ends too early");
	r->m->peers = p.n;
	return r->m->sink->peers(r->m->arg, &p);
}

/* The entries of one prefix. */
static int read_entries(struct record *r, const struct addr_prefix *p, bool paths)
{
	uint16_t n = wire_u16(&r->w);
	int rc;

	if (r->w.bad)
		return bad(r, "a prefix that is none");
	if (n == 0)
		return 0;
	rc = r->m->sink->prefix(r->m->arg, p, r->time_s);
	for (uint16_t i = 0; rc == 0 && i < n; i++) {
		struct mrt_entry e = {.as_bytes = 4};

		e.peer_index = wire_u16(&r->w);
		wire_skip(&r->w, 4);
		e.path_id = paths ? wire_u32(&r->w) : 0;
		take_attributes(&r->w, &e);
		if (r->w.bad)
			return bad(r, "entries that end too early");
		if (e.peer_index >= r->m->peers)
			return bad(r, "an entry of a peer that no table of peers in front of it has");
		rc = r->m->sink->entry(r->m->arg, &e);
	}
	return rc;
}

static int read_rib(struct record *r, uint8_t family, bool paths)
{
	struct addr_prefix p;

	wire_skip(&r->w, 4);
	p = take_prefix(&r->w, family);
	return read_entries(r, &p, paths);
}

static int read_rib4(struct record *r)
{
	return read_rib(r, 4, false);
}

static int read_rib6(struct record *r)
{
	return read_rib(r, 6, false);
}

static int read_paths4(struct record *r)
{
	return read_rib(r, 4, true);
}

static int read_paths6(struct record *r)
{
	return read_rib(r, 6, true);
}

/* Its entries have the form of the others; those of additional paths (subtype 12) are written in two ways that cannot be told
 * apart, and are left alone. */
static int read_generic(struct record *r)
{
	struct addr_prefix p;
	uint8_t family, safi;

	wire_skip(&r->w, 4);
	family = family_of(wire_u16(&r->w));
	safi = wire_u8(&r->w);
	if (family == 0 || safi != SAFI_UNICAST) {
		r->m->tables--;
		r->m->other++;
		return 0;
	}
	p = take_prefix(&r->w, family);
	return read_entries(r, &p, false);
}

/* --- records of one entry, whose peers are named in them --- */

static int give_single(struct record *r, const struct addr_prefix *p, const struct mrt_entry *e)
{
	int rc;

	if (r->w.bad)
		return bad(r, "an entry that ends too early");
	rc = r->m->sink->prefix(r->m->arg, p, r->time_s);
	return rc == 0 ? r->m->sink->entry(r->m->arg, e) : rc;
}

static int read_old(struct record *r, uint8_t family)
{
	struct addr_prefix p = {.len = 0};
	struct mrt_entry e = {.has_peer = true, .as_bytes = 2};
	uint8_t prefix[17];
	const uint8_t *b;
	struct wire w;

	wire_skip(&r->w, 4);
	b = wire_take(&r->w, family == 4 ? 4 : 16);
	prefix[0] = wire_u8(&r->w);
	if (b) {
		memcpy(prefix + 1, b, family == 4 ? 4 : 16);
		w = wire_over(prefix, sizeof(prefix));
		p = take_prefix(&w, family);
		r->w.bad |= w.bad;
	}
	wire_skip(&r->w, 5);
	e.peer.addr = take_addr(&r->w, family);
	e.peer.asn = wire_u16(&r->w);
	take_attributes(&r->w, &e);
	return give_single(r, &p, &e);
}

static int read_old4(struct record *r)
{
	return read_old(r, 4);
}

static int read_old6(struct record *r)
{
	return read_old(r, 6);
}

/* BGP4MP_ENTRY: the session, then view, status, time, family, next hop, prefix, attributes. OpenBGPD, which alone writes it, names
 * itself in front of the peer. */
static int read_session_entry(struct record *r)
{
	struct mrt_entry e = {.has_peer = true, .as_bytes = 2};
	struct addr_prefix p;
	uint8_t family, safi, hop_n;
	struct wire hop;

	wire_skip(&r->w, 2);
	e.peer.asn = wire_u16(&r->w);
	wire_skip(&r->w, 2);
	family = family_of(wire_u16(&r->w));
	wire_skip(&r->w, family == 4 ? 4 : 16);
	e.peer.addr = take_addr(&r->w, family);
	wire_skip(&r->w, 8);
	family = family_of(wire_u16(&r->w));
	safi = wire_u8(&r->w);
	hop_n = wire_u8(&r->w);
	hop = wire_sub(&r->w, hop_n);
	if (!r->w.bad && (family == 0 || safi != SAFI_UNICAST)) {
		r->m->tables--;
		r->m->other++;
		return 0;
	}
	e.next_hop = take_addr(&hop, family);
	p = take_prefix(&r->w, family);
	take_attributes(&r->w, &e);
	return give_single(r, &p, &e);
}

/* --- records --- */

static const struct {
	uint16_t type, subtype;
	int (*read)(struct record *r);
} readers[] = {
	{TABLE_DUMP_V2, 2, read_rib4},
	{TABLE_DUMP_V2, 4, read_rib6},
	{TABLE_DUMP_V2, 8, read_paths4},
	{TABLE_DUMP_V2, 10, read_paths6},
	{TABLE_DUMP_V2, 1, read_peers},
	{TABLE_DUMP_V2, 6, read_generic},
	{TABLE_DUMP, AFI_IP4, read_old4},
	{TABLE_DUMP, AFI_IP6, read_old6},
	{BGP4MP, ENTRY, read_session_entry},
};

/* Types that RFC 6396 names, the old ones too. */
static bool is_known(uint16_t type)
{
	return type <= 13 || type == 16 || type == 17 || type == 32 || type == 33 || type == 48 || type == 49;
}

static int read_record(struct mrt *m, const uint8_t *p, size_t n)
{
	struct record r = {m, wire_over(p + HEADER, n - HEADER), wire_get32(p), wire_get16(p + 6)};
	uint16_t type = wire_get16(p + 4);

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i].type == type && readers[i].subtype == r.subtype) {
			m->tables++;
			return readers[i].read(&r);
		}
	*(is_known(type) ? &m->other : &m->unknown) += 1;
	return 0;
}

size_t mrt_wants(const void *bytes, size_t n)
{
	return n < HEADER ? HEADER : HEADER + (size_t)wire_get32((const uint8_t *)bytes + 8);
}

ssize_t mrt_walk(struct mrt *m, const void *bytes, size_t n, struct err_msg *why)
{
	const uint8_t *p = bytes;
	size_t at = 0;

	while (n - at >= HEADER) {
		size_t len = mrt_wants(p + at, n - at);
		int rc;

		if (len > MRT_RECORD_MAX)
			return err_set(why, ERR_PARSE,
				"%sno MRT record at byte %llu: its header would be type %u with a body of "
				"%zu bytes",
				m->tables == 0 ? "not an MRT table: " : "", (unsigned long long)m->offset,
				wire_get16(p + at + 4), len - HEADER);
		if (len > n - at)
			break;
		rc = read_record(m, p + at, len);
		if (rc < 0)
			return rc;
		at += len;
		m->offset += len;
	}
	return (ssize_t)at;
}

int mrt_end(const struct mrt *m, size_t n, struct err_msg *why)
{
	if (n > 0)
		return err_set(why, ERR_PARTIAL,
			"cut short: of the MRT record at byte %llu there are only %zu bytes",
			(unsigned long long)m->offset, n);
	if (m->tables == 0 && m->offset == 0)
		return err_set(why, ERR_PARSE, "empty: no MRT record at byte 0");
	if (m->tables == 0)
		return err_set(why, ERR_PARSE,
			"no routing table in its %llu bytes: %llu MRT records of other kinds, %llu of no "
			"known type",
			(unsigned long long)m->offset, (unsigned long long)m->other,
			(unsigned long long)m->unknown);
	return 0;
}

/* --- attributes --- */

enum {
	ATTR_EXTENDED = 0x10,
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_AGGREGATOR = 7,
	ATTR_MP_REACH = 14,
	ATTR_AS4_PATH = 17,
};

/* What counts for RFC 6793's comparison: AS numbers in sequences, sets once, confederations not at all. Bad when the segments
 * do not fill the attribute. */
static uint32_t count_path(struct wire *w, uint8_t as_bytes)
{
	struct wire walk = *w;
	uint32_t n = 0;

	while (wire_left(&walk) > 0) {
		uint8_t type = wire_u8(&walk), count = wire_u8(&walk);

		wire_skip(&walk, (size_t)count * as_bytes);
		if (type < MRT_AS_SET || type > MRT_CONFED_SET)
			walk.bad = true;
		n += type == MRT_AS ? count : type == MRT_AS_SET;
	}
	w->bad |= walk.bad;
	return n;
}

/* The abbreviated form is a length and the next hop; the full one, which some write, begins with the family, whose first byte is
 * 0. Of two next hops the first is the global one. */
static struct addr read_reach(struct wire w)
{
	uint8_t n = wire_u8(&w);

	if (n == 0) {
		wire_skip(&w, 2);
		n = wire_u8(&w);
	}
	if (n == 4)
		return take_addr(&w, 4);
	return n == 16 || n == 32 ? take_addr(&w, 6) : (struct addr){0};
}

/* Attributes as they stand. */
struct found {
	struct wire path, path4;
	uint32_t aggregator;
};

static void read_attribute(
	uint8_t type, struct wire w, const struct mrt_entry *e, struct mrt_attributes *out, struct found *f)
{
	uint8_t origin;

	switch (type) {
	case ATTR_ORIGIN:
		origin = wire_u8(&w);
		out->origin = origin < MRT_NO_ORIGIN ? (enum mrt_origin)origin : MRT_NO_ORIGIN;
		break;
	case ATTR_AS_PATH:
		f->path = w;
		break;
	case ATTR_AS4_PATH:
		f->path4 = w;
		break;
	case ATTR_AGGREGATOR:
		f->aggregator = e->as_bytes == 2 ? wire_u16(&w) : wire_u32(&w);
		break;
	case ATTR_NEXT_HOP:
		if (w.len == 4 && out->next_hop.family == 0)
			out->next_hop = take_addr(&w, 4);
		break;
	case ATTR_MP_REACH:
		out->next_hop = read_reach(w);
		break;
	default:
		break;
	}
}

/* AS4_PATH is believed as RFC 6793 (4.2.3) says: not when somebody aggregated who knew nothing of it, nor when it is longer. */
static struct mrt_path merge(struct found *f, uint8_t as_bytes)
{
	struct mrt_path p = {.now = f->path, .as_bytes = as_bytes, .take = UINT32_MAX};
	uint32_t n = count_path(&f->path, as_bytes), n4;

	if (as_bytes == 4 || f->path4.len == 0 || (f->aggregator && f->aggregator != AS_TRANS))
		return p;
	n4 = count_path(&f->path4, 4);
	if (n4 == 0 || n4 > n || f->path4.bad)
		return p;
	p.then = f->path4;
	p.take = n - n4;
	return p;
}

int mrt_attributes(const struct mrt_entry *e, struct mrt_attributes *out)
{
	struct wire w = wire_over(e->bytes, e->n);
	struct found f = {.aggregator = 0};

	*out = (struct mrt_attributes){.origin = MRT_NO_ORIGIN, .next_hop = e->next_hop};
	while (wire_left(&w) > 0) {
		uint8_t flags = wire_u8(&w), type = wire_u8(&w);
		size_t n = flags & ATTR_EXTENDED ? wire_u16(&w) : wire_u8(&w);
		struct wire value = wire_sub(&w, n);

		if (!w.bad)
			read_attribute(type, value, e, out, &f);
	}
	out->path = merge(&f, e->as_bytes);
	return w.bad || f.path.bad ? ERR_PARSE : 0;
}

/* --- paths --- */

static bool is_set(uint8_t type)
{
	return type == MRT_AS_SET || type == MRT_CONFED_SET;
}

/* To the next segment that has AS numbers. False at the end of the path. */
static bool begin_segment(struct mrt_path *p)
{
	while (p->left == 0) {
		if (wire_left(&p->now) == 0) {
			if (wire_left(&p->then) == 0)
				return false;
			p->now = p->then;
			p->then = wire_over(NULL, 0);
			p->as_bytes = 4;
			p->take = UINT32_MAX;
		}
		p->type = wire_u8(&p->now);
		p->left = wire_u8(&p->now);
	}
	return true;
}

bool mrt_hop_next(struct mrt_path *p, struct mrt_hop *out)
{
	for (;;) {
		bool counts;

		if (!begin_segment(p))
			return false;
		counts = p->type == MRT_AS || p->type == MRT_AS_SET;
		out->type = (enum mrt_hop_type)p->type;
		out->n = is_set(p->type) ? p->left : 1;
		out->as_bytes = p->as_bytes;
		out->p = wire_take(&p->now, (size_t)out->n * p->as_bytes);
		if (!out->p)
			return false;
		p->left = (uint8_t)(p->left - out->n);
		if (counts && p->take == 0) {
			/* What AS4_PATH says better: all that is left of AS_PATH. */
			p->now = wire_over(NULL, 0);
			p->left = 0;
			continue;
		}
		p->take -= counts;
		return true;
	}
}

uint32_t mrt_hop_asn(const struct mrt_hop *h, uint8_t i)
{
	const uint8_t *p = h->p + (size_t)i * h->as_bytes;

	return h->as_bytes == 2 ? wire_get16(p) : wire_get32(p);
}
