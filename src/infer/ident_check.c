#include "infer/ident_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A published town may lie far from the next city of its country, but not this far. */
#define COUNTRY_KM 500.0
/* Nor a large town from all of its name in that country. */
#define TOWN_KM 100.0
enum { LARGE = 100000 };
#define KM_PER_DEGREE 111.2

struct checking {
	const struct rules *r;
	const struct ident_known *known;
	rules_complain *complain;
	void *arg;
	int found;
};

__attribute__((format(printf, 4, 5))) static void say(
	struct checking *c, const char *path, size_t line, const char *fmt, ...)
{
	struct err_msg what, whole;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what.text, sizeof(what.text), fmt, ap);
	va_end(ap);
	(void)err_set(&whole, ERR_PARSE, "%s:%zu: %.400s", path, line, what.text);
	c->found++;
	if (c->complain)
		c->complain(c->arg, whole.text);
}

static void say_rule(struct checking *c, const struct rule *rule, const char *what, const char *detail)
{
	say(c, c->r->rules_path, rule->line, "rule %s: %s%s", rule->id, what, detail);
}

/* --- names --- */

static void check_operators(struct checking *c, const struct rule *rule, const char *list)
{
	char name[128];

	for (const char *at = list; c->known->operators && *at;) {
		size_t n = strcspn(at, "|");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, at);
		if (!rules_list_has(c->known->operators, at, n))
			say_rule(c, rule, "unknown operator, not in operators.txt: ", name);
		at += n + (at[n] == '|');
	}
}

static bool has_service(const struct target_list *book, const char *service)
{
	for (size_t i = 0; i < book->n; i++) {
		const struct target_info *info = target_info(book, &book->v[i]);

		if (info && strcasecmp(info->service, service) == 0)
			return true;
	}
	return false;
}

static void check_names(struct checking *c, const struct rule *rule)
{
	check_operators(c, rule, rule->operators);
	for (size_t i = 0; i < rule->n_scopes; i++) {
		const struct rules_scope *s = &rule->scopes[i];

		if (s->kind == RULES_OPERATOR || s->kind == RULES_OWNER)
			check_operators(c, rule, s->name);
		if (s->kind == RULES_SERVICE && c->known->book && !has_service(c->known->book, s->name))
			say_rule(c, rule, "unreachable: no target is called ", s->name);
	}
	if (!rule->sourced)
		say_rule(c, rule, "does not say where it is from", "");
}

/* --- rules --- */

/* A target in whose scope the rule is; a rule that counts everywhere has none of its own. */
static struct ident_target target_of(const struct rule *rule)
{
	struct ident_target t = {.service = "", .operators = ""};

	for (size_t i = 0; i < rule->n_scopes; i++) {
		const struct rules_scope *s = &rule->scopes[i];

		if (s->kind == RULES_SERVICE)
			t.service = s->name;
		else if (s->kind == RULES_OPERATOR || s->kind == RULES_OWNER)
			t.operators = s->name;
		else if (s->kind == RULES_PREFIX)
			t.addr = s->prefix.addr;
		if (s->kind != RULES_EVERYWHERE)
			break;
	}
	return t;
}

static enum rules_source source_of(const struct rule *rule)
{
	for (int s = RULES_ANY + 1; s < RULES_SOURCES; s++)
		if (rule->sources >> s & 1)
			return (enum rules_source)s;
	return RULES_ANY;
}

static int check_example(struct checking *c, const struct rule *rule)
{
	const uint8_t *p = (const uint8_t *)rule->example;
	size_t n = strlen(rule->example);
	struct ident_target target = target_of(rule);
	struct ident_trial t = ident_try(c->r, rule, source_of(rule), 0, p, n);
	struct ident_scope scope;
	struct ident id;

	if (t.reason == IDENT_NO_FIT)
		say_rule(c, rule, "its example does not fit its template: ", rule->example);
	if (t.reason == IDENT_NO_CODE)
		say_rule(c, rule, "missing code: none of its code systems knows that of its example ",
			rule->example);
	if (t.reason != IDENT_FITS)
		return 0;
	if (ident_scope_of(&scope, c->r, &target, 1) < 0)
		return ERR_NOMEM;
	id = ident_decode(c->r, &scope, source_of(rule), 0, p, n);
	ident_scope_free(&scope);
	if (id.rule != rule)
		say_rule(c, rule, "unreachable: its example is taken by rule ",
			id.rule ? id.rule->id : "(none)");
	return 0;
}

static bool scopes_meet(const struct rules_scope *a, const struct rules_scope *b)
{
	if (a->kind == RULES_PREFIX && b->kind == RULES_PREFIX)
		return addr_in(&a->prefix.addr, &b->prefix) || addr_in(&b->prefix.addr, &a->prefix);
	if (a->kind == RULES_OPERATOR || a->kind == RULES_OWNER)
		return (b->kind == RULES_OPERATOR || b->kind == RULES_OWNER) && strcmp(a->name, b->name) == 0;
	return a->kind == b->kind && (a->kind == RULES_EVERYWHERE || strcmp(a->name, b->name) == 0);
}

/* Whether both may be asked about one answer of one target on one day. */
static bool rules_meet(const struct rule *a, const struct rule *b)
{
	if (!(a->sources & b->sources & ~(1U << RULES_ANY)))
		return false;
	if ((a->to && a->to < b->from) || (b->to && b->to < a->from))
		return false;
	for (size_t i = 0; i < a->n_scopes; i++)
		for (size_t k = 0; k < b->n_scopes; k++)
			if (scopes_meet(&a->scopes[i], &b->scopes[k]))
				return true;
	return false;
}

static void check_overlaps(struct checking *c, size_t at)
{
	const struct rule *rule = &c->r->v[at];

	for (size_t i = 0; i < at; i++)
		if (rules_meet(&c->r->v[i], rule) && template_overlap(&c->r->v[i].template, &rule->template))
			say_rule(c, rule, "overlaps rule ", c->r->v[i].id);
}

/* --- tables --- */

/* Flat and fast: good enough for hundreds of km. */
static double rough_km(double lat_a, double lon_a, double lat_b, double lon_b)
{
	double dlon = fabs(lon_a - lon_b), dlat = lat_a - lat_b;

	dlon = (dlon > 180 ? 360 - dlon : dlon) * cos((lat_a + lat_b) / 2 * M_PI / 180);
	return KM_PER_DEGREE * sqrt(dlat * dlat + dlon * dlon);
}

/* How near the code lies to any city of its country, and to those of its name: HUGE_VAL for none. */
struct near {
	bool country; /* there is such a country */
	bool large;   /* a city of that name is well known */
	double any_km, own_km;
};

static struct near look_around(const struct place_book *book, const struct rules_code *code)
{
	struct near near = {.any_km = HUGE_VAL, .own_km = HUGE_VAL};

	for (size_t i = 0; i < book->n; i++) {
		const struct place *p = &book->v[i];
		double km;

		if (strcmp(p->country, code->country) != 0)
			continue;
		near.country = true;
		if (i < book->first_city)
			continue;
		km = rough_km(code->lat, code->lon, (double)p->lat, (double)p->lon);
		near.any_km = fmin(near.any_km, km);
		if (strcasecmp(p->name, code->city) != 0)
			continue;
		near.own_km = fmin(near.own_km, km);
		near.large = near.large || p->population >= LARGE;
	}
	return near;
}

static void check_coordinates(struct checking *c, const struct rules_code *code)
{
	struct near near = look_around(&c->r->places, code);

	if (!near.country && c->r->places.n > 0)
		say(c, c->r->tables_path, code->line, "unknown country %s", code->country);
	else if (near.large && near.own_km > TOWN_KM)
		say(c, c->r->tables_path, code->line, "bad coordinates: %.3f,%.3f is %.0f km from %s, %s",
			code->lat, code->lon, near.own_km, code->city, code->country);
	else if (isfinite(near.any_km) && near.any_km > COUNTRY_KM)
		say(c, c->r->tables_path, code->line,
			"bad coordinates: %.3f,%.3f (%s) is %.0f km from any city of %s", code->lat,
			code->lon, code->city, near.any_km, code->country);
}

static void check_tables(struct checking *c)
{
	for (size_t i = 0; i < c->r->n_tables; i++)
		if (!c->r->tables[i].used)
			say(c, c->r->tables_path, c->r->tables[i].line, "no rule uses table %s",
				c->r->tables[i].name);
	for (size_t i = 0; i < c->r->n_codes; i++) {
		const struct rules_code *code = &c->r->codes[i];

		check_coordinates(c, code);
		if (!code->sourced)
			say(c, c->r->tables_path, code->line, "the code %s does not say where it is from",
				code->key);
	}
}

int ident_check(const struct rules *r, const struct ident_known *known, rules_complain *complain, void *arg)
{
	struct checking c = {.r = r, .known = known, .complain = complain, .arg = arg};

	for (size_t i = 0; i < r->n; i++) {
		if (check_example(&c, &r->v[i]) < 0)
			return ERR_NOMEM;
		check_overlaps(&c, i);
		check_names(&c, &r->v[i]);
	}
	check_tables(&c);
	return c.found;
}
