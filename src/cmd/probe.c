#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/hash.h"
#include "cmd/command.h"
#include "cmd/session.h"

enum { EGRESSES_MAX = 16 };

struct campaign {
	struct session s;
	const struct options *o;
	char vp[64], ended[64], path[4096]; /* path: of the rows */
	struct file_out *rows;
	struct run_flow flows[256];
	struct run_egress egresses[EGRESSES_MAX];
	struct run_meta meta;
	struct err_msg why; /* the first error in writing */
	int rc;
	bool progress;
};

static void warn(void *arg, const char *text)
{
	const struct campaign *c = arg;

	if (c->progress)
		(void)fputs("\r\033[K", stderr);
	command_warn(text);
}

/* --- rows --- */

static void write_row(void *arg, const struct record *r)
{
	struct campaign *c = arg;
	char row[RECORD_ROW_MAX];

	if (c->rc == 0)
		c->rc = file_out_write(c->rows, row, record_row(r, row), &c->why);
}

static int open_rows(struct campaign *c, struct err_msg *why)
{
	char row[RECORD_ROW_MAX];
	int rc = run_path(
		c->o->output, c->vp, c->o->compress ? ".probes.csv.zst" : ".probes.csv", c->path, why);

	if (rc < 0)
		return rc;
	c->rows = file_out_create(c->path, why);
	if (!c->rows)
		return ERR_IO;
	return file_out_write(c->rows, row, record_header(row), why);
}

/* After a failed write: how many whole rows the file has. */
static uint64_t count_rows(const char *path)
{
	struct csv *in = csv_open(path, NULL);
	uint64_t n = 0;

	while (in && csv_next(in, NULL) > 0)
		n++;
	csv_close(in);
	return n;
}

/* --- meta.json --- */

static void kinds_text(const struct campaign *c, char out[static 32])
{
	bool seen[PROBE_KINDS] = {false};
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < c->s.n_slots; i++) {
		enum probe_kind k = c->s.slots[i].kind;

		if (!seen[k])
			n += (size_t)snprintf(out + n, 32 - n, "%s%s", n ? "," : "", probe_kind_name(k));
		seen[k] = true;
	}
}

static void describe(struct campaign *c, char kinds[static 32])
{
	const struct engine_config *e = &c->s.loop.engine;
	const struct options *o = c->o;

	for (uint16_t i = 0; i < e->flows.n; i++) {
		uint16_t port = (uint16_t)(e->flows.base + i);

		c->flows[i] = (struct run_flow){
			.flow = (uint8_t)i, .port = port, .icmp_id = port, .icmp_checksum = port};
	}
	kinds_text(c, kinds);
	c->meta = (struct run_meta){
		.argc = o->argc,
		.argv = o->argv,
		.vp = c->vp,
		.seed = e->seed,
		.targets_path = o->n_targets ? o->targets[0] : NULL,
		.targets = c->s.targets.n,
		.rate_pps = e->rate_pps,
		.timeout_ns = e->timeout_ns,
		.linger_ns = e->linger_ns,
		.gap_ns = e->gap_ns,
		.rounds = e->rounds,
		.stamps = stamp_name(o->stamps),
		.probes = kinds,
		.question = question_name(o->question),
		.contact = e->contact,
		.dscp = (uint8_t)o->dscp,
		.flows = c->flows,
		.n_flows = e->flows.n,
		.egresses = c->egresses,
		.start = clock_wall(),
		.ended = c->ended,
	};
	if (o->n_targets && strcmp(o->targets[0], "-") != 0)
		(void)hash_file_sha256(o->targets[0], c->meta.targets_sha256, NULL);
}

static bool clock_is_synchronized(void)
{
	struct timex t = {0};

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

static int store_meta(struct campaign *c, const struct loop *l, struct err_msg *why)
{
	c->meta.n_egresses = loop_egresses(l, c->egresses, EGRESSES_MAX);
	c->meta.clock_synchronized = clock_is_synchronized();
	return run_meta_store(c->o->output, &c->meta, why);
}

/* --- once a second --- */

static void show_progress(const struct loop_progress *p)
{
	const struct run_counts *n = p->counts;
	double rate = p->elapsed_s > 0 ? (double)n->sent / p->elapsed_s : 0;
	double left =
		rate > 0 && p->scheduled > n->scheduled ? (double)(p->scheduled - n->scheduled) / rate : 0;
	double loss = n->rows ? 100.0 * (1 - (double)session_answered(n) / (double)n->rows) : 0;

	(void)fprintf(stderr,
		"\r\033[Ksent %" PRIu64 " of %" PRIu64 "  received %" PRIu64
		"  %.0f/s  loss %.1f %%  kernel drops %" PRIu64 "  left %.0f s",
		n->sent, p->scheduled, n->matched, rate, loss, n->dropped, left);
}

static int tick(void *arg, const struct loop_progress *p)
{
	struct campaign *c = arg;

	if (c->progress)
		show_progress(p);
	if (c->rc == 0)
		c->rc = file_out_flush(c->rows, &c->why);
	return c->rc;
}

/* --- the whole --- */

static const char *const end_text[] = {
	[LOOP_DONE] = "done",
	[LOOP_SIGNAL] = "signal",
	[LOOP_CAPTURE_LOST] = "capture lost",
	[LOOP_TICK_FAILED] = "rows could not be written",
};

static void summarize(const struct campaign *c, const struct run_counts *n)
{
	(void)printf("%s: %" PRIu64 " rows\n", c->path, n->rows);
	for (int o = OUTCOME_REPLY; o < OUTCOMES; o++)
		if (n->outcome[o])
			(void)printf("  %-11s %" PRIu64 "\n", outcome_name((enum outcome)o), n->outcome[o]);
	if (n->unmatched || n->duplicate || n->behind)
		(void)printf("  besides: %" PRIu64 " packets that match no probe, %" PRIu64
			     " repeated replies, %" PRIu64 " probes behind schedule\n",
			n->unmatched, n->duplicate, n->behind);
}

static int exit_of(const struct campaign *c, const struct loop_result *r)
{
	if (c->rc < 0) {
		(void)fprintf(stderr, "catchmap: %" PRIu64 " whole rows are kept in %s\n",
			c->meta.counts.rows, c->path);
		return command_fail(EXIT_PARTIAL, &c->why);
	}
	if (r->end == LOOP_CAPTURE_LOST || r->counts.dropped > 0)
		return EXIT_PARTIAL;
	if (r->end == LOOP_SIGNAL)
		return EXIT_SIGNAL + r->signal;
	return session_answered(&r->counts) ? EXIT_DONE : EXIT_SILENT;
}

static int go(struct campaign *c, struct loop *l)
{
	struct loop_result r = {0};
	struct err_msg why = {{0}};
	int rc;

	if (store_meta(c, l, &why) < 0)
		return command_fail(EXIT_PARTIAL, &why);
	if (loop_run(l, &r, &why) < 0)
		(void)command_fail(EXIT_PARTIAL, &why);
	rc = file_out_close(c->rows, &why);
	c->rows = NULL;
	if (c->rc == 0 && rc < 0) {
		c->rc = rc;
		c->why = why;
	}
	c->meta.end = clock_wall();
	c->meta.counts = r.counts;
	if (c->rc < 0)
		c->meta.counts.rows = count_rows(c->path);
	c->meta.clock_steps = r.clock_steps;
	(void)snprintf(c->ended, sizeof(c->ended), r.end == LOOP_SIGNAL ? "%s %d" : "%s",
		c->rc < 0 ? end_text[LOOP_TICK_FAILED] : end_text[r.end], r.signal);
	if (store_meta(c, l, &why) < 0)
		command_warn(why.text);
	if (c->progress)
		(void)fputs("\r\033[K", stderr);
	if (r.counts.dropped)
		command_warn("the kernel dropped captured frames: some losses in the rows are our own (lower "
			     "--rate)");
	if (!c->o->quiet)
		summarize(c, &c->meta.counts);
	return exit_of(c, &r);
}

static int prepare_output(struct campaign *c, const struct loop *l, struct err_msg *why)
{
	struct vantage v = c->o->vantage;
	int rc = run_make(c->o->output, why);

	if (rc == 0)
		rc = open_rows(c, why);
	(void)snprintf(v.vp, sizeof(v.vp), "%s", c->vp);
	if (loop_egresses(l, c->egresses, EGRESSES_MAX) > 0)
		(void)addr_text(&c->egresses[0].source, v.address);
	if (v.has_place)
		(void)snprintf(v.location_source, sizeof(v.location_source), "--location");
	if (rc == 0)
		rc = vantage_store(c->o->output, &v, why);
	return rc;
}

static void make_slots(struct campaign *c)
{
	static const enum probe_kind order[] = {PROBE_DNS, PROBE_ICMP, PROBE_TCP};
	uint8_t want = c->o->kinds ? c->o->kinds : 0xff;

	for (size_t i = 0; i < PROBE_KINDS; i++)
		if (want & 1U << order[i])
			session_slots(&c->s, order[i], (unsigned)c->o->flows, c->o->question);
}

static int campaign(struct campaign *c)
{
	char kinds[32];
	struct err_msg why = {{0}};
	struct loop *l = NULL;
	int code = session_targets(&c->s, c->o);

	if (code)
		return code;
	make_slots(c);
	session_config(&c->s, c->vp);
	c->s.loop.engine.row = write_row;
	c->s.loop.engine.row_arg = c;
	c->s.loop.settle_ns = NS_PER_S;
	c->s.loop.tick = tick;
	c->s.loop.warn = warn;
	c->s.loop.arg = c;
	if (c->o->dry_run)
		return session_dry_run(&c->s);
	if (!c->o->output) {
		(void)err_set(&why, ERR_PARSE, "probe needs a folder for its rows: -o RUN");
		return command_fail(EXIT_USAGE, &why);
	}
	code = session_open(&c->s, &l);
	if (code)
		return code;
	describe(c, kinds);
	code = prepare_output(c, l, &why);
	code = code < 0 ? command_fail(command_exit_of(code), &why) : go(c, l);
	loop_close(l);
	return code;
}

static int run(const struct options *o)
{
	struct campaign *c = calloc(1, sizeof(*c));
	int code;

	if (!c)
		return EXIT_PARTIAL;
	c->o = o;
	c->progress = !o->quiet && isatty(STDERR_FILENO);
	if (o->vp)
		(void)snprintf(c->vp, sizeof(c->vp), "%s", o->vp);
	else
		session_host_name(c->vp);
	code = campaign(c);
	if (c->rows)
		(void)file_out_close(c->rows, NULL);
	session_free(&c->s);
	free(c);
	return code;
}

static void defaults(struct options *o)
{
	session_defaults(o);
	o->count = 1;
	o->gap_ns = NS_PER_S;
	o->timeout_ns = 5 * NS_PER_S;
	o->linger_ns = -1;
	o->flows = 1;
}

static const char *const takes[] = {"targets", "output", "rate", "count", "gap", "timeout", "linger",
	"probes", "question", "no-retry", "flows", "flow-base", "port", "interface", "source", "ipv4", "ipv6",
	"stamps", "blocklist", "contact", "dscp", "seed", "vp", "location", "strict", "compress", "dry-run",
	"quiet", "verbose", "config", NULL};

const struct command command_probe = {
	.name = "probe",
	.synopsis = "[options] -f TARGETS -o RUN   or   catchmap probe [options] -o RUN TARGET...",
	.summary = "probe targets from this vantage point and write one row for each probe",
	.about = "Sends DNS, ICMP and TCP probes to every target and writes RUN/<vp>.probes.csv, one row for "
		 "each probe sent,\n"
		 "losses and errors included (catchmap fields lists the columns), and RUN/<vp>.meta.json.\n"
		 "A TARGET is an address, a service name of targets/ (k.root-servers.net) or a kind (roots).",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
