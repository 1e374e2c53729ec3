#include "infer/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* Prefixes beside an address are of interest in a network of this size at most: inside a shorter one they are strangers. */
static int least_common(uint8_t family)
{
	return family == 4 ? 8 : 16;
}

/* --- targets --- */

int routes_add_target(struct routes *r, const struct addr *a, const char *service)
{
	if (vec_reserve(&r->targets, &r->cap_targets, r->n_targets + 1) < 0)
		return ERR_NOMEM;
	r->targets[r->n_targets] =
		(struct routes_target){.addr = *a, .service = service, .order = r->n_targets, .lost = -1};
	r->n_targets++;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct routes_target *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr);
}

void routes_begin(struct routes *r)
{
	if (r->n_targets > 0)
		qsort(r->targets, r->n_targets, sizeof(*r->targets), by_address);
}

/* The first target that is not below the address. */
static size_t lower_bound(const struct routes *r, const struct addr *a)
{
	size_t low = 0, high = r->n_targets;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr_compare(&r->targets[mid].addr, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* --- tables --- */

static void free_prefix(struct routes_prefix *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].hops);
	free(p->v);
	*p = (struct routes_prefix){.v = NULL};
}

static void forget_peers(struct routes_table *t)
{
	t->n_peers = 0;
	t->prefixes = 0;
	t->first_s = t->last_s = 0;
}

static void forget_specifics(struct routes_target *t, const struct routes_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_specifics; i++)
		if (t->specifics[i].table != table)
			t->specifics[kept++] = t->specifics[i];
	t->n_specifics = kept;
}

static void forget_routes(struct routes_prefix *p, uint32_t table)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].table == table)
			free(p->v[i].hops);
		else
			p->v[kept++] = p->v[i];
	p->n = kept;
}

/* A newer dump of this table begins: what the older one said goes. */
static void forget_table(struct routes *r, struct routes_table *table)
{
	for (size_t t = 0; t < r->n_targets; t++) {
		forget_specifics(&r->targets[t], table);
		for (size_t c = 0; c < r->targets[t].n_covering; c++)
			forget_routes(&r->targets[t].covering[c], (uint32_t)(table - r->tables));
	}
	forget_peers(table);
}

static void free_table(struct routes_table *t)
{
	free(t->view);
	free(t->peers);
	*t = (struct routes_table){.view = NULL};
}

int routes_file(struct routes *r, const char *path)
{
	char *kept = strdup(path);

	if (!kept || vec_reserve(&r->files, &r->cap_files, r->n_files + 1) < 0) {
		free(kept);
		return ERR_NOMEM;
	}
	r->files[r->n_files++] = kept;
	return routes_peers(r, &(struct addr){0}, "", 0, 0);
}

int routes_peers(
	struct routes *r, const struct addr *collector, const char *view, size_t view_n, uint32_t time_s)
{
	struct routes_table *c = &r->coming;
	static const struct addr zero4 = {.family = 4};

	free(c->view);
	c->view = strndup(view_n > 0 ? view : "", view_n);
	c->collector = *collector;
	if (addr_equal(collector, &zero4))
		c->collector.family = 0;
	c->time_s = time_s;
	c->file = (uint32_t)r->n_files - 1;
	forget_peers(c);
	r->chosen[0] = r->chosen[1] = false;
	r->table = NULL;
	return c->view ? 0 : ERR_NOMEM;
}

static int add_peer(struct routes_table *t, const struct addr *addr, uint32_t asn)
{
	if (t->n_peers == ROUTES_PEERS_MAX)
		return ERR_RANGE;
	if (vec_reserve(&t->peers, &t->cap_peers, t->n_peers + 1) < 0)
		return ERR_NOMEM;
	t->peers[t->n_peers++] = (struct routes_peer){.addr = *addr, .asn = asn};
	return 0;
}

int routes_peer(struct routes *r, const struct addr *addr, uint32_t asn)
{
	return add_peer(&r->coming, addr, asn);
}

/* Collectors that do not say who they are, are told apart by their files. */
static bool is_same_table(const struct routes_table *a, const struct routes_table *b, uint8_t family)
{
	return a->family == family && addr_equal(&a->collector, &b->collector) &&
	       strcmp(a->view, b->view) == 0 && (a->collector.family != 0 || a->file == b->file);
}

static struct routes_table *find_table(const struct routes *r, uint8_t family)
{
	for (size_t i = 0; i < r->n_tables; i++)
		if (is_same_table(&r->tables[i], &r->coming, family))
			return &r->tables[i];
	return NULL;
}

/* Room for all tables there can be, once, so that pointers to them stay good. */
static struct routes_table *new_table(struct routes *r, uint8_t family)
{
	struct routes_table *t;

	if (r->n_tables == ROUTES_TABLES_MAX ||
		vec_reserve(&r->tables, &r->cap_tables, ROUTES_TABLES_MAX) < 0)
		return NULL;
	t = &r->tables[r->n_tables];
	*t = (struct routes_table){.family = family, .view = strdup(r->coming.view)};
	if (!t->view)
		return NULL;
	r->n_tables++;
	return t;
}

/* The first prefix of this family behind a table of peers: a table begins, or a newer dump of one, or an older one, which is
 * passed over. */
static int choose_table(struct routes *r, uint8_t family)
{
	const struct routes_table *c = &r->coming;
	struct routes_table *t = find_table(r, family);

	r->chosen[family == 6] = true;
	r->now[family == 6] = NULL;
	if (t) {
		r->superseded++;
		if (t->time_s > c->time_s)
			return 0;
		forget_table(r, t);
	} else {
		t = new_table(r, family);
		if (!t)
			return r->n_tables == ROUTES_TABLES_MAX ? ERR_RANGE : ERR_NOMEM;
	}
	t->file = c->file;
	t->collector = c->collector;
	t->time_s = c->time_s;
	if (vec_reserve(&t->peers, &t->cap_peers, c->n_peers) < 0)
		return ERR_NOMEM;
	if (c->n_peers > 0)
		memcpy(t->peers, c->peers, c->n_peers * sizeof(*t->peers));
	t->n_peers = c->n_peers;
	r->now[family == 6] = t;
	return 0;
}

/* --- prefixes --- */

static int common_bits(const struct addr *a, const struct addr *b)
{
	int n = 0, bytes = (int)addr_len(a);

	while (n < bytes && a->b[n] == b->b[n])
		n++;
	return n == bytes ? 8 * n : 8 * n + __builtin_clz((unsigned)(a->b[n] ^ b->b[n])) - 24;
}

static int longest(const struct routes_target *t)
{
	int len = -1;

	for (size_t i = 0; i < t->n_covering; i++)
		if (t->covering[i].n > 0 && t->covering[i].prefix.len > len)
			len = t->covering[i].prefix.len;
	return len;
}

static bool is_same_prefix(const struct addr_prefix *a, const struct addr_prefix *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

/* Keeps the ones that share most bits with the target: those inside its longest match, whatever that will be. */
static void note_specific(struct routes_target *t, const struct routes_specific *s, int common)
{
	size_t worst = 0;
	int least = 129;

	if (common < longest(t))
		return;
	for (size_t i = 0; i < t->n_specifics; i++) {
		int has = common_bits(&t->addr, &t->specifics[i].prefix.addr);

		if (is_same_prefix(&t->specifics[i].prefix, &s->prefix))
			return;
		worst = has < least ? i : worst;
		least = has < least ? has : least;
	}
	if (t->n_specifics < ROUTES_SPECIFICS_MAX) {
		t->specifics[t->n_specifics++] = *s;
		return;
	}
	if (common > least)
		t->specifics[worst] = *s;
	else
		least = common;
	t->lost = least > t->lost ? least : t->lost;
}

/* Targets near the prefix on one side; farther ones share fewer bits with it. */
static void note_beside(struct routes *r, size_t from, int step)
{
	const struct routes_specific s = {r->prefix, r->table};

	for (size_t i = from; i < r->n_targets; i += (size_t)step) {
		struct routes_target *t = &r->targets[i];
		int common =
			t->addr.family == r->prefix.addr.family ? common_bits(&t->addr, &r->prefix.addr) : 0;

		if (common < least_common(r->prefix.addr.family))
			return;
		note_specific(t, &s, common);
	}
}

int routes_at(struct routes *r, const struct addr_prefix *p, uint32_t time_s)
{
	size_t six = p->addr.family == 6;
	int rc = r->chosen[six] ? 0 : choose_table(r, p->addr.family);
	struct routes_table *t = r->now[six];

	r->table = t;
	if (rc < 0 || !t)
		return rc;
	r->prefix = *p;
	r->serial++;
	t->prefixes++;
	t->first_s = t->first_s && t->first_s < time_s ? t->first_s : time_s;
	t->last_s = t->last_s > time_s ? t->last_s : time_s;
	r->cover_from = r->cover_to = lower_bound(r, &p->addr);
	while (r->cover_to < r->n_targets && addr_in(&r->targets[r->cover_to].addr, p))
		r->cover_to++;
	if (p->len > least_common(p->addr.family)) {
		note_beside(r, r->cover_from - 1, -1);
		note_beside(r, r->cover_to, 1);
	}
	return 0;
}

int64_t routes_peer_named(struct routes *r, const struct addr *addr, uint32_t asn)
{
	struct routes_table *t = r->table;
	int rc;

	if (!t)
		return 0;
	/* Peers come in turn, or each with all its entries. */
	for (size_t n = 0; n < t->n_peers; n++) {
		size_t i = (r->named + n) % t->n_peers;

		if (t->peers[i].asn == asn && addr_equal(&t->peers[i].addr, addr)) {
			r->named = i;
			return (int64_t)i;
		}
	}
	rc = add_peer(t, addr, asn);
	return rc < 0 ? rc : (int64_t)t->n_peers - 1;
}

bool routes_entry(struct routes *r, uint32_t peer)
{
	struct routes_peer *p;

	if (!r->table)
		return false;
	p = &r->table->peers[peer];
	if (p->counted != r->serial) {
		p->counted = r->serial;
		p->prefixes++;
	}
	return r->cover_from < r->cover_to && p->addr.family != 0;
}

/* --- routes --- */

int64_t routes_hop(struct routes *r, const uint32_t *asns, size_t n)
{
	return intern_put(&r->hops, asns, n * sizeof(*asns));
}

static struct routes_prefix *covering_of(struct routes_target *t, const struct addr_prefix *p)
{
	for (size_t i = 0; i < t->n_covering; i++)
		if (is_same_prefix(&t->covering[i].prefix, p))
			return &t->covering[i];
	if (vec_reserve(&t->covering, &t->cap_covering, t->n_covering + 1) < 0)
		return NULL;
	t->covering[t->n_covering] = (struct routes_prefix){.prefix = *p};
	return &t->covering[t->n_covering++];
}

static int put_route(struct routes_prefix *p, const struct route *v)
{
	size_t at = 0;

	while (at < p->n &&
		(p->v[at].table != v->table || p->v[at].peer != v->peer || p->v[at].path_id != v->path_id))
		at++;
	if (at == p->n && vec_reserve(&p->v, &p->cap, p->n + 1) < 0)
		return ERR_NOMEM;
	if (at == p->n)
		p->n++;
	else
		free(p->v[at].hops);
	p->v[at] = *v;
	return 0;
}

/* The path with what was prepended taken out, in memory of its own. */
static uint32_t *collapse(const uint32_t *hops, size_t n, uint32_t *n_out)
{
	uint32_t *out = malloc(n * sizeof(*out));

	*n_out = 0;
	for (size_t i = 0; out && i < n; i++)
		if (i == 0 || hops[i] != hops[i - 1])
			out[(*n_out)++] = hops[i];
	return out;
}

int routes_add(struct routes *r, uint32_t peer, uint32_t path_id, const struct addr *next_hop,
	const uint32_t *hops, size_t n_hops)
{
	struct route v = {.table = (uint32_t)(r->table - r->tables),
		.peer = peer,
		.path_id = path_id,
		.next_hop = *next_hop,
		.length = (uint32_t)n_hops};
	uint32_t own;

	if (n_hops == 0) {
		uint32_t asn = r->table->peers[peer].asn;
		int64_t hop = routes_hop(r, &asn, 1);

		if (hop < 0 || asn == 0)
			return hop < 0 ? (int)hop : 0;
		own = (uint32_t)hop;
		hops = &own;
		n_hops = v.length = 1;
	}
	for (size_t i = r->cover_from; i < r->cover_to; i++) {
		struct routes_prefix *p = covering_of(&r->targets[i], &r->prefix);

		v.hops = p ? collapse(hops, n_hops, &v.n_hops) : NULL;
		if (!v.hops)
			return ERR_NOMEM;
		if (put_route(p, &v) < 0) {
			free(v.hops);
			return ERR_NOMEM;
		}
	}
	return 0;
}

/* --- the end --- */

static int by_peer(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->peer != y->peer)
		return x->peer < y->peer ? -1 : 1;
	return (x->path_id > y->path_id) - (x->path_id < y->path_id);
}

static int longest_first(const void *a, const void *b)
{
	const struct routes_prefix *x = a, *y = b;

	return (int)y->prefix.len - (int)x->prefix.len;
}

static void finish_target(struct routes_target *t)
{
	size_t kept = 0;
	int len;

	for (size_t i = 0; i < t->n_covering; i++) {
		struct routes_prefix *p = &t->covering[i];

		if (p->n == 0) {
			free_prefix(p);
			continue;
		}
		qsort(p->v, p->n, sizeof(*p->v), by_peer);
		t->covering[kept++] = *p;
	}
	t->n_covering = kept;
	if (kept > 0)
		qsort(t->covering, kept, sizeof(*t->covering), longest_first);
	len = kept > 0 && t->covering[0].prefix.len >= least_common(t->addr.family)
		      ? t->covering[0].prefix.len
		      : 129;
	kept = 0;
	for (size_t i = 0; i < t->n_specifics; i++)
		if (common_bits(&t->addr, &t->specifics[i].prefix.addr) >= len)
			t->specifics[kept++] = t->specifics[i];
	t->n_specifics = kept;
	t->lost = t->lost >= len ? t->lost : -1;
}

static uint32_t largest_peer(const struct routes *r, uint8_t family)
{
	uint32_t largest = 0;

	for (size_t i = 0; i < r->n_tables; i++)
		for (size_t k = 0; r->tables[i].family == family && k < r->tables[i].n_peers; k++)
			if (r->tables[i].peers[k].addr.family != 0 &&
				r->tables[i].peers[k].prefixes > largest)
				largest = r->tables[i].peers[k].prefixes;
	return largest;
}

static void mark_full(const struct routes_table *t, uint32_t largest)
{
	for (size_t i = 0; i < t->n_peers; i++) {
		struct routes_peer *p = &t->peers[i];

		p->full = p->addr.family != 0 && p->prefixes > 0 &&
			  UINT64_C(5) * p->prefixes >= UINT64_C(4) * largest;
	}
}

void routes_finish(struct routes *r)
{
	for (size_t t = 0; t < r->n_targets; t++)
		finish_target(&r->targets[t]);
	for (size_t i = 0; i < r->n_tables; i++)
		mark_full(&r->tables[i], largest_peer(r, r->tables[i].family));
}

size_t routes_hop_size(const struct routes *r, uint32_t hop)
{
	size_t bytes;

	(void)intern_at(&r->hops, hop, &bytes);
	return bytes / sizeof(uint32_t);
}

uint32_t routes_hop_asn(const struct routes *r, uint32_t hop, size_t i)
{
	size_t bytes;
	uint32_t asn;

	memcpy(&asn, intern_at(&r->hops, hop, &bytes) + i * sizeof(asn), sizeof(asn));
	return asn;
}

const struct routes_peer *routes_peer_of(const struct routes *r, const struct route *v)
{
	return &r->tables[v->table].peers[v->peer];
}

void routes_free(struct routes *r)
{
	for (size_t t = 0; t < r->n_targets; t++) {
		for (size_t c = 0; c < r->targets[t].n_covering; c++)
			free_prefix(&r->targets[t].covering[c]);
		free(r->targets[t].covering);
	}
	for (size_t i = 0; i < r->n_tables; i++)
		free_table(&r->tables[i]);
	for (size_t i = 0; i < r->n_files; i++)
		free(r->files[i]);
	free_table(&r->coming);
	free(r->targets);
	free(r->tables);
	free(r->files);
	intern_free(&r->hops);
	*r = (struct routes){.targets = NULL};
}
