#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "infer/news.h"

enum { VPS = 12, TEXT = 4096 };

/* A run as text: what each vantage point met, a letter a site, `.` for none; what was told, as text too. */
struct rig {
	struct news *w;
	uint32_t round;
	char told[TEXT];
};

static void tell(void *arg, const struct news_event *e)
{
	static const char *const names[] = {"gone", "many", "flip"};
	struct rig *g = arg;
	size_t n = strlen(g->told);

	n += (size_t)snprintf(
		g->told + n, TEXT - n, "%u %s%s", e->round, names[e->kind], e->over ? " over" : "");
	if (e->kind == NEWS_GONE)
		n += (size_t)snprintf(g->told + n, TEXT - n, " %c", 'A' + e->site);
	for (size_t i = 0; i < e->n; i++)
		n += (size_t)snprintf(g->told + n, TEXT - n, " %u%c%c", e->move[i].vp, 'A' + e->move[i].from,
			'A' + e->move[i].to);
	(void)snprintf(g->told + n, TEXT - n, "\n");
	assert_true(strlen(g->told) < TEXT - 256);
}

static struct rig rig_of(size_t vps, const uint32_t *asn)
{
	static const uint32_t none[64];

	return (struct rig){.w = news_new(asn ? asn : none, vps)};
}

static void rounds(struct rig *g, const char *met, unsigned times)
{
	int32_t site[64];

	for (size_t i = 0; met[i]; i++)
		site[i] = met[i] == '.' ? NEWS_NO_SITE : met[i] - 'A';
	for (unsigned i = 0; i < times; i++)
		assert_int_equal(news_round(g->w, g->round++, site, tell, g), 0);
}

static void expect(struct rig *g, const char *told)
{
	assert_string_equal(g->told, told);
	news_free(g->w);
}

static void nothing_moves(void **state)
{
	struct rig g = rig_of(VPS, NULL);

	(void)state;
	rounds(&g, "AAAABBBBCCCC", 20);
	rounds(&g, "AAAA....CCCC", 20); /* silence is not news of a site */
	rounds(&g, "AAAABBBBCCCC", 20);
	expect(&g, "");
}

static void one_round_elsewhere_is_no_move(void **state)
{
	struct rig g = rig_of(3, NULL);

	(void)state;
	rounds(&g, "AAB", 5);
	rounds(&g, "ABB", 1);
	rounds(&g, "AAB", 3);
	rounds(&g, "ABB", 1);
	rounds(&g, "ACB", 1);
	rounds(&g, "A.B", 2);
	rounds(&g, "AAB", 1);
	expect(&g, "");
}

static void a_flip_is_told_once_and_once_when_it_is_over(void **state)
{
	struct rig g = rig_of(4, NULL);

	(void)state;
	rounds(&g, "AAAB", 3);
	rounds(&g, "ABBB", 9); /* two at a time: one line */
	rounds(&g, "ABCB", 3);
	rounds(&g, "AACB", 3);
	expect(&g, "4 flip 1AB 2AB\n13 flip 2BC\n16 flip over 1BA\n");
}

/* Some were probed before the withdrawal of round 3, some behind it. */
static void a_site_is_gone_and_comes_back(void **state)
{
	struct rig g = rig_of(VPS, NULL);

	(void)state;
	rounds(&g, "AAAAABBBBCCC", 3);
	rounds(&g, "BCAAABBBBCCC", 1);
	rounds(&g, "BCBB.BBBBCCC", 1);
	rounds(&g, "BCBB.BBBBCCC", 1);
	rounds(&g, "BCBB.BBBBCCC", 9);
	rounds(&g, "BCBBCBBBBCCC", 3); /* the silent one is heard of again: no more news */
	rounds(&g, "BCAAABBBBCCC", 2);
	rounds(&g, "AAAAABBBBCCC", 9);
	expect(&g, "5 gone A 0AB 2AB 3AB 1AC\n19 gone over A 2BA 3BA 4CA\n");
}

/* Two of five is no reason to call a site gone, nor is all of a site of two. */
static void a_site_that_keeps_somebody_is_not_gone(void **state)
{
	struct rig g = rig_of(7, NULL);

	(void)state;
	rounds(&g, "AAAAABB", 3);
	rounds(&g, "BBAAABB", 3);
	rounds(&g, "BBAAACC", 3);
	expect(&g, "4 flip 0AB 1AB\n7 flip 5BC 6BC\n");
}

static void more_than_the_past_explains(void **state)
{
	uint32_t asn[48];
	char met[49], moved[49];
	struct rig g;

	(void)state;
	for (unsigned i = 0; i < 48; i++) {
		asn[i] = 64500 + i / 2; /* two to an AS */
		met[i] = moved[i] = (char)('A' + i % 4);
	}
	met[48] = moved[48] = '\0';
	g = rig_of(48, asn);
	rounds(&g, met, 20);
	moved[0] = 'B'; /* both of one AS: one cluster */
	moved[1] = 'A';
	rounds(&g, moved, 5);
	assert_string_equal(g.told, "21 flip 0AB\n21 flip 1BA\n");
	for (unsigned i = 4; i < 24; i += 2)
		moved[i] = moved[i] == 'A' ? 'C' : 'A'; /* of ten ASes */
	rounds(&g, moved, 5);
	expect(&g, "21 flip 0AB\n21 flip 1BA\n"
		   "26 many 4AC 8AC 12AC 16AC 20AC 6CA 10CA 14CA 18CA 22CA\n27 many over\n");
}

/* Churn as it is in the wild, 1 % of the ASes a round, moves that last: flips are told, and hardly ever more. */
static void churn_alone_is_only_flips(void **state)
{
	struct dice d = dice_of(3);
	uint32_t asn[60];
	char met[61] = "";
	unsigned many = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		asn[i] = 64500 + i;
		met[i] = (char)('A' + i % 5);
	}
	for (unsigned run = 0; run < 20; run++) {
		struct rig g = rig_of(60, asn);

		for (unsigned r = 0; r < 300; r++) {
			for (unsigned i = 0; i < 60; i++)
				if (dice(&d, 100) == 0)
					met[i] = (char)('A' + dice(&d, 5));
			rounds(&g, met, 1);
			many += strstr(g.told, "many") != NULL;
			g.told[0] = '\0';
		}
		news_free(g.w);
	}
	assert_in_range(many, 0, 2); /* of 6,000 rounds */
}

static void the_tail_is_the_binomial(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= 25; n++)
		for (unsigned q10 = 1; q10 < 10; q10++) {
			double q = q10 / 10.0, below = 0, term = pow(1 - q, n);

			for (uint32_t k = 0; k <= n + 1; k++) {
				assert_true(fabs(news_tail(n, q, k) - (1 - below)) < 1e-9);
				below += term;
				term *= (double)(n - k) / (k + 1) * q / (1 - q);
			}
		}
}

static void who_joins_later(void **state)
{
	struct rig g = rig_of(1, NULL);

	(void)state;
	rounds(&g, "A", 5);
	assert_int_equal(news_add_vp(g.w, 0), 0);
	rounds(&g, "AB", 5);
	rounds(&g, "AC", 2);
	expect(&g, "11 flip 1BC\n");
}

static int setup(void **state)
{
	(void)state;
	return hash_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moves),
		cmocka_unit_test(one_round_elsewhere_is_no_move),
		cmocka_unit_test(a_flip_is_told_once_and_once_when_it_is_over),
		cmocka_unit_test(a_site_is_gone_and_comes_back),
		cmocka_unit_test(a_site_that_keeps_somebody_is_not_gone),
		cmocka_unit_test(more_than_the_past_explains),
		cmocka_unit_test(churn_alone_is_only_flips),
		cmocka_unit_test(the_tail_is_the_binomial),
		cmocka_unit_test(who_joins_later),
	};

	return cmocka_run_group_tests_name("infer/news", tests, setup, NULL);
}
