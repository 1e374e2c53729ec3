#include "report/which.h"

#include <string.h>

#include "infer/geo.h"
#include "report/which_parts.h"

static void count_agreeing(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;

	which_add(w, ": %u of %u identities agree over %u flow%s", h->sites[0].replies, h->labelled,
		which_flows(v), which_flows(v) == 1 ? "" : "s");
	if (h->labelled < h->replies)
		which_add(w, "; %u replies had none", h->replies - h->labelled);
}

static void count_evidence(struct which_words *w, const struct which_view *v)
{
	const struct signs *s = &v->verdict->signs;
	bool class[SIGN_CLASSES] = {false};
	unsigned classes = 0;
	const struct sign_count *least = NULL;

	for (int i = 0; i < SIGNS; i++) {
		if (!s->count[i].holds)
			continue;
		classes += !class[sign_types[i].class];
		class[sign_types[i].class] = true;
		if (!least || s->count[i].in < least->in)
			least = &s->count[i];
	}
	if (least)
		which_add(w, ": %u kind%s of evidence, in %u of %u replies", classes, classes == 1 ? "" : "s",
			least->in, least->of);
}

static void count_controls(struct which_words *w, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	bool against = d->kind == VERDICT_LOCATION_SUSPECT;
	size_t controls = d->contradicting + d->fitting, fit = 0;
	char here[WHICH_CELL_MAX], target[ADDR_TEXT_LEN];

	which_add(w, ": ");
	if (against && d->site && d->elsewhere == &d->site->id)
		which_add(w, "%s and ", addr_text(&v->in->target.seen->target, target));
	which_add(w, "%zu of %zu control%s of other operators %s %s", against ? d->contradicting : d->fitting,
		controls, controls == 1 ? "" : "s", against ? "contradict" : "fit", which_here(v, here));
	for (size_t i = 0; against && i < d->n_controls; i++)
		fit += d->controls[i].site && geo_km(d->controls[i].site->id.lat, d->controls[i].site->id.lon,
						      d->elsewhere->lat, d->elsewhere->lon) <= 150;
	if (against && fit == controls)
		which_add(w, "; all fit %s", d->elsewhere->city);
}

static void count_flows(struct which_words *w, const struct which_view *v)
{
	const struct voices *h = &v->verdict->voices;

	if (v->verdict->split == VERDICT_BY_FLOW)
		which_add(w, ": each flow kept its site, in %u replies", h->placed);
	else if (v->verdict->split == VERDICT_BY_KIND)
		which_add(w, ": the site depends on what is asked, in %u replies", h->placed);
	else
		which_add(w, ": the site changed on one flow, in %u replies", h->placed);
}

static void count_foreign(struct which_words *w, const struct which_view *v)
{
	const struct sign_count *c = &v->verdict->signs.count[SIGN_C1];

	which_add(w, ": %u of %u identities", c->in, c->of);
}

static void (*const counts[VERDICTS])(struct which_words *w, const struct which_view *v) = {
	[VERDICT_INTERCEPTED] = count_evidence,
	[VERDICT_SUSPICIOUS] = count_evidence,
	[VERDICT_LOCATION_SUSPECT] = count_controls,
	[VERDICT_RTT_IMPOSSIBLE] = count_controls,
	[VERDICT_FOREIGN_OPERATOR] = count_foreign,
	[VERDICT_SPLIT] = count_flows,
	[VERDICT_CONSISTENT] = count_agreeing,
};

static void verdict_line(FILE *out, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	char text[WHICH_TEXT_MAX] = "";
	struct which_words w = {.text = text, .cap = sizeof(text)};

	which_add(&w, "verdict %s", verdict_name(d->kind));
	if (d->kind == VERDICT_NO_REPLY)
		which_add(&w, " (dns)");
	if (d->kind == VERDICT_SPLIT)
		which_add(&w, " (%s)", verdict_split_name(d->split));
	if (d->kind == VERDICT_UNKNOWN)
		which_add(&w, " (%s)", verdict_reason_name(d->reason));
	for (unsigned i = 0; i < VERDICT_FLAGS; i++)
		if (d->flags >> i & 1)
			which_add(&w, ", flag %s", verdict_flag_name(i));
	if (d->kind == VERDICT_UNKNOWN && d->site)
		which_add(&w, ", confidence: operator %s, place none", rules_confidence_name(d->confidence));
	else if (d->confidence)
		which_add(&w, ", confidence %s", rules_confidence_name(d->confidence));
	if (counts[d->kind])
		counts[d->kind](&w, v);
	(void)fprintf(out, "%s\n", text);
}

int which_text(FILE *out, const struct which_view *v, bool colour)
{
	char answer[WHICH_TEXT_MAX];
	int rc;

	which_answer(v, answer);
	(void)fprintf(out, colour ? "\033[1m%s\033[0m\n" : "%s\n", answer);
	verdict_line(out, v);
	(void)fprintf(out, "\n");
	rc = which_table(out, v, colour);
	(void)fprintf(out, "\n");
	which_facts(out, v);
	return rc;
}
