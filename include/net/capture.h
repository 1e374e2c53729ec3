/* Captured frames, live or from a file: IP packets with the kernel's nanosecond stamps. The only user of
 * libpcap.
 *
 * A live capture is a TPACKET_V3 ring without immediate mode. Which frames it takes is decided by their
 * content, in the kernel; never by the filter word `inbound`, which makes libpcap 1.10.3 lose the first
 * frames. */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "probe/probe.h"

struct capture_frame {
	struct wall stamp;
	int ifindex; /* 0: not known (files, single interfaces) */
	bool by_socket; /* the stamp is a socket's account or this program's clock, not the kernel's of the packet */
	const uint8_t *ip; /* the IP packet; NULL when the frame holds none */
	size_t len;
};
typedef void capture_each(void *arg, const struct capture_frame *f);

struct capture_want {
	struct probe_flows flows;
	bool kinds[PROBE_KINDS];
	struct addr source4, source6; /* zero: of any address */
	bool outgoing; /* copies of what we send too: their stamps are the true sending times */
};

/* Frames since the start: taken by the filter, lost for want of room, lost by the interface. */
struct capture_stats {
	uint64_t captured, dropped, ifdropped;
};

struct capture; /* opaque: a pcap handle */

/* On one interface, or with NULL on all of them (one ring; each frame says its interface). Needs CAP_NET_RAW.
 */
struct capture *capture_open_live(
	const char *interface, const struct capture_want *want, struct err_msg *why);
/* A pcap or pcapng file; "-" is stdin. */
struct capture *capture_open_file(const char *path, struct err_msg *why);
int capture_fd(const struct capture *c); /* readable when frames wait */
/* Calls `each` for up to `max` frames; their number, 0 when none is there (or at the file's end), or
 * negative: ERR_PARTIAL when a file is cut, ERR_IFACE when the interface is gone. */
int capture_read(struct capture *c, int max, capture_each *each, void *arg, struct err_msg *why);
struct capture_stats capture_stats(struct capture *c);
void capture_close(struct capture *c);

#endif
