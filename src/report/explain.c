#include "report/explain.h"

#include <math.h>
#include <stdlib.h>

/* Of each kind: what is above its lines, and how many are shown at most under one heading. */
static const struct {
	const char *heading;
	uint32_t lines;
} kinds[] = {
	[SITES_NOTE_PAIR] = {"discs without a common point", 8},
	[SITES_NOTE_GROUP] = {"groups, by identity", 1000},
	[SITES_NOTE_CANDIDATE] =
		{"candidates: score = prior + nearness + fit to the times; share of the probability", 5},
	[SITES_NOTE_NOT_BELIEVED] = {"names that are not believed", 20},
	[SITES_NOTE_SPLIT] = {"identities in places that cannot be one", 20},
	[SITES_NOTE_SITE] = {"a site for", 1},
	[SITES_NOTE_SKIPPED] = {"times that need no site of their own", 3},
};

/* "vp012 (48.21,16.37) 4.512 ms, 451 km" */
static void say_row(const struct explain *e, int32_t row)
{
	const struct fuse *f = e->fuse;
	const struct sites_seen *s = &f->seen[row];
	const struct sites_vp *vp = &f->vps[s->vp];

	(void)fprintf(e->notes, "%s", gather_vp(f->g, s->vp));
	if (vp->placed)
		(void)fprintf(e->notes, " (%.2f,%.2f)", vp->lat, vp->lon);
	if (s->rtt_ms > 0)
		(void)fprintf(e->notes, " %.3f ms, %.0f km", s->rtt_ms,
			discs_radius_km(s->rtt_ms, vp->accuracy_km, f->options->km_per_ms));
}

static void say_label(const struct explain *e, int32_t label)
{
	const struct naming_group *g = &e->fuse->naming->groups[label];
	char key[NAMING_KEY_MAX];

	(void)fprintf(e->notes, "%s", naming_key(e->fuse->naming, g, key));
	if (g->id.city)
		(void)fprintf(e->notes, " (%s, %s by rule %s)", g->id.city, g->id.country, g->id.rule->id);
}

static void say_place(const struct explain *e, int32_t place)
{
	const struct place *p = &e->fuse->places->v[place];

	(void)fprintf(e->notes, "%s, %s", p->name, p->country);
}

static void say_what(const struct explain *e, const struct sites_note *n)
{
	if (n->label >= 0)
		say_label(e, n->label);
	if (n->label >= 0 && (n->place >= 0 || n->row >= 0))
		(void)fprintf(e->notes, "  ");
	if (n->place >= 0)
		say_place(e, n->place);
	if (n->place >= 0 && n->row >= 0)
		(void)fprintf(e->notes, "  ");
	if (n->row >= 0)
		say_row(e, n->row);
	if (n->other >= 0) {
		(void)fprintf(e->notes, " | ");
		say_row(e, n->other);
	}
}

static void say_numbers(const struct explain *e, const struct sites_note *n)
{
	if (n->kind == SITES_NOTE_PAIR)
		(void)fprintf(e->notes, ": %.0f km apart", n->km);
	else if (n->kind == SITES_NOTE_GROUP)
		(void)fprintf(e->notes, ": %u vantage point%s", n->count, n->count == 1 ? "" : "s");
	else if (n->kind == SITES_NOTE_CANDIDATE)
		(void)fprintf(e->notes, ": at %.0f km, %.2f = %.2f %+.2f %+.2f, %.3f", n->km, n->score,
			n->prior, n->near, n->fit, n->mass);
	else if (n->kind == SITES_NOTE_NOT_BELIEVED)
		(void)fprintf(e->notes, ": %.0f km out of reach", n->km);
	if (n->site >= 0)
		(void)fprintf(e->notes, "  [site %d]", n->site);
}

/* How many lines the heading before has beyond those that are shown. */
static void say_more(const struct explain *e)
{
	if (e->last >= 0 && e->lines > kinds[e->last].lines)
		(void)fprintf(e->notes, "  ... and %u more\n", e->lines - kinds[e->last].lines);
}

int explain_begin(struct explain *e)
{
	explain_free(e);
	e->last = -1;
	e->lines = 0;
	e->notes = open_memstream(&e->text, &e->size);
	return e->notes ? 0 : ERR_NOMEM;
}

void explain_note(void *arg, const struct sites_note *note)
{
	struct explain *e = arg;

	if (e->last != (int)note->kind) {
		say_more(e);
		e->lines = 0;
		e->last = (int)note->kind;
		(void)fprintf(e->notes, "\n%s\n", kinds[note->kind].heading);
	}
	if (++e->lines > kinds[note->kind].lines)
		return;
	(void)fprintf(e->notes, "  ");
	say_what(e, note);
	say_numbers(e, note);
	(void)fprintf(e->notes, "\n");
}

static void say_site(const struct explain *e, size_t i)
{
	const struct fuse *f = e->fuse;
	const struct fuse_site *s = &f->sites[i];
	const struct sites_site *found = i < f->found.n_sites ? &f->found.sites[i] : NULL;

	(void)fprintf(e->out, "  [site %zu] %s", found ? (size_t)found->number : i, s->key);
	if (!isnan(s->lat))
		(void)fprintf(e->out, "  %s%s%s %.2f,%.2f +-%.0f km, confidence %s", s->city,
			*s->country ? ", " : "", s->country, s->lat, s->lon, s->radius_km,
			s->confidence ? rules_confidence_name(s->confidence) : "none");
	(void)fprintf(e->out, "%s\n", found && found->flags & SITES_LIKELY ? "; " FUSE_LIKELY : "");
}

void explain_result(struct explain *e)
{
	const struct fuse *f = e->fuse;
	char addr[ADDR_TEXT_LEN];

	(void)fprintf(e->out, "%s%s%s: %s\n  %s\n", f->naming->info->service,
		*f->naming->info->service ? " " : "", addr_text(&f->target, addr),
		site_verdict_name(f->found.verdict), f->evidence);
	(void)fprintf(e->out,
		"  last mile %.1f ms; %s%u site%s proven, %u by discs alone; %u discs, %u vetoed\n",
		f->found.tau_ms, f->found.exact ? "" : "at least ", f->found.proven,
		f->found.proven == 1 ? "" : "s", f->found.by_discs, f->found.vps, f->found.vetoed);
	for (size_t i = 0; i < f->n_sites; i++)
		say_site(e, i);
	say_more(e);
	(void)fflush(e->notes);
	(void)fwrite(e->text, 1, e->size, e->out);
}

void explain_free(struct explain *e)
{
	if (e->notes)
		(void)fclose(e->notes);
	free(e->text);
	e->notes = NULL;
	e->text = NULL;
}
