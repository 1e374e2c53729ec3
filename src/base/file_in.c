#include "base/file.h"

#define ZLIB_CONST /* next_in is const */

#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { RAW_BYTES = 1 << 17, STEP_MAX = 1 << 30, SMALL_BYTES = 1 << 12 };

/* One way to turn the file's own bytes into plain ones. */
struct codec {
	const char *suffix;
	int (*open)(struct file_in *f);
	/* One step from f->raw into out: the bytes made (0: more input is wanted) or a negative `enum err`.
	 * Keeps f->in_frame true while a frame (member) is begun and not ended. */
	ssize_t (*step)(struct file_in *f, uint8_t *out, size_t n);
	void (*close)(struct file_in *f);
};

struct file_in {
	char *path;
	int fd; /* -1: bytes in memory */
	const struct codec *codec;
	z_stream gz;
	bz_stream bz;
	bool bz_open;
	ZSTD_DStream *zst;
	bool in_frame;

	uint8_t *
		raw_buf; /* owned; NULL over bytes in memory, and where the file's own bytes are the plain ones */
	const uint8_t *raw;
	size_t raw_pos, raw_len;
	uintmax_t raw_before; /* bytes of the file in front of raw[0] */
	bool raw_end;

	char *buf; /* plain bytes for file_in_line: few until they are filled, then FILE_LINE_MAX */
	size_t pos, len, cap;
	size_t line_at, line;
	bool at_start, began; /* the next piece begins a line; the last one did */

	int failed; /* sticky, with its sentence */
	struct err_msg why;
};

static int codec_none(struct file_in *f)
{
	(void)f;
	return 0;
}

static void codec_forget(struct file_in *f)
{
	(void)f;
}

/* Up to n of the file's own bytes; 0 at its end. */
static ssize_t read_some(struct file_in *f, void *out, size_t n)
{
	ssize_t got;

	do
		got = read(f->fd, out, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set(&f->why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
	f->raw_end = got == 0;
	return got;
}

static ssize_t plain_step(struct file_in *f, uint8_t *out, size_t n)
{
	size_t left = f->raw_len - f->raw_pos;

	if (f->fd >= 0)
		return read_some(f, out, n);
	n = n < left ? n : left;
	if (n > 0)
		memcpy(out, f->raw + f->raw_pos, n);
	f->raw_pos += n;
	return (ssize_t)n;
}

static int corrupt(struct file_in *f, const char *what)
{
	return err_set(&f->why, ERR_PARSE, "%s: corrupt near byte %ju: %s", f->path,
		f->raw_before + f->raw_pos, what);
}

static int gzip_open(struct file_in *f)
{
	return inflateInit2(&f->gz, 15 + 16) == Z_OK ? 0 : ERR_NOMEM;
}

static ssize_t gzip_step(struct file_in *f, uint8_t *out, size_t n)
{
	size_t left = f->raw_len - f->raw_pos;
	int rc;

	if (left == 0 && !f->in_frame)
		return 0;
	f->gz.next_in = f->raw + f->raw_pos;
	f->gz.avail_in = (uInt)left;
	f->gz.next_out = out;
	f->gz.avail_out = (uInt)n;
	f->in_frame = true;
	rc = inflate(&f->gz, Z_NO_FLUSH);
	f->raw_pos = f->raw_len - f->gz.avail_in;
	if (rc == Z_STREAM_END) {
		f->in_frame = false;
		(void)inflateReset(&f->gz);
	} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
		return corrupt(f, f->gz.msg ? f->gz.msg : "not gzip");
	}
	return (ssize_t)(n - f->gz.avail_out);
}

static void gzip_close(struct file_in *f)
{
	(void)inflateEnd(&f->gz);
}

static int bzip2_open(struct file_in *f)
{
	f->bz_open = BZ2_bzDecompressInit(&f->bz, 0, 0) == BZ_OK;
	return f->bz_open ? 0 : ERR_NOMEM;
}

static void bzip2_close(struct file_in *f)
{
	if (f->bz_open)
		(void)BZ2_bzDecompressEnd(&f->bz);
	f->bz_open = false;
}

static int bzip2_failed(struct file_in *f, int rc)
{
	if (rc == BZ_MEM_ERROR)
		return err_set(&f->why, ERR_NOMEM, "%s: out of memory", f->path);
	return corrupt(f, rc == BZ_DATA_ERROR_MAGIC ? "not bzip2" : "a block that does not fit its checksum");
}

static ssize_t bzip2_step(struct file_in *f, uint8_t *out, size_t n)
{
	size_t left = f->raw_len - f->raw_pos;
	const uint8_t *in = f->raw + f->raw_pos;
	int rc;

	/* Only read from, but its type does not say so. */
	memcpy(&f->bz.next_in, &in, sizeof(in));
	if (left == 0 && !f->in_frame)
		return 0;
	if (!f->bz_open && bzip2_open(f) < 0)
		return bzip2_failed(f, BZ_MEM_ERROR);
	f->bz.avail_in = (unsigned)left;
	f->bz.next_out = (char *)out;
	f->bz.avail_out = (unsigned)n;
	f->in_frame = true;
	rc = BZ2_bzDecompress(&f->bz);
	f->raw_pos = f->raw_len - f->bz.avail_in;
	if (rc == BZ_STREAM_END) {
		/* A further stream may follow; a decompressor serves for one. */
		f->in_frame = false;
		bzip2_close(f);
	} else if (rc != BZ_OK) {
		return bzip2_failed(f, rc);
	}
	return (ssize_t)(n - f->bz.avail_out);
}

static int zstd_open(struct file_in *f)
{
	f->zst = ZSTD_createDStream();
	return f->zst ? 0 : ERR_NOMEM;
}

static ssize_t zstd_step(struct file_in *f, uint8_t *out, size_t n)
{
	ZSTD_inBuffer in = {f->raw, f->raw_len, f->raw_pos};
	ZSTD_outBuffer to = {.size = n};
	size_t rc;

	if (in.pos == in.size && !f->in_frame)
		return 0;
	to.dst = out;
	rc = ZSTD_decompressStream(f->zst, &to, &in);
	f->raw_pos = in.pos;
	if (ZSTD_isError(rc))
		return corrupt(f, ZSTD_getErrorName(rc));
	f->in_frame = rc != 0;
	return (ssize_t)to.pos;
}

static void zstd_close(struct file_in *f)
{
	(void)ZSTD_freeDStream(f->zst);
}

static const struct codec codecs[] = {
	{".gz", gzip_open, gzip_step, gzip_close}, {".bz2", bzip2_open, bzip2_step, bzip2_close},
	{".zst", zstd_open, zstd_step, zstd_close},
	{"", codec_none, plain_step, codec_forget}, /* last: every name ends in it */
};
static const struct codec *const plain = &codecs[sizeof(codecs) / sizeof(codecs[0]) - 1];

static const struct codec *codec_of(const char *path)
{
	const struct codec *c = codecs;
	size_t n = strlen(path);

	while (strlen(c->suffix) > n || strcmp(path + n - strlen(c->suffix), c->suffix) != 0)
		c++;
	return c;
}

/* Everything but the source of raw bytes. */
struct file_in *file_in_over(const char *path, int fd, struct err_msg *why)
{
	struct file_in *f = calloc(1, sizeof(*f));
	const struct codec *codec = codec_of(path);

	if (!f)
		goto nomem;
	f->fd = fd;
	f->codec = plain;
	f->at_start = true;
	f->path = strdup(path);
	f->cap = SMALL_BYTES;
	f->buf = malloc(f->cap);
	if (fd >= 0 && codec != plain)
		f->raw = f->raw_buf = malloc(RAW_BYTES);
	if (!f->path || !f->buf || (fd >= 0 && codec != plain && !f->raw_buf))
		goto nomem;
	if (codec->open(f) < 0)
		goto nomem;
	f->codec = codec;
	return f;
nomem:
	(void)err_set(why, ERR_NOMEM, "%s: out of memory", path);
	if (f)
		file_in_close(f);
	else if (fd > STDIN_FILENO)
		(void)close(fd);
	return NULL;
}

struct file_in *file_in_open(const char *path, struct err_msg *why)
{
	int fd = STDIN_FILENO;

	if (strcmp(path, "-") == 0)
		return file_in_over("stdin", fd, why);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
		return NULL;
	}
	return file_in_over(path, fd, why);
}

struct file_in *file_in_bytes(const char *name, const void *bytes, size_t n, struct err_msg *why)
{
	struct file_in *f = file_in_over(name, -1, why);

	if (f) {
		f->raw = bytes;
		f->raw_len = n;
		f->raw_end = true;
	}
	return f;
}

static int raw_fill(struct file_in *f)
{
	ssize_t n = read_some(f, f->raw_buf, RAW_BYTES);

	if (n < 0)
		return (int)n;
	f->raw_before += f->raw_len;
	f->raw_pos = 0;
	f->raw_len = (size_t)n;
	return 0;
}

/* 1 to n plain bytes, 0 at a clean end. */
static ssize_t decode(struct file_in *f, uint8_t *out, size_t n)
{
	for (;;) {
		size_t before = f->raw_pos;
		ssize_t got = f->codec->step(f, out, n);
		int rc;

		if (got != 0)
			return got;
		if (f->raw_pos < f->raw_len) {
			if (f->raw_pos == before)
				return corrupt(f, "no progress");
			continue;
		}
		if (f->raw_end && f->in_frame)
			return err_set(&f->why, ERR_PARTIAL,
				"%s: cut short at byte %ju; what came before is good", f->path,
				f->raw_before + f->raw_pos);
		if (f->raw_end)
			return 0;
		rc = raw_fill(f);
		if (rc < 0)
			return rc;
	}
}

/* `decode`, with errors that stay. */
static ssize_t decode_or_fail(struct file_in *f, void *out, size_t n, struct err_msg *why)
{
	ssize_t got = f->failed ? f->failed : decode(f, out, n < STEP_MAX ? n : STEP_MAX);

	if (got < 0) {
		f->failed = (int)got;
		(void)err_set(why, f->failed, "%s", f->why.text);
	}
	return got;
}

ssize_t file_in_read(struct file_in *f, void *buf, size_t n, struct err_msg *why)
{
	size_t left = f->len - f->pos;

	if (n == 0)
		return 0;
	if (left == 0)
		return decode_or_fail(f, buf, n, why);
	n = n < left ? n : left;
	memcpy(buf, f->buf + f->pos, n);
	f->pos += n;
	return (ssize_t)n;
}

/* What filled the first bytes of room is no small file. */
static int line_room(struct file_in *f, struct err_msg *why)
{
	char *buf = realloc(f->buf, FILE_LINE_MAX);

	if (!buf)
		return err_set(why, ERR_NOMEM, "%s: out of memory", f->path);
	f->buf = buf;
	f->cap = FILE_LINE_MAX;
	return 0;
}

/* More bytes behind those in buf: 1, 0 at the end of the file or of the room, or an error. */
static int line_fill(struct file_in *f, struct err_msg *why)
{
	ssize_t got;

	if (f->len == f->cap && f->cap < FILE_LINE_MAX && line_room(f, why) < 0)
		return ERR_NOMEM;
	if (f->pos > 0) {
		memmove(f->buf, f->buf + f->pos, f->len - f->pos);
		f->len -= f->pos;
		f->pos = 0;
	}
	if (f->len == f->cap)
		return 0;
	got = decode_or_fail(f, f->buf + f->len, f->cap - f->len, why);
	if (got <= 0)
		return (int)got;
	f->len += (size_t)got;
	return 1;
}

static void skip_byte_order_mark(struct file_in *f, struct err_msg *why)
{
	while (f->len < 3 && line_fill(f, why) > 0)
		;
	if (f->len >= 3 && memcmp(f->buf, "\xef\xbb\xbf", 3) == 0)
		f->pos = 3;
}

ssize_t file_in_line(struct file_in *f, const char **line, struct err_msg *why)
{
	size_t searched = 0;
	const char *nl;
	int rc;

	if (f->line == 0 && f->len == 0)
		skip_byte_order_mark(f, why);
	while (!(nl = memchr(f->buf + f->pos + searched, '\n', f->len - f->pos - searched))) {
		searched = f->len - f->pos;
		rc = line_fill(f, why);
		/* What stands in front of an error is still given out; the error comes with the next call. */
		if (rc < 0 && searched == 0)
			return rc;
		if (rc <= 0)
			break;
	}
	f->line_at = f->pos;
	f->pos = nl ? (size_t)(nl + 1 - f->buf) : f->len;
	if (f->pos == f->line_at)
		return 0;
	f->began = f->at_start;
	f->line += f->began;
	f->at_start = nl != NULL;
	*line = f->buf + f->line_at;
	return (ssize_t)(f->pos - f->line_at);
}

void file_in_unread_line(struct file_in *f)
{
	f->pos = f->line_at;
	f->line -= f->began;
	f->at_start = f->began;
}

size_t file_in_lineno(const struct file_in *f)
{
	return f->line;
}

const char *file_in_path(const struct file_in *f)
{
	return f->path;
}

void file_in_close(struct file_in *f)
{
	if (!f)
		return;
	f->codec->close(f);
	if (f->fd > STDIN_FILENO)
		(void)close(f->fd);
	free(f->raw_buf);
	free(f->buf);
	free(f->path);
	free(f);
}
