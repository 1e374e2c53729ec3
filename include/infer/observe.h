/* What the probes of one target came to, from its rows: per probe kind and question the round-trip times and losses, and
 * who answered which flow. The basis of `which`. */
#ifndef INFER_OBSERVE_H
#define INFER_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "data/record.h"

/* One distinct answer: the same identities to the same question. Rows of icmp and tcp all share one, without identity. */
struct observe_answer {
	struct bytes nsid, txt; /* owned */
	bool has_nsid;          /* the option was there, maybe empty */
	int16_t rcode;          /* -1: not dns */
	uint32_t replies;
	uint8_t flows[32]; /* bit set: flows that met it */
	int64_t min_ns;    /* -1: none */
	uint32_t number;   /* of the answer while rows come in; its index once observe_finish was called */
};

/* One reply. */
struct observe_sample {
	struct wall sent_at;
	int64_t rtt_ns;  /* -1: none */
	uint32_t answer; /* index into `answers` */
	uint8_t flow, dns_flags;
	int16_t reply_ttl, rcode; /* -1: not known */
	bool disputed;            /* a second answer, another one, came to the same probe */
};

/* One kind of probe, or one question of dns. */
struct observe_line {
	enum probe_kind kind;
	enum question question;
	uint16_t dst_port;
	bool retry; /* the IN + NSID that follows an unanswered CHAOS question */
	uint32_t sent, received;
	uint32_t outcome[OUTCOMES];
	uint8_t flows[32], flows_answered[32];
	int64_t *rtt_ns; /* ascending once observe_finish was called */
	size_t n_rtt, cap_rtt;
	struct observe_sample *samples; /* replies, by time of sending once observe_finish was called */
	size_t n_samples, cap_samples;
	struct observe_answer *answers; /* most replies first */
	size_t n_answers, cap_answers;
	int16_t icmp_type, icmp_code; /* of the last ICMP error; -1: none */
	struct addr icmp_from;
	uint32_t second_answers; /* probes that got two different answers */
	char fault[24];          /* of the last bad reply */
};

enum { OBSERVE_LINES_MAX = PROBE_KINDS + QUESTIONS * 2 };
struct observation {
	struct addr target, source;
	struct observe_line
		line[OBSERVE_LINES_MAX]; /* by kind, the retry last, once observe_finish was called */
	size_t n;
};

int observe_add(struct observation *o, const struct record *r);
void observe_finish(struct observation *o);
void observe_free(struct observation *o);

/* The line of this kind, of dns the one with most replies; NULL when there was no reply. */
const struct observe_line *observe_best(const struct observation *o, enum probe_kind kind);
/* The shortest time of a kind over all its lines and flows; -1 when there is none. */
int64_t observe_kind_min_ns(const struct observation *o, enum probe_kind kind);

/* Of sorted times: the smallest, and the middle (mean of two when even); -1 when there are none. */
int64_t observe_min_ns(const struct observe_line *l);
int64_t observe_median_ns(const struct observe_line *l);
unsigned observe_count_flows(const uint8_t flows[static 32]);
bool observe_flow(const uint8_t flows[static 32], unsigned flow);
/* The identity that names a server best: NSID if it has bytes, else the TXT; n = 0: none. */
struct bytes observe_identity(const struct observe_answer *a);

#endif
