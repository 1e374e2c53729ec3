#include "data/rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"

static const char *const source_names[RULES_SOURCES] = {"", "nsid", "id.server", "hostname.bind",
	"version.bind", "version.server", "debug.opendns.com", "id.server.on.quad9.net",
	"o-o.myaddr.l.google.com"};
static const char *const confidence_names[] = {"", "low", "medium", "high"};
static const char *const system_names[RULES_SYSTEMS] = {
	"table", "iata", "metro", "city", "country", "opaque"};

/* --- strings that live as long as the rules --- */

enum { TEXT_PIECE = 65536 };

struct rules_text {
	struct rules_text *older;
	size_t used, room;
	char bytes[];
};

static char *keep(struct rules *r, const char *text, size_t n)
{
	struct rules_text *t = r->text;
	char *kept;

	if (!t || t->room - t->used < n + 1) {
		size_t room = n + 1 > TEXT_PIECE ? n + 1 : TEXT_PIECE;

		t = malloc(sizeof(*t) + room);
		if (!t)
			return NULL;
		*t = (struct rules_text){.older = r->text, .room = room};
		r->text = t;
	}
	kept = t->bytes + t->used;
	t->used += n + 1;
	memcpy(kept, text, n);
	kept[n] = '\0';
	return kept;
}

/* --- reading: what both files share --- */

struct reading {
	struct rules *r;
	struct csv *c;
	rules_complain *complain;
	void *arg;
	size_t bad;
	struct err_msg first; /* the first complaint */
	struct err_msg said;  /* the one about this row */
};

static int no_memory(struct reading *rd)
{
	return err_set(&rd->said, ERR_NOMEM, "out of memory for the naming rules");
}

static int not_expected(struct reading *rd, int column, const char *expected)
{
	return csv_field_is_not(rd->c, column, expected, &rd->said);
}

/* A sentence about the field of a row that `why` holds. */
static int refuse(struct reading *rd, int column, const struct err_msg *why)
{
	return err_set(&rd->said, ERR_PARSE, "%s:%zu:%zu: %s", csv_path(rd->c), csv_line(rd->c),
		csv_position(rd->c, column), why->text);
}

static int keep_field(struct reading *rd, int column, const char **out)
{
	*out = keep(rd->r, csv_field(rd->c, column), csv_field_len(rd->c, column));
	return *out ? 0 : no_memory(rd);
}

static void complain(struct reading *rd)
{
	if (rd->bad++ == 0)
		rd->first = rd->said;
	if (rd->complain)
		rd->complain(rd->arg, rd->said.text);
}

static int find_columns(struct reading *rd, const char *const *names, size_t n, int *columns)
{
	for (size_t i = 0; i < n; i++) {
		columns[i] = csv_column(rd->c, names[i]);
		if (columns[i] < 0)
			return err_set(
				&rd->said, ERR_PARSE, "%s:1: no column '%s'", csv_path(rd->c), names[i]);
	}
	return 0;
}

typedef int row_reader(struct reading *rd, const int *columns);

/* Every row, good or bad; 0, or a negative error that ends the reading. Bad rows are counted. */
static int read_rows(
	struct reading *rd, struct file_in *in, const char *const *names, size_t n, row_reader *read)
{
	int columns[16] = {0}, rc;

	rd->c = csv_open_over(in, &rd->said);
	rc = rd->c ? find_columns(rd, names, n, columns) : ERR_PARSE;
	if (rc < 0) {
		complain(rd);
		goto out;
	}
	while ((rc = csv_next(rd->c, &rd->said)) != 0) {
		if (rc > 0 && csv_fields(rd->c) != csv_columns(rd->c))
			rc = err_set(&rd->said, ERR_PARSE, "%s:%zu: %zu fields, not %zu", csv_path(rd->c),
				csv_line(rd->c), csv_fields(rd->c), csv_columns(rd->c));
		if (rc > 0)
			rc = read(rd, columns);
		if (rc < 0)
			complain(rd);
		if (rc < 0 && rc != ERR_PARSE)
			break;
	}
out:
	csv_close(rd->c);
	rd->c = NULL;
	return rc;
}

/* --- tables.csv --- */

enum { TABLE, KEY, CITY, COUNTRY, LAT, LON, TABLE_SOURCE, TABLE_COLUMNS };
static const char *const table_columns[TABLE_COLUMNS] = {
	"table", "key", "city", "country", "lat", "lon", "source"};

static bool find_table(const struct rules *r, const char *name, size_t n, uint32_t *number)
{
	for (size_t i = r->n_tables; i-- > 0;) {
		if (strncmp(r->tables[i].name, name, n) == 0 && r->tables[i].name[n] == '\0') {
			*number = (uint32_t)i;
			return true;
		}
	}
	return false;
}

static int table_of(struct reading *rd, int column, uint32_t *number)
{
	struct rules *r = rd->r;
	const char *name = csv_field(rd->c, column);
	size_t n = csv_field_len(rd->c, column);

	if (n == 0 || strcspn(name, ":>|") < n)
		return not_expected(rd, column, "the name of a table");
	if (find_table(r, name, n, number))
		return 0;
	if (vec_reserve(&r->tables, &r->cap_tables, r->n_tables + 1) < 0)
		return no_memory(rd);
	*number = (uint32_t)r->n_tables;
	r->tables[r->n_tables] = (struct rules_table){.line = csv_line(rd->c)};
	if (keep_field(rd, column, &r->tables[r->n_tables].name) < 0)
		return ERR_NOMEM;
	r->n_tables++;
	return 0;
}

static bool is_key(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) && text[i] != '-')
			return false;
	return n > 0 && n < RULES_KEY_MAX;
}

static bool is_degrees(const char *text, double limit, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && strspn(text, "+-.0123456789") == (size_t)(end - text) &&
	       *out >= -limit && *out <= limit;
}

static int read_code(struct reading *rd, const int *at)
{
	struct rules *r = rd->r;
	struct rules_code code = {.line = csv_line(rd->c)};
	const char *country = csv_field(rd->c, at[COUNTRY]);

	if (table_of(rd, at[TABLE], &code.table) < 0)
		return ERR_PARSE;
	if (!is_key(csv_field(rd->c, at[KEY]), csv_field_len(rd->c, at[KEY])))
		return not_expected(
			rd, at[KEY], "a key: lower-case letters, digits and hyphens, less than 32");
	if (!*csv_field(rd->c, at[CITY]))
		return not_expected(rd, at[CITY], "a city");
	if (strlen(country) != 2 || !isupper((unsigned char)country[0]) ||
		!isupper((unsigned char)country[1]))
		return not_expected(rd, at[COUNTRY], "a country of two capital letters");
	if (!is_degrees(csv_field(rd->c, at[LAT]), 90, &code.lat))
		return not_expected(rd, at[LAT], "a latitude in degrees");
	if (!is_degrees(csv_field(rd->c, at[LON]), 180, &code.lon))
		return not_expected(rd, at[LON], "a longitude in degrees");
	memcpy(code.country, country, 3);
	code.sourced = *csv_field(rd->c, at[TABLE_SOURCE]) != '\0';
	if (keep_field(rd, at[KEY], &code.key) < 0 || keep_field(rd, at[CITY], &code.city) < 0 ||
		vec_reserve(&r->codes, &r->cap_codes, r->n_codes + 1) < 0)
		return no_memory(rd);
	r->codes[r->n_codes++] = code;
	return 0;
}

static int code_compare(const void *a, const void *b)
{
	const struct rules_code *x = a, *y = b;
	int rc = x->table < y->table ? -1 : x->table > y->table;

	if (rc == 0)
		rc = strcmp(x->key, y->key);
	return rc ? rc : x->line < y->line ? -1 : x->line > y->line;
}

static void settle_codes(struct reading *rd)
{
	struct rules *r = rd->r;

	if (r->n_codes > 0)
		qsort(r->codes, r->n_codes, sizeof(*r->codes), code_compare);
	for (size_t i = 1; i < r->n_codes; i++) {
		const struct rules_code *a = &r->codes[i - 1], *b = &r->codes[i];

		if (a->table != b->table || strcmp(a->key, b->key) != 0)
			continue;
		(void)err_set(&rd->said, ERR_PARSE, "%s:%zu: the key '%s' of table '%s' is in line %zu too",
			r->tables_path, b->line, b->key, r->tables[b->table].name, a->line);
		complain(rd);
	}
}

const struct rules_code *rules_code(const struct rules *r, uint32_t table, const char *key, size_t n)
{
	size_t low = 0, high = r->n_codes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct rules_code *c = &r->codes[mid];
		int rc = c->table < table ? -1 : c->table > table;

		if (rc == 0)
			rc = strncmp(c->key, key, n);
		if (rc == 0 && c->key[n] == '\0')
			return c;
		if (rc < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* --- rules.csv --- */

enum {
	RULE,
	OPERATOR,
	SCOPE,
	PROBES,
	TEMPLATE,
	CODE,
	CONFIDENCE,
	FROM,
	TO,
	EXAMPLE,
	NOTE,
	RULE_SOURCE,
	RULE_COLUMNS
};
static const char *const rule_columns[RULE_COLUMNS] = {"rule", "operator", "scope", "probes", "template",
	"code", "confidence", "from", "to", "example", "note", "source"};

/* A word of a list, and where the next one begins. */
struct word {
	const char *p;
	size_t n;
};

static struct word next_word(const char **at, char between)
{
	struct word w = {*at, 0};

	while (w.p[w.n] && w.p[w.n] != between)
		w.n++;
	*at = w.p[w.n] ? w.p + w.n + 1 : NULL;
	return w;
}

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.n && memcmp(w.p, text, w.n) == 0;
}

/* The number of the name among these, or -1. */
static int word_among(struct word w, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i][0] && word_is(w, names[i]))
			return (int)i;
	return -1;
}

bool rules_list_has(const char *list, const char *word, size_t n)
{
	for (const char *at = list; at && *at;) {
		struct word w = next_word(&at, '|');

		if (w.n == n && memcmp(w.p, word, n) == 0)
			return true;
	}
	return false;
}

static int parse_prefix(struct word w, struct addr_prefix *out)
{
	char text[ADDR_PREFIX_TEXT_LEN];

	if (w.n >= sizeof(text))
		return ERR_PARSE;
	memcpy(text, w.p, w.n);
	text[w.n] = '\0';
	return addr_prefix_parse(text, out);
}

static int parse_scope(struct reading *rd, int column, struct word w, struct rules_scope *out)
{
	*out = (struct rules_scope){.kind = RULES_SERVICE};
	if (w.n == 0)
		return not_expected(
			rd, column, "services, @operators, =operators, prefixes or *, with | between");
	if (word_is(w, "*"))
		out->kind = RULES_EVERYWHERE;
	else if (*w.p == '@' || *w.p == '=')
		out->kind = *w.p == '@' ? RULES_OPERATOR : RULES_OWNER;
	else if (memchr(w.p, '/', w.n))
		out->kind = RULES_PREFIX;
	if (out->kind == RULES_PREFIX && parse_prefix(w, &out->prefix) < 0)
		return not_expected(rd, column, "a scope: one of its prefixes cannot be read");
	if (out->kind == RULES_OPERATOR || out->kind == RULES_OWNER) {
		w.p++;
		w.n--;
	}
	out->name = keep(rd->r, w.p, w.n);
	return out->name ? 0 : no_memory(rd);
}

static int read_scopes(struct reading *rd, int column, struct rule *rule)
{
	const char *at = csv_field(rd->c, column);
	size_t cap = 0;
	int rc = 0;

	while (rc == 0 && at) {
		if (vec_reserve(&rule->scopes, &cap, rule->n_scopes + 1) < 0)
			return no_memory(rd);
		rc = parse_scope(rd, column, next_word(&at, '|'), &rule->scopes[rule->n_scopes]);
		if (rc == 0)
			rule->everywhere |= rule->scopes[rule->n_scopes++].kind == RULES_EVERYWHERE;
	}
	return rc;
}

static int read_sources(struct reading *rd, int column, struct rule *rule)
{
	const char *at = csv_field(rd->c, column);

	rule->sources = 1U << RULES_ANY;
	if (!*at)
		rule->sources |= 1U << RULES_NSID | 1U << RULES_ID_SERVER | 1U << RULES_HOSTNAME_BIND;
	while (at && *at) {
		int source = word_among(next_word(&at, '|'), source_names, RULES_SOURCES);

		if (source < 0)
			return not_expected(rd, column,
				"some of nsid, id.server, hostname.bind, version.bind, version.server, "
				"debug.opendns.com, id.server.on.quad9.net, o-o.myaddr.l.google.com with | "
				"between");
		rule->sources |= 1U << source;
	}
	return 0;
}

static int confidence_of(struct word w)
{
	return word_among(w, confidence_names, sizeof(confidence_names) / sizeof(confidence_names[0]));
}

/* One system of a chain: NAME, table:NAME or opaque:PREFIX, with :CONFIDENCE behind it or not. */
static int parse_system(
	struct reading *rd, int column, struct word text, const struct rule *rule, struct rules_system *out)
{
	const char *at = keep(rd->r, text.p, text.n);
	struct word name, argument = {"", 0};
	int kind, confidence = (int)rule->confidence;

	if (!at)
		return no_memory(rd);
	name = next_word(&at, ':');
	kind = word_among(name, system_names, RULES_SYSTEMS);
	if (kind < 0)
		return not_expected(
			rd, column, "a code system: table:NAME, iata, metro, city, country or opaque:PREFIX");
	if (kind == RULES_TABLE || kind == RULES_OPAQUE)
		argument = at ? next_word(&at, ':') : argument;
	if (at)
		confidence = confidence_of((struct word){at, strlen(at)});
	if (confidence < 0)
		return not_expected(
			rd, column, "a code system: behind its last colon high, medium or low is expected");
	*out = (struct rules_system){
		.kind = (enum rules_system_kind)kind, .confidence = (enum rules_confidence)confidence};
	out->name = keep(rd->r, argument.p, argument.n);
	if (!out->name)
		return no_memory(rd);
	if (kind == RULES_OPAQUE && argument.n >= RULES_KEY_MAX)
		return not_expected(rd, column, "a code system: a prefix has less than 32 bytes");
	if (kind == RULES_TABLE && !find_table(rd->r, argument.p, argument.n, &out->table))
		return not_expected(rd, column, "a code system: tables.csv has no such table");
	if (kind == RULES_TABLE)
		rd->r->tables[out->table].used = true;
	return 0;
}

static int read_chain(struct reading *rd, int column, struct rule *rule)
{
	const char *at = csv_field(rd->c, column);
	int rc = 0;

	while (rc == 0 && at) {
		if (rule->n_chain == RULES_CHAIN_MAX)
			return not_expected(rd, column, "at most four code systems");
		rc = parse_system(rd, column, next_word(&at, '>'), rule, &rule->chain[rule->n_chain]);
		if (rc < 0)
			break;
		if (rule->chain[rule->n_chain].kind == RULES_COUNTRY && !rule->template.captures[TEMPLATE_CC])
			return not_expected(rd, column, "a code system for a template without {cc:...}");
		if (rule->chain[rule->n_chain++].kind != RULES_COUNTRY &&
			!rule->template.captures[TEMPLATE_CODE])
			return not_expected(rd, column, "a code system for a template without {code:...}");
	}
	return rc;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool rules_parse_day(const char *text, uint32_t *out)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned y, m, d;
	int n = 0;

	*out = 0;
	if (!*text)
		return true;
	if (strlen(text) != 10 || sscanf(text, "%4u-%2u-%2u%n", &y, &m, &d, &n) != 3 || n != 10 || m < 1 ||
		m > 12)
		return false;
	*out = y * 10000 + m * 100 + d;
	return d >= 1 && d <= days[m - 1] + (m == 2 && is_leap(y) ? 1U : 0U);
}

static int read_days(struct reading *rd, const int *at, struct rule *rule)
{
	if (!rules_parse_day(csv_field(rd->c, at[FROM]), &rule->from))
		return not_expected(rd, at[FROM], "a day, YYYY-MM-DD");
	if (!rules_parse_day(csv_field(rd->c, at[TO]), &rule->to) || (rule->to && rule->to < rule->from))
		return not_expected(rd, at[TO], "a day, YYYY-MM-DD, not before the first");
	return 0;
}

static const struct rule *find_rule(const struct rules *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].id, id) == 0)
			return &r->v[i];
	return NULL;
}

static int read_names(struct reading *rd, const int *at, struct rule *rule)
{
	const char *id = csv_field(rd->c, at[RULE]);
	int confidence;

	if (!*id)
		return not_expected(rd, at[RULE], "the name of a rule");
	if (find_rule(rd->r, id))
		return not_expected(rd, at[RULE], "a new name: another rule has it");
	if (!*csv_field(rd->c, at[OPERATOR]))
		return not_expected(rd, at[OPERATOR], "an operator");
	if (!*csv_field(rd->c, at[EXAMPLE]))
		return not_expected(rd, at[EXAMPLE], "an example");
	confidence = confidence_of(
		(struct word){csv_field(rd->c, at[CONFIDENCE]), csv_field_len(rd->c, at[CONFIDENCE])});
	if (confidence < 0)
		return not_expected(rd, at[CONFIDENCE], "high, medium or low");
	rule->confidence = (enum rules_confidence)confidence;
	rule->line = csv_line(rd->c);
	if (keep_field(rd, at[RULE], &rule->id) < 0 || keep_field(rd, at[OPERATOR], &rule->operators) < 0 ||
		keep_field(rd, at[EXAMPLE], &rule->example) < 0 ||
		keep_field(rd, at[CODE], &rule->code_text) < 0)
		return ERR_NOMEM;
	return keep_field(rd, at[TEMPLATE], &rule->template_text);
}

static void rule_free(struct rule *rule)
{
	template_free(&rule->template);
	free(rule->scopes);
}

static int read_rule_fields(struct reading *rd, const int *at, struct rule *rule)
{
	struct err_msg why = {{0}};
	int rc = read_names(rd, at, rule);

	if (rc == 0 && template_compile(&rule->template, rule->template_text, &why) < 0)
		return refuse(rd, at[TEMPLATE], &why);
	if (rc == 0)
		rc = read_scopes(rd, at[SCOPE], rule);
	if (rc == 0)
		rc = read_sources(rd, at[PROBES], rule);
	if (rc == 0)
		rc = read_chain(rd, at[CODE], rule);
	if (rc == 0)
		rc = read_days(rd, at, rule);
	rule->sourced = *csv_field(rd->c, at[RULE_SOURCE]) != '\0';
	return rc;
}

static int read_rule(struct reading *rd, const int *at)
{
	struct rules *r = rd->r;
	struct rule rule = {.id = NULL};
	int rc = vec_reserve(&r->v, &r->cap, r->n + 1) < 0 ? no_memory(rd) : read_rule_fields(rd, at, &rule);

	if (rc < 0)
		rule_free(&rule);
	else
		r->v[r->n++] = rule;
	return rc;
}

/* --- both --- */

int rules_read_from(struct rules *r, struct file_in *tables, struct file_in *rules, rules_complain *say,
	void *arg, struct err_msg *why)
{
	struct reading rd = {.r = r, .complain = say, .arg = arg};
	int rc;

	memset(r, 0, sizeof(*r));
	r->tables_path = strdup(file_in_path(tables));
	r->rules_path = strdup(file_in_path(rules));
	rc = r->tables_path && r->rules_path ? 0 : no_memory(&rd);
	if (rc == 0)
		rc = read_rows(&rd, tables, table_columns, TABLE_COLUMNS, read_code);
	else
		file_in_close(tables);
	if (rc == 0) {
		settle_codes(&rd);
		rc = read_rows(&rd, rules, rule_columns, RULE_COLUMNS, read_rule);
	} else {
		file_in_close(rules);
	}
	if (rc == 0 && r->n == 0 && rd.bad == 0)
		rd.bad += err_set(&rd.first, ERR_PARSE, "%s: no rules in it", r->rules_path) < 0;
	if (rc == 0 && rd.bad == 0)
		return 0;
	return err_set(
		why, rc < 0 && rc != ERR_PARSE ? rc : ERR_PARSE, "%s", rd.bad ? rd.first.text : rd.said.text);
}

static char *path_in(const char *folder, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static struct file_in *open_in(const char *folder, const char *name, struct err_msg *why)
{
	char *path = path_in(folder, name);
	struct file_in *in = path ? file_in_open(path, why) : NULL;

	if (!path)
		(void)err_set(why, ERR_NOMEM, "out of memory");
	free(path);
	return in;
}

int rules_read(struct rules *r, const char *folder, rules_complain *say, void *arg, struct err_msg *why)
{
	struct file_in *tables, *rules;
	char *places;
	int rc;

	memset(r, 0, sizeof(*r));
	tables = open_in(folder, "naming/tables.csv", why);
	rules = tables ? open_in(folder, "naming/rules.csv", why) : NULL;
	if (!rules) {
		file_in_close(tables);
		return ERR_IO;
	}
	rc = rules_read_from(r, tables, rules, say, arg, why);
	places = rc == 0 ? path_in(folder, "places.csv") : NULL;
	if (rc == 0)
		rc = places ? place_read(&r->places, places, why) : err_set(why, ERR_NOMEM, "out of memory");
	free(places);
	return rc;
}

void rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		rule_free(&r->v[i]);
	for (struct rules_text *t = r->text, *older; t; t = older) {
		older = t->older;
		free(t);
	}
	free(r->v);
	free(r->codes);
	free(r->tables);
	free(r->rules_path);
	free(r->tables_path);
	place_book_free(&r->places);
	memset(r, 0, sizeof(*r));
}

/* --- names --- */

const char *rules_confidence_name(enum rules_confidence c)
{
	return confidence_names[c];
}

const char *rules_source_name(enum rules_source s)
{
	return source_names[s];
}

enum rules_source rules_source_of(const char *text)
{
	size_t best = RULES_ANY;

	for (size_t i = RULES_ANY + 1; i < RULES_SOURCES; i++)
		if (strstr(text, source_names[i]) && strlen(source_names[i]) > strlen(source_names[best]))
			best = i;
	return (enum rules_source)best;
}

enum rules_source rules_source_of_question(enum question q)
{
	static const enum rules_source of[QUESTIONS] = {
		[QUESTION_ID_SERVER] = RULES_ID_SERVER,
		[QUESTION_HOSTNAME_BIND] = RULES_HOSTNAME_BIND,
		[QUESTION_VERSION_BIND] = RULES_VERSION_BIND,
		[QUESTION_VERSION_SERVER] = RULES_VERSION_SERVER,
		[QUESTION_OPENDNS] = RULES_DEBUG_OPENDNS,
		[QUESTION_QUAD9] = RULES_QUAD9,
		[QUESTION_GOOGLE] = RULES_GOOGLE,
	};

	return of[q];
}

bool rules_lists_meet(const char *a, const char *b)
{
	for (const char *at = a; *at;) {
		size_t n = strcspn(at, "|");

		if (rules_list_has(b, at, n))
			return true;
		at += n + (at[n] == '|');
	}
	return false;
}
