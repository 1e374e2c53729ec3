#include "data/table_out.h"

#include <stdlib.h>
#include <string.h>

struct table_out {
	const struct table *table;
	struct file_out *file;
	char *path;
	char row[TABLE_ROW_MAX];
};

struct table_out *table_out_open(const struct table *t, const char *path, struct err_msg *why)
{
	struct table_out *o = calloc(1, sizeof(*o));
	size_t n;

	if (!o || !(o->path = strdup(path))) {
		free(o);
		(void)err_set(why, ERR_NOMEM, "%s: out of memory", path);
		return NULL;
	}
	o->table = t;
	o->file = file_out_beside(path, why);
	n = table_header(t, o->row, sizeof(o->row));
	if (!o->file || file_out_write(o->file, o->row, n, why) < 0) {
		table_out_drop(o);
		return NULL;
	}
	return o;
}

int table_out_put(struct table_out *o, const void *row, struct err_msg *why)
{
	size_t n = table_row(o->table, row, o->row, sizeof(o->row));

	if (n == 0)
		return err_set(why, ERR_RANGE, "%s: a row of more than %d bytes", o->path, TABLE_ROW_MAX);
	return file_out_write(o->file, o->row, n, why);
}

static void out_free(struct table_out *o)
{
	free(o->path);
	free(o);
}

int table_out_commit(struct table_out *o, struct err_msg *why)
{
	int rc = file_out_replace(o->file, why);

	out_free(o);
	return rc;
}

void table_out_drop(struct table_out *o)
{
	if (!o)
		return;
	if (o->file)
		file_out_drop(o->file);
	out_free(o);
}
