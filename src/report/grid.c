#include "report/grid.h"

struct libscols_table *grid_new(FILE *out, const struct grid_heading *of, size_t n, bool colour)
{
	struct libscols_table *t = scols_new_table();

	for (size_t i = 0; t && i < n; i++) {
		struct libscols_column *c =
			scols_table_new_column(t, of[i].name, 0, of[i].right ? SCOLS_FL_RIGHT : 0);

		if (c && colour)
			(void)scols_cell_set_color(scols_column_get_header(c), "\033[1m");
	}
	if (t) {
		(void)scols_table_enable_colors(t, colour);
		(void)scols_table_set_stream(t, out);
	}
	return t;
}
