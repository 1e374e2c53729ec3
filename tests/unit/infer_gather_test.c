#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "dice.h"
#include "infer/gather_feed.h"
#include "records.h"
#include "scratch.h"

enum { VPS = 7, TARGETS = 23, ROUNDS = 5, ROWS = VPS * TARGETS * ROUNDS, TEXT = 1 << 20 };

/* What a walk said, as text: names, not numbers, which depend on the order of the rows. */
struct told {
	const struct gather *g;
	char *text;
	size_t n;
	struct addr last;
};

static int tell_pair(void *arg, const struct sample *s, size_t n)
{
	struct told *t = arg;
	char target[ADDR_TEXT_LEN];
	struct addr a = gather_target(t->g, s->target);

	for (size_t i = 0; i < n; i++) {
		struct gather_identity id = {.question = QUESTION_NONE};

		assert_int_equal(s[i].target, s->target);
		assert_int_equal(s[i].vp, s->vp);
		if (s[i].identity)
			id = gather_identity(t->g, s[i].identity);
		t->n += (size_t)snprintf(t->text + t->n, TEXT - t->n, "%s %s %u %u %llu %u %.*s/%.*s\n",
			gather_vp(t->g, s->vp), addr_text(&a, target), s[i].round, s[i].time_s,
			(unsigned long long)s[i].rtt_ns, s[i].flow, (int)id.nsid.n,
			id.nsid.n ? (const char *)id.nsid.p : "", (int)id.txt.n,
			id.txt.n ? (const char *)id.txt.p : "");
	}
	return 0;
}

static int tell_target(void *arg, uint32_t target)
{
	struct told *t = arg;
	struct addr a = gather_target(t->g, target);

	assert_true(addr_compare(&t->last, &a) < 0);
	t->last = a;
	t->n += (size_t)snprintf(t->text + t->n, TEXT - t->n, "--\n");
	return 0;
}

static void record_make(uint32_t i, struct record *r, char vp[static 16], char nsid[static 16])
{
	uint32_t round = i % ROUNDS, target = i / ROUNDS % TARGETS;

	(void)snprintf(vp, 16, "vp%u", i / ROUNDS / TARGETS);
	(void)snprintf(nsid, 16, "site%u", (i * 7 + round) % 3);
	*r = record_dns(
		(uint8_t)(round % 2), 1000000 + i, round == 3 ? NULL : nsid, round == 3 ? "txt" : NULL);
	r->vp = vp;
	r->round = round;
	r->seq = round;
	r->tx_time.ns = (int64_t)(1000 + round) * NS_PER_S;
	r->target = record_addr("192.0.2.0");
	r->target.b[3] = (uint8_t)(target * 11);
	if (target % 4 == 3)
		r->target = (struct addr){6, {0x20, 1, 0xd, 0xb8, (uint8_t)target}};
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through t.text */
static void walk_in(struct dice *d, size_t samples, char *text)
{
	const struct gather_limits limits = {.samples = samples, .folder = "."};
	struct gather *g = gather_open(&limits);
	struct told t = {.g = g, .text = text};
	const struct gather_walk walk = {tell_pair, tell_target, &t};
	struct gather_feed *feed[2] = {calloc(1, sizeof(**feed)), calloc(1, sizeof(**feed))};
	uint32_t order[ROWS] = {0};
	struct err_msg why = {{0}};

	assert_non_null(g);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t k = d ? dice(d, i + 1) : i;

		order[i] = order[k];
		order[k] = i;
	}
	for (size_t i = 0; i < ROWS; i++) {
		char vp[16], nsid[16];
		struct record r;

		record_make(order[i], &r, vp, nsid);
		assert_int_equal(gather_feed_row(feed[i % 2], &r), 0);
		if (i % 50 == 49)
			assert_int_equal(gather_take(g, feed[i / 50 % 2], &why), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(gather_take(g, feed[i], &why), 0);
		gather_feed_free(feed[i]);
	}
	assert_int_equal(gather_rows(g), ROWS);
	assert_int_equal(gather_targets(g), TARGETS);
	assert_int_equal(gather_vps(g), VPS);
	assert_int_equal(gather_finish(g, &why), 0);
	for (int again = 0; again < 2; again++) {
		t.n = 0;
		t.last = (struct addr){0};
		assert_int_equal(gather_walk(g, &walk, &why), 0);
	}
	gather_close(g);
}

/* Any order of the rows, and any memory, tell the same; with scratch files and without. */
static void order_is_nothing(void **state)
{
	static const size_t samples[] = {ROWS, 0, 100, 64, ROWS - 1};
	struct scratch s = scratch_make();
	char *first = calloc(1, TEXT), *other = calloc(1, TEXT);
	struct dice d = dice_of(1);

	(void)state;
	walk_in(NULL, ROWS, first);
	assert_true(strlen(first) > ROWS * 20);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		walk_in(&d, samples[i], other);
		assert_string_equal(first, other);
	}
	free(first);
	free(other);
	scratch_remove(&s);
}

static size_t pairs, targets;

static int count_pair(void *arg, const struct sample *s, size_t n)
{
	(void)arg;
	(void)s;
	pairs += n;
	return 0;
}

static int count_target(void *arg, uint32_t target)
{
	(void)arg;
	(void)target;
	targets++;
	return 0;
}

/* One target with more samples than memory holds: its vantage points come in several turns, the target once. */
static void large_target(void **state)
{
	const struct gather_limits limits = {.samples = 10, .folder = "."};
	const struct gather_walk walk = {count_pair, count_target, NULL};
	struct scratch s = scratch_make();
	struct gather *g = gather_open(&limits);
	struct gather_feed *feed = calloc(1, sizeof(*feed));
	struct err_msg why = {{0}};

	(void)state;
	pairs = targets = 0;
	for (unsigned i = 0; i < 200; i++) {
		struct record r = record_dns(0, 1000, "x", NULL);
		char vp[16];

		(void)snprintf(vp, sizeof(vp), "vp%u", i % 50);
		r.vp = vp;
		r.round = i;
		assert_int_equal(gather_feed_row(feed, &r), 0);
	}
	assert_int_equal(gather_take(g, feed, &why), 0);
	gather_feed_free(feed);
	assert_int_equal(gather_finish(g, &why), 0);
	assert_int_equal(gather_walk(g, &walk, &why), 0);
	assert_int_equal(pairs, 200);
	assert_int_equal(targets, 1);
	gather_close(g);
	scratch_remove(&s);
}

static char said[4096];

static void note(void *arg, const char *text)
{
	size_t used = strlen(said);

	(void)arg;
	(void)snprintf(said + used, sizeof(said) - used, "%s\n", text);
}

#define HEAD "vp,target,probe,outcome,rtt_ms\n"
#define GOOD "ams,192.0.2.1,dns,reply,1.5\n"

static struct gather_file ended;

static void note_end(void *arg, size_t file, const struct gather_file *f, const struct err_msg *why)
{
	(void)arg;
	(void)why;
	assert_int_equal(file, 0);
	ended = *f;
}

/* Bad rows are told with file and line, and the others counted. */
static void bad_rows(void **state)
{
	static const struct {
		const char *text, *said;
		int rc;
		uint64_t rows;
	} cases[] = {
		{HEAD GOOD, "", 0, 1},
		{HEAD GOOD "ams,192.0.2.1,dns,reply,0\n", "p.csv:3:25: '0' is not a time above 0",
			ERR_PARTIAL, 2},
		{HEAD "ams,192.0.2.1,dns,reply,-1\n" GOOD, "p.csv:2:25: '-1' is not", ERR_PARTIAL, 1},
		{HEAD "ams,192.0.2.1,dns,reply,nan\n" GOOD, "p.csv:2:25: 'nan' is not", ERR_PARTIAL, 1},
		{HEAD GOOD "ams,192.0.2.1,dn", "p.csv:3:1: the row is cut short", ERR_PARTIAL, 1},
		{HEAD GOOD "ams,192.0.2.1\n" GOOD, "p.csv:3:1: 2 fields; the header has 5", ERR_PARTIAL, 2},
		{"rtt_ms,new,vp,target,probe,outcome\n1.5,x,ams,192.0.2.1,dns,reply\n", "", 0, 1},
		{"vp,target,rtt_ms\nams,192.0.2.1,1\n", "", ERR_PARSE, 0},
		{"", "", ERR_PARSE, 0},
	};
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gather_limits limits = {.folder = "."};
		struct gather *g = gather_open(&limits);
		char path[] = "p.csv", *const paths[] = {path};
		const struct gather_reading reading = {
			.paths = paths, .n = 1, .threads = 2, .complain = note, .done = note_end};
		struct err_msg why = {{0}};

		said[0] = '\0';
		scratch_write("p.csv", cases[i].text, strlen(cases[i].text));
		assert_int_equal(gather_files(g, &reading, &why), 0);
		assert_int_equal(ended.rc, cases[i].rc);
		assert_int_equal(ended.rows, cases[i].rows);
		assert_int_equal(ended.columns != 0, cases[i].rc == 0 || cases[i].rc == ERR_PARTIAL);
		assert_int_equal(gather_rows(g), cases[i].rows);
		if (!strstr(said, cases[i].said))
			fail_msg("case %zu: '%s' does not say '%s'", i, said, cases[i].said);
		assert_int_equal(*cases[i].said != '\0', *said != '\0');
		gather_close(g);
	}
	scratch_remove(&s);
}

static int expect_fra(void *arg, const struct sample *s, size_t n)
{
	(void)arg;
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(s[i].outcome, OUTCOME_REPLY);
		assert_int_equal(s[i].rtt_ns, 1500000 + 1000000 * i);
		assert_int_equal(s[i].seq, i);
	}
	return 0;
}

static int pass_over(void *arg, uint32_t target)
{
	(void)arg;
	(void)target;
	return 0;
}

/* One reader meets the columns in another order, more of them, and again as they were. */
static void headers_differ(void **state)
{
	static const char *const texts[] = {
		"vp,target,probe,outcome,rtt_ms,seq\nfra,192.0.2.1,dns,reply,1.5,0\n",
		"seq,rtt_ms,outcome,probe,target,vp\n1,2.5,reply,dns,192.0.2.1,fra\n",
		"seq,new,rtt_ms,outcome,probe,target,vp\n2,x,3.5,reply,dns,192.0.2.1,fra\n",
		"vp,target,probe,outcome,rtt_ms,seq\nfra,192.0.2.1,dns,reply,4.5,3\n"};
	static char names[][6] = {"a.csv", "b.csv", "c.csv", "d.csv"};
	char *const paths[] = {names[0], names[1], names[2], names[3]};
	const struct gather_reading reading = {.paths = paths, .n = 4, .threads = 1, .complain = note};
	const struct gather_walk walk = {expect_fra, pass_over, NULL};
	const struct gather_limits limits = {.folder = "."};
	struct gather *g = gather_open(&limits);
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};

	(void)state;
	said[0] = '\0';
	for (size_t i = 0; i < 4; i++)
		scratch_write(paths[i], texts[i], strlen(texts[i]));
	assert_int_equal(gather_files(g, &reading, &why), 0);
	assert_string_equal(said, "");
	assert_int_equal(gather_rows(g), 4);
	assert_int_equal(gather_finish(g, &why), 0);
	assert_int_equal(gather_walk(g, &walk, &why), 0);
	gather_close(g);
	scratch_remove(&s);
}

/* What comes through a pipe comes once, and not in one piece; it has no digest. */
static void a_pipe(void **state)
{
	enum { PIPE_ROWS = 10000 };
	char path[] = "p.csv", *const paths[] = {path};
	const struct gather_reading reading = {
		.paths = paths, .n = 1, .threads = 1, .complain = note, .done = note_end};
	const struct gather_limits limits = {.folder = "."};
	struct gather *g = gather_open(&limits);
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	int status;
	pid_t writer;

	(void)state;
	said[0] = '\0';
	assert_int_equal(mkfifo(path, 0600), 0);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		FILE *f = fopen(path, "w");
		bool good = f && fputs(HEAD, f) >= 0;

		for (int i = 0; good && i < PIPE_ROWS; i++)
			good = fputs(GOOD, f) >= 0;
		_exit(good && fclose(f) == 0 ? 0 : 1);
	}
	assert_int_equal(gather_files(g, &reading, &why), 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	assert_string_equal(said, "");
	assert_int_equal(ended.rc, 0);
	assert_int_equal(ended.rows, PIPE_ROWS);
	assert_string_equal(ended.sha256, "");
	gather_close(g);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(order_is_nothing), cmocka_unit_test(large_target),
		cmocka_unit_test(bad_rows), cmocka_unit_test(headers_differ), cmocka_unit_test(a_pipe)};

	assert_int_equal(hash_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
