/* RIPE Atlas results (https://atlas.ripe.net/docs/apis/measurement-result-format/): ping and dns, of all firmwares. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"
#include "data/import.h"

enum { CHUNK = 65536, RESULT_MAX = 1 << 24, MESSAGE_MAX = 65536, EXTRA_MAX = 256, DNS_PORT = 53 };

/* Cuts the file into results without parsing them: the objects of one array, or one object a line. So memory is bounded, and
 * a broken result costs itself only. */
struct scanner {
	struct file_in *in;
	char *chunk;
	size_t at, n;
	char *text; /* the object so far */
	size_t len, cap;
	size_t line, begins; /* the line now, and where the object begins */
	unsigned depth;
	bool string, escaped;   /* inside a string; behind a backslash */
	bool begun, array, end; /* the file has begun, with `[`; which ended */
};

static int scanner_keep(struct scanner *s, char c)
{
	if (vec_reserve(&s->text, &s->cap, s->len + 1) < 0)
		return ERR_NOMEM;
	s->text[s->len++] = c;
	return 0;
}

/* Between objects. False: a byte that has no place there. */
static bool scan_between(struct scanner *s, char c)
{
	bool first = !s->begun && !strchr(" \t\r\n", c);

	s->begun = s->begun || first;
	s->array = s->array || (first && c == '[');
	s->end = s->end || c == ']';
	if (c == '{') {
		s->begins = s->line;
		s->len = 0;
		s->depth = 1;
	}
	return c == '{' || strchr(" \t\r\n,]", c) || (first && c == '[');
}

/* Inside one. ERR_PARSE: a line that ends where it cannot. */
static int scan_inside(struct scanner *s, char c)
{
	if (c == '\n' && (s->string || !s->array))
		return ERR_PARSE;
	if (s->escaped)
		s->escaped = false;
	else if (s->string)
		s->escaped = c == '\\', s->string = c != '"';
	else if (c == '"')
		s->string = true;
	else if (c == '{' || c == '[')
		s->depth++;
	else if (c == '}' || c == ']')
		s->depth--;
	return 0;
}

static void scanner_drop(struct scanner *s)
{
	s->depth = 0;
	s->string = s->escaped = false;
}

static int scanner_fail(
	const struct scanner *s, enum err code, size_t line, const char *what, struct err_msg *why)
{
	return err_set(why, code, "%s:%zu: %s", file_in_path(s->in), line, what);
}

static int scanner_end(const struct scanner *s, struct err_msg *why)
{
	if (s->depth > 0 || (s->array && !s->end))
		return scanner_fail(s, ERR_PARTIAL, s->depth > 0 ? s->begins : s->line,
			"the file ends in the middle; what came before is taken", why);
	return 0;
}

/* 1 and an object in s->text, 0 at the end, ERR_PARSE for what is none (the next call goes on behind it), ERR_PARTIAL when
 * the file ends too early. */
static int scanner_next(struct scanner *s, struct err_msg *why)
{
	for (;;) {
		char c;
		ssize_t got;

		if (s->at == s->n) {
			got = file_in_read(s->in, s->chunk, CHUNK, why);
			if (got <= 0)
				return got < 0 ? (int)got : scanner_end(s, why);
			s->n = (size_t)got;
			s->at = 0;
		}
		c = s->chunk[s->at++];
		s->line += c == '\n';
		if (s->depth == 0 && !scan_between(s, c))
			return scanner_fail(s, ERR_PARSE, s->line,
				"neither a JSON array of results nor one result a line", why);
		if (s->depth == 0)
			continue;
		if (scanner_keep(s, c) < 0)
			return scanner_fail(s, ERR_NOMEM, s->line, "out of memory", why);
		if (s->len > 1 && (scan_inside(s, c) < 0 || s->len > RESULT_MAX)) {
			scanner_drop(s);
			return scanner_fail(
				s, ERR_PARSE, s->begins, "a result without an end: left out", why);
		}
		if (s->depth == 0)
			return 1;
	}
}

/* --- one result --- */

struct result {
	struct import_source *s;
	size_t line;
	const json_t *whole, *part; /* part: an element of `resultset`, or the whole */
	struct vantage v;
	uint8_t *message; /* MESSAGE_MAX bytes */
	uint8_t scratch[RECORD_SCRATCH];
	char extra[EXTRA_MAX];
	bool again; /* the next row belongs to this round */
	struct err_msg *why;
};

/* What the part says, or else the whole. */
static const json_t *member(const struct result *t, const char *name)
{
	const json_t *j = json_object_get(t->part, name);

	return j ? j : json_object_get(t->whole, name);
}

static bool member_addr(const struct result *t, const char *name, struct addr *out)
{
	const char *text = json_string_value(member(t, name));

	return text && addr_parse(text, out) == 0;
}

/* Old firmware calls it addr; where nothing could be sent there is only the name, that may be an address. */
static bool target_of(const struct result *t, struct addr *out)
{
	static const char *const names[] = {"dst_addr", "addr", "dst_name", "name"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (member_addr(t, names[i], out))
			return true;
	*out = t->s->target;
	return out->family != 0;
}

static struct record row_of(const struct result *t, enum probe_kind kind, const struct addr *target)
{
	struct record r = import_blank(kind, target);
	json_int_t at = json_integer_value(member(t, "time"));

	if (at <= 0)
		at = json_integer_value(member(t, "timestamp"));
	if (at > 0 && at < INT64_MAX / NS_PER_S)
		r.tx_time.ns = at * NS_PER_S;
	if (!member_addr(t, "src_addr", &r.src))
		(void)member_addr(t, "srcaddr", &r.src);
	return r;
}

static int put(struct result *t, const struct record *r)
{
	int rc = import_row(t->s, t->line, r, &t->v, t->again, t->why);

	t->again = true;
	return rc;
}

/* An error is a text, or an object of one: what failed, and how. */
static void take_error(struct result *t, json_t *error, struct record *r)
{
	void *first = json_object_iter(error);
	const char *key = first ? json_object_iter_key(first) : "";
	const char *text = json_string_value(first ? json_object_iter_value(first) : error);
	size_t n = (size_t)snprintf(t->extra, sizeof(t->extra), "error=");

	text = text ? text : key;
	r->outcome = OUTCOME_SEND_ERROR;
	if (strcmp(key, "timeout") == 0)
		r->outcome = OUTCOME_TIMEOUT;
	else if (strstr(text, "refused")) /* the socket's word for an ICMP port unreachable */
		r->outcome = OUTCOME_ICMP_ERROR;
	if (r->outcome == OUTCOME_TIMEOUT)
		return;
	n += csv_escape(t->extra + n, sizeof(t->extra) - n, text, strlen(text));
	for (size_t i = 0; i < n; i++)
		t->extra[i] = t->extra[i] == ';' ? ',' : t->extra[i];
	r->extra = (struct bytes){(const uint8_t *)t->extra, n};
}

static bool take_rtt(struct result *t, const json_t *ms, struct record *r)
{
	if (json_is_number(ms) && import_rtt(json_number_value(ms), &r->rtt_ns))
		return true;
	import_complain(t->s, t->line,
		"a reply of probe %s without a round trip from 0 to 100000 ms: left out", t->v.vp);
	return false;
}

/* --- ping --- */

static bool is_duplicate(const json_t *packet)
{
	return json_object_get(packet, "dup") != NULL;
}

/* The i-th packet and the duplicates that follow it. */
static int take_packet(struct result *t, const json_t *packets, size_t i, struct record r)
{
	const json_t *packet = json_array_get(packets, i), *rtt = json_object_get(packet, "rtt");
	const json_t *ttl = json_object_get(packet, "ttl");
	json_t *error = json_object_get(packet, "error");

	if (rtt) {
		r.outcome = OUTCOME_REPLY;
		r.reply_from = r.target;
		if (!take_rtt(t, rtt, &r))
			return 0;
		for (r.replies = 1; is_duplicate(json_array_get(packets, ++i)); r.replies++)
			;
		ttl = ttl ? ttl : member(t, "ttl");
		if (json_integer_value(ttl) > 0 && json_integer_value(ttl) < 256)
			r.reply_ttl = (int16_t)json_integer_value(ttl);
	} else if (error) {
		take_error(t, error, &r);
	} else if (json_object_get(packet, "x")) {
		r.outcome = OUTCOME_TIMEOUT;
	} else {
		import_complain(
			t->s, t->line, "packet %zu of probe %s: neither rtt, x nor error", i + 1, t->v.vp);
		return 0;
	}
	return put(t, &r);
}

/* The first firmware gives the least time only, and how many came. */
static int take_summary(struct result *t, struct record r)
{
	json_int_t sent = json_integer_value(member(t, "sent")), got = json_integer_value(member(t, "rcvd"));
	int rc = 0;

	if (sent < 1 || sent > 1000 || got < 0 || got > sent) {
		import_complain(t->s, t->line, "a ping of probe %s without packets", t->v.vp);
		return 0;
	}
	for (json_int_t i = 0; rc == 0 && i < sent; i++) {
		r.rtt_ns = -1;
		r.outcome = i < got ? OUTCOME_REPLY : OUTCOME_TIMEOUT;
		r.replies = i < got;
		if (i == 0 && got > 0 && !take_rtt(t, member(t, "min"), &r))
			return 0;
		rc = put(t, &r);
	}
	return rc;
}

static int take_ping(struct result *t, const struct addr *target)
{
	const json_t *packets = member(t, "result");
	struct record r = row_of(t, PROBE_ICMP, target);
	int rc = 0;

	if (!json_is_array(packets))
		return take_summary(t, r);
	for (size_t i = 0; rc == 0 && i < json_array_size(packets); i++)
		if (!is_duplicate(json_array_get(packets, i)))
			rc = take_packet(t, packets, i, r);
	return rc;
}

/* --- dns --- */

static int digit64(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648; false when the text is none, or too long. */
static bool decode64(const char *text, uint8_t *out, size_t cap, size_t *n)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (*n = 0; digit64(*text) >= 0; text++) {
		bits = (bits << 6 | (uint32_t)digit64(*text)) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (*n == cap)
			return false;
		out[(*n)++] = (uint8_t)(bits >> have);
	}
	return text[strspn(text, "=\n")] == '\0';
}

/* The first TXT of `answers`, where there is no message: a string, or since firmware 4750 a list of them. */
static void take_answers(struct result *t, const json_t *reply, struct record *r)
{
	const json_t *answers = json_object_get(reply, "answers");

	for (size_t i = 0; i < json_array_size(answers); i++) {
		const json_t *answer = json_array_get(answers, i), *data = json_object_get(answer, "RDATA");
		const char *type = json_string_value(json_object_get(answer, "TYPE")), *text;
		const char *name = json_string_value(json_object_get(answer, "NAME"));
		int question = name ? question_parse(name) : QUESTION_NONE;

		text = json_string_value(json_is_array(data) ? json_array_get(data, 0) : data);
		if (!text || (type && strcmp(type, "TXT") != 0))
			continue;
		r->question = question > 0 ? (enum question)question : QUESTION_NONE;
		r->rcode = 0;
		r->txt.p = t->scratch;
		r->txt.n = csv_unescape(t->scratch, sizeof(t->scratch), text, strlen(text));
		return;
	}
}

static int take_reply(struct result *t, const json_t *reply, struct record *r)
{
	const char *buf = json_string_value(json_object_get(reply, "abuf"));
	size_t n;

	r->outcome = OUTCOME_REPLY;
	r->replies = 1;
	r->reply_from = r->target;
	if (!take_rtt(t, json_object_get(reply, "rt"), r))
		return 0;
	if (!buf) {
		take_answers(t, reply, r);
	} else if (!decode64(buf, t->message, MESSAGE_MAX, &n)) {
		import_complain(t->s, t->line, "the abuf of probe %s is not base64: left out", t->v.vp);
		return 0;
	} else {
		t->s->sink->dns(t->message, n, r, t->scratch);
	}
	return put(t, r);
}

static int take_answer(struct result *t, const struct addr *target)
{
	const json_t *reply = json_object_get(t->part, "result");
	json_t *error = json_object_get(t->part, "error");
	struct record r = row_of(t, PROBE_DNS, target);
	const char *port = json_string_value(member(t, "dst_port"));
	long number = port ? strtol(port, NULL, 10) : 0;

	r.dst_port = number > 0 && number <= UINT16_MAX ? (uint16_t)number : DNS_PORT;
	if (json_is_object(reply))
		return take_reply(t, reply, &r);
	if (error) {
		take_error(t, error, &r);
		return put(t, &r);
	}
	import_complain(t->s, t->line, "a dns result of probe %s with neither result nor error", t->v.vp);
	return 0;
}

/* --- the file --- */

static const struct {
	const char *type, *name;
	int (*take)(struct result *t, const struct addr *target);
} types[] = {{"ping", "Ping", take_ping}, {"dns", "Tdig", take_answer}};

static int take_part(struct result *t, const json_t *part, int (*take)(struct result *, const struct addr *))
{
	struct addr target;

	t->part = part;
	if (!target_of(t, &target)) {
		import_complain(
			t->s, t->line, "a result of probe %s without the address of its target", t->v.vp);
		return 0;
	}
	if (t->s->target.family && !addr_equal(&target, &t->s->target))
		return 0;
	return take(t, &target);
}

static int take_result(struct result *t)
{
	const char *type = json_string_value(member(t, "type")), *from = json_string_value(member(t, "from"));
	const char *name = json_string_value(member(t, "msm_name"));
	const json_t *id = member(t, "prb_id"), *set = member(t, "resultset");
	size_t k = 0, parts = json_is_array(set) ? json_array_size(set) : 1;
	int rc = 0;

	while (k < 2 && !(type ? strcmp(types[k].type, type) == 0 : name && strcmp(types[k].name, name) == 0))
		k++;
	if (k == 2 || !json_is_integer(id)) {
		import_complain(t->s, t->line,
			k == 2 ? "neither a ping nor a dns result: left out"
			       : "a result without prb_id: left out");
		return 0;
	}
	t->v = (struct vantage){.weight = 1};
	t->again = false;
	(void)snprintf(t->v.vp, sizeof(t->v.vp), "%lld", (long long)json_integer_value(id));
	if (from && strlen(from) < sizeof(t->v.address))
		memcpy(t->v.address, from, strlen(from) + 1);
	for (size_t i = 0; rc == 0 && i < parts; i++)
		rc = take_part(t, json_is_array(set) ? json_array_get(set, i) : t->whole, types[k].take);
	return rc;
}

static int read_results(struct scanner *sc, struct result *t)
{
	bool any = false;
	int rc;

	while ((rc = scanner_next(sc, t->why)) != 0) {
		json_error_t error;
		json_t *j;

		/* What does not even begin like such a file is none. */
		if (rc < 0 && (rc != ERR_PARSE || !any))
			return rc;
		any = true;
		if (rc < 0) {
			import_refuse(t->s, t->why);
			continue;
		}
		t->line = sc->begins;
		j = json_loadb(sc->text, sc->len, 0, &error);
		if (!j) {
			import_complain(t->s, t->line, "%s: left out", error.text);
			continue;
		}
		t->whole = t->part = j;
		rc = take_result(t);
		json_decref(j);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int atlas_read(struct import_source *s, struct err_msg *why)
{
	struct err_msg unsaid = {{0}};
	struct scanner sc = {.in = s->in, .chunk = malloc(CHUNK), .line = 1};
	struct result *t = calloc(1, sizeof(*t));
	int rc;

	if (t)
		*t = (struct result){.s = s, .message = malloc(MESSAGE_MAX), .why = why ? why : &unsaid};
	if (!sc.chunk || !t || !t->message)
		rc = err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(s->in));
	else
		rc = read_results(&sc, t);
	if (t)
		free(t->message);
	free(t);
	free(sc.text);
	free(sc.chunk);
	file_in_close(s->in);
	return rc;
}

const struct import_format import_atlas = {
	.name = "atlas",
	.about = "RIPE Atlas results of ping and dns measurements: a JSON array, or one result a line",
	.read = atlas_read,
};
