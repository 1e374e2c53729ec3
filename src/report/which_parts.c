#include "report/which_parts.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/csv.h"

/* Nearer by less is not nearer. */
enum { NEAREST_SLACK_KM = 50 };

void which_add(struct which_words *w, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(w->text + w->n, w->cap - w->n, fmt, args);
	va_end(args);
	if (n > 0)
		w->n = w->n + (size_t)n < w->cap ? w->n + (size_t)n : w->cap - 1;
}

const char *which_name(struct bytes b, char out[static WHICH_CELL_MAX])
{
	char whole[WHICH_NAME_MAX + 8];
	size_t n = csv_escape(whole, sizeof(whole) - 1, b.p, b.n);

	whole[n] = '\0';
	(void)snprintf(out, WHICH_CELL_MAX, n > WHICH_NAME_MAX ? "%.*s..." : "%.*s", WHICH_NAME_MAX, whole);
	return out;
}

const char *which_ms(double ms, char out[static WHICH_CELL_MAX])
{
	if (isnan(ms))
		(void)snprintf(out, WHICH_CELL_MAX, "-");
	else
		(void)snprintf(out, WHICH_CELL_MAX, "%.*f ms", ms < 99.95 ? 1 : 0, ms);
	return out;
}

const char *which_km(double km, char out[static WHICH_CELL_MAX])
{
	long v = lround(km);

	if (v >= 1000)
		(void)snprintf(out, WHICH_CELL_MAX, "%ld,%03ld", v / 1000, v % 1000);
	else
		(void)snprintf(out, WHICH_CELL_MAX, "%ld", v);
	return out;
}

const char *which_operators(const char *list, char out[static WHICH_CELL_MAX])
{
	struct which_words w = {.text = out, .cap = WHICH_CELL_MAX};

	out[0] = '\0';
	for (const char *at = list; *at;) {
		size_t n = strcspn(at, "|");

		which_add(&w, "%s%.*s", w.n ? " or " : "", (int)n, at);
		at += n + (at[n] == '|');
	}
	return out;
}

const char *which_site(const struct ident *id, char out[static 2 * WHICH_CELL_MAX])
{
	char operators[WHICH_CELL_MAX];

	if (id->city)
		(void)snprintf(out, 2 * WHICH_CELL_MAX, "%s, %s (%s)", id->city, id->country, id->site);
	else
		(void)snprintf(out, 2 * WHICH_CELL_MAX, "%.*s site %s",
			(int)strcspn(which_operators(id->rule->operators, operators), "|"), operators,
			id->site);
	return out;
}

const char *which_question(const struct observe_line *l, char out[static WHICH_CELL_MAX])
{
	if (l->kind == PROBE_ICMP)
		(void)snprintf(out, WHICH_CELL_MAX, "echo");
	else if (l->kind == PROBE_TCP)
		(void)snprintf(out, WHICH_CELL_MAX, "SYN %u", l->dst_port);
	else if (l->question == QUESTION_IN_SOA)
		(void)snprintf(out, WHICH_CELL_MAX, "IN SOA .");
	else
		(void)snprintf(out, WHICH_CELL_MAX, "%s TXT %s", question_is_chaos(l->question) ? "CH" : "IN",
			question_name(l->question));
	return out;
}

const char *which_here(const struct which_view *v, char out[static WHICH_CELL_MAX])
{
	const struct verdict_place *p = &v->in->here;

	if (*v->here)
		(void)snprintf(out, WHICH_CELL_MAX, "%s", v->here);
	else
		(void)snprintf(out, WHICH_CELL_MAX, "%.2f,%.2f", p->lat_deg, p->lon_deg);
	return out;
}

/* Of the voices of one site, or of all: -1. */
static struct bytes label_of(const struct voices *v, int32_t site)
{
	struct bytes best = {0};
	uint32_t most = 0;

	for (size_t i = 0; i < v->seen->n; i++)
		for (size_t k = 0; v->seen->line[i].kind == PROBE_DNS && k < v->seen->line[i].n_answers;
			k++) {
			const struct voice *voice = &v->v[v->first[i] + k];

			if (voice->label.n && (site < 0 || voice->site == site) &&
				v->seen->line[i].answers[k].replies > most) {
				most = v->seen->line[i].answers[k].replies;
				best = voice->label;
			}
		}
	return best;
}

struct bytes which_label(const struct voices *v)
{
	return label_of(v, -1);
}

bool which_is_proven(const struct which_view *v, const struct voice_site *s)
{
	enum verdict_fit fit = s ? verdict_weigh(&v->in->here, &s->id, s->min_ns).fit : VERDICT_NO_FIT_KNOWN;
	bool too_fast = fit == VERDICT_FASTER_THAN_FIBRE || fit == VERDICT_FASTER_THAN_LIGHT;

	/* Where the place of ours is what is doubted, the site is not. */
	return s && s->id.confidence == RULES_HIGH && !s->id.expired &&
	       (!too_fast || !v->in->here.said || v->verdict->kind == VERDICT_LOCATION_SUSPECT);
}

const char *which_spoken(
	const struct which_view *v, const struct voice_site *s, char out[static 2 * WHICH_CELL_MAX])
{
	char name[WHICH_CELL_MAX];

	if (which_is_proven(v, s))
		return which_site(&s->id, out);
	(void)snprintf(out, 2 * WHICH_CELL_MAX, "\"%s\"",
		which_name(label_of(&v->verdict->voices, (int32_t)(s - v->verdict->voices.sites)), name));
	return out;
}

double which_min_ms(const struct verdict *v)
{
	return v->min_ns < 0 ? (double)NAN : (double)v->min_ns / 1e6;
}

uint32_t which_flows(const struct which_view *v)
{
	uint8_t all[32] = {0};

	for (size_t i = 0; i < v->verdict->voices.n_sites; i++)
		for (size_t k = 0; k < 32; k++)
			all[k] |= v->verdict->voices.sites[i].flows[k];
	return observe_count_flows(all);
}

const struct rule *which_foreign(const struct voices *h)
{
	const struct rule *rule = NULL;
	uint32_t most = 0;

	for (size_t i = 0; i < h->seen->n; i++)
		for (size_t k = 0; h->seen->line[i].kind == PROBE_DNS && k < h->seen->line[i].n_answers;
			k++) {
			const struct ident *id = &h->v[h->first[i] + k].id;

			if (id->status == IDENT_OTHER && id->foreign &&
				h->seen->line[i].answers[k].replies > most) {
				most = h->seen->line[i].answers[k].replies;
				rule = id->rule;
			}
		}
	return rule;
}

const struct observe_line *which_dns_error(const struct observation *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].kind == PROBE_DNS && o->line[i].icmp_type >= 0)
			return &o->line[i];
	return NULL;
}

bool which_is_at_nearest(const struct verdict *v)
{
	return v->nearest_km >= v->physics.km - v->site->id.radius_km - NEAREST_SLACK_KM;
}
