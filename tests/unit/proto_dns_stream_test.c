#include "proto/dns_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Puts bytes in, as they would come; false when there was less room. */
static bool feed(struct dns_stream *s, const void *bytes, size_t n)
{
	size_t room;
	uint8_t *at = dns_stream_room(s, &room);

	if (room < n)
		return false;
	memcpy(at, bytes, n);
	dns_stream_fill(s, n);
	return true;
}

static void whole_and_cut(void **state)
{
	static const uint8_t two[] = {0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd'};
	static struct dns_stream s;

	(void)state;
	for (size_t cut = 0; cut <= sizeof(two); cut++) {
		struct dns_span m[4] = {{0}};
		char text[4][8] = {""};
		size_t n = 0;

		s = (struct dns_stream){0};
		assert_true(feed(&s, two, cut));
		for (; dns_stream_next(&s, &m[n]); n++)
			memcpy(text[n], m[n].p, m[n].n);
		assert_true(feed(&s, two + cut, sizeof(two) - cut));
		for (; dns_stream_next(&s, &m[n]); n++)
			memcpy(text[n], m[n].p, m[n].n);
		assert_int_equal(n, 3);
		assert_int_equal(m[0].n, 3);
		assert_int_equal(m[1].n, 0);
		assert_int_equal(m[2].n, 1);
		assert_string_equal(text[0], "abc");
		assert_string_equal(text[2], "d");
	}
}

static void longest(void **state)
{
	static struct dns_stream s;
	static uint8_t message[DNS_STREAM_MAX];
	struct dns_span m;
	size_t room;

	(void)state;
	memset(message, 'x', sizeof(message));
	message[0] = message[1] = 0xff;
	/* One byte short, behind a small one: room for the last byte must still be found. */
	assert_true(feed(&s, (uint8_t[]){0, 1, 'y'}, 3));
	assert_true(dns_stream_next(&s, &m));
	assert_true(feed(&s, message, sizeof(message) - 1));
	assert_false(dns_stream_next(&s, &m));
	(void)dns_stream_room(&s, &room);
	assert_int_equal(room, 1);
	assert_true(feed(&s, "z", 1));
	assert_true(dns_stream_next(&s, &m));
	assert_int_equal(m.n, UINT16_MAX);
	assert_int_equal(m.p[m.n - 1], 'z');
	(void)dns_stream_room(&s, &room);
	assert_int_equal(room, DNS_STREAM_MAX);
}

static void query(void **state)
{
	static const struct dns_query q = {.id = 7,
		.name = "id.server",
		.type = DNS_TYPE_TXT,
		.class = DNS_CLASS_CH,
		.edns_size = 1232,
		.nsid = true};
	static struct dns_stream s;
	uint8_t bytes[128], bare[128];
	struct wire_out w = wire_into(bytes, sizeof(bytes)), b = wire_into(bare, sizeof(bare));
	struct dns_span m;

	(void)state;
	dns_stream_write(&w, &q);
	dns_query_write(&b, &q);
	assert_false(w.bad);
	assert_true(feed(&s, bytes, w.len));
	assert_true(dns_stream_next(&s, &m));
	assert_int_equal(m.n, b.len);
	assert_memory_equal(m.p, bare, b.len);
	w = wire_into(bytes, 20);
	dns_stream_write(&w, &q);
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_cut),
		cmocka_unit_test(longest),
		cmocka_unit_test(query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
