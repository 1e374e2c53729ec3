#include "infer/fuse.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static const double none = (double)NAN;

/* Of replies: what makes an interception sure. */
static const double most = 0.8, nearly_all = 0.95;
static const int64_t agree_ns = 5 * NS_PER_MS;

void fuse_free(struct fuse *f)
{
	sites_result_free(&f->found);
	sites_work_free(&f->work);
	free(f->seen);
	free(f->seen_of);
	free(f->intercepted);
	free(f->labels);
	free(f->sites);
}

/* --- who is left out --- */

/* DNS much faster than ICMP and TCP, which agree: it does not come from as far as they do. */
static bool answers_from_nearer(const struct tally *t)
{
	int64_t dns = t->min_ns[PROBE_DNS], icmp = t->min_ns[PROBE_ICMP], tcp = t->min_ns[PROBE_TCP];

	return dns >= 0 && icmp >= 0 && tcp >= 0 && dns < icmp - agree_ns && dns < icmp / 2 &&
	       dns < tcp - agree_ns && dns < tcp / 2 && llabs(icmp - tcp) <= agree_ns;
}

static bool is_intercepted(const struct tally *t, double others_named)
{
	uint32_t replies = t->named + t->foreign + t->unknown + t->nameless;

	if (replies == 0)
		return false;
	if (t->foreign >= most * replies)
		return true;
	return others_named >= nearly_all && t->unknown + t->nameless >= most * replies &&
	       answers_from_nearer(t);
}

static void find_intercepted(struct fuse *f)
{
	double named = 0, all = 0;

	for (const struct tally *t = f->tallies->v; t < f->tallies->v + f->tallies->n; t++) {
		named += t->named;
		all += t->named + t->unknown + t->nameless;
	}
	for (size_t i = 0; i < f->tallies->n; i++) {
		const struct tally *t = &f->tallies->v[i];
		double others = all - t->named - t->unknown - t->nameless;

		f->intercepted[i] = is_intercepted(t, others > 0 ? (named - t->named) / others : 0);
	}
}

static bool is_excluded(const struct fuse *f, size_t tally)
{
	return f->intercepted[tally] || f->vps[f->tallies->v[tally].vp].distrusted;
}

/* --- the problem --- */

static int by_vp(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return (x->vp > y->vp) - (x->vp < y->vp);
}

static int reserve(struct fuse *f)
{
	size_t n = f->tallies->n + 1;

	if (vec_reserve(&f->seen, &f->cap_seen, f->tallies->n_reach + 1) < 0 ||
		vec_reserve(&f->seen_of, &f->cap_seen_of, f->tallies->n_reach + 1) < 0 ||
		vec_reserve(&f->intercepted, &f->cap_intercepted, n) < 0 ||
		vec_reserve(&f->labels, &f->cap_labels, f->naming->n_groups + 1) < 0)
		return ERR_NOMEM;
	return 0;
}

static void put_labels(struct fuse *f)
{
	for (size_t i = 0; i < f->naming->n_groups; i++) {
		const struct naming_group *g = &f->naming->groups[i];
		bool placed = g->proven && g->id.status == IDENT_SITE;

		f->labels[i] = (struct sites_label){.placed = placed,
			.lat = placed ? g->id.lat : none,
			.lon = placed ? g->id.lon : none,
			.radius_km = placed ? g->id.radius_km : 0,
			.confidence = g->id.confidence};
	}
}

int fuse_problem(struct fuse *f, uint32_t target)
{
	size_t n = 0;

	if (reserve(f) < 0)
		return ERR_NOMEM;
	if (f->tallies->n > 0)
		qsort(f->tallies->v, f->tallies->n, sizeof(*f->tallies->v), by_vp);
	f->target = gather_target(f->g, target);
	find_intercepted(f);
	put_labels(f);
	for (size_t i = 0; i < f->tallies->n; i++) {
		const struct tally *t = &f->tallies->v[i];

		for (size_t k = t->first_reach; k < t->first_reach + t->n_reach; k++) {
			const struct tally_reach *r = &f->tallies->reach[k];

			f->seen_of[k] = f->intercepted[i] ? SITES_NO : (int32_t)n;
			if (!f->intercepted[i])
				f->seen[n++] = (struct sites_seen){
					r->vp, r->group, r->min_ns < 0 ? -1 : (double)r->min_ns / 1e6};
		}
	}
	f->problem = (struct sites_problem){.world = f->world,
		.options = f->options,
		.vps = f->vps,
		.n_vps = gather_vps(f->g),
		.seen = f->seen,
		.n_seen = n,
		.labels = f->labels,
		.n_labels = f->naming->n_groups,
		.operators = f->naming->info->operators};
	return 0;
}

/* --- evidence --- */

/* A text that grows at its end and stops where it is full. */
struct text {
	char *p;
	size_t n, cap;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->cap - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n = t->n + (size_t)n < t->cap ? t->n + (size_t)n : t->cap - 1;
}

static const char *vp_of_row(const struct fuse *f, int32_t row)
{
	return row >= 0 ? gather_vp(f->g, f->seen[row].vp) : "?";
}

static void say_pair(const struct fuse *f, struct text *t)
{
	if (f->found.pair[0] >= 0)
		say(t, "%s and %s exclude each other by %.0f km", vp_of_row(f, f->found.pair[0]),
			vp_of_row(f, f->found.pair[1]), f->found.gap_km);
}

static void because_discs(const struct fuse *f, struct text *t)
{
	/* Discs whose names contradict them are not counted. */
	if (f->found.by_discs < 2) {
		say_pair(f, t);
		return;
	}
	say(t, "%s%u discs without a common point (", f->found.exact ? "" : "at least ", f->found.by_discs);
	say_pair(f, t);
	say(t, ")");
}

static void because_vouched(const struct fuse *f, struct text *t)
{
	say_pair(f, t);
	say(t, "; other targets vouch for their places");
}

static void because_identities(const struct fuse *f, struct text *t)
{
	(void)f;
	say(t, "identities that no one place can hold");
}

static void because_fits(const struct fuse *f, struct text *t)
{
	say(t, "one place fits the times of all %u vantage points", f->found.vps);
}

static void because_blamed(const struct fuse *f, struct text *t)
{
	say(t, "one place fits all %u vantage points but %s, which alone excludes others", f->found.vps,
		f->found.blamed >= 0 ? gather_vp(f->g, (uint32_t)f->found.blamed) : "one");
}

static void because_few(const struct fuse *f, struct text *t)
{
	if (f->found.vps == 0)
		say(t, "no vantage point with a place and a time");
	else
		say(t, "only %u vantage point%s with a place and a time", f->found.vps,
			f->found.vps == 1 ? "" : "s");
}

static void because_pair(const struct fuse *f, struct text *t)
{
	say_pair(f, t);
	say(t, ": one of the two may be misplaced");
}

static void because_nowhere(const struct fuse *f, struct text *t)
{
	(void)f;
	say(t, "no two vantage points exclude each other, yet no place fits all");
}

static void (*const because[SITES_REASONS])(const struct fuse *f, struct text *t) = {
	[SITES_BECAUSE_DISCS] = because_discs,
	[SITES_BECAUSE_VOUCHED] = because_vouched,
	[SITES_BECAUSE_IDENTITIES] = because_identities,
	[SITES_BECAUSE_FITS] = because_fits,
	[SITES_BECAUSE_BLAMED] = because_blamed,
	[SITES_BECAUSE_FEW] = because_few,
	[SITES_BECAUSE_PAIR] = because_pair,
	[SITES_BECAUSE_NOWHERE] = because_nowhere};

static void say_evidence(struct fuse *f)
{
	struct text t = {f->evidence, 0, sizeof(f->evidence)};
	size_t intercepted = 0;

	for (size_t i = 0; i < f->tallies->n; i++)
		intercepted += f->intercepted[i];
	because[f->found.reason](f, &t);
	if (f->found.labels > 0)
		say(&t, "; %u identit%s", f->found.labels, f->found.labels == 1 ? "y" : "ies");
	if (f->found.vetoed > 0)
		say(&t, "; %u vetoed by their times", f->found.vetoed);
	if (intercepted > 0)
		say(&t, "; %zu vantage point%s intercepted", intercepted, intercepted == 1 ? "" : "s");
}

/* What is to be said of one site alone. */
static void say_of_site(struct fuse *f, struct fuse_site *s, const struct sites_site *found)
{
	struct text t = {s->evidence, 0, sizeof(s->evidence)};
	const struct naming_group *g = s->label >= 0 ? &f->naming->groups[s->label] : NULL;

	say(&t, "%s", f->evidence);
	if (g && !g->proven)
		say(&t, "; no rule knows this identity");
	if (found->flags & SITES_LIKELY)
		say(&t, "; " FUSE_LIKELY);
	if (found->flags & SITES_NOT_BELIEVED)
		say(&t, "; it names %s, which is out of reach",
			g && g->id.city ? g->id.city : "another place");
	if (found->flags & SITES_SPLIT)
		say(&t, "; one identity in places that cannot be one");
	if (found->flags & SITES_UNSURE)
		say(&t, "; where it is is not sure enough (%.2f)", found->mass);
	if (found->flags & SITES_NO_PLACE)
		say(&t, "; no city lies where its discs meet");
}

/* --- sites --- */

/* The city's name as part of a key: its letters and digits, small. */
static void key_of_city(char *out, size_t cap, const char *city, const char *country)
{
	size_t n = 0;

	out[n++] = '~';
	for (const char *p = city; *p && n + 5 < cap; p++)
		if (isalnum((unsigned char)*p))
			out[n++] = (char)tolower((unsigned char)*p);
	out[n++] = '-';
	for (const char *p = country; *p && n + 1 < cap; p++)
		out[n++] = (char)tolower((unsigned char)*p);
	out[n] = '\0';
}

/* Keys are made different: the second one has ~2 behind it. */
static void set_key(struct fuse *f, size_t i, const char *stem)
{
	unsigned number = 1;

	(void)snprintf(f->sites[i].key, FUSE_KEY_MAX, "%s", stem);
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->sites[k].key, f->sites[i].key) == 0) {
			(void)snprintf(
				f->sites[i].key, FUSE_KEY_MAX, "%.*s~%u", NAMING_KEY_MAX, stem, ++number);
			k = (size_t)-1;
		}
}

static void name_site(struct fuse *f, size_t i, const struct sites_site *found)
{
	struct fuse_site *s = &f->sites[i];
	char stem[NAMING_KEY_MAX];

	if (s->label >= 0)
		(void)naming_key(f->naming, &f->naming->groups[s->label], stem);
	else if (*s->city)
		key_of_city(stem, sizeof(stem), s->city, s->country);
	else
		(void)snprintf(stem, sizeof(stem), "~%s", vp_of_row(f, found->nearest));
	set_key(f, i, stem);
}

static void place_site(struct fuse *f, struct fuse_site *s, const struct sites_site *found)
{
	const struct naming_group *g = s->label >= 0 ? &f->naming->groups[s->label] : NULL;

	s->city = s->country = "";
	s->lat = found->lat;
	s->lon = found->lon;
	if (isnan(s->lat))
		return;
	s->at = geo_point_of(s->lat, s->lon);
	if (found->place >= 0) {
		s->city = f->places->v[found->place].name;
		s->country = f->places->v[found->place].country;
	} else if (g && g->id.city) {
		s->city = g->id.city;
		s->country = g->id.country;
	}
}

static void add_site(struct fuse *f, const struct sites_site *found)
{
	struct fuse_site *s = &f->sites[f->n_sites];

	*s = (struct fuse_site){.label = found->label,
		.method = found->method,
		.radius_km = isnan(found->lat) ? none : found->radius_km,
		.confidence = isnan(found->lat) ? 0 : found->confidence,
		.proven =
			found->label >= 0 ? f->naming->groups[found->label].proven : f->naming->n_groups == 0,
		.rtt_min_ns = -1};
	place_site(f, s, found);
	name_site(f, f->n_sites, found);
	say_of_site(f, s, found);
	if (found->nearest >= 0 && f->seen[found->nearest].rtt_ms > 0)
		s->rtt_min_ns = llround(f->seen[found->nearest].rtt_ms * 1e6);
	if (!s->proven)
		s->vps = found->vps;
	f->n_sites++;
}

/* What a rule proves is a site, even where nothing else is known of the target. */
static struct sites_site named_alone(const struct fuse *f, int32_t label)
{
	const struct sites_label *l = &f->labels[label];

	return (struct sites_site){.label = label,
		.place = SITES_NO,
		.lat = l->placed ? l->lat : none,
		.lon = l->placed ? l->lon : none,
		.radius_km = l->radius_km,
		.method = METHOD_IDENTITY,
		.confidence = l->confidence,
		.nearest = SITES_NO};
}

static int32_t site_of_label(const struct fuse *f, int32_t label)
{
	for (size_t i = 0; i < f->n_sites; i++)
		if (f->sites[i].label == label)
			return (int32_t)i;
	return SITES_NO;
}

static int make_sites(struct fuse *f)
{
	if (vec_reserve(&f->sites, &f->cap_sites, f->found.n_sites + f->naming->n_groups + 1) < 0)
		return ERR_NOMEM;
	f->n_sites = 0;
	say_evidence(f);
	for (size_t i = 0; i < f->found.n_sites; i++)
		add_site(f, &f->found.sites[i]);
	for (size_t i = 0; i < f->tallies->n; i++) {
		const struct tally *t = &f->tallies->v[i];

		if (t->state == VP_SITE && !is_excluded(f, i) && site_of_label(f, t->site) < 0) {
			struct sites_site alone = named_alone(f, t->site);

			add_site(f, &alone);
		}
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* As it stands in a list. */
static void list_text(const char *label, char out[static 4 * NAMING_KEY_MAX])
{
	size_t n = 0;

	for (; *label; label++)
		if (*label == '|')
			n += (size_t)sprintf(out + n, "\\124");
		else
			out[n++] = *label;
	out[n] = '\0';
}

/* The labels of a site's identities by the alphabet, "..." behind them when there are more. */
static void list_identities(struct fuse *f, struct fuse_site *s)
{
	enum { SHOWN = 64 };
	char labels[SHOWN][NAMING_KEY_MAX], one[4 * NAMING_KEY_MAX];
	struct text t = {s->identities, 0, sizeof(s->identities)};
	size_t n = 0, met = 0;

	for (size_t i = 0; s->label >= 0 && i < f->naming->n_named; i++)
		if (f->naming->named[i].group == s->label && met++ < SHOWN)
			(void)naming_label(f->g, f->naming->named[i].identity, labels[n++]);
	qsort(labels, n, sizeof(labels[0]), by_text);
	for (size_t k = 0; k < n; k++) {
		if (!*labels[k] || (k > 0 && strcmp(labels[k], labels[k - 1]) == 0))
			continue;
		list_text(labels[k], one);
		if (t.n + strlen(one) + sizeof("|...") >= t.cap) {
			say(&t, "|...");
			return;
		}
		say(&t, "%s%s", t.n > 0 ? "|" : "", one);
	}
	if (met > n)
		say(&t, "|...");
}

/* --- vantage points --- */

static int32_t row_of(const struct fuse *f, const struct tally *t, int32_t group)
{
	for (size_t k = t->first_reach; k < t->first_reach + t->n_reach; k++)
		if (f->tallies->reach[k].group == group)
			return f->seen_of[k];
	return SITES_NO;
}

/* The state as far as the whole target's view changes it, and the site's number. */
static enum vp_state settle(const struct fuse *f, size_t i, int32_t *site)
{
	const struct tally *t = &f->tallies->v[i];
	int32_t row = row_of(f, t, t->site);
	enum sites_fate fate = row >= 0 ? (enum sites_fate)f->found.fate[row] : SITES_UNPLACED;

	*site = SITES_NO;
	if (is_excluded(f, i))
		return VP_EXCLUDED;
	if (t->state == VP_SITE && fate != SITES_VETOED)
		*site = fate == SITES_SERVED ? f->found.site_of[row] : site_of_label(f, t->site);
	else if (t->state == VP_NO_SITE && f->naming->n_groups == 0 && fate == SITES_SERVED)
		*site = f->found.site_of[row];
	if (*site >= 0)
		return VP_SITE;
	return t->state == VP_SITE ? VP_NO_SITE : t->state;
}

static void count_vp(struct fuse *f, size_t i)
{
	const struct tally *t = &f->tallies->v[i];
	struct fuse_site *s;
	int32_t site;

	if (settle(f, i, &site) != VP_SITE)
		return;
	s = &f->sites[site];
	s->vps++;
	s->weight += f->vps[t->vp].weight;
	if (t->rtt_min_ns >= 0 && (s->rtt_min_ns < 0 || t->rtt_min_ns < s->rtt_min_ns))
		s->rtt_min_ns = t->rtt_min_ns;
}

/* The placed site nearest to a vantage point. */
static const struct fuse_site *nearest_to(const struct fuse *f, const struct sites_vp *vp)
{
	const struct fuse_site *best = NULL;
	double most_near = -2;

	for (const struct fuse_site *s = f->sites; vp->placed && s < f->sites + f->n_sites; s++) {
		double near = s->at.x * vp->at.x + s->at.y * vp->at.y + s->at.z * vp->at.z;

		if (isnan(s->lat) || near <= most_near)
			continue;
		best = s;
		most_near = near;
	}
	return best;
}

static double km_between(const struct sites_vp *vp, const struct fuse_site *s)
{
	return s && vp->placed && !isnan(s->lat) ? geo_km(vp->lat, vp->lon, s->lat, s->lon) : none;
}

static struct wall second(uint32_t s)
{
	return (struct wall){(int64_t)s * NS_PER_S};
}

static int give_vp(struct fuse *f, size_t i, const struct fuse_sink *sink)
{
	const struct tally *t = &f->tallies->v[i];
	const struct sites_vp *vp = &f->vps[t->vp];
	const struct vantage *about = f->about[t->vp];
	const struct fuse_site *nearest = nearest_to(f, vp), *s;
	const struct named *named = t->identity ? naming_of(f->naming, t->identity) : NULL;
	char identity[NAMING_KEY_MAX] = "";
	double distance_km;
	int32_t site;
	enum vp_state state = settle(f, i, &site);
	struct catchment_row row;

	s = state == VP_SITE ? &f->sites[site] : NULL;
	distance_km = km_between(vp, s);
	if (t->identity)
		(void)naming_label(f->g, t->identity, identity);
	row = (struct catchment_row){
		.target = f->target,
		.service = f->naming->info->service,
		.vp = gather_vp(f->g, t->vp),
		.site = s ? s->key : "",
		.method = s ? s->method : METHOD_NONE,
		.confidence = s ? s->confidence : 0,
		.city = s ? s->city : "",
		.country = s ? s->country : "",
		.lat = s ? s->lat : none,
		.lon = s ? s->lon : none,
		.identity = identity,
		.rtt_min_ns = t->rtt_min_ns,
		.rtt_median_ns = t->rtt_median_ns,
		.sent = t->sent,
		.received = t->received,
		.flows = t->flows,
		.sites_seen = s && t->sites_seen == 0 ? 1 : t->sites_seen,
		.distance_km = distance_km,
		.nearest_site = nearest ? nearest->key : "",
		.nearest_km = nearest == s ? distance_km : km_between(vp, nearest),
		.vp_lat = vp->placed ? vp->lat : none,
		.vp_lon = vp->placed ? vp->lon : none,
		.vp_asn = about ? about->asn : 0,
		.vp_country = about ? about->country : "",
		.weight = vp->weight,
		.state = state,
		.site_share = state == VP_SITE ? t->site_share : none,
		.flips = t->flips,
		.chances = t->answered > 0 ? t->answered - 1 : 0,
		.answered = t->answered,
		.rtt_probe = t->rtt_min_ns >= 0 ? probe_kind_name(t->rtt_probe) : "",
		.rules = named && named->rule ? named->rule->id : "",
		.first = second(t->first_s),
		.last = second(t->last_s),
	};
	return sink->vp(sink->arg, &row);
}

/* --- rows --- */

static int by_weight(const void *a, const void *b)
{
	const struct fuse_site *x = *(const struct fuse_site *const *)a,
			       *y = *(const struct fuse_site *const *)b;

	if (x->weight > y->weight || x->weight < y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->vps != y->vps)
		return x->vps > y->vps ? -1 : 1;
	return strcmp(x->key, y->key);
}

static int give_site(
	const struct fuse *f, const struct fuse_site *s, double all, const struct fuse_sink *sink)
{
	struct site_row row = {
		.target = f->target,
		.service = f->naming->info->service,
		.verdict = f->found.verdict,
		.site = s ? s->key : "",
		.city = s ? s->city : "",
		.country = s ? s->country : "",
		.lat = s ? s->lat : none,
		.lon = s ? s->lon : none,
		.radius_km = s ? s->radius_km : none,
		.method = s ? s->method : METHOD_NONE,
		.confidence = s ? s->confidence : 0,
		.vps = s ? s->vps : 0,
		.weight_share = s && s->proven && all > 0 ? s->weight / all : none,
		.identities = s ? s->identities : "",
		.rtt_min_ns = s ? s->rtt_min_ns : -1,
		.evidence = s ? s->evidence : f->evidence,
	};

	return sink->site(sink->arg, &row);
}

static int give_sites(struct fuse *f, const struct fuse_sink *sink)
{
	const struct fuse_site **order = malloc((f->n_sites + 1) * sizeof(*order));
	double all = 0;
	int rc = order ? 0 : ERR_NOMEM;

	for (size_t i = 0; order && i < f->n_sites; i++) {
		list_identities(f, &f->sites[i]);
		all += f->sites[i].weight;
		order[i] = &f->sites[i];
	}
	if (order && f->n_sites > 0)
		qsort(order, f->n_sites, sizeof(*order), by_weight);
	for (size_t i = 0; rc == 0 && i < f->n_sites; i++)
		rc = give_site(f, order[i], all, sink);
	if (rc == 0 && f->n_sites == 0)
		rc = give_site(f, NULL, 0, sink);
	free(order);
	return rc;
}

int fuse_rows(struct fuse *f, const struct fuse_sink *sink)
{
	int rc = sites_infer(&f->work, &f->problem, &f->found);

	if (rc == 0)
		rc = make_sites(f);
	for (size_t i = 0; rc == 0 && i < f->tallies->n; i++)
		count_vp(f, i);
	if (rc == 0)
		rc = give_sites(f, sink);
	for (size_t i = 0; rc == 0 && i < f->tallies->n; i++)
		rc = give_vp(f, i, sink);
	return rc;
}
