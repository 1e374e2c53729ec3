#include "world_truth.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "data/record.h"
#include "proto/ip.h"
#include "world_dns.h"

enum { FLOW_0_PORT = 33000 };

struct world_seen world_truth_seen(const struct world *w, size_t vp, size_t target)
{
	const struct world_pair *p = world_pair_at(w, vp, target);
	const struct world_trouble *t = &w->troubles.v[p->trouble];
	struct world_flow f = {
		.target = w->targets.v[target].addr, .proto = IP_UDP, .a = FLOW_0_PORT, .b = WORLD_DNS_PORT};
	struct world_seen s = {.state = "silent", .site = -1, .rtt_ns = -1};
	const struct world_vp *v = &w->vps.v[vp];
	int site;

	f.vp = v->addrs[f.target.family == 6];
	if (!f.vp.family) {
		s.state = "unmeasured";
		return s;
	}
	site = world_site_of(w, p, &f, 0);
	if (site < 0 || t->silent & 1U << PROBE_DNS || t->loss_ppm >= WORLD_PPM || t->error)
		return s;
	s.rtt_ns = world_delay_ns(w, vp, (size_t)site) + t->extra_ns;
	if (t->intercept[0]) {
		s.state = "excluded";
		s.identity = t->intercept;
		s.rtt_ns = v->last_mile_ns + t->intercept_ns;
		return s;
	}
	s.state = world_hostile_state(t->hostile);
	if (strcmp(s.state, "site") == 0) {
		s.site = site;
		s.identity = t->identity[0] ? t->identity : w->sites.v[site].identity;
	}
	return s;
}

/* Each of these puts a field and the comma behind it. */

/* Names of places are text; NULL: none. */
static void put_name(FILE *f, const char *text)
{
	char field[256];
	size_t n = csv_put(field, sizeof(field), text, text ? strlen(text) : 0);

	(void)fwrite(field, 1, n, f);
	(void)fputc(',', f);
}

/* Identities are bytes of a server; NULL: none. */
static void put_identity(FILE *f, const char *bytes)
{
	char escaped[4 * sizeof(((struct world_site *)0)->identity)], field[2 * sizeof(escaped) + 2];
	size_t n = csv_put(field, sizeof(field), escaped,
		csv_escape(escaped, sizeof(escaped), bytes, bytes ? strlen(bytes) : 0));

	(void)fwrite(field, 1, n, f);
	(void)fputc(',', f);
}

static void put_place(FILE *f, const struct world_place *p)
{
	put_name(f, p->city);
	put_name(f, p->country);
	(void)fprintf(f, "%.5f,%.5f,", p->lat_deg, p->lon_deg);
}

static void put_ms(FILE *f, int64_t ns)
{
	if (ns >= 0)
		(void)fprintf(f, "%lld.%06lld", (long long)(ns / NS_PER_MS), (long long)(ns % NS_PER_MS));
	(void)fputc(',', f);
}

/* What one target's VPs see, worked out once for both files. */
struct view {
	const struct world *w;
	size_t target;
	struct world_seen *seen; /* [vp] */
	struct site_seen {
		unsigned vps;
		int64_t rtt_ns;
	} * sites; /* [site] */
	unsigned n_sites, in_site;
};

static void look(struct view *v)
{
	v->n_sites = v->in_site = 0;
	memset(v->sites, 0, v->w->sites.n * sizeof(*v->sites));
	for (size_t i = 0; i < v->w->vps.n; i++) {
		struct world_seen s = world_truth_seen(v->w, i, v->target);

		v->seen[i] = s;
		if (s.site < 0)
			continue;
		struct site_seen *site = &v->sites[s.site];
		v->n_sites += site->vps == 0;
		if (site->vps++ == 0 || s.rtt_ns < site->rtt_ns)
			site->rtt_ns = s.rtt_ns;
		v->in_site++;
	}
}

static const struct world_site *nearest_site(const struct view *v, size_t vp, double *km)
{
	const struct world *w = v->w;
	const struct world_site *nearest = NULL;

	for (size_t i = 0; i < w->sites.n; i++) {
		double d;

		if (!v->sites[i].vps)
			continue;
		d = world_distance_km(&w->vps.v[vp].place, &w->sites.v[i].place);
		if (nearest && d >= *km)
			continue;
		nearest = &w->sites.v[i];
		*km = d;
	}
	return nearest;
}

static void put_catchment_row(FILE *f, const struct view *v, size_t vp)
{
	const struct world *w = v->w;
	const struct world_seen *s = &v->seen[vp];
	const struct world_vp *p = &w->vps.v[vp];
	const struct world_pair *pair = world_pair_at(w, vp, v->target);
	const struct world_site *site = s->site >= 0 ? &w->sites.v[s->site] : NULL, *nearest;
	bool flips = w->troubles.v[pair->trouble].flip_ns > 0;
	char target[ADDR_TEXT_LEN];
	double km = 0;

	(void)fprintf(f, "%s,", addr_text(&w->targets.v[v->target].addr, target));
	put_name(f, w->targets.v[v->target].service);
	put_name(f, p->place.id);
	put_name(f, site ? site->place.id : NULL);
	(void)fputs(site ? "identity,high," : ",,", f);
	if (site)
		put_place(f, &site->place);
	else
		(void)fputs(",,,,", f);
	put_identity(f, s->identity);
	put_ms(f, s->rtt_ns);
	put_ms(f, s->rtt_ns);
	/* sent, received, flows, sites_seen */
	(void)fprintf(f, ",,%s,%u,", s->rtt_ns < 0 ? "" : "1",
		site ? w->splits.v[pair->split].n + (unsigned)flips : 0);
	nearest = site ? nearest_site(v, vp, &km) : NULL;
	if (nearest) {
		(void)fprintf(f, "%.3f,", world_distance_km(&p->place, &site->place));
		put_name(f, nearest->place.id);
		(void)fprintf(f, "%.3f,", km);
	} else {
		(void)fputs(",,,", f);
	}
	(void)fprintf(f, "%.5f,%.5f,%u,%s,1,%s,%s,%d,,,dns,,,\n", p->place.lat_deg, p->place.lon_deg, p->asn,
		p->place.country, s->state, site ? "1" : "", flips);
}

static void put_site_row(FILE *f, const struct view *v, size_t site)
{
	const struct world *w = v->w;
	const struct world_site *s = &w->sites.v[site];
	char target[ADDR_TEXT_LEN];

	(void)fprintf(f, "%s,", addr_text(&w->targets.v[v->target].addr, target));
	put_name(f, w->targets.v[v->target].service);
	(void)fprintf(f, "%s,", v->n_sites > 1 ? "anycast" : "unicast");
	put_name(f, s->place.id);
	put_place(f, &s->place);
	(void)fprintf(
		f, "0,identity,high,%u,%.6f,", v->sites[site].vps, (double)v->sites[site].vps / v->in_site);
	put_identity(f, s->identity);
	put_ms(f, v->sites[site].rtt_ns);
	(void)fputs("truth\n", f);
}

static FILE *open_in(const char *folder, const char *name, const char *header, struct err_msg *why)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	if (!f)
		(void)err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
	else
		(void)fprintf(f, "%s\n", header);
	return f;
}

static int close_written(FILE *f, const char *folder, struct err_msg *why)
{
	bool failed = f && ferror(f);

	if (f && fclose(f) == 0 && !failed)
		return 0;
	return err_set(why, ERR_IO, "%s: cannot write the truth: %s", folder, strerror(errno));
}

int world_truth_write(const struct world *w, const char *folder, struct err_msg *why)
{
	struct view v = {.w = w};
	FILE *catchment, *sites;
	int rc = ERR_IO;

	catchment = open_in(folder, "catchment.csv",
		"target,service,vp,site,method,confidence,city,country,lat,lon,identity,rtt_min_ms,rtt_"
		"median_ms,sent,"
		"received,flows,sites_seen,distance_km,nearest_site,nearest_km,vp_lat,vp_lon,vp_asn,vp_"
		"country,weight,"
		"state,site_share,flips,chances,answered,rtt_probe,rules,first,last",
		why);
	sites = open_in(folder, "sites.csv",
		"target,service,verdict,site,city,country,lat,lon,radius_km,method,confidence,vps,weight_"
		"share,"
		"identities,rtt_min_ms,evidence",
		why);
	v.seen = calloc(w->vps.n, sizeof(*v.seen));
	v.sites = calloc(w->sites.n, sizeof(*v.sites));
	if (!catchment || !sites || !v.seen || !v.sites)
		goto out;
	for (v.target = 0; v.target < w->targets.n; v.target++) {
		look(&v);
		for (size_t i = 0; i < w->vps.n; i++)
			put_catchment_row(catchment, &v, i);
		for (size_t i = 0; i < w->sites.n; i++)
			if (v.sites[i].vps)
				put_site_row(sites, &v, i);
	}
	rc = 0;
out:
	if (close_written(catchment, folder, rc < 0 ? NULL : why) < 0)
		rc = ERR_IO;
	if (close_written(sites, folder, rc < 0 ? NULL : why) < 0)
		rc = ERR_IO;
	free(v.seen);
	free(v.sites);
	return rc;
}
