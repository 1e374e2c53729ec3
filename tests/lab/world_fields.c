#include "world_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "world_dns.h"

/* Each reader turns the text of a field into what stands at `at`, or says ERR_PARSE. */
struct cell_field {
	const char *column;
	int (*read)(const struct world *w, const char *text, void *at);
	size_t offset;
	const char *expected;
};

static int read_number(const char *text, double min, double max, double *v)
{
	char *end;

	*v = strtod(text, &end);
	return end == text || *end || !(*v >= min && *v <= max) ? ERR_PARSE : 0;
}

static int read_share(const struct world *w, const char *text, void *at)
{
	double v;

	(void)w;
	if (read_number(text, 0, 1, &v) < 0)
		return ERR_PARSE;
	*(uint32_t *)at = (uint32_t)lround(v * WORLD_PPM);
	return 0;
}

static int read_lat(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_number(text, -90, 90, at);
}

static int read_lon(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_number(text, -180, 180, at);
}

static int read_scaled(const char *text, double scale_ns, void *at)
{
	double v;

	if (read_number(text, 0, 1e6, &v) < 0)
		return ERR_PARSE;
	*(int64_t *)at = llround(v * scale_ns);
	return 0;
}

static int read_ms(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_scaled(text, 1e6, at);
}

static int read_s(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_scaled(text, 1e9, at);
}

static int read_text(const char *text, size_t room, char *at)
{
	size_t n = strlen(text);

	if (n == 0 || n >= room)
		return ERR_PARSE;
	memcpy(at, text, n + 1);
	return 0;
}

static int read_name(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_text(text, sizeof(((struct world_place *)0)->id), at);
}

static int read_country(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_text(text, sizeof(((struct world_place *)0)->country), at);
}

static int read_identity(const struct world *w, const char *text, void *at)
{
	char *out = at;
	size_t room = sizeof(((struct world_site *)0)->identity),
	       n = csv_unescape(at, room - 1, text, strlen(text));

	(void)w;
	if (strlen(text) >= room || memchr(out, 0, n))
		return ERR_PARSE;
	out[n] = '\0';
	return 0;
}

static int read_u32(const struct world *w, const char *text, void *at)
{
	double v;

	(void)w;
	if (read_number(text, 0, UINT32_MAX, &v) < 0 || v != floor(v))
		return ERR_PARSE;
	*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int read_u16(const struct world *w, const char *text, void *at)
{
	double v;

	(void)w;
	if (read_number(text, 1, UINT16_MAX, &v) < 0 || v != floor(v))
		return ERR_PARSE;
	*(uint16_t *)at = (uint16_t)v;
	return 0;
}

static int read_ttl(const struct world *w, const char *text, void *at)
{
	return read_u16(w, text, at) < 0 || *(uint16_t *)at > UINT8_MAX ? ERR_PARSE : 0;
}

static int read_rcode(const struct world *w, const char *text, void *at)
{
	return read_u16(w, text, at) < 0 || *(uint16_t *)at > 15 ? ERR_PARSE : 0;
}

static int read_header(const struct world *w, const char *text, void *at)
{
	static const struct {
		const char *text;
		uint16_t bits;
	} known[] = {{"none", 0}, {"aa", RECORD_AA}, {"ra", RECORD_RA}, {"aa|ra", RECORD_AA | RECORD_RA}};

	(void)w;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].text, text) == 0) {
			*(uint16_t *)at = (uint16_t)(1 + known[i].bits);
			return 0;
		}
	return ERR_PARSE;
}

static int read_nsid(const struct world *w, const char *text, void *at)
{
	(void)w;
	*(uint16_t *)at = 1;
	return strcmp(text, "none") == 0 ? 0 : ERR_PARSE;
}

static int read_family(const char *text, int family, struct addr *at)
{
	return addr_parse(text, at) < 0 || at->family != family ? ERR_PARSE : 0;
}

static int read_v4(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_family(text, 4, at);
}

static int read_v6(const struct world *w, const char *text, void *at)
{
	(void)w;
	return read_family(text, 6, at);
}

static int read_other(const struct world *w, const char *text, void *at)
{
	int i = world_site_find(w, text, strlen(text));

	*(uint16_t *)at = (uint16_t)(i + 1);
	return i < 0 ? ERR_PARSE : 0;
}

static int read_hostile(const struct world *w, const char *text, void *at)
{
	int i = world_hostile_parse(text);

	(void)w;
	*(uint8_t *)at = (uint8_t)i;
	return i < 0 ? ERR_PARSE : 0;
}

static int read_error(const struct world *w, const char *text, void *at)
{
	(void)w;
	for (uint8_t i = 0; world_errors[i].name; i++)
		if (strcmp(world_errors[i].name, text) == 0) {
			*(uint8_t *)at = i;
			return 0;
		}
	return ERR_PARSE;
}

static int read_silent(const struct world *w, const char *text, void *at)
{
	uint16_t set = 0;

	(void)w;
	while (*text) {
		size_t n = strcspn(text, "|");
		char name[16] = "";
		int kind;

		if (n >= sizeof(name))
			return ERR_PARSE;
		memcpy(name, text, n);
		kind = probe_kind_parse(name);
		if (kind < 0)
			return ERR_PARSE;
		set |= (uint16_t)(1U << (unsigned)kind);
		text += n + (text[n] == '|');
	}
	*(uint16_t *)at = set;
	return 0;
}

#define PLACE(member) offsetof(struct world_place, member)
#define VP(member) offsetof(struct world_vp, member)
#define TROUBLE(member) offsetof(struct world_trouble, member)

static const struct cell_field place_fields[] = {
	{"id", read_name, PLACE(id), "a name of at most 63 letters"},
	{"lat", read_lat, PLACE(lat_deg), "degrees from -90 to 90"},
	{"lon", read_lon, PLACE(lon_deg), "degrees from -180 to 180"},
	{"city", read_name, PLACE(city), "at most 63 letters"},
	{"country", read_country, PLACE(country), "two letters"},
};
static const struct cell_field vp_fields[] = {
	{"asn", read_u32, VP(asn), "a number"},
	{"v4", read_v4, VP(addrs[0]), "an IPv4 address"},
	{"v6", read_v6, VP(addrs[1]), "an IPv6 address"},
	{"last_mile_ms", read_ms, VP(last_mile_ns), "ms"},
};
static const struct cell_field site_fields[] = {
	{"identity", read_identity, offsetof(struct world_site, identity),
		"at most 127 bytes, \\DDD for odd ones"},
};
static const struct cell_field trouble_fields[] = {
	{"loss", read_share, TROUBLE(loss_ppm), "a share from 0 to 1"},
	{"jitter_ms", read_ms, TROUBLE(jitter_ns), "ms"},
	{"extra_ms", read_ms, TROUBLE(extra_ns), "ms"},
	{"other", read_other, TROUBLE(other), "the id of a site"},
	{"flip_s", read_s, TROUBLE(flip_ns), "seconds"},
	{"churn", read_share, TROUBLE(churn_ppm), "a share from 0 to 1"},
	{"chaos_limit", read_u16, TROUBLE(chaos_limit), "answers a second, at least 1"},
	{"intercept", read_identity, TROUBLE(intercept), "at most 127 bytes, \\DDD for odd ones"},
	{"intercept_ms", read_ms, TROUBLE(intercept_ns), "ms"},
	{"identity", read_identity, TROUBLE(identity), "at most 127 bytes, \\DDD for odd ones"},
	{"hostile", read_hostile, TROUBLE(hostile), "a kind of hostile answer"},
	{"error", read_error, TROUBLE(error), "the name of an ICMP error"},
	{"ttl", read_ttl, TROUBLE(ttl), "a TTL from 1 to 255"},
	{"rcode", read_rcode, TROUBLE(rcode), "a response code from 1 to 15"},
	{"header", read_header, TROUBLE(header), "none, aa, ra or aa|ra"},
	{"nsid", read_nsid, TROUBLE(no_nsid), "none"},
	{"chaos", read_identity, TROUBLE(chaos), "at most 127 bytes, \\DDD for odd ones"},
	{"silent", read_silent, TROUBLE(silent), "some of dns, icmp, tcp, with | between"},
};
static const struct {
	const struct cell_field *fields;
	size_t n;
} tables[] = {
	[WORLD_FIELDS_PLACE] = {place_fields, sizeof(place_fields) / sizeof(place_fields[0])},
	[WORLD_FIELDS_VP] = {vp_fields, sizeof(vp_fields) / sizeof(vp_fields[0])},
	[WORLD_FIELDS_SITE] = {site_fields, sizeof(site_fields) / sizeof(site_fields[0])},
	[WORLD_FIELDS_TROUBLE] = {trouble_fields, sizeof(trouble_fields) / sizeof(trouble_fields[0])},
};

int world_fields_read(const struct world *w, enum world_fields which, const struct csv *c, const char *path,
	void *at, struct err_msg *why)
{
	for (size_t i = 0; i < tables[which].n; i++) {
		const struct cell_field *f = &tables[which].fields[i];
		const char *text = csv_field(c, csv_column(c, f->column));

		if (*text && f->read(w, text, (char *)at + f->offset) < 0)
			return err_set(why, ERR_PARSE, "%s:%zu: %s \"%s\": expected %s", path, csv_line(c),
				f->column, text, f->expected);
	}
	return 0;
}
