#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "data/run_files.h"
#include "infer/gather_feed.h"

enum { SMALL_BYTES = 1 << 14 };

/* What the threads share, all of it under the lock. */
struct crew {
	struct gather *g;
	const struct gather_reading *r;
	pthread_mutex_t lock;
	size_t next; /* file */
	int rc;      /* what stopped all */
	struct err_msg why;
};

/* A thread, and the file that it reads. */
struct reader {
	struct crew *crew;
	struct gather_feed *feed;
	struct gather_file file;
	size_t faults;
	struct record_reader rows;
	uint64_t columns; /* of files with this header */
	char header[1024];
	size_t n_header; /* 0: none that fits */
	char small[SMALL_BYTES];
	uint8_t scratch[RECORD_SCRATCH];
};

/* What a sample is made of. */
static const char *const used[] = {"vp", "target", "probe", "question", "round", "seq", "attempt", "flow",
	"tx_time_ns", "outcome", "rtt_ms", "nsid", "txt", NULL};

static void fault(struct reader *me, const char *text)
{
	const struct gather_reading *r = me->crew->r;

	if (me->faults++ >= GATHER_COMPLAINTS || !r->complain)
		return;
	(void)pthread_mutex_lock(&me->crew->lock);
	r->complain(r->arg, text);
	(void)pthread_mutex_unlock(&me->crew->lock);
}

static bool is_stopped(const struct crew *crew)
{
	return crew->r->stop && *crew->r->stop;
}

static int hand_over(struct reader *me, struct err_msg *why)
{
	int rc;

	if (is_stopped(me->crew))
		return err_set(why, ERR_PARTIAL, "stopped");
	(void)pthread_mutex_lock(&me->crew->lock);
	rc = gather_take(me->crew->g, me->feed, why);
	(void)pthread_mutex_unlock(&me->crew->lock);
	return rc;
}

/* A time of zero is a clock that does not tick. */
static void check_time(struct reader *me, const struct csv *c, struct record *r)
{
	struct err_msg why;

	if (r->rtt_ns != 0)
		return;
	(void)csv_field_is_not(c, csv_column(c, "rtt_ms"), "a time above 0: the row counts without it", &why);
	fault(me, why.text);
	r->rtt_ns = -1;
}

static bool is_wanted(const struct gather_reading *r, struct wall sent)
{
	return (r->since.ns == 0 || sent.ns >= r->since.ns) &&
	       (r->until.ns == 0 || (sent.ns > 0 && sent.ns < r->until.ns));
}

static int take_row(struct reader *me, const struct csv *c, struct err_msg *why)
{
	struct record r;
	int rc = record_read(&me->rows, c, &r, me->scratch, why);

	if (rc < 0) {
		fault(me, why->text);
		return 0;
	}
	check_time(me, c, &r);
	me->file.rows++;
	if (!is_wanted(me->crew->r, r.tx_time))
		return 0;
	rc = gather_feed_row(me->feed, &r);
	if (rc < 0)
		return err_set(why, ERR_NOMEM, "%s: out of memory", csv_path(c));
	return rc > 0 ? hand_over(me, why) : 0;
}

/* 0 at the end, also where the file breaks off, or an error that stops all. */
static int take_rows(struct reader *me, struct csv *c, struct err_msg *why)
{
	int rc;

	while ((rc = csv_next(c, why)) != 0) {
		if (rc > 0)
			rc = take_row(me, c, why);
		else if (rc == ERR_PARSE)
			fault(me, why->text);
		else if (rc != ERR_NOMEM) {
			fault(me, why->text);
			return 0;
		}
		if (rc < 0 && rc != ERR_PARSE)
			return rc;
	}
	return 0;
}

/* The files of a run have one header, but for those of other versions: what was found for the last serves the next. */
static int find_columns(struct reader *me, const struct csv *c, struct err_msg *why)
{
	struct csv_row header = csv_header(c);
	size_t n = header.start[header.n];
	int rc;

	if (n == me->n_header && memcmp(header.bytes, me->header, n) == 0)
		return 0;
	me->n_header = 0;
	rc = record_reader_init(&me->rows, c, why);
	if (rc < 0)
		return rc;
	me->columns = record_reader_columns(&me->rows);
	record_reader_only(&me->rows, used);
	if (n <= sizeof(me->header)) {
		memcpy(me->header, header.bytes, n);
		me->n_header = n;
	}
	return 0;
}

/* The whole of a file that is smaller than so much: its length, or -1. It is still to be read from its beginning. */
static ssize_t read_small(int fd, char *out, size_t cap)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < cap && got > 0) {
		got = pread(fd, out + n, cap - n, (off_t)n);
		n += got > 0 ? (size_t)got : 0;
	}
	return got == 0 ? (ssize_t)n : -1;
}

/* To open a small file a second time, for its digest, would take as long as all else that is done with it. */
static struct csv *open_file(struct reader *me, const char *path, struct err_msg *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_small(fd, me->small, sizeof(me->small));
	struct file_in *in;

	if (fd < 0) {
		(void)err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (n < 0) {
		in = file_in_over(path, fd, why);
	} else {
		(void)close(fd);
		hash_sha256(me->small, (size_t)n, me->file.sha256);
		in = file_in_bytes(path, me->small, (size_t)n, why);
	}
	return in ? csv_open_over(in, why) : NULL;
}

/* How the file ended goes to me->file, its sentence to why. Returns what stops all. */
static int read_file(struct reader *me, const char *path, struct err_msg *why)
{
	struct gather_file *f = &me->file;
	struct csv *c;
	int rc = 0;

	me->faults = 0;
	*f = (struct gather_file){.rc = 0};
	c = open_file(me, path, why);
	f->rc = c ? find_columns(me, c, why) : ERR_PARSE;
	if (f->rc == 0) {
		f->columns = me->columns;
		rc = take_rows(me, c, why);
	}
	csv_close(c);
	if (rc < 0 || f->rc < 0)
		return rc;
	if (me->faults > 0)
		f->rc = err_set(why, ERR_PARTIAL, "%s: %zu of its rows could not be used as they are", path,
			me->faults);
	else if (me->crew->r->has_meta)
		f->rc = run_files_check(path, f->rows, why);
	return 0;
}

/* One file after the other, until there is none left or something stops all. */
static void *work(void *arg)
{
	struct reader *me = arg;
	struct crew *crew = me->crew;
	const struct gather_reading *r = crew->r;
	struct err_msg why = {{0}};
	int rc = 0;

	(void)pthread_mutex_lock(&crew->lock);
	while (crew->rc == 0 && rc == 0 && crew->next < r->n && !is_stopped(crew)) {
		size_t file = crew->next++;

		(void)pthread_mutex_unlock(&crew->lock);
		rc = read_file(me, r->paths[file], &why);
		(void)pthread_mutex_lock(&crew->lock);
		if (rc == 0 && r->done)
			r->done(r->arg, file, &me->file, &why);
	}
	if (rc == 0)
		rc = gather_take(crew->g, me->feed, &why);
	if (rc < 0 && crew->rc == 0) {
		crew->rc = rc;
		crew->why = why;
	}
	(void)pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static struct reader *reader_make(struct crew *crew)
{
	struct reader *me = calloc(1, sizeof(*me));

	if (me) {
		me->crew = crew;
		me->feed = calloc(1, sizeof(*me->feed));
	}
	return me && me->feed ? me : (free(me), NULL);
}

static void reader_free(struct reader *me)
{
	if (me)
		gather_feed_free(me->feed);
	free(me);
}

int gather_files(struct gather *g, const struct gather_reading *r, struct err_msg *why)
{
	struct crew crew = {.g = g, .r = r, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct reader *readers[GATHER_THREADS_MAX] = {reader_make(&crew)};
	pthread_t threads[GATHER_THREADS_MAX];
	unsigned n = 1;

	if (!readers[0])
		return err_set(why, ERR_NOMEM, "out of memory");
	/* This thread is one of them; fewer than wished for are enough. */
	while (n < r->threads && n < r->n && n < GATHER_THREADS_MAX && (readers[n] = reader_make(&crew)) &&
		pthread_create(&threads[n], NULL, work, readers[n]) == 0)
		n++;
	(void)work(readers[0]);
	for (unsigned i = 1; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < GATHER_THREADS_MAX; i++)
		reader_free(readers[i]);
	return crew.rc < 0 ? err_set(why, (enum err)crew.rc, "%s", crew.why.text) : 0;
}
