#include "data/catchment.h"

static const char *const verdict_names[] = {"", "anycast", "unicast", "unknown", NULL};
static const char *const method_names[] = {"", "identity", "latency", "both", NULL};
static const char *const confidence_names[] = {"", "low", "medium", "high", NULL};
static const char *const state_names[] = {"", "site", "no-site", "silent", "unmeasured", "excluded", NULL};

_Static_assert(sizeof(verdict_names) / sizeof(char *) == SITES_VERDICTS + 1, "a name for each");
_Static_assert(sizeof(method_names) / sizeof(char *) == METHODS + 1, "a name for each");
_Static_assert(sizeof(confidence_names) / sizeof(char *) == RULES_HIGH + 2, "a name for each");
_Static_assert(sizeof(state_names) / sizeof(char *) == VP_STATES + 1, "a name for each");

const char *site_verdict_name(enum site_verdict v)
{
	return v < SITES_VERDICTS ? verdict_names[v] : NULL;
}

const char *site_method_name(enum site_method m)
{
	return m < METHODS ? method_names[m] : NULL;
}

const char *vp_state_name(enum vp_state s)
{
	return s < VP_STATES ? state_names[s] : NULL;
}

#define LATITUDE .low = -90, .high = 90, .decimals = 4
#define LONGITUDE .low = -180, .high = 180, .decimals = 4
#define KM .low = 0, .high = 20100, .decimals = 1
#define SHARE .low = 0, .high = 1, .decimals = 6

#define AT(m) .offset = offsetof(struct site_row, m)
static const struct table_column site_columns[] = {
	{"target", "address that was probed", TABLE_ADDR, AT(target), .required = true},
	{"service", "its name, if it has one", TABLE_TEXT, AT(service)},
	{"verdict", "of the target: anycast unicast unknown", TABLE_NAME, AT(verdict), .required = true,
		.names = verdict_names},
	{"site", "key of the site; empty: the target has no row of its own but this", TABLE_TEXT, AT(site)},
	{"city", "where it is; empty: not known", TABLE_TEXT, AT(city)},
	{"country", "ISO 3166 code", TABLE_TEXT, AT(country)},
	{"lat", "latitude, degrees; empty: the site exists, its place is not known", TABLE_REAL, AT(lat),
		LATITUDE},
	{"lon", "longitude, degrees", TABLE_REAL, AT(lon), LONGITUDE},
	{"radius_km", "how far from there it may be, km", TABLE_REAL, AT(radius_km), KM},
	{"method", "what it is known by: identity latency both", TABLE_NAME, AT(method),
		.names = method_names},
	{"confidence", "in its place: high medium low", TABLE_NAME, AT(confidence),
		.names = confidence_names},
	{"vps", "vantage points in state site that it serves", TABLE_COUNT, AT(vps)},
	{"weight_share", "of the weight of all in state site, 0 to 1", TABLE_REAL, AT(weight_share), SHARE},
	{"identities", "by which its servers name themselves, with | between (\\124: one in a name)",
		TABLE_TEXT, AT(identities)},
	{"rtt_min_ms", "least round trip time to it, ms", TABLE_MS, AT(rtt_min_ns)},
	{"evidence", "why, in a few words", TABLE_TEXT, AT(evidence)},
};
#undef AT

#define AT(m) .offset = offsetof(struct catchment_row, m)
static const struct table_column catchment_columns[] = {
	{"target", "address that was probed", TABLE_ADDR, AT(target), .required = true},
	{"service", "its name, if it has one", TABLE_TEXT, AT(service)},
	{"vp", "vantage point", TABLE_TEXT, AT(vp), .required = true},
	{"site", "key of the site that serves it; empty unless state is site", TABLE_TEXT, AT(site)},
	{"method", "what the site is known by: identity latency both", TABLE_NAME, AT(method),
		.names = method_names},
	{"confidence", "in the site's place: high medium low", TABLE_NAME, AT(confidence),
		.names = confidence_names},
	{"city", "where the site is", TABLE_TEXT, AT(city)},
	{"country", "of the site, ISO 3166 code", TABLE_TEXT, AT(country)},
	{"lat", "of the site, degrees", TABLE_REAL, AT(lat), LATITUDE},
	{"lon", "of the site, degrees", TABLE_REAL, AT(lon), LONGITUDE},
	{"identity", "most frequent one that it met", TABLE_TEXT, AT(identity)},
	{"rtt_min_ms", "least round trip time, ms", TABLE_MS, AT(rtt_min_ns)},
	{"rtt_median_ms", "median round trip time, ms", TABLE_MS, AT(rtt_median_ns)},
	{"sent", "probes sent", TABLE_COUNT, AT(sent)},
	{"received", "probes answered", TABLE_COUNT, AT(received)},
	{"flows", "flows that were used", TABLE_COUNT, AT(flows)},
	{"sites_seen", "sites met over all flows and rounds", TABLE_COUNT, AT(sites_seen)},
	{"distance_km", "from the vantage point to its site", TABLE_REAL, AT(distance_km), KM},
	{"nearest_site", "nearest site that this run has seen of the target", TABLE_TEXT, AT(nearest_site)},
	{"nearest_km", "how far that is", TABLE_REAL, AT(nearest_km), KM},
	{"vp_lat", "of the vantage point, degrees", TABLE_REAL, AT(vp_lat), LATITUDE},
	{"vp_lon", "of the vantage point, degrees", TABLE_REAL, AT(vp_lon), LONGITUDE},
	{"vp_asn", "AS number of its network", TABLE_ID, AT(vp_asn)},
	{"vp_country", "of the vantage point, ISO 3166 code", TABLE_TEXT, AT(vp_country)},
	{"weight", "how much it counts in shares", TABLE_REAL, AT(weight), .low = 0, .high = 1e12,
		.decimals = 6},
	{"state", "site no-site silent unmeasured excluded", TABLE_NAME, AT(state), .names = state_names},
	{"site_share", "of its answered rounds on flow 0 that its site had, 0 to 1", TABLE_REAL,
		AT(site_share), SHARE},
	{"flips", "consecutive answered rounds on flow 0 whose sites differ", TABLE_COUNT, AT(flips)},
	{"chances", "answered rounds on flow 0 less one", TABLE_COUNT, AT(chances)},
	{"answered", "rounds that were answered on flow 0", TABLE_COUNT, AT(answered)},
	{"rtt_probe", "kind of probe that the times are of: dns icmp tcp", TABLE_TEXT, AT(rtt_probe)},
	{"rules", "naming rules that spoke, with | between", TABLE_TEXT, AT(rules)},
	{"first", "first probe, RFC 3339 UTC", TABLE_TIME, AT(first)},
	{"last", "last probe, RFC 3339 UTC", TABLE_TIME, AT(last)},
};
#undef AT

#define AT(m) .offset = offsetof(struct trust_row, m)
static const struct table_column trust_columns[] = {
	{"vp", "vantage point", TABLE_TEXT, AT(vp), .required = true},
	{"trusted", "yes or no", TABLE_TEXT, AT(trusted), .required = true},
	{"reason", "why it is not", TABLE_TEXT, AT(reason)},
	{"conflicts", "targets at which it contradicts the others", TABLE_COUNT, AT(conflicts)},
	{"targets", "targets that it measured", TABLE_COUNT, AT(targets)},
};
#undef AT

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
const struct table site_table = {"sites", site_columns, COUNT(site_columns)};
const struct table catchment_table = {"catchment", catchment_columns, COUNT(catchment_columns)};
const struct table trust_table = {"trust", trust_columns, COUNT(trust_columns)};

_Static_assert(COUNT(catchment_columns) <= TABLE_COLUMNS_MAX, "the reader has a place for each");

bool site_field(size_t i, struct field *out)
{
	return table_field(&site_table, i, out);
}

bool catchment_field(size_t i, struct field *out)
{
	return table_field(&catchment_table, i, out);
}

bool trust_field(size_t i, struct field *out)
{
	return table_field(&trust_table, i, out);
}
