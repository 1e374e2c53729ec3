#include "cmd/met.h"

#include <stdlib.h>

#include "cmd/session.h"

struct met *met_open(const struct options *o)
{
	struct met *m = calloc(1, sizeof(*m));
	const struct vantage nowhere = {.vp = ""};

	if (m && judge_open(&m->judge, o, &nowhere, NULL) < 0) {
		met_close(m);
		return NULL;
	}
	return m;
}

void met_close(struct met *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		judge_case_close(&m->cases[i]);
	judge_close(&m->judge);
	free(m);
}

static struct judge_case *case_of(struct met *m, const struct addr *target)
{
	for (size_t i = 0; i < m->n; i++)
		if (addr_equal(&m->cases[i].seen.target, target))
			return &m->cases[i];
	if (m->n == MET_TARGETS || judge_case_open(&m->cases[m->n], &m->judge, target, NULL) < 0)
		return NULL;
	return &m->cases[m->n++];
}

void met_row(struct met *m, const struct record *r)
{
	struct judge_case *c;

	if (!m || m->many || r->probe != PROBE_DNS)
		return;
	c = case_of(m, &r->target);
	m->many = !c || ++m->replies > MET_REPLIES || observe_add(&c->seen, r) < 0;
}

void met_print(FILE *out, struct met *m)
{
	struct voices heard[MET_TARGETS];
	struct which_met told[MET_TARGETS];
	size_t n = 0;

	if (!m || m->many)
		return;
	for (; n < m->n; n++) {
		struct judge_case *c = &m->cases[n];

		observe_finish(&c->seen);
		if (voices_hear(&heard[n], &c->seen, &m->judge.rules, &c->scope, m->judge.day) < 0)
			break;
		told[n] = (struct which_met){c->seen.target, c->info.service, &heard[n]};
	}
	if (n > 0 && n == m->n) {
		(void)fputc('\n', out);
		(void)which_met(out, told, n, false);
	}
	for (size_t i = 0; i < n; i++)
		voices_free(&heard[i]);
}
