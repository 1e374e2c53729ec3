#include "cmd/comparing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/reinfer.h"
#include "infer/alike.h"
#include "infer/catchment_pair.h"
#include "infer/weights.h"

static int nomem(struct comparing *c)
{
	return err_set(&c->why, ERR_NOMEM, "out of memory");
}

void comparing_warn(void *arg, const char *text)
{
	struct comparing *c = arg;
	char *kept = strdup(text);

	if (c->aloud)
		command_warn(text);
	if (kept && vec_reserve(&c->warnings, &c->cap_warnings, c->n_warnings + 1) == 0)
		c->warnings[c->n_warnings++] = kept;
	else
		free(kept);
}

/* --- what to read --- */

static int read_again(struct comparing *c, struct catchment_set *s, const char *path)
{
	struct reinfer again;
	int rc = reinfer_run(&again, path, c->o, &c->why);

	if (rc == 0)
		rc = catchment_set_read_beside(s, &c->names, path, again.folder, &c->why);
	c->partial |= again.partial;
	reinfer_remove(&again);
	return rc;
}

int comparing_read(struct comparing *c, struct catchment_set *s, const char *path)
{
	return c->o->reinfer ? read_again(c, s, path) : catchment_set_read(s, &c->names, path, &c->why);
}

int comparing_read_two(struct comparing *c, struct catchment_set *s, const char *const path[static 2])
{
	int rc = 0;

	if (!c->o->reinfer)
		return catchment_pair_read(s, &c->names, path, &c->why);
	for (size_t i = 0; rc == 0 && i < 2; i++)
		rc = read_again(c, &s[i], path[i]);
	return rc;
}

static int check_alike(struct comparing *c, const struct catchment_set *a, const struct catchment_set *b)
{
	int rc;

	if (!a->folder || !b->folder || a == b)
		return 0;
	rc = alike_check(a->folder, b->folder, comparing_warn, c, &c->why);
	if (rc == 0 && !c->o->reinfer)
		alike_rules(a->folder, b->folder, comparing_warn, c);
	return rc;
}

static bool is_same_run(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A run beside itself has no noise: what followed from it would be false. */
static int check_base(struct comparing *c, const char *path)
{
	bool old = is_same_run(path, c->before->path);

	if (!old && !is_same_run(path, c->now->path))
		return 0;
	return err_set(&c->why, ERR_PARSE, "--baseline %s is the %s run itself: give one before it", path,
		old ? "old" : "new");
}

static int read_bases(struct comparing *c)
{
	int rc = 0;

	c->bases = calloc(c->o->n_baselines + 1, sizeof(*c->bases));
	if (!c->bases)
		return nomem(c);
	for (size_t i = 0; rc == 0 && i < c->o->n_baselines; i++) {
		rc = check_base(c, c->o->baselines[i]);
		if (rc == 0)
			rc = comparing_read(c, &c->bases[c->n_bases++], c->o->baselines[i]);
		if (rc == 0)
			rc = check_alike(c, &c->bases[i], c->before);
	}
	return rc;
}

/* --- how to compare --- */

static int word_of(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static int choose(struct comparing *c)
{
	static const char *const weights[] = {"vp", "as", "country", NULL};
	int weight = c->o->weight ? word_of(c->o->weight, weights) : COMPARE_BY_VP;

	c->how =
		(struct compare_options){.weight = weight < 0 ? COMPARE_BY_FILE : (enum compare_weight)weight,
			.cluster = (enum compare_cluster)c->o->cluster,
			.alpha = c->o->alpha};
	if (weight >= 0)
		return 0;
	if (weights_read(c->o->weight, &c->names, &c->weights, &c->how.n_file_weight, &c->why) < 0)
		return ERR_PARSE;
	c->how.file_weight = c->weights;
	return 0;
}

/* --- which targets --- */

static const char *service_of(const struct catchment_set *s, uint32_t target)
{
	return catchment_set_name(s, s->targets[target].service);
}

bool comparing_wants(const struct catchment_set *s, uint32_t target, const char *name)
{
	struct addr a;

	if (!name)
		return true;
	if (addr_parse(name, &a) == 0)
		return addr_equal(&a, &s->targets[target].addr);
	return strcmp(service_of(s, target), name) == 0;
}

static int add_pair(struct comparing *c, uint32_t before, uint32_t now)
{
	if (vec_reserve(&c->pairs, &c->cap_pairs, c->n_pairs + 1) < 0)
		return nomem(c);
	c->pairs[c->n_pairs++] = (struct comparing_pair){before, now, service_of(c->before, before)};
	return 0;
}

/* The one target of the run that has this name. */
static int find_one(struct comparing *c, const char *name, uint32_t *out)
{
	size_t n = 0;

	for (uint32_t t = 0; t < c->before->n_targets; t++)
		if (comparing_wants(c->before, t, name)) {
			*out = t;
			n++;
		}
	if (n == 0)
		return err_set(&c->why, ERR_PARSE, "%s: no target '%s' in it", c->before->path, name);
	if (n > 1)
		return err_set(&c->why, ERR_PARSE,
			"'%s' is %zu addresses in %s: name one of them; addresses are never pooled", name, n,
			c->before->path);
	return 0;
}

static int pair_two(struct comparing *c, const char *against)
{
	uint32_t a = 0, b = 0;

	if (find_one(c, c->o->target, &a) < 0 || find_one(c, against, &b) < 0)
		return ERR_PARSE;
	if (c->before->targets[a].addr.family != c->before->targets[b].addr.family)
		comparing_warn(c, "IPv4 against IPv6: routes differ between them as a rule, not by a change");
	return add_pair(c, a, b);
}

static void warn_missing(struct comparing *c, size_t n, const char *in, const char *not_in)
{
	char text[256];

	if (n == 0)
		return;
	(void)snprintf(text, sizeof(text), "%zu %s in %.80s only, not in %.80s", n,
		n == 1 ? "target is" : "targets are", in, not_in);
	comparing_warn(c, text);
}

/* Those that are wanted of a, and not in b. */
static size_t count_missing(
	const struct comparing *c, const struct catchment_set *a, const struct catchment_set *b)
{
	size_t n = 0;

	for (uint32_t t = 0; t < a->n_targets; t++)
		n += comparing_wants(a, t, c->o->target) &&
		     catchment_set_target(b, &a->targets[t].addr) == CATCHMENT_NONE;
	return n;
}

static int pair_all(struct comparing *c)
{
	const struct catchment_set *a = c->before, *b = c->now;

	for (uint32_t t = 0; t < a->n_targets; t++) {
		uint32_t now = catchment_set_target(b, &a->targets[t].addr);

		if (now != CATCHMENT_NONE && comparing_wants(a, t, c->o->target) && add_pair(c, t, now) < 0)
			return ERR_NOMEM;
	}
	if (c->n_pairs == 0)
		return err_set(&c->why, ERR_PARSE, "%s and %s have no target%s%s in common", a->path, b->path,
			c->o->target ? " " : "", c->o->target ? c->o->target : "");
	warn_missing(c, count_missing(c, a, b), a->path, b->path);
	warn_missing(c, count_missing(c, b, a), b->path, a->path);
	return 0;
}

/* By service; the addresses of each stay in their order. */
static int by_service(const void *a, const void *b)
{
	const struct comparing_pair *x = a, *y = b;
	int order = strcmp(x->service, y->service);

	return order ? order : (x->before > y->before) - (x->before < y->before);
}

/* --- comparing --- */

static int test(struct comparing *c, struct comparison *pair)
{
	struct compare_side *base = malloc((c->n_bases + 1) * sizeof(*base));
	size_t n = 0;
	int rc;

	if (!base)
		return nomem(c);
	for (size_t i = 0; i < c->n_bases; i++) {
		uint32_t t = catchment_set_target(&c->bases[i], &compare_target(&pair->before)->addr);

		if (t != CATCHMENT_NONE)
			base[n++] = (struct compare_side){&c->bases[i], t};
	}
	rc = n > 0 ? compare_baseline(pair, base, n, &c->why) : 0;
	free(base);
	return rc;
}

/* Said once, of the first pair. */
static void warn_order(struct comparing *c, const struct comparing_pair *p)
{
	const struct compare_side before = {c->before, p->before}, now = {c->now, p->now};
	char text[256];

	if (c->n > 1 || !(compare_lag_s(&before, &now) < 0))
		return;
	(void)snprintf(text, sizeof(text), "%.80s is later than %.80s: old and new seem to be exchanged",
		c->before->path, c->now->path);
	comparing_warn(c, text);
}

static int compare_pairs(struct comparing *c)
{
	int rc = 0;

	c->v = calloc(c->n_pairs, sizeof(*c->v));
	if (!c->v)
		return nomem(c);
	qsort(c->pairs, c->n_pairs, sizeof(*c->pairs), by_service);
	while (rc == 0 && c->n < c->n_pairs) {
		const struct comparing_pair *p = &c->pairs[c->n];
		struct comparison *pair = &c->v[c->n++];

		warn_order(c, p);
		rc = compare_targets(pair, &c->how, (struct compare_side){c->before, p->before},
			(struct compare_side){c->now, p->now}, &c->why);
		if (rc == 0)
			rc = test(c, pair);
	}
	return rc == 0 ? compare_judge(c->v, c->n, &c->why) : rc;
}

int comparing_run(struct comparing *c, const struct catchment_set *before, const struct catchment_set *now,
	const char *against)
{
	int rc;

	c->before = before;
	c->now = now;
	rc = check_alike(c, before, now);
	if (rc == 0)
		rc = read_bases(c);
	if (rc == 0)
		rc = choose(c);
	if (rc == 0)
		rc = against ? pair_two(c, against) : pair_all(c);
	return rc == 0 ? compare_pairs(c) : rc;
}

void comparing_free(struct comparing *c)
{
	for (size_t i = 0; i < c->n; i++)
		compare_free(&c->v[i]);
	for (size_t i = 0; i < c->n_bases; i++)
		catchment_set_free(&c->bases[i]);
	for (size_t i = 0; i < c->n_warnings; i++)
		free(c->warnings[i]);
	intern_free(&c->names);
	free(c->v);
	free(c->bases);
	free(c->warnings);
	free(c->weights);
	free(c->pairs);
}
