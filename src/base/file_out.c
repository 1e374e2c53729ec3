#include "base/file.h"

#define ZLIB_CONST /* next_in is const */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { OUT_BYTES = 1 << 16, OUT_UNITS = 4096 };

/* What is still to be packed. */
struct span {
	const uint8_t *p;
	size_t n;
};

/* One way to pack bytes into f->buf, of which at least one byte is free. */
struct packer {
	const char *suffix;
	int (*open)(struct file_out *f);
	/* Takes from `in` what it can; with `end` it also ends the frame. 1: all done; 0: f->buf is full,
	 * come again. */
	int (*step)(struct file_out *f, struct span *in, bool end);
	void (*close)(struct file_out *f);
	/* How many bytes at the start of a file are whole frames. */
	size_t (*whole)(const uint8_t *p, size_t n);
};

struct file_out {
	char *path;
	char *beside; /* its name until it is put into its place; NULL: it is there */
	bool named;   /* it has that name already */
	int fd;
	const struct packer *packer; /* NULL: plain */
	z_stream gz;
	ZSTD_CStream *zst;
	bool in_frame;

	uint8_t buf[OUT_BYTES]; /* bytes for the next write */
	size_t n;
	uint32_t unit_end[OUT_UNITS]; /* plain: where each unit in buf ends */
	size_t units;

	off_t written; /* bytes of the file so far */
	off_t good;    /* up to here whole units or frames */

	int failed; /* sticky, with its sentence */
	struct err_msg why;
};

static int gzip_open(struct file_out *f)
{
	int rc = deflateInit2(&f->gz, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);

	return rc == Z_OK ? 0 : ERR_NOMEM;
}

static int gzip_step(struct file_out *f, struct span *in, bool end)
{
	uInt some = in->n < INT32_MAX ? (uInt)in->n : INT32_MAX;
	int rc;

	f->gz.next_in = in->p;
	f->gz.avail_in = some;
	f->gz.next_out = f->buf + f->n;
	f->gz.avail_out = (uInt)(OUT_BYTES - f->n);
	rc = deflate(&f->gz, end && some == in->n ? Z_FINISH : Z_NO_FLUSH);
	in->p += some - f->gz.avail_in;
	in->n -= some - f->gz.avail_in;
	f->n = OUT_BYTES - f->gz.avail_out;
	if (!end)
		return in->n == 0;
	return rc == Z_STREAM_END && deflateReset(&f->gz) == Z_OK;
}

static void gzip_close(struct file_out *f)
{
	(void)deflateEnd(&f->gz);
}

/* Each member must be unpacked to find its end. */
static size_t gzip_whole(const uint8_t *p, size_t n)
{
	uint8_t out[16384];
	z_stream in = {.next_in = p};
	size_t whole = 0, at;
	int rc = inflateInit2(&in, 15 + 16);

	while (rc == Z_OK && (at = (size_t)(in.next_in - p)) < n) {
		in.avail_in = n - at < UINT32_MAX ? (uInt)(n - at) : UINT32_MAX;
		in.next_out = out;
		in.avail_out = sizeof(out);
		rc = inflate(&in, Z_NO_FLUSH);
		if (rc == Z_STREAM_END) {
			whole = (size_t)(in.next_in - p);
			rc = inflateReset(&in);
		}
	}
	(void)inflateEnd(&in);
	return whole;
}

static int zstd_open(struct file_out *f)
{
	f->zst = ZSTD_createCStream();
	/* With a checksum, as gzip has one: a flipped bit is an error, not another row. */
	if (!f->zst || ZSTD_isError(ZSTD_CCtx_setParameter(f->zst, ZSTD_c_checksumFlag, 1)))
		return ERR_NOMEM;
	return 0;
}

static int zstd_step(struct file_out *f, struct span *in, bool end)
{
	ZSTD_inBuffer from = {in->p, in->n, 0};
	ZSTD_outBuffer to = {f->buf, OUT_BYTES, f->n};
	size_t left = ZSTD_compressStream2(f->zst, &to, &from, end ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return err_set(&f->why, ERR_NOMEM, "%s: %s", f->path, ZSTD_getErrorName(left));
	in->p += from.pos;
	in->n -= from.pos;
	f->n = to.pos;
	return end ? left == 0 : in->n == 0;
}

static void zstd_close(struct file_out *f)
{
	(void)ZSTD_freeCStream(f->zst);
}

static size_t zstd_whole(const uint8_t *p, size_t n)
{
	size_t whole = 0;

	while (whole < n) {
		size_t frame = ZSTD_findFrameCompressedSize(p + whole, n - whole);

		if (ZSTD_isError(frame) || frame == 0)
			break;
		whole += frame;
	}
	return whole;
}

static size_t lines_whole(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] != '\n')
		n--;
	return n;
}

static const struct packer packers[] = {
	{".gz", gzip_open, gzip_step, gzip_close, gzip_whole},
	{".zst", zstd_open, zstd_step, zstd_close, zstd_whole},
};

static const struct packer *packer_of(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		size_t len = strlen(packers[i].suffix);

		if (n >= len && strcmp(path + n - len, packers[i].suffix) == 0)
			return &packers[i];
	}
	return NULL;
}

static void out_free(struct file_out *f)
{
	if (f->packer)
		f->packer->close(f);
	free(f->beside);
	free(f->path);
	free(f);
}

static int open_locked(const char *path, int flags, struct err_msg *why)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	/* A file system without locks is no reason to stop: O_EXCL has already kept a second writer out. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		(void)close(fd);
		return err_set(why, ERR_EXISTS, "%s: another process writes to it", path);
	}
	return fd;
}

/* Without a descriptor yet. */
static struct file_out *out_new(const char *path, const struct packer *packer, struct err_msg *why)
{
	struct file_out *f = calloc(1, sizeof(*f));

	if (f && (f->path = strdup(path)) && (!packer || packer->open(f) == 0)) {
		f->packer = packer;
		f->fd = -1;
		return f;
	}
	if (f)
		out_free(f);
	(void)err_set(why, ERR_NOMEM, "%s: out of memory", path);
	return NULL;
}

static struct file_out *out_open(const char *path, int flags, struct err_msg *why)
{
	bool is_stdout = strcmp(path, "-") == 0;
	struct file_out *f = out_new(is_stdout ? "stdout" : path, packer_of(path), why);

	if (!f)
		return NULL;
	f->fd = is_stdout ? STDOUT_FILENO : open_locked(path, flags, why);
	if (f->fd < 0) {
		out_free(f);
		return NULL;
	}
	return f;
}

struct file_out *file_out_create(const char *path, struct err_msg *why)
{
	return out_open(path, O_WRONLY | O_CREAT | O_EXCL, why);
}

/* --- a file that takes the place of another --- */

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static int open_unnamed(const char *path)
{
	char *folder = folder_of(path);
	int fd = -1;

	/* By that path it is named in the end. */
	if (folder && access("/proc/self/fd", X_OK) == 0)
		fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	free(folder);
	return fd;
}

static int open_beside(struct file_out *f, struct err_msg *why)
{
	uint64_t random;
	char *beside;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random) ||
		asprintf(&beside, "%s.%016llx.tmp", f->path, (unsigned long long)random) < 0)
		return err_set(why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
	f->beside = beside;
	f->fd = open_unnamed(f->path);
	f->named = f->fd < 0;
	if (f->named)
		f->fd = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return f->fd >= 0 ? 0 : err_set(why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
}

struct file_out *file_out_beside(const char *path, struct err_msg *why)
{
	struct file_out *f = out_new(path, packer_of(path), why);

	if (f && open_beside(f, why) == 0)
		return f;
	if (f)
		out_free(f);
	return NULL;
}

size_t file_whole(const char *path, const void *bytes, size_t n)
{
	const struct packer *packer = packer_of(path);

	return (packer ? packer->whole : lines_whole)(bytes, n);
}

/* Cuts the file to its whole part and goes to its end; an errno value on failure. */
static int cut_to_whole(struct file_out *f)
{
	struct stat st;
	uint8_t *p;

	if (fstat(f->fd, &st) < 0)
		return errno;
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
		if (p == MAP_FAILED)
			return errno;
		f->good = (off_t)file_whole(f->path, p, (size_t)st.st_size);
		(void)munmap(p, (size_t)st.st_size);
	}
	f->written = f->good;
	if (ftruncate(f->fd, f->good) < 0 || lseek(f->fd, f->good, SEEK_SET) < 0)
		return errno;
	return 0;
}

struct file_out *file_out_resume(const char *path, off_t *size, struct err_msg *why)
{
	struct file_out *f = out_open(path, O_RDWR, why);
	int errnum = f ? cut_to_whole(f) : 0;

	if (errnum) {
		(void)err_set(why, err_from_errno(errnum), "%s: %s", path, strerror(errnum));
		(void)close(f->fd);
		out_free(f);
		return NULL;
	}
	if (f)
		*size = f->good;
	return f;
}

static int fail_again(const struct file_out *f, struct err_msg *why)
{
	return err_set(why, f->failed, "%s", f->why.text);
}

/* Back to whole units; false when the system will not. */
static bool cut_back(const struct file_out *f)
{
	return f->written == f->good || ftruncate(f->fd, f->good) == 0;
}

static int give_up(struct file_out *f, int errnum)
{
	f->failed = err_set(&f->why, err_from_errno(errnum), "%s: %s%s", f->path, strerror(errnum),
		cut_back(f) ? "" : "; its last row may be torn");
	return f->failed;
}

/* All n bytes, or an errno value; *done says how many got there. */
static int write_all(int fd, const uint8_t *p, size_t n, size_t *done)
{
	*done = 0;
	while (*done < n) {
		ssize_t rc = write(fd, p + *done, n - *done);

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			return rc < 0 ? errno : ENOSPC;
		*done += (size_t)rc;
	}
	return 0;
}

/* Empties buf into the file. */
static int spill(struct file_out *f)
{
	size_t done;
	int errnum = write_all(f->fd, f->buf, f->n, &done);

	for (size_t i = f->units; errnum && i > 0; i--) {
		if (f->unit_end[i - 1] <= done) {
			f->good = f->written + f->unit_end[i - 1];
			break;
		}
	}
	f->written += (off_t)done;
	if (errnum)
		return give_up(f, errnum);
	if (!f->packer)
		f->good = f->written;
	f->n = f->units = 0;
	return 0;
}

static int write_plain(struct file_out *f, const void *bytes, size_t n)
{
	size_t done;
	int rc = 0;

	if (n > OUT_BYTES - f->n || f->units == OUT_UNITS)
		rc = spill(f);
	if (rc < 0)
		return rc;
	if (n <= OUT_BYTES) {
		memcpy(f->buf + f->n, bytes, n);
		f->n += n;
		f->unit_end[f->units++] = (uint32_t)f->n;
		return 0;
	}
	rc = write_all(f->fd, bytes, n, &done);
	f->written += (off_t)done;
	if (rc)
		return give_up(f, rc);
	f->good = f->written;
	return 0;
}

static int write_packed(struct file_out *f, struct span in, bool end)
{
	int rc = 0;

	f->in_frame = true;
	while (rc == 0) {
		rc = f->packer->step(f, &in, end);
		if (rc < 0) {
			(void)cut_back(f);
			return f->failed = rc;
		}
		if (f->n == OUT_BYTES && spill(f) < 0)
			return f->failed;
	}
	return 0;
}

int file_out_write(struct file_out *f, const void *bytes, size_t n, struct err_msg *why)
{
	if (!f->failed && n > 0) {
		if (f->packer)
			(void)write_packed(f, (struct span){bytes, n}, false);
		else
			(void)write_plain(f, bytes, n);
	}
	return f->failed ? fail_again(f, why) : 0;
}

int file_out_flush(struct file_out *f, struct err_msg *why)
{
	if (!f->failed && f->in_frame)
		(void)write_packed(f, (struct span){NULL, 0}, true);
	if (!f->failed && spill(f) == 0) {
		f->good = f->written;
		f->in_frame = false;
	}
	return f->failed ? fail_again(f, why) : 0;
}

off_t file_out_size(const struct file_out *f)
{
	return f->written;
}

/* All of it is on the disk. */
static int out_sync(struct file_out *f, struct err_msg *why)
{
	int rc = file_out_flush(f, why);

	/* A pipe or a terminal cannot be synced, and need not be. */
	if (rc == 0 && fsync(f->fd) < 0 && errno != EINVAL && errno != EROFS)
		rc = err_set(why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
	return rc;
}

static int out_close(struct file_out *f, int rc, struct err_msg *why)
{
	if (f->fd != STDOUT_FILENO && close(f->fd) < 0 && rc == 0)
		rc = err_set(why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
	out_free(f);
	return rc;
}

int file_out_close(struct file_out *f, struct err_msg *why)
{
	return out_close(f, out_sync(f, why), why);
}

/* The folder's entries must reach the disk too, else a power cut brings the old files back. */
static void sync_folder_of(const char *path)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(folder);
	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

/* A link cannot take the place of a file: first a name beside it. */
static int put_in_place(struct file_out *f)
{
	char from[32];

	(void)snprintf(from, sizeof(from), "/proc/self/fd/%d", f->fd);
	if (!f->named && linkat(AT_FDCWD, from, AT_FDCWD, f->beside, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	f->named = true;
	if (rename(f->beside, f->path) < 0)
		return -1;
	f->named = false;
	return 0;
}

int file_out_replace(struct file_out *f, struct err_msg *why)
{
	int rc = out_sync(f, why);

	if (rc == 0 && put_in_place(f) < 0)
		rc = err_set(why, err_from_errno(errno), "%s: %s", f->path, strerror(errno));
	if (rc < 0 && f->named)
		(void)unlink(f->beside);
	return out_close(f, rc, why);
}

void file_out_drop(struct file_out *f)
{
	struct err_msg why;

	if (f->named)
		(void)unlink(f->beside);
	(void)out_close(f, 0, &why);
}

int file_replace(const char *path, const void *bytes, size_t n, struct err_msg *why)
{
	struct file_out *f = out_new(path, NULL, why);
	int rc = f ? open_beside(f, why) : ERR_NOMEM;

	if (rc == 0) {
		(void)file_out_write(f, bytes, n, why); /* what fails here fails below */
		rc = file_out_replace(f, why);
		if (rc == 0)
			sync_folder_of(path);
		return rc;
	}
	if (f)
		out_free(f);
	return rc;
}
