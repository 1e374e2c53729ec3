#include <math.h>

#include "infer/sites_scratch.h"

/* Anchors wider than this say nothing; of two as near to each other as this one is enough. */
static const double useful_km = 5000, apart_km = 300;

/* Keeps the narrowest ones, in different directions. */
static void anchor(struct sites_vp *vp, const struct geo_point *at, double km, uint32_t target)
{
	struct sites_anchor *worst = &vp->anchor[0];

	for (struct sites_anchor *a = vp->anchor; a < vp->anchor + SITES_ANCHORS; a++) {
		if (a->km > 0 && geo_arc_km(&a->at, at) < apart_km) {
			worst = a;
			break;
		}
		if (worst->km > 0 && !(a->km > 0 && a->km <= worst->km))
			worst = a;
	}
	if (!(worst->km > 0) || km < (double)worst->km)
		*worst = (struct sites_anchor){*at, (float)km, target};
}

static bool usable(const struct sites_problem *p, const struct sites_result *found, size_t row)
{
	const struct sites_seen *s = &p->seen[row];
	const struct sites_vp *vp = &p->vps[s->vp];

	return vp->placed && !vp->distrusted && s->rtt_ms >= 0 && isfinite(s->rtt_ms) &&
	       found->fate[row] != SITES_VETOED && found->fate[row] != SITES_BLAMED;
}

static double reach_km(const struct sites_problem *p, const struct sites_seen *s)
{
	return discs_radius_km(s->rtt_ms, p->vps[s->vp].accuracy_km, p->options->km_per_ms);
}

/* The two smallest discs of different vantage points. */
static void find_nearest(
	const struct sites_problem *p, const struct sites_result *found, const struct sites_seen *nearest[2])
{
	nearest[0] = nearest[1] = NULL;
	for (size_t i = 0; i < p->n_seen; i++) {
		const struct sites_seen *s = &p->seen[i];

		if (!usable(p, found, i))
			continue;
		if (!nearest[0] || reach_km(p, s) < reach_km(p, nearest[0])) {
			if (nearest[0] && nearest[0]->vp != s->vp)
				nearest[1] = nearest[0];
			nearest[0] = s;
		} else if (s->vp != nearest[0]->vp &&
			   (!nearest[1] || reach_km(p, s) < reach_km(p, nearest[1]))) {
			nearest[1] = s;
		}
	}
}

/* One place answers all: each is as near to the one that is nearest to it as both times allow. */
static void learn_of_one(
	struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found)
{
	const struct sites_seen *nearest[2];

	find_nearest(p, found, nearest);
	for (size_t i = 0; nearest[0] && i < p->n_seen; i++) {
		const struct sites_seen *s = &p->seen[i],
					*other = s->vp == nearest[0]->vp ? nearest[1] : nearest[0];
		double km = other ? reach_km(p, s) + reach_km(p, other) : useful_km;

		if (!usable(p, found, i) || !(km < useful_km))
			continue;
		vps[s->vp].targets++;
		anchor(&vps[s->vp], &p->vps[other->vp].at, km, p->target);
	}
	if (found->blamed != SITES_NO) {
		vps[found->blamed].targets++;
		vps[found->blamed].conflicts++;
	}
}

/* Who a rule says answers is at a known place. */
static void learn_of_names(
	struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found)
{
	for (size_t i = 0; i < p->n_seen; i++) {
		const struct sites_seen *s = &p->seen[i];
		const struct sites_label *l = s->label >= 0 ? &p->labels[s->label] : NULL;
		double km = l ? reach_km(p, s) + l->radius_km : 0;
		struct geo_point at;

		if (!l || !l->placed || l->confidence < RULES_MEDIUM || !usable(p, found, i) ||
			!(km < useful_km))
			continue;
		at = geo_point_of(l->lat, l->lon);
		anchor(&vps[s->vp], &at, km, p->target);
	}
}

void sites_learn(struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found)
{
	if (found->verdict == SITES_UNICAST)
		learn_of_one(vps, p, found);
	learn_of_names(vps, p, found);
}
