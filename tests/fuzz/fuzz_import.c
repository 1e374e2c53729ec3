/* Any bytes as a file of another tool, which one the first byte says: every row that is taken is one that could be, and reads
 * back as it was written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/import.h"
#include "probe/message.h"
#include "round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int take(void *arg, const struct record *r, const struct vantage *v, bool again, struct err_msg *why)
{
	struct record own = *r;
	int rc = import_take(arg, &own, v, again, why);

	if (rc < 0)
		return rc;
	if (own.outcome == OUTCOME_NONE || own.target.family == 0 || own.rtt_ns == 0)
		abort();
	check_round_trip(&own);
	return 0;
}

static void hear(void *arg, const char *text)
{
	(void)arg;
	if (!strchr(text, ':'))
		abort();
}

static void read_places(const char *name, const uint8_t *bytes, size_t n)
{
	struct vantage_list l;

	(void)import_places_from(file_in_bytes(name, bytes, n, NULL), &l, hear, NULL, NULL);
	for (size_t i = 0; i < l.n; i++)
		if (vantage_find(&l, l.v[i].vp) != &l.v[i])
			abort();
	vantage_list_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct import_book book = {0};
	const struct import_sink sink = {take, hear, probe_message, &book};
	struct import_source s = {.sink = &sink};
	struct err_msg why;

	if (n == 0 || hash_init() < 0)
		return 0;
	if (bytes[0] % 5 > 2) {
		read_places(bytes[0] % 5 == 3 ? "p.json" : "v.csv", bytes + 1, n - 1);
		return 0;
	}
	s.in = file_in_bytes("192.0.2.1_x", bytes + 1, n - 1, &why);
	(void)import_formats[bytes[0] % 5]->read(&s, &why);
	import_book_free(&book);
	return 0;
}
