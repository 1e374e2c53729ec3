#include "proto/icmp.h"

#include <string.h>

#include "base/wire.h"
#include "probe/types.h"

/* Layout of the l4 bytes: type, code, checksum, id, sequence, cookie, balance, contact. */
enum { SEQ_AT = 6, COOKIE_AT = 8, BALANCE_AT = 16, CONTACT_AT = 18, CHECKSUM_AT = 2 };

static size_t icmp_form(const struct probe_spec *s, uint8_t l4[static PROBE_L4_MAX])
{
	size_t contact = strlen(s->contact), len = CONTACT_AT + contact;
	uint8_t proto = s->dst.family == 4 ? IP_ICMP : IP_ICMP6;
	uint64_t sum = s->dst.family == 6 ? ip_sum_pseudo(&s->src, &s->dst, proto, len) : 0;

	if (len > PROBE_L4_MAX)
		return 0;
	wire_set16(l4 + SEQ_AT, (uint16_t)s->cookie);
	wire_set64(l4 + COOKIE_AT, s->cookie);
	wire_set16(l4 + BALANCE_AT, 0);
	memcpy(l4 + CONTACT_AT, s->contact, contact);
	/* With the wanted checksum in place, the word that makes the whole sum to zero is the folded sum
	 * itself. */
	wire_set16(l4 + BALANCE_AT, ip_sum_fold(ip_sum(sum, l4, len)));
	return len;
}

static bool icmp_sight(
	const struct packet *p, const struct probe_flows *flows, bool quoted, struct probe_sight *out)
{
	struct icmp m;

	(void)quoted; /* all that is needed stands in the first 8 bytes */
	if (icmp_parse(p->src.family, p->l4, p->l4_len, &m) < 0 || !probe_flow_has(flows, m.id))
		return false;
	if (m.class != ICMP_CLASS_ECHO && m.class != ICMP_CLASS_REPLY)
		return false;
	out->what = m.class == ICMP_CLASS_ECHO ? PROBE_SENT : PROBE_REPLY;
	out->head = p->l4;
	out->key.target = m.class == ICMP_CLASS_ECHO ? p->dst : p->src;
	out->key.flow_port = m.id;
	out->key.token = m.seq;
	return true;
}

static void icmp_read(const struct probe_spec *s, const struct packet *p, struct probe_answer *out)
{
	struct icmp m;

	out->outcome = OUTCOME_BAD_REPLY;
	if (icmp_parse(p->src.family, p->l4, p->l4_len, &m) < 0 || m.payload_len < sizeof(s->cookie))
		out->fault = PROBE_SHORT;
	else if (wire_get64(m.payload) != s->cookie)
		out->fault = PROBE_COOKIE;
	else
		out->outcome = OUTCOME_REPLY;
}

static bool icmp_recover(const struct packet *p, struct probe_spec *out)
{
	struct icmp m;

	if (icmp_parse(p->src.family, p->l4, p->l4_len, &m) < 0 || m.payload_len < sizeof(out->cookie))
		return false;
	out->cookie = wire_get64(m.payload);
	/* Another prober's payload need not begin with its sequence number: replies are found by that. */
	return (uint16_t)out->cookie == m.seq;
}

const struct probe_type probe_type_icmp = {
	.kind = PROBE_ICMP,
	.ip_proto = {IP_ICMP, IP_ICMP6},
	.header_len = ICMP_LEN,
	.checksum_at = CHECKSUM_AT,
	.fixed_checksum = true,
	.form = icmp_form,
	.sight = icmp_sight,
	.read = icmp_read,
	.recover = icmp_recover,
};
