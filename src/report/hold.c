#include "report/hold.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "report/grid.h"

enum { CELL_MAX = 400 };

static const char *place_label(const struct hold_result *r, uint32_t place)
{
	return place < r->log.n_places ? r->log.places[place].label : "nobody";
}

/* The connection that the first line is about. */
static const struct hold_span *first_span(const struct hold_result *r)
{
	return &r->finding.spans[r->finding.first];
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static uint32_t place_of_server(const struct hold_result *r, uint32_t server)
{
	return server < r->log.n_servers ? r->log.servers[server].place : HOLD_NOWHERE;
}

/* --- the first line --- */

/* Where fresh flows went, as the end of a sentence about a connection to `place`. */
static void course_text(FILE *out, const struct hold_result *r, uint32_t place)
{
	const struct hold_finding *f = &r->finding;
	const char *from = place_label(r, f->from), *to = place_label(r, f->to);

	switch (f->course) {
	case HOLD_COURSE_NONE:
		(void)fprintf(out, "; fresh flows got no answer at all");
		break;
	case HOLD_COURSE_STEADY:
		if (f->from == place)
			(void)fprintf(out, "; fresh flows go there too");
		else
			(void)fprintf(out, "; fresh flows go to %s", to);
		break;
	case HOLD_COURSE_MOVED:
		(void)fprintf(out, "; fresh flows moved to %s after %.1f s", to, seconds(f->moved_ns));
		break;
	case HOLD_COURSE_BACK:
		(void)fprintf(out, "; fresh flows went to %s after %.1f s and back after %.1f s", to,
			seconds(f->moved_ns), seconds(f->back_ns));
		break;
	case HOLD_COURSE_MIXED:
		(void)fprintf(out, "; fresh flows met %s, %s%s", from, to,
			r->log.n_places > 2 ? " and others" : "");
		break;
	}
}

/* The kept connection never came to be. */
static void unopened_text(FILE *out, const struct hold_result *r, const char *who)
{
	const struct hold_span *s = first_span(r);

	if (s->end == HOLD_END_REFUSED)
		(void)fprintf(out, "%s refuses TCP connections to port %u", who, r->port);
	else if (s->end == HOLD_END_FAILED)
		(void)fprintf(out, "No TCP connection to %s, port %u: %s", who, r->port, strerror(s->error));
	else
		(void)fprintf(out, "%s does not answer TCP on port %u", who, r->port);
	(void)fprintf(out, ": nothing can be held");
}

static void opened_text(FILE *out, const struct hold_result *r, const char *who)
{
	const struct hold_span *s = first_span(r);
	int64_t end = s->ended_ns >= 0 ? s->ended_ns : r->ran_ns;
	double lasted = seconds(end - s->opened_ns), answered = seconds(s->last_answer_ns - s->opened_ns);
	const char *at = place_label(r, s->place);

	if (s->answers == 0 && s->ended_ns < 0)
		(void)fprintf(
			out, "%s took your TCP connection but answered nothing on it in %.1f s", who, lasted);
	else if (s->mixed)
		(void)fprintf(out,
			"Answers on your one TCP connection to %s came from %s and other places: a proxy "
			"stands between",
			who, at);
	else if (s->end == HOLD_END_OPEN)
		(void)fprintf(out, "Your TCP connection to %s stayed at %s for %.1f s", who, at, lasted);
	else if (s->end == HOLD_END_SILENT)
		(void)fprintf(
			out, "Your TCP connection to %s went silent after %.1f s at %s", who, answered, at);
	else if (s->end == HOLD_END_RESET)
		(void)fprintf(out, "Your TCP connection to %s was reset after %.1f s at %s", who, lasted, at);
	else if (s->end == HOLD_END_CLOSED)
		(void)fprintf(out,
			"The server at %s closed your TCP connection to %s after %u answers, %.1f s", at, who,
			s->answers, lasted);
	else
		(void)fprintf(out, "Your TCP connection to %s broke off after %.1f s at %s (%s)", who, lasted,
			at, strerror(s->error));
}

static void first_line(FILE *out, const struct hold_result *r)
{
	const struct hold_span *s = first_span(r);
	char who[CELL_MAX], address[ADDR_TEXT_LEN];

	(void)snprintf(who, sizeof(who), "%s%s%s%s", addr_text(&r->target, address), *r->service ? " (" : "",
		r->service, *r->service ? ")" : "");
	if (s->opened_ns < 0)
		unopened_text(out, r, who);
	else
		opened_text(out, r, who);
	course_text(out, r, s->place);
	(void)fprintf(out, ".\n");
}

/* --- what it means --- */

/* A move counts as the cause when fresh flows moved at most two questions after the end, or before it. */
static bool moved_by(const struct hold_result *r, int64_t end_ns)
{
	const struct hold_finding *f = &r->finding;

	return (f->course == HOLD_COURSE_MOVED || f->course == HOLD_COURSE_BACK) &&
	       (end_ns < 0 || f->moved_ns <= end_ns + 2 * r->every_ns);
}

static const char *meaning_of(const struct hold_result *r)
{
	const struct hold_span *s = first_span(r);
	bool moved = moved_by(r, s->ended_ns);

	if (s->end == HOLD_END_RESET)
		return moved ? "the route moved, and the new site knows nothing of this connection: such a "
			       "move breaks "
			       "what is under way"
			     : "an RST without a move of the route: the server, or something on the way, "
			       "gave it up";
	if (s->end == HOLD_END_CLOSED)
		return "an orderly end (FIN) is the server's own limit on questions or time, not the route's "
		       "doing";
	if (s->end == HOLD_END_SILENT)
		return moved ? "the route moved, and its packets are dropped there without an RST: an "
			       "application hangs "
			       "until its own timeout"
			     : "its packets are lost without an RST: an application hangs until its own "
			       "timeout";
	if (s->end == HOLD_END_OPEN && r->finding.course == HOLD_COURSE_MIXED)
		return "load sharing by flow: a connection keeps its site, a new one may get another";
	if (s->end == HOLD_END_OPEN && moved)
		return "the path is chosen by flow: this connection kept its own, new ones take another";
	return NULL;
}

/* Kept connections after the first, when all that ended did so in the same way. */
static void repeats(FILE *out, const struct hold_result *r)
{
	const struct hold_finding *f = &r->finding;
	const struct hold_span *s = first_span(r);
	size_t same = 0;

	for (size_t i = 0; i < f->n_spans; i++)
		same += f->spans[i].end == HOLD_END_CLOSED && f->spans[i].answers == s->answers;
	if (same > 1 && s->end == HOLD_END_CLOSED)
		(void)fprintf(
			out, " limit    %zu connections closed after %u answers each\n", same, s->answers);
}

static void facts(FILE *out, const struct hold_result *r)
{
	const struct hold_span *s = first_span(r);
	const char *meaning = meaning_of(r);

	if (meaning || s->missed || r->interrupted)
		(void)fprintf(out, "\n");
	if (s->end == HOLD_END_SILENT)
		(void)fprintf(out, " silent   %u questions unanswered, last segment sent again %u times\n",
			s->missed, s->unanswered);
	repeats(out, r);
	if (meaning)
		(void)fprintf(out, " meaning  %s\n", meaning);
	if (r->interrupted)
		(void)fprintf(out, " note     stopped after %.1f of %.1f s\n", seconds(r->ran_ns),
			seconds(r->hold_ns));
}

/* --- the table --- */

enum column { C_WAY, C_FROM, C_TO, C_WHO, C_PLACE, C_ASKED, C_ANSWERS, C_RTT, C_END, COLUMNS };

static const struct grid_heading columns[COLUMNS] = {
	{"CONNECTION", false},
	{"FROM s", true},
	{"TO s", true},
	{"ANSWERED BY", false},
	{"PLACE", false},
	{"ASKED", true},
	{"ANSWERED", true},
	{"RTT ms", true},
	{"END", false},
};

static const char *const way_names[HOLD_WAYS] = {"kept", "fresh udp", "fresh tcp"};

static void put(struct libscols_line *line, enum column c, const char *text)
{
	(void)scols_line_set_data(line, c, text);
}

static void put_number(struct libscols_line *line, enum column c, double v, int digits)
{
	char text[CELL_MAX];

	(void)snprintf(text, sizeof(text), "%.*f", digits, v);
	put(line, c, text);
}

static void put_server(struct libscols_line *line, const struct hold_result *r, uint32_t server)
{
	uint32_t place = place_of_server(r, server);

	put(line, C_WHO,
		server >= r->log.n_servers     ? "-"
		: *r->log.servers[server].name ? r->log.servers[server].name
					       : "(no name)");
	put(line, C_PLACE,
		place < r->log.n_places && r->log.places[place].proven ? place_label(r, place) : "?");
}

static void put_span(struct libscols_table *t, const struct hold_result *r, const struct hold_span *s)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	if (!line)
		return;
	put(line, C_WAY, way_names[HOLD_KEPT]);
	put_number(line, C_FROM, seconds(s->opened_ns < 0 ? s->begun_ns : s->opened_ns), 1);
	put_number(line, C_TO, seconds(s->ended_ns < 0 ? r->ran_ns : s->ended_ns), 1);
	put_server(line, r, s->server);
	put_number(line, C_ASKED, s->asked, 0);
	put_number(line, C_ANSWERS, s->answers, 0);
	if (s->rtt_ns > 0)
		put_number(line, C_RTT, (double)s->rtt_ns / 1e6, 3);
	put(line, C_END, hold_end_name(s->end));
}

static void put_met(struct libscols_table *t, const struct hold_result *r, const struct hold_met *m)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	if (!line)
		return;
	put(line, C_WAY, way_names[m->way]);
	put_number(line, C_FROM, seconds(m->first_ns), 1);
	put_number(line, C_TO, seconds(m->last_ns), 1);
	put_server(line, r, m->server);
	put_number(line, C_ANSWERS, m->answers, 0);
}

/* What fresh flows of this way asked in all, and how many were lost. */
static void put_lost(struct libscols_table *t, const struct hold_result *r, enum hold_way way)
{
	const struct hold_finding *f = &r->finding;
	struct libscols_line *line =
		f->answers[way] < f->asked[way] || f->asked[way] == 0 ? scols_table_new_line(t, NULL) : NULL;

	if (!line)
		return;
	put(line, C_WAY, way_names[way]);
	put(line, C_WHO, "(in all)");
	put_number(line, C_ASKED, f->asked[way], 0);
	put_number(line, C_ANSWERS, f->answers[way], 0);
}

static int table(FILE *out, const struct hold_result *r, bool colour)
{
	struct libscols_table *t = grid_new(out, columns, COLUMNS, colour);
	int rc = t ? 0 : ERR_NOMEM;

	if (t) {
		for (size_t i = 0; i < r->finding.n_spans; i++)
			put_span(t, r, &r->finding.spans[i]);
		for (enum hold_way w = HOLD_FRESH_UDP; w < HOLD_WAYS; w++) {
			for (size_t i = 0; i < r->finding.n_met; i++)
				if (r->finding.met[i].way == w)
					put_met(t, r, &r->finding.met[i]);
			put_lost(t, r, w);
		}
		rc = scols_print_table(t) < 0 ? ERR_IO : 0;
	}
	scols_unref_table(t);
	return rc;
}

int hold_text(FILE *out, const struct hold_result *r, bool colour)
{
	int rc;

	first_line(out, r);
	(void)fprintf(out, "\n");
	rc = table(out, r, colour);
	facts(out, r);
	return rc;
}

/* --- JSON --- */

static json_t *json_s(int64_t ns)
{
	return ns < 0 ? json_null() : json_real(seconds(ns));
}

static json_t *json_server(const struct hold_result *r, uint32_t server)
{
	uint32_t place = place_of_server(r, server);

	if (place >= r->log.n_places)
		return json_null();
	return json_pack("{s:s, s:s?, s:s}", "identity", r->log.servers[server].name, "site",
		r->log.places[place].proven ? r->log.places[place].key : NULL, "label",
		r->log.places[place].label);
}

static json_t *json_span(const struct hold_result *r, const struct hold_span *s)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s?, s:i, s:i, s:i, s:i, s:b, s:o, s:o}", "end",
		hold_end_name(s->end), "opened_s", json_s(s->opened_ns), "ended_s", json_s(s->ended_ns),
		"last_answer_s", json_s(s->last_answer_ns), "error", s->error ? strerror(s->error) : NULL,
		"asked", (int)s->asked, "answers", (int)s->answers, "missed_at_end", (int)s->missed,
		"resent_at_end", (int)s->unanswered, "several_places", s->mixed, "server",
		json_server(r, s->server), "rtt_ms",
		s->rtt_ns > 0 ? json_real((double)s->rtt_ns / 1e6) : json_null());
}

static json_t *json_fresh(const struct hold_result *r, enum hold_way way)
{
	const struct hold_finding *f = &r->finding;
	json_t *met = json_array();

	for (size_t i = 0; i < f->n_met; i++)
		if (f->met[i].way == way)
			(void)json_array_append_new(met,
				json_pack("{s:o, s:i, s:o, s:o}", "server", json_server(r, f->met[i].server),
					"answers", (int)f->met[i].answers, "first_s",
					json_s(f->met[i].first_ns), "last_s", json_s(f->met[i].last_ns)));
	return json_pack("{s:i, s:i, s:o}", "asked", (int)f->asked[way], "answers", (int)f->answers[way],
		"servers", met);
}

static json_t *json_events(const struct hold_log *l)
{
	static const char *const kinds[HOLD_KINDS] = {
		[HOLD_OPENED] = "opened",
		[HOLD_ASKED] = "asked",
		[HOLD_ANSWER] = "answer",
		[HOLD_MISSED] = "missed",
		[HOLD_CLOSED] = "closed",
		[HOLD_RESET] = "reset",
		[HOLD_REFUSED] = "refused",
		[HOLD_FAILED] = "failed",
		[HOLD_UNOPENED] = "unopened",
	};
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].kind != HOLD_ASKED)
			(void)json_array_append_new(
				a, json_pack("{s:o, s:s, s:s, s:s?}", "at_s", json_s(l->v[i].at_ns),
					   "connection", way_names[l->v[i].way], "event", kinds[l->v[i].kind],
					   "identity",
					   l->v[i].server < l->n_servers ? l->servers[l->v[i].server].name
									 : NULL));
	return a;
}

static json_t *json_course(const struct hold_result *r)
{
	static const char *const names[] = {"none", "steady", "moved", "moved-and-back", "mixed"};
	const struct hold_finding *f = &r->finding;

	return json_pack("{s:s, s:s?, s:s?, s:o, s:o}", "course", names[f->course], "from",
		f->from < r->log.n_places ? r->log.places[f->from].label : NULL, "to",
		f->to < r->log.n_places ? r->log.places[f->to].label : NULL, "moved_s", json_s(f->moved_ns),
		"back_s", json_s(f->back_ns));
}

static json_t *json_result(const struct hold_result *r)
{
	json_t *spans = json_array();
	char target[ADDR_TEXT_LEN];

	for (size_t i = 0; i < r->finding.n_spans; i++)
		(void)json_array_append_new(spans, json_span(r, &r->finding.spans[i]));
	return json_pack("{s:s, s:o, s:i, s:s, s:f, s:f, s:b, s:o, s:o, s:o, s:o, s:o}", "target",
		addr_text(&r->target, target), "service", json_text(r->service), "port", (int)r->port, "hold",
		hold_end_name(first_span(r)->end), "ran_s", seconds(r->ran_ns), "every_s",
		seconds(r->every_ns), "interrupted", r->interrupted, "kept", spans, "fresh", json_course(r),
		"fresh_udp", json_fresh(r, HOLD_FRESH_UDP), "fresh_tcp", json_fresh(r, HOLD_FRESH_TCP),
		"events", json_events(&r->log));
}

int hold_json(FILE *out, const struct hold_result *results, size_t n)
{
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_result(&results[i]));
	rc = json_dumpf(list, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0 || fputc('\n', out) == EOF
		     ? ERR_IO
		     : 0;
	json_decref(list);
	return rc;
}
