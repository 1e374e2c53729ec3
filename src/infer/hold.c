#include "infer/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"

/* So many answers in a row make a stay; fewer could be chance among equal paths. */
enum { STAY_MIN = 2, STAY_BACK_MIN = 3, MISSED_MIN = 2 };

static const char *const end_names[HOLD_ENDS] = {
	[HOLD_END_OPEN] = "held",
	[HOLD_END_SILENT] = "silent",
	[HOLD_END_CLOSED] = "closed",
	[HOLD_END_RESET] = "reset",
	[HOLD_END_FAILED] = "failed",
	[HOLD_END_REFUSED] = "refused",
	[HOLD_END_UNOPENED] = "unopened",
};

const char *hold_end_name(enum hold_end e)
{
	return end_names[e];
}

/* --- who answered --- */

static struct hold_place describe(const struct hold_log *l, const struct hold_event *e, const char *name)
{
	struct ident id = ident_answer(l->rules, l->scope, l->day, e->nsid, e->txt, QUESTION_ID_SERVER);
	bool sure = id.confidence == RULES_HIGH && !id.expired;
	struct hold_place p = {0};

	p.proven = id.status == IDENT_SITE || id.status == IDENT_KEY;
	(void)snprintf(p.key, sizeof(p.key), "%s", p.proven ? id.site : name);
	if (id.status == IDENT_SITE && id.city && sure)
		(void)snprintf(p.label, sizeof(p.label), "%s (%s)", id.city, id.site);
	else if (p.proven && sure)
		(void)snprintf(p.label, sizeof(p.label), "site %s", id.site);
	else if (*name)
		(void)snprintf(p.label, sizeof(p.label), "\"%.300s\"", name);
	else
		(void)snprintf(p.label, sizeof(p.label), "a server without a name");
	return p;
}

static int place_of(struct hold_log *l, const struct hold_place *p)
{
	for (size_t i = 0; i < l->n_places; i++)
		if (l->places[i].proven == p->proven && strcmp(l->places[i].key, p->key) == 0)
			return (int)i;
	if (vec_reserve(&l->places, &l->cap_places, l->n_places + 1) < 0)
		return ERR_NOMEM;
	l->places[l->n_places] = *p;
	return (int)l->n_places++;
}

static int server_of(struct hold_log *l, const struct hold_event *e)
{
	struct bytes b = e->nsid.n ? e->nsid : e->txt;
	struct hold_server s = {.place = HOLD_NOWHERE};
	struct hold_place p;
	int place;

	s.name[csv_escape(s.name, sizeof(s.name) - 1, b.p, b.n)] = '\0';
	for (size_t i = 0; i < l->n_servers; i++)
		if (strcmp(l->servers[i].name, s.name) == 0)
			return (int)i;
	p = describe(l, e, s.name);
	place = place_of(l, &p);
	if (place < 0 || vec_reserve(&l->servers, &l->cap_servers, l->n_servers + 1) < 0)
		return ERR_NOMEM;
	s.place = (uint32_t)place;
	l->servers[l->n_servers] = s;
	return (int)l->n_servers++;
}

int hold_add(struct hold_log *l, const struct hold_event *e)
{
	int server = e->kind == HOLD_ANSWER ? server_of(l, e) : 0;

	if (server < 0 || vec_reserve(&l->v, &l->cap, l->n + 1) < 0)
		return ERR_NOMEM;
	l->v[l->n++] = (struct hold_entry){
		.at_ns = e->at_ns,
		.rtt_ns = e->rtt_ns,
		.way = e->way,
		.kind = e->kind,
		.server = e->kind == HOLD_ANSWER ? (uint32_t)server : HOLD_NOWHERE,
		.unanswered = e->unanswered,
		.error = e->error,
		.rcode = e->rcode,
	};
	return 0;
}

void hold_log_free(struct hold_log *l)
{
	free(l->v);
	free(l->servers);
	free(l->places);
}

/* --- the kept connection --- */

static struct hold_span *add_span(struct hold_finding *f)
{
	if (vec_reserve(&f->spans, &f->cap_spans, f->n_spans + 1) < 0)
		return NULL;
	f->spans[f->n_spans] = (struct hold_span){
		.opened_ns = -1,
		.ended_ns = -1,
		.last_answer_ns = -1,
		.rtt_ns = -1,
		.server = HOLD_NOWHERE,
		.place = HOLD_NOWHERE,
	};
	return &f->spans[f->n_spans++];
}

static void take_answer(const struct hold_log *l, struct hold_span *s, const struct hold_entry *e)
{
	uint32_t place = l->servers[e->server].place;

	s->answers++;
	s->missed = s->unanswered = 0;
	s->last_answer_ns = e->at_ns;
	s->mixed = s->mixed || (s->place != HOLD_NOWHERE && s->place != place);
	s->server = s->server == HOLD_NOWHERE ? e->server : s->server;
	s->place = s->place == HOLD_NOWHERE ? place : s->place;
}

static void take_kept(const struct hold_log *l, struct hold_span *s, const struct hold_entry *e)
{
	static const enum hold_end ends[HOLD_KINDS] = {
		[HOLD_CLOSED] = HOLD_END_CLOSED,
		[HOLD_RESET] = HOLD_END_RESET,
		[HOLD_REFUSED] = HOLD_END_REFUSED,
		[HOLD_FAILED] = HOLD_END_FAILED,
		[HOLD_UNOPENED] = HOLD_END_UNOPENED,
	};

	if (e->kind == HOLD_OPENED) {
		s->opened_ns = e->at_ns;
		s->rtt_ns = e->rtt_ns;
	} else if (e->kind == HOLD_ASKED) {
		s->asked++;
	} else if (e->kind == HOLD_ANSWER) {
		take_answer(l, s, e);
	} else if (e->kind == HOLD_MISSED) {
		s->missed++;
		s->unanswered = e->unanswered;
	} else {
		s->end = ends[e->kind];
		s->ended_ns = e->at_ns;
		s->error = e->error;
	}
}

/* The span after one that is over. Attempts in a row that came to nothing in the same way are one. */
static struct hold_span *next_span(struct hold_finding *f)
{
	struct hold_span *s = &f->spans[f->n_spans - 1], *before = f->n_spans > 1 ? s - 1 : NULL;
	int64_t now = s->ended_ns;

	if (before && s->opened_ns < 0 && before->opened_ns < 0 && s->end == before->end) {
		before->ended_ns = now;
		f->n_spans--;
	}
	s = add_span(f);
	if (s)
		s->begun_ns = now;
	return s;
}

static int find_spans(const struct hold_log *l, struct hold_finding *f)
{
	struct hold_span *s = add_span(f);

	for (size_t i = 0; s && i < l->n; i++) {
		if (l->v[i].way != HOLD_KEPT)
			continue;
		if (s->ended_ns >= 0)
			s = next_span(f);
		if (s)
			take_kept(l, s, &l->v[i]);
	}
	if (!s)
		return ERR_NOMEM;
	if (s->ended_ns < 0 && s->opened_ns < 0)
		s->end = HOLD_END_UNOPENED;
	else if (s->ended_ns < 0 && s->missed >= MISSED_MIN)
		s->end = HOLD_END_SILENT;
	while (f->first + 1 < f->n_spans && f->spans[f->first].opened_ns < 0)
		f->first++;
	return 0;
}

/* --- fresh flows --- */

static int add_met(struct hold_finding *f, const struct hold_entry *e)
{
	struct hold_met *m = f->met;

	while (m < f->met + f->n_met && (m->way != e->way || m->server != e->server))
		m++;
	if (m == f->met + f->n_met) {
		if (vec_reserve(&f->met, &f->cap_met, f->n_met + 1) < 0)
			return ERR_NOMEM;
		m = &f->met[f->n_met++];
		*m = (struct hold_met){.way = e->way, .server = e->server, .first_ns = e->at_ns};
	}
	m->answers++;
	m->last_ns = e->at_ns;
	return 0;
}

/* Answers of fresh flows in a row from one place. */
struct stay {
	uint32_t place, answers;
	int64_t first_ns;
};
enum { STAYS_MAX = 4 };

/* The first stays, and how many there are in all. */
static size_t find_stays(const struct hold_log *l, struct stay stays[static STAYS_MAX])
{
	uint32_t last = HOLD_NOWHERE;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct hold_entry *e = &l->v[i];

		if (e->way == HOLD_KEPT || e->kind != HOLD_ANSWER)
			continue;
		if (l->servers[e->server].place != last) {
			last = l->servers[e->server].place;
			if (n < STAYS_MAX)
				stays[n] = (struct stay){last, 0, e->at_ns};
			n++;
		}
		if (n <= STAYS_MAX)
			stays[n - 1].answers++;
	}
	return n;
}

static void find_course(const struct hold_log *l, struct hold_finding *f)
{
	struct stay s[STAYS_MAX] = {{0}};
	size_t n = find_stays(l, s);

	f->course = n == 0 ? HOLD_COURSE_NONE : n == 1 ? HOLD_COURSE_STEADY : HOLD_COURSE_MIXED;
	f->from = n ? s[0].place : HOLD_NOWHERE;
	f->to = n > 1 ? s[1].place : f->from;
	f->moved_ns = f->back_ns = -1;
	if (n == 2 && s[0].answers >= STAY_MIN && s[1].answers >= STAY_MIN) {
		f->course = HOLD_COURSE_MOVED;
		f->moved_ns = s[1].first_ns;
	}
	if (n == 3 && s[2].place == s[0].place && s[0].answers >= STAY_BACK_MIN &&
		s[1].answers >= STAY_BACK_MIN && s[2].answers >= STAY_BACK_MIN) {
		f->course = HOLD_COURSE_BACK;
		f->moved_ns = s[1].first_ns;
		f->back_ns = s[2].first_ns;
	}
}

int hold_find(const struct hold_log *l, struct hold_finding *f)
{
	int rc = 0;

	*f = (struct hold_finding){0};
	for (size_t i = 0; i < l->n && rc == 0; i++) {
		const struct hold_entry *e = &l->v[i];

		f->asked[e->way] += e->kind == HOLD_ASKED;
		f->answers[e->way] += e->kind == HOLD_ANSWER;
		if (e->kind == HOLD_ANSWER && e->way != HOLD_KEPT)
			rc = add_met(f, e);
	}
	if (rc == 0)
		rc = find_spans(l, f);
	if (rc == 0)
		find_course(l, f);
	return rc;
}

void hold_finding_free(struct hold_finding *f)
{
	free(f->spans);
	free(f->met);
	*f = (struct hold_finding){0};
}
