/* How often a service of two sites is found to be anycast, by how many vantage points see it, and how often a service of one site
 * is taken for one: by disjoint discs that no vantage point alone explains; with what other targets say of the vantage points;
 * with identities as well; and by any pair of disjoint discs, which is what one would do without care. One vantage point in 67
 * is misplaced. Usage: two_sites [-n SERVICES] [PLACES] */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "infer/trust.h"
#include "services.h"

enum { VPS_MAX = 100, OTHERS = 40, WORLDS_OF = 20 };
/* Of its targets: what `infer --trust` is by default. */
static const double conflicts_max = 0.1;

struct service {
	struct sites_seen seen[VPS_MAX];
	struct sites_label labels[2];
};

struct trial {
	struct place_book book;
	struct chance chance;
	struct services_vp vps[VPS_MAX];
	struct sites_vp claimed[VPS_MAX];
	size_t n_vps;
	struct service others[OTHERS];
	struct trust trust;
	struct sites_work work;
	struct sites_result found;
};

static void meet_vps(struct trial *t, size_t n)
{
	t->n_vps = n;
	for (size_t i = 0; i < n; i++) {
		t->vps[i] = services_vp_make(&t->book, &t->chance, chance_below(&t->chance, 67) == 0);
		t->claimed[i] = t->vps[i].claimed;
	}
}

/* A service of 1 or 2 sites, no two within 500 km. */
static struct service meet_service(struct trial *t, size_t sites)
{
	struct service s = {.labels = {{0}}};
	struct geo_point at[2];

	for (size_t i = 0; i < sites; i++) {
		const struct place *p;

		do {
			p = services_city(&t->book, &t->chance, 0.5, 500000);
			at[i] = geo_point_of((double)p->lat, (double)p->lon);
		} while (i > 0 && geo_arc_km(&at[0], &at[1]) < 500);
		s.labels[i] = (struct sites_label){true, (double)p->lat, (double)p->lon, 30, RULES_HIGH};
	}
	for (uint32_t i = 0; i < t->n_vps; i++) {
		size_t site = services_choose(&t->chance, &t->vps[i], at, sites);

		s.seen[i] = (struct sites_seen){
			i, (int32_t)site, services_rtt_ms(&t->chance, &t->vps[i], &at[site])};
	}
	return s;
}

enum { KNOWN = 1, NAMED = 2, LEARN = 4 };

/* KNOWN: with what was learnt of the vantage points; NAMED: with identities; LEARN: and learn. */
static void detect(struct trial *t, const struct service *s, unsigned with)
{
	struct sites_seen seen[VPS_MAX];
	struct sites_vp vps[VPS_MAX];
	const struct sites_problem p = {.options = &sites_defaults,
		.vps = vps,
		.n_vps = t->n_vps,
		.seen = seen,
		.n_seen = t->n_vps,
		.labels = s->labels,
		.n_labels = 2};

	memcpy(vps, t->claimed, sizeof vps);
	memcpy(seen, s->seen, sizeof seen);
	for (size_t i = 0; i < t->n_vps; i++) {
		if (!(with & KNOWN)) {
			vps[i].clean = 0;
			vps[i].distrusted = false;
		}
		if (!(with & NAMED))
			seen[i].label = SITES_NO;
	}
	if (sites_detect(&t->work, &p, &t->found) < 0)
		exit(1);
	if (with & LEARN)
		sites_learn(t->claimed, &p, &t->found);
}

/* Other services of one site, without identities. */
static void learn(struct trial *t)
{
	for (int i = 0; i < OTHERS; i++)
		t->others[i] = meet_service(t, 1);
	trust_free(&t->trust);
	do {
		if (trust_begin(&t->trust, t->claimed, t->n_vps) < 0)
			exit(1);
		for (int i = 0; i < OTHERS; i++)
			detect(t, &t->others[i], KNOWN | LEARN);
	} while (trust_judge(&t->trust, t->claimed, conflicts_max) > 0);
}

static bool is_anycast(const struct trial *t)
{
	return t->found.verdict == SITES_ANYCAST;
}

enum { COVER, VOUCHED, IDENTITIES, PAIR, WAYS };

/* How each way judges a service of so many sites. */
static void count(struct trial *t, size_t sites, unsigned by[WAYS])
{
	struct service s = meet_service(t, sites);

	detect(t, &s, 0);
	by[COVER] += is_anycast(t);
	by[PAIR] += t->found.pair[0] != SITES_NO;
	detect(t, &s, KNOWN);
	by[VOUCHED] += is_anycast(t);
	detect(t, &s, KNOWN | NAMED);
	by[IDENTITIES] += is_anycast(t);
}

static void row(struct trial *t, size_t vps, unsigned services)
{
	unsigned two[WAYS] = {0}, one[WAYS] = {0};

	for (unsigned done = 0; done < services;) {
		meet_vps(t, vps);
		learn(t);
		for (int i = 0; i < WORLDS_OF && done < services; i++, done++) {
			count(t, 2, two);
			count(t, 1, one);
		}
	}
	printf("%4zu", vps);
	for (int way = 0; way < WAYS; way++)
		printf("   %.3f %.3f", (double)two[way] / services, (double)one[way] / services);
	putchar('\n');
}

int main(int argc, char **argv)
{
	static const size_t vps[] = {4, 10, 20, 50, 100};
	static struct trial t;
	struct err_msg why = {.text = ""};
	unsigned services = 2000;

	while (getopt(argc, argv, "n:") == 'n')
		services = (unsigned)atoi(optarg);
	t.chance = chance_seeded(1);
	if (place_read(&t.book, optind < argc ? argv[optind] : "targets/places.csv", &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	printf("called anycast, of %u services of two sites and as many of one, %d other services known\n",
		services, (int)OTHERS);
	printf(" vps   by discs      others known  identities    any pair\n");
	printf("       two   one     two   one     two   one     two   one\n");
	for (size_t i = 0; i < sizeof vps / sizeof *vps; i++)
		row(&t, vps[i], services);
	trust_free(&t.trust);
	sites_work_free(&t.work);
	sites_result_free(&t.found);
	place_book_free(&t.book);
	return 0;
}
