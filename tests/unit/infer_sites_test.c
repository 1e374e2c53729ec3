/* infer/sites: verdicts, proofs and places from made-up measurements, with the places of targets/places.csv. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice.h"
#include "infer/sites.h"
#include "infer/sites_law.h"
#include "infer/sites_world.h"

enum { MOST = 64 };

struct city {
	const char *name;
	double lat, lon;
};
static const struct city frankfurt = {"Frankfurt am Main", 50.11, 8.68}, tokyo = {"Tokyo", 35.69, 139.69},
			 sydney = {"Sydney", -33.87, 151.21}, new_york = {"New York City", 40.71, -74.01},
			 paris = {"Paris", 48.85, 2.35}, london = {"London", 51.51, -0.13},
			 madrid = {"Madrid", 40.42, -3.70}, warsaw = {"Warsaw", 52.23, 21.01},
			 lagos = {"Lagos", 6.45, 3.39}, lima = {"Lima", -12.05, -77.04};

struct lab {
	struct place_book book;
	struct sites_world *world;
	struct sites_work work;
	struct sites_result found;
	struct sites_options options;
	struct sites_vp vps[MOST];
	struct sites_seen seen[MOST];
	struct sites_label labels[8];
	struct sites_problem p;
};

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof *lab);
	struct err_msg why = {.text = ""};

	assert_non_null(lab);
	if (place_read(&lab->book, "targets/places.csv", &why) < 0)
		fail_msg("%s", why.text);
	lab->world = sites_world_make(&lab->book, NULL, 0);
	assert_non_null(lab->world);
	*state = lab;
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;

	sites_work_free(&lab->work);
	sites_result_free(&lab->found);
	sites_world_free(lab->world);
	place_book_free(&lab->book);
	free(lab);
	return 0;
}

static void clear(struct lab *lab)
{
	lab->options = sites_defaults;
	memset(lab->labels, 0, sizeof lab->labels);
	lab->p = (struct sites_problem){.world = lab->world,
		.options = &lab->options,
		.vps = lab->vps,
		.seen = lab->seen,
		.labels = lab->labels,
		.operators = ""};
}

/* A new vantage point, answered in that time. */
static uint32_t add(struct lab *lab, double lat, double lon, double rtt_ms, int32_t label)
{
	uint32_t vp = (uint32_t)lab->p.n_vps++;

	assert_true(vp < MOST);
	lab->vps[vp] = (struct sites_vp){
		.at = geo_point_of(lat, lon), .lat = lat, .lon = lon, .weight = 1, .placed = true};
	lab->seen[lab->p.n_seen++] = (struct sites_seen){vp, label, rtt_ms};
	if (label >= 0 && (size_t)label >= lab->p.n_labels)
		lab->p.n_labels = (size_t)label + 1;
	return vp;
}

/* In a city, answered from another one: the way is a half longer than the great circle, the last mile 1 ms. */
static uint32_t add_in(struct lab *lab, const struct city *at, const struct city *site, int32_t label)
{
	double km = geo_km(at->lat, at->lon, site->lat, site->lon);

	return add(lab, at->lat, at->lon, 1 + km / 100 * 1.5, label);
}

/* Twelve vantage points all over, all of them served by one city. */
static void add_everywhere(struct lab *lab, const struct city *site, int32_t label)
{
	const struct city *all[] = {
		&frankfurt, &tokyo, &sydney, &new_york, &paris, &london, &madrid, &warsaw, &lagos, &lima};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		add_in(lab, all[i], site, label);
	add(lab, site->lat + 0.1, site->lon, 1.2, label);
	add(lab, site->lat, site->lon - 0.1, 1.3, label);
}

static void infer(struct lab *lab)
{
	assert_int_equal(sites_infer(&lab->work, &lab->p, &lab->found), 0);
}

static void assert_at(const struct lab *lab, size_t site, const struct city *city)
{
	const struct sites_site *s = &lab->found.sites[site];

	assert_true(site < lab->found.n_sites);
	if (!(geo_km(s->lat, s->lon, city->lat, city->lon) < 50))
		fail_msg("site %zu is at %.2f,%.2f, not in %s", site, s->lat, s->lon, city->name);
}

static const struct sites_site *site_near(const struct lab *lab, const struct city *city)
{
	for (size_t i = 0; i < lab->found.n_sites; i++) {
		const struct sites_site *s = &lab->found.sites[i];

		if (geo_km(s->lat, s->lon, city->lat, city->lon) < 50)
			return s;
	}
	return NULL;
}

/* --- verdicts --- */

static void one_place_for_all_is_unicast(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_everywhere(lab, &tokyo, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_FITS);
	assert_int_equal(lab->found.n_sites, 1);
	assert_int_equal(lab->found.proven, 1);
	assert_int_equal(lab->found.sites[0].vps, 12);
	assert_at(lab, 0, &tokyo);
}

static void few_vantage_points_say_nothing(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_in(lab, &paris, &london, SITES_NO);
	add_in(lab, &madrid, &london, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNKNOWN);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_FEW);
	clear(lab);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNKNOWN);
	assert_int_equal(lab->found.n_sites, 0);
}

static void two_places_are_anycast(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_in(lab, &paris, &frankfurt, SITES_NO);
	add(lab, 50.0, 8.6, 1, SITES_NO);
	add(lab, -33.9, 151.1, 1, SITES_NO);
	add(lab, -33.7, 150.9, 1.5, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_DISCS);
	assert_int_equal(lab->found.by_discs, 2);
	assert_true(lab->found.exact);
	assert_int_equal(lab->found.n_sites, 2);
	assert_non_null(site_near(lab, &frankfurt));
	assert_non_null(site_near(lab, &sydney));
	assert_true(lab->found.gap_km > 15000);
	for (size_t i = 0; i < lab->p.n_seen; i++)
		assert_int_equal(lab->found.fate[i], SITES_SERVED);
}

static void one_misplaced_vantage_point_proves_nothing(void **state)
{
	struct lab *lab = *state;
	uint32_t wrong;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	wrong = add(lab, sydney.lat, sydney.lon, 2, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_BLAMED);
	assert_int_equal(lab->found.blamed, wrong);
	assert_int_equal(lab->found.fate[wrong], SITES_BLAMED);
	assert_int_equal(lab->found.n_sites, 1);
	assert_at(lab, 0, &frankfurt);
}

/* A second probe in the same house is as misplaced as the first. */
static void two_in_one_spot_are_one_witness(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	add(lab, sydney.lat, sydney.lon, 2, SITES_NO);
	add(lab, sydney.lat, sydney.lon + 0.001, 2, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
}

static void other_targets_vouch_for_a_vantage_point(void **state)
{
	struct lab *lab = *state;
	uint32_t far;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	far = add(lab, sydney.lat, sydney.lon, 2, SITES_NO);
	for (size_t i = 0; i < lab->p.n_seen; i++)
		lab->seen[i].rtt_ms =
			1 + 1.5 * geo_km(lab->vps[i].lat, lab->vps[i].lon, sydney.lat, sydney.lon) / 100;
	for (int target = 0; target < 20; target++) {
		assert_int_equal(sites_detect(&lab->work, &lab->p, &lab->found), 0);
		assert_int_equal(lab->found.verdict, SITES_UNICAST);
		sites_learn(lab->vps, &lab->p, &lab->found);
	}
	assert_int_equal(lab->vps[far].targets, 20);
	assert_int_equal(lab->vps[far].conflicts, 0);
	for (size_t i = 0; i < far; i++)
		lab->seen[i].rtt_ms =
			1 +
			1.5 * geo_km(lab->vps[i].lat, lab->vps[i].lon, frankfurt.lat, frankfurt.lon) / 100;
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_VOUCHED);
	assert_non_null(site_near(lab, &sydney));
	assert_non_null(site_near(lab, &frankfurt));
}

static void a_conflict_is_held_against_who_is_blamed(void **state)
{
	struct lab *lab = *state;
	uint32_t wrong;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	wrong = add(lab, sydney.lat, sydney.lon, 2, SITES_NO);
	for (int target = 0; target < 3; target++) {
		assert_int_equal(sites_detect(&lab->work, &lab->p, &lab->found), 0);
		sites_learn(lab->vps, &lab->p, &lab->found);
	}
	for (uint32_t vp = 0; vp < lab->p.n_vps; vp++)
		assert_int_equal(lab->vps[vp].conflicts, vp == wrong ? 3 : 0);
	lab->vps[wrong].distrusted = true;
	infer(lab);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_FITS);
	assert_int_equal(lab->found.fate[wrong], SITES_UNUSED);
}

/* --- identities --- */

static struct sites_label named(const struct city *c)
{
	return (struct sites_label){true, c->lat, c->lon, 30, RULES_HIGH};
}

/* Discs that all meet, by names that do not. */
static void names_prove_what_discs_do_not(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add(lab, paris.lat, paris.lon, 40, 0);
	add(lab, warsaw.lat, warsaw.lon, 45, 1);
	lab->labels[0] = named(&london);
	lab->labels[1] = named(&frankfurt);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_IDENTITIES);
	assert_int_equal(lab->found.by_discs, 1);
	assert_int_equal(lab->found.proven, 2);
	assert_int_equal(lab->found.labels, 2);
	assert_int_equal(lab->found.n_sites, 2);
	assert_int_equal(lab->found.sites[lab->found.site_of[0]].label, 0);
	assert_int_equal(lab->found.sites[lab->found.site_of[1]].label, 1);
	lab->labels[1].confidence = RULES_LOW;
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNKNOWN);
}

static void labels_that_nobody_met_prove_nothing(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_everywhere(lab, &frankfurt, 0);
	lab->p.n_labels = 3;
	lab->labels[0] = named(&frankfurt);
	lab->labels[1] = named(&sydney);
	lab->labels[2] = named(&lima);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	assert_int_equal(lab->found.n_sites, 1);
	assert_int_equal(lab->found.sites[0].label, 0);
	assert_int_equal(lab->found.sites[0].method, METHOD_BOTH);
}

static void a_name_out_of_reach_is_not_believed(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add(lab, frankfurt.lat, frankfurt.lon, 1, 0);
	add(lab, frankfurt.lat + 0.5, frankfurt.lon, 2, 0);
	add_in(lab, &london, &frankfurt, 0);
	add(lab, sydney.lat, sydney.lon, 1, 1);
	add(lab, sydney.lat, sydney.lon + 0.5, 2, 1);
	lab->labels[0] = named(&lima);
	lab->labels[1] = named(&sydney);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.not_believed, 1);
	for (size_t i = 0; i < lab->found.n_sites; i++)
		if (lab->found.sites[i].label == 0) {
			assert_true(lab->found.sites[i].flags & SITES_NOT_BELIEVED);
			assert_true(isnan(lab->found.sites[i].lat));
		}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(lab->found.fate[i], SITES_VETOED);
	assert_int_equal(lab->found.fate[3], SITES_SERVED);
}

/* One that is too near for a name is misplaced itself, if others fit. */
static void one_denial_is_held_against_the_vantage_point(void **state)
{
	struct lab *lab = *state;
	uint32_t wrong;

	clear(lab);
	add_everywhere(lab, &frankfurt, 0);
	lab->labels[0] = named(&frankfurt);
	wrong = add(lab, sydney.lat, sydney.lon, 2, 0);
	infer(lab);
	assert_int_equal(lab->found.not_believed, 0);
	assert_int_not_equal(lab->found.fate[wrong], SITES_SERVED);
	assert_int_equal(lab->found.n_sites, 1);
	assert_at(lab, 0, &frankfurt);
}

static void an_opaque_label_in_two_places_is_split(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add(lab, frankfurt.lat, frankfurt.lon, 1, 0);
	add(lab, frankfurt.lat + 0.3, frankfurt.lon, 1.5, 0);
	add(lab, sydney.lat, sydney.lon, 1, 0);
	add(lab, sydney.lat, sydney.lon - 0.3, 1.5, 0);
	infer(lab);
	assert_int_equal(lab->found.split, 1);
	assert_int_equal(lab->found.n_sites, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(lab->found.sites[i].label, 0);
		assert_true(lab->found.sites[i].flags & SITES_SPLIT);
		assert_int_equal(lab->found.sites[i].vps, 2);
	}
}

static void every_label_is_a_site_placed_or_not(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add(lab, frankfurt.lat, frankfurt.lon, 1, 0);
	add(lab, sydney.lat, sydney.lon, 1, 1);
	add(lab, sydney.lat, sydney.lon + 0.3, 2, 1);
	add(lab, lima.lat, lima.lon, 1, 2);
	add(lab, 0, -150, 180, 3);
	lab->vps[add(lab, 0, 0, 5, 4)].placed = false;
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.labels, 5);
	assert_int_equal(lab->found.n_sites, 5);
	for (size_t i = 0; i < lab->found.n_sites; i++) {
		const struct sites_site *s = &lab->found.sites[i];

		assert_int_equal(isnan(s->lat), s->label >= 3);
		assert_true(s->label < 3 || s->flags & (SITES_UNSURE | SITES_NO_PLACE));
		assert_int_equal(s->vps, s->label == 1 ? 2 : 1);
	}
}

/* --- bad places and times --- */

static void a_coarse_place_makes_no_site(void **state)
{
	struct lab *lab = *state;
	uint32_t coarse;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	add_in(lab, &sydney, &sydney, SITES_NO);
	add(lab, sydney.lat + 0.2, sydney.lon, 1.2, SITES_NO);
	/* 250 km from where it is, and served by Frankfurt in no time. */
	coarse = add(lab, 52.3, 8.0, 0.5, SITES_NO);
	lab->vps[coarse].accuracy_km = 300;
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.n_sites, 2);
	assert_non_null(site_near(lab, &frankfurt));
}

static void rows_without_a_disc_are_ignored(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	add(lab, sydney.lat, sydney.lon, (double)NAN, SITES_NO);
	add(lab, sydney.lat, sydney.lon, -1, SITES_NO);
	lab->vps[add(lab, sydney.lat, sydney.lon, 1, SITES_NO)].placed = false;
	infer(lab);
	assert_int_equal(lab->found.reason, SITES_BECAUSE_FITS);
	assert_int_equal(lab->found.vps, 12);
}

static void the_edges_of_the_map_are_no_edges(void **state)
{
	struct lab *lab = *state;

	lab->options = sites_defaults;
	clear(lab);
	lab->options.vps_min = 2;
	add(lab, 65, 179.9, 1, SITES_NO);
	add(lab, 65, -179.9, 1, SITES_NO);
	add(lab, 66, 180, 3, SITES_NO);
	add(lab, 65, -180, 3, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	clear(lab);
	lab->options.vps_min = 2;
	add(lab, 90, 0, 3, SITES_NO);
	add(lab, 90, 123, 0, SITES_NO);
	add(lab, 89, -90, 2, SITES_NO);
	add(lab, 89, 90, 2, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	add(lab, -90, 0, 0, SITES_NO);
	add(lab, -89, 0, 150, SITES_NO);
	add(lab, -89, 10, 200, SITES_NO);
	add(lab, -88, 10, 1, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_ANYCAST);
	assert_int_equal(lab->found.by_discs, 3);
}

static void one_city_says_little(void **state)
{
	struct lab *lab = *state;

	clear(lab);
	for (int i = 0; i < 20; i++)
		add(lab, paris.lat + 0.01 * i, paris.lon - 0.01 * i, 20 + i, SITES_NO);
	infer(lab);
	assert_int_equal(lab->found.verdict, SITES_UNICAST);
	assert_int_equal(lab->found.proven, 1);
	assert_int_equal(lab->found.n_sites, 1);
}

/* --- properties --- */

static double uniform(struct dice *d, double low, double high)
{
	return low + (high - low) * dice(d, 1u << 30) / (1u << 30);
}

/* Some sites, some vantage points; some with labels. */
static void make_up(struct lab *lab, struct dice *d)
{
	double at[5][2];
	unsigned sites = 1 + dice(d, 5), vps = 4 + dice(d, MOST - 4);
	bool labelled = dice(d, 2);

	clear(lab);
	for (unsigned i = 0; i < sites; i++) {
		at[i][0] = uniform(d, -60, 70);
		at[i][1] = uniform(d, -180, 180);
		if (dice(d, 2))
			lab->labels[i] = (struct sites_label){true, at[i][0], at[i][1], 30, RULES_HIGH};
	}
	for (unsigned i = 0; i < vps; i++) {
		unsigned s = dice(d, sites);
		double lat = uniform(d, -90, 90), lon = uniform(d, -180, 180);

		add(lab, lat, lon,
			floor(geo_km(lat, lon, at[s][0], at[s][1]) / 100 * uniform(d, 1, 1.6) +
				uniform(d, 1, 5)),
			labelled && dice(d, 4) ? (int32_t)s : SITES_NO);
	}
}

static void swap_rows(struct lab *lab, struct dice *d)
{
	for (size_t i = lab->p.n_seen; i > 1; i--) {
		size_t k = dice(d, (unsigned)i);
		struct sites_seen row = lab->seen[i - 1];

		lab->seen[i - 1] = lab->seen[k];
		lab->seen[k] = row;
	}
}

static void the_order_of_rows_does_not_matter(void **state)
{
	struct lab *lab = *state;
	struct dice d = dice_of(1);

	for (int round = 0; round < 200; round++) {
		struct sites_result first = {.n_sites = 0};

		make_up(lab, &d);
		assert_int_equal(sites_infer(&lab->work, &lab->p, &first), 0);
		swap_rows(lab, &d);
		infer(lab);
		assert_int_equal(first.verdict, lab->found.verdict);
		assert_int_equal(first.reason, lab->found.reason);
		assert_int_equal(first.proven, lab->found.proven);
		assert_int_equal(first.n_sites, lab->found.n_sites);
		for (size_t i = 0; i < first.n_sites; i++) {
			assert_int_equal(first.sites[i].label, lab->found.sites[i].label);
			assert_int_equal(first.sites[i].place, lab->found.sites[i].place);
			assert_int_equal(first.sites[i].vps, lab->found.sites[i].vps);
			assert_int_equal(first.sites[i].flags, lab->found.sites[i].flags);
		}
		sites_result_free(&first);
	}
}

static void one_more_vantage_point_never_proves_less(void **state)
{
	struct lab *lab = *state;
	struct dice d = dice_of(2);

	for (int round = 0; round < 100; round++) {
		uint32_t before = 0;
		size_t all;

		make_up(lab, &d);
		all = lab->p.n_seen;
		lab->p.n_labels = 0;
		for (size_t i = 0; i < all; i++)
			lab->seen[i].label = SITES_NO;
		for (lab->p.n_seen = 1; lab->p.n_seen <= all; lab->p.n_seen++) {
			infer(lab);
			assert_true(lab->found.exact && lab->found.by_discs >= before);
			before = lab->found.by_discs;
		}
	}
}

static void what_is_proven_has_its_site(void **state)
{
	struct lab *lab = *state;
	struct dice d = dice_of(3);

	for (int round = 0; round < 200; round++) {
		size_t sure = 0;

		make_up(lab, &d);
		infer(lab);
		for (size_t i = 0; i < lab->found.n_sites; i++)
			sure += !(lab->found.sites[i].flags & SITES_LIKELY);
		if (lab->found.verdict == SITES_ANYCAST && lab->p.n_labels == 0)
			assert_int_equal(sure, lab->found.by_discs);
		for (size_t i = 0; i < lab->p.n_seen; i++)
			assert_int_equal(
				lab->found.fate[i] == SITES_SERVED, lab->found.site_of[i] != SITES_NO);
	}
}

/* --- explaining --- */

struct heard {
	size_t notes[SITES_NOTE_SKIPPED + 1];
	int32_t best;
	double mass, all;
};

static void hear(void *arg, const struct sites_note *n)
{
	struct heard *h = arg;

	h->notes[n->kind]++;
	if (n->kind == SITES_NOTE_CANDIDATE) {
		assert_true(fabs(n->score - n->prior - n->near - n->fit) < 1e-3);
		h->all += n->mass;
		if (n->mass > h->mass) {
			h->mass = n->mass;
			h->best = n->place;
		}
	}
}

static void what_was_weighed_is_told(void **state)
{
	struct lab *lab = *state;
	struct heard h = {.best = SITES_NO};

	clear(lab);
	add_everywhere(lab, &frankfurt, SITES_NO);
	add(lab, sydney.lat, sydney.lon, 2, SITES_NO);
	lab->work.explain = hear;
	lab->work.arg = &h;
	infer(lab);
	lab->work.explain = NULL;
	assert_true(h.notes[SITES_NOTE_PAIR] > 0);
	assert_true(h.notes[SITES_NOTE_CANDIDATE] > 0);
	assert_int_equal(h.best, lab->found.sites[0].place);
	assert_true(h.all > 0.9 && h.all < 1.001);
	clear(lab);
	add_in(lab, &paris, &frankfurt, SITES_NO);
	add(lab, frankfurt.lat, frankfurt.lon, 1, SITES_NO);
	add(lab, sydney.lat, sydney.lon, 1, 0);
	add(lab, sydney.lat, sydney.lon + 0.5, 1, 0);
	lab->labels[0] = named(&lima);
	lab->work.explain = hear;
	infer(lab);
	lab->work.explain = NULL;
	assert_int_equal(h.notes[SITES_NOTE_NOT_BELIEVED], 2);
	assert_int_equal(h.notes[SITES_NOTE_SKIPPED], 1);
}

/* --- parts --- */

static void the_law_is_a_density(void **state)
{
	static struct sites_law law;
	const double km[] = {10, 300, 2000, 10000};

	(void)state;
	for (size_t i = 0; i < sizeof km / sizeof *km; i++) {
		double sum = 0;

		for (int k = -300; k < 800; k++)
			sum += exp((double)sites_law_ln(
				       &law, lanes_of((float)km[i]), expf((float)k * 0.01F), 3)[0]) *
			       0.01;
		assert_float_equal(sum, 1, 0.07);
		/* Light does not get there in time. */
		assert_true(
			sites_law_ln(&law, lanes_of((float)km[i]), (float)km[i] / 100 * 0.8F, 3)[0] < -3 ||
			km[i] < 300);
	}
}

static void a_walk_meets_all_towns_of_a_disc(void **state)
{
	struct lab *lab = *state;
	struct dice d = dice_of(4);
	uint8_t *met = malloc(lab->world->n);

	assert_non_null(met);
	for (int round = 0; round < 300; round++) {
		struct geo_point at = geo_point_of(uniform(&d, -90, 90), uniform(&d, -180, 180));
		double km = pow(10, uniform(&d, 0, 4.2));
		struct sites_walk walk = sites_walk_start(lab->world, &at, km);
		struct sites_span span;

		memset(met, 0, lab->world->n);
		while (sites_walk_next(lab->world, &walk, &span))
			memset(met + span.first, 1, span.end - span.first);
		for (size_t i = 0; i < lab->world->n; i++) {
			const struct sites_town *t = &lab->world->v[i];
			struct geo_point p = {(double)t->x, (double)t->y, (double)t->z};

			if (!met[i])
				assert_true(geo_arc_km(&at, &p) > km * 0.9999);
		}
	}
	free(met);
}

static void the_targets_own_operators_do_not_count(void **state)
{
	struct lab *lab = *state;
	const struct sites_hub hubs[] = {{"A|B", 48.85, 2.35}, {"B", 48.85, 2.35}, {"C", 48.85, 2.35}};
	struct sites_world *w = sites_world_make(&lab->book, hubs, 3);
	struct geo_point at = geo_point_of(48.85, 2.35);
	struct sites_walk walk;
	struct sites_span span;
	float all, own, none;

	assert_non_null(w);
	walk = sites_walk_start(w, &at, 1);
	assert_true(sites_walk_next(w, &walk, &span) && span.first < span.end);
	all = sites_world_prior(w, span.first, sites_world_others(w, ""));
	own = sites_world_prior(w, span.first, sites_world_others(w, "B|D"));
	none = sites_world_prior(w, span.first, sites_world_others(w, "A|B|C"));
	assert_float_equal(all - own, 0.6F, 1e-3F);
	assert_float_equal(own - none, 0.6F, 1e-3F);
	sites_world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_place_for_all_is_unicast),
		cmocka_unit_test(few_vantage_points_say_nothing),
		cmocka_unit_test(two_places_are_anycast),
		cmocka_unit_test(one_misplaced_vantage_point_proves_nothing),
		cmocka_unit_test(two_in_one_spot_are_one_witness),
		cmocka_unit_test(other_targets_vouch_for_a_vantage_point),
		cmocka_unit_test(a_conflict_is_held_against_who_is_blamed),
		cmocka_unit_test(names_prove_what_discs_do_not),
		cmocka_unit_test(labels_that_nobody_met_prove_nothing),
		cmocka_unit_test(a_name_out_of_reach_is_not_believed),
		cmocka_unit_test(one_denial_is_held_against_the_vantage_point),
		cmocka_unit_test(an_opaque_label_in_two_places_is_split),
		cmocka_unit_test(every_label_is_a_site_placed_or_not),
		cmocka_unit_test(a_coarse_place_makes_no_site),
		cmocka_unit_test(rows_without_a_disc_are_ignored),
		cmocka_unit_test(the_edges_of_the_map_are_no_edges),
		cmocka_unit_test(one_city_says_little),
		cmocka_unit_test(the_order_of_rows_does_not_matter),
		cmocka_unit_test(one_more_vantage_point_never_proves_less),
		cmocka_unit_test(what_is_proven_has_its_site),
		cmocka_unit_test(what_was_weighed_is_told),
		cmocka_unit_test(the_law_is_a_density),
		cmocka_unit_test(a_walk_meets_all_towns_of_a_disc),
		cmocka_unit_test(the_targets_own_operators_do_not_count),
	};

	return cmocka_run_group_tests(tests, open_lab, close_lab);
}
