#include "cmd/recorder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/csv.h"

enum { PATH_CAP = 4096, STAMP_CAP = 17 };

static const char *suffix_of(const struct recorder *r)
{
	return r->compress ? ".probes.csv.zst" : ".probes.csv";
}

static int put_header(struct recorder *r, struct err_msg *why)
{
	char row[RECORD_ROW_MAX];

	return file_out_write(r->rows, row, record_header(row), why);
}

static int set_path(struct recorder *r, struct err_msg *why)
{
	return run_path(r->run, r->vp, suffix_of(r), r->path, why);
}

int recorder_open(struct recorder *r, bool resume, struct err_msg *why)
{
	off_t size = 0;
	int rc = set_path(r, why);

	if (rc < 0)
		return rc;
	if (access(r->path, F_OK) < 0)
		r->rows = file_out_create(r->path, why);
	else if (resume)
		r->rows = file_out_resume(r->path, &size, why);
	else
		return err_set(why, ERR_EXISTS,
			"%s is there already: take another RUN or --vp, or go on with it by --resume",
			r->path);
	if (!r->rows)
		return ERR_IO;
	return size == 0 ? put_header(r, why) : 0;
}

/* --- files that were rotated away --- */

/* When a file began, as it stands in names: 20261122T180000Z. */
static void stamp_text(struct wall t, char out[static STAMP_CAP])
{
	time_t s = (time_t)(t.ns / NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&s, &tm) || strftime(out, STAMP_CAP, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}

static bool is_stamp(const char *text)
{
	static const char digits[] = "0123456789";

	return strspn(text, digits) == 8 && text[8] == 'T' && strspn(text + 9, digits) == 6 &&
	       text[15] == 'Z';
}

/* Of two names that begin with `n` characters and a stamp; of one second's, "-2" comes after the one without a number. */
static bool is_newer(const char *name, const char *than, size_t n)
{
	int order = strncmp(name, than, n + STAMP_CAP - 1);
	size_t a = strlen(name), b = strlen(than);

	return order ? order > 0 : a != b ? a > b : strcmp(name, than) > 0;
}

/* The newest "<vp>.<stamp>SUFFIX" of the run; false when there is none. */
static bool newest(const struct recorder *r, const char *suffix, char out[static PATH_CAP])
{
	char best[256] = "", prefix[80];
	size_t n = (size_t)snprintf(prefix, sizeof(prefix), "%s.", r->vp), end = strlen(suffix);
	DIR *dir = opendir(r->run);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < sizeof(best) && len > n + end && strncmp(e->d_name, prefix, n) == 0 &&
			is_stamp(e->d_name + n) && strcmp(e->d_name + len - end, suffix) == 0 &&
			is_newer(e->d_name, best, n))
			memcpy(best, e->d_name, len + 1);
	}
	if (dir)
		(void)closedir(dir);
	return *best && snprintf(out, PATH_CAP, "%s/%s", r->run, best) < PATH_CAP;
}

/* Renames without overwriting: a second rotation in one second gets "-2". */
static int move_away(const struct recorder *r, const char *from, const char *suffix, struct err_msg *why)
{
	char stamp[STAMP_CAP], to[PATH_CAP];

	stamp_text(r->meta->start, stamp);
	for (int i = 1; i < 100; i++) {
		int n = i == 1 ? snprintf(to, sizeof(to), "%s/%s.%s%s", r->run, r->vp, stamp, suffix)
			       : snprintf(to, sizeof(to), "%s/%s.%s-%d%s", r->run, r->vp, stamp, i, suffix);

		if (n >= (int)sizeof(to))
			break;
		if (access(to, F_OK) == 0)
			continue;
		return rename(from, to) == 0
			       ? 0
			       : err_set(why, err_from_errno(errno), "%s: cannot be renamed to %s: %s", from,
					 to, strerror(errno));
	}
	return err_set(why, ERR_EXISTS, "%s: no free name to rotate it to", from);
}

/* --- going on --- */

int recorder_past(const struct recorder *r, struct run_past *p, struct err_msg *why)
{
	char path[PATH_CAP];
	int rc = run_path(r->run, r->vp, ".meta.json", path, why);

	if (rc < 0)
		return rc;
	if (access(path, F_OK) < 0 && !newest(r, ".meta.json", path))
		return 0;
	rc = run_past_read(path, p, why);
	return rc < 0 ? rc : 1;
}

/* Counts the whole rows of one file; what is cut short at its end is as if it had not been sent. */
static int count_rows(const char *path, struct past *past, struct err_msg *why)
{
	struct csv *in = csv_open(path, why);
	struct record_reader rd;
	uint8_t scratch[RECORD_SCRATCH];
	struct record row;
	int rc = in ? record_reader_init(&rd, in, why) : ERR_PARSE, more = 0;

	while (rc == 0 && (more = csv_next(in, why)) > 0 && !csv_is_torn(in)) {
		rc = record_read(&rd, in, &row, scratch, why);
		if (rc == 0 && past_row(past, &row) < 0)
			rc = err_set(why, ERR_RANGE,
				"%s:%zu: this row is not of these targets and options: --resume needs those "
				"of "
				"the interrupted run",
				path, csv_line(in));
	}
	csv_close(in);
	return rc < 0 ? rc : more == ERR_PARTIAL || more > 0 ? 0 : more;
}

/* A file that died before its header was safe has no rows. */
static bool is_empty(const char *path)
{
	struct csv *in = csv_open(path, NULL);

	csv_close(in);
	return !in;
}

int recorder_read(struct recorder *r, struct past *past, struct err_msg *why)
{
	char older[PATH_CAP];
	int rc = set_path(r, why);

	if (rc == 0 && access(r->path, F_OK) == 0 && !is_empty(r->path))
		rc = count_rows(r->path, past, why);
	r->n_rows = r->older_rows = past->rows;
	memcpy(r->older_outcome, past->outcome, sizeof(r->older_outcome));
	/* Rows are in the order of sending: what was rotated away last may hold the last probe sent, or the first attempt of
	 * a retry. */
	if (rc == 0 && newest(r, suffix_of(r), older))
		rc = count_rows(older, past, why);
	return rc;
}

/* --- rows --- */

void recorder_row(void *arg, const struct record *row)
{
	struct recorder *r = arg;
	char text[RECORD_ROW_MAX];

	if (r->rc < 0)
		return;
	r->rc = file_out_write(r->rows, text, record_row(row, text), &r->why);
	r->n_rows += r->rc == 0;
}

/* After a failed write: how many whole rows the file has. */
static uint64_t rows_left(const char *path)
{
	struct csv *in = csv_open(path, NULL);
	uint64_t n = 0;

	while (in && csv_next(in, NULL) > 0)
		n++;
	csv_close(in);
	return n;
}

/* --- meta.json --- */

static bool clock_is_synchronized(void)
{
	struct timex t = {0};

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

/* A probe counts where its row is, whichever file was being written when it left. */
struct run_counts recorder_total(const struct recorder *r, const struct run_counts *now)
{
	struct run_counts total = *now;

	total.sent = total.rows += r->older_rows;
	total.late += r->older_outcome[OUTCOME_LATE];
	for (size_t i = 0; i < OUTCOMES; i++)
		total.outcome[i] += r->older_outcome[i];
	return total;
}

/* A file's own part of it. */
static void count(struct recorder *r, const struct run_counts *now)
{
	const struct run_counts total = recorder_total(r, now), *t = &total, *b = &r->before;
	struct run_counts *c = &r->meta->counts;

	*c = (struct run_counts){
		.scheduled = t->scheduled - b->scheduled,
		.sent = t->sent - b->sent,
		.rows = r->n_rows,
		.captured = t->captured - b->captured,
		.dropped = t->dropped - b->dropped,
		.ifdropped = t->ifdropped - b->ifdropped,
		.matched = t->matched - b->matched,
		.unmatched = t->unmatched - b->unmatched,
		.malformed = t->malformed - b->malformed,
		.late = t->late - b->late,
		.duplicate = t->duplicate - b->duplicate,
		.behind = t->behind - b->behind,
	};
	for (size_t i = 0; i < OUTCOMES; i++)
		c->outcome[i] = t->outcome[i] - b->outcome[i];
}

int recorder_store(struct recorder *r, const struct run_counts *now, const char *ended, struct err_msg *why)
{
	count(r, now);
	r->meta->ended = ended;
	r->meta->end = *ended ? clock_wall() : (struct wall){0};
	r->meta->clock_synchronized = clock_is_synchronized();
	return run_meta_store(r->run, r->meta, why);
}

/* --- rotation --- */

static bool is_due(const struct recorder *r)
{
	if (r->rotate_bytes && (uint64_t)file_out_size(r->rows) >= r->rotate_bytes)
		return true;
	return r->rotate_ns && clock_wall().ns / r->rotate_ns != r->meta->start.ns / r->rotate_ns;
}

/* The rows are moved first: a file of rows without meta.json in its place means that this was interrupted. */
static int rotate(struct recorder *r, const struct run_counts *now, struct err_msg *why)
{
	char meta[PATH_CAP];
	int rc = file_out_close(r->rows, why);

	r->rows = NULL;
	if (rc == 0)
		rc = run_path(r->run, r->vp, ".meta.json", meta, why);
	if (rc == 0)
		rc = recorder_store(r, now, "rotated", why);
	if (rc == 0)
		rc = move_away(r, r->path, suffix_of(r), why);
	if (rc == 0)
		rc = move_away(r, meta, ".meta.json", why);
	if (rc < 0)
		return rc;
	r->meta->start = clock_wall();
	r->before = recorder_total(r, now);
	r->n_rows = 0;
	r->rotated++;
	rc = recorder_open(r, false, why);
	return rc < 0 ? rc : recorder_store(r, now, "", why);
}

int recorder_flush(struct recorder *r, const struct run_counts *now, enum recorder_rotate when)
{
	if (r->rc == 0)
		r->rc = file_out_flush(r->rows, &r->why);
	if (r->rc == 0 && r->n_rows > 0 && (when == ROTATE_NOW || (when == ROTATE_WHEN_DUE && is_due(r))))
		r->rc = rotate(r, now, &r->why);
	return r->rc;
}

void recorder_close(struct recorder *r, const struct run_counts *now, const char *ended)
{
	struct err_msg why = {{0}};
	int rc = r->rows ? file_out_close(r->rows, &why) : 0;

	r->rows = NULL;
	if (r->rc == 0 && rc < 0) {
		r->rc = rc;
		r->why = why;
	}
	if (r->rc < 0)
		r->n_rows = rows_left(r->path);
	rc = recorder_store(r, now, r->rc < 0 ? "rows could not be written" : ended, &why);
	if (rc < 0 && r->rc == 0) {
		r->rc = rc;
		r->why = why;
	}
}

void recorder_free(struct recorder *r)
{
	if (r->rows)
		(void)file_out_close(r->rows, NULL);
	r->rows = NULL;
}
