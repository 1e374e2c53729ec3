#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"

static const struct probe_flows flows = {33000, 1};

static struct probe_spec spec_of(int family)
{
	return (struct probe_spec){
		.kind = PROBE_TCP,
		.src = made_us(family),
		.dst = made_target(family),
		.flow_port = 33000,
		.dst_port = 443,
		.cookie = UINT64_C(0x11223344ffffffff), /* its acknowledgement wraps to 0 */
		.contact = "",
	};
}

static void a_syn_carries_the_cookie(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct probe_spec s = spec_of(family);
		struct made m = made_probe(&s);
		struct packet p = made_packet(&m);
		struct tcp t;

		assert_int_equal(tcp_parse(p.l4, p.l4_len, &t), 0);
		assert_int_equal(t.src_port, 33000);
		assert_int_equal(t.dst_port, 443);
		assert_int_equal(t.seq, 0xffffffff);
		assert_int_equal(t.ack, 0);
		assert_int_equal(t.flags, TCP_SYN);
		assert_int_equal(p.l4_len, 24);
	}
}

static void answers(void **state)
{
	static const struct {
		uint8_t flags;
		uint16_t port;
		enum outcome outcome;
		enum probe_fault fault;
	} cases[] = {
		{TCP_SYN | TCP_ACK, 0, OUTCOME_REPLY, PROBE_FINE},
		{TCP_RST | TCP_ACK, 0, OUTCOME_RST, PROBE_FINE},
		{TCP_SYN | TCP_ACK, 80, OUTCOME_BAD_REPLY, PROBE_PORT},
		{TCP_RST | TCP_ACK, 80, OUTCOME_BAD_REPLY, PROBE_PORT},
		{TCP_ACK, 0, OUTCOME_BAD_REPLY, PROBE_NO_RESPONSE},
		{TCP_RST, 0, OUTCOME_BAD_REPLY, PROBE_NO_RESPONSE},
		{TCP_FIN | TCP_ACK, 0, OUTCOME_BAD_REPLY, PROBE_NO_RESPONSE},
		{0, 0, OUTCOME_BAD_REPLY, PROBE_NO_RESPONSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct probe_spec s = spec_of(family);
			struct made m = made_tcp(&s, cases[i].flags, cases[i].port);
			struct packet p = made_packet(&m);
			struct probe_answer a = {.rcode = -1, .edns_size = -1};
			struct probe_sight sight = probe_look(&p, &flows);

			assert_int_equal(sight.what, PROBE_REPLY);
			assert_int_equal(sight.key.token, 0xffffffff);
			probe_types[PROBE_TCP]->read(&s, &p, &a);
			assert_int_equal(a.outcome, cases[i].outcome);
			assert_int_equal(a.fault, cases[i].fault);
		}
}

/* Our own kernel answers each SYN/ACK with a RST from the flow's port: that is neither a probe nor an answer. */
static void our_own_resets_are_no_probes(void **state)
{
	static const uint8_t flags[] = {TCP_RST, TCP_RST | TCP_ACK, TCP_ACK, TCP_SYN | TCP_ACK};

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		struct probe_spec s = spec_of(4);
		struct made m = made_probe(&s);
		struct packet p;

		m.b[IP_V4_LEN + 13] = flags[i];
		p = made_packet(&m);
		assert_int_equal(probe_look(&p, &flows).what, PROBE_UNRELATED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_carries_the_cookie),
		cmocka_unit_test(answers),
		cmocka_unit_test(our_own_resets_are_no_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
