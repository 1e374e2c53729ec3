#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "packets.h"

static const struct probe_flows flows = {33000, 4};

static struct probe_spec spec_of(enum probe_kind kind, int family)
{
	return (struct probe_spec){
		.kind = kind,
		.question = kind == PROBE_DNS ? QUESTION_HOSTNAME_BIND : QUESTION_NONE,
		.src = made_us(family),
		.dst = made_target(family),
		.flow_port = 33002,
		.dst_port = kind == PROBE_DNS   ? 53
			    : kind == PROBE_TCP ? 443
						: 0,
		.cookie = UINT64_C(0x1122334455667788),
		.contact = "",
	};
}

static struct made answer_to(const struct probe_spec *s)
{
	static const struct dns_say honest;

	return s->kind == PROBE_DNS    ? made_dns(s, &honest)
	       : s->kind == PROBE_ICMP ? made_echo(s, false, 0)
				       : made_tcp(s, TCP_SYN | TCP_ACK, 0);
}

static void assert_key(const struct probe_sight *got, const struct probe_spec *s)
{
	assert_true(addr_equal(&got->key.target, &s->dst));
	assert_int_equal(got->key.kind, s->kind);
	assert_int_equal(got->key.flow_port, s->flow_port);
	assert_int_equal(got->key.token, probe_token(s->kind, s->cookie));
}

static void assert_head(const struct probe_sight *got, const struct made *probe)
{
	size_t ip_len = probe->b[0] >> 4 == 4 ? IP_V4_LEN : IP_V6_LEN;

	assert_memory_equal(got->head, probe->b + ip_len, PROBE_HEAD);
}

/* Each kind and family: what is seen of the probe, of its answer and of an error about it leads to the same key. */
static void seen_going_coming_and_quoted(void **state)
{
	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of((enum probe_kind)kind, family);
			struct made out = made_probe(&s), back = answer_to(&s);
			struct addr router = made_router(family);
			/* Eight bytes of l4 are all that IPv4 promises; IPv6 quotes what fits. */
			size_t quote = family == 4 || kind != PROBE_DNS ? PROBE_HEAD : 0;
			struct made error = made_error(&s, &router, family == 4 ? 11 : 3, 0, quote);
			struct packet p = made_packet(&out);
			struct probe_sight sight = probe_look(&p, &flows);

			assert_int_equal(sight.what, PROBE_SENT);
			assert_key(&sight, &s);
			assert_head(&sight, &out);

			p = made_packet(&back);
			sight = probe_look(&p, &flows);
			assert_int_equal(sight.what, PROBE_REPLY);
			assert_key(&sight, &s);

			p = made_packet(&error);
			sight = probe_look(&p, &flows);
			assert_int_equal(sight.what, PROBE_QUOTED);
			assert_key(&sight, &s);
			assert_head(&sight, &out);
			assert_int_equal(sight.icmp_type, family == 4 ? 11 : 3);
			assert_int_equal(sight.icmp_code, 0);
		}
}

/* The flow's port is the first one before, or the first one behind, the range. */
static void other_ports_are_unrelated(void **state)
{
	static const uint16_t ports[] = {32999, 33004, 1024};

	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
			struct probe_spec s = spec_of((enum probe_kind)kind, 4);
			struct addr router = made_router(4);
			struct made m[3];

			s.flow_port = ports[i];
			m[0] = made_probe(&s);
			m[1] = answer_to(&s);
			m[2] = made_error(&s, &router, 3, 1, 0);
			for (size_t k = 0; k < 3; k++) {
				struct packet p = made_packet(&m[k]);

				assert_int_equal(probe_look(&p, &flows).what, PROBE_UNRELATED);
			}
		}
}

/* An error about somebody's answer to us, or about an error, is not about a probe. */
static void errors_about_other_packets_are_unrelated(void **state)
{
	struct probe_spec s = spec_of(PROBE_ICMP, 4);
	struct made inner[] = {answer_to(&s), made_error(&s, &s.src, 3, 1, 0)};

	(void)state;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		uint8_t l4[MADE_MAX] = {3, 1};
		struct made outer;
		struct packet p;

		memcpy(l4 + ICMP_LEN, inner[i].b, inner[i].n);
		outer = made_ip(&s.dst, &s.src, IP_ICMP, l4, ICMP_LEN + inner[i].n, false);
		p = made_packet(&outer);
		assert_int_equal(probe_look(&p, &flows).what, PROBE_UNRELATED);
	}
}

/* What form wrote, recover reads: cookie (as much as the packet holds), question, port. */
static void recover_is_the_inverse_of_form(void **state)
{
	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of((enum probe_kind)kind, family), got = {0};
			struct made out = made_probe(&s);
			struct packet p = made_packet(&out);

			assert_true(probe_types[kind]->recover(&p, &got));
			assert_int_equal(probe_token(s.kind, got.cookie), probe_token(s.kind, s.cookie));
			assert_int_equal(got.dst_port, s.dst_port);
			assert_int_equal(got.question, s.question);
			got.src = s.src;
			got.dst = s.dst;
			got.flow_port = s.flow_port;
			got.kind = s.kind;
			got.contact = "";
			/* The probe that the recovered spec makes is the one that was seen, IP header and all. */
			struct made again = made_probe(&got);

			assert_int_equal(again.n, out.n);
			assert_memory_equal(again.b, out.b, out.n);
		}
}

/* No prefix of any of these packets is read past its end, and none of a DNS answer passes for a whole one. */
static void prefixes_are_harmless(void **state)
{
	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of((enum probe_kind)kind, family);
			struct addr router = made_router(family);
			struct made m[] = {made_probe(&s), answer_to(&s),
				made_error(&s, &router, family == 4 ? 3 : 1, 1, 0)};

			for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++)
				for (size_t n = 0; n < m[i].n; n++) {
					struct probe_answer a = {.rcode = -1, .edns_size = -1};
					struct probe_spec got = {0};
					struct packet p;

					if (ip_parse(m[i].b, n, &p) < 0)
						continue;
					if (probe_look(&p, &flows).what == PROBE_REPLY) {
						probe_types[kind]->read(&s, &p, &a);
						assert_true(
							kind != PROBE_DNS || a.outcome == OUTCOME_BAD_REPLY);
					}
					if (p.l4)
						(void)probe_types[kind]->recover(&p, &got);
				}
		}
}

static void tokens(void **state)
{
	(void)state;
	assert_int_equal(probe_token(PROBE_DNS, UINT64_C(0x123456789abcdef0)), 0xdef0);
	assert_int_equal(probe_token(PROBE_ICMP, UINT64_C(0x123456789abcdef0)), 0xdef0);
	assert_int_equal(probe_token(PROBE_TCP, UINT64_C(0x123456789abcdef0)), 0x9abcdef0);
}

static void every_fault_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(probe_fault_name(PROBE_FINE), "");
	for (int i = PROBE_SHORT; i <= PROBE_FRAGMENT; i++)
		for (int k = PROBE_FINE; k < i; k++)
			assert_string_not_equal(
				probe_fault_name((enum probe_fault)i), probe_fault_name((enum probe_fault)k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_going_coming_and_quoted),
		cmocka_unit_test(other_ports_are_unrelated),
		cmocka_unit_test(errors_about_other_packets_are_unrelated),
		cmocka_unit_test(recover_is_the_inverse_of_form),
		cmocka_unit_test(prefixes_are_harmless),
		cmocka_unit_test(tokens),
		cmocka_unit_test(every_fault_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
