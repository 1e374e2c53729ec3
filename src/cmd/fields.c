#include <stdio.h>

#include "cmd/command.h"

static int run(const struct options *o)
{
	const struct record_field *f;
	size_t n = record_fields(&f);

	(void)o;
	(void)printf("RUN/<vp>.probes.csv: one row for each probe sent\n");
	for (size_t i = 0; i < n; i++)
		(void)printf("  %-13s %s\n", f[i].name, f[i].about);
	return EXIT_DONE;
}

static const char *const takes[] = {NULL};

const struct command command_fields = {
	.name = "fields",
	.synopsis = "",
	.summary = "the columns of every file, from the tables that write them",
	.about = "Lists the columns of the files that catchmap writes, with their meaning and unit. New "
		 "columns come at the\n"
		 "end only; readers look columns up by name.",
	.options = takes,
	.run = run,
};
