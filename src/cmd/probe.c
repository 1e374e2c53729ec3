#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "cmd/command.h"
#include "cmd/met.h"
#include "cmd/recorder.h"
#include "cmd/session.h"
#include "report/textfile.h"

enum { EGRESSES_MAX = 16 };

struct campaign {
	struct session s;
	const struct options *o;
	char vp[64];
	struct recorder rec;
	struct run_past before; /* the process that was interrupted; start.ns 0: there is none */
	struct past past;       /* what it did */
	struct rules rules;     /* for --textfile */
	struct textfile *textfile;
	struct met *met; /* NULL: too many targets, or too long, to tell who was met */
	bool hangup, progress;
	struct run_flow flows[256];
	struct run_egress egresses[EGRESSES_MAX];
	struct run_meta meta;
};

static void warn(void *arg, const char *text)
{
	const struct campaign *c = arg;

	if (c->progress)
		(void)fputs("\r\033[K", stderr);
	command_warn(text);
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
		.schedule = past_digest(e),
		.targets_path = o->n_targets ? o->targets[0] : NULL,
		.targets = c->s.targets.n,
		.rate_pps = e->rate_pps,
		.timeout_ns = e->timeout_ns,
		.linger_ns = e->linger_ns,
		.gap_ns = e->gap_ns,
		.every_ns = o->every_ns,
		.rounds = (uint32_t)o->count,
		.stamps = stamp_name(o->stamps),
		.probes = kinds,
		.question = question_name(o->question),
		.contact = e->contact,
		.dscp = (uint8_t)o->dscp,
		.flows = c->flows,
		.n_flows = e->flows.n,
		.egresses = c->egresses,
		.start = c->before.start.ns ? c->before.start : clock_wall(),
		.resumed = c->before.resumed,
		.ended = "",
	};
	if (o->n_targets && strcmp(o->targets[0], "-") != 0)
		(void)hash_file_sha256(o->targets[0], c->meta.targets_sha256, NULL);
}

/* --- once a second --- */

static void show_progress(const struct campaign *c, const struct loop_progress *p)
{
	const struct run_counts *n = p->counts;
	double rate = p->elapsed_s > 0 ? (double)n->sent / p->elapsed_s : 0;
	double left =
		rate > 0 && p->scheduled > n->scheduled ? (double)(p->scheduled - n->scheduled) / rate : 0;
	double loss = n->rows ? 100.0 * (1 - (double)session_answered(n) / (double)n->rows) : 0;
	char of[32] = "", time_left[32] = "";

	/* With --every most of the time is spent between rounds. */
	if (c->o->count)
		(void)snprintf(of, sizeof(of), " of %" PRIu64, p->scheduled);
	if (!c->o->every_ns)
		(void)snprintf(time_left, sizeof(time_left), "  left %.0f s", left);
	(void)fprintf(stderr,
		"\r\033[Ksent %" PRIu64 "%s  received %" PRIu64
		"  %.0f/s  loss %.1f %%  kernel drops %" PRIu64 "%s",
		n->sent, of, n->matched, rate, loss, n->dropped, time_left);
}

static int tick(void *arg, const struct loop_progress *p)
{
	struct campaign *c = arg;
	bool hangup = c->hangup;

	if (c->progress)
		show_progress(c, p);
	c->hangup = false;
	/* A file that is due while only replies are waited for would have no row. */
	return recorder_flush(&c->rec, p->counts,
		hangup        ? ROTATE_NOW
		: p->all_sent ? ROTATE_NEVER
			      : ROTATE_WHEN_DUE);
}

/* Files change at the next tick, when the counts are at hand. */
static void hangup(void *arg)
{
	((struct campaign *)arg)->hangup = true;
}

/* --- metrics --- */

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static int open_textfile(struct campaign *c)
{
	struct err_msg why = {{0}};
	char folder[PATH_MAX];

	if (c->s.targets.n > TEXTFILE_TARGETS_MAX)
		(void)err_set(&why, ERR_RANGE, "--textfile is for up to %d targets", TEXTFILE_TARGETS_MAX);
	else if (!session_book_folder(folder))
		(void)err_set(&why, ERR_IO,
			"--textfile: no naming rules: neither beside the program nor in %s",
			CATCHMAP_DATADIR);
	else if (rules_read(&c->rules, folder, complain, NULL, &why) == 0) {
		c->textfile = textfile_new(&c->rules, &c->s.targets, c->vp);
		if (!c->textfile)
			(void)err_set(&why, ERR_NOMEM, "out of memory");
	}
	return c->textfile ? 0 : command_fail(EXIT_USAGE, &why);
}

/* A collector that cannot be told is no reason to stop measuring. */
static void store_textfile(void *arg, uint32_t round)
{
	const struct campaign *c = arg;
	struct err_msg why = {{0}};

	(void)round;
	if (c->textfile && textfile_store(c->textfile, c->o->textfile, &why) < 0)
		warn(arg, why.text);
}

static void take_row(void *arg, const struct record *r)
{
	struct campaign *c = arg;

	recorder_row(&c->rec, r);
	if (c->textfile)
		(void)textfile_row(c->textfile, r);
	met_row(c->met, r);
}

/* --- the whole --- */

static const char *const end_text[] = {
	[LOOP_DONE] = "done",
	[LOOP_SIGNAL] = "signal",
	[LOOP_CAPTURE_LOST] = "capture lost",
	[LOOP_TICK_FAILED] = "rows could not be written",
};

static void summarize(struct campaign *c, const struct run_counts *n)
{
	(void)printf("%s: %" PRIu64 " rows", c->rec.path, n->rows);
	if (c->rec.rotated)
		(void)printf(" in all; %u files before it, %" PRIu64 " in this one", c->rec.rotated,
			c->meta.counts.rows);
	(void)putchar('\n');
	for (int o = OUTCOME_REPLY; o < OUTCOMES; o++)
		if (n->outcome[o])
			(void)printf("  %-11s %" PRIu64 "\n", outcome_name((enum outcome)o), n->outcome[o]);
	if (n->unmatched || n->duplicate || n->behind)
		(void)printf("  besides: %" PRIu64 " packets that match no probe, %" PRIu64
			     " repeated replies, %" PRIu64 " probes behind schedule\n",
			n->unmatched, n->duplicate, n->behind);
	met_print(stdout, c->met);
}

static int exit_of(const struct campaign *c, const struct loop_result *r, const struct run_counts *total)
{
	struct run_counts found = {0};

	if (c->rec.rc < 0) {
		(void)fprintf(stderr, "catchmap: %" PRIu64 " whole rows are kept in %s\n",
			c->meta.counts.rows, c->rec.path);
		return command_fail(EXIT_PARTIAL, &c->rec.why);
	}
	if (r->end == LOOP_CAPTURE_LOST || r->counts.dropped > 0)
		return EXIT_PARTIAL;
	if (r->end == LOOP_SIGNAL)
		return EXIT_SIGNAL + r->signal;
	/* What --resume found may all be in a file that was rotated away. */
	memcpy(found.outcome, c->past.outcome, sizeof(found.outcome));
	return session_answered(total) || session_answered(&found) ? EXIT_DONE : EXIT_SILENT;
}

static int go(struct campaign *c, struct loop *l)
{
	struct loop_result r = {0};
	struct run_counts total;
	struct err_msg why = {{0}};
	char ended[64];

	if (recorder_store(&c->rec, &r.counts, "", &why) < 0)
		return command_fail(EXIT_PARTIAL, &why);
	if (loop_run(l, &r, &why) < 0)
		(void)command_fail(EXIT_PARTIAL, &why);
	c->meta.n_egresses = loop_egresses(l, c->egresses, EGRESSES_MAX);
	c->meta.clock_steps = r.clock_steps;
	(void)snprintf(
		ended, sizeof(ended), r.end == LOOP_SIGNAL ? "%s %d" : "%s", end_text[r.end], r.signal);
	recorder_close(&c->rec, &r.counts, ended);
	store_textfile(c, 0);
	if (c->progress)
		(void)fputs("\r\033[K", stderr);
	if (r.counts.dropped)
		command_warn("the kernel dropped captured frames: some losses in the rows are our own (lower "
			     "--rate)");
	total = recorder_total(&c->rec, &r.counts);
	if (!c->o->quiet)
		summarize(c, &total);
	return exit_of(c, &r, &total);
}

static int prepare_output(struct campaign *c, const struct loop *l, struct err_msg *why)
{
	struct vantage v = c->o->vantage;
	int rc = run_make(c->o->output, why);

	if (rc == 0)
		rc = recorder_open(&c->rec, c->o->resume, why);
	c->meta.n_egresses = loop_egresses(l, c->egresses, EGRESSES_MAX);
	(void)snprintf(v.vp, sizeof(v.vp), "%s", c->vp);
	if (c->meta.n_egresses > 0)
		(void)addr_text(&c->egresses[0].source, v.address);
	if (v.has_place)
		(void)snprintf(v.location_source, sizeof(v.location_source), "--location");
	if (rc == 0)
		rc = vantage_store(c->o->output, &v, why);
	return rc;
}

/* --- going on with an interrupted run --- */

/* Finds out what is left to do, before anything is opened: nothing is changed yet. An exit code, 0 to go on. */
static int resume(struct campaign *c)
{
	struct engine_config *e = &c->s.loop.engine;
	struct schedule schedule = {
		.targets = (uint32_t)c->s.targets.n, .rounds = e->rounds, .n_slots = c->s.n_slots};
	uint64_t round = (uint64_t)schedule.targets * schedule.n_slots;
	struct err_msg why = {{0}};
	int rc = recorder_past(&c->rec, &c->before, &why);

	if (rc == 0)
		return 0; /* nothing was begun: a unit that always resumes need not know */
	if (rc > 0 && (c->before.schedule != past_digest(e) || (c->o->has_seed && c->before.seed != e->seed)))
		rc = err_set(&why, ERR_RANGE,
			"%s was begun with other targets, probes, flows or seed: --resume needs those of the "
			"interrupted run",
			c->o->output);
	if (rc < 0)
		return command_fail(EXIT_USAGE, &why);
	e->seed = c->before.seed;
	if (schedule_init(&schedule, e->seed) < 0)
		return 0; /* the engine will say why */
	c->past = past_of(&schedule, &c->s.targets);
	rc = recorder_read(&c->rec, &c->past, &why);
	past_end(&c->past);
	if (rc < 0)
		return command_fail(EXIT_USAGE, &why);
	e->first = c->past.first;
	e->retries = c->past.retries;
	e->n_retries = e->no_retry ? 0 : c->past.n_retries;
	c->s.loop.begun = (uint32_t)((e->first + round - 1) / round);
	c->before.resumed++;
	return 0;
}

static void make_slots(struct campaign *c)
{
	static const enum probe_kind order[] = {PROBE_DNS, PROBE_ICMP, PROBE_TCP};
	uint8_t want = c->o->kinds ? c->o->kinds : 0xff;

	for (size_t i = 0; i < PROBE_KINDS; i++)
		if (want & 1U << order[i])
			session_slots(&c->s, order[i], (unsigned)c->o->flows, c->o->question);
}

/* Without end is as many rounds as there are numbers for. */
static uint32_t rounds_of(const struct campaign *c)
{
	return c->o->count ? (uint32_t)c->o->count : UINT32_MAX / c->s.n_slots;
}

static int check_usage(const struct options *o)
{
	struct err_msg why = {{0}};

	if (!o->output)
		(void)err_set(&why, ERR_PARSE, "probe needs a folder for its rows: -o RUN");
	else if (o->count == 0 && !o->every_ns)
		(void)err_set(&why, ERR_PARSE, "rounds without end need --every TIME");
	else if (o->phase_ns && o->phase_ns >= o->every_ns)
		(void)err_set(&why, ERR_PARSE, "--phase must be shorter than --every");
	else
		return 0;
	return command_fail(EXIT_USAGE, &why);
}

static int record(struct campaign *c)
{
	char kinds[32];
	struct err_msg why = {{0}};
	struct loop *l = NULL;
	int code = session_open(&c->s, &l);

	if (code)
		return code;
	describe(c, kinds);
	code = prepare_output(c, l, &why);
	code = code < 0 ? command_fail(command_exit_of(code), &why) : go(c, l);
	loop_close(l);
	return code;
}

static int campaign(struct campaign *c)
{
	int code = session_targets(&c->s, c->o);

	if (code)
		return code;
	session_sockets(&c->s);
	make_slots(c);
	session_config(&c->s, c->vp);
	c->s.loop.engine.rounds = rounds_of(c);
	if (!c->o->quiet && !c->o->every_ns && c->s.targets.n <= MET_TARGETS)
		c->met = met_open(c->o);
	c->s.loop.engine.row = take_row;
	c->s.loop.engine.row_arg = c;
	c->s.loop.round = store_textfile;
	c->s.loop.settle_ns = NS_PER_S;
	c->s.loop.every_ns = c->o->every_ns;
	c->s.loop.phase_ns = c->o->phase_ns;
	c->s.loop.tick = tick;
	c->s.loop.hangup = hangup;
	c->s.loop.warn = warn;
	c->s.loop.arg = c;
	if (c->o->dry_run)
		return session_dry_run(&c->s);
	code = check_usage(c->o);
	if (code == 0 && c->o->resume)
		code = resume(c);
	if (code == 0 && c->o->textfile)
		code = open_textfile(c);
	return code ? code : record(c);
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
	c->rec = (struct recorder){
		.run = o->output,
		.vp = c->vp,
		.compress = o->compress,
		.rotate_ns = o->rotate_ns,
		.rotate_bytes = o->rotate_bytes,
		.meta = &c->meta,
	};
	code = campaign(c);
	recorder_free(&c->rec);
	past_free(&c->past);
	textfile_free(c->textfile);
	met_close(c->met);
	rules_free(&c->rules);
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
	"rounds", "every", "phase", "textfile", "rotate", "rotate-size", "resume", "probes", "question",
	"no-retry", "flows", "flow-base", "port", "interface", "source", "ipv4", "ipv6", "stamps", "sockets",
	"send", "blocklist", "contact", "dscp", "seed", "vp", "location", "vp-as", "vp-country", "vp-city",
	"strict", "compress", "dry-run", "quiet", "verbose", "config", NULL};

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
