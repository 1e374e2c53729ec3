/* Live: one TCP connection to each target that is kept open and asked id.server (CH TXT, NSID) again and again, and beside
 * it, each time, the same question over a fresh UDP flow and a fresh TCP connection. Ordinary sockets; no privilege. A kept
 * connection that ends is opened anew at the next turn. */
#ifndef ENGINE_HOLD_H
#define ENGINE_HOLD_H

#include "base/err.h"
#include "data/hold.h"
#include "data/target.h"

typedef void hold_target_event(void *arg, size_t target, const struct hold_event *e);

struct hold_config {
	const struct target_list *targets;
	uint16_t port;
	int64_t hold_ns, every_ns;
	const char *interface;        /* NULL: as the routes say */
	struct addr source4, source6; /* zero: as the routes say */
	hold_target_event *event;
	void *arg;
};

/* Returns after hold_ns, or earlier at SIGINT or SIGTERM: *signal is then its number, else 0. *ran_ns: how long it was.
 * ERR_IFACE, ERR_RANGE (the interface or the source is none of this machine's), ERR_NOMEM. */
int hold_run(const struct hold_config *c, int *signal, int64_t *ran_ns, struct err_msg *why);

#endif
