#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "data/json_text.h"
#include "report/which_parts.h"

enum { BYTES_MAX = 4 * 1024 };

/* --- values --- */

static json_t *bytes_json(struct bytes b)
{
	char text[BYTES_MAX + 1];

	text[csv_escape(text, BYTES_MAX, b.p, b.n)] = '\0';
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_text(text) : json_null();
}

static json_t *real_json(double v)
{
	return isnan(v) ? json_null() : json_real(v);
}

static json_t *ns_json(int64_t ns)
{
	return ns < 0 ? json_null() : json_real((double)ns / 1e6);
}

static json_t *flows_json(const uint8_t flows[static 32])
{
	json_t *a = json_array();

	for (unsigned i = 0; i < 256; i++)
		if (observe_flow(flows, i))
			(void)json_array_append_new(a, json_integer(i));
	return a;
}

static json_t *addr_json(const struct addr *a)
{
	char text[ADDR_TEXT_LEN];

	return text_or_null(addr_text(a, text));
}

/* --- keys of a target --- */

static json_t *target_json(const struct which_view *v)
{
	return addr_json(&v->in->target.seen->target);
}

static json_t *service_json(const struct which_view *v)
{
	return json_text(v->in->target.service);
}

static json_t *operators_json(const struct which_view *v)
{
	return json_text(v->in->target.operators);
}

static json_t *source_json(const struct which_view *v)
{
	return addr_json(&v->in->target.seen->source);
}

static json_t *stamps_json(const struct which_view *v)
{
	return json_string(v->stamps);
}

static json_t *sockets_json(const struct which_view *v)
{
	return *v->sockets ? json_text(v->sockets) : json_null();
}

static json_t *vp_json(const struct which_view *v)
{
	return strcmp(v->who, "you") == 0 ? json_null() : json_text(v->who);
}

static json_t *place_json(const struct which_view *v)
{
	return text_or_null(*v->place ? v->place : NULL);
}

static json_t *time_json(const struct which_view *v)
{
	char text[CLOCK_TEXT_LEN];

	return v->at.ns ? json_string(clock_text(v->at, text)) : json_null();
}

static json_t *answer_line_json(const struct which_view *v)
{
	char text[WHICH_TEXT_MAX];

	which_answer(v, text);
	return json_text(text);
}

static json_t *verdict_json(const struct which_view *v)
{
	return json_string(verdict_name(v->verdict->kind));
}

static json_t *detail_json(const struct which_view *v)
{
	return text_or_null(v->verdict->kind == VERDICT_SPLIT ? verdict_split_name(v->verdict->split)
							      : verdict_reason_name(v->verdict->reason));
}

static json_t *confidence_json(const struct which_view *v)
{
	return v->verdict->confidence ? json_string(rules_confidence_name(v->verdict->confidence))
				      : json_null();
}

static json_t *flags_json(const struct which_view *v)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < VERDICT_FLAGS; i++)
		if (v->verdict->flags >> i & 1)
			(void)json_array_append_new(a, json_string(verdict_flag_name(i)));
	return a;
}

static const char *const fit_names[] = {[VERDICT_NO_FIT_KNOWN] = NULL,
	[VERDICT_FITS] = "fits",
	[VERDICT_FASTER_THAN_FIBRE] = "faster than fibre",
	[VERDICT_FASTER_THAN_LIGHT] = "faster than light"};

static json_t *ident_json(const struct ident *id)
{
	bool placed = id->status == IDENT_SITE;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:b}", "site", id->site, "city",
		text_or_null(placed ? id->city : NULL), "country", text_or_null(id->country), "lat",
		placed ? json_real(id->lat) : json_null(), "lon", placed ? json_real(id->lon) : json_null(),
		"rule", id->rule->id, "operator", id->rule->operators, "confidence",
		rules_confidence_name(id->confidence), "expired", id->expired);
}

static json_t *site_json(const struct which_view *v, const struct voice_site *s)
{
	json_t *j = ident_json(&s->id);
	struct verdict_physics p = verdict_weigh(&v->in->here, &s->id, s->min_ns);

	(void)json_object_update_new(
		j, json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "replies", s->replies,
			   "servers", s->servers, "flows", flows_json(s->flows), "rtt_min_ms",
			   ns_json(s->min_ns), "rtt_median_ms", ns_json(s->median_ns), "distance_km",
			   real_json(p.km), "floor_fibre_ms", real_json(p.floor_fibre_ms), "floor_vacuum_ms",
			   real_json(p.floor_vacuum_ms), "fit", text_or_null(fit_names[p.fit])));
	return j;
}

static json_t *sites_json(const struct which_view *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->verdict->voices.n_sites; i++)
		(void)json_array_append_new(a, site_json(v, &v->verdict->voices.sites[i]));
	return a;
}

static json_t *evidence_json(const struct which_view *v)
{
	json_t *a = json_array();

	for (int i = 0; i < SIGNS; i++) {
		const struct sign_count *c = &v->verdict->signs.count[i];
		char text[WHICH_TEXT_MAX] = "";
		struct which_words w = {.text = text, .cap = sizeof(text)};

		which_sign(v, (enum sign)i, &w);
		(void)json_array_append_new(a,
			json_pack("{s:s, s:s, s:b, s:b, s:i, s:i, s:o}", "sign", sign_types[i].name, "class",
				sign_class_name(sign_types[i].class), "strong", sign_types[i].strong, "holds",
				c->holds, "in", c->in, "of", c->of, "text", text_or_null(text)));
	}
	return a;
}

static json_t *here_json(const struct which_view *v)
{
	const struct verdict_place *p = &v->in->here;

	return p->known ? json_pack("{s:f, s:f, s:f, s:b, s:b, s:o}", "lat", p->lat_deg, "lon", p->lon_deg,
				  "accuracy_km", p->accuracy_km, "said", p->said, "accuracy_given", p->sure,
				  "town", text_or_null(v->here))
			: json_null();
}

static json_t *nearest_json(const struct which_view *v)
{
	const struct verdict *d = v->verdict;

	return d->nearest ? json_pack("{s:o, s:s, s:f, s:f, s:s, s:i}", "city", json_text(d->nearest->city),
				    "country", d->nearest->country, "distance_km", d->nearest_km,
				    "floor_fibre_ms", d->nearest_floor_ms, "list_date", d->nearest->date,
				    "listed", (int)v->in->n_listed)
			  : json_null();
}

static json_t *bound_json(const struct which_view *v)
{
	return real_json(v->verdict->bound_km);
}

static json_t *slow_json(const struct which_view *v)
{
	const struct verdict_slow *s = &v->verdict->slow;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "access_ms", real_json(s->access),
		"distance_ms", real_json(s->distance), "detour_ms", real_json(s->detour), "path_ms",
		real_json(s->path), "queueing_ms", real_json(s->queueing), "server_ms", real_json(s->server),
		"loss_percent", real_json(s->loss_percent));
}

static json_t *control_json(const struct which_view *v, size_t i)
{
	const struct verdict_control *c = &v->verdict->controls[i];
	const struct verdict_subject *about = &v->in->controls[i];

	return json_pack("{s:o, s:o, s:b, s:b, s:i, s:o, s:o}", "target", addr_json(&about->seen->target),
		"service", json_text(about->service), "no_dns", about->no_dns, "other_operator", c->other,
		"replies", c->voices.replies, "site", c->site ? site_json(v, c->site) : json_null(), "fit",
		text_or_null(fit_names[c->physics.fit]));
}

static json_t *controls_json(const struct which_view *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->verdict->n_controls; i++)
		(void)json_array_append_new(a, control_json(v, i));
	return a;
}

/* --- the probes behind it --- */

static json_t *answer_json(const struct observe_answer *a, const struct voice *voice)
{
	return json_pack("{s:o, s:o, s:o, s:i, s:o, s:o, s:o}", "nsid",
		a->has_nsid ? bytes_json(a->nsid) : json_null(), "txt", bytes_json(a->txt), "rcode",
		a->rcode >= 0 ? json_integer(a->rcode) : json_null(), "replies", a->replies, "flows",
		flows_json(a->flows), "rtt_min_ms", ns_json(a->min_ns), "site",
		text_or_null(voice->site >= 0 ? voice->id.site : NULL));
}

static json_t *line_json(const struct which_view *v, size_t of)
{
	const struct observe_line *l = &v->in->target.seen->line[of];
	const struct voices *h = &v->verdict->voices;
	json_t *outcomes = json_object(), *answers = json_array();
	char question[WHICH_CELL_MAX];

	for (int i = OUTCOME_REPLY; i < OUTCOMES; i++)
		if (l->outcome[i])
			(void)json_object_set_new(
				outcomes, outcome_name((enum outcome)i), json_integer(l->outcome[i]));
	for (size_t i = 0; l->kind == PROBE_DNS && i < l->n_answers; i++)
		(void)json_array_append_new(answers, answer_json(&l->answers[i], &h->v[h->first[of] + i]));
	return json_pack("{s:s, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "probe",
		probe_kind_name(l->kind), "question", which_question(l, question), "retry", l->retry, "sent",
		l->sent, "received", l->received, "outcomes", outcomes, "rtt_min_ms",
		ns_json(observe_min_ns(l)), "rtt_median_ms", ns_json(observe_median_ns(l)), "flows",
		flows_json(l->flows), "answers", answers);
}

static json_t *probes_json(const struct which_view *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->in->target.seen->n; i++)
		(void)json_array_append_new(a, line_json(v, i));
	return a;
}

static const struct {
	const char *name, *about;
	json_t *(*value)(const struct which_view *v);
} keys[] = {
	{"target", "address that was asked", target_json},
	{"service", "its name in targets/, \"\" without one", service_json},
	{"operators", "who may answer for it, separated by |", operators_json},
	{"source", "address it was asked from", source_json},
	{"stamps", "how exact the times are: kernel hybrid socket none", stamps_json},
	{"sockets", "what ordinary sockets do not see; null: raw ones were used, or rows of a run",
		sockets_json},
	{"vp", "whose rows these are, with --run; null: asked from here", vp_json},
	{"time", "when it was asked, UTC", time_json},
	{"answer", "the first line of the text", answer_line_json},
	{"verdict",
		"no-reply intercepted suspicious location-suspect rtt-impossible foreign-operator split "
		"consistent unknown",
		verdict_json},
	{"detail", "of split: by flow, by question, by time; of unknown: why; else null", detail_json},
	{"confidence", "in the verdict: high medium low, null without any", confidence_json},
	{"flags", "some of far too-fast unusual-answer unstable", flags_json},
	{"sites",
		"those that answered, most replies first: site city country lat lon rule ... rtt_min_ms fit",
		sites_json},
	{"place", "of who answers, by the run's sites.csv, with --run; null: it has none, or asked from here",
		place_json},
	{"evidence", "signs of another server: sign class strong holds in of text", evidence_json},
	{"here", "where this machine is, null when not said", here_json},
	{"nearest", "nearest site of the operator's list, with list_date; null without list or place",
		nearest_json},
	{"bound_km", "the site is not farther than this", bound_json},
	{"slow",
		"where the time goes: access_ms distance_ms detour_ms path_ms queueing_ms server_ms "
		"loss_percent",
		slow_json},
	{"controls", "addresses asked for comparison, with site and fit", controls_json},
	{"probes", "what was sent and came, by kind and question, with answers", probes_json},
};

bool which_field(size_t i, struct field *out)
{
	if (i >= sizeof(keys) / sizeof(keys[0]))
		return false;
	*out = (struct field){keys[i].name, keys[i].about};
	return true;
}

int which_json(FILE *out, const struct which_view *v, size_t n)
{
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; i < n; i++) {
		json_t *target = json_object();

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			(void)json_object_set_new(target, keys[k].name, keys[k].value(&v[i]));
		(void)json_array_append_new(list, target);
	}
	rc = json_dumpf(list, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0 || fputc('\n', out) == EOF
		     ? ERR_IO
		     : 0;
	json_decref(list);
	return rc;
}
