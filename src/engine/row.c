#include "engine/row.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/state.h"

enum { EXTRA_MAX = 2 * FLIGHT_TEXT_MAX };

/* What a probe came to, and how good its sending time is. */
static enum outcome outcome_of(const struct engine *e, const struct flight_probe *p, enum stamp *stamp)
{
	bool copy_seen = p->tx_kernel.ns != 0;

	*stamp = p->by_socket ? STAMP_SOCKET : copy_seen ? STAMP_KERNEL : STAMP_HYBRID;
	if (p->outcome != OUTCOME_NONE && p->outcome != OUTCOME_SEND_ERROR)
		return p->outcome;
	*stamp = copy_seen ? STAMP_KERNEL : STAMP_NONE;
	if (p->outcome == OUTCOME_SEND_ERROR)
		return OUTCOME_SEND_ERROR;
	/* Every frame that leaves is captured: one that was not seen did not leave, unless captures were
	 * lost. */
	if (e->c.kernel_stamps && !copy_seen && !e->lost && p->timed_out)
		return OUTCOME_SEND_ERROR;
	return OUTCOME_TIMEOUT;
}

static bool has_rtt(enum outcome o)
{
	return o == OUTCOME_REPLY || o == OUTCOME_RST || o == OUTCOME_LATE;
}

static void add_extra(char *out, size_t *n, const char *key, const char *value)
{
	int len = snprintf(out + *n, EXTRA_MAX - *n, "%s%s=%s", *n ? ";" : "", key, value);

	*n += len > 0 && (size_t)len < EXTRA_MAX - *n ? (size_t)len : 0;
}

static size_t make_extra(
	const struct engine *e, const struct flight_probe *p, enum outcome o, char out[static EXTRA_MAX])
{
	struct bytes kept = flight_extra(p);
	const char *name = p->send_errno ? strerrorname_np(p->send_errno) : NULL;
	size_t n = 0;

	if (p->fault != PROBE_FINE)
		add_extra(out, &n, "bad", probe_fault_name(p->fault));
	if (p->send_errno)
		add_extra(out, &n, "errno", name ? name : "unknown");
	else if (o == OUTCOME_SEND_ERROR)
		add_extra(out, &n, "sent", "unseen");
	if (p->stepped)
		add_extra(out, &n, "clock", "stepped");
	if (e->finishing && !p->timed_out && p->outcome == OUTCOME_NONE)
		add_extra(out, &n, "unfinished", "1");
	if (kept.n && kept.n + n + 1 < EXTRA_MAX) {
		if (n)
			out[n++] = ';';
		memcpy(out + n, kept.p, kept.n);
		n += kept.n;
	}
	return n;
}

static void set_reply(struct record *r, const struct flight_probe *p)
{
	const struct flight_detail *d = p->detail;

	r->reply_from = d && d->from.family ? d->from : r->target;
	r->reply_ttl =
		p->reply_ttl ? p->reply_ttl : -1; /* no packet arrives with 0: some sockets do not say */
	if (p->outcome == OUTCOME_ICMP_ERROR) {
		r->icmp_type = p->icmp_type;
		r->icmp_code = p->icmp_code;
	}
	if (p->has_rcode) {
		r->rcode = p->rcode;
		r->dns_flags = p->dns_flags;
	}
	if (p->has_edns) {
		r->edns_size = p->edns_size;
		r->edns_rcode = p->edns_rcode;
	}
	r->nsid = flight_nsid(p);
	r->txt = flight_txt(p);
}

void engine_write_row(struct engine *e, struct flight_probe *p)
{
	char extra[EXTRA_MAX];
	struct wall tx = flight_sent(p);
	struct record r = {
		.vp = e->c.vp,
		.target = p->addr,
		.probe = p->kind,
		.question = p->question,
		.round = e->c.n_slots ? p->seq / e->c.n_slots : 0,
		.seq = p->seq,
		.attempt = p->attempt,
		.flow = p->flow,
		.src = p->src < e->sources.n ? e->sources.v[p->src] : (struct addr){0},
		.src_port = p->kind == PROBE_ICMP ? 0 : p->flow_port,
		.dst_port = p->dst_port,
		.tx_time = tx,
		.rtt_ns = -1,
		.replies = p->replies,
		.reply_ttl = -1,
		.icmp_type = -1,
		.icmp_code = -1,
		.rcode = -1,
		.edns_size = -1,
	};

	if (p->outcome == OUTCOME_NONE)
		e->unanswered--;
	r.outcome = outcome_of(e, p, &r.stamp);
	if (p->replies > 0)
		set_reply(&r, p);
	if (has_rtt(r.outcome) && !p->stepped && p->rx.ns >= tx.ns)
		r.rtt_ns = p->rx.ns - tx.ns;
	if (p->stepped)
		r.stamp = STAMP_NONE;
	r.extra = (struct bytes){(const uint8_t *)extra, make_extra(e, p, r.outcome, extra)};
	e->counts.outcome[r.outcome]++;
	e->counts.late += r.outcome == OUTCOME_LATE;
	e->counts.rows++;
	e->c.row(e->c.row_arg, &r);
}
