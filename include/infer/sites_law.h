/* How likely a round-trip time is over a distance: t = d/100 * (1 + 0.8 e^(z/2)) + tau * e^w in ms and km, with z and w standard
 * normal: a path longer than the great circle, and a last mile of scale tau. For infer/sites only. */
#ifndef INFER_SITES_LAW_H
#define INFER_SITES_LAW_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "infer/lanes.h"

enum { SITES_LAW_D = 50, SITES_LAW_T = 90, SITES_LAW_KNOTS = 32 };

/* Logarithms of the density of ln t. Everything scales with tau: one table serves all. Rows are made when first asked for. */
struct sites_law {
	bool ready[SITES_LAW_D];
	float v[SITES_LAW_D][SITES_LAW_T];
};

lanes sites_law_ln(struct sites_law *law, lanes km, float rtt_ms, float tau_ms);

/* The law of one time over the distances 0 to `reach_km`, to be asked for many of them; slack_km: how well the place of who
 * measured it is known. */
struct sites_time {
	double rtt_ms, slack_km;
};

/* At distances that lie closer together where they are small, by the square; for some scales of the last mile at once. */
struct sites_profile {
	float reach_km;
	float v[SITES_LAW_KNOTS + 2][LANES];
};
void sites_profile_make(struct sites_profile *p, struct sites_law *law, const struct sites_time *t,
	double reach_km, const double *tau_ms, size_t n_taus);
/* No distance has more, by scale. */
lanes sites_profile_most(const struct sites_profile *p);

/* Where among the knots distances are. */
static inline lanes sites_profile_at(const struct sites_profile *p, lanes km)
{
	return lanes_root(lanes_least(km / p->reach_km, lanes_of(1))) * SITES_LAW_KNOTS;
}

static inline lanes sites_profile_value(const struct sites_profile *p, float at)
{
	int i = (int)at;
	lanes a = lanes_at(p->v[i]), b = lanes_at(p->v[i + 1]);

	return a + (at - (float)i) * (b - a);
}

#endif
