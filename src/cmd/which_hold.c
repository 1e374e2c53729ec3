#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/judge.h"
#include "cmd/session.h"
#include "cmd/which.h"
#include "engine/hold.h"
#include "net/priv.h"
#include "report/hold.h"

struct holding {
	struct session s;
	struct judge judge;
	bool progress;
	struct judge_case *cases; /* by target, as the results */
	struct hold_result *results;
	int rc;
};

static int check(const struct options *o, struct err_msg *why)
{
	if (o->kinds || o->question != QUESTION_ID_SERVER)
		return err_set(why, ERR_PARSE,
			"--hold asks id.server by DNS over TCP and UDP: without --probes and --question");
	if (o->hold_every_ns < NS_PER_S / 10)
		return err_set(why, ERR_RANGE, "--hold-every: at most ten questions a second (100ms)");
	if (o->hold_ns < o->hold_every_ns)
		return err_set(why, ERR_RANGE, "--hold: shorter than --hold-every: nothing could be held");
	return 0;
}

/* What is known of the targets, so that their servers get names. */
static int prepare(struct holding *h, struct err_msg *why)
{
	size_t n = h->s.targets.n;
	int rc = judge_open(&h->judge, h->s.o, &(struct vantage){.weight = 1}, why);

	h->cases = calloc(n + 1, sizeof(*h->cases));
	h->results = calloc(n + 1, sizeof(*h->results));
	if (!h->cases || !h->results) {
		(void)err_set(why, ERR_NOMEM, "out of memory");
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct target *t = &h->s.targets.v[i];

		rc = judge_case_open(&h->cases[i], &h->judge, &t->addr, target_info(&h->s.targets, t));
		h->results[i] = (struct hold_result){
			.target = t->addr,
			.service = h->cases[i].info.service,
			.port = t->port ? t->port : (uint16_t)h->s.o->port,
			.log = {.rules = &h->judge.rules, .scope = &h->cases[i].scope, .day = h->judge.day},
			.hold_ns = h->s.o->hold_ns,
			.every_ns = h->s.o->hold_every_ns,
		};
	}
	return rc;
}

/* --- the time in between --- */

static void on_event(void *arg, size_t target, const struct hold_event *e)
{
	struct holding *h = arg;

	if (h->rc == 0)
		h->rc = hold_add(&h->results[target].log, e);
	if (h->progress)
		(void)fprintf(stderr, "\r\033[K%.0f of %.0f s", (double)e->at_ns / 1e9,
			(double)h->s.o->hold_ns / 1e9);
}

static int show(struct holding *h)
{
	size_t n = h->s.targets.n;
	int rc = h->rc;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = hold_find(&h->results[i].log, &h->results[i].finding);
	if (rc == 0 && h->s.o->json)
		return hold_json(stdout, h->results, n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i > 0)
			(void)printf("\n");
		rc = hold_text(stdout, &h->results[i], session_colour());
	}
	return rc;
}

static bool was_answered(const struct holding *h)
{
	for (size_t i = 0; i < h->s.targets.n; i++)
		if (h->results[i].log.n_servers)
			return true;
	return false;
}

static int hold(struct holding *h)
{
	const struct options *o = h->s.o;
	struct hold_config c = {
		.targets = &h->s.targets,
		.port = (uint16_t)o->port,
		.hold_ns = o->hold_ns,
		.every_ns = o->hold_every_ns,
		.interface = o->interface,
		.source4 = o->source4,
		.source6 = o->source6,
		.event = on_event,
		.arg = h,
	};
	struct err_msg why = {{0}};
	int64_t ran_ns = 0;
	int signal = 0, rc;

	rc = priv_drop(&why);
	if (rc == 0)
		rc = hold_run(&c, &signal, &ran_ns, &why);
	if (h->progress)
		(void)fputs("\r\033[K", stderr);
	if (rc < 0)
		return command_fail(command_exit_of(rc), &why);
	for (size_t i = 0; i < h->s.targets.n; i++) {
		h->results[i].ran_ns = ran_ns;
		h->results[i].interrupted = signal != 0;
	}
	if (show(h) < 0)
		return EXIT_PARTIAL;
	return signal ? EXIT_SIGNAL + signal : was_answered(h) ? EXIT_DONE : EXIT_SILENT;
}

static int dry_run(const struct holding *h, const struct options *o)
{
	(void)printf("each of %zu targets is asked id.server every %g s for %g s: over one TCP connection, a "
		     "fresh one "
		     "and a fresh UDP flow\nnothing was sent\n",
		h->s.targets.n, (double)o->hold_every_ns / 1e9, (double)o->hold_ns / 1e9);
	return EXIT_DONE;
}

int which_hold(const struct options *o)
{
	struct holding *h = calloc(1, sizeof(*h));
	struct err_msg why = {{0}};
	int code;

	if (!h)
		return EXIT_PARTIAL;
	h->progress = !o->quiet && isatty(STDERR_FILENO);
	if (check(o, &why) < 0)
		code = command_fail(EXIT_USAGE, &why);
	else
		code = session_targets(&h->s, o);
	if (code == 0 && o->dry_run)
		code = dry_run(h, o);
	else if (code == 0)
		code = prepare(h, &why) < 0 ? command_fail(EXIT_USAGE, &why) : hold(h);
	for (size_t i = 0; h->results && h->cases && i < h->s.targets.n; i++) {
		hold_log_free(&h->results[i].log);
		hold_finding_free(&h->results[i].finding);
		judge_case_close(&h->cases[i]);
	}
	free(h->cases);
	free(h->results);
	judge_close(&h->judge);
	session_free(&h->s);
	free(h);
	return code;
}
