#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "infer/gather_feed.h"
#include "infer/tally.h"
#include "records.h"

static struct rules rules;
static struct target_list book;

static int load(void **state)
{
	struct err_msg why = {{0}};

	(void)state;
	return rules_read(&rules, "targets", NULL, NULL, &why) < 0 ||
			       target_read_book(&book, "targets", &why) < 0
		       ? -1
		       : 0;
}

static int unload(void **state)
{
	(void)state;
	rules_free(&rules);
	target_list_free(&book);
	return 0;
}

/* A row at 1.1.1.1, whose sites are named like waw03. */
struct row {
	enum probe_kind kind;
	uint8_t flow;
	uint32_t round;
	enum outcome outcome;
	const char *nsid;
	int rtt_ms; /* -1: none */
	int16_t rcode;
};

#define DNS(round, nsid, ms)                                    \
	{                                                       \
		PROBE_DNS, 0, round, OUTCOME_REPLY, nsid, ms, 0 \
	}
#define LOST(kind, round)                                    \
	{                                                    \
		kind, 0, round, OUTCOME_TIMEOUT, NULL, -1, 0 \
	}
#define ERROR(kind)                                         \
	{                                                   \
		kind, 0, 0, OUTCOME_SEND_ERROR, NULL, -1, 0 \
	}
#define PING(ms)                                             \
	{                                                    \
		PROBE_ICMP, 0, 0, OUTCOME_REPLY, NULL, ms, 0 \
	}

/* What the rows come to; the site by its key, "" for none. */
static const struct {
	const char *name;
	struct row rows[8];
	enum vp_state state;
	const char *site;
	uint32_t sent, received, answered, flips, sites_seen;
	double share;
	int min_ms, median_ms;
} cases[] = {
	{"one site", {DNS(0, "waw03", 9), DNS(1, "waw01", 5), DNS(2, "waw03", 7)}, VP_SITE, "waw", 3, 3, 3, 0,
		1, 1, 5, 7},
	{"the mode", {DNS(0, "waw03", 9), DNS(1, "fra01", 5), DNS(2, "fra03", 7)}, VP_SITE, "fra", 3, 3, 3, 1,
		2, 2.0 / 3, 5, 6},
	{"a tie goes to the earlier", {DNS(1, "fra01", 5), DNS(0, "waw03", 9)}, VP_SITE, "waw", 2, 2, 2, 1, 2,
		0.5, 9, 9},
	{"to and fro", {DNS(0, "waw01", 1), DNS(1, "fra01", 1), DNS(2, "waw01", 1), DNS(3, "waw01", 1)},
		VP_SITE, "waw", 4, 4, 4, 2, 2, 0.75, 1, 1},
	{"no flip over a round that names none", {DNS(0, "waw01", 1), DNS(1, "?", 1), DNS(2, "fra01", 1)},
		VP_SITE, "waw", 3, 3, 3, 0, 2, 1.0 / 3, 1, 1},
	{"losses are no rounds", {DNS(0, "waw01", 1), LOST(PROBE_DNS, 1), DNS(2, "waw01", 1)}, VP_SITE, "waw",
		3, 2, 2, 0, 1, 1, 1, 1},
	{"other flows are not the state's",
		{DNS(0, "waw01", 4), {PROBE_DNS, 1, 0, OUTCOME_REPLY, "fra01", 2, 0}}, VP_SITE, "waw", 2, 2,
		1, 0, 2, 1, 4, 4},
	{"no rule", {DNS(0, "my-box", 4)}, VP_NO_SITE, "", 1, 1, 1, 0, 0, (double)NAN, 4, 4},
	{"no identity", {DNS(0, NULL, 4)}, VP_NO_SITE, "", 1, 1, 1, 0, 0, (double)NAN, 4, 4},
	{"refused", {{PROBE_DNS, 0, 0, OUTCOME_REPLY, NULL, 4, 5}}, VP_NO_SITE, "", 1, 1, 1, 0, 0,
		(double)NAN, 4, 4},
	{"refused, yet it says who", {{PROBE_DNS, 0, 0, OUTCOME_REPLY, "waw01", 4, 5}}, VP_SITE, "waw", 1, 1,
		1, 0, 1, 1, 4, 4},
	{"silent", {LOST(PROBE_DNS, 0), LOST(PROBE_DNS, 1)}, VP_SILENT, "", 2, 0, 0, 0, 0, (double)NAN, -1,
		-1},
	{"silent but for ICMP", {LOST(PROBE_DNS, 0), PING(3)}, VP_SILENT, "", 2, 1, 0, 0, 0, (double)NAN, 3,
		3},
	{"spoilt", {{PROBE_DNS, 0, 0, OUTCOME_BAD_REPLY, "waw01", 4, 0}}, VP_SILENT, "", 1, 0, 0, 0, 0,
		(double)NAN, -1, -1},
	{"late", {{PROBE_DNS, 0, 0, OUTCOME_LATE, "waw01", 4000, 0}}, VP_NO_SITE, "", 1, 1, 0, 0, 0,
		(double)NAN, -1, -1},
	{"never left", {ERROR(PROBE_DNS), ERROR(PROBE_ICMP)}, VP_UNMEASURED, "", 0, 0, 0, 0, 0, (double)NAN,
		-1, -1},
	{"not asked by DNS", {PING(8), {PROBE_TCP, 0, 0, OUTCOME_RST, NULL, 7, 0}}, VP_NO_SITE, "", 2, 2, 0,
		0, 0, (double)NAN, 7, 7},
	{"the fastest kind of those that name none", {LOST(PROBE_ICMP, 0)}, VP_SILENT, "", 1, 0, 0, 0, 0,
		(double)NAN, -1, -1},
};

struct collected {
	struct tallies *t;
	struct naming *names;
};

static int take_pair(void *arg, const struct sample *s, size_t n)
{
	struct collected *c = arg;

	naming_begin(c->names, &(struct addr){4, {1, 1, 1, 1}});
	return tally_add(c->t, c->names, s, n);
}

static int take_target(void *arg, uint32_t target)
{
	(void)arg;
	(void)target;
	return 0;
}

static int64_t ns_of(int ms)
{
	return ms < 0 ? -1 : ms * NS_PER_MS;
}

static void put_rows(struct gather *g, const struct row rows[static 8])
{
	struct gather_feed *feed = calloc(1, sizeof(*feed));
	struct err_msg why;

	assert_non_null(feed);
	for (const struct row *row = rows; row < rows + 8 && row->outcome; row++) {
		struct record r = record_sent(row->kind, QUESTION_ID_SERVER, row->flow, row->outcome);

		r.target = record_addr("1.1.1.1");
		r.round = r.seq = row->round;
		r.rtt_ns = ns_of(row->rtt_ms);
		r.nsid = record_text(row->nsid);
		r.rcode = row->rcode;
		assert_int_equal(gather_feed_row(feed, &r), 0);
	}
	assert_int_equal(gather_take(g, feed, &why), 0);
	gather_feed_free(feed);
}

/* The rows' tally, reach and names; all to be freed. */
static void tally_rows(
	const struct row rows[static 8], struct gather **g, struct naming *names, struct tallies *t)
{
	const struct gather_limits limits = {.folder = "/tmp"};
	struct collected c = {t, names};
	const struct gather_walk walk = {take_pair, take_target, &c};
	struct err_msg why = {{0}};

	*g = gather_open(&limits);
	*names = (struct naming){.rules = &rules, .book = &book, .g = *g};
	*t = (struct tallies){.v = NULL};
	put_rows(*g, rows);
	assert_int_equal(gather_finish(*g, &why), 0);
	assert_int_equal(gather_walk(*g, &walk, &why), 0);
	if (t->n != 1 || !t->v)
		fail_msg("%zu tallies of one vantage point and target", t->n);
}

static void states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char key[NAMING_KEY_MAX] = "";
		struct gather *g;
		struct naming names;
		struct tallies t;

		tally_rows(cases[i].rows, &g, &names, &t);
		if (t.v->site >= 0)
			(void)naming_key(&names, &names.groups[t.v->site], key);
		if (t.v->state != cases[i].state || strcmp(key, cases[i].site) != 0 ||
			t.v->sent != cases[i].sent || t.v->received != cases[i].received ||
			t.v->answered != cases[i].answered || t.v->flips != cases[i].flips ||
			t.v->sites_seen != cases[i].sites_seen)
			fail_msg("%s: %s '%s' sent %u received %u answered %u flips %u seen %u",
				cases[i].name, vp_state_name(t.v->state), key, t.v->sent, t.v->received,
				t.v->answered, t.v->flips, t.v->sites_seen);
		assert_true(isnan(cases[i].share) ? isnan(t.v->site_share)
						  : fabs(t.v->site_share - cases[i].share) < 1e-9);
		assert_int_equal(t.v->rtt_min_ns, ns_of(cases[i].min_ms));
		assert_int_equal(t.v->rtt_median_ns, ns_of(cases[i].median_ms));
		tallies_free(&t);
		naming_free(&names);
		gather_close(g);
	}
}

/* Which times bound whose place: another kind only helps where DNS has no time of one name's. */
static void reaches(void **state)
{
	static const struct {
		struct row rows[8];
		size_t n;
		int ms[2];
		bool known;
	} reach[] = {
		{{DNS(0, "waw01", 9), PING(3)}, 1, {9}, true},
		{{DNS(0, "waw01", -1), PING(3)}, 1, {3}, true},
		{{DNS(0, "waw01", 9), DNS(1, "fra01", 7), PING(3)}, 2, {9, 7}, true},
		{{DNS(0, "box1", 9), DNS(1, "box2", 7)}, 2, {9, 7}, true},
		{{DNS(0, NULL, 9), PING(3)}, 1, {3}, false},
		{{PING(3)}, 1, {3}, false},
		{{LOST(PROBE_DNS, 0)}, 0, {0}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reach) / sizeof(reach[0]); i++) {
		struct gather *g;
		struct naming names;
		struct tallies t;

		tally_rows(reach[i].rows, &g, &names, &t);
		assert_int_equal(t.n_reach, reach[i].n);
		for (size_t k = 0; k < t.n_reach; k++) {
			assert_int_equal(t.reach[k].min_ns, ns_of(reach[i].ms[k]));
			assert_int_equal(t.reach[k].group >= 0, reach[i].known);
		}
		tallies_free(&t);
		naming_free(&names);
		gather_close(g);
	}
}

/* Another operator's sure form is foreign; what has no form at all is only unknown. */
static void strangers(void **state)
{
	static const struct row rows[8] = {DNS(0, "waw01", 9), DNS(1, "res860.qfra3.rrdns.pch.net", 9),
		DNS(2, "OPNsense", 9), DNS(3, NULL, 9)};
	struct gather *g;
	struct naming names;
	struct tallies t;

	(void)state;
	tally_rows(rows, &g, &names, &t);
	assert_int_equal(t.v->named, 1);
	assert_int_equal(t.v->foreign, 1);
	assert_int_equal(t.v->unknown, 1);
	assert_int_equal(t.v->nameless, 1);
	tallies_free(&t);
	naming_free(&names);
	gather_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states), cmocka_unit_test(reaches), cmocka_unit_test(strangers)};

	assert_int_equal(hash_init(), 0);
	return cmocka_run_group_tests(tests, load, unload);
}
