/* Any bytes as a text of the page: in it nothing that could end the script element, and read back what was put in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	json_t *data = json_array(), *back;
	char *page = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&page, &len);

	if (!data || !out || json_array_append_new(data, html_text((const char *)bytes, n)) < 0)
		abort();
	if (html_write_json(out, data) < 0 || fclose(out) != 0)
		abort();
	for (size_t i = 0; i < len; i++)
		if (page[i] < ' ' || page[i] > '~' || strchr("<>&", page[i]))
			abort();
	back = json_loadb(page, len, 0, NULL);
	if (!back || !json_equal(back, data))
		abort();
	json_decref(back);
	json_decref(data);
	free(page);
	return 0;
}
