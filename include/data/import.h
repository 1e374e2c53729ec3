/* What other tools measured, as rows of our own: one reader for each form of file, and the book that numbers the rows and
 * knows their vantage points. */
#ifndef DATA_IMPORT_H
#define DATA_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/file.h"
#include "data/record.h"
#include "data/target.h"
#include "data/vantage.h"

/* Where a reader's rows go. */
struct import_sink {
	/* A row whose vp, round and seq are the taker's to fill in, and where it was measured (v->vp names it). `again`: it
	 * belongs to the round of the row before. 0; ERR_PARSE: this row cannot be, `why` says so and the reader goes on;
	 * any other error ends the reading. */
	int (*row)(
		void *arg, const struct record *r, const struct vantage *v, bool again, struct err_msg *why);
	/* "FILE:LINE: what is wrong there": it is left out, the rest is read. */
	void (*complain)(void *arg, const char *text);
	/* What a DNS message says, into the fields of a row: its question, outcome, rcode and all behind. Bytes point into the
	 * message and the scratch. */
	void (*dns)(
		const uint8_t *message, size_t n, struct record *r, uint8_t scratch[static RECORD_SCRATCH]);
	void *arg;
};

/* One file being read. */
struct import_source {
	struct file_in *in;
	const struct import_sink *sink;
	struct addr target; /* that was asked for; none: what the file says */
	size_t bad;         /* complaints */
};

struct import_format {
	const char *name, *about;
	/* Reads s->in to its end and closes it. 0; ERR_PARSE: not such a file; ERR_PARTIAL: it ends too early; or what the
	 * sink gave. */
	int (*read)(struct import_source *s, struct err_msg *why);
};
extern const struct import_format import_igreedy, import_atlas, import_manycastr;
extern const struct import_format *const import_formats[]; /* NULL-ended */
const struct import_format *import_format_of(const char *name);

/* For readers: complain with a whole message, complain about a line, and hand a row on (its ERR_PARSE is complained about
 * and gives 0). */
void import_refuse(struct import_source *s, const struct err_msg *why);
__attribute__((format(printf, 3, 4))) void import_complain(
	struct import_source *s, size_t line, const char *fmt, ...);
int import_row(struct import_source *s, size_t line, const struct record *r, const struct vantage *v,
	bool again, struct err_msg *why);
/* A row with nothing in it. */
struct record import_blank(enum probe_kind kind, const struct addr *target);
/* A time in ms that can be a round trip: over 0, at most 100 s. */
bool import_rtt(double ms, int64_t *ns);
bool import_number(const char *text, double *v);

/* The address that a file's name begins with or has between `_`: "192.0.2.1_x.tsv.gz". False: none. */
bool import_target_of(const char *path, struct addr *out);

/* Places of vantage points: a JSON of RIPE Atlas probes, or a .csv with the columns of vantage.csv. ERR_PARTIAL: some were
 * complained about. Free the list in any case. */
int import_places(
	const char *path, struct vantage_list *l, vantage_complain *complain, void *arg, struct err_msg *why);
/* The same of this stream, which it closes. */
int import_places_from(struct file_in *in, struct vantage_list *l, vantage_complain *complain, void *arg,
	struct err_msg *why);

/* All vantage points, targets and rounds of an import. */
struct import_book {
	const struct vantage_list *places; /* known beforehand; may be NULL */
	struct vantage_list vps;           /* as they came, not sorted */
	struct target_list targets;
	struct import_map {
		uint64_t *key;
		uint32_t *value;
		size_t n, cap;
	} names, rounds;
	uint64_t rows;
	size_t placeless; /* of the vantage points */
};
/* Fills in r->vp (valid until the next call), r->round and r->seq. ERR_PARSE when `v` has no proper name, or is at another
 * place than before. */
int import_take(
	struct import_book *b, struct record *r, const struct vantage *v, bool again, struct err_msg *why);
void import_book_free(struct import_book *b);

#endif
