#include "data/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

json_t *json_text(const char *text)
{
	json_t *j = json_string(text ? text : "");
	size_t n = j ? 0 : strlen(text);
	char *escaped = j ? NULL : malloc(4 * n);

	if (escaped)
		j = json_stringn(escaped, csv_escape(escaped, 4 * n, text, n));
	free(escaped);
	return j;
}
