#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/routing.h"
#include "cmd/session.h"

struct looking {
	const struct options *o;
	struct target_list book, targets;
	const char **mrt; /* files of --mrt, and further words that name files */
	size_t n_mrt;
	struct intern names;
	struct catchment_set set;
	struct routing routing;
	bool partial;
	struct err_msg why;
};

static void warn(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

/* --- the command line --- */

static bool is_file(const char *word)
{
	struct stat st;

	return stat(word, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* A target; or, as in `--mrt rib.*.bz2`, one more file. */
static int take_word(struct looking *l, const char *word)
{
	int rc = target_resolve(&l->targets, &l->book, word, l->o->family, &l->why);

	if (rc >= 0 || l->o->n_tables == 0 || !is_file(word))
		return rc;
	l->mrt[l->n_mrt++] = word;
	return 0;
}

static int take_words(struct looking *l)
{
	const struct options *o = l->o;
	char folder[PATH_MAX];
	int rc = 0;

	if (o->n_args > 0 && session_book_folder(folder) && target_read_book(&l->book, folder, &l->why) < 0)
		command_warn(l->why.text);
	for (size_t i = 0; i < o->n_tables; i++)
		l->mrt[l->n_mrt++] = o->tables[i];
	for (int i = 0; rc >= 0 && i < o->n_args; i++)
		rc = take_word(l, o->args[i]);
	for (size_t i = 0; rc >= 0 && i < o->n_targets; i++) {
		rc = target_read(&l->targets, o->targets[i], warn, NULL, &l->why);
		if (rc == ERR_PARTIAL) {
			command_warn(l->why.text);
			l->partial = true;
			rc = 0;
		}
	}
	return rc < 0 ? rc : 0;
}

static bool is_other_family(const struct target *t, const void *arg)
{
	return t->addr.family == *(const int *)arg;
}

/* A name mistyped is told before anything long begins. */
static int check_files(struct looking *l)
{
	for (size_t i = 0; i < l->n_mrt; i++)
		if (strcmp(l->mrt[i], "-") != 0 && access(l->mrt[i], R_OK) < 0)
			return err_set(&l->why, ERR_IO, "%s: %s", l->mrt[i], strerror(errno));
	return 0;
}

static int read_line(struct looking *l)
{
	const struct options *o = l->o;
	int rc;

	if (o->n_args == 0 && o->n_targets == 0)
		return err_set(&l->why, ERR_PARSE,
			"no targets: give an address or a service (catchmap routes --help)");
	if (o->n_tables == 0)
		return err_set(&l->why, ERR_PARSE,
			"--mrt FILE is needed: a routing table as RouteViews (routeviews.org) or RIPE RIS "
			"(ris.ripe.net) "
			"publish it");
	l->mrt = calloc(o->n_tables + (size_t)o->n_args, sizeof(*l->mrt));
	if (!l->mrt)
		return err_set(&l->why, ERR_NOMEM, "out of memory");
	rc = take_words(l);
	if (rc < 0)
		return rc;
	if (o->family)
		(void)target_keep(&l->targets, is_other_family, &o->family);
	if (l->targets.n == 0)
		return err_set(&l->why, ERR_PARSE, "no targets are left");
	return check_files(l);
}

/* --- the work --- */

static int look(struct looking *l)
{
	const struct options *o = l->o;
	bool progress = !o->quiet && isatty(STDERR_FILENO);
	int rc = 0;

	if (o->catchment)
		rc = catchment_set_read(&l->set, &l->names, o->catchment, &l->why);
	if (rc == 0)
		rc = routing_read(&l->routing, &l->targets, l->mrt, l->n_mrt, o->as_names, progress, warn,
			NULL, &l->why);
	if (rc == ERR_PARTIAL) {
		l->partial = true;
		rc = 0;
	}
	if (rc == 0 && l->routing.r.n_tables == 0)
		rc = err_set(&l->why, ERR_PARTIAL, "no routing table in what was read: nothing can be said");
	if (rc == 0 && o->catchment)
		rc = routing_join(&l->routing, &l->set, o->catchment, &l->why);
	l->routing.report.every = o->verbose > 0;
	return rc;
}

static int print_json(const struct routes_report *p)
{
	json_t *j = routes_json(p);

	if (!j)
		return ERR_NOMEM;
	/* A full disk behind stdout is seen at the program's end. */
	(void)json_dumpf(j, stdout, JSON_INDENT(1));
	(void)fputc('\n', stdout);
	json_decref(j);
	return 0;
}

static void tell_older(const struct looking *l)
{
	struct err_msg text;

	if (l->routing.r.superseded == 0)
		return;
	(void)err_set(&text, ERR_PARSE,
		"%llu dumps of tables that came again are left out: the newest counts, of two of one second "
		"the last",
		(unsigned long long)l->routing.r.superseded);
	command_warn(text.text);
}

static int print(struct looking *l)
{
	const struct routes_report *p = &l->routing.report;
	int rc;

	tell_older(l);
	rc = l->o->json  ? print_json(p)
	     : l->o->csv ? routes_csv(stdout, p)
	     : l->o->dot ? routes_dot(stdout, p)
			 : routes_text(stdout, p);
	return rc < 0 ? err_set(&l->why, ERR_NOMEM, "out of memory") : 0;
}

static int run(const struct options *o)
{
	struct looking l = {.o = o};
	int rc = read_line(&l);

	if (rc == 0)
		rc = look(&l);
	if (rc == 0)
		rc = print(&l);
	routing_free(&l.routing);
	catchment_set_free(&l.set);
	intern_free(&l.names);
	target_list_free(&l.targets);
	target_list_free(&l.book);
	free(l.mrt);
	if (rc < 0)
		return command_fail(command_exit_of(rc), &l.why);
	return l.partial ? EXIT_PARTIAL : EXIT_DONE;
}

static const char *const takes[] = {"mrt", "catchment", "as-names", "targets", "ipv4", "ipv6", "json", "csv",
	"dot", "verbose", "quiet", "config", NULL};

const struct command command_routes = {
	.name = "routes",
	.synopsis = "[options] ADDRESS|SERVICE... --mrt FILE...",
	.summary = "AS paths of a routing table that converge on the target's origin",
	.about = "Looks addresses up in routing tables, as RouteViews and RIPE RIS publish them (MRT; plain, "
		 ".gz, .bz2 or "
		 ".zst), each read\n"
		 "once: the longest prefix, its origin AS, and the paths of all peers as a tree from the "
		 "origin outwards. "
		 "PEERS counts the\n"
		 "collectors' peers whose path passes there, FULL those of them that sent a full feed (80 % "
		 "of the "
		 "prefixes of the largest\n"
		 "peer), IN IT those that are routers of that AS. Prepends are collapsed. A table does not "
		 "tell a "
		 "neighbour that sells\n"
		 "transit from one that peers, nor an anycast network from one with many providers: what was "
		 "measured "
		 "does, and with\n"
		 "--catchment each vantage point's AS is looked up among the paths: which neighbour leads to "
		 "which "
		 "site.\n"
		 "Words behind --mrt FILE that name files are tables too. A file that is cut or corrupt is "
		 "told with "
		 "the byte where, what\n"
		 "came before is shown, and the exit status is 4.",
	.options = takes,
	.run = run,
};
