/* The commands: one const table, one file each. Only here live argv, usage and exit codes. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/options.h"

enum exit_code {
	EXIT_DONE = 0,      /* losses are data */
	EXIT_FOUND = 1,     /* --fail-on found what it names */
	EXIT_USAGE = 2,     /* usage, or a bad input file */
	EXIT_PRIVILEGE = 3, /* no privilege or no interface */
	EXIT_PARTIAL = 4,   /* captures dropped, disk full, input partly unreadable */
	EXIT_SILENT = 5,    /* no reply at all */
	EXIT_SIGNAL = 128   /* + the signal's number */
};

struct command {
	const char *name, *synopsis, *summary;
	const char *about;          /* a paragraph or two for --help and the man page */
	const char *const *options; /* names of the options it takes, NULL-ended */
	void (*defaults)(struct options *o);
	int (*run)(const struct options *o); /* the exit code */
};

extern const struct command *const commands[]; /* NULL-ended, in the order in which help shows them */

/* By its name; NULL: there is none, and `why` says which one is meant, or which there are. */
const struct command *command_find(const char *name, struct err_msg *why);

/* "catchmap: TEXT" on stderr. Returns `code`. */
int command_fail(enum exit_code code, const struct err_msg *why);
/* The exit code that fits an error of a library layer. */
enum exit_code command_exit_of(int err);
void command_warn(const char *text);

#endif
