#include "report/diff.h"

#include <math.h>
#include <stdlib.h>

#include "report/diff_parts.h"

/* The names of the lines are as wide as the longest verdict. */
static void begin(FILE *out, const char *name)
{
	(void)fprintf(out, "%-8s ", name);
}

static double at_least_0(double v)
{
	return fabs(v) < 0.05 ? 0 : v; /* no "-0.0" */
}

static struct diff_shown lag_text(double s)
{
	struct diff_shown t;

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
		(void)fprintf(out, "%s %.2f %% a round", name, 100 * diff_flip_rate(f));
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
			t->moved_before, t->vps, t->moved_now, t->clusters,
			diff_clusters_name(c, t->clusters), lag_text(t->lag_before_s).text,
			lag_text(t->lag_now_s).text);
	if (t->done && t->pairs > 0) {
		begin(out, "");
		(void)fprintf(out, "among %zu earlier pair%s at this lag: rank p = %.3f%s\n", t->pairs,
			t->pairs == 1 ? "" : "s", t->p_rank,
			t->p <= t->p_rank && t->p >= t->p_rank ? ", which counts" : "");
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
		diff_show(compare_name(c, s->key)).text, 100 * s->share_before, 100 * s->share_now,
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
	int n = fprintf(out, "%s -> %s %zu %s", diff_show_site(c, m->from).text,
		diff_show_site(c, m->to).text, m->vps, m->vps == 1 ? "VP" : "VPs");

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
	(void)fputs(diff_show(compare_name(c, v->vp)).text, out);
	if (v->country)
		(void)fprintf(out, " %s", diff_show(compare_name(c, v->country)).text);
	if (v->asn)
		(void)fprintf(out, " AS%u", v->asn);
	if (compare_in_a(v))
		(void)fprintf(out, " %s -> %s", diff_show_site(c, v->site_before).text,
			diff_show_site(c, v->site_now).text);
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
			(void)fprintf(out, "%s %zu of %zu", diff_show(compare_name(c, g[i].id)).text,
				g[i].moved, g[i].vps);
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
		(void)fprintf(out, "%s%s", n > 1 ? ", " : "", diff_show_site(c, (uint32_t)i).text);
		if (fate == COMPARE_RENAMED)
			(void)fprintf(out, " to %s", diff_show_site(c, c->sites[i].other).text);
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

		(void)fprintf(out, "%s%s", i ? ", " : "", diff_show(compare_name(c, id->identity)).text);
		if (id->site != COMPARE_NONE)
			(void)fprintf(out, " (site %s)", diff_show_site(c, id->site).text);
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
			(void)fprintf(
				out, "%s%s", n++ ? ", " : "", diff_show(compare_name(c, c->vps[i].vp)).text);
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
	if (c->test.done && c->options.cluster != COMPARE_OF_VP && diff_alone(c) > 0) {
		(void)snprintf(text, sizeof(text),
			"%zu VPs have no %s: each is taken to move by itself, which makes p too small where "
			"it is not so",
			diff_alone(c), c->options.cluster == COMPARE_OF_AS ? "AS number" : "country");
		warn(out, text);
	}
	if (c->n_eff < COMPARE_N_EFF_MIN) {
		if (c->n_eff < (double)c->a - 0.05)
			(void)snprintf(text, sizeof(text),
				"uneven weights: the %zu VPs count as %.1f, and shares are coarse below %d",
				c->a, c->n_eff, COMPARE_N_EFF_MIN);
		else
			(void)snprintf(text, sizeof(text), "only %zu VPs: shares are coarse below %d", c->a,
				COMPARE_N_EFF_MIN);
		warn(out, text);
	}
	if (c->heaviest_share > COMPARE_HEAVY && c->weighted) {
		(void)snprintf(text, sizeof(text), "%s alone has %.0f %% of the weight",
			diff_show(compare_name(c, c->heaviest->vp)).text, 100 * c->heaviest_share);
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
				diff_show_site(
					c, v->site_before != COMPARE_NONE ? v->site_before : v->site_now)
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
