/* iGreedy's measurements: one line a vantage point, `host lat lon rtt` or `host lat lon label rtt` with tabs between. The
 * label says which site answered, as DNS or HTTP named it. */
#include <string.h>

#include "base/csv.h"
#include "data/import.h"

enum { HOST, LAT, LON, FIELDS_PLAIN = 4, FIELDS_LABELLED = 5, FIELDS_MAX = 8, LINE_MAX_BYTES = 4096 };

struct line {
	char text[LINE_MAX_BYTES];
	char *field[FIELDS_MAX];
	size_t fields, number;
};

/* Cuts a copy of the line at its tabs. False: too long, or with a NUL byte. */
static bool split(struct line *l, const char *text, size_t n)
{
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n >= LINE_MAX_BYTES || memchr(text, '\0', n))
		return false;
	if (n > 0)
		memcpy(l->text, text, n);
	l->text[n] = '\0';
	l->fields = 0;
	for (char *at = l->text; at && l->fields < FIELDS_MAX; l->fields++) {
		l->field[l->fields] = at;
		at = strchr(at, '\t');
		if (at)
			*at++ = '\0';
	}
	return true;
}

/* A header has words where the numbers go. */
static bool is_header(const struct line *l)
{
	double unused;

	return l->fields >= FIELDS_PLAIN && !import_number(l->field[LAT], &unused) &&
	       !import_number(l->field[LON], &unused) && !import_number(l->field[l->fields - 1], &unused);
}

static bool in_bounds(const char *text, double limit, double *v)
{
	return import_number(text, v) && *v >= -limit && *v <= limit;
}

static void refuse(struct import_source *s, const struct line *l, size_t field, const char *expected)
{
	struct err_msg why;
	const char *text = l->field[field];

	(void)csv_not(&why, file_in_path(s->in), l->number, (size_t)(text - l->text) + 1, text, strlen(text),
		expected);
	import_refuse(s, &why);
}

static int take(struct import_source *s, const struct line *l, const struct addr *target, struct err_msg *why)
{
	const char *label = l->fields == FIELDS_LABELLED ? l->field[3] : "";
	struct record r = import_blank(*label ? PROBE_DNS : PROBE_ICMP, target);
	struct vantage v = {.has_place = true, .weight = 1, .location_source = "igreedy"};
	double ms;

	if (!in_bounds(l->field[LAT], 90, &v.lat_deg))
		refuse(s, l, LAT, "a latitude from -90 to 90");
	else if (!in_bounds(l->field[LON], 180, &v.lon_deg))
		refuse(s, l, LON, "a longitude from -180 to 180");
	else if (!import_number(l->field[l->fields - 1], &ms) || !import_rtt(ms, &r.rtt_ns))
		refuse(s, l, l->fields - 1, "a round trip in ms, over 0 and at most 100000");
	else if (strlen(l->field[HOST]) >= sizeof(v.vp))
		refuse(s, l, HOST, "a name of at most 63 characters");
	else {
		memcpy(v.vp, l->field[HOST], strlen(l->field[HOST]) + 1);
		r.outcome = OUTCOME_REPLY;
		r.replies = 1;
		r.txt = (struct bytes){(const uint8_t *)label, strlen(label)};
		if (*label) {
			r.question = QUESTION_ID_SERVER;
			r.rcode = 0;
		}
		return import_row(s, l->number, &r, &v, false, why);
	}
	return 0;
}

static int read_line(
	struct import_source *s, struct line *l, bool first, const struct addr *target, struct err_msg *why)
{
	if (l->fields == 1 && l->field[0][0] == '\0')
		return 0;
	if (first && is_header(l))
		return 0;
	if (l->fields == FIELDS_PLAIN || l->fields == FIELDS_LABELLED)
		return take(s, l, target, why);
	import_complain(s, l->number, "%zu fields; %d or %d with tabs between were expected", l->fields,
		FIELDS_PLAIN, FIELDS_LABELLED);
	return 0;
}

static int read_lines(struct import_source *s, const struct addr *target, struct err_msg *why)
{
	struct line l;
	bool first = true;
	const char *text;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = file_in_line(s->in, &text, why)) != 0) {
		if (n < 0)
			return (int)n;
		l.number = file_in_lineno(s->in);
		if (text[0] == '#')
			continue;
		if (text[n - 1] != '\n')
			import_complain(s, l.number, "the line has no end: what wrote it was cut short");
		else if (split(&l, text, (size_t)n))
			rc = read_line(s, &l, first, target, why);
		else
			import_complain(s, l.number, "not a line of text");
		first = false;
	}
	return rc;
}

static int igreedy_read(struct import_source *s, struct err_msg *why)
{
	struct addr target = s->target;
	int rc;

	if (target.family || import_target_of(file_in_path(s->in), &target))
		rc = read_lines(s, &target, why);
	else
		rc = err_set(why, ERR_PARSE,
			"%s: no address in its name: say with --target what was measured",
			file_in_path(s->in));
	file_in_close(s->in);
	return rc;
}

const struct import_format import_igreedy = {
	.name = "igreedy",
	.about =
		"lines `host lat lon rtt_ms` or `host lat lon label rtt_ms` with tabs between, of one target",
	.read = igreedy_read,
};
