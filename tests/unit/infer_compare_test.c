#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "catchments.h"
#include "dice.h"

static const struct compare_options usual = {.alpha = 0.01};

static struct comparison compare_with(
	const struct compare_options *o, struct compare_side before, struct compare_side now)
{
	struct comparison c;
	struct err_msg why = {{0}};

	if (compare_targets(&c, o, before, now, &why) < 0)
		fail_msg("%s", why.text);
	return c;
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static const struct compare_site *site_of(const struct comparison *c, const char *key)
{
	for (size_t i = 0; i < c->n_sites; i++)
		if (strcmp(compare_site_key(c, (uint32_t)i), key) == 0)
			return &c->sites[i];
	fail_msg("no site %s", key);
	return NULL;
}

static const struct compare_cell *cell_of(const struct comparison *c, const char *from, const char *to)
{
	for (size_t i = 0; i < c->n_cells; i++)
		if (c->cells[i].from < c->n_sites && c->cells[i].to < c->n_sites &&
			strcmp(compare_site_key(c, c->cells[i].from), from) == 0 &&
			strcmp(compare_site_key(c, c->cells[i].to), to) == 0)
			return &c->cells[i];
	fail_msg("no cell %s %s", from, to);
	return NULL;
}

#define HEAD                                                                                                 \
	"target,service,vp,state,site,vp_asn,vp_country,weight,rtt_probe,rtt_min_ms,rtt_median_ms,answered," \
	"site_share,flips,chances,first,last\n"
#define T "192.0.2.1,svc,"
#define AT1 ",2026-11-01T00:00:00Z,2026-11-01T00:09:00Z\n"
#define AT2 ",2026-11-02T00:00:00Z,2026-11-02T00:09:00Z\n"

/* Every state in one run against every state in the other. */
static const char before_text[] =
	HEAD T "a,site,ams,1,NL,2,dns,10,11,10,1,1,9" AT1 T "b,site,ams,1,NL,1,dns,10,11,10,1,0,9" AT1 T
	       "c,site,fra,2,DE,1,dns,10,11,10,0.9,2,9" AT1 T "d,site,fra,2,DE,1,dns,10,11,10,1,0,9" AT1 T
	       "e,silent,,3,DE,1,,,,,,,," AT1 T "f,no-site,,3,FR,1,dns,5,5,10,,," AT1 T
	       "g,site,ams,3,FR,1,dns,10,11,10,1,0,9" AT1 T "h,site,ams,3,FR,1,dns,10,11,10,1,0,9" AT1 T
	       "i,unmeasured,,3,FR,1,,,,,,,," AT1 T "j,site,ams,3,FR,1,dns,10,11,10,1,0,9" AT1 T
	       "k,silent,,3,FR,1,,,,,,,," AT1;
static const char now_text[] =
	HEAD T "a,site,fra,1,NL,2,dns,16,17,10,1,0,9" AT2 T "b,site,ams,1,NL,1,dns,11,12,10,1,0,9" AT2 T
	       "c,site,fra,2,DE,1,dns,99,12,9,1,0,9" AT2 T "d,site,lhr,2,DE,1,icmp,10,11,10,1,0,9" AT2 T
	       "e,site,ams,3,DE,1,dns,10,11,10,1,0,9" AT2 T "f,silent,,3,FR,1,,,,,,,," AT2 T
	       "g,silent,,3,FR,1,,,,,,,," AT2 T "h,unmeasured,,3,FR,1,,,,,,,," AT2 T
	       "i,site,ams,3,FR,1,dns,10,11,10,1,0,9" AT2 T "j,excluded,,3,FR,1,dns,10,11,10,1,0,9" AT2 T
	       "l,site,ams,3,FR,1,dns,10,11,10,1,0,9" AT2;

static void sets_and_shares(void **state)
{
	struct catchments w = {.n = 0};
	struct compare_side before = catchments_read(&w, before_text, NULL),
			    now = catchments_read(&w, now_text, NULL);
	struct comparison c = compare_with(&usual, before, now);

	(void)state;
	assert_int_equal(c.a, 4);
	assert_int_equal(c.moved, 2);
	assert_int_equal(c.lost, 1);
	assert_int_equal(c.regained, 1);
	assert_int_equal(c.silent, 1);
	assert_int_equal(c.no_site, 0);
	assert_int_equal(c.both, 7);
	assert_int_equal(c.only_before, 2); /* h, k */
	assert_int_equal(c.only_now, 2);    /* i, l */
	assert_int_equal(c.excluded, 1);
	assert_true(near(c.weight, 5) && near(c.moved_share, 3.0 / 5) && near(c.similar_known, 2.0 / 5));
	assert_true(near(c.similar_all, 2.0 / 7));
	assert_true(near(c.n_eff, 25.0 / 7) && near(c.heaviest_share, 0.4));
	assert_true(near(site_of(&c, "ams")->share_before, 0.6) && near(site_of(&c, "ams")->share_now, 0.2));
	assert_true(near(site_of(&c, "lhr")->change, 0.2));
	assert_int_equal(c.n_clusters, 2);
	assert_int_equal(c.clusters_moved, 2);
	assert_true(near(c.inside_before.flips, 4) && near(c.inside_before.chances, 45));
	assert_true(near(c.inside_before.interval_s, 60));
	assert_true(near(c.test.lag_now_s, 86400));
	compare_free(&c);
	catchments_free(&w);
}

static void costs(void **state)
{
	struct catchments w = {.n = 0};
	struct compare_side before = catchments_read(&w, before_text, NULL),
			    now = catchments_read(&w, now_text, NULL);
	struct comparison c = compare_with(&usual, before, now);

	(void)state;
	/* d was measured by another kind of probe; c has 9 rounds of each, since one of the ten was elsewhere. */
	assert_int_equal(c.cost_moved.n, 1);
	assert_true(near(c.cost_moved.median_ms, 6) && near(c.cost_moved.worst_ms, 6));
	assert_int_equal(c.cost_stayed.n, 2);
	assert_true(near(c.cost_stayed.median_ms, (1 + 89) / 2.0));
	assert_int_equal(c.by_median, 0);
	assert_true(near(cell_of(&c, "ams", "fra")->weight, 2));
	assert_int_equal(cell_of(&c, "fra", "lhr")->cost.n, 0);
	compare_free(&c);
	catchments_free(&w);
}

/* A minimum of more replies is lower by itself. */
static void costs_of_unequal_rounds(void **state)
{
	static const char before[] = HEAD T "a,site,x,1,,1,dns,10,20,10,1,0,9" AT1;
	static const char now[] = HEAD T "a,site,x,1,,1,dns,15,21,3,1,0,2" AT2;
	struct catchments w = {.n = 0};
	struct compare_side b = catchments_read(&w, before, NULL), n = catchments_read(&w, now, NULL);
	struct comparison c = compare_with(&usual, b, n);

	(void)state;
	assert_int_equal(c.by_median, 1);
	assert_true(near(c.vps[0].cost_ms, 1));
	compare_free(&c);
	catchments_free(&w);
}

static void weights(void **state)
{
	double by_name[64];
	struct catchments w = {.n = 0};
	struct compare_side before = catchments_read(&w, before_text, NULL),
			    now = catchments_read(&w, now_text, NULL);
	struct compare_options o = usual;
	struct comparison c;
	struct err_msg why = {{0}};

	(void)state;
	o.weight = COMPARE_BY_AS; /* a and b, c and d: half each */
	c = compare_with(&o, before, now);
	assert_true(near(c.weight, 2) && near(c.moved_share, 0.5));
	compare_free(&c);
	o.weight = COMPARE_BY_COUNTRY; /* NL: a b; DE: c d e */
	c = compare_with(&o, before, now);
	assert_true(near(c.weight, 1 + 2.0 / 3) && near(c.moved_share, (0.5 + 1.0 / 3) / (1 + 2.0 / 3)));
	compare_free(&c);
	o.weight = COMPARE_BY_FILE;
	for (size_t i = 0; i < 64; i++)
		by_name[i] = 3;
	o.file_weight = by_name;
	o.n_file_weight = 64;
	c = compare_with(&o, before, now);
	assert_true(near(c.weight, 12) && near(c.moved_share, 0.5));
	by_name[c.vps[0].vp] = (double)NAN;
	compare_free(&c);
	assert_int_equal(compare_targets(&c, &o, before, now, &why), ERR_RANGE);
	assert_string_equal(why.text, "the weights have none for a");
	compare_free(&c);
	catchments_free(&w);
}

static void against_itself(void **state)
{
	struct catchments w = {.n = 0};
	struct compare_side before = catchments_read(&w, before_text, NULL);
	struct comparison c = compare_with(&usual, before, before);

	(void)state;
	assert_int_equal(c.moved + c.lost + c.regained + c.only_before + c.only_now, 0);
	assert_true(near(c.moved_share, 0) && near(c.similar_all, 1));
	assert_int_equal(c.n_identities, 0);
	for (size_t i = 0; i < c.n_sites; i++)
		assert_int_equal(c.sites[i].fate, COMPARE_STAYS);
	compare_free(&c);
	catchments_free(&w);
}

/* Three vantage points each at gone, odd and old; two at thin; what is where now decides. */
static void fates(void **state)
{
	static const char before[] =
		HEAD T "a,site,gone,1,,1,dns,10,10,5,1,0,4" AT1 T "b,site,gone,2,,1,dns,10,10,5,1,0,4" AT1 T
		       "c,site,gone,3,,1,dns,10,10,5,1,0,4" AT1 T "d,site,thin,4,,1,dns,10,10,5,1,0,4" AT1 T
		       "e,site,thin,5,,1,dns,10,10,5,1,0,4" AT1 T "f,site,odd,6,,1,dns,10,10,5,1,0,4" AT1 T
		       "g,site,odd,7,,1,dns,10,10,5,1,0,4" AT1 T "h,site,odd,8,,1,dns,10,10,5,0.6,2,4" AT1 T
		       "i,site,old,9,,1,dns,10,10,5,1,0,4" AT1 T "j,site,old,10,,1,dns,10,10,5,1,0,4" AT1 T
		       "k,site,old,11,,1,dns,10,10,5,1,0,4" AT1;
	static const char now[] =
		HEAD T "a,site,stays,1,,1,dns,10,10,5,1,0,4" AT2 T "b,site,stays,2,,1,dns,10,10,5,1,0,4" AT2 T
		       "c,silent,,3,,1,,,,,,," AT2 T "d,site,once,4,,1,dns,10,10,1,1,0,0" AT2 T
		       "e,site,stays,5,,1,dns,10,10,5,1,0,4" AT2 T "f,site,twice,6,,1,dns,10,10,2,1,0,1" AT2 T
		       "g,site,stays,7,,1,dns,10,10,5,1,0,4" AT2 T "h,site,stays,8,,1,dns,10,10,5,1,0,4" AT2 T
		       "i,site,young,9,,1,dns,10.5,10,5,1,0,4" AT2 T
		       "j,site,young,10,,1,dns,11,10,5,1,0,4" AT2 T "k,site,young,11,,1,dns,9,10,5,1,0,4" AT2;
	static const char before_sites[] = "target,verdict,site,lat,lon\n192.0.2.1,anycast,old,50,8\n";
	static const char now_sites[] = "target,verdict,site,lat,lon\n192.0.2.1,anycast,young,50.5,8\n";
	static const struct {
		const char *key;
		enum compare_fate fate;
	} expected[] = {
		{"gone", COMPARE_GONE},
		{"thin", COMPARE_NOT_SEEN},
		{"odd", COMPARE_NOT_SEEN},
		{"stays", COMPARE_NEW},
		{"once", COMPARE_SEEN_ONCE},
		{"twice", COMPARE_NEW},
		{"old", COMPARE_RENAMED},
		{"young", COMPARE_RENAMED_TO},
	};
	struct catchments w = {.n = 0};
	struct compare_side b = catchments_read(&w, before, before_sites),
			    n = catchments_read(&w, now, now_sites);
	struct comparison c = compare_with(&usual, b, n);

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (site_of(&c, expected[i].key)->fate != expected[i].fate)
			fail_msg("%s: fate %d", expected[i].key, site_of(&c, expected[i].key)->fate);
	assert_string_equal(compare_site_key(&c, site_of(&c, "old")->other), "young");
	compare_free(&c);
	catchments_free(&w);
}

/* Sites that are known by latency alone are the same where their discs meet, whatever they are called. */
static void discs(void **state)
{
	static const char before[] = "target,vp,site,method,lat,lon\n192.0.2.1,a,s1,latency,50,8\n"
				     "192.0.2.1,b,s2,latency,0,0\n192.0.2.1,c,ams,identity,52.3,4.8\n";
	static const char now[] = "target,vp,site,method,lat,lon\n192.0.2.1,a,s2,latency,51,8\n"
				  "192.0.2.1,b,s9,latency,40,-70\n192.0.2.1,c,ams,both,48,2\n";
	static const char sites[] =
		"target,verdict,site,lat,lon,radius_km,method\n"
		"192.0.2.1,anycast,s1,50,8,30,latency\n192.0.2.1,anycast,s2,0,0,90,latency\n";
	struct catchments w = {.n = 0};
	struct compare_side b = catchments_read(&w, before, sites), n = catchments_read(&w, now, NULL);
	struct comparison c = compare_with(&usual, b, n);

	(void)state;
	assert_int_equal(c.a, 3);
	assert_int_equal(c.moved, 1); /* b: s1 and the new s2 are 111 km apart, within 30 + 100; ams is ams */
	assert_true(compare_moved(&c.vps[1]));
	assert_int_equal(c.n_sites, 4);
	compare_free(&c);
	catchments_free(&w);
}

static void first_seen_identities(void **state)
{
	static const char before[] = "target,vp,site,identity\n192.0.2.1,a,x,n1\n192.0.2.1,b,x,n2\n";
	static const char now[] =
		"target,vp,site,identity\n192.0.2.1,a,x,n2\n192.0.2.1,b,x,n3\n192.0.2.1,c,x,n3\n";
	struct catchments w = {.n = 0};
	struct compare_side b = catchments_read(&w, before, NULL), n = catchments_read(&w, now, NULL);
	struct comparison c = compare_with(&usual, b, n);

	(void)state;
	assert_int_equal(c.n_identities, 1);
	assert_string_equal(compare_name(&c, c.identities[0].identity), "n3");
	assert_int_equal(c.identities[0].site, 0);
	compare_free(&c);
	catchments_free(&w);
}

/* --- against a baseline --- */

/* One site for each vantage point ("abc" is three), each in an AS of its own; `.` is silent. */
static struct compare_side run_of(struct catchments *w, const char *sites, int day)
{
	struct page p = {.text = NULL};
	struct compare_side s;

	page_put(&p, HEAD);
	for (size_t i = 0; sites[i]; i++)
		page_put(&p,
			T "v%03zu,%s,%.*s,%zu,,1,dns,10,10,5,1,0,4,2026-11-%02dT00:00:00Z,2026-11-%02dT01:00:"
			  "00Z\n",
			i, sites[i] == '.' ? "silent" : "site", sites[i] != '.', sites + i, i + 1, day, day);
	s = catchments_read(w, p.text, NULL);
	free(p.text);
	return s;
}

static struct comparison judged(struct catchments *w, const char *const runs[3], double alpha)
{
	struct compare_options o = {.alpha = alpha};
	struct compare_side base = run_of(w, runs[0], 1), before = run_of(w, runs[1], 2),
			    now = run_of(w, runs[2], 3);
	struct comparison c = compare_with(&o, before, now);
	struct err_msg why = {{0}};

	assert_int_equal(compare_baseline(&c, &base, 1, &why), 0);
	assert_int_equal(compare_judge(&c, 1, &why), 0);
	return c;
}

static void verdicts(void **state)
{
	static const struct {
		const char *runs[3];
		double alpha, p, floor, effect;
		enum compare_verdict verdict;
		size_t smallest;
	} cases[] = {
		{{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbaaaaaaa"}, 0.05, 1.0 / 32, 0, 5.0 / 12,
			COMPARE_CHANGED, 0},
		{{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbaaaaaaa"}, 0.01, 1.0 / 32, 0, 5.0 / 12, COMPARE_SAME,
			7},
		{{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbaaaaaaaa"}, 0.05, 1.0 / 16, 0, 4.0 / 12, COMPARE_LOCAL,
			0},
		{{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "aaaaaaaaaaaa"}, 0.05, 1, 0, 0, COMPARE_SAME, 5},
		/* who moves each time says nothing; one who moved before counts against */
		{{"aaaaaaaaaaaa", "bbbbbaaaaaaa", "cccccaaaaaaa"}, 0.05, 1, 5.0 / 12, 0, COMPARE_SAME, 0},
		{{"caaaaaaaaaaa", "aaaaaaaaaaaa", "abbbbbaaaaaa"}, 0.05, 7.0 / 64, 1.0 / 12, 4.0 / 12,
			COMPARE_SAME, 7},
		/* too few in all three */
		{{"aaaaaaaaa...", "aaaaaaaaaaaa", "bbbbbaaaaaaa"}, 0.05, 0, 0, 0, COMPARE_UNTESTED, 0},
		{{"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbaaaa..."}, 0.05, 0, 0, 0, COMPARE_CANNOT, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catchments w = {.n = 0};
		struct comparison c = judged(&w, cases[i].runs, cases[i].alpha);

		if (c.verdict != cases[i].verdict || fabs(c.test.p - cases[i].p) > 1e-12 ||
			fabs(c.test.floor - cases[i].floor) > 1e-12 ||
			fabs(c.test.effect - cases[i].effect) > 1e-12 || c.test.smallest != cases[i].smallest)
			fail_msg("case %zu: verdict %d, p %g, floor %g, effect %g, smallest %zu", i,
				c.verdict, c.test.p, c.test.floor, c.test.effect, c.test.smallest);
		compare_free(&c);
		catchments_free(&w);
	}
}

/* Twenty runs of no change, then one, in disorder: pairs are those that follow each other. */
/* Which verdict each mixture of figures gives, at its bounds. */
static void verdict_of_figures(void **state)
{
	static const struct {
		size_t a, moved, clusters_moved;
		bool done;
		double alpha, p, effect;
		enum compare_verdict verdict;
	} cases[] = {
		{9, 9, 9, true, 0.05, 0.001, 0.9, COMPARE_CANNOT},
		{9, 0, 0, false, 0.05, 1, 0, COMPARE_CANNOT},
		{10, 9, 9, false, 0.05, 1, 0, COMPARE_UNTESTED},
		{10, 1, 1, false, 0.05, 1, 0, COMPARE_UNTESTED},
		{10, 5, 5, true, 0.05, 0.05, 0.01, COMPARE_CHANGED},
		{10, 5, 5, true, 0.05, 0.05, 0.0099, COMPARE_SAME},
		{10, 5, 5, true, 0.05, 0.0501, 0.5, COMPARE_SAME},
		{10, 5, 5, true, 0.05, 0.001, -0.5, COMPARE_SAME},
		{10, 5, 4, true, 0.05, 0.0625, 0.5, COMPARE_LOCAL},
		{10, 5, 4, true, 0.05, 0.05, 0.0099, COMPARE_LOCAL},
		{10, 5, 4, true, 0.1, 0.0625, 0.5, COMPARE_CHANGED},
		{10, 1, 1, true, 0.05, 1, 0, COMPARE_LOCAL},
		{10, 0, 0, true, 0.05, 1, 0, COMPARE_SAME},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct comparison c = {.a = cases[i].a,
			.moved = cases[i].moved,
			.clusters_moved = cases[i].clusters_moved,
			.options.alpha = cases[i].alpha,
			.test = {.done = cases[i].done,
				.p = cases[i].p,
				.p_holm = cases[i].p,
				.effect = cases[i].effect,
				.weight = 10,
				.all_clusters = 10}};
		struct err_msg why = {{0}};

		assert_int_equal(compare_judge(&c, 1, &why), 0);
		if (c.verdict != cases[i].verdict)
			fail_msg("case %zu: verdict %d, not %d", i, c.verdict, cases[i].verdict);
	}
}

static void rank_among_many(void **state)
{
	static const char quiet[] = "aaaaaaaaaaaa", loud[] = "bbbbaaaaaaaa";
	struct catchments w = {.n = 0};
	struct compare_side base[20], before = run_of(&w, quiet, 22), now = run_of(&w, loud, 23);
	struct compare_options o = {.alpha = 0.05};
	struct comparison c = compare_with(&o, before, now);
	struct err_msg why = {{0}};

	(void)state;
	for (int i = 0; i < 20; i++)
		base[(i * 7) % 20] = run_of(&w, quiet, i + 2);
	assert_int_equal(compare_baseline(&c, base, 20, &why), 0);
	assert_int_equal(c.test.pairs, 20);
	assert_true(
		near(c.test.p_rank, 1.0 / 21) && near(c.test.p, 1.0 / 21) && near(c.test.p_flip, 1.0 / 16));
	assert_true(near(c.test.lag_before_s, 86400));
	assert_int_equal(compare_judge(&c, 1, &why), 0);
	assert_int_equal(c.verdict, COMPARE_CHANGED);
	compare_free(&c);
	catchments_free(&w);
}

static void holm_over_targets(void **state)
{
	static const char *const runs[3] = {"aaaaaaaaaaaa", "aaaaaaaaaaaa", "bbbbbbbaaaaa"};
	struct catchments w = {.n = 0};
	struct comparison c[3];
	struct err_msg why = {{0}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		c[i] = judged(&w, runs, 0.01);
	assert_int_equal(c[0].verdict, COMPARE_CHANGED);
	assert_int_equal(compare_judge(c, 3, &why), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(c[i].test.targets, 3);
		assert_true(near(c[i].test.p_holm, 3.0 / 128));
		assert_int_equal(c[i].verdict, COMPARE_SAME);
		compare_free(&c[i]);
	}
	catchments_free(&w);
}

/* --- false alarms and power: many simulated pairs of runs of 200 vantage points in 100 ASes of uneven size --- */

enum { VPS = 200, ASES = 100, SITES = 6 };

static unsigned as_of(struct dice *d)
{
	unsigned a = dice(d, ASES), b = dice(d, ASES);

	return a < b ? a : b;
}

/* The next run: in `churn` of 1000 ASes all vantage points that prefer nothing else go to another site. */
static void churn_ases(struct dice *d, unsigned per_mille, unsigned at[static ASES])
{
	for (unsigned a = 0; a < ASES; a++)
		if (dice(d, 1000) < per_mille)
			at[a] = (at[a] + 1 + dice(d, SITES - 1)) % SITES;
}

static struct compare_side run_at(struct catchments *w, const unsigned as[static VPS],
	const unsigned at[static ASES], struct dice *d, int day)
{
	struct page p = {.text = NULL};
	struct compare_side s;

	page_put(&p, HEAD);
	for (unsigned i = 0; i < VPS; i++) {
		bool lost = dice(d, 100) < 2;

		page_put(&p,
			T "v%03u,%s,%s%.*u,%u,,1,dns,10,10,5,1,0,4,2026-11-%02dT00:00:00Z,2026-11-%02dT01:00:"
			  "00Z\n",
			i, lost ? "silent" : "site", lost ? "" : "s", lost ? 0 : 1, lost ? 0 : at[as[i]],
			as[i] + 1, day, day);
	}
	s = catchments_read(w, p.text, NULL);
	free(p.text);
	return s;
}

/* How many of n pairs of runs are called changed, when `per_mille` of the ASes churn anyway and `moved` more of them now. */
static size_t count_changed(uint64_t seed, size_t n, unsigned per_mille, unsigned moved)
{
	struct dice d = dice_of(seed);
	size_t changed = 0;

	for (size_t i = 0; i < n; i++) {
		struct catchments w = {.n = 0};
		struct compare_options o = {.alpha = 0.05};
		struct compare_side runs[3];
		struct comparison c;
		struct err_msg why = {{0}};
		unsigned as[VPS], at[ASES];

		for (size_t v = 0; v < VPS; v++)
			as[v] = as_of(&d);
		for (size_t a = 0; a < ASES; a++)
			at[a] = dice(&d, SITES);
		for (int r = 0; r < 3; r++) {
			churn_ases(&d, per_mille + (r == 2 ? moved : 0), at);
			runs[r] = run_at(&w, as, at, &d, r + 1);
		}
		c = compare_with(&o, runs[1], runs[2]);
		assert_int_equal(compare_baseline(&c, &runs[0], 1, &why), 0);
		assert_int_equal(compare_judge(&c, 1, &why), 0);
		changed += c.verdict == COMPARE_CHANGED;
		compare_free(&c);
		catchments_free(&w);
	}
	return changed;
}

static void no_false_alarms(void **state)
{
	size_t of_40 = count_changed(1, 40, 30, 0), of_400 = count_changed(2, 400, 30, 0),
	       restless = count_changed(3, 400, 100, 0);

	(void)state;
	print_message(
		"no change: %zu of 40, %zu of 400; churn of 10 %%: %zu of 400\n", of_40, of_400, restless);
	assert_in_range(of_40, 0, 4);
	assert_in_range(of_400, 0, 20 + 13); /* 5 %, and three standard deviations */
	assert_in_range(restless, 0, 20 + 13);
}

static void changes_are_seen(void **state)
{
	size_t of_20 = count_changed(4, 20, 30, 200);

	(void)state;
	print_message("20 %% of the ASes moved: %zu of 20\n", of_20);
	assert_in_range(of_20, 17, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_and_shares),
		cmocka_unit_test(costs),
		cmocka_unit_test(costs_of_unequal_rounds),
		cmocka_unit_test(weights),
		cmocka_unit_test(against_itself),
		cmocka_unit_test(fates),
		cmocka_unit_test(discs),
		cmocka_unit_test(first_seen_identities),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(verdict_of_figures),
		cmocka_unit_test(rank_among_many),
		cmocka_unit_test(holm_over_targets),
		cmocka_unit_test(no_false_alarms),
		cmocka_unit_test(changes_are_seen),
	};

	if (hash_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
