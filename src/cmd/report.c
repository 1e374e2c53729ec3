#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/routing.h"
#include "infer/alike.h"
#include "report/html.h"
#include "report/page.h"

/* A target of the run that may go into the page. */
struct candidate {
	uint32_t target, before; /* before: CATCHMENT_NONE when it is not compared */
	size_t rows;             /* of both runs */
	const char *service;
	const struct comparison *comparison; /* NULL: none */
};

struct reporting {
	const struct options *o;
	struct intern names;
	struct page_run run;
	struct catchment_set against, *bases;
	size_t n_bases;
	struct candidate *v;
	size_t n, n_shown;
	struct comparison *comparisons;
	size_t n_comparisons;
	struct target_list looked_up; /* those shown, for routes */
	struct routing routing;
	bool partial; /* a routing table was read in part */
	json_t *routes;
	char **warnings;
	size_t n_warnings, cap_warnings;
	struct err_msg why;
};

static int nomem(struct reporting *r)
{
	return err_set(&r->why, ERR_NOMEM, "out of memory");
}

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

/* Said on stderr and in the page. */
static void add_warning(void *arg, const char *text)
{
	struct reporting *r = arg;
	char *kept = strdup(text);

	command_warn(text);
	if (kept && vec_reserve(&r->warnings, &r->cap_warnings, r->n_warnings + 1) == 0)
		r->warnings[r->n_warnings++] = kept;
	else
		free(kept);
}

/* --- what to read --- */

static int read_other(struct reporting *r, struct catchment_set *s, const char *path, const char *newer)
{
	int rc = catchment_set_read(s, &r->names, path, &r->why);

	return rc == 0 && s->folder ? alike_check(s->folder, newer, add_warning, r, &r->why) : rc;
}

static int read_all(struct reporting *r)
{
	const struct options *o = r->o;
	int rc = page_run_read(&r->run, &r->names, o->args[0], complain, &r->why);

	r->bases = calloc(o->n_baselines + 1, sizeof(*r->bases));
	if (!r->bases)
		return nomem(r);
	if (rc == 0 && o->against)
		rc = read_other(r, &r->against, o->against, r->run.path);
	for (size_t i = 0; rc == 0 && i < o->n_baselines; i++)
		rc = read_other(r, &r->bases[r->n_bases++], o->baselines[i],
			r->against.folder ? r->against.folder : r->run.path);
	return rc;
}

/* --- which targets --- */

static bool is_wanted(const struct reporting *r, const struct catchment_target *t)
{
	struct addr a;

	if (!r->o->target)
		return true;
	if (addr_parse(r->o->target, &a) == 0)
		return addr_equal(&a, &t->addr);
	return strcmp(catchment_set_name(&r->run.set, t->service), r->o->target) == 0;
}

static int list_targets(struct reporting *r)
{
	const struct catchment_set *s = &r->run.set;

	r->v = calloc(s->n_targets + 1, sizeof(*r->v));
	if (!r->v)
		return nomem(r);
	for (uint32_t t = 0; t < s->n_targets; t++) {
		struct candidate *c = &r->v[r->n];

		if (!is_wanted(r, &s->targets[t]))
			continue;
		*c = (struct candidate){.target = t,
			.before = CATCHMENT_NONE,
			.rows = s->targets[t].n_rows,
			.service = catchment_set_name(s, s->targets[t].service)};
		if (r->o->against)
			c->before = catchment_set_target(&r->against, &s->targets[t].addr);
		if (c->before != CATCHMENT_NONE)
			c->rows += r->against.targets[c->before].n_rows;
		r->n++;
	}
	if (r->n == 0)
		return err_set(&r->why, ERR_PARSE, "%s: no target '%s' in it", s->path, r->o->target);
	return 0;
}

/* --- comparing --- */

static int test(struct reporting *r, struct comparison *c)
{
	struct compare_side *base = malloc((r->n_bases + 1) * sizeof(*base));
	size_t n = 0;
	int rc;

	if (!base)
		return nomem(r);
	for (size_t i = 0; i < r->n_bases; i++) {
		uint32_t t = catchment_set_target(&r->bases[i], &compare_target(&c->before)->addr);

		if (t != CATCHMENT_NONE)
			base[n++] = (struct compare_side){&r->bases[i], t};
	}
	rc = n > 0 ? compare_baseline(c, base, n, &r->why) : 0;
	free(base);
	return rc;
}

static int compare_all(struct reporting *r)
{
	const struct compare_options how = {.alpha = r->o->alpha};
	int rc = 0;

	r->comparisons = calloc(r->n, sizeof(*r->comparisons));
	if (!r->comparisons)
		return nomem(r);
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		struct comparison *c = &r->comparisons[r->n_comparisons];

		if (r->v[i].before == CATCHMENT_NONE)
			continue;
		r->n_comparisons++;
		r->v[i].comparison = c;
		rc = compare_targets(c, &how, (struct compare_side){&r->against, r->v[i].before},
			(struct compare_side){&r->run.set, r->v[i].target}, &r->why);
		if (rc == 0)
			rc = test(r, c);
	}
	if (rc == 0 && r->n_comparisons == 0)
		return err_set(&r->why, ERR_PARSE, "%s and %s have no target in common", r->against.path,
			r->run.path);
	return rc == 0 ? compare_judge(r->comparisons, r->n_comparisons, &r->why) : rc;
}

/* --- what goes into the page --- */

static double interest(const struct candidate *c)
{
	return !c->comparison ? -1 : isnan(c->comparison->moved_share) ? 0 : c->comparison->moved_share;
}

/* What moved most, then the most vantage points. */
static int by_interest(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	double dx = interest(x), dy = interest(y);

	if (dx != dy)
		return dx > dy ? -1 : 1;
	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	return (x->target > y->target) - (x->target < y->target);
}

static int by_service(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->service, y->service);

	return order ? order : (x->target > y->target) - (x->target < y->target);
}

/* One target is shown however large it is. */
static void choose(struct reporting *r)
{
	size_t rows = 0;
	char text[256];

	qsort(r->v, r->n, sizeof(*r->v), by_interest);
	while (r->n_shown < r->n && (r->n_shown == 0 || rows + r->v[r->n_shown].rows <= PAGE_ROWS_MAX))
		rows += r->v[r->n_shown++].rows;
	qsort(r->v, r->n_shown, sizeof(*r->v), by_service);
	if (r->n_shown == r->n)
		return;
	(void)snprintf(text, sizeof(text),
		"%zu of %zu targets are in the page, those %s: it holds %d vantage points over all; choose "
		"others with "
		"--target",
		r->n_shown, r->n, r->o->against ? "that moved most" : "with the most vantage points",
		PAGE_ROWS_MAX);
	add_warning(r, text);
}

/* What routing tables say of the targets in the page. */
static int read_routes(struct reporting *r)
{
	const struct options *o = r->o;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < r->n_shown; i++) {
		const struct target t = {.addr = r->run.set.targets[r->v[i].target].addr};
		const struct target_info info = {r->v[i].service, "", "", "", ""};

		rc = target_add(&r->looked_up, &t, &info);
	}
	if (rc < 0)
		return nomem(r);
	rc = routing_read(&r->routing, &r->looked_up, o->tables, o->n_tables, o->as_names, false, add_warning,
		r, &r->why);
	/* What is wrong was said. */
	r->partial = rc == ERR_PARTIAL;
	if (rc < 0 && !r->partial)
		return rc;
	rc = routing_join(&r->routing, &r->run.set, r->run.path, &r->why);
	if (rc < 0)
		return rc;
	r->routes = routes_json(&r->routing.report);
	return r->routes ? 0 : nomem(r);
}

static int make_page(struct reporting *r, FILE *out)
{
	struct page_target *targets = calloc(r->n_shown, sizeof(*targets));
	struct page page = {.run = &r->run,
		.against = r->o->against ? &r->against : NULL,
		.targets = targets,
		.n_targets = r->n_shown,
		.routes = r->routes,
		.warnings = (const char *const *)r->warnings,
		.n_warnings = r->n_warnings};
	json_t *j = NULL;
	int rc = ERR_NOMEM;

	for (size_t i = 0; targets && i < r->n_shown; i++)
		targets[i] = (struct page_target){r->v[i].target, r->v[i].comparison};
	if (targets)
		j = page_json(&page, &r->names);
	if (j)
		rc = html_write(out, j);
	json_decref(j);
	free(targets);
	return rc == 0 ? 0 : nomem(r);
}

/* --- where it goes --- */

static int write_to(struct reporting *r, int fd, const char *name, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, bytes, n);

		if (did < 0 && errno != EINTR)
			return err_set(&r->why, err_from_errno(errno), "%s: %s", name, strerror(errno));
		bytes += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
	}
	return 0;
}

/* A regular file is replaced in one step; a pipe or a device is written to. */
static int write_page(struct reporting *r, const char *path, const char *bytes, size_t n)
{
	struct stat st;
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return write_to(r, STDOUT_FILENO, "stdout", bytes, n);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(&r->why, ERR_IO, "%s: a folder: give -o the name of a file", path);
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return file_replace(path, bytes, n, &r->why);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(&r->why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	rc = write_to(r, fd, path, bytes, n);
	(void)close(fd);
	return rc;
}

static int write_out(struct reporting *r)
{
	char own[PATH_MAX], *bytes = NULL;
	const char *path = r->o->output ? r->o->output : own;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	int rc;

	if (!out)
		return nomem(r);
	(void)snprintf(own, sizeof(own), "%s/report.html", r->run.path);
	rc = make_page(r, out);
	if (fclose(out) != 0 && rc == 0)
		rc = nomem(r);
	if (rc == 0)
		rc = write_page(r, path, bytes, n);
	if (rc == 0 && !r->o->quiet && strcmp(path, "-") != 0)
		(void)printf("%s: %zu of %zu targets, %zu kB\n", path, r->n_shown, r->n, (n + 999) / 1000);
	free(bytes);
	return rc;
}

/* --- the command --- */

static int check_line(struct reporting *r)
{
	const struct options *o = r->o;

	if (o->n_args != 1)
		return err_set(&r->why, ERR_PARSE, "give one run: catchmap report RUN -o PAGE.html");
	if (o->n_baselines > 0 && !o->against)
		return err_set(&r->why, ERR_PARSE,
			"--baseline is a run before the one of --against, which is missing");
	return 0;
}

static int work(struct reporting *r)
{
	int rc = check_line(r);

	if (rc == 0)
		rc = read_all(r);
	if (rc == 0)
		rc = list_targets(r);
	if (rc == 0 && r->o->against)
		rc = compare_all(r);
	if (rc < 0)
		return rc;
	choose(r);
	if (r->o->n_tables > 0)
		rc = read_routes(r);
	return rc == 0 ? write_out(r) : rc;
}

static void done(struct reporting *r)
{
	for (size_t i = 0; i < r->n_comparisons; i++)
		compare_free(&r->comparisons[i]);
	for (size_t i = 0; i < r->n_bases; i++)
		catchment_set_free(&r->bases[i]);
	for (size_t i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	json_decref(r->routes);
	routing_free(&r->routing);
	target_list_free(&r->looked_up);
	catchment_set_free(&r->against);
	page_run_free(&r->run);
	intern_free(&r->names);
	free(r->comparisons);
	free(r->bases);
	free(r->warnings);
	free(r->v);
}

static int run(const struct options *o)
{
	struct reporting r = {.o = o};
	int rc = work(&r);

	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &r.why);
	else if (r.partial)
		rc = EXIT_PARTIAL;
	done(&r);
	return rc;
}

static void defaults(struct options *o)
{
	o->alpha = 0.01;
}

static const char *const takes[] = {
	"output", "against", "baseline", "alpha", "target", "mrt", "as-names", "quiet", "config", NULL};

const struct command command_report = {
	.name = "report",
	.synopsis = "[options] RUN [--against OLD] [-o PAGE]",
	.summary = "one self-contained HTML page of a run, or of what changed since another",
	.about = "Draws who is served from where: a map, the sites' shares and round trip times, who is sent "
		 "far away, "
		 "suspicious answers,\n"
		 "the quality of the data; with --against also what moved since the run OLD, and with "
		 "--baseline whether "
		 "that is more than\n"
		 "the noise (catchmap diff says the same in words). RUN needs the files that `catchmap infer "
		 "RUN` makes. "
		 "PAGE is one HTML\n"
		 "file that asks the network for nothing; without -o it is RUN/report.html, and - is stdout. "
		 "Of many "
		 "targets the page has\n"
		 "those that moved most; --target chooses one address or service. With --mrt it shows the AS "
		 "paths of a "
		 "routing table too.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
