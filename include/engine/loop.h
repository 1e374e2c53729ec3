/* A live run: the engine between a sender and a capture, driven by libuv. Opens everything that needs
 *privilege first, so that it can be given up before anything is sent.
 *
 *	l = loop_open(&config, &why);
 *	priv_drop(&why);
 *	rc = loop_run(l, &end, &why);
 *	loop_close(l); */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include "data/run.h"
#include "engine/engine.h"
#include "net/route.h"

struct loop_progress {
	const struct run_counts *counts;
	uint64_t scheduled; /* probes of the whole run */
	bool all_sent;      /* only replies are waited for */
	double elapsed_s;
};

struct loop_config {
	struct engine_config engine;
	const char *interface;        /* NULL: as the routes say */
	struct addr source4, source6; /* zero: as the routes say */
	uint8_t dscp;
	bool xdp; /* frames leave by AF_XDP (net/xdp.h): on the interface, or else on that of the first target's route */
	bool plain;        /* by ordinary sockets (net/carrier.h) */
	int64_t settle_ns; /* wait for further replies once every probe has one */
	int64_t every_ns;  /* rounds begin at UTC multiples of this, one at each; 0: one follows the other */
	int64_t phase_ns;  /* so long after them */
	uint32_t begun;    /* rounds that an earlier process began: open from the start */
	/* Once a second; a negative result ends the run (a full disk). */
	int (*tick)(void *arg, const struct loop_progress *p);
	/* With every_ns: all rows of that round (from 0) have been handed out. */
	void (*round)(void *arg, uint32_t round);
	void (*hangup)(void *arg);                 /* SIGHUP came; NULL: it ends the run, as SIGTERM does */
	void (*warn)(void *arg, const char *text); /* one line each */
	void *arg;
};

enum loop_end { LOOP_DONE, LOOP_SIGNAL, LOOP_CAPTURE_LOST, LOOP_TICK_FAILED };
struct loop_result {
	enum loop_end end;
	int signal;
	uint32_t clock_steps;
	struct run_counts counts;
};

struct loop; /* opaque */

/* Sockets, capture, routes, templates and ports. ERR_PERM, ERR_IFACE, ERR_ROUTE (no target can be reached at
 * all, or the next hop is silent), ERR_EXISTS (a flow's port is taken). */
struct loop *loop_open(const struct loop_config *c, int *err, struct err_msg *why);
/* The ways out and the flows, as known so far. */
size_t loop_egresses(const struct loop *l, struct run_egress *out, size_t cap);
/* Runs until all is sent and answered or timed out, or a signal: the first one stops sending, the second one
 * waiting. */
int loop_run(struct loop *l, struct loop_result *result, struct err_msg *why);
void loop_close(struct loop *l);

#endif
