#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "infer/routes_join.h"

enum { LOG_MAX = 4096 };

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct routes gather(const char *target)
{
	struct routes r = {.targets = NULL};
	struct addr a = address(target);

	assert_int_equal(hash_init(), 0);
	assert_int_equal(routes_add_target(&r, &a, "service"), 0);
	routes_begin(&r);
	assert_int_equal(routes_file(&r, "file"), 0);
	return r;
}

/* A dump by collector 192.0.2.ID of n peers 203.0.113.1..., AS 64501... */
static void table(struct routes *r, unsigned id, uint32_t time_s, unsigned n)
{
	struct addr collector = {4, {192, 0, 2, (uint8_t)id}};

	if (id == 0)
		collector = (struct addr){4, {0}};
	assert_int_equal(routes_peers(r, &collector, "", 0, time_s), 0);
	for (unsigned i = 1; i <= n; i++) {
		struct addr peer = {4, {203, 0, 113, (uint8_t)i}};

		assert_int_equal(routes_peer(r, &peer, 64500 + i), 0);
	}
}

/* The current prefix of a peer, by a path "1 2 3" of ASes. */
static void path(struct routes *r, uint32_t peer, uint32_t path_id, const char *text)
{
	uint32_t hops[16];
	size_t n = 0;
	int used;
	unsigned asn;

	if (!routes_entry(r, peer))
		return;
	for (; sscanf(text, "%u%n", &asn, &used) == 1; text += used) {
		uint32_t number = asn;

		hops[n++] = (uint32_t)routes_hop(r, &number, 1);
	}
	assert_int_equal(routes_add(r, peer, path_id, &(struct addr){0}, hops, n), 0);
}

static void at(struct routes *r, const char *prefix)
{
	struct addr_prefix p;

	assert_int_equal(addr_prefix_parse(prefix, &p), 0);
	assert_int_equal(routes_at(r, &p, 1000), 0);
}

/* All that the view of the one target says, as text. */
static const char *told(struct routes *r, char out[static LOG_MAX])
{
	char prefix[ADDR_PREFIX_TEXT_LEN];
	struct routes_view v;
	size_t n = 0;

	routes_finish(r);
	assert_int_equal(routes_view(&v, r, &r->targets[0]), 0);
	n += (size_t)snprintf(out, LOG_MAX,
		"%s: %u/%u of %u/%u, origins %u, neighbours %u, prepended %u, many %u\n",
		v.match ? addr_prefix_text(&v.match->prefix, prefix) : "none", v.seen.peers, v.seen.full,
		v.of.peers, v.of.full, v.n_origins, v.n_neighbours, v.prepended, v.many_paths);
	for (size_t i = 0; i < v.n_nodes; i++)
		n += (size_t)snprintf(out + n, LOG_MAX - n, "%*s%u: %u/%u %u\n", (int)v.nodes[i].depth, "",
			routes_hop_asn(r, v.nodes[i].hop, 0), v.nodes[i].through.peers,
			v.nodes[i].through.full, v.nodes[i].ends);
	for (size_t i = 0; i < v.n_lengths; i++)
		n += (size_t)snprintf(
			out + n, LOG_MAX - n, "%u ASes: %u\n", v.lengths[i].ases, v.lengths[i].paths);
	routes_view_free(&v);
	return out;
}

static void paths_converge(void **state)
{
	struct routes r = gather("192.0.2.1");
	char out[LOG_MAX];

	(void)state;
	table(&r, 1, 1, 5);
	at(&r, "198.51.100.0/24");
	for (uint32_t i = 0; i < 3; i++)
		(void)routes_entry(&r, i);
	at(&r, "203.0.113.0/24");
	for (uint32_t i = 0; i < 3; i++)
		(void)routes_entry(&r, i);
	at(&r, "192.0.2.0/24");
	path(&r, 0, 0, "64501 64510 64520 64520 64520");
	path(&r, 1, 0, "64502 64510 64520");
	path(&r, 2, 0, "64503 64511 64520");
	path(&r, 3, 0, "64504 64521");
	at(&r, "192.0.0.0/16");
	path(&r, 4, 0, "64505 64522");
	assert_string_equal(told(&r, out),
		"192.0.2.0/24: 4/3 of 5/3, origins 2, neighbours 3, prepended 1, many 0\n"
		"64520: 3/3 0\n 64510: 2/2 0\n  64501: 1/1 1\n  64502: 1/1 1\n"
		" 64511: 1/1 0\n  64503: 1/1 1\n"
		"64521: 1/0 0\n 64504: 1/0 1\n"
		"2 ASes: 1\n3 ASes: 3\n");
	routes_free(&r);
}

/* 80 % of the largest peer of the family, exactly. */
static void full_feeds(void **state)
{
	struct routes r = gather("192.0.2.1");
	char prefix[32];

	(void)state;
	table(&r, 1, 1, 3);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(prefix, sizeof(prefix), "198.18.%u.0/24", i);
		at(&r, prefix);
		/* Twice in one prefix is one prefix. */
		(void)routes_entry(&r, 0);
		(void)routes_entry(&r, 0);
		if (i < 80)
			(void)routes_entry(&r, 1);
		if (i < 79)
			(void)routes_entry(&r, 2);
	}
	routes_finish(&r);
	assert_int_equal(r.tables[0].peers[0].prefixes, 100);
	assert_true(r.tables[0].peers[0].full && r.tables[0].peers[1].full);
	assert_false(r.tables[0].peers[2].full);
	routes_free(&r);
}

static void several_paths_of_a_peer(void **state)
{
	struct routes r = gather("192.0.2.1");
	char out[LOG_MAX];

	(void)state;
	table(&r, 1, 1, 2);
	at(&r, "192.0.2.0/24");
	path(&r, 0, 1, "64501 64510 64520");
	path(&r, 0, 2, "64501 64520");
	path(&r, 0, 3, "64520");
	path(&r, 1, 1, "64502 64520");
	path(&r, 1, 1, "64502 64511 64520");
	assert_string_equal(told(&r, out),
		"192.0.2.0/24: 2/2 of 2/2, origins 1, neighbours 3, prepended 0, many 1\n"
		"64520: 2/2 1\n 64501: 1/1 1\n 64510: 1/1 0\n  64501: 1/1 1\n"
		" 64511: 1/1 0\n  64502: 1/1 1\n"
		"1 AS"
		"es: 1\n2 ASes: 1\n3 ASes: 2\n");
	routes_free(&r);
}

/* The peer's own AS is the origin of an empty path; the collector's own routes, and those of nobody, are left out. */
static void paths_without_an_as(void **state)
{
	struct routes r = gather("192.0.2.1");
	struct addr collector = address("192.0.2.99"), peer = address("203.0.113.1"), none = {0};
	char out[LOG_MAX];

	(void)state;
	assert_int_equal(routes_peers(&r, &collector, "", 0, 1), 0);
	assert_int_equal(routes_peer(&r, &none, 0), 0);
	assert_int_equal(routes_peer(&r, &peer, 64501), 0);
	assert_int_equal(routes_peer(&r, &peer, 0), 0);
	at(&r, "192.0.2.0/24");
	for (uint32_t i = 0; i < 3; i++)
		path(&r, i, 0, "");
	assert_string_equal(told(&r, out),
		"192.0.2.0/24: 1/1 of 2/2, origins 1, neighbours 0, prepended 0, many 0\n"
		"64501: 1/1 1\n1 ASes: 1\n");
	routes_free(&r);
}

/* Of several dumps of a table the newest counts, whichever comes first; tables of others stay. */
static void the_newest_dump_counts(void **state)
{
	static const struct {
		unsigned id[3];
		uint32_t time_s[3];
		const char *origins;
	} cases[] = {
		{{1, 1, 1}, {10, 20, 30}, "64530 "},
		{{1, 1, 1}, {30, 20, 10}, "64510 "},
		{{1, 1, 1}, {10, 30, 20}, "64520 "},
		{{1, 1, 1}, {10, 10, 10}, "64530 "},
		{{1, 2, 1}, {10, 10, 20}, "64530 64520 "},
		{{0, 0, 0}, {10, 20, 30}, "64530 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct routes r = gather("192.0.2.1");
		char origins[64] = "", text[32];

		for (unsigned k = 0; k < 3; k++) {
			table(&r, cases[i].id[k], cases[i].time_s[k], 1);
			/* A prefix of its own, so that nothing is overwritten by chance. */
			at(&r, k == 0 ? "192.0.2.0/24" : k == 1 ? "192.0.2.0/25" : "192.0.2.0/26");
			(void)snprintf(text, sizeof(text), "64501 %u", 64510 + 10 * k);
			path(&r, 0, 0, text);
			at(&r, k == 0 ? "192.0.2.128/26" : k == 1 ? "192.0.2.192/26" : "192.0.2.64/26");
			(void)routes_entry(&r, 0);
		}
		routes_finish(&r);
		for (size_t c = 0; c < r.targets[0].n_covering; c++) {
			const struct route *v = &r.targets[0].covering[c].v[0];

			(void)snprintf(
				text, sizeof(text), "%u ", routes_hop_asn(&r, v->hops[v->n_hops - 1], 0));
			(void)strncat(origins, text, sizeof(origins) - strlen(origins) - 1);
		}
		assert_string_equal(origins, cases[i].origins);
		assert_int_equal(r.superseded, cases[i].id[1] == 2 ? 1 : 2);
		routes_free(&r);
	}
}

/* Another file's collector that does not say who it is, is another one. */
static void nameless_collectors(void **state)
{
	struct routes r = gather("192.0.2.1");
	char out[LOG_MAX];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct addr peer = {4, {203, 0, 113, (uint8_t)i}};

		assert_int_equal(routes_file(&r, "other"), 0);
		at(&r, "192.0.2.0/24");
		assert_int_equal(routes_peer_named(&r, &peer, 64501 + i), 0);
		assert_int_equal(routes_peer_named(&r, &peer, 64599), 1);
		assert_int_equal(routes_peer_named(&r, &peer, 64501 + i), 0);
		path(&r, 0, 0, i ? "64502 64520" : "64501 64520");
	}
	assert_string_equal(told(&r, out),
		"192.0.2.0/24: 2/2 of 2/2, origins 1, neighbours 2, prepended 0, many 0\n"
		"64520: 2/2 0\n 64501: 1/1 1\n 64502: 1/1 1\n2 ASes: 2\n");
	routes_free(&r);
}

/* Prefixes inside the longest match that do not hold the address: all of them, or as many as there is room for. */
static void more_specific_ones(void **state)
{
	struct routes r = gather("198.18.200.1");
	char prefix[32];

	(void)state;
	table(&r, 1, 1, 1);
	/* Before the match is known, and more than there is room for: the nearer ones stay. */
	for (unsigned i = 0; i < 256; i++) {
		(void)snprintf(prefix, sizeof(prefix), "198.18.%u.0/24", i);
		at(&r, prefix);
		path(&r, 0, 0, "64501");
	}
	at(&r, "198.18.192.0/20");
	path(&r, 0, 0, "64501");
	at(&r, "198.18.200.128/25");
	path(&r, 0, 0, "64501");
	at(&r, "10.0.0.0/9");
	path(&r, 0, 0, "64501");
	routes_finish(&r);
	assert_int_equal(r.targets[0].covering[0].prefix.len, 24);
	assert_int_equal(r.targets[0].n_specifics, 1);
	assert_int_equal(r.targets[0].specifics[0].prefix.len, 25);
	assert_int_equal(r.targets[0].lost, -1);
	routes_free(&r);

	r = gather("198.18.200.1");
	table(&r, 1, 1, 1);
	for (unsigned i = 0; i < 256; i++) {
		(void)snprintf(prefix, sizeof(prefix), "198.18.%u.0/24", i);
		if (i != 200)
			at(&r, prefix);
	}
	at(&r, "198.18.0.0/16");
	path(&r, 0, 0, "64501");
	routes_finish(&r);
	assert_int_equal(r.targets[0].n_specifics, ROUTES_SPECIFICS_MAX);
	assert_true(r.targets[0].lost >= 16);
	routes_free(&r);
}

/* --- the join --- */

static void vantage_points_are_joined(void **state)
{
	static const char rows[] = "target,service,vp,site,vp_asn,state,first,last\n"
				   "192.0.2.1,,a,AMS,64501,site,1970-01-03T00:00:00Z,1970-01-03T01:00:00Z\n"
				   "192.0.2.1,,b,AMS,64510,site,,\n"
				   "192.0.2.1,,c,FRA,64999,site,,\n"
				   "192.0.2.1,,d,FRA,,site,,\n"
				   "192.0.2.1,,e,FRA,64520,site,,\n"
				   "192.0.2.1,,f,,64502,silent,,\n";
	struct routes r = gather("192.0.2.1");
	struct intern names = {.slots = NULL};
	struct catchment_set set = {.path = NULL};
	struct routes_view v;
	struct routes_join j;
	struct err_msg why;

	(void)state;
	table(&r, 1, 1, 3);
	at(&r, "192.0.2.0/24");
	path(&r, 0, 0, "64501 64511 64520");
	path(&r, 1, 0, "64502 64510 64520");
	/* Another way out of AS 64501, seen by somebody else. */
	path(&r, 2, 0, "64503 64501 64512 64520");
	routes_finish(&r);
	assert_int_equal(routes_view(&v, &r, &r.targets[0]), 0);
	assert_int_equal(intern_put(&names, "", 0), 0);
	assert_int_equal(catchment_set_read_from(&set, &names,
				 csv_open_over(file_in_bytes("c.csv", rows, sizeof(rows) - 1, &why), &why),
				 NULL, &why),
		0);
	assert_int_equal(routes_join(&j, &v, &set), 0);
	assert_int_equal(j.n_vps, 5);
	assert_int_equal(j.n_joined, 3);
	assert_int_equal(j.n_unknown_as, 1);
	/* a: the peer's own path, not the one that passes through its AS. */
	assert_true(j.vps[0].is_peer && j.vps[0].route == 0 && j.vps[0].at == 0);
	assert_int_equal(routes_hop_asn(&r, j.vps[0].neighbour, 0), 64511);
	/* b: on another's path, itself the neighbour; c: nowhere; d: no AS; e: the origin. */
	assert_true(!j.vps[1].is_peer && j.vps[1].at == 1);
	assert_int_equal(routes_hop_asn(&r, j.vps[1].neighbour, 0), 64510);
	assert_int_equal(j.vps[2].route, ROUTES_NONE);
	assert_int_equal(j.vps[3].route, ROUTES_NONE);
	assert_true(j.vps[4].route != ROUTES_NONE && j.vps[4].neighbour == ROUTES_NONE);
	assert_int_equal(j.n_cells, 3);
	/* From the table's 00:16:40 to the first probe two days later. */
	assert_true(j.apart_h > 47.7 && j.apart_h < 47.8);
	routes_join_free(&j);
	routes_view_free(&v);
	catchment_set_free(&set);
	intern_free(&names);
	routes_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_converge),
		cmocka_unit_test(full_feeds),
		cmocka_unit_test(several_paths_of_a_peer),
		cmocka_unit_test(paths_without_an_as),
		cmocka_unit_test(the_newest_dump_counts),
		cmocka_unit_test(nameless_collectors),
		cmocka_unit_test(more_specific_ones),
		cmocka_unit_test(vantage_points_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
