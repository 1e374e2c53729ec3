#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "report/decode.h"
#include "report/which_parts.h"

/* --- what each sign says --- */

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static void say_c1(const struct which_view *v, bool holds, struct which_words *w)
{
	char ours[WHICH_CELL_MAX];

	if (holds)
		which_add(w, "the name has the form of another operator than %s",
			which_operators(v->in->target.operators, ours));
	else
		which_add(w, "no other operator's form");
}

static void say_c2(const struct which_view *v, bool holds, struct which_words *w)
{
	const struct baseline *b = &v->in->target.baseline;

	if (holds)
		which_add(w, "the name fits no rule of this target, whose rules fit %u of %u known names",
			b->fitting, b->known);
	else
		which_add(w, "a name in the target's form");
}

static void say_c3(const struct which_view *v, bool holds, struct which_words *w)
{
	const struct signs *s = &v->verdict->signs;

	if (!holds)
		which_add(w, "nothing absent that is always there");
	else
		which_add(w, "%s absent though the target always sends it (baseline)",
			s->nsid_missing ? s->identity_missing ? "NSID and identity" : "NSID" : "identity");
}

static void say_c4(const struct which_view *v, bool holds, struct which_words *w)
{
	const struct signs *s = &v->verdict->signs;
	const struct baseline *b = &v->in->target.baseline;

	which_add(w, holds ? "unlike the baseline:" : "rcode, AA, RA as the baseline has them");
	if (holds && s->rcode_unlike)
		which_add(w, " rcode is not %d", b->rcode);
	if (holds && s->aa_unlike)
		which_add(w, "%s AA is not %d", s->rcode_unlike ? "," : "", b->aa);
	if (holds && s->ra_unlike)
		which_add(w, "%s RA is not %d", s->rcode_unlike || s->aa_unlike ? "," : "", b->ra);
}

static void say_t1(const struct which_view *v, bool holds, struct which_words *w)
{
	const struct signs *s = &v->verdict->signs;
	int64_t other = s->icmp_ns < s->tcp_ns ? s->icmp_ns : s->tcp_ns;

	if (holds)
		which_add(w,
			"dns %.1f ms faster than icmp and tcp to the same address (limit: 5 ms and half)",
			ms(other - s->dns_ns));
	else
		which_add(w, "times alike (dns %.1f, icmp %.1f, tcp %.1f ms)", ms(s->dns_ns), ms(s->icmp_ns),
			ms(s->tcp_ns));
}

static void say_p1(const struct which_view *v, bool holds, struct which_words *w)
{
	const struct signs *s = &v->verdict->signs;

	if (holds)
		which_add(w, "reply TTL %d (%d hop%s) for dns, %d (%d hops) for icmp and tcp", s->dns_ttl,
			s->dns_hops, s->dns_hops == 1 ? "" : "s", s->other_ttl, s->other_hops);
	else
		which_add(w, "hops alike within 3 (dns %d, others %d)", s->dns_hops, s->other_hops);
}

static void say_b1(const struct which_view *v, bool holds, struct which_words *w)
{
	(void)v;
	which_add(w, holds ? "two different answers to one question" : "one answer to each question");
}

static void say_b2(const struct which_view *v, bool holds, struct which_words *w)
{
	char address[ADDR_TEXT_LEN] = "an address";

	for (size_t i = 0; i < v->in->n_controls; i++)
		if (v->in->controls[i].no_dns) {
			(void)addr_text(&v->in->controls[i].seen->target, address);
			break;
		}
	which_add(w,
		holds ? "%s, which runs no DNS, answers the same question"
		      : "%s, which runs no DNS, is silent",
		address);
}

static void (*const sayings[SIGNS])(const struct which_view *v, bool holds, struct which_words *w) = {
	[SIGN_C1] = say_c1,
	[SIGN_C2] = say_c2,
	[SIGN_C3] = say_c3,
	[SIGN_C4] = say_c4,
	[SIGN_T1] = say_t1,
	[SIGN_P1] = say_p1,
	[SIGN_B1] = say_b1,
	[SIGN_B2] = say_b2,
};

void which_sign(const struct which_view *v, enum sign s, struct which_words *out)
{
	const struct sign_count *c = &v->verdict->signs.count[s];

	if (c->of > 0)
		sayings[s](v, c->holds, out);
}

/* --- all of it --- */

static void explain_signs(FILE *out, const struct which_view *v)
{
	(void)fprintf(out, "\n signs of another server: each counts in 80 %% of the replies, at least 3; two "
			   "classes, one of "
			   "them strong, are proof\n");
	for (int i = 0; i < SIGNS; i++) {
		const struct sign_count *c = &v->verdict->signs.count[i];
		char text[WHICH_TEXT_MAX] = "not looked for: ";
		struct which_words w = {.text = text, .cap = sizeof(text)};
		static const char *const wanting[SIGNS] = {[SIGN_C1] = "no identity",
			[SIGN_C2] = "no coverage is known",
			[SIGN_C3] = "the baseline promises none",
			[SIGN_C4] = "the baseline does not know them",
			[SIGN_T1] = "it needs 3 replies each of dns, icmp and tcp, icmp and tcp within 5 ms",
			[SIGN_P1] = "it needs TTLs of dns and of icmp or tcp with one initial value",
			[SIGN_B1] = "no reply",
			[SIGN_B2] = "give an address that runs no DNS: --control no-dns:ADDRESS"};

		if (c->of > 0) {
			which_sign(v, (enum sign)i, &w);
			(void)fprintf(out, "  %s %-9s %-6s %s, in %u of %u: %s\n", sign_types[i].name,
				sign_class_name(sign_types[i].class),
				sign_types[i].strong ? "strong" : "weak", c->holds ? "HOLDS" : "not", c->in,
				c->of, text);
		} else {
			(void)fprintf(out, "  %s %-9s %-6s not looked for: %s\n", sign_types[i].name,
				sign_class_name(sign_types[i].class),
				sign_types[i].strong ? "strong" : "weak", wanting[i]);
		}
	}
}

static void explain_sites(FILE *out, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;

	if (h->n_sites)
		(void)fprintf(out, "\n sites named\n");
	for (size_t i = 0; i < h->n_sites; i++) {
		const struct voice_site *s = &h->sites[i];
		struct verdict_physics p = verdict_weigh(&v->in->here, &s->id, s->min_ns);
		char site[2 * WHICH_CELL_MAX];

		(void)fprintf(out, "  %s: %u replies, %u servers, %u flows, rule %s, confidence %s%s",
			which_site(&s->id, site), s->replies, s->servers, observe_count_flows(s->flows),
			s->id.rule->id, rules_confidence_name(s->id.confidence),
			s->id.expired ? ", the rule does not hold today" : "");
		if (!isnan(p.km))
			(void)fprintf(out,
				"; %.0f km away: %.2f ms in fibre, %.2f ms in vacuum, measured %.3f ms", p.km,
				p.floor_fibre_ms, p.floor_vacuum_ms, ms(s->min_ns));
		(void)fprintf(out, "\n");
	}
}

static void explain_controls(FILE *out, const struct which_view *v)
{
	static const char *const fits[] = {[VERDICT_NO_FIT_KNOWN] = "says nothing of our place",
		[VERDICT_FITS] = "fits our place",
		[VERDICT_FASTER_THAN_FIBRE] = "contradicts our place (faster than fibre)",
		[VERDICT_FASTER_THAN_LIGHT] = "contradicts our place (faster than light)"};

	if (v->verdict->n_controls)
		(void)fprintf(out, "\n controls\n");
	for (size_t i = 0; i < v->verdict->n_controls; i++) {
		const struct verdict_control *c = &v->verdict->controls[i];
		const struct verdict_subject *about = &v->in->controls[i];
		char target[ADDR_TEXT_LEN], site[2 * WHICH_CELL_MAX];

		(void)fprintf(out, "  %s (%s): ", addr_text(&about->seen->target, target), about->service);
		if (about->no_dns)
			(void)fprintf(
				out, "runs no DNS: %u replies to the same question\n", c->voices.replies);
		else if (!c->other)
			(void)fprintf(out, "not used: its operator is not known to be another one\n");
		else if (!c->site)
			(void)fprintf(out, "not used: no site of it is sure\n");
		else
			(void)fprintf(out, "%s in %.3f ms, %.0f km away: %s\n",
				which_site(&c->site->id, site), ms(c->site->min_ns), c->physics.km,
				fits[c->physics.fit]);
	}
}

static void explain_slow(FILE *out, const struct which_view *v)
{
	const struct verdict_slow *s = &v->verdict->slow;
	const struct {
		const char *name, *about;
		double value;
	} parts[] = {
		{"access", "echo of the first hop", s->access},
		{"distance", "light in fibre to the site", s->distance},
		{"detour", "of that, more than to the nearest listed site", s->detour},
		{"path", "the rest: the way is longer than the distance, and routers take time", s->path},
		{"queueing", "median - min", s->queueing},
		{"server", "dns - icmp", s->server},
	};

	(void)fprintf(out, "\n where the time goes, ms\n");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (isnan(parts[i].value))
			(void)fprintf(out, "  %-9s      -  %s\n", parts[i].name, parts[i].about);
		else
			(void)fprintf(
				out, "  %-9s %6.2f  %s\n", parts[i].name, parts[i].value, parts[i].about);
}

/* A name and the rules tried on it. */
static int explain_name(FILE *out, const struct which_view *v, enum rules_source source, struct bytes b)
{
	char name[WHICH_CELL_MAX];

	if (b.n == 0)
		return 0;
	(void)fprintf(out, " %s \"%s\"\n", rules_source_name(source), which_name(b, name));
	return decode_explain(out, v->in->rules, v->in->target.scope, source, v->in->day, b.p, b.n);
}

int which_explain(FILE *out, const struct which_view *v)
{
	const struct observation *o = v->in->target.seen;
	int rc = 0;

	explain_signs(out, v);
	explain_sites(out, v);
	explain_controls(out, v);
	explain_slow(out, v);
	(void)fprintf(out, "\n rules tried\n");
	for (size_t i = 0; i < o->n; i++)
		for (size_t k = 0; rc == 0 && o->line[i].kind == PROBE_DNS && k < o->line[i].n_answers; k++) {
			rc = explain_name(out, v, RULES_NSID, o->line[i].answers[k].nsid);
			if (rc == 0)
				rc = explain_name(out, v, rules_source_of_question(o->line[i].question),
					o->line[i].answers[k].txt);
		}
	return rc;
}
