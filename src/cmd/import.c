#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/command.h"
#include "data/import.h"
#include "data/run.h"
#include "probe/message.h"

/* Complaints that are shown for one file; the rest is counted. */
enum { SHOWN_MAX = 20 };

struct importing {
	const struct options *o;
	const struct import_format *format;
	struct addr target;
	struct vantage_list places;
	struct import_book book;
	struct file_out *rows;
	struct run_meta meta;
	char name[64]; /* of the rows: import-FORMAT */
	size_t complaints, bad;
	struct err_msg why;
};

static void complain(void *arg, const char *text)
{
	struct importing *m = arg;

	if (++m->complaints <= SHOWN_MAX)
		command_warn(text);
}

/* What was not shown of a file's complaints. */
static void complain_rest(struct importing *m, const char *path)
{
	struct err_msg text;

	if (m->complaints > SHOWN_MAX) {
		(void)err_set(&text, ERR_PARSE, "%s: %zu more like these", path, m->complaints - SHOWN_MAX);
		command_warn(text.text);
	}
	m->complaints = 0;
}

static int take_row(
	void *arg, const struct record *r, const struct vantage *v, bool again, struct err_msg *why)
{
	struct importing *m = arg;
	struct record own = *r;
	char row[RECORD_ROW_MAX];
	int rc = import_take(&m->book, &own, v, again, why);

	if (rc < 0)
		return rc;
	m->meta.counts.outcome[own.outcome]++;
	m->meta.counts.sent++;
	m->meta.counts.rows++;
	m->meta.counts.matched += own.replies > 0;
	return file_out_write(m->rows, row, record_row(&own, row), why);
}

/* --- the run --- */

static int read_file(struct importing *m, const char *path)
{
	const struct import_sink sink = {take_row, complain, probe_message, m};
	struct import_source s = {.in = file_in_open(path, &m->why), .sink = &sink, .target = m->target};
	int rc;

	if (!s.in)
		return ERR_PARSE;
	rc = m->format->read(&s, &m->why);
	complain_rest(m, path);
	m->bad += s.bad;
	return rc;
}

/* Files that cannot be read at all, or not to the end, are told; the others are still taken. */
static int read_files(struct importing *m)
{
	for (int i = 0; i < m->o->n_args; i++) {
		int rc = read_file(m, m->o->args[i]);

		if (rc == ERR_NOMEM || rc == ERR_FULL)
			return rc;
		if (rc < 0) {
			command_warn(m->why.text);
			m->bad++;
		}
	}
	return 0;
}

/* One file for all vantage points: thousands of files of a few rows each would cost their readers more than the rows do,
 * and a reader goes by the column vp. */
static int open_rows(struct importing *m)
{
	char path[4096], header[RECORD_ROW_MAX];
	int rc = run_make(m->o->output, &m->why);

	if (rc == 0)
		rc = run_path(m->o->output, m->name, ".probes.csv.zst", path, &m->why);
	if (rc < 0)
		return rc;
	m->rows = file_out_create(path, &m->why);
	if (!m->rows)
		return ERR_IO;
	return file_out_write(m->rows, header, record_header(header), &m->why);
}

/* Of files that were none, nothing is left that would be in the way of the next try. */
static void remove_empty(const struct importing *m)
{
	static const char *const suffixes[] = {".probes.csv.zst", ".meta.json"};
	char path[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (run_path(m->o->output, m->name, suffixes[i], path, NULL) == 0)
			(void)unlink(path);
}

static int store_vantage(struct importing *m)
{
	vantage_list_sort(&m->book.vps);
	return m->book.vps.n > 0 ? vantage_store_all(m->o->output, &m->book.vps, &m->why) : 0;
}

static int store_meta(struct importing *m, const char *ended)
{
	m->meta.ended = ended;
	m->meta.end = ended[0] ? clock_wall() : (struct wall){0};
	m->meta.targets = m->book.targets.n;
	return run_meta_store(m->o->output, &m->meta, &m->why);
}

static int import(struct importing *m)
{
	int rc = open_rows(m), closed;

	if (rc == 0)
		rc = store_meta(m, "");
	if (rc == 0)
		rc = read_files(m);
	closed = m->rows ? file_out_close(m->rows, rc < 0 ? NULL : &m->why) : 0;
	rc = rc < 0 ? rc : closed;
	if (rc == 0)
		rc = store_vantage(m);
	if (rc == 0)
		rc = store_meta(m, "done");
	return rc;
}

static void summarize(const struct importing *m)
{
	struct err_msg text;

	if (m->book.placeless > 0) {
		(void)err_set(&text, ERR_PARSE,
			"%zu of %zu vantage points have no place: only identities will place what they see "
			"(--vantage gives places)",
			m->book.placeless, m->book.vps.n);
		command_warn(text.text);
	}
	if (!m->o->quiet)
		(void)fprintf(stderr, "catchmap: %llu rows, %zu vantage points, %zu targets\n",
			(unsigned long long)m->book.rows, m->book.vps.n, m->book.targets.n);
}

static int check_usage(struct importing *m)
{
	const struct options *o = m->o;

	if (!o->format || !(m->format = import_format_of(o->format)))
		return err_set(&m->why, ERR_PARSE, "--format is one of igreedy, atlas and manycastr%s%s%s",
			o->format ? ", not '" : "", o->format ? o->format : "", o->format ? "'" : "");
	if (!o->output || o->n_args == 0)
		return err_set(
			&m->why, ERR_PARSE, "import needs a folder for its rows, -o RUN, and files to read");
	if (o->target && addr_parse(o->target, &m->target) < 0)
		return err_set(
			&m->why, ERR_PARSE, "--target: '%s' is not an IPv4 or IPv6 address", o->target);
	return 0;
}

static int read_places(struct importing *m)
{
	int rc;

	if (!m->o->places)
		return 0;
	rc = import_places(m->o->places, &m->places, complain, m, &m->why);
	complain_rest(m, m->o->places);
	m->bad += rc == ERR_PARTIAL;
	m->book.places = &m->places;
	return rc == ERR_PARTIAL ? 0 : rc;
}

/* An exit code. A run without a single row is no run. */
static int run_all(struct importing *m)
{
	int rc = check_usage(m);

	if (rc == 0)
		rc = read_places(m);
	if (rc < 0)
		return command_fail(EXIT_USAGE, &m->why);
	(void)snprintf(m->name, sizeof(m->name), "import-%s", m->format->name);
	m->meta = (struct run_meta){.argc = m->o->argc,
		.argv = m->o->argv,
		.vp = m->name,
		.start = clock_wall(),
		.stamps = "none",
		.probes = "",
		.question = "",
		.contact = ""};
	rc = import(m);
	if (rc < 0)
		return command_fail(command_exit_of(rc), &m->why);
	summarize(m);
	if (m->book.rows == 0) {
		remove_empty(m);
		(void)err_set(&m->why, ERR_PARSE, "nothing to import in these files");
		return command_fail(EXIT_USAGE, &m->why);
	}
	return m->bad > 0 ? EXIT_PARTIAL : EXIT_DONE;
}

static int run(const struct options *o)
{
	struct importing *m = calloc(1, sizeof(*m));
	int code;

	if (!m)
		return EXIT_PARTIAL;
	m->o = o;
	code = run_all(m);
	import_book_free(&m->book);
	vantage_list_free(&m->places);
	free(m);
	return code;
}

static const char *const takes[] = {"format", "output", "target", "vantage", "quiet", "config", NULL};

const struct command command_import = {
	.name = "import",
	.synopsis = "--format FORMAT -o RUN [options] FILE...",
	.summary = "what other tools measured, as the same rows",
	.about = "Reads measurements of other tools (plain, .gz, .zst or .bz2) and writes them as a run: "
		 "RUN/import-FORMAT.probes.csv.zst,\n"
		 "one row for each probe, and RUN/vantage.csv. A bad line is told with its file and line and "
		 "left out, as is a row of a\n"
		 "vantage point that was at another place before; the exit status then is 4.\n"
		 "igreedy: lines `host lat lon rtt_ms` or `host lat lon label rtt_ms` with tabs between; the "
		 "label is an identity; the\n"
		 "target is --target, or the address in the file's name. atlas: RIPE Atlas results of ping "
		 "and "
		 "dns, a JSON array or one\n"
		 "a line; --vantage is the JSON of its probes. manycastr: the CSV of a latency, unicast or "
		 "LACeS "
		 "measurement; --vantage\n"
		 "is a CSV with the columns of vantage.csv. With --target only results of that address are "
		 "taken.",
	.options = takes,
	.run = run,
};
