#include "infer/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static const double none = (double)NAN;

/* How often something was met, and when first. */
struct count {
	uint32_t what, n;
	int64_t min_ns;
};
struct counts {
	struct count *v;
	size_t n, cap;
};

/* Working memory, kept from one vantage point to the next. */
struct tally_work {
	struct counts sites;      /* rounds of each */
	struct counts identities; /* replies on flow 0 */
	struct counts groups;     /* replies on any flow, and their least time */
	struct counts seen;       /* sites of any flow */
	int32_t *site;            /* of each sample: group, or NAMING_NONE */
	size_t cap_site;
	int64_t *times;
	size_t n_times, cap_times;
};

static int count_in(struct counts *c, uint32_t what, int64_t rtt_ns)
{
	struct count *at = c->v;

	while (at < c->v + c->n && at->what != what)
		at++;
	if (!at || at == c->v + c->n) {
		if (vec_reserve(&c->v, &c->cap, c->n + 1) < 0)
			return ERR_NOMEM;
		at = &c->v[c->n++];
		*at = (struct count){what, 0, -1};
	}
	at->n++;
	if (rtt_ns >= 0 && (at->min_ns < 0 || rtt_ns < at->min_ns))
		at->min_ns = rtt_ns;
	return 0;
}

/* The most frequent, of equals the first; NULL: none. */
static const struct count *most(const struct counts *c)
{
	const struct count *best = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (!best || c->v[i].n > best->n)
			best = &c->v[i];
	return best;
}

static int64_t rtt_of(const struct sample *s)
{
	return s->rtt_ns == SAMPLE_NO_RTT ? -1 : (int64_t)s->rtt_ns;
}

static bool is_answer(const struct sample *s)
{
	return s->probe == PROBE_DNS && s->outcome == OUTCOME_REPLY;
}

static bool is_reply(const struct sample *s)
{
	return s->outcome == OUTCOME_REPLY || s->outcome == OUTCOME_RST;
}

static void count_kind(struct tally *t, const struct named *named)
{
	if (!named || (named->group < 0 && !named->rule))
		t->nameless++;
	else if (named->foreign)
		t->foreign++;
	else if (named->rule)
		t->named++;
	else
		t->unknown++;
}

/* What an answer counts for: its kind, its group and the site that this is. */
static int count_answer(struct tally *t, struct tally_work *w, const struct naming *names,
	const struct named *named, const struct sample *s, int32_t *site)
{
	int32_t group = named ? named->group : NAMING_NONE;
	bool proven = group >= 0 && names->groups[group].proven;

	if (s->flow == 0)
		count_kind(t, named);
	if (count_in(&w->groups, (uint32_t)group, rtt_of(s)) < 0 ||
		(proven && count_in(&w->seen, (uint32_t)group, rtt_of(s)) < 0))
		return ERR_NOMEM;
	*site = proven ? group : NAMING_NONE;
	return 0;
}

/* Who answered: for most samples as for the one before. */
static int pass_answers(
	struct tally *t, struct tally_work *w, struct naming *names, const struct sample *s, size_t n)
{
	const struct named *named = NULL;
	uint32_t identity = 0;

	if (vec_reserve(&w->site, &w->cap_site, n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		w->site[i] = NAMING_NONE;
		if (!is_answer(&s[i]))
			continue;
		if (s[i].identity != identity) {
			identity = s[i].identity;
			named = identity ? naming_of(names, identity) : NULL;
			if (identity && !named)
				return ERR_NOMEM;
		}
		if (count_answer(t, w, names, named, &s[i], &w->site[i]) < 0)
			return ERR_NOMEM;
	}
	t->sites_seen = (uint32_t)w->seen.n;
	return 0;
}

/* Losses, least times, flows. */
static void pass_all(struct tally *t, const struct sample *s, size_t n)
{
	uint64_t flows[4] = {0};

	for (size_t i = 0; i < n; i++) {
		int64_t rtt_ns = rtt_of(&s[i]);

		if (s[i].time_s && (!t->first_s || s[i].time_s < t->first_s))
			t->first_s = s[i].time_s;
		if (s[i].time_s > t->last_s)
			t->last_s = s[i].time_s;
		if (s[i].outcome == OUTCOME_SEND_ERROR)
			continue;
		t->sent++;
		flows[s[i].flow / 64] |= UINT64_C(1) << s[i].flow % 64;
		t->received += is_reply(&s[i]) || s[i].outcome == OUTCOME_LATE;
		if (s[i].flow == 0 && is_reply(&s[i]) && rtt_ns >= 0 &&
			(t->min_ns[s[i].probe] < 0 || rtt_ns < t->min_ns[s[i].probe]))
			t->min_ns[s[i].probe] = rtt_ns;
	}
	for (size_t i = 0; i < 4; i++)
		t->flows += (uint32_t)__builtin_popcountll(flows[i]);
}

/* Answered rounds of DNS on flow 0, in order. */
static int pass_rounds(struct tally *t, struct tally_work *w, const struct sample *s, size_t n)
{
	int32_t before = NAMING_NONE;

	for (size_t i = 0, k; i < n; i = k) {
		int32_t site = NAMING_NONE;
		bool answered = false;

		for (k = i; k < n && s[k].round == s[i].round; k++) {
			if (!is_answer(&s[k]) || s[k].flow != 0)
				continue;
			answered = true;
			if (site < 0)
				site = w->site[k];
		}
		if (!answered)
			continue;
		t->flips += t->answered > 0 && before >= 0 && site >= 0 && site != before;
		t->answered++;
		before = site;
		if (site >= 0 && count_in(&w->sites, (uint32_t)site, -1) < 0)
			return ERR_NOMEM;
	}
	return 0;
}

/* The identity that stands for the state: the most frequent of the site's, or of all. */
static int pass_identities(struct tally *t, struct tally_work *w, const struct sample *s, size_t n)
{
	const struct count *best;

	for (size_t i = 0; i < n; i++)
		if (is_answer(&s[i]) && s[i].flow == 0 && s[i].identity &&
			(t->site < 0 || w->site[i] == t->site) &&
			count_in(&w->identities, s[i].identity, -1) < 0)
			return ERR_NOMEM;
	best = most(&w->identities);
	t->identity = best ? best->what : 0;
	return 0;
}

/* The k-th smallest, by Hoare's selection; what is before it is not above it afterwards. */
static int64_t select_time(int64_t *v, size_t n, size_t k)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		int64_t pivot = v[low + (high - low) / 2];
		size_t i = low, j = high;

		for (;;) {
			for (; v[i] < pivot; i++)
				;
			for (; v[j] > pivot; j--)
				;
			if (i >= j)
				break;
			int64_t t = v[i];

			v[i++] = v[j];
			v[j--] = t;
		}
		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
	return v[k];
}

static int64_t median(int64_t *v, size_t n)
{
	int64_t upper = select_time(v, n, n / 2), lower = v[0];

	if (n % 2)
		return upper;
	for (size_t i = 1; i < n / 2; i++)
		lower = v[i] > lower ? v[i] : lower;
	return (lower + upper) / 2;
}

/* The kind with a time that says most: DNS, for it names the site; else the fastest. */
static enum probe_kind kind_of(const struct tally *t)
{
	enum probe_kind best = PROBE_DNS;

	for (enum probe_kind k = PROBE_DNS; k < PROBE_KINDS; k++)
		if (t->min_ns[k] >= 0 &&
			(t->min_ns[best] < 0 || (best != PROBE_DNS && t->min_ns[k] < t->min_ns[best])))
			best = k;
	return best;
}

static int pass_times(struct tally *t, struct tally_work *w, const struct sample *s, size_t n)
{
	t->rtt_probe = kind_of(t);
	w->n_times = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i].flow != 0 || s[i].probe != t->rtt_probe || !is_reply(&s[i]) || rtt_of(&s[i]) < 0)
			continue;
		if (t->site >= 0 && t->rtt_probe == PROBE_DNS && w->site[i] != t->site)
			continue;
		if (vec_reserve(&w->times, &w->cap_times, w->n_times + 1) < 0)
			return ERR_NOMEM;
		w->times[w->n_times++] = rtt_of(&s[i]);
	}
	if (w->n_times == 0)
		return 0;
	t->rtt_min_ns = w->times[0];
	for (size_t i = 1; i < w->n_times; i++)
		t->rtt_min_ns = w->times[i] < t->rtt_min_ns ? w->times[i] : t->rtt_min_ns;
	t->rtt_median_ns = median(w->times, w->n_times);
	return 0;
}

static void judge(struct tally *t, const struct tally_work *w, const struct sample *s, size_t n)
{
	const struct count *site = most(&w->sites);
	bool dns = false, left = false, replied = false;

	for (size_t i = 0; i < n; i++)
		dns = dns ||
		      (s[i].probe == PROBE_DNS && s[i].flow == 0 && s[i].outcome != OUTCOME_SEND_ERROR);
	for (size_t i = 0; i < n; i++) {
		if (s[i].flow != 0 || (dns && s[i].probe != PROBE_DNS))
			continue;
		left = left || s[i].outcome != OUTCOME_SEND_ERROR;
		replied = replied || is_reply(&s[i]) || s[i].outcome == OUTCOME_LATE;
	}
	t->state = site ? VP_SITE : replied ? VP_NO_SITE : left ? VP_SILENT : VP_UNMEASURED;
	t->site = site ? (int32_t)site->what : NAMING_NONE;
	t->site_share = site ? (double)site->n / t->answered : none;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* A time bounds where a group is. Other kinds may go elsewhere by equal paths, so theirs is no named group's while DNS has one. */
static int put_reach(struct tallies *ts, struct tally *t)
{
	const struct counts *groups = &ts->work->groups;
	int64_t others = -1;

	t->first_reach = ts->n_reach;
	for (enum probe_kind k = PROBE_DNS; k < PROBE_KINDS; k++)
		others = k == PROBE_DNS ? others : least(others, t->min_ns[k]);
	if (vec_reserve(&ts->reach, &ts->cap_reach, ts->n_reach + groups->n + 1) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < groups->n; i++) {
		bool named = (int32_t)groups->v[i].what >= 0;
		int64_t rtt_ns = groups->v[i].min_ns;

		if (groups->n == 1 && (!named || rtt_ns < 0))
			rtt_ns = least(rtt_ns, others);

		if (rtt_ns > 0 || named)
			ts->reach[ts->n_reach++] =
				(struct tally_reach){t->vp, (int32_t)groups->v[i].what, rtt_ns};
	}
	if (groups->n == 0 && others > 0)
		ts->reach[ts->n_reach++] = (struct tally_reach){t->vp, NAMING_NONE, others};
	t->n_reach = ts->n_reach - t->first_reach;
	return 0;
}

int tally_add(struct tallies *ts, struct naming *names, const struct sample *s, size_t n)
{
	struct tally t = {.vp = s->vp, .rtt_min_ns = -1, .rtt_median_ns = -1, .min_ns = {-1, -1, -1}};
	struct tally_work *w = ts->work;
	int rc;

	if (!w) {
		w = ts->work = calloc(1, sizeof(*w));
		if (!w)
			return ERR_NOMEM;
	}
	w->sites.n = w->identities.n = w->groups.n = w->seen.n = 0;
	pass_all(&t, s, n);
	rc = pass_answers(&t, w, names, s, n);
	if (rc == 0 && !ts->brief)
		rc = pass_rounds(&t, w, s, n);
	if (rc == 0 && !ts->brief) {
		judge(&t, w, s, n);
		rc = pass_identities(&t, w, s, n);
	}
	if (rc == 0 && !ts->brief)
		rc = pass_times(&t, w, s, n);
	if (rc < 0 || put_reach(ts, &t) < 0 || vec_reserve(&ts->v, &ts->cap, ts->n + 1) < 0)
		return ERR_NOMEM;
	ts->v[ts->n++] = t;
	return 0;
}

void tallies_free(struct tallies *t)
{
	if (t->work) {
		free(t->work->sites.v);
		free(t->work->identities.v);
		free(t->work->groups.v);
		free(t->work->seen.v);
		free(t->work->site);
		free(t->work->times);
	}
	free(t->work);
	free(t->v);
	free(t->reach);
	*t = (struct tallies){.v = NULL};
}
