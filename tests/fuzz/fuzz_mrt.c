/* Any bytes as MRT, whole and in pieces: what is handed out lies inside them, both walks find the same, and what is gathered of it
 * makes a view. */
#include <stdlib.h>
#include <string.h>

#include "infer/routes_view.h"
#include "proto/mrt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { PIECES = 7 };

struct fuzz {
	const uint8_t *bytes;
	size_t n;
	uint64_t entries, hops;
	struct routes r;
};

static void check_inside(const struct fuzz *f, const void *p, size_t n)
{
	const uint8_t *b = p;

	if (n > 0 && (b < f->bytes || b + n > f->bytes + f->n))
		abort();
}

static int on_peers(void *arg, const struct mrt_peers *peers)
{
	struct fuzz *f = arg;
	struct mrt_peers p = *peers;
	int rc = routes_peers(&f->r, &p.collector, p.view, p.view_n, p.time_s);

	check_inside(f, p.view, p.view_n);
	for (uint16_t i = 0; rc == 0 && i < p.n; i++) {
		struct mrt_peer peer = mrt_peer_next(&p);

		rc = routes_peer(&f->r, &peer.addr, peer.asn);
	}
	if (p.rest.bad)
		abort();
	return rc;
}

static int on_prefix(void *arg, const struct addr_prefix *p, uint32_t time_s)
{
	struct fuzz *f = arg;

	if (p->len > 8 * addr_len(&p->addr) || !addr_in(&p->addr, p))
		abort();
	return routes_at(&f->r, p, time_s);
}

static int take(struct fuzz *f, uint32_t peer, const struct mrt_entry *e)
{
	uint32_t hops[256], asns[UINT8_MAX];
	struct mrt_attributes a;
	struct mrt_hop h;
	size_t n = 0;

	if (mrt_attributes(e, &a) < 0)
		return 0;
	while (mrt_hop_next(&a.path, &h)) {
		check_inside(f, h.p, (size_t)h.n * h.as_bytes);
		f->hops++;
		for (uint8_t i = 0; i < h.n; i++)
			asns[i] = mrt_hop_asn(&h, i);
		if (n < sizeof(hops) / sizeof(hops[0]))
			hops[n++] = (uint32_t)routes_hop(&f->r, asns, h.n);
	}
	return f->r.table && f->r.cover_from < f->r.cover_to
		       ? routes_add(&f->r, peer, e->path_id, &a.next_hop, hops, n)
		       : 0;
}

static int on_entry(void *arg, const struct mrt_entry *e)
{
	struct fuzz *f = arg;
	int64_t peer = e->has_peer ? routes_peer_named(&f->r, &e->peer.addr, e->peer.asn) : e->peer_index;

	check_inside(f, e->bytes, e->n);
	f->entries++;
	if (peer < 0)
		return (int)peer;
	(void)routes_entry(&f->r, (uint32_t)peer);
	return take(f, (uint32_t)peer, e);
}

static void on_bad(void *arg, uint64_t offset, const char *what)
{
	const struct fuzz *f = arg;

	if (offset > f->n || !what)
		abort();
}

static const struct mrt_sink sink = {on_peers, on_prefix, on_entry, on_bad};

/* All at once, or as it would come in pieces. */
static void walk(struct fuzz *f, struct mrt *m, size_t step)
{
	size_t at = 0;
	ssize_t used = 0;

	for (size_t end = step; used >= 0 && at < f->n; end += step) {
		end = end < f->n ? end : f->n;
		used = mrt_walk(m, f->bytes + at, end - at, NULL);
		at += used > 0 ? (size_t)used : 0;
		if (end == f->n)
			break;
	}
	if (used >= 0 && m->offset != at)
		abort();
	(void)mrt_end(m, f->n - m->offset, NULL);
}

static void check_views(struct routes *r)
{
	routes_finish(r);
	for (size_t i = 0; i < r->n_targets; i++) {
		struct routes_view v;
		size_t ends = 0;

		if (routes_view(&v, r, &r->targets[i]) < 0)
			abort();
		for (size_t k = 0; k < v.n_nodes; k++)
			ends += v.nodes[k].ends;
		if (v.seen.peers > v.of.peers || (v.match && (ends < v.seen.peers || v.n_origins == 0)))
			abort();
		routes_view_free(&v);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const targets[] = {"192.0.2.1", "198.18.3.4", "2001:db8::1"};
	struct fuzz whole = {.bytes = bytes, .n = n}, pieces = whole;
	struct mrt a = {.sink = &sink, .arg = &whole}, b = {.sink = &sink, .arg = &pieces};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct addr t;

		if (addr_parse(targets[i], &t) < 0 || routes_add_target(&whole.r, &t, "") < 0)
			abort();
	}
	routes_begin(&whole.r);
	if (routes_file(&whole.r, "a") < 0 || routes_file(&pieces.r, "b") < 0)
		abort();
	walk(&whole, &a, n);
	walk(&pieces, &b, n / PIECES + 1);
	if (a.offset != b.offset || a.bad != b.bad || whole.entries != pieces.entries ||
		whole.hops != pieces.hops)
		abort();
	check_views(&whole.r);
	routes_free(&whole.r);
	routes_free(&pieces.r);
	return 0;
}
