#include <stdio.h>

#include "cmd/command.h"
#include "cmd/comparing.h"
#include "report/diff.h"

struct diffing {
	const struct options *o;
	struct comparing c;
	struct catchment_set sets[2]; /* the second stays empty when two targets of one run are compared */
};

static int report(struct diffing *d)
{
	const struct comparing *c = &d->c;
	const struct diff_view view = {.v = c->v,
		.n = c->n,
		.warnings = (const char *const *)c->warnings,
		.n_warnings = c->n_warnings,
		.sort = (enum diff_sort)d->o->sort,
		.fail_on = d->o->fail_on,
		.every = d->o->verbose > 0};
	bool fails = false, any = false;
	int rc = d->o->json  ? diff_json(stdout, &view)
		 : d->o->csv ? diff_csv(stdout, &view)
			     : diff_text(stdout, &view);

	if (rc == ERR_NOMEM)
		return err_set(&d->c.why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < c->n; i++) {
		fails |= diff_fails(&view, &c->v[i]);
		any |= c->v[i].verdict != COMPARE_CANNOT;
	}
	return fails ? EXIT_FOUND : any && !c->partial ? EXIT_DONE : EXIT_PARTIAL;
}

static int check_line(struct diffing *d)
{
	const struct options *o = d->o;
	struct err_msg *why = &d->c.why;

	if (o->fail_verdicts || o->fail_flags)
		return err_set(why, ERR_PARSE, "--fail-on: a percentage is expected, like 5%%");
	if (o->against && !o->target)
		return err_set(why, ERR_PARSE, "--against needs --target: two addresses of one run");
	if (o->n_args != (o->against ? 1 : 2))
		return err_set(why, ERR_PARSE,
			o->against ? "--target and --against compare two targets of one run: give one path"
				   : "give two runs, OLD and NEW (catchmap diff --help)");
	if (o->against && o->n_baselines)
		return err_set(why, ERR_PARSE,
			"--baseline is a run before OLD: it says nothing of two targets of one run");
	return 0;
}

static int work(struct diffing *d)
{
	const struct options *o = d->o;
	int rc;

	if (o->against) {
		rc = comparing_read(&d->c, &d->sets[0], o->args[0]);
	} else {
		const char *const paths[2] = {o->args[0], o->args[1]};

		rc = comparing_read_two(&d->c, d->sets, paths);
	}
	return rc == 0 ? comparing_run(&d->c, &d->sets[0], &d->sets[o->against ? 0 : 1], o->against) : rc;
}

static int run(const struct options *o)
{
	struct diffing d = {.o = o, .c = {.o = o, .aloud = o->csv}};
	int rc = check_line(&d);

	if (rc == 0)
		rc = work(&d);
	if (rc == 0)
		rc = report(&d);
	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &d.c.why);
	comparing_free(&d.c);
	catchment_set_free(&d.sets[0]);
	catchment_set_free(&d.sets[1]);
	return rc;
}

static void defaults(struct options *o)
{
	o->alpha = 0.01;
	o->fail_on = -1;
}

static const char *const takes[] = {"baseline", "alpha", "weight", "cluster", "target", "against", "reinfer",
	"targets", "fail-on", "sort", "csv", "json", "verbose", "config", NULL};

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
		 "          CANNOT   fewer than 10 VPs have a site in both runs (exit 4 when that is all)\n"
		 "\n" COMPARING_FATES "\n\n"
		 "A baseline is an earlier run with no change known between it and OLD, as long before OLD "
		 "as NEW "
		 "is after it. With 19\n"
		 "or more pairs of earlier runs (and 1/(pairs + 1) <= alpha) the rank among them counts "
		 "instead.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
