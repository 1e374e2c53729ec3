/* What a held TCP connection and the fresh flows beside it went through, event by event. */
#ifndef DATA_HOLD_H
#define DATA_HOLD_H

#include <stdint.h>

#include "data/record.h"

enum hold_way { HOLD_KEPT, HOLD_FRESH_UDP, HOLD_FRESH_TCP, HOLD_WAYS };
enum hold_kind {
	HOLD_OPENED,   /* TCP: the handshake is done */
	HOLD_ASKED,    /* a question left */
	HOLD_ANSWER,   /* its answer came */
	HOLD_MISSED,   /* it did not come before the next question */
	HOLD_CLOSED,   /* the other end closed in order (FIN) */
	HOLD_RESET,    /* the other end knows no such connection, or wants none (RST) */
	HOLD_REFUSED,  /* RST instead of a handshake; UDP: port unreachable */
	HOLD_FAILED,   /* another error of the network, see `error` */
	HOLD_UNOPENED, /* no handshake in time */
	HOLD_KINDS
};

struct hold_event {
	int64_t at_ns; /* since the start */
	enum hold_way way;
	enum hold_kind kind;
	struct bytes nsid, txt; /* HOLD_ANSWER; valid during the call only */
	int rcode;              /* of an answer */
	int64_t rtt_ns;         /* HOLD_OPENED: the kernel's handshake time; else -1 */
	uint32_t unanswered;    /* HOLD_MISSED on the kept one: segments sent again without an answer */
	int error;              /* HOLD_FAILED: an errno */
};
typedef void hold_event_fn(void *arg, const struct hold_event *e);

#endif
