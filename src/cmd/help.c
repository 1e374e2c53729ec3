#include <stdio.h>

#include "cmd/command.h"

static int run(const struct options *o)
{
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
	.synopsis = "[--man | --completion]",
	.summary = "all commands in one text, as a man page, or completion for bash",
	.about = "Prints what each command is for. With --man the manual page (man -l reads it), with "
		 "--completion a bash\n"
		 "completion to be sourced.",
	.options = takes,
	.run = run,
};
