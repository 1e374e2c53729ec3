/* What a held connection came to, from its events (data/hold.h): where it was answered and how it ended, and where fresh
 * flows went meanwhile. Pure. */
#ifndef INFER_HOLD_H
#define INFER_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/hold.h"
#include "infer/ident.h"

/* Places tell apart what rules prove to be apart; a server that no rule places is a place by itself. */
enum { HOLD_LABEL_MAX = 320 };
struct hold_place {
	char key[HOLD_LABEL_MAX];   /* of the site, else the server's name */
	char label[HOLD_LABEL_MAX]; /* "Vienna (vie)"; "site cf-87"; the name in quotes */
	bool proven;
};
struct hold_server {
	char name[HOLD_LABEL_MAX]; /* printable; "" when it has none */
	uint32_t place;
};

#define HOLD_NOWHERE UINT32_MAX
struct hold_entry {
	int64_t at_ns, rtt_ns;
	enum hold_way way;
	enum hold_kind kind;
	uint32_t server; /* of an answer; else HOLD_NOWHERE */
	uint32_t unanswered;
	int error, rcode;
};

struct hold_log {
	const struct rules *rules; /* as these, set by the owner */
	const struct ident_scope *scope;
	uint32_t day; /* YYYYMMDD */
	struct hold_entry *v;
	size_t n, cap;
	struct hold_server *servers;
	size_t n_servers, cap_servers;
	struct hold_place *places;
	size_t n_places, cap_places;
};

/* ERR_NOMEM. */
int hold_add(struct hold_log *l, const struct hold_event *e);
void hold_log_free(struct hold_log *l);

enum hold_end {
	HOLD_END_OPEN,   /* it was still there, and answered */
	HOLD_END_SILENT, /* it was still there, but its last questions stayed without an answer */
	HOLD_END_CLOSED,
	HOLD_END_RESET,
	HOLD_END_FAILED,
	HOLD_END_REFUSED,  /* never opened */
	HOLD_END_UNOPENED, /* never opened */
	HOLD_ENDS
};
const char *hold_end_name(enum hold_end e);

/* One kept connection, or several attempts at one. Times since the start; -1: none. */
struct hold_span {
	int64_t begun_ns;
	int64_t opened_ns, ended_ns, last_answer_ns, rtt_ns;
	enum hold_end end;
	int error;
	uint32_t asked, answers;
	uint32_t missed;     /* questions without an answer, at its end */
	uint32_t unanswered; /* segments sent again, at its end */
	uint32_t server;     /* the first that answered */
	uint32_t place;
	bool mixed; /* answers came from several places */
};

/* A server met by fresh flows of one way. */
struct hold_met {
	enum hold_way way;
	uint32_t server, answers;
	int64_t first_ns, last_ns;
};

/* Where fresh flows went. */
enum hold_course {
	HOLD_COURSE_NONE,   /* nobody answered */
	HOLD_COURSE_STEADY, /* one place: `from` */
	HOLD_COURSE_MOVED,  /* `from`, and since moved_ns `to` */
	HOLD_COURSE_BACK,   /* `from`, `to` between moved_ns and back_ns, then `from` again */
	HOLD_COURSE_MIXED   /* several at the same time */
};

struct hold_finding {
	struct hold_span *spans; /* at least one */
	size_t n_spans, cap_spans;
	size_t first; /* of them that opened; none did: the last */
	struct hold_met *met;
	size_t n_met, cap_met;
	uint32_t asked[HOLD_WAYS], answers[HOLD_WAYS];
	enum hold_course course;
	uint32_t from, to;
	int64_t moved_ns, back_ns;
};

/* ERR_NOMEM; free in any case. */
int hold_find(const struct hold_log *l, struct hold_finding *f);
void hold_finding_free(struct hold_finding *f);

#endif
