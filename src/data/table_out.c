#include "data/table_out.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct table_out {
	const struct table *table;
	struct file_out *file;
	char path[PATH_MAX], beside[PATH_MAX];
	char row[TABLE_ROW_MAX];
};

struct table_out *table_out_open(const struct table *t, const char *path, struct err_msg *why)
{
	struct table_out *o = calloc(1, sizeof(*o));
	size_t n;

	if (!o) {
		(void)err_set(why, ERR_NOMEM, "%s: out of memory", path);
		return NULL;
	}
	o->table = t;
	if (strlen(path) > sizeof(o->beside) - 32) {
		(void)err_set(why, ERR_RANGE, "the path of the run is too long");
		free(o);
		return NULL;
	}
	(void)snprintf(o->path, sizeof(o->path), "%s", path);
	(void)snprintf(o->beside, sizeof(o->beside), "%.*s.part-%ld", PATH_MAX - 32, path, (long)getpid());
	o->file = file_out_create(o->beside, why);
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

int table_out_commit(struct table_out *o, struct err_msg *why)
{
	int rc = file_out_close(o->file, why);

	o->file = NULL;
	if (rc == 0 && rename(o->beside, o->path) < 0)
		rc = err_set(why, err_from_errno(errno), "%s: %s", o->path, strerror(errno));
	if (rc < 0)
		table_out_drop(o);
	else
		free(o);
	return rc;
}

void table_out_drop(struct table_out *o)
{
	struct err_msg why;

	if (!o)
		return;
	if (o->file)
		(void)file_out_close(o->file, &why);
	(void)unlink(o->beside);
	free(o);
}
