/* The UDP source ports of the flows, taken so that the kernel neither gives them to others nor answers
 * replies to them with port unreachable. Nothing is ever read from these sockets: a filter drops all. */
#ifndef NET_PORTS_H
#define NET_PORTS_H

#include <stddef.h>

#include "base/err.h"
#include "probe/probe.h"

struct ports; /* opaque: the sockets */

/* ERR_EXISTS names a port that another program holds; other runs of catchmap may share it. */
struct ports *ports_open(const struct probe_flows *flows, struct err_msg *why);
void ports_close(struct ports *p);

#endif
