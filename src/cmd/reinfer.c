#include "cmd/reinfer.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/command.h"

extern const struct command command_infer;

static int make_folder(struct reinfer *r, struct err_msg *why)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(
		r->folder, sizeof(r->folder), "%s/catchmap-infer-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (n < 0 || (size_t)n >= sizeof(r->folder) || !mkdtemp(r->folder)) {
		r->folder[0] = '\0';
		return err_set(why, err_from_errno(errno), "a scratch folder in %s: %s",
			tmp && *tmp ? tmp : "/tmp", strerror(errno));
	}
	return 0;
}

/* As `catchmap infer -q -o FOLDER RUN` would. */
static int infer(const struct reinfer *r, const char *run, const struct options *o)
{
	char name[PATH_MAX], *args[] = {name, NULL}, *argv[] = {(char[]){"catchmap"}, NULL};
	struct options own = {.quiet = true,
		.output = r->folder,
		.args = args,
		.n_args = 1,
		.argv = argv,
		.argc = 1,
		.n_targets = o->n_targets};

	memcpy(own.targets, o->targets, sizeof(own.targets));
	command_infer.defaults(&own);
	(void)snprintf(name, sizeof(name), "%s", run);
	return command_infer.run(&own);
}

int reinfer_run(struct reinfer *r, const char *run, const struct options *o, struct err_msg *why)
{
	struct stat st;
	int code;

	*r = (struct reinfer){.partial = false};
	if (stat(run, &st) < 0)
		return err_set(why, err_from_errno(errno), "%s: %s", run, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(why, ERR_PARSE, "%s: not the folder of a run: --reinfer needs its rows", run);
	if (make_folder(r, why) < 0)
		return ERR_IO;
	code = infer(r, run, o);
	r->partial = code == EXIT_PARTIAL;
	if (code != EXIT_DONE && code != EXIT_PARTIAL)
		return err_set(why, ERR_PARSE, "%s: cannot be inferred again", run);
	return 0;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void reinfer_remove(struct reinfer *r)
{
	if (r->folder[0])
		(void)nftw(r->folder, drop, 8, FTW_DEPTH | FTW_PHYS);
	r->folder[0] = '\0';
}
