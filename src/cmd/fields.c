#include <stdio.h>

#include "cmd/command.h"
#include "data/catchment.h"
#include "data/sites.h"
#include "data/target.h"
#include "report/decode.h"
#include "report/diff.h"
#include "report/routes.h"
#include "report/which.h"

static const struct {
	const char *file;
	field_walk *field;
} files[] = {
	{"RUN/<vp>.probes.csv, RUN/import-FORMAT.probes.csv.zst: one row for each probe sent", record_field},
	{"RUN/vantage.csv: one row for each vantage point", vantage_field},
	{"RUN/sites.csv: one row for each site of a target", site_field},
	{"RUN/catchment.csv: one row for each vantage point at each target", catchment_field},
	{"RUN/trust.csv: one row for each vantage point", trust_field},
	{"diff --csv: one row for each vantage point at each target", diff_field},
	{"routes --csv: one row for each path", route_field},
	{"targets/sites.csv: one row for each site that an operator lists", sites_field},
	{"catchmap decode -f: columns behind those of the input", decode_field},
	{"catchmap which --json: keys of each target", which_field},
	{"targets/*.csv: one row for each address that can be probed", target_field},
};

static int run(const struct options *o)
{
	(void)o;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct field f;

		(void)printf("%s%s\n", i ? "\n" : "", files[i].file);
		for (size_t k = 0; files[i].field(k, &f); k++)
			(void)printf("  %-16s %s\n", f.name, f.about);
	}
	return EXIT_DONE;
}

static const char *const takes[] = {NULL};

const struct command command_fields = {
	.name = "fields",
	.synopsis = "",
	.summary = "the columns of every file, from the tables that write them",
	.about = "Lists the columns of the files that catchmap reads and writes, with their meaning and "
		 "unit. New columns come at\n"
		 "the end only; readers look columns up by name.",
	.options = takes,
	.run = run,
};
