/* Link layers of captured frames: from the first byte of the frame to the first byte of its IP packet. */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"

/* The link types of a capture that are understood; values are this program's own. */
enum frame_link {
	FRAME_NONE,     /* not understood */
	FRAME_ETHERNET, /* with any number of 802.1Q / 802.1ad tags */
	FRAME_IP,       /* bare IPv4 or IPv6: tun devices */
	FRAME_SLL,      /* Linux cooked, tcpdump -i any */
	FRAME_SLL2,     /* Linux cooked, version 2 */
	FRAME_NULL      /* BSD loopback: a 4-byte family */
};

/* From the LINKTYPE_ value of a capture file (https://www.tcpdump.org/linktypes.html). */
enum frame_link frame_link_from_linktype(int linktype);
const char *frame_link_name(enum frame_link link);

/* The IP packet inside a frame; `bad` is set when there is none (ARP, truncated, unknown link). */
struct wire frame_ip(enum frame_link link, const uint8_t *bytes, size_t len);

#define FRAME_ETHERNET_LEN 14

#endif
