/* infer/fuse: rows in, rows of sites.csv and catchment.csv out, each told in one line. The lines are kept in fuse.txt (UPDATE=1 in
 * the environment writes them anew: read the difference). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "infer/fuse.h"
#include "infer/gather_feed.h"
#include "records.h"
#include "scratch.h"

enum { ROWS = 12, VPS = 8 };

/* 1.1.1.1 has naming rules, of 192.0.2.1 nothing is known. */
static const char named_target[] = "1.1.1.1", plain_target[] = "192.0.2.1";

static const struct vantage vantages[VPS] = {
	{"akl", true, -36.85, 174.76, 10, "Auckland", "NZ", 64504, 1, "", ""},
	{"fra", true, 50.11, 8.68, 10, "Frankfurt", "DE", 64502, 1, "", ""},
	{"nyc", true, 40.71, -74.01, 10, "New York", "US", 64505, 2, "", ""},
	{"prg", true, 50.09, 14.42, 10, "Prague", "CZ", 64506, 1, "", ""},
	{"syd", true, -33.87, 151.21, 10, "Sydney", "AU", 64503, 1, "", ""},
	{"vie", true, 48.21, 16.37, 10, "Vienna", "AT", 64501, 1, "", ""},
	{"waw", true, 52.23, 21.01, 10, "Warsaw", "PL", 64500, 3, "", ""},
};

struct row {
	const char *vp; /* NULL: no more rows */
	enum probe_kind kind;
	uint32_t round;
	double rtt_ms; /* 0: lost */
	const char *nsid;
};

struct lab {
	struct rules rules;
	struct target_list book;
	struct sites_world *world;
	struct gather *g;
	struct naming naming;
	struct tallies tallies;
	struct sites_vp vps[VPS];
	const struct vantage *about[VPS];
	struct sites_options options;
	struct fuse fuse;
	struct fuse_sink sink;
	FILE *out;
	char *text; /* of what came out */
};

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct err_msg why = {{0}};

	assert_non_null(lab);
	if (rules_read(&lab->rules, "targets", NULL, NULL, &why) < 0 ||
		target_read_book(&lab->book, "targets", &why) < 0)
		fail_msg("%s", why.text);
	lab->options = sites_defaults;
	lab->options.vps_min = 3;
	lab->world = sites_world_make(&lab->rules.places, NULL, 0);
	assert_non_null(lab->world);
	*state = lab;
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;

	sites_world_free(lab->world);
	target_list_free(&lab->book);
	rules_free(&lab->rules);
	free(lab);
	return 0;
}

/* --- rows in --- */

static struct record record_of(const struct row *row, const char *target)
{
	enum outcome outcome = row->rtt_ms > 0 ? OUTCOME_REPLY : OUTCOME_TIMEOUT;
	enum question question = row->kind == PROBE_DNS ? QUESTION_ID_SERVER : QUESTION_NONE;
	struct record r = record_sent(row->kind, question, 0, outcome);

	r.vp = row->vp;
	r.target = record_addr(target);
	r.round = r.seq = row->round;
	r.rtt_ns = row->rtt_ms > 0 ? llround(row->rtt_ms * 1e6) : -1;
	r.nsid = record_text(row->nsid);
	r.rcode = row->kind == PROBE_DNS && row->rtt_ms > 0 ? 0 : -1;
	return r;
}

static void gather_rows_of(struct lab *lab, const struct row *rows, size_t n, const char *target)
{
	const struct gather_limits limits = {.folder = "/tmp"};
	struct gather_feed *feed = calloc(1, sizeof(*feed));
	struct err_msg why;

	assert_non_null(feed);
	lab->g = gather_open(&limits);
	assert_non_null(lab->g);
	for (const struct row *row = rows; row < rows + n && row->vp; row++) {
		struct record r = record_of(row, target);

		assert_int_equal(gather_feed_row(feed, &r), 0);
	}
	assert_int_equal(gather_take(lab->g, feed, &why), 0);
	assert_int_equal(gather_finish(lab->g, &why), 0);
	gather_feed_free(feed);
}

/* What is known of the vantage points that have rows; one may have lost its trust. */
static void set_vps(struct lab *lab, const char *distrusted)
{
	const struct vantage_list list = {(struct vantage *)(uintptr_t)vantages, VPS - 1, 0};

	for (uint32_t i = 0; i < gather_vps(lab->g); i++) {
		const char *name = gather_vp(lab->g, i);
		const struct vantage *v = vantage_find(&list, name);

		assert_true(i < VPS);
		lab->about[i] = v;
		lab->vps[i] = (struct sites_vp){.weight = v ? v->weight : 1,
			.distrusted = distrusted && strcmp(name, distrusted) == 0};
		if (!v)
			continue;
		lab->vps[i].placed = true;
		lab->vps[i].lat = v->lat_deg;
		lab->vps[i].lon = v->lon_deg;
		lab->vps[i].accuracy_km = v->accuracy_km;
		lab->vps[i].at = geo_point_of(v->lat_deg, v->lon_deg);
	}
}

/* --- rows out --- */

/* A figure, or "-" for none. */
static const char *figure(char out[static 16], double v, int digits)
{
	(void)snprintf(out, 16, isnan(v) ? "-" : "%.*f", digits, v);
	return out;
}

static double ms(int64_t ns)
{
	return ns < 0 ? (double)NAN : (double)ns / 1e6;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static int put_site(void *arg, const struct site_row *row)
{
	struct lab *lab = arg;
	char share[16], rtt[16];

	assert_int_equal(isnan(row->lat), isnan(row->lon));
	assert_int_equal(isnan(row->lat), isnan(row->radius_km));
	fprintf(lab->out, "%s %s %s,%s %s %s: %u vps, share %s [%s] %s ms; %s\n",
		site_verdict_name(row->verdict), or_dash(row->site), isnan(row->lat) ? "nowhere" : row->city,
		row->country, or_dash(site_method_name(row->method)),
		or_dash(rules_confidence_name(row->confidence)), row->vps,
		figure(share, row->weight_share, 3), row->identities, figure(rtt, ms(row->rtt_min_ns), 1),
		row->evidence);
	return 0;
}

static int put_vp(void *arg, const struct catchment_row *row)
{
	struct lab *lab = arg;
	char share[16], rtt[16], km[16], nearest[16];

	fprintf(lab->out,
		"%s %s: %s %s [%s] %s ms at %s km, nearest %s %s km, share %s, %u/%u flips, AS%u %s * %g\n",
		row->vp, or_dash(row->rules), vp_state_name(row->state), or_dash(row->site), row->identity,
		figure(rtt, ms(row->rtt_min_ns), 1), figure(km, row->distance_km, 0),
		or_dash(row->nearest_site), figure(nearest, row->nearest_km, 0),
		figure(share, row->site_share, 2), row->flips, row->chances, row->vp_asn,
		or_dash(row->vp_country), row->weight);
	return 0;
}

static int take_pair(void *arg, const struct sample *s, size_t n)
{
	struct lab *lab = arg;
	struct addr target = gather_target(lab->g, s->target);

	if (lab->tallies.n == 0)
		naming_begin(&lab->naming, &target);
	return tally_add(&lab->tallies, &lab->naming, s, n);
}

static int take_target(void *arg, uint32_t target)
{
	struct lab *lab = arg;
	int rc = fuse_problem(&lab->fuse, target);

	return rc < 0 ? rc : fuse_rows(&lab->fuse, &lab->sink);
}

/* Gives what the walk gave; lab->text is to be freed. */
static int fuse_rows_of(
	struct lab *lab, const struct row *rows, size_t n, const char *target, const char *distrusted)
{
	const struct gather_walk walk = {take_pair, take_target, lab};
	struct err_msg why = {{0}};
	size_t len;
	int rc;

	lab->out = open_memstream(&lab->text, &len);
	assert_non_null(lab->out);
	gather_rows_of(lab, rows, n, target);
	set_vps(lab, distrusted);
	lab->naming = (struct naming){.rules = &lab->rules, .book = &lab->book, .g = lab->g};
	lab->tallies = (struct tallies){.v = NULL};
	lab->fuse = (struct fuse){.g = lab->g,
		.naming = &lab->naming,
		.tallies = &lab->tallies,
		.places = &lab->rules.places,
		.vps = lab->vps,
		.about = lab->about,
		.world = lab->world,
		.options = &lab->options};
	rc = gather_walk(lab->g, &walk, &why);
	fuse_free(&lab->fuse);
	tallies_free(&lab->tallies);
	naming_free(&lab->naming);
	gather_close(lab->g);
	assert_int_equal(fclose(lab->out), 0);
	return rc;
}

/* --- what comes out --- */

#define DNS(vp, round, ms, nsid)               \
	{                                      \
		vp, PROBE_DNS, round, ms, nsid \
	}
#define PING(vp, ms)                        \
	{                                   \
		vp, PROBE_ICMP, 0, ms, NULL \
	}
#define SYN(vp, ms)                        \
	{                                  \
		vp, PROBE_TCP, 0, ms, NULL \
	}
#define QUAD9 "res860.qfra3.rrdns.pch.net"

static const struct {
	const char *name, *target, *distrusted;
	struct row rows[ROWS];
} cases[] = {
	{"sites by weight, vantage points by name, a site's machines by the alphabet", named_target, NULL,
		{DNS("waw", 0, 2.5, "waw03"), DNS("waw", 1, 2.25, "waw01"), DNS("vie", 0, 7.5, "waw01"),
			DNS("fra", 0, 1.5, "fra01"), DNS("syd", 0, 1.25, "syd01"),
			DNS("akl", 0, 28.5, "syd02")}},
	{"a label that no rule knows is a site, but nobody's", plain_target, NULL,
		{DNS("waw", 0, 1.5, "b|box|"), DNS("fra", 0, 1.5, "a-box"), DNS("syd", 0, 1.25, "c\001")}},
	{"by latency alone: the city is the key, and who may be served by either has no site", plain_target,
		NULL,
		{PING("waw", 1.2), PING("vie", 1.5), PING("prg", 9), PING("syd", 1.1), PING("nyc", 300)}},
	{"unicast", plain_target, NULL,
		{PING("waw", 1.2), PING("fra", 15), PING("vie", 10), PING("nyc", 95)}},
	{"too few", plain_target, NULL, {PING("waw", 1.2)}},
	{"no answer: a row without a site", plain_target, NULL, {DNS("waw", 0, 0, NULL), PING("fra", 0)}},
	{"who is not trusted is excluded, and in no share", named_target, "waw",
		{DNS("waw", 0, 2.5, "waw03"), DNS("vie", 0, 7.5, "waw01"), DNS("fra", 0, 1.5, "fra01")}},
	{"another operator's form in 4 of 5 replies: excluded", named_target, NULL,
		{DNS("waw", 0, 2, QUAD9), DNS("waw", 1, 2, QUAD9), DNS("waw", 2, 2, QUAD9),
			DNS("waw", 3, 2, "waw01"), DNS("waw", 4, 2, QUAD9), DNS("fra", 0, 1.5, "fra01")}},
	{"in 3 of 5 it is not", named_target, NULL,
		{DNS("waw", 0, 2, QUAD9), DNS("waw", 1, 2, QUAD9), DNS("waw", 2, 2, QUAD9),
			DNS("waw", 3, 2, "waw01"), DNS("waw", 4, 2, "waw01"), DNS("fra", 0, 1.5, "fra01")}},
	{"an odd name, and much faster by DNS alone: excluded", named_target, NULL,
		{DNS("waw", 0, 2, "dns"), PING("waw", 20), SYN("waw", 21), DNS("fra", 0, 1.5, "fra01")}},
	{"where ICMP and TCP do not agree it is not", named_target, NULL,
		{DNS("waw", 0, 2, "dns"), PING("waw", 20), SYN("waw", 26), DNS("fra", 0, 1.5, "fra01")}},
	{"an answer too quick for where its name says", named_target, NULL,
		{DNS("waw", 0, 2.5, "waw03"), DNS("vie", 0, 7.5, "waw01"), DNS("fra", 0, 1.5, "fra01"),
			DNS("syd", 0, 1.5, "fra01"), DNS("prg", 0, 8, "fra01")}},
	{"a name that is out of reach of all is not believed", named_target, NULL,
		{DNS("waw", 0, 2.5, "syd01"), DNS("vie", 0, 1.5, "syd01"), DNS("fra", 0, 1.5, "fra01")}},
	{"no name is believed: two exclude each other all the same", named_target, NULL,
		{DNS("waw", 0, 2.5, "syd01"), DNS("vie", 0, 1.5, "fra01"), DNS("fra", 0, 1.5, "waw01")}},
	{"one label in places that cannot be one", plain_target, NULL,
		{DNS("waw", 0, 1.5, "box"), DNS("syd", 0, 1.25, "box"), DNS("nyc", 0, 1, "box")}},
	{"who is not in vantage.csv has a site, but no place", named_target, NULL,
		{DNS("fra", 0, 1.5, "fra01"), DNS("new", 0, 3, "ams01")}},
	{"most rounds say where", named_target, NULL,
		{DNS("vie", 0, 12, "fra01"), DNS("vie", 1, 9, "waw01"), DNS("vie", 2, 14, "fra01")}},
};

/* The file has all cases, each below a line with its name. */
static void tells(void **state)
{
	static const char path[] = "tests/unit/fuse.txt";
	struct lab *lab = *state;
	char *got = NULL, *kept;
	size_t len;
	FILE *all = open_memstream(&got, &len);

	assert_non_null(all);
	lab->sink = (struct fuse_sink){put_site, put_vp, lab};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			fuse_rows_of(lab, cases[i].rows, ROWS, cases[i].target, cases[i].distrusted), 0);
		fprintf(all, "%s# %s\n%s", i > 0 ? "\n" : "", cases[i].name, lab->text);
		free(lab->text);
	}
	assert_int_equal(fclose(all), 0);
	if (getenv("UPDATE"))
		scratch_write(path, got, len);
	kept = scratch_read(path, NULL);
	if (strcmp(got, kept) != 0)
		fail_msg("not what %s has:\n%s", path, got);
	free(kept);
	free(got);
}

/* --- identities --- */

static int put_identities(void *arg, const struct site_row *row)
{
	struct lab *lab = arg;

	assert_true(fputs(row->identities, lab->out) >= 0);
	return 0;
}

static int put_nothing(void *arg, const struct catchment_row *row)
{
	(void)arg;
	(void)row;
	return 0;
}

/* All of one site, or as many as there is room for, and then dots. */
static void lists_identities(void **state)
{
	enum { MOST = 80, SHOWN = 64 };
	static const struct {
		const char *target, *before, *behind;
		size_t n, listed;
	} lists[] = {
		{named_target, "waw", "", 1, 1},
		{named_target, "waw", "", SHOWN, SHOWN},
		{named_target, "waw", "", SHOWN + 1, SHOWN},
		{"193.0.14.129", "ns", ".nl-ams.k.ripe.net", 30, 22},
	};
	struct lab *lab = *state;

	lab->sink = (struct fuse_sink){put_identities, put_nothing, lab};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char names[MOST][32], *wanted = NULL;
		struct row rows[MOST];
		size_t len;
		FILE *out = open_memstream(&wanted, &len);

		assert_non_null(out);
		for (size_t k = 0; k < lists[i].n; k++) {
			(void)snprintf(names[k], sizeof(names[k]), "%s%zu%s", lists[i].before, k + 10,
				lists[i].behind);
			rows[k] = (struct row)DNS("waw", (uint32_t)k, 9, names[k]);
			if (k < lists[i].listed)
				fprintf(out, "%s%s", k > 0 ? "|" : "", names[k]);
		}
		fputs(lists[i].listed < lists[i].n ? "|..." : "", out);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(fuse_rows_of(lab, rows, lists[i].n, lists[i].target, NULL), 0);
		assert_string_equal(lab->text, wanted);
		free(lab->text);
		free(wanted);
	}
}

/* --- a sink that has enough --- */

enum { ENOUGH = 7 };

static int refuse_site(void *arg, const struct site_row *row)
{
	(void)put_site(arg, row);
	return ENOUGH;
}

static int refuse_vp(void *arg, const struct catchment_row *row)
{
	(void)put_vp(arg, row);
	return ENOUGH;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void stops(void **state)
{
	static const struct row rows[] = {DNS("fra", 0, 1.5, "fra01"), DNS("waw", 0, 1.5, "waw01")};
	struct lab *lab = *state;

	lab->sink = (struct fuse_sink){refuse_site, put_vp, lab};
	assert_int_equal(fuse_rows_of(lab, rows, 2, named_target, NULL), ENOUGH);
	assert_int_equal(lines(lab->text), 1);
	free(lab->text);
	lab->sink = (struct fuse_sink){put_site, refuse_vp, lab};
	assert_int_equal(fuse_rows_of(lab, rows, 2, named_target, NULL), ENOUGH);
	assert_int_equal(lines(lab->text), 3);
	free(lab->text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells), cmocka_unit_test(lists_identities), cmocka_unit_test(stops)};

	assert_int_equal(hash_init(), 0);
	return cmocka_run_group_tests(tests, open_lab, close_lab);
}
