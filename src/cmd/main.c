#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "cmd/command.h"

extern const struct command command_which, command_probe, command_import, command_decode, command_infer,
	command_diff, command_replay, command_fields, command_watch, command_report, command_routes,
	command_help;

const struct command *const commands[] = {
	&command_which,
	&command_probe,
	&command_import,
	&command_infer,
	&command_diff,
	&command_report,
	&command_routes,
	&command_watch,
	&command_decode,
	&command_replay,
	&command_fields,
	&command_help,
	NULL,
};

int command_fail(enum exit_code code, const struct err_msg *why)
{
	(void)fprintf(stderr, "catchmap: %s\n", why->text);
	return (int)code;
}

void command_warn(const char *text)
{
	(void)fprintf(stderr, "catchmap: warning: %s\n", text);
}

enum exit_code command_exit_of(int err)
{
	switch (err) {
	case ERR_PERM:
	case ERR_IFACE:
	case ERR_ROUTE:
		return EXIT_PRIVILEGE;
	case ERR_FULL:
	case ERR_PARTIAL:
		return EXIT_PARTIAL;
	default:
		return EXIT_USAGE;
	}
}

static int overview(FILE *out, int code)
{
	(void)fprintf(out, "usage: catchmap COMMAND [options] ...\n\n"
			   "Which site of an anycast service answers this machine; from many machines, who "
			   "is served by which.\n\n");
	for (size_t i = 0; commands[i]; i++)
		(void)fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	(void)fprintf(out, "\ncatchmap COMMAND --help says more; catchmap --version names the version.\n");
	return code;
}

static int run(const struct command *c, int argc, char *argv[])
{
	struct options o = {.argc = argc + 1, .argv = argv - 1}, defaults;
	struct err_msg why = {{0}};
	int code = EXIT_DONE;

	if (c->defaults)
		c->defaults(&o);
	defaults = o;
	if (options_read(&o, c, argc, argv, &why) < 0)
		code = command_fail(EXIT_USAGE, &why);
	else if (o.help)
		options_help(c, &defaults);
	else
		code = c->run(&o);
	options_free(&o);
	return code;
}

/* Whoever read has enough, as `| head` does. */
static bool reader_is_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* What was printed may not have arrived: a full disk behind stdout is an error like any other. */
static int finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (reader_is_gone())
		return code == EXIT_DONE ? EXIT_SIGNAL + SIGPIPE : code;
	(void)fprintf(stderr, "catchmap: cannot write to standard output\n");
	return code == EXIT_DONE ? EXIT_PARTIAL : code;
}

/* A terminal that shows UTF-8 gets it, in tables too; letters are those of ASCII in any language. */
static void choose_characters(void)
{
	bool is_utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	(void)setlocale(LC_CTYPE, is_utf8 ? "C.UTF-8" : "C");
}

int main(int argc, char *argv[])
{
	const struct command *c;
	struct err_msg why;

	(void)signal(SIGPIPE, SIG_IGN);
	choose_characters();
	if (argc < 2)
		return overview(stderr, EXIT_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return finish(overview(stdout, EXIT_DONE));
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)printf("catchmap %s\n", CATCHMAP_VERSION);
		return finish(EXIT_DONE);
	}
	c = command_find(argv[1], &why);
	if (!c)
		return command_fail(EXIT_USAGE, &why);
	if (hash_init() < 0) {
		(void)fprintf(stderr, "catchmap: the system gives no random bytes\n");
		return EXIT_PRIVILEGE;
	}
	return finish(run(c, argc - 1, argv + 1));
}
