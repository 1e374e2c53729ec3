/* One column of a file, for `catchmap fields`. Each file's module has a function that walks its table: */
#ifndef DATA_FIELD_H
#define DATA_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct field {
	const char *name;
	const char *about; /* one line: meaning and unit */
};

/* The i-th column from 0; false past the last. */
typedef bool field_walk(size_t i, struct field *out);

#endif
