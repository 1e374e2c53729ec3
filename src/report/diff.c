#include "report/diff.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "data/table.h"
#include "infer/signflip.h"

static const char *const verdict_names[] = {"CHANGED", "LOCAL", "SAME", "UNTESTED", "CANNOT"};
static const char *const fate_names[] = {
	"stays", "gone", "not-seen", "new", "seen-once", "renamed", "renamed-to"};
_Static_assert(sizeof(verdict_names) / sizeof(char *) == COMPARE_VERDICTS, "a name for each");
_Static_assert(sizeof(fate_names) / sizeof(char *) == COMPARE_FATES, "a name for each");

const char *diff_verdict_name(enum compare_verdict v)
{
	return verdict_names[v];
}

const char *diff_fate_name(enum compare_fate f)
{
	return fate_names[f];
}

/* A name from a file, fit for a terminal and for a line. */
struct shown {
	char text[64];
};

static struct shown show(const char *text)
{
	struct shown s;

	s.text[csv_escape(s.text, sizeof(s.text) - 1, text, strlen(text))] = '\0';
	return s;
}

static struct shown show_site(const struct comparison *c, uint32_t site)
{
	return show(compare_site_key(c, site));
}

/* --- sentences --- */

/* A sentence that is put together piece by piece, and cut where it is full. */
struct sentence {
	char *out;
	size_t n;
};

static void say(struct sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct sentence *s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->out + s->n, DIFF_SENTENCE_MAX - s->n, format, args);
	va_end(args);
	s->n += n < 0 ? 0 : (size_t)n;
	if (s->n >= DIFF_SENTENCE_MAX)
		s->n = DIFF_SENTENCE_MAX - 1;
}

static void say_target(struct sentence *s, const struct compare_side *side)
{
	const struct catchment_target *t = compare_target(side);
	char address[ADDR_TEXT_LEN];

	if (t->service)
		say(s, "%s ", show(catchment_set_name(side->set, t->service)).text);
	say(s, "%s", addr_text(&t->addr, address));
}

const char *diff_label(const struct comparison *c, char out[static DIFF_SENTENCE_MAX])
{
	struct sentence s = {out, 0};

	out[0] = '\0';
	say_target(&s, &c->before);
	if (!addr_equal(&compare_target(&c->before)->addr, &compare_target(&c->now)->addr)) {
		say(&s, " against ");
		say_target(&s, &c->now);
	}
	return out;
}

/* Vantage points of A of which it is not known which others they move with. */
static size_t count_alone(const struct comparison *c)
{
	bool country = c->options.cluster == COMPARE_OF_COUNTRY;
	const struct compare_group *g = country ? c->countries : c->networks;
	size_t n = country ? c->n_countries : c->n_networks;

	for (size_t i = 0; i < n; i++)
		if (g[i].id == 0)
			return g[i].vps;
	return 0;
}

static const char *clusters_name(const struct comparison *c, size_t n)
{
	static const char *const names[][2] = {{"AS", "ASes"}, {"country", "countries"}, {"VP", "VPs"}};
	bool known = count_alone(c) < c->a;

	return names[known ? c->options.cluster : COMPARE_OF_VP][n != 1];
}

static void say_moved(struct sentence *s, const struct comparison *c)
{
	if (c->moved == 0) {
		say(s, "nothing moved (%zu VPs)", c->a);
		return;
	}
	say(s, "%.1f %% moved (%zu of %zu VPs", 100 * c->moved_share, c->moved, c->a);
	if (c->options.cluster != COMPARE_OF_VP && count_alone(c) < c->a)
		say(s, ", %zu %s", c->clusters_moved, clusters_name(c, c->clusters_moved));
	say(s, ")");
}

static void say_p(struct sentence *s, const struct compare_test *t)
{
	bool least = !t->exact && t->p_holm * (SIGNFLIP_DRAWS + 1) < (double)t->targets + 0.5;

	if (t->p_holm >= 0.01)
		say(s, "p = %.2f", t->p_holm);
	else
		say(s, "p %s %.1g", least ? "<=" : "=", t->p_holm);
	if (t->targets > 1)
		say(s, " (Holm over %zu)", t->targets);
}

static void say_fates(struct sentence *s, const struct comparison *c)
{
	static const struct {
		enum compare_fate fate;
		const char *text;
	} told[] = {{COMPARE_GONE, "is gone"}, {COMPARE_NEW, "is new"}};
	enum { NAMED = 3 };

	for (size_t f = 0; f < sizeof(told) / sizeof(told[0]); f++)
		for (size_t i = 0, n = 0; i < c->n_sites; i++)
			if (c->sites[i].fate == told[f].fate && n++ < NAMED)
				say(s, "; %s %s", show_site(c, (uint32_t)i).text, told[f].text);
	for (size_t i = 0, n = 0; i < c->n_sites; i++)
		if (c->sites[i].fate == COMPARE_RENAMED && n++ < NAMED)
			say(s, "; %s goes on as %s", show_site(c, (uint32_t)i).text,
				show_site(c, c->sites[i].other).text);
}

static void say_changed(struct sentence *s, const struct comparison *c)
{
	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	say_p(s, &c->test);
	say_fates(s, c);
}

static void say_local(struct sentence *s, const struct comparison *c)
{
	const char *name = clusters_name(c, c->clusters_moved);

	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	if (c->clusters_moved == 1)
		say(s, "one %s is not tested as a change of the service (listed below)", name);
	else
		say(s, "%zu %s are too few to test as a change of the service (listed below)",
			c->clusters_moved, name);
	say_fates(s, c);
}

static void say_same(struct sentence *s, const struct comparison *c)
{
	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	say_p(s, &c->test);
	if (c->test.smallest)
		say(s, "; smallest change this could show: %zu %s, about %.1f %%", c->test.smallest,
			clusters_name(c, c->test.smallest), 100 * c->test.smallest_share);
	else
		say(s, "; these VPs are too few to show any change");
	say_fates(s, c);
}

static double rate_of(const struct compare_floor *f)
{
	return f->chances > 0 ? f->flips / f->chances : (double)NAN;
}

static void say_untested(struct sentence *s, const struct comparison *c)
{
	double before = rate_of(&c->inside_before), now = rate_of(&c->inside_now);

	say_moved(s, c);
	if (c->test.base)
		say(s, "; only %zu VPs have a site in the baseline too, so no floor", c->test.vps);
	else
		say(s, "; no --baseline, so no floor at this lag");
	if (!isnan(before) || !isnan(now))
		say(s, " (inside the runs: %.1f %% a round)",
			100 * (isnan(before)       ? now
				      : isnan(now) ? before
						   : fmax(before, now)));
	say_fates(s, c);
}

static void say_cannot(struct sentence *s, const struct comparison *c)
{
	say(s, "%zu %s a site in both runs; at least %d are needed to compare", c->a,
		c->a == 1 ? "VP has" : "VPs have", COMPARE_VPS_MIN);
}

const char *diff_sentence(const struct comparison *c, char out[static DIFF_SENTENCE_MAX])
{
	static void (*const say_verdict[COMPARE_VERDICTS])(struct sentence *, const struct comparison *) = {
		say_changed, say_local, say_same, say_untested, say_cannot};
	struct sentence s = {out, 0};

	out[0] = '\0';
	say_verdict[c->verdict](&s, c);
	return out;
}

double diff_excess(const struct comparison *c)
{
	if (c->a < COMPARE_VPS_MIN)
		return (double)NAN;
	return c->test.done ? c->test.effect : c->moved_share;
}

bool diff_fails(const struct diff_view *d, const struct comparison *c)
{
	if (d->fail_on < 0 || (c->test.done && c->verdict != COMPARE_CHANGED))
		return false;
	return diff_excess(c) > d->fail_on;
}

/* --- vantage points in order --- */

const char *diff_change_name(const struct compare_vp *v)
{
	if (compare_in_a(v))
		return compare_moved(v) ? "moved" : "stayed";
	if (v->excluded)
		return "excluded";
	if (!compare_in_both(v))
		return v->before && v->before->state != VP_UNMEASURED ? "only-before"
		       : v->now && v->now->state != VP_UNMEASURED     ? "only-now"
								      : "unmeasured";
	return v->site_before != COMPARE_NONE ? "lost" : v->site_now != COMPARE_NONE ? "regained" : "no-site";
}

/* A vantage point and what it is sorted by. */
struct ranked {
	const struct compare_vp *vp;
	const char *name, *before, *now;
	double cost;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->name, ((const struct ranked *)b)->name);
}

static int by_sites(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = strcmp(x->before, y->before);

	order = order ? order : strcmp(x->now, y->now);
	return order ? order : by_name(a, b);
}

/* Those that moved first, the dearest first; then the others. */
static int by_cost(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	bool x_moved = compare_moved(x->vp), y_moved = compare_moved(y->vp);

	if (x_moved != y_moved)
		return x_moved ? -1 : 1;
	if (isnan(x->cost) != isnan(y->cost))
		return isnan(x->cost) ? 1 : -1;
	if (x->cost < y->cost || x->cost > y->cost)
		return x->cost > y->cost ? -1 : 1;
	return by_name(a, b);
}

static const char *key_or_none(const struct comparison *c, uint32_t site)
{
	return site == COMPARE_NONE ? "" : compare_site_key(c, site);
}

bool diff_is_news(const struct compare_vp *v)
{
	bool before = v->site_before != COMPARE_NONE, now = v->site_now != COMPARE_NONE;

	return compare_in_both(v) && v->site_before != v->site_now && (before || now);
}

const struct compare_vp **diff_sorted(const struct comparison *c, enum diff_sort sort, bool news, size_t *n)
{
	static int (*const orders[])(const void *, const void *) = {by_cost, by_sites, by_name};
	struct ranked *r = malloc((c->n_vps + 1) * sizeof(*r));
	const struct compare_vp **out = malloc((c->n_vps + 1) * sizeof(void *));

	if (!r || !out) {
		free(r);
		free(out);
		return NULL;
	}
	*n = 0;
	for (size_t i = 0; i < c->n_vps; i++) {
		const struct compare_vp *v = &c->vps[i];

		if (news && !diff_is_news(v))
			continue;
		r[(*n)++] = (struct ranked){v, compare_name(c, v->vp), key_or_none(c, v->site_before),
			key_or_none(c, v->site_now), v->cost_ms};
	}
	qsort(r, *n, sizeof(*r), orders[sort]);
	for (size_t i = 0; i < *n; i++)
		out[i] = r[i].vp;
	free(r);
	return out;
}

/* --- the story --- */

/* The names of the lines are as wide as the longest verdict. */
static void begin(FILE *out, const char *name)
{
	(void)fprintf(out, "%-8s ", name);
}

static double at_least_0(double v)
{
	return fabs(v) < 0.05 ? 0 : v; /* no "-0.0" */
}

static struct shown lag_text(double s)
{
	struct shown t;

	if (isnan(s))
		(void)snprintf(t.text, sizeof(t.text), "unknown");
	else if (fabs(s) < 120)
		(void)snprintf(t.text, sizeof(t.text), "%.0f s", s);
	else if (fabs(s) < 7200)
		(void)snprintf(t.text, sizeof(t.text), "%.0f min", s / 60);
	else
		(void)snprintf(t.text, sizeof(t.text), "%.1f h", s / 3600);
	return t;
}

static void line_compared(FILE *out, const struct comparison *c)
{
	static const char *const weights[] = {
		"", "each AS weighs 1", "each country weighs 1", "weight from the file"};
	const char *weight = weights[c->options.weight];

	if (c->options.weight == COMPARE_BY_VP)
		weight = c->weighted ? "weight as in the runs" : "weight 1 a VP";
	begin(out, "compared");
	(void)fprintf(out,
		"%zu VPs in both runs (%zu only before, %zu only after); %zu with a site both times; lost "
		"%zu, "
		"regained %zu, without a site %zu (%zu silent); %s\n",
		c->both, c->only_before, c->only_now, c->a, c->lost, c->regained, c->silent + c->no_site,
		c->silent, weight);
}

static void inside(FILE *out, const char *name, const struct compare_floor *f)
{
	if (f->chances > 0)
		(void)fprintf(out, "%s %.2f %% a round", name, 100 * rate_of(f));
	else
		(void)fprintf(out, "%s one round only", name);
	if (f->chances > 0 && !isnan(f->interval_s))
		(void)fprintf(out, " of %s", lag_text(f->interval_s).text);
}

static void line_noise(FILE *out, const struct comparison *c)
{
	const struct compare_test *t = &c->test;

	begin(out, "noise");
	if (t->done)
		(void)fprintf(out,
			"base -> before moved %zu of the %zu VPs known in all three, before -> now %zu; "
			"sign-flip "
			"over %zu %s; lags %s and %s\n",
			t->moved_before, t->vps, t->moved_now, t->clusters, clusters_name(c, t->clusters),
			lag_text(t->lag_before_s).text, lag_text(t->lag_now_s).text);
	if (t->done && t->pairs > 0) {
		begin(out, "");
		(void)fprintf(out, "among %zu earlier pairs at this lag: rank p = %.3f%s\n", t->pairs,
			t->p_rank, t->p <= t->p_rank && t->p >= t->p_rank ? ", which counts" : "");
	}
	if (t->done)
		begin(out, "");
	inside(out, "inside the runs: before", &c->inside_before);
	inside(out, ", now", &c->inside_now);
	if (!t->done)
		(void)fprintf(out, "; lag %s", lag_text(t->lag_now_s).text);
	(void)fputc('\n', out);
}

static void line_similar(FILE *out, const struct comparison *c)
{
	begin(out, "similar");
	(void)fprintf(out, "%.3f counting an unknown as different, %.3f among the %zu\n", c->similar_all,
		c->similar_known, c->a);
}

/* --- shares --- */

/* Sites by the larger of their shares. */
static int by_share(const void *a, const void *b)
{
	const struct compare_site *x = *(const struct compare_site *const *)a,
				  *y = *(const struct compare_site *const *)b;
	double p = fmax(x->share_before, x->share_now), q = fmax(y->share_before, y->share_now);

	if (p < q || p > q)
		return p > q ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

static void put_bar(FILE *out, double share, char with)
{
	for (int i = 0; i < (int)lround(share * 50); i++)
		(void)fputc(with, out);
}

static void line_site(FILE *out, const struct comparison *c, const struct compare_site *s)
{
	static const char *const notes[] = {"", "gone", "not seen", "new", "seen once", "renamed", "renamed"};

	begin(out, "");
	(void)fprintf(out, "%-12.20s %5.1f %%  %5.1f %%  %+6.1f   [%+6.1f, %+6.1f]   ",
		show(compare_name(c, s->key)).text, 100 * s->share_before, 100 * s->share_now,
		at_least_0(100 * s->change), at_least_0(100 * s->low), at_least_0(100 * s->high));
	put_bar(out, s->share_now, '#');
	(void)fputs(s->share_now >= 0.01 ? "  " : "", out);
	put_bar(out, s->share_before, ':');
	(void)fprintf(out, "%s%s\n", s->fate == COMPARE_STAYS ? "" : "  ", notes[s->fate]);
}

static int lines_sites(FILE *out, const struct comparison *c, bool every)
{
	enum { SHOWN = 8 };
	const struct compare_site **v = malloc((c->n_sites + 1) * sizeof(void *));
	size_t n = 0;

	if (!v)
		return ERR_NOMEM;
	for (size_t i = 0; i < c->n_sites; i++)
		if (c->sites[i].vps_before || c->sites[i].vps_now)
			v[n++] = &c->sites[i];
	qsort(v, n, sizeof(void *), by_share);
	begin(out, "");
	(void)fprintf(out, "%-12s  before     now   points   %-16s   now # before :\n", "site", "95 % CI");
	for (size_t i = 0; i < n && (every || i < SHOWN); i++)
		line_site(out, c, v[i]);
	if (n > SHOWN && !every) {
		begin(out, "");
		(void)fprintf(out, "%zu smaller sites (-v shows them)\n", n - SHOWN);
	}
	free(v);
	return 0;
}

/* --- moves --- */

/* Returns how wide it is. */
static int put_move(FILE *out, const struct comparison *c, const struct compare_cell *m)
{
	int n = fprintf(out, "%s -> %s %zu %s", show_site(c, m->from).text, show_site(c, m->to).text, m->vps,
		m->vps == 1 ? "VP" : "VPs");

	if (m->cost.n > 0)
		n += fprintf(out, "  median %+.1f ms", at_least_0(m->cost.median_ms));
	if (m->cost.n >= 5)
		n += fprintf(out, "  p90 %+.1f", at_least_0(m->cost.p90_ms));
	return n;
}

/* Two on a line; the last says how many others there are. */
static void lines_moves(FILE *out, const struct comparison *c, bool every)
{
	enum { SHOWN = 6, WIDTH = 50 };
	size_t n = 0, vps = 0;
	int width = 0;

	for (size_t i = 0; i < c->n_cells && (every || n < SHOWN); i++) {
		const struct compare_cell *m = &c->cells[i];

		if (!compare_is_move(c, m))
			continue;
		if (n % 2)
			(void)fprintf(out, "%*s", width < WIDTH ? WIDTH - width : 2, "");
		else if (n > 0)
			(void)fputc('\n', out);
		if (n % 2 == 0)
			begin(out, n ? "" : "moves");
		width = put_move(out, c, m);
		vps += m->vps;
		n++;
	}
	if (vps < c->moved) {
		(void)fputc('\n', out);
		begin(out, "");
		(void)fprintf(out, "%zu VPs by other moves (-v shows all)", c->moved - vps);
	}
	(void)fputs(n ? "\n" : "", out);
}

static void line_rtt(FILE *out, const struct comparison *c)
{
	const struct compare_rtt *m = &c->cost_moved, *s = &c->cost_stayed;

	if (isnan(c->rtt_before_ms))
		return;
	begin(out, "RTT");
	(void)fprintf(out, "all %.1f -> %.1f ms median", c->rtt_before_ms, c->rtt_now_ms);
	if (m->n > 0)
		(void)fprintf(out, ";  moved %+.1f ms (p90 %+.1f, worst %+.1f, by weight %+.1f)",
			at_least_0(m->median_ms), at_least_0(m->p90_ms), at_least_0(m->worst_ms),
			at_least_0(m->mean_ms));
	if (s->n > 0)
		(void)fprintf(out, ";  stayed %+.1f ms (p90 %+.1f)", at_least_0(s->median_ms),
			at_least_0(s->p90_ms));
	if (m->n > 0 && s->n > 0)
		(void)fprintf(out, ", so the moves cost %.1f ms", at_least_0(m->median_ms - s->median_ms));
	(void)fputc('\n', out);
}

static void put_vp(FILE *out, const struct comparison *c, const struct compare_vp *v)
{
	(void)fputs(show(compare_name(c, v->vp)).text, out);
	if (v->country)
		(void)fprintf(out, " %s", show(compare_name(c, v->country)).text);
	if (v->asn)
		(void)fprintf(out, " AS%u", v->asn);
	if (compare_in_a(v))
		(void)fprintf(
			out, " %s -> %s", show_site(c, v->site_before).text, show_site(c, v->site_now).text);
	if (!isnan(v->cost_ms))
		(void)fprintf(out, " %+.1f ms", at_least_0(v->cost_ms));
}

static void line_worst(FILE *out, const struct comparison *c, const struct compare_vp *const *by_cost_first)
{
	enum { SHOWN = 3 };

	if (c->cost_moved.n == 0)
		return;
	begin(out, "worst");
	for (size_t i = 0; i < SHOWN && i < c->cost_moved.n; i++) {
		(void)fputs(i ? "   " : "", out);
		put_vp(out, c, by_cost_first[i]);
	}
	(void)fputc('\n', out);
}

/* --- where --- */

static size_t put_groups(
	FILE *out, const struct comparison *c, const struct compare_group *g, size_t n, bool networks)
{
	enum { SHOWN = 4 };
	size_t shown = 0;

	for (size_t i = 0; i < n && shown < SHOWN && g[i].moved > 0; i++) {
		if (g[i].id == 0)
			continue;
		(void)fputs(shown++ ? ", " : "", out);
		if (networks)
			(void)fprintf(out, "AS%u %zu of %zu", g[i].id, g[i].moved, g[i].vps);
		else
			(void)fprintf(out, "%s %zu of %zu", show(compare_name(c, g[i].id)).text, g[i].moved,
				g[i].vps);
	}
	return shown;
}

static void line_where(FILE *out, const struct comparison *c)
{
	size_t n;

	if (c->moved == 0)
		return;
	begin(out, "where");
	n = put_groups(out, c, c->countries, c->n_countries, false);
	(void)fputs(n ? "      " : "", out);
	n += put_groups(out, c, c->networks, c->n_networks, true);
	(void)fprintf(out, "%s\n", n ? "" : "countries and ASes of the VPs are not known");
}

static void put_fates(FILE *out, const struct comparison *c, enum compare_fate fate)
{
	enum { SHOWN = 8 };
	size_t n = 0;

	for (size_t i = 0; i < c->n_sites; i++) {
		if (c->sites[i].fate != fate || n++ >= SHOWN)
			continue;
		(void)fprintf(out, "%s%s", n > 1 ? ", " : "", show_site(c, (uint32_t)i).text);
		if (fate == COMPARE_RENAMED)
			(void)fprintf(out, " to %s", show_site(c, c->sites[i].other).text);
	}
	if (n > SHOWN)
		(void)fprintf(out, " and %zu more", n - SHOWN);
	(void)fputs(n ? "" : "none", out);
}

static void line_new(FILE *out, const struct comparison *c)
{
	enum { SHOWN = 4 };

	begin(out, "sites");
	(void)fputs("new: ", out);
	put_fates(out, c, COMPARE_NEW);
	(void)fputs("   gone: ", out);
	put_fates(out, c, COMPARE_GONE);
	(void)fputs("   renamed: ", out);
	put_fates(out, c, COMPARE_RENAMED);
	(void)fputs("   not seen: ", out);
	put_fates(out, c, COMPARE_NOT_SEEN);
	(void)fputc('\n', out);
	if (c->n_identities == 0)
		return;
	begin(out, "");
	(void)fputs("identities first seen now: ", out);
	for (size_t i = 0; i < c->n_identities && i < SHOWN; i++) {
		const struct compare_identity *id = &c->identities[i];

		(void)fprintf(out, "%s%s", i ? ", " : "", show(compare_name(c, id->identity)).text);
		if (id->site != COMPARE_NONE)
			(void)fprintf(out, " (site %s)", show_site(c, id->site).text);
	}
	if (c->n_identities > SHOWN)
		(void)fprintf(out, " and %zu more", c->n_identities - SHOWN);
	(void)fputc('\n', out);
}

static void line_suspect(FILE *out, const struct comparison *c)
{
	enum { SHOWN = 8 };
	size_t n = 0;

	if (c->excluded == 0)
		return;
	begin(out, "suspect");
	(void)fprintf(out,
		"%zu %s not trusted, or intercepted, in one of the runs: left out of all figures above (",
		c->excluded, c->excluded == 1 ? "VP" : "VPs");
	for (size_t i = 0; i < c->n_vps && n < SHOWN; i++)
		if (c->vps[i].excluded)
			(void)fprintf(out, "%s%s", n++ ? ", " : "", show(compare_name(c, c->vps[i].vp)).text);
	(void)fprintf(out, "%s)\n", c->excluded > n ? ", ..." : "");
}

/* --- what to be careful about --- */

static void warn(FILE *out, const char *text)
{
	begin(out, "warn");
	(void)fprintf(out, "%s\n", text);
}

static void warn_lags(FILE *out, const struct comparison *c)
{
	double a = c->test.lag_before_s, b = c->test.lag_now_s;
	char text[256];

	if (!c->test.done || (a > 0 && b > 0 && a <= b * COMPARE_LAG_FACTOR && b <= a * COMPARE_LAG_FACTOR))
		return;
	(void)snprintf(text, sizeof(text),
		"base -> before is %s and before -> now %s: the floor is that of another lag",
		lag_text(a).text, lag_text(b).text);
	warn(out, text);
}

static void lines_warn(FILE *out, const struct comparison *c)
{
	char text[256];

	warn_lags(out, c);
	if (c->test.done && c->options.cluster != COMPARE_OF_VP && count_alone(c) > 0) {
		(void)snprintf(text, sizeof(text),
			"%zu VPs have no %s: each is taken to move by itself, which makes p too small where "
			"it is not so",
			count_alone(c), c->options.cluster == COMPARE_OF_AS ? "AS number" : "country");
		warn(out, text);
	}
	if (c->n_eff < COMPARE_N_EFF_MIN) {
		if (c->n_eff < (double)c->a - 0.05)
			(void)snprintf(text, sizeof(text),
				"uneven weights: the %zu VPs count as %.1f, and shares are coarse below %d", c->a,
				c->n_eff, COMPARE_N_EFF_MIN);
		else
			(void)snprintf(text, sizeof(text), "only %zu VPs: shares are coarse below %d", c->a,
				COMPARE_N_EFF_MIN);
		warn(out, text);
	}
	if (c->heaviest_share > COMPARE_HEAVY && c->weighted) {
		(void)snprintf(text, sizeof(text), "%s alone has %.0f %% of the weight",
			show(compare_name(c, c->heaviest->vp)).text, 100 * c->heaviest_share);
		warn(out, text);
	}
	if (c->by_median > 0) {
		(void)snprintf(text, sizeof(text),
			"%zu of the RTT changes are of medians: the VPs got different numbers of replies",
			c->by_median);
		warn(out, text);
	}
}

/* Vantage points that are not where they were. */
static void lines_vps(
	FILE *out, const struct comparison *c, const struct compare_vp *const *vps, size_t n, size_t most)
{
	for (size_t i = 0; i < n && i < most; i++) {
		const struct compare_vp *v = vps[i];

		begin(out, i ? "" : "VPs");
		put_vp(out, c, v);
		if (!compare_in_a(v))
			(void)fprintf(out, " %s %s", diff_change_name(v),
				show_site(c, v->site_before != COMPARE_NONE ? v->site_before : v->site_now)
					.text);
		(void)fputc('\n', out);
	}
	if (n > most) {
		begin(out, "");
		(void)fprintf(out, "and %zu more (-v shows all)\n", n - most);
	}
}

static int details(FILE *out, const struct diff_view *d, const struct comparison *c)
{
	enum { LOCAL_SHOWN = 20 };
	size_t n = 0;
	const struct compare_vp **by_cost_first = diff_sorted(c, DIFF_BY_COST, true, &n),
				**sorted = diff_sorted(c, d->sort, true, &n);
	int rc = by_cost_first && sorted ? 0 : ERR_NOMEM;

	if (rc == 0) {
		line_compared(out, c);
		line_noise(out, c);
		line_similar(out, c);
		rc = lines_sites(out, c, d->every);
		lines_moves(out, c, d->every);
		line_rtt(out, c);
		line_worst(out, c, by_cost_first);
		line_where(out, c);
		line_new(out, c);
		line_suspect(out, c);
		lines_warn(out, c);
		if (d->every || c->verdict == COMPARE_LOCAL)
			lines_vps(out, c, sorted, n, d->every ? SIZE_MAX : LOCAL_SHOWN);
	}
	free(by_cost_first);
	free(sorted);
	return rc;
}

static void headline(FILE *out, const struct comparison *c)
{
	char label[DIFF_SENTENCE_MAX], sentence[DIFF_SENTENCE_MAX];

	begin(out, diff_verdict_name(c->verdict));
	(void)fprintf(out, "%s: %s\n", diff_label(c, label), diff_sentence(c, sentence));
}

static void line_exit(FILE *out, const struct diff_view *d, const struct comparison *c)
{
	char label[DIFF_SENTENCE_MAX];

	if (!diff_fails(d, c))
		return;
	begin(out, "exit 1");
	if (c->test.done)
		(void)fprintf(out, "(--fail-on %g%%: %.1f - %.1f = %.1f points above the floor",
			100 * d->fail_on, 100 * c->test.now, 100 * c->test.floor, 100 * c->test.effect);
	else
		(void)fprintf(out,
			"(--fail-on %g%%: %.1f %% moved; no baseline, so the floor is not taken off",
			100 * d->fail_on, 100 * c->moved_share);
	(void)fprintf(out, "%s%s)\n", d->n > 1 ? "; " : "", d->n > 1 ? diff_label(c, label) : "");
}

/* Of several, those in detail that are not as they were. */
static bool in_detail(const struct diff_view *d, const struct comparison *c)
{
	if (c->verdict == COMPARE_CANNOT)
		return false;
	return d->n == 1 || d->every || c->verdict == COMPARE_CHANGED || c->verdict == COMPARE_LOCAL;
}

int diff_text(FILE *out, const struct diff_view *d)
{
	int rc = 0;

	for (size_t i = 0; d->n > 1 && i < d->n; i++)
		headline(out, &d->v[i]);
	for (size_t i = 0; rc == 0 && i < d->n; i++) {
		if (!in_detail(d, &d->v[i])) {
			if (d->n == 1)
				headline(out, &d->v[i]);
			continue;
		}
		(void)fputs(d->n > 1 ? "\n" : "", out);
		headline(out, &d->v[i]);
		rc = details(out, d, &d->v[i]);
	}
	for (size_t i = 0; i < d->n_warnings; i++)
		warn(out, d->warnings[i]);
	for (size_t i = 0; i < d->n; i++)
		line_exit(out, d, &d->v[i]);
	return rc;
}

/* --- CSV --- */

struct row {
	const char *service, *vp, *country, *change, *before, *now, *state_before, *state_now;
	struct addr target, target_now;
	uint32_t asn;
	double weight, cost_ms;
	int64_t rtt_before_ns, rtt_now_ns;
	const char *identity_before, *identity_now;
};

#define AT(m) .offset = offsetof(struct row, m)
static const struct table_column columns[] = {
	{"target", "address that was probed", TABLE_ADDR, AT(target)},
	{"service", "its name, if it has one", TABLE_TEXT, AT(service)},
	{"vp", "vantage point", TABLE_TEXT, AT(vp)},
	{"change", "moved stayed lost regained no-site only-before only-now unmeasured excluded", TABLE_TEXT,
		AT(change)},
	{"site_before", "key of the site in OLD", TABLE_TEXT, AT(before)},
	{"site_now", "key of the site in NEW", TABLE_TEXT, AT(now)},
	{"cost_ms", "round trip time in NEW less that in OLD, as far as they can be compared, ms", TABLE_REAL,
		AT(cost_ms), .decimals = 6},
	{"rtt_before_ms", "least round trip time in OLD, ms", TABLE_MS, AT(rtt_before_ns)},
	{"rtt_now_ms", "least round trip time in NEW, ms", TABLE_MS, AT(rtt_now_ns)},
	{"state_before", "in OLD: site no-site silent unmeasured excluded", TABLE_TEXT, AT(state_before)},
	{"state_now", "in NEW", TABLE_TEXT, AT(state_now)},
	{"identity_before", "most frequent one in OLD", TABLE_TEXT, AT(identity_before)},
	{"identity_now", "most frequent one in NEW", TABLE_TEXT, AT(identity_now)},
	{"country", "of the vantage point, ISO 3166 code", TABLE_TEXT, AT(country)},
	{"asn", "AS number of its network", TABLE_ID, AT(asn)},
	{"weight", "how much it counts in shares", TABLE_REAL, AT(weight), .decimals = 6},
	{"target_now", "the other address, where two of one run were compared", TABLE_ADDR, AT(target_now)},
};
#undef AT
static const struct table diff_table = {"diff", columns, sizeof(columns) / sizeof(columns[0])};

bool diff_field(size_t i, struct field *out)
{
	return table_field(&diff_table, i, out);
}

static const char *state_text(const struct catchment_vp *row)
{
	return row ? vp_state_name(row->state) : "";
}

static struct row row_of(const struct comparison *c, const struct compare_vp *v)
{
	const struct catchment_target *t = compare_target(&c->before), *other = compare_target(&c->now);
	struct addr second = {0};

	if (!addr_equal(&t->addr, &other->addr))
		second = other->addr;
	return (struct row){.target = t->addr,
		.target_now = second,
		.service = compare_name(c, t->service ? t->service : other->service),
		.vp = compare_name(c, v->vp),
		.change = diff_change_name(v),
		.before = key_or_none(c, v->site_before),
		.now = key_or_none(c, v->site_now),
		.cost_ms = v->cost_ms,
		.rtt_before_ns = v->before ? v->before->rtt_min_ns : -1,
		.rtt_now_ns = v->now ? v->now->rtt_min_ns : -1,
		.state_before = state_text(v->before),
		.state_now = state_text(v->now),
		.identity_before = compare_name(c, v->before ? v->before->identity : 0),
		.identity_now = compare_name(c, v->now ? v->now->identity : 0),
		.country = compare_name(c, v->country),
		.asn = v->asn,
		.weight = v->weight};
}

static int csv_rows(FILE *out, const struct comparison *c, enum diff_sort sort)
{
	size_t n = 0;
	const struct compare_vp **vps = diff_sorted(c, sort, false, &n);
	char text[TABLE_ROW_MAX] = "";

	if (!vps)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct row row = row_of(c, vps[i]);

		(void)fwrite(text, 1, table_row(&diff_table, &row, text, sizeof(text)), out);
	}
	free(vps);
	return 0;
}

int diff_csv(FILE *out, const struct diff_view *d)
{
	char text[TABLE_ROW_MAX] = "";
	int rc = 0;

	(void)fwrite(text, 1, table_header(&diff_table, text, sizeof(text)), out);
	for (size_t i = 0; rc == 0 && i < d->n; i++)
		rc = csv_rows(out, &d->v[i], d->sort);
	return rc;
}
