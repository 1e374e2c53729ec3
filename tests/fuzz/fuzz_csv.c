/* Any bytes as a CSV, and as a compressed one by the first byte: every row and field is inside what was read, and what is
 * written of a field reads back; and all rows are those that libcsv alone would give. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/csv_oracle.h"
#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_field(const char *field, size_t len)
{
	static char text[2 * CSV_ROW_MAX + 2], back[CSV_ROW_MAX];
	size_t room = len < sizeof(back) / 4 ? len : sizeof(back) / 4, escaped;

	if (field[len] != '\0' || (len > 0 && csv_put(text, sizeof(text), field, len) < len))
		abort();
	escaped = csv_escape(text, sizeof(text), field, room);
	if (csv_unescape(back, sizeof(back), text, escaped) != room || memcmp(back, field, room) != 0)
		abort();
	(void)csv_unescape(back, sizeof(back), field, room);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const names[] = {"x.csv", "x.csv.gz", "x.csv.zst", "x.csv"};
	struct err_msg why;
	struct csv *c;
	size_t line = 0;
	int rc;

	c = n > 0 ? csv_open_over(file_in_bytes(names[bytes[0] % 4], bytes + 1, n - 1, &why), &why) : NULL;
	while (c && (rc = csv_next(c, &why)) != 0 && rc != ERR_PARTIAL) {
		if (rc < 0)
			continue;
		if (csv_line(c) <= line || csv_fields(c) == 0)
			abort();
		line = csv_line(c);
		for (size_t i = 0; i < csv_fields(c); i++)
			check_field(csv_field(c, (int)i), csv_field_len(c, (int)i));
		(void)csv_field_is_not(c, (int)csv_fields(c) - 1, "fine", &why);
	}
	csv_close(c);
	if (!csv_agrees_with_libcsv(bytes, n))
		abort();
	return 0;
}
