#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/session.h"
#include "cmd/which.h"
#include "report/which.h"

/* One flow suffices where no server names itself. */
enum { WHICH_OTHER_FLOWS = 1 };

struct question_asked {
	struct session s;
	struct observation *seen; /* by target */
	int rc;
};

static void take_row(void *arg, const struct record *r)
{
	struct question_asked *q = arg;
	const struct target *t = target_find(&q->s.targets, &r->target);

	if (t && q->rc == 0)
		q->rc = observe_add(&q->seen[t - q->s.targets.v], r);
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static const char *service_of(const struct question_asked *q, size_t i)
{
	const struct target_info *info = target_info(&q->s.targets, &q->s.targets.v[i]);

	return info && info->service ? info->service : "";
}

static int print_json(const struct question_asked *q)
{
	size_t n = q->s.targets.n;
	const char **services = calloc(n + 1, sizeof(*services));
	int rc;

	if (!services)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		services[i] = service_of(q, i);
	rc = which_json(stdout, q->seen, services, n, stamp_name(q->s.o->stamps));
	free(services);
	return rc;
}

static int print_all(struct question_asked *q)
{
	int rc = 0;

	for (size_t i = 0; i < q->s.targets.n; i++) {
		q->seen[i].target = q->s.targets.v[i].addr;
		observe_finish(&q->seen[i]);
	}
	if (q->s.o->json)
		return print_json(q);
	for (size_t i = 0; i < q->s.targets.n && rc == 0; i++) {
		if (i > 0)
			(void)printf("\n");
		rc = which_text(stdout, &q->seen[i], service_of(q, i), session_colour());
	}
	return rc;
}

static int ask(struct question_asked *q)
{
	struct loop_result r = {0};
	struct err_msg why = {{0}};
	struct loop *l = NULL;
	int code = session_open(&q->s, &l);

	if (code)
		return code;
	code = loop_run(l, &r, &why);
	loop_close(l);
	if (code < 0)
		(void)command_fail(EXIT_PARTIAL, &why);
	if (q->rc < 0 || print_all(q) < 0)
		return EXIT_PARTIAL;
	if (r.end == LOOP_SIGNAL)
		return EXIT_SIGNAL + r.signal;
	return code < 0 || r.counts.dropped  ? EXIT_PARTIAL
	       : session_answered(&r.counts) ? EXIT_DONE
					     : EXIT_SILENT;
}

static void make_slots(struct question_asked *q)
{
	const struct options *o = q->s.o;
	uint8_t want = o->kinds ? o->kinds : 0xff;

	if (want & 1U << PROBE_DNS)
		session_slots(&q->s, PROBE_DNS, (unsigned)o->flows, o->question);
	if (want & 1U << PROBE_ICMP)
		session_slots(&q->s, PROBE_ICMP, WHICH_OTHER_FLOWS, QUESTION_NONE);
	if (want & 1U << PROBE_TCP)
		session_slots(&q->s, PROBE_TCP, WHICH_OTHER_FLOWS, QUESTION_NONE);
}

static int ask_now(const struct options *o)
{
	struct question_asked *q = calloc(1, sizeof(*q));
	int code;

	if (!q)
		return EXIT_PARTIAL;
	code = session_targets(&q->s, o);
	if (code)
		goto out;
	session_sockets(&q->s);
	make_slots(q);
	session_config(&q->s, "me");
	q->s.loop.engine.row = take_row;
	q->s.loop.engine.row_arg = q;
	q->s.loop.warn = warn;
	q->s.loop.settle_ns = NS_PER_S / 5;
	q->seen = calloc(q->s.targets.n, sizeof(*q->seen));
	if (!q->seen)
		code = EXIT_PARTIAL;
	else
		code = o->dry_run ? session_dry_run(&q->s) : ask(q);
	for (size_t i = 0; q->seen && i < q->s.targets.n; i++)
		observe_free(&q->seen[i]);
out:
	free(q->seen);
	session_free(&q->s);
	free(q);
	return code;
}

static int run(const struct options *o)
{
	return o->hold_ns ? which_hold(o) : ask_now(o);
}

static void defaults(struct options *o)
{
	session_defaults(o);
	o->count = 3;
	o->gap_ns = NS_PER_S / 5;
	o->timeout_ns = 2 * NS_PER_S;
	o->linger_ns = NS_PER_S / 10; /* for replies in time that are read a little later */
	o->flows = 4;
	o->sockets = SOCKETS_AUTO;
	o->hold_every_ns = 2 * NS_PER_S;
}

static const char *const takes[] = {"targets", "rate", "count", "gap", "timeout", "probes", "question",
	"no-retry", "flows", "flow-base", "port", "interface", "source", "ipv4", "ipv6", "stamps", "sockets",
	"blocklist", "contact", "dscp", "seed", "strict", "dry-run", "json", "quiet", "config", "hold",
	"hold-every", NULL};

const struct command command_which = {
	.name = "which",
	.synopsis = "[options] TARGET...",
	.summary = "which site answers this machine?",
	.about = "Asks each target who it is (DNS id.server and NSID, over several flows), pings it and "
		 "opens a TCP handshake,\n"
		 "and shows who answered, how fast, and what disagrees.\n"
		 "A TARGET is an address, a service name of targets/ (k.root-servers.net) or a kind (roots).",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
