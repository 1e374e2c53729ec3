/* One million vantage points against one million: reading the two files, and comparing them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "infer/catchment_pair.h"
#include "infer/compare.h"

enum { VPS = 1000000, ASES = 60000, SITES = 50 };

static uint64_t dice(uint64_t v)
{
	return hash_mix(hash_mix(v + 1) + 12345);
}

/* A catchment in which the ASes whose number is below `moved` went elsewhere. */
static int write_run(const char *path, unsigned moved)
{
	char line[TABLE_ROW_MAX], vp[32], site[8], identity[64];
	struct catchment_row r = {.service = "k.root-servers.net",
		.confidence = RULES_HIGH,
		.method = METHOD_IDENTITY,
		.city = "Somewhere",
		.country = "NL",
		.nearest_site = "s01",
		.vp_country = "DE",
		.state = VP_SITE,
		.rtt_probe = "dns",
		.rules = "root-k",
		.site = site,
		.vp = vp,
		.identity = identity,
		.sent = 30,
		.received = 30,
		.flows = 1,
		.sites_seen = 1,
		.chances = 9,
		.answered = 10,
		.site_share = 1,
		.weight = 1,
		.nearest_km = 100};
	FILE *f = fopen(path, "w");
	size_t n;

	if (!f || addr_parse("192.0.2.1", &r.target) < 0)
		return -1;
	n = table_header(&catchment_table, line, sizeof(line));
	(void)fwrite(line, 1, n, f);
	for (unsigned i = 0; i < VPS; i++) {
		unsigned as = (unsigned)(dice(i) >> 32) % ASES, at = (as + (as < moved)) % SITES;

		(void)snprintf(vp, sizeof(vp), "vp-%07u", i);
		(void)snprintf(site, sizeof(site), "s%02u", at);
		(void)snprintf(identity, sizeof(identity), "ns1.%s.k.ripe.net", site);
		r.vp_asn = as + 1;
		r.lat = at;
		r.lon = -(double)at;
		r.vp_lat = (double)(as % 60);
		r.vp_lon = (double)(i % 100) / 3;
		r.distance_km = (double)(i % 9000) / 2;
		r.rtt_min_ns = (int64_t)(dice(i) >> 38) + at * NS_PER_MS;
		r.rtt_median_ns = r.rtt_min_ns + 100000;
		r.first.ns = (INT64_C(1795000000) + (int64_t)(i % 500) + (moved ? 86400 : 0)) * NS_PER_S;
		r.last.ns = r.first.ns + 600 * NS_PER_S;
		(void)fwrite(line, 1, table_row(&catchment_table, &r, line, sizeof(line)), f);
	}
	return fclose(f);
}

static double seconds_since(struct mono t)
{
	return (double)(clock_mono().ns - t.ns) / (double)NS_PER_S;
}

static double cpu_s(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static int measure(const char *const paths[static 2])
{
	const struct compare_options o = {.alpha = 0.01};
	struct intern names = {.n = 0};
	struct catchment_set sets[2] = {{.path = NULL}, {.path = NULL}};
	struct comparison c = {.a = 0};
	struct err_msg why = {{0}};
	struct mono begin = clock_mono(), read;
	struct rusage idle, usage;
	int rc = getrusage(RUSAGE_SELF, &idle) == 0 ? catchment_pair_read(sets, &names, paths, &why) : ERR_IO;

	read = clock_mono();
	if (rc == 0)
		rc = compare_targets(
			&c, &o, (struct compare_side){&sets[0], 0}, (struct compare_side){&sets[1], 0}, &why);
	if (rc == 0 && getrusage(RUSAGE_SELF, &usage) == 0)
		(void)printf("diff, %d VPs against %d: %.2f s (read %.2f, compare %.2f), %.2f s of CPU, %ld "
			     "MiB; %zu moved\n",
			VPS, VPS, seconds_since(begin), (double)(read.ns - begin.ns) / (double)NS_PER_S,
			seconds_since(read), cpu_s(&usage) - cpu_s(&idle), usage.ru_maxrss / 1024, c.moved);
	else
		(void)fprintf(stderr, "%s\n", why.text);
	compare_free(&c);
	catchment_set_free(&sets[0]);
	catchment_set_free(&sets[1]);
	intern_free(&names);
	return rc;
}

int main(void)
{
	char folder[] = "/tmp/catchmap-bench-XXXXXX", before[64], now[64];
	int rc = -1;

	if (hash_init() < 0 || !mkdtemp(folder))
		return 1;
	(void)snprintf(before, sizeof(before), "%s/before.csv", folder);
	(void)snprintf(now, sizeof(now), "%s/now.csv", folder);
	if (write_run(before, 0) == 0 && write_run(now, ASES / 10) == 0)
		rc = measure((const char *const[]){before, now});
	(void)unlink(before);
	(void)unlink(now);
	(void)rmdir(folder);
	return rc == 0 ? 0 : 1;
}
