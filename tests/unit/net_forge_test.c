#include "net/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "net/inject.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct packet parsed(const uint8_t *bytes, size_t n)
{
	struct packet p;

	assert_true(n > 0);
	assert_int_equal(ip_parse(bytes, n, &p), 0);
	assert_false(p.cut);
	return p;
}

static const char *const ends[][2] = {{"192.0.2.1", "198.51.100.2"}, {"2001:db8::1", "2001:db8:1::2"}};

static void udp(void **state)
{
	uint8_t out[FORGE_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct forge_head h = {addr_of(ends[i][1]), addr_of(ends[i][0]), IP_UDP, 57};
		struct packet p = parsed(out, forge_udp(out, &h, 53, 33000, "abc", 3, 3));
		struct udp u;

		assert_true(addr_equal(&p.src, &h.src) && addr_equal(&p.dst, &h.dst));
		assert_int_equal(p.ttl, 57);
		assert_int_equal(udp_parse(p.l4, p.l4_len, &u), 0);
		assert_int_equal(u.src_port, 53);
		assert_int_equal(u.dst_port, 33000);
		assert_int_equal(u.payload_len, 3);
		assert_memory_equal(u.payload, "abc", 3);
	}
}

/* What was cut off shows in the header's length; what is too long is no packet. */
static void udp_cut(void **state)
{
	static uint8_t payload[FORGE_MAX];
	struct forge_head h = {addr_of(ends[0][1]), addr_of(ends[0][0]), IP_UDP, 57};
	uint8_t out[FORGE_MAX];
	struct packet p = parsed(out, forge_udp(out, &h, 53, 33000, payload, 100, 500));

	(void)state;
	assert_int_equal(wire_get16(p.l4 + 4), UDP_LEN + 500);
	assert_int_equal(p.l4_len, UDP_LEN + 100);
	assert_true(forge_udp(out, &h, 53, 33000, payload, FORGE_PAYLOAD_MAX, 65000) > 0);
	assert_int_equal(forge_udp(out, &h, 53, 33000, payload, sizeof(payload), sizeof(payload)), 0);
}

/* A probe as it is formed. */
static size_t probe_of(size_t family_row, enum probe_kind kind, uint8_t out[static INJECT_PACKET_MAX])
{
	struct inject_template t;
	struct err_msg why;
	struct probe_spec s = {
		.kind = kind,
		.question = QUESTION_ID_SERVER,
		.src = addr_of(ends[family_row][0]),
		.dst = addr_of(ends[family_row][1]),
		.flow_port = 33001,
		.dst_port = kind == PROBE_ICMP ? 0 : 53,
		.cookie = UINT64_C(0x1122334455667788),
		.contact = "",
	};

	assert_int_equal(inject_build(&t, kind, family_row ? 6 : 4, 33001, 0, &why), 0);
	return inject_stamp(&t, &s, out);
}

/* What is forged about a probe is for it, by the same eyes that look at captured packets. */
static void answers_and_errors(void **state)
{
	static const struct probe_flows flows = {33000, 4};
	uint8_t probe[INJECT_PACKET_MAX], out[FORGE_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int kind = 0; kind < PROBE_KINDS; kind++) {
			size_t n = probe_of(i, (enum probe_kind)kind, probe);
			struct packet sent = parsed(probe, n), p;
			struct addr router = addr_of(i ? "2001:db8:99::9" : "203.0.113.9");
			struct probe_sight s;

			p = parsed(out, forge_icmp_error(out, &router, 60, i ? 1 : 3, i ? 4 : 3, probe, n));
			s = probe_look(&p, &flows);
			assert_int_equal(s.what, PROBE_QUOTED);
			assert_int_equal(s.key.kind, kind);
			assert_int_equal(s.icmp_type, i ? 1 : 3);
			assert_memory_equal(s.head, sent.l4, PROBE_HEAD);
			assert_true(addr_equal(&p.src, &router) && addr_equal(&p.dst, &sent.src));
			if (kind != PROBE_TCP)
				continue;
			p = parsed(out, forge_tcp_answer(out, probe, n, TCP_SYN | TCP_ACK));
			s = probe_look(&p, &flows);
			assert_int_equal(s.what, PROBE_REPLY);
			assert_int_equal(s.key.token, 0x55667788);
			assert_true(addr_equal(&s.key.target, &sent.dst));
		}
}

/* An error from the other family, or about what is no packet, is nothing. */
static void nonsense(void **state)
{
	uint8_t probe[INJECT_PACKET_MAX], out[FORGE_MAX];
	size_t n = probe_of(0, PROBE_DNS, probe);
	struct addr other = addr_of("2001:db8::9"), same = addr_of("203.0.113.9");

	(void)state;
	assert_int_equal(forge_icmp_error(out, &other, 1, 3, 3, probe, n), 0);
	assert_int_equal(forge_icmp_error(out, &same, 1, 3, 3, probe, 10), 0);
	assert_int_equal(forge_tcp_answer(out, probe, 10, TCP_SYN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp),
		cmocka_unit_test(udp_cut),
		cmocka_unit_test(answers_and_errors),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
