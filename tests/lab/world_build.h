/* Frames around what they carry: Ethernet, IP, checksums. */
#ifndef LAB_WORLD_BUILD_H
#define LAB_WORLD_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "world_queue.h"

struct world_ip {
	struct addr from, to;
	uint8_t proto, ttl;
};

/* The stations of the wire: the VPs' end and the world. */
extern const uint8_t world_mac_vps[6], world_mac_world[6];
/* Who sends the ICMP errors. */
struct addr world_router(int family);

/* A frame from the world to the VPs, or (world_build_probe) the other way. The L4 checksum's two bytes are filled in.
 * False: it does not fit. */
bool world_build(struct world_frame *f, const struct world_ip *ip, const uint8_t *l4, size_t n);
bool world_build_probe(struct world_frame *f, const struct world_ip *ip, const uint8_t *l4, size_t n);

#endif
