#include "infer/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "data/table.h"

struct row {
	const char *vp;
	double weight;
};

static const struct table_column columns[] = {
	{"vp", "vantage point", TABLE_TEXT, .offset = offsetof(struct row, vp), .required = true},
	{"weight", "how much it counts", TABLE_REAL, .offset = offsetof(struct row, weight), .required = true,
		.low = 1e-12, .high = 1e12},
};
static const struct table table = {"weights", columns, sizeof(columns) / sizeof(columns[0])};

static int add(struct intern *names, const struct row *row, double **weights, size_t *n, size_t *cap)
{
	int64_t id = intern_put(names, row->vp, strlen(row->vp));

	if (id < 0 || vec_reserve(weights, cap, (size_t)id + 1) < 0)
		return ERR_NOMEM;
	while (*n <= (size_t)id)
		(*weights)[(*n)++] = (double)NAN;
	(*weights)[id] = row->weight;
	return 0;
}

int weights_read(const char *path, struct intern *names, double **weights, size_t *n, struct err_msg *why)
{
	struct csv *c = csv_open(path, why);
	struct table_reader rd;
	struct row row;
	size_t cap = 0;
	int rc = c ? table_reader_init(&rd, &table, c, why) : ERR_PARSE;

	*weights = NULL;
	*n = 0;
	while (rc == 0 && (rc = csv_next(c, why)) > 0) {
		rc = table_read(&rd, c, &row, why);
		if (rc == 0 && add(names, &row, weights, n, &cap) < 0)
			rc = err_set(why, ERR_NOMEM, "%s: out of memory", path);
	}
	csv_close(c);
	if (rc < 0) {
		free(*weights);
		*weights = NULL;
	}
	return rc;
}
