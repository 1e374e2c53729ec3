#include "report/textfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "infer/ident.h"

/* One kind of probe at a target, in its latest round. */
struct part {
	uint32_t sent, lost;
	int64_t min_ns; /* -1: none */
};

struct figures {
	struct ident_scope scope;
	bool scoped, begun;
	uint32_t round;
	struct part part[PROBE_KINDS];
	char site[IDENT_SITE_MAX];      /* in this round, "" for none */
	char last_site[IDENT_SITE_MAX]; /* that was known */
	uint32_t flips;
};

struct textfile {
	const struct rules *rules;
	const struct target_list *targets;
	char vp[64];
	struct wall last; /* of the latest row */
	struct figures *v;
};

struct textfile *textfile_new(const struct rules *rules, const struct target_list *targets, const char *vp)
{
	struct textfile *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->rules = rules;
	t->targets = targets;
	(void)snprintf(t->vp, sizeof(t->vp), "%s", vp);
	t->v = calloc(targets->n ? targets->n : 1, sizeof(*t->v));
	if (t->v)
		return t;
	free(t);
	return NULL;
}

void textfile_free(struct textfile *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->targets->n; i++)
		ident_scope_free(&t->v[i].scope);
	free(t->v);
	free(t);
}

static void begin_round(struct figures *f, uint32_t round)
{
	f->begun = true;
	f->round = round;
	f->site[0] = '\0';
	for (int k = 0; k < PROBE_KINDS; k++)
		f->part[k] = (struct part){.min_ns = -1};
}

static int take_site(
	const struct textfile *t, struct figures *f, const struct target *target, const struct record *r)
{
	const struct target_info *info = target_info(t->targets, target);
	struct ident_target about = {target->addr, info ? info->service : "", info ? info->operators : ""};
	struct ident id;

	if (!f->scoped && ident_scope_of(&f->scope, t->rules, &about, 1) < 0)
		return ERR_NOMEM;
	f->scoped = true;
	id = ident_answer(t->rules, &f->scope, 0, r->nsid, r->txt, r->question);
	if (*f->site || (id.status != IDENT_SITE && id.status != IDENT_KEY))
		return 0;
	memcpy(f->site, id.site, sizeof(f->site));
	f->flips += *f->last_site && strcmp(f->last_site, f->site) != 0;
	memcpy(f->last_site, f->site, sizeof(f->site));
	return 0;
}

int textfile_row(struct textfile *t, const struct record *r)
{
	const struct target *target = target_find(t->targets, &r->target);
	struct figures *f = target ? &t->v[target - t->targets->v] : NULL;
	bool answered = r->outcome == OUTCOME_REPLY || r->outcome == OUTCOME_RST;
	struct part *p;

	if (!f)
		return 0;
	if (!f->begun || r->round > f->round)
		begin_round(f, r->round);
	p = &f->part[r->probe];
	p->sent++;
	p->lost += !answered;
	if (answered && r->rtt_ns >= 0 && (p->min_ns < 0 || r->rtt_ns < p->min_ns))
		p->min_ns = r->rtt_ns;
	if (r->tx_time.ns > t->last.ns)
		t->last = r->tx_time;
	return r->probe == PROBE_DNS && r->flow == 0 && r->outcome == OUTCOME_REPLY
		       ? take_site(t, f, target, r)
		       : 0;
}

/* --- the text --- */

/* A label's value: what is not UTF-8 has no place in it, so that it is printable ASCII here. */
static void put_label(FILE *out, const char *name, const char *value)
{
	(void)fprintf(out, "%s=\"", name);
	for (; *value; value++)
		if (*value == '\\' || *value == '"')
			(void)fprintf(out, "\\%c", *value);
		else
			(void)fputc(*value < ' ' || *value > '~' ? '?' : *value, out);
	(void)fputc('"', out);
}

struct line {
	const struct textfile *t;
	const struct figures *f;
	const struct target *target;
};

static void put_labels(FILE *out, const struct line *l)
{
	const struct target_info *info = target_info(l->t->targets, l->target);
	char address[ADDR_TEXT_LEN];

	put_label(out, "{vp", l->t->vp);
	put_label(out, ",target", addr_text(&l->target->addr, address));
	put_label(out, ",service", info ? info->service : "");
}

static void put_site(FILE *out, const struct line *l)
{
	if (!*l->f->site)
		return;
	(void)fputs("catchmap_site_info", out);
	put_labels(out, l);
	put_label(out, ",site", l->f->site);
	(void)fputs("} 1\n", out);
}

static void put_flips(FILE *out, const struct line *l)
{
	(void)fputs("catchmap_site_flips_total", out);
	put_labels(out, l);
	(void)fprintf(out, "} %u\n", l->f->flips);
}

static void put_rtt(FILE *out, const struct line *l)
{
	for (int k = 0; k < PROBE_KINDS; k++) {
		if (l->f->part[k].min_ns < 0)
			continue;
		(void)fputs("catchmap_rtt_seconds", out);
		put_labels(out, l);
		put_label(out, ",probe", probe_kind_name((enum probe_kind)k));
		(void)fprintf(out, "} %.9f\n", (double)l->f->part[k].min_ns / 1e9);
	}
}

static void put_parts(FILE *out, const struct line *l, const char *name, bool lost)
{
	for (int k = 0; k < PROBE_KINDS; k++) {
		const struct part *p = &l->f->part[k];

		if (p->sent == 0)
			continue;
		(void)fputs(name, out);
		put_labels(out, l);
		put_label(out, ",probe", probe_kind_name((enum probe_kind)k));
		(void)fprintf(out, "} %u\n", lost ? p->lost : p->sent);
	}
}

static void put_sent(FILE *out, const struct line *l)
{
	put_parts(out, l, "catchmap_round_probes", false);
}

static void put_lost(FILE *out, const struct line *l)
{
	put_parts(out, l, "catchmap_round_lost", true);
}

static const struct {
	const char *name, *type, *help;
	void (*put)(FILE *out, const struct line *l);
} metrics[] = {
	{"catchmap_site_info", "gauge", "site that answered in the latest round", put_site},
	{"catchmap_site_flips_total", "counter", "changes of the site since the prober began", put_flips},
	{"catchmap_rtt_seconds", "gauge", "least round-trip time of the latest round", put_rtt},
	{"catchmap_round_probes", "gauge", "probes sent in the latest round", put_sent},
	{"catchmap_round_lost", "gauge", "of those, without a reply", put_lost},
};

static void put_all(FILE *out, const struct textfile *t)
{
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[m].name, metrics[m].help,
			metrics[m].name, metrics[m].type);
		for (size_t i = 0; i < t->targets->n; i++)
			if (t->v[i].begun)
				metrics[m].put(out, &(struct line){t, &t->v[i], &t->targets->v[i]});
	}
	(void)fprintf(out, "# HELP catchmap_last_probe_timestamp_seconds when the latest probe left\n"
			   "# TYPE catchmap_last_probe_timestamp_seconds gauge\n"
			   "catchmap_last_probe_timestamp_seconds");
	put_label(out, "{vp", t->vp);
	(void)fprintf(out, "} %.3f\n", (double)t->last.ns / 1e9);
}

int textfile_store(const struct textfile *t, const char *path, struct err_msg *why)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int rc = ERR_NOMEM;

	if (out) {
		put_all(out, t);
		rc = fclose(out) == 0 ? 0 : ERR_NOMEM;
	}
	rc = rc == 0 ? file_replace(path, text, n, why) : err_set(why, ERR_NOMEM, "%s: out of memory", path);
	free(text);
	return rc;
}
