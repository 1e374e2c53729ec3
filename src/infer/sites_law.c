#include "infer/sites_law.h"

#include <math.h>

static const double detour = 0.8, detour_spread = 0.5;
/* The table's axes: ln of D = d/(100 tau), and of t against about its median, tau * (1 + usual * D). */
static const double d_first = -5, d_step = 0.25, t_first = -4, t_step = 0.1;
static const double usual = 1.8;
static const double never = 1e-9;

/* Density at ln t of the sum, over the detour in steps that are short against the last mile. */
static double density(double d, double t)
{
	const double far = 3.5, norm = 1 / (2 * 3.14159265358979323846);
	double step = fmax(0.02, fmin(0.25, 1.25 / d)), sum = 0;
	int steps = (int)(2 * far / step);

	for (int i = 0; i <= steps; i++) {
		double z = i * step - far, mile = t - d * (1 + detour * exp(detour_spread * z)), w;

		if (mile <= 0)
			break;
		w = log(mile);
		sum += exp(-(z * z + w * w) / 2) * t / mile;
	}
	return sum * step * norm;
}

static void make_row(struct sites_law *law, int i)
{
	double d = exp(d_first + d_step * i), median = 1 + usual * d;

	for (int j = 0; j < SITES_LAW_T; j++)
		law->v[i][j] = (float)log(density(d, median * exp(t_first + t_step * j)) + never);
	law->ready[i] = true;
}

/* The cell of a value on an axis, and how far into it, 0 to 1. */
static int cell(double value, double first, double step, int n, float *part)
{
	double at = (value - first) / step;
	int i;

	if (!(at > 0))
		at = 0;
	i = at < n - 2 ? (int)at : n - 2;
	*part = at < n - 1 ? (float)(at - i) : 1;
	return i;
}

double sites_law_ln(struct sites_law *law, double km, double rtt_ms, double tau_ms)
{
	float u, w;
	float d = (float)(km / 100 / tau_ms), t = (float)(rtt_ms / tau_ms);
	int i = cell((double)logf(d), d_first, d_step, SITES_LAW_D, &u);
	int j = cell((double)logf(t / (1 + (float)usual * d)), t_first, t_step, SITES_LAW_T, &w);
	const float *a = law->v[i], *b = law->v[i + 1];

	for (int k = i; k <= i + 1; k++)
		if (!law->ready[k])
			make_row(law, k);
	return (double)((1 - u) * (a[j] + w * (a[j + 1] - a[j])) + u * (b[j] + w * (b[j + 1] - b[j])));
}

/* Knots lie closer where the distance is small, by the square. */
void sites_profile_make(struct sites_profile *p, struct sites_law *law, const struct sites_time *t,
	double reach_km, double tau_ms)
{
	p->reach_km = (float)(reach_km > 1 ? reach_km : 1);
	for (int i = 0; i <= SITES_LAW_KNOTS; i++) {
		double part = (double)i / SITES_LAW_KNOTS,
		       km = (double)p->reach_km * part * part - t->slack_km;

		p->v[i] = (float)sites_law_ln(law, km > 0 ? km : 0, t->rtt_ms, tau_ms);
	}
	p->v[SITES_LAW_KNOTS + 1] = p->v[SITES_LAW_KNOTS];
}

float sites_profile_most(const struct sites_profile *p)
{
	float most = p->v[0];

	for (int i = 1; i <= SITES_LAW_KNOTS; i++)
		most = p->v[i] > most ? p->v[i] : most;
	return most;
}
