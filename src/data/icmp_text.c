#include "data/icmp_text.h"

#include <stddef.h>
#include <stdint.h>

static const struct {
	uint8_t family, type;
	int16_t code; /* -1: any */
	const char *text;
} texts[] = {
	{4, 3, 0, "network unreachable"},
	{4, 3, 1, "host unreachable"},
	{4, 3, 2, "protocol unreachable"},
	{4, 3, 3, "port unreachable"},
	{4, 3, 4, "fragmentation needed"},
	{4, 3, 9, "network prohibited"},
	{4, 3, 10, "host prohibited"},
	{4, 3, 13, "admin prohibited"},
	{4, 3, -1, "unreachable"},
	{4, 4, -1, "source quench"},
	{4, 5, -1, "redirect"},
	{4, 11, 0, "TTL exceeded"},
	{4, 11, -1, "time exceeded"},
	{4, 12, -1, "parameter problem"},
	{6, 1, 0, "no route"},
	{6, 1, 1, "admin prohibited"},
	{6, 1, 2, "beyond scope"},
	{6, 1, 3, "address unreachable"},
	{6, 1, 4, "port unreachable"},
	{6, 1, 5, "source address policy"},
	{6, 1, 6, "reject route"},
	{6, 1, -1, "unreachable"},
	{6, 2, -1, "packet too big"},
	{6, 3, 0, "hop limit exceeded"},
	{6, 3, -1, "time exceeded"},
	{6, 4, -1, "parameter problem"},
};

const char *icmp_text(int family, int type, int code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].family == family && texts[i].type == type &&
			(texts[i].code == code || texts[i].code < 0))
			return texts[i].text;
	return NULL;
}
