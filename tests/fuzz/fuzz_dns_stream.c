/* A TCP stream of DNS messages in pieces (the first byte of each says how long it is): whatever is in it, messages lie inside
 * the buffer, there is always room for more, and the same bytes in one piece give the same messages. */
#include <stdlib.h>
#include <string.h>

#include "proto/dns_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct seen {
	size_t messages, bytes, sum;
};

static void drain(struct dns_stream *s, struct seen *seen)
{
	struct dns_span m;
	struct dns_reply r;

	while (dns_stream_next(s, &m)) {
		if (m.p < s->b || m.p + m.n > s->b + sizeof(s->b))
			abort();
		(void)dns_parse(m.p, m.n, &r);
		seen->messages++;
		seen->bytes += m.n;
		for (size_t i = 0; i < m.n; i++)
			seen->sum = seen->sum * 31 + m.p[i];
	}
}

static void feed(struct dns_stream *s, struct seen *seen, const uint8_t *bytes, size_t n)
{
	while (n) {
		size_t room, part;
		uint8_t *at = dns_stream_room(s, &room);

		if (room == 0)
			abort();
		part = n < room ? n : room;
		memcpy(at, bytes, part);
		dns_stream_fill(s, part);
		drain(s, seen);
		bytes += part;
		n -= part;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct dns_stream pieces, whole;
	struct seen a = {0}, b = {0};

	pieces.at = pieces.n = whole.at = whole.n = 0;
	while (n > 1) {
		size_t part = bytes[0] < n - 1 ? bytes[0] : n - 1;

		feed(&pieces, &a, bytes + 1, part);
		for (size_t i = 0; i < part; i++)
			feed(&whole, &b, bytes + 1 + i, 1);
		bytes += 1 + part;
		n -= 1 + part;
	}
	if (a.messages != b.messages || a.bytes != b.bytes || a.sum != b.sum)
		abort();
	return 0;
}
