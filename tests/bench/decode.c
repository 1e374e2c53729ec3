/* How fast identity strings are decoded in this process on one core, and how long the rules and places take to load: the best
 * of several rounds over the rules' own examples, as they come at a resolver, at the roots and at no known target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "infer/ident.h"

enum { ROUNDS = 7, N = 500000 };

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double load(struct rules *rules, struct target_list *book)
{
	struct err_msg why = {{0}};
	double begin = seconds();

	if (rules_read(rules, "targets", NULL, NULL, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	begin = seconds() - begin;
	if (target_read_book(book, "targets", &why) < 0)
		exit(1);
	return begin;
}

/* Best time of a round; `placed` counts the sites so that no work is left out. */
static double rounds(const struct rules *rules, const struct ident_scope *scope, size_t *placed)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double begin = seconds(), took;

		*placed = 0;
		for (size_t i = 0; i < N; i++) {
			const char *text = rules->v[i % rules->n].example;
			struct ident id = ident_decode(
				rules, scope, RULES_ANY, 20261122, (const uint8_t *)text, strlen(text));

			*placed += id.status == IDENT_SITE;
		}
		took = seconds() - begin;
		best = took < best ? took : best;
	}
	return best;
}

int main(void)
{
	static const char *const targets[] = {"1.1.1.1", "k.root-servers.net", "roots", ""};
	struct rules rules;
	struct target_list book = {0};
	double took = load(&rules, &book);

	(void)printf("%-44s %8.1f ms\n", "decode: loading rules and places", took * 1e3);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct ident_scope scope;
		size_t placed;

		if (ident_scope_named(&scope, &rules, &book, targets[i]) < 0)
			return 1;
		took = rounds(&rules, &scope, &placed);
		(void)printf("decode: %-36s %8.2f M strings/s, %3.0f %% placed\n",
			*targets[i] ? targets[i] : "(no target)", N / took / 1e6, 100.0 * (double)placed / N);
		ident_scope_free(&scope);
	}
	rules_free(&rules);
	target_list_free(&book);
	return 0;
}
