#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "data/icmp_text.h"
#include "report/grid.h"
#include "report/which_parts.h"

enum { NAMES_SHOWN = 3 };
enum column {
	C_PROBE,
	C_QUESTION,
	C_WHO,
	C_SITE,
	C_FLOWS,
	C_SENT,
	C_RECEIVED,
	C_MIN,
	C_MEDIAN,
	C_LOSS,
	C_NOTE,
	COLUMNS
};

static const struct grid_heading headings[COLUMNS] = {
	{"PROBE", false},
	{"QUESTION", false},
	{"ANSWERED BY", false},
	{"SITE", false},
	{"FLOWS", false},
	{"SENT", true},
	{"RECV", true},
	{"MIN ms", true},
	{"MEDIAN", true},
	{"LOSS", true},
	{"NOTE", false},
};

static void put(struct libscols_line *line, size_t c, const char *text)
{
	if (line)
		(void)scols_line_set_data(line, c, text);
}

static void put_number(struct libscols_line *line, enum column c, uint32_t v)
{
	char text[WHICH_CELL_MAX];

	(void)snprintf(text, sizeof(text), "%u", v);
	put(line, c, text);
}

static void put_ns(struct libscols_line *line, size_t c, int64_t ns)
{
	char text[WHICH_CELL_MAX];

	if (ns < 0)
		(void)snprintf(text, sizeof(text), "-");
	else
		(void)snprintf(text, sizeof(text), "%.3f", (double)ns / 1e6);
	put(line, c, text);
}

static const char *note_of(const struct observe_line *l, char out[static WHICH_CELL_MAX])
{
	const char *icmp = icmp_text(l->icmp_from.family, l->icmp_type, l->icmp_code);
	char from[ADDR_TEXT_LEN];

	out[0] = '\0';
	if (l->icmp_type >= 0)
		(void)snprintf(out, WHICH_CELL_MAX, "%s, says %s", icmp ? icmp : "ICMP error",
			addr_text(&l->icmp_from, from));
	else if (l->outcome[OUTCOME_SEND_ERROR])
		(void)snprintf(out, WHICH_CELL_MAX, "%u not sent", l->outcome[OUTCOME_SEND_ERROR]);
	else if (l->outcome[OUTCOME_BAD_REPLY])
		(void)snprintf(
			out, WHICH_CELL_MAX, "%u bad replies (%s)", l->outcome[OUTCOME_BAD_REPLY], l->fault);
	else if (l->second_answers)
		(void)snprintf(out, WHICH_CELL_MAX, "%u probes got two different answers", l->second_answers);
	else if (l->kind == PROBE_TCP && l->received)
		(void)snprintf(
			out, WHICH_CELL_MAX, "%s", l->outcome[OUTCOME_RST] ? "RST: closed" : "SYN/ACK");
	else if (l->retry)
		(void)snprintf(out, WHICH_CELL_MAX, "retry");
	return out;
}

/* --- the answers of one question, by site --- */

/* Those that name one site (-1: none), and what came of them. */
struct group {
	int32_t site;
	uint32_t replies;
	uint8_t flows[32];
	int64_t *rtt_ns;
	size_t n_rtt;
};

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int fill_group(struct group *g, const struct voices *h, size_t line)
{
	const struct observe_line *l = &h->seen->line[line];

	g->rtt_ns = calloc(l->n_samples + 1, sizeof(*g->rtt_ns));
	if (!g->rtt_ns)
		return ERR_NOMEM;
	for (size_t i = 0; i < l->n_samples; i++) {
		const struct observe_sample *s = &l->samples[i];

		if (voices_of(h, line, s)->site != g->site)
			continue;
		g->replies++;
		g->flows[s->flow / 8] = (uint8_t)(g->flows[s->flow / 8] | 1U << s->flow % 8);
		if (s->rtt_ns >= 0)
			g->rtt_ns[g->n_rtt++] = s->rtt_ns;
	}
	qsort(g->rtt_ns, g->n_rtt, sizeof(*g->rtt_ns), by_time);
	return 0;
}

static bool same(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The names that a group's answers gave, each once: TXT or NSID. */
static void names_text(const struct voices *h, size_t line, const struct group *g, bool nsid,
	char out[static 4 * WHICH_CELL_MAX])
{
	const struct observe_line *l = &h->seen->line[line];
	struct which_words w = {.text = out, .cap = 4 * WHICH_CELL_MAX};
	unsigned names = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n_answers; i++) {
		struct bytes b = nsid ? l->answers[i].nsid : l->answers[i].txt;
		char name[WHICH_CELL_MAX];
		bool met = h->v[h->first[line] + i].site != g->site || b.n == 0;

		for (size_t k = 0; k < i && !met; k++)
			met = h->v[h->first[line] + k].site == g->site &&
			      same(nsid ? l->answers[k].nsid : l->answers[k].txt, b);
		if (met || ++names > NAMES_SHOWN)
			continue;
		which_add(&w, "%s%s", names > 1 ? " " : "", which_name(b, name));
	}
	if (names > NAMES_SHOWN)
		which_add(&w, " (+%u)", names - NAMES_SHOWN);
}

/* Why there is no name, of the first answer of the group. */
static const char *nothing(const struct voices *h, size_t line, const struct group *g, bool nsid)
{
	const struct observe_line *l = &h->seen->line[line];

	for (size_t i = 0; i < l->n_answers; i++)
		if (h->v[h->first[line] + i].site == g->site) {
			const struct observe_answer *a = &l->answers[i];

			return nsid           ? a->has_nsid ? "(empty)" : "(none)"
			       : a->rcode > 0 ? "(error)"
					      : "(empty)";
		}
	return "-";
}

static void put_names(
	struct libscols_line *line, const struct voices *h, size_t of, const struct group *g, bool nsid)
{
	char names[4 * WHICH_CELL_MAX];

	names_text(h, of, g, nsid, names);
	if (!nsid && h->seen->line[of].question == QUESTION_IN_SOA)
		put(line, C_WHO, "-");
	else
		put(line, C_WHO, *names ? names : nothing(h, of, g, nsid));
	put(line, C_SITE, g->site >= 0 ? h->sites[g->site].id.site : "?");
}

static void flows_text(const uint8_t flows[static 32], char out[static WHICH_CELL_MAX])
{
	struct which_words w = {.text = out, .cap = WHICH_CELL_MAX};
	unsigned shown = 0, all = observe_count_flows(flows);

	out[0] = '\0';
	for (unsigned i = 0; i < 256; i++)
		if (observe_flow(flows, i) && shown++ < 8)
			which_add(&w, "%s%u", w.n ? " " : "", i);
	if (all > 8)
		which_add(&w, " (+%u)", all - 8);
}

static int16_t rcode_of(const struct voices *h, size_t line, const struct group *g)
{
	const struct observe_line *l = &h->seen->line[line];

	for (size_t i = 0; i < l->n_answers; i++)
		if (h->v[h->first[line] + i].site == g->site && l->answers[i].rcode > 0)
			return l->answers[i].rcode;
	return 0;
}

static void put_group(struct libscols_table *t, struct libscols_line *line, const struct voices *h, size_t of,
	const struct group *g, bool only)
{
	struct libscols_line *below;
	char text[WHICH_CELL_MAX];
	int16_t rcode = rcode_of(h, of, g);

	put_names(line, h, of, g, false);
	put_number(line, C_RECEIVED, g->replies);
	put_ns(line, C_MIN, g->n_rtt ? g->rtt_ns[0] : -1);
	put_ns(line, C_MEDIAN, g->n_rtt ? (g->rtt_ns[(g->n_rtt - 1) / 2] + g->rtt_ns[g->n_rtt / 2]) / 2 : -1);
	if (!only) {
		flows_text(g->flows, text);
		put(line, C_FLOWS, text);
	}
	if (rcode) {
		(void)snprintf(text, sizeof(text), "rcode %d", rcode);
		put(line, C_NOTE, text);
	}
	below = scols_table_new_line(t, NULL);
	put(below, C_QUESTION, "+ NSID");
	if (below)
		put_names(below, h, of, g, true);
	put(below, C_NOTE, "same packets");
}

/* Sites in their order, then what has none. The first stands on `line`. */
static int put_groups(struct libscols_table *t, struct libscols_line *line, const struct voices *h, size_t of)
{
	uint32_t left = h->seen->line[of].received, all = left;

	for (int32_t site = 0; left > 0; site++) {
		struct group g = {.site = site < (int32_t)h->n_sites ? site : -1};

		if (fill_group(&g, h, of) < 0)
			return ERR_NOMEM;
		if (g.replies > 0) {
			struct libscols_line *at = left == all ? line : scols_table_new_line(t, NULL);

			if (at)
				put_group(t, at, h, of, &g, g.replies == all);
		}
		left -= g.replies;
		free(g.rtt_ns);
	}
	return 0;
}

/* Answered flows, packets, times and loss. */
static void put_figures(struct libscols_line *line, const struct observe_line *l)
{
	char text[WHICH_CELL_MAX];

	(void)snprintf(text, sizeof(text), "%u/%u", observe_count_flows(l->flows_answered),
		observe_count_flows(l->flows));
	put(line, C_FLOWS, text);
	put_number(line, C_SENT, l->sent);
	put_number(line, C_RECEIVED, l->received);
	put_ns(line, C_MIN, observe_min_ns(l));
	put_ns(line, C_MEDIAN, observe_median_ns(l));
	(void)snprintf(
		text, sizeof(text), "%.0f %%", l->sent ? 100.0 * (l->sent - l->received) / l->sent : 0);
	put(line, C_LOSS, text);
}

static int put_line(struct libscols_table *t, const struct voices *h, size_t of, const char *kind)
{
	const struct observe_line *l = &h->seen->line[of];
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[WHICH_CELL_MAX];

	if (!line)
		return ERR_NOMEM;
	put(line, C_PROBE, kind ? kind : probe_kind_name(l->kind));
	put(line, C_QUESTION, which_question(l, text));
	put(line, C_WHO, "-");
	put(line, C_SITE, "-");
	put_figures(line, l);
	put(line, C_NOTE, note_of(l, text));
	return l->kind == PROBE_DNS ? put_groups(t, line, h, of) : 0;
}

/* A control is one line: who answers, from where, how fast. */
static int put_control(
	struct libscols_table *t, const struct verdict_control *c, const struct verdict_subject *about)
{
	const struct voices *h = &c->voices;
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[WHICH_CELL_MAX], target[ADDR_TEXT_LEN];
	const struct observe_line *l = observe_best(about->seen, PROBE_DNS);
	struct bytes label = which_label(h);

	if (!line)
		return ERR_NOMEM;
	l = l ? l : about->seen->line;
	put(line, C_PROBE, about->no_dns ? "no dns" : "control");
	put(line, C_QUESTION, addr_text(&about->seen->target, target));
	put(line, C_WHO, label.n ? which_name(label, text) : "-");
	put(line, C_SITE, h->n_sites ? h->sites[0].id.site : "-");
	if (about->seen->n == 0)
		return 0;
	put_figures(line, l);
	return 0;
}

static int print(struct libscols_table *t, int rc)
{
	if (rc == 0)
		rc = scols_print_table(t) < 0 ? ERR_IO : 0;
	scols_unref_table(t);
	return rc;
}

/* Controls are shown where the verdict rests on them. */
static bool is_wanted(const struct which_view *v, size_t control)
{
	enum verdict_kind k = v->verdict->kind;

	return v->in->controls[control].no_dns || k == VERDICT_LOCATION_SUSPECT ||
	       k == VERDICT_RTT_IMPOSSIBLE || v->verdict->flags & VERDICT_TOO_FAST;
}

int which_table(FILE *out, const struct which_view *v, bool colour)
{
	struct libscols_table *t = grid_new(out, headings, COLUMNS, colour);
	int rc = t ? 0 : ERR_NOMEM;

	for (size_t i = 0; rc == 0 && i < v->in->target.seen->n; i++)
		rc = put_line(t, &v->verdict->voices, i, NULL);
	for (size_t i = 0; rc == 0 && i < v->verdict->n_controls; i++)
		if (is_wanted(v, i))
			rc = put_control(t, &v->verdict->controls[i], &v->in->controls[i]);
	return print(t, rc);
}

/* --- many targets at a glance --- */

static void summary_line(struct libscols_table *t, const struct which_view *v)
{
	const struct verdict *d = v->verdict;
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[2 * WHICH_CELL_MAX + 16], site[2 * WHICH_CELL_MAX], target[ADDR_TEXT_LEN];
	struct which_words w = {.text = text, .cap = sizeof(text)};

	put(line, 0, addr_text(&v->in->target.seen->target, target));
	put(line, 1, v->in->target.service);
	which_add(&w, "%s", which_is_proven(v, d->site) ? which_site(&d->site->id, site) : "-");
	if (d->kind == VERDICT_SPLIT)
		which_add(&w, " +%zu", d->voices.n_sites - 1);
	put(line, 2, text);
	w.n = 0;
	put(line, 3, isnan(which_min_ms(d)) ? "-" : which_ms(which_min_ms(d), text));
	which_add(&w, "%s", verdict_name(d->kind));
	if (d->kind == VERDICT_UNKNOWN)
		which_add(&w, " (%s)", verdict_reason_name(d->reason));
	for (unsigned i = 0; i < VERDICT_FLAGS; i++)
		if (d->flags >> i & 1)
			which_add(&w, ", %s", verdict_flag_name(i));
	put(line, 4, text);
}

int which_summary(FILE *out, const struct which_view *v, size_t n, bool colour)
{
	static const struct grid_heading of[] = {{"TARGET", false}, {"SERVICE", false},
		{"ANSWERED FROM", false}, {"MIN", true}, {"VERDICT", false}};
	struct libscols_table *t = grid_new(out, of, sizeof(of) / sizeof(of[0]), colour);

	for (size_t i = 0; t && i < n; i++)
		summary_line(t, &v[i]);
	return print(t, t ? 0 : ERR_NOMEM);
}

/* --- who was met --- */

static struct libscols_line *met_line(struct libscols_table *t, const struct which_met *m, uint32_t replies)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[ADDR_TEXT_LEN];

	put(line, 0, addr_text(&m->target, text));
	put(line, 1, m->service);
	(void)snprintf(text, sizeof(text), "%u", replies);
	put(line, 3, text);
	return line;
}

static void met_target(struct libscols_table *t, const struct which_met *m)
{
	const struct voices *h = m->voices;
	char text[2 * WHICH_CELL_MAX], name[WHICH_CELL_MAX];
	struct bytes label = which_label(h);

	for (size_t i = 0; i < h->n_sites; i++) {
		const struct voice_site *s = &h->sites[i];
		struct libscols_line *line = met_line(t, m, s->replies);

		put(line, 2, which_site(&s->id, text));
		put_ns(line, 4, s->min_ns);
	}
	if (h->n_sites || h->replies == 0)
		return;
	if (label.n)
		(void)snprintf(text, sizeof(text), "\"%s\", no rule fits", which_name(label, name));
	put(met_line(t, m, h->replies), 2, label.n ? text : "no name given");
}

int which_met(FILE *out, const struct which_met *m, size_t n, bool colour)
{
	static const struct grid_heading of[] = {{"TARGET", false}, {"SERVICE", false},
		{"ANSWERED FROM", false}, {"REPLIES", true}, {"MIN ms", true}};
	struct libscols_table *t = grid_new(out, of, sizeof(of) / sizeof(of[0]), colour);

	for (size_t i = 0; t && i < n; i++)
		met_target(t, &m[i]);
	return print(t, t ? 0 : ERR_NOMEM);
}
