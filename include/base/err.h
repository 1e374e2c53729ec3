/* Errors: a negative code for the caller, one sentence for the person.
 *
 * Functions return 0 or a negative `enum err`. Those whose failure a person must act on also take a
 * `struct err_msg *` (may be NULL) and leave a sentence there that says what went wrong, where, and what to
 *do.
 *
 *	struct err_msg why = {0};
 *	if (targets_read(&list, path, &why) < 0)
 *		return cmd_fail(EXIT_USAGE, &why);
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_NOMEM = -1,   /* out of memory */
	ERR_IO = -2,      /* the file system or a socket said no */
	ERR_PARSE = -3,   /* bytes that are not what they should be */
	ERR_RANGE = -4,   /* a number or a size out of its bounds */
	ERR_PERM = -5,    /* no privilege */
	ERR_ROUTE = -6,   /* no route, no source address, no next hop */
	ERR_IFACE = -7,   /* no such interface, or it went away */
	ERR_FULL = -8,    /* no space left on the device */
	ERR_EXISTS = -9,  /* in use, or already there */
	ERR_PARTIAL = -10 /* some was read, some was not: what was read is good */
};

struct err_msg {
	char text[512]; /* empty when nothing was said; one line, no newline */
};

/* Writes the sentence into `msg` (if any) and returns `code`, so that `return err_set(...)` is the whole
 * path. */
int err_set(struct err_msg *msg, enum err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The `enum err` for an errno value: ENOSPC and EDQUOT are ERR_FULL, EPERM and EACCES ERR_PERM, the rest
 * ERR_IO. */
enum err err_from_errno(int errnum);

#endif
