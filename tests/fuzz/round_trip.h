/* A row that is written reads back, and is written again the same. */
#ifndef ROUND_TRIP_H
#define ROUND_TRIP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"

static void check_round_trip(const struct record *r)
{
	static char file[2 * RECORD_ROW_MAX], row[RECORD_ROW_MAX];
	static uint8_t scratch[RECORD_SCRATCH];
	size_t head = record_header(file), len = record_row(r, file + head);
	struct csv *c = csv_open_over(file_in_bytes("again.csv", file, head + len, NULL), NULL);
	struct record_reader rd;
	struct record again;

	if (!c || record_reader_init(&rd, c, NULL) < 0 || csv_next(c, NULL) != 1 ||
		record_read(&rd, c, &again, scratch, NULL) < 0)
		abort();
	if (record_row(&again, row) != len || memcmp(row, file + head, len) != 0)
		abort();
	csv_close(c);
}

#endif
