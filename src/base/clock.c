#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

static int64_t clock_read(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct mono clock_mono(void)
{
	return (struct mono){clock_read(CLOCK_MONOTONIC)};
}

struct wall clock_wall(void)
{
	return (struct wall){clock_read(CLOCK_REALTIME)};
}

int64_t clock_offset_ns(void)
{
	/* The middle of two monotonic reads around the wall read: a preemption between them widens the pair,
	 * so the tightest of a few is taken. */
	int64_t best_width = INT64_MAX, best = 0;

	for (int i = 0; i < 3; i++) {
		int64_t before = clock_read(CLOCK_MONOTONIC);
		int64_t wall = clock_read(CLOCK_REALTIME);
		int64_t after = clock_read(CLOCK_MONOTONIC);

		if (after - before < best_width) {
			best_width = after - before;
			best = wall - (before + after) / 2;
		}
	}
	return best;
}

char *clock_text(struct wall t, char out[static CLOCK_TEXT_LEN])
{
	time_t s = (time_t)(t.ns / NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&s, &tm) || strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	return out;
}

int clock_parse_text(const char *text, struct wall *t)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (end && *end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	if (!end || strcmp(end, "Z") != 0)
		return ERR_PARSE;
	t->ns = timegm(&tm) * NS_PER_S;
	return 0;
}

int clock_parse_duration(const char *text, int64_t *ns)
{
	static const struct {
		const char *suffix;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}, {"h", 3600e9},
		{"d", 86400e9}};
	char *end;
	double v = strtod(text, &end);

	if (end == text || !isfinite(v) || v < 0)
		return ERR_PARSE;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (v * units[i].ns > 10.0 * 366 * 86400e9)
			return ERR_PARSE;
		*ns = (int64_t)llround(v * units[i].ns);
		return 0;
	}
	return ERR_PARSE;
}
