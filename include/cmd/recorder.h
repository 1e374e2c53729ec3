/* The files of one vantage point in a run: RUN/<vp>.probes.csv[.zst], which is being written, with its meta.json; those that
 * were rotated away, each complete, as RUN/<vp>.<when it began>.probes.csv[.zst] with theirs. */
#ifndef CMD_RECORDER_H
#define CMD_RECORDER_H

#include "base/file.h"
#include "data/run.h"
#include "engine/past.h"

struct recorder {
	/* To be set before it is opened. */
	const char *run, *vp;
	bool compress;
	int64_t rotate_ns;     /* a new file at UTC multiples of this; 0: never */
	uint64_t rotate_bytes; /* a new file when one has so many; 0: never */
	struct run_meta *meta; /* described but for what the recorder counts */

	char path[4096]; /* of the rows */
	struct file_out *rows;
	uint64_t n_rows;          /* in this file */
	unsigned rotated;         /* files that this process made and ended */
	struct run_counts before; /* recorder_total() when this file began */
	uint64_t older_rows,
		older_outcome[OUTCOMES]; /* of an interrupted process, in the file that was gone on with */
	int rc;                          /* the first error in writing, with its sentence; sticky */
	struct err_msg why;
};

/* What resuming needs to know first: meta.json of the file being written, or of the newest that was rotated away. 1; 0: nothing
 * was begun; or a negative error. */
int recorder_past(const struct recorder *r, struct run_past *p, struct err_msg *why);
/* Counts the rows that an interrupted process left into *past, whose schedule must be that of the same targets, slots and seed.
 * Changes no file. */
int recorder_read(struct recorder *r, struct past *past, struct err_msg *why);

/* Creates the rows' file; ERR_EXISTS when there is one, unless `resume`, which cuts off its torn tail and goes on with it. */
int recorder_open(struct recorder *r, bool resume, struct err_msg *why);

/* An engine_row. */
void recorder_row(void *arg, const struct record *r);
/* meta.json as things stand. */
int recorder_store(struct recorder *r, const struct run_counts *now, const char *ended, struct err_msg *why);
enum recorder_rotate { ROTATE_NEVER, ROTATE_WHEN_DUE, ROTATE_NOW };
/* Makes what was written safe, and rotates unless the file is empty. Returns r->rc. */
int recorder_flush(struct recorder *r, const struct run_counts *now, enum recorder_rotate when);
/* `now`, the whole process's, with the rows that it found in the file it went on with. */
struct run_counts recorder_total(const struct recorder *r, const struct run_counts *now);
/* The end: closes, counts again what a failed write left, and stores meta.json. */
void recorder_close(struct recorder *r, const struct run_counts *now, const char *ended);
/* Closes what is open still. */
void recorder_free(struct recorder *r);

#endif
