/* Names of autonomous systems, from a file of lines `asn|name`. */
#ifndef DATA_AS_NAMES_H
#define DATA_AS_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "base/intern.h"

struct as_names {
	struct as_name {
		uint32_t asn, name; /* name: number in text */
		size_t line;
	} * v; /* by asn */
	size_t n, cap;
	struct intern text;
	size_t bad; /* lines that were left out */
};

/* Blank lines and those that begin with # are passed over; "AS64500|name" is read too. Of several names of an AS the last one
 * counts. ERR_PARSE when the file has no name at all, or cannot be read to its end; *why is then, and where lines are bad, of the
 * first trouble. Free in any case. */
int as_names_read(struct as_names *n, const char *path, struct err_msg *why);
int as_names_read_from(struct as_names *n, struct file_in *in, struct err_msg *why);
/* UTF-8 without controls, at most 128 bytes; what is not that is escaped as \DDD. "" for an AS without a name. */
const char *as_names_find(const struct as_names *n, uint32_t asn);
void as_names_free(struct as_names *n);

#endif
