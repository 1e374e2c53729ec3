#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/target.h"

/* What a person may call a target by: whether `name` fits this info. */
typedef bool name_fits(const struct target_info *info, const char *name);

static bool fits_service(const struct target_info *info, const char *name)
{
	return strcasecmp(info->service, name) == 0;
}

static bool fits_kind(const struct target_info *info, const char *name)
{
	size_t n = strlen(info->kind);

	return n > 0 && strncasecmp(info->kind, name, n) == 0 && (!name[n] || strcasecmp(name + n, "s") == 0);
}

static bool is_separator(char c)
{
	return c == '.' || c == '-';
}

/* "k.root" and "k-root" are the first labels of "k.root-servers.net". */
static bool fits_first_labels(const struct target_info *info, const char *name)
{
	const char *s = info->service;

	for (; *name; name++, s++) {
		bool same = is_separator(*name) ? is_separator(*s) : strncasecmp(name, s, 1) == 0;

		if (!same)
			return false;
	}
	return is_separator(*s);
}

/* The first of the operators is whose service it is; the others only help to answer. */
static bool fits_owner(const struct target_info *info, const char *name)
{
	size_t n = strcspn(info->operators, "|");

	return n > 0 && strlen(name) == n && strncasecmp(info->operators, name, n) == 0;
}

static const struct {
	name_fits *fits;
	bool one_service; /* several services that fit are a question, not an answer */
} ways[] = {{fits_service, true}, {fits_kind, false}, {fits_first_labels, true}, {fits_owner, false}};

/* The different services that fit, as far as a sentence can hold them. */
enum { MENTIONED = 5 };
struct mention {
	const char *service[MENTIONED + 1];
	size_t n; /* at most MENTIONED + 1: "and more" */
};

static void mention_add(struct mention *m, const char *service)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcasecmp(m->service[i], service) == 0)
			return;
	if (m->n <= MENTIONED)
		m->service[m->n++] = service;
}

static char *mention_text(const struct mention *m, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < m->n && len < cap; i++) {
		const char *service = i < MENTIONED ? m->service[i] : "...";
		int rc = snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : "", service);

		len += rc > 0 ? (size_t)rc : 0;
	}
	return out;
}

static void mention_fitting(
	struct mention *m, const struct target_list *book, name_fits *fits, const char *name)
{
	for (size_t i = 0; i < book->n; i++) {
		const struct target_info *info = target_info(book, &book->v[i]);

		if (fits(info, name))
			mention_add(m, info->service);
	}
}

/* Letters to change, add or leave out to make one of the other (Levenshtein), for short words; else a large number. */
static unsigned edits(const char *a, const char *b)
{
	enum { LONGEST = 40 };
	size_t na = strlen(a), nb = strlen(b);
	unsigned row[LONGEST + 1];

	if (na > LONGEST || nb > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (strncasecmp(&a[i - 1], &b[j - 1], 1) != 0);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[nb];
}

static bool is_near(const struct target_info *info, const char *name)
{
	return *name && (strcasestr(info->service, name) || strcasestr(info->operators, name) ||
				edits(info->service, name) * 4 <= strlen(name));
}

static int not_found(const struct target_list *book, const char *name, struct err_msg *why)
{
	struct mention near = {.n = 0};
	char text[300];

	mention_fitting(&near, book, is_near, name);
	if (near.n == 0)
		return err_set(why, ERR_PARSE,
			"'%s' is neither an address nor a service, operator or kind of targets", name);
	return err_set(why, ERR_PARSE, "'%s' is not known; near it: %s", name,
		mention_text(&near, text, sizeof(text)));
}

/* Adds the targets that fit; how many there were, or a negative `enum err`. */
static int add_fitting(struct target_list *list, const struct target_list *book, name_fits *fits,
	const char *name, int family, struct err_msg *why)
{
	int n = 0;

	for (size_t i = 0; i < book->n; i++) {
		const struct target *t = &book->v[i];
		const struct target_info *info = target_info(book, t);

		if ((family && t->addr.family != family) || !fits(info, name))
			continue;
		if (target_add(list, t, info) < 0)
			return err_set(why, ERR_NOMEM, "out of memory");
		n++;
	}
	return n;
}

static int add_address(struct target_list *list, const struct target_list *book, const struct addr *a,
	int family, struct err_msg *why)
{
	const struct target *known = target_find(book, a);
	struct target t = known ? *known : (struct target){.addr = *a};
	char text[ADDR_TEXT_LEN];

	(void)addr_text(a, text);
	if (addr_is_unusable(a))
		return err_set(why, ERR_PARSE, "%s: not an address that can be probed", text);
	if (family && a->family != family)
		return err_set(why, ERR_PARSE, "%s: not an IPv%d address", text, family);
	if (target_add(list, &t, known ? target_info(book, known) : NULL) < 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	return 0;
}

int target_resolve(struct target_list *list, const struct target_list *book, const char *name, int family,
	struct err_msg *why)
{
	struct addr a;
	char text[300];

	if (addr_parse(name, &a) == 0)
		return add_address(list, book, &a, family, why);
	for (size_t i = 0; *name && i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct mention fitting = {.n = 0};
		int rc;

		mention_fitting(&fitting, book, ways[i].fits, name);
		if (fitting.n == 0)
			continue;
		if (fitting.n > 1 && ways[i].one_service)
			return err_set(why, ERR_PARSE, "'%s' may be any of %s", name,
				mention_text(&fitting, text, sizeof(text)));
		rc = add_fitting(list, book, ways[i].fits, name, family, why);
		if (rc == 0)
			return err_set(why, ERR_PARSE, "'%s' has no IPv%d address", name, family);
		return rc < 0 ? rc : 0;
	}
	return not_found(book, name, why);
}
