#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wire.h"
#include "guard.h"
#include "proto/ip.h"
#include "samples.h"

static const struct {
	enum sample_id id;
	const char *src, *dst;
	uint8_t proto, ttl;
	bool fragment, cut;
	size_t l4_at, l4_len; /* offset in the packet; 0: no l4 to see */
} cases[] = {
	{SAMPLE_UDP4_QUERY, "192.0.2.1", "192.0.2.2", IP_UDP, 64, false, false, 20, 62},
	{SAMPLE_TCP4_RST, "192.0.2.2", "192.0.2.1", IP_TCP, 64, false, false, 20, 20},
	{SAMPLE_ICMP4_ECHO, "192.0.2.1", "192.0.2.2", IP_ICMP, 64, false, false, 20, 24},
	{SAMPLE_UDP6_QUERY, "2001:db8::1", "2001:db8::2", IP_UDP, 64, false, false, 40, 66},
	{SAMPLE_UDP6_EXTENSIONS, "2001:db8::1", "2001:db8::2", IP_UDP, 64, false, false, 56, 11},
	{SAMPLE_TCP6_SYN_ACK, "2001:db8::2", "2001:db8::1", IP_TCP, 64, false, false, 40, 40},
	{SAMPLE_ICMP6_PORT, "2001:db8::2", "2001:db8::1", IP_ICMP6, 64, false, false, 40, 61},
	{SAMPLE_FRAGMENT4_FIRST, "192.0.2.1", "192.0.2.2", IP_ICMP, 64, true, true, 20, 46},
	{SAMPLE_FRAGMENT4_LAST, "192.0.2.1", "192.0.2.2", IP_ICMP, 64, true, false, 0, 0},
	{SAMPLE_FRAGMENT6_FIRST, "2001:db8::1", "2001:db8::2", IP_ICMP6, 64, true, true, 48, 18},
	{SAMPLE_FRAGMENT6_LAST, "2001:db8::1", "2001:db8::2", IP_ICMP6, 64, true, false, 0, 0},
};

static void packets_as_captured(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire ip = sample_ip(cases[i].id);
		struct packet p;
		char text[ADDR_TEXT_LEN];

		print_message("%s\n", samples[cases[i].id].name);
		assert_int_equal(ip_parse(ip.base, ip.len, &p), 0);
		assert_string_equal(addr_text(&p.src, text), cases[i].src);
		assert_string_equal(addr_text(&p.dst, text), cases[i].dst);
		assert_int_equal(p.proto, cases[i].proto);
		assert_int_equal(p.ttl, cases[i].ttl);
		assert_int_equal(p.fragment, cases[i].fragment);
		assert_int_equal(p.cut, cases[i].cut);
		assert_ptr_equal(p.l4, cases[i].l4_at ? ip.base + cases[i].l4_at : NULL);
		assert_int_equal(p.l4_len, cases[i].l4_len);
	}
}

static void every_prefix_is_refused_or_cut(void **state)
{
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct wire ip = sample_ip((enum sample_id)i);
		size_t header = i == SAMPLE_ARP ? 0 : ip.base[0] >> 4 == 4 ? IP_V4_LEN : IP_V6_LEN;

		for (size_t n = 0; n < ip.len && header; n++) {
			const uint8_t *bytes = guard_place(&g, ip.base, n);
			struct packet p;
			int rc = ip_parse(bytes, n, &p);

			assert_int_equal(rc < 0, n < header);
			if (rc < 0)
				continue;
			assert_true(p.cut);
			assert_true(!p.l4 || p.l4 + p.l4_len == bytes + n);
		}
	}
	guard_free(&g);
}

/* One byte of a good packet changed, and what becomes of it. */
static void damaged_headers(void **state)
{
	static const struct {
		const char *what;
		enum sample_id id;
		size_t at;
		uint8_t value;
		bool refused, cut, l4;
	} damage[] = {
		{"version 0", SAMPLE_UDP4_QUERY, 0, 0x05, true, false, false},
		{"version 7", SAMPLE_UDP6_QUERY, 0, 0x70, true, false, false},
		{"header of 16 bytes", SAMPLE_UDP4_QUERY, 0, 0x44, true, false, false},
		{"header of 60 bytes", SAMPLE_ICMP4_ECHO, 0, 0x4f, true, false, false},
		{"total below the header", SAMPLE_UDP4_QUERY, 3, 19, true, false, false},
		{"total is the header", SAMPLE_UDP4_QUERY, 3, 20, false, false, true},
		{"total past the end", SAMPLE_UDP4_QUERY, 2, 1, false, true, true},
		{"padding behind", SAMPLE_UDP4_QUERY, 3, 60, false, false, true},
		{"IPv6 payload past the end", SAMPLE_UDP6_QUERY, 4, 1, false, true, true},
		{"extension past the payload", SAMPLE_UDP6_EXTENSIONS, 41, 3, false, false, false},
		{"extension past the end", SAMPLE_UDP6_EXTENSIONS, 41, 9, false, false, false},
		{"no next header", SAMPLE_UDP6_EXTENSIONS, 40, 59, false, false, true},
	};
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		struct wire ip = sample_ip(damage[i].id);
		uint8_t bytes[192];
		struct packet p;
		const uint8_t *placed;

		print_message("%s\n", damage[i].what);
		memcpy(bytes, ip.base, ip.len);
		bytes[damage[i].at] = damage[i].value;
		placed = guard_place(&g, bytes, ip.len);
		assert_int_equal(ip_parse(placed, ip.len, &p) < 0, damage[i].refused);
		if (damage[i].refused)
			continue;
		assert_int_equal(p.cut, damage[i].cut);
		assert_int_equal(p.l4 != NULL, damage[i].l4);
		assert_true(!p.l4 || p.l4 + p.l4_len <= placed + ip.len);
	}
	guard_free(&g);
}

/* Chains of extension headers, each of `len` bytes, before a UDP header. */
static void extension_chains(void **state)
{
	static const struct {
		const char *what;
		uint8_t type, length_byte, len;
		int n;
		bool l4;
	} chains[] = {
		{"none", 0, 0, 8, 0, true},
		{"routing", 43, 0, 8, 1, true},
		{"destination options, 24 bytes", 60, 2, 24, 2, true},
		{"authentication", 51, 4, 24, 1, true},
		{"mobility", 135, 0, 8, 1, true},
		{"atomic fragment", 44, 0, 8, 1, true},
		{"seven", 60, 0, 8, 7, true},
		{"a hundred", 60, 0, 8, 100, false},
	};
	struct guard g = guard_make();

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		uint8_t bytes[1024] = {0x60};
		size_t n = IP_V6_LEN;
		struct packet p;

		print_message("%s\n", chains[i].what);
		bytes[6] = chains[i].n ? chains[i].type : IP_UDP;
		for (int k = 0; k < chains[i].n; k++, n += chains[i].len) {
			bytes[n] = k + 1 < chains[i].n ? chains[i].type : IP_UDP;
			bytes[n + 1] = chains[i].length_byte;
		}
		wire_set16(bytes + 4, (uint16_t)(n + 8 - IP_V6_LEN));
		const uint8_t *placed = guard_place(&g, bytes, n + 8);
		assert_int_equal(ip_parse(placed, n + 8, &p), 0);
		assert_false(p.fragment);
		assert_ptr_equal(p.l4, chains[i].l4 ? placed + n : NULL);
		if (chains[i].l4)
			assert_int_equal(p.proto, IP_UDP);
	}
	guard_free(&g);
}

/* RFC 1071 section 2: one byte after the other, in network order. */
static uint16_t slow_checksum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void checksums_known(void **state)
{
	static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(ip_sum_fold(ip_sum(0, rfc1071, sizeof(rfc1071))), (uint16_t)~0xddf2);
	assert_int_equal(ip_sum_fold(0), 0xffff);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct wire ip = sample_ip((enum sample_id)i);
		struct packet p;
		uint64_t sum;

		if (ip.bad || ip_parse(ip.base, ip.len, &p) < 0 || p.fragment)
			continue;
		print_message("%s\n", samples[i].name);
		if (p.src.family == 4)
			assert_int_equal(ip_sum_fold(ip_sum(0, ip.base, IP_V4_LEN)), 0);
		sum = p.proto == IP_ICMP ? 0 : ip_sum_pseudo(&p.src, &p.dst, p.proto, p.l4_len);
		assert_int_equal(ip_sum_fold(ip_sum(sum, p.l4, p.l4_len)), 0);
	}
}

static void checksums_of_every_length(void **state)
{
	struct guard g = guard_make();
	uint8_t bytes[300] = {0};
	uint32_t seed = 1;

	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		const uint8_t *p;

		for (size_t i = 0; i < n; i++)
			bytes[i] = n % 3 ? (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24) : 0xff;
		p = guard_place(&g, bytes, n);
		assert_int_equal(ip_sum_fold(ip_sum(0, p, n)), slow_checksum(p, n));
		if (n >= 6) /* in parts */
			assert_int_equal(
				ip_sum_fold(ip_sum(ip_sum(0, p, 6), p + 6, n - 6)), slow_checksum(p, n));
	}
	guard_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_as_captured),
		cmocka_unit_test(every_prefix_is_refused_or_cut),
		cmocka_unit_test(damaged_headers),
		cmocka_unit_test(extension_chains),
		cmocka_unit_test(checksums_known),
		cmocka_unit_test(checksums_of_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
