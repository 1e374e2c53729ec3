/* Any bytes as a probes file: a row that reads is written, and reads back, as the same row. */
#include <stdint.h>

#include "round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint8_t scratch[RECORD_SCRATCH];

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
