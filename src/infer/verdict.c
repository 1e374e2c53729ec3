#include "infer/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/geo.h"

/* No number. */
#define NONE ((double)NAN)

enum {
	REPLIES_MIN = 3,
	SILENT_QUERIES_MIN = 6,
	SPLIT_REPLIES_MIN = 2,
	FLOW_PERCENT_MIN = 90,
	STABLE_PERCENT_MIN = 80
};
enum { FAR_KM = 500, FAR_MS = 20, SAME_PLACE_KM = 150 };

static double ms_of(int64_t ns)
{
	return ns < 0 ? NONE : (double)ns / 1e6;
}

/* --- places and times --- */

struct verdict_physics verdict_weigh(
	const struct verdict_place *here, const struct ident *site, int64_t rtt_ns)
{
	struct verdict_physics p = {.km = NONE, .floor_fibre_ms = NONE, .floor_vacuum_ms = NONE};
	double slack, ms = ms_of(rtt_ns);

	if (!here->known || !site || site->status != IDENT_SITE)
		return p;
	slack = here->accuracy_km + site->radius_km;
	p.km = geo_km(here->lat_deg, here->lon_deg, site->lat, site->lon);
	p.floor_fibre_ms = geo_floor_ms(p.km, slack, GEO_FIBRE_KM_PER_MS);
	p.floor_vacuum_ms = geo_floor_ms(p.km, slack, GEO_VACUUM_KM_PER_MS);
	if (isnan(ms))
		return p;
	p.fit = ms < p.floor_vacuum_ms  ? VERDICT_FASTER_THAN_LIGHT
		: ms < p.floor_fibre_ms ? VERDICT_FASTER_THAN_FIBRE
					: VERDICT_FITS;
	return p;
}

static bool is_sure(const struct ident *id)
{
	return id->status == IDENT_SITE && id->confidence == RULES_HIGH && !id->expired;
}

static bool is_too_fast(const struct verdict_physics *p)
{
	return p->fit == VERDICT_FASTER_THAN_FIBRE || p->fit == VERDICT_FASTER_THAN_LIGHT;
}

/* The listed sites: which is nearest, and how many lie within the bound. */
static void look_through_list(struct verdict *v, const struct verdict_input *in)
{
	const struct verdict_place *here = &in->here;

	v->nearest_km = v->nearest_floor_ms = NONE;
	for (size_t i = 0; here->known && i < in->n_listed; i++) {
		double km = geo_km(here->lat_deg, here->lon_deg, in->listed[i].lat, in->listed[i].lon);

		v->n_within += km - here->accuracy_km <= v->bound_km;
		if (v->nearest && km >= v->nearest_km)
			continue;
		v->nearest = &in->listed[i];
		v->nearest_km = km;
	}
	if (v->nearest)
		v->nearest_floor_ms = geo_floor_ms(v->nearest_km, here->accuracy_km, GEO_FIBRE_KM_PER_MS);
}

/* --- controls --- */

static int hear_control(
	struct verdict_control *c, const struct verdict_subject *about, const struct verdict_input *in)
{
	c->other = !about->no_dns && *about->operators &&
		   !rules_lists_meet(about->operators, in->target.operators);
	if (voices_hear(&c->voices, about->seen, in->rules, about->scope, in->day) < 0)
		return ERR_NOMEM;
	if (c->voices.n_sites && is_sure(&c->voices.sites[0].id))
		c->site = &c->voices.sites[0];
	c->physics = verdict_weigh(&in->here, c->site ? &c->site->id : NULL, c->site ? c->site->min_ns : -1);
	return 0;
}

static int hear_controls(struct verdict *v, const struct verdict_input *in)
{
	v->controls = calloc(in->n_controls + 1, sizeof(*v->controls));
	if (!v->controls)
		return ERR_NOMEM;
	for (size_t i = 0; i < in->n_controls; i++) {
		struct verdict_control *c = &v->controls[i];

		v->n_controls++;
		if (hear_control(c, &in->controls[i], in) < 0)
			return ERR_NOMEM;
		v->contradicting += c->other && is_too_fast(&c->physics);
		v->fitting += c->other && c->physics.fit == VERDICT_FITS;
	}
	return 0;
}

static bool same_place(const struct ident *a, const struct ident *b)
{
	return geo_km(a->lat, a->lon, b->lat, b->lon) <= SAME_PLACE_KM;
}

/* Two controls, of different operators, that both say we are elsewhere and agree on where. */
static const struct ident *agreed_elsewhere(const struct verdict *v, const struct verdict_input *in)
{
	for (size_t i = 0; i < v->n_controls; i++)
		for (size_t k = 0; k < i; k++) {
			const struct verdict_control *a = &v->controls[i], *b = &v->controls[k];

			if (a->other && b->other && is_too_fast(&a->physics) && is_too_fast(&b->physics) &&
				!rules_lists_meet(in->controls[i].operators, in->controls[k].operators) &&
				same_place(&a->site->id, &b->site->id))
				return &a->site->id;
		}
	return NULL;
}

/* --- how replies spread over flows and time --- */

/* Replies of one flow (and line, or all: -1) by site. */
struct share {
	int line;
	unsigned flow;
	uint32_t *by_site, total;
};

static void add_share(void *arg, size_t line, const struct observe_sample *s, const struct voice *voice)
{
	struct share *h = arg;

	if (voice->site < 0 || s->flow != h->flow || (h->line >= 0 && (size_t)h->line != line))
		return;
	h->by_site[voice->site]++;
	h->total++;
}

/* The site that most replies name, -1 without any; *percent is its share, 50 for a tie. */
static int top_site(
	const struct voices *v, int line, unsigned flow, uint32_t *scratch, uint32_t *total, double *percent)
{
	struct share h = {line, flow, scratch, 0};
	uint32_t best = 0, second = 0;
	int site = -1;

	memset(scratch, 0, v->n_sites * sizeof(*scratch));
	voices_walk(v, add_share, &h);
	for (size_t i = 0; i < v->n_sites; i++) {
		if (scratch[i] > best) {
			second = best;
			best = scratch[i];
			site = (int)i;
		} else if (scratch[i] > second) {
			second = scratch[i];
		}
	}
	*total = h.total;
	*percent = h.total ? 100.0 * best / h.total : 0;
	if (best > 0 && best == second && *percent > 50)
		*percent = 50;
	return site;
}

struct spread {
	bool unstable;     /* a question on a flow, of three replies or more, has no site of its own */
	bool flows_keep;   /* every flow has a site */
	bool flows_differ; /* and not all the same one */
	int first;         /* of the first flow; -1: none yet */
	bool lines_keep;   /* every question of every flow has one */
	bool lines_differ; /* on some flow not the same */
};

static void spread_of_flow(const struct voices *v, unsigned flow, uint32_t *scratch, struct spread *s)
{
	uint32_t total;
	double percent;
	int first = -1;

	int site = top_site(v, -1, flow, scratch, &total, &percent);

	if (site < 0)
		return;
	s->flows_differ = s->flows_differ || (s->first >= 0 && site != s->first);
	s->first = site;
	s->flows_keep = s->flows_keep && percent >= FLOW_PERCENT_MIN;
	for (size_t i = 0; i < v->seen->n; i++) {
		site = top_site(v, (int)i, flow, scratch, &total, &percent);

		if (site < 0)
			continue;
		s->unstable = s->unstable || (total >= REPLIES_MIN && percent < STABLE_PERCENT_MIN);
		s->lines_keep = s->lines_keep && percent >= FLOW_PERCENT_MIN;
		s->lines_differ = s->lines_differ || (first >= 0 && site != first);
		first = site;
	}
}

static int spread_of(const struct voices *v, struct spread *s)
{
	uint32_t *scratch = calloc(v->n_sites + 1, sizeof(*scratch));

	*s = (struct spread){.flows_keep = true, .lines_keep = true, .first = -1};
	for (unsigned flow = 0; scratch && v->n_sites > 1 && flow < 256; flow++)
		spread_of_flow(v, flow, scratch, s);
	free(scratch);
	return scratch ? 0 : ERR_NOMEM;
}

/* --- the verdicts --- */

struct weighing {
	const struct verdict_input *in;
	struct verdict *v;
	struct spread spread;
};

/* Queries that left. */
struct queries {
	uint32_t chaos, in, refused; /* refused: by an ICMP error, and so not asked again in another way */
};

static struct queries count_queries(const struct observation *o)
{
	struct queries q = {0};

	for (size_t i = 0; i < o->n; i++) {
		const struct observe_line *l = &o->line[i];

		if (l->kind != PROBE_DNS)
			continue;
		*(question_is_chaos(l->question) ? &q.chaos : &q.in) +=
			l->sent - l->outcome[OUTCOME_SEND_ERROR];
		q.refused += l->outcome[OUTCOME_ICMP_ERROR];
	}
	return q;
}

static bool is_no_reply(struct weighing *w)
{
	struct queries q = count_queries(w->in->target.seen);

	w->v->confidence = RULES_HIGH;
	return w->v->voices.replies == 0 && q.chaos > 0 && (q.in > 0 || q.refused == q.chaos) &&
	       q.chaos + q.in >= SILENT_QUERIES_MIN;
}

/* One flow must have enough; what others have less of, for their losses, is not held against the target. */
static bool is_enough(const struct weighing *w)
{
	return w->v->voices.flow_most >= REPLIES_MIN;
}

static bool is_intercepted(struct weighing *w)
{
	bool class[SIGN_CLASSES] = {false};
	unsigned classes = 0;

	if (!is_enough(w) || !signs_prove(&w->v->signs))
		return false;
	for (int i = 0; i < SIGNS; i++)
		if (w->v->signs.count[i].holds && !class[sign_types[i].class]) {
			class[sign_types[i].class] = true;
			classes++;
		}
	w->v->confidence = classes > 2 ? RULES_HIGH : RULES_MEDIUM;
	return true;
}

/* Another operator's form alone has a verdict of its own; other header bits belong to it, and are none by themselves. */
static bool is_suspicious(struct weighing *w)
{
	unsigned holding = signs_holding(&w->v->signs);

	w->v->confidence = RULES_LOW;
	return is_enough(w) && holding > 0 && !(holding == 1 && w->v->signs.count[SIGN_C1].holds);
}

static bool is_location_suspect(struct weighing *w)
{
	struct verdict *v = w->v;
	const struct ident *agreed = agreed_elsewhere(v, w->in);

	if (!is_enough(w) || !((v->odd && v->contradicting > 0) || agreed))
		return false;
	v->elsewhere = v->odd ? &v->odd->id : agreed;
	v->confidence = v->odd && v->contradicting > 1 && v->fitting == 0 ? RULES_MEDIUM : RULES_LOW;
	return true;
}

static bool is_rtt_impossible(struct weighing *w)
{
	const struct verdict *v = w->v;

	w->v->confidence = RULES_MEDIUM;
	return is_enough(w) && w->in->here.said && w->in->here.sure && v->fitting > 0 &&
	       v->contradicting == 0 && v->odd && v->odd_physics.fit == VERDICT_FASTER_THAN_LIGHT;
}

static bool is_foreign(struct weighing *w)
{
	w->v->confidence = RULES_HIGH;
	return is_enough(w) && w->v->signs.count[SIGN_C1].holds;
}

/* No surer than each of its sites. */
static enum rules_confidence split_confidence(const struct weighing *w)
{
	const struct voices *h = &w->v->voices;
	enum rules_confidence least =
		h->sites[1].replies >= REPLIES_MIN && h->placed == h->replies ? RULES_HIGH : RULES_MEDIUM;

	for (size_t i = 0; i < h->n_sites; i++) {
		const struct ident *id = &h->sites[i].id;

		if (id->expired || id->confidence < least)
			least = id->expired ? RULES_LOW : id->confidence;
	}
	return w->v->odd ? RULES_LOW : least;
}

static bool is_split(struct weighing *w)
{
	const struct voices *h = &w->v->voices;

	if (!is_enough(w) || h->n_sites < 2 || h->sites[1].replies < SPLIT_REPLIES_MIN)
		return false;
	w->v->split = w->spread.flows_keep && w->spread.flows_differ   ? VERDICT_BY_FLOW
		      : w->spread.lines_keep && w->spread.lines_differ ? VERDICT_BY_KIND
								       : VERDICT_BY_TIME;
	w->v->confidence = split_confidence(w);
	return true;
}

static bool is_consistent(struct weighing *w)
{
	const struct verdict *v = w->v;
	const struct voices *h = &v->voices;

	/* Replies without any name do not contradict; some with a name that no rule knows may. */
	if (!is_enough(w) || h->n_sites != 1 || h->placed < REPLIES_MIN || h->labelled > h->placed ||
		!is_sure(&v->site->id) || (w->in->here.said && v->odd))
		return false;
	w->v->confidence = h->placed == h->replies && !v->odd ? RULES_HIGH : RULES_MEDIUM;
	return true;
}

static enum verdict_reason reason_of(const struct weighing *w)
{
	const struct voices *h = &w->v->voices;

	if (h->replies == 0)
		return VERDICT_NOT_ASKED;
	if (!is_enough(w))
		return VERDICT_FEW_REPLIES;
	if (h->labelled == 0)
		return VERDICT_NO_IDENTITY;
	if (h->torn > 0)
		return VERDICT_TORN;
	if (h->n_sites == 0)
		return VERDICT_NO_RULE;
	if (h->n_sites > 1 || h->labelled > h->placed || h->placed < REPLIES_MIN)
		return VERDICT_MIXED;
	if (h->sites[0].id.status == IDENT_KEY)
		return VERDICT_OPAQUE;
	return is_sure(&h->sites[0].id) ? VERDICT_PHYSICS : VERDICT_NOT_SURE;
}

static bool is_unknown(struct weighing *w)
{
	w->v->reason = reason_of(w);
	w->v->confidence = w->v->site ? w->v->site->id.confidence : (enum rules_confidence)0;
	return true;
}

/* In this order; the first that applies. Each sets its confidence. */
static const struct {
	const char *name;
	bool (*applies)(struct weighing *w);
} table[VERDICTS] = {
	[VERDICT_NO_REPLY] = {"no-reply", is_no_reply},
	[VERDICT_INTERCEPTED] = {"intercepted", is_intercepted},
	[VERDICT_SUSPICIOUS] = {"suspicious", is_suspicious},
	[VERDICT_LOCATION_SUSPECT] = {"location-suspect", is_location_suspect},
	[VERDICT_RTT_IMPOSSIBLE] = {"rtt-impossible", is_rtt_impossible},
	[VERDICT_FOREIGN_OPERATOR] = {"foreign-operator", is_foreign},
	[VERDICT_SPLIT] = {"split", is_split},
	[VERDICT_CONSISTENT] = {"consistent", is_consistent},
	[VERDICT_UNKNOWN] = {"unknown", is_unknown},
};

static const char *const flag_names[VERDICT_FLAGS] = {"far", "too-fast", "unusual-answer", "unstable"};

const char *verdict_name(enum verdict_kind k)
{
	return table[k].name;
}

const char *verdict_flag_name(unsigned number)
{
	return number < VERDICT_FLAGS ? flag_names[number] : NULL;
}

const char *verdict_split_name(enum verdict_split s)
{
	static const char *const names[VERDICT_SPLITS] = {"", "by flow", "by question", "by time"};

	return names[s];
}

const char *verdict_reason_name(enum verdict_reason r)
{
	static const char *const names[VERDICT_REASONS] = {"", "not asked", "too few replies",
		"opaque identity", "no rule fits", "no identity", "rule not sure", "answers differ",
		"two names in one answer", "time too short"};

	return names[r];
}

bool verdict_parse(const char *name, size_t n, unsigned *verdicts, unsigned *flags)
{
	for (unsigned i = 0; i < VERDICTS; i++)
		if (strlen(table[i].name) == n && strncmp(table[i].name, name, n) == 0) {
			*verdicts |= 1U << i;
			return true;
		}
	for (unsigned i = 0; i < VERDICT_FLAGS; i++)
		if (strlen(flag_names[i]) == n && strncmp(flag_names[i], name, n) == 0) {
			*flags |= 1U << i;
			return true;
		}
	return false;
}

/* --- flags, and where the time goes --- */

static bool is_far(const struct verdict *v, const struct verdict_input *in)
{
	return v->kind == VERDICT_CONSISTENT && in->here.said && v->nearest && v->min_ns >= 0 &&
	       v->physics.km - v->nearest_km >= FAR_KM && ms_of(v->min_ns) - v->nearest_floor_ms >= FAR_MS;
}

static unsigned flags_of(const struct verdict *v, const struct verdict_input *in, const struct spread *s)
{
	bool accused = v->kind == VERDICT_LOCATION_SUSPECT || v->kind == VERDICT_RTT_IMPOSSIBLE;
	bool odd = v->signs.count[SIGN_C4].holds && signs_holding(&v->signs) == 0;

	return (is_far(v, in) ? VERDICT_FAR : 0U) |
	       (in->here.said && v->odd && !accused ? VERDICT_TOO_FAST : 0U) |
	       (odd ? VERDICT_UNUSUAL_ANSWER : 0U) | (s->unstable ? VERDICT_UNSTABLE : 0U);
}

static double loss_percent(const struct observation *o)
{
	uint32_t sent = 0, lost = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct observe_line *l = &o->line[i];
		uint32_t left = l->sent - l->outcome[OUTCOME_SEND_ERROR];

		/* What is not answered at all is refused or filtered, not lost. */
		if (l->received == 0)
			continue;
		sent += left;
		lost += left - (l->received < left ? l->received : left);
	}
	return sent ? 100.0 * lost / sent : NONE;
}

static struct verdict_slow slow_of(const struct verdict *v, const struct verdict_input *in)
{
	struct verdict_slow s = {
		.access = ms_of(in->first_hop_ns),
		.distance = v->physics.floor_fibre_ms,
		.detour = v->physics.floor_fibre_ms - v->nearest_floor_ms,
		.loss_percent = loss_percent(in->target.seen),
		.queueing = NONE,
		.server = NONE,
	};

	s.path = ms_of(v->min_ns) - s.distance - (isnan(s.access) ? 0 : s.access);
	if (v->site && v->site->min_ns >= 0)
		s.queueing = ms_of(v->site->median_ns - v->site->min_ns);
	/* Of one site only: with more it is not known which of them was pinged. */
	if (v->voices.n_sites == 1 && v->signs.icmp_ns >= 0 && v->min_ns >= 0)
		s.server = ms_of(v->min_ns) - ms_of(v->signs.icmp_ns);
	return s;
}

static void find_odd(struct verdict *v, const struct verdict_input *in)
{
	for (size_t i = 0; v->site && i < v->voices.n_sites; i++) {
		const struct voice_site *s = &v->voices.sites[i];
		struct verdict_physics p = verdict_weigh(&in->here, &s->id, s->min_ns);

		if (!is_sure(&s->id) || !is_too_fast(&p) || (v->odd && p.fit <= v->odd_physics.fit))
			continue;
		v->odd = s;
		v->odd_physics = p;
	}
}

static void measure(struct verdict *v, const struct verdict_input *in)
{
	const struct observation *o = in->target.seen;
	int64_t shortest = -1;

	for (int k = PROBE_DNS; k < PROBE_KINDS; k++) {
		int64_t ns = observe_kind_min_ns(o, (enum probe_kind)k);

		if (ns >= 0 && (shortest < 0 || ns < shortest))
			shortest = ns;
	}
	v->site = v->voices.n_sites ? &v->voices.sites[0] : NULL;
	v->min_ns = v->site ? v->site->min_ns : observe_kind_min_ns(o, PROBE_DNS);
	v->bound_km = ms_of(shortest) * GEO_DISC_KM_PER_MS;
	v->physics = verdict_weigh(&in->here, v->site ? &v->site->id : NULL, v->min_ns);
	look_through_list(v, in);
	find_odd(v, in);
}

static const struct observation *find_no_dns(const struct verdict_input *in)
{
	for (size_t i = 0; i < in->n_controls; i++)
		if (in->controls[i].no_dns)
			return in->controls[i].seen;
	return NULL;
}

int verdict_reach(struct verdict *v, const struct verdict_input *in)
{
	struct weighing w = {.in = in, .v = v};
	int k = 0;

	*v = (struct verdict){.min_ns = -1};
	if (voices_hear(&v->voices, in->target.seen, in->rules, in->target.scope, in->day) < 0 ||
		hear_controls(v, in) < 0 || spread_of(&v->voices, &w.spread) < 0)
		return ERR_NOMEM;
	signs_look(&v->signs, &v->voices, &in->target.baseline, find_no_dns(in));
	measure(v, in);
	while (!table[k].applies(&w))
		k++;
	v->kind = (enum verdict_kind)k;
	v->flags = flags_of(v, in, &w.spread);
	v->slow = slow_of(v, in);
	return 0;
}

void verdict_free(struct verdict *v)
{
	for (size_t i = 0; i < v->n_controls; i++)
		voices_free(&v->controls[i].voices);
	free(v->controls);
	voices_free(&v->voices);
	*v = (struct verdict){.min_ns = -1};
}

/* --- shares of few flows --- */

/* P(X <= k) for n trials of probability p. */
static double binomial_up_to(uint32_t k, uint32_t n, double p)
{
	double sum = 0;

	for (uint32_t i = 0; i <= k; i++)
		sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
			   (n - i) * log1p(-p));
	return sum;
}

/* The p at which P(X <= k) is `tail`. It falls as p grows. */
static double solve(uint32_t k, uint32_t n, double tail)
{
	double low = 0, high = 1;

	for (int i = 0; i < 60; i++) {
		double p = (low + high) / 2;

		*(binomial_up_to(k, n, p) > tail ? &low : &high) = p;
	}
	return (low + high) / 2;
}

void verdict_interval(uint32_t k, uint32_t n, double *low, double *high)
{
	*low = k == 0 ? 0 : solve(k - 1, n, 1 - 0.025);
	*high = k >= n ? 1 : solve(k, n, 0.025);
}
