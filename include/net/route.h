/* Ways out of this machine, as the kernel's routing decides them (rtnetlink by libmnl). A lookup asks the
 * kernel, so policy rules, VRFs and preferred sources are honoured; the answer is one of a small set of
 * egresses. */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

enum egress_link {
	EGRESS_IP,    /* through the kernel's own IP output: loopback, on-link hosts, unresolved next hops */
	EGRESS_ETHER, /* Ethernet frames to a next hop whose address is known */
	EGRESS_BARE   /* a device without a link header: tun */
};

/* One way out: interface, family, source, next hop. */
struct egress {
	int ifindex;
	char interface[IF_NAMESIZE];
	struct addr source, gateway; /* gateway.family 0: none */
	enum egress_link link;
	uint8_t ether[14]; /* EGRESS_ETHER: the header of a frame to the next hop */
	bool silent;       /* the next hop was asked for and did not answer: EGRESS_IP for now */
};

struct route; /* opaque: two netlink sockets and the egresses seen so far */

/* interface: NULL for what the routes say. source4, source6: the zero address for what the routes say. */
struct route *route_open(
	const char *interface, const struct addr *source4, const struct addr *source6, struct err_msg *why);

/* The egress towards dst: its index (stable for the run) or ERR_ROUTE. Asks the
 * kernel once for all addresses that its tables cannot tell apart (net/cells.h), for each where a route has several next hops. A
 * next hop whose link address is unknown is asked for, and waited for up to 3 s the first time it is met. */
int route_lookup(struct route *r, const struct addr *dst, struct err_msg *why);

const struct egress *route_egress(const struct route *r, int index);
size_t route_egresses(const struct route *r);

/* Readable when routes, neighbours or links have changed; route_events then drains it, refreshes the egresses
 * and returns true when lookups made before may be out of date. */
int route_fd(const struct route *r);
bool route_events(struct route *r);

void route_close(struct route *r);

#endif
