/* Files as streams of bytes, compressed or not: the suffix says which (.gz, .zst; .bz2 to read), "-" is stdin
 * or stdout. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct file_in; /* opaque: it owns a descriptor and a decompressor */

struct file_in *file_in_open(const char *path, struct err_msg *why);
/* The same over a descriptor, read from where it stands. It belongs to the result, and is closed on failure. */
struct file_in *file_in_over(const char *path, int fd, struct err_msg *why);
/* The same over bytes in memory, which must stay; `name` stands for the path, its suffix too. */
struct file_in *file_in_bytes(const char *name, const void *bytes, size_t n, struct err_msg *why);
/* Up to n bytes; 0 at the end; negative `enum err`. A compressed file that is cut gives all its whole frames
 * and blocks first and then ERR_PARTIAL (the message has the offset); corrupt bytes give ERR_PARSE. */
ssize_t file_in_read(struct file_in *f, void *buf, size_t n, struct err_msg *why);
/* The next physical line in place, with its LF (the last one may lack it): its length, 0 at the end, or a
 * negative `enum err`. Valid until the next call. A line over FILE_LINE_MAX comes in pieces, of which only
 * the last ends in LF. A UTF-8 byte order mark at the start of the file is left out. */
#define FILE_LINE_MAX 131072
ssize_t file_in_line(struct file_in *f, const char **line, struct err_msg *why);
/* Gives the line just read back: the next file_in_line yields it once more. */
void file_in_unread_line(struct file_in *f);
size_t file_in_lineno(const struct file_in *f); /* of the line last read, from 1 */
const char *file_in_path(const struct file_in *f);
void file_in_close(struct file_in *f);

struct file_out; /* opaque */

/* Creates a file that is not there yet (ERR_EXISTS otherwise) and locks it. */
struct file_out *file_out_create(const char *path, struct err_msg *why);
/* New content for `path`, which keeps what it has until file_out_replace. Where the file system can, it has no name until then: a
 * process that is killed leaves nothing. */
struct file_out *file_out_beside(const char *path, struct err_msg *why);
/* Goes on with a file that an earlier process left, and cuts off what it did not end: the part behind the last LF, or the last
 * compressed frame. *size is what remains. ERR_EXISTS while another process writes to it. */
struct file_out *file_out_resume(const char *path, off_t *size, struct err_msg *why);
/* How many of these bytes, the beginning of a file of that name, are whole: lines, or compressed frames by its suffix. */
size_t file_whole(const char *path, const void *bytes, size_t n);
/* Appends whole units only (a row, a document): never cut in two by an error of this call. */
int file_out_write(struct file_out *f, const void *bytes, size_t n, struct err_msg *why);
/* All that was written is on its way to the disk and readable from now on, whatever happens: a compressed
 * frame ends here. When the device is full (ERR_FULL) or fails, the file is cut back to the end of the last
 * good flush plus what whole units of a plain file still fitted, and the stream stays unusable. */
int file_out_flush(struct file_out *f, struct err_msg *why);
/* Bytes of the file so far, without those that wait for a flush. */
off_t file_out_size(const struct file_out *f);
/* Flushes, fsyncs and closes; frees f in any case. */
int file_out_close(struct file_out *f, struct err_msg *why);
/* Of file_out_beside: flushes, fsyncs, puts it into its place in one step; or forgets it. Both free f in any case. Until the
 * folder is on the disk too, a power cut may bring the old file back whole: of several files the last is left to file_replace. */
int file_out_replace(struct file_out *f, struct err_msg *why);
void file_out_drop(struct file_out *f);

/* Replaces `path` by these bytes in the same way, and fsyncs its folder; they are written as they are, whatever its suffix. */
int file_replace(const char *path, const void *bytes, size_t n, struct err_msg *why);

#endif
