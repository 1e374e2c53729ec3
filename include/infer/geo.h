/* Places on the Earth, distances between them, and how far light gets in a time.
 *
 * Two distances: geo_arc_km, on the sphere of mean radius, is fast and up to 0.56 % off the ellipsoid: for many discs.
 * geo_km, on the WGS 84 ellipsoid, is right to a metre: for statements about one pair. */
#ifndef INFER_GEO_H
#define INFER_GEO_H

#include <math.h>

/* Mean radius (IUGG R1). */
#define GEO_RADIUS_KM 6371.0088
/* Half of the Earth's circumference: nothing is farther. */
#define GEO_FARTHEST_KM 20037.6
/* Most by which the sphere and the ellipsoid disagree on a distance. */
#define GEO_SPHERE_ERROR 0.006

/* Light in vacuum, and in straight fibre of refractive index 1.468, km in a ms. */
#define GEO_VACUUM_KM_PER_MS 299.792458
#define GEO_FIBRE_KM_PER_MS 204.2
/* Radius of a disc in km for a ms of round-trip time: two thirds of light's speed, there and back. */
#define GEO_DISC_KM_PER_MS 100.0

/* A unit vector from the Earth's centre. */
struct geo_point {
	double x, y, z;
};

struct geo_point geo_point_of(double lat_deg, double lon_deg);
void geo_degrees(const struct geo_point *p, double *lat_deg, double *lon_deg);

/* Great circle; 0 to half the circumference. */
double geo_arc_km(const struct geo_point *a, const struct geo_point *b);

/* The same to a km, from the square of the chord between unit vectors (Abramowitz and Stegun, 4.4.45): for many. */
static inline float geo_chord_km(float square)
{
	float h = sqrtf(square) / 2, left = h < 1 ? 1 - h : 0;
	float angle = 1.5707963F -
		      sqrtf(left) * (1.5707288F + h * (-0.2121144F + h * (0.0742610F - h * 0.0187293F)));

	return 2 * (float)GEO_RADIUS_KM * (angle > 0 ? angle : 0);
}

/* Ellipsoid, by Vincenty's inverse formula (Survey Review 23:176, 1975); within 0.2 % where that does not converge, which is
 * within half a degree of the antipode. */
double geo_km(double lat_a_deg, double lon_a_deg, double lat_b_deg, double lon_b_deg);

/* The least round-trip time in ms over `km`, after `slack_km` of doubt are taken off, at a speed in km/ms; never negative. */
double geo_floor_ms(double km, double slack_km, double km_per_ms);

#endif
