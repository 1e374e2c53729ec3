/* Follows a CSV that another process writes (plain, .gz or .zst): the whole rows that came since the last look, behind the
 * header, as a CSV in memory.
 *
 *	struct tail t = {0};
 *	while ((rc = tail_read(&t, path, &why)) > 0)
 *		... file_in_bytes("rows.csv", t.text, t.n, &why) ...
 *	tail_free(&t);
 */
#ifndef BASE_TAIL_H
#define BASE_TAIL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct tail {
	off_t at; /* bytes of the file that were read */
	char *text;
	size_t n, cap;
	char *raw; /* as the file has them */
	size_t cap_raw;
	size_t header; /* bytes at the start of text that are the header; 0: not read yet */
};

/* 1: there are rows, in text[0 .. n); 0: none yet. ERR_IO; ERR_PARSE when compressed bytes are corrupt, or when what was read is
 * no longer there. */
int tail_read(struct tail *t, const char *path, struct err_msg *why);
void tail_free(struct tail *t);

#endif
