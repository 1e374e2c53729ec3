#include "report/which_vps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "report/grid.h"
#include "report/which_parts.h"

enum { LABEL_MAX = 2 * WHICH_CELL_MAX, NAMED_MAX = 2 };

/* Vantage points that one place answers. */
struct group {
	char label[LABEL_MAX];
	size_t vps;
	double *ms; /* least time of each, ascending; as many as vps have one */
	size_t n_ms, cap_ms;
};
struct groups {
	struct group *v;
	size_t n, cap, answered;
};

/* The site that a rule proves, or NULL. */
static const struct voice_site *proven(const struct which_view *v)
{
	const struct voice_site *s = v->verdict->site;

	return s && s->id.confidence == RULES_HIGH && !s->id.expired ? s : NULL;
}

/* Where a vantage point is answered from: a site that a rule proves, else where the run's sites.csv has it, else the server's own
 * name; "" by nobody. */
static void label_of(const struct which_view *v, char out[static LABEL_MAX])
{
	const struct verdict *d = v->verdict;
	struct bytes label = which_label(&d->voices);
	char name[WHICH_CELL_MAX];

	out[0] = '\0';
	if (proven(v))
		(void)which_site(&proven(v)->id, out);
	else if (*v->place)
		(void)snprintf(out, LABEL_MAX, "%s", v->place);
	else if (label.n)
		(void)snprintf(out, LABEL_MAX, "\"%s\"", which_name(label, name));
	else if (d->voices.replies)
		(void)snprintf(out, LABEL_MAX, "a server without a name");
}

static int by_vps(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return x->vps != y->vps ? (x->vps < y->vps ? 1 : -1) : strcmp(x->label, y->label);
}

static int by_ms(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int add_to_group(struct groups *g, const char *label, double ms)
{
	struct group *at = g->v;

	while (at < g->v + g->n && strcmp(at->label, label) != 0)
		at++;
	if (at == g->v + g->n) {
		if (vec_reserve(&g->v, &g->cap, g->n + 1) < 0)
			return ERR_NOMEM;
		at = &g->v[g->n++];
		*at = (struct group){.vps = 0};
		(void)snprintf(at->label, sizeof(at->label), "%s", label);
	}
	at->vps++;
	if (isnan(ms))
		return 0;
	if (vec_reserve(&at->ms, &at->cap_ms, at->n_ms + 1) < 0)
		return ERR_NOMEM;
	at->ms[at->n_ms++] = ms;
	return 0;
}

static int make_groups(const struct which_vps *w, struct groups *g)
{
	char label[LABEL_MAX];
	int rc = 0;

	for (size_t i = 0; i < w->n && rc == 0; i++) {
		label_of(&w->v[i], label);
		g->answered += *label != '\0';
		if (*label)
			rc = add_to_group(g, label, which_min_ms(w->v[i].verdict));
	}
	if (g->n)
		qsort(g->v, g->n, sizeof(*g->v), by_vps);
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].n_ms)
			qsort(g->v[i].ms, g->v[i].n_ms, sizeof(*g->v[i].ms), by_ms);
	return rc;
}

static void free_groups(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].ms);
	free(g->v);
}

static void first_line(FILE *out, const struct which_vps *w, const struct groups *g)
{
	const struct verdict_subject *t = &w->v[0].in->target;
	const char *service = t->service, *noun = w->n == 1 ? "vantage point" : "vantage points";
	char target[ADDR_TEXT_LEN];

	(void)fprintf(out, "%s%s%s%s ", addr_text(&t->seen->target, target), *service ? " (" : "", service,
		*service ? ")" : "");
	if (g->n == 0) {
		(void)fprintf(out, "gives %s no DNS answer (%zu %s).\n", w->whom, w->n, noun);
		return;
	}
	(void)fprintf(
		out, "serves %s from %s (%zu of %zu %s)", w->whom, g->v[0].label, g->v[0].vps, w->n, noun);
	for (size_t i = 1; i < g->n && i < NAMED_MAX; i++)
		(void)fprintf(out, ", %s (%zu)", g->v[i].label, g->v[i].vps);
	if (g->n > NAMED_MAX)
		(void)fprintf(out, ", %zu more places", g->n - NAMED_MAX);
	if (g->answered < w->n)
		(void)fprintf(out, "; %zu got no answer", w->n - g->answered);
	(void)fprintf(out, ".\n");
}

/* --- tables --- */

static int print(struct libscols_table *t)
{
	int rc = !t ? ERR_NOMEM : scols_print_table(t) < 0 ? ERR_IO : 0;

	scols_unref_table(t);
	return rc;
}

static void put(struct libscols_line *line, size_t c, const char *text)
{
	(void)scols_line_set_data(line, c, text);
}

static void put_group(struct libscols_table *t, const struct group *g, size_t all)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[WHICH_CELL_MAX];

	if (!line)
		return;
	put(line, 0, g->label);
	(void)snprintf(text, sizeof(text), "%zu", g->vps);
	put(line, 1, text);
	(void)snprintf(text, sizeof(text), "%.0f %%", 100.0 * (double)g->vps / (double)all);
	put(line, 2, text);
	put(line, 3, g->n_ms ? which_ms(g->ms[0], text) : "-");
	put(line, 4, g->n_ms ? which_ms(g->ms[g->n_ms / 2], text) : "-");
}

static int group_table(FILE *out, const struct which_vps *w, const struct groups *g, bool colour)
{
	static const struct grid_heading of[] = {
		{"ANSWERED FROM", false}, {"VPS", true}, {"SHARE", true}, {"MIN", true}, {"MEDIAN", true}};
	struct libscols_table *t = grid_new(out, of, sizeof(of) / sizeof(of[0]), colour);

	for (size_t i = 0; t && i < g->n; i++)
		put_group(t, &g->v[i], w->n);
	return print(t);
}

static void put_vp(struct libscols_table *t, const struct which_view *v, const struct vantage *about)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	const struct verdict *d = v->verdict;
	struct bytes label = which_label(&d->voices);
	char text[LABEL_MAX];

	if (!line)
		return;
	put(line, 0, v->who);
	if (v->asn) {
		(void)snprintf(text, sizeof(text), "%u", v->asn);
		put(line, 1, text);
	}
	put(line, 2, about ? about->country : "");
	label_of(v, text);
	put(line, 3, *text ? text : "-");
	put(line, 4, label.n ? which_name(label, text) : "-");
	put(line, 5, isnan(which_min_ms(d)) ? "-" : which_ms(which_min_ms(d), text));
	put(line, 6, verdict_name(d->kind));
}

static int vp_table(FILE *out, const struct which_vps *w, bool colour)
{
	static const struct grid_heading of[] = {{"VP", false}, {"AS", true}, {"IN", false},
		{"ANSWERED FROM", false}, {"ANSWERED BY", false}, {"MIN", true}, {"VERDICT", false}};
	struct libscols_table *t = grid_new(out, of, sizeof(of) / sizeof(of[0]), colour);

	for (size_t i = 0; t && i < w->n; i++)
		put_vp(t, &w->v[i], w->about[i]);
	return print(t);
}

/* Whose places no rule proves. */
static void say_placed(FILE *out, const struct which_vps *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += *w->v[i].place && !proven(&w->v[i]);
	if (n > 0)
		(void)fprintf(out,
			"\n places    of %zu answers are those of this run's sites.csv: no rule proves "
			"them\n",
			n);
}

int which_vps_text(FILE *out, const struct which_vps *w, bool colour)
{
	struct groups g = {0};
	int rc = make_groups(w, &g);

	if (rc == 0) {
		first_line(out, w, &g);
		(void)fprintf(out, "\n");
	}
	if (rc == 0 && g.n)
		rc = group_table(out, w, &g, colour);
	if (rc == 0 && w->n <= WHICH_VPS_LISTED) {
		(void)fprintf(out, "%s", g.n ? "\n" : "");
		rc = vp_table(out, w, colour);
	}
	if (rc == 0)
		say_placed(out, w);
	free_groups(&g);
	return rc;
}
