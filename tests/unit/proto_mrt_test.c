#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "guard.h"
#include "proto/mrt.h"

enum { LOG_MAX = 4096, FILE_MAX = 4096, TIME = 1700000000 };

/* --- files being made --- */

struct made {
	uint8_t b[FILE_MAX];
	struct wire_out w;
	size_t record; /* where the one being made begins */
};

static void begin(struct made *m, uint16_t type, uint16_t subtype)
{
	if (!m->w.base)
		m->w = wire_into(m->b, sizeof(m->b));
	m->record = m->w.len;
	wire_put_u32(&m->w, TIME);
	wire_put_u16(&m->w, type);
	wire_put_u16(&m->w, subtype);
	wire_put_u32(&m->w, 0);
}

static void end(struct made *m)
{
	assert_false(m->w.bad);
	wire_set32(m->b + m->record + 8, (uint32_t)(m->w.len - m->record - 12));
}

static void put_text(struct wire_out *w, const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	wire_put(w, a.b, addr_len(&a));
}

/* Two peers: one of IPv4 and 2 bytes, one of IPv6 and 4. */
static void put_peers(struct made *m, const char *view)
{
	begin(m, 13, 1);
	put_text(&m->w, "192.0.2.1");
	wire_put_u16(&m->w, (uint16_t)strlen(view));
	wire_put(&m->w, view, strlen(view));
	wire_put_u16(&m->w, 2);
	wire_put_u8(&m->w, 0);
	put_text(&m->w, "192.0.2.9");
	put_text(&m->w, "192.0.2.11");
	wire_put_u16(&m->w, 64496);
	wire_put_u8(&m->w, 3);
	put_text(&m->w, "192.0.2.9");
	put_text(&m->w, "2001:db8:ffff::1");
	wire_put_u32(&m->w, 65540);
	end(m);
}

/* Origin, a path of two ASes, a next hop. */
static void put_attributes(struct wire_out *w, uint8_t as_bytes)
{
	wire_put_u16(w, (uint16_t)(4 + 5 + 2 * as_bytes + 7));
	wire_put(w, "\x40\x01\x01\x00\x40\x02", 6);
	wire_put_u8(w, (uint8_t)(2 + 2 * as_bytes));
	wire_put(w, "\x02\x02", 2);
	for (uint32_t asn = 64496; asn <= 64497; asn++)
		if (as_bytes == 4)
			wire_put_u32(w, asn);
		else
			wire_put_u16(w, (uint16_t)asn);
	wire_put(w, "\x40\x03\x04\xc6\x33\x64\x01", 7);
}

static void put_entry(struct made *m, uint16_t peer, uint32_t path_id)
{
	wire_put_u16(&m->w, peer);
	wire_put_u32(&m->w, TIME - 60);
	if (path_id)
		wire_put_u32(&m->w, path_id);
	put_attributes(&m->w, 4);
}

/* A record of TABLE_DUMP_V2 whose prefix, with its length in front, is these bytes. */
static void put_rib(
	struct made *m, uint16_t subtype, const char *prefix, size_t n, uint32_t path_id, uint16_t last_peer)
{
	begin(m, 13, subtype);
	wire_put_u32(&m->w, 7);
	if (subtype == 6)
		wire_put(&m->w, "\0\1\1", 3);
	wire_put(&m->w, prefix, n);
	wire_put_u16(&m->w, 2);
	put_entry(m, 0, path_id);
	put_entry(m, last_peer, path_id ? path_id + 1 : 0);
	end(m);
}

static void put_old(struct made *m)
{
	begin(m, 12, 1);
	wire_put_u32(&m->w, 0);
	put_text(&m->w, "198.51.100.255");
	wire_put_u8(&m->w, 24);
	wire_put_u8(&m->w, 1);
	wire_put_u32(&m->w, TIME);
	put_text(&m->w, "192.0.2.12");
	wire_put_u16(&m->w, 64500);
	put_attributes(&m->w, 2);
	end(m);
}

static void put_session_entry(struct made *m, uint8_t safi)
{
	begin(m, 16, 2);
	wire_put_u16(&m->w, 64500);
	wire_put_u16(&m->w, 64496);
	wire_put_u16(&m->w, 0);
	wire_put_u16(&m->w, 1);
	put_text(&m->w, "192.0.2.1");
	put_text(&m->w, "192.0.2.11");
	wire_put_u32(&m->w, 1);
	wire_put_u32(&m->w, TIME);
	wire_put_u16(&m->w, 2);
	wire_put_u8(&m->w, safi);
	wire_put_u8(&m->w, 16);
	put_text(&m->w, "2001:db8::99");
	wire_put(&m->w, "\x20\x20\x01\x0d\xb8", 5);
	put_attributes(&m->w, 2);
	end(m);
}

static void put_other(struct made *m, uint16_t type, uint16_t subtype)
{
	begin(m, type, subtype);
	wire_put(&m->w, "other", 5);
	end(m);
}

/* --- what is handed out, as text --- */

struct log {
	char text[LOG_MAX];
	size_t n;
	int refuse; /* what `prefix` returns */
};

static void say(struct log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct log *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->n, LOG_MAX - l->n, format, args);
	va_end(args);
	assert_true(n >= 0 && l->n + (size_t)n < LOG_MAX);
	l->n += (size_t)n;
}

static void say_path(struct log *l, struct mrt_path path)
{
	static const char names[] = "?{ ([";
	struct mrt_hop h;

	while (mrt_hop_next(&path, &h)) {
		say(l, "%c", names[h.type]);
		for (uint8_t i = 0; i < h.n; i++)
			say(l, "%s%u", i ? "," : "", mrt_hop_asn(&h, i));
	}
}

static int on_peers(void *arg, const struct mrt_peers *peers)
{
	struct mrt_peers p = *peers;
	char address[ADDR_TEXT_LEN];

	say(arg, "peers '%.*s' of %s at %u:", (int)p.view_n, p.view, addr_text(&p.collector, address),
		p.time_s);
	for (uint16_t i = 0; i < p.n; i++) {
		struct mrt_peer peer = mrt_peer_next(&p);

		say(arg, " %s AS%u", addr_text(&peer.addr, address), peer.asn);
	}
	say(arg, "\n");
	return 0;
}

static int on_prefix(void *arg, const struct addr_prefix *p, uint32_t time_s)
{
	struct log *l = arg;
	char prefix[ADDR_PREFIX_TEXT_LEN];

	assert_int_equal(time_s, TIME);
	say(l, "%s\n", addr_prefix_text(p, prefix));
	return l->refuse;
}

static int on_entry(void *arg, const struct mrt_entry *e)
{
	char address[ADDR_TEXT_LEN], hop[ADDR_TEXT_LEN];
	struct mrt_attributes a;

	assert_int_equal(mrt_attributes(e, &a), 0);
	if (e->has_peer)
		say(arg, "  %s AS%u", addr_text(&e->peer.addr, address), e->peer.asn);
	else
		say(arg, "  peer %u", e->peer_index);
	if (e->path_id)
		say(arg, " path %u", e->path_id);
	say(arg, ":");
	say_path(arg, a.path);
	say(arg, " by %s\n", addr_text(&a.next_hop, hop));
	return 0;
}

static void on_bad(void *arg, uint64_t offset, const char *what)
{
	say(arg, "bad at %llu: %s\n", (unsigned long long)offset, what);
}

static const struct mrt_sink sink = {on_peers, on_prefix, on_entry, on_bad};

static void assert_log(const struct made *made, const char *expected)
{
	static struct log l;
	struct mrt m = {.sink = &sink, .arg = &l};

	l.n = 0;
	l.refuse = 0;
	assert_int_equal(mrt_walk(&m, made->b, made->w.len, NULL), made->w.len);
	assert_string_equal(l.text, expected);
	assert_int_equal(mrt_end(&m, 0, NULL), 0);
}

/* --- tests --- */

static void all_forms(void **state)
{
	static const char ip6[] = "\x20\x20\x01\x0d\xb8", ip4[] = "\x0f\xc6\x13";
	struct made m = {.record = 0};

	(void)state;
	put_peers(&m, "one");
	put_rib(&m, 2, ip4, 3, 0, 1);
	put_other(&m, 13, 3);
	put_rib(&m, 4, ip6, 5, 0, 1);
	put_rib(&m, 8, ip4, 3, 5, 1);
	put_rib(&m, 10, ip6, 5, 8, 1);
	put_rib(&m, 6, "\x00", 1, 0, 1);
	put_other(&m, 77, 1);
	put_old(&m);
	put_session_entry(&m, 1);
	put_session_entry(&m, 2);
	put_peers(&m, "");
	assert_log(&m,
		"peers 'one' of 192.0.2.1 at 1700000000: 192.0.2.11 AS64496 2001:db8:ffff::1 AS65540\n"
		"198.18.0.0/15\n  peer 0: 64496 64497 by 198.51.100.1\n  peer 1: 64496 64497 by "
		"198.51.100.1\n"
		"2001:db8::/32\n  peer 0: 64496 64497 by 198.51.100.1\n  peer 1: 64496 64497 by "
		"198.51.100.1\n"
		"198.18.0.0/15\n  peer 0 path 5: 64496 64497 by 198.51.100.1\n"
		"  peer 1 path 6: 64496 64497 by 198.51.100.1\n"
		"2001:db8::/32\n  peer 0 path 8: 64496 64497 by 198.51.100.1\n"
		"  peer 1 path 9: 64496 64497 by 198.51.100.1\n"
		"0.0.0.0/0\n  peer 0: 64496 64497 by 198.51.100.1\n  peer 1: 64496 64497 by 198.51.100.1\n"
		"198.51.100.0/24\n  192.0.2.12 AS64500: 64496 64497 by 198.51.100.1\n"
		"2001:db8::/32\n  192.0.2.11 AS64496: 64496 64497 by 2001:db8::99\n"
		"peers '' of 192.0.2.1 at 1700000000: 192.0.2.11 AS64496 2001:db8:ffff::1 AS65540\n");
}

static void counts(void **state)
{
	struct log l = {.n = 0};
	struct mrt m = {.sink = &sink, .arg = &l};
	struct made made = {.record = 0};
	struct err_msg why;

	(void)state;
	put_other(&made, 77, 1);
	put_other(&made, 16, 4);
	put_other(&made, 13, 12);
	assert_int_equal(mrt_walk(&m, made.b, made.w.len, NULL), made.w.len);
	assert_int_equal(m.unknown, 1);
	assert_int_equal(m.other, 2);
	assert_int_equal(mrt_end(&m, 0, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "no routing table in its 51 bytes"));
	m = (struct mrt){.sink = &sink, .arg = &l};
	assert_int_equal(mrt_end(&m, 0, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "empty"));
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const char ip4[] = "\x0f\xc6\x13";
	struct made m = {.record = 0};
	size_t peers;

	(void)state;
	put_rib(&m, 2, ip4, 3, 0, 0);
	peers = m.w.len;
	put_peers(&m, "");
	put_rib(&m, 2, ip4, 3, 0, 2);
	assert_int_equal(peers, 85);
	assert_log(&m,
		"198.18.0.0/15\nbad at 0: an entry of a peer that no table of peers in front of it has\n"
		"peers '' of 192.0.2.1 at 1700000000: 192.0.2.11 AS64496 2001:db8:ffff::1 AS65540\n"
		"198.18.0.0/15\n  peer 0: 64496 64497 by 198.51.100.1\n"
		"bad at 141: an entry of a peer that no table of peers in front of it has\n");

	m = (struct made){.record = 0};
	put_peers(&m, "");
	put_rib(&m, 2, "\x21\xc6\x12\x00\x00\x00", 6, 0, 1);
	put_rib(&m, 4, "\x81", 1, 0, 1);
	/* Its peers are not all there. */
	put_peers(&m, "");
	m.b[m.record + 12 + 4 + 2 + 1] = 3;
	assert_log(&m, "peers '' of 192.0.2.1 at 1700000000: 192.0.2.11 AS64496 2001:db8:ffff::1 AS65540\n"
		       "bad at 56: a prefix that is none\nbad at 144: a prefix that is none\n"
		       "bad at 227: a table of peers that ends too early\n");
}

static void a_length_that_is_none(void **state)
{
	struct log l = {.n = 0};
	struct mrt m = {.sink = &sink, .arg = &l};
	struct made made = {.record = 0};
	struct err_msg why;

	(void)state;
	put_peers(&made, "");
	put_other(&made, 13, 2);
	wire_set32(made.b + made.record + 8, MRT_RECORD_MAX);
	assert_int_equal(mrt_walk(&m, made.b, made.w.len, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "no MRT record at byte 56: its header would be type 13"));
}

static void a_callback_ends_it(void **state)
{
	struct log l = {.refuse = ERR_NOMEM};
	struct mrt m = {.sink = &sink, .arg = &l};
	struct made made = {.record = 0};

	(void)state;
	put_peers(&made, "");
	put_rib(&made, 2, "\x00", 1, 0, 1);
	assert_int_equal(mrt_walk(&m, made.b, made.w.len, NULL), ERR_NOMEM);
	assert_null(strstr(l.text, "peer 0"));
}

static size_t all_bytes(struct made *m)
{
	put_peers(m, "view");
	put_rib(m, 2, "\x0f\xc6\x13", 3, 0, 1);
	put_rib(m, 10, "\x20\x20\x01\x0d\xb8", 5, 3, 1);
	put_old(m);
	put_session_entry(m, 1);
	return m->w.len;
}

/* Cut anywhere, at the end of memory that can be read: the whole records are taken, and the piece is told. */
static void every_beginning_is_refused(void **state)
{
	struct guard g = guard_make();
	struct made made = {.record = 0};
	size_t n = all_bytes(&made), whole = 0;
	struct err_msg why;

	(void)state;
	for (size_t cut = 1; cut <= n; cut++) {
		struct log l = {.n = 0};
		struct mrt m = {.sink = &sink, .arg = &l};
		const uint8_t *p = guard_place(&g, made.b, cut);
		char where[64];

		if (cut == whole + mrt_wants(made.b + whole, n - whole))
			whole = cut;
		assert_int_equal(mrt_walk(&m, p, cut, NULL), whole);
		assert_int_equal(m.offset, whole);
		assert_int_equal(m.bad, 0);
		assert_int_equal(mrt_end(&m, cut - whole, &why), cut == whole ? 0 : ERR_PARTIAL);
		(void)snprintf(
			where, sizeof(where), "at byte %zu there are only %zu bytes", whole, cut - whole);
		assert_true(cut == whole || strstr(why.text, where));
	}
	assert_int_equal(whole, n);
	guard_free(&g);
}

static int any_prefix(void *arg, const struct addr_prefix *p, uint32_t time_s)
{
	(void)arg;
	(void)time_s;
	assert_true(p->len <= 8 * addr_len(&p->addr) && addr_in(&p->addr, p));
	return 0;
}

static int any_entry(void *arg, const struct mrt_entry *e)
{
	struct mrt_attributes a;
	struct mrt_hop h;

	(void)arg;
	if (mrt_attributes(e, &a) == 0)
		while (mrt_hop_next(&a.path, &h))
			(void)mrt_hop_asn(&h, (uint8_t)(h.n - 1));
	return 0;
}

/* A record whose length is true and whose bytes are not stays inside itself. */
static void any_byte_changed(void **state)
{
	static const struct mrt_sink any = {on_peers, any_prefix, any_entry, on_bad};
	struct guard g = guard_make();
	struct made made = {.record = 0};
	size_t n = all_bytes(&made);

	(void)state;
	for (size_t at = 0; at < n; at++)
		for (unsigned value = 0; value < 256; value += 5) {
			static struct log l;
			struct mrt m = {.sink = &any, .arg = &l};
			uint8_t was = made.b[at];
			ssize_t used;

			l.n = 0;
			made.b[at] = (uint8_t)(was ^ (value | 1));
			used = mrt_walk(&m, guard_place(&g, made.b, n), n, NULL);
			assert_true(used == ERR_PARSE || (used >= 0 && (size_t)used <= n));
			made.b[at] = was;
		}
	guard_free(&g);
}

/* --- attributes --- */

static struct mrt_entry entry_of(const void *bytes, size_t n, uint8_t as_bytes)
{
	return (struct mrt_entry){.as_bytes = as_bytes, .bytes = bytes, .n = n};
}

/* AS_PATH of 2-byte ASes beside AS4_PATH, by RFC 6793; 23456 (0x5ba0) stands for those that have no room. */
static void paths_are_merged(void **state)
{
	static const struct {
		const char *what, *path, *path4, *aggregator, *expected;
		size_t n, n4;
	} cases[] = {
		{"all of it", "\2\2\x5b\xa0\x5b\xa0", "\2\2\0\1\0\1\0\1\0\2", "", " 65537 65538", 6, 10},
		{"the end", "\2\3\xfb\xf0\x5b\xa0\xfb\xf1", "\2\2\0\1\0\1\0\0\xfb\xf1", "",
			" 64496 65537 64497", 8, 10},
		{"longer: not believed", "\2\1\xfb\xf0", "\2\2\0\1\0\1\0\1\0\2", "", " 64496", 4, 10},
		{"empty", "\2\1\xfb\xf0", "", "", " 64496", 4, 0},
		{"malformed", "\2\1\xfb\xf0", "\2\2\0\1", "", " 64496", 4, 4},
		{"a set counts once", "\2\1\xfb\xf0\1\2\x5b\xa0\x5b\xa0", "\1\2\0\1\0\1\0\1\0\2", "",
			" 64496{65537,65538", 10, 10},
		{"a set in front", "\1\2\xfb\xf0\xfb\xf1\2\1\x5b\xa0", "\2\1\0\1\0\1", "",
			"{64496,64497 65537", 10, 6},
		{"a confederation in front", "\3\2\xfc\0\xfc\1\2\2\xfb\xf0\x5b\xa0", "\2\1\0\1\0\1", "",
			"(64512(64513 64496 65537", 12, 6},
		{"one in the middle of a segment", "\2\2\xfb\xf0\x5b\xa0\4\1\xfc\0", "\2\1\0\1\0\1", "",
			" 64496 65537", 10, 6},
		{"aggregated by one who knows", "\2\1\x5b\xa0", "\2\1\0\1\0\1", "\x5b\xa0\xc0\0\2\1",
			" 65537", 4, 6},
		{"aggregated by one who does not", "\2\1\x5b\xa0", "\2\1\0\1\0\1", "\xfb\xf0\xc0\0\2\1",
			" 23456", 4, 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[128];
		struct wire_out w = wire_into(bytes, sizeof(bytes));
		struct log l = {.n = 0};
		struct mrt_attributes a;
		struct mrt_entry e;

		wire_put(&w, "\x40\x02", 2);
		wire_put_u8(&w, (uint8_t)cases[i].n);
		wire_put(&w, cases[i].path, cases[i].n);
		wire_put(&w, "\xc0\x11", 2);
		wire_put_u8(&w, (uint8_t)cases[i].n4);
		wire_put(&w, cases[i].path4, cases[i].n4);
		if (*cases[i].aggregator) {
			wire_put(&w, "\xc0\x07\x06", 3);
			wire_put(&w, cases[i].aggregator, 6);
		}
		e = entry_of(bytes, w.len, 2);
		assert_int_equal(mrt_attributes(&e, &a), 0);
		say_path(&l, a.path);
		if (strcmp(l.text, cases[i].expected) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].what, l.text, cases[i].expected);
	}
}

static void next_hops(void **state)
{
#define GLOBAL "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define LOCAL "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
	static const struct {
		const char *what, *bytes;
		size_t n;
		const char *expected;
	} cases[] = {
		{"none", "", 0, ""},
		{"of IPv4", "\x40\x03\x04\xc0\0\2\1", 7, "192.0.2.1"},
		{"abbreviated", "\x80\x0e\x11\x10" GLOBAL, 20, "2001:db8::1"},
		{"abbreviated, with a link-local one", "\x80\x0e\x21\x20" GLOBAL LOCAL, 36, "2001:db8::1"},
		{"full", "\x80\x0e\x15\0\2\1\x10" GLOBAL "\0", 24, "2001:db8::1"},
		{"full, with a link-local one", "\x80\x0e\x25\0\2\1\x20" GLOBAL LOCAL "\0", 40,
			"2001:db8::1"},
		{"full, of IPv4", "\x80\x0e\x09\0\1\1\x04\xc0\0\2\1\0", 12, "192.0.2.1"},
		{"the better one wins", "\x80\x0e\x11\x10" GLOBAL "\x40\x03\x04\xc0\0\2\1", 27,
			"2001:db8::1"},
		{"too short", "\x80\x0e\x05\x10\0\0\0\0", 8, ""},
		{"of an odd length", "\x80\x0e\x04\x03\1\2\3", 7, ""},
		{"with an extended length", "\x50\x03\0\x04\xc0\0\2\1", 8, "192.0.2.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mrt_entry e = entry_of(cases[i].bytes, cases[i].n, 4);
		char text[ADDR_TEXT_LEN];
		struct mrt_attributes a;

		assert_int_equal(mrt_attributes(&e, &a), 0);
		if (strcmp(addr_text(&a.next_hop, text), cases[i].expected) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].what, text, cases[i].expected);
	}
}

static void attributes_that_are_none(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{"\x40", 1}, {"\x40\x01\x02\0", 4},    /* longer than what is there */
		{"\x50\x02\0", 3},                     /* half a length */
		{"\x40\x02\x03\x02\x01\0", 6},         /* a segment that the attribute does not hold */
		{"\x40\x02\x06\x05\x01\0\0\0\1", 9},   /* no such kind of segment */
		{"\x40\x02\x07\x02\x01\0\0\0\1\2", 10} /* half a segment behind the last */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mrt_entry e = entry_of(cases[i].bytes, cases[i].n, 4);
		struct mrt_attributes a;

		assert_int_equal(mrt_attributes(&e, &a), ERR_PARSE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms),
		cmocka_unit_test(counts),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(a_length_that_is_none),
		cmocka_unit_test(a_callback_ends_it),
		cmocka_unit_test(every_beginning_is_refused),
		cmocka_unit_test(any_byte_changed),
		cmocka_unit_test(paths_are_merged),
		cmocka_unit_test(next_hops),
		cmocka_unit_test(attributes_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
