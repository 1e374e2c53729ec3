/* The engine, fed with frames and time: in replay, probes are adopted from the frames; live, a few probes are under way and
 * answers to them are made and then bent. Whatever comes, each probe ends as one row that can be written.
 *
 * The first byte says which (1: live); then come steps: a kind, the time that passes, the stamp's error, a length and so many
 * bytes. Kinds below FRAMES are link types: the bytes are a frame. The others take the probe that the first byte numbers: its
 * copy, its answer or an error about it, with the bytes from the third on laid over it where the second one says. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/engine.h"
#include "engine/match.h"
#include "net/inject.h"
#include "proto/frame.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { FRAMES = FRAME_NULL + 1, COPY = FRAMES, ANSWER, ERROR, STOP, LOST, KINDS };
enum { PROBES_MAX = 12, PACKET_MAX = 2048, FLOW_BASE = 33000 };

struct play {
	struct engine *e;
	struct mono now;
	uint8_t probe[PROBES_MAX][INJECT_PACKET_MAX];
	size_t len[PROBES_MAX], n;
	uint64_t rows;
};

static void take_row(void *arg, const struct record *r)
{
	char row[RECORD_ROW_MAX];
	struct play *g = arg;
	size_t n = record_row(r, row);

	if (n == 0 || n > sizeof(row) || row[n - 1] != '\n' || r->outcome == OUTCOME_NONE || r->rtt_ns < -1)
		abort();
	if (r->outcome == OUTCOME_REPLY && r->replies == 0)
		abort();
	g->rows++;
}

static void send_due(struct play *g)
{
	struct engine_due due;

	while (g->n < PROBES_MAX && engine_next(g->e, g->now, &due) == ENGINE_DUE) {
		const struct addr *to = &engine_target(g->e, &due)->addr;
		struct addr us = {.family = to->family, .b = {192, 0, 2, 1}};
		struct inject_template t;
		struct probe_spec s;
		uint32_t id = engine_launch(g->e, &due, &us, g->now, (struct wall){g->now.ns}, &s);

		if (inject_build(&t, s.kind, to->family, s.flow_port, 0, NULL) < 0)
			abort();
		g->len[g->n] = inject_stamp(&t, &s, g->probe[g->n]);
		engine_set_head(g->e, id, g->probe[g->n] + t.ip_len);
		g->n++;
	}
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* A probe's packet becomes the beginning of an honest answer. */
static void turn_round(uint8_t *ip)
{
	bool v4 = ip[0] >> 4 == 4;
	uint8_t *l4 = ip + (v4 ? IP_V4_LEN : IP_V6_LEN), proto = v4 ? ip[9] : ip[6];

	swap(ip + (v4 ? 12 : 8), ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	if (proto == IP_ICMP || proto == IP_ICMP6) {
		l4[0] = v4 ? 0 : 129;
		return;
	}
	swap(l4, l4 + 2, 2);
	if (proto == IP_UDP) {
		l4[UDP_LEN + 2] |= 0x80;
		return;
	}
	wire_set32(l4 + 8, wire_get32(l4 + 4) + 1);
	l4[13] = TCP_SYN | TCP_ACK;
}

/* An error about the packet, as it is quoted. */
static size_t complain(uint8_t *ip, size_t n)
{
	bool v4 = ip[0] >> 4 == 4;
	size_t ip_len = v4 ? IP_V4_LEN : IP_V6_LEN;

	memmove(ip + ip_len + ICMP_LEN, ip, n);
	memcpy(ip + (v4 ? 16 : 24), ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	ip[v4 ? 9 : 6] = v4 ? IP_ICMP : IP_ICMP6;
	ip[ip_len] = v4 ? 3 : 1;
	return ip_len + ICMP_LEN + n;
}

static void show_made(struct play *g, uint8_t kind, struct wire *w, struct capture_frame f)
{
	uint8_t packet[PACKET_MAX] = {0};
	size_t which = wire_u8(w), at = wire_u8(w), n = wire_left(w);
	const uint8_t *bytes = wire_take(w, n);

	if (g->n == 0)
		return;
	which %= g->n;
	f.len = g->len[which];
	memcpy(packet, g->probe[which], f.len);
	if (kind == ANSWER)
		turn_round(packet);
	else if (kind == ERROR)
		f.len = complain(packet, f.len);
	n = n < PACKET_MAX - at ? n : PACKET_MAX - at;
	if (bytes && n > 0)
		memcpy(packet + at, bytes, n);
	f.len = f.len > at + n ? f.len : at + n;
	if (packet[0] >> 4 == 4)
		wire_set16(packet + 2, (uint16_t)f.len);
	else
		wire_set16(packet + 4, (uint16_t)(f.len > IP_V6_LEN ? f.len - IP_V6_LEN : 0));
	f.ip = packet;
	engine_frame(g->e, g->now, &f);
}

static void step(struct play *g, struct wire *w)
{
	uint8_t kind = wire_u8(w) % KINDS, ticks = wire_u8(w), error = wire_u8(w);
	struct wire bytes = wire_sub(w, wire_u16(w)), ip;
	struct capture_frame f = {.ifindex = kind & 3};

	if (w->bad)
		return;
	g->now.ns += ticks * ticks * NS_PER_MS;
	f.stamp.ns = g->now.ns + (error - 128) * 10 * NS_PER_MS;
	engine_expire(g->e, g->now);
	send_due(g);
	if (kind == STOP) {
		engine_clock_checked(g->e, error & 1);
		if (error == 255)
			engine_stop(g->e);
	} else if (kind == LOST) {
		engine_frames_lost(g->e);
	} else if (kind >= FRAMES) {
		show_made(g, kind, &bytes, f);
	} else {
		ip = frame_ip((enum frame_link)kind, bytes.base, wire_left(&bytes));
		f.ip = ip.bad ? NULL : ip.base;
		f.len = ip.bad ? 0 : ip.len;
		engine_frame(g->e, g->now, &f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct schedule_slot slots[] = {{PROBE_DNS, 0, QUESTION_ID_SERVER},
		{PROBE_ICMP, 1, QUESTION_NONE}, {PROBE_TCP, 2, QUESTION_NONE},
		{PROBE_DNS, 3, QUESTION_IN_SOA}};
	struct target t[] = {{.addr = {4, {198, 51, 100, 53}}}, {.addr = {6, {0x20, 1, 0xd, 0xb8}}}};
	struct target_list targets = {.v = t, .n = 2, .cap = 2};
	struct play g = {.now = {NS_PER_S}};
	struct wire w = wire_over(bytes, n);
	struct engine_config c = {
		.targets = &targets,
		.slots = slots,
		.n_slots = sizeof(slots) / sizeof(slots[0]),
		.rounds = 3,
		.rate_pps = 1,
		.timeout_ns = NS_PER_S,
		.linger_ns = NS_PER_S,
		.flows = {FLOW_BASE, 256},
		.tcp_port = 443,
		.kernel_stamps = true,
		.adopt = wire_u8(&w) % 2 == 0,
		.contact = "",
		.vp = "fuzz",
		.row = take_row,
		.row_arg = &g,
	};

	if (hash_init() < 0 || !(g.e = engine_new(&c, NULL)))
		abort();
	if (c.adopt)
		g.n = PROBES_MAX; /* nothing is sent */
	while (wire_left(&w) > 0)
		step(&g, &w);
	engine_finish(g.e, g.now);
	if (engine_counts(g.e)->sent != g.rows || engine_counts(g.e)->rows != g.rows)
		abort();
	engine_free(g.e);
	return 0;
}
