#include "proto/dns.h"

#include <string.h>

#include "base/err.h"

enum { HEADER_LEN = 12, OPTION_NSID = 3, OPTION_COOKIE = 10, MAX_RECORDS = 512 };
enum { QR = 0x8000, AA = 0x0400, TC = 0x0200, RD = 0x0100, RA = 0x0080, AD = 0x0020 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The wire form of a name with the letter case that the bits give. */
static void name_write(struct wire_out *w, const char *name, uint64_t case_bits)
{
	size_t start = w->len;

	while (*name && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");

		if (n == 0 || n > 63) {
			w->bad = true;
			return;
		}
		wire_put_u8(w, (uint8_t)n);
		for (size_t i = 0; i < n; i++) {
			uint8_t c = (uint8_t)name[i];

			if (is_letter(name[i])) {
				c = (uint8_t)((c & ~0x20) | (case_bits & 1 ? 0 : 0x20));
				case_bits >>= 1;
			}
			wire_put_u8(w, c);
		}
		name += n + (name[n] == '.');
	}
	wire_put_u8(w, 0);
	w->bad = w->bad || w->len - start > DNS_NAME_MAX;
}

void dns_query_write(struct wire_out *w, const struct dns_query *q)
{
	size_t options = (q->nsid ? 4 : 0) + (q->cookie ? 4 + q->cookie_len : 0);

	wire_put_u16(w, q->id);
	wire_put_u16(w, q->recursion_desired ? RD : 0);
	wire_put_u16(w, 1);
	wire_put_u16(w, 0);
	wire_put_u16(w, 0);
	wire_put_u16(w, q->edns_size ? 1 : 0);
	name_write(w, q->name, q->case_bits);
	wire_put_u16(w, q->type);
	wire_put_u16(w, q->class);
	if (!q->edns_size)
		return;
	wire_put_u8(w, 0);
	wire_put_u16(w, DNS_TYPE_OPT);
	wire_put_u16(w, q->edns_size);
	wire_put_u32(w, 0);
	wire_put_u16(w, (uint16_t)options);
	if (q->nsid) {
		wire_put_u16(w, OPTION_NSID);
		wire_put_u16(w, 0);
	}
	if (q->cookie) {
		wire_put_u16(w, OPTION_COOKIE);
		wire_put_u16(w, (uint16_t)q->cookie_len);
		wire_put(w, q->cookie, q->cookie_len);
	}
}

/* Steps over a name without following pointers; true when it was written out in full. */
static bool name_skip(struct wire *w)
{
	size_t total = 0;

	for (;;) {
		uint8_t n = wire_u8(w);

		if (w->bad)
			return false;
		if ((n & 0xc0) == 0xc0) {
			wire_skip(w, 1);
			return false;
		}
		total += n + 1U;
		if (n & 0xc0 || total > DNS_NAME_MAX) {
			w->bad = true;
			return false;
		}
		if (n == 0)
			return true;
		wire_skip(w, n);
	}
}

static void parse_options(struct wire w, struct dns_reply *r)
{
	while (wire_left(&w) > 0) {
		uint16_t code = wire_u16(&w), n = wire_u16(&w);
		const uint8_t *p = wire_take(&w, n);

		if (w.bad) {
			r->malformed = true;
			return;
		}
		if (code == OPTION_NSID && !r->nsid.p)
			r->nsid = (struct dns_span){p, n};
		else if (code == OPTION_COOKIE && !r->cookie.p)
			r->cookie = (struct dns_span){p, n};
	}
}

static void parse_record(struct wire *w, bool answer, struct dns_reply *r)
{
	uint16_t type, class, rdlength;
	uint32_t ttl;
	struct wire rdata;

	(void)name_skip(w);
	type = wire_u16(w);
	class = wire_u16(w);
	ttl = wire_u32(w);
	rdlength = wire_u16(w);
	rdata = wire_sub(w, rdlength);
	if (w->bad)
		return;
	if (answer && type == DNS_TYPE_TXT && r->txt_records++ == 0)
		r->txt = (struct dns_span){rdata.base, rdata.len};
	if (!answer && type == DNS_TYPE_OPT && !r->has_edns) {
		r->has_edns = true;
		r->edns_size = class;
		r->edns_rcode = (uint8_t)(ttl >> 24);
		parse_options(rdata, r);
	}
}

static void parse_header(struct wire *w, struct dns_reply *r)
{
	uint16_t flags;

	r->id = wire_u16(w);
	flags = wire_u16(w);
	r->response = flags & QR;
	r->opcode = flags >> 11 & 15;
	r->authoritative = flags & AA;
	r->truncated = flags & TC;
	r->recursion_desired = flags & RD;
	r->recursion_available = flags & RA;
	r->authentic = flags & AD;
	r->rcode = flags & 15;
}

int dns_parse(const uint8_t *bytes, size_t len, struct dns_reply *out)
{
	struct wire w = wire_over(bytes, len);
	unsigned counts[4], records = 0;

	memset(out, 0, sizeof(*out));
	if (len < HEADER_LEN)
		return ERR_PARSE;
	parse_header(&w, out);
	for (size_t i = 0; i < 4; i++)
		counts[i] = wire_u16(&w);
	for (unsigned i = 0; i < counts[0] && !w.bad && records < MAX_RECORDS; i++, records++) {
		size_t at = w.pos;
		bool whole = name_skip(&w);
		struct dns_span name = {bytes + at, w.pos - at};
		uint16_t type = wire_u16(&w), class = wire_u16(&w);

		if (w.bad || i > 0)
			continue;
		out->has_question = true;
		out->question = whole ? name : (struct dns_span){0};
		out->question_type = type;
		out->question_class = class;
	}
	for (size_t section = 1; section < 4; section++)
		for (unsigned i = 0; i < counts[section] && !w.bad && records < MAX_RECORDS; i++, records++)
			parse_record(&w, section == 1, out);
	out->malformed = out->malformed || w.bad || records == MAX_RECORDS;
	return 0;
}

size_t dns_txt_join(struct dns_span rdata, uint8_t *out, size_t cap)
{
	struct wire w = wire_over(rdata.p, rdata.n);
	size_t len = 0;

	while (wire_left(&w) > 0 && len < cap) {
		size_t n = wire_u8(&w);
		const uint8_t *p;

		n = n < wire_left(&w) ? n : wire_left(&w); /* a lying length byte: keep what is there */
		p = wire_take(&w, n);
		n = n < cap - len ? n : cap - len;
		if (n > 0)
			memcpy(out + len, p, n);
		len += n;
	}
	return len;
}

bool dns_question_matches(const struct dns_reply *r, const struct dns_query *q, bool *exact)
{
	uint8_t buf[DNS_NAME_MAX + 1];
	struct wire_out w = wire_into(buf, sizeof(buf));
	bool same = true;

	*exact = false;
	if (!r->has_question || !r->question.p || r->question_type != q->type ||
		r->question_class != q->class)
		return false;
	name_write(&w, q->name, q->case_bits);
	if (w.bad || w.len != r->question.n)
		return false;
	for (size_t i = 0; i < w.len && same; i++)
		same = lower(buf[i]) == lower(r->question.p[i]);
	*exact = same && memcmp(buf, r->question.p, w.len) == 0;
	return same;
}

uint64_t dns_case_bits(struct dns_span name)
{
	uint64_t bits = 0;
	unsigned n = 0;

	/* Length bytes are below 64: never letters. */
	for (size_t i = 0; i < name.n && n < 64; i++)
		if (is_letter((char)name.p[i]))
			bits |= (uint64_t)(name.p[i] < 'a') << n++;
	return bits;
}
