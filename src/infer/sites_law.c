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

/* The cells of values on an axis, and how far into them, 0 to 1. */
static inline lanes_truth cells(lanes value, float first, float step, int n, lanes *part)
{
	lanes at = lanes_least(
		lanes_most((value - first) * (1 / step), lanes_of(0)), lanes_of((float)n - 1.001F));
	lanes_truth i = __builtin_convertvector(at, lanes_truth);

	*part = at - __builtin_convertvector(i, lanes);
	return i;
}

/* Of the four corners of its cell. */
static float between(struct sites_law *law, int i, int j, float u, float w)
{
	const float *a = law->v[i], *b = law->v[i + 1];

	for (int k = i; k <= i + 1; k++)
		if (!law->ready[k])
			make_row(law, k);
	return (1 - u) * (a[j] + w * (a[j + 1] - a[j])) + u * (b[j] + w * (b[j + 1] - b[j]));
}

lanes sites_law_ln(struct sites_law *law, lanes km, float rtt_ms, float tau_ms)
{
	/* Nearer than this all are the same. */
	const lanes d = lanes_most(km / (100 * tau_ms), lanes_of(1e-6F));
	const lanes t = lanes_most(rtt_ms / tau_ms / (1 + (float)usual * d), lanes_of(1e-6F));
	lanes u, w, ln = {0};
	const lanes_truth i = cells(lanes_log(d), (float)d_first, (float)d_step, SITES_LAW_D, &u);
	const lanes_truth j = cells(lanes_log(t), (float)t_first, (float)t_step, SITES_LAW_T, &w);

	for (int k = 0; k < LANES; k++)
		ln[k] = between(law, i[k], j[k], u[k], w[k]);
	return ln;
}

void sites_profile_make(struct sites_profile *p, struct sites_law *law, const struct sites_time *t,
	double reach_km, const double *tau_ms, size_t n_taus)
{
	p->reach_km = (float)(reach_km > 1 ? reach_km : 1);
	for (int i = 0; i < SITES_LAW_KNOTS + 2; i += LANES) {
		float km[LANES];
		lanes v = {0};

		for (int k = 0; k < LANES; k++) {
			float part = fminf(1, (float)(i + k) / SITES_LAW_KNOTS);

			km[k] = fmaxf(0, p->reach_km * part * part - (float)t->slack_km);
		}
		for (size_t m = 0; m < LANES; m++) {
			if (m < n_taus)
				v = sites_law_ln(law, lanes_at(km), (float)t->rtt_ms, (float)tau_ms[m]);
			for (int k = 0; k < LANES && i + k < SITES_LAW_KNOTS + 2; k++)
				p->v[i + k][m] = v[k];
		}
	}
}

lanes sites_profile_most(const struct sites_profile *p)
{
	lanes most = lanes_at(p->v[0]);

	for (int i = 1; i <= SITES_LAW_KNOTS; i++)
		most = lanes_most(most, lanes_at(p->v[i]));
	return most;
}
