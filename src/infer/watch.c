#include "infer/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "infer/ident.h"

/* A round that is not over: who met what. */
struct open_round {
	uint64_t number;
	struct wall last;
	int32_t *site; /* by vantage point */
};
enum { OPEN_MAX = 3 };

struct watched {
	struct addr addr;
	const struct target_info *info;
	struct ident_scope scope;
	struct news *news;
	struct intern sites;
	uint64_t *newest; /* by vantage point: its newest round plus 1; 0: it never was here */
	size_t n_vps, cap_vps;
	struct open_round open[OPEN_MAX]; /* in order */
	size_t n_open;
	uint64_t judged; /* rounds below this are over */
};

struct watch {
	struct watch_config c;
	struct intern vps, addrs;
	struct watched **targets; /* by number in addrs */
	size_t n_targets, cap_targets;
};

struct watch *watch_new(const struct watch_config *c)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w)
		w->c = *c;
	return w;
}

static void free_watched(struct watched *t)
{
	ident_scope_free(&t->scope);
	news_free(t->news);
	intern_free(&t->sites);
	free(t->newest);
	for (size_t i = 0; i < OPEN_MAX; i++)
		free(t->open[i].site);
	free(t);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_targets; i++)
		free_watched(w->targets[i]);
	intern_free(&w->vps);
	intern_free(&w->addrs);
	free(w->targets);
	free(w);
}

/* --- names --- */

const char *watch_vp(const struct watch_news *n, uint32_t vp)
{
	size_t len;

	return (const char *)intern_at(&n->watch->vps, vp, &len);
}

const char *watch_site(const struct watch_news *n, int32_t site)
{
	size_t len;

	return (const char *)intern_at(&((const struct watched *)n->of)->sites, (uint32_t)site, &len);
}

static struct watched *new_watched(const struct watch *w, const struct addr *addr)
{
	static const struct target_info nothing = {"", "", "", "", ""};
	struct watched *t = calloc(1, sizeof(*t));
	const struct target *known = target_find(w->c.book, addr);
	struct ident_target about = {.addr = *addr};

	if (!t)
		return NULL;
	t->addr = *addr;
	t->info = known ? target_info(w->c.book, known) : NULL;
	if (!t->info)
		t->info = &nothing;
	about.service = t->info->service;
	about.operators = t->info->operators;
	t->news = news_new(NULL, 0);
	if (t->news && ident_scope_of(&t->scope, w->c.rules, &about, 1) == 0)
		return t;
	free_watched(t);
	return NULL;
}

static struct watched *target_of(struct watch *w, const struct addr *addr)
{
	int64_t id = intern_put(&w->addrs, addr, sizeof(*addr));
	struct watched *t;

	if (id < 0)
		return NULL;
	if ((size_t)id < w->n_targets)
		return w->targets[id];
	if (vec_reserve(&w->targets, &w->cap_targets, w->n_targets + 1) < 0)
		return NULL;
	t = new_watched(w, addr);
	if (t)
		w->targets[w->n_targets++] = t;
	return t;
}

/* Makes room at the target for all vantage points that are known so far. */
static int admit(const struct watch *w, struct watched *t)
{
	while (t->n_vps < w->vps.n) {
		size_t len, cap = t->cap_vps;
		const char *name = (const char *)intern_at(&w->vps, (uint32_t)t->n_vps, &len);
		const struct vantage *v = vantage_find(w->c.vantage, name);

		if (vec_reserve(&t->newest, &t->cap_vps, t->n_vps + 1) < 0)
			return ERR_NOMEM;
		for (size_t i = 0; i < OPEN_MAX && t->cap_vps > cap; i++) {
			int32_t *site = realloc(t->open[i].site, t->cap_vps * sizeof(*site));

			if (!site)
				return ERR_NOMEM;
			t->open[i].site = site;
		}
		for (size_t i = 0; i < OPEN_MAX; i++)
			t->open[i].site[t->n_vps] = NEWS_NO_SITE;
		t->newest[t->n_vps++] = 0;
		if (news_add_vp(t->news, v ? v->asn : 0) < 0)
			return ERR_NOMEM;
	}
	return 0;
}

/* --- rounds --- */

struct telling {
	const struct watch *w;
	struct watched *t;
	struct wall at;
};

static void tell(void *arg, const struct news_event *e)
{
	const struct telling *g = arg;
	struct watch_news n = {g->t->addr, g->t->info->service, g->at, e, g->w, g->t};

	g->w->c.tell(g->w->c.arg, &n);
}

/* Judges the oldest open round. */
static int judge(const struct watch *w, struct watched *t)
{
	struct open_round r = t->open[0];
	struct telling g = {w, t, r.last};

	memmove(t->open, t->open + 1, (OPEN_MAX - 1) * sizeof(*t->open));
	t->open[OPEN_MAX - 1] = (struct open_round){.site = r.site};
	t->n_open--;
	t->judged = r.number + 1;
	return news_round(t->news, (uint32_t)r.number, r.site, tell, &g);
}

/* Whether every vantage point that ever was here has begun a later round. */
static bool is_over(const struct watched *t, uint64_t round)
{
	for (size_t i = 0; i < t->n_vps; i++)
		if (t->newest[i] && t->newest[i] - 1 <= round)
			return false;
	return true;
}

/* The open round of that number, made if need be; NULL when it is over already. */
static struct open_round *round_of(struct watched *t, uint64_t number)
{
	struct open_round *r;
	size_t at = t->n_open;

	for (size_t i = 0; i < t->n_open; i++)
		if (t->open[i].number == number)
			return &t->open[i];
	if (number < t->judged || t->n_open == OPEN_MAX)
		return NULL;
	r = &t->open[t->n_open++];
	*r = (struct open_round){.number = number, .site = r->site};
	for (size_t i = 0; i < t->n_vps; i++)
		r->site[i] = NEWS_NO_SITE;
	for (; at > 0 && t->open[at - 1].number > number; at--) {
		struct open_round other = t->open[at];

		t->open[at] = t->open[at - 1];
		t->open[at - 1] = other;
	}
	return &t->open[at];
}

/* Ends what a row of that round shows to be over. */
static int end_older(const struct watch *w, struct watched *t, uint64_t number)
{
	int rc = 0;

	while (rc == 0 && t->n_open > 0 && t->open[0].number < number &&
		(t->open[0].number + 2 <= number || t->n_open == OPEN_MAX || is_over(t, t->open[0].number)))
		rc = judge(w, t);
	return rc;
}

static uint64_t number_of(const struct watch *w, const struct record *r)
{
	return w->c.every_ns > 0 ? (uint64_t)(r->tx_time.ns / w->c.every_ns) : r->round;
}

/* Which site the row names, by number, or NEWS_NO_SITE. */
static int site_of(const struct watch *w, struct watched *t, const struct record *r, int32_t *site)
{
	struct ident id;
	int64_t number;

	*site = NEWS_NO_SITE;
	if (r->outcome != OUTCOME_REPLY)
		return 0;
	id = ident_answer(w->c.rules, &t->scope, w->c.day, r->nsid, r->txt, r->question);
	if (id.status != IDENT_SITE && id.status != IDENT_KEY)
		return 0;
	number = intern_put(&t->sites, id.site, strlen(id.site));
	if (number < 0)
		return ERR_NOMEM;
	*site = (int32_t)number;
	return 0;
}

int watch_row(struct watch *w, const struct record *r)
{
	int64_t vp;
	int32_t site;
	uint64_t number = number_of(w, r);
	struct open_round *open;
	struct watched *t;

	if (r->probe != PROBE_DNS || r->flow != 0)
		return 0;
	vp = intern_put(&w->vps, r->vp, strlen(r->vp));
	t = vp < 0 ? NULL : target_of(w, &r->target);
	if (!t || admit(w, t) < 0 || site_of(w, t, r, &site) < 0)
		return ERR_NOMEM;
	if (t->newest[vp] <= number)
		t->newest[vp] = number + 1;
	if (end_older(w, t, number) < 0)
		return ERR_NOMEM;
	open = round_of(t, number);
	if (!open)
		return 0;
	if (open->site[vp] == NEWS_NO_SITE)
		open->site[vp] = site;
	if (open->last.ns < r->tx_time.ns)
		open->last = r->tx_time;
	return 0;
}

int watch_end(struct watch *w)
{
	for (size_t i = 0; i < w->n_targets; i++)
		while (w->targets[i]->n_open > 0)
			if (judge(w, w->targets[i]) < 0)
				return ERR_NOMEM;
	return 0;
}
