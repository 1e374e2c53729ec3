#include "base/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"

/* What is looked at in one go, unless a frame is longer. */
enum { LOOK = 1 << 16 };

/* Appends what the bytes unpack to. */
static int unpack(struct tail *t, const char *path, const void *bytes, size_t n, struct err_msg *why)
{
	struct file_in *in = file_in_bytes(path, bytes, n, why);
	ssize_t got = in ? 1 : ERR_NOMEM;

	while (got > 0) {
		if (vec_reserve(&t->text, &t->cap, t->n + 65536) < 0) {
			got = err_set(why, ERR_NOMEM, "%s: out of memory", path);
			break;
		}
		got = file_in_read(in, t->text + t->n, 65536, why);
		t->n += got > 0 ? (size_t)got : 0;
	}
	file_in_close(in);
	return (int)got;
}

/* The first n bytes behind t->at, read into t->raw; how many there were. */
static ssize_t look(struct tail *t, int fd, size_t n)
{
	size_t have = 0;
	ssize_t got = 1;

	if (vec_reserve(&t->raw, &t->cap_raw, n) < 0)
		return -1;
	while (have < n && got > 0) {
		got = pread(fd, t->raw + have, n - have, t->at + (off_t)have);
		have += got > 0 ? (size_t)got : 0;
	}
	return got < 0 ? -1 : (ssize_t)have;
}

/* The whole part of what came, unpacked behind the header. */
static int take(struct tail *t, int fd, const char *path, size_t n, struct err_msg *why)
{
	size_t want = n < LOOK ? n : LOOK, whole = 0;
	const char *lf;
	int rc;

	for (;; want = want < n / 2 ? 2 * want : n) {
		ssize_t have = look(t, fd, want);

		if (have < 0)
			return err_set(why, ERR_IO, "%s: %s", path, strerror(errno));
		whole = file_whole(path, t->raw, (size_t)have);
		if (whole > 0 || (size_t)have < want || want == n)
			break;
	}
	rc = whole > 0 ? unpack(t, path, t->raw, whole, why) : 0;
	if (rc < 0)
		return rc;
	t->at += (off_t)whole;
	lf = t->header == 0 && t->n > 0 ? memchr(t->text, '\n', t->n) : NULL;
	if (lf)
		t->header = (size_t)(lf - t->text) + 1;
	return t->n > t->header;
}

/* Nothing came. Of files that have ended there may be thousands: only the header is kept. */
static void rest(struct tail *t)
{
	char *text = t->header > 0 ? realloc(t->text, t->header) : NULL;

	free(t->raw);
	t->raw = NULL;
	t->cap_raw = 0;
	if (text) {
		t->text = text;
		t->cap = t->header;
	}
}

int tail_read(struct tail *t, const char *path, struct err_msg *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;

	t->n = t->header;
	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	else if (st.st_size < t->at)
		rc = err_set(why, ERR_PARSE, "%s: it is shorter than it was", path);
	else if (st.st_size > t->at)
		rc = take(t, fd, path, (size_t)(st.st_size - t->at), why);
	else
		rest(t);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

void tail_free(struct tail *t)
{
	free(t->raw);
	free(t->text);
}
