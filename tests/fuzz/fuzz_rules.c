/* A table of codes, a line of %%, a table of rules: read, checked, and its rules tried on their own examples. */
#include <stdlib.h>
#include <string.h>

#include "infer/ident_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char between[] = "\n%%\n";

static void take_complaint(void *arg, const char *text)
{
	*(size_t *)arg += strlen(text);
}

static void try_example(const struct rules *r, const struct rule *rule)
{
	size_t n = strlen(rule->example);
	struct ident_trial t = ident_try(r, rule, RULES_ANY, 20261122, (const uint8_t *)rule->example, n);

	if (t.reason == IDENT_FITS && strlen(t.found.site) >= IDENT_SITE_MAX)
		abort();
	if (t.reach > n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const uint8_t *cut = n ? memmem(bytes, n, between, sizeof(between) - 1) : NULL;
	size_t first = cut ? (size_t)(cut - bytes) + 1 : n, skip = cut ? first + sizeof(between) - 2 : n;
	struct file_in *tables = file_in_bytes("t.csv", bytes, first, NULL);
	struct file_in *rules = file_in_bytes("r.csv", bytes + skip, n - skip, NULL);
	const struct ident_known nothing = {.operators = NULL};
	struct err_msg why = {{0}};
	struct rules r;
	size_t said = 0;

	if (!tables || !rules)
		abort();
	if (rules_read_from(&r, tables, rules, take_complaint, &said, &why) == 0)
		(void)ident_check(&r, &nothing, take_complaint, &said);
	else if (!why.text[0])
		abort();
	for (size_t i = 0; i < r.n; i++)
		try_example(&r, &r.v[i]);
	rules_free(&r);
	return 0;
}
