#include "data/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

json_t *json_text(const char *text)
{
	json_t *j = json_string(text ? text : "");
	size_t n;
	char *escaped;

	if (j || !text)
		return j;
	n = strlen(text);
	escaped = malloc(4 * n + 1);
	if (escaped)
		j = json_stringn(escaped, csv_escape(escaped, 4 * n, text, n));
	free(escaped);
	return j;
}
