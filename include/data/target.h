/* What is probed: addresses with what is known of them, from targets/ or a user's list. */
#ifndef DATA_TARGET_H
#define DATA_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
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
	uint8_t probes;	 /* set of 1 << enum probe_kind that it answers; 0 = not said: any */
	uint16_t port;	 /* TCP port, 0 = not said */
	uint32_t info;	 /* index into target_list.infos */
};

struct target_list {
	struct target *v; /* no duplicate addresses, in file order */
	size_t n, cap;
	struct target_info *infos;
	size_t n_infos, cap_infos;
	size_t duplicates, blocked, bad; /* lines dropped, by why */
	struct target_text *text;	 /* storage of the strings */
	struct addr_set *seen;		 /* addresses that are in the list */
};

/* Called for each bad line: "FILE:LINE:COLUMN: what was expected". */
typedef void target_complain(void *arg, const char *text);

/* Adds a file: DESIGN's CSV columns, or a plain list, one address a line (# starts a comment, blank lines are
 * skipped). "-" is stdin; .gz and .zst are read. Bad lines are complained about, counted and skipped.
 * ERR_PARSE when the file holds no target at all. */
int target_read(struct target_list *list, const char *path, target_complain *complain, void *arg, struct err_msg *why);

/* Adds what TARGET names: an address as itself, else the targets of `book` (all of targets/) whose service or kind it
 * is ("k.root-servers.net", "k.root", "root", "roots"). family 0, 4 or 6 selects. ERR_PARSE when nothing fits; the
 * message names near misses. */
int target_resolve(struct target_list *list, const struct target_list *book, const char *name, int family, struct err_msg *why);

/* What the book knows of an address, or NULL. */
const struct target *target_find(const struct target_list *list, const struct addr *a);
const struct target_info *target_info(const struct target_list *list, const struct target *t);

/* Drops the targets inside the prefixes of a blocklist file (one prefix or address a line, # comments). */
int target_block(struct target_list *list, const char *path, struct err_msg *why);

/* Reads every *.csv of the folder. */
int target_read_book(struct target_list *list, const char *folder, struct err_msg *why);

void target_list_free(struct target_list *list);

#endif
