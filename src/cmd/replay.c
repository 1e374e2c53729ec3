#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "cmd/command.h"
#include "cmd/met.h"
#include "cmd/session.h"
#include "engine/match.h"
#include "net/capture.h"

struct replay {
	struct engine *engine;
	struct file_out *rows;
	struct met *met;
	struct err_msg why;
	int rc;
	bool any;
};

static void write_row(void *arg, const struct record *r)
{
	struct replay *p = arg;
	char row[RECORD_ROW_MAX];

	met_row(p->met, r);
	if (p->rc == 0)
		p->rc = file_out_write(p->rows, row, record_row(r, row), &p->why);
}

/* The capture's own clock takes the place of ours. */
static void each_frame(void *arg, const struct capture_frame *f)
{
	struct replay *p = arg;
	struct mono now = {f->stamp.ns};

	engine_expire(p->engine, now);
	engine_frame(p->engine, now, f);
}

static int read_all(struct replay *p, struct capture *c)
{
	int n;

	do {
		n = capture_read(c, 4096, each_frame, p, &p->why);
	} while (n > 0);
	engine_finish(p->engine, (struct mono){INT64_MAX});
	return n;
}

static void summarize(const struct replay *p)
{
	const struct run_counts *n = engine_counts(p->engine);

	(void)fprintf(stderr,
		"catchmap: %llu frames, %llu probes, %llu packets that match no probe, %llu not understood\n",
		(unsigned long long)n->captured, (unsigned long long)n->sent,
		(unsigned long long)n->unmatched, (unsigned long long)n->malformed);
	met_print(stderr, p->met);
}

static int replay_into(struct replay *p, const struct options *o, struct capture *c)
{
	char row[RECORD_ROW_MAX];
	int rc, end;

	p->rows = file_out_create(o->output ? o->output : "-", &p->why);
	if (!p->rows)
		return command_fail(EXIT_USAGE, &p->why);
	p->rc = file_out_write(p->rows, row, record_header(row), &p->why);
	end = read_all(p, c);
	if (end < 0)
		(void)command_fail(EXIT_PARTIAL, &p->why);
	rc = file_out_close(p->rows, &p->why);
	if (p->rc < 0 || rc < 0)
		return command_fail(EXIT_PARTIAL, &p->why);
	if (!o->quiet)
		summarize(p);
	return end < 0 ? EXIT_PARTIAL : session_answered(engine_counts(p->engine)) ? EXIT_DONE : EXIT_SILENT;
}

static int run(const struct options *o)
{
	struct replay p = {0};
	struct engine_config config = {
		.adopt = true,
		.rate_pps = 100000,
		.timeout_ns = o->timeout_ns,
		.linger_ns = o->linger_ns < 0 ? o->timeout_ns : o->linger_ns,
		.flows = {(uint16_t)o->flow_base, (uint16_t)o->flows},
		.kernel_stamps = true,
		.contact = "",
		.vp = o->vp ? o->vp : "replay",
		.row = write_row,
		.row_arg = &p,
	};
	struct capture *c;
	int code;

	if (o->n_args != 1) {
		(void)err_set(&p.why, ERR_PARSE, "replay takes one capture file (- is stdin)");
		return command_fail(EXIT_USAGE, &p.why);
	}
	c = capture_open_file(o->args[0], &p.why);
	if (!c)
		return command_fail(EXIT_USAGE, &p.why);
	p.met = o->quiet ? NULL : met_open(o);
	p.engine = engine_new(&config, &p.why);
	code = p.engine ? replay_into(&p, o, c) : command_fail(EXIT_PARTIAL, &p.why);
	engine_free(p.engine);
	met_close(p.met);
	capture_close(c);
	return code;
}

static void defaults(struct options *o)
{
	o->timeout_ns = 5 * NS_PER_S;
	o->linger_ns = -1;
	o->flow_base = 33000;
	o->flows = 256;
}

static const char *const takes[] = {
	"output", "timeout", "linger", "flow-base", "flows", "vp", "quiet", "config", NULL};

const struct command command_replay = {
	.name = "replay",
	.synopsis = "[options] FILE.pcap",
	.summary = "a capture through the same parser and matcher; no network, no privilege",
	.about = "Reads a capture (pcap or pcapng) that holds queries and replies, matches them as a live "
		 "run does, and writes the\n"
		 "rows to stdout or to the file of -o. Packets count as probes when their source port (ICMP: "
		 "id) is one of the\n"
		 "flows, --flow-base and the next --flows ports.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
