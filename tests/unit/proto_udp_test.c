#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "guard.h"
#include "proto/ip.h"
#include "proto/udp.h"
#include "samples.h"

static void datagrams_as_captured(void **state)
{
	static const struct {
		enum sample_id id;
		uint16_t src_port, dst_port;
		size_t payload_len;
	} cases[] = {
		{SAMPLE_UDP4_QUERY, 57772, 53, 54},
		{SAMPLE_UDP4_REPLY, 53, 57772, 101},
		{SAMPLE_UDP6_QUERY, 35340, 53, 58},
		{SAMPLE_UDP6_EXTENSIONS, 39143, 9998, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire ip = sample_ip(cases[i].id);
		struct packet p;
		struct udp u;

		assert_int_equal(ip_parse(ip.base, ip.len, &p), 0);
		assert_int_equal(udp_parse(p.l4, p.l4_len, &u), 0);
		assert_int_equal(u.src_port, cases[i].src_port);
		assert_int_equal(u.dst_port, cases[i].dst_port);
		assert_int_equal(u.payload_len, cases[i].payload_len);
		assert_ptr_equal(u.payload, p.l4 + UDP_LEN);
	}
}

/* Any length in the header over any number of bytes: the payload is what both agree on. */
static void lengths_that_lie(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t here = 0; here < 40; here++)
		for (unsigned said = 0; said < 48; said++) {
			uint8_t bytes[40] = {0, 53, 0x80, 0xe8, 0, (uint8_t)said};
			const uint8_t *placed = guard_place(&g, bytes, here);
			struct udp u;
			int rc = udp_parse(placed, here, &u);

			assert_int_equal(rc < 0, here < UDP_LEN || said < UDP_LEN);
			if (rc < 0)
				continue;
			assert_ptr_equal(u.payload, placed + UDP_LEN);
			assert_int_equal(u.payload_len, (said < here ? said : here) - UDP_LEN);
		}
	guard_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_as_captured),
		cmocka_unit_test(lengths_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
