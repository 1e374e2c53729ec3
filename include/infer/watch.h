/* Rows as they come, from all vantage points of a run, to what is news (infer/news.h): rounds are told apart, each is judged
 * when it is over everywhere.
 *
 * A round is that of the rows, or, where rounds begin at UTC multiples of a time, which of these it was: vantage points that
 * began on different days have the same. It is over at a target when every vantage point that ever answered there has begun a
 * later one, or when one has begun the one after the next. */
#ifndef INFER_WATCH_H
#define INFER_WATCH_H

#include "base/clock.h"
#include "data/rules.h"
#include "data/target.h"
#include "data/vantage.h"
#include "infer/news.h"

struct watch;

/* Valid during the call. */
struct watch_news {
	struct addr target;
	const char *service; /* "" when it has no name */
	struct wall at;      /* last row of the round that decided it */
	const struct news_event *event;
	const struct watch *watch; /* for the names */
	const void *of;
};
typedef void watch_tell(void *arg, const struct watch_news *n);

struct watch_config {
	const struct rules *rules;
	const struct target_list *book;
	const struct vantage_list *vantage; /* for ASes; may be empty */
	uint32_t day;                       /* of the rules, YYYYMMDD; 0: any */
	int64_t every_ns;                   /* 0: rounds are as the rows number them */
	watch_tell *tell;
	void *arg;
};

/* NULL without memory. */
struct watch *watch_new(const struct watch_config *c);
/* Rows of one vantage point in their order. Only DNS on flow 0 says anything. ERR_NOMEM. */
int watch_row(struct watch *w, const struct record *r);
/* No more rows will come: the rounds that are open are judged as they stand. */
int watch_end(struct watch *w);
void watch_free(struct watch *w);

const char *watch_vp(const struct watch_news *n, uint32_t vp);
const char *watch_site(const struct watch_news *n, int32_t site); /* its key */

#endif
