#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "infer/quantile.h"
#include "infer/sites_scratch.h"

/* Vantage points this near to each other may have been misplaced together. */
static const double one_spot_km = 1;
/* One in 67 is misplaced (RIPE Atlas, 2023). With less chance than e to this to have escaped notice if it were, a vantage point is
 * taken to be in its place. */
static const double vouched_below = -3;

const struct sites_options sites_defaults = {.km_per_ms = GEO_DISC_KM_PER_MS,
	.vps_min = 10,
	.place_latency = 0.4,
	.place_label = 0.4,
	.budget = 100000};

void sites_tell(const struct sites_work *w, const struct sites_note *note)
{
	if (w->explain)
		w->explain(w->arg, note);
}

struct sites_note sites_note_of(enum sites_note_kind kind)
{
	return (struct sites_note){.kind = kind,
		.row = SITES_NO,
		.other = SITES_NO,
		.label = SITES_NO,
		.place = SITES_NO,
		.site = SITES_NO};
}

bool sites_one_spot(const struct sites_vp *a, const struct sites_vp *b)
{
	const double chord = one_spot_km / GEO_RADIUS_KM;
	double x = a->at.x - b->at.x, y = a->at.y - b->at.y, z = a->at.z - b->at.z;

	return x * x + y * y + z * z < chord * chord;
}

/* --- the discs of a target --- */

/* Whether what the vantage point saw says where the site may be. */
static bool has_disc(const struct sites_vp *vp, const struct sites_seen *row)
{
	return vp->placed && !vp->distrusted && row->rtt_ms >= 0 && row->rtt_ms < (double)INFINITY;
}

static const struct sites_vp *vp_of(const struct sites_problem *p, const struct disc *d)
{
	return &p->vps[p->seen[d->id].vp];
}

/* Counts a vantage point the first time that it is met. */
static uint32_t count_vp(struct sites_scratch *s, uint32_t vp)
{
	if (s->stamp[vp] == s->call)
		return 0;
	s->stamp[vp] = s->call;
	return 1;
}

static int start_stamps(struct sites_scratch *s, size_t n_vps)
{
	if (vec_reserve(&s->stamp, &s->cap_stamp, n_vps + 1) < 0)
		return ERR_NOMEM;
	for (; s->n_stamp < n_vps; s->n_stamp++)
		s->stamp[s->n_stamp] = 0;
	s->call++;
	return 0;
}

static int collect(struct sites_scratch *s, const struct sites_problem *p, struct sites_result *out)
{
	const double km_per_ms = p->options->km_per_ms;
	uint32_t vps = 0;

	discs_clear(&s->discs);
	if (discs_reserve(&s->discs, p->n_seen) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < p->n_seen; i++) {
		const struct sites_seen *row = &p->seen[i];
		const struct sites_vp *vp = &p->vps[row->vp];

		out->site_of[i] = SITES_NO;
		out->fate[i] = vp->distrusted ? SITES_UNUSED : SITES_UNPLACED;
		if (!has_disc(vp, row))
			continue;
		vps += count_vp(s, row->vp);
		discs_add(&s->discs, &(struct disc){.at = vp->at,
					     .km = discs_radius_km(row->rtt_ms, vp->accuracy_km, km_per_ms),
					     .slack_km = (float)vp->accuracy_km,
					     .id = (uint32_t)i});
	}
	out->vps = vps;
	return 0;
}

/* --- what rules say of places, against the discs --- */

static void deny(const struct sites_problem *p, struct sites_group *g, uint32_t vp)
{
	if (g->deny == 0)
		g->deny_vp = vp;
	if (g->deny == 0 || !sites_one_spot(&p->vps[g->deny_vp], &p->vps[vp]))
		g->deny++;
}

static bool out_of_reach(const struct disc *d, const struct sites_label *l)
{
	struct geo_point at = geo_point_of(l->lat, l->lon);

	return geo_arc_km(&d->at, &at) > d->km + l->radius_km + GEO_SPHERE_ERROR * d->km;
}

static int weigh_labels(struct sites_scratch *s, const struct sites_problem *p, struct sites_result *out)
{
	if (vec_reserve(&s->groups, &s->cap_groups, p->n_labels + 1) < 0)
		return ERR_NOMEM;
	if (p->n_labels == 0)
		return 0;
	for (size_t i = 0; i < p->n_labels; i++)
		s->groups[i] = (struct sites_group){.site = SITES_NO, .first = SITES_NO};
	for (size_t i = 0; i < p->n_seen; i++)
		if (p->seen[i].label >= 0) {
			struct sites_group *g = &s->groups[p->seen[i].label];

			out->labels += !g->met;
			g->met = true;
		}
	for (size_t i = 0; i < s->discs.n; i++) {
		const struct disc *d = &s->discs.v[i];
		int32_t label = p->seen[d->id].label;
		struct sites_group *g = label >= 0 ? &s->groups[label] : NULL;

		if (!g || !p->labels[label].placed)
			continue;
		if (out_of_reach(d, &p->labels[label])) {
			deny(p, g, p->seen[d->id].vp);
			out->fate[d->id] = SITES_VETOED;
		} else {
			g->allow++;
		}
	}
	return 0;
}

static void tell_denials(const struct sites_work *w, const struct sites_problem *p, int32_t label)
{
	const struct discs *d = &w->scratch->discs;
	struct sites_note note = sites_note_of(SITES_NOTE_NOT_BELIEVED);
	struct geo_point at = geo_point_of(p->labels[label].lat, p->labels[label].lon);

	note.label = label;
	for (size_t i = 0; w->explain && i < d->n; i++) {
		if (p->seen[d->v[i].id].label != label || !out_of_reach(&d->v[i], &p->labels[label]))
			continue;
		note.row = (int32_t)d->v[i].id;
		note.km = geo_arc_km(&d->v[i].at, &at) - d->v[i].km;
		sites_tell(w, &note);
	}
}

/* One vantage point that denies what two others allow may be misplaced; more are right. */
static void believe(const struct sites_work *w, const struct sites_problem *p, struct sites_result *out)
{
	struct sites_scratch *s = w->scratch;

	for (size_t i = 0; i < p->n_labels; i++) {
		struct sites_group *g = &s->groups[i];

		g->believed =
			g->met && p->labels[i].placed && (g->deny == 0 || (g->deny == 1 && g->allow >= 2));
		if (!g->met || !p->labels[i].placed || g->believed)
			continue;
		tell_denials(w, p, (int32_t)i);
		out->not_believed++;
	}
	for (size_t i = 0; p->n_labels > 0 && i < p->n_seen; i++) {
		int32_t label = p->seen[i].label;

		if (label >= 0 && p->labels[label].placed && !s->groups[label].believed)
			out->fate[i] = SITES_VETOED;
		out->vetoed += out->fate[i] == SITES_VETOED;
	}
}

/* Two places that rules are sure enough of, too far apart to be one site. */
static bool rules_disagree(const struct sites_scratch *s, const struct sites_problem *p)
{
	for (size_t a = 0; a < p->n_labels; a++) {
		const struct sites_label *x = &p->labels[a];
		struct geo_point at = geo_point_of(x->lat, x->lon);

		if (!s->groups[a].believed || x->confidence < RULES_MEDIUM)
			continue;
		for (size_t b = 0; b < a; b++) {
			const struct sites_label *y = &p->labels[b];
			struct geo_point other = geo_point_of(y->lat, y->lon);

			if (s->groups[b].believed && y->confidence >= RULES_MEDIUM &&
				geo_arc_km(&at, &other) > x->radius_km + y->radius_km + SITES_LABELS_APART_KM)
				return true;
		}
	}
	return false;
}

/* --- which discs exclude each other --- */

/* Whether the vantage point of one disc stands where that of one of two others does. */
static bool one_of(const struct sites_problem *p, const struct discs *d, uint32_t one, uint32_t x, uint32_t y)
{
	const struct sites_vp *vp = vp_of(p, &d->v[one]);

	return one == x || sites_one_spot(vp, vp_of(p, &d->v[x])) || sites_one_spot(vp, vp_of(p, &d->v[y]));
}

static void add_pair(
	const struct sites_problem *p, const struct discs *d, struct sites_cover *c, uint32_t x, uint32_t y)
{
	if (c->pairs++ == 0)
		c->a = x, c->b = y, c->by_a = c->by_b = true;
	c->by_a = c->by_a && one_of(p, d, c->a, x, y);
	c->by_b = c->by_b && one_of(p, d, c->b, x, y);
}

static void add_widest(const struct discs *d, struct sites_cover *c, uint32_t x, uint32_t y)
{
	double gap = geo_arc_km(&d->v[x].at, &d->v[y].at) - d->v[x].km - d->v[y].km;

	if (gap <= c->gap_km)
		return;
	c->gap_km = gap;
	c->pair[0] = x;
	c->pair[1] = y;
}

static void tell_pair(const struct sites_work *w, const struct discs *d, uint32_t x, uint32_t y)
{
	struct sites_note note = sites_note_of(SITES_NOTE_PAIR);

	if (!w->explain)
		return;
	note.row = (int32_t)d->v[x].id;
	note.other = (int32_t)d->v[y].id;
	note.km = geo_arc_km(&d->v[x].at, &d->v[y].at) - d->v[x].km - d->v[y].km;
	sites_tell(w, &note);
}

/* More pairs of this disc would change nothing: there are two already, or it is one that the first pair leaves in all. */
static bool told_enough(const struct sites_cover *c, size_t disc)
{
	return c->pairs > 0 && !c->by_b && (!c->by_a || disc == c->a);
}

/* Discs that hold the centre of the smallest one all meet: one of a disjoint pair is outside. */
struct sites_cover sites_cover_of(
	const struct sites_work *w, const struct sites_problem *p, const struct discs *d, size_t smallest)
{
	struct sites_scratch *s = w->scratch;
	const size_t words = discs_words(d->n);
	struct sites_cover c = {.pairs = 0};
	size_t a, x = 0;

	if (d->n == 0)
		return c;
	c.outside = discs_without(d, &d->v[smallest].at, s->outside);
	while (!sites_cover_two(&c) && (a = discs_take(s->outside, words, &x)) != SIZE_MAX) {
		size_t b, y = 0;

		if (!discs_disjoint_from(d, &d->v[a], s->meets))
			continue;
		b = discs_farthest(d, &d->v[a], s->meets);
		add_widest(d, &c, (uint32_t)a, (uint32_t)b);
		while ((w->explain || !told_enough(&c, a)) &&
			(b = discs_take(s->meets, words, &y)) != SIZE_MAX) {
			add_pair(p, d, &c, (uint32_t)a, (uint32_t)b);
			tell_pair(w, d, (uint32_t)a, (uint32_t)b);
		}
	}
	return c;
}

bool sites_cover_two(const struct sites_cover *c)
{
	return c->pairs > 0 && !c->by_a && !c->by_b;
}

/* --- who is vouched for --- */

/* Whether other targets say that it is where it should be: a conflict, if there is one, is this target's own. */
static bool vouched(const struct sites_vp *vp)
{
	return vp->conflicts <= 1 && vp->clean < vouched_below;
}

/* All pairs go through one vantage point, or one of two. */
static bool proven_by_others(
	const struct sites_problem *p, const struct discs *d, const struct sites_cover *c)
{
	return (!c->by_a || vouched(vp_of(p, &d->v[c->a]))) && (!c->by_b || vouched(vp_of(p, &d->v[c->b])));
}

static bool less_trusted(const struct sites_vp *a, const struct sites_vp *b)
{
	return a->conflicts != b->conflicts ? a->conflicts > b->conflicts : a->clean > b->clean;
}

/* Of a pair either of which may be misplaced: the one that the others trust less; else the one whose disc fewer of the others
 * come near to, by the sum of how far they reach over its centre. */
uint32_t sites_cover_blame(const struct sites_problem *p, const struct discs *d, const struct sites_cover *c)
{
	const struct disc *a = &d->v[c->a], *b = &d->v[c->b];
	double slack = 0;

	if (!c->by_a || !c->by_b)
		return c->by_a ? c->a : c->b;
	if (less_trusted(vp_of(p, a), vp_of(p, b)))
		return c->a;
	if (less_trusted(vp_of(p, b), vp_of(p, a)))
		return c->b;
	for (size_t i = 0; i < d->n; i++) {
		double to_a = geo_arc_km(&d->v[i].at, &a->at), to_b = geo_arc_km(&d->v[i].at, &b->at);

		/* A path is about as long as its time says: who is nearer than that to one is likely not. */
		slack += fabs(d->v[i].km / 2 - to_a) < fabs(d->v[i].km / 2 - to_b) ? 1 : -1;
	}
	return slack >= 0 ? c->b : c->a;
}

/* --- one place for all --- */

/* Where the boundaries of two discs cross, or the centre of the smaller when they do not. */
static size_t crossings(const struct disc *a, const struct disc *b, struct geo_point out[static 2])
{
	struct geo_point u = a->at, v = b->at;
	double q = u.x * v.x + u.y * v.y + u.z * v.z, ca = cos(a->km / GEO_RADIUS_KM),
	       cb = cos(b->km / GEO_RADIUS_KM);
	double x = (ca - cb * q) / (1 - q * q), y = (cb - ca * q) / (1 - q * q);
	struct geo_point n = {u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
	double rest = (1 - x * x - y * y - 2 * x * y * q) / (1 - q * q), t;

	if (!(1 - q * q > 1e-12) || !(rest >= 0))
		return 0;
	t = sqrt(rest);
	out[0] = (struct geo_point){
		x * u.x + y * v.x + t * n.x, x * u.y + y * v.y + t * n.y, x * u.z + y * v.z + t * n.z};
	out[1] = (struct geo_point){
		x * u.x + y * v.x - t * n.x, x * u.y + y * v.y - t * n.y, x * u.z + y * v.z - t * n.z};
	return 2;
}

/* Whether all discs hold the point, but for those of one vantage point (NULL: none), by a km. */
static bool fits(const struct sites_scratch *s, const struct sites_problem *p, const struct geo_point *at,
	const struct sites_vp *but)
{
	for (size_t i = 0; i < s->discs.n; i++) {
		const struct disc *d = &s->discs.v[i];

		if (geo_arc_km(&d->at, at) > d->km + 1 && !(but && sites_one_spot(vp_of(p, d), but)))
			return false;
	}
	return true;
}

/* Looks for a point in all discs: the smallest's centre, or where boundaries of the smallest one and of those that do not hold
 * its centre cross. */
static bool one_place_fits(
	const struct sites_scratch *s, const struct sites_problem *p, const struct sites_vp *but)
{
	enum { CROSSED_MAX = 24 };
	const struct disc *crossed[CROSSED_MAX + 1];
	size_t n = 0, at = SIZE_MAX;

	for (size_t i = s->discs.n; i-- > 0;)
		if (!(but && sites_one_spot(vp_of(p, &s->discs.v[i]), but)))
			at = i;
	if (at == SIZE_MAX || fits(s, p, &s->discs.v[at].at, but))
		return true;
	crossed[n++] = &s->discs.v[at];
	for (size_t i = 0; i < s->discs.n && n <= CROSSED_MAX; i++) {
		const struct disc *d = &s->discs.v[i];

		if (geo_arc_km(&d->at, &crossed[0]->at) > d->km && !(but && sites_one_spot(vp_of(p, d), but)))
			crossed[n++] = d;
	}
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < a; b++) {
			struct geo_point point[2];
			size_t k = crossings(crossed[a], crossed[b], point);

			while (k > 0)
				if (fits(s, p, &point[--k], but))
					return true;
		}
	return false;
}

/* --- the verdict --- */

static void decide(struct sites_result *out, enum site_verdict verdict, enum sites_reason reason)
{
	out->verdict = verdict;
	out->reason = reason;
}

static void decide_on_one(struct sites_scratch *s, const struct sites_problem *p, struct sites_result *out,
	const struct sites_cover *c)
{
	const struct sites_vp *vp = NULL;

	if (c->pairs > 0) {
		out->blamed = (int32_t)p->seen[s->discs.v[sites_cover_blame(p, &s->discs, c)].id].vp;
		vp = &p->vps[out->blamed];
	}
	if (out->vps < p->options->vps_min)
		decide(out, SITES_UNKNOWN, c->pairs ? SITES_BECAUSE_PAIR : SITES_BECAUSE_FEW);
	else if (!c->outside || one_place_fits(s, p, vp))
		decide(out, SITES_UNICAST, c->pairs ? SITES_BECAUSE_BLAMED : SITES_BECAUSE_FITS);
	else
		decide(out, SITES_UNKNOWN, SITES_BECAUSE_NOWHERE);
	for (size_t i = 0; vp && i < s->discs.n; i++)
		if (sites_one_spot(vp_of(p, &s->discs.v[i]), vp))
			out->fate[s->discs.v[i].id] = SITES_BLAMED;
}

static int prepare(struct sites_work *w, const struct sites_problem *p, struct sites_result *out)
{
	struct sites_scratch *s = w->scratch ? w->scratch : calloc(1, sizeof *s);
	struct sites_result kept = *out;

	w->scratch = s;
	if (!s || start_stamps(s, p->n_vps) < 0)
		return ERR_NOMEM;
	if (p->n_seen > kept.cap_rows || !kept.fate) {
		size_t cap = kept.cap_rows;

		if (vec_reserve(&kept.site_of, &cap, p->n_seen + 1) < 0)
			return ERR_NOMEM;
		out->site_of = kept.site_of;
		if (vec_reserve(&kept.fate, &kept.cap_rows, p->n_seen + 1) < 0)
			return ERR_NOMEM;
	}
	*out = (struct sites_result){.verdict = SITES_UNKNOWN,
		.reason = SITES_BECAUSE_FEW,
		.sites = kept.sites,
		.cap_sites = kept.cap_sites,
		.site_of = kept.site_of,
		.fate = kept.fate,
		.cap_rows = kept.cap_rows,
		.exact = true,
		.pair = {SITES_NO, SITES_NO},
		.blamed = SITES_NO};
	if (vec_reserve(&s->outside, &s->cap_outside, discs_words(p->n_seen) + 1) < 0)
		return ERR_NOMEM;
	return vec_reserve(&s->meets, &s->cap_meets, discs_words(p->n_seen) + 1);
}

static void decide_all(struct sites_work *w, const struct sites_problem *p, struct sites_result *out,
	const struct sites_cover *c)
{
	if (c->pairs > 0) {
		out->gap_km = c->gap_km;
		for (int i = 0; i < 2; i++)
			out->pair[i] = (int32_t)w->scratch->discs.v[c->pair[i]].id;
	}
	if (sites_cover_two(c))
		decide(out, SITES_ANYCAST, SITES_BECAUSE_DISCS);
	else if (rules_disagree(w->scratch, p))
		decide(out, SITES_ANYCAST, SITES_BECAUSE_IDENTITIES);
	else if (c->pairs > 0 && proven_by_others(p, &w->scratch->discs, c))
		decide(out, SITES_ANYCAST, SITES_BECAUSE_VOUCHED);
	else
		decide_on_one(w->scratch, p, out, c);
}

int sites_collect(struct sites_work *w, const struct sites_problem *p, struct sites_result *out)
{
	return prepare(w, p, out) < 0 ? ERR_NOMEM : collect(w->scratch, p, out);
}

int sites_judge(struct sites_work *w, const struct sites_problem *p, struct sites_result *out, bool sorted)
{
	struct sites_scratch *s = w->scratch;
	struct sites_cover c;

	if ((sorted && discs_sort(&s->discs) < 0) || discs_finish(&s->discs) < 0 ||
		weigh_labels(s, p, out) < 0)
		return ERR_NOMEM;
	believe(w, p, out);
	c = sites_cover_of(w, p, &s->discs, sorted ? 0 : discs_first(&s->discs));
	/* Who is to blame, and which place fits all, is not to depend on the order of the rows. */
	if (!sorted && c.outside && !sites_cover_two(&c))
		return sites_collect(w, p, out) < 0 ? ERR_NOMEM : sites_judge(w, p, out, true);
	decide_all(w, p, out, &c);
	return 0;
}

int sites_detect(struct sites_work *w, const struct sites_problem *p, struct sites_result *out)
{
	return sites_collect(w, p, out) < 0 ? ERR_NOMEM : sites_judge(w, p, out, false);
}
