/* Captures from files that the test writes; live captures are for tests with networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/capture.h"
#include "samples.h"

enum { LINK_ETHERNET = 1, LINK_RAW = 101, LINK_SLL2 = 276, LINK_WIFI = 105 };
enum { SECONDS = 1700000000, FRAMES_MAX = 32 };

struct file {
	char path[32];
	FILE *f;
};

static void put(struct file *f, const void *bytes, size_t n)
{
	assert_int_equal(fwrite(bytes, 1, n, f->f), n);
}

static struct file file_new(void)
{
	struct file f = {"/tmp/catchmap-test-XXXXXX", NULL};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	f.f = fdopen(fd, "wb");
	assert_non_null(f.f);
	return f;
}

static struct file pcap_new(bool nano, uint32_t link)
{
	struct file f = file_new();
	uint32_t magic = nano ? 0xa1b23c4d : 0xa1b2c3d4, rest[] = {0, 0, 65535, link};
	uint16_t version[] = {2, 4};

	put(&f, &magic, sizeof(magic));
	put(&f, version, sizeof(version));
	put(&f, rest, sizeof(rest));
	return f;
}

static void pcap_put(struct file *f, uint32_t s, uint32_t fraction, const uint8_t *bytes, size_t n)
{
	uint32_t header[] = {s, fraction, (uint32_t)n, (uint32_t)n};

	put(f, header, sizeof(header));
	put(f, bytes, n);
}

/* The last `cut` bytes never reached the disk. */
static void file_done(struct file *f, size_t cut)
{
	long n = ftell(f->f);

	assert_true(n >= (long)cut);
	assert_int_equal(fflush(f->f), 0);
	assert_int_equal(ftruncate(fileno(f->f), n - (long)cut), 0);
	assert_int_equal(fclose(f->f), 0);
}

struct seen {
	size_t n;
	struct capture_frame f[FRAMES_MAX];
	uint8_t ip[FRAMES_MAX][256];
};

static void see(void *arg, const struct capture_frame *f)
{
	struct seen *s = arg;

	assert_true(s->n < FRAMES_MAX);
	s->f[s->n] = *f;
	if (f->ip) {
		assert_true(f->len <= sizeof(s->ip[0]));
		memcpy(s->ip[s->n], f->ip, f->len);
	}
	s->n++;
}

/* Reads all of it in bites of `max`; what the last read said. */
static int read_all(const struct file *f, int max, struct seen *s)
{
	struct err_msg why = {{0}};
	struct capture *c = capture_open_file(f->path, &why);
	int n;

	memset(s, 0, sizeof(*s));
	assert_non_null(c);
	while ((n = capture_read(c, max, see, s, &why)) > 0)
		assert_true(n <= max);
	assert_int_equal(capture_stats(c).captured, s->n);
	assert_int_equal(capture_stats(c).dropped, 0);
	assert_true(n == 0 || why.text[0] != '\0');
	capture_close(c);
	(void)unlink(f->path);
	return n;
}

static void frames_of_each_link_type(void **state)
{
	static const uint8_t sll2[20] = {0x86, 0xdd, 0, 0, 0, 0, 0x12, 0x34, 0, 1, 0, 6};
	struct wire v4 = sample_ip(SAMPLE_UDP4_QUERY), v6 = sample_ip(SAMPLE_TCP6_SYN_ACK);
	uint8_t cooked[256];
	struct seen s;
	struct file f;

	(void)state;
	f = pcap_new(true, LINK_ETHERNET);
	pcap_put(&f, SECONDS, 123456789, samples[SAMPLE_UDP4_QUERY].frame, samples[SAMPLE_UDP4_QUERY].len);
	pcap_put(&f, SECONDS, 123456790, samples[SAMPLE_ARP].frame, samples[SAMPLE_ARP].len);
	file_done(&f, 0);
	assert_int_equal(read_all(&f, 100, &s), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.f[0].stamp.ns, SECONDS * NS_PER_S + 123456789);
	assert_int_equal(s.f[0].len, v4.len);
	assert_memory_equal(s.ip[0], v4.base, v4.len);
	assert_int_equal(s.f[0].ifindex, 0);
	assert_null(s.f[1].ip);

	f = pcap_new(false, LINK_RAW);
	pcap_put(&f, SECONDS, 654321, v4.base, v4.len);
	pcap_put(&f, SECONDS + 1, 0, v6.base, v6.len);
	file_done(&f, 0);
	assert_int_equal(read_all(&f, 1, &s), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.f[0].stamp.ns, SECONDS * NS_PER_S + 654321000);
	assert_memory_equal(s.ip[0], v4.base, v4.len);
	assert_memory_equal(s.ip[1], v6.base, v6.len);

	f = pcap_new(true, LINK_SLL2);
	memcpy(cooked, sll2, sizeof(sll2));
	memcpy(cooked + sizeof(sll2), v6.base, v6.len);
	pcap_put(&f, SECONDS, 1, cooked, sizeof(sll2) + v6.len);
	pcap_put(&f, SECONDS, 2, cooked, sizeof(sll2) - 1); /* not even its own header */
	file_done(&f, 0);
	assert_int_equal(read_all(&f, 100, &s), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.f[0].ifindex, 0x1234);
	assert_memory_equal(s.ip[0], v6.base, v6.len);
	assert_null(s.f[1].ip);
}

/* Every whole frame is given, then it is said that the rest is missing. */
static void a_cut_file_gives_what_is_whole(void **state)
{
	static const size_t cuts[] = {1, 50, 96, 97, 111};

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct file f = pcap_new(true, LINK_ETHERNET);
		struct seen s;

		for (uint32_t k = 0; k < 3; k++)
			pcap_put(&f, SECONDS, k, samples[SAMPLE_UDP4_QUERY].frame,
				samples[SAMPLE_UDP4_QUERY].len);
		file_done(&f, cuts[i]);
		assert_int_equal(read_all(&f, 100, &s), ERR_PARTIAL);
		assert_int_equal(s.n, 2);
	}
}

static void put_block(struct file *f, uint32_t type, const void *body, size_t n)
{
	uint32_t head[2] = {type, (uint32_t)(12 + n)};

	assert_int_equal(n % 4, 0);
	put(f, head, sizeof(head));
	put(f, body, n);
	put(f, &head[1], sizeof(head[1]));
}

/* pcapng counts time in units of its own choice; one that lies beyond all clocks is no stamp, and no overflow. */
static void stamps_of_pcapng(void **state)
{
	static const struct {
		uint8_t resolution; /* 10^-n s */
		uint64_t units;
		int64_t stamp_ns;
	} cases[] = {
		{9, UINT64_C(1700000000123456789), INT64_C(1700000000123456789)},
		{6, UINT64_C(1700000000123456), INT64_C(1700000000123456000)},
		{0, UINT64_C(1700000000), INT64_C(1700000000000000000)},
		{0, UINT64_C(0x7fffffffffffffff), 0},
		{0, UINT64_C(0xffffffffffffffff), 0},
		{0, UINT64_C(10000000000), 0},
	};
	static const uint32_t section[] = {0x1a2b3c4d, 1, 0xffffffff, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire ip = sample_ip(SAMPLE_ICMP4_ECHO);
		struct file f = file_new();
		/* Link raw, no limit; option if_tsresol; end of options. */
		uint8_t interface[] = {
			LINK_RAW, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, cases[i].resolution, 0, 0, 0, 0, 0, 0, 0};
		uint32_t packet[64] = {0, (uint32_t)(cases[i].units >> 32), (uint32_t)cases[i].units,
			(uint32_t)ip.len, (uint32_t)ip.len};
		struct seen s;

		assert_true(ip.len <= sizeof(packet) - 20);
		memcpy(packet + 5, ip.base, ip.len);
		put_block(&f, 0x0a0d0d0a, section, sizeof(section));
		put_block(&f, 1, interface, sizeof(interface));
		put_block(&f, 6, packet, 20 + (ip.len + 3) / 4 * 4);
		file_done(&f, 0);
		assert_int_equal(read_all(&f, 10, &s), 0);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.f[0].stamp.ns, cases[i].stamp_ns);
		assert_memory_equal(s.ip[0], ip.base, ip.len);
	}
}

static void files_that_are_no_captures(void **state)
{
	struct err_msg why = {{0}};
	struct file f;

	(void)state;
	assert_null(capture_open_file("/nonexistent/x.pcap", &why));
	assert_non_null(strstr(why.text, "/nonexistent/x.pcap"));

	f = file_new();
	put(&f, "target,service\n192.0.2.1,x\n", 27);
	file_done(&f, 0);
	assert_null(capture_open_file(f.path, &why));
	assert_non_null(strstr(why.text, f.path));
	(void)unlink(f.path);

	f = file_new();
	file_done(&f, 0);
	assert_null(capture_open_file(f.path, &why));
	(void)unlink(f.path);

	f = pcap_new(true, LINK_WIFI);
	file_done(&f, 0);
	assert_null(capture_open_file(f.path, &why));
	assert_non_null(strstr(why.text, "link type"));
	(void)unlink(f.path);
	capture_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_each_link_type),
		cmocka_unit_test(a_cut_file_gives_what_is_whole),
		cmocka_unit_test(stamps_of_pcapng),
		cmocka_unit_test(files_that_are_no_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
