#include "report/news.h"

#include <jansson.h>

#include "base/err.h"
#include "data/json_text.h"

enum { NAMES_MAX = 8 };

/* Names of vantage points and keys of sites are safe as they are: both are checked where they come in. */
static void put_vps(FILE *out, const struct watch_news *n, const struct news_move *m, size_t count)
{
	for (size_t i = 0; i < count && i < NAMES_MAX; i++)
		(void)fprintf(out, "%s%s", i ? ", " : "", watch_vp(n, m[i].vp));
	if (count > NAMES_MAX)
		(void)fprintf(out, " and %zu more", count - NAMES_MAX);
}

/* How many moves from `m` on have the same two sites. */
static size_t same_sites(const struct news_move *m, size_t n)
{
	size_t same = 1;

	while (same < n && m[same].from == m->from && m[same].to == m->to)
		same++;
	return same;
}

static void put_gone(FILE *out, const struct watch_news *n)
{
	const struct news_event *e = n->event;

	(void)fprintf(out, "site %s is %s; %zu vantage points are served by ", watch_site(n, e->site),
		e->over ? "back" : "gone", e->n);
	if (e->over) {
		(void)fprintf(out, "it again: ");
		put_vps(out, n, e->move, e->n);
		return;
	}
	for (size_t i = 0, same; i < e->n; i += same) {
		same = same_sites(e->move + i, e->n - i);
		(void)fprintf(out, "%s%s (", i ? ", " : "", watch_site(n, e->move[i].to));
		put_vps(out, n, e->move + i, same);
		(void)fprintf(out, ")");
	}
}

static void put_many(FILE *out, const struct watch_news *n)
{
	const struct news_event *e = n->event;

	if (e->over) {
		(void)fprintf(out, "no more ASes move than usual");
		return;
	}
	(void)fprintf(out, "%u of %u ASes moved in one round; usual are %.2g %% (p %.1g): ", e->ases_moved,
		e->ases, 100 * e->q, e->p);
	for (size_t i = 0, same; i < e->n; i += same) {
		same = same_sites(e->move + i, e->n - i);
		(void)fprintf(out, "%s%s to %s (", i ? ", " : "", watch_site(n, e->move[i].from),
			watch_site(n, e->move[i].to));
		put_vps(out, n, e->move + i, same);
		(void)fprintf(out, ")");
	}
}

static void put_flip(FILE *out, const struct watch_news *n)
{
	const struct news_event *e = n->event;

	put_vps(out, n, e->move, e->n);
	(void)fprintf(out, "%s from %s to %s", e->over ? " went back" : " moved",
		watch_site(n, e->move->from), watch_site(n, e->move->to));
}

static const struct {
	const char *name;
	void (*put)(FILE *out, const struct watch_news *n);
} kinds[NEWS_KINDS] = {
	[NEWS_GONE] = {"gone", put_gone},
	[NEWS_MANY] = {"many", put_many},
	[NEWS_FLIP] = {"flip", put_flip},
};

int news_text(FILE *out, const struct watch_news *n)
{
	char time[CLOCK_TEXT_LEN], address[ADDR_TEXT_LEN];

	(void)fprintf(out, "%s %s%s%s: ", clock_text(n->at, time), n->service, *n->service ? " " : "",
		addr_text(&n->target, address));
	kinds[n->event->kind].put(out, n);
	return fputc('\n', out) == EOF || fflush(out) == EOF ? ERR_IO : 0;
}

static json_t *moves_of(const struct watch_news *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->event->n; i++) {
		const struct news_move *m = &n->event->move[i];

		(void)json_array_append_new(list,
			json_pack("{s:o, s:o, s:o}", "vp", json_text(watch_vp(n, m->vp)), "from",
				json_text(watch_site(n, m->from)), "to", json_text(watch_site(n, m->to))));
	}
	return list;
}

int news_json(FILE *out, const struct watch_news *n)
{
	const struct news_event *e = n->event;
	char time[CLOCK_TEXT_LEN], address[ADDR_TEXT_LEN];
	json_t *j = json_pack("{s:s, s:s, s:o, s:s, s:b, s:I, s:o}", "time", clock_text(n->at, time),
		"target", addr_text(&n->target, address), "service", json_text(n->service), "event",
		kinds[e->kind].name, "over", e->over, "round", (json_int_t)e->round, "moves", moves_of(n));
	int rc;

	if (!j)
		return ERR_NOMEM;
	if (e->kind == NEWS_GONE)
		(void)json_object_set_new(j, "site", json_text(watch_site(n, e->site)));
	if (e->kind == NEWS_MANY && !e->over) {
		(void)json_object_set_new(j, "ases", json_integer(e->ases));
		(void)json_object_set_new(j, "ases_moved", json_integer(e->ases_moved));
		(void)json_object_set_new(j, "usual_rate", json_real(e->q));
		(void)json_object_set_new(j, "p", json_real(e->p));
	}
	rc = json_dumpf(j, out, JSON_COMPACT | JSON_REAL_PRECISION(6)) < 0 || fputc('\n', out) == EOF ||
			     fflush(out) == EOF
		     ? ERR_IO
		     : 0;
	json_decref(j);
	return rc;
}
