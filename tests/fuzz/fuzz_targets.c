/* Any bytes as a target list or table: what is listed can be probed, is found again and stands there once; every service
 * is found by its name. */
#include <stdint.h>
#include <stdlib.h>

#include "data/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void complained(void *arg, const char *text)
{
	*(size_t *)arg += text[0] != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct target_list list = {0}, named = {0};
	struct err_msg why;
	struct addr a;
	size_t complaints = 0;

	(void)target_read_from(&list, file_in_bytes("x", bytes, n, &why), complained, &complaints, &why);
	if (complaints != list.bad)
		abort();
	for (size_t i = 0; i < list.n; i++) {
		const struct target_info *info = target_info(&list, &list.v[i]);

		if (addr_is_unusable(&list.v[i].addr) || target_find(&list, &list.v[i].addr) != &list.v[i])
			abort();
		if (i < 4 && info->service[0] && addr_parse(info->service, &a) < 0 &&
			target_resolve(&named, &list, info->service, 0, &why) < 0)
			abort();
	}
	target_list_free(&named);
	target_list_free(&list);
	return 0;
}
