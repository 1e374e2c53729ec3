#include <math.h>

#include "infer/sites_scratch.h"

/* Places of other vantage points stand for the places that one could be said to be in by mistake. */
enum { WRONG_PLACES = 16 };
/* Most that one target says: places that many targets would show to be wrong are near to each other. */
static const double most = 0.5;

/* Share of wrong places from where the disc would not reach to the point, less `km` on its side. */
static double shown_by(const struct sites_problem *p, const struct geo_point *at, double km)
{
	size_t n = p->n_vps < WRONG_PLACES ? p->n_vps : WRONG_PLACES, shown = 0, tried = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sites_vp *vp = &p->vps[i * p->n_vps / n];

		tried += vp->placed;
		shown += vp->placed && geo_arc_km(&vp->at, at) > km;
	}
	return tried ? (double)shown / (double)tried : 0;
}

static void learn(struct sites_vp *vp, double share)
{
	if (!(share > 0))
		return;
	vp->targets++;
	vp->clean += log(1 - fmin(share, most));
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

/* One place answers all: discs that do not meet the smallest would show. */
static void learn_of_one(
	struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found)
{
	const struct sites_seen *nearest[2];

	find_nearest(p, found, nearest);
	for (size_t i = 0; nearest[0] && i < p->n_seen; i++) {
		const struct sites_seen *s = &p->seen[i],
					*other = s->vp == nearest[0]->vp ? nearest[1] : nearest[0];

		if (other && usable(p, found, i))
			learn(&vps[s->vp],
				shown_by(p, &p->vps[other->vp].at, reach_km(p, s) + reach_km(p, other)));
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
		struct geo_point at;

		if (!l || !l->placed || l->confidence < RULES_MEDIUM || !usable(p, found, i))
			continue;
		at = geo_point_of(l->lat, l->lon);
		learn(&vps[s->vp], shown_by(p, &at, reach_km(p, s) + l->radius_km));
	}
}

void sites_learn(struct sites_vp *vps, const struct sites_problem *p, const struct sites_result *found)
{
	if (found->verdict == SITES_UNICAST)
		learn_of_one(vps, p, found);
	else
		learn_of_names(vps, p, found);
}
