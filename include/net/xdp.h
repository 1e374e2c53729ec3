/* Frames out by AF_XDP (libxdp): past the queueing discipline and past every capture, so that no sending time is the kernel's. It
 * only sends: no program is loaded, and CAP_NET_RAW is enough. In a file of its own because libxdp's headers clash with
 * libpcap's. */
#ifndef NET_XDP_H
#define NET_XDP_H

#include <sys/uio.h>

#include "base/err.h"

struct xdp; /* opaque: a socket on queue 0 of one interface and the memory it sends from */

/* ERR_IFACE: the kernel or the driver cannot, or this program was built without libxdp. */
struct xdp *xdp_open(const char *interface, int *err, struct err_msg *why);
/* Sends up to n whole frames; how many, or -errno when not even the first could be. */
int xdp_send(struct xdp *x, const struct iovec *frames, unsigned n);
void xdp_close(struct xdp *x);

#endif
