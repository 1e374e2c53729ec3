#include "data/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- sets of bytes --- */

static void set_add(uint64_t set[static 4], uint8_t byte)
{
	set[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

static void set_add_any_case(uint64_t set[static 4], uint8_t byte)
{
	set_add(set, (uint8_t)tolower(byte));
	set_add(set, (uint8_t)toupper(byte));
}

static inline bool set_has(const uint64_t set[static 4], uint8_t byte)
{
	return set[byte >> 6] >> (byte & 63) & 1;
}

static bool sets_meet(const uint64_t a[static 4], const uint64_t b[static 4])
{
	return (a[0] & b[0]) | (a[1] & b[1]) | (a[2] & b[2]) | (a[3] & b[3]);
}

static void set_add_range(uint64_t set[static 4], char first, char last)
{
	for (int c = (uint8_t)first; c <= (uint8_t)last; c++)
		set_add_any_case(set, (uint8_t)c);
}

/* --- compiling --- */

/* A template's text, cut into steps; which of them stand in the k-th pair of brackets. */
struct parsed {
	const char *text, *at;
	struct template_step steps[TEMPLATE_STEPS_MAX];
	uint8_t group[TEMPLATE_STEPS_MAX]; /* 0 none, else 1 + number of the brackets */
	uint8_t last[TEMPLATE_STEPS_MAX];  /* lower case of a text byte, 0 for a capture */
	size_t n, groups;
	bool open;
	struct err_msg *why;
};

static int refuse(const struct parsed *p, const char *what)
{
	return err_set(
		p->why, ERR_PARSE, "template '%s', at %zu: %s", p->text, (size_t)(p->at - p->text) + 1, what);
}

static struct template_step *new_step(struct parsed *p)
{
	if (p->n == TEMPLATE_STEPS_MAX)
		return NULL;
	p->group[p->n] = p->open ? (uint8_t)p->groups : 0;
	return &p->steps[p->n++];
}

static int parse_set(struct parsed *p, uint64_t set[static 4])
{
	char c = *p->at++;

	if (c == 'a' || c == 'w' || c == 'h')
		set_add_range(set, 'a', 'z');
	if (c == 'd' || c == 'w' || c == 'h')
		set_add_range(set, '0', '9');
	if (c == 'h')
		set_add(set, '-');
	if (c == '(') {
		for (; isalnum((unsigned char)*p->at); p->at++)
			set_add_any_case(set, (uint8_t)*p->at);
		return *p->at++ == ')' ? 0 : (p->at--, refuse(p, "letters and digits, then ) expected"));
	}
	return strchr("adwh", c) && c ? 0 : (p->at--, refuse(p, "a, d, w, h or (letters) expected"));
}

static uint16_t parse_number(struct parsed *p)
{
	unsigned v = 0;

	for (; isdigit((unsigned char)*p->at); p->at++)
		v = v > TEMPLATE_TEXT_MAX ? v : v * 10 + (unsigned)(*p->at - '0');
	return (uint16_t)v;
}

static int parse_length(struct parsed *p, struct template_step *s)
{
	s->min = 1;
	s->max = TEMPLATE_TEXT_MAX;
	if (!isdigit((unsigned char)*p->at))
		return 0;
	s->min = s->max = parse_number(p);
	if (*p->at == '-') {
		p->at++;
		s->max = parse_number(p);
	}
	return s->min > 0 && s->min <= s->max && s->max <= TEMPLATE_TEXT_MAX
		       ? 0
		       : refuse(p, "a length from 1 to 255, or two with - between, expected");
}

static int parse_capture(struct parsed *p)
{
	const char *name = ++p->at;
	struct template_step *s = new_step(p);
	size_t n = strcspn(name, ":{}[]");

	if (!s)
		return refuse(p, "too long");
	if (n == 0 || name[n] != ':')
		return refuse(p, "a name and : expected");
	if (n == 4 && memcmp(name, "code", 4) == 0)
		s->capture = TEMPLATE_CODE;
	if (n == 2 && memcmp(name, "cc", 2) == 0)
		s->capture = TEMPLATE_CC;
	for (size_t i = 0; s->capture && i + 1 < p->n; i++)
		if (p->steps[i].capture == s->capture)
			return refuse(p, "a second capture of this name");
	p->at += n + 1;
	if (parse_set(p, s->set) < 0 || parse_length(p, s) < 0)
		return ERR_PARSE;
	return *p->at++ == '}' ? 0 : (p->at--, refuse(p, "} expected"));
}

static int parse_bracket(struct parsed *p)
{
	if (p->open == (*p->at == '['))
		return refuse(p, p->open ? "brackets inside brackets" : "no bracket is open");
	if (*p->at == '[' && p->groups++ == TEMPLATE_OPTIONAL_MAX)
		return refuse(p, "more than four optional parts");
	p->open = !p->open;
	p->at++;
	return 0;
}

static int parse_text(struct parsed *p)
{
	struct template_step *s = new_step(p);

	if (!s)
		return refuse(p, "too long");
	set_add_any_case(s->set, (uint8_t)*p->at);
	s->min = s->max = 1;
	p->last[p->n - 1] = (uint8_t)tolower((unsigned char)*p->at++);
	return 0;
}

static int parse(struct parsed *p)
{
	int rc = 0;

	if (!*p->text || strlen(p->text) > TEMPLATE_TEXT_MAX)
		return refuse(p, "1 to 255 bytes expected");
	while (rc == 0 && *p->at) {
		if (*p->at == '{')
			rc = parse_capture(p);
		else if (*p->at == '[' || *p->at == ']')
			rc = parse_bracket(p);
		else if (*p->at == '}')
			rc = refuse(p, "no { before it");
		else
			rc = parse_text(p);
	}
	if (rc == 0 && p->open)
		return refuse(p, "] expected");
	return rc == 0 && p->n == 0 ? refuse(p, "something to fit expected") : rc;
}

/* The steps that are there when the brackets of `present` (a bit each) are. */
static size_t expand(
	const struct parsed *p, unsigned present, struct template_step *to, struct template_variant *v)
{
	*v = (struct template_variant){.steps = to};
	for (size_t i = 0; i < p->n; i++) {
		if (p->group[i] && !(present >> (p->group[i] - 1) & 1))
			continue;
		*to++ = p->steps[i];
		v->n++;
		v->last = p->last[i];
		v->min = (uint16_t)(v->min + p->steps[i].min);
		v->max = (uint16_t)(v->max + p->steps[i].max);
	}
	return v->n;
}

int template_compile(struct template *t, const char *text, struct err_msg *why)
{
	struct parsed p = {.text = text, .at = text, .why = why};
	unsigned variants;
	size_t used = 0;
	int rc;

	memset(t, 0, sizeof(*t));
	rc = parse(&p);
	if (rc < 0)
		return rc;
	variants = 1U << p.groups;
	t->steps = calloc((size_t)variants * p.n + 1, sizeof(*t->steps));
	if (!t->steps)
		return err_set(why, ERR_NOMEM, "out of memory for a template");
	for (unsigned present = variants; present-- > 0;)
		used += expand(&p, present, t->steps + used, &t->variants[t->n++]);
	while (t->same < p.n && p.group[t->same] == 0)
		t->same++;
	for (size_t i = 0; i < p.n; i++)
		if (p.group[i] == 0)
			t->captures[p.steps[i].capture] = true;
	return 0;
}

void template_free(struct template *t)
{
	free(t->steps);
	memset(t, 0, sizeof(*t));
}

/* --- matching --- */

/* How far the variant goes in the bytes; *whole: it takes all of them. */
static size_t variant_reach(
	const struct template_variant *v, const uint8_t *p, size_t n, struct template_match *m, bool *whole)
{
	size_t at = 0;

	*whole = false;
	for (const struct template_step *s = v->steps; s < v->steps + v->n; s++) {
		size_t begin = at, limit = n - at < s->max ? n : at + s->max;

		while (at < limit && set_has(s->set, p[at]))
			at++;
		if (at - begin < s->min)
			return at;
		m->capture[s->capture] = (struct template_span){p + begin, at - begin};
	}
	*whole = at == n;
	return at;
}

bool template_fits(const struct template *t, const uint8_t *p, size_t n, struct template_match *m)
{
	bool whole = false;

	for (const struct template_variant *v = t->variants; v < t->variants + t->n && !whole; v++) {
		if (n < v->min || n > v->max || (v->last && (p[n - 1] | 0x20) != (v->last | 0x20)))
			continue;
		memset(m->capture, 0, sizeof(m->capture));
		(void)variant_reach(v, p, n, m, &whole);
	}
	return whole;
}

size_t template_reach(const struct template *t, const uint8_t *p, size_t n)
{
	struct template_match m;
	size_t best = 0;
	bool whole;

	for (const struct template_variant *v = t->variants; v < t->variants + t->n; v++) {
		size_t reach = variant_reach(v, p, n, &m, &whole);

		best = reach > best ? reach : best;
	}
	return best;
}

/* --- do two forms overlap? --- */

enum { STATES_MAX = 127 };

/* A form as an automaton: a state for each byte that must come, and the last of a step is kept for the bytes that may. */
struct automaton {
	const struct template_step *of[STATES_MAX]; /* what a state takes */
	bool stays[STATES_MAX];                     /* it may take more */
	size_t n;
};

/* Runs longer than what is kept of them count as open: this says yes too often rather than too rarely. */
static void automaton_make(struct automaton *a, const struct template_variant *v)
{
	size_t room = STATES_MAX - v->n;

	memset(a, 0, sizeof(*a));
	for (const struct template_step *s = v->steps; s < v->steps + v->n; s++) {
		size_t must = s->min - 1U < room ? s->min - 1U : room;

		room -= must;
		for (size_t i = 0; i <= must; i++) {
			a->stays[a->n] = i == must && (s->max > s->min || must < s->min - 1U);
			a->of[a->n++] = s;
		}
	}
}

/* reached[i] has bit j: a string exists that leads to state i of one and j of the other, both about to take a byte. A state
 * one past the last is the end. */
struct product {
	const struct automaton *a, *b;
	uint64_t reached[STATES_MAX + 1][2];
};

static void product_add(struct product *p, size_t i, size_t j)
{
	p->reached[i][j >> 6] |= UINT64_C(1) << (j & 63);
}

static bool product_has(const struct product *p, size_t i, size_t j)
{
	return p->reached[i][j >> 6] >> (j & 63) & 1;
}

/* From (i, j) over one common byte: each goes on, or stays where it may. */
static void product_step(struct product *p, size_t i, size_t j)
{
	if (!product_has(p, i, j) || !sets_meet(p->a->of[i]->set, p->b->of[j]->set))
		return;
	product_add(p, i + 1, j + 1);
	if (p->a->stays[i])
		product_add(p, i, j + 1);
	if (p->b->stays[j])
		product_add(p, i + 1, j);
}

/* They differ in a byte of the first n steps, before anything of variable length comes: most pairs do. */
static bool differ_early(const struct template_variant *x, const struct template_variant *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct template_step *a = &x->steps[i], *b = &y->steps[i];

		if (!sets_meet(a->set, b->set))
			return true;
		if (a->max > 1 || b->max > 1)
			return false;
	}
	return false;
}

static bool variants_overlap(const struct template_variant *x, const struct template_variant *y)
{
	struct automaton a, b;
	struct product p = {&a, &b, {{0}}};

	if (x->max < y->min || y->max < x->min ||
		(x->last && y->last && (x->last | 0x20) != (y->last | 0x20)))
		return false;
	automaton_make(&a, x);
	automaton_make(&b, y);
	product_add(&p, 0, 0);
	/* No step leads back, so that one pass in this order meets every state after all that lead to it. */
	for (size_t i = 0; i < a.n; i++)
		for (size_t j = 0; j < b.n; j++)
			product_step(&p, i, j);
	return product_has(&p, a.n, b.n);
}

bool template_overlap(const struct template *a, const struct template *b)
{
	if (differ_early(a->variants, b->variants, a->same < b->same ? a->same : b->same))
		return false;
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (variants_overlap(&a->variants[i], &b->variants[j]))
				return true;
	return false;
}
