#include "data/import.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

const struct import_format *const import_formats[] = {
	&import_igreedy, &import_atlas, &import_manycastr, NULL};

const struct import_format *import_format_of(const char *name)
{
	for (size_t i = 0; import_formats[i]; i++)
		if (strcmp(import_formats[i]->name, name) == 0)
			return import_formats[i];
	return NULL;
}

void import_refuse(struct import_source *s, const struct err_msg *why)
{
	s->bad++;
	s->sink->complain(s->sink->arg, why->text);
}

void import_complain(struct import_source *s, size_t line, const char *fmt, ...)
{
	struct err_msg why, said;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why.text, sizeof(why.text), fmt, args);
	va_end(args);
	(void)err_set(&said, ERR_PARSE, "%s:%zu: %s", file_in_path(s->in), line, why.text);
	import_refuse(s, &said);
}

int import_row(struct import_source *s, size_t line, const struct record *r, const struct vantage *v,
	bool again, struct err_msg *why)
{
	int rc = s->sink->row(s->sink->arg, r, v, again, why);

	if (rc != ERR_PARSE)
		return rc;
	import_complain(s, line, "%s", why->text);
	return 0;
}

struct record import_blank(enum probe_kind kind, const struct addr *target)
{
	return (struct record){.vp = "",
		.target = *target,
		.probe = kind,
		.attempt = 1,
		.rtt_ns = -1,
		.reply_ttl = -1,
		.icmp_type = -1,
		.icmp_code = -1,
		.rcode = -1,
		.edns_size = -1};
}

bool import_rtt(double ms, int64_t *ns)
{
	if (!(ms > 0) || ms > 1e5)
		return false;
	*ns = (int64_t)llround(ms * (double)NS_PER_MS);
	return true;
}

bool import_number(const char *text, double *v)
{
	char *end;

	*v = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*v);
}

/* The part of a file's name from `at` on, up to the next `_`; NULL past the last. */
static const char *next_part(const char *at, char part[static ADDR_TEXT_LEN + 16])
{
	size_t n = strcspn(at, "_");

	(void)snprintf(part, ADDR_TEXT_LEN + 16, "%.*s", (int)n, at);
	return at[n] ? at + n + 1 : NULL;
}

/* Takes one suffix off (.tsv, .gz), which begins with a letter: the dots of an address do not. */
static bool strip_suffix(char *part)
{
	char *dot = strrchr(part, '.');
	bool is_suffix = dot && ((dot[1] | 0x20) >= 'a' && (dot[1] | 0x20) <= 'z');

	if (is_suffix)
		*dot = '\0';
	return is_suffix;
}

bool import_target_of(const char *path, struct addr *out)
{
	const char *at = strrchr(path, '/');
	char part[ADDR_TEXT_LEN + 16];

	at = at ? at + 1 : path;
	while (at) {
		at = next_part(at, part);
		do {
			if (addr_parse(part, out) == 0)
				return true;
		} while (strip_suffix(part));
	}
	return false;
}

/* --- the book --- */

/* Open addressing; a key is never 0. The slot of the key, or the free one where it belongs. */
static size_t map_slot(const struct import_map *m, uint64_t key)
{
	size_t i = (size_t)hash_mix(key) & (m->cap - 1);

	while (m->key[i] != 0 && m->key[i] != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

static int map_grow(struct import_map *m)
{
	struct import_map bigger = {.n = m->n, .cap = m->cap ? 2 * m->cap : 1024};

	bigger.key = calloc(bigger.cap, sizeof(*bigger.key));
	bigger.value = calloc(bigger.cap, sizeof(*bigger.value));
	if (!bigger.key || !bigger.value) {
		free(bigger.key);
		free(bigger.value);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < m->cap; i++) {
		size_t to;

		if (m->key[i] == 0)
			continue;
		to = map_slot(&bigger, m->key[i]);
		bigger.key[to] = m->key[i];
		bigger.value[to] = m->value[i];
	}
	free(m->key);
	free(m->value);
	*m = bigger;
	return 0;
}

/* The key's value, 0 when it is new; NULL without memory. Valid until the next call. */
static uint32_t *map_at(struct import_map *m, uint64_t key)
{
	size_t i;

	if (4 * (m->n + 1) > 3 * m->cap && map_grow(m) < 0)
		return NULL;
	i = map_slot(m, key);
	if (m->key[i] == 0) {
		m->key[i] = key;
		m->n++;
	}
	return &m->value[i];
}

/* Two places that differ by less are one: it is 0.05 ms, and probes are published with their places blurred. */
#define SAME_PLACE_KM 5

static bool same_place(const struct vantage *a, const struct vantage *b)
{
	double km_per_degree = 111.2, shrink = cos(a->lat_deg * M_PI / 180);
	double north = fabs(a->lat_deg - b->lat_deg), east = fabs(a->lon_deg - b->lon_deg);

	east = (east > 180 ? 360 - east : east) * shrink;
	return hypot(north, east) * km_per_degree <= SAME_PLACE_KM;
}

/* Adds the vantage point; its place may be known already. */
static int add_vp(struct import_book *b, const struct vantage *v, uint32_t *slot, struct err_msg *why)
{
	const struct vantage *known = b->places ? vantage_find(b->places, v->vp) : NULL;

	if (vec_reserve(&b->vps.v, &b->vps.cap, b->vps.n + 1) < 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	b->vps.v[b->vps.n] = known ? *known : *v;
	if (known && !known->address[0])
		memcpy(b->vps.v[b->vps.n].address, v->address, sizeof(v->address));
	b->placeless += !b->vps.v[b->vps.n].has_place;
	*slot = (uint32_t)++b->vps.n;
	return 0;
}

/* The vantage point's number. A name whose hash is another's gets the next free one. */
static int vp_of(struct import_book *b, const struct vantage *v, uint32_t *number, struct err_msg *why)
{
	static const struct hash_key any;
	uint64_t key = hash_sip(&any, v->vp, strlen(v->vp)) | 1;
	uint32_t *slot;
	int rc = vantage_name_check(v->vp, why);

	if (rc < 0)
		return rc;
	for (slot = map_at(&b->names, key); slot && *slot; slot = map_at(&b->names, key += 2))
		if (strcmp(b->vps.v[*slot - 1].vp, v->vp) == 0)
			break;
	if (!slot)
		return err_set(why, ERR_NOMEM, "out of memory");
	if (*slot == 0)
		rc = add_vp(b, v, slot, why);
	*number = *slot - 1;
	return rc;
}

static int check_place(struct vantage *known, const struct vantage *v, struct err_msg *why)
{
	if (!v->has_place || !known->has_place || same_place(known, v))
		return 0;
	return err_set(why, ERR_PARSE, "%s is at %g,%g here and at %g,%g before: the row is left out", v->vp,
		v->lat_deg, v->lon_deg, known->lat_deg, known->lon_deg);
}

static int target_number(struct target_list *list, const struct addr *a, uint32_t *number)
{
	struct target t = {.addr = *a};

	if (target_add(list, &t, NULL) < 0)
		return ERR_NOMEM;
	*number = (uint32_t)(target_find(list, a) - list->v);
	return 0;
}

int import_take(
	struct import_book *b, struct record *r, const struct vantage *v, bool again, struct err_msg *why)
{
	uint32_t vp = 0, target, *rounds;
	int rc = vp_of(b, v, &vp, why);

	if (rc == 0)
		rc = check_place(&b->vps.v[vp], v, why);
	if (rc < 0)
		return rc;
	if (b->rows == UINT32_MAX || target_number(&b->targets, &r->target, &target) < 0)
		return err_set(why, ERR_NOMEM, "too many rows or targets");
	rounds = map_at(&b->rounds, (uint64_t)vp << 34 | (uint64_t)target << 2 | (r->probe + 1));
	if (!rounds)
		return err_set(why, ERR_NOMEM, "out of memory");
	*rounds += !again || *rounds == 0;
	r->vp = b->vps.v[vp].vp;
	r->round = *rounds - 1;
	r->seq = (uint32_t)b->rows++;
	return 0;
}

void import_book_free(struct import_book *b)
{
	vantage_list_free(&b->vps);
	free(b->names.key);
	free(b->names.value);
	free(b->rounds.key);
	free(b->rounds.value);
	target_list_free(&b->targets);
	*b = (struct import_book){0};
}
