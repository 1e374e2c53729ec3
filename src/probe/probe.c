#include "probe/probe.h"

#include <string.h>

#include "probe/types.h"
#include "proto/icmp.h"

const struct probe_type *const probe_types[PROBE_KINDS] = {
	[PROBE_DNS] = &probe_type_dns,
	[PROBE_ICMP] = &probe_type_icmp,
	[PROBE_TCP] = &probe_type_tcp,
};

static const char *const fault_names[] = {
	[PROBE_FINE] = "",
	[PROBE_SHORT] = "short",
	[PROBE_MALFORMED] = "malformed",
	[PROBE_PORT] = "port",
	[PROBE_NO_RESPONSE] = "not-a-response",
	[PROBE_NO_QUESTION] = "no-question",
	[PROBE_QUESTION] = "question",
	[PROBE_CASE] = "case",
	[PROBE_COOKIE] = "cookie",
	[PROBE_FRAGMENT] = "fragment",
};

const char *probe_fault_name(enum probe_fault f)
{
	return fault_names[f];
}

uint32_t probe_token(enum probe_kind kind, uint64_t cookie)
{
	return kind == PROBE_TCP ? (uint32_t)cookie : (uint16_t)cookie;
}

bool probe_flow_has(const struct probe_flows *flows, uint16_t port)
{
	return port >= flows->base && port - flows->base < flows->n;
}

static bool look_through(
	const struct packet *p, const struct probe_flows *flows, bool quoted, struct probe_sight *out)
{
	for (size_t i = 0; i < PROBE_KINDS; i++) {
		const struct probe_type *t = probe_types[i];

		if (p->proto == t->ip_proto[p->src.family == 6] && t->sight(p, flows, quoted, out)) {
			out->key.kind = t->kind;
			return true;
		}
	}
	return false;
}

struct probe_sight probe_look(const struct packet *p, const struct probe_flows *flows)
{
	struct probe_sight s = {.what = PROBE_UNRELATED};
	struct packet inner;
	struct icmp error;

	if (!p->l4)
		return s;
	if (p->proto == (p->src.family == 4 ? IP_ICMP : IP_ICMP6) &&
		icmp_parse(p->src.family, p->l4, p->l4_len, &error) == 0 && error.class == ICMP_CLASS_ERROR) {
		if (icmp_quoted(&error, &inner) < 0 || !look_through(&inner, flows, true, &s) ||
			s.what != PROBE_SENT)
			return (struct probe_sight){.what = PROBE_UNRELATED};
		s.what = PROBE_QUOTED;
		s.icmp_type = error.type;
		s.icmp_code = error.code;
		return s;
	}
	if (!look_through(p, flows, false, &s))
		s.what = PROBE_UNRELATED;
	return s;
}
