#include "proto/icmp.h"

#include "base/err.h"
#include "base/wire.h"

enum { QUOTE_MIN = 8 };

/* What the types mean that matter to a prober. Redirects and source quenches are no errors: the packet went on its way. */
static const struct {
	uint8_t family, type;
	enum icmp_class class;
} classes[] = {
	{4, 8, ICMP_CLASS_ECHO},
	{4, 0, ICMP_CLASS_REPLY},
	{4, 3, ICMP_CLASS_ERROR},
	{4, 11, ICMP_CLASS_ERROR},
	{4, 12, ICMP_CLASS_ERROR},
	{6, 128, ICMP_CLASS_ECHO},
	{6, 129, ICMP_CLASS_REPLY},
	{6, 1, ICMP_CLASS_ERROR},
	{6, 2, ICMP_CLASS_ERROR},
	{6, 3, ICMP_CLASS_ERROR},
	{6, 4, ICMP_CLASS_ERROR},
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
