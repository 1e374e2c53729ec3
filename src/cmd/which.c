#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/judge.h"
#include "cmd/session.h"
#include "cmd/which.h"
#include "net/route.h"

enum {
	OTHER_FLOWS = 1, /* one flow suffices where no server names itself, and for what is asked besides */
	CONTROLS_WANTED = 2 /* when --location is to be checked */
};

/* The targets of the session are those asked for, then the controls, then the first hop. */
struct asking {
	struct session s;
	struct judge judge;
	struct judge_case *cases; /* of all of them */
	struct verdict_subject *subjects;
	size_t n, n_controls;
	bool first_hop;                 /* the last one */
	bool no_dns[OPTIONS_LISTS_MAX]; /* by control */
	char note[SESSION_NOTE_MAX];    /* on the sockets */
	struct err_msg why;
	int rc;
};

static void take_row(void *arg, const struct record *r)
{
	struct asking *q = arg;
	const struct target *t = target_find(&q->s.targets, &r->target);

	if (t && q->rc == 0)
		q->rc = observe_add(&q->cases[t - q->s.targets.v].seen, r);
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

/* --- what is asked besides the targets --- */

/* Adds a control unless it is there already. ERR_PARSE, ERR_NOMEM. */
static int add_control(
	struct asking *q, const struct target *known, const struct target_info *info, bool no_dns)
{
	struct target t = *known;
	int rc;

	t.probes = 1U << PROBE_DNS;
	rc = target_add(&q->s.targets, &t, info);
	if (rc == 0) {
		char text[ADDR_TEXT_LEN];

		return err_set(&q->why, ERR_PARSE, "--control: %s is asked anyway", addr_text(&t.addr, text));
	}
	if (rc > 0)
		q->no_dns[q->n_controls++] = no_dns;
	return rc < 0 ? rc : 0;
}

static int add_named(struct asking *q, const char *name)
{
	static const char mark[] = "no-dns:";
	bool no_dns = strncmp(name, mark, sizeof(mark) - 1) == 0;
	struct target_list found = {0};
	struct addr a;
	int family = addr_parse(name, &a) == 0 || no_dns ? q->s.o->family : q->s.targets.v[0].addr.family;
	int rc = target_resolve(
		&found, &q->judge.book, no_dns ? name + sizeof(mark) - 1 : name, family, &q->why);

	/* What a table of targets says to be without DNS is believed too. */
	if (rc >= 0)
		rc = add_control(q, &found.v[0], target_info(&found, &found.v[0]),
			no_dns || (found.v[0].probes && !(found.v[0].probes & 1U << PROBE_DNS)));
	target_list_free(&found);
	return rc;
}

static int add_picked(struct asking *q)
{
	struct target picked[CONTROLS_WANTED];
	size_t n = judge_pick_controls(&q->judge, &q->s.targets, picked, CONTROLS_WANTED);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_control(q, &picked[i], target_info(&q->judge.book, &picked[i]), false);
	return rc;
}

static int add_controls(struct asking *q)
{
	const struct options *o = q->s.o;
	bool none = o->n_controls == 1 && strcmp(o->controls[0], "none") == 0;
	size_t before;
	int rc = 0;

	q->n = q->s.targets.n;
	if (o->n_controls == 0 && q->judge.here.known)
		rc = add_picked(q);
	for (size_t i = 0; rc == 0 && !none && i < o->n_controls; i++)
		rc = add_named(q, o->controls[i]);
	before = q->s.targets.n;
	if (rc == 0 && o->blocklist)
		rc = target_block(&q->s.targets, o->blocklist, &q->why);
	if (rc == 0 && q->s.targets.n != before)
		return err_set(&q->why, ERR_PARSE,
			"a control is on the blocklist: name others with --control, or none");
	return rc;
}

static bool is_link_local(const struct addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* The gateway of the way to the first target is pinged along, once a round: never more than once a second. */
static int add_first_hop(struct asking *q)
{
	const struct options *o = q->s.o;
	struct target hop = {.probes = 1U << PROBE_ICMP};
	size_t before = q->s.targets.n;
	struct route *r;
	int egress;

	if (o->dry_run || (o->kinds && !(o->kinds & 1U << PROBE_ICMP)) ||
		(int64_t)(o->flows + 1 + OTHER_FLOWS) * o->gap_ns < NS_PER_S)
		return 0;
	r = route_open(o->interface, &o->source4, &o->source6, NULL);
	egress = r ? route_lookup(r, &q->s.targets.v[0].addr, NULL) : -1;
	if (egress >= 0)
		hop.addr = route_egress(r, egress)->gateway;
	route_close(r);
	if (hop.addr.family == 0 || is_link_local(&hop.addr))
		return 0;
	if (target_add(&q->s.targets, &hop, NULL) < 0)
		return ERR_NOMEM;
	if (o->blocklist && target_block(&q->s.targets, o->blocklist, &q->why) < 0)
		return ERR_PARSE;
	q->first_hop = q->s.targets.n > before;
	return 0;
}

static bool asks_besides(const struct baseline *b, enum question question)
{
	enum question other;

	for (unsigned i = 0; (other = baseline_question(b, i)) != QUESTION_NONE; i++)
		if (other == question)
			return true;
	return false;
}

/* Targets get all, and their operators' own questions; controls the first flow of DNS; the first hop is pinged. */
static bool wants(const void *arg, uint32_t target, const struct schedule_slot *slot)
{
	const struct asking *q = arg;
	bool own = slot->kind == PROBE_DNS && slot->question != q->s.o->question;

	if (target < q->n)
		return !own || asks_besides(&q->cases[target].baseline, slot->question);
	if (target < q->n + q->n_controls)
		return slot->kind == PROBE_DNS && slot->flow == 0 && !own;
	return slot->kind == PROBE_ICMP && slot->flow == 0;
}

static void make_slots(struct asking *q)
{
	const struct options *o = q->s.o;
	uint8_t want = o->kinds ? o->kinds : 0xff;

	if (want & 1U << PROBE_DNS)
		session_slots(&q->s, PROBE_DNS, (unsigned)o->flows, o->question);
	for (int own = QUESTION_NONE + 1; want & 1U << PROBE_DNS && own < QUESTIONS; own++)
		for (size_t i = 0; i < q->n; i++)
			if ((enum question)own != o->question &&
				asks_besides(&q->cases[i].baseline, (enum question)own)) {
				session_slots(&q->s, PROBE_DNS, OTHER_FLOWS, (enum question)own);
				break;
			}
	if (want & 1U << PROBE_ICMP)
		session_slots(&q->s, PROBE_ICMP, OTHER_FLOWS, QUESTION_NONE);
	if (want & 1U << PROBE_TCP)
		session_slots(&q->s, PROBE_TCP, OTHER_FLOWS, QUESTION_NONE);
}

/* --- asking and judging --- */

static int print_all(struct asking *q, const struct loop *l)
{
	struct judge_beside beside = {q->cases + q->n, q->subjects, q->n_controls, -1};
	struct run_egress egress = {.interface = ""};
	int rc;

	if (q->first_hop) {
		struct observation *hop = &q->cases[q->s.targets.n - 1].seen;

		observe_finish(hop);
		beside.first_hop_ns = observe_kind_min_ns(hop, PROBE_ICMP);
	}
	rc = judge_all(&q->judge, q->cases, q->n, &beside);
	if (loop_egresses(l, &egress, 1) > 0)
		for (size_t i = 0; i < q->n; i++)
			q->cases[i].view.interface = egress.interface;
	return rc == 0 ? judge_print(&q->judge, q->cases, q->n) : rc;
}

static int ask(struct asking *q)
{
	struct loop_result r = {0};
	struct err_msg why = {{0}};
	struct loop *l = NULL;
	int code = session_open(&q->s, &l), rc;

	if (code)
		return code;
	code = loop_run(l, &r, &why);
	if (code < 0)
		(void)command_fail(EXIT_PARTIAL, &why);
	rc = q->rc < 0 ? q->rc : print_all(q, l);
	loop_close(l);
	if (rc < 0)
		return EXIT_PARTIAL;
	if (r.end == LOOP_SIGNAL)
		return EXIT_SIGNAL + r.signal;
	if (code < 0 || r.counts.dropped)
		return EXIT_PARTIAL;
	return judge_found(&q->judge, q->cases, q->n) ? EXIT_FOUND
	       : judge_answered(q->cases, q->n)       ? EXIT_DONE
						      : EXIT_SILENT;
}

static int open_cases(struct asking *q)
{
	int rc = 0;

	q->cases = calloc(q->s.targets.n, sizeof(*q->cases));
	q->subjects = calloc(q->n_controls + 1, sizeof(*q->subjects));
	if (!q->cases || !q->subjects)
		return ERR_NOMEM;
	for (size_t i = 0; rc == 0 && i < q->s.targets.n; i++) {
		const struct target *t = &q->s.targets.v[i];

		rc = judge_case_open(&q->cases[i], &q->judge, &t->addr, target_info(&q->s.targets, t));
	}
	for (size_t i = 0; rc == 0 && i < q->n_controls; i++)
		q->cases[q->n + i].no_dns = q->no_dns[i];
	return rc;
}

static int prepare(struct asking *q, const struct options *o)
{
	struct vantage v = o->vantage;
	int rc;

	if (v.has_place)
		(void)snprintf(v.location_source, sizeof(v.location_source), "--location");
	if (o->fail_on >= 0)
		return err_set(&q->why, ERR_PARSE,
			"--fail-on: verdicts or flags are expected, such as intercepted,far");
	rc = judge_open(&q->judge, o, &v, &q->why);
	if (rc == 0)
		rc = add_controls(q);
	if (rc == 0)
		rc = add_first_hop(q);
	return rc == 0 ? open_cases(q) : rc;
}

static int ask_now(const struct options *o)
{
	struct asking *q = calloc(1, sizeof(*q));
	int code;

	if (!q)
		return EXIT_PARTIAL;
	code = session_targets(&q->s, o);
	if (code)
		goto out;
	if (prepare(q, o) < 0) {
		code = command_fail(EXIT_USAGE, &q->why);
		goto out;
	}
	session_sockets(&q->s);
	make_slots(q);
	session_config(&q->s, "me");
	session_note(&q->s, q->note);
	q->judge.sockets = q->note;
	q->s.loop.engine.row = take_row;
	q->s.loop.engine.row_arg = q;
	q->s.loop.engine.wants = wants;
	q->s.loop.engine.wants_arg = q;
	q->s.loop.warn = warn;
	q->s.loop.settle_ns = NS_PER_S / 5;
	code = o->dry_run ? session_dry_run(&q->s) : ask(q);
out:
	for (size_t i = 0; q->cases && i < q->s.targets.n; i++)
		judge_case_close(&q->cases[i]);
	free(q->cases);
	free(q->subjects);
	judge_close(&q->judge);
	session_free(&q->s);
	free(q);
	return code;
}

static int run(const struct options *o)
{
	struct err_msg why;

	if (!o->run && (o->asn || o->country || o->vp)) {
		(void)err_set(
			&why, ERR_PARSE, "--vp, --as and --country choose from a run: --run RUN is missing");
		return command_fail(EXIT_USAGE, &why);
	}
	return o->run ? which_run(o) : o->hold_ns ? which_hold(o) : ask_now(o);
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
	o->fail_on = -1;
}

static const char *const takes[] = {"targets", "rate", "count", "gap", "timeout", "probes", "question",
	"no-retry", "flows", "flow-base", "port", "interface", "source", "ipv4", "ipv6", "stamps", "sockets",
	"blocklist", "contact", "dscp", "seed", "strict", "dry-run", "json", "quiet", "config", "hold",
	"hold-every", "run", "vp", "as", "country", "location", "control", "fail-on", "explain", "verbose",
	NULL};

const struct command command_which = {
	.name = "which",
	.synopsis = "[options] TARGET...",
	.summary = "which site answers this machine?",
	.about = "Asks each target who it is (DNS id.server and NSID, over several flows; what its operator "
		 "answers "
		 "besides, such as\n"
		 "debug.opendns.com), pings it and opens a TCP handshake. Says which site answers, how fast, "
		 "and whether "
		 "that is plausible:\n"
		 "a verdict, what it rests on, the next step. A TARGET is an address, a service name of "
		 "targets/ "
		 "(k.root-servers.net) or a\n"
		 "kind (roots). With --location it also says how far the site is, whether a nearer one is "
		 "listed, and where "
		 "the time goes.\n"
		 "\n"
		 "Verdicts, the first that applies: no-reply, intercepted (two kinds of evidence), "
		 "suspicious (one), "
		 "location-suspect,\n"
		 "rtt-impossible, foreign-operator, split, consistent, unknown. Flags: far, too-fast, "
		 "unusual-answer, "
		 "unstable.\n"
		 "catchmap fields lists the keys of --json.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
