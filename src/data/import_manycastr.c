/* MAnycastR's CSV (https://github.com/rhendriks/MAnycastR): comment lines with what was measured, a header, then a row for each
 * reply: rx (the worker that got it), addr, ttl, rtt in ms; tx (the worker that sent, LACeS only), chaos_data and origin_id
 * where the measurement has them. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "data/import.h"

struct columns {
	int rx, addr, ttl, rtt, tx, chaos;
};

/* The kind of probe stands in a comment: "# Protocol used: ICMP", in older files "# Measurement type: ICMP". */
static void read_comment(const char *line, size_t n, enum probe_kind *kind)
{
	static const char *const keys[] = {"# Protocol used:", "# Measurement type:"};
	char text[128];

	(void)snprintf(text, sizeof(text), "%.*s", (int)n, line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strncmp(text, keys[i], strlen(keys[i])) != 0)
			continue;
		if (strstr(text, "TCP"))
			*kind = PROBE_TCP;
		else if (strstr(text, "DNS") || strstr(text, "CHAOS"))
			*kind = PROBE_DNS;
	}
}

/* Leaves the stream at the header. */
static int read_comments(struct file_in *in, enum probe_kind *kind, struct err_msg *why)
{
	const char *line;
	ssize_t n;

	while ((n = file_in_line(in, &line, why)) > 0 && line[0] == '#')
		read_comment(line, (size_t)n, kind);
	if (n > 0)
		file_in_unread_line(in);
	return n < 0 ? (int)n : 0;
}

static int find_columns(const struct csv *c, struct columns *at, struct err_msg *why)
{
	*at = (struct columns){csv_column(c, "rx"), csv_column(c, "addr"), csv_column(c, "ttl"),
		csv_column(c, "rtt"), csv_column(c, "tx"), csv_column(c, "chaos_data")};
	if (csv_is_torn(c))
		return err_set(why, ERR_PARSE, "%s: the file ends in its header", csv_path(c));
	if (csv_column(c, "trace_dst") >= 0)
		return err_set(
			why, ERR_PARSE, "%s: a traceroute: its times are to routers on the way", csv_path(c));
	if (at->rx >= 0 && at->addr >= 0 && at->rtt >= 0)
		return 0;
	return err_set(why, ERR_PARSE, "%s: no column '%s': not a latency measurement of MAnycastR",
		csv_path(c),
		at->rx < 0     ? "rx"
		: at->addr < 0 ? "addr"
			       : "rtt");
}

static int refuse(struct import_source *s, const struct csv *c, int column, const char *expected)
{
	struct err_msg why;

	(void)csv_field_is_not(c, column, expected, &why);
	import_refuse(s, &why);
	return 0;
}

/* A reply that another worker got than the one that sent is no round trip of either. */
static bool is_round_trip(const struct csv *c, const struct columns *at)
{
	return at->tx < 0 || strcmp(csv_field(c, at->rx), csv_field(c, at->tx)) == 0;
}

static int take(struct import_source *s, const struct csv *c, const struct columns *at, enum probe_kind kind,
	struct err_msg *why)
{
	struct addr target;
	struct record r;
	struct vantage v = {.weight = 1};
	const char *chaos = csv_field(c, at->chaos);
	double ms, ttl;

	if (addr_parse(csv_field(c, at->addr), &target) < 0)
		return refuse(s, c, at->addr, "an IPv4 or IPv6 address");
	if (s->target.family && !addr_equal(&s->target, &target))
		return 0;
	r = import_blank(kind, &target);
	if (!import_number(csv_field(c, at->rtt), &ms) || !import_rtt(ms, &r.rtt_ns))
		return refuse(s, c, at->rtt, "a round trip in ms, over 0 and at most 100000");
	if (csv_field_len(c, at->rx) >= sizeof(v.vp))
		return refuse(s, c, at->rx, "a name of at most 63 characters");
	memcpy(v.vp, csv_field(c, at->rx), csv_field_len(c, at->rx) + 1);
	if (import_number(csv_field(c, at->ttl), &ttl) && ttl >= 0 && ttl <= 255)
		r.reply_ttl = (int16_t)ttl;
	if (*chaos) {
		r.probe = PROBE_DNS;
		r.rcode = 0;
		r.txt = (struct bytes){(const uint8_t *)chaos, strlen(chaos)};
	}
	/* Its TCP probe is a SYN/ACK. */
	r.outcome = r.probe == PROBE_TCP ? OUTCOME_RST : OUTCOME_REPLY;
	r.replies = 1;
	r.reply_from = target;
	return import_row(s, csv_line(c), &r, &v, false, why);
}

/* One row: to be taken, bad, or crossed. 0, or what ends the reading. */
static int read_row(struct import_source *s, const struct csv *c, const struct columns *at,
	enum probe_kind kind, size_t *crossed, struct err_msg *why)
{
	if (csv_is_torn(c))
		import_complain(s, csv_line(c), "the row is cut short");
	else if (csv_fields(c) != csv_columns(c))
		import_complain(
			s, csv_line(c), "%zu fields; the header has %zu", csv_fields(c), csv_columns(c));
	else if (is_round_trip(c, at))
		return take(s, c, at, kind, why);
	else
		++*crossed;
	return 0;
}

static int read_rows(struct import_source *s, struct csv *c, enum probe_kind kind, struct err_msg *why)
{
	struct columns at;
	size_t crossed = 0;
	int rc = find_columns(c, &at, why);

	while (rc == 0 && (rc = csv_next(c, why)) != 0) {
		if (rc > 0) {
			rc = read_row(s, c, &at, kind, &crossed, why);
		} else if (rc == ERR_PARSE) {
			import_refuse(s, why);
			rc = 0;
		}
	}
	if (rc == 0 && crossed > 0) {
		(void)err_set(why, ERR_PARSE,
			"%s: %zu replies reached another worker than the one that sent: no round trips, left "
			"out",
			csv_path(c), crossed);
		s->sink->complain(s->sink->arg, why->text);
	}
	return rc;
}

static int manycastr_read(struct import_source *s, struct err_msg *why)
{
	enum probe_kind kind = PROBE_ICMP;
	int rc = read_comments(s->in, &kind, why);
	struct csv *c;

	if (rc < 0) {
		file_in_close(s->in);
		return rc;
	}
	c = csv_open_over(s->in, why);
	rc = c ? read_rows(s, c, kind, why) : ERR_PARSE;
	csv_close(c);
	return rc;
}

const struct import_format import_manycastr = {
	.name = "manycastr",
	.about = "MAnycastR's CSV of a latency, unicast or LACeS measurement",
	.read = manycastr_read,
};
