#include "cmd/session.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "cmd/command.h"
#include "net/carrier.h"
#include "net/priv.h"

void session_defaults(struct options *o)
{
	o->rate_pps = 100;
	o->flow_base = 33000;
	o->port = 53;
	o->question = QUESTION_ID_SERVER;
	o->stamps = STAMP_KERNEL;
}

/* --- targets --- */

bool session_book_folder(char out[static PATH_MAX])
{
	static const char *const beside[] = {"/../targets", "/../../targets", "/../share/catchmap/targets"};
	char self[PATH_MAX / 2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *set = getenv("CATCHMAP_TARGETS");
	struct stat st;

	if (set) {
		(void)snprintf(out, PATH_MAX, "%s", set);
		return true;
	}
	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		(void)snprintf(out, PATH_MAX, "%s%s", self, beside[i]);
		if (stat(out, &st) == 0 && S_ISDIR(st.st_mode))
			return true;
	}
	(void)snprintf(out, PATH_MAX, "%s/targets", CATCHMAP_DATADIR);
	return stat(out, &st) == 0 && S_ISDIR(st.st_mode);
}

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static bool of_family(const struct target *t, const void *arg)
{
	return t->addr.family == *(const int *)arg;
}

static int read_names(struct session *s, struct err_msg *why)
{
	struct target_list book = {0};
	char folder[PATH_MAX];
	int rc = 0;

	if (session_book_folder(folder))
		rc = target_read_book(&book, folder, why);
	if (rc < 0)
		command_warn(why->text);
	rc = 0;
	for (int i = 0; i < s->o->n_args && rc >= 0; i++)
		rc = target_resolve(&s->targets, &book, s->o->args[i], s->o->family, why);
	target_list_free(&book);
	return rc;
}

static int read_files(struct session *s, struct err_msg *why)
{
	for (size_t i = 0; i < s->o->n_targets; i++) {
		size_t bad = s->targets.bad;
		int rc = target_read(&s->targets, s->o->targets[i], complain, NULL, why);

		if (rc == ERR_PARTIAL && !s->o->strict)
			command_warn(why->text);
		else if (rc < 0)
			return rc;
		if (s->o->strict && s->targets.bad > bad)
			return err_set(why, ERR_PARSE, "%s: %zu bad lines (--strict)", s->o->targets[i],
				s->targets.bad - bad);
	}
	return 0;
}

int session_targets(struct session *s, const struct options *o)
{
	struct err_msg why = {{0}};
	char text[160];

	s->o = o;
	if (o->n_targets == 0 && o->n_args == 0) {
		(void)err_set(&why, ERR_PARSE, "no targets: give names or addresses, or a file with -f");
		return command_fail(EXIT_USAGE, &why);
	}
	if (read_files(s, &why) < 0 || (o->n_args && read_names(s, &why) < 0))
		return command_fail(EXIT_USAGE, &why);
	if (o->family)
		(void)target_keep(&s->targets, of_family, &o->family);
	if (o->blocklist && target_block(&s->targets, o->blocklist, &why) < 0)
		return command_fail(EXIT_USAGE, &why);
	if (s->targets.n == 0) {
		(void)err_set(&why, ERR_PARSE, "no targets are left: %zu on the blocklist, %zu bad lines",
			s->targets.blocked, s->targets.bad);
		return command_fail(EXIT_USAGE, &why);
	}
	if (s->targets.duplicates || s->targets.blocked) {
		(void)snprintf(text, sizeof(text), "%zu duplicate targets dropped, %zu on the blocklist",
			s->targets.duplicates, s->targets.blocked);
		if (!o->quiet)
			(void)fprintf(stderr, "catchmap: %s\n", text);
	}
	return 0;
}

/* --- by which sockets --- */

void session_note(const struct session *s, char out[static SESSION_NOTE_MAX])
{
	out[0] = '\0';
	if (s->plain)
		(void)snprintf(out, SESSION_NOTE_MAX,
			"by ordinary sockets, kernel time stamps: what this machine's firewall drops is not "
			"seen, tcp waits 0.95 s at most%s",
			s->no_ping ? "; no icmp: net.ipv4.ping_group_range leaves this user out" : "");
}

void session_sockets(struct session *s)
{
	char note[SESSION_NOTE_MAX];
	struct err_msg why = {{0}};

	s->plain = s->o->sockets == SOCKETS_PLAIN || (s->o->sockets == SOCKETS_AUTO && priv_check(&why) < 0);
	s->no_ping = s->plain && !carrier_may_ping();
	session_note(s, note);
	if (s->plain && !s->o->quiet)
		(void)fprintf(stderr, "catchmap: %s\n", note);
}

/* --- the loop --- */

void session_slots(struct session *s, enum probe_kind kind, unsigned flows, enum question question)
{
	if (kind == PROBE_ICMP && s->no_ping)
		return;
	for (unsigned flow = 0; flow < flows && s->n_slots < SESSION_SLOTS_MAX; flow++)
		s->slots[s->n_slots++] = (struct schedule_slot){
			.kind = kind,
			.flow = (uint8_t)flow,
			.question = kind == PROBE_DNS ? question : QUESTION_NONE,
		};
}

void session_config(struct session *s, const char *vp)
{
	const struct options *o = s->o;

	s->loop = (struct loop_config){
		.engine =
			{
				.targets = &s->targets,
				.slots = s->slots,
				.n_slots = s->n_slots,
				.rounds = (uint32_t)o->count,
				.seed = o->has_seed ? o->seed : hash_random_u64(),
				.rate_pps = o->rate_pps,
				.timeout_ns = o->timeout_ns,
				.linger_ns = o->linger_ns < 0 ? o->timeout_ns : o->linger_ns,
				.gap_ns = o->gap_ns,
				.flows = {(uint16_t)o->flow_base, (uint16_t)o->flows},
				.tcp_port = (uint16_t)o->port,
				.all_kinds = o->kinds != 0,
				.no_retry = o->no_retry,
				.kernel_stamps = o->stamps == STAMP_KERNEL,
				.contact = o->contact ? o->contact : "",
				.vp = vp,
			},
		.interface = o->interface,
		.source4 = o->source4,
		.source6 = o->source6,
		.dscp = (uint8_t)o->dscp,
		.xdp = o->xdp,
		.plain = s->plain,
	};
}

int session_open(struct session *s, struct loop **loop)
{
	struct err_msg why = {{0}};
	int rc = s->plain ? 0 : priv_check(&why);

	if (rc < 0)
		return command_fail(EXIT_PRIVILEGE, &why);
	if (s->o->xdp && (s->plain || s->o->stamps != STAMP_HYBRID)) {
		(void)err_set(&why, ERR_RANGE,
			"--send xdp needs raw sockets and --stamps hybrid: no capture sees what it sends");
		return command_fail(EXIT_USAGE, &why);
	}
	if (s->n_slots == 0) {
		(void)err_set(&why, ERR_PERM,
			"this user may not send ICMP: run once  sudo sysctl "
			"net.ipv4.ping_group_range='0 2147483647'  or ask by other --probes");
		return command_fail(EXIT_PRIVILEGE, &why);
	}
	*loop = loop_open(&s->loop, &rc, &why);
	if (!*loop)
		return command_fail(command_exit_of(rc), &why);
	rc = priv_drop(&why);
	if (rc < 0) {
		loop_close(*loop);
		return command_fail(EXIT_PRIVILEGE, &why);
	}
	return 0;
}

bool session_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

uint64_t session_answered(const struct run_counts *n)
{
	return n->outcome[OUTCOME_REPLY] + n->outcome[OUTCOME_RST] + n->outcome[OUTCOME_LATE];
}

void session_free(struct session *s)
{
	target_list_free(&s->targets);
}

/* --- dry run --- */

struct plan {
	uint64_t probes, passes;
	double seconds;
};

static struct plan make_plan(const struct session *s)
{
	const struct engine_config *c = &s->loop.engine;
	struct plan p = {.passes = (uint64_t)s->n_slots * c->rounds};
	double by_rate, by_gap;

	for (size_t i = 0; i < s->targets.n; i++)
		for (uint32_t k = 0; k < s->n_slots; k++)
			if ((c->all_kinds || !s->targets.v[i].probes ||
				    s->targets.v[i].probes & 1U << s->slots[k].kind) &&
				(!c->wants || c->wants(c->wants_arg, (uint32_t)i, &s->slots[k])))
				p.probes += c->rounds;
	by_rate = (double)p.probes / c->rate_pps;
	by_gap = (double)(p.passes - 1) * (double)c->gap_ns / 1e9;
	p.seconds = by_rate > by_gap ? by_rate : by_gap;
	return p;
}

int session_dry_run(const struct session *s)
{
	const struct engine_config *c = &s->loop.engine;
	struct plan p = make_plan(s);
	size_t shown = s->o->verbose ? s->targets.n : s->targets.n < 10 ? s->targets.n : 10;
	char text[ADDR_TEXT_LEN];

	(void)printf("%llu probes to %zu targets, %u rounds, at %g packets/s: about %.1f s to send, at most "
		     "%.1f s more for "
		     "replies\n",
		(unsigned long long)p.probes, s->targets.n, c->rounds, c->rate_pps, p.seconds,
		(double)(c->timeout_ns + c->linger_ns) / 1e9);
	for (uint32_t i = 0; i < s->n_slots; i++)
		(void)printf("  %-4s flow %u  %s %u%s%s\n", probe_kind_name(s->slots[i].kind),
			s->slots[i].flow, s->slots[i].kind == PROBE_ICMP ? "id" : "source port",
			c->flows.base + s->slots[i].flow, s->slots[i].question ? "  question " : "",
			question_name(s->slots[i].question));
	for (size_t i = 0; i < shown; i++) {
		const struct target_info *info = target_info(&s->targets, &s->targets.v[i]);

		(void)printf(
			"  %-39s %s\n", addr_text(&s->targets.v[i].addr, text), info ? info->service : "");
	}
	if (shown < s->targets.n)
		(void)printf("  ... and %zu more (-v lists all)\n", s->targets.n - shown);
	(void)printf("nothing was sent\n");
	return EXIT_DONE;
}

void session_host_name(char out[static 64])
{
	struct err_msg why;

	if (gethostname(out, 63) < 0)
		out[0] = '\0';
	out[63] = '\0';
	for (char *p = out; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			*p = '-';
	if (vantage_name_check(out, &why) < 0)
		(void)snprintf(out, 64, "vp");
}
