/* What one probe costs in this process, part by part, without the kernel: nanoseconds each, best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/target.h"
#include "engine/flight.h"
#include "engine/schedule.h"
#include "net/inject.h"

enum { ROUNDS = 7, N = 200000 };

struct bench {
	struct target_list targets;
	struct schedule schedule;
	struct inject_template templates[PROBE_KINDS];
	struct probe_spec spec[PROBE_KINDS];
	struct flight flight;
	struct record record;
	uint64_t sink; /* keeps the compiler from leaving work out */
};

static void schedule(struct bench *b, uint32_t i)
{
	b->sink += schedule_at(&b->schedule, i).target;
}

static void stamp(struct bench *b, enum probe_kind kind, uint32_t i)
{
	uint8_t packet[INJECT_PACKET_MAX];

	b->spec[kind].cookie = i * UINT64_C(0x9e3779b97f4a7c15);
	b->sink += inject_stamp(&b->templates[kind], &b->spec[kind], packet) + packet[10];
}

static void stamp_dns(struct bench *b, uint32_t i)
{
	stamp(b, PROBE_DNS, i);
}

static void stamp_icmp(struct bench *b, uint32_t i)
{
	stamp(b, PROBE_ICMP, i);
}

static void stamp_tcp(struct bench *b, uint32_t i)
{
	stamp(b, PROBE_TCP, i);
}

static void fly(struct bench *b, uint32_t i)
{
	struct flight_probe p = {
		.target = i % N,
		.addr = b->targets.v[i % N].addr,
		.cookie = i * UINT64_C(0x9e3779b97f4a7c15),
		.kind = PROBE_ICMP,
		.flow_port = 33000,
		.sent_at = {i},
	};
	struct probe_key key = {
		.target = b->targets.v[p.target].addr,
		.kind = PROBE_ICMP,
		.flow_port = 33000,
		.token = probe_token(PROBE_ICMP, p.cookie),
	};

	if (flight_full(&b->flight))
		flight_drop_oldest(&b->flight);
	(void)flight_add(&b->flight, &p);
	b->sink += flight_find(&b->flight, &key, FLIGHT_NONE);
}

static void look(struct bench *b, uint32_t i)
{
	uint8_t bytes[INJECT_PACKET_MAX];
	size_t n;
	struct packet p;
	struct probe_flows flows = {33000, 1};

	b->spec[PROBE_DNS].cookie = i;
	n = inject_stamp(&b->templates[PROBE_DNS], &b->spec[PROBE_DNS], bytes);
	if (ip_parse(bytes, n, &p) == 0)
		b->sink += (uint64_t)probe_look(&p, &flows).what;
}

static void row(struct bench *b, uint32_t i)
{
	char text[RECORD_ROW_MAX];

	b->record.seq = i;
	b->sink += record_row(&b->record, text);
}

static const struct {
	const char *name;
	void (*run)(struct bench *b, uint32_t i);
} parts[] = {
	{"schedule: one item of the permutation", schedule},
	{"stamp: a dns query with NSID and COOKIE", stamp_dns},
	{"stamp: an icmp echo", stamp_icmp},
	{"stamp: a tcp SYN", stamp_tcp},
	{"flight: add, find, drop", fly},
	{"stamp and look: parse a packet, is it ours", look},
	{"record: a row of CSV", row},
};

static int prepare(struct bench *b)
{
	static const uint8_t nsid[] = "ns1.fra.example";
	struct addr source = {.family = 4, .b = {192, 0, 2, 1}};
	struct err_msg why;

	for (uint32_t i = 0; i < N; i++) {
		struct target t = {
			.addr = {.family = 4,
				.b = {198, (uint8_t)(18 + (i >> 16)), (uint8_t)(i >> 8), (uint8_t)i}}};

		if (target_add(&b->targets, &t, NULL) < 0)
			return -1;
	}
	b->schedule = (struct schedule){.targets = N, .rounds = 1000, .n_slots = 1};
	if (schedule_init(&b->schedule, 1) < 0 || flight_init(&b->flight, 100000) < 0)
		return -1;
	for (int k = 0; k < PROBE_KINDS; k++) {
		b->spec[k] = (struct probe_spec){
			.kind = (enum probe_kind)k,
			.question = k == PROBE_DNS ? QUESTION_ID_SERVER : QUESTION_NONE,
			.src = source,
			.dst = b->targets.v[7].addr,
			.flow_port = 33000,
			.dst_port = 53,
			.dns_cookie_len = DNS_COOKIE_CLIENT,
			.contact = "",
		};
		if (inject_build(&b->templates[k], (enum probe_kind)k, 4, 33000, 0, &why) < 0)
			return -1;
	}
	b->record = (struct record){
		.vp = "vp001",
		.target = b->targets.v[9].addr,
		.question = QUESTION_ID_SERVER,
		.attempt = 1,
		.src = source,
		.src_port = 33000,
		.dst_port = 53,
		.tx_time = {INT64_C(1795381909715687031)},
		.outcome = OUTCOME_REPLY,
		.rtt_ns = 93513387,
		.stamp = STAMP_KERNEL,
		.replies = 1,
		.reply_from = b->targets.v[9].addr,
		.reply_ttl = 61,
		.icmp_type = -1,
		.icmp_code = -1,
		.edns_size = 1232,
		.dns_flags = RECORD_NSID,
		.nsid = {nsid, sizeof(nsid) - 1},
		.txt = {nsid, sizeof(nsid) - 1},
	};
	return 0;
}

int main(void)
{
	static struct bench b;

	if (hash_init() < 0 || prepare(&b) < 0) {
		(void)fprintf(stderr, "micro: cannot prepare\n");
		return 1;
	}
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		double best = 1e9;

		for (int r = 0; r < ROUNDS; r++) {
			struct mono start = clock_mono();

			for (uint32_t i = 0; i < N; i++)
				parts[p].run(&b, i);
			double ns = (double)(clock_mono().ns - start.ns) / N;

			best = ns < best ? ns : best;
		}
		(void)printf("%7.1f ns  %s\n", best, parts[p].name);
	}
	flight_free(&b.flight);
	target_list_free(&b.targets);
	return b.sink == 0;
}
