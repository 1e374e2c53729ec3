#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bzlib.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"

static const char *const suffixes[] = {"", ".gz", ".zst"};
enum { SUFFIXES = 3, ROWS = 20000, ROW = 40 };

static void row_text(char out[static ROW + 1], unsigned i)
{
	(void)snprintf(out, ROW + 1, "row %06u %028u\n", i % 1000000, i * 2654435761u);
}

static void write_rows(struct file_out *f, unsigned from, unsigned to)
{
	char row[ROW + 1];

	for (unsigned i = from; i < to; i++) {
		row_text(row, i);
		assert_int_equal(file_out_write(f, row, ROW, NULL), 0);
	}
}

/* How many whole rows the file holds, which must be the first ones; *rc is how reading ended, *rest the bytes behind. */
static unsigned count_rows(const char *path, int *rc, size_t *rest)
{
	struct err_msg why = {{0}};
	struct file_in *f = file_in_open(path, &why);
	char row[ROW + 1], expected[ROW + 1];
	unsigned rows = 0;
	size_t have = 0;
	ssize_t n;

	assert_non_null(f);
	while ((n = file_in_read(f, row + have, ROW - have, &why)) > 0) {
		have += (size_t)n;
		if (have < ROW)
			continue;
		row_text(expected, rows++);
		assert_memory_equal(row, expected, ROW);
		have = 0;
	}
	*rc = (int)n;
	*rest = have;
	/* An error stays, with its sentence. */
	assert_int_equal(file_in_read(f, row, 1, &why), n);
	assert_true(n == 0 || strstr(why.text, path));
	file_in_close(f);
	return rows;
}

static void assert_rows(const char *path, unsigned rows)
{
	size_t rest;
	int rc;

	assert_int_equal(count_rows(path, &rc, &rest), rows);
	assert_int_equal(rc, 0);
	assert_int_equal(rest, 0);
}

static void what_is_written_is_read(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};

	(void)state;
	for (size_t i = 0; i < SUFFIXES; i++) {
		char path[16];
		struct file_out *f;

		(void)snprintf(path, sizeof(path), "rows%s", suffixes[i]);
		f = file_out_create(path, &why);
		assert_non_null(f);
		write_rows(f, 0, 1);
		assert_int_equal(file_out_flush(f, &why), 0);
		assert_int_equal(file_out_flush(f, &why), 0);
		assert_rows(path, 1);
		write_rows(f, 1, ROWS);
		assert_int_equal(file_out_write(f, NULL, 0, &why), 0);
		assert_int_equal(file_out_close(f, &why), 0);
		assert_rows(path, ROWS);
		assert_null(file_out_create(path, &why));
		assert_non_null(strstr(why.text, path));
	}
	scratch_remove(&s);
}

static void a_unit_larger_than_any_buffer(void **state)
{
	struct scratch s = scratch_make();
	size_t n = 3000000;
	char *unit = malloc(n), *back;
	size_t got;

	(void)state;
	assert_non_null(unit);
	memset(unit, 'u', n);
	for (size_t i = 0; i < SUFFIXES; i++) {
		char path[16];
		struct file_out *out;
		struct file_in *in;

		(void)snprintf(path, sizeof(path), "unit%s", suffixes[i]);
		out = file_out_create(path, NULL);
		assert_non_null(out);
		assert_int_equal(file_out_write(out, "a", 1, NULL), 0);
		assert_int_equal(file_out_write(out, unit, n, NULL), 0);
		assert_int_equal(file_out_write(out, "z", 1, NULL), 0);
		assert_int_equal(file_out_close(out, NULL), 0);
		in = file_in_open(path, NULL);
		assert_non_null(in);
		back = malloc(n + 2);
		assert_non_null(back);
		got = 0;
		for (ssize_t rc; (rc = file_in_read(in, back + got, n + 2 - got, NULL)) > 0;)
			got += (size_t)rc;
		assert_int_equal(got, n + 2);
		assert_true(back[0] == 'a' && back[n + 1] == 'z');
		assert_memory_equal(back + 1, unit, n);
		free(back);
		file_in_close(in);
	}
	free(unit);
	scratch_remove(&s);
}

/* A compressed file cut anywhere: all rows of its whole frames, then ERR_PARTIAL; at the end of a frame, no error. */
static void cut_anywhere(void **state)
{
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 1; i < SUFFIXES; i++) {
		struct {
			size_t size;
			unsigned rows;
		} frame[4] = {{0, 0}};
		char whole[16], cut[16];
		struct file_out *f;
		char *bytes;
		size_t n, at = 0;

		(void)snprintf(whole, sizeof(whole), "whole%s", suffixes[i]);
		(void)snprintf(cut, sizeof(cut), "cut%s", suffixes[i]);
		f = file_out_create(whole, NULL);
		assert_non_null(f);
		for (unsigned k = 1; k < 4; k++) {
			write_rows(f, frame[k - 1].rows, frame[k - 1].rows + 10 * k);
			assert_int_equal(file_out_flush(f, NULL), 0);
			free(scratch_read(whole, &frame[k].size));
			frame[k].rows = frame[k - 1].rows + 10 * k;
		}
		assert_int_equal(file_out_close(f, NULL), 0);
		bytes = scratch_read(whole, &n);
		assert_int_equal(n, frame[3].size);
		for (size_t len = 0; len <= n; len++) {
			size_t rest;
			int rc;
			unsigned rows;

			scratch_write(cut, bytes, len);
			rows = count_rows(cut, &rc, &rest);
			at += at < 3 && len == frame[at + 1].size;
			assert_true(rows >= frame[at].rows && rows <= frame[3].rows);
			assert_int_equal(rc, len == frame[at].size ? 0 : ERR_PARTIAL);
			if (rc == 0)
				assert_int_equal(rows, frame[at].rows);
		}
		free(bytes);
	}
	scratch_remove(&s);
}

/* Any byte changed: the rows that come are the right ones, or it ends in an error; never a crash. */
static void corrupt_anywhere(void **state)
{
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 1; i < SUFFIXES; i++) {
		char path[16], bad[16];
		struct file_out *f;
		char *bytes;
		size_t n, errors = 0;

		(void)snprintf(path, sizeof(path), "ok%s", suffixes[i]);
		(void)snprintf(bad, sizeof(bad), "bad%s", suffixes[i]);
		f = file_out_create(path, NULL);
		assert_non_null(f);
		write_rows(f, 0, 5);
		assert_int_equal(file_out_close(f, NULL), 0);
		bytes = scratch_read(path, &n);
		for (size_t at = 0; at < n; at++) {
			struct file_in *in;
			char buf[1000];
			ssize_t rc;

			bytes[at] = (char)(bytes[at] ^ 0x55);
			in = file_in_bytes(bad, bytes, n, NULL);
			assert_non_null(in);
			while ((rc = file_in_read(in, buf, sizeof(buf), NULL)) > 0)
				;
			errors += rc == ERR_PARSE || rc == ERR_PARTIAL;
			file_in_close(in);
			bytes[at] = (char)(bytes[at] ^ 0x55);
		}
		assert_true(errors > n * 9 / 10);
		free(bytes);
	}
	scratch_remove(&s);
}

/* A writer that dies without a word after a flush: all that was flushed is there. */
static void death_after_flush(void **state)
{
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 0; i < SUFFIXES; i++) {
		unsigned rows;
		char path[16];
		size_t rest;
		int status, rc;
		pid_t child;

		(void)snprintf(path, sizeof(path), "dead%s", suffixes[i]);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct file_out *f = file_out_create(path, NULL);

			if (!f)
				_exit(1);
			write_rows(f, 0, 12345);
			if (file_out_flush(f, NULL) < 0)
				_exit(1);
			write_rows(
				f, 12345, ROWS); /* more than a buffer, so that some of it is in the file */
			(void)raise(SIGKILL);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		rows = count_rows(path, &rc, &rest);
		assert_true(rows >= 12345 && rows < ROWS);
		assert_true(rc == 0 || (i > 0 && rc == ERR_PARTIAL));
	}
	scratch_remove(&s);
}

/* Fills a device of 64 KiB; the file must end in a whole row, the stream must stay refused. In a child of its own,
 * whose mounts end with it. Exit status 0 good, 77 not allowed to mount, else the line that failed. */
static int fill_device(const char *path)
{
	struct err_msg why = {{0}};
	struct file_out *f;
	unsigned written = 0, rows;
	char row[ROW + 1];
	size_t rest;
	int rc = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "full", "tmpfs", 0, "size=64k") < 0)
		return 77;
	f = file_out_create(path, &why);
	if (!f)
		return 1;
	for (; rc == 0 && written < 2000000; written++) {
		row_text(row, written);
		rc = file_out_write(f, row, ROW, &why);
		if (rc == 0 && written % 100 == 99)
			rc = file_out_flush(f, &why);
	}
	if (rc != ERR_FULL || !strstr(why.text, path))
		return 2;
	if (file_out_write(f, row, ROW, NULL) != ERR_FULL || file_out_flush(f, NULL) != ERR_FULL ||
		file_out_close(f, NULL) != ERR_FULL)
		return 3;
	rows = count_rows(path, &rc, &rest);
	if (rc != 0 || rest != 0)
		return 4;
	/* At most the rows of the last flush, and of the last block of a plain file, are gone. */
	return rows + 1000 >= written && rows <= written ? 0 : 5;
}

static void device_full(void **state)
{
	struct scratch s = scratch_make();
	bool skipped = false;

	(void)state;
	assert_int_equal(mkdir("full", 0777), 0);
	for (size_t i = 0; i < SUFFIXES; i++) {
		char path[32];
		int status;
		pid_t child;

		(void)snprintf(path, sizeof(path), "full/rows%s", suffixes[i]);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			_exit(fill_device(path));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		skipped = WEXITSTATUS(status) == 77;
		if (!skipped && WEXITSTATUS(status) != 0)
			fail_msg("%s: step %d failed", path, WEXITSTATUS(status));
	}
	scratch_remove(&s);
	if (skipped) {
		print_message("not allowed to mount a small device here (root is needed)\n");
		skip();
	}
}

/* A limit on the file's size fails like a full disk does, in the middle of a row. */
static void cut_back_to_whole_rows(void **state)
{
	struct scratch s = scratch_make();
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit limit = {100 * ROW + 7, 100 * ROW + 7};
		struct file_out *f = file_out_create("rows", NULL);

		(void)signal(SIGXFSZ, SIG_IGN);
		if (!f || setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(1);
		write_rows(f, 0, 30);
		if (file_out_flush(f, NULL) < 0)
			_exit(2);
		write_rows(f, 30, 200);
		if (file_out_flush(f, NULL) != ERR_IO)
			_exit(3);
		_exit(file_out_close(f, NULL) == ERR_IO ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_rows("rows", 100);
	scratch_remove(&s);
}

static void lines(void **state)
{
	static const struct {
		const char *bytes, *expected; /* lines with | for LF, / between */
	} cases[] = {
		{"", ""},
		{"a", "a"},
		{"a\n", "a|"},
		{"a\n\nb\r\n", "a|/|/b\r|"},
		{"\n", "|"},
		{"\xef\xbb\xbf"
		 "a\nb",
			"a|/b"},
		{"\xef\xbb\xbf", ""},
		{"\xef\xbb"
		 "a\n",
			"\xef\xbb"
			"a|"},
		{"a\n\xef\xbb\xbf\n", "a|/\xef\xbb\xbf|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file_in *f = file_in_bytes("x", cases[i].bytes, strlen(cases[i].bytes), NULL);
		char got[64] = "";
		const char *line;
		size_t at = 0, count = 0;
		ssize_t n;

		assert_non_null(f);
		while ((n = file_in_line(f, &line, NULL)) > 0) {
			assert_int_equal(file_in_lineno(f), ++count);
			if (count % 2) { /* every other line twice */
				file_in_unread_line(f);
				assert_int_equal(file_in_lineno(f), count - 1);
				assert_int_equal(file_in_line(f, &line, NULL), n);
				assert_int_equal(file_in_lineno(f), count);
			}
			if (at > 0)
				got[at++] = '/';
			for (ssize_t k = 0; k < n; k++)
				got[at++] = line[k] == '\n' ? '|' : line[k];
		}
		assert_int_equal(n, 0);
		assert_string_equal(got, cases[i].expected);
		file_in_close(f);
	}
}

static void a_line_in_pieces(void **state)
{
	size_t n = 2 * FILE_LINE_MAX + 10, got = 0, pieces = 0;
	char *bytes = malloc(n);
	struct file_in *f;
	const char *line;
	ssize_t rc;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', n);
	bytes[n - 3] = '\n';
	f = file_in_bytes("x", bytes, n, NULL);
	assert_non_null(f);
	while ((rc = file_in_line(f, &line, NULL)) > 0 && got < n - 2) {
		got += (size_t)rc;
		pieces++;
		assert_int_equal(file_in_lineno(f), 1);
		assert_int_equal(line[rc - 1] == '\n', got == n - 2);
	}
	assert_int_equal(pieces, 3);
	assert_int_equal(rc, 2);
	assert_int_equal(file_in_lineno(f), 2);
	file_in_close(f);
	free(bytes);
}

static void files_that_are_none(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	struct file_in *f;
	char byte;

	(void)state;
	assert_null(file_in_open("none.csv", &why));
	assert_non_null(strstr(why.text, "none.csv: No such file"));
	f = file_in_open(".", &why);
	assert_non_null(f);
	assert_int_equal(file_in_read(f, &byte, 1, &why), ERR_IO);
	file_in_close(f);
	scratch_text("text.gz", "this is no gzip\n");
	f = file_in_open("text.gz", &why);
	assert_non_null(f);
	assert_int_equal(file_in_read(f, &byte, 1, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "text.gz: corrupt near byte"));
	file_in_close(f);
	assert_null(file_out_create("no/such/folder.csv", &why));
	scratch_remove(&s);
}

/* How many files there are beside "f". */
static int beside_f(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.' && strcmp(e->d_name, "f") != 0;
	assert_int_equal(closedir(d), 0);
	return n;
}

static bool has_unnamed(void)
{
	int fd = open(".", O_WRONLY | O_TMPFILE, 0600);

	return fd >= 0 && close(fd) == 0;
}

static struct file_out *half_written(void)
{
	struct err_msg why;
	struct file_out *f = file_out_beside("f", &why);

	assert_non_null(f);
	assert_int_equal(file_out_write(f, "two\n", 4, &why), 0);
	assert_int_equal(file_out_flush(f, &why), 0);
	return f;
}

static void assert_f_is(const char *text)
{
	size_t n;
	char *bytes = scratch_read("f", &n);

	assert_string_equal(bytes, text);
	free(bytes);
}

static void what_is_not_whole_takes_no_place(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	int status;

	(void)state;
	assert_int_equal(file_replace("f", "one\n", 4, &why), 0);
	file_out_drop(half_written());
	assert_f_is("one\n");
	assert_int_equal(beside_f(), 0);
	if (fork() == 0) {
		(void)half_written();
		_exit(0); /* as one that is killed */
	}
	assert_true(wait(&status) > 0 && status == 0);
	assert_f_is("one\n");
	assert_int_equal(beside_f(), has_unnamed() ? 0 : 1);
	assert_int_equal(file_out_replace(half_written(), &why), 0);
	assert_f_is("two\n");
	scratch_remove(&s);
}

/* Without /proc a file cannot be named in the end: it has a name from the start. */
static void without_proc_too(void **state)
{
	enum { NOT_ALLOWED = 77 };
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	int status;

	(void)state;
	assert_int_equal(file_replace("f", "one\n", 4, &why), 0);
	if (fork() == 0) {
		struct file_out *f;

		if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("none", "/proc", "tmpfs", 0, NULL) < 0)
			_exit(NOT_ALLOWED);
		f = half_written();
		if (beside_f() != 1)
			_exit(1);
		file_out_drop(f);
		if (beside_f() != 0 || file_out_replace(half_written(), &why) < 0 || beside_f() != 0)
			_exit(2);
		_exit(0);
	}
	assert_true(wait(&status) > 0 && WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_ALLOWED)
		print_message("no mount namespace here\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
	assert_f_is(WEXITSTATUS(status) == 0 ? "two\n" : "one\n");
	scratch_remove(&s);
}

static void replaced_in_one_step(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why = {{0}};
	char *bytes;
	size_t n;

	(void)state;
	assert_int_equal(file_replace("f", "one", 3, &why), 0);
	assert_int_equal(file_replace("f", "", 0, &why), 0);
	assert_int_equal(file_replace("f", "three", 5, &why), 0);
	bytes = scratch_read("f", &n);
	assert_string_equal(bytes, "three");
	free(bytes);
	assert_int_equal(mkdir("folder", 0777), 0);
	assert_int_equal(file_replace("folder", "x", 1, &why), ERR_IO);
	assert_int_equal(file_replace("none/f", "x", 1, &why), ERR_IO);
	assert_int_equal(rmdir("folder"), 0);
	assert_int_equal(unlink("f"), 0);
	/* No temporary file stays behind, else the folder would not go. */
	assert_int_equal(rmdir(s.folder), 0);
	assert_int_equal(mkdir(s.folder, 0700), 0);
	scratch_remove(&s);
}

/* A file that ends anywhere goes on behind its last whole flush (a plain one behind its last row). */
static void gone_on_with(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUFFIXES; i++) {
		struct scratch s = scratch_make();
		char path[32];
		size_t n, rest;
		char *bytes;

		(void)snprintf(path, sizeof(path), "rows%s", suffixes[i]);
		struct file_out *f = file_out_create(path, NULL);
		for (unsigned k = 0; k < 4; k++) {
			write_rows(f, k * 10, k * 10 + 10);
			assert_int_equal(file_out_flush(f, NULL), 0);
		}
		assert_int_equal(file_out_close(f, NULL), 0);
		bytes = scratch_read(path, &n);
		for (size_t cut = 0; cut <= n; cut++) {
			off_t size = -1;
			unsigned rows;
			int rc;

			scratch_write(path, bytes, cut);
			f = file_out_resume(path, &size, NULL);
			assert_non_null(f);
			assert_in_range(size, 0, cut);
			assert_null(file_out_resume(path, &size, NULL)); /* it is in use */
			assert_int_equal(file_out_close(f, NULL), 0);
			rows = size > 0 ? count_rows(path, &rc, &rest) : 0;
			assert_int_equal(rows % (i ? 10 : 1), 0);
			f = file_out_resume(path, &size, NULL);
			write_rows(f, rows, 50);
			assert_int_equal(file_out_close(f, NULL), 0);
			assert_int_equal(count_rows(path, &rc, &rest), 50);
			assert_int_equal(rc, 0);
		}
		free(bytes);
		scratch_remove(&s);
	}
}

/* Rows as one bzip2 stream behind those that are there; more than one block where they are many. */
static size_t add_bzip2(char *bytes, size_t at, size_t cap, unsigned from, unsigned to)
{
	char *rows = malloc((size_t)(to - from) * ROW + 1);
	unsigned n = (unsigned)(cap - at);

	assert_non_null(rows);
	for (unsigned i = from; i < to; i++)
		row_text(rows + (size_t)(i - from) * ROW, i);
	assert_int_equal(BZ2_bzBuffToBuffCompress(bytes + at, &n, rows, (to - from) * ROW, 1, 0, 0), BZ_OK);
	free(rows);
	return at + n;
}

/* Two streams, one behind the other as pbzip2 writes them: all is read. Cut anywhere, what comes is right and then there is
 * an error, except where the first one ends; a byte changed anywhere is an error. */
static void bzip2_is_read(void **state)
{
	enum { CAP = 1 << 20 };
	struct scratch s = scratch_make();
	char *bytes = malloc(CAP);
	size_t first, n, rest;
	int rc;

	(void)state;
	assert_non_null(bytes);
	n = add_bzip2(bytes, add_bzip2(bytes, 0, CAP, 0, ROWS - 5), CAP, ROWS - 5, ROWS);
	scratch_write("big.bz2", bytes, n);
	assert_rows("big.bz2", ROWS);
	/* Whole blocks in front of the cut are good. */
	scratch_write("torn.bz2", bytes, n / 2);
	assert_true(count_rows("torn.bz2", &rc, &rest) > ROWS / 3);
	assert_int_equal(rc, ERR_PARTIAL);

	first = add_bzip2(bytes, 0, CAP, 0, 10);
	n = add_bzip2(bytes, first, CAP, 10, 30);
	for (size_t len = 0; len <= n; len++) {
		unsigned rows;

		scratch_write("cut.bz2", bytes, len);
		rows = count_rows("cut.bz2", &rc, &rest);
		/* A stream's last bytes are a checksum that comes behind its rows. */
		assert_true(len < first ? rows == 0 || rows == 10 : rows == 30 || (len < n && rows == 10));
		assert_int_equal(rc, len == 0 || len == first || len == n ? 0 : ERR_PARTIAL);
	}
	for (size_t at = 0; at < n; at++) {
		struct file_in *in;
		char row[ROW];
		ssize_t got;

		bytes[at] = (char)(bytes[at] ^ 0x55);
		in = file_in_bytes("bad.bz2", bytes, n, NULL);
		assert_non_null(in);
		while ((got = file_in_read(in, row, sizeof(row), NULL)) > 0)
			;
		assert_true(got == ERR_PARSE || got == ERR_PARTIAL);
		file_in_close(in);
		bytes[at] = (char)(bytes[at] ^ 0x55);
	}
	free(bytes);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_unit_larger_than_any_buffer),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(corrupt_anywhere),
		cmocka_unit_test(bzip2_is_read),
		cmocka_unit_test(death_after_flush),
		cmocka_unit_test(device_full),
		cmocka_unit_test(cut_back_to_whole_rows),
		cmocka_unit_test(lines),
		cmocka_unit_test(a_line_in_pieces),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(replaced_in_one_step),
		cmocka_unit_test(what_is_not_whole_takes_no_place),
		cmocka_unit_test(without_proc_too),
		cmocka_unit_test(gone_on_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
