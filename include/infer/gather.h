/* The rows of any number of files, vantage points and targets, brought together: all that one vantage point found at one
 * target, in order of time, target by target.
 *
 * A row becomes a sample of 32 bytes. So many samples stay in memory; when there are more, all go to scratch files, each for a
 * range of targets, unlinked as soon as they are made, and are read back range by range. What is needed, then: 64 bytes for
 * each sample of the limit, the names of vantage points, targets and identities, and on the disk 32 bytes a row. The order of
 * rows and files does not matter.
 *
 *	struct gather *g = gather_open(&limits);
 *	gather_files(g, &reading, &why);
 *	gather_finish(g, &why);
 *	gather_walk(g, &walk, &why);
 *	gather_close(g);
 */
#ifndef INFER_GATHER_H
#define INFER_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "data/record.h"

/* In a walk target and vp are ranks: by address, and by name in the order of strcmp. */
struct sample {
	uint32_t target, vp, round, seq;
	uint32_t time_s;      /* sent at, s since 1970; 0: not said */
	uint32_t identity;    /* number of it plus 1; 0: none */
	uint64_t rtt_ns : 40; /* SAMPLE_NO_RTT: none */
	uint64_t flow : 8;
	uint64_t outcome : 4;
	uint64_t probe : 2;
	uint64_t attempt : 2;
};
#define SAMPLE_NO_RTT ((UINT64_C(1) << 40) - 1)

/* What a DNS reply said of its server. Identities longer than GATHER_IDENTITY_MAX are cut there. */
enum { GATHER_IDENTITY_MAX = 255 };
struct gather_identity {
	struct bytes nsid, txt;
	enum question question; /* to which txt is the answer */
};

struct gather_limits {
	size_t samples;     /* that are kept in memory; 0: GATHER_SAMPLES */
	const char *folder; /* for the scratch files */
};
#define GATHER_SAMPLES ((size_t)4 << 20)

struct gather; /* opaque */

/* NULL without memory. */
struct gather *gather_open(const struct gather_limits *limits);

/* How a file ended: 0; ERR_PARTIAL when rows were bad, it broke off, or its prober knows of others (those read are in); any other
 * error when it is no file of rows. */
struct gather_file {
	int rc;
	uint64_t rows, columns;            /* columns: as record_reader_columns */
	char sha256[HASH_SHA256_TEXT_LEN]; /* of a small file; empty: to be had by reading it again */
};

/* What to read, and whom to tell. `complain` hears what is wrong with a row, "FILE:LINE:POSITION: ...", at most GATHER_COMPLAINTS
 * times a file. `done` hears how each file ended. Never both at the same time, though files are read by several threads. */
enum { GATHER_COMPLAINTS = 10, GATHER_THREADS_MAX = 8 };
struct gather_reading {
	char *const *paths;
	size_t n;
	unsigned threads;
	bool has_meta; /* beside the files: asked whether their rows are all there */
	struct wall since,
		until; /* only rows sent then: since <= time < until; 0: no bound. `done` counts all. */
	void (*complain)(void *arg, const char *text);
	void (*done)(void *arg, size_t file, const struct gather_file *f, const struct err_msg *why);
	void *arg;
	const _Atomic bool *stop; /* set by another thread when no more are wanted; NULL: never */
};
/* Adds the rows of all files. An error only when nothing can go on: ERR_NOMEM, ERR_FULL, ERR_IO. */
int gather_files(struct gather *g, const struct gather_reading *r, struct err_msg *why);

/* To be called once all rows are in, and before all that follows. ERR_NOMEM, and those of gather_files. */
int gather_finish(struct gather *g, struct err_msg *why);

/* Calls `pair` for each (target, vantage point) with its samples by round, then by time, and `target` behind the last of
 * each target: targets in order; their vantage points too, unless one target alone has more samples than are kept in
 * memory. Stops at what is not 0 and returns it. May be called again. */
struct gather_walk {
	int (*pair)(void *arg, const struct sample *s, size_t n);
	int (*target)(void *arg, uint32_t target);
	void *arg;
};
int gather_walk(struct gather *g, const struct gather_walk *w, struct err_msg *why);

uint64_t gather_rows(const struct gather *g); /* added so far */
size_t gather_targets(const struct gather *g);
size_t gather_vps(const struct gather *g);
uint32_t gather_first_s(
	const struct gather *g); /* when the first probe was sent, s since 1970; 0: not said */
/* By rank. */
struct addr gather_target(const struct gather *g, uint32_t rank);
const char *gather_vp(const struct gather *g, uint32_t rank);
/* Of a sample's `identity`, not 0. */
struct gather_identity gather_identity(const struct gather *g, uint32_t identity);
size_t gather_identities(const struct gather *g);

void gather_close(struct gather *g);

#endif
