#include "data/record.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

/* The longest text of a field that is neither a name nor bytes from outside. */
enum { FIXED_MAX = 64, RTT_DECIMALS = 6, EXTRA_MAX = RECORD_ROW_MAX / 8, VP_MAX = 255 };

static const char *const probe_names[] = {"dns", "icmp", "tcp", NULL};
static const char *const question_names[] = {"", "id.server", "hostname.bind", "version.bind",
	"version.server", "in-soa", "debug.opendns.com", "id.server.on.quad9.net", "o-o.myaddr.l.google.com",
	NULL};
static const char *const outcome_names[] = {
	"", "reply", "rst", "late", "timeout", "icmp-error", "bad-reply", "send-error", NULL};
static const char *const stamp_names[] = {"none", "kernel", "hybrid", "socket", NULL};
static const char *const flag_names[] = {"aa", "ra", "tc", "ad", "nsid", NULL};

_Static_assert(sizeof(probe_names) / sizeof(char *) == PROBE_KINDS + 1, "a name for each");
_Static_assert(sizeof(question_names) / sizeof(char *) == QUESTIONS + 1, "a name for each");
_Static_assert(sizeof(outcome_names) / sizeof(char *) == OUTCOMES + 1, "a name for each");
_Static_assert(sizeof(stamp_names) / sizeof(char *) == STAMPS + 1, "a name for each");

const char *probe_kind_name(enum probe_kind k)
{
	return k < PROBE_KINDS ? probe_names[k] : NULL;
}

const char *question_name(enum question q)
{
	return q < QUESTIONS ? question_names[q] : NULL;
}

const char *outcome_name(enum outcome o)
{
	return o < OUTCOMES ? outcome_names[o] : NULL;
}

const char *stamp_name(enum stamp s)
{
	return s < STAMPS ? stamp_names[s] : NULL;
}

bool question_is_chaos(enum question q)
{
	return q >= QUESTION_ID_SERVER && q <= QUESTION_VERSION_SERVER;
}

static int name_parse(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (names[i][0] == text[0] && strcmp(names[i], text) == 0)
			return i;
	return -1;
}

int probe_kind_parse(const char *text)
{
	return name_parse(probe_names, text);
}

int question_parse(const char *text)
{
	return name_parse(question_names, text);
}

int outcome_parse(const char *text)
{
	return name_parse(outcome_names, text);
}

int stamp_parse(const char *text)
{
	return name_parse(stamp_names, text);
}

/* Where text goes. When a field begins there is room for FIXED_MAX, so only those of any length check. */
struct cell {
	char *p; /* NULL: it did not fit */
	char *end;
};

/* A field that is read, never an empty one: its text, NUL-ended too, and where unescaped bytes may go. */
struct text {
	const char *p;
	size_t n;
	uint8_t **scratch;
	const uint8_t *scratch_end;
};

/* How one kind of member is written and read; `at` is the member, or the record for fields of two members. */
struct record_type {
	void (*put)(struct cell *out, const void *at);
	bool (*get)(const struct text *in, void *at);
	const char *expected;
};

static void put_u64(struct cell *out, uint64_t v)
{
	out->p = decimal_put(out->p, v);
}

static void put_name(struct cell *out, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n > 0)
		memcpy(out->p, name, n);
	out->p += n;
}

/* The members that hold one of a list of names. */
#define NAMED_TYPE(tag, ctype, names, said)                     \
	static void put_##tag(struct cell *out, const void *at) \
	{                                                       \
		put_name(out, tag##_name(*(const ctype *)at));  \
	}                                                       \
	static bool get_##tag(const struct text *in, void *at)  \
	{                                                       \
		int v = name_parse(names, in->p);               \
                                                                \
		*(ctype *)at = v < 0 ? 0 : (ctype)v;            \
		return v >= 0;                                  \
	}                                                       \
	static const struct record_type type_##tag = {put_##tag, get_##tag, said}

NAMED_TYPE(probe_kind, enum probe_kind, probe_names, "dns, icmp or tcp");
NAMED_TYPE(question, enum question, question_names, "a question (id.server, in-soa, debug.opendns.com, ...)");
NAMED_TYPE(outcome, enum outcome, outcome_names, "an outcome (reply ... send-error)");
NAMED_TYPE(stamp, enum stamp, stamp_names, "none, kernel, hybrid or socket");

/* The members that are whole numbers, always written. */
#define NUMBER_TYPE(tag, ctype, max)                            \
	static void put_##tag(struct cell *out, const void *at) \
	{                                                       \
		put_u64(out, *(const ctype *)at);               \
	}                                                       \
	static bool get_##tag(const struct text *in, void *at)  \
	{                                                       \
		uint64_t v;                                     \
		bool ok = decimal_parse(in->p, in->n, max, &v); \
                                                                \
		*(ctype *)at = (ctype)v;                        \
		return ok;                                      \
	}                                                       \
	static const struct record_type type_##tag = {put_##tag, get_##tag, "a number from 0 to " #max}

NUMBER_TYPE(u8, uint8_t, 255);
NUMBER_TYPE(u32, uint32_t, 4294967295);

static void put_bytes(struct cell *out, const char *p, size_t n)
{
	size_t len = csv_put(out->p, (size_t)(out->end - out->p), p, n);

	out->p = n > 0 && len == 0 ? NULL : out->p + len;
}

static void put_vp(struct cell *out, const void *at)
{
	const char *vp = *(const char *const *)at;

	if (vp)
		put_bytes(out, vp, strlen(vp));
}

static bool get_vp(const struct text *in, void *at)
{
	*(const char **)at = in->p;
	return true;
}

static const struct record_type type_vp = {put_vp, get_vp, "a vantage point's name"};

static void put_addr(struct cell *out, const void *at)
{
	out->p += strlen(addr_text(at, out->p));
}

static bool get_addr(const struct text *in, void *at)
{
	return addr_parse(in->p, at) == 0;
}

static const struct record_type type_addr = {put_addr, get_addr, "an IPv4 or IPv6 address"};

static void put_port(struct cell *out, const void *at)
{
	uint16_t port = *(const uint16_t *)at;

	if (port)
		put_u64(out, port);
}

static bool get_port(const struct text *in, void *at)
{
	uint64_t v;
	bool ok = decimal_parse(in->p, in->n, UINT16_MAX, &v);

	*(uint16_t *)at = (uint16_t)v;
	return ok;
}

static const struct record_type type_port = {put_port, get_port, "a port"};

static void put_time(struct cell *out, const void *at)
{
	const struct wall *t = at;

	if (t->ns > 0)
		put_u64(out, (uint64_t)t->ns);
}

static bool get_time(const struct text *in, void *at)
{
	uint64_t v;
	bool ok = decimal_parse(in->p, in->n, INT64_MAX, &v);

	((struct wall *)at)->ns = (int64_t)v;
	return ok;
}

static const struct record_type type_time = {put_time, get_time, "ns since 1970"};

static void put_rtt(struct cell *out, const void *at)
{
	int64_t ns = *(const int64_t *)at;

	if (ns < 0)
		return;
	put_u64(out, (uint64_t)(ns / NS_PER_MS));
	*out->p++ = '.';
	out->p = decimal_put_padded(out->p, (uint64_t)ns, RTT_DECIMALS);
}

/* Digits behind the sixth, which others may write, are below a nanosecond and left out. */
static bool get_rtt(const struct text *in, void *at)
{
	const char *dot = memchr(in->p, '.', in->n);
	size_t whole = dot ? (size_t)(dot - in->p) : in->n;
	uint64_t ms, below = 0, unit = NS_PER_MS;

	if (!decimal_parse(in->p, whole, INT64_MAX / NS_PER_MS - 1, &ms))
		return false;
	for (size_t i = whole + 1; i < in->n; i++) {
		uint8_t digit = (uint8_t)(in->p[i] - '0');

		if (digit > 9)
			return false;
		if (unit > 1) {
			below = below * 10 + digit;
			unit /= 10;
		}
	}
	*(int64_t *)at = (int64_t)(ms * NS_PER_MS + below * unit);
	return true;
}

static const struct record_type type_rtt = {put_rtt, get_rtt, "a time in ms"};

static void put_optional(struct cell *out, const void *at)
{
	int16_t v = *(const int16_t *)at;

	if (v >= 0)
		put_u64(out, (uint64_t)v);
}

static bool get_optional(const struct text *in, void *at)
{
	uint64_t v;
	bool ok = decimal_parse(in->p, in->n, 255, &v);

	*(int16_t *)at = (int16_t)v;
	return ok;
}

static const struct record_type type_optional = {put_optional, get_optional, "a number from 0 to 255"};

/* "A/B", each from 0 to its maximum. */
static bool parse_pair(const struct text *in, uint64_t max_a, uint64_t max_b, uint64_t *a, uint64_t *b)
{
	const char *slash = memchr(in->p, '/', in->n);
	size_t n = slash ? (size_t)(slash - in->p) : 0;

	return slash && decimal_parse(in->p, n, max_a, a) &&
	       decimal_parse(slash + 1, in->n - n - 1, max_b, b);
}

static void put_icmp(struct cell *out, const void *at)
{
	const struct record *r = at;

	if (r->icmp_type < 0)
		return;
	put_u64(out, (uint64_t)r->icmp_type);
	*out->p++ = '/';
	put_u64(out, r->icmp_code > 0 ? (uint64_t)r->icmp_code : 0);
}

static bool get_icmp(const struct text *in, void *at)
{
	struct record *r = at;
	uint64_t type = 0, code = 0;
	bool ok = parse_pair(in, 255, 255, &type, &code);

	r->icmp_type = (int16_t)type;
	r->icmp_code = (int16_t)code;
	return ok;
}

static const struct record_type type_icmp = {put_icmp, get_icmp, "an ICMP type/code"};

static void put_edns(struct cell *out, const void *at)
{
	const struct record *r = at;

	if (r->edns_size < 0)
		return;
	put_u64(out, (uint64_t)r->edns_size);
	*out->p++ = '/';
	put_u64(out, r->edns_rcode);
}

static bool get_edns(const struct text *in, void *at)
{
	struct record *r = at;
	uint64_t size = 0, rcode = 0;
	bool ok = parse_pair(in, UINT16_MAX, UINT8_MAX, &size, &rcode);

	r->edns_size = (int32_t)size;
	r->edns_rcode = (uint8_t)rcode;
	return ok;
}

static const struct record_type type_edns = {put_edns, get_edns, "an EDNS size/rcode"};

static void put_flags(struct cell *out, const void *at)
{
	uint8_t flags = *(const uint8_t *)at;
	const char *start = out->p;

	for (size_t i = 0; flag_names[i]; i++) {
		if (!(flags & 1 << i))
			continue;
		if (out->p > start)
			*out->p++ = '|';
		put_name(out, flag_names[i]);
	}
}

/* The bit that a word stands for; 0: none. */
static uint8_t flag_bit(const char *word, size_t n)
{
	for (size_t i = 0; flag_names[i]; i++)
		if (flag_names[i][0] == word[0] && strncmp(flag_names[i], word, n) == 0 &&
			flag_names[i][n] == '\0')
			return (uint8_t)(1 << i);
	return 0;
}

static bool get_flags(const struct text *in, void *at)
{
	uint8_t flags = 0, bit = 1;

	for (const char *p = in->p; bit && p < in->p + in->n;) {
		size_t n = 0;

		while (p[n] && p[n] != '|')
			n++;
		bit = flag_bit(p, n);
		flags |= bit;
		p += n + 1;
	}
	*(uint8_t *)at = flags;
	return bit != 0;
}

static const struct record_type type_flags = {
	put_flags, get_flags, "some of aa, ra, tc, ad, nsid with | between"};

/* How many leading bytes have a text, escaped and quoted, of at most `room`; *len is how long that is. */
static size_t identity_fits(const struct bytes *b, size_t room, size_t *len)
{
	size_t n = 0;

	*len = 2; /* the quotes */
	for (; n < b->n; n++) {
		size_t cost = b->p[n] == '"' ? 2 : b->p[n] < ' ' || b->p[n] > '~' || b->p[n] == '\\' ? 4 : 1;

		if (*len + cost > room)
			break;
		*len += cost;
	}
	return n;
}

static void put_identity(struct cell *out, const void *at)
{
	const struct bytes *b = at;
	size_t room = (size_t)(out->end - out->p), len;

	if (b->n == 0)
		return;
	if (identity_fits(b, room, &len) < b->n) {
		out->p = NULL;
		return;
	}
	if (!memchr(b->p, ',', b->n) && !memchr(b->p, '"', b->n)) {
		out->p += csv_escape(out->p, room, b->p, b->n);
		return;
	}
	*out->p++ = '"';
	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i] == '"')
			*out->p++ = '"';
		out->p += csv_escape(out->p, 4, b->p + i, 1);
	}
	*out->p++ = '"';
}

/* Most have nothing to unescape and stay where they are. */
static bool get_identity(const struct text *in, void *at)
{
	size_t room = (size_t)(in->scratch_end - *in->scratch), n = in->n;
	const uint8_t *p = (const uint8_t *)in->p;

	if (n > room)
		return false;
	if (memchr(p, '\\', n)) {
		n = csv_unescape(*in->scratch, room, in->p, n);
		p = *in->scratch;
	}
	*(struct bytes *)at = (struct bytes){p, n};
	*in->scratch += n;
	return true;
}

static const struct record_type type_identity = {
	put_identity, get_identity, "an identity of bearable length"};

/* Its values are escaped already. If they are not, no byte of them may break the row: the whole is escaped. */
static void put_extra(struct cell *out, const void *at)
{
	const struct bytes *b = at;
	bool printable = true;

	for (size_t i = 0; i < b->n; i++)
		printable = printable && b->p[i] >= ' ' && b->p[i] <= '~';
	if (printable)
		put_bytes(out, (const char *)b->p, b->n);
	else
		put_identity(out, at);
}

static bool get_extra(const struct text *in, void *at)
{
	*(struct bytes *)at = (struct bytes){(const uint8_t *)in->p, in->n};
	return true;
}

static const struct record_type type_extra = {put_extra, get_extra, "text"};

#define MEMBER(m) offsetof(struct record, m)
/* One column: what it is, how it is written and read, and where it lies in the record. */
static const struct record_column {
	const char *name, *about;
	bool required; /* a file without the column is no probes file */
	const struct record_type *type;
	size_t offset;
} fields[] = {
	{"vp", "vantage point that sent the probe", true, &type_vp, MEMBER(vp)},
	{"target", "address that was probed", true, &type_addr, MEMBER(target)},
	{"probe", "kind: dns icmp tcp", true, &type_probe_kind, MEMBER(probe)},
	{"question",
		"of dns: id.server hostname.bind version.bind version.server (CH TXT) in-soa (IN SOA .) or a "
		"name (IN TXT)",
		false, &type_question, MEMBER(question)},
	{"round", "pass over the targets, from 0", false, &type_u32, MEMBER(round)},
	{"seq", "number of the probe, unique per target in a run", false, &type_u32, MEMBER(seq)},
	{"attempt", "1, or 2 for the IN + NSID retry of a seq", false, &type_u8, MEMBER(attempt)},
	{"flow", "number of the flow, from 0: its ports, ICMP id and checksum are in meta.json", false,
		&type_u8, MEMBER(flow)},
	{"src_addr", "source address of the probe", false, &type_addr, MEMBER(src)},
	{"src_port", "source port; empty for icmp", false, &type_port, MEMBER(src_port)},
	{"dst_port", "destination port; empty for icmp", false, &type_port, MEMBER(dst_port)},
	{"tx_time_ns", "when it was sent: ns since 1970, UTC", false, &type_time, MEMBER(tx_time)},
	{"outcome", "reply rst late timeout icmp-error bad-reply send-error", true, &type_outcome,
		MEMBER(outcome)},
	{"rtt_ms", "round trip time in ms, to the ns; empty without one", false, &type_rtt, MEMBER(rtt_ns)},
	{"stamp", "who stamped: kernel (both ends) hybrid (the reply) socket none", false, &type_stamp,
		MEMBER(stamp)},
	{"replies", "replies that came to this probe", false, &type_u32, MEMBER(replies)},
	{"reply_from", "address that the first reply came from", false, &type_addr, MEMBER(reply_from)},
	{"reply_ttl", "TTL or hop limit of the reply as it arrived", false, &type_optional,
		MEMBER(reply_ttl)},
	{"icmp", "type/code of an ICMP error or echo reply, of the target's family", false, &type_icmp, 0},
	{"rcode", "DNS response code in the header, 0 to 15", false, &type_optional, MEMBER(rcode)},
	{"dns_flags", "of the reply, with | between: aa ra tc ad, and nsid when the option was there", false,
		&type_flags, MEMBER(dns_flags)},
	{"edns", "UDP size / upper bits of the extended rcode; empty without an OPT record", false,
		&type_edns, 0},
	{"nsid", "NSID bytes (RFC 5001): printable ASCII, others as \\DDD", false, &type_identity,
		MEMBER(nsid)},
	{"txt", "TXT answer, as nsid", false, &type_identity, MEMBER(txt)},
	{"extra", "key=value with ; between: a second answer, why a reply is bad, cut=1 for a row cut short",
		false, &type_extra, MEMBER(extra)},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

_Static_assert(FIELDS <= sizeof(((struct record_reader *)0)->v) / sizeof(((struct record_reader *)0)->v[0]),
	"the reader has a place for each");

bool record_field(size_t i, struct field *out)
{
	if (i >= FIELDS)
		return false;
	*out = (struct field){fields[i].name, fields[i].about};
	return true;
}

size_t record_header(char out[static RECORD_ROW_MAX])
{
	struct cell c = {out, out + RECORD_ROW_MAX - 1};

	for (size_t i = 0; i < FIELDS; i++) {
		if (i > 0)
			*c.p++ = ',';
		put_name(&c, fields[i].name);
	}
	*c.p++ = '\n';
	return (size_t)(c.p - out);
}

/* The row's length, or 0 when it does not fit. */
static size_t put_row(const struct record *r, char *out)
{
	struct cell c = {out, out + RECORD_ROW_MAX - 1};

	for (size_t i = 0; i < FIELDS; i++) {
		if (i > 0)
			*c.p++ = ',';
		if (c.end - c.p < FIXED_MAX)
			return 0;
		fields[i].type->put(&c, (const char *)r + fields[i].offset);
		if (!c.p)
			return 0;
	}
	*c.p++ = '\n';
	return (size_t)(c.p - out);
}

/* `extra` up to its last whole key=value below EXTRA_MAX, and cut=1. */
static struct bytes cut_extra(struct bytes extra, uint8_t out[static EXTRA_MAX])
{
	static const char mark[] = "cut=1";
	size_t n = extra.n, most = EXTRA_MAX - sizeof(mark);

	if (n > most)
		for (n = most; n > 0 && extra.p[n] != ';'; n--)
			;
	if (n > 0) {
		memcpy(out, extra.p, n);
		out[n++] = ';';
	}
	memcpy(out + n, mark, sizeof(mark) - 1);
	return (struct bytes){out, n + sizeof(mark) - 1};
}

static size_t put_row_cut(struct record r, char *out)
{
	struct bytes nsid = r.nsid, txt = r.txt;
	uint8_t extra[EXTRA_MAX];
	char vp[VP_MAX + 1];
	size_t room, len;

	(void)snprintf(vp, sizeof(vp), "%s", r.vp ? r.vp : "");
	r.vp = vp;
	r.extra = cut_extra(r.extra, extra);
	r.nsid.n = r.txt.n = 0;
	room = RECORD_ROW_MAX - FIXED_MAX - 1 - put_row(&r, out);
	r.nsid = (struct bytes){nsid.p, identity_fits(&nsid, room, &len)};
	room -= len < room ? len : room;
	r.txt = (struct bytes){txt.p, identity_fits(&txt, room, &len)};
	return put_row(&r, out);
}

size_t record_row(const struct record *r, char out[static RECORD_ROW_MAX])
{
	size_t n = put_row(r, out);

	return n > 0 ? n : put_row_cut(*r, out);
}

int record_reader_init(struct record_reader *rd, const struct csv *c, struct err_msg *why)
{
	rd->n = 0;
	for (size_t i = 0; i < FIELDS; i++) {
		int column = csv_column(c, fields[i].name);

		if (column > UINT8_MAX)
			return err_set(why, ERR_RANGE, "%s: too many columns", csv_path(c));
		if (fields[i].required && column < 0)
			return err_set(why, ERR_PARSE, "%s: no column '%s': not a probes file", csv_path(c),
				fields[i].name);
		if (column < 0)
			continue;
		rd->v[rd->n].field = (uint8_t)i;
		rd->v[rd->n++].column = (uint8_t)column;
	}
	return 0;
}

uint64_t record_reader_columns(const struct record_reader *rd)
{
	uint64_t has = 0;

	for (size_t i = 0; i < rd->n; i++)
		has |= UINT64_C(1) << rd->v[i].field;
	return has;
}

void record_reader_only(struct record_reader *rd, const char *const names[])
{
	size_t kept = 0;

	for (size_t i = 0; i < rd->n; i++)
		if (name_parse(names, fields[rd->v[i].field].name) >= 0)
			rd->v[kept++] = rd->v[i];
	rd->n = kept;
}

static const struct record absent = {.vp = "",
	.attempt = 1,
	.rtt_ns = -1,
	.reply_ttl = -1,
	.icmp_type = -1,
	.icmp_code = -1,
	.rcode = -1,
	.edns_size = -1};

int record_read(const struct record_reader *rd, const struct csv *c, struct record *r,
	uint8_t scratch[static RECORD_SCRATCH], struct err_msg *why)
{
	uint8_t *free_scratch = scratch;
	struct text in = {.scratch = &free_scratch, .scratch_end = scratch + RECORD_SCRATCH};
	struct csv_row row = csv_row(c);

	memcpy(r, &absent, sizeof(*r));
	if (csv_is_torn(c))
		return err_set(why, ERR_PARSE, "%s:%zu:1: the row is cut short", csv_path(c), csv_line(c));
	if (row.n != csv_columns(c))
		return err_set(why, ERR_PARSE, "%s:%zu:1: %zu fields; the header has %zu", csv_path(c),
			csv_line(c), row.n, csv_columns(c));
	for (size_t i = 0; i < rd->n; i++) {
		const struct record_column *f = &fields[rd->v[i].field];
		const size_t *start = row.start + rd->v[i].column;

		in.p = row.bytes + start[0];
		in.n = start[1] - start[0] - 1;
		if (in.n == 0 && !f->required)
			continue;
		if (in.n == 0 || !f->type->get(&in, (char *)r + f->offset))
			return csv_field_is_not(c, rd->v[i].column, f->type->expected, why);
	}
	return 0;
}
