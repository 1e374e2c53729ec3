/* Packets out, in batches. One AF_PACKET socket sends frames on any Ethernet or tun device; raw IP sockets
 * send what the kernel has to route or resolve by itself (loopback, on-link hosts). */
#ifndef NET_SEND_H
#define NET_SEND_H

#include <stdint.h>

#include "base/err.h"
#include "net/route.h"

/* More in one call is no faster, and the last of a batch leaves that much later than the time taken before it. */
enum { SEND_BATCH = 16 };

struct sender; /* opaque: the sockets and the batch that is being filled */

/* Opens all sockets; needs CAP_NET_RAW. interface: NULL, or what the raw sockets are bound to. xdp: NULL, or the interface whose
 * Ethernet frames leave by AF_XDP (net/xdp.h). */
struct sender *sender_open(const char *interface, const char *xdp, int *err, struct err_msg *why);

/* Room for the next IP packet (INJECT_PACKET_MAX bytes) towards this egress; NULL when the batch is full:
 * flush first. */
uint8_t *sender_room(struct sender *s, const struct egress *e);
/* The packet in that room is complete; `tag` comes back if it cannot be sent. */
void sender_add(struct sender *s, size_t len, const struct addr *dst, uint32_t tag);

typedef void sender_failed(void *arg, uint32_t tag, int errnum);
/* Sends the batch; tells of each packet that the kernel refused. */
void sender_flush(struct sender *s, sender_failed *failed, void *arg);

void sender_close(struct sender *s);

#endif
