/* What is news in a run that goes on, from the site that each vantage point met in each round. Pure: a line is told once, when
 * two rounds in a row agree on it, and once more when it is over.
 *
 *	gone   a site that had at least NEWS_GONE_VPS vantage points: those that answer do so from elsewhere, for two rounds
 *	many   more ASes moved in one round than the last rounds explain: P(Binomial(ASes, q) >= moved) < NEWS_P, where q is how
 *	       often an AS moved in up to NEWS_PAST rounds (at least NEWS_PAST_LEAST)
 *	flip   a vantage point that moved for two rounds; those with the same two sites are told together
 *
 * A move is told by the first of these that covers it. When part of a site's vantage points have moved for two rounds, and the
 * rest for one, the next round decides whether the site is gone. */
#ifndef INFER_NEWS_H
#define INFER_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEWS_GONE_VPS = 3, NEWS_PAST = 144, NEWS_PAST_LEAST = 12 };
#define NEWS_P 1e-5

enum news_kind { NEWS_GONE, NEWS_MANY, NEWS_FLIP, NEWS_KINDS };

/* Sites are numbers of the caller's, from 0. */
enum { NEWS_NO_SITE = -1 };

struct news_move {
	uint32_t vp;
	int32_t from, to;
};

struct news_event {
	enum news_kind kind;
	bool over;
	uint32_t round;               /* whose rows decided it */
	int32_t site;                 /* gone: which */
	const struct news_move *move; /* who moved, by sites; of a gone site that is back: who returned */
	size_t n;
	uint32_t ases, ases_moved; /* many */
	double q, p;               /* many: rate in the past, and how likely so many are by it */
};
typedef void news_tell(void *arg, const struct news_event *e);

struct news; /* of one target; opaque */

/* `asn` by vantage point; 0: not known, it stands for itself. NULL without memory. */
struct news *news_new(const uint32_t *asn, size_t n_vps);
/* One more vantage point, numbered on. ERR_NOMEM. */
int news_add_vp(struct news *w, uint32_t asn);
/* A round is over: the site of each vantage point, or NEWS_NO_SITE where none answered with one. ERR_NOMEM. */
int news_round(struct news *w, uint32_t round, const int32_t *site, news_tell *tell, void *arg);
void news_free(struct news *w);

/* P(Binomial(n, q) >= k). */
double news_tail(uint32_t n, double q, uint32_t k);

#endif
