/* What naming rules say of identity strings: as a table, as JSON, as fields of a CSV, and why. */
#ifndef REPORT_DECODE_H
#define REPORT_DECODE_H

#include <stdio.h>

#include "data/field.h"
#include "infer/ident.h"

struct decode_row {
	char *text; /* the string, printable */
	struct ident id;
};

int decode_table(FILE *out, const struct decode_row *rows, size_t n);
int decode_json(FILE *out, const struct decode_row *rows, size_t n);

enum { DECODE_FIELDS = 8, DECODE_FIELD_MAX = 256 };
extern const char *const decode_columns[DECODE_FIELDS];
field_walk decode_field;
/* The fields under these columns; what the rules do not prove is empty. */
void decode_fields(const struct ident *id, char out[static DECODE_FIELDS][DECODE_FIELD_MAX]);

/* Which rules were tried on the bytes, in order, and why each failed. */
int decode_explain(FILE *out, const struct rules *r, const struct ident_scope *s, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n);

#endif
