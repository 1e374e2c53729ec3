#include "infer/ident.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "infer/geo.h"

/* Two names of one site may be those of a town and of its airport. */
#define APART_KM 150

/* How far a site may be from what its code names: an airport serves a region, a published town is where it is. */
static const double radius_km[RULES_SYSTEMS] = {
	[RULES_TABLE] = 30, [RULES_IATA] = 60, [RULES_METRO] = 60, [RULES_CITY] = 30};

/* --- from a code to a place --- */

/* What a form captured, in lower case. */
struct code {
	char key[RULES_KEY_MAX]; /* the code, or CC-CODE */
	size_t n;
	const char *bare; /* the code in it */
	size_t n_bare;
	char country[3]; /* upper case; "" without a cc */
};

static void append(struct code *c, struct template_span s)
{
	for (size_t i = 0; i < s.n; i++)
		c->key[c->n++] = (char)tolower(s.p[i]);
}

/* False when it is too long to be a key. */
static bool code_of(const struct template_match *m, struct code *c)
{
	struct template_span code = m->capture[TEMPLATE_CODE], cc = m->capture[TEMPLATE_CC];

	*c = (struct code){.n = 0};
	if (code.n + cc.n + 2 > sizeof(c->key))
		return false;
	append(c, cc);
	if (cc.n > 0 && code.n > 0)
		c->key[c->n++] = '-';
	c->bare = c->key + c->n;
	append(c, code);
	c->n_bare = code.n;
	if (cc.n == 2) {
		c->country[0] = (char)toupper(cc.p[0]);
		c->country[1] = (char)toupper(cc.p[1]);
	}
	if (strcmp(c->country, "UK") == 0)
		memcpy(c->country, "GB", 3);
	return true;
}

static bool put_place(const struct place *p, const struct code *c, struct ident *id)
{
	if (!p || (*c->country && strcmp(c->country, p->country) != 0))
		return false;
	id->city = p->name;
	memcpy(id->country, p->country, sizeof(id->country));
	id->lat = (double)p->lat;
	id->lon = (double)p->lon;
	return true;
}

typedef bool system_place(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id);

static bool place_table(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	const struct rules_code *found = rules_code(r, s->table, c->key, c->n);

	if (!found)
		return false;
	id->city = found->city;
	memcpy(id->country, found->country, sizeof(id->country));
	id->lat = found->lat;
	id->lon = found->lon;
	return true;
}

static bool place_iata(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	(void)s;
	return c->n_bare == 3 && put_place(place_by_code(&r->places, PLACE_AIRPORT, c->bare), c, id);
}

static bool place_metro(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	(void)s;
	return c->n_bare == 3 && put_place(place_by_code(&r->places, PLACE_METRO, c->bare), c, id);
}

static bool place_city(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	const char *country = *c->country ? c->country : NULL;

	(void)s;
	return put_place(place_by_city(&r->places, c->bare, c->n_bare, country), c, id);
}

static bool place_country(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	(void)r;
	(void)s;
	memcpy(id->country, c->country, sizeof(id->country));
	return *c->country != '\0';
}

static bool place_opaque(
	const struct rules *r, const struct rules_system *s, const struct code *c, struct ident *id)
{
	(void)r;
	(void)s;
	(void)id;
	return c->n_bare > 0;
}

static system_place *const place_of[RULES_SYSTEMS] = {[RULES_TABLE] = place_table,
	[RULES_IATA] = place_iata,
	[RULES_METRO] = place_metro,
	[RULES_CITY] = place_city,
	[RULES_COUNTRY] = place_country,
	[RULES_OPAQUE] = place_opaque};

static void put_key(struct ident *id, const char *prefix, const struct code *c)
{
	size_t n = strlen(prefix);

	memcpy(id->site, prefix, n);
	memcpy(id->site + n, c->key, c->n);
	id->site[n + c->n] = '\0';
}

/* The first system of the chain that knows the code. */
static bool place(const struct rules *r, const struct rule *rule, const struct code *c, struct ident *id)
{
	for (const struct rules_system *s = rule->chain; s < rule->chain + rule->n_chain; s++) {
		if (!place_of[s->kind](r, s, c, id))
			continue;
		id->status = id->city ? IDENT_SITE : IDENT_KEY;
		id->confidence = s->confidence;
		id->radius_km = radius_km[s->kind];
		put_key(id, s->kind == RULES_OPAQUE ? s->name : "", c);
		return true;
	}
	return false;
}

/* --- one rule --- */

static void judge_day(struct ident *id, uint32_t day)
{
	const struct rule *rule = id->rule;

	id->expired = day && (day < rule->from || (rule->to && day > rule->to));
	if (id->expired)
		id->confidence = RULES_LOW;
}

static enum ident_reason try_rule(const struct rules *r, const struct rule *rule, enum rules_source source,
	const uint8_t *p, size_t n, struct template_match *m, struct ident *id)
{
	struct code c;

	if (!(rule->sources >> source & 1))
		return IDENT_OTHER_ANSWER;
	if (!template_fits(&rule->template, p, n, m))
		return IDENT_NO_FIT;
	*id = (struct ident){.rule = rule};
	if (!code_of(m, &c))
		return IDENT_NO_CODE;
	if (place(r, rule, &c, id))
		return IDENT_FITS;
	/* The form is the operator's own, so the code is one of its sites, if not one that we can place. */
	id->confidence = rule->confidence < RULES_MEDIUM ? rule->confidence : RULES_MEDIUM;
	if (rule->everywhere) {
		id->status = IDENT_KEY;
		put_key(id, "", &c);
	}
	return IDENT_NO_CODE;
}

struct ident_trial ident_try(const struct rules *r, const struct rule *rule, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n)
{
	struct ident_trial t = {.rule = rule};

	t.reason = try_rule(r, rule, source, p, n, &t.match, &t.found);
	t.reach = template_reach(&rule->template, p, n);
	if (t.found.rule)
		judge_day(&t.found, day);
	return t;
}

/* --- scope --- */

static bool in_scope(const struct rules_scope *s, const struct ident_target *t)
{
	const char *operators = t->operators ? t->operators : "";

	switch (s->kind) {
	case RULES_SERVICE:
		return t->service && strcasecmp(s->name, t->service) == 0;
	case RULES_OPERATOR:
		return rules_list_has(operators, s->name, strlen(s->name));
	case RULES_OWNER:
		return strcspn(operators, "|") == strlen(s->name) &&
		       strncmp(operators, s->name, strlen(s->name)) == 0;
	case RULES_PREFIX:
		return addr_in(&t->addr, &s->prefix);
	case RULES_EVERYWHERE:
	default:
		return false;
	}
}

static bool rule_is_inside(const struct rule *rule, const struct ident_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rule->n_scopes; k++)
			if (in_scope(&rule->scopes[k], &targets[i]))
				return true;
	return false;
}

static bool is_known(const struct ident_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (targets[i].operators && *targets[i].operators)
			return true;
	return false;
}

/* Whether an operator of the rule is one of the targets'. */
static bool rule_is_akin(const struct rule *rule, const struct ident_target *targets, size_t n)
{
	for (const char *at = rule->operators; *at;) {
		size_t len = strcspn(at, "|");

		for (size_t i = 0; i < n; i++)
			if (targets[i].operators && rules_list_has(targets[i].operators, at, len))
				return true;
		at += len + (at[len] == '|');
	}
	return false;
}

static int rank(const struct ident_candidate *c, const struct rules *r)
{
	return c->inside ? 0 : r->v[c->rule].everywhere ? 1 : 2;
}

int ident_scope_of(struct ident_scope *s, const struct rules *r, const struct ident_target *targets, size_t n)
{
	struct ident_candidate *all = calloc(r->n + 1, sizeof(*all));

	*s = (struct ident_scope){.known = is_known(targets, n)};
	s->v = calloc(r->n + 1, sizeof(*s->v));
	for (uint32_t i = 0; all && i < r->n; i++)
		all[i] = (struct ident_candidate){.rule = i,
			.inside = rule_is_inside(&r->v[i], targets, n),
			.foreign = s->known && !rule_is_akin(&r->v[i], targets, n)};
	for (int k = 0; all && s->v && k <= (s->known ? 1 : 2); k++)
		for (size_t i = 0; i < r->n; i++)
			if (rank(&all[i], r) == k)
				s->v[s->n++] = all[i];
	free(all);
	return s->v && all ? 0 : ERR_NOMEM;
}

void ident_scope_free(struct ident_scope *s)
{
	free(s->v);
	*s = (struct ident_scope){.v = NULL};
}

/* A service that has these labels somewhere: "root-servers.net" in "k.root-servers.net". */
static bool has_labels(const char *service, const char *labels)
{
	size_t n = strlen(labels);

	for (const char *at = service; (at = strcasestr(at, labels)); at++)
		if ((at == service || at[-1] == '.') && (at[n] == '\0' || at[n] == '.'))
			return n > 0;
	return false;
}

static bool is_kind(const char *kind, const char *name)
{
	size_t n = strlen(kind);

	return n > 0 && strncasecmp(kind, name, n) == 0 &&
	       (name[n] == '\0' || strcasecmp(name + n, "s") == 0);
}

/* In how exact a way the target is meant by the name: 0 not at all. */
static int named_how(const struct target_info *info, const char *name)
{
	if (strcasecmp(info->service, name) == 0)
		return 3;
	return is_kind(info->kind, name) ? 2 : has_labels(info->service, name);
}

static size_t gather(const struct target_list *book, const char *name, struct ident_target *out)
{
	int best = 1;
	size_t n = 0;

	for (size_t i = 0; i < book->n; i++) {
		const struct target_info *info = target_info(book, &book->v[i]);
		int how = info ? named_how(info, name) : 0;

		if (how > best)
			n = 0;
		if (how >= best) {
			best = how;
			out[n++] = (struct ident_target){book->v[i].addr, info->service, info->operators};
		}
	}
	return n;
}

int ident_scope_named(
	struct ident_scope *s, const struct rules *r, const struct target_list *book, const char *name)
{
	char word[256] = "";
	size_t n = strcspn(name, " \t("), found = 0;
	struct ident_target *targets = calloc(book->n + 1, sizeof(*targets));
	struct addr a;
	int rc = targets ? 0 : ERR_NOMEM;

	*s = (struct ident_scope){.v = NULL};
	if (n > 0 && n < sizeof(word))
		memcpy(word, name, n - (name[n - 1] == '.'));
	if (rc == 0 && addr_parse(word, &a) == 0) {
		const struct target *t = target_find(book, &a);
		const struct target_info *info = t ? target_info(book, t) : NULL;

		targets[found++] =
			(struct ident_target){a, info ? info->service : "", info ? info->operators : ""};
	} else if (rc == 0 && *word) {
		found = gather(book, word, targets);
	}
	if (rc == 0)
		rc = ident_scope_of(s, r, targets, found);
	free(targets);
	return rc;
}

/* --- all rules --- */

/* What a rule that speaks means at this target. */
static struct ident settle(
	const struct ident_scope *s, const struct ident_candidate *c, struct ident id, uint32_t day)
{
	judge_day(&id, day);
	id.foreign = c->foreign;
	if (c->inside || (!s->known && id.rule->everywhere))
		return id;
	id.status = s->known ? IDENT_OTHER : IDENT_HINT;
	id.site[0] = '\0';
	if (id.status == IDENT_HINT)
		id.confidence = RULES_LOW;
	return id;
}

struct ident ident_decode(const struct rules *r, const struct ident_scope *s, enum rules_source source,
	uint32_t day, const uint8_t *p, size_t n)
{
	const struct ident_candidate *second = NULL;
	struct ident id, fallback = {.status = IDENT_UNKNOWN};
	struct template_match m;

	for (const struct ident_candidate *c = s->v; n > 0 && c < s->v + s->n; c++) {
		enum ident_reason reason = try_rule(r, &r->v[c->rule], source, p, n, &m, &id);

		if (reason == IDENT_FITS)
			return settle(s, c, id, day);
		if (reason == IDENT_NO_CODE && !second && id.status == IDENT_KEY) {
			second = c;
			fallback = id;
		}
	}
	return second ? settle(s, second, fallback, day) : fallback;
}

/* Two keys of one place are no contradiction, nor are a place and an opaque key. */
static bool are_elsewhere(const struct ident *a, const struct ident *b)
{
	return a->status == IDENT_SITE && b->status == IDENT_SITE && strcmp(a->site, b->site) != 0 &&
	       geo_km(a->lat, a->lon, b->lat, b->lon) > APART_KM + a->radius_km + b->radius_km;
}

struct ident ident_answer(const struct rules *r, const struct ident_scope *s, uint32_t day, struct bytes nsid,
	struct bytes txt, enum question question)
{
	struct ident by_nsid = ident_decode(r, s, RULES_NSID, day, nsid.p, nsid.n), by_txt;

	if (txt.n == 0 || by_nsid.status == IDENT_KEY)
		return by_nsid;
	by_txt = ident_decode(r, s, rules_source_of_question(question), day, txt.p, txt.n);
	if (are_elsewhere(&by_nsid, &by_txt))
		return (struct ident){.status = IDENT_UNKNOWN, .torn = true};
	if (by_nsid.status == IDENT_SITE)
		return by_nsid;
	return by_txt.status == IDENT_UNKNOWN && by_nsid.status != IDENT_UNKNOWN ? by_nsid : by_txt;
}
