#include "infer/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static struct observe_line *line_of(struct observation *o, const struct record *r)
{
	bool retry = r->attempt > 1;

	for (size_t i = 0; i < o->n; i++) {
		struct observe_line *l = &o->line[i];

		if (l->kind == r->probe && l->question == r->question && l->retry == retry)
			return l;
	}
	if (o->n == OBSERVE_LINES_MAX)
		return NULL;
	o->line[o->n] = (struct observe_line){
		.kind = r->probe,
		.question = r->question,
		.dst_port = r->dst_port,
		.retry = retry,
		.icmp_type = -1,
		.icmp_code = -1,
	};
	return &o->line[o->n++];
}

static void set_flow(uint8_t flows[static 32], uint8_t flow)
{
	flows[flow / 8] = (uint8_t)(flows[flow / 8] | 1U << flow % 8);
}

bool observe_flow(const uint8_t flows[static 32], unsigned flow)
{
	return flows[flow / 8] >> flow % 8 & 1;
}

unsigned observe_count_flows(const uint8_t flows[static 32])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 256; i++)
		n += observe_flow(flows, i);
	return n;
}

static bool same_bytes(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int copy_bytes(struct bytes from, struct bytes *to)
{
	uint8_t *p = from.n ? malloc(from.n) : NULL;

	if (from.n && !p)
		return ERR_NOMEM;
	if (p)
		memcpy(p, from.p, from.n);
	*to = (struct bytes){p, from.n};
	return 0;
}

static struct observe_answer *answer_of(struct observe_line *l, const struct record *r)
{
	bool has_nsid = r->dns_flags & RECORD_NSID;
	struct observe_answer *a;

	for (size_t i = 0; i < l->n_answers; i++) {
		a = &l->answers[i];
		if (same_bytes(a->nsid, r->nsid) && same_bytes(a->txt, r->txt) && a->has_nsid == has_nsid &&
			a->rcode == r->rcode)
			return a;
	}
	if (vec_reserve(&l->answers, &l->cap_answers, l->n_answers + 1) < 0)
		return NULL;
	a = &l->answers[l->n_answers];
	*a = (struct observe_answer){
		.has_nsid = has_nsid, .rcode = r->rcode, .min_ns = -1, .number = (uint32_t)l->n_answers};
	if (copy_bytes(r->nsid, &a->nsid) < 0 || copy_bytes(r->txt, &a->txt) < 0) {
		free((void *)(uintptr_t)a->nsid.p);
		return NULL;
	}
	l->n_answers++;
	return a;
}

static int add_reply(struct observe_line *l, const struct record *r, bool disputed)
{
	struct observe_answer *a = answer_of(l, r);

	if (!a || vec_reserve(&l->rtt_ns, &l->cap_rtt, l->n_rtt + 1) < 0 ||
		vec_reserve(&l->samples, &l->cap_samples, l->n_samples + 1) < 0)
		return ERR_NOMEM;
	l->samples[l->n_samples++] = (struct observe_sample){
		.sent_at = r->tx_time,
		.rtt_ns = r->rtt_ns,
		.answer = a->number,
		.flow = r->flow,
		.dns_flags = r->dns_flags,
		.reply_ttl = r->reply_ttl,
		.rcode = r->rcode,
		.disputed = disputed,
	};
	l->received++;
	set_flow(l->flows_answered, r->flow);
	a->replies++;
	set_flow(a->flows, r->flow);
	if (r->rtt_ns < 0)
		return 0;
	l->rtt_ns[l->n_rtt++] = r->rtt_ns;
	if (a->min_ns < 0 || r->rtt_ns < a->min_ns)
		a->min_ns = r->rtt_ns;
	return 0;
}

/* The value of a key in a record's `extra`, into out; "" when it is not there. */
static void extra_value(const struct record *r, const char *key, char *out, size_t cap)
{
	size_t n = strlen(key);
	const char *p = (const char *)r->extra.p, *end = p + r->extra.n;

	out[0] = '\0';
	while (p && p < end) {
		const char *stop = memchr(p, ';', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);

		if (len > n && memcmp(p, key, n) == 0 && p[n] == '=') {
			len = len - n - 1 < cap - 1 ? len - n - 1 : cap - 1;
			memcpy(out, p + n + 1, len);
			out[len] = '\0';
			return;
		}
		p = stop ? stop + 1 : end;
	}
}

int observe_add(struct observation *o, const struct record *r)
{
	struct observe_line *l = line_of(o, r);
	char first[8], second[8];
	bool disputed;

	if (!l)
		return ERR_RANGE;
	o->target = r->target;
	o->source = r->src.family ? r->src : o->source;
	l->sent++;
	l->outcome[r->outcome]++;
	set_flow(l->flows, r->flow);
	if (r->icmp_type >= 0) {
		l->icmp_type = r->icmp_type;
		l->icmp_code = r->icmp_code;
		l->icmp_from = r->reply_from;
	}
	/* Another answer: a bad one that came first, or any that came second. Whom it names may be empty. */
	extra_value(r, "first_ms", first, sizeof(first));
	extra_value(r, "second_ms", second, sizeof(second));
	disputed = first[0] || second[0];
	l->second_answers += disputed;
	if (r->outcome == OUTCOME_BAD_REPLY)
		extra_value(r, "bad", l->fault, sizeof(l->fault));
	if (r->outcome == OUTCOME_REPLY || r->outcome == OUTCOME_RST || r->outcome == OUTCOME_LATE)
		return add_reply(l, r, disputed);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int by_replies(const void *a, const void *b)
{
	const struct observe_answer *x = a, *y = b;

	return (x->replies < y->replies) - (x->replies > y->replies);
}

static int by_probe(const void *a, const void *b)
{
	const struct observe_line *x = a, *y = b;
	int kind = (int)x->kind - (int)y->kind, retry = (int)x->retry - (int)y->retry;

	return kind ? kind : retry ? retry : (int)x->question - (int)y->question;
}

static int by_sending(const void *a, const void *b)
{
	const struct observe_sample *x = a, *y = b;

	return (x->sent_at.ns > y->sent_at.ns) - (x->sent_at.ns < y->sent_at.ns);
}

/* Answers in their order, and samples that know them by it. */
static void sort_answers(struct observe_line *l)
{
	if (l->n_answers)
		qsort(l->answers, l->n_answers, sizeof(*l->answers), by_replies);
	for (size_t k = 0; k < l->n_samples; k++) {
		uint32_t at = 0;

		while (l->answers[at].number != l->samples[k].answer)
			at++;
		l->samples[k].answer = at;
	}
	for (uint32_t k = 0; k < l->n_answers; k++)
		l->answers[k].number = k;
	if (l->n_samples)
		qsort(l->samples, l->n_samples, sizeof(*l->samples), by_sending);
}

void observe_finish(struct observation *o)
{
	qsort(o->line, o->n, sizeof(o->line[0]), by_probe);
	for (size_t i = 0; i < o->n; i++) {
		if (o->line[i].n_rtt)
			qsort(o->line[i].rtt_ns, o->line[i].n_rtt, sizeof(*o->line[i].rtt_ns), by_time);
		sort_answers(&o->line[i]);
	}
}

void observe_free(struct observation *o)
{
	for (size_t i = 0; i < o->n; i++) {
		for (size_t k = 0; k < o->line[i].n_answers; k++) {
			free((void *)(uintptr_t)o->line[i].answers[k].nsid.p);
			free((void *)(uintptr_t)o->line[i].answers[k].txt.p);
		}
		free(o->line[i].answers);
		free(o->line[i].rtt_ns);
		free(o->line[i].samples);
	}
	o->n = 0;
}

const struct observe_line *observe_best(const struct observation *o, enum probe_kind kind)
{
	const struct observe_line *best = NULL;

	for (const struct observe_line *l = o->line; l < o->line + o->n; l++)
		if (l->kind == kind && l->received && (!best || l->received > best->received))
			best = l;
	return best;
}

int64_t observe_kind_min_ns(const struct observation *o, enum probe_kind kind)
{
	int64_t min = -1;

	for (const struct observe_line *l = o->line; l < o->line + o->n; l++)
		if (l->kind == kind && l->n_rtt && (min < 0 || l->rtt_ns[0] < min))
			min = l->rtt_ns[0];
	return min;
}

int64_t observe_min_ns(const struct observe_line *l)
{
	return l->n_rtt ? l->rtt_ns[0] : -1;
}

int64_t observe_median_ns(const struct observe_line *l)
{
	if (l->n_rtt == 0)
		return -1;
	return (l->rtt_ns[(l->n_rtt - 1) / 2] + l->rtt_ns[l->n_rtt / 2]) / 2;
}

struct bytes observe_identity(const struct observe_answer *a)
{
	return a->nsid.n ? a->nsid : a->txt;
}
