#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "guard.h"
#include "proto/ip.h"
#include "proto/tcp.h"
#include "samples.h"

static const struct {
	enum sample_id id;
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
} cases[] = {
	{SAMPLE_TCP4_SYN, 55860, 81, 4034890112, 0, TCP_SYN},
	{SAMPLE_TCP4_RST, 81, 55860, 0, 4034890113, TCP_RST | TCP_ACK},
	{SAMPLE_TCP4_SYN_ACK, 53, 37980, 2924985584, 2840553606, TCP_SYN | TCP_ACK},
	{SAMPLE_TCP6_SYN_ACK, 53, 52206, 1048009887, 275898852, TCP_SYN | TCP_ACK},
};
#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static struct packet sample_packet(enum sample_id id)
{
	struct wire ip = sample_ip(id);
	struct packet p;

	assert_int_equal(ip_parse(ip.base, ip.len, &p), 0);
	return p;
}

static void segments_as_captured(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct packet p = sample_packet(cases[i].id);
		struct tcp t;

		assert_int_equal(tcp_parse(p.l4, p.l4_len, &t), 0);
		assert_int_equal(t.src_port, cases[i].src_port);
		assert_int_equal(t.dst_port, cases[i].dst_port);
		assert_int_equal(t.seq, cases[i].seq);
		assert_int_equal(t.ack, cases[i].ack);
		assert_int_equal(t.flags, cases[i].flags);
	}
}

/* All these segments are header only, so each byte that is cut off makes the data offset a lie. */
static void every_prefix_is_refused(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct packet p = sample_packet(cases[i].id);
		struct tcp t;

		for (size_t n = 0; n < p.l4_len; n++)
			assert_true(tcp_parse(guard_place(&g, p.l4, n), n, &t) < 0);
	}
	guard_free(&g);
}

static void data_offsets(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 16; words++)
		for (size_t n = TCP_LEN; n <= 64; n++) {
			uint8_t bytes[64] = {[12] = (uint8_t)(words << 4), [13] = TCP_RST};
			struct tcp t;

			assert_int_equal(tcp_parse(bytes, n, &t) < 0, words < 5 || words * 4 > n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_as_captured),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(data_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
