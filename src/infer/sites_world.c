#include "infer/sites_world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double radians = 0.017453292519943295769, pi = 3.14159265358979323846;
/* Weights of the prior, natural logarithms. */
static const float by_city = 0.1F, by_operators = 0.6F;
static const float people_floor = 1000;
static const uint32_t head_population_min = 100000;

/* --- the grid --- */

static double band_height(const struct sites_world *w)
{
	return 180.0 / w->bands;
}

/* Cells of a band: as wide as it is high, at its edge nearer to the equator. */
static uint32_t cells_of(const struct sites_world *w, uint32_t band)
{
	double south = fabs(band * band_height(w) - 90), north = fabs((band + 1) * band_height(w) - 90);
	double n = 2 * w->bands * cos((south < north ? south : north) * radians);

	return n < 1 ? 1 : (uint32_t)n;
}

static uint32_t band_of(const struct sites_world *w, double lat)
{
	double band = (lat + 90) / band_height(w);

	return band < 0 ? 0 : band >= w->bands ? w->bands - 1 : (uint32_t)band;
}

static uint32_t cell_of(const struct sites_world *w, uint32_t band, double lon)
{
	uint32_t cells = w->first_cell[band + 1] - w->first_cell[band];
	double cell = (lon + 180) / 360 * cells;

	return w->first_cell[band] + (cell < 0 ? 0 : cell >= cells ? cells - 1 : (uint32_t)cell);
}

/* Degrees of longitude to both sides of the centre that the disc takes up anywhere. */
static double half_width(const struct sites_walk *walk)
{
	double polar = pi / 2 - fabs(walk->lat) * radians;

	return walk->radius >= polar ? 180 : asin(sin(walk->radius) / sin(polar)) / radians;
}

static struct sites_walk walk_from(const struct sites_world *w, double lat, double lon, double km)
{
	struct sites_walk walk = {.lat = lat, .lon = lon, .radius = km / GEO_RADIUS_KM};
	double reach = walk.radius / radians;

	walk.half = half_width(&walk);
	walk.band = band_of(w, walk.lat - reach);
	walk.last_band = band_of(w, walk.lat + reach);
	return walk;
}

struct sites_walk sites_walk_start(const struct sites_world *w, const struct geo_point *at, double km)
{
	double lat, lon;

	geo_degrees(at, &lat, &lon);
	return walk_from(w, lat, lon, km);
}

/* All around a town that may be of its metropolitan area. */
static struct sites_walk walk_around(const struct sites_world *w, const struct sites_town *t)
{
	const struct place *p = &w->book->v[t->place];

	return walk_from(w, (double)p->lat, (double)p->lon, SITES_METRO_KM);
}

bool sites_walk_next(const struct sites_world *w, struct sites_walk *walk, struct sites_span *span)
{
	double half = walk->half, west = walk->lon - half, east = walk->lon + half;
	uint32_t band = walk->band;

	if (band > walk->last_band)
		return false;
	if (half >= 180) {
		west = -180;
		east = 180;
	} else if (walk->part == 1) {
		west = west < -180 ? west + 360 : -180;
		east = east > 180 ? east - 360 : 180;
	}
	*span = (struct sites_span){
		w->first_town[cell_of(w, band, west)], w->first_town[cell_of(w, band, east) + 1]};
	if (walk->part == 0 && half < 180 && (west < -180 || east > 180)) {
		walk->part = 1;
	} else {
		walk->part = 0;
		walk->band++;
	}
	return true;
}

/* --- the prior --- */

static bool near(const struct sites_town *a, const struct geo_point *p, float cosine)
{
	return a->x * (float)p->x + a->y * (float)p->y + a->z * (float)p->z >= cosine;
}

static float people_near(const struct sites_world *w, const struct sites_town *t)
{
	const float cosine = (float)cos(SITES_METRO_KM / GEO_RADIUS_KM);
	const struct geo_point p = {(double)t->x, (double)t->y, (double)t->z};
	struct sites_walk walk = walk_around(w, t);
	struct sites_span span;
	float sum = 0;

	while (sites_walk_next(w, &walk, &span))
		for (uint32_t i = span.first; i < span.end; i++)
			if (near(&w->v[i], &p, cosine))
				sum += (float)w->v[i].population;
	return sum;
}

static bool is_head(const struct sites_world *w, const struct sites_town *t)
{
	const float cosine = (float)cos(SITES_METRO_KM / GEO_RADIUS_KM);
	const struct geo_point p = {(double)t->x, (double)t->y, (double)t->z};
	struct sites_walk walk = walk_around(w, t);
	struct sites_span span;

	while (sites_walk_next(w, &walk, &span))
		for (uint32_t i = span.first; i < span.end; i++)
			if (w->v[i].population > t->population && near(&w->v[i], &p, cosine))
				return false;
	return true;
}

static int find_heads(struct sites_world *w)
{
	w->heads = malloc((w->n + 1) * sizeof *w->heads);
	if (!w->heads)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].population >= head_population_min && is_head(w, &w->v[i]))
			w->heads[w->n_heads++] = i;
	return 0;
}

static void weigh_people(const struct sites_world *w, struct sites_town *t)
{
	float own = logf((float)t->population + people_floor), metro = logf(people_near(w, t) + people_floor);

	t->people = metro + by_city * own;
	t->share = own - metro;
}

static int operators_number(struct sites_world *w, const char *operators)
{
	for (size_t i = 0; i < w->n_operators; i++)
		if (strcmp(w->operators[i], operators) == 0)
			return (int)i;
	if (w->n_operators == SITES_OPERATORS_MAX)
		return -1;
	w->operators[w->n_operators] = operators;
	return (int)w->n_operators++;
}

static void mark_hub(struct sites_world *w, const struct sites_hub *hub)
{
	const float cosine = (float)cos(SITES_METRO_KM / GEO_RADIUS_KM);
	struct geo_point p = geo_point_of(hub->lat, hub->lon);
	struct sites_walk walk = walk_from(w, hub->lat, hub->lon, SITES_METRO_KM);
	int number = operators_number(w, hub->operators);
	struct sites_span span;

	while (number >= 0 && sites_walk_next(w, &walk, &span))
		for (uint32_t i = span.first; i < span.end; i++)
			if (near(&w->v[i], &p, cosine))
				w->v[i].operators |= (uint64_t)1 << number;
}

/* Whether two `|`-separated sets share a name. */
static bool sets_share(const char *a, const char *b)
{
	for (size_t n = strcspn(a, "|"); *a; a += n + (a[n] == '|'), n = strcspn(a, "|"))
		for (const char *at = b; *at;) {
			size_t m = strcspn(at, "|");

			if (m == n && n > 0 && strncmp(a, at, n) == 0)
				return true;
			at += m + (at[m] == '|');
		}
	return false;
}

float sites_world_prior(const struct sites_world *w, uint32_t town, uint64_t others)
{
	struct sites_town *t = &w->v[town];

	if (!(t->people > 0))
		weigh_people(w, t);
	return t->people + w->hub[__builtin_popcountll(t->operators & others)];
}

uint64_t sites_world_others(const struct sites_world *w, const char *operators)
{
	uint64_t others = 0;

	for (size_t i = 0; i < w->n_operators; i++)
		if (!sets_share(w->operators[i], operators))
			others |= (uint64_t)1 << i;
	return others;
}

/* --- making it --- */

static int make_bands(struct sites_world *w)
{
	w->bands = (uint32_t)(pi * GEO_RADIUS_KM / SITES_CELL_KM);
	w->first_cell = calloc(w->bands + 1, sizeof *w->first_cell);
	if (!w->first_cell)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < w->bands; i++)
		w->first_cell[i + 1] = w->first_cell[i] + cells_of(w, i);
	w->first_town = calloc(w->first_cell[w->bands] + 2, sizeof *w->first_town);
	return w->first_town ? 0 : ERR_NOMEM;
}

static uint32_t cell_of_place(const struct sites_world *w, const struct place *p)
{
	return cell_of(w, band_of(w, (double)p->lat), (double)p->lon);
}

/* A counting sort by cell. */
static int sort_towns(struct sites_world *w)
{
	const struct place_book *book = w->book;
	uint32_t cells = w->first_cell[w->bands];

	w->n = book->n - book->first_city;
	w->v = calloc(w->n + 1, sizeof *w->v);
	if (!w->v)
		return ERR_NOMEM;
	for (size_t i = book->first_city; i < book->n; i++)
		w->first_town[cell_of_place(w, &book->v[i]) + 2]++;
	for (uint32_t i = 0; i < cells; i++)
		w->first_town[i + 1] += w->first_town[i];
	for (size_t i = book->first_city; i < book->n; i++) {
		const struct place *p = &book->v[i];
		struct geo_point at = geo_point_of((double)p->lat, (double)p->lon);

		w->v[w->first_town[cell_of_place(w, p) + 1]++] = (struct sites_town){.x = (float)at.x,
			.y = (float)at.y,
			.z = (float)at.z,
			.place = (uint32_t)i,
			.population = p->population};
	}
	return 0;
}

struct sites_world *sites_world_make(
	const struct place_book *book, const struct sites_hub *hubs, size_t n_hubs)
{
	struct sites_world *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->book = book;
	if (make_bands(w) < 0 || sort_towns(w) < 0 || find_heads(w) < 0) {
		sites_world_free(w);
		return NULL;
	}
	for (size_t i = 0; i < n_hubs; i++)
		mark_hub(w, &hubs[i]);
	for (size_t i = 0; i <= SITES_OPERATORS_MAX; i++)
		w->hub[i] = by_operators * log2f(1 + (float)i);
	return w;
}

void sites_world_free(struct sites_world *w)
{
	if (!w)
		return;
	free(w->v);
	free(w->heads);
	free(w->first_cell);
	free(w->first_town);
	free(w);
}
