#include "infer/trust.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* One name that does not fit may be wrong itself; so many times it must be another. */
enum { VETOES_MIN = 2 };

int trust_begin(struct trust *t, struct sites_vp *vps, size_t n)
{
	if (!t->v) {
		t->v = calloc(n + 1, sizeof(*t->v));
		t->n = n;
	}
	if (!t->v)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		t->v[i].labels = t->v[i].vetoes = 0;
		vps[i].targets = vps[i].conflicts = 0;
		vps[i].clean = 0;
	}
	return 0;
}

void trust_free(struct trust *t)
{
	free(t->v);
	free(t->near);
	free(t->far);
	*t = (struct trust){.v = NULL};
}

/* Whether a row can be held against where its label is said to be, and whether it fits. */
static bool tells(const struct sites_problem *p, const struct sites_seen *s, bool *fits)
{
	const struct sites_label *l = s->label >= 0 ? &p->labels[s->label] : NULL;
	const struct sites_vp *vp = &p->vps[s->vp];
	struct geo_point at;

	if (!l || !l->placed || !vp->placed || vp->distrusted || !(s->rtt_ms > 0))
		return false;
	at = geo_point_of(l->lat, l->lon);
	*fits = geo_arc_km(&vp->at, &at) <=
		discs_radius_km(s->rtt_ms, vp->accuracy_km, p->options->km_per_ms) + l->radius_km;
	return true;
}

int trust_names(struct trust *t, const struct sites_problem *p)
{
	bool fits;

	if (vec_reserve(&t->near, &t->cap_near, p->n_labels + 1) < 0 ||
		vec_reserve(&t->far, &t->cap_far, p->n_labels + 1) < 0)
		return ERR_NOMEM;
	memset(t->near, 0, (p->n_labels + 1) * sizeof(*t->near));
	memset(t->far, 0, (p->n_labels + 1) * sizeof(*t->far));
	for (const struct sites_seen *s = p->seen; s < p->seen + p->n_seen; s++)
		if (tells(p, s, &fits))
			(fits ? t->near : t->far)[s->label]++;
	for (const struct sites_seen *s = p->seen; s < p->seen + p->n_seen; s++) {
		if (!tells(p, s, &fits) || t->near[s->label] <= t->far[s->label])
			continue;
		t->v[s->vp].labels++;
		t->v[s->vp].vetoes += !fits;
	}
	return 0;
}

static bool exceeds(uint32_t n, uint32_t of, double share)
{
	return n > 0 && (double)n > share * of;
}

size_t trust_judge(struct trust *t, struct sites_vp *vps, double share)
{
	size_t fallen = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct trust_vp *v = &t->v[i];
		bool by_discs = exceeds(vps[i].conflicts, vps[i].targets, share);
		bool by_names = v->vetoes >= VETOES_MIN && exceeds(v->vetoes, v->labels, share);

		if (vps[i].distrusted)
			continue;
		v->targets = vps[i].targets > v->labels ? vps[i].targets : v->labels;
		v->conflicts = vps[i].conflicts > v->vetoes ? vps[i].conflicts : v->vetoes;
		if (by_discs)
			(void)snprintf(v->reason, sizeof(v->reason),
				"misplaced: its times alone exclude those of all others at %u of %u targets",
				vps[i].conflicts, vps[i].targets);
		else if (by_names)
			(void)snprintf(v->reason, sizeof(v->reason),
				"misplaced: too near for %u of the %u sites by whose name it was answered",
				v->vetoes, v->labels);
		vps[i].distrusted = by_discs || by_names;
		fallen += vps[i].distrusted;
	}
	return fallen;
}
