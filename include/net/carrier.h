/* How packets leave this machine and how what comes back is seen: two ways behind one set of functions.
 *
 * raw    whole frames, and a capture of all there is: exact, sees everything; needs CAP_NET_RAW
 * plain  ordinary sockets bound to the flows' ports, for anybody: UDP and ping sockets with the kernel's stamps on both ways,
 *        TCP by connect(). Only what the kernel hands to these sockets is seen; what it tells (a payload, a TTL, an error's
 *        sender and kind) is put back into a packet, so that one reader serves both ways. */
#ifndef NET_CARRIER_H
#define NET_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/capture.h"
#include "net/route.h"
#include "net/send.h"
#include "probe/probe.h"

struct carrier_type {
	uint8_t *(*room)(void *self, const struct egress *e); /* as sender_room */
	void (*add)(void *self, size_t len, const struct addr *dst, uint32_t tag);
	void (*flush)(void *self, sender_failed *failed, void *arg);
	int (*fd)(const void *self); /* as capture_fd */
	int (*read)(void *self, int max, capture_each *each, void *arg, struct err_msg *why);
	struct capture_stats (*stats)(void *self);
	void (*close)(void *self);
};

struct carrier {
	const struct carrier_type *type; /* NULL: not open */
	void *self;
};

/* interface: NULL for all; xdp: as sender_open; want: what is to be seen, and from which flows it is sent. ERR_PERM, ERR_IFACE, ERR_EXISTS (a
 * flow's port is taken), ERR_RANGE (a source that is not this machine's), ERR_NOMEM. */
int carrier_open_raw(struct carrier *c, const char *interface, const char *xdp,
	const struct capture_want *want, struct err_msg *why);
int carrier_open_plain(struct carrier *c, const char *interface, const struct capture_want *want,
	uint8_t dscp, struct err_msg *why);
void carrier_close(struct carrier *c);

/* Whether this user may open ping sockets (net.ipv4.ping_group_range). */
bool carrier_may_ping(void);

#endif
