#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"

static void texts_that_are_addresses(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: the same */
		uint8_t family;
	} cases[] = {
		{"192.0.2.1", NULL, 4},
		{"0.0.0.0", NULL, 4},
		{"255.255.255.255", NULL, 4},
		{"::", NULL, 6},
		{"::1", NULL, 6},
		{"1::", NULL, 6},
		{"2001:db8::1", NULL, 6},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6},
		{"2001:db8:0:1:1:1:1:1", NULL, 6},                /* one group is not shortened */
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6}, /* the first of two runs */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 6},       /* the longest run */
		{"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6", 6},
		{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::", 6},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, 6},
		{"::ffff:192.0.2.1", NULL, 6},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201", 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;
		char text[ADDR_TEXT_LEN];

		assert_int_equal(addr_parse(cases[i].text, &a), 0);
		assert_int_equal(a.family, cases[i].family);
		assert_string_equal(
			addr_text(&a, text), cases[i].canonical ? cases[i].canonical : cases[i].text);
	}
}

static void texts_that_are_none(void **state)
{
	static const char *const cases[] = {"", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
		"1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4/32", ":", ":::", "1::2::3", "2001:db8::g",
		"[::1]", "fe80::1%eth0", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "example.net"};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (addr_parse(cases[i], &a) != ERR_PARSE)
			fail_msg("'%s' was taken for an address", cases[i]);
}

/* The text of any address is the one that the C library gives, but for the old ::a.b.c.d form. */
static void text_as_inet_ntop(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct addr a = {.family = i % 2 ? 4 : 6};
		char ours[ADDR_TEXT_LEN], theirs[INET6_ADDRSTRLEN];
		struct addr back;

		/* Half of the bytes zero, so that runs of every length and place come up. */
		for (size_t k = 0; k < addr_len(&a); k++)
			a.b[k] = (uint8_t)(rand_r(&seed) % 2 ? rand_r(&seed) % 256 : 0);
		if (a.family == 6 && memcmp(a.b, (uint8_t[12]){0}, 12) == 0)
			continue;
		assert_non_null(inet_ntop(addr_af(&a), a.b, theirs, sizeof(theirs)));
		assert_string_equal(addr_text(&a, ours), theirs);
		assert_int_equal(addr_parse(ours, &back), 0);
		assert_true(addr_equal(&a, &back));
	}
}

static void no_address(void **state)
{
	struct addr none = {0};
	char text[ADDR_TEXT_LEN] = "x";

	(void)state;
	assert_string_equal(addr_text(&none, text), "");
	assert_int_equal(addr_len(&none), 0);
	assert_int_equal(addr_af(&none), AF_UNSPEC);
	assert_true(addr_is_unusable(&none));
	assert_false(addr_is_loopback(&none));
}

static void prefixes(void **state)
{
	static const struct {
		const char *text, *inside, *outside;
	} good[] = {
		{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
		{"0.0.0.0/0", "255.255.255.255", "::"},
		{"192.0.2.1/32", "192.0.2.1", "192.0.2.2"},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::1/128", "::1", "::"},
		{"::/0", "2001:db8::1", "192.0.2.1"},
	};
	static const char *const bad[] = {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/",
		"192.0.2.0/a", "192.0.2.0/24 ", "/24", "2001:db8::1/64", "2001:db8::/129", "2001:db8::/+1",
		"192.0.2.0/0024x", "192.0.2.0//24"};
	struct addr_prefix p;
	char text[ADDR_PREFIX_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct addr in, out;

		assert_int_equal(addr_prefix_parse(good[i].text, &p), 0);
		assert_string_equal(addr_prefix_text(&p, text), good[i].text);
		assert_int_equal(addr_parse(good[i].inside, &in), 0);
		assert_int_equal(addr_parse(good[i].outside, &out), 0);
		assert_true(addr_in(&in, &p));
		assert_false(addr_in(&out, &p));
	}
	assert_int_equal(addr_prefix_parse("192.0.2.1", &p), 0);
	assert_string_equal(addr_prefix_text(&p, text), "192.0.2.1/32");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (addr_prefix_parse(bad[i], &p) != ERR_PARSE)
			fail_msg("'%s' was taken for a prefix", bad[i]);
}

static void what_may_be_probed(void **state)
{
	static const struct {
		const char *text;
		bool unusable, loopback;
	} cases[] = {
		{"192.0.2.1", false, false},
		{"127.0.0.1", false, true},
		{"127.255.0.1", false, true},
		{"0.0.0.0", true, false},
		{"0.1.2.3", true, false},
		{"223.255.255.255", false, false},
		{"224.0.0.1", true, false},
		{"239.1.2.3", true, false},
		{"240.0.0.1", true, false},
		{"10.0.0.1", false, false},
		{"255.255.255.255", true, false},
		{"::", true, false},
		{"::1", false, true},
		{"ff02::1", true, false},
		{"::ffff:192.0.2.1", true, false},
		{"fe80::1", false, false},
		{"2001:db8::1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;

		assert_int_equal(addr_parse(cases[i].text, &a), 0);
		if (addr_is_unusable(&a) != cases[i].unusable || addr_is_loopback(&a) != cases[i].loopback)
			fail_msg("%s: unusable %d, loopback %d", cases[i].text, addr_is_unusable(&a),
				addr_is_loopback(&a));
	}
}

static void order(void **state)
{
	static const char *const ascending[] = {
		"", "0.0.0.1", "10.0.0.0", "192.0.2.1", "192.0.2.2", "::", "::1", "2001:db8::"};
	struct addr a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(ascending) / sizeof(ascending[0]); i++)
		for (size_t k = 0; k < sizeof(ascending) / sizeof(ascending[0]); k++) {
			int rc;

			a = b = (struct addr){0};
			(void)addr_parse(ascending[i], &a);
			(void)addr_parse(ascending[k], &b);
			rc = addr_compare(&a, &b);
			assert_int_equal((rc > 0) - (rc < 0), (i > k) - (i < k));
			assert_int_equal(addr_equal(&a, &b), i == k);
		}
}

static void sockaddrs(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1"};
	struct sockaddr_storage ss;
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct addr a, back;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(addr_parse(texts[i], &a), 0);
		assert_int_equal(addr_to_sockaddr(&a, 53, &ss),
			i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_int_equal(ss.ss_family, addr_af(&a));
		assert_int_equal(ntohs(i ? ((struct sockaddr_in6 *)&ss)->sin6_port
					 : ((struct sockaddr_in *)&ss)->sin_port),
			53);
		assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &back), 0);
		assert_true(addr_equal(&a, &back));
	}
	assert_int_equal(addr_from_sockaddr(&other, &back), ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_addresses),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(text_as_inet_ntop),
		cmocka_unit_test(no_address),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(what_may_be_probed),
		cmocka_unit_test(order),
		cmocka_unit_test(sockaddrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
