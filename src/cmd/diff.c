#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "cmd/command.h"
#include "infer/alike.h"
#include "infer/weights.h"
#include "report/diff.h"

/* Two targets to compare: numbers in OLD and in NEW. */
struct pair {
	uint32_t before, now;
	const char *service;
};

struct diffing {
	const struct options *o;
	struct intern names;
	struct catchment_set before, now, *bases;
	size_t n_bases;
	const struct catchment_set *new_set; /* `before` itself when two targets of one run are compared */
	struct compare_options how;
	double *weights;
	struct pair *pairs;
	size_t n_pairs, cap_pairs;
	struct comparison *v;
	size_t n;
	char **warnings;
	size_t n_warnings, cap_warnings;
	struct err_msg why;
};

static int nomem(struct diffing *d)
{
	return err_set(&d->why, ERR_NOMEM, "out of memory");
}

static void add_warning(void *arg, const char *text)
{
	struct diffing *d = arg;
	char *kept = strdup(text);

	if (kept && vec_reserve(&d->warnings, &d->cap_warnings, d->n_warnings + 1) == 0)
		d->warnings[d->n_warnings++] = kept;
	else
		free(kept);
}

/* --- what to read --- */

static int check_alike(struct diffing *d, const struct catchment_set *a, const struct catchment_set *b)
{
	if (!a->folder || !b->folder)
		return 0;
	return alike_check(a->folder, b->folder, add_warning, d, &d->why);
}

static int read_bases(struct diffing *d)
{
	int rc = 0;

	d->bases = calloc(d->o->n_baselines + 1, sizeof(*d->bases));
	if (!d->bases)
		return nomem(d);
	for (size_t i = 0; rc == 0 && i < d->o->n_baselines; i++) {
		rc = catchment_set_read(&d->bases[d->n_bases++], &d->names, d->o->baselines[i], &d->why);
		if (rc == 0)
			rc = check_alike(d, &d->bases[i], &d->before);
	}
	return rc;
}

static int read_sets(struct diffing *d)
{
	int rc = catchment_set_read(&d->before, &d->names, d->o->args[0], &d->why);

	d->new_set = &d->before;
	if (rc == 0 && d->o->n_args == 2) {
		d->new_set = &d->now;
		rc = catchment_set_read(&d->now, &d->names, d->o->args[1], &d->why);
		if (rc == 0)
			rc = check_alike(d, &d->before, &d->now);
	}
	return rc == 0 ? read_bases(d) : rc;
}

/* --- how to compare --- */

static int word_of(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static int choose(struct diffing *d)
{
	static const char *const weights[] = {"vp", "as", "country", NULL};
	int weight = d->o->weight ? word_of(d->o->weight, weights) : COMPARE_BY_VP;

	d->how =
		(struct compare_options){.weight = weight < 0 ? COMPARE_BY_FILE : (enum compare_weight)weight,
			.cluster = (enum compare_cluster)d->o->cluster,
			.alpha = d->o->alpha};
	if (weight >= 0)
		return 0;
	if (weights_read(d->o->weight, &d->names, &d->weights, &d->how.n_file_weight, &d->why) < 0)
		return ERR_PARSE;
	d->how.file_weight = d->weights;
	return 0;
}

/* --- which targets --- */

static const char *service_of(const struct catchment_set *s, uint32_t target)
{
	return catchment_set_name(s, s->targets[target].service);
}

static bool is_wanted(const struct catchment_set *s, uint32_t target, const char *name)
{
	struct addr a;

	if (!name)
		return true;
	if (addr_parse(name, &a) == 0)
		return addr_equal(&a, &s->targets[target].addr);
	return strcmp(service_of(s, target), name) == 0;
}

static int add_pair(struct diffing *d, uint32_t before, uint32_t now)
{
	if (vec_reserve(&d->pairs, &d->cap_pairs, d->n_pairs + 1) < 0)
		return nomem(d);
	d->pairs[d->n_pairs++] = (struct pair){before, now, service_of(&d->before, before)};
	return 0;
}

/* The one target of the run that has this name. */
static int find_one(struct diffing *d, const char *name, uint32_t *out)
{
	size_t n = 0;

	for (uint32_t t = 0; t < d->before.n_targets; t++)
		if (is_wanted(&d->before, t, name)) {
			*out = t;
			n++;
		}
	if (n == 0)
		return err_set(&d->why, ERR_PARSE, "%s: no target '%s' in it", d->o->args[0], name);
	if (n > 1)
		return err_set(&d->why, ERR_PARSE,
			"'%s' is %zu addresses in %s: name one of them; addresses are never pooled", name, n,
			d->o->args[0]);
	return 0;
}

static int pair_two(struct diffing *d)
{
	uint32_t a = 0, b = 0;

	if (find_one(d, d->o->target, &a) < 0 || find_one(d, d->o->against, &b) < 0)
		return ERR_PARSE;
	if (d->before.targets[a].addr.family != d->before.targets[b].addr.family)
		add_warning(d, "IPv4 against IPv6: routes differ between them as a rule, not by a change");
	return add_pair(d, a, b);
}

static void warn_missing(struct diffing *d, size_t n, const char *in, const char *not_in)
{
	char text[256];

	if (n == 0)
		return;
	(void)snprintf(text, sizeof(text), "%zu %s in %.80s only, not in %.80s", n,
		n == 1 ? "target is" : "targets are", in, not_in);
	add_warning(d, text);
}

static int pair_all(struct diffing *d)
{
	size_t wanted_now = 0, missing = 0;

	for (uint32_t t = 0; t < d->before.n_targets; t++) {
		uint32_t now = catchment_set_target(d->new_set, &d->before.targets[t].addr);

		if (!is_wanted(&d->before, t, d->o->target))
			continue;
		if (now == CATCHMENT_NONE)
			missing++;
		else if (add_pair(d, t, now) < 0)
			return ERR_NOMEM;
	}
	for (uint32_t t = 0; t < d->new_set->n_targets; t++)
		wanted_now +=
			is_wanted(d->new_set, t, d->o->target) &&
			catchment_set_target(&d->before, &d->new_set->targets[t].addr) == CATCHMENT_NONE;
	if (d->n_pairs == 0)
		return err_set(&d->why, ERR_PARSE, "%s and %s have no target%s%s in common", d->o->args[0],
			d->o->args[1], d->o->target ? " " : "", d->o->target ? d->o->target : "");
	warn_missing(d, missing, d->o->args[0], d->o->args[1]);
	warn_missing(d, wanted_now, d->o->args[1], d->o->args[0]);
	return 0;
}

/* By service; the addresses of each stay in their order. */
static int by_service(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->service, y->service);

	return order ? order : (x->before > y->before) - (x->before < y->before);
}

/* --- comparing --- */

static int test(struct diffing *d, struct comparison *c)
{
	struct compare_side *base = malloc((d->n_bases + 1) * sizeof(*base));
	size_t n = 0;
	int rc;

	if (!base)
		return nomem(d);
	for (size_t i = 0; i < d->n_bases; i++) {
		uint32_t t = catchment_set_target(&d->bases[i], &compare_target(&c->before)->addr);

		if (t != CATCHMENT_NONE)
			base[n++] = (struct compare_side){&d->bases[i], t};
	}
	rc = n > 0 ? compare_baseline(c, base, n, &d->why) : 0;
	free(base);
	return rc;
}

static int compare_pairs(struct diffing *d)
{
	int rc = 0;

	d->v = calloc(d->n_pairs, sizeof(*d->v));
	if (!d->v)
		return nomem(d);
	qsort(d->pairs, d->n_pairs, sizeof(*d->pairs), by_service);
	while (rc == 0 && d->n < d->n_pairs) {
		const struct pair *p = &d->pairs[d->n];
		struct comparison *c = &d->v[d->n++];

		rc = compare_targets(c, &d->how, (struct compare_side){&d->before, p->before},
			(struct compare_side){d->new_set, p->now}, &d->why);
		if (rc == 0)
			rc = test(d, c);
	}
	return rc == 0 ? compare_judge(d->v, d->n, &d->why) : rc;
}

static int work(struct diffing *d)
{
	int rc = read_sets(d);

	if (rc == 0)
		rc = choose(d);
	if (rc == 0)
		rc = d->o->against ? pair_two(d) : pair_all(d);
	return rc == 0 ? compare_pairs(d) : rc;
}

/* --- saying it --- */

static int report(struct diffing *d)
{
	const struct diff_view view = {.v = d->v,
		.n = d->n,
		.warnings = (const char *const *)d->warnings,
		.n_warnings = d->n_warnings,
		.sort = (enum diff_sort)d->o->sort,
		.fail_on = d->o->fail_on,
		.every = d->o->verbose > 0};
	bool fails = false, any = false;
	int rc = d->o->json  ? diff_json(stdout, &view)
		 : d->o->csv ? diff_csv(stdout, &view)
			     : diff_text(stdout, &view);

	if (d->o->csv && !d->o->json)
		for (size_t i = 0; i < d->n_warnings; i++)
			command_warn(d->warnings[i]);
	for (size_t i = 0; i < d->n; i++) {
		fails |= diff_fails(&view, &d->v[i]);
		any |= d->v[i].verdict != COMPARE_CANNOT;
	}
	if (rc == ERR_NOMEM)
		return nomem(d);
	return fails ? EXIT_FOUND : any ? EXIT_DONE : EXIT_PARTIAL;
}

static int check_line(struct diffing *d)
{
	const struct options *o = d->o;

	if (o->fail_verdicts || o->fail_flags)
		return err_set(&d->why, ERR_PARSE, "--fail-on: a percentage is expected, like 5%%");
	if (o->against && !o->target)
		return err_set(&d->why, ERR_PARSE, "--against needs --target: two addresses of one run");
	if (o->n_args != (o->against ? 1 : 2))
		return err_set(&d->why, ERR_PARSE,
			o->against ? "--target and --against compare two targets of one run: give one path"
				   : "give two runs, OLD and NEW (catchmap diff --help)");
	if (o->against && o->n_baselines)
		return err_set(&d->why, ERR_PARSE,
			"--baseline is a run before OLD: it says nothing of two targets of one run");
	return 0;
}

static void done(struct diffing *d)
{
	for (size_t i = 0; i < d->n; i++)
		compare_free(&d->v[i]);
	for (size_t i = 0; i < d->n_bases; i++)
		catchment_set_free(&d->bases[i]);
	for (size_t i = 0; i < d->n_warnings; i++)
		free(d->warnings[i]);
	catchment_set_free(&d->before);
	catchment_set_free(&d->now);
	intern_free(&d->names);
	free(d->v);
	free(d->bases);
	free(d->warnings);
	free(d->weights);
	free(d->pairs);
}

static int run(const struct options *o)
{
	struct diffing d = {.o = o};
	int rc = check_line(&d);

	if (rc == 0)
		rc = work(&d);
	if (rc == 0)
		rc = report(&d);
	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &d.why);
	done(&d);
	return rc;
}

static void defaults(struct options *o)
{
	o->alpha = 0.01;
	o->fail_on = -1;
}

static const char *const takes[] = {"baseline", "alpha", "weight", "cluster", "target", "against", "fail-on",
	"sort", "csv", "json", "verbose", "config", NULL};

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[options] OLD NEW | RUN --target A --against B",
	.summary = "compare two catchments (runs or catchment.csv)",
	.about = "Says who is served by another site than before, what it costs, which sites came and went, "
		 "and, "
		 "with --baseline,\n"
		 "whether that is more than the noise. OLD and NEW are folders of runs, or CSVs like "
		 "catchment.csv. Each address is\n"
		 "compared by itself. All shares are of the vantage points (VPs) that have a site in both "
		 "runs.\n\n"
		 "verdicts: CHANGED  more moved than between the baseline and OLD: a sign-flip test over "
		 "networks "
		 "gives p <= alpha,\n"
		 "                   and at least 1 point more moved\n"
		 "          LOCAL    something moved, in fewer than 5 networks\n"
		 "          SAME     nothing beyond the noise; the least change that would have shown is "
		 "named\n"
		 "          UNTESTED no baseline, so no p-value: how much moves anyway is not known\n"
		 "          CANNOT   fewer than 10 VPs have a site in both runs (exit 4 when that is all)\n\n"
		 "A baseline is an earlier run with no change known between it and OLD, as long before OLD "
		 "as NEW "
		 "is after it. With 19\n"
		 "or more pairs of earlier runs (and 1/(pairs + 1) <= alpha) the rank among them counts "
		 "instead.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
