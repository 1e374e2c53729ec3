#include "infer/geo.h"

#include <math.h>
#include <stdbool.h>

static const double radians = 0.017453292519943295769;

/* WGS 84 */
static const double equator_km = 6378.137, flattening = 1 / 298.257223563;

struct geo_point geo_point_of(double lat_deg, double lon_deg)
{
	double lat = lat_deg * radians, lon = lon_deg * radians;

	return (struct geo_point){cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)};
}

void geo_degrees(const struct geo_point *p, double *lat_deg, double *lon_deg)
{
	*lat_deg = atan2(p->z, sqrt(p->x * p->x + p->y * p->y)) / radians;
	*lon_deg = atan2(p->y, p->x) / radians;
}

double geo_arc_km(const struct geo_point *a, const struct geo_point *b)
{
	double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
	double half_chord = sqrt(dx * dx + dy * dy + dz * dz) / 2;

	return 2 * GEO_RADIUS_KM * asin(half_chord < 1 ? half_chord : 1);
}

/* One step of Vincenty's iteration: what follows from a difference of longitude on the auxiliary sphere. */
struct step {
	double sin_sigma, cos_sigma, sigma, cos2_alpha, cos_2m;
	double lambda; /* the next one */
};

static struct step step_of(
	double lambda, double lon, double sin_ua, double cos_ua, double sin_ub, double cos_ub)
{
	double across = cos_ub * sin(lambda), along = cos_ua * sin_ub - sin_ua * cos_ub * cos(lambda);
	double sin_alpha, c;
	struct step s = {.sin_sigma = sqrt(across * across + along * along)};

	s.cos_sigma = sin_ua * sin_ub + cos_ua * cos_ub * cos(lambda);
	s.sigma = atan2(s.sin_sigma, s.cos_sigma);
	sin_alpha = s.sin_sigma > 0 ? cos_ua * cos_ub * sin(lambda) / s.sin_sigma : 0;
	s.cos2_alpha = 1 - sin_alpha * sin_alpha;
	s.cos_2m = s.cos2_alpha > 0 ? s.cos_sigma - 2 * sin_ua * sin_ub / s.cos2_alpha : 0;
	c = flattening / 16 * s.cos2_alpha * (4 + flattening * (4 - 3 * s.cos2_alpha));
	s.lambda = lon +
		   (1 - c) * flattening * sin_alpha *
			   (s.sigma + c * s.sin_sigma *
					      (s.cos_2m + c * s.cos_sigma * (-1 + 2 * s.cos_2m * s.cos_2m)));
	return s;
}

static double length_km(const struct step *s)
{
	double b = equator_km * (1 - flattening);
	double u2 = s->cos2_alpha * (equator_km * equator_km - b * b) / (b * b);
	double big_a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)));
	double big_b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)));
	double m2 = s->cos_2m * s->cos_2m, s2 = s->sin_sigma * s->sin_sigma;
	double d_sigma = big_b * s->sin_sigma *
			 (s->cos_2m + big_b / 4 *
					      (s->cos_sigma * (-1 + 2 * m2) -
						      big_b / 6 * s->cos_2m * (-3 + 4 * s2) * (-3 + 4 * m2)));

	return b * big_a * (s->sigma - d_sigma);
}

double geo_km(double lat_a_deg, double lon_a_deg, double lat_b_deg, double lon_b_deg)
{
	double ua = atan((1 - flattening) * tan(lat_a_deg * radians));
	double ub = atan((1 - flattening) * tan(lat_b_deg * radians));
	double lon = remainder(lon_b_deg - lon_a_deg, 360) * radians, lambda = lon;
	struct geo_point a, b;

	for (int i = 0; i < 100; i++) {
		struct step s = step_of(lambda, lon, sin(ua), cos(ua), sin(ub), cos(ub));

		if (fabs(s.lambda - lambda) < 1e-12)
			return length_km(&s);
		if (fabs(s.lambda) > 180 * radians)
			break;
		lambda = s.lambda;
	}
	/* Nearly antipodal: the shortest way goes near a pole. */
	a = geo_point_of(lat_a_deg, lon_a_deg);
	b = geo_point_of(lat_b_deg, lon_b_deg);
	return geo_arc_km(&a, &b) * 20003.931 / (180 * radians * GEO_RADIUS_KM);
}

double geo_floor_ms(double km, double slack_km, double km_per_ms)
{
	double sure = km - slack_km;

	return sure > 0 ? 2 * sure / km_per_ms : 0;
}
