#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"
#include "data/baseline.h"
#include "data/target.h"

/* A file that is being read into a list. */
struct reading {
	struct target_list *list;
	target_complain *complain;
	void *arg;
	size_t good; /* targets seen, duplicates too */
	size_t bad;
};

/* A word of a line, without the blanks around it. */
struct word {
	const char *p;
	size_t n;
	size_t position; /* on its line, from 1 */
};

static struct word word_trim(const char *line, size_t n)
{
	struct word w = {line, n, 1};

	while (w.n > 0 && isspace((unsigned char)w.p[w.n - 1]))
		w.n--;
	while (w.n > 0 && isspace((unsigned char)*w.p)) {
		w.p++;
		w.n--;
		w.position++;
	}
	return w;
}

/* What stands on a line of a plain list, its comment left out. */
static struct word word_of_line(const char *line, size_t n)
{
	const char *comment = memchr(line, '#', n);

	return word_trim(line, comment ? (size_t)(comment - line) : n);
}

/* NUL-ended, as the address parsers want it; a word that is too long is none. */
static bool word_copy(const struct word *w, char *out, size_t cap)
{
	if (w->n >= cap || memchr(w->p, '\0', w->n))
		return false;
	memcpy(out, w->p, w->n);
	out[w->n] = '\0';
	return true;
}

static void complain_of(struct reading *r, const struct err_msg *why)
{
	r->bad++;
	r->list->bad++;
	if (r->complain)
		r->complain(r->arg, why->text);
}

static int add(struct reading *r, const struct target *t, const struct target_info *info, struct err_msg *why)
{
	int rc = target_add(r->list, t, info);

	if (rc < 0)
		return err_set(why, rc,
			rc == ERR_RANGE ? "more than 2^32 targets" : "out of memory for the targets");
	r->good++;
	return 0;
}

static const char not_an_address[] = "an IPv4 or IPv6 address";
static const char not_usable[] =
	"an address that can be probed (unspecified, multicast, broadcast or mapped)";

/* NULL, or what was expected instead of this text. */
static const char *address_expected(const char *text, struct addr *a)
{
	if (addr_parse(text, a) < 0)
		return not_an_address;
	return addr_is_unusable(a) ? not_usable : NULL;
}

static int read_plain_line(
	struct reading *r, struct file_in *in, const char *line, size_t n, struct err_msg *why)
{
	struct word w = word_of_line(line, n);
	struct target t = {.probes = 0};
	const char *expected = not_an_address;
	char text[ADDR_TEXT_LEN];
	struct err_msg said;

	if (w.n == 0)
		return 0;
	if (word_copy(&w, text, sizeof(text)))
		expected = address_expected(text, &t.addr);
	if (!expected)
		return add(r, &t, NULL, why);
	(void)csv_not(&said, file_in_path(in), file_in_lineno(in), w.position, w.p, w.n, expected);
	complain_of(r, &said);
	return 0;
}

static int read_plain(struct reading *r, struct file_in *in, struct err_msg *why)
{
	const char *line;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = file_in_line(in, &line, why)) != 0)
		rc = n < 0 ? (int)n : read_plain_line(r, in, line, (size_t)n, why);
	return rc;
}

/* The columns of a target CSV. */
enum { TARGET, SERVICE, OPERATORS, KIND, PROBES, PORT, BASELINE, SOURCE, COLUMNS };

static const struct field fields[COLUMNS] = {
	{"target", "IPv4 or IPv6 address"},
	{"service", "a name for one or more targets, such as k.root-servers.net"},
	{"operators", "who may answer for it, separated by |"},
	{"kind", "root, resolver, tld, cdn or other"},
	{"probes", "what it answers: dns, icmp, tcp, separated by |; empty: not known"},
	{"port", "TCP port"},
	{"baseline", "what its honest servers answer: identities always given (nsid|id.server|...), rcode= "
		     "aa= ra= coverage="},
	{"source", "where this row's facts are from"},
};

/* Their numbers in one file. */
struct columns {
	int at[COLUMNS];
};

static struct columns columns_of(const struct csv *c)
{
	struct columns columns;

	for (size_t i = 0; i < COLUMNS; i++)
		columns.at[i] = csv_column(c, fields[i].name);
	return columns;
}

bool target_field(size_t i, struct field *out)
{
	if (i >= COLUMNS)
		return false;
	*out = fields[i];
	return true;
}

static bool kind_is_known(const char *kind)
{
	static const char *const kinds[] = {"", "root", "resolver", "tld", "cdn", "other"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

/* "dns|icmp" to a set of 1 << enum probe_kind; false for an unknown word. */
static bool parse_probes(const char *text, uint8_t *set)
{
	*set = 0;
	while (*text) {
		size_t n = strcspn(text, "|");
		char word[8] = "";
		int kind;

		if (n >= sizeof(word))
			return false;
		memcpy(word, text, n);
		kind = probe_kind_parse(word);
		if (kind < 0)
			return false;
		*set |= (uint8_t)(1 << kind);
		text += n;
		text += *text == '|';
	}
	return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned long v;
	char *end;

	*port = 0;
	if (!*text)
		return true;
	errno = 0;
	v = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || v == 0 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* 0, or ERR_PARSE and what is wrong with the row. */
static int parse_row(const struct csv *c, const struct columns *at, struct target *t, struct err_msg *why)
{
	struct baseline baseline;
	const char *expected = address_expected(csv_field(c, at->at[TARGET]), &t->addr);

	if (expected)
		return csv_field_is_not(c, at->at[TARGET], expected, why);
	if (!kind_is_known(csv_field(c, at->at[KIND])))
		return csv_field_is_not(c, at->at[KIND], "one of root, resolver, tld, cdn, other", why);
	if (!parse_probes(csv_field(c, at->at[PROBES]), &t->probes))
		return csv_field_is_not(c, at->at[PROBES], "some of dns, icmp, tcp with | between them", why);
	if (!parse_port(csv_field(c, at->at[PORT]), &t->port))
		return csv_field_is_not(c, at->at[PORT], "a port from 1 to 65535", why);
	if (baseline_parse(&baseline, csv_field(c, at->at[BASELINE]), NULL) < 0)
		return csv_field_is_not(c, at->at[BASELINE],
			"a baseline (nsid, id.server, rcode=0, ra=1, coverage=9/9 ... with | between)", why);
	return 0;
}

static int read_row(struct reading *r, const struct csv *c, const struct columns *at, struct err_msg *why)
{
	const struct target_info info = {csv_field(c, at->at[SERVICE]), csv_field(c, at->at[OPERATORS]),
		csv_field(c, at->at[KIND]), csv_field(c, at->at[BASELINE]), csv_field(c, at->at[SOURCE])};
	struct target t = {.probes = 0};
	struct err_msg said;

	if (parse_row(c, at, &t, &said) == 0)
		return add(r, &t, &info, why);
	complain_of(r, &said);
	return 0;
}

static int read_csv(struct reading *r, struct csv *c, struct err_msg *why)
{
	struct columns at = columns_of(c);
	struct err_msg said;
	int rc;

	while ((rc = csv_next(c, &said)) != 0) {
		if (rc == ERR_PARSE) {
			complain_of(r, &said);
			continue;
		}
		rc = rc < 0 ? err_set(why, rc, "%s", said.text) : read_row(r, c, &at, why);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A header row has the column `target`; no address list has that word in its first line. */
static bool is_header(struct word line)
{
	for (size_t at = 0; at < line.n; at++) {
		const char *comma = memchr(line.p + at, ',', line.n - at);
		size_t n = comma ? (size_t)(comma - line.p) - at : line.n - at;
		struct word w = word_trim(line.p + at, n);

		if (w.n == 6 + 2 && *w.p == '"')
			w = (struct word){w.p + 1, 6, 0};
		if (w.n == 6 && memcmp(w.p, "target", 6) == 0)
			return true;
		at += n;
	}
	return false;
}

/* Reads on to the first line that says something, which is left to be read: 1 it is a CSV's header, 0 it is not. */
static int find_header(struct file_in *in, struct err_msg *why)
{
	const char *line;
	ssize_t n;

	while ((n = file_in_line(in, &line, why)) > 0) {
		struct word w = word_of_line(line, (size_t)n);

		if (w.n > 0) {
			bool header = is_header(w);

			file_in_unread_line(in);
			return header;
		}
	}
	return (int)n;
}

int target_read_from(struct target_list *list, struct file_in *in, target_complain *complain, void *arg,
	struct err_msg *why)
{
	struct reading r = {.list = list, .complain = complain, .arg = arg};
	char *path = strdup(file_in_path(in));
	int rc = path ? find_header(in, why) : err_set(why, ERR_NOMEM, "out of memory");

	if (rc == 1) {
		struct csv *c = csv_open_over(in, why);

		in = NULL;
		rc = c ? read_csv(&r, c, why) : ERR_PARSE;
		csv_close(c);
	} else if (rc == 0) {
		rc = read_plain(&r, in, why);
	}
	if (rc == 0 && r.good == 0)
		rc = err_set(why, ERR_PARSE, "%s: no target in it (bad lines: %zu)", path, r.bad);
	file_in_close(in);
	free(path);
	return rc;
}

int target_read(
	struct target_list *list, const char *path, target_complain *complain, void *arg, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);

	return in ? target_read_from(list, in, complain, arg, why) : ERR_IO;
}

/* Keeps the first complaint of many. */
static void keep_first(void *arg, const char *text)
{
	struct err_msg *first = arg;

	if (!first->text[0])
		(void)err_set(first, ERR_PARSE, "%s", text);
}

/* One table of a folder; tables of other things stand there too and are passed over. */
static int read_table(struct target_list *list, const char *path, struct err_msg *first, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);
	int rc = in ? find_header(in, why) : ERR_IO;

	if (rc == 1)
		return target_read_from(list, in, keep_first, first, why);
	file_in_close(in);
	return rc;
}

int target_read_book(struct target_list *list, const char *folder, struct err_msg *why)
{
	struct err_msg first = {0};
	char *pattern = NULL;
	glob_t found = {0};
	int rc = 0;

	if (asprintf(&pattern, "%s/*.csv", folder) < 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	if (glob(pattern, 0, NULL, &found) != 0)
		rc = err_set(why, ERR_IO, "%s: no target tables there", pattern);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = read_table(list, found.gl_pathv[i], &first, why);
	globfree(&found);
	free(pattern);
	if (rc == 0 && first.text[0])
		rc = err_set(why, ERR_PARTIAL, "%s", first.text);
	return rc;
}

/* Prefixes in ascending order, none inside another. */
struct blocklist {
	struct addr_prefix *v;
	size_t n, cap;
};

static int prefix_compare(const void *a, const void *b)
{
	const struct addr_prefix *x = a, *y = b;
	int rc = addr_compare(&x->addr, &y->addr);

	return rc ? rc : (int)x->len - (int)y->len;
}

static void blocklist_settle(struct blocklist *b)
{
	size_t kept = 0;

	if (b->n > 0)
		qsort(b->v, b->n, sizeof(*b->v), prefix_compare);
	for (size_t i = 0; i < b->n; i++)
		if (kept == 0 || !addr_in(&b->v[i].addr, &b->v[kept - 1]))
			b->v[kept++] = b->v[i];
	b->n = kept;
}

/* bsearch's order is by position, ours by "which prefix could hold it": the last that starts at or before it. */
static bool is_not_blocked(const struct target *t, const void *arg)
{
	const struct blocklist *b = arg;
	size_t low = 0, high = b->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr_compare(&b->v[mid].addr, &t->addr) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low == 0 || !addr_in(&t->addr, &b->v[low - 1]);
}

static int blocklist_read(struct blocklist *b, struct file_in *in, struct err_msg *why)
{
	const char *line;
	ssize_t n;

	while ((n = file_in_line(in, &line, why)) > 0) {
		struct word w = word_of_line(line, (size_t)n);
		char text[ADDR_PREFIX_TEXT_LEN];

		if (w.n == 0)
			continue;
		if (vec_reserve(&b->v, &b->cap, b->n + 1) < 0)
			return err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(in));
		if (!word_copy(&w, text, sizeof(text)) || addr_prefix_parse(text, &b->v[b->n]) < 0)
			return csv_not(why, file_in_path(in), file_in_lineno(in), w.position, w.p, w.n,
				"an address or a prefix (with no bits set behind its length)");
		b->n++;
	}
	return (int)n;
}

int target_block(struct target_list *list, const char *path, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);
	struct blocklist b = {0};
	int rc;

	if (!in)
		return ERR_IO;
	rc = blocklist_read(&b, in, why);
	if (rc == 0) {
		blocklist_settle(&b);
		list->blocked += target_keep(list, is_not_blocked, &b);
	}
	free(b.v);
	file_in_close(in);
	return rc;
}
