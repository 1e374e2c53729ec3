#include <math.h>
#include <string.h>

#include "data/icmp_text.h"
#include "infer/geo.h"
#include "report/which_parts.h"

/* "from Vienna, AT (vie)", "as "ns7"", or nothing: as much as is proven, and possible. */
static void add_speaker(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;
	struct bytes label = which_label(h);
	char site[2 * WHICH_CELL_MAX], name[WHICH_CELL_MAX];

	if (which_is_proven(v, v->verdict->site))
		which_add(w, " from %s", which_site(&v->verdict->site->id, site));
	else if (label.n)
		which_add(w, " as \"%s\"", which_name(label, name));
}

static void add_time(struct which_words *w, const struct which_view *v)
{
	char ms[WHICH_CELL_MAX];
	double min = which_min_ms(v->verdict);

	if (!isnan(min))
		which_add(w, " in %s", which_ms(min, ms));
}

/* Where no rule proves a place: what the run's sites.csv has, or why there is none. */
static void add_place(struct which_words *w, const struct which_view *v, const char *none)
{
	if (*v->place)
		which_add(w, "; %ssites.csv has it in %s", w->brief ? "" : "this run's ", v->place);
	else
		which_add(w, "; %s", none);
}

static void add_bound(struct which_words *w, const struct which_view *v)
{
	char km[WHICH_CELL_MAX];

	if (v->verdict->bound_km < GEO_FARTHEST_KM && !w->brief)
		which_add(w, " (within %s km of %s)", which_km(ceil(v->verdict->bound_km / 10) * 10, km),
			v->who);
}

static void add_answers(struct which_words *w, const struct which_view *v)
{
	which_add(w, " answers %s", v->who);
	add_speaker(w, v);
	add_time(w, v);
}

static void say_consistent(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	char km[WHICH_CELL_MAX];

	add_answers(w, v);
	if (!d->nearest || isnan(d->physics.km))
		which_add(w, ".");
	else if (d->flags & VERDICT_FAR)
		which_add(w, ", though %s is %s km nearer: a far route.", d->nearest->city,
			which_km(d->physics.km - d->nearest_km, km));
	else if (which_is_at_nearest(d))
		which_add(w, "; no nearer site is known.");
	else
		which_add(w, "; %s, %s is listed nearer.", d->nearest->city, d->nearest->country);
}

static void say_intercepted(struct which_words *w, const struct which_view *v)
{
	const struct signs *s = &v->verdict->signs;
	struct bytes label = which_label(&v->verdict->voices);
	char name[WHICH_CELL_MAX], ms[WHICH_CELL_MAX];

	which_add(w, " does not answer %s DNS: ", strcmp(v->who, "you") == 0 ? "your" : "this");
	if (label.n)
		which_add(w, "\"%s\"", which_name(label, name));
	else
		which_add(w, "something");
	if (s->dns_ns >= 0)
		which_add(w, ", %s away,", which_ms((double)s->dns_ns / 1e6, ms));
	which_add(w, " answers in its place");
	if (s->icmp_ns >= 0)
		which_add(w, " (ping: %s)", which_ms((double)s->icmp_ns / 1e6, ms));
	which_add(w, ".");
}

/* What of a sign belongs on the first line. */
static const char *const doubts[SIGNS] = {
	[SIGN_C1] = "its name has the form of another operator",
	[SIGN_C2] = "its operator is not known to use such names",
	[SIGN_C3] = "leaves out the name that its servers always give",
	[SIGN_C4] = "in an unusual way",
	[SIGN_T1] = "ping takes much longer: something nearer may answer DNS",
	[SIGN_P1] = "over fewer hops than ping: something nearer may answer DNS",
	[SIGN_B1] = "one question brings two different answers",
	[SIGN_B2] = "so does an address that runs no DNS",
};

static void say_suspicious(struct which_words *w, const struct which_view *v)
{
	int best = -1;

	/* The strong ones first. */
	for (int i = 0; i < SIGNS; i++)
		if (i != SIGN_C4 && v->verdict->signs.count[i].holds &&
			(best < 0 || (sign_types[i].strong && !sign_types[best].strong)))
			best = i;
	add_answers(w, v);
	which_add(w, ", but %s.", best < 0 ? "not as its servers do" : doubts[best]);
}

static void say_location_suspect(struct which_words *w, const struct which_view *v)
{
	const struct ident *there = v->verdict->elsewhere;
	const struct voice_site *odd = v->verdict->odd;
	char here[WHICH_CELL_MAX], site[2 * WHICH_CELL_MAX], ms[WHICH_CELL_MAX];

	if (odd && there == &odd->id) {
		which_add(w, " answers %s from %s in %s: %s %s not in %s, as %s says.", v->who,
			which_site(there, site), which_ms((double)odd->min_ns / 1e6, ms), v->who,
			strcmp(v->who, "you") == 0 ? "are" : "is", which_here(v, here), v->here_from);
		return;
	}
	add_answers(w, v);
	which_add(w, "; two other services place %s in %s, %s, not in %s.", v->who, there->city,
		there->country, which_here(v, here));
}

static void say_impossible(struct which_words *w, const struct which_view *v)
{
	char site[2 * WHICH_CELL_MAX], ms[WHICH_CELL_MAX];

	which_add(w, " names %s, but %s is too short for light: a wrong name, or another server.",
		which_site(&v->verdict->odd->id, site), which_ms((double)v->verdict->odd->min_ns / 1e6, ms));
}

static void say_foreign(struct which_words *w, const struct which_view *v)
{
	const struct rule *rule = which_foreign(&v->verdict->voices);
	char name[WHICH_CELL_MAX], theirs[WHICH_CELL_MAX], ours[WHICH_CELL_MAX];

	which_add(w, " answers %s in the form of %s (\"%s\")", v->who,
		which_operators(rule->operators, theirs), which_name(which_label(&v->verdict->voices), name));
	add_time(w, v);
	which_add(w, ", not of %s.", which_operators(v->in->target.operators, ours));
}

static void say_split(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;
	bool flows = v->verdict->split == VERDICT_BY_FLOW;
	char site[2 * WHICH_CELL_MAX], ms[WHICH_CELL_MAX];
	size_t shown = h->n_sites < 3 ? h->n_sites : 2;

	which_add(w, " answers %s from %zu sites%s: ", v->who, h->n_sites,
		v->verdict->split == VERDICT_BY_TIME ? " in turn" : "");
	for (size_t i = 0; i < shown; i++) {
		const struct voice_site *s = &h->sites[i];

		which_add(w, "%s%s %s", i ? ", " : "",
			w->brief && s->id.city && which_is_proven(v, s) ? s->id.city
									: which_spoken(v, s, site),
			which_ms(s->min_ns < 0 ? (double)NAN : (double)s->min_ns / 1e6, ms));
		which_add(w, " for %u", flows ? observe_count_flows(s->flows) : s->replies);
		if (i == 0)
			which_add(w, " of %u %s", flows ? which_flows(v) : h->replies,
				flows ? "flows" : "replies");
	}
	if (h->n_sites > shown)
		which_add(w, ", ...");
	if (h->placed < h->replies)
		which_add(w, "; %u of %u replies name no site", h->replies - h->placed, h->replies);
	which_add(w, ".");
}

static void add_others(struct which_words *w, const enum probe_kind *kinds, size_t n)
{
	static const char *const names[PROBE_KINDS] = {"DNS", "ping", "TCP"};

	for (size_t i = 0; i < n; i++)
		which_add(w, "%s%s", i ? " and " : "", names[kinds[i]]);
	which_add(w, n > 1 ? " answer" : " answers");
}

/* icmp and tcp that answered, and the faster of their times. */
static size_t other_kinds(const struct observation *o, enum probe_kind kinds[static 2], double *ms)
{
	size_t n = 0;

	*ms = (double)NAN;
	for (int k = PROBE_ICMP; k <= PROBE_TCP; k++) {
		double min = (double)observe_kind_min_ns(o, (enum probe_kind)k) / 1e6;

		if (!observe_best(o, (enum probe_kind)k))
			continue;
		kinds[n++] = (enum probe_kind)k;
		if (min >= 0)
			*ms = isnan(*ms) || min < *ms ? min : *ms;
	}
	return n;
}

static uint32_t dns_queries(const struct observation *o)
{
	uint32_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].kind == PROBE_DNS)
			n += o->line[i].sent - o->line[i].outcome[OUTCOME_SEND_ERROR];
	return n;
}

static void say_no_reply(struct which_words *w, const struct which_view *v)
{
	const struct observation *o = v->in->target.seen;
	const struct observe_line *error = which_dns_error(o);
	enum probe_kind kinds[2];
	double ms;
	size_t n = other_kinds(o, kinds, &ms);
	char text[WHICH_CELL_MAX], from[ADDR_TEXT_LEN];
	const char *icmp =
		error ? icmp_text(error->icmp_from.family, error->icmp_type, error->icmp_code) : NULL;

	which_add(w, n ? " gives %s no DNS answer (0 of %u)" : " gives %s no answer at all (0 of %u to DNS)",
		v->who, dns_queries(o));
	if (error) {
		which_add(w, ": %s says %s.", addr_text(&error->icmp_from, from),
			icmp ? icmp : "it cannot be reached");
		return;
	}
	if (n == 0) {
		which_add(w, ".");
		return;
	}
	which_add(w, ", yet ");
	add_others(w, kinds, n);
	if (!isnan(ms))
		which_add(w, " in %s", which_ms(ms, text));
	which_add(w, ": no site can be named.");
}

static void say_not_asked(struct which_words *w, const struct which_view *v)
{
	const struct observation *o = v->in->target.seen;
	enum probe_kind kinds[2];
	double ms;
	size_t n = other_kinds(o, kinds, &ms);
	char text[WHICH_CELL_MAX];
	uint32_t sent = 0;

	for (size_t i = 0; i < o->n; i++)
		sent += o->line[i].sent - o->line[i].outcome[OUTCOME_SEND_ERROR];
	if (sent == 0) {
		which_add(w, " cannot be reached from here: no probe left this machine.");
		return;
	}
	if (n == 0) {
		which_add(w, " gives %s no answer; too little was asked to say more.", v->who);
		return;
	}
	which_add(w, ": ");
	add_others(w, kinds, n);
	if (!isnan(ms))
		which_add(w, " in %s", which_ms(ms, text));
	which_add(w, dns_queries(o) ? ", a few DNS questions did not: no site can be named."
				    : "; DNS was not asked, so no site can be named.");
}

static void say_opaque(struct which_words *w, const struct which_view *v)
{
	add_answers(w, v);
	add_place(w, v, "place not published");
	add_bound(w, v);
	which_add(w, ".");
}

static void say_no_rule(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;

	if (h->servers > 1) {
		which_add(w, " answers %s as %u servers, sites unknown,", v->who, h->servers);
		add_time(w, v);
	} else {
		add_answers(w, v);
		add_place(w, v, "no rule says where that is");
	}
	add_bound(w, v);
	which_add(w, ".");
}

static void say_no_identity(struct which_words *w, const struct which_view *v)
{
	add_answers(w, v);
	which_add(w, " without saying who it is");
	add_bound(w, v);
	which_add(w, ".");
}

static void say_few(struct which_words *w, const struct which_view *v)
{
	add_answers(w, v);
	which_add(w, "; %u repl%s too few to be sure.", v->verdict->voices.replies,
		v->verdict->voices.replies == 1 ? "y is" : "ies are");
}

static void say_not_sure(struct which_words *w, const struct which_view *v)
{
	add_answers(w, v);
	which_add(w, "; the rule for such names does not prove a place.");
}

static void say_mixed(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;
	uint32_t others = h->replies - (v->verdict->site ? v->verdict->site->replies : 0);

	add_answers(w, v);
	which_add(w, ", but %u of %u replies name %s.", others, h->replies,
		h->n_sites > 1 ? "another site" : "no site that is known");
}

/* Two names in one packet, each sure, of two places. */
static void say_torn(struct which_words *w, const struct which_view *v)
{
	add_answers(w, v);
	which_add(w, ", and by another site's name in the same packet: neither is proven.");
}

static void say_physics(struct which_words *w, const struct which_view *v)
{
	char site[2 * WHICH_CELL_MAX], ms[WHICH_CELL_MAX], here[WHICH_CELL_MAX];

	which_add(w, " names %s, but %s is too short for the way to %s.",
		which_site(&v->verdict->site->id, site), which_ms(which_min_ms(v->verdict), ms),
		which_here(v, here));
}

typedef void say(struct which_words *w, const struct which_view *v);

static say *const unknown_lines[VERDICT_REASONS] = {
	[VERDICT_SAID] = say_no_identity,
	[VERDICT_NOT_ASKED] = say_not_asked,
	[VERDICT_FEW_REPLIES] = say_few,
	[VERDICT_OPAQUE] = say_opaque,
	[VERDICT_NO_RULE] = say_no_rule,
	[VERDICT_NO_IDENTITY] = say_no_identity,
	[VERDICT_NOT_SURE] = say_not_sure,
	[VERDICT_MIXED] = say_mixed,
	[VERDICT_TORN] = say_torn,
	[VERDICT_PHYSICS] = say_physics,
};

static void say_unknown(struct which_words *w, const struct which_view *v)
{
	unknown_lines[v->verdict->reason](w, v);
}

static say *const firsts[VERDICTS] = {
	[VERDICT_NO_REPLY] = say_no_reply,
	[VERDICT_INTERCEPTED] = say_intercepted,
	[VERDICT_SUSPICIOUS] = say_suspicious,
	[VERDICT_LOCATION_SUSPECT] = say_location_suspect,
	[VERDICT_RTT_IMPOSSIBLE] = say_impossible,
	[VERDICT_FOREIGN_OPERATOR] = say_foreign,
	[VERDICT_SPLIT] = say_split,
	[VERDICT_CONSISTENT] = say_consistent,
	[VERDICT_UNKNOWN] = say_unknown,
};

void which_answer(const struct which_view *v, char out[static WHICH_TEXT_MAX])
{
	const char *service = v->in->target.service;
	char target[ADDR_TEXT_LEN];

	out[0] = '\0';
	(void)addr_text(&v->in->target.seen->target, target);
	/* Where the line gets too long, the service's name is left out, then what else can be. */
	for (int step = *service ? 0 : 1; step < 3; step++) {
		struct which_words w = {.text = out, .cap = WHICH_TEXT_MAX, .brief = step == 2};

		which_add(&w, step ? "%s" : "%s (%s)", target, service);
		firsts[v->verdict->kind](&w, v);
		if (w.n <= WHICH_LINE_MAX)
			return;
	}
}
