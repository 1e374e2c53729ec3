/* Rows on their way into a struct gather. A feed has its own names and some room for samples, so that several threads may each
 * fill one; only handing over needs the gather for itself. */
#ifndef INFER_GATHER_FEED_H
#define INFER_GATHER_FEED_H

#include "base/intern.h"
#include "infer/gather.h"

enum { GATHER_RECENT = 16384, GATHER_FEED = 4096 };

/* Names, and those met before by a quick hash, for the next row has them again. */
struct gather_names {
	struct intern all;
	uint32_t recent[GATHER_RECENT]; /* number plus 1 */
};
/* The gather's numbers of a feed's names. */
struct gather_numbers {
	uint32_t *v;
	size_t n, cap;
};

struct gather_feed {
	struct gather_names vps, targets, identities;
	struct gather_numbers vp_of, target_of, identity_of;
	size_t n;
	struct sample v[GATHER_FEED]; /* with the feed's numbers */
};

/* Adds a row: 1 when the feed is full now and must be taken, 0, or ERR_NOMEM. */
int gather_feed_row(struct gather_feed *f, const struct record *r);
/* Takes what a feed has; the next rows go on in it. ERR_NOMEM, ERR_FULL, ERR_IO. */
int gather_take(struct gather *g, struct gather_feed *f, struct err_msg *why);
void gather_feed_free(struct gather_feed *f);

#endif
