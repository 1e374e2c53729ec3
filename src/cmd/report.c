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
#include "cmd/command.h"
#include "cmd/comparing.h"
#include "cmd/reinfer.h"
#include "cmd/routing.h"
#include "report/html.h"
#include "report/page.h"

/* A target of the run that may go into the page. */
struct candidate {
	uint32_t target;
	size_t rows; /* of both runs */
	const char *service;
	const struct comparison *comparison; /* NULL: none */
};

struct reporting {
	const struct options *o;
	struct comparing c;
	struct page_run run;
	struct catchment_set old; /* empty when two targets of the run are compared, or nothing is */
	struct candidate *v;
	size_t n, n_shown;
	struct target_list looked_up; /* those shown, for routes */
	struct routing routing;
	json_t *routes;
};

static int nomem(struct reporting *r)
{
	return err_set(&r->c.why, ERR_NOMEM, "out of memory");
}

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

/* --- what to read --- */

static int read_run(struct reporting *r)
{
	struct reinfer again = {.partial = false};
	const char *run = r->o->args[0];
	int rc = r->o->reinfer ? reinfer_run(&again, run, r->o, &r->c.why) : 0;

	if (rc == 0)
		rc = page_run_read(
			&r->run, &r->c.names, run, again.folder[0] ? again.folder : run, complain, &r->c.why);
	r->c.partial |= again.partial;
	reinfer_remove(&again);
	return rc;
}

/* What --against names: a run or a file, or else, beside --target, another target of the run. */
static bool is_target(const struct options *o)
{
	return o->against && o->target && access(o->against, F_OK) < 0;
}

static int compare(struct reporting *r)
{
	const struct options *o = r->o;
	int rc;

	if (is_target(o))
		return o->n_baselines
			       ? err_set(&r->c.why, ERR_PARSE,
					 "%s: no such run; and --baseline says nothing of two targets of one",
					 o->against)
			       : comparing_run(&r->c, &r->run.set, &r->run.set, o->against);
	rc = comparing_read(&r->c, &r->old, o->against);
	return rc == 0 ? comparing_run(&r->c, &r->old, &r->run.set, NULL) : rc;
}

/* --- which targets --- */

static const struct comparison *comparison_of(const struct reporting *r, uint32_t target)
{
	for (size_t i = 0; i < r->c.n; i++)
		if (r->c.v[i].now.target == target)
			return &r->c.v[i];
	return NULL;
}

static void add_target(struct reporting *r, uint32_t target)
{
	const struct catchment_set *s = &r->run.set;
	const struct comparison *c = comparison_of(r, target);

	r->v[r->n++] = (struct candidate){.target = target,
		.rows = s->targets[target].n_rows + (c ? compare_target(&c->before)->n_rows : 0),
		.service = catchment_set_name(s, s->targets[target].service),
		.comparison = c};
}

static int list_targets(struct reporting *r)
{
	const struct catchment_set *s = &r->run.set;
	const char *wanted = is_target(r->o) ? r->o->against : r->o->target;

	r->v = calloc(s->n_targets + 1, sizeof(*r->v));
	if (!r->v)
		return nomem(r);
	for (uint32_t t = 0; t < s->n_targets; t++)
		if (comparing_wants(s, t, wanted))
			add_target(r, t);
	if (r->n == 0)
		return err_set(&r->c.why, ERR_PARSE, "%s: no target '%s' in it", s->path, wanted);
	return 0;
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
	comparing_warn(&r->c, text);
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
	rc = routing_read(&r->routing, &r->looked_up, o->tables, o->n_tables, o->as_names, false,
		comparing_warn, &r->c, &r->c.why);
	/* What is wrong was said. */
	r->c.partial |= rc == ERR_PARTIAL;
	if (rc < 0 && rc != ERR_PARTIAL)
		return rc;
	rc = routing_join(&r->routing, &r->run.set, r->run.path, &r->c.why);
	if (rc < 0)
		return rc;
	r->routes = routes_json(&r->routing.report);
	return r->routes ? 0 : nomem(r);
}

static int make_page(struct reporting *r, FILE *out)
{
	struct page_target *targets = calloc(r->n_shown, sizeof(*targets));
	struct page page = {.run = &r->run,
		.against = r->c.before,
		.targets = targets,
		.n_targets = r->n_shown,
		.routes = r->routes,
		.warnings = (const char *const *)r->c.warnings,
		.n_warnings = r->c.n_warnings};
	json_t *j = NULL;
	int rc = ERR_NOMEM;

	for (size_t i = 0; targets && i < r->n_shown; i++)
		targets[i] = (struct page_target){r->v[i].target, r->v[i].comparison};
	if (targets)
		j = page_json(&page, &r->c.names);
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
			return err_set(&r->c.why, err_from_errno(errno), "%s: %s", name, strerror(errno));
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
		return err_set(&r->c.why, ERR_IO, "%s: a folder: give -o the name of a file", path);
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return file_replace(path, bytes, n, &r->c.why);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(&r->c.why, err_from_errno(errno), "%s: %s", path, strerror(errno));
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
		return err_set(&r->c.why, ERR_PARSE, "give one run: catchmap report RUN -o PAGE.html");
	if (o->n_baselines > 0 && !o->against)
		return err_set(&r->c.why, ERR_PARSE,
			"--baseline is a run before the one of --against, which is missing");
	return 0;
}

static int work(struct reporting *r)
{
	int rc = check_line(r);

	if (rc == 0)
		rc = read_run(r);
	if (rc == 0 && r->o->against)
		rc = compare(r);
	if (rc == 0)
		rc = list_targets(r);
	if (rc < 0)
		return rc;
	choose(r);
	if (r->o->n_tables > 0)
		rc = read_routes(r);
	return rc == 0 ? write_out(r) : rc;
}

static void done(struct reporting *r)
{
	json_decref(r->routes);
	routing_free(&r->routing);
	target_list_free(&r->looked_up);
	comparing_free(&r->c);
	catchment_set_free(&r->old);
	page_run_free(&r->run);
	free(r->v);
}

static int run(const struct options *o)
{
	struct reporting r = {.o = o, .c = {.o = o, .aloud = true}};
	int rc = work(&r);

	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &r.c.why);
	else if (r.c.partial)
		rc = EXIT_PARTIAL;
	done(&r);
	return rc;
}

static void defaults(struct options *o)
{
	o->alpha = 0.01;
}

static const char *const takes[] = {"output", "against", "baseline", "alpha", "weight", "cluster", "target",
	"reinfer", "targets", "mrt", "as-names", "quiet", "config", NULL};

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
		 "routing table too.\n\n" COMPARING_FATES,
	.options = takes,
	.defaults = defaults,
	.run = run,
};
