#include "proto/frame.h"

enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_8021Q = 0x8100, TYPE_8021AD = 0x88a8 };

static const struct {
	int linktype;
	enum frame_link link;
	const char *name;
} links[] = {
	{1, FRAME_ETHERNET, "Ethernet"},
	{101, FRAME_IP, "raw IP"},
	{12, FRAME_IP, "raw IP"},
	{228, FRAME_IP, "raw IPv4"},
	{229, FRAME_IP, "raw IPv6"},
	{113, FRAME_SLL, "Linux cooked"},
	{276, FRAME_SLL2, "Linux cooked v2"},
	{0, FRAME_NULL, "BSD loopback"},
};
#define N_LINKS (sizeof(links) / sizeof(links[0]))

enum frame_link frame_link_from_linktype(int linktype)
{
	for (size_t i = 0; i < N_LINKS; i++)
		if (links[i].linktype == linktype)
			return links[i].link;
	return FRAME_NONE;
}

const char *frame_link_name(enum frame_link link)
{
	for (size_t i = 0; i < N_LINKS; i++)
		if (links[i].link == link)
			return links[i].name;
	return "unknown";
}

static void skip_tags(struct wire *w, uint16_t *type)
{
	while ((*type == TYPE_8021Q || *type == TYPE_8021AD) && !w->bad) {
		wire_skip(w, 2);
		*type = wire_u16(w);
	}
}

struct wire frame_ip(enum frame_link link, const uint8_t *bytes, size_t len)
{
	struct wire w = wire_over(bytes, len);
	uint16_t type = TYPE_IPV4;

	switch (link) {
	case FRAME_ETHERNET:
		wire_skip(&w, 12);
		type = wire_u16(&w);
		break;
	case FRAME_SLL:
		wire_skip(&w, 14);
		type = wire_u16(&w);
		break;
	case FRAME_SLL2:
		type = wire_u16(&w);
		wire_skip(&w, 18);
		break;
	case FRAME_NULL:
		wire_skip(&w, 4); /* the family's byte order is the writer's; the IP version says as much */
		break;
	case FRAME_IP:
		break;
	case FRAME_NONE:
		w.bad = true;
		break;
	}
	skip_tags(&w, &type);
	if (type != TYPE_IPV4 && type != TYPE_IPV6)
		w.bad = true;
	return wire_sub(&w, wire_left(&w));
}
