#include "cmd/judge.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/session.h"
#include "infer/geo.h"

/* Up to so many targets are shown in full. */
enum { IN_FULL = 4 };
/* How far a person is trusted to be from where they say, when they do not say how sure they are. */
#define ACCURACY_KM 25
#define TOWN_KM 25

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static uint32_t day_of(struct wall at)
{
	time_t then = (time_t)(at.ns / NS_PER_S);
	struct tm t;

	(void)gmtime_r(&then, &t);
	return (uint32_t)((t.tm_year + 1900) * 10000 + (t.tm_mon + 1) * 100 + t.tm_mday);
}

/* The largest town close by. */
static void name_town(struct judge *j)
{
	const struct place *best = NULL;

	for (size_t i = j->rules.places.first_city; i < j->rules.places.n; i++) {
		const struct place *p = &j->rules.places.v[i];

		if ((!best || p->population > best->population) &&
			fabs((double)p->lat - j->here.lat_deg) < 1 &&
			geo_km(j->here.lat_deg, j->here.lon_deg, (double)p->lat, (double)p->lon) <= TOWN_KM)
			best = p;
	}
	(void)snprintf(j->town, sizeof(j->town), "%s", best ? best->name : "");
}

void judge_stand(struct judge *j, const struct vantage *v)
{
	(void)snprintf(j->from, sizeof(j->from), "%s", v->location_source);
	j->asn = v->asn;
	j->here = (struct verdict_place){.known = false};
	j->town[0] = '\0';
	if (!v->has_place)
		return;
	j->here = (struct verdict_place){
		.known = true,
		.said = *v->location_source && !strcasestr(v->location_source, "geoip"),
		.sure = v->accuracy_km > 0,
		.lat_deg = v->lat_deg,
		.lon_deg = v->lon_deg,
		.accuracy_km = v->accuracy_km > 0 ? v->accuracy_km : ACCURACY_KM,
	};
	name_town(j);
}

/* Without lists there is no nearest site; all else stands. */
static int read_lists(struct judge *j, const char *folder, struct err_msg *why)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/sites.csv", folder) >= (int)sizeof(path))
		return ERR_RANGE;
	return access(path, R_OK) == 0 ? sites_read(&j->sites, path, why) : 0;
}

int judge_open(struct judge *j, const struct options *o, const struct vantage *v, struct err_msg *why)
{
	char folder[PATH_MAX];
	int rc;

	*j = (struct judge){.o = o,
		.day = day_of(clock_wall()),
		.who = "you",
		.stamps = stamp_name(o->stamps),
		.sockets = ""};
	if (!session_book_folder(folder))
		return err_set(why, ERR_IO, "no naming rules: neither beside the program nor in %s",
			CATCHMAP_DATADIR);
	rc = rules_read(&j->rules, folder, complain, NULL, why);
	if (rc == 0 && target_read_book(&j->book, folder, why) == ERR_NOMEM)
		rc = ERR_NOMEM;
	if (rc == 0)
		judge_stand(j, v);
	return rc == 0 && (v->has_place || o->run) ? read_lists(j, folder, why) : rc;
}

void judge_close(struct judge *j)
{
	rules_free(&j->rules);
	target_list_free(&j->book);
	sites_free(&j->sites);
}

static const struct target_info *book_info(const struct judge *j, const struct addr *a)
{
	const struct target *t = target_find(&j->book, a);

	return t ? target_info(&j->book, t) : NULL;
}

int judge_case_open(
	struct judge_case *c, const struct judge *j, const struct addr *a, const struct target_info *info)
{
	struct ident_target about;

	if (!info || !*info->operators)
		info = book_info(j, a) ? book_info(j, a) : info;
	*c = (struct judge_case){.seen.target = *a};
	c->info = info ? *info : (struct target_info){"", "", "", "", ""};
	/* What was read from a file has been checked there. */
	(void)baseline_parse(&c->baseline, c->info.baseline, NULL);
	about = (struct ident_target){*a, c->info.service, c->info.operators};
	return ident_scope_of(&c->scope, &j->rules, &about, 1);
}

void judge_case_close(struct judge_case *c)
{
	verdict_free(&c->verdict);
	ident_scope_free(&c->scope);
	observe_free(&c->seen);
}

static struct verdict_subject subject_of(const struct judge_case *c)
{
	return (struct verdict_subject){
		.seen = &c->seen,
		.service = c->info.service,
		.operators = c->info.operators,
		.scope = &c->scope,
		.baseline = c->baseline,
		.no_dns = c->no_dns,
	};
}

static struct wall first_time(const struct observation *o)
{
	struct wall first = {0};

	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].n_samples && (first.ns == 0 || o->line[i].samples[0].sent_at.ns < first.ns))
			first = o->line[i].samples[0].sent_at;
	return first.ns ? first : clock_wall();
}

static int reach(const struct judge *j, struct judge_case *c, const struct judge_beside *beside)
{
	size_t listed = 0;
	const struct sites_row *list = sites_of(&j->sites, c->info.service, c->info.operators, &listed);

	c->input = (struct verdict_input){
		.rules = &j->rules,
		.day = day_of(first_time(&c->seen)), /* the rules that held then */
		.target = subject_of(c),
		.controls = beside->subjects,
		.n_controls = beside->n,
		.here = j->here,
		.listed = list,
		.n_listed = listed,
		.first_hop_ns = beside->first_hop_ns,
	};
	c->view = (struct which_view){
		.verdict = &c->verdict,
		.in = &c->input,
		.here = j->town,
		.here_from = j->from,
		.interface = "",
		.stamps = j->stamps,
		.sockets = j->sockets,
		.who = j->who,
		.place = "",
		.asn = j->asn,
		.at = first_time(&c->seen),
	};
	return verdict_reach(&c->verdict, &c->input);
}

int judge_all(const struct judge *j, struct judge_case *cases, size_t n, const struct judge_beside *beside)
{
	int rc = 0;

	for (size_t i = 0; i < beside->n; i++) {
		observe_finish(&beside->controls[i].seen);
		beside->subjects[i] = subject_of(&beside->controls[i]);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		observe_finish(&cases[i].seen);
		rc = reach(j, &cases[i], beside);
	}
	return rc;
}

/* --- printing --- */

static int print_json(const struct judge_case *cases, size_t n)
{
	struct which_view *views = calloc(n + 1, sizeof(*views));
	int rc = views ? 0 : ERR_NOMEM;

	for (size_t i = 0; views && i < n; i++)
		views[i] = cases[i].view;
	if (rc == 0)
		rc = which_json(stdout, views, n);
	free(views);
	return rc;
}

static int print_summary(const struct judge_case *cases, size_t n)
{
	struct which_view *views = calloc(n + 1, sizeof(*views));
	int rc = views ? 0 : ERR_NOMEM;

	for (size_t i = 0; views && i < n; i++)
		views[i] = cases[i].view;
	if (rc == 0)
		rc = which_summary(stdout, views, n, session_colour());
	free(views);
	return rc;
}

int judge_print(const struct judge *j, const struct judge_case *cases, size_t n)
{
	bool full = n <= IN_FULL || j->o->verbose || j->o->explain;
	int rc = 0;

	if (j->o->json)
		return print_json(cases, n);
	if (n > IN_FULL)
		rc = print_summary(cases, n);
	if (!full)
		(void)printf("\n -v shows each in full, with what its verdict rests on\n");
	for (size_t i = 0; rc == 0 && full && i < n; i++) {
		if (i > 0 || n > IN_FULL)
			(void)printf("\n");
		rc = which_text(stdout, &cases[i].view, session_colour());
		if (rc == 0 && j->o->explain)
			rc = which_explain(stdout, &cases[i].view);
	}
	return rc;
}

bool judge_found(const struct judge *j, const struct judge_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (j->o->fail_verdicts >> cases[i].verdict.kind & 1 ||
			j->o->fail_flags & cases[i].verdict.flags)
			return true;
	return false;
}

bool judge_answered(const struct judge_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < cases[i].seen.n; k++)
			if (cases[i].seen.line[k].received)
				return true;
	return false;
}

/* --- controls --- */

/* Of another operator than these, asked in their family, and able to say where it answers from. */
static bool is_fit(const struct judge *j, const struct target *t, const struct target *others, size_t n,
	const struct target_list *of)
{
	const struct target_info *info = target_info(&j->book, t);

	if (!*info->operators || !(t->probes & 1U << PROBE_DNS))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct target_info *other = book_info(j, &others[i].addr);

		if (!other && of)
			other = target_info(of, &others[i]);
		if (other && rules_lists_meet(info->operators, other->operators))
			return false;
	}
	return true;
}

size_t judge_pick_controls(
	const struct judge *j, const struct target_list *targets, struct target *out, size_t want)
{
	size_t n = 0;

	for (; n < want; n++) {
		const struct target *best = NULL;
		size_t most = 0;

		for (size_t i = 0; i < j->book.n; i++) {
			const struct target *t = &j->book.v[i];
			const struct target_info *info = target_info(&j->book, t);
			size_t listed = 0;

			if (t->addr.family != targets->v[0].addr.family ||
				!is_fit(j, t, targets->v, targets->n, targets) || !is_fit(j, t, out, n, NULL))
				continue;
			(void)sites_of(&j->sites, info->service, info->operators, &listed);
			if (listed > most) {
				most = listed;
				best = t;
			}
		}
		if (!best)
			break;
		out[n] = *best;
	}
	return n;
}
