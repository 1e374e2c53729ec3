/* What `probe` and `which` share: from options to a target list, a round's slots and an opened loop. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <limits.h>

#include "cmd/options.h"
#include "data/target.h"
#include "engine/loop.h"

enum { SESSION_SLOTS_MAX = PROBE_KINDS * 256, SESSION_NOTE_MAX = 512 };

struct session {
	const struct options *o;
	struct target_list targets;
	struct schedule_slot slots[SESSION_SLOTS_MAX];
	uint32_t n_slots;
	bool plain, no_ping; /* by ordinary sockets; without icmp, which this user may not send */
	struct loop_config loop;
};

/* The folder of shipped targets: beside the build, or where `make install` put it. False: there is none. */
bool session_book_folder(char out[static PATH_MAX]);
/* What probing commands have in common before the command line is read. */
void session_defaults(struct options *o);
/* Reads -f files, names and the blocklist into a target list. An exit code, 0 to go on. */
int session_targets(struct session *s, const struct options *o);
/* Decides by which sockets, and says on stderr what ordinary ones do not see. To be called before slots are added. */
void session_sockets(struct session *s);
/* The same in one line, into out; "" by raw sockets. */
void session_note(const struct session *s, char out[static SESSION_NOTE_MAX]);
/* Adds one slot for each flow of this kind; none for icmp without permission. */
void session_slots(struct session *s, enum probe_kind kind, unsigned flows, enum question question);
/* Fills s->loop but for the callbacks. */
void session_config(struct session *s, const char *vp);
/* Opens everything that needs privilege, then gives it up. An exit code, 0 to go on. */
int session_open(struct session *s, struct loop **loop);
/* What would be sent, to whom, how long it takes; on stdout. */
int session_dry_run(const struct session *s);
void session_free(struct session *s);

/* Probes that the target itself answered. None at all is EXIT_SILENT. */
uint64_t session_answered(const struct run_counts *n);

/* Whether stdout is a terminal that may be coloured (NO_COLOR). */
bool session_colour(void);

/* This machine's name as a vantage point: its host name with odd characters replaced. */
void session_host_name(char out[static 64]);

#endif
