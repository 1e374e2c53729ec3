#include "report/explain.h"

#include <math.h>

/* Of each kind: what is above its lines, and how many are shown at most. */
enum { LINES_MAX = 60 };
static const char *const headings[] = {
	[SITES_NOTE_PAIR] = "discs without a common point",
	[SITES_NOTE_GROUP] = "groups, by identity",
	[SITES_NOTE_CANDIDATE] =
		"candidates: score = prior + nearness + fit to the times; share of the probability",
	[SITES_NOTE_NOT_BELIEVED] = "names that are not believed",
	[SITES_NOTE_SPLIT] = "identities in places that cannot be one",
	[SITES_NOTE_SITE] = "sites",
	[SITES_NOTE_SKIPPED] = "times that need no site of their own",
};

/* "vp012 (48.21,16.37) 4.512 ms, 451 km" */
static void say_row(const struct explain *e, int32_t row)
{
	const struct fuse *f = e->fuse;
	const struct sites_seen *s = &f->seen[row];
	const struct sites_vp *vp = &f->vps[s->vp];

	(void)fprintf(e->out, "%s", gather_vp(f->g, s->vp));
	if (vp->placed)
		(void)fprintf(e->out, " (%.2f,%.2f)", vp->lat, vp->lon);
	if (s->rtt_ms > 0)
		(void)fprintf(e->out, " %.3f ms, %.0f km", s->rtt_ms,
			discs_radius_km(s->rtt_ms, vp->accuracy_km, f->options->km_per_ms));
}

static void say_label(const struct explain *e, int32_t label)
{
	const struct naming_group *g = &e->fuse->naming->groups[label];
	char key[NAMING_KEY_MAX];

	(void)fprintf(e->out, "%s", naming_key(e->fuse->naming, g, key));
	if (g->id.city)
		(void)fprintf(e->out, " (%s, %s by rule %s)", g->id.city, g->id.country, g->id.rule->id);
}

static void say_place(const struct explain *e, int32_t place)
{
	const struct place *p = &e->fuse->places->v[place];

	(void)fprintf(e->out, "%s, %s", p->name, p->country);
}

static void say_what(const struct explain *e, const struct sites_note *n)
{
	if (n->label >= 0) {
		say_label(e, n->label);
		(void)fprintf(e->out, "  ");
	}
	if (n->place >= 0) {
		say_place(e, n->place);
		(void)fprintf(e->out, "  ");
	}
	if (n->row >= 0)
		say_row(e, n->row);
	if (n->other >= 0) {
		(void)fprintf(e->out, " | ");
		say_row(e, n->other);
	}
}

static void say_numbers(const struct explain *e, const struct sites_note *n)
{
	if (n->kind == SITES_NOTE_PAIR)
		(void)fprintf(e->out, ": %.0f km apart", n->km);
	else if (n->kind == SITES_NOTE_GROUP)
		(void)fprintf(e->out, ": %u vantage point%s", n->count, n->count == 1 ? "" : "s");
	else if (n->kind == SITES_NOTE_CANDIDATE)
		(void)fprintf(e->out, ": at %.0f km, %.2f = %.2f %+.2f %+.2f, %.3f", n->km, n->score,
			n->prior, n->near, n->fit, n->mass);
	else if (n->kind == SITES_NOTE_NOT_BELIEVED)
		(void)fprintf(e->out, ": %.0f km out of reach", n->km);
	if (n->site >= 0)
		(void)fprintf(e->out, "  [site %d]", n->site);
}

void explain_note(void *arg, const struct sites_note *note)
{
	struct explain *e = arg;

	if (e->last != (int)note->kind)
		(void)fprintf(e->out, "\n%s\n", headings[note->kind]);
	e->lines = e->last == (int)note->kind ? e->lines + 1 : 1;
	e->last = (int)note->kind;
	if (e->lines == LINES_MAX + 1)
		(void)fprintf(e->out, "  ... and more\n");
	if (e->lines > LINES_MAX)
		return;
	(void)fprintf(e->out, "  ");
	say_what(e, note);
	say_numbers(e, note);
	(void)fprintf(e->out, "\n");
}

void explain_result(struct explain *e)
{
	const struct fuse *f = e->fuse;
	char addr[ADDR_TEXT_LEN];

	(void)fprintf(e->out, "\n%s%s%s: %s\n  %s\n", f->naming->info->service,
		*f->naming->info->service ? " " : "", addr_text(&f->target, addr),
		site_verdict_name(f->found.verdict), f->evidence);
	(void)fprintf(e->out,
		"  last mile %.1f ms; %s%u sites proven, %u by discs alone; %u discs, %u vetoed\n",
		f->found.tau_ms, f->found.exact ? "" : "at least ", f->found.proven, f->found.by_discs,
		f->found.vps, f->found.vetoed);
	for (const struct fuse_site *s = f->sites; s < f->sites + f->n_sites; s++) {
		(void)fprintf(e->out, "  [site %zu] %s", (size_t)(s - f->sites), s->key);
		if (!isnan(s->lat))
			(void)fprintf(e->out, "  %s%s%s %.2f,%.2f +-%.0f km, confidence %s", s->city,
				*s->country ? ", " : "", s->country, s->lat, s->lon, s->radius_km,
				s->confidence ? rules_confidence_name(s->confidence) : "none");
		(void)fprintf(e->out, "\n");
	}
}
