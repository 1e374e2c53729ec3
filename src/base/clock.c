#include "base/clock.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/decimal.h"
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

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The day so many days after 1970-01-01 in the Gregorian calendar, with years that begin in March, so that a leap day is a year's
 * last; 400 of them have 146,097 days. */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t era = floor_div(days + 719468, 146097), in_era = days + 719468 - era * 146097;
	int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int in_year = (int)(in_era - (365 * y + y / 4 - y / 100)), m = (5 * in_year + 2) / 153;

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = y + era * 400 + (*month <= 2);
}

/* Two stand in each row of a catchment, and strftime takes ten times as long. */
char *clock_text(struct wall t, char out[static CLOCK_TEXT_LEN])
{
	int64_t s = t.ns / NS_PER_S, days = floor_div(s, 86400), in_day = s - days * 86400, year;
	int month, day;
	char *at;

	date_of(days, &year, &month, &day);
	at = decimal_put_padded(out, (uint64_t)year, 4);
	*at++ = '-';
	at = decimal_put_padded(at, (uint64_t)month, 2);
	*at++ = '-';
	at = decimal_put_padded(at, (uint64_t)day, 2);
	*at++ = 'T';
	at = decimal_put_padded(at, (uint64_t)in_day / 3600, 2);
	*at++ = ':';
	at = decimal_put_padded(at, (uint64_t)in_day / 60 % 60, 2);
	*at++ = ':';
	at = decimal_put_padded(at, (uint64_t)in_day % 60, 2);
	*at++ = 'Z';
	*at = '\0';
	return out;
}

/* A number of two digits; else *bad is set. */
static int two_digits(const char *text, bool *bad)
{
	unsigned tens = (unsigned)(text[0] - '0'), ones = (unsigned)(text[1] - '0');

	*bad |= tens > 9 || ones > 9;
	return (int)(tens * 10 + ones);
}

/* Days since 1970-01-01: the reverse of date_of. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

int clock_parse_text(const char *text, struct wall *t)
{
	static const uint8_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool bad = strnlen(text, CLOCK_TEXT_LEN - 1) < CLOCK_TEXT_LEN - 1 || text[4] != '-' ||
		   text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':';
	int year, month, day, hour, minute, second;
	const char *end = text + 19;

	if (bad)
		return ERR_PARSE;
	if (*end == '.')
		end += 1 + strspn(end + 1, "0123456789");
	year = two_digits(text, &bad) * 100 + two_digits(text + 2, &bad);
	month = two_digits(text + 5, &bad);
	day = two_digits(text + 8, &bad);
	hour = two_digits(text + 11, &bad);
	minute = two_digits(text + 14, &bad);
	second = two_digits(text + 17, &bad);
	/* Nanoseconds since 1970 in 63 bits end in 2262. */
	if (bad || end[0] != 'Z' || end[1] != '\0' || year < 1678 || year > 2261 || month < 1 || month > 12 ||
		day < 1 || day > month_days[month - 1] || hour > 23 || minute > 59 || second > 60)
		return ERR_PARSE;
	t->ns = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * NS_PER_S;
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
