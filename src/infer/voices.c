#include "infer/voices.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static bool names_servers(enum question q)
{
	return q == QUESTION_ID_SERVER || q == QUESTION_HOSTNAME_BIND;
}

static bool is_site(const struct ident *id)
{
	return id->status == IDENT_SITE || id->status == IDENT_KEY;
}

/* Whether a rule of the target has this form, be its code known or not. */
static bool is_formed(
	const struct rules *r, const struct ident_scope *scope, enum rules_source source, struct bytes label)
{
	for (size_t i = 0; i < scope->n && scope->v[i].inside; i++) {
		struct ident_trial t = ident_try(r, &r->v[scope->v[i].rule], source, 0, label.p, label.n);

		if (t.reason == IDENT_FITS || t.reason == IDENT_NO_CODE)
			return true;
	}
	return false;
}

static struct voice voice_of(const struct observe_line *l, const struct observe_answer *a,
	const struct rules *r, const struct ident_scope *scope, uint32_t day)
{
	struct bytes txt = names_servers(l->question) ? a->txt : (struct bytes){0};
	struct voice v = {.label = a->nsid.n ? a->nsid : txt, .site = -1};

	v.id = ident_answer(r, scope, day, a->nsid, a->txt, l->question);
	v.formed =
		is_site(&v.id) ||
		is_formed(r, scope, a->nsid.n ? RULES_NSID : rules_source_of_question(l->question), v.label);
	if (v.label.n == 0 && is_site(&v.id))
		v.label = a->txt; /* an operator's own question, answered as a rule has it */
	return v;
}

/* --- one site under two keys --- */

/* The answer names a place and, in the same packet, an opaque key. */
static bool is_alias(const struct rules *r, const struct ident_scope *scope, const struct observe_line *l,
	const struct observe_answer *a, struct ident *key, struct ident *site)
{
	enum rules_source source = rules_source_of_question(l->question);
	struct ident nsid = ident_decode(r, scope, RULES_NSID, 0, a->nsid.p, a->nsid.n),
		     txt = ident_decode(r, scope, source, 0, a->txt.p, a->txt.n);
	bool first = nsid.status == IDENT_KEY && txt.status == IDENT_SITE,
	     second = nsid.status == IDENT_SITE && txt.status == IDENT_KEY;

	*key = first ? nsid : txt;
	*site = first ? txt : nsid;
	return first || second;
}

/* Answers with that key alone get the site. */
static void apply_alias(struct voices *v, const struct ident *key, const struct ident *site)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].id.status == IDENT_KEY && strcmp(v->v[i].id.site, key->site) == 0)
			v->v[i].id = *site;
}

static void join_aliases(struct voices *v, const struct rules *r, const struct ident_scope *scope)
{
	for (size_t i = 0; i < v->seen->n; i++) {
		const struct observe_line *l = &v->seen->line[i];

		for (size_t k = 0; l->kind == PROBE_DNS && k < l->n_answers; k++) {
			struct ident key, site;

			if (is_alias(r, scope, l, &l->answers[k], &key, &site))
				apply_alias(v, &key, &site);
		}
	}
}

/* --- sites --- */

static int32_t site_of(struct voices *v, const struct ident *id)
{
	for (size_t i = 0; i < v->n_sites; i++)
		if (strcmp(v->sites[i].id.site, id->site) == 0)
			return (int32_t)i;
	if (vec_reserve(&v->sites, &v->cap_sites, v->n_sites + 1) < 0)
		return ERR_NOMEM;
	v->sites[v->n_sites] = (struct voice_site){.id = *id, .min_ns = -1, .median_ns = -1};
	return (int32_t)v->n_sites++;
}

static bool same(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Whether an answer before this one has the same label, and site. */
static bool met_before(const struct voices *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same(v->v[k].label, v->v[i].label) && v->v[k].site == v->v[i].site)
			return true;
	return false;
}

static int assign_sites(struct voices *v)
{
	for (size_t i = 0; i < v->n; i++) {
		struct voice *voice = &v->v[i];

		if (is_site(&voice->id)) {
			voice->site = site_of(v, &voice->id);
			if (voice->site < 0)
				return ERR_NOMEM;
		}
		if (voice->label.n == 0 || met_before(v, i))
			continue;
		v->servers++;
		if (voice->site >= 0)
			v->sites[voice->site].servers++;
	}
	return 0;
}

/* --- replies --- */

const struct voice *voices_of(const struct voices *v, size_t line, const struct observe_sample *s)
{
	return &v->v[v->first[line] + s->answer];
}

void voices_walk(const struct voices *v, voices_each *each, void *arg)
{
	for (size_t i = 0; i < v->seen->n; i++) {
		const struct observe_line *l = &v->seen->line[i];

		for (size_t k = 0; l->kind == PROBE_DNS && k < l->n_samples; k++)
			each(arg, i, &l->samples[k], voices_of(v, i, &l->samples[k]));
	}
}

struct counting {
	struct voices *v;
	uint32_t by_flow[256];
	int64_t *rtt_ns; /* of one site */
	size_t n_rtt;
	int32_t site;
};

static void count(void *arg, size_t line, const struct observe_sample *s, const struct voice *voice)
{
	struct counting *c = arg;
	uint32_t *of_flow = &c->by_flow[s->flow];
	struct voice_site *site = voice->site >= 0 ? &c->v->sites[voice->site] : NULL;

	(void)line;
	c->v->replies++;
	c->v->labelled += voice->label.n > 0;
	c->v->torn += voice->id.torn;
	if (++*of_flow > c->v->flow_most)
		c->v->flow_most = *of_flow;
	if (!site)
		return;
	c->v->placed++;
	site->replies++;
	site->flows[s->flow / 8] = (uint8_t)(site->flows[s->flow / 8] | 1U << s->flow % 8);
}

static void take_rtt(void *arg, size_t line, const struct observe_sample *s, const struct voice *voice)
{
	struct counting *c = arg;

	(void)line;
	if (voice->site == c->site && s->rtt_ns >= 0)
		c->rtt_ns[c->n_rtt++] = s->rtt_ns;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void time_site(struct counting *c, struct voice_site *site)
{
	c->n_rtt = 0;
	voices_walk(c->v, take_rtt, c);
	if (c->n_rtt == 0)
		return;
	qsort(c->rtt_ns, c->n_rtt, sizeof(*c->rtt_ns), by_time);
	site->min_ns = c->rtt_ns[0];
	site->median_ns = (c->rtt_ns[(c->n_rtt - 1) / 2] + c->rtt_ns[c->n_rtt / 2]) / 2;
}

static int by_replies(const void *a, const void *b)
{
	const struct voice_site *x = a, *y = b;
	int replies = (x->replies < y->replies) - (x->replies > y->replies);

	return replies ? replies : strcmp(x->id.site, y->id.site);
}

/* Sites in their order, and voices that know them by it. */
static void sort_sites(struct voices *v)
{
	if (v->n_sites < 2)
		return;
	qsort(v->sites, v->n_sites, sizeof(*v->sites), by_replies);
	for (size_t i = 0; i < v->n; i++)
		for (size_t k = 0; v->v[i].site >= 0 && k < v->n_sites; k++)
			if (strcmp(v->sites[k].id.site, v->v[i].id.site) == 0)
				v->v[i].site = (int32_t)k;
}

static int count_all(struct voices *v)
{
	struct counting c = {.v = v};

	voices_walk(v, count, &c);
	c.rtt_ns = calloc(v->replies + 1U, sizeof(*c.rtt_ns));
	if (!c.rtt_ns)
		return ERR_NOMEM;
	for (size_t i = 0; i < v->n_sites; i++) {
		c.site = (int32_t)i;
		time_site(&c, &v->sites[i]);
	}
	free(c.rtt_ns);
	return 0;
}

int voices_hear(struct voices *v, const struct observation *seen, const struct rules *r,
	const struct ident_scope *scope, uint32_t day)
{
	size_t total = 0;

	*v = (struct voices){.seen = seen};
	for (size_t i = 0; i < seen->n; i++)
		total += seen->line[i].n_answers;
	v->v = calloc(total + 1, sizeof(*v->v));
	if (!v->v)
		return ERR_NOMEM;
	for (size_t i = 0; i < seen->n; i++) {
		const struct observe_line *l = &seen->line[i];

		v->first[i] = v->n;
		for (size_t k = 0; l->kind == PROBE_DNS && k < l->n_answers; k++)
			v->v[v->n++] = voice_of(l, &l->answers[k], r, scope, day);
	}
	join_aliases(v, r, scope);
	if (assign_sites(v) < 0 || count_all(v) < 0)
		return ERR_NOMEM;
	sort_sites(v);
	return 0;
}

void voices_free(struct voices *v)
{
	free(v->v);
	free(v->sites);
	*v = (struct voices){.v = NULL};
}
