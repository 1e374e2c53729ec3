#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "data/import.h"

/* Where RIPE Atlas says a probe is, that is blurred by up to a kilometre. */
enum { ATLAS_BLUR_KM = 1, JSON_MAX_BYTES = 1 << 30 };

static bool has_suffix(const char *path, const char *suffix)
{
	const char *at = strstr(path, suffix);

	return at && (at[strlen(suffix)] == '\0' || at[strlen(suffix)] == '.');
}

/* The whole stream, NUL-ended. NULL, or bytes to be freed. */
static char *read_all(struct file_in *in, size_t *n, struct err_msg *why)
{
	char *bytes = NULL;
	size_t cap = 0;
	ssize_t got = 1;

	for (*n = 0; got > 0 && *n < JSON_MAX_BYTES; *n += (size_t)got) {
		if (vec_reserve(&bytes, &cap, *n + 65536) < 0) {
			got = err_set(why, ERR_NOMEM, "%s: out of memory", file_in_path(in));
			break;
		}
		got = file_in_read(in, bytes + *n, cap - *n - 1, why);
		if (got <= 0)
			break;
	}
	if (got == 0)
		return bytes;
	if (got > 0)
		(void)err_set(why, ERR_RANGE, "%s: too large", file_in_path(in));
	free(bytes);
	return NULL;
}

/* The list of probes: an array, or in an object as `objects` (the daily archive) or `results` (the API). */
static const json_t *probe_list(const json_t *root)
{
	static const char *const names[] = {"objects", "results", "probes"};
	const json_t *list = root;

	for (size_t i = 0; json_is_object(root) && i < sizeof(names) / sizeof(names[0]); i++)
		if (json_is_array(json_object_get(root, names[i])))
			list = json_object_get(root, names[i]);
	return json_is_array(list) ? list : NULL;
}

/* `latitude` and `longitude`, or GeoJSON's `geometry.coordinates`, which has the longitude first. */
static bool place_of(const json_t *probe, double *lat, double *lon)
{
	const json_t *a = json_object_get(probe, "latitude"), *o = json_object_get(probe, "longitude");
	const json_t *point = json_object_get(json_object_get(probe, "geometry"), "coordinates");

	if (json_is_array(point)) {
		a = json_array_get(point, 1);
		o = json_array_get(point, 0);
	}
	*lat = json_number_value(a);
	*lon = json_number_value(o);
	return json_is_number(a) && json_is_number(o);
}

static uint32_t asn_of(const json_t *probe)
{
	json_int_t asn = json_integer_value(json_object_get(probe, "asn_v4"));

	if (asn <= 0)
		asn = json_integer_value(json_object_get(probe, "asn_v6"));
	return asn > 0 && asn <= UINT32_MAX ? (uint32_t)asn : 0;
}

/* False: it has no id. */
static bool probe_of(const json_t *probe, struct vantage *v)
{
	const json_t *id = json_object_get(probe, "id");
	const char *country = json_string_value(json_object_get(probe, "country_code"));

	*v = (struct vantage){.weight = 1, .accuracy_km = ATLAS_BLUR_KM, .location_source = "ripe-atlas"};
	(void)snprintf(v->vp, sizeof(v->vp), "%lld", (long long)json_integer_value(id));
	v->has_place = place_of(probe, &v->lat_deg, &v->lon_deg);
	v->asn = asn_of(probe);
	if (country && strlen(country) == 2)
		memcpy(v->country, country, 3);
	return json_is_integer(id);
}

struct reading {
	struct vantage_list *list;
	const char *path;
	vantage_complain *complain;
	void *arg;
	size_t bad;
};

static void refuse(struct reading *rd, size_t number, const char *what)
{
	struct err_msg why;

	rd->bad++;
	(void)err_set(&why, ERR_PARSE, "%s: probe %zu of the list: %s", rd->path, number, what);
	if (rd->complain)
		rd->complain(rd->arg, why.text);
}

static int take_probes(struct reading *rd, const json_t *probes)
{
	struct vantage_list *l = rd->list;

	for (size_t i = 0; i < json_array_size(probes); i++) {
		struct vantage v;

		if (!probe_of(json_array_get(probes, i), &v)) {
			refuse(rd, i + 1, "no `id`");
			continue;
		}
		if (v.has_place && (fabs(v.lat_deg) > 90 || fabs(v.lon_deg) > 180)) {
			refuse(rd, i + 1,
				"its latitude or longitude is no such thing: taken without a place");
			v.has_place = false;
		}
		if (vec_reserve(&l->v, &l->cap, l->n + 1) < 0)
			return ERR_NOMEM;
		l->v[l->n++] = v;
	}
	return 0;
}

static int read_json(struct reading *rd, struct file_in *in, struct err_msg *why)
{
	size_t n;
	char *bytes = read_all(in, &n, why);
	json_error_t error;
	json_t *root;
	int rc;

	if (!bytes)
		return ERR_IO;
	root = json_loadb(bytes, n, 0, &error);
	free(bytes);
	if (!root)
		return err_set(
			why, ERR_PARSE, "%s:%d:%d: %s", rd->path, error.line, error.column, error.text);
	rc = ERR_PARSE;
	if (probe_list(root))
		rc = take_probes(rd, probe_list(root));
	else
		(void)err_set(why, rc, "%s: no list of probes: an array, or one named objects or results",
			rd->path);
	if (rc == ERR_NOMEM)
		(void)err_set(why, rc, "%s: out of memory", rd->path);
	json_decref(root);
	vantage_list_sort(rd->list);
	if (rc == 0 && rd->bad > 0)
		rc = err_set(why, ERR_PARTIAL, "%s: %zu probes in doubt", rd->path, rd->bad);
	return rc;
}

int import_places_from(struct file_in *in, struct vantage_list *l, vantage_complain *complain, void *arg,
	struct err_msg *why)
{
	struct reading rd = {.list = l, .path = file_in_path(in), .complain = complain, .arg = arg};
	int rc;

	*l = (struct vantage_list){0};
	if (has_suffix(rd.path, ".csv"))
		return vantage_read_from(in, l, complain, arg, why);
	rc = read_json(&rd, in, why);
	file_in_close(in);
	return rc;
}

int import_places(
	const char *path, struct vantage_list *l, vantage_complain *complain, void *arg, struct err_msg *why)
{
	struct file_in *in = file_in_open(path, why);

	*l = (struct vantage_list){0};
	return in ? import_places_from(in, l, complain, arg, why) : ERR_IO;
}
