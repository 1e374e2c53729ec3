#include <ctype.h>
#include <math.h>
#include <string.h>

#include "infer/geo.h"
#include "report/which_parts.h"

/* From these times on the reader asks where the time goes. */
enum { SLOW_MS = 40, SLOW_QUEUE_MS = 20 };

typedef void say(struct which_words *w, const struct which_view *v);

/* --- the facts that support the first line --- */

static void add_floor(struct which_words *w, double ms)
{
	which_add(w, "%.*f ms", ms < 0.005 ? 0 : ms < 1 ? 2 : ms < 10 ? 1 : 0, ms);
}

static void fact_site(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	const struct ident *id = d->site ? &d->site->id : NULL;
	char km[WHICH_CELL_MAX];

	if (!id || d->kind == VERDICT_SPLIT || d->kind == VERDICT_INTERCEPTED)
		return;
	if (id->status == IDENT_KEY) {
		which_add(w,
			"key %s by rule %s; compare it with other machines' runs, do not read a place into "
			"it",
			id->site, id->rule->id);
		return;
	}
	which_add(w, "%s%s, %s   rule %s (code %s",
		id->confidence == RULES_HIGH && !id->expired ? "" : "perhaps ", id->city, id->country,
		id->rule->id, id->site);
	if (id->confidence != RULES_HIGH)
		which_add(w, ", confidence %s", rules_confidence_name(id->confidence));
	which_add(w, ")");
	if (isnan(d->physics.km))
		return;
	which_add(w, ", %s km from %s", which_km(d->physics.km, km), v->who);
	if (d->physics.floor_fibre_ms > 0) {
		which_add(w, "; light in fibre needs ");
		add_floor(w, d->physics.floor_fibre_ms);
	}
}

static void fact_nearest(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	char km[WHICH_CELL_MAX];

	if (!d->nearest || d->kind != VERDICT_CONSISTENT)
		return;
	if (d->physics.km > d->nearest_km && !which_is_at_nearest(d)) {
		which_add(w, "%s, %s   %s km, at best ", d->nearest->city, d->nearest->country,
			which_km(d->nearest_km, km));
		add_floor(w, d->nearest_floor_ms);
		which_add(w, " (list of %s; may not serve this address or %s provider)", d->nearest->date,
			strcmp(v->who, "you") == 0 ? "your" : "its");
		return;
	}
	which_add(w, "%s, %s   of %zu sites listed %s (a listed site need not serve this address)",
		d->nearest->city, d->nearest->country, v->in->n_listed, d->nearest->date);
}

static void fact_you(struct which_words *w, const struct which_view *v)
{
	const struct verdict_place *p = &v->in->here;
	char source[ADDR_TEXT_LEN];

	if (!p->known)
		return;
	which_add(w, "%.2f,%.2f +-%.0f km (%s%s)   %s", p->lat_deg, p->lon_deg, p->accuracy_km, v->here_from,
		p->sure ? "" : ", accuracy assumed", addr_text(&v->in->target.seen->source, source));
	if (*v->interface)
		which_add(w, " on %s", v->interface);
	if (v->asn)
		which_add(w, "   AS%u", v->asn);
}

static void fact_sockets(struct which_words *w, const struct which_view *v)
{
	which_add(w, "%s", v->sockets);
}

/* The signs of one class, those that hold or those that do not. */
static void add_signs(struct which_words *w, const struct which_view *v, enum sign_class class, bool holds)
{
	for (int i = 0; i < SIGNS; i++) {
		const struct sign_count *c = &v->verdict->signs.count[i];

		/* Another operator's name is none of the target's either. */
		bool said = i == SIGN_C2 && v->verdict->signs.count[SIGN_C1].in > 0;

		if (sign_types[i].class != class || c->of == 0 || c->holds != holds || said)
			continue;
		if (w->n)
			which_add(w, "; ");
		which_sign(v, (enum sign)i, w);
	}
}

static bool is_about_signs(const struct verdict *d)
{
	return d->kind == VERDICT_INTERCEPTED || d->kind == VERDICT_SUSPICIOUS ||
	       d->kind == VERDICT_FOREIGN_OPERATOR;
}

#define FACT_OF_CLASS(name, class)                                                            \
	static void fact_##name(struct which_words *w, const struct which_view *v)            \
	{                                                                                     \
		if (is_about_signs(v->verdict) || v->verdict->flags & VERDICT_UNUSUAL_ANSWER) \
			add_signs(w, v, class, true);                                         \
	}
FACT_OF_CLASS(content, SIGN_CONTENT)
FACT_OF_CLASS(timing, SIGN_TIMING)
FACT_OF_CLASS(path, SIGN_PATH)
FACT_OF_CLASS(behaviour, SIGN_BEHAVIOUR)

static void fact_not_used(struct which_words *w, const struct which_view *v)
{
	for (int c = 0; is_about_signs(v->verdict) && c < SIGN_CLASSES; c++)
		add_signs(w, v, (enum sign_class)c, false);
}

static void fact_meaning(struct which_words *w, const struct which_view *v)
{
	static const char *const splits[VERDICT_SPLITS] = {
		[VERDICT_BY_FLOW] = "load sharing on the way, not a routing change: a connection keeps its "
				    "site, a new one may "
				    "get the other",
		[VERDICT_BY_KIND] = "one question goes elsewhere than another on the same flow: something on "
				    "the way tells them "
				    "apart",
		[VERDICT_BY_TIME] = "the same flow met one site and then another: a routing change, or "
				    "balancing by packet",
	};
	const struct verdict *d = v->verdict;
	const struct observe_line *tcp = observe_best(v->in->target.seen, PROBE_TCP);

	if (d->kind == VERDICT_SPLIT)
		which_add(w, "%s", splits[d->split]);
	else if (d->kind == VERDICT_NO_REPLY && which_dns_error(v->in->target.seen))
		which_add(w, "a router or firewall on the way refuses UDP port 53");
	else if (d->kind == VERDICT_NO_REPLY && tcp && tcp->outcome[OUTCOME_RST] < tcp->received)
		which_add(w,
			"UDP port 53 is filtered or limited between %s and the site, or its UDP service is "
			"down: TCP %u is "
			"open",
			v->who, tcp->dst_port);
	else if (d->kind == VERDICT_NO_REPLY && observe_best(v->in->target.seen, PROBE_ICMP))
		which_add(w, "DNS is filtered between %s and the site, or is not served at this address",
			v->who);
}

/* Of a split by flow: what the slower site costs, and how sure its share is. */
static void fact_cost(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;
	const struct voice_site *fast, *slow;
	uint32_t all = which_flows(v), k;
	double low, high;

	if (v->verdict->kind != VERDICT_SPLIT || v->verdict->split != VERDICT_BY_FLOW || h->n_sites != 2 ||
		h->sites[0].min_ns < 0 || h->sites[1].min_ns < 0)
		return;
	fast = &h->sites[h->sites[0].min_ns > h->sites[1].min_ns];
	slow = fast == h->sites ? h->sites + 1 : h->sites;
	k = observe_count_flows(slow->flows);
	verdict_interval(k, all, &low, &high);
	which_add(w, "+%.1f ms for %.0f %% of flows (95 %% interval %.0f to %.0f %%%s)",
		(double)(slow->min_ns - fast->min_ns) / 1e6, 100.0 * k / all, 100 * low, 100 * high,
		all < 32 ? ": few flows; --flows 32 narrows it" : "");
}

static void fact_note(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;
	char site[2 * WHICH_CELL_MAX];

	if (v->verdict->kind != VERDICT_SPLIT && v->verdict->kind != VERDICT_CONSISTENT)
		return;
	for (size_t i = 0; i < h->n_sites; i++)
		if (h->sites[i].servers > 1)
			which_add(w, "%s%u servers of %s are one site: not a split", w->n ? "; " : "",
				h->sites[i].servers, which_spoken(v, &h->sites[i], site));
}

static void fact_bound(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	char km[WHICH_CELL_MAX];

	if (d->kind != VERDICT_UNKNOWN || d->reason == VERDICT_PHYSICS || !(d->bound_km < GEO_FARTHEST_KM))
		return;
	which_add(w, "%.3f ms x 100 km/ms = %s km around %s", d->bound_km / GEO_DISC_KM_PER_MS,
		which_km(d->bound_km, km), v->who);
	if (d->nearest && d->n_within)
		which_add(w, ": %s, %s%s%.0zu%s fit%s (list of %s)", d->nearest->city, d->nearest->country,
			d->n_within > 1 ? " and " : "", d->n_within > 1 ? d->n_within - 1 : 0,
			d->n_within > 1 ? " more listed sites" : "", d->n_within > 1 ? "" : "s",
			d->nearest->date);
}

static void fact_physics(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	bool doubted = d->kind == VERDICT_LOCATION_SUSPECT || d->kind == VERDICT_RTT_IMPOSSIBLE ||
		       d->flags & VERDICT_TOO_FAST;
	char here[WHICH_CELL_MAX], km[WHICH_CELL_MAX], ms[WHICH_CELL_MAX];

	if (!doubted || !d->odd)
		return;
	which_add(w, "%s-%s %s km: ", which_here(v, here), d->odd->id.city, which_km(d->odd_physics.km, km));
	add_floor(w, d->odd_physics.floor_fibre_ms);
	which_add(w, " in fibre, ");
	add_floor(w, d->odd_physics.floor_vacuum_ms);
	which_add(w, " in vacuum; measured %s", which_ms((double)d->odd->min_ns / 1e6, ms));
}

static void add_part(struct which_words *w, const char *between, const char *name, double ms)
{
	if (!isnan(ms))
		which_add(w, "%s%s %.*f ms", w->n ? between : "", name, ms < 10 ? 1 : 0, ms);
}

/* Not "-0.0". */
static double noise_free(double ms)
{
	return ms < 0 && ms > -0.05 ? 0 : ms;
}

static void fact_slow(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	const struct verdict_slow *s = &d->slow;
	bool asked = d->flags & VERDICT_FAR || which_min_ms(d) >= SLOW_MS || s->queueing >= SLOW_QUEUE_MS ||
		     s->loss_percent > 0;

	if (!asked || !d->site || d->kind == VERDICT_INTERCEPTED || d->kind == VERDICT_NO_REPLY)
		return;
	if (!(d->flags & VERDICT_TOO_FAST) && d->physics.fit == VERDICT_FITS) {
		add_part(w, "", "distance", s->distance);
		add_part(w, " + ", "first hop", s->access);
		add_part(w, " + ", "path", s->path);
	}
	if (!isnan(s->queueing))
		which_add(w, "%squeueing %.1f ms (median - min)", w->n ? "; " : "", noise_free(s->queueing));
	if (!isnan(s->server))
		which_add(w, "%sserver %.1f ms (dns - icmp)", w->n ? ", " : "", noise_free(s->server));
	if (d->flags & VERDICT_FAR)
		add_part(w, ", ", "detour", s->detour);
	if (!isnan(s->loss_percent))
		which_add(w, "%sloss %.0f %%", w->n ? ", " : "", s->loss_percent);
}

/* --- the next step --- */

static void next_for_provider(struct which_words *w, const struct which_view *v)
{
	char target[ADDR_TEXT_LEN], source[ADDR_TEXT_LEN], time[CLOCK_TEXT_LEN];

	(void)addr_text(&v->in->target.seen->target, target);
	(void)clock_text(v->at, time);
	time[10] = ' ';
	which_add(w, "give %s provider: the first line, %s,", strcmp(v->who, "you") == 0 ? "your" : "its",
		addr_text(&v->in->target.seen->source, source));
	if (v->asn)
		which_add(w, " AS%u,", v->asn);
	which_add(w, " %.19s UTC;  traceroute -T -p 53 %s", time, target);
}

/* Two well-known addresses of other operators, to see whether all DNS is taken. */
static void add_comparison(struct which_words *w, const struct which_view *v)
{
	static const struct {
		const char *operator, * v4, *v6;
	} known[] = {{"Google", "8.8.8.8", "2001:4860:4860::8888"}, {"Quad9", "9.9.9.9", "2620:fe::fe"},
		{"Cloudflare", "1.1.1.1", "2606:4700:4700::1111"}};
	bool is6 = v->in->target.seen->target.family == 6;
	unsigned shown = 0;

	which_add(w, "catchmap which");
	for (size_t i = 0; shown < 2 && i < sizeof(known) / sizeof(known[0]); i++)
		if (!rules_list_has(v->in->target.operators, known[i].operator, strlen(known[i].operator))) {
			which_add(w, " %s", is6 ? known[i].v6 : known[i].v4);
			shown++;
		}
}

static void next_intercepted(struct which_words *w, const struct which_view *v)
{
	int hops = v->verdict->signs.dns_hops;

	if (hops >= 0 && hops < 2)
		which_add(w, "%d hop%s away: look at this machine's gateway first (DNAT of port 53);  ", hops,
			hops == 1 ? "" : "s");
	else if (hops >= 2)
		which_add(w, "%d hops away, behind this machine's gateway: ask the provider;  ", hops);
	add_comparison(w, v);
	which_add(w, " shows if all DNS is taken");
}

static void next_suspicious(struct which_words *w, const struct which_view *v)
{
	which_add(w, "one kind of sign proves nothing: --explain shows all;  ");
	add_comparison(w, v);
	which_add(w, " shows if others are alike");
}

static void next_impossible(struct which_words *w, const struct which_view *v)
{
	which_add(w, "--explain shows the physics;  ");
	add_comparison(w, v);
	which_add(w, " shows if others are alike");
}

static void next_location(struct which_words *w, const struct which_view *v)
{
	const struct ident *there = v->verdict->elsewhere;

	which_add(w,
		"--location %.2f,%.2f, or leave it out: the identities alone already answer the question",
		there->lat, there->lon);
}

static void next_foreign(struct which_words *w, const struct which_view *v)
{
	const struct rule *rule = which_foreign(&v->verdict->voices);

	which_add(w, "if %.*s hosts this service, its operators in the targets file lack it; else ",
		(int)strcspn(rule->operators, "|"), rule->operators);
	add_comparison(w, v);
}

static void next_split(struct which_words *w, const struct which_view *v)
{
	char target[ADDR_TEXT_LEN];

	which_add(w, "catchmap which --hold 60s %s shows whether a TCP connection stays",
		addr_text(&v->in->target.seen->target, target));
}

static void next_consistent(struct which_words *w, const struct which_view *v)
{
	if (v->verdict->flags & VERDICT_FAR)
		next_for_provider(w, v);
}

static void next_no_reply(struct which_words *w, const struct which_view *v)
{
	const struct observation *o = v->in->target.seen;
	const struct observe_line *error = which_dns_error(o);
	char target[ADDR_TEXT_LEN], from[ADDR_TEXT_LEN];

	(void)addr_text(&o->target, target);
	if (error)
		which_add(w, "whoever runs %s can tell why;  traceroute %s",
			addr_text(&error->icmp_from, from), target);
	else if (observe_best(o, PROBE_TCP))
		which_add(w, "try DNS over TCP:  dig +tcp @%s CH TXT id.server", target);
	else if (observe_best(o, PROBE_ICMP))
		add_comparison(w, v);
	else
		which_add(w, "is the address right, is this machine online?  traceroute %s", target);
}

static bool is_plain(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!isalnum(b.p[i]) && (i == 0 || (b.p[i] != '.' && b.p[i] != '-')))
			return false;
	return true;
}

static void next_unknown(struct which_words *w, const struct which_view *v)
{
	struct bytes label = which_label(&v->verdict->voices);
	char name[WHICH_CELL_MAX], target[ADDR_TEXT_LEN];

	(void)addr_text(&v->in->target.seen->target, target);
	switch (v->verdict->reason) {
	case VERDICT_NO_RULE:
		/* What a stranger calls itself goes into a shell's line only when it is harmless there. */
		if (label.n && label.n < WHICH_NAME_MAX && is_plain(label))
			which_add(w, "catchmap decode --explain --target %s %s shows why", target,
				which_name(label, name));
		else
			which_add(w, "--explain shows why");
		if (!*v->place)
			which_add(w, ";  catchmap infer over several machines can place it");
		break;
	case VERDICT_TORN:
		which_add(w, "--explain shows both names");
		break;
	case VERDICT_FEW_REPLIES:
	case VERDICT_MIXED:
		which_add(w, "ask more:  catchmap which -c 10 %s", target);
		break;
	case VERDICT_NOT_ASKED:
		which_add(w, "ask more, with all kinds of probes:  catchmap which %s", target);
		break;
	case VERDICT_PHYSICS:
		which_add(w, "%s",
			v->in->here.sure && v->verdict->fitting
				? "the name's place or ours is farther off than it is said to be: --explain "
				  "shows both"
				: "is --location right?  With its accuracy (LAT,LON,KM) and --control others "
				  "can tell");
		break;
	case VERDICT_SAID:
	case VERDICT_OPAQUE:
	case VERDICT_NO_IDENTITY:
	case VERDICT_NOT_SURE:
	case VERDICT_REASONS:
	default:
		which_add(w, *v->place ? "catchmap infer --explain shows what places it"
				       : "catchmap infer over several machines can place it");
	}
}

static say *const next_steps[VERDICTS] = {
	[VERDICT_NO_REPLY] = next_no_reply,
	[VERDICT_INTERCEPTED] = next_intercepted,
	[VERDICT_SUSPICIOUS] = next_suspicious,
	[VERDICT_LOCATION_SUSPECT] = next_location,
	[VERDICT_RTT_IMPOSSIBLE] = next_impossible,
	[VERDICT_FOREIGN_OPERATOR] = next_foreign,
	[VERDICT_SPLIT] = next_split,
	[VERDICT_CONSISTENT] = next_consistent,
	[VERDICT_UNKNOWN] = next_unknown,
};

static void fact_next(struct which_words *w, const struct which_view *v)
{
	next_steps[v->verdict->kind](w, v);
}

/* In this order, those that have something to say. */
static const struct {
	const char *name;
	say *fact;
} facts[] = {
	{"site", fact_site},
	{"nearest", fact_nearest},
	{"content", fact_content},
	{"timing", fact_timing},
	{"path", fact_path},
	{"behaviour", fact_behaviour},
	{"not used", fact_not_used},
	{"meaning", fact_meaning},
	{"cost", fact_cost},
	{"note", fact_note},
	{"bound", fact_bound},
	{"physics", fact_physics},
	{"slow", fact_slow},
	{"you", fact_you},
	{"sent", fact_sockets},
	{"next", fact_next},
};

void which_facts(FILE *out, const struct which_view *v)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		char text[WHICH_TEXT_MAX] = "";
		struct which_words w = {.text = text, .cap = sizeof(text)};

		facts[i].fact(&w, v);
		if (*text)
			(void)fprintf(
				out, " %-9s %s\n", facts[i].fact == fact_you ? v->who : facts[i].name, text);
	}
}
