#include "report/decode.h"

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

enum { RULE, OPERATOR, SITE, CITY, COUNTRY, LAT, LON, CONFIDENCE };

const char *const decode_columns[DECODE_FIELDS] = {
	"rule", "operator", "site", "city", "country", "lat", "lon", "confidence"};

bool decode_field(size_t i, struct field *out)
{
	static const char *const about[DECODE_FIELDS] = {[RULE] = "naming rule that fits",
		[OPERATOR] = "whom a string of this form speaks of",
		[SITE] = "key of the site; empty where the form proves none at this target",
		[CITY] = "of the site; empty when its place is not published",
		[COUNTRY] = "of the site, ISO 3166",
		[LAT] = "latitude, degrees",
		[LON] = "longitude, degrees",
		[CONFIDENCE] = "of the rule in what it says: high medium low"};

	if (i >= DECODE_FIELDS)
		return false;
	*out = (struct field){decode_columns[i], about[i]};
	return true;
}

static const char *const status_names[IDENT_STATUSES] = {"unknown", "site", "key", "other", "hint"};

void decode_fields(const struct ident *id, char out[static DECODE_FIELDS][DECODE_FIELD_MAX])
{
	bool here = id->status == IDENT_SITE || id->status == IDENT_KEY;

	for (size_t i = 0; i < DECODE_FIELDS; i++)
		out[i][0] = '\0';
	if (id->status == IDENT_UNKNOWN)
		return;
	(void)snprintf(out[RULE], DECODE_FIELD_MAX, "%s", id->rule->id);
	(void)snprintf(out[OPERATOR], DECODE_FIELD_MAX, "%s", id->rule->operators);
	(void)snprintf(out[CONFIDENCE], DECODE_FIELD_MAX, "%s", rules_confidence_name(id->confidence));
	(void)snprintf(out[SITE], DECODE_FIELD_MAX, "%s", id->site);
	(void)snprintf(out[COUNTRY], DECODE_FIELD_MAX, "%s", here ? id->country : "");
	if (id->status != IDENT_SITE)
		return;
	(void)snprintf(out[CITY], DECODE_FIELD_MAX, "%s", id->city);
	(void)snprintf(out[LAT], DECODE_FIELD_MAX, "%.3f", id->lat);
	(void)snprintf(out[LON], DECODE_FIELD_MAX, "%.3f", id->lon);
}

/* --- for people --- */

static void place_text(const struct ident *id, char out[static DECODE_FIELD_MAX])
{
	if (id->city)
		(void)snprintf(out, DECODE_FIELD_MAX, "%s, %s", id->city, id->country);
	else
		(void)snprintf(out, DECODE_FIELD_MAX, "%s", *id->country ? id->country : "-");
}

/* One sentence where the table alone would mislead; "" where it does not. */
static const char *note_of(const struct decode_row *row)
{
	const struct ident *id = &row->id;

	if (!*row->text)
		return "an empty string names nobody";
	if (id->status == IDENT_UNKNOWN)
		return "no rule fits";
	if (id->status == IDENT_HINT)
		return "a guess: the form is not its own, name the target with --target";
	if (id->status == IDENT_OTHER)
		return id->foreign ? "the form of another operator"
				   : "a form of this operator's other services";
	if (id->expired)
		return "the rule does not hold on that day";
	return id->city ? "" : "place not published";
}

static int table_line(struct libscols_table *t, const struct decode_row *row)
{
	struct libscols_line *l = scols_table_new_line(t, NULL);
	const struct ident *id = &row->id;
	char place[DECODE_FIELD_MAX];
	const char *cells[7];

	place_text(id, place);
	cells[0] = row->text;
	cells[1] = *id->site ? id->site : "-";
	cells[2] = id->status == IDENT_OTHER ? "-" : place;
	cells[3] = id->rule ? id->rule->operators : "-";
	cells[4] = id->rule ? id->rule->id : "-";
	cells[5] = id->rule ? rules_confidence_name(id->confidence) : "-";
	cells[6] = note_of(row);
	for (size_t i = 0; l && i < sizeof(cells) / sizeof(cells[0]); i++)
		if (scols_line_set_data(l, i, cells[i]) != 0)
			return ERR_NOMEM;
	return l ? 0 : ERR_NOMEM;
}

int decode_table(FILE *out, const struct decode_row *rows, size_t n)
{
	static const char *const names[] = {
		"STRING", "SITE", "PLACE", "OPERATOR", "RULE", "CONFIDENCE", "NOTE"};
	struct libscols_table *t = scols_new_table();
	int rc = t ? 0 : ERR_NOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		rc = scols_table_new_column(t, names[i], 0, 0) ? 0 : ERR_NOMEM;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = table_line(t, &rows[i]);
	if (rc == 0) {
		(void)scols_table_set_stream(t, out);
		rc = scols_print_table(t) == 0 ? 0 : ERR_IO;
	}
	scols_unref_table(t);
	return rc;
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *row_json(const struct decode_row *row)
{
	const struct ident *id = &row->id;
	bool placed = id->status == IDENT_SITE;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "string",
		row->text, "status", status_names[id->status], "site", text_or_null(id->site), "city",
		text_or_null(placed ? id->city : NULL), "country",
		text_or_null(placed || id->status == IDENT_KEY ? id->country : NULL), "lat",
		placed ? json_real(id->lat) : json_null(), "lon", placed ? json_real(id->lon) : json_null(),
		"radius_km", placed ? json_real(id->radius_km) : json_null(), "rule",
		text_or_null(id->rule ? id->rule->id : NULL), "operator",
		text_or_null(id->rule ? id->rule->operators : NULL), "confidence",
		text_or_null(id->rule ? rules_confidence_name(id->confidence) : NULL), "foreign", id->foreign,
		"expired", id->expired);
}

int decode_json(FILE *out, const struct decode_row *rows, size_t n)
{
	json_t *all = json_array();
	int rc = all ? 0 : ERR_NOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = json_array_append_new(all, row_json(&rows[i])) == 0 ? 0 : ERR_NOMEM;
	if (rc == 0)
		rc = json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(7)) == 0 &&
				     fputc('\n', out) != EOF
			     ? 0
			     : ERR_IO;
	json_decref(all);
	return rc;
}

/* --- why --- */

static void explain_trial(FILE *out, const struct ident_trial *t, size_t n, const char *answer)
{
	char code[RULES_KEY_MAX + 1], place[DECODE_FIELD_MAX];
	struct template_span s = t->match.capture[TEMPLATE_CODE];
	int len = (int)csv_escape(
		code, sizeof(code) - 1, s.p, s.n < RULES_KEY_MAX / 4 ? s.n : RULES_KEY_MAX / 4);

	(void)fprintf(out, "  %-20s ", t->rule->id);
	if (t->reason == IDENT_OTHER_ANSWER)
		(void)fprintf(out, "not asked: it is not about %s\n", answer);
	else if (t->reason == IDENT_NO_FIT && t->reach < n)
		(void)fprintf(
			out, "%s does not fit at byte %zu of %zu\n", t->rule->template_text, t->reach + 1, n);
	else if (t->reason == IDENT_NO_FIT)
		(void)fprintf(out, "%s fits so far, but more would have to follow\n", t->rule->template_text);
	else if (t->reason == IDENT_NO_CODE)
		(void)fprintf(out, "%s fits, but %s does not know the code '%.*s'%s\n",
			t->rule->template_text, t->rule->code_text, len, code,
			*t->found.site ? ": a key without a place" : "");
	else if (t->reason == IDENT_FITS) {
		place_text(&t->found, place);
		(void)fprintf(out, "%s fits: %s, by %s%s\n", t->rule->template_text, place,
			t->rule->code_text, t->found.expired ? "; the rule does not hold on that day" : "");
	}
}

/* Rules that fit but were not tried: their form counts at other targets only. */
static void explain_others(FILE *out, const struct rules *r, const bool *tried, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < r->n; i++) {
		struct ident_trial t;

		if (tried[i])
			continue;
		t = ident_try(r, &r->v[i], source, day, p, n);
		if (t.reason == IDENT_FITS)
			(void)fprintf(out, "  %-20s %s fits, but does not count at this target\n", r->v[i].id,
				r->v[i].template_text);
	}
}

/* Not worth a line: a form of other targets that is unlike the string from its first half on. */
static bool is_remote(const struct ident_candidate *c, const struct ident_trial *t, size_t n)
{
	return !c->inside &&
	       (t->reason == IDENT_OTHER_ANSWER || (t->reason == IDENT_NO_FIT && t->reach * 2 < n));
}

int decode_explain(FILE *out, const struct rules *r, const struct ident_scope *s, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n)
{
	bool *tried = calloc(r->n + 1, sizeof(*tried));
	const char *answer = rules_source_name(source);
	size_t remote = 0;

	if (!tried)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->n; i++) {
		struct ident_trial t = ident_try(r, &r->v[s->v[i].rule], source, day, p, n);

		tried[s->v[i].rule] = true;
		if (is_remote(&s->v[i], &t, n))
			remote++;
		else
			explain_trial(out, &t, n, answer);
		if (t.reason == IDENT_FITS)
			break;
	}
	explain_others(out, r, tried, source, day, p, n);
	if (remote > 0)
		(void)fprintf(
			out, "  %-20s %zu forms of other targets: none is like it\n", "(others)", remote);
	free(tried);
	return 0;
}
