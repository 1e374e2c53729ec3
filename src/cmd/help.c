#include <stdio.h>
#include <string.h>

#include "cmd/command.h"

/* How many letters of one word must be put in, left out or replaced to make the other. */
static size_t letters_between(const char *a, const char *b)
{
	enum { WORD_MAX = 16 };
	size_t row[WORD_MAX + 1], n = strlen(b);

	if (n > WORD_MAX)
		return n;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; *a; a++, i++) {
		size_t above_left = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t replaced = above_left + (*a != b[k - 1]), above = row[k];
			size_t other = (row[k - 1] < above ? row[k - 1] : above) + 1;

			row[k] = replaced < other ? replaced : other;
			above_left = above;
		}
	}
	return row[n];
}

/* The command most like it, or NULL where more than half of the letters differ. */
static const struct command *nearest(const char *name)
{
	const struct command *best = NULL;
	size_t least = strlen(name) / 2 + 1;

	for (size_t i = 0; commands[i]; i++) {
		size_t letters = letters_between(name, commands[i]->name);

		if (letters >= least)
			continue;
		least = letters;
		best = commands[i];
	}
	return best;
}

static int no_command(const char *name, struct err_msg *why)
{
	const struct command *like = nearest(name);
	char all[256] = "";
	size_t n = 0;

	if (like)
		return err_set(
			why, ERR_PARSE, "no command '%.64s': is it %s? (catchmap --help)", name, like->name);
	for (size_t i = 0; commands[i] && n < sizeof(all); i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, " %s", commands[i]->name);
	return err_set(why, ERR_PARSE, "no command '%.64s': there are%s", name, all);
}

const struct command *command_find(const char *name, struct err_msg *why)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	(void)no_command(name, why);
	return NULL;
}

static int help_on(const char *name)
{
	struct options defaults = {0};
	struct err_msg why;
	const struct command *c = command_find(name, &why);

	if (!c)
		return command_fail(EXIT_USAGE, &why);
	if (c->defaults)
		c->defaults(&defaults);
	options_help(c, &defaults);
	return EXIT_DONE;
}

static int run(const struct options *o)
{
	if (o->n_args > 1 || (o->n_args == 1 && (o->completion || o->man)))
		return command_fail(
			EXIT_USAGE, &(struct err_msg){"give one command, or none (catchmap help --help)"});
	if (o->n_args == 1)
		return help_on(o->args[0]);
	if (o->completion)
		options_completion();
	else if (o->man)
		options_man();
	else
		for (size_t i = 0; commands[i]; i++)
			(void)printf("%s%s: %s\n\n%s\n", i ? "\n" : "", commands[i]->name,
				commands[i]->summary, commands[i]->about);
	return EXIT_DONE;
}

static const char *const takes[] = {"man", "completion", NULL};

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND | --man | --completion]",
	.summary = "one command, or all in one text, as a man page, or completion for bash",
	.about = "Prints how COMMAND is used (as its --help does), or what each command is for. With --man "
		 "the "
		 "manual page (man -l\n"
		 "reads it), with --completion a bash completion to be sourced.",
	.options = takes,
	.run = run,
};
