#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "guard.h"
#include "proto/icmp.h"
#include "proto/udp.h"
#include "samples.h"

static struct packet sample_packet(enum sample_id id)
{
	struct wire ip = sample_ip(id);
	struct packet p;

	assert_int_equal(ip_parse(ip.base, ip.len, &p), 0);
	return p;
}

static void messages_as_captured(void **state)
{
	static const struct {
		enum sample_id id;
		enum icmp_class class;
		uint8_t type, code;
		size_t payload_len;
	} cases[] = {
		{SAMPLE_ICMP4_ECHO, ICMP_CLASS_ECHO, 8, 0, 16},
		{SAMPLE_ICMP4_ECHO_REPLY, ICMP_CLASS_REPLY, 0, 0, 16},
		{SAMPLE_ICMP4_PORT, ICMP_CLASS_ERROR, 3, 3, 33},
		{SAMPLE_ICMP6_ECHO, ICMP_CLASS_ECHO, 128, 0, 16},
		{SAMPLE_ICMP6_ECHO_REPLY, ICMP_CLASS_REPLY, 129, 0, 16},
		{SAMPLE_ICMP6_PORT, ICMP_CLASS_ERROR, 1, 4, 53},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p = sample_packet(cases[i].id);
		struct icmp m;

		print_message("%s\n", samples[cases[i].id].name);
		assert_int_equal(icmp_parse(p.src.family, p.l4, p.l4_len, &m), 0);
		assert_int_equal(m.class, cases[i].class);
		assert_int_equal(m.type, cases[i].type);
		assert_int_equal(m.code, cases[i].code);
		assert_int_equal(m.payload_len, cases[i].payload_len);
		assert_ptr_equal(m.payload, p.l4 + ICMP_LEN);
		if (m.class != ICMP_CLASS_ERROR) {
			assert_int_equal(m.id, 0x1234);
			assert_int_equal(m.seq, 1);
		}
	}
}

static void classes_follow_the_family(void **state)
{
	static const struct {
		int family;
		uint8_t type;
		enum icmp_class class;
	} cases[] = {{4, 8, ICMP_CLASS_ECHO}, {6, 8, ICMP_CLASS_OTHER}, {6, 128, ICMP_CLASS_ECHO},
		{4, 128, ICMP_CLASS_OTHER}, {4, 11, ICMP_CLASS_ERROR}, {6, 3, ICMP_CLASS_ERROR},
		{4, 1, ICMP_CLASS_OTHER}, {6, 1, ICMP_CLASS_ERROR}, {4, 13, ICMP_CLASS_OTHER},
		{6, 135, ICMP_CLASS_OTHER}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[ICMP_LEN] = {cases[i].type};
		struct icmp m;

		assert_int_equal(icmp_parse(cases[i].family, bytes, sizeof(bytes), &m), 0);
		assert_int_equal(m.class, cases[i].class);
	}
	assert_int_equal(icmp_echo_type(4), 8);
	assert_int_equal(icmp_echo_type(6), 128);
}

/* Each error sample quotes a UDP datagram that its receiver had sent. */
static void quotes(void **state)
{
	static const enum sample_id ids[] = {SAMPLE_ICMP4_PORT, SAMPLE_ICMP6_PORT};
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct packet p = sample_packet(ids[i]);
		size_t header = ICMP_LEN + (p.src.family == 4 ? (size_t)IP_V4_LEN : (size_t)IP_V6_LEN);

		for (size_t n = 0; n <= p.l4_len; n++) {
			const uint8_t *placed = guard_place(&g, p.l4, n);
			struct packet quoted;
			struct icmp m;
			struct udp u;

			assert_int_equal(icmp_parse(p.src.family, placed, n, &m) < 0, n < ICMP_LEN);
			if (n < ICMP_LEN)
				continue;
			assert_int_equal(icmp_quoted(&m, &quoted) < 0, n < header + UDP_LEN);
			if (n < header + UDP_LEN)
				continue;
			assert_true(addr_equal(&quoted.src, &p.dst));
			assert_true(addr_equal(&quoted.dst, &p.src));
			assert_int_equal(quoted.cut, n < p.l4_len);
			assert_int_equal(udp_parse(quoted.l4, quoted.l4_len, &u), 0);
			assert_int_equal(u.dst_port, 9999);
		}
	}
	guard_free(&g);
}

static void only_errors_quote(void **state)
{
	struct packet p = sample_packet(SAMPLE_ICMP4_PORT), quoted;
	uint8_t bytes[64];
	struct icmp m;

	(void)state;
	memcpy(bytes, p.l4, p.l4_len);
	bytes[0] = 0; /* an echo reply whose data look like a quote */
	assert_int_equal(icmp_parse(4, bytes, p.l4_len, &m), 0);
	assert_true(icmp_quoted(&m, &quoted) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_as_captured),
		cmocka_unit_test(classes_follow_the_family),
		cmocka_unit_test(quotes),
		cmocka_unit_test(only_errors_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
