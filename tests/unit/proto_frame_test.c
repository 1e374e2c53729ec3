#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "proto/frame.h"
#include "samples.h"

#define MACS 0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1
#define SLL 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0
#define SLL2 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0

/* What stands before an IP packet on each link, and whether a packet is to be found behind it. */
static const struct {
	const char *name;
	enum frame_link link;
	bool found;
	size_t len;
	uint8_t header[24];
} headers[] = {
	{"Ethernet, IPv4", FRAME_ETHERNET, true, 14, {MACS, 0x08, 0x00}},
	{"Ethernet, IPv6", FRAME_ETHERNET, true, 14, {MACS, 0x86, 0xdd}},
	{"802.1Q", FRAME_ETHERNET, true, 18, {MACS, 0x81, 0x00, 0, 7, 0x08, 0x00}},
	{"802.1ad", FRAME_ETHERNET, true, 22, {MACS, 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 9, 0x86, 0xdd}},
	{"802.1Q, ARP", FRAME_ETHERNET, false, 18, {MACS, 0x81, 0x00, 0, 7, 0x08, 0x06}},
	{"802.3 length", FRAME_ETHERNET, false, 14, {MACS, 0x00, 0x40}},
	{"MPLS", FRAME_ETHERNET, false, 14, {MACS, 0x88, 0x47}},
	{"cooked, IPv4", FRAME_SLL, true, 16, {SLL, 0x08, 0x00}},
	{"cooked, tagged", FRAME_SLL, true, 20, {SLL, 0x81, 0x00, 0, 7, 0x86, 0xdd}},
	{"cooked, ARP", FRAME_SLL, false, 16, {SLL, 0x08, 0x06}},
	{"cooked v2, IPv6", FRAME_SLL2, true, 20, {0x86, 0xdd, SLL2}},
	{"cooked v2, ARP", FRAME_SLL2, false, 20, {0x08, 0x06, SLL2}},
	{"BSD loopback", FRAME_NULL, true, 4, {2, 0, 0, 0}},
	{"bare IP", FRAME_IP, true, 0, {0}},
	{"unknown link", FRAME_NONE, false, 0, {0}},
};
#define N_HEADERS (sizeof(headers) / sizeof(headers[0]))

static void finds_the_packet(void **state)
{
	struct wire ip = sample_ip(SAMPLE_UDP4_QUERY);
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < N_HEADERS; i++) {
		uint8_t frame[256];
		const uint8_t *p;
		struct wire w;
		size_t n = headers[i].len + ip.len;

		print_message("%s\n", headers[i].name);
		memcpy(frame, headers[i].header, headers[i].len);
		memcpy(frame + headers[i].len, ip.base, ip.len);
		p = guard_place(&g, frame, n);
		w = frame_ip(headers[i].link, p, n);
		assert_int_equal(w.bad, !headers[i].found);
		if (!headers[i].found)
			continue;
		assert_ptr_equal(w.base, p + headers[i].len);
		assert_int_equal(wire_left(&w), ip.len);
	}
	guard_free(&g);
}

static void refuses_cut_headers(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < N_HEADERS; i++)
		for (size_t n = 0; n < headers[i].len; n++)
			assert_true(frame_ip(headers[i].link, guard_place(&g, headers[i].header, n), n).bad);
	guard_free(&g);
}

static void endless_tags_end(void **state)
{
	struct guard g = guard_make();
	uint8_t frame[4096];
	const uint8_t *p;

	(void)state;
	for (size_t i = 0; i < sizeof(frame); i += 2)
		wire_set16(frame + i, 0x8100);
	p = guard_place(&g, frame, sizeof(frame));
	assert_true(frame_ip(FRAME_ETHERNET, p, sizeof(frame)).bad);
	guard_free(&g);
}

static void samples_as_captured(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		assert_int_equal(sample_ip((enum sample_id)i).bad, i == SAMPLE_ARP);
}

static void linktypes(void **state)
{
	static const struct {
		int linktype;
		enum frame_link link;
	} cases[] = {{1, FRAME_ETHERNET}, {101, FRAME_IP}, {12, FRAME_IP}, {228, FRAME_IP}, {229, FRAME_IP},
		{113, FRAME_SLL}, {276, FRAME_SLL2}, {0, FRAME_NULL}, {105, FRAME_NONE}, {-1, FRAME_NONE}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(frame_link_from_linktype(cases[i].linktype), cases[i].link);
	assert_string_equal(frame_link_name(FRAME_ETHERNET), "Ethernet");
	assert_string_equal(frame_link_name(FRAME_NONE), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_packet),
		cmocka_unit_test(refuses_cut_headers),
		cmocka_unit_test(endless_tags_end),
		cmocka_unit_test(samples_as_captured),
		cmocka_unit_test(linktypes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
