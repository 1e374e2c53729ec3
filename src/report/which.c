#include "report/which.h"

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "data/icmp_text.h"

enum { TEXT_MAX = 1024, CELL_MAX = 64 };

/* Identity bytes as printable text, cut for the eye where `cap` says so. */
static const char *text_of(struct bytes b, char *out, size_t cap)
{
	size_t n = csv_escape(out, cap - 1, b.p, b.n);

	out[n] = '\0';
	return out;
}

static const char *question_text(const struct observe_line *l, char out[static CELL_MAX])
{
	if (l->kind == PROBE_ICMP)
		(void)snprintf(out, CELL_MAX, "echo");
	else if (l->kind == PROBE_TCP)
		(void)snprintf(out, CELL_MAX, "SYN %u", l->dst_port);
	else if (l->question == QUESTION_IN_SOA)
		(void)snprintf(out, CELL_MAX, "IN SOA .");
	else
		(void)snprintf(out, CELL_MAX, "CH TXT %s", question_name(l->question));
	return out;
}

static void ms_text(int64_t ns, char out[static CELL_MAX])
{
	if (ns < 0)
		(void)snprintf(out, CELL_MAX, "-");
	else
		(void)snprintf(out, CELL_MAX, "%.3f", (double)ns / 1e6);
}

/* --- the first line --- */

static const struct observe_line *best_line(const struct observation *o, enum probe_kind kind)
{
	const struct observe_line *best = NULL;

	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].kind == kind && o->line[i].received &&
			(!best || o->line[i].received > best->received))
			best = &o->line[i];
	return best;
}

/* Servers that name themselves differently, over all lines of dns. */
static size_t distinct_identities(const struct observation *o, struct bytes first[static 8])
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		for (size_t k = 0; k < o->line[i].n_answers; k++) {
			struct bytes id = observe_identity(&o->line[i].answers[k]);
			size_t at = 0;

			while (at < n && (first[at].n != id.n || memcmp(first[at].p, id.p, id.n) != 0))
				at++;
			if (at == n && n < 8 && id.n)
				first[n++] = id;
		}
	return n;
}

static bool never_sent(const struct observation *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].outcome[OUTCOME_SEND_ERROR] < o->line[i].sent)
			return false;
	return true;
}

static void first_line(FILE *out, const struct observation *o, const char *service)
{
	const struct observe_line *dns = best_line(o, PROBE_DNS), *icmp = best_line(o, PROBE_ICMP),
				  *tcp = best_line(o, PROBE_TCP), *other = icmp ? icmp : tcp;
	char address[ADDR_TEXT_LEN], identity[CELL_MAX], ms[CELL_MAX];
	struct bytes ids[8];
	size_t n = distinct_identities(o, ids);

	(void)fprintf(out, "%s%s%s%s ", addr_text(&o->target, address), *service ? " (" : "", service,
		*service ? ")" : "");
	if (dns)
		ms_text(observe_min_ns(dns), ms);
	else if (other)
		ms_text(observe_min_ns(other), ms);
	if (!dns && !other)
		(void)fprintf(out, "%s\n",
			never_sent(o) ? "cannot be reached from here: no probe left this machine."
				      : "does not answer.");
	else if (!dns)
		(void)fprintf(out,
			"gives you no DNS answer, yet %s answers in %s ms: no site can be named.\n",
			icmp ? "ping" : "TCP", ms);
	else if (n == 0)
		(void)fprintf(out, "answers you in %s ms without saying who it is.\n", ms);
	else if (n == 1)
		(void)fprintf(out, "answers you as \"%s\" in %s ms.\n",
			text_of(ids[0], identity, sizeof(identity)), ms);
	else
		(void)fprintf(out, "answers you as %zu servers, first of all \"%s\", in %s ms.\n", n,
			text_of(ids[0], identity, sizeof(identity)), ms);
}

/* --- the table --- */

enum column {
	C_PROBE,
	C_QUESTION,
	C_WHO,
	C_FLOWS,
	C_SENT,
	C_RECEIVED,
	C_MIN,
	C_MEDIAN,
	C_LOSS,
	C_NOTE,
	COLUMNS
};

static const struct {
	const char *name;
	bool right;
} columns[COLUMNS] = {
	{"PROBE", false},
	{"QUESTION", false},
	{"ANSWERED BY", false},
	{"FLOWS", false},
	{"SENT", true},
	{"RECV", true},
	{"MIN ms", true},
	{"MEDIAN", true},
	{"LOSS", true},
	{"NOTE", false},
};

static void put(struct libscols_line *line, enum column c, const char *text)
{
	(void)scols_line_set_data(line, c, text);
}

static void put_number(struct libscols_line *line, enum column c, uint32_t v)
{
	char text[CELL_MAX];

	(void)snprintf(text, sizeof(text), "%u", v);
	put(line, c, text);
}

static const char *note_of(const struct observe_line *l, char out[static CELL_MAX])
{
	const char *icmp = icmp_text(l->icmp_from.family, l->icmp_type, l->icmp_code);
	char from[ADDR_TEXT_LEN];

	out[0] = '\0';
	if (l->icmp_type >= 0)
		(void)snprintf(out, CELL_MAX, "%s, says %s", icmp ? icmp : "ICMP error",
			addr_text(&l->icmp_from, from));
	else if (l->outcome[OUTCOME_SEND_ERROR])
		(void)snprintf(out, CELL_MAX, "%u not sent", l->outcome[OUTCOME_SEND_ERROR]);
	else if (l->outcome[OUTCOME_BAD_REPLY])
		(void)snprintf(out, CELL_MAX, "%u bad replies (%s)", l->outcome[OUTCOME_BAD_REPLY], l->fault);
	else if (l->second_answers)
		(void)snprintf(out, CELL_MAX, "%u probes got two different answers", l->second_answers);
	else if (l->kind == PROBE_TCP && l->received)
		(void)snprintf(out, CELL_MAX, "%s", l->outcome[OUTCOME_RST] ? "RST: closed" : "SYN/ACK");
	else if (l->retry)
		(void)snprintf(out, CELL_MAX, "retry");
	return out;
}

static void flows_text(const uint8_t flows[static 32], char out[static CELL_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < 256 && n + 8 < CELL_MAX; i++)
		if (observe_flow(flows, i))
			n += (size_t)snprintf(out + n, CELL_MAX - n, "%s%u", n ? " " : "", i);
}

/* One answer of dns: its TXT on the question's line, its NSID below. */
static void put_answer(struct libscols_table *t, struct libscols_line *line, const struct observe_line *l,
	const struct observe_answer *a)
{
	struct libscols_line *below;
	char text[TEXT_MAX], flows[CELL_MAX];

	if (l->question != QUESTION_IN_SOA)
		put(line, C_WHO,
			a->txt.n       ? text_of(a->txt, text, sizeof(text))
			: a->rcode > 0 ? "(error)"
				       : "(empty)");
	else
		put(line, C_WHO, "-");
	if (a->rcode > 0) {
		(void)snprintf(text, sizeof(text), "rcode %d", a->rcode);
		put(line, C_NOTE, text);
	}
	if (l->n_answers > 1) {
		flows_text(a->flows, flows);
		put(line, C_FLOWS, flows);
	}
	below = scols_table_new_line(t, NULL);
	if (!below)
		return;
	put(below, C_QUESTION, "+ NSID");
	put(below, C_WHO,
		a->nsid.n     ? text_of(a->nsid, text, sizeof(text))
		: a->has_nsid ? "(empty)"
			      : "(none)");
}

static void put_line(struct libscols_table *t, const struct observe_line *l)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[CELL_MAX];

	if (!line)
		return;
	put(line, C_PROBE, probe_kind_name(l->kind));
	put(line, C_QUESTION, question_text(l, text));
	put(line, C_WHO, "-");
	(void)snprintf(text, sizeof(text), "%u/%u", observe_count_flows(l->flows_answered),
		observe_count_flows(l->flows));
	put(line, C_FLOWS, text);
	put_number(line, C_SENT, l->sent);
	put_number(line, C_RECEIVED, l->received);
	ms_text(observe_min_ns(l), text);
	put(line, C_MIN, text);
	ms_text(observe_median_ns(l), text);
	put(line, C_MEDIAN, text);
	(void)snprintf(
		text, sizeof(text), "%.0f %%", l->sent ? 100.0 * (l->sent - l->received) / l->sent : 0);
	put(line, C_LOSS, text);
	put(line, C_NOTE, note_of(l, text));
	for (size_t i = 0; l->kind == PROBE_DNS && i < l->n_answers; i++) {
		if (i > 0)
			line = scols_table_new_line(t, NULL);
		if (line)
			put_answer(t, line, l, &l->answers[i]);
	}
}

static int table(FILE *out, const struct observation *o, bool colour)
{
	struct libscols_table *t = scols_new_table();
	int rc = t ? 0 : ERR_NOMEM;

	for (size_t i = 0; t && i < COLUMNS; i++) {
		struct libscols_column *c =
			scols_table_new_column(t, columns[i].name, 0, columns[i].right ? SCOLS_FL_RIGHT : 0);

		if (c && colour)
			(void)scols_cell_set_color(scols_column_get_header(c), "\033[1m");
	}
	if (t) {
		(void)scols_table_enable_colors(t, colour);
		(void)scols_table_set_stream(t, out);
		for (size_t i = 0; i < o->n; i++)
			put_line(t, &o->line[i]);
		rc = scols_print_table(t) < 0 ? ERR_IO : 0;
	}
	scols_unref_table(t);
	return rc;
}

/* --- what disagrees --- */

static void disagreements(FILE *out, const struct observation *o)
{
	const struct observe_line *dns = best_line(o, PROBE_DNS), *icmp = best_line(o, PROBE_ICMP);
	struct bytes ids[8];
	size_t n = distinct_identities(o, ids);
	char text[CELL_MAX];

	if (n > 1) {
		(void)fprintf(out, "\n servers  ");
		for (size_t i = 0; i < n; i++)
			(void)fprintf(out, "%s%s", i ? ", " : "", text_of(ids[i], text, sizeof(text)));
		(void)fprintf(out, "%s: machines of one site, or several sites\n", n == 8 ? ", ..." : "");
	}
	if (dns && icmp && observe_min_ns(dns) >= 0 && observe_min_ns(icmp) >= 0 &&
		observe_min_ns(dns) + 5000000 < observe_min_ns(icmp) &&
		observe_min_ns(dns) * 2 < observe_min_ns(icmp))
		(void)fprintf(out,
			" timing   dns is %.3f ms faster than ping to the same address: something nearer may "
			"answer DNS\n",
			(double)(observe_min_ns(icmp) - observe_min_ns(dns)) / 1e6);
}

int which_text(FILE *out, const struct observation *o, const char *service, bool colour)
{
	int rc;

	first_line(out, o, service);
	(void)fprintf(out, "\n");
	rc = table(out, o, colour);
	disagreements(out, o);
	return rc;
}

/* --- JSON --- */

static json_t *json_bytes(struct bytes b)
{
	char text[4 * TEXT_MAX + 1];

	return json_string(text_of(b, text, sizeof(text)));
}

/* JSON wants UTF-8: what a targets file says in other bytes is escaped as identities are. */
static json_t *json_text(const char *text)
{
	json_t *j = json_string(text);

	return j ? j : json_bytes((struct bytes){(const uint8_t *)text, strlen(text)});
}

static json_t *json_ms(int64_t ns)
{
	return ns < 0 ? json_null() : json_real((double)ns / 1e6);
}

static json_t *json_flows(const uint8_t flows[static 32])
{
	json_t *a = json_array();

	for (unsigned i = 0; i < 256; i++)
		if (observe_flow(flows, i))
			(void)json_array_append_new(a, json_integer(i));
	return a;
}

static json_t *json_answer(const struct observe_answer *a)
{
	return json_pack("{s:o, s:o, s:o, s:i, s:o, s:o}", "nsid",
		a->has_nsid ? json_bytes(a->nsid) : json_null(), "txt", json_bytes(a->txt), "rcode",
		a->rcode >= 0 ? json_integer(a->rcode) : json_null(), "replies", a->replies, "flows",
		json_flows(a->flows), "rtt_min_ms", json_ms(a->min_ns));
}

static json_t *json_line(const struct observe_line *l)
{
	json_t *outcomes = json_object(), *answers = json_array();
	char question[CELL_MAX];

	for (int i = OUTCOME_REPLY; i < OUTCOMES; i++)
		if (l->outcome[i])
			(void)json_object_set_new(
				outcomes, outcome_name((enum outcome)i), json_integer(l->outcome[i]));
	for (size_t i = 0; l->kind == PROBE_DNS && i < l->n_answers; i++)
		(void)json_array_append_new(answers, json_answer(&l->answers[i]));
	return json_pack("{s:s, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "probe",
		probe_kind_name(l->kind), "question", question_text(l, question), "retry", l->retry, "sent",
		l->sent, "received", l->received, "outcomes", outcomes, "rtt_min_ms",
		json_ms(observe_min_ns(l)), "rtt_median_ms", json_ms(observe_median_ns(l)), "flows",
		json_flows(l->flows), "answers", answers);
}

int which_json(
	FILE *out, const struct observation *o, const char *const *services, size_t n, const char *stamps)
{
	json_t *list = json_array();
	char target[ADDR_TEXT_LEN], source[ADDR_TEXT_LEN];
	int rc;

	for (size_t i = 0; i < n; i++) {
		json_t *probes = json_array();

		for (size_t k = 0; k < o[i].n; k++)
			(void)json_array_append_new(probes, json_line(&o[i].line[k]));
		(void)json_array_append_new(list,
			json_pack("{s:s, s:o, s:s, s:s, s:o}", "target", addr_text(&o[i].target, target),
				"service", json_text(services[i]), "source", addr_text(&o[i].source, source),
				"stamps", stamps, "probes", probes));
	}
	rc = json_dumpf(list, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0 || fputc('\n', out) == EOF
		     ? ERR_IO
		     : 0;
	json_decref(list);
	return rc;
}
