#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "infer/ident_check.h"
#include "report/decode.h"

enum { IDENTITY_MAX = 65536, CACHE_MAX = 1024 };

/* Rules, targets, and the scopes of the targets met so far. */
struct decoding {
	const struct options *o;
	struct rules rules;
	struct target_list book;
	char folder[PATH_MAX]; /* of both */
	struct cached {
		char *name;
		struct ident_scope scope;
	} cache[CACHE_MAX];
	uint8_t bytes[IDENTITY_MAX];
	struct err_msg why;
};

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static int open_rules(struct decoding *d, const char *folder)
{
	if (folder)
		(void)snprintf(d->folder, sizeof(d->folder), "%s", folder);
	else if (!session_book_folder(d->folder))
		return err_set(&d->why, ERR_IO, "no naming rules: neither beside the program nor in %s",
			CATCHMAP_DATADIR);
	if (rules_read(&d->rules, d->folder, complain, NULL, &d->why) < 0)
		return ERR_PARSE;
	if (target_read_book(&d->book, d->folder, &d->why) == ERR_NOMEM)
		return ERR_NOMEM;
	return 0;
}

/* The scope of a target, worked out once for as long as its place in the cache is not taken by another's. */
static const struct ident_scope *scope_of(struct decoding *d, const char *name)
{
	uint32_t hash = 2166136261U;
	struct cached *c;

	for (const char *at = name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619U;
	c = &d->cache[hash % CACHE_MAX];
	if (c->name && strcmp(c->name, name) == 0)
		return &c->scope;
	free(c->name);
	ident_scope_free(&c->scope);
	c->name = strdup(name);
	if (!c->name || ident_scope_named(&c->scope, &d->rules, &d->book, name) < 0) {
		(void)err_set(&d->why, ERR_NOMEM, "out of memory");
		free(c->name);
		c->name = NULL;
		return NULL;
	}
	return &c->scope;
}

/* One string, its escapes undone. ERR_NOMEM, or what explaining it gave. */
static int decode(
	struct decoding *d, const char *target, enum rules_source source, const char *text, struct ident *id)
{
	const struct ident_scope *scope = scope_of(d, target);
	size_t n = csv_unescape(d->bytes, sizeof(d->bytes), text, strlen(text));

	if (!scope)
		return ERR_NOMEM;
	*id = ident_decode(&d->rules, scope, source, d->o->day, d->bytes, n);
	return 0;
}

/* The string for the eye: its escapes undone and made anew, so that nothing in it reaches the terminal as it is. */
static char *printable(struct decoding *d, const char *text)
{
	size_t n = csv_unescape(d->bytes, sizeof(d->bytes), text, strlen(text));
	char *out = malloc(4 * n + 1);

	if (out)
		out[csv_escape(out, 4 * n, d->bytes, n)] = '\0';
	else
		(void)err_set(&d->why, ERR_NOMEM, "out of memory");
	return out;
}

static int explain(struct decoding *d, const char *target, enum rules_source source, const char *text)
{
	const struct ident_scope *scope = scope_of(d, target);
	char *shown = printable(d, text);
	size_t n = csv_unescape(d->bytes, sizeof(d->bytes), text, strlen(text));
	int rc = ERR_NOMEM;

	if (scope && shown) {
		(void)printf("\n%s%s%s\n", shown, *target ? " at " : "", target);
		rc = decode_explain(stdout, &d->rules, scope, source, d->o->day, d->bytes, n);
	}
	free(shown);
	return rc;
}

/* --- strings on the command line --- */

static int decode_strings(struct decoding *d, const char *target, struct decode_row *rows, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rows[i].text = printable(d, d->o->args[i]);
		rc = rows[i].text ? decode(d, target, RULES_ANY, d->o->args[i], &rows[i].id) : ERR_NOMEM;
	}
	if (rc == 0)
		rc = d->o->json ? decode_json(stdout, rows, n) : decode_table(stdout, rows, n);
	return rc;
}

static int run_strings(struct decoding *d)
{
	const char *target = d->o->target ? d->o->target : "";
	size_t n = (size_t)d->o->n_args;
	struct decode_row *rows = calloc(n, sizeof(*rows));
	int rc = rows ? decode_strings(d, target, rows, n) : ERR_NOMEM;

	for (size_t i = 0; rc == 0 && d->o->explain && i < n; i++)
		rc = explain(d, target, RULES_ANY, d->o->args[i]);
	for (size_t i = 0; rows && i < n; i++)
		free(rows[i].text);
	free(rows);
	return rc == 0 ? 0 : err_set(&d->why, rc, "the result cannot be printed");
}

/* --- a CSV --- */

/* A row being put together. */
struct line {
	char *text;
	size_t n, cap, fields;
};

static int put_field(struct line *l, const char *text, size_t n)
{
	if (vec_reserve(&l->text, &l->cap, l->n + 2 * n + 4) < 0)
		return ERR_NOMEM;
	if (l->fields++ > 0)
		l->text[l->n++] = ',';
	l->n += csv_put(l->text + l->n, l->cap - l->n, text, n);
	return 0;
}

static bool is_ours(const char *column)
{
	for (size_t i = 0; i < DECODE_FIELDS; i++)
		if (strcmp(column, decode_columns[i]) == 0)
			return true;
	return false;
}

static int print_line(struct line *l)
{
	l->text[l->n++] = '\n';
	(void)fwrite(l->text, 1, l->n, stdout);
	l->n = l->fields = 0;
	return 0;
}

/* The input's columns, then ours. One of theirs that has a name of ours is renamed: a column must be found by its name. */
static int print_header(struct line *l, const struct csv *c)
{
	char name[DECODE_FIELD_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < csv_columns(c); i++) {
		const char *theirs = csv_column_name(c, i);

		(void)snprintf(name, sizeof(name), "%s%s", is_ours(theirs) ? "input_" : "", theirs);
		rc = put_field(l, name, strlen(name));
	}
	for (size_t i = 0; rc == 0 && i < DECODE_FIELDS; i++)
		rc = put_field(l, decode_columns[i], strlen(decode_columns[i]));
	return rc == 0 ? print_line(l) : rc;
}

static int print_row(struct line *l, const struct csv *c, const struct ident *id)
{
	char fields[DECODE_FIELDS][DECODE_FIELD_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < csv_columns(c); i++)
		rc = put_field(l, csv_field(c, (int)i), csv_field_len(c, (int)i));
	decode_fields(id, fields);
	for (size_t i = 0; rc == 0 && i < DECODE_FIELDS; i++)
		rc = put_field(l, fields[i], strlen(fields[i]));
	return rc == 0 ? print_line(l) : rc;
}

struct columns {
	int target, probe, string;
};

static int find_columns(const struct csv *c, struct columns *at, struct err_msg *why)
{
	*at = (struct columns){
		csv_column(c, "target"), csv_column(c, "probe_type"), csv_column(c, "raw_string")};
	if (at->string < 0)
		return err_set(why, ERR_PARSE,
			"%s:1: no column 'raw_string' (target and probe_type are read too)", csv_path(c));
	return 0;
}

static int decode_row(struct decoding *d, const struct csv *c, const struct columns *at, struct line *l)
{
	const char *text = csv_field(c, at->string);
	const char *target = at->target >= 0 ? csv_field(c, at->target) : d->o->target ? d->o->target : "";
	enum rules_source source = rules_source_of(csv_field(c, at->probe));
	struct ident id;
	int rc = decode(d, target, source, text, &id);

	if (rc == 0 && d->o->explain)
		return explain(d, target, source, text);
	return rc == 0 ? print_row(l, c, &id) : rc;
}

/* A bad row is warned about; the result then is ERR_PARTIAL. */
static int run_rows(struct decoding *d, struct csv *c)
{
	struct columns at;
	struct line l = {.text = NULL};
	size_t bad = 0;
	int rc = find_columns(c, &at, &d->why);

	if (rc == 0 && !d->o->explain)
		rc = print_header(&l, c);
	while (rc == 0 && (rc = csv_next(c, &d->why)) != 0) {
		if (rc == ERR_PARSE) {
			command_warn(d->why.text);
			bad++;
			rc = 0;
		} else if (rc > 0) {
			rc = decode_row(d, c, &at, &l);
		}
	}
	free(l.text);
	if (rc == 0 && bad > 0)
		return err_set(&d->why, ERR_PARTIAL, "%zu bad rows left out", bad);
	return rc;
}

static int run_files(struct decoding *d)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->o->n_targets; i++) {
		struct csv *c = csv_open(d->o->targets[i], &d->why);

		rc = c ? run_rows(d, c) : ERR_PARSE;
		csv_close(c);
	}
	return rc;
}

/* --- checking the rules --- */

/* operators.txt of the folder, with | between; "" when there is none. */
static int read_operators(struct decoding *d, const char *folder, char *out, size_t cap)
{
	char path[PATH_MAX];
	const char *line;
	struct file_in *in;
	size_t at = 0;
	ssize_t n = 0;

	*out = '\0';
	if (snprintf(path, sizeof(path), "%s/operators.txt", folder) >= (int)sizeof(path) ||
		access(path, F_OK) != 0)
		return 0;
	in = file_in_open(path, &d->why);
	while (in && (n = file_in_line(in, &line, &d->why)) > 0) {
		size_t len = strcspn(line, "\r\n");

		if (len > 0 && *line != '#' && at + len + 2 < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%.*s", at ? "|" : "", (int)len, line);
	}
	file_in_close(in);
	return in && n == 0 ? 0 : ERR_IO;
}

static int run_check(struct decoding *d)
{
	char operators[16384];
	struct ident_known known = {.book = d->book.n > 0 ? &d->book : NULL};
	int found;

	if (read_operators(d, d->folder, operators, sizeof(operators)) < 0)
		return ERR_IO;
	known.operators = *operators ? operators : NULL;
	found = ident_check(&d->rules, &known, complain, NULL);

	if (found < 0)
		return err_set(&d->why, ERR_NOMEM, "out of memory");
	if (found > 0)
		return err_set(&d->why, ERR_PARSE, "%d findings in the naming rules", found);
	(void)printf("%zu rules, %zu codes in %zu tables, %zu places: all sound\n", d->rules.n,
		d->rules.n_codes, d->rules.n_tables, d->rules.places.n);
	return 0;
}

/* A name that stands for nothing would leave the strings without a target, as if none had been given. */
static int check_target(struct decoding *d)
{
	const struct ident_scope *scope = d->o->target ? scope_of(d, d->o->target) : NULL;

	if (!d->o->target || (scope && scope->known))
		return 0;
	return scope ? err_set(&d->why, ERR_PARSE,
			       "--target: '%s' is no address, service or kind that %s has", d->o->target,
			       d->folder)
		     : ERR_NOMEM;
}

static int run_what(struct decoding *d)
{
	const char *folder = d->o->check && d->o->n_args == 1 ? d->o->args[0] : NULL;

	if (d->o->check ? d->o->n_args > 1 || d->o->n_targets : !d->o->n_args == !d->o->n_targets)
		return err_set(&d->why, ERR_PARSE, "give strings, or a CSV with -f, or --check [FOLDER]");
	if (open_rules(d, folder) < 0 || check_target(d) < 0)
		return ERR_PARSE;
	return d->o->check ? run_check(d) : d->o->n_targets ? run_files(d) : run_strings(d);
}

static int run(const struct options *o)
{
	struct decoding *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return EXIT_PARTIAL;
	d->o = o;
	rc = run_what(d);
	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &d->why);
	for (size_t i = 0; i < CACHE_MAX; i++) {
		free(d->cache[i].name);
		ident_scope_free(&d->cache[i].scope);
	}
	rules_free(&d->rules);
	target_list_free(&d->book);
	free(d);
	return rc;
}

static const char *const takes[] = {"targets", "target", "day", "explain", "check", "json", "config", NULL};

const struct command command_decode = {
	.name = "decode",
	.synopsis = "[options] STRING... | -f CSV | --check [FOLDER]",
	.summary = "identity strings -> sites, by the naming rules",
	.about = "Says which operator's server calls itself so, at which site, and where that is, as far as "
		 "a naming rule proves it\n"
		 "(targets/naming). A STRING is what NSID or id.server gave, other bytes than printable "
		 "ASCII as \\DDD. With -f the\n"
		 "CSV has a column raw_string, and best target and probe_type too; its rows come out with "
		 "the columns rule, operator,\n"
		 "site, city, country, lat, lon and confidence behind them (a column of such a name becomes "
		 "input_NAME).\n"
		 "--check looks for faults in the rules: of FOLDER (with naming/ and places.csv in it), or "
		 "those in use.",
	.options = takes,
	.run = run,
};
