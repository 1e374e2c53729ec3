#include "proto/icmp.h"

#include "base/err.h"
#include "base/wire.h"

enum { QUOTE_MIN = 8 };

/* What the types mean that matter to a prober. */
static const struct {
	uint8_t family, type;
	enum icmp_class class;
} classes[] = {
	{4, 8, ICMP_CLASS_ECHO},
	{4, 0, ICMP_CLASS_REPLY},
	{4, 3, ICMP_CLASS_ERROR},
	{4, 4, ICMP_CLASS_ERROR},
	{4, 5, ICMP_CLASS_ERROR},
	{4, 11, ICMP_CLASS_ERROR},
	{4, 12, ICMP_CLASS_ERROR},
	{6, 128, ICMP_CLASS_ECHO},
	{6, 129, ICMP_CLASS_REPLY},
	{6, 1, ICMP_CLASS_ERROR},
	{6, 2, ICMP_CLASS_ERROR},
	{6, 3, ICMP_CLASS_ERROR},
	{6, 4, ICMP_CLASS_ERROR},
};

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

int icmp_parse(int family, const uint8_t *l4, size_t len, struct icmp *out)
{
	struct wire w = wire_over(l4, len);

	out->type = wire_u8(&w);
	out->code = wire_u8(&w);
	wire_skip(&w, 2);
	out->id = wire_u16(&w);
	out->seq = wire_u16(&w);
	if (w.bad)
		return ERR_PARSE;
	out->payload_len = wire_left(&w);
	out->payload = wire_take(&w, out->payload_len);
	out->class = ICMP_CLASS_OTHER;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].family == family && classes[i].type == out->type)
			out->class = classes[i].class;
	return 0;
}

int icmp_quoted(const struct icmp *error, struct packet *out)
{
	if (error->class != ICMP_CLASS_ERROR || ip_parse(error->payload, error->payload_len, out) < 0)
		return ERR_PARSE;
	return out->l4 && out->l4_len >= QUOTE_MIN ? 0 : ERR_PARSE;
}

uint8_t icmp_echo_type(int family)
{
	return family == 4 ? 8 : 128;
}

const char *icmp_text(int family, int type, int code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].family == family && texts[i].type == type &&
			(texts[i].code == code || texts[i].code < 0))
			return texts[i].text;
	return NULL;
}
