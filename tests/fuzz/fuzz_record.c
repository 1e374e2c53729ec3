/* Any bytes as a probes file: a row that reads is written, and reads back, as the same row. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint8_t scratch[RECORD_SCRATCH], scratch_again[RECORD_SCRATCH];
static char file[2 * RECORD_ROW_MAX], row[RECORD_ROW_MAX];

static void check_round_trip(const struct record *r)
{
	size_t head = record_header(file), len = record_row(r, file + head);
	struct csv *c = csv_open_over(file_in_bytes("again.csv", file, head + len, NULL), NULL);
	struct record_reader rd;
	struct record again;

	if (!c || record_reader_init(&rd, c, NULL) < 0 || csv_next(c, NULL) != 1 ||
		record_read(&rd, c, &again, scratch_again, NULL) < 0)
		abort();
	if (record_row(&again, row) != len || memcmp(row, file + head, len) != 0)
		abort();
	csv_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct csv *c = csv_open_over(file_in_bytes("x.csv", bytes, n, NULL), NULL);
	struct record_reader rd;
	struct record r;
	int rc;

	if (c && record_reader_init(&rd, c, NULL) == 0)
		while ((rc = csv_next(c, NULL)) != 0)
			if (rc > 0 && record_read(&rd, c, &r, scratch, NULL) == 0)
				check_round_trip(&r);
	csv_close(c);
	return 0;
}
