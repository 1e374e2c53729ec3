#include "engine/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/vec.h"
#include "base/wire.h"
#include "engine/state.h"

/* One frame may be seen on several stacked devices (VLAN, bond, bridge) within this time. */
#define SAME_FRAME_NS NS_PER_MS

enum { STRANGE_MAX = 600 };

static bool is_late(const struct engine *e, const struct flight_probe *p, struct wall rx)
{
	/* Stamps decide, not when the frame was read; over a clock step only our own timer is left. */
	return p->stepped ? p->timed_out : rx.ns - flight_sent(p).ns > e->c.timeout_ns;
}

static void take_dns(struct engine *e, struct flight_probe *p, const struct probe_answer *a)
{
	uint8_t txt[FLIGHT_TEXT_MAX];
	size_t n = a->txt.p ? dns_txt_join(a->txt, txt, sizeof(txt)) : 0;

	p->has_rcode = a->rcode >= 0;
	p->rcode = (uint8_t)a->rcode;
	p->dns_flags = a->dns_flags;
	p->has_edns = a->edns_size >= 0;
	p->edns_size = (uint16_t)a->edns_size;
	p->edns_rcode = a->edns_rcode;
	if (a->nsid.n || n || p->detail)
		(void)flight_keep(&e->flight, p, a->nsid, (struct bytes){txt, n});
	if (a->server_cookie.n && e->asks_again)
		jar_put(&e->jar, p->target, a->server_cookie);
	if (a->rcode == DNS_RCODE_FORMERR && p->has_cookie) {
		jar_put(&e->jar, p->target, (struct bytes){0});
		engine_retry(e, p);
	}
}

/* The probe that a packet is for, with the packet counted; NULL when there is none (FLIGHT_NONE), or when the packet is a
 * copy of one that was seen on another device already. */
static struct flight_probe *arrives(
	struct engine *e, struct mono now, uint32_t id, const struct capture_frame *f)
{
	struct flight_probe *p;

	if (id == FLIGHT_NONE) {
		e->counts.unmatched++;
		return NULL;
	}
	p = flight_at(&e->flight, id);
	if (p->replies > 0 && (uint16_t)f->ifindex != p->rx_ifindex && f->stamp.ns - p->rx.ns < SAME_FRAME_NS)
		return NULL;
	e->counts.matched++;
	e->last_news = now;
	if (p->replies < UINT16_MAX)
		p->replies++;
	return p;
}

/* The probe's state as its first answer, or its first good one, finds it. */
static void settle(
	struct engine *e, struct flight_probe *p, const struct capture_frame *f, const struct packet *packet)
{
	if (p->outcome == OUTCOME_NONE)
		e->unanswered--;
	p->rx = f->stamp;
	p->by_socket = f->by_socket;
	p->rx_ifindex = (uint16_t)f->ifindex;
	p->checked = e->checks;
	p->reply_ttl = packet->ttl;
	if (p->detail)
		p->detail->from = (struct addr){0};
}

/* Appends text as an identity is written, with `;`, which separates the parts of `extra`, escaped as well. */
static size_t put_value(char *out, size_t cap, struct bytes b)
{
	size_t n = 0;

	for (size_t i = 0; i < b.n && n + sizeof("\\000") <= cap; i++)
		n += b.p[i] == ';' ? (size_t)snprintf(out + n, cap - n, "\\%03d", ';')
				   : csv_escape(out + n, cap - n, b.p + i, 1);
	return n;
}

/* Another answer to this probe, for `extra`: which one, why it is bad, when it came and whom it names. */
struct strange {
	const char *which;
	enum probe_fault fault;
	int rcode; /* -1: none */
	struct wall at;
	struct bytes who;
};

static void keep_strange(struct engine *e, struct flight_probe *p, const struct strange *s)
{
	char text[STRANGE_MAX], bad[32] = "", rcode[32] = "";
	size_t n;

	if (s->fault != PROBE_FINE)
		(void)snprintf(bad, sizeof(bad), "%s_bad=%s;", s->which, probe_fault_name(s->fault));
	if (s->rcode >= 0)
		(void)snprintf(rcode, sizeof(rcode), "%s_rcode=%d;", s->which, s->rcode);
	n = (size_t)snprintf(text, sizeof(text), "%s%s%s%s_ms=%.6f;%s=", flight_extra(p).n ? ";" : "", bad,
		rcode, s->which, (double)(s->at.ns - flight_sent(p).ns) / 1e6, s->which);
	n += put_value(text + n, sizeof(text) - n, s->who);
	flight_append(&e->flight, p, (struct bytes){(const uint8_t *)text, n});
}

static struct bytes best_name(struct bytes nsid, struct bytes txt)
{
	return nsid.n ? nsid : txt;
}

/* A bad answer that came before the good one stays on record. */
static void keep_first(struct engine *e, struct flight_probe *p)
{
	struct strange s = {
		.which = "first",
		.fault = (enum probe_fault)p->fault,
		.rcode = p->has_rcode ? p->rcode : -1,
		.at = p->rx,
		.who = best_name(flight_nsid(p), flight_txt(p)),
	};

	keep_strange(e, p, &s);
}

static void take_answer(struct engine *e, struct flight_probe *p, const struct capture_frame *f,
	const struct packet *packet, const struct probe_answer *a)
{
	if (p->outcome == OUTCOME_BAD_REPLY)
		keep_first(e, p);
	settle(e, p, f, packet);
	p->fault = (uint8_t)a->fault;
	p->outcome = (uint8_t)a->outcome;
	if (a->outcome != OUTCOME_BAD_REPLY && is_late(e, p, f->stamp))
		p->outcome = OUTCOME_LATE;
	if (p->kind == PROBE_DNS)
		take_dns(e, p, a);
}

static bool same_bytes(struct bytes a, struct bytes b)
{
	/* What is kept was cut at FLIGHT_TEXT_MAX. */
	b.n = b.n < FLIGHT_TEXT_MAX ? b.n : FLIGHT_TEXT_MAX;
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Two different answers to one probe are evidence of a third party: what the other one said is kept. */
static void take_second(
	struct engine *e, struct flight_probe *p, const struct capture_frame *f, const struct probe_answer *a)
{
	uint8_t txt[FLIGHT_TEXT_MAX];
	struct bytes joined = {txt, a->txt.p ? dns_txt_join(a->txt, txt, sizeof(txt)) : 0};
	struct strange s = {"second", a->fault, a->rcode, f->stamp, best_name(a->nsid, joined)};

	e->counts.duplicate++;
	if (p->kind != PROBE_DNS ||
		(same_bytes(flight_nsid(p), a->nsid) && same_bytes(flight_txt(p), joined) &&
			(p->has_rcode ? p->rcode : -1) == a->rcode && p->fault == a->fault))
		return;
	keep_strange(e, p, &s);
}

static bool is_good(uint8_t outcome)
{
	return outcome == OUTCOME_REPLY || outcome == OUTCOME_RST || outcome == OUTCOME_LATE;
}

/* The probe that a reply answers: the one it proves, else the first one it only looks like. */
static uint32_t find_by_proof(
	struct engine *e, const struct probe_key *key, const struct packet *packet, struct probe_answer *best)
{
	uint32_t found = FLIGHT_NONE, id = FLIGHT_NONE;

	while ((id = flight_find(&e->flight, key, id)) != FLIGHT_NONE) {
		struct probe_spec spec = engine_spec(e, flight_at(&e->flight, id));
		struct probe_answer a = {.rcode = -1, .edns_size = -1};

		if (!addr_equal(&spec.src, &packet->dst))
			continue; /* another vantage point on this machine asked with the same id */
		probe_types[key->kind]->read(&spec, packet, &a);
		if (a.outcome != OUTCOME_BAD_REPLY) {
			*best = a;
			return id;
		}
		if (found == FLIGHT_NONE) {
			*best = a;
			found = id;
		}
	}
	return found;
}

static void on_reply(struct engine *e, struct mono now, const struct probe_key *key,
	const struct packet *packet, const struct capture_frame *f)
{
	struct probe_answer a = {0};
	struct flight_probe *p = arrives(e, now, find_by_proof(e, key, packet, &a), f);

	if (!p)
		return;
	if (p->outcome == OUTCOME_NONE || (!is_good(p->outcome) && a.outcome != OUTCOME_BAD_REPLY))
		take_answer(e, p, f, packet, &a);
	else
		take_second(e, p, f, &a);
}

/* The probe that was sent with this head from this address. */
static uint32_t find_by_head(struct engine *e, const struct probe_sight *s, const struct addr *source)
{
	uint32_t id = FLIGHT_NONE;

	while ((id = flight_find(&e->flight, &s->key, id)) != FLIGHT_NONE) {
		const struct flight_probe *p = flight_at(&e->flight, id);

		if (memcmp(p->head, s->head, PROBE_HEAD) == 0 && p->src < e->sources.n &&
			addr_equal(&e->sources.v[p->src], source))
			break;
	}
	return id;
}

static void on_quoted(struct engine *e, struct mono now, const struct probe_sight *s,
	const struct packet *packet, const struct capture_frame *f)
{
	struct flight_probe *p = arrives(e, now, find_by_head(e, s, &packet->dst), f);
	struct flight_detail *d;

	if (!p)
		return;
	if (p->outcome != OUTCOME_NONE) {
		e->counts.duplicate++;
		return;
	}
	settle(e, p, f, packet);
	p->outcome = OUTCOME_ICMP_ERROR;
	p->icmp_type = s->icmp_type;
	p->icmp_code = s->icmp_code;
	d = flight_keep(&e->flight, p, (struct bytes){0}, (struct bytes){0});
	if (d)
		d->from = packet->src;
}

/* --- replay: probes that are met in the capture itself --- */

static uint32_t adopt_target(struct engine *e, const struct addr *a)
{
	struct target t = {.addr = *a};
	const struct target *known = target_find(&e->adopted, a);

	if (!known) {
		if (target_add(&e->adopted, &t, &(struct target_info){"", "", "", "", ""}) < 0)
			return FLIGHT_NONE;
		known = target_find(&e->adopted, a);
	}
	return known ? (uint32_t)(known - e->adopted.v) : FLIGHT_NONE;
}

static void adopt(struct engine *e, struct mono now, const struct probe_sight *s, const struct packet *packet,
	const struct capture_frame *f)
{
	struct probe_spec spec = {0};
	struct flight_probe p = {.sent_at = now, .tx_user = f->stamp, .tx_kernel = f->stamp, .attempt = 1};

	if (flight_full(&e->flight) || !probe_types[s->key.kind]->recover(packet, &spec)) {
		e->counts.malformed++;
		return;
	}
	p.target = adopt_target(e, &packet->dst);
	p.addr = packet->dst;
	if (p.target == FLIGHT_NONE)
		return;
	p.cookie = spec.cookie;
	p.has_cookie = spec.dns_cookie_len >= DNS_COOKIE_CLIENT;
	memcpy(&p.client_cookie, spec.dns_cookie, DNS_COOKIE_CLIENT);
	p.question = (uint8_t)spec.question;
	p.kind = (uint8_t)s->key.kind;
	p.flow_port = s->key.flow_port;
	p.flow = (uint8_t)(s->key.flow_port - e->c.flows.base);
	p.dst_port = spec.dst_port;
	p.src = engine_source(e, &packet->src);
	p.seq = e->adopted_seq++;
	memcpy(p.head, s->head, PROBE_HEAD);
	e->counts.sent++;
	e->unanswered++;
	(void)flight_add(&e->flight, &p);
}

static void on_sent(struct engine *e, struct mono now, const struct probe_sight *s,
	const struct packet *packet, const struct capture_frame *f)
{
	uint32_t id = find_by_head(e, s, &packet->src);

	if (id == FLIGHT_NONE) {
		if (e->c.adopt)
			adopt(e, now, s, packet, f);
		return;
	}
	if (flight_at(&e->flight, id)->tx_kernel.ns == 0)
		flight_at(&e->flight, id)->tx_kernel = f->stamp;
}

void engine_frame(struct engine *e, struct mono now, const struct capture_frame *f)
{
	struct packet packet;
	struct probe_sight s;

	e->counts.captured++;
	if (!f->ip || ip_parse(f->ip, f->len, &packet) < 0) {
		e->counts.malformed++;
		return;
	}
	s = probe_look(&packet, &e->c.flows);
	switch (s.what) {
	case PROBE_SENT:
		on_sent(e, now, &s, &packet, f);
		break;
	case PROBE_REPLY:
		on_reply(e, now, &s.key, &packet, f);
		break;
	case PROBE_QUOTED:
		on_quoted(e, now, &s, &packet, f);
		break;
	case PROBE_UNRELATED:
		break;
	}
}
