/* What is news in a run, a line each: for people, and as JSON. */
#ifndef REPORT_NEWS_H
#define REPORT_NEWS_H

#include <stdio.h>

#include "infer/watch.h"

/* "TIME SERVICE ADDRESS: what happened" and its LF. */
int news_text(FILE *out, const struct watch_news *n);
/* One object a line: time, target, service, event (gone many flip), over, round, site, moves [{vp, from, to}], and of many ases,
 * ases_moved, usual_rate, p. */
int news_json(FILE *out, const struct watch_news *n);

#endif
