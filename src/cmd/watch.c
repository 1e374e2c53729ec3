#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/tail.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "data/run_files.h"
#include "infer/watch.h"
#include "report/news.h"

enum { LOOK_MS = 1000, CHILDREN_MAX = 8, ALERTS_MAX = 512 };
/* One file of rows, known by its inode: it is renamed when it is rotated. */
struct stream {
	dev_t dev;
	ino_t ino;
	char *path;
	struct tail tail;
	struct csv *csv; /* over the tail's text; NULL: no row is at hand */
	struct record_reader reader;
	struct record row;
	uint8_t *scratch; /* of the row */
	bool seen, bad;
};

struct watching {
	const struct options *o;
	const char *run;
	struct rules rules;
	struct target_list book;
	struct vantage_list vantage;
	struct watch *watch;
	struct stream **streams;
	size_t n_streams, cap_streams;
	struct stream **heap; /* those with a row at hand, the oldest first */
	size_t n_heap, cap_heap;
	bool live; /* what was there at the start has been read */
	int children;
	int alerts[ALERTS_MAX]; /* files of events whose command waits for its turn, the oldest first */
	size_t n_alerts;
	int rc, signal;
	struct err_msg why;
	uv_loop_t uv;
	uv_timer_t timer;
	uv_signal_t on_int, on_term, on_child;
};

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

/* --- alerts --- */

/* The event as JSON on the command's stdin, by a file in memory: a command that does not read cannot hold us up. */
static int event_file(const struct watch_news *n)
{
	int fd = memfd_create("catchmap-event", MFD_CLOEXEC), copy = fd < 0 ? -1 : dup(fd);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "w");
	int rc = f ? news_json(f, n) : ERR_IO;

	if (f)
		(void)fclose(f);
	else if (copy >= 0)
		(void)close(copy);
	if (fd >= 0 && (rc < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Runs the command, a program's name or path without arguments: nothing of the event is ever part of a command line. */
static void spawn(struct watching *w, int event)
{
	char *command = strdup(w->o->exec), *argv[] = {command, NULL};
	posix_spawn_file_actions_t actions;
	int rc = ENOMEM;
	pid_t pid;

	if (command && posix_spawn_file_actions_init(&actions) == 0) {
		rc = posix_spawn_file_actions_adddup2(&actions, event, STDIN_FILENO);
		if (rc == 0)
			rc = posix_spawnp(&pid, command, &actions, NULL, argv, environ);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	if (rc == 0)
		w->children++;
	else
		(void)fprintf(stderr, "catchmap: warning: --exec %s: %s\n", w->o->exec, strerror(rc));
	free(command);
}

/* Starts what waits, as far as commands have ended. */
static void pass_on(struct watching *w)
{
	while (w->children > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		w->children--;
	while (w->children < CHILDREN_MAX && w->n_alerts > 0) {
		int event = w->alerts[0];

		memmove(w->alerts, w->alerts + 1, --w->n_alerts * sizeof(*w->alerts));
		spawn(w, event);
		(void)close(event);
	}
}

static void alert(struct watching *w, const struct watch_news *n)
{
	int event = w->n_alerts < ALERTS_MAX ? event_file(n) : -1;

	if (event < 0)
		command_warn("--exec: commands do not end; this event is not passed on");
	else
		w->alerts[w->n_alerts++] = event;
	pass_on(w);
}

/* At the end nobody is left waiting, unless somebody wants us gone. */
static void pass_on_all(struct watching *w)
{
	while (w->n_alerts > 0 && !w->signal && (w->children == 0 || waitpid(-1, NULL, 0) > 0)) {
		w->children -= w->children > 0;
		pass_on(w);
	}
	while (w->n_alerts > 0)
		(void)close(w->alerts[--w->n_alerts]);
}

static void tell(void *arg, const struct watch_news *n)
{
	struct watching *w = arg;

	if (w->rc == 0 && (w->o->json ? news_json : news_text)(stdout, n) < 0)
		w->rc = err_set(&w->why, ERR_IO, "stdout: %s", strerror(errno));
	if (w->o->exec && w->live)
		alert(w, n);
}

/* --- files --- */

static void close_csv(struct stream *s)
{
	csv_close(s->csv);
	free(s->scratch);
	s->csv = NULL;
	s->scratch = NULL;
}

/* Moves to the next row, also of what has come since. 1, 0: none yet, or an error. */
static int advance(struct stream *s, struct err_msg *why)
{
	int rc;

	for (;;) {
		if (!s->csv) {
			struct file_in *in;

			rc = tail_read(&s->tail, s->path, why);
			if (rc <= 0)
				return rc;
			in = file_in_bytes("rows.csv", s->tail.text, s->tail.n, why);
			s->csv = in ? csv_open_over(in, why) : NULL;
			s->scratch = malloc(RECORD_SCRATCH);
			if (!s->csv || !s->scratch || record_reader_init(&s->reader, s->csv, why) < 0)
				return ERR_PARSE;
		}
		rc = csv_next(s->csv, why);
		if (rc > 0 && record_read(&s->reader, s->csv, &s->row, s->scratch, why) == 0)
			return 1;
		if (rc == 0)
			close_csv(s);
		else if (rc < 0 && rc != ERR_PARSE)
			return rc;
	}
}

static bool older(const struct stream *a, const struct stream *b)
{
	return a->row.tx_time.ns < b->row.tx_time.ns;
}

static void swap(struct watching *w, size_t a, size_t b)
{
	struct stream *s = w->heap[a];

	w->heap[a] = w->heap[b];
	w->heap[b] = s;
}

static void sift_down(struct watching *w, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < w->n_heap; at = child) {
		if (child + 1 < w->n_heap && older(w->heap[child + 1], w->heap[child]))
			child++;
		if (!older(w->heap[child], w->heap[at]))
			return;
		swap(w, at, child);
	}
}

/* Adds the stream if it has a row. */
static void push(struct watching *w, struct stream *s)
{
	struct err_msg why = {{0}};
	int rc = s->bad ? 0 : advance(s, &why);

	if (rc < 0) {
		s->bad = true;
		command_warn(why.text);
	}
	if (rc <= 0)
		return;
	w->heap[w->n_heap++] = s;
	for (size_t at = w->n_heap - 1; at > 0 && older(w->heap[at], w->heap[(at - 1) / 2]);
		at = (at - 1) / 2)
		swap(w, at, (at - 1) / 2);
}

/* All rows that are there, the oldest first: vantage points are judged round by round, not file by file. */
static int read_rows(struct watching *w)
{
	w->n_heap = 0;
	for (size_t i = 0; i < w->n_streams; i++)
		push(w, w->streams[i]);
	while (w->n_heap > 0 && w->rc == 0) {
		struct stream *s = w->heap[0];

		if (watch_row(w->watch, &s->row) < 0)
			return w->rc = err_set(&w->why, ERR_NOMEM, "out of memory");
		w->heap[0] = w->heap[--w->n_heap];
		sift_down(w, 0);
		push(w, s);
	}
	return w->rc;
}

static struct stream *stream_of(struct watching *w, const struct stat *st)
{
	struct stream *s;

	for (size_t i = 0; i < w->n_streams; i++)
		if (w->streams[i]->ino == st->st_ino && w->streams[i]->dev == st->st_dev)
			return w->streams[i];
	if (vec_reserve(&w->streams, &w->cap_streams, w->n_streams + 1) < 0 ||
		vec_reserve(&w->heap, &w->cap_heap, w->n_streams + 1) < 0 || !(s = calloc(1, sizeof(*s))))
		return NULL;
	s->ino = st->st_ino;
	s->dev = st->st_dev;
	return w->streams[w->n_streams++] = s;
}

static void free_stream(struct stream *s)
{
	close_csv(s);
	tail_free(&s->tail);
	free(s->path);
	free(s);
}

/* Files that are no longer there are forgotten. */
static void forget_unseen(struct watching *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n_streams; i++)
		if (w->streams[i]->seen)
			w->streams[kept++] = w->streams[i];
		else
			free_stream(w->streams[i]);
	w->n_streams = kept;
}

static int list_files(struct watching *w)
{
	struct run_files files = {0};
	struct stat st;
	int rc = run_files_list(w->run, &files, &w->why);

	for (size_t i = 0; i < w->n_streams; i++)
		w->streams[i]->seen = false;
	for (size_t i = 0; rc == 0 && i < files.n; i++) {
		struct stream *s = stat(files.v[i], &st) == 0 ? stream_of(w, &st) : NULL;

		if (!s)
			continue; /* renamed just now: the next look finds it */
		s->seen = true;
		free(s->path);
		s->path = files.v[i];
		files.v[i] = NULL;
	}
	if (rc == 0)
		forget_unseen(w);
	run_files_free(&files);
	return rc;
}

/* --- the run --- */

/* The meta.json beside a file of rows. */
static bool past_of_file(const char *rows, struct run_past *p)
{
	const char *end = strstr(rows, ".probes.csv");
	char *path = NULL;
	bool ok;

	for (const char *next = end; next; next = strstr(next + 1, ".probes.csv"))
		end = next;
	ok = end && asprintf(&path, "%.*s.meta.json", (int)(end - rows), rows) >= 0 &&
	     run_past_read(path, p, NULL) == 0;
	free(path);
	return ok;
}

static int64_t every_of(const struct watching *w)
{
	struct run_past p;

	for (size_t i = 0; i < w->n_streams; i++)
		if (past_of_file(w->streams[i]->path, &p) && p.every_ns > 0)
			return p.every_ns;
	return 0;
}

static bool somebody_probes(const struct watching *w)
{
	struct run_past p;

	/* The newest first: of many files that were rotated none is asked. */
	for (size_t i = w->n_streams; i > 0; i--)
		if (past_of_file(w->streams[i - 1]->path, &p) && p.running)
			return true;
	return false;
}

/* One look. False: there will be no more. */
static bool look(struct watching *w)
{
	bool more = !w->o->once && somebody_probes(w);

	if (list_files(w) < 0 || read_rows(w) < 0)
		return false;
	w->live = true;
	pass_on(w);
	return more;
}

static void on_timer(uv_timer_t *h)
{
	struct watching *w = h->data;

	if (!look(w))
		uv_stop(&w->uv);
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct watching *w = h->data;

	w->signal = signum;
	uv_stop(&w->uv);
}

static void on_child(uv_signal_t *h, int signum)
{
	(void)signum;
	pass_on(h->data);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	uv_close(h, NULL);
}

static int follow(struct watching *w)
{
	if (uv_loop_init(&w->uv) != 0)
		return err_set(&w->why, ERR_NOMEM, "libuv: cannot start an event loop");
	(void)uv_timer_init(&w->uv, &w->timer);
	(void)uv_signal_init(&w->uv, &w->on_int);
	(void)uv_signal_init(&w->uv, &w->on_term);
	(void)uv_signal_init(&w->uv, &w->on_child);
	w->timer.data = w->on_int.data = w->on_term.data = w->on_child.data = w;
	(void)uv_timer_start(&w->timer, on_timer, 0, LOOK_MS);
	(void)uv_signal_start(&w->on_int, on_signal, SIGINT);
	(void)uv_signal_start(&w->on_term, on_signal, SIGTERM);
	(void)uv_signal_start(&w->on_child, on_child, SIGCHLD);
	(void)uv_run(&w->uv, UV_RUN_DEFAULT);
	uv_walk(&w->uv, close_handle, NULL);
	(void)uv_run(&w->uv, UV_RUN_DEFAULT);
	(void)uv_loop_close(&w->uv);
	return w->rc;
}

static int open_all(struct watching *w)
{
	struct watch_config c = {&w->rules, &w->book, &w->vantage, w->o->day, 0, tell, w};
	char folder[PATH_MAX];
	int rc;

	if (!session_book_folder(folder))
		return err_set(&w->why, ERR_IO, "no naming rules: neither beside the program nor in %s",
			CATCHMAP_DATADIR);
	if (rules_read(&w->rules, folder, complain, NULL, &w->why) < 0)
		return ERR_PARSE;
	if (target_read_book(&w->book, folder, &w->why) == ERR_NOMEM)
		return ERR_NOMEM;
	rc = list_files(w);
	if (rc < 0)
		return rc;
	/* Without vantage.csv each vantage point stands for an AS of its own. */
	(void)vantage_read(w->run, &w->vantage, complain, NULL, NULL);
	c.every_ns = every_of(w);
	w->watch = watch_new(&c);
	return w->watch ? 0 : err_set(&w->why, ERR_NOMEM, "out of memory");
}

static int run(const struct options *o)
{
	struct watching *w = calloc(1, sizeof(*w));
	int rc, code = EXIT_DONE;

	if (!w)
		return EXIT_PARTIAL;
	w->o = o;
	w->run = o->n_args == 1 ? o->args[0] : NULL;
	rc = w->run ? open_all(w) : err_set(&w->why, ERR_PARSE, "watch needs one run: catchmap watch RUN");
	if (rc < 0) {
		code = command_fail(EXIT_USAGE, &w->why);
		goto out;
	}
	rc = follow(w);
	if (rc == 0 && !w->signal && watch_end(w->watch) < 0)
		rc = err_set(&w->why, ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = w->rc;
	code = rc < 0 ? command_fail(EXIT_PARTIAL, &w->why) : w->signal ? EXIT_SIGNAL + w->signal : EXIT_DONE;
	pass_on_all(w);
out:
	for (size_t i = 0; i < w->n_streams; i++)
		free_stream(w->streams[i]);
	free(w->streams);
	free(w->heap);
	watch_free(w->watch);
	vantage_list_free(&w->vantage);
	target_list_free(&w->book);
	rules_free(&w->rules);
	free(w);
	return code;
}

static const char *const takes[] = {"once", "exec", "day", "json", "config", NULL};

const struct command command_watch = {
	.name = "watch",
	.synopsis = "[options] RUN",
	.summary = "follow a run that goes on and say what is news",
	.about = "Reads the rows of RUN, those that are there and those that come, and prints one line for "
		 "each event and one "
		 "when it is\n"
		 "over: a site that is gone (the vantage points it had, at least 3, answer from elsewhere "
		 "for two rounds), more "
		 "ASes moved\n"
		 "in a round than the last 12 to 144 rounds explain (p < 1e-5), vantage points that moved "
		 "for two rounds. Ends when "
		 "the\n"
		 "probers of the run have.",
	.options = takes,
	.run = run,
};
