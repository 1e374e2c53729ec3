/* Two clocks that must not mix: monotonic for waiting and pacing, wall for stamps and files.
 * As distinct struct types, adding one to the other does not compile. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct mono {
	int64_t ns; /* CLOCK_MONOTONIC */
};
struct wall {
	int64_t ns; /* CLOCK_REALTIME, ns since 1970-01-01T00:00:00Z; 0 = no stamp */
};

struct mono clock_mono(void);
struct wall clock_wall(void);

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, in ns: it changes only when the wall clock is stepped or slewed. */
int64_t clock_offset_ns(void);

/* "2026-11-22T18:00:00Z" into `out`; the year is cut to 4 digits. Returns `out`. */
#define CLOCK_TEXT_LEN 21
char *clock_text(struct wall t, char out[static CLOCK_TEXT_LEN]);
/* The same back (RFC 3339 in UTC; a fraction of a second is passed over). ERR_PARSE otherwise. */
int clock_parse_text(const char *text, struct wall *t);

/* A duration as people write it: "5s", "200ms", "10m", "1h", "1.5s"; a bare number is seconds.
 * 0 and *ns on success; ERR_PARSE otherwise (also for negative, NaN, or over 10 years). */
int clock_parse_duration(const char *text, int64_t *ns);

#endif
