#include "cmd/rib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "proto/mrt.h"

enum { READ_BYTES = 1 << 20, SHOWN_MAX = 5 };

struct reading {
	struct routes *r;
	struct mrt mrt;
	const char *path;
	rib_complain *complain;
	void *arg;
	uint32_t *hops; /* of the path at hand */
	size_t cap_hops;
	uint8_t *bytes; /* of the file, from its record at hand on */
	size_t n, cap;
	uint64_t prefixes;
	struct mono told; /* when progress was shown last; 0: never, and never to be */
	bool partial;
};

/* The line of progress makes room for another. */
static void clear_progress(const struct reading *g)
{
	if (g->told.ns != 0)
		(void)fputs("\r\033[K", stderr);
}

static void complain(struct reading *g, const char *text)
{
	struct err_msg told;

	(void)err_set(&told, ERR_PARSE, "%s: %s", g->path, text);
	clear_progress(g);
	g->complain(g->arg, told.text);
}

/* --- from records to routes --- */

static int on_peers(void *arg, const struct mrt_peers *peers)
{
	struct reading *g = arg;
	struct mrt_peers p = *peers;
	size_t view_n = p.view_n < MRT_VIEW_MAX ? p.view_n : MRT_VIEW_MAX;
	int rc = routes_peers(g->r, &p.collector, p.view, view_n, p.time_s);

	for (uint16_t i = 0; rc == 0 && i < p.n; i++) {
		struct mrt_peer peer = mrt_peer_next(&p);

		rc = routes_peer(g->r, &peer.addr, peer.asn);
	}
	return rc;
}

static int on_prefix(void *arg, const struct addr_prefix *p, uint32_t time_s)
{
	struct reading *g = arg;

	g->prefixes++;
	return routes_at(g->r, p, time_s);
}

/* Members of a confederation are the inside of their AS: no hop. */
static int64_t take_hop(struct reading *g, const struct mrt_hop *h)
{
	uint32_t asns[UINT8_MAX];

	for (uint8_t i = 0; i < h->n; i++)
		asns[i] = mrt_hop_asn(h, i);
	return routes_hop(g->r, asns, h->n);
}

static int64_t take_path(struct reading *g, struct mrt_path path)
{
	struct mrt_hop hop;
	size_t n = 0;

	while (mrt_hop_next(&path, &hop)) {
		int64_t id;

		if (hop.type == MRT_CONFED_AS || hop.type == MRT_CONFED_SET)
			continue;
		id = take_hop(g, &hop);
		if (id < 0 || vec_reserve(&g->hops, &g->cap_hops, n + 1) < 0)
			return ERR_NOMEM;
		g->hops[n++] = (uint32_t)id;
	}
	return (int64_t)n;
}

static void on_bad(void *arg, uint64_t offset, const char *what)
{
	struct reading *g = arg;
	struct err_msg text;

	g->partial = true;
	if (g->mrt.bad > SHOWN_MAX)
		return;
	(void)err_set(&text, ERR_PARSE, "the MRT record at byte %llu is corrupt: %s",
		(unsigned long long)offset, what);
	complain(g, text.text);
}

static int on_entry(void *arg, const struct mrt_entry *e)
{
	struct reading *g = arg;
	struct mrt_attributes a;
	int64_t peer = e->peer_index, n;

	if (e->has_peer)
		peer = routes_peer_named(g->r, &e->peer.addr, e->peer.asn);
	if (peer < 0)
		return (int)peer;
	if (!routes_entry(g->r, (uint32_t)peer))
		return 0;
	if (mrt_attributes(e, &a) < 0) {
		g->mrt.bad++;
		on_bad(g, g->mrt.offset, "attributes that are not well formed");
		return 0;
	}
	n = take_path(g, a.path);
	return n < 0 ? (int)n : routes_add(g->r, (uint32_t)peer, e->path_id, &a.next_hop, g->hops, (size_t)n);
}

static const struct mrt_sink sink = {on_peers, on_prefix, on_entry, on_bad};

/* --- from files to records --- */

static void show_progress(struct reading *g)
{
	struct mono now = clock_mono();

	if (g->told.ns == 0 || now.ns - g->told.ns < NS_PER_S)
		return;
	g->told = now;
	clear_progress(g);
	(void)fprintf(stderr, "%s: %.0f MB, %llu prefixes", g->path, (double)g->mrt.offset / 1e6,
		(unsigned long long)g->prefixes);
	(void)fflush(stderr);
}

/* More bytes behind those that are there: as read, with their count in *got. */
static int fill(struct reading *g, struct file_in *f, ssize_t *got, struct err_msg *why)
{
	size_t wants = mrt_wants(g->bytes, g->n);

	if (wants > MRT_RECORD_MAX || wants < g->n + READ_BYTES)
		wants = g->n + READ_BYTES;
	if (vec_reserve(&g->bytes, &g->cap, wants) < 0)
		return err_set(why, ERR_NOMEM, "%s: out of memory", g->path);
	*got = file_in_read(f, g->bytes + g->n, g->cap - g->n, why);
	if (*got > 0)
		g->n += (size_t)*got;
	return 0;
}

static int take_records(struct reading *g, struct err_msg *why)
{
	ssize_t used = mrt_walk(&g->mrt, g->bytes, g->n, why);

	if (used > 0) {
		g->n -= (size_t)used;
		memmove(g->bytes, g->bytes + used, g->n);
	}
	return used < 0 ? (int)used : 0;
}

/* What ends the reading of this file only. */
static void give_up(struct reading *g, const struct err_msg *why)
{
	g->partial = true;
	/* The words of a file's own trouble begin with its name. */
	clear_progress(g);
	if (strncmp(why->text, g->path, strlen(g->path)) == 0)
		g->complain(g->arg, why->text);
	else
		complain(g, why->text);
}

static int read_records(struct reading *g, struct file_in *f, struct err_msg *why)
{
	ssize_t got = 1;
	int rc = 0;

	while (rc == 0 && got > 0) {
		rc = fill(g, f, &got, why);
		if (rc == 0)
			rc = take_records(g, why);
		show_progress(g);
	}
	if (rc == 0 && got < 0)
		rc = (int)got;
	else if (rc == 0)
		rc = mrt_end(&g->mrt, g->n, why);
	if (rc == 0 || rc == ERR_NOMEM || rc == ERR_RANGE)
		return rc;
	give_up(g, why);
	return 0;
}

static void tell_counts(struct reading *g)
{
	unsigned long long unknown = g->mrt.unknown, strangers = g->mrt.other + unknown;
	unsigned long long untold = g->mrt.bad > SHOWN_MAX ? g->mrt.bad - SHOWN_MAX : 0;
	struct err_msg text;

	if (untold > 0) {
		(void)err_set(&text, ERR_PARSE, "%llu more corrupt MRT records or entries", untold);
		complain(g, text.text);
	}
	if (g->mrt.tables > 0 && strangers > 0) {
		(void)err_set(&text, ERR_PARSE,
			"passed over %llu MRT records that are no unicast table (%llu of no known type)",
			strangers, unknown);
		complain(g, text.text);
	}
}

static int read_file(struct reading *g, struct err_msg *why)
{
	struct file_in *f = file_in_open(g->path, why);
	int rc;

	if (!f)
		return ERR_IO;
	g->path = file_in_path(f);
	g->mrt = (struct mrt){.sink = &sink, .arg = g};
	g->n = 0;
	rc = routes_file(g->r, g->path);
	if (rc == 0)
		rc = read_records(g, f, why);
	if (rc == ERR_NOMEM)
		(void)err_set(why, ERR_NOMEM, "%s: out of memory", g->path);
	if (rc == ERR_RANGE)
		(void)err_set(why, ERR_RANGE, "%s: more than %d tables or %d peers in one", g->path,
			ROUTES_TABLES_MAX, ROUTES_PEERS_MAX);
	clear_progress(g);
	tell_counts(g);
	file_in_close(f);
	return rc;
}

int rib_read(struct routes *r, const char *const *paths, size_t n, bool progress, rib_complain *tell,
	void *arg, struct err_msg *why)
{
	struct reading g = {.r = r, .complain = tell, .arg = arg};
	int rc = 0;

	if (progress)
		g.told = clock_mono();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		g.path = paths[i];
		rc = read_file(&g, why);
	}
	free(g.hops);
	free(g.bytes);
	routes_finish(r);
	return rc == 0 && g.partial ? ERR_PARTIAL : rc;
}
