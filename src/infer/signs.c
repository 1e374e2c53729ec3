#include "infer/signs.h"

const struct sign_type sign_types[SIGNS] = {
	[SIGN_C1] = {"C1", SIGN_CONTENT, true},
	[SIGN_C2] = {"C2", SIGN_CONTENT, false},
	[SIGN_C3] = {"C3", SIGN_CONTENT, false},
	[SIGN_C4] = {"C4", SIGN_CONTENT, false},
	[SIGN_T1] = {"T1", SIGN_TIMING, true},
	[SIGN_P1] = {"P1", SIGN_PATH, false},
	[SIGN_B1] = {"B1", SIGN_BEHAVIOUR, true},
	[SIGN_B2] = {"B2", SIGN_BEHAVIOUR, true},
};

/* Below this share of known strings that fit, one that does not fit says nothing. */
enum { COVERED_PERCENT = 95 };
enum { TIME_LEAD_MS = 5, HOPS_LEAD = 3 };

const char *sign_class_name(enum sign_class c)
{
	static const char *const names[SIGN_CLASSES] = {"content", "timing", "path", "behaviour"};

	return names[c];
}

int signs_initial_ttl(int ttl)
{
	return ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

struct looking {
	struct signs *s;
	const struct voices *v;
	const struct baseline *b;
	bool fast_others; /* icmp and tcp have times that agree */
	int fewest[256];  /* hops of icmp and tcp by initial TTL; -1: none */
	int ttl_of[256];  /* of that reply */
};

static void tally(struct signs *s, enum sign which, bool seen)
{
	s->count[which].of++;
	s->count[which].in += seen;
}

/* --- content --- */

static void look_at_identity(struct looking *l, const struct voice *voice)
{
	bool foreign = voice->id.status == IDENT_OTHER && voice->id.foreign &&
		       voice->id.confidence == RULES_HIGH,
	     akin = voice->id.status == IDENT_OTHER && !voice->id.foreign,
	     covered =
		     l->b->known && (uint64_t)l->b->fitting * 100 >= (uint64_t)l->b->known * COVERED_PERCENT;

	/* A reply without a name is one that does not show it. */
	tally(l->s, SIGN_C1, foreign);
	if (covered)
		tally(l->s, SIGN_C2, voice->label.n > 0 && !foreign && !akin && !voice->formed);
}

static bool gives(const struct baseline *b, enum rules_source s)
{
	return s != RULES_ANY && b->gives >> s & 1;
}

static void look_for_missing(
	struct looking *l, const struct observe_line *line, const struct observe_answer *a)
{
	enum rules_source asked = rules_source_of_question(line->question);
	bool nsid = gives(l->b, RULES_NSID) && a->nsid.n == 0, txt = gives(l->b, asked) && a->txt.n == 0;

	if (!gives(l->b, RULES_NSID) && !gives(l->b, asked))
		return;
	tally(l->s, SIGN_C3, nsid || txt);
	l->s->nsid_missing += nsid;
	l->s->identity_missing += txt;
}

/* RA is the same for every question; the others are known of id.server. */
static void look_at_header(struct looking *l, const struct observe_line *line, const struct observe_sample *r)
{
	bool id_server = line->question == QUESTION_ID_SERVER;
	bool rcode = id_server && l->b->rcode >= 0, aa = id_server && l->b->aa >= 0, ra = l->b->ra >= 0;
	bool rcode_unlike = rcode && r->rcode != l->b->rcode,
	     aa_unlike = aa && !(r->dns_flags & RECORD_AA) != !l->b->aa,
	     ra_unlike = ra && !(r->dns_flags & RECORD_RA) != !l->b->ra;

	if (!rcode && !aa && !ra)
		return;
	tally(l->s, SIGN_C4, rcode_unlike || aa_unlike || ra_unlike);
	l->s->rcode_unlike += rcode_unlike;
	l->s->aa_unlike += aa_unlike;
	l->s->ra_unlike += ra_unlike;
}

/* --- timing --- */

static bool is_much_faster(int64_t dns_ns, int64_t other_ns)
{
	return dns_ns < other_ns - TIME_LEAD_MS * NS_PER_MS && dns_ns * 2 < other_ns;
}

static void look_at_time(struct looking *l, const struct observe_sample *r)
{
	if (l->fast_others && r->rtt_ns >= 0)
		tally(l->s, SIGN_T1,
			is_much_faster(r->rtt_ns, l->s->icmp_ns) && is_much_faster(r->rtt_ns, l->s->tcp_ns));
}

static uint32_t timed(const struct observation *o, enum probe_kind kind)
{
	const struct observe_line *l = observe_best(o, kind);

	return l ? (uint32_t)l->n_rtt : 0;
}

static void prepare_times(struct looking *l)
{
	const struct observation *o = l->v->seen;
	int64_t apart;

	l->s->dns_ns = observe_kind_min_ns(o, PROBE_DNS);
	l->s->icmp_ns = observe_kind_min_ns(o, PROBE_ICMP);
	l->s->tcp_ns = observe_kind_min_ns(o, PROBE_TCP);
	apart = l->s->icmp_ns - l->s->tcp_ns;
	l->fast_others = timed(o, PROBE_ICMP) >= SIGN_REPLIES_MIN &&
			 timed(o, PROBE_TCP) >= SIGN_REPLIES_MIN && apart <= TIME_LEAD_MS * NS_PER_MS &&
			 apart >= -TIME_LEAD_MS * NS_PER_MS;
}

/* --- path --- */

static int hops_of(int ttl)
{
	return signs_initial_ttl(ttl) - ttl;
}

static void prepare_hops(struct looking *l)
{
	for (int i = 0; i < 256; i++)
		l->fewest[i] = -1;
	l->s->dns_ttl = l->s->dns_hops = l->s->other_ttl = l->s->other_hops = -1;
	for (size_t i = 0; i < l->v->seen->n; i++) {
		const struct observe_line *line = &l->v->seen->line[i];

		/* As everywhere: fewer replies than these are none. */
		for (size_t k = 0;
			line->kind != PROBE_DNS && line->n_samples >= SIGN_REPLIES_MIN && k < line->n_samples;
			k++) {
			int ttl = line->samples[k].reply_ttl;
			int *fewest = &l->fewest[ttl < 0 ? 0 : signs_initial_ttl(ttl)];

			if (ttl < 0 || (*fewest >= 0 && *fewest <= hops_of(ttl)))
				continue;
			*fewest = hops_of(ttl);
			l->ttl_of[signs_initial_ttl(ttl)] = ttl;
		}
	}
}

static void look_at_hops(struct looking *l, const struct observe_sample *r)
{
	int hops = r->reply_ttl < 0 ? -1 : hops_of(r->reply_ttl), other;

	if (hops < 0)
		return;
	other = l->fewest[signs_initial_ttl(r->reply_ttl)];
	if (l->s->dns_hops < 0 || hops < l->s->dns_hops) {
		l->s->dns_hops = hops;
		l->s->dns_ttl = r->reply_ttl;
		l->s->other_hops = other;
		l->s->other_ttl = other < 0 ? -1 : l->ttl_of[signs_initial_ttl(r->reply_ttl)];
	}
	if (other >= 0)
		tally(l->s, SIGN_P1, hops < other - HOPS_LEAD);
}

/* --- all --- */

static void look_at(void *arg, size_t line, const struct observe_sample *r, const struct voice *voice)
{
	struct looking *l = arg;
	const struct observe_line *of = &l->v->seen->line[line];

	look_at_identity(l, voice);
	look_for_missing(l, of, &of->answers[r->answer]);
	look_at_header(l, of, r);
	look_at_time(l, r);
	look_at_hops(l, r);
	tally(l->s, SIGN_B1, r->disputed);
}

/* Of queries, not replies: that some were answered at all is the sign. */
static void look_at_no_dns(struct signs *s, const struct observation *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->line[i].kind == PROBE_DNS && !o->line[i].retry) {
			s->count[SIGN_B2].of += o->line[i].sent - o->line[i].outcome[OUTCOME_SEND_ERROR];
			s->count[SIGN_B2].in += o->line[i].received;
		}
}

void signs_look(
	struct signs *s, const struct voices *v, const struct baseline *b, const struct observation *no_dns)
{
	struct looking l = {.s = s, .v = v, .b = b};

	*s = (struct signs){.dns_ns = -1};
	prepare_times(&l);
	prepare_hops(&l);
	voices_walk(v, look_at, &l);
	if (no_dns)
		look_at_no_dns(s, no_dns);
	for (int i = 0; i < SIGNS; i++) {
		struct sign_count *c = &s->count[i];

		c->holds = c->in >= SIGN_REPLIES_MIN &&
			   (uint64_t)c->in * 100 >= (uint64_t)c->of * SIGN_PERCENT_MIN;
	}
}

bool signs_prove(const struct signs *s)
{
	for (int a = 0; a < SIGNS; a++)
		for (int b = 0; s->count[a].holds && sign_types[a].strong && b < SIGNS; b++)
			if (s->count[b].holds && sign_types[a].class != sign_types[b].class)
				return true;
	return false;
}

unsigned signs_holding(const struct signs *s)
{
	unsigned n = 0;

	for (int i = 0; i < SIGNS; i++)
		n += i != SIGN_C4 && s->count[i].holds;
	return n;
}
