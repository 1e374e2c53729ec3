/* How likely a round-trip time is over a distance: t = d/100 * (1 + 0.8 e^(z/2)) + tau * e^w in ms and km, with z and w standard
 * normal: a path longer than the great circle, and a last mile of scale tau. For infer/sites only. */
#ifndef INFER_SITES_LAW_H
#define INFER_SITES_LAW_H

#include <math.h>
#include <stdbool.h>

enum { SITES_LAW_D = 50, SITES_LAW_T = 90, SITES_LAW_KNOTS = 32 };

/* Logarithms of the density of ln t. Everything scales with tau: one table serves all. Rows are made when first asked for. */
struct sites_law {
	bool ready[SITES_LAW_D];
	float v[SITES_LAW_D][SITES_LAW_T];
};

double sites_law_ln(struct sites_law *law, double km, double rtt_ms, double tau_ms);

/* The law of one time over the distances 0 to `reach_km`, to be asked for many of them; slack_km: how well the place of who
 * measured it is known. */
struct sites_time {
	double rtt_ms, slack_km;
};
struct sites_profile {
	float reach_km;
	float v[SITES_LAW_KNOTS + 2];
};
void sites_profile_make(struct sites_profile *p, struct sites_law *law, const struct sites_time *t,
	double reach_km, double tau_ms);
/* No distance has more. */
float sites_profile_most(const struct sites_profile *p);

/* In two steps, of which profiles of one reach share the first, or in one. */
static inline float sites_profile_at(const struct sites_profile *p, float km)
{
	float part = km / p->reach_km;

	return sqrtf(part < 1 ? part : 1) * SITES_LAW_KNOTS;
}

static inline float sites_profile_value(const struct sites_profile *p, float at)
{
	int i = (int)at;

	return p->v[i] + (at - (float)i) * (p->v[i + 1] - p->v[i]);
}

static inline float sites_profile_ln(const struct sites_profile *p, float km)
{
	return sites_profile_value(p, sites_profile_at(p, km));
}

#endif
