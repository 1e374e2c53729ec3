/* Writes a CSV of data/table.h row by row beside its place, and puts it there in one step when it is whole. */
#ifndef DATA_TABLE_OUT_H
#define DATA_TABLE_OUT_H

#include "data/table.h"

struct table_out; /* opaque */

/* NULL with a message. The header is written at once. */
struct table_out *table_out_open(const struct table *t, const char *path, struct err_msg *why);
int table_out_put(struct table_out *o, const void *row, struct err_msg *why);
/* All rows are on the disk; the file that was there before, if any, is replaced, as by file_out_replace. Frees o in any case. */
int table_out_commit(struct table_out *o, struct err_msg *why);
/* Nothing was written. NULL is fine. */
void table_out_drop(struct table_out *o);

#endif
