#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/intern.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/judge.h"
#include "cmd/session.h"
#include "cmd/which.h"
#include "data/run_files.h"
#include "data/run_sites.h"
#include "infer/naming.h"
#include "report/which_parts.h"
#include "report/which_vps.h"

enum { SHOWN = 6, TEXT_MAX = 512, WORD_MAX = 64 };

/* A vantage point of the run. */
struct witness {
	const struct vantage *about; /* NULL: vantage.csv does not have it */
	bool wanted;
	uint8_t stamps;           /* of its replies: a set of 1 << enum stamp */
	struct judge judge;       /* the common one, standing where it is */
	struct judge_case *cases; /* by target; NULL: no rows of them, or not wanted */
};

struct reading {
	const struct options *o;
	struct session s; /* the targets */
	struct judge judge;
	struct vantage_list vps;
	struct run_sites sites;
	struct intern names;
	struct witness *v; /* by number of the name */
	size_t n, cap;
	struct target_list others; /* some targets of the run, for a message */
	struct err_msg why;
	bool partial;
};

static void complain(void *arg, const char *text)
{
	struct reading *d = arg;

	d->partial = true;
	command_warn(text);
}

/* --- which vantage points --- */

static bool is_wanted(const struct options *o, const char *vp, const struct vantage *about)
{
	if (o->vp && strcmp(o->vp, vp) != 0)
		return false;
	if (o->asn && (!about || about->asn != o->asn))
		return false;
	return !o->country || (about && strcasecmp(about->country, o->country) == 0);
}

/* What a vantage point has in the place of what was asked for. */
static void word_of(const struct options *o, const struct vantage *v, char out[static WORD_MAX])
{
	out[0] = '\0';
	if (o->vp)
		(void)snprintf(out, WORD_MAX, "%s", v->vp);
	else if (o->asn && v->asn)
		(void)snprintf(out, WORD_MAX, "AS%u", v->asn);
	else if (o->country)
		(void)snprintf(out, WORD_MAX, "%s", v->country);
}

static bool is_near(const struct options *o, const struct vantage *v)
{
	if (o->vp)
		return strncasecmp(o->vp, v->vp, 1) == 0;
	return o->asn && v->asn && (v->asn > o->asn ? v->asn - o->asn : o->asn - v->asn) < 10;
}

/* Some of what there is, near misses first. */
static void have_text(const struct reading *d, char out[static TEXT_MAX])
{
	char word[WORD_MAX];
	size_t n = 0, shown = 0;

	out[0] = '\0';
	for (int near = 1; near >= 0; near--)
		for (size_t i = 0; i < d->vps.n && shown <= SHOWN; i++) {
			word_of(d->o, &d->vps.v[i], word);
			if (!*word || is_near(d->o, &d->vps.v[i]) != near || strstr(out, word))
				continue;
			n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s%s", shown ? ", " : "",
				shown < SHOWN ? word : "...");
			shown++;
		}
}

static bool is_chosen(const struct options *o)
{
	return o->vp || o->asn || o->country;
}

static void whom_text(const struct options *o, char out[static TEXT_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	if (o->vp)
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s", o->vp);
	if (o->asn)
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%sAS%u", n ? " in " : "", o->asn);
	if (o->country)
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s%c%c", n ? " in " : "",
			toupper(o->country[0]), toupper(o->country[1]));
	if (n == 0)
		(void)snprintf(out, TEXT_MAX, "this run");
}

static int choose(struct reading *d)
{
	int rc = vantage_read(d->o->run, &d->vps, complain, d, &d->why);
	char whom[TEXT_MAX], have[TEXT_MAX];

	/* A name alone may do without the table. */
	if (rc < 0 && rc != ERR_PARTIAL && (d->o->asn || d->o->country))
		return rc;
	if (rc == ERR_PARSE)
		complain(d, d->why.text);
	for (size_t i = 0; i < d->vps.n; i++)
		if (is_wanted(d->o, d->vps.v[i].vp, &d->vps.v[i]))
			return 0;
	if (!is_chosen(d->o) || (d->vps.n == 0 && !d->o->asn && !d->o->country))
		return 0;
	whom_text(d->o, whom);
	have_text(d, have);
	return err_set(&d->why, ERR_PARSE, "%s has no vantage point %s%s; it has %s", d->o->run,
		d->o->vp ? "" : "in ", whom, *have ? have : "none that says so");
}

/* --- rows --- */

static struct witness *witness_of(struct reading *d, const char *vp)
{
	int64_t id = intern_put(&d->names, vp, strlen(vp));
	struct witness *w;

	if (id < 0 || vec_reserve(&d->v, &d->cap, (size_t)id + 1) < 0)
		return NULL;
	w = &d->v[id];
	if ((size_t)id < d->n)
		return w;
	d->n = (size_t)id + 1;
	*w = (struct witness){.about = vantage_find(&d->vps, vp)};
	w->wanted = is_wanted(d->o, vp, w->about);
	return w;
}

static int open_cases(const struct reading *d, struct witness *w)
{
	int rc = 0;

	w->cases = calloc(d->s.targets.n, sizeof(*w->cases));
	if (!w->cases)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->s.targets.n && rc == 0; i++) {
		const struct target *t = &d->s.targets.v[i];

		rc = judge_case_open(&w->cases[i], &d->judge, &t->addr, target_info(&d->s.targets, t));
	}
	return rc;
}

static int take_row(struct reading *d, const struct csv *c, const struct record *r)
{
	const struct target *t = target_find(&d->s.targets, &r->target);
	struct witness *w = witness_of(d, r->vp);
	int rc = 0;

	if (!w)
		return ERR_NOMEM;
	if (!w->wanted)
		return 0;
	if (!t && d->others.n < SHOWN)
		rc = target_add(&d->others, &(struct target){.addr = r->target}, NULL);
	if (!t)
		return rc < 0 ? rc : 0;
	if (!w->cases)
		rc = open_cases(d, w);
	if (r->rtt_ns >= 0)
		w->stamps = (uint8_t)(w->stamps | 1U << r->stamp);
	if (rc == 0)
		rc = observe_add(&w->cases[t - d->s.targets.v].seen, r);
	if (rc == ERR_RANGE)
		return err_set(&d->why, rc,
			"%s:%zu: %s has more than %d kinds of probes and questions: this row is left out",
			csv_path(c), csv_line(c), r->vp, OBSERVE_LINES_MAX);
	return rc;
}

static int take_rows(struct reading *d, struct csv *c, const struct record_reader *rd)
{
	uint8_t scratch[RECORD_SCRATCH];
	struct record r;
	size_t bad = 0;
	int end;

	while ((end = csv_next(c, &d->why)) != 0) {
		if (end < 0 && end != ERR_PARSE)
			return end;
		if (end > 0)
			end = record_read(rd, c, &r, scratch, &d->why);
		if (end >= 0)
			end = take_row(d, c, &r);
		if (end == ERR_NOMEM)
			return end;
		if (end < 0 && bad++ < SHOWN)
			complain(d, d->why.text);
	}
	return 0;
}

static int read_file(struct reading *d, const char *path)
{
	struct csv *c = csv_open(path, &d->why);
	struct record_reader rd;
	int rc = c ? record_reader_init(&rd, c, &d->why) : ERR_PARSE;

	if (rc == 0)
		rc = take_rows(d, c, &rd);
	csv_close(c);
	if (rc == ERR_NOMEM)
		return err_set(&d->why, rc, "out of memory");
	if (rc < 0)
		complain(d, d->why.text);
	return 0;
}

static int read_run(struct reading *d)
{
	struct run_files files = {0};
	int rc = run_files_list(d->o->run, &files, &d->why);

	for (size_t i = 0; i < files.n && rc == 0; i++)
		rc = read_file(d, files.v[i]);
	run_files_free(&files);
	return rc;
}

/* --- verdicts --- */

/* How exact the times of these rows are; "" when they differ in it, or there are none. */
static const char *stamps_text(uint8_t set)
{
	for (int i = STAMP_NONE; i < STAMPS; i++)
		if (set == 1U << i)
			return stamp_name((enum stamp)i);
	return "";
}

static int judge_witness(struct reading *d, size_t number)
{
	static const struct judge_beside nothing = {.first_hop_ns = -1};
	struct witness *w = &d->v[number];
	size_t len;

	w->judge = d->judge;
	w->judge.who = (const char *)intern_at(&d->names, (uint32_t)number, &len);
	w->judge.stamps = stamps_text(w->stamps);
	if (w->about)
		judge_stand(&w->judge, w->about);
	return judge_all(&w->judge, w->cases, d->s.targets.n, &nothing);
}

/* Everything that was seen of the targets: target by target, vantage points by name. */
struct sights {
	struct which_view *v;
	const struct vantage **about;
	size_t n, *first; /* first: of each target; one more marks the end */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct which_view *)a)->who, ((const struct which_view *)b)->who);
}

static const char *place_of(const struct reading *d, const struct which_view *v)
{
	struct bytes label = which_label(&v->verdict->voices);
	char identity[NAMING_KEY_MAX];

	identity[csv_escape(identity, sizeof(identity) - 1, label.p, label.n)] = '\0';
	return run_sites_place(&d->sites, &v->in->target.seen->target, identity);
}

static void gather_views(const struct reading *d, size_t target, struct sights *x)
{
	size_t first = x->n;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].cases && d->v[i].cases[target].seen.n)
			x->v[x->n++] = d->v[i].cases[target].view;
	if (x->n > first)
		qsort(&x->v[first], x->n - first, sizeof(*x->v), by_name);
	for (size_t i = first; i < x->n; i++) {
		x->about[i] = vantage_find(&d->vps, x->v[i].who);
		x->v[i].place = place_of(d, &x->v[i]);
	}
	x->first[target + 1] = x->n;
}

static int look(struct reading *d, struct sights *x)
{
	size_t all = d->n * d->s.targets.n + 1;
	int rc = 0;

	x->v = calloc(all, sizeof(*x->v));
	x->about = calloc(all, sizeof(const struct vantage *));
	x->first = calloc(d->s.targets.n + 1, sizeof(*x->first));
	if (!x->v || !x->about || !x->first)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->n && rc == 0; i++)
		if (d->v[i].cases)
			rc = judge_witness(d, i);
	for (size_t t = 0; t < d->s.targets.n && rc == 0; t++)
		gather_views(d, t, x);
	return rc;
}

static int print_target(const struct reading *d, const struct sights *x, size_t target)
{
	size_t at = x->first[target], n = x->first[target + 1] - at;
	char whom[TEXT_MAX], text[ADDR_TEXT_LEN];
	int rc;

	whom_text(d->o, whom);
	if (n == 0)
		return printf("%s: no rows of it from %s.\n", addr_text(&d->s.targets.v[target].addr, text),
			       whom) < 0
			       ? ERR_IO
			       : 0;
	if (n > 1 || !d->o->vp)
		return which_vps_text(
			stdout, &(struct which_vps){whom, &x->v[at], &x->about[at], n}, session_colour());
	rc = which_text(stdout, &x->v[at], session_colour());
	return rc == 0 && d->o->explain ? which_explain(stdout, &x->v[at]) : rc;
}

static int print(const struct reading *d, const struct sights *x)
{
	int rc = 0;

	if (d->o->json)
		return which_json(stdout, x->v, x->n);
	for (size_t t = 0; t < d->s.targets.n && rc == 0; t++) {
		if (t > 0)
			(void)printf("\n");
		rc = print_target(d, x, t);
	}
	return rc;
}

/* --- the whole --- */

static void not_there(struct reading *d)
{
	char target[ADDR_TEXT_LEN], whom[TEXT_MAX], have[TEXT_MAX];
	size_t n = 0;

	have[0] = '\0';
	for (size_t i = 0; i < d->others.n; i++)
		n += (size_t)snprintf(have + n, sizeof(have) - n, "%s%s", i ? ", " : "; there are rows of ",
			addr_text(&d->others.v[i].addr, target));
	whom_text(d->o, whom);
	(void)err_set(&d->why, ERR_PARSE, "%s has no rows of %s%s%s%s%s", d->o->run,
		d->s.targets.n == 1 ? addr_text(&d->s.targets.v[0].addr, target) : "these targets",
		is_chosen(d->o) ? " from " : "", is_chosen(d->o) ? whom : "", have,
		d->others.n == SHOWN ? ", ..." : "");
}

static bool is_found(const struct reading *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].cases && judge_found(&d->judge, d->v[i].cases, d->s.targets.n))
			return true;
	return false;
}

static int answer(struct reading *d)
{
	struct sights x = {0};
	int rc = judge_open(&d->judge, d->o, &(struct vantage){.weight = 1}, &d->why);

	if (rc == 0)
		rc = choose(d);
	if (rc == 0)
		rc = read_run(d);
	if (rc == 0 && run_sites_read(&d->sites, d->o->run, &d->why) < 0)
		complain(d, d->why.text);
	if (rc == 0)
		rc = look(d, &x);
	if (rc == 0 && x.n == 0)
		not_there(d);
	if (rc == ERR_NOMEM)
		rc = EXIT_PARTIAL;
	else if (rc < 0 || x.n == 0)
		rc = command_fail(EXIT_USAGE, &d->why);
	else
		rc = print(d, &x) < 0 || d->partial ? EXIT_PARTIAL : is_found(d) ? EXIT_FOUND : EXIT_DONE;
	free(x.v);
	free(x.about);
	free(x.first);
	return rc;
}

static void forget(struct reading *d)
{
	for (size_t i = 0; i < d->n; i++) {
		for (size_t t = 0; d->v[i].cases && t < d->s.targets.n; t++)
			judge_case_close(&d->v[i].cases[t]);
		free(d->v[i].cases);
	}
	free(d->v);
	intern_free(&d->names);
	vantage_list_free(&d->vps);
	run_sites_free(&d->sites);
	target_list_free(&d->others);
	judge_close(&d->judge);
	session_free(&d->s);
}

static int check(const struct options *o, struct err_msg *why)
{
	if (o->hold_ns)
		return err_set(
			why, ERR_PARSE, "--run answers from rows, --hold from the network: one of them");
	if (o->n_controls)
		return err_set(why, ERR_PARSE, "--run sends nothing: without --control");
	return 0;
}

int which_run(const struct options *o)
{
	struct reading *d = calloc(1, sizeof(*d));
	int code;

	if (!d)
		return EXIT_PARTIAL;
	d->o = o;
	if (check(o, &d->why) < 0)
		code = command_fail(EXIT_USAGE, &d->why);
	else
		code = session_targets(&d->s, o);
	if (code == 0)
		code = answer(d);
	forget(d);
	free(d);
	return code;
}
