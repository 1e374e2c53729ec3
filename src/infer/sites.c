#include "infer/sites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "infer/quantile.h"
#include "infer/sites_scratch.h"
#include "infer/sweeps.h"

/* A path slower than light in fibre by more than this is plausible: a site this near needs no other one beside it. */
static const float plausible_part = 0.7F, plausible_km = 15;
/* A site may be elsewhere than where it is thought to be: nearer by so much of the distance that holds nine tenths of it. */
static const double doubt_part = 0.5;
/* A disc this small says itself where a site is. */
static const double telling_km = 1000;
static const double sure = 0.8, likely = 0.5;

static const struct sites_vp *vp_at(const struct sites_problem *p, const struct disc *d)
{
	return &p->vps[p->seen[d->id].vp];
}

/* --- the last mile --- */

/* Room for as many cells as there can be with this target's. */
static int make_cells(struct sites_scratch *s, const struct sites_problem *p)
{
	size_t most = 2 * (p->n_vps + p->n_seen);

	if (vec_reserve(&s->gaps, &s->cap_gaps, p->n_seen + 1) < 0 ||
		vec_reserve(&s->met, &s->cap_met, p->n_seen + 1) < 0 ||
		vec_reserve(&s->spots, &s->cap_spots, p->n_vps + 1) < 0)
		return ERR_NOMEM;
	if (s->cubes.n + p->n_seen > s->most_cubes) {
		codes_free(&s->cubes);
		s->n_spots = s->most_cubes = 0;
		if (vec_reserve(&s->cells, &s->cap_cells, most) < 0 || codes_init(&s->cubes, most) < 0)
			return ERR_NOMEM;
		memset(s->cells, 0, s->cap_cells * sizeof *s->cells);
		s->most_cubes = most;
	}
	for (; s->n_spots < p->n_vps; s->n_spots++)
		s->spots[s->n_spots] = (struct sites_spot){.cell_plus_1 = 0};
	return 0;
}

/* Vantage points in one cube of this size are together. */
static uint64_t cube_of(const struct geo_point *at)
{
	const double per = GEO_RADIUS_KM / SITES_SPOT_KM;
	uint64_t x = (uint64_t)((at->x + 1.01) * per), y = (uint64_t)((at->y + 1.01) * per),
		 z = (uint64_t)((at->z + 1.01) * per);

	return x << 20 | y << 10 | z;
}

static uint32_t cell_of(struct sites_scratch *s, uint32_t vp, const struct geo_point *at)
{
	struct sites_spot *spot = &s->spots[vp];

	/* The very same place. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (!spot->cell_plus_1 || memcmp(&spot->at, at, sizeof *at) != 0)
		*spot = (struct sites_spot){*at, codes_of(&s->cubes, cube_of(at)) + 1};
	return spot->cell_plus_1 - 1;
}

/* Of discs by row: those of one vantage point after the other lie side by side in memory.
 *
 * Of places where several are together, how much longer the second shortest time is than the shortest: half of them are below
 * the median. What the best have themselves goes on top. */
static int last_mile(struct sites_scratch *s, const struct sites_problem *p, double *tau_ms)
{
	const double own_ms = 1, by_gap = 2, most_ms = 10, unknown_ms = 1, step = 0.05;
	size_t n_met = 0, n = 0;
	double gap;

	if (make_cells(s, p) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->discs.n; i++) {
		const struct disc *d = &s->discs.v[i];
		const struct sites_seen *row = &p->seen[d->id];
		float t = (float)row->rtt_ms;
		uint32_t cell = cell_of(s, row->vp, &d->at);
		struct sites_cell *c = &s->cells[cell];

		if (c->call != s->call) {
			*c = (struct sites_cell){s->call, t, INFINITY};
			s->met[n_met++] = cell;
		} else if (t < c->least) {
			c->next = c->least;
			c->least = t;
		} else if (t < c->next) {
			c->next = t;
		}
	}
	for (size_t i = 0; i < n_met; i++) {
		const struct sites_cell *c = &s->cells[s->met[i]];

		if (isfinite(c->next))
			s->gaps[n++] = (double)(c->next - c->least);
	}
	gap = n ? quantile_median(s->gaps, n) : unknown_ms;
	*tau_ms = fmin(most_ms, own_ms + by_gap * gap);
	/* In steps, so that what was found for one target serves others. */
	*tau_ms = exp(round(log(*tau_ms) / step) * step);
	return 0;
}

/* --- sites --- */

struct run {
	struct sites_work *w;
	struct sites_scratch *s;
	const struct sites_problem *p;
	struct sites_result *out;
	uint64_t others;
};

static int add_site(
	const struct run *r, const struct sites_site *site, const struct geo_point *at, double radius_km)
{
	if (vec_reserve(&r->out->sites, &r->out->cap_sites, r->out->n_sites + 1) < 0 ||
		vec_reserve(&r->s->at, &r->s->cap_at, r->out->n_sites + 1) < 0 ||
		vec_reserve(&r->s->doubt, &r->s->cap_doubt, r->out->n_sites + 1) < 0)
		return ERR_NOMEM;
	r->s->at[r->out->n_sites] = *at;
	r->s->doubt[r->out->n_sites] = (float)(doubt_part * radius_km / GEO_RADIUS_KM);
	r->out->sites[r->out->n_sites] = *site;
	r->out->sites[r->out->n_sites].number = (uint32_t)r->out->n_sites;
	r->out->n_sites++;
	return 0;
}

static void serve(const struct run *r, uint32_t row, size_t site)
{
	r->out->site_of[row] = (int32_t)site;
	r->out->fate[row] = SITES_SERVED;
}

static enum rules_confidence class_of(double mass)
{
	return mass >= sure ? RULES_HIGH : mass >= likely ? RULES_MEDIUM : RULES_LOW;
}

static int by_share(const void *a, const void *b)
{
	const struct sites_candidate *x = a, *y = b;
	float p = x->score + x->share, q = y->score + y->share;

	return p < q ? 1 : p > q ? -1 : 0;
}

static void tell_candidates(const struct run *r, uint32_t row)
{
	const struct sites_placer *placer = &r->s->placer;
	struct sites_note note = sites_note_of(SITES_NOTE_CANDIDATE);
	double all = 0;

	if (!r->w->explain)
		return;
	qsort(placer->v, placer->n, sizeof *placer->v, by_share);
	for (size_t i = 0; i < placer->n; i++)
		all += exp((double)(placer->v[i].score - placer->v[0].score + placer->v[i].share));
	note.row = (int32_t)row;
	note.site = (int32_t)r->out->n_sites;
	for (size_t i = 0; i < placer->n; i++) {
		const struct sites_candidate *c = &placer->v[i];
		const struct sites_town *t = &r->p->world->v[c->town];
		struct geo_point at = {(double)t->x, (double)t->y, (double)t->z};

		note.place = (int32_t)t->place;
		note.km = geo_arc_km(&r->p->vps[r->p->seen[row].vp].at, &at);
		note.score = (double)c->score;
		note.prior = (double)c->prior;
		note.near = (double)c->near;
		note.fit = (double)c->fit;
		note.mass = exp((double)(c->score - placer->v[0].score + c->share)) / all;
		sites_tell(r->w, &note);
	}
}

/* The site that the answer says; below the threshold it stays without a place. */
static struct sites_site site_of_answer(const struct run *r, const struct sites_answer *a, int32_t label)
{
	struct sites_site site = {.label = label,
		.place = SITES_NO,
		.lat = (double)NAN,
		.lon = (double)NAN,
		.radius_km = (double)NAN,
		.method = label == SITES_NO ? METHOD_LATENCY : METHOD_IDENTITY,
		.mass = a->mass,
		.nearest = SITES_NO};
	const struct sites_options *o = r->p->options;

	if (!a->found)
		site.flags = SITES_NO_PLACE;
	else if (a->mass < (label == SITES_NO ? o->place_latency : o->place_label))
		site.flags = SITES_UNSURE;
	if (site.flags)
		return site;
	site.place = (int32_t)r->p->world->v[a->best.town].place;
	site.lat = (double)r->p->world->book->v[site.place].lat;
	site.lon = (double)r->p->world->book->v[site.place].lon;
	site.radius_km = a->radius_km;
	site.confidence = class_of(a->mass);
	if (label != SITES_NO)
		site.method = METHOD_BOTH;
	return site;
}

static struct sites_witness witness_of(const struct run *r, const struct disc *d)
{
	const struct sites_seen *row = &r->p->seen[d->id];

	return (struct sites_witness){d->id, row->vp, {row->rtt_ms, r->p->vps[row->vp].accuracy_km}, *d};
}

/* The town for those sorted discs: the first of them say when they are together, and where it should be. */
static int place(const struct run *r, const struct disc *d, size_t n, struct sites_answer *out)
{
	struct sites_witness witness[SITES_WITNESSES];
	struct sites_question q = {.world = r->p->world,
		.others = r->others,
		.tau_ms = r->out->tau_ms,
		.witness = witness,
		.bounds = d + 1,
		.n_bounds = n - 1 < SITES_BOUNDS ? n - 1 : SITES_BOUNDS,
		.taken = r->s->taken,
		.n_taken = r->s->n_taken,
		.fresh = r->w->explain != NULL};

	for (size_t i = 0; i < n && q.n_witnesses < SITES_WITNESSES; i++) {
		bool apart = true;

		for (size_t k = 0; k < q.n_witnesses && apart; k++)
			apart = geo_arc_km(&witness[k].disc.at, &d[i].at) >= SITES_SPOT_KM;
		if (apart)
			witness[q.n_witnesses++] = witness_of(r, &d[i]);
	}
	return sites_place(&r->s->placer, &q, out);
}

static int add_placed(const struct run *r, const struct disc *d, size_t n, int32_t label, unsigned flags)
{
	struct sites_answer a;
	struct sites_site site;

	if (place(r, d, n, &a) < 0)
		return ERR_NOMEM;
	tell_candidates(r, d->id);
	site = site_of_answer(r, &a, label);
	site.flags |= flags;
	return add_site(r, &site, a.found ? &a.at : &d->at, a.found ? fmin(a.radius_km, d->km) : d->km);
}

/* --- sites by latency --- */

static int make_plausible(const struct run *r)
{
	struct sites_scratch *s = r->s;
	const struct discs_columns *c = &s->discs.columns;

	if (vec_reserve(&s->plausible, &s->cap_plausible, discs_words(s->discs.n) * DISCS_WORD) < 0)
		return ERR_NOMEM;
	c->sweeps->chords(c, plausible_part, plausible_km / (float)GEO_RADIUS_KM, s->discs.n, s->plausible);
	return 0;
}

static void tell_settled(const struct run *r, size_t position, size_t site)
{
	const struct disc *d = &r->s->discs.v[position];
	struct sites_note note = sites_note_of(SITES_NOTE_SKIPPED);

	if (!r->w->explain)
		return;
	note.row = (int32_t)d->id;
	note.site = (int32_t)site;
	note.km = geo_arc_km(&d->at, &r->s->at[site]);
	sites_tell(r->w, &note);
}

/* Who may well answer from the site needs none other: so that discs without a common point do not share it. */
static int settle(const struct run *r, size_t site)
{
	struct sites_scratch *s = r->s;
	const struct discs_columns *c = &s->discs.columns;
	const struct sweeps_site at = {
		(float)s->at[site].x, (float)s->at[site].y, (float)s->at[site].z, s->doubt[site]};
	const size_t n = s->discs.n, words = discs_words(n);

	if (vec_reserve(&s->held, &s->cap_held, (site + 1) * words) < 0)
		return ERR_NOMEM;
	for (size_t word = 0; word < words; word++) {
		const struct sweeps_reach reach = c->sweeps->reached(c, s->plausible, &at, n, word);
		uint64_t now = reach.answered & discs_all(n, word) & ~s->done[word];

		s->held[site * words + word] = reach.held & discs_all(n, word);
		s->done[word] |= now;
		for (; r->w->explain && now; now &= now - 1)
			tell_settled(r, word * DISCS_WORD + (size_t)__builtin_ctzll(now), site);
	}
	return 0;
}

/* A site for a disc that none of the others explains. */
static int add_for(const struct run *r, const struct disc *d, int32_t label, unsigned flags)
{
	struct sites_note note = sites_note_of(SITES_NOTE_SITE);

	if (add_placed(r, d, 1, label, flags) < 0)
		return ERR_NOMEM;
	note.row = (int32_t)d->id;
	note.site = (int32_t)r->out->n_sites - 1;
	sites_tell(r->w, &note);
	serve(r, d->id, r->out->n_sites - 1);
	return settle(r, r->out->n_sites - 1);
}

/* Each disc that none of the chosen sites explains has a site of its own, the smallest first. */
static int scan(const struct run *r, int32_t label, unsigned flags)
{
	struct sites_scratch *s = r->s;

	for (size_t word = 0; word < discs_words(s->discs.n); word++)
		while (~s->done[word]) {
			size_t bit = (size_t)__builtin_ctzll(~s->done[word]);

			s->done[word] |= (uint64_t)1 << bit;
			if (add_for(r, &s->discs.v[word * DISCS_WORD + bit], label, flags) < 0)
				return ERR_NOMEM;
		}
	return 0;
}

/* --- sites by identity --- */

static void set_done(uint64_t *done, size_t i, bool is)
{
	uint64_t bit = (uint64_t)1 << i % DISCS_WORD;

	done[i / DISCS_WORD] = is ? done[i / DISCS_WORD] | bit : done[i / DISCS_WORD] & ~bit;
}

/* Chains the sorted discs of each label, the smallest first; the others, but for those that were left out, look for a site. */
static int chain(const struct run *r)
{
	struct sites_scratch *s = r->s;
	const size_t n = s->discs.n, words = discs_words(n);

	if (vec_reserve(&s->next, &s->cap_next, n + 1) < 0 ||
		vec_reserve(&s->done, &s->cap_done, words + 1) < 0)
		return ERR_NOMEM;
	for (size_t word = 0; word < words; word++)
		s->done[word] = ~discs_all(n, word);
	if (r->p->n_labels == 0 && r->out->blamed < 0)
		return 0;
	for (size_t i = n; i-- > 0;) {
		uint32_t row = s->discs.v[i].id;
		int32_t label = r->p->seen[row].label;

		if (label < 0 && r->out->fate[row] == SITES_UNPLACED)
			continue;
		set_done(s->done, i, true);
		if (r->out->fate[row] != SITES_UNPLACED)
			continue;
		s->next[i] = s->groups[label].first;
		s->groups[label].first = (int32_t)i;
	}
	return 0;
}

/* A label that a rule places. */
static int add_named(const struct run *r, int32_t label)
{
	const struct sites_label *l = &r->p->labels[label];
	const struct sites_group *g = &r->s->groups[label];
	bool near = g->first >= 0 && r->s->discs.v[g->first].km < telling_km;
	struct geo_point at = geo_point_of(l->lat, l->lon);
	struct sites_site site = {.label = label,
		.place = SITES_NO,
		.lat = l->lat,
		.lon = l->lon,
		.radius_km = l->radius_km,
		.method = near ? METHOD_BOTH : METHOD_IDENTITY,
		.confidence = l->confidence,
		.mass = 1,
		.nearest = SITES_NO};

	if (!g->believed) {
		site.lat = site.lon = site.radius_km = (double)NAN;
		site.flags = SITES_NOT_BELIEVED;
		site.confidence = 0;
		site.method = METHOD_IDENTITY;
		site.mass = 0;
		at = (struct geo_point){0, 0, 0};
	}
	return add_site(r, &site, &at, site.radius_km >= 0 ? site.radius_km : 0);
}

/* The discs of a label, into s->some. */
static int gather(const struct run *r, int32_t label)
{
	struct sites_scratch *s = r->s;

	discs_clear(&s->some);
	if (discs_reserve(&s->some, s->discs.n) < 0)
		return ERR_NOMEM;
	for (int32_t i = s->groups[label].first; i >= 0; i = s->next[i])
		discs_add(&s->some, &s->discs.v[i]);
	return discs_finish(&s->some);
}

/* The discs that count. */
static int gather_all(const struct run *r)
{
	struct sites_scratch *s = r->s;

	discs_clear(&s->some);
	if (discs_reserve(&s->some, s->discs.n) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->discs.n; i++) {
		const struct disc *d = &s->discs.v[i];

		if (r->out->fate[d->id] != SITES_VETOED && r->out->fate[d->id] != SITES_BLAMED)
			discs_add(&s->some, d);
	}
	return discs_finish(&s->some);
}

/* A label whose discs cannot be of one place, by more than one vantage point, is of several: each disc looks for itself. */
static int split(const struct run *r, int32_t label)
{
	struct sites_scratch *s = r->s;
	struct sites_note note = sites_note_of(SITES_NOTE_SPLIT);

	note.label = label;
	sites_tell(r->w, &note);
	r->out->split++;
	for (size_t i = 0; i < s->discs.n; i++)
		if (r->p->seen[s->discs.v[i].id].label == label)
			set_done(s->done, i, false);
	return scan(r, label, SITES_SPLIT);
}

/* Leaves a vantage point out that contradicts the label's others. */
static void leave_out(const struct run *r, const struct sites_cover *c)
{
	struct discs *d = &r->s->some;
	const struct sites_vp *vp = vp_at(r->p, &d->v[sites_cover_blame(r->p, d, c)]);
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (sites_one_spot(vp_at(r->p, &d->v[i]), vp)) {
			r->out->fate[d->v[i].id] = SITES_VETOED;
			r->out->vetoed++;
		} else {
			d->v[n++] = d->v[i];
		}
	}
	d->n = n;
}

/* A label without a rule's place. */
static int add_opaque(const struct run *r, int32_t label)
{
	struct sites_scratch *s = r->s;
	struct sites_cover c;

	if (gather(r, label) < 0)
		return ERR_NOMEM;
	c = sites_cover_of(r->w, r->p, &s->some, 0);
	if (sites_cover_two(&c))
		return split(r, label);
	if (c.pairs > 0)
		leave_out(r, &c);
	if (s->some.n == 0) {
		struct sites_answer none = {.found = false};
		struct sites_site site = site_of_answer(r, &none, label);

		return add_site(r, &site, &(struct geo_point){0, 0, 0}, 0);
	}
	if (vec_reserve(&s->taken, &s->cap_taken, s->n_taken + 1) < 0 ||
		add_placed(r, s->some.v, s->some.n, label, 0) < 0)
		return ERR_NOMEM;
	if (r->out->sites[r->out->n_sites - 1].place >= 0)
		s->taken[s->n_taken++] = s->at[r->out->n_sites - 1];
	return 0;
}

static void tell_group(const struct run *r, int32_t label)
{
	struct sites_note note = sites_note_of(SITES_NOTE_GROUP);
	int32_t first = r->s->groups[label].first;

	note.label = label;
	note.site = (int32_t)r->out->n_sites;
	if (first >= 0) {
		note.row = (int32_t)r->s->discs.v[first].id;
		note.km = r->s->discs.v[first].km;
	}
	for (int32_t i = first; i >= 0; i = r->s->next[i])
		note.count++;
	sites_tell(r->w, &note);
}

static int add_label(const struct run *r, int32_t label)
{
	struct sites_group *g = &r->s->groups[label];

	g->site = (int32_t)r->out->n_sites;
	tell_group(r, label);
	return r->p->labels[label].placed ? add_named(r, label) : add_opaque(r, label);
}

/* Every label that was met, by its smallest disc; those without a disc last. */
static int add_labels(const struct run *r)
{
	struct sites_scratch *s = r->s;

	if (r->p->n_labels == 0)
		return 0;
	for (size_t i = 0; i < s->discs.n; i++) {
		int32_t label = r->p->seen[s->discs.v[i].id].label;

		if (label >= 0 && s->groups[label].site == SITES_NO && add_label(r, label) < 0)
			return ERR_NOMEM;
	}
	for (size_t i = 0; i < r->p->n_seen; i++) {
		int32_t label = r->p->seen[i].label;

		if (label >= 0 && s->groups[label].site == SITES_NO && add_label(r, label) < 0)
			return ERR_NOMEM;
	}
	return 0;
}

/* --- who is served by what --- */

static void serve_of(const struct run *r, size_t word, uint64_t discs, size_t site, int32_t label)
{
	for (; discs; discs &= discs - 1) {
		uint32_t row = r->s->discs.v[word * DISCS_WORD + (size_t)__builtin_ctzll(discs)].id;

		if (r->out->fate[row] == SITES_UNPLACED && r->p->seen[row].label == label)
			serve(r, row, site);
	}
}

/* The discs that hold one site and no other go to that one: of those without a name, or with one that is of several sites.
 * `label`: of the sites with it only. */
static void serve_by_reach(const struct run *r, int32_t label)
{
	const size_t words = discs_words(r->s->discs.n);

	for (size_t word = 0; word < words; word++) {
		const uint64_t *held = r->s->held + word;
		uint64_t once = 0, again = 0;

		for (size_t k = 0; k < r->out->n_sites; k++) {
			if (label >= 0 && r->out->sites[k].label != label)
				continue;
			again |= once & held[k * words];
			once |= held[k * words];
		}
		for (size_t k = 0; k < r->out->n_sites; k++)
			if (label < 0 || r->out->sites[k].label == label)
				serve_of(r, word, held[k * words] & once & ~again, k, label);
	}
}

static void serve_rows(const struct run *r)
{
	for (size_t i = 0; r->p->n_labels > 0 && i < r->p->n_seen; i++) {
		int32_t label = r->p->seen[i].label;

		if (label >= 0 && r->out->fate[i] == SITES_UNPLACED &&
			!(r->out->sites[r->s->groups[label].site].flags & SITES_SPLIT))
			serve(r, (uint32_t)i, (size_t)r->s->groups[label].site);
	}
	serve_by_reach(r, SITES_NO);
	for (size_t i = 0; r->out->split > 0 && i < r->p->n_labels; i++)
		if (r->s->groups[i].met)
			serve_by_reach(r, (int32_t)i);
}

/* Which of the sites serves a row is as good as random: no branch on it. */
static int count_served(const struct run *r)
{
	struct sites_tally *tally;

	if (vec_reserve(&r->s->tally, &r->s->cap_tally, r->out->n_sites + 1) < 0)
		return ERR_NOMEM;
	tally = r->s->tally + 1; /* before it: of rows that none serves */
	for (size_t i = 0; i < r->out->n_sites + 1; i++)
		r->s->tally[i] = (struct sites_tally){.nearest = SITES_NO, .rtt_ms = (double)INFINITY};
	for (size_t i = 0; i < r->p->n_seen; i++) {
		struct sites_tally *t = &tally[r->out->site_of[i]];
		double rtt_ms = r->p->seen[i].rtt_ms;

		t->vps++;
		if (rtt_ms >= 0 && rtt_ms < t->rtt_ms) {
			t->rtt_ms = rtt_ms;
			t->nearest = (int32_t)i;
		}
	}
	for (size_t i = 0; i < r->out->n_sites; i++) {
		r->out->sites[i].vps = tally[i].vps;
		r->out->sites[i].nearest = tally[i].nearest;
	}
	return 0;
}

/* --- what is proven --- */

static int count_independent(const struct run *r, const struct discs *d, uint32_t *n)
{
	if (discs_independent(&r->s->set, d, r->p->options->budget) < 0)
		return ERR_NOMEM;
	r->out->exact = r->out->exact && r->s->set.exact;
	*n = (uint32_t)r->s->set.n;
	return 0;
}

/* Each disc of the set has a site to itself: of those by latency, the first within. */
static void mark_proven(const struct run *r, const struct discs *d)
{
	for (size_t i = 0; i < r->out->n_sites; i++)
		if (r->out->sites[i].label < 0)
			r->out->sites[i].flags |= SITES_LIKELY;
	for (size_t k = 0; k < r->s->set.n; k++) {
		uint32_t at = r->s->set.v[k];

		for (size_t i = 0; i < r->out->n_sites; i++) {
			struct sites_site *site = &r->out->sites[i];

			if (!(site->flags & SITES_LIKELY) || !discs_holds(d, at, &r->s->at[i]))
				continue;
			site->flags &= ~(unsigned)SITES_LIKELY;
			break;
		}
	}
}

/* Adds the places that rules name to s->some; whether there are any. ERR_NOMEM. */
static int add_named_discs(const struct run *r)
{
	int named = 0;

	if (discs_reserve(&r->s->some, r->s->some.n + r->p->n_labels) < 0)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->p->n_labels; i++) {
		const struct sites_label *l = &r->p->labels[i];
		struct geo_point at = geo_point_of(l->lat, l->lon);

		if (!r->s->groups[i].believed || l->confidence < RULES_MEDIUM)
			continue;
		named = 1;
		discs_add(&r->s->some,
			&(struct disc){
				.at = at, .km = l->radius_km + SITES_LABELS_APART_KM / 2, .id = UINT32_MAX});
	}
	return named;
}

static int prove(const struct run *r)
{
	struct discs *some = &r->s->some;
	const struct discs *d = r->out->vetoed > 0 ? some : &r->s->discs;
	int named;

	if ((r->out->vetoed > 0 || r->p->n_labels > 0) && gather_all(r) < 0)
		return ERR_NOMEM;
	if (count_independent(r, d, &r->out->by_discs) < 0)
		return ERR_NOMEM;
	mark_proven(r, d);
	r->out->proven = r->out->by_discs;
	named = r->p->n_labels > 0 ? add_named_discs(r) : 0;
	if (named <= 0)
		return named;
	if (discs_sort(some) < 0 || discs_finish(some) < 0)
		return ERR_NOMEM;
	return count_independent(r, some, &r->out->proven);
}

/* Proven ones first, else in the order in which they were found. */
static int sort_sites(const struct run *r)
{
	struct sites_result *out = r->out;
	size_t n = out->n_sites, proven = 0;
	struct sites_site *moved;
	int32_t *to;

	if (vec_reserve(&out->sites, &out->cap_sites, 2 * n + 1) < 0 ||
		vec_reserve(&r->s->moved, &r->s->cap_moved, n + 1) < 0)
		return ERR_NOMEM;
	to = r->s->moved + 1;
	to[SITES_NO] = SITES_NO;
	moved = out->sites + n;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++)
			if (!(out->sites[i].flags & SITES_LIKELY) == !pass) {
				to[i] = (int32_t)proven;
				moved[proven++] = out->sites[i];
			}
	memcpy(out->sites, moved, n * sizeof *moved);
	for (size_t i = 0; i < r->p->n_seen; i++)
		out->site_of[i] = to[out->site_of[i]];
	return 0;
}

/* --- all of it --- */

static int infer_many(const struct run *r)
{
	int rc = add_labels(r);

	r->s->n_taken = 0;
	for (size_t i = 0; rc == 0 && i < r->out->n_sites; i++)
		rc = settle(r, i);
	/* What is only likely waits for the proof that there is more than one site. */
	if (rc == 0 && r->out->verdict == SITES_ANYCAST)
		rc = scan(r, SITES_NO, 0);
	if (rc < 0)
		return rc;
	serve_rows(r);
	if (count_served(r) < 0)
		return ERR_NOMEM;
	if (r->out->verdict != SITES_ANYCAST) {
		r->out->by_discs = r->out->proven = r->p->n_seen > 0;
		return 0;
	}
	rc = prove(r);
	return rc < 0 ? rc : sort_sites(r);
}

/* The label of a site that answers all: one that a rule places, else the only one that was met. */
static int32_t label_of_all(const struct run *r)
{
	int32_t label = SITES_NO;
	bool several = false;

	for (size_t i = 0; i < r->p->n_seen; i++) {
		int32_t l = r->p->seen[i].label;

		if (l < 0 || r->out->fate[i] != SITES_UNPLACED)
			continue;
		if (r->s->groups[l].believed)
			return l;
		several = several || (label >= 0 && l != label);
		label = l;
	}
	return several ? SITES_NO : label;
}

static int infer_one(const struct run *r)
{
	int32_t label = label_of_all(r);
	int rc;

	r->out->by_discs = r->out->proven = 1;
	if (label >= 0 && r->s->groups[label].believed)
		rc = add_named(r, label);
	else if ((rc = gather_all(r)) == 0 && r->s->some.n > 0)
		rc = add_placed(r, r->s->some.v, r->s->some.n, label, 0);
	for (size_t i = 0; rc == 0 && r->out->n_sites > 0 && i < r->p->n_seen; i++)
		if (r->out->fate[i] == SITES_UNPLACED)
			serve(r, (uint32_t)i, 0);
	return rc < 0 ? rc : count_served(r);
}

int sites_infer(struct sites_work *w, const struct sites_problem *p, struct sites_result *out)
{
	struct run r = {.w = w, .p = p, .out = out};

	if (sites_collect(w, p, out) < 0)
		return ERR_NOMEM;
	r.s = w->scratch;
	r.others = sites_world_others(p->world, p->operators ? p->operators : "");
	r.s->n_taken = 0;
	if (last_mile(r.s, p, &out->tau_ms) < 0 || sites_judge(w, p, out, true) < 0 || chain(&r) < 0 ||
		make_plausible(&r) < 0)
		return ERR_NOMEM;
	return out->verdict == SITES_UNICAST ? infer_one(&r) : infer_many(&r);
}

void sites_work_free(struct sites_work *w)
{
	struct sites_scratch *s = w->scratch;

	w->scratch = NULL;
	if (!s)
		return;
	discs_free(&s->discs);
	discs_free(&s->some);
	discs_independent_free(&s->set);
	sites_placer_free(&s->placer);
	free(s->outside);
	free(s->meets);
	free(s->moved);
	free(s->tally);
	free(s->groups);
	free(s->next);
	free(s->done);
	codes_free(&s->cubes);
	free(s->cells);
	free(s->spots);
	free(s->met);
	free(s->gaps);
	free(s->stamp);
	free(s->at);
	free(s->doubt);
	free(s->taken);
	free(s->plausible);
	free(s->held);
	free(s);
}

void sites_result_free(struct sites_result *r)
{
	free(r->sites);
	free(r->site_of);
	free(r->fate);
	*r = (struct sites_result){.n_sites = 0};
}
