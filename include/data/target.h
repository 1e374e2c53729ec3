/* What is probed: addresses with what is known of them, from targets/ or a user's list. */
#ifndef DATA_TARGET_H
#define DATA_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/file.h"
#include "data/record.h"

/* What a service's targets share; strings are owned by the list. Info 0 is the empty one. */
struct target_info {
	const char *service;   /* "" when it has no name */
	const char *operators; /* `|`-separated, may be "" */
	const char *kind;      /* root resolver tld cdn other, or "" */
	const char *baseline;
	const char *source;
};

struct target {
	struct addr addr;
	uint8_t probes; /* set of 1 << enum probe_kind that it answers; 0 = not said: any */
	uint16_t port;  /* TCP port, 0 = not said */
	uint32_t info;  /* index into target_list.infos */
};

struct target_list {
	struct target *v; /* no duplicate addresses, in file order */
	size_t n, cap;
	struct target_info *infos;
	size_t n_infos, cap_infos;
	size_t duplicates, blocked, bad; /* lines dropped, by why */
	struct target_text *text;        /* storage of the strings, and which infos there are */
	struct addr_set *seen;           /* addresses that are in the list: indices into v */
};

/* Adds one target; `info` is copied (NULL: nothing known; t->info is not looked at). 1, or 0 when the list has the
 * address already (counted in `duplicates`), or ERR_NOMEM, ERR_RANGE past 2^32 - 2 targets. */
int target_add(struct target_list *list, const struct target *t, const struct target_info *info);

/* Called for each bad line: "FILE:LINE:COLUMN: what was expected". */
typedef void target_complain(void *arg, const char *text);

/* Adds a file: DESIGN's CSV columns, or a plain list, one address a line (# starts a comment, blank lines are
 * skipped). "-" is stdin; .gz and .zst are read. Bad lines are complained about (`complain` may be NULL), counted and
 * skipped. ERR_PARSE when the file holds no target at all; ERR_PARTIAL when it ends too early: what came before stays. */
int target_read(struct target_list *list, const char *path, target_complain *complain, void *arg,
	struct err_msg *why);
/* The same from a stream, which it closes. */
int target_read_from(struct target_list *list, struct file_in *in, target_complain *complain, void *arg,
	struct err_msg *why);

/* Adds what TARGET names: an address as itself, else the targets of `book` (all of targets/) whose service or kind it
 * is. In this order, the first that fits: a service ("k.root-servers.net"), a kind ("root", "roots"), the first labels
 * of one service ("k.root", also "k-root"), the first of a service's operators ("quad9"). Case does not matter.
 * family 0, 4 or 6 selects. ERR_PARSE when nothing fits, or several services do; the message names near misses. */
int target_resolve(struct target_list *list, const struct target_list *book, const char *name, int family,
	struct err_msg *why);

/* What the book knows of an address, or NULL. */
const struct target *target_find(const struct target_list *list, const struct addr *a);
const struct target_info *target_info(const struct target_list *list, const struct target *t);

/* Drops the targets that are not wanted; returns how many. */
typedef bool target_wanted(const struct target *t, const void *arg);
size_t target_keep(struct target_list *list, target_wanted *wanted, const void *arg);

/* Drops the targets inside the prefixes of a blocklist file (one prefix or address a line, # comments). A bad line is
 * ERR_PARSE and nothing is dropped: to probe what was to be spared is worse than to stop. */
int target_block(struct target_list *list, const char *path, struct err_msg *why);

/* Reads every *.csv of the folder that has a column `target`. ERR_PARTIAL when a file had bad lines (the message is of the
 * first): the rest is there. */
int target_read_book(struct target_list *list, const char *folder, struct err_msg *why);

/* The columns of a target CSV. */
field_walk target_field;

void target_list_free(struct target_list *list);

#endif
