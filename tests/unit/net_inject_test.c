#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "packets.h"

static struct probe_spec spec_of(enum probe_kind kind, int family, uint16_t flow_port, uint64_t cookie)
{
	return (struct probe_spec){
		.kind = kind,
		.question = kind == PROBE_DNS ? QUESTION_ID_SERVER : QUESTION_NONE,
		.src = made_us(family),
		.dst = made_target(family),
		.flow_port = flow_port,
		.dst_port = kind == PROBE_DNS   ? 53
			    : kind == PROBE_TCP ? 443
						: 0,
		.cookie = cookie,
		.dns_cookie = {1, 2, 3, 4, 5, 6, 7, 8},
		.dns_cookie_len = kind == PROBE_DNS ? DNS_COOKIE_CLIENT : 0,
		.contact = "noc@example.net",
	};
}

static const size_t l4_sum_at[PROBE_KINDS] = {[PROBE_DNS] = 6, [PROBE_ICMP] = 2, [PROBE_TCP] = 16};

static void assert_sums(const struct made *m, enum probe_kind kind)
{
	struct packet p = made_packet(m);
	bool pseudo = kind != PROBE_ICMP || p.src.family == 6;
	uint64_t sum = pseudo ? ip_sum_pseudo(&p.src, &p.dst, p.proto, p.l4_len) : 0;

	if (p.src.family == 4)
		assert_int_equal(ip_sum_fold(ip_sum(0, m->b, IP_V4_LEN)), 0);
	assert_int_equal(ip_sum_fold(ip_sum(sum, p.l4, p.l4_len)), 0);
	/* 0 is "no checksum" in UDP. */
	assert_int_not_equal(wire_get16(p.l4 + l4_sum_at[kind]), 0);
}

static void packets_are_what_they_should_be(void **state)
{
	static const uint8_t protos[PROBE_KINDS][2] = {[PROBE_DNS] = {IP_UDP, IP_UDP},
		[PROBE_ICMP] = {IP_ICMP, IP_ICMP6},
		[PROBE_TCP] = {IP_TCP, IP_TCP}};

	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s =
				spec_of((enum probe_kind)kind, family, 33005, UINT64_C(0x1020304050607080));
			struct made m = made_probe(&s);
			struct packet p = made_packet(&m);

			assert_true(addr_equal(&p.src, &s.src));
			assert_true(addr_equal(&p.dst, &s.dst));
			assert_int_equal(p.proto, protos[kind][family == 6]);
			assert_int_equal(p.ttl, 64);
			assert_int_equal(p.id, family == 4 ? 0x7080 : 0);
			assert_false(p.fragment);
			assert_false(p.cut);
			assert_int_equal((size_t)(p.l4 - m.b) + p.l4_len, m.n);
			assert_sums(&m, (enum probe_kind)kind);
			if (family == 4)
				assert_int_equal(wire_get16(m.b + 6), 0x4000); /* don't fragment */
			else
				assert_int_equal(wire_get32(m.b), 0x60000000); /* no class, flow label 0 */
		}
}

static void a_syn_offers_a_segment_size(void **state)
{
	static const uint8_t mss[4] = {2, 4, 1220 >> 8, 1220 & 0xff};

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct probe_spec s = spec_of(PROBE_TCP, family, 33000, 5);
		struct made m = made_probe(&s);
		struct packet p = made_packet(&m);

		assert_int_equal(p.l4_len, 24);
		assert_int_equal(p.l4[12], 6 << 4);
		assert_int_equal(p.l4[13], TCP_SYN);
		assert_int_equal(wire_get16(p.l4 + 14), 65535);
		assert_memory_equal(p.l4 + TCP_LEN, mss, sizeof(mss));
	}
}

/* Whatever the cookie and the target, what routers hash on stays: addresses aside, DSCP, label, protocol, ports, and for
 * ICMP type, code, checksum and id. */
static void the_flow_is_constant(void **state)
{
	struct hash_key key = hash_key_seeded(1);

	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of((enum probe_kind)kind, family, 33003, 0);
			struct made first = made_probe(&s);
			struct packet a = made_packet(&first);

			for (uint32_t i = 0; i < 300; i++) {
				struct made m;
				struct packet b;

				s.cookie = hash_sip(&key, &i, sizeof(i));
				s.dst.b[3] = (uint8_t)i;
				m = made_probe(&s);
				b = made_packet(&m);
				assert_sums(&m, (enum probe_kind)kind);
				if (family == 6)
					assert_memory_equal(m.b, first.b, 4);
				else
					assert_int_equal(m.b[1], first.b[1]);
				assert_memory_equal(a.l4, b.l4, 4);
				if (kind == PROBE_ICMP)
					assert_memory_equal(a.l4, b.l4, 6);
			}
		}
}

/* A sum that comes out as 0 is sent as 0xffff. One of 65536 cookies makes it so; the last 16 bits of it decide. */
static void a_zero_checksum_is_sent_as_ffff(void **state)
{
	struct inject_template t;
	unsigned met = 0;

	(void)state;
	assert_int_equal(inject_build(&t, PROBE_DNS, 4, 33000, 0, NULL), 0);
	for (uint32_t c = 0; c < 65536; c++) {
		struct probe_spec s = spec_of(PROBE_DNS, 4, 33000, c);
		struct made m = {{0}, 0};

		m.n = inject_stamp(&t, &s, m.b);
		assert_true(m.n > 0);
		assert_sums(&m, PROBE_DNS);
		met += wire_get16(m.b + IP_V4_LEN + 6) == 0xffff;
	}
	assert_true(met > 0);
}

static void dscp_is_in_every_packet(void **state)
{
	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2)
			for (uint8_t dscp = 0; dscp < 64; dscp += 9) {
				struct probe_spec s = spec_of((enum probe_kind)kind, family, 33000, 99);
				struct inject_template t;
				struct made m = {{0}, 0};

				assert_int_equal(
					inject_build(&t, (enum probe_kind)kind, family, 33000, dscp, NULL),
					0);
				m.n = inject_stamp(&t, &s, m.b);
				assert_int_equal(
					family == 4 ? m.b[1] : wire_get16(m.b) >> 4 & 0xff, dscp << 2);
				assert_sums(&m, (enum probe_kind)kind);
			}
}

static void what_does_not_fit_is_not_formed(void **state)
{
	char contact[PROBE_L4_MAX + 1] = "";
	struct probe_spec s = spec_of(PROBE_ICMP, 6, 33000, 1);
	struct inject_template t;
	uint8_t out[INJECT_PACKET_MAX];

	(void)state;
	memset(contact, 'x', PROBE_L4_MAX);
	s.contact = contact;
	assert_int_equal(inject_build(&t, PROBE_ICMP, 6, 33000, 0, NULL), 0);
	assert_int_equal(inject_stamp(&t, &s, out), 0);
	s.contact = contact + 18;
	assert_int_equal(inject_stamp(&t, &s, out), INJECT_PACKET_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_what_they_should_be),
		cmocka_unit_test(a_syn_offers_a_segment_size),
		cmocka_unit_test(the_flow_is_constant),
		cmocka_unit_test(a_zero_checksum_is_sent_as_ffff),
		cmocka_unit_test(dscp_is_in_every_packet),
		cmocka_unit_test(what_does_not_fit_is_not_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
