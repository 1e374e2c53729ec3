#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "packets.h"

static struct probe_spec spec_of(int family, uint64_t cookie, const char *contact)
{
	return (struct probe_spec){
		.kind = PROBE_ICMP,
		.src = made_us(family),
		.dst = made_target(family),
		.flow_port = 33001,
		.cookie = cookie,
		.contact = contact,
	};
}

static bool sums_up(const struct packet *p)
{
	uint64_t sum = p->src.family == 6 ? ip_sum_pseudo(&p->src, &p->dst, p->proto, p->l4_len) : 0;

	return ip_sum_fold(ip_sum(sum, p->l4, p->l4_len)) == 0;
}

/* Routers hash on type, code, checksum and id: no cookie, target, source or contact may change one of them. */
static void the_flow_is_constant_and_the_checksum_right(void **state)
{
	static const char *const contacts[] = {"", "x", "noc@example.net", "https://probes.example.net/"};
	struct hash_key key = hash_key_seeded(7);

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		int family = i % 2 ? 4 : 6;
		uint64_t random = hash_sip(&key, &i, sizeof(i));
		struct probe_spec s =
			spec_of(family, i < 4 ? (i < 2 ? 0 : UINT64_MAX) : random, contacts[i / 2 % 4]);
		uint8_t *host = s.dst.b + (family == 4 ? 3 : 15);
		struct made m;
		struct packet p;

		*host = (uint8_t)i;
		s.src.b[2] = (uint8_t)(i >> 4);
		m = made_probe(&s);
		p = made_packet(&m);
		assert_int_equal(p.l4[0], icmp_echo_type(family));
		assert_int_equal(p.l4[1], 0);
		assert_int_equal(wire_get16(p.l4 + 2), 33001);
		assert_int_equal(wire_get16(p.l4 + 4), 33001);
		assert_int_equal(wire_get16(p.l4 + 6), (uint16_t)s.cookie);
		assert_int_equal(p.l4_len, ICMP_LEN + 8 + 2 + strlen(s.contact));
		assert_true(sums_up(&p));
	}
}

/* Every flow that --flow-base allows can be balanced. */
static void every_flow_has_its_checksum(void **state)
{
	(void)state;
	for (unsigned port = 1024; port <= 65534; port += 97) {
		struct probe_spec s = spec_of(port % 2 ? 4 : 6, UINT64_C(0x0123456789abcdef), "");
		struct made m;
		struct packet p;

		s.flow_port = (uint16_t)port;
		m = made_probe(&s);
		p = made_packet(&m);
		assert_int_equal(wire_get16(p.l4 + 2), port);
		assert_true(sums_up(&p));
	}
}

static void a_contact_too_long_is_refused(void **state)
{
	char contact[PROBE_L4_MAX] = "";
	uint8_t l4[PROBE_L4_MAX] = {8};
	struct probe_spec s = spec_of(4, 1, contact);

	(void)state;
	memset(contact, 'x', sizeof(contact) - 1);
	contact[sizeof(contact) - 1] = '\0';
	assert_int_equal(probe_types[PROBE_ICMP]->form(&s, l4), 0);
	contact[PROBE_L4_MAX - 18] = '\0';
	assert_int_equal(probe_types[PROBE_ICMP]->form(&s, l4), PROBE_L4_MAX);
}

static void replies(void **state)
{
	static const struct {
		bool other;
		size_t cut;
		enum outcome outcome;
		enum probe_fault fault;
	} cases[] = {
		{false, 0, OUTCOME_REPLY, PROBE_FINE},
		{false, 12, OUTCOME_REPLY, PROBE_FINE}, /* the proof is there */
		{true, 0, OUTCOME_BAD_REPLY, PROBE_COOKIE},
		{false, 13, OUTCOME_BAD_REPLY, PROBE_SHORT},
		{false, 21, OUTCOME_BAD_REPLY, PROBE_SHORT},
		{false, 20, OUTCOME_BAD_REPLY, PROBE_SHORT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of(family, UINT64_C(0xa1b2c3d4e5f60718), "who@x.org!");
			struct made m = made_echo(&s, cases[i].other, cases[i].cut);
			struct packet p = made_packet(&m);
			struct probe_answer a = {.rcode = -1, .edns_size = -1};

			probe_types[PROBE_ICMP]->read(&s, &p, &a);
			assert_int_equal(a.outcome, cases[i].outcome);
			assert_int_equal(a.fault, cases[i].fault);
			assert_int_equal(a.rcode, -1);
		}
}

/* Another program's echoes with our id: their payload does not begin with their sequence number. */
static void echoes_of_others_are_not_recovered(void **state)
{
	struct probe_spec s = spec_of(4, UINT64_C(0xa1b2c3d4e5f60718), ""), got = {0};
	struct made m = made_probe(&s);
	struct packet p;

	(void)state;
	m.b[IP_V4_LEN + 7] ^= 1;
	p = made_packet(&m);
	assert_false(probe_types[PROBE_ICMP]->recover(&p, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_flow_is_constant_and_the_checksum_right),
		cmocka_unit_test(every_flow_has_its_checksum),
		cmocka_unit_test(a_contact_too_long_is_refused),
		cmocka_unit_test(replies),
		cmocka_unit_test(echoes_of_others_are_not_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
