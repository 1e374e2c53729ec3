/* Any bytes as a catchment.csv, and as its sites.csv where a line "sites" parts them: what reads is compared with itself, and
 * nothing has moved. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct catchment_set *s, uint32_t target)
{
	const struct compare_options o = {.alpha = 0.05};
	struct compare_side side = {s, target};
	struct comparison c;

	if (compare_targets(&c, &o, side, side, NULL) < 0 || compare_baseline(&c, &side, 1, NULL) < 0 ||
		compare_judge(&c, 1, NULL) < 0)
		abort();
	if (c.moved + c.lost + c.regained + c.only_before + c.only_now > 0 || c.verdict == COMPARE_CHANGED)
		abort();
	compare_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char mark[] = "\nsites\n";
	const uint8_t *parted = memmem(bytes, n, mark, strlen(mark));
	size_t first = parted ? (size_t)(parted - bytes) + 1 : n,
	       second = parted ? first + strlen(mark) - 1 : n;
	struct csv *c, *sites = NULL;
	struct intern names = {.n = 0};
	struct catchment_set s = {.path = NULL};

	if (hash_init() < 0)
		abort();
	c = csv_open_over(file_in_bytes("catchment.csv", bytes, first, NULL), NULL);
	if (c && parted)
		sites = csv_open_over(file_in_bytes("sites.csv", bytes + second, n - second, NULL), NULL);
	if (c && catchment_set_read_from(&s, &names, c, sites, NULL) == 0)
		for (uint32_t t = 0; t < s.n_targets; t++)
			check(&s, t);
	catchment_set_free(&s);
	intern_free(&names);
	return 0;
}
