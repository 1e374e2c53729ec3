/* How many targets a second one core judges from memory, 300 vantage points a target: detection of unicast, all of it for ten
 * sites. Best of several rounds, the first of which fills the caches. Usage: sites [PLACES] */
#include <stdio.h>
#include <time.h>

#include "../tools/services.h"

enum { VPS = 300, TARGETS = 200, ROUNDS = 30 };

struct service {
	struct sites_seen seen[VPS];
	struct sites_label labels[10];
};

struct bench {
	struct place_book book;
	struct sites_world *world;
	struct services_vp vps[VPS];
	struct sites_vp claimed[VPS];
	struct service one[TARGETS], ten[TARGETS], named[TARGETS];
	struct sites_work work;
	struct sites_result found;
};

static void make_service(struct bench *b, struct chance *c, struct service *s, size_t sites, bool named)
{
	struct geo_point at[10];

	for (size_t i = 0; i < sites; i++) {
		const struct place *p = services_city(&b->book, c, 0.5, 500000);

		at[i] = geo_point_of((double)p->lat, (double)p->lon);
	}
	for (uint32_t i = 0; i < VPS; i++) {
		size_t site = services_choose(c, &b->vps[i], at, sites);

		s->seen[i] = (struct sites_seen){
			i, named ? (int32_t)site : SITES_NO, services_rtt_ms(c, &b->vps[i], &at[site])};
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef int judge(struct sites_work *w, const struct sites_problem *p, struct sites_result *out);

static void measure(struct bench *b, const char *what, judge *how, const struct service *v, size_t n_labels)
{
	double best = 0;
	size_t sites = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds();

		sites = 0;
		for (uint32_t i = 0; i < TARGETS; i++) {
			const struct sites_problem p = {.world = b->world,
				.options = &sites_defaults,
				.vps = b->claimed,
				.n_vps = VPS,
				.seen = v[i].seen,
				.n_seen = VPS,
				.labels = v[i].labels,
				.n_labels = n_labels};

			if (how(&b->work, &p, &b->found) < 0)
				exit(1);
			sites += b->found.n_sites;
		}
		start = seconds() - start;
		best = TARGETS / start > best ? TARGETS / start : best;
	}
	printf("%-40s %9.0f targets/s %6.1f us (%.1f sites each)\n", what, best, 1e6 / best,
		(double)sites / TARGETS);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct chance c = chance_seeded(1);
	struct err_msg why = {.text = ""};

	if (place_read(&b.book, argc > 1 ? argv[1] : "targets/places.csv", &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 2;
	}
	b.world = sites_world_make(&b.book, NULL, 0);
	for (size_t i = 0; i < VPS; i++) {
		b.vps[i] = services_vp_make(&b.book, &c, false);
		b.claimed[i] = b.vps[i].claimed;
	}
	for (size_t i = 0; i < TARGETS; i++) {
		make_service(&b, &c, &b.one[i], 1, false);
		make_service(&b, &c, &b.ten[i], 10, false);
		make_service(&b, &c, &b.named[i], 10, true);
	}
	measure(&b, "unicast, detection", sites_detect, b.one, 0);
	measure(&b, "unicast, placed", sites_infer, b.one, 0);
	measure(&b, "ten sites, detection", sites_detect, b.ten, 0);
	measure(&b, "ten sites, latency alone", sites_infer, b.ten, 0);
	measure(&b, "ten sites, with identities", sites_infer, b.named, 10);
	sites_work_free(&b.work);
	sites_result_free(&b.found);
	sites_world_free(b.world);
	place_book_free(&b.book);
	return 0;
}
