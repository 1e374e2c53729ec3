/* The engine as a whole, without a network: its probes are answered with frames made from their own specs, at times that the
 * test says. Every test ends with all rows out, and they must add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "dice.h"
#include "engine/engine.h"
#include "engine/match.h"
#include "packets.h"

enum { ROWS_MAX = 4096, TEXT_MAX = 1100, FLOW_BASE = 33000, IF_A = 2, IF_B = 3 };

#define START_NS (1000 * NS_PER_S)
#define WALL_NS INT64_C(1800000000000000000)
#define TIMEOUT_NS (2 * NS_PER_S)
#define LINGER_NS NS_PER_S

struct row {
	struct record r;
	char nsid[TEXT_MAX], txt[TEXT_MAX], extra[TEXT_MAX];
};

/* A probe that was launched. */
struct sent {
	uint32_t id;
	struct engine_due due;
	struct probe_spec spec;
};

struct rig {
	struct engine *e;
	struct engine_config c;
	struct target_list targets;
	struct mono now;
	struct row *rows;
	size_t n_rows;
};

static void keep_text(char out[static TEXT_MAX], struct bytes b)
{
	assert_true(b.n < TEXT_MAX);
	if (b.n)
		memcpy(out, b.p, b.n);
	out[b.n] = '\0';
}

static void take_row(void *arg, const struct record *r)
{
	struct rig *g = arg;
	struct row *row = &g->rows[g->n_rows++];

	assert_true(g->n_rows <= ROWS_MAX);
	row->r = *r;
	keep_text(row->nsid, r->nsid);
	keep_text(row->txt, r->txt);
	keep_text(row->extra, r->extra);
}

static const struct schedule_slot dns_slot = {PROBE_DNS, 0, QUESTION_ID_SERVER},
				  icmp_slot = {PROBE_ICMP, 0, QUESTION_NONE},
				  tcp_slot = {PROBE_TCP, 0, QUESTION_NONE},
				  all_slots[] = {{PROBE_DNS, 0, QUESTION_ID_SERVER},
					  {PROBE_ICMP, 0, QUESTION_NONE}, {PROBE_TCP, 0, QUESTION_NONE}};

/* One target of this family (0: one of each), one round, one slot; the caller may change g->c before rig_start. */
static struct rig *rig_new(const struct schedule_slot *slots, uint32_t n_slots, int family)
{
	struct rig *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->rows = calloc(ROWS_MAX, sizeof(*g->rows));
	assert_non_null(g->rows);
	for (int f = 4; f <= 6; f += 2) {
		struct target t = {.addr = made_target(f)};

		if (family == 0 || family == f)
			assert_int_equal(target_add(&g->targets, &t, NULL), 1);
	}
	g->now.ns = START_NS;
	g->c = (struct engine_config){
		.targets = &g->targets,
		.slots = slots,
		.n_slots = n_slots,
		.rounds = 1,
		.seed = 1,
		.rate_pps = 1000,
		.timeout_ns = TIMEOUT_NS,
		.linger_ns = LINGER_NS,
		.flows = {FLOW_BASE, 16},
		.tcp_port = 443,
		.kernel_stamps = true,
		.contact = "",
		.vp = "test",
		.row = take_row,
		.row_arg = g,
	};
	return g;
}

static void rig_start(struct rig *g)
{
	struct err_msg why = {{0}};

	g->e = engine_new(&g->c, &why);
	assert_non_null(g->e);
}

static struct rig *rig_simple(const struct schedule_slot *slot, int family)
{
	struct rig *g = rig_new(slot, 1, family);

	g->c.no_retry = true;
	rig_start(g);
	return g;
}

/* Rows = sent = the sum of the outcomes; nothing is under way. */
static void assert_conserved(const struct rig *g)
{
	const struct run_counts *n = engine_counts(g->e);
	uint64_t sum = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		sum += n->outcome[i];
	assert_int_equal(n->outcome[OUTCOME_NONE], 0);
	assert_int_equal(n->rows, g->n_rows);
	assert_int_equal(n->sent, n->rows);
	assert_int_equal(sum, n->rows);
	assert_int_equal(n->late, n->outcome[OUTCOME_LATE]);
}

static void rig_end(struct rig *g)
{
	engine_finish(g->e, g->now);
	assert_conserved(g);
	engine_free(g->e);
	target_list_free(&g->targets);
	free(g->rows);
	free(g);
}

static int64_t wall_of(const struct rig *g)
{
	return WALL_NS + g->now.ns;
}

/* Lets time pass, to the nanosecond. */
static void pass(struct rig *g, int64_t ns)
{
	g->now.ns += ns;
	engine_expire(g->e, g->now);
}

static void frame_at(struct rig *g, const struct made *m, int64_t stamp_ns, int ifindex)
{
	struct capture_frame f = {.stamp = {stamp_ns}, .ifindex = ifindex, .ip = m->b, .len = m->n};

	engine_frame(g->e, g->now, &f);
}

static void frame(struct rig *g, const struct made *m)
{
	frame_at(g, m, wall_of(g), IF_A);
}

static bool try_send(struct rig *g, struct sent *s)
{
	struct addr us;
	struct made m;

	if (engine_next(g->e, g->now, &s->due) != ENGINE_DUE)
		return false;
	us = made_us(engine_target(g->e, &s->due)->addr.family);
	s->id = engine_launch(g->e, &s->due, &us, g->now, (struct wall){wall_of(g)}, &s->spec);
	m = made_probe(&s->spec);
	engine_set_head(g->e, s->id, m.b + (us.family == 4 ? IP_V4_LEN : IP_V6_LEN));
	engine_set_sent(g->e, s->id, (struct wall){wall_of(g)});
	return true;
}

static struct sent launch(struct rig *g)
{
	struct sent s;

	assert_true(try_send(g, &s));
	return s;
}

/* The capture sees the probe leave. */
static void copy_seen(struct rig *g, const struct sent *s)
{
	struct made m = made_probe(&s->spec);

	frame(g, &m);
}

static struct sent launch_seen(struct rig *g)
{
	struct sent s = launch(g);

	copy_seen(g, &s);
	return s;
}

static struct made answer_to(const struct probe_spec *s)
{
	static const struct dns_say honest = {.txt = "txt-a", .nsid = "nsid-a", .flags = RECORD_AA};

	return s->kind == PROBE_DNS    ? made_dns(s, &honest)
	       : s->kind == PROBE_ICMP ? made_echo(s, false, 0)
				       : made_tcp(s, TCP_SYN | TCP_ACK, 0);
}

static void say(struct rig *g, const struct sent *s, const struct dns_say *what)
{
	struct made m = made_dns(&s->spec, what);

	frame(g, &m);
}

/* The only row there must be, once all time is over. */
static const struct row *only_row(struct rig *g)
{
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_int_equal(g->n_rows, 1);
	return &g->rows[0];
}

/* --- one probe --- */

static void a_reply_of_each_kind(void **state)
{
	static const struct schedule_slot *const slots[] = {&dns_slot, &icmp_slot, &tcp_slot};

	(void)state;
	for (size_t k = 0; k < 3; k++)
		for (int family = 4; family <= 6; family += 2) {
			struct rig *g = rig_simple(slots[k], family);
			struct sent s = launch_seen(g);
			struct made back = answer_to(&s.spec);
			const struct row *row;

			pass(g, 25 * NS_PER_MS + 1);
			frame(g, &back);
			row = only_row(g);
			assert_string_equal(row->r.vp, "test");
			assert_true(addr_equal(&row->r.target, &s.spec.dst));
			assert_true(addr_equal(&row->r.src, &s.spec.src));
			assert_int_equal(row->r.probe, slots[k]->kind);
			assert_int_equal(row->r.question, slots[k]->question);
			assert_int_equal(row->r.outcome, OUTCOME_REPLY);
			assert_int_equal(row->r.rtt_ns, 25 * NS_PER_MS + 1);
			assert_int_equal(row->r.stamp, STAMP_KERNEL);
			assert_int_equal(row->r.tx_time.ns, WALL_NS + START_NS);
			assert_int_equal(row->r.replies, 1);
			assert_int_equal(row->r.reply_ttl, MADE_TTL);
			assert_true(addr_equal(&row->r.reply_from, &s.spec.dst));
			assert_int_equal(row->r.icmp_type, -1);
			assert_int_equal(row->r.src_port, k == PROBE_ICMP ? 0 : FLOW_BASE);
			assert_int_equal(row->r.dst_port, k == PROBE_DNS ? 53 : k == PROBE_TCP ? 443 : 0);
			assert_int_equal(row->r.attempt, 1);
			assert_int_equal(row->r.rcode, k == PROBE_DNS ? 0 : -1);
			assert_int_equal(row->r.edns_size, k == PROBE_DNS ? MADE_EDNS_SIZE : -1);
			assert_int_equal(row->r.dns_flags, k == PROBE_DNS ? RECORD_AA | RECORD_NSID : 0);
			assert_string_equal(row->nsid, k == PROBE_DNS ? "nsid-a" : "");
			assert_string_equal(row->txt, k == PROBE_DNS ? "txt-a" : "");
			assert_string_equal(row->extra, "");
			rig_end(g);
		}
}

static void a_closed_port_is_rst(void **state)
{
	struct rig *g = rig_simple(&tcp_slot, 6);
	struct sent s = launch_seen(g);
	struct made back = made_tcp(&s.spec, TCP_RST | TCP_ACK, 0);

	(void)state;
	pass(g, NS_PER_MS);
	frame(g, &back);
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_RST);
	assert_int_equal(g->rows[0].r.rtt_ns, NS_PER_MS);
	rig_end(g);
}

/* On time, late, and after the linger, by the stamps and not by when the frame is read. */
static void lateness_goes_by_the_stamps(void **state)
{
	static const struct {
		int64_t stamp_ns, read_ns; /* after sending */
		enum outcome outcome;
		uint64_t unmatched;
	} cases[] = {
		{TIMEOUT_NS, TIMEOUT_NS, OUTCOME_REPLY, 0},
		{TIMEOUT_NS, TIMEOUT_NS + 20 * NS_PER_MS, OUTCOME_REPLY, 0},
		{TIMEOUT_NS + 1, TIMEOUT_NS + 1, OUTCOME_LATE, 0},
		{TIMEOUT_NS + LINGER_NS - 1, TIMEOUT_NS + LINGER_NS - 1, OUTCOME_LATE, 0},
		{TIMEOUT_NS + LINGER_NS + 1, TIMEOUT_NS + LINGER_NS + 1, OUTCOME_TIMEOUT, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_simple(&icmp_slot, 4);
		struct sent s = launch_seen(g);
		struct made back = answer_to(&s.spec);

		pass(g, cases[i].read_ns);
		frame_at(g, &back, WALL_NS + START_NS + cases[i].stamp_ns, IF_A);
		assert_int_equal(only_row(g)->r.outcome, cases[i].outcome);
		assert_int_equal(
			g->rows[0].r.rtt_ns, cases[i].outcome == OUTCOME_TIMEOUT ? -1 : cases[i].stamp_ns);
		assert_int_equal(engine_counts(g->e)->unmatched, cases[i].unmatched);
		rig_end(g);
	}
}

static void silence_is_a_timeout(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);

	(void)state;
	(void)launch_seen(g);
	pass(g, TIMEOUT_NS + LINGER_NS - 1);
	assert_int_equal(g->n_rows, 0);
	pass(g, 1);
	assert_int_equal(g->n_rows, 1);
	assert_int_equal(g->rows[0].r.outcome, OUTCOME_TIMEOUT);
	assert_int_equal(g->rows[0].r.rtt_ns, -1);
	assert_int_equal(g->rows[0].r.replies, 0);
	assert_int_equal(g->rows[0].r.reply_from.family, 0);
	assert_int_equal(g->rows[0].r.reply_ttl, -1);
	rig_end(g);
}

/* What the capture did not see leave did not leave, unless the capture is known to have lost frames, or is not asked. */
static void a_copy_never_seen(void **state)
{
	static const struct {
		bool kernel_stamps, lost, answered;
		enum outcome outcome;
		enum stamp stamp;
		const char *extra;
	} cases[] = {
		{true, false, false, OUTCOME_SEND_ERROR, STAMP_NONE, "sent=unseen"},
		{true, true, false, OUTCOME_TIMEOUT, STAMP_NONE, ""},
		{false, false, false, OUTCOME_TIMEOUT, STAMP_NONE, ""},
		{true, false, true, OUTCOME_REPLY, STAMP_HYBRID, ""},
		{false, false, true, OUTCOME_REPLY, STAMP_HYBRID, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_new(&icmp_slot, 1, 4);
		struct sent s;
		struct made back;

		g->c.kernel_stamps = cases[i].kernel_stamps;
		rig_start(g);
		s = launch(g);
		back = answer_to(&s.spec);
		pass(g, NS_PER_MS);
		if (cases[i].answered)
			frame(g, &back);
		if (cases[i].lost)
			engine_frames_lost(g->e);
		assert_int_equal(only_row(g)->r.outcome, cases[i].outcome);
		assert_int_equal(g->rows[0].r.stamp, cases[i].stamp);
		assert_int_equal(g->rows[0].r.rtt_ns, cases[i].answered ? NS_PER_MS : -1);
		assert_string_equal(g->rows[0].extra, cases[i].extra);
		rig_end(g);
	}
}

static void what_the_kernel_refuses_is_a_send_error(void **state)
{
	struct rig *g = rig_simple(&icmp_slot, 4);
	struct sent s = launch(g);

	(void)state;
	engine_fail(g->e, s.id, 101);
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_SEND_ERROR);
	assert_int_equal(g->rows[0].r.stamp, STAMP_NONE);
	assert_int_equal(g->rows[0].r.rtt_ns, -1);
	assert_string_equal(g->rows[0].extra, "errno=ENETUNREACH");
	rig_end(g);
}

/* --- ICMP errors --- */

static void errors_of_routers(void **state)
{
	static const struct schedule_slot *const slots[] = {&dns_slot, &icmp_slot, &tcp_slot};

	(void)state;
	for (size_t k = 0; k < 3; k++)
		for (int family = 4; family <= 6; family += 2)
			for (int whole = 0; whole < 2; whole++) {
				/* IPv6 errors quote as much as fits, so eight bytes of DNS do not occur. */
				bool brief = !whole && (family == 4 || k != PROBE_DNS);
				struct rig *g = rig_simple(slots[k], family);
				struct sent s = launch_seen(g);
				struct addr router = made_router(family);
				struct made m = made_error(&s.spec, &router, family == 4 ? 3 : 1,
					family == 4 ? 13 : 3, brief ? PROBE_HEAD : 0);
				const struct row *row;

				pass(g, 3 * NS_PER_MS);
				frame(g, &m);
				row = only_row(g);
				assert_int_equal(row->r.outcome, OUTCOME_ICMP_ERROR);
				assert_int_equal(row->r.icmp_type, family == 4 ? 3 : 1);
				assert_int_equal(row->r.icmp_code, family == 4 ? 13 : 3);
				assert_true(addr_equal(&row->r.reply_from, &router));
				assert_int_equal(row->r.reply_ttl, MADE_TTL);
				assert_int_equal(row->r.rtt_ns, -1);
				assert_int_equal(row->r.replies, 1);
				rig_end(g);
			}
}

/* Who does not know the probe's bytes cannot end it with an ICMP error. */
static void invented_errors_do_not_match(void **state)
{
	static const struct schedule_slot *const slots[] = {&dns_slot, &icmp_slot, &tcp_slot};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct rig *g = rig_simple(slots[k], 4);
		struct sent s = launch_seen(g);
		struct addr router = made_router(4);
		struct made m = made_error(&s.spec, &router, 3, 1, PROBE_HEAD), other_host;

		m.b[IP_V4_LEN + ICMP_LEN + IP_V4_LEN + 6] ^= 1; /* checksum, sequence number, ... */
		frame(g, &m);
		s.spec.src.b[3]++;
		other_host = made_error(&s.spec, &router, 3, 1, PROBE_HEAD);
		frame(g, &other_host);
		assert_int_equal(engine_counts(g->e)->unmatched, 2);
		assert_int_equal(only_row(g)->r.outcome, OUTCOME_TIMEOUT);
		rig_end(g);
	}
}

/* A router gives up, yet the answer comes: the target answered, not the router. */
static void an_answer_beats_an_error(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);
	struct sent s = launch_seen(g);
	struct addr router = made_router(4);
	struct made error = made_error(&s.spec, &router, 3, 1, 0), back = answer_to(&s.spec);
	const struct row *row;

	(void)state;
	pass(g, NS_PER_MS);
	frame(g, &error);
	pass(g, NS_PER_MS);
	frame(g, &back);
	row = only_row(g);
	assert_int_equal(row->r.outcome, OUTCOME_REPLY);
	assert_int_equal(row->r.rtt_ns, 2 * NS_PER_MS);
	assert_int_equal(row->r.replies, 2);
	assert_int_equal(row->r.icmp_type, -1);
	assert_true(addr_equal(&row->r.reply_from, &s.spec.dst));
	assert_string_equal(row->nsid, "nsid-a");
	assert_string_equal(row->txt, "txt-a");
	rig_end(g);
}

static void an_error_after_the_answer_changes_nothing(void **state)
{
	struct rig *g = rig_simple(&tcp_slot, 4);
	struct sent s = launch_seen(g);
	struct addr router = made_router(4);
	struct made error = made_error(&s.spec, &router, 3, 1, 0), back = answer_to(&s.spec);

	(void)state;
	pass(g, NS_PER_MS);
	frame(g, &back);
	frame(g, &error);
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_REPLY);
	assert_int_equal(g->rows[0].r.replies, 2);
	assert_true(addr_equal(&g->rows[0].r.reply_from, &s.spec.dst));
	assert_int_equal(engine_counts(g->e)->duplicate, 1);
	rig_end(g);
}

/* --- more than one answer --- */

static void the_same_answer_again_is_counted(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);
	struct sent s = launch_seen(g);
	struct made back = answer_to(&s.spec);

	(void)state;
	pass(g, NS_PER_MS);
	for (int i = 0; i < 3; i++) {
		frame(g, &back);
		pass(g, 5 * NS_PER_MS);
	}
	assert_int_equal(only_row(g)->r.replies, 3);
	assert_int_equal(g->rows[0].r.rtt_ns, NS_PER_MS);
	assert_string_equal(g->rows[0].extra, "");
	assert_int_equal(engine_counts(g->e)->duplicate, 2);
	assert_int_equal(engine_counts(g->e)->matched, 3);
	rig_end(g);
}

/* What the second one says is kept beside the first, separators and all. */
static void another_answer_is_evidence(void **state)
{
	static const struct {
		struct dns_say second;
		const char *extra;
	} cases[] = {
		{{.nsid = "other"}, "second_rcode=0;second_ms=2.000000;second=other"},
		{{.txt = "other-txt"}, "second_rcode=0;second_ms=2.000000;second=other-txt"},
		{{.txt = "txt-a", .nsid = "nsid-a", .rcode = 5},
			"second_rcode=5;second_ms=2.000000;second=nsid-a"},
		{{0}, "second_rcode=0;second_ms=2.000000;second="},
		{{.nsid = "a;b=c;d\\\n=", .nsid_n = 10},
			"second_rcode=0;second_ms=2.000000;second=a\\059b=c\\059d\\092\\010="},
		{{.txt = "txt-a", .nsid = "nsid-a", .other_case = true},
			"second_bad=case;second_rcode=0;second_ms=2.000000;second=nsid-a"},
		{{.cut = 30}, "second_bad=short;second_ms=2.000000;second="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_simple(&dns_slot, 4);
		struct sent s = launch_seen(g);
		struct made back = answer_to(&s.spec);

		pass(g, NS_PER_MS);
		frame(g, &back);
		pass(g, NS_PER_MS);
		say(g, &s, &cases[i].second);
		say(g, &s, &(struct dns_say){.txt = "txt-a", .nsid = "nsid-a"});
		assert_int_equal(only_row(g)->r.outcome, OUTCOME_REPLY);
		assert_string_equal(g->rows[0].nsid, "nsid-a");
		assert_string_equal(g->rows[0].txt, "txt-a");
		assert_string_equal(g->rows[0].extra, cases[i].extra);
		assert_int_equal(g->rows[0].r.replies, 3);
		assert_int_equal(engine_counts(g->e)->duplicate, 2);
		rig_end(g);
	}
}

/* However many and however long: the row stays bounded. */
static void a_flood_of_answers_is_bounded(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);
	struct sent s = launch_seen(g);
	char name[200];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "%0*u", (int)(i % 190) + 1, i);
		say(g, &s, &(struct dns_say){.nsid = name});
	}
	assert_int_equal(only_row(g)->r.replies, 200);
	assert_string_equal(g->rows[0].nsid, "0");
	assert_true(strlen(g->rows[0].extra) > 500 && strlen(g->rows[0].extra) <= 1024);
	rig_end(g);
}

/* An interceptor is first, the true server second: the row is the true server's, and tells of the other. */
static void a_good_reply_beats_a_bad_one(void **state)
{
	static const struct dns_say evil = {.nsid = "evil",
					    .txt = "evil-txt",
					    .other_case = true,
					    .rcode = 3},
				    good = {.nsid = "nsid-a", .flags = RECORD_AA};
	struct rig *g = rig_simple(&dns_slot, 6);
	struct sent s = launch_seen(g);
	const struct row *row;

	(void)state;
	pass(g, NS_PER_MS);
	say(g, &s, &evil);
	pass(g, 9 * NS_PER_MS);
	say(g, &s, &good);
	row = only_row(g);
	assert_int_equal(row->r.outcome, OUTCOME_REPLY);
	assert_int_equal(row->r.rtt_ns, 10 * NS_PER_MS);
	assert_int_equal(row->r.rcode, 0);
	assert_int_equal(row->r.dns_flags, RECORD_AA | RECORD_NSID);
	assert_string_equal(row->nsid, "nsid-a");
	assert_string_equal(row->txt, "");
	assert_string_equal(row->extra, "first_bad=case;first_rcode=3;first_ms=1.000000;first=evil");
	assert_int_equal(row->r.replies, 2);
	rig_end(g);
}

/* Nothing of what the interceptor said passes for the true server's word, be that silence. */
static void a_good_reply_that_names_nobody(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);
	struct sent s = launch_seen(g);

	(void)state;
	say(g, &s, &(struct dns_say){.nsid = "evil", .txt = "evil-txt", .other_port = 5353});
	say(g, &s, &(struct dns_say){.no_edns = true});
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_REPLY);
	assert_string_equal(g->rows[0].nsid, "");
	assert_string_equal(g->rows[0].txt, "");
	assert_int_equal(g->rows[0].r.edns_size, -1);
	assert_string_equal(g->rows[0].extra, "first_bad=port;first_rcode=0;first_ms=0.000000;first=evil");
	rig_end(g);
}

static void a_bad_reply_alone_is_a_row(void **state)
{
	static const struct {
		struct dns_say say;
		const char *extra, *nsid;
		int16_t rcode;
	} cases[] = {
		{{.nsid = "evil", .other_case = true}, "bad=case", "evil", 0},
		{{.nsid = "evil", .other_port = 1053}, "bad=port", "evil", 0},
		{{.no_question = true, .rcode = 2}, "bad=no-question", "", 2},
		{{.is_query = true}, "bad=not-a-response", "", 0},
		{{.other_cookie = true, .server_cookie = "12345678"}, "bad=cookie", "", 0},
		{{.fragment = true, .nsid = "half"}, "bad=fragment", "half", 0},
		{{.cut = 30}, "bad=short", "", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct rig *g = rig_simple(&dns_slot, family);
			struct sent s = launch_seen(g);

			pass(g, NS_PER_MS);
			say(g, &s, &cases[i].say);
			say(g, &s, &cases[i].say);
			assert_int_equal(only_row(g)->r.outcome, OUTCOME_BAD_REPLY);
			assert_string_equal(g->rows[0].extra, cases[i].extra);
			assert_string_equal(g->rows[0].nsid, cases[i].nsid);
			assert_int_equal(g->rows[0].r.rcode, cases[i].rcode);
			assert_int_equal(g->rows[0].r.rtt_ns, -1);
			assert_int_equal(g->rows[0].r.replies, 2);
			rig_end(g);
		}
}

/* Without the cookie nothing matches: not the wrong id, nor another target, nor another address of ours. */
static void spoofed_answers_do_not_match(void **state)
{
	struct rig *g = rig_simple(&dns_slot, 4);
	struct sent s = launch_seen(g);
	struct probe_spec other = s.spec;
	struct made m;

	(void)state;
	say(g, &s, &(struct dns_say){.other_id = (uint16_t)(s.spec.cookie + 1), .nsid = "spoof"});
	other.dst.b[3]++;
	m = made_dns(&other, &(struct dns_say){.nsid = "spoof"});
	frame(g, &m);
	other = s.spec;
	other.src.b[3]++;
	m = made_dns(&other, &(struct dns_say){.nsid = "spoof"});
	frame(g, &m);
	other = s.spec;
	other.flow_port++;
	m = made_dns(&other, &(struct dns_say){.nsid = "spoof"});
	frame(g, &m);
	assert_int_equal(engine_counts(g->e)->unmatched, 4);
	assert_int_equal(engine_counts(g->e)->matched, 0);
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_TIMEOUT);
	rig_end(g);
}

/* Stacked devices show one frame twice: that is one reply. The same device twice, or much later, are two. */
static void copies_of_one_reply_on_two_devices(void **state)
{
	static const struct {
		int ifindex;
		int64_t later_ns;
		uint32_t replies;
	} cases[] = {
		{IF_B, 20000, 1}, {IF_A, 20000, 2}, {IF_B, 5 * NS_PER_MS, 2},
		{IF_A + 65536, 20000, 2}, /* no copy of its own, but not told apart: 16 bits are kept */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_simple(&icmp_slot, 4);
		struct sent s = launch_seen(g);
		struct made back = answer_to(&s.spec);

		pass(g, NS_PER_MS);
		frame_at(g, &back, wall_of(g), IF_A);
		frame_at(g, &back, wall_of(g) + cases[i].later_ns, cases[i].ifindex);
		assert_int_equal(only_row(g)->r.replies, cases[i].replies);
		assert_int_equal(g->rows[0].r.rtt_ns, NS_PER_MS);
		rig_end(g);
	}
}

/* The first device that a probe is seen on has its sending time; its other copies are nothing new. */
static void copies_of_one_probe_on_two_devices(void **state)
{
	struct rig *g = rig_simple(&tcp_slot, 4);
	struct sent s = launch(g);
	struct made out = made_probe(&s.spec), back = answer_to(&s.spec);

	(void)state;
	frame_at(g, &out, wall_of(g) + 1000, IF_A);
	frame_at(g, &out, wall_of(g) + 9000, IF_B);
	pass(g, NS_PER_MS);
	frame(g, &back);
	assert_int_equal(only_row(g)->r.rtt_ns, NS_PER_MS - 1000);
	assert_int_equal(g->rows[0].r.tx_time.ns, WALL_NS + START_NS + 1000);
	assert_int_equal(g->rows[0].r.replies, 1);
	rig_end(g);
}

/* --- the wall clock --- */

static void a_step_takes_the_rtt_away(void **state)
{
	static const struct {
		bool before,
			after; /* a look at the clock after the reply that finds it unchanged; a step then */
		enum stamp stamp;
		int64_t rtt_ns;
		const char *extra;
	} cases[] = {
		{false, false, STAMP_KERNEL, NS_PER_MS, ""},
		{false, true, STAMP_NONE, -1, "clock=stepped"},
		{true, true, STAMP_KERNEL, NS_PER_MS, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_simple(&icmp_slot, 4);
		struct sent s = launch_seen(g);
		struct made back = answer_to(&s.spec);

		engine_clock_checked(g->e, false);
		pass(g, NS_PER_MS);
		frame(g, &back);
		if (cases[i].before)
			engine_clock_checked(g->e, false);
		engine_clock_checked(g->e, cases[i].after);
		assert_int_equal(only_row(g)->r.outcome, OUTCOME_REPLY);
		assert_int_equal(g->rows[0].r.rtt_ns, cases[i].rtt_ns);
		assert_int_equal(g->rows[0].r.stamp, cases[i].stamp);
		assert_string_equal(g->rows[0].extra, cases[i].extra);
		rig_end(g);
	}
}

/* Over a step, stamps cannot say what is late: our own timer does. Whatever the clock did, no RTT comes of it. */
static void a_step_while_waiting(void **state)
{
	static const struct {
		int64_t step_ns, wait_ns;
		enum outcome outcome;
	} cases[] = {
		{3600 * NS_PER_S, NS_PER_MS, OUTCOME_REPLY},
		{-3600 * NS_PER_S, NS_PER_MS, OUTCOME_REPLY},
		{-3600 * NS_PER_S, TIMEOUT_NS + NS_PER_MS, OUTCOME_LATE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_simple(&icmp_slot, 4);
		struct sent s = launch_seen(g);
		struct made back = answer_to(&s.spec);

		engine_clock_checked(g->e, true);
		pass(g, cases[i].wait_ns);
		frame_at(g, &back, wall_of(g) + cases[i].step_ns, IF_A);
		assert_int_equal(only_row(g)->r.outcome, cases[i].outcome);
		assert_int_equal(g->rows[0].r.rtt_ns, -1);
		assert_int_equal(g->rows[0].r.stamp, STAMP_NONE);
		rig_end(g);
	}
}

/* --- retries and cookies --- */

static struct rig *rig_retrying(int family)
{
	struct rig *g = rig_new(&dns_slot, 1, family);

	rig_start(g);
	return g;
}

static struct dns_reply query_of(const struct probe_spec *s, struct made *m)
{
	struct packet p;
	struct dns_reply q;

	*m = made_probe(s);
	p = made_packet(m);
	assert_int_equal(dns_parse(p.l4 + UDP_LEN, p.l4_len - UDP_LEN, &q), 0);
	return q;
}

static void silence_is_asked_again_as_in_nsid(void **state)
{
	struct rig *g = rig_retrying(4);
	struct sent first = launch_seen(g), again;
	struct made m;
	struct dns_reply q;

	(void)state;
	pass(g, TIMEOUT_NS - 1);
	assert_false(try_send(g, &again));
	pass(g, 1);
	again = launch_seen(g);
	assert_int_equal(again.due.seq, first.due.seq);
	assert_int_equal(again.due.attempt, 2);
	q = query_of(&again.spec, &m);
	assert_int_equal(q.question_type, DNS_TYPE_SOA);
	assert_int_equal(q.question_class, DNS_CLASS_IN);
	assert_non_null(q.nsid.p);
	assert_true(again.spec.cookie != first.spec.cookie);
	assert_int_equal(again.spec.flow_port, first.spec.flow_port);

	say(g, &again, &(struct dns_say){.nsid = "nsid-a"});
	/* The first one's answer still finds the first one. */
	say(g, &first, &(struct dns_say){.txt = "slow"});
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_int_equal(g->n_rows, 2);
	assert_int_equal(g->rows[0].r.attempt, 1);
	assert_int_equal(g->rows[0].r.outcome, OUTCOME_REPLY);
	assert_string_equal(g->rows[0].txt, "slow");
	assert_int_equal(g->rows[1].r.attempt, 2);
	assert_int_equal(g->rows[1].r.seq, g->rows[0].r.seq);
	assert_int_equal(g->rows[1].r.question, QUESTION_IN_SOA);
	assert_string_equal(g->rows[1].nsid, "nsid-a");
	assert_false(try_send(g, &again));
	rig_end(g);
}

static void a_retry_is_not_retried(void **state)
{
	struct rig *g = rig_retrying(6);
	struct sent s;

	(void)state;
	(void)launch_seen(g);
	pass(g, TIMEOUT_NS);
	(void)launch_seen(g);
	pass(g, TIMEOUT_NS);
	assert_false(try_send(g, &s));
	assert_true(g->n_rows == 1);
	pass(g, LINGER_NS);
	assert_int_equal(g->n_rows, 2);
	rig_end(g);
}

static void who_is_not_asked_again(void **state)
{
	static const struct {
		struct schedule_slot slot;
		bool no_retry, answer;
	} cases[] = {
		{{PROBE_DNS, 0, QUESTION_ID_SERVER}, true, false},
		{{PROBE_DNS, 0, QUESTION_ID_SERVER}, false, true},
		{{PROBE_DNS, 0, QUESTION_IN_SOA}, false, false},
		{{PROBE_ICMP, 0, QUESTION_NONE}, false, false},
		{{PROBE_TCP, 0, QUESTION_NONE}, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_new(&cases[i].slot, 1, 4);
		struct sent s;

		g->c.no_retry = cases[i].no_retry;
		rig_start(g);
		s = launch_seen(g);
		if (cases[i].answer)
			say(g, &s, &(struct dns_say){.other_case = true}); /* even a bad one */
		pass(g, TIMEOUT_NS);
		assert_false(try_send(g, &s));
		rig_end(g);
	}
}

/* FORMERR: the server cannot bear our COOKIE option. It is asked again at once, and from then on without. However often
 * it says so, and be it after the timeout, there is one retry. */
static void formerr_is_asked_again_without_cookie(void **state)
{
	static const struct {
		struct dns_say says[3];
		size_t n;
		int64_t after_ns;
	} cases[] = {
		{{{.rcode = 1, .no_edns = true}}, 1, NS_PER_MS},
		{{{.rcode = 1, .no_edns = true, .no_question = true}}, 1, NS_PER_MS},
		{{{.rcode = 1, .no_question = true}, {.rcode = 1}, {.rcode = 1}}, 3, NS_PER_MS},
		{{{.rcode = 1, .no_edns = true}}, 1, TIMEOUT_NS + NS_PER_MS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *g = rig_new(&dns_slot, 1, 4);
		struct sent s, again;
		struct made m;

		g->c.rounds = 2;
		g->c.gap_ns = 10 * NS_PER_S;
		rig_start(g);
		s = launch_seen(g);
		assert_int_equal(query_of(&s.spec, &m).cookie.n, DNS_COOKIE_CLIENT);
		pass(g, cases[i].after_ns);
		for (size_t k = 0; k < cases[i].n; k++)
			say(g, &s, &cases[i].says[k]);
		pass(g, 10 * NS_PER_S);
		again = launch_seen(g);
		assert_int_equal(again.due.attempt, 2);
		assert_null(query_of(&again.spec, &m).cookie.p);
		say(g, &again, &(struct dns_say){.nsid = "nsid-a"});
		pass(g, 10 * NS_PER_S);
		s = launch_seen(g);
		assert_int_equal(s.due.attempt, 1);
		assert_int_equal(s.due.seq, 1);
		assert_null(query_of(&s.spec, &m).cookie.p);
		pass(g, 10 * NS_PER_S);
		assert_int_equal(g->n_rows, 3);
		assert_int_equal(g->rows[0].r.rcode, 1);
		rig_end(g);
	}
}

/* What the server gave us goes back to it with the same client part, which differs from that for other servers. */
static void a_server_cookie_goes_back(void **state)
{
	struct rig *g = rig_new(&dns_slot, 1, 0);
	struct sent a, b;

	(void)state;
	g->c.rounds = 3;
	g->c.no_retry = true;
	rig_start(g);
	a = launch_seen(g);
	b = launch_seen(g);
	assert_int_equal(a.spec.dns_cookie_len, DNS_COOKIE_CLIENT);
	assert_memory_not_equal(a.spec.dns_cookie, b.spec.dns_cookie, DNS_COOKIE_CLIENT);
	say(g, &a, &(struct dns_say){.server_cookie = "server-one"});
	/* Who does not send our part back proves nothing and gives us nothing. */
	say(g, &b, &(struct dns_say){.server_cookie = "server-two", .other_cookie = true});
	for (int round = 1; round < 3; round++)
		for (int i = 0; i < 2; i++) {
			struct sent s = launch_seen(g);
			bool same = addr_equal(&s.spec.dst, &a.spec.dst);
			const struct sent *was = same ? &a : &b;

			assert_memory_equal(s.spec.dns_cookie, was->spec.dns_cookie, DNS_COOKIE_CLIENT);
			assert_int_equal(s.spec.dns_cookie_len, same ? 18 : 8);
			if (same)
				assert_memory_equal(s.spec.dns_cookie + 8, "server-one", 10);
			say(g, &s,
				&(struct dns_say){.server_cookie = same ? "server-one" : NULL, .nsid = "x"});
		}
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_int_equal(engine_counts(g->e)->outcome[OUTCOME_REPLY], 5);
	assert_int_equal(engine_counts(g->e)->outcome[OUTCOME_BAD_REPLY], 1);
	rig_end(g);
}

/* --- what is due --- */

static void targets_are_probed_as_they_answer(void **state)
{
	struct rig *g = rig_new(all_slots, 3, 4);
	struct target more = {.addr = made_addr("203.0.113.7"), .probes = 1U << PROBE_TCP, .port = 8443};
	unsigned seen[PROBE_KINDS] = {0};
	struct sent s;

	(void)state;
	assert_int_equal(target_add(&g->targets, &more, NULL), 1);
	rig_start(g);
	while (try_send(g, &s)) {
		seen[s.spec.kind]++;
		if (addr_equal(&s.spec.dst, &more.addr)) {
			assert_int_equal(s.spec.kind, PROBE_TCP);
			assert_int_equal(s.spec.dst_port, 8443);
		}
	}
	assert_int_equal(seen[PROBE_DNS], 1);
	assert_int_equal(seen[PROBE_ICMP], 1);
	assert_int_equal(seen[PROBE_TCP], 2);
	assert_int_equal(engine_counts(g->e)->scheduled, 4);
	rig_end(g);

	g = rig_new(all_slots, 3, 4);
	assert_int_equal(target_add(&g->targets, &more, NULL), 1);
	g->c.all_kinds = true;
	rig_start(g);
	while (try_send(g, &s))
		;
	assert_int_equal(engine_counts(g->e)->sent, 6);
	rig_end(g);
}

static void a_target_is_left_alone_for_the_gap(void **state)
{
	struct rig *g = rig_new(all_slots, 3, 4);
	struct engine_due due;
	struct sent s;

	(void)state;
	g->c.gap_ns = NS_PER_S;
	rig_start(g);
	(void)launch_seen(g);
	assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_WAIT);
	pass(g, NS_PER_S - NS_PER_MS);
	assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_WAIT);
	pass(g, NS_PER_MS);
	(void)launch_seen(g);
	/* The first one has timed out: its retry goes first, and takes its gap too. */
	pass(g, NS_PER_S);
	s = launch(g);
	assert_int_equal(s.due.attempt, 2);
	assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_WAIT);
	pass(g, NS_PER_S);
	s = launch(g);
	assert_int_equal(s.due.attempt, 1);
	assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_SENT);
	rig_end(g);
}

/* Two months into a run, milliseconds do not fit 32 bits any more; the gap still holds. */
static void the_gap_outlives_49_days(void **state)
{
	struct rig *g = rig_new(&icmp_slot, 1, 4);
	struct engine_due due;

	(void)state;
	g->c.rounds = 100;
	g->c.gap_ns = NS_PER_S;
	rig_start(g);
	(void)launch_seen(g);
	for (int day = 0; day < 60; day++) {
		pass(g, 86400 * NS_PER_S);
		(void)launch_seen(g);
		assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_WAIT);
	}
	rig_end(g);
}

static void no_more_under_way_than_the_rate_allows(void **state)
{
	struct rig *g = rig_new(&icmp_slot, 1, 4);
	struct engine_due due;
	struct sent s;
	size_t n = 0;

	(void)state;
	g->c.rounds = 100000;
	g->c.rate_pps = 1;
	rig_start(g);
	while (try_send(g, &s))
		n++;
	assert_true(n >= 1024 && n <= 2048);
	assert_int_equal(engine_next(g->e, g->now, &due), ENGINE_WAIT);
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_int_equal(g->n_rows, n);
	(void)launch(g);
	rig_end(g);
}

static void done_when_all_is_known(void **state)
{
	struct rig *g = rig_simple(&icmp_slot, 4);
	struct sent s;
	struct made back;

	(void)state;
	assert_false(engine_done(g->e, g->now, 0));
	s = launch_seen(g);
	back = answer_to(&s.spec);
	assert_false(engine_done(g->e, g->now, 0));
	pass(g, NS_PER_MS);
	frame(g, &back);
	assert_false(engine_done(g->e, g->now, NS_PER_MS));
	pass(g, NS_PER_MS);
	assert_true(engine_done(g->e, g->now, NS_PER_MS));
	assert_int_equal(g->n_rows, 0);
	rig_end(g);
}

static void stopped_early(void **state)
{
	struct rig *g = rig_new(&dns_slot, 1, 0);
	struct sent s;

	(void)state;
	g->c.rounds = 10;
	rig_start(g);
	(void)launch_seen(g);
	engine_stop(g->e);
	assert_false(try_send(g, &s));
	pass(g, NS_PER_S);
	assert_false(engine_done(g->e, g->now, 0));
	engine_finish(g->e, g->now);
	assert_int_equal(g->n_rows, 1);
	assert_int_equal(g->rows[0].r.outcome, OUTCOME_TIMEOUT);
	assert_string_equal(g->rows[0].extra, "unfinished=1");
	assert_true(engine_done(g->e, g->now, 0));
	assert_false(try_send(g, &s));
	rig_end(g);
}

static void nothing_to_probe_is_told(void **state)
{
	struct engine_config c = {
		.targets = &(struct target_list){0}, .slots = &dns_slot, .n_slots = 1, .rounds = 1};
	struct err_msg why = {{0}};

	(void)state;
	assert_null(engine_new(&c, &why));
	assert_true(why.text[0] != '\0');
	engine_free(NULL);
}

static void seqs_rounds_and_flows_in_rows(void **state)
{
	static const struct schedule_slot slots[] = {{PROBE_DNS, 0, QUESTION_ID_SERVER},
		{PROBE_DNS, 7, QUESTION_ID_SERVER}, {PROBE_TCP, 7, QUESTION_NONE}};
	struct rig *g = rig_new(slots, 3, 0);
	struct sent s;

	(void)state;
	g->c.rounds = 2;
	g->c.no_retry = true;
	rig_start(g);
	while (try_send(g, &s))
		;
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_int_equal(g->n_rows, 12);
	for (uint32_t i = 0; i < 12; i++) {
		const struct record *r = &g->rows[i].r;

		assert_int_equal(r->seq, i / 2);
		assert_int_equal(r->round, i / 6);
		assert_int_equal(r->flow, slots[r->seq % 3].flow);
		assert_int_equal(r->src_port, FLOW_BASE + r->flow);
		assert_int_equal(r->probe, slots[r->seq % 3].kind);
	}
	rig_end(g);
}

/* --- adopted probes --- */

static struct rig *rig_adopting(void)
{
	struct rig *g = rig_new(NULL, 0, 4);

	g->c.adopt = true;
	g->c.rounds = 0;
	rig_start(g);
	return g;
}

static void probes_of_a_capture_are_adopted(void **state)
{
	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		struct rig *g = rig_adopting();

		for (int kind = 0; kind < PROBE_KINDS; kind++) {
			struct probe_spec s = {
				.kind = (enum probe_kind)kind,
				.question = kind == PROBE_DNS ? QUESTION_VERSION_BIND : QUESTION_NONE,
				.src = made_us(family),
				.dst = made_target(family),
				.flow_port = FLOW_BASE + 3,
				.dst_port = kind == PROBE_DNS   ? 53
					    : kind == PROBE_TCP ? 80
								: 0,
				.cookie = UINT64_C(0x0102030405060708),
				.dns_cookie = {9, 9, 9, 9, 9, 9, 9, 9},
				.dns_cookie_len = kind == PROBE_DNS ? 8 : 0,
				.contact = "",
			};
			struct made out = made_probe(&s), back = answer_to(&s);

			frame(g, &out);
			frame_at(g, &out, wall_of(g) + 10, IF_B);
			pass(g, NS_PER_MS);
			frame(g, &back);
		}
		pass(g, TIMEOUT_NS + LINGER_NS);
		assert_int_equal(g->n_rows, 3);
		for (uint32_t i = 0; i < 3; i++) {
			assert_int_equal(g->rows[i].r.probe, i);
			assert_int_equal(g->rows[i].r.outcome, OUTCOME_REPLY);
			assert_int_equal(g->rows[i].r.rtt_ns, NS_PER_MS);
			assert_int_equal(g->rows[i].r.flow, 3);
			assert_int_equal(g->rows[i].r.seq, i);
			assert_true(addr_equal(&g->rows[i].r.target, &(struct addr){0}) == false);
		}
		assert_int_equal(g->rows[0].r.question, QUESTION_VERSION_BIND);
		assert_string_equal(g->rows[0].nsid, "nsid-a");
		rig_end(g);
	}
}

static void bad_replies_to_adopted_probes(void **state)
{
	struct rig *g = rig_adopting();
	struct probe_spec s = {
		.kind = PROBE_DNS,
		.question = QUESTION_ID_SERVER,
		.src = made_us(4),
		.dst = made_target(4),
		.flow_port = FLOW_BASE,
		.dst_port = 53,
		.cookie = UINT64_C(0x0102030405aa0708),
		.contact = "",
	};
	struct made m = made_probe(&s);

	(void)state;
	frame(g, &m);
	m = made_dns(&s, &(struct dns_say){.other_case = true});
	frame(g, &m);
	assert_int_equal(only_row(g)->r.outcome, OUTCOME_BAD_REPLY);
	assert_string_equal(g->rows[0].extra, "bad=case");
	rig_end(g);
}

static void frames_that_are_nothing(void **state)
{
	struct rig *g = rig_adopting();
	struct capture_frame none = {.stamp = {wall_of(g)}};
	struct made m = {.b = {0x45}, .n = 10};

	(void)state;
	engine_frame(g->e, g->now, &none);
	frame(g, &m);
	m.b[0] = 0x99;
	frame(g, &m);
	assert_int_equal(engine_counts(g->e)->captured, 3);
	assert_int_equal(engine_counts(g->e)->malformed, 3);
	assert_int_equal(engine_counts(g->e)->sent, 0);
	rig_end(g);
}

/* --- anything, in any order --- */

static struct made random_answer(struct dice *d, const struct probe_spec *s)
{
	static const struct dns_say says[] = {{.nsid = "a", .txt = "b"},
		{.nsid = "c", .server_cookie = "12345678"}, {.rcode = 1}, {.rcode = 5},
		{.other_case = true, .nsid = "evil"}, {.no_question = true, .rcode = 1}, {.other_id = 1},
		{.cut = 20}, {.fragment = true}, {.other_port = 99}, {.more_length = 9}};
	struct addr router = made_router(s->dst.family);

	if (dice(d, 4) == 0)
		return made_error(s, &router, s->dst.family == 4 ? 3 : 1, 1, dice(d, 2) ? 8 : 0);
	if (s->kind == PROBE_DNS)
		return made_dns(s, &says[dice(d, sizeof(says) / sizeof(says[0]))]);
	if (s->kind == PROBE_ICMP)
		return made_echo(s, dice(d, 3) == 0, dice(d, 9));
	return made_tcp(s, (uint8_t)dice(d, 32), dice(d, 5) ? 0 : 80);
}

static void random_run(unsigned seed)
{
	enum { RECENT = 256 };
	struct rig *g = rig_new(all_slots, 3, 0);
	struct sent recent[RECENT];
	struct dice d = dice_of(seed);
	size_t n = 0;

	g->c.rounds = 400;
	g->c.rate_pps = 1;
	g->c.gap_ns = dice(&d, 3) * 10 * NS_PER_MS;
	g->c.seed = seed;
	g->c.no_retry = dice(&d, 2);
	rig_start(g);
	for (int i = 0; i < 5000; i++) {
		const struct sent *s = n ? &recent[dice(&d, (unsigned)(n < RECENT ? n : RECENT))] : NULL;
		unsigned what = dice(&d, 100);

		if (what < 40) {
			bool sent = try_send(g, &recent[n % RECENT]);

			if (sent && dice(&d, 20) == 0)
				engine_fail(g->e, recent[n % RECENT].id, 105);
			n += sent;
		} else if (what < 60 && s)
			copy_seen(g, s);
		else if (what < 85 && s) {
			struct made m = random_answer(&d, &s->spec);

			frame_at(g, &m, wall_of(g) + dice(&d, 1000), (int)dice(&d, 4));
		} else if (what < 95)
			pass(g, dice(&d, NS_PER_S / 10));
		else if (what < 96)
			pass(g, dice(&d, 3 * NS_PER_S));
		else if (what < 97)
			engine_clock_checked(g->e, dice(&d, 2));
	}
	assert_true(n > 500);
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_conserved(g);
	assert_true(engine_counts(g->e)->outcome[OUTCOME_REPLY] > 0);
	assert_true(engine_counts(g->e)->outcome[OUTCOME_BAD_REPLY] > 0);
	assert_true(engine_counts(g->e)->outcome[OUTCOME_ICMP_ERROR] > 0);
	/* Rows come in the order of sending. */
	for (size_t i = 1; i < g->n_rows; i++)
		assert_true(g->rows[i].r.attempt == 2 || g->rows[i - 1].r.attempt == 2 ||
			    g->rows[i].r.seq >= g->rows[i - 1].r.seq);
	rig_end(g);
}

static void whatever_happens_rows_add_up(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 30; seed++)
		random_run(seed);
}

/* Rounds that are not open yet wait, also behind what an earlier process left. */
static void rounds_are_opened(void **state)
{
	struct rig *g = rig_new(&icmp_slot, 1, 0);
	struct sent s;

	(void)state;
	g->c.rounds = 3;
	g->c.gap_ns = 0;
	g->c.first = 1;
	rig_start(g);
	engine_open_rounds(g->e, 1);
	assert_int_equal(launch(g).due.seq, 0);
	assert_false(try_send(g, &s));
	assert_true(engine_round_sent(g->e));
	assert_false(engine_idle(g->e));
	pass(g, TIMEOUT_NS + LINGER_NS);
	assert_true(engine_idle(g->e));
	assert_false(engine_done(g->e, g->now, 0));
	engine_open_rounds(g->e, 9);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(launch(g).due.seq, 1 + i / 2);
	assert_false(try_send(g, &s));
	rig_end(g);
}

static void an_earlier_process_left_retries(void **state)
{
	static const struct engine_retry left[] = {{1, 0}, {0, 0}};
	struct rig *g = rig_new(&dns_slot, 1, 0);
	struct sent s;

	(void)state;
	g->c.first = 2;
	g->c.retries = left;
	g->c.n_retries = 2;
	rig_start(g);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(engine_done(g->e, g->now, 0));
		s = launch(g);
		assert_int_equal(s.due.target, left[i].target);
		assert_int_equal(s.due.attempt, 2);
	}
	assert_int_equal(engine_next(g->e, g->now, &s.due), ENGINE_SENT);
	rig_end(g);
}

static int setup(void **state)
{
	(void)state;
	return hash_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_of_each_kind),
		cmocka_unit_test(a_closed_port_is_rst),
		cmocka_unit_test(lateness_goes_by_the_stamps),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(a_copy_never_seen),
		cmocka_unit_test(what_the_kernel_refuses_is_a_send_error),
		cmocka_unit_test(errors_of_routers),
		cmocka_unit_test(invented_errors_do_not_match),
		cmocka_unit_test(an_answer_beats_an_error),
		cmocka_unit_test(an_error_after_the_answer_changes_nothing),
		cmocka_unit_test(the_same_answer_again_is_counted),
		cmocka_unit_test(another_answer_is_evidence),
		cmocka_unit_test(a_flood_of_answers_is_bounded),
		cmocka_unit_test(a_good_reply_beats_a_bad_one),
		cmocka_unit_test(a_good_reply_that_names_nobody),
		cmocka_unit_test(a_bad_reply_alone_is_a_row),
		cmocka_unit_test(spoofed_answers_do_not_match),
		cmocka_unit_test(copies_of_one_reply_on_two_devices),
		cmocka_unit_test(copies_of_one_probe_on_two_devices),
		cmocka_unit_test(a_step_takes_the_rtt_away),
		cmocka_unit_test(a_step_while_waiting),
		cmocka_unit_test(silence_is_asked_again_as_in_nsid),
		cmocka_unit_test(a_retry_is_not_retried),
		cmocka_unit_test(who_is_not_asked_again),
		cmocka_unit_test(formerr_is_asked_again_without_cookie),
		cmocka_unit_test(a_server_cookie_goes_back),
		cmocka_unit_test(targets_are_probed_as_they_answer),
		cmocka_unit_test(a_target_is_left_alone_for_the_gap),
		cmocka_unit_test(the_gap_outlives_49_days),
		cmocka_unit_test(no_more_under_way_than_the_rate_allows),
		cmocka_unit_test(done_when_all_is_known),
		cmocka_unit_test(stopped_early),
		cmocka_unit_test(nothing_to_probe_is_told),
		cmocka_unit_test(seqs_rounds_and_flows_in_rows),
		cmocka_unit_test(probes_of_a_capture_are_adopted),
		cmocka_unit_test(bad_replies_to_adopted_probes),
		cmocka_unit_test(frames_that_are_nothing),
		cmocka_unit_test(rounds_are_opened),
		cmocka_unit_test(an_earlier_process_left_retries),
		cmocka_unit_test(whatever_happens_rows_add_up),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
