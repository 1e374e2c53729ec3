/* A run's folder: its files' names and meta.json. Only shapes and files; no probing here. */
#ifndef DATA_RUN_H
#define DATA_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "data/record.h"
#include "data/vantage.h"

/* Probes by outcome and what the capture saw; `sent` = the sum of `outcome`. Written to meta.json as `counts`. */
struct run_counts {
	uint64_t scheduled, sent, rows;
	uint64_t outcome[OUTCOMES];
	uint64_t captured, dropped, ifdropped; /* frames seen; lost by the kernel; lost by the interface */
	uint64_t matched, unmatched, malformed, late, duplicate, behind;
};

/* One way out of this machine. */
struct run_egress {
	char interface[32];
	struct addr source, gateway;
};

/* One flow's constant header fields. */
struct run_flow {
	uint8_t flow;
	uint16_t port; /* UDP and TCP source port */
	uint16_t icmp_id, icmp_checksum;
	uint32_t flow_label; /* IPv6 */
};

struct run_meta {
	int argc;
	char *const *argv;
	const char *vp;
	uint64_t seed, schedule;  /* schedule: digest of which probes in which order, but for the seed */
	const char *targets_path; /* NULL: none */
	char targets_sha256[65];
	uint64_t targets;
	double rate_pps;
	int64_t timeout_ns, linger_ns, gap_ns, every_ns; /* every_ns 0: rounds follow each other */
	uint32_t rounds;                                 /* 0: without end */
	const char *stamps;                              /* kernel or hybrid */
	const char *probes;                              /* "dns,icmp" */
	const char *question;
	const char *contact; /* "" or what --contact says */
	uint8_t dscp;
	const struct run_flow *flows;
	size_t n_flows;
	const struct run_egress *egresses;
	size_t n_egresses;
	struct wall start, end;  /* end.ns 0: still running, or crashed */
	bool clock_synchronized; /* what the kernel says (adjtimex) */
	uint32_t clock_steps;
	uint32_t resumed; /* how often it was gone on with after an interruption */
	struct run_counts counts;
	const char *ended; /* why it ended: "" while it runs; done, signal 2, disk full, ... */
};

/* Makes the folder (and parents) if needed. */
int run_make(const char *run, struct err_msg *why);
/* RUN/<vp>SUFFIX into out; ERR_RANGE when too long. */
int run_path(const char *run, const char *vp, const char *suffix, char out[static 4096], struct err_msg *why);
/* Replaces RUN/<vp>.meta.json in one step. Its keys are those of struct run_meta in snake_case, times in RFC 3339 (null:
 * not yet), durations in seconds; a seed over 2^53 is a string of digits, for readers whose numbers are doubles. */
int run_meta_store(const char *run, const struct run_meta *m, struct err_msg *why);

/* What going on with an interrupted run needs of its meta.json. */
struct run_past {
	uint64_t seed, schedule;
	uint32_t resumed;
	struct wall start;
	int64_t every_ns;
	bool running; /* or died without saying so */
};
/* Reads a meta.json that `probe` wrote. ERR_IO when there is none, ERR_PARSE. */
int run_past_read(const char *path, struct run_past *p, struct err_msg *why);

#endif
