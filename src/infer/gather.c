#include "infer/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "infer/gather_feed.h"

_Static_assert(sizeof(struct sample) == 32, "as promised");

enum { PARTS = 64, BATCH = 32768 };

/* A scratch file and the range of targets that go there: those below `end`, an address; the last part has no end. */
struct part {
	int fd;
	uint64_t n;
	struct addr end;
};

/* What is known of a target before its rank. */
struct met {
	uint64_t samples;
	uint32_t rank;
	uint8_t part;
};

struct gather {
	struct gather_limits limits;
	struct intern vps, targets, identities;
	struct met *met; /* by number of the target */
	size_t cap_met;
	struct sample *v; /* those in memory */
	size_t n, cap;
	struct sample *other; /* as large, for sorting */
	struct part parts[PARTS];
	size_t n_parts; /* 0: all are in memory */
	uint64_t rows;
	uint32_t *target_of, *vp_of, *vp_rank; /* by rank; by number */
	uint32_t first_s;
	bool sorted;
};

struct gather *gather_open(const struct gather_limits *limits)
{
	struct gather *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->limits = *limits;
	if (g->limits.samples == 0)
		g->limits.samples = GATHER_SAMPLES;
	return g;
}

void gather_close(struct gather *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_parts; i++)
		(void)close(g->parts[i].fd);
	intern_free(&g->vps);
	intern_free(&g->targets);
	intern_free(&g->identities);
	free(g->met);
	free(g->v);
	free(g->other);
	free(g->target_of);
	free(g->vp_of);
	free(g->vp_rank);
	free(g);
}

/* --- names --- */

static struct addr target_at(const struct gather *g, uint32_t number)
{
	struct addr a;
	size_t n;

	memcpy(&a, intern_at(&g->targets, number, &n), sizeof(a));
	return a;
}

static uint8_t part_of(const struct gather *g, const struct addr *a)
{
	uint8_t i = 0;

	while ((size_t)i + 1 < g->n_parts && addr_compare(a, &g->parts[i].end) >= 0)
		i++;
	return i;
}

struct gather_identity gather_identity(const struct gather *g, uint32_t identity)
{
	size_t n;
	const uint8_t *key = intern_at(&g->identities, identity - 1, &n);

	return (struct gather_identity){.nsid = {key + 2, key[0]},
		.txt = {key + 2 + key[0], n - 2 - key[0]},
		.question = (enum question)key[1]};
}

uint64_t gather_rows(const struct gather *g)
{
	return g->rows;
}

uint32_t gather_first_s(const struct gather *g)
{
	return g->first_s;
}

size_t gather_targets(const struct gather *g)
{
	return g->targets.n;
}

size_t gather_vps(const struct gather *g)
{
	return g->vps.n;
}

size_t gather_identities(const struct gather *g)
{
	return g->identities.n;
}

struct addr gather_target(const struct gather *g, uint32_t rank)
{
	return target_at(g, g->target_of[rank]);
}

const char *gather_vp(const struct gather *g, uint32_t rank)
{
	size_t n;

	return (const char *)intern_at(&g->vps, g->vp_of[rank], &n);
}

/* --- scratch files --- */

static int open_scratch(const char *folder, struct err_msg *why)
{
	char path[PATH_MAX];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system has files without a name. */
	(void)snprintf(path, sizeof(path), "%s/.infer-XXXXXX", folder);
	fd = mkstemp(path);
	if (fd < 0)
		return err_set(
			why, err_from_errno(errno), "%s: no scratch file: %s", folder, strerror(errno));
	(void)unlink(path);
	return fd;
}

static int by_target(const void *a, const void *b, void *arg)
{
	const struct gather *g = arg;
	struct addr x = target_at(g, *(const uint32_t *)a), y = target_at(g, *(const uint32_t *)b);

	return addr_compare(&x, &y);
}

/* The targets' numbers in the order of their addresses. */
static uint32_t *targets_in_order(struct gather *g)
{
	uint32_t *order = malloc((g->targets.n + 1) * sizeof(*order));

	for (uint32_t i = 0; order && i < g->targets.n; i++)
		order[i] = i;
	if (order)
		qsort_r(order, g->targets.n, sizeof(*order), by_target, g);
	return order;
}

/* Splits the targets known by now into ranges of about equally many samples. */
static int open_parts(struct gather *g, struct err_msg *why)
{
	uint32_t *order = targets_in_order(g);
	uint64_t seen = 0;
	int rc = 0;

	if (!order)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0, t = 0; rc == 0 && i < PARTS; i++) {
		while (t < g->targets.n && seen * PARTS < (i + 1) * g->n)
			seen += g->met[order[t++]].samples;
		rc = open_scratch(g->limits.folder, why);
		if (rc < 0)
			break;
		g->parts[g->n_parts++] = (struct part){.fd = rc};
		rc = 0;
		if (t < g->targets.n)
			g->parts[i].end = target_at(g, order[t]);
		else
			break;
	}
	free(order);
	for (uint32_t i = 0; rc == 0 && i < g->targets.n; i++) {
		struct addr a = target_at(g, i);

		g->met[i].part = part_of(g, &a);
	}
	return rc;
}

static int write_samples(
	struct part *p, const struct sample *v, size_t n, const char *folder, struct err_msg *why)
{
	const char *at = (const char *)v;
	size_t left = n * sizeof(*v);
	off_t offset = (off_t)(p->n * sizeof(*v));

	while (left > 0) {
		ssize_t put = pwrite(p->fd, at, left, offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return err_set(why, put < 0 ? err_from_errno(errno) : ERR_FULL,
				"%s: scratch file: %s", folder, strerror(put < 0 ? errno : ENOSPC));
		at += put;
		offset += put;
		left -= (size_t)put;
	}
	p->n += n;
	return 0;
}

/* `other` is as large as `v`. */
static int reserve_other(struct gather *g, struct err_msg *why)
{
	free(g->other);
	g->other = malloc((g->cap + 1) * sizeof(*g->other));
	return g->other ? 0 : err_set(why, ERR_NOMEM, "out of memory for %zu samples", g->cap);
}

/* All samples in memory to the scratch files. */
static int spill(struct gather *g, struct err_msg *why)
{
	size_t at[PARTS + 1] = {0}, put[PARTS];
	int rc = 0;

	if (g->n_parts == 0)
		rc = open_parts(g, why);
	if (rc == 0 && !g->other)
		rc = reserve_other(g, why);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < g->n; i++)
		at[g->met[g->v[i].target].part + 1]++;
	for (size_t i = 0; i < g->n_parts; i++) {
		at[i + 1] += at[i];
		put[i] = at[i];
	}
	for (size_t i = 0; i < g->n; i++)
		g->other[put[g->met[g->v[i].target].part]++] = g->v[i];
	for (size_t i = 0; rc == 0 && i < g->n_parts; i++)
		rc = write_samples(&g->parts[i], g->other + at[i], at[i + 1] - at[i], g->limits.folder, why);
	g->n = 0;
	return rc;
}

/* --- what feeds bring --- */

/* Numbers here of a feed's names that are new since it last came. */
static int learn_names(struct intern *ours, const struct gather_names *theirs, struct gather_numbers *to)
{
	if (vec_reserve(&to->v, &to->cap, theirs->all.n + 1) < 0)
		return ERR_NOMEM;
	for (; to->n < theirs->all.n; to->n++) {
		size_t len;
		const uint8_t *name = intern_at(&theirs->all, (uint32_t)to->n, &len);
		int64_t number = intern_put(ours, name, len);

		if (number < 0)
			return (int)number;
		to->v[to->n] = (uint32_t)number;
	}
	return 0;
}

static int learn_targets(struct gather *g, struct gather_feed *f)
{
	size_t known = g->targets.n;

	if (learn_names(&g->targets, &f->targets, &f->target_of) < 0 ||
		vec_reserve(&g->met, &g->cap_met, g->targets.n + 1) < 0)
		return ERR_NOMEM;
	for (uint32_t i = (uint32_t)known; i < g->targets.n; i++) {
		struct addr a = target_at(g, i);

		g->met[i] = (struct met){.part = part_of(g, &a)};
	}
	return 0;
}

static int take_sample(struct gather *g, struct sample s, struct err_msg *why)
{
	int rc = g->n == g->limits.samples ? spill(g, why) : 0;

	if (rc == 0 && g->n == g->cap && vec_reserve(&g->v, &g->cap, g->n + 1) < 0)
		rc = err_set(why, ERR_NOMEM, "out of memory for %zu samples", g->n);
	if (rc < 0)
		return rc;
	g->v[g->n++] = s;
	g->met[s.target].samples++;
	if (s.time_s && (!g->first_s || s.time_s < g->first_s))
		g->first_s = s.time_s;
	return 0;
}

int gather_take(struct gather *g, struct gather_feed *f, struct err_msg *why)
{
	int rc = 0;

	if (learn_names(&g->vps, &f->vps, &f->vp_of) < 0 || learn_targets(g, f) < 0 ||
		learn_names(&g->identities, &f->identities, &f->identity_of) < 0)
		return err_set(why, ERR_NOMEM,
			"out of memory for names: %zu vantage points, %zu targets, %zu identities", g->vps.n,
			g->targets.n, g->identities.n);
	for (size_t i = 0; rc == 0 && i < f->n; i++) {
		struct sample s = f->v[i];

		s.vp = f->vp_of.v[s.vp];
		s.target = f->target_of.v[s.target];
		s.identity = s.identity ? f->identity_of.v[s.identity - 1] + 1 : 0;
		rc = take_sample(g, s, why);
	}
	g->rows += f->n;
	f->n = 0;
	return rc;
}

/* --- in order --- */

static int by_vp(const void *a, const void *b, void *arg)
{
	const struct gather *g = arg;
	size_t n;
	const uint8_t *x = intern_at(&g->vps, *(const uint32_t *)a, &n);
	const uint8_t *y = intern_at(&g->vps, *(const uint32_t *)b, &n);

	return strcmp((const char *)x, (const char *)y);
}

static int rank(struct gather *g, struct err_msg *why)
{
	g->target_of = targets_in_order(g);
	g->vp_of = malloc((g->vps.n + 1) * sizeof(*g->vp_of));
	g->vp_rank = malloc((g->vps.n + 1) * sizeof(*g->vp_rank));
	if (!g->target_of || !g->vp_of || !g->vp_rank)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < g->vps.n; i++)
		g->vp_of[i] = i;
	qsort_r(g->vp_of, g->vps.n, sizeof(*g->vp_of), by_vp, g);
	for (uint32_t i = 0; i < g->vps.n; i++)
		g->vp_rank[g->vp_of[i]] = i;
	for (uint32_t i = 0; i < g->targets.n; i++)
		g->met[g->target_of[i]].rank = i;
	return 0;
}

/* A sample's name for others to see. */
static void put_ranks(const struct gather *g, struct sample *s)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.*): the analyser takes the sorted samples for unset ones */
	s->target = g->met[s->target].rank;
	s->vp = g->vp_rank[s->vp];
}

#define ORDER(m)          \
	if (x->m != y->m) \
	return x->m < y->m ? -1 : 1
static int by_round(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	ORDER(round);
	ORDER(time_s);
	ORDER(seq);
	ORDER(attempt);
	ORDER(flow);
	ORDER(probe);
	ORDER(outcome);
	ORDER(rtt_ns);
	ORDER(identity);
	return 0;
}

/* Counting sort of v[n] into out[n] by a key of a sample that is below `span`. */
#define SORT_BY(key, v, out, n, span, at)                      \
	do {                                                   \
		memset(at, 0, ((span) + 1) * sizeof(*(at)));   \
		for (size_t i_ = 0; i_ < (n); i_++)            \
			(at)[key((v)[i_]) + 1]++;              \
		for (size_t i_ = 0; i_ < (span); i_++)         \
			(at)[i_ + 1] += (at)[i_];              \
		for (size_t i_ = 0; i_ < (n); i_++)            \
			(out)[(at)[key((v)[i_])]++] = (v)[i_]; \
	} while (0)
#define VP(s) ((s).vp)
#define TARGET(s) ((s).target - low)
#define PAIR(s) ((size_t)TARGET(s) * g->vps.n + VP(s))

/* The samples in memory, whose targets' ranks are from `low` on and below `high`, in order of target, vantage point, round. */
static int sort(struct gather *g, uint32_t low, uint32_t high, struct err_msg *why)
{
	size_t span = high - low, widest = span > g->vps.n ? span : g->vps.n, pairs = span * g->vps.n;
	bool dense = pairs <= g->n / 2; /* so many places to count in are few; else one key after the other */
	size_t *at = malloc(((dense ? pairs : widest) + 2) * sizeof(*at));

	if (!at || (!g->other && reserve_other(g, why) < 0)) {
		free(at);
		return err_set(why, ERR_NOMEM, "out of memory for sorting");
	}
	if (dense) {
		struct sample *sorted = g->other;

		SORT_BY(PAIR, g->v, sorted, g->n, pairs, at);
		g->other = g->v;
		g->v = sorted;
	} else {
		SORT_BY(VP, g->v, g->other, g->n, g->vps.n, at);
		/* NOLINTNEXTLINE(clang-analyzer-core.*): the first pass has filled g->other */
		SORT_BY(TARGET, g->other, g->v, g->n, span, at);
	}
	free(at);
	for (size_t i = 0, k; i < g->n; i = k) {
		bool ordered = true;

		for (k = i + 1; k < g->n && g->v[k].vp == g->v[i].vp && g->v[k].target == g->v[i].target; k++)
			ordered = ordered && by_round(&g->v[k - 1], &g->v[k]) <= 0;
		if (!ordered)
			qsort(g->v + i, k - i, sizeof(*g->v), by_round);
	}
	return 0;
}

static int call_pairs(const struct gather *g, const struct gather_walk *w, bool whole_targets)
{
	int rc = 0;

	for (size_t i = 0, k; rc == 0 && i < g->n; i = k) {
		for (k = i + 1; k < g->n && g->v[k].vp == g->v[i].vp && g->v[k].target == g->v[i].target;)
			k++;
		rc = w->pair(w->arg, g->v + i, k - i);
		if (rc == 0 && whole_targets && (k == g->n || g->v[k].target != g->v[i].target))
			rc = w->target(w->arg, g->v[i].target);
	}
	return rc;
}

/* A share of a part's samples: those of some targets; of one target alone, perhaps of some vantage points only. */
struct share {
	uint32_t low, high;    /* ranks of targets, the end not included */
	uint32_t every, which; /* vantage points whose rank modulo `every` is `which` */
};

static bool in_share(const struct share *s, const struct sample *x)
{
	return x->target >= s->low && x->target < s->high && x->vp % s->every == s->which;
}

/* Reads so many samples from a place in a part into buf. */
static int read_samples(
	const struct part *p, uint64_t from, struct sample *buf, size_t n, struct err_msg *why)
{
	size_t have = 0, want = n * sizeof(*buf);

	while (have < want) {
		ssize_t got =
			pread(p->fd, (char *)buf + have, want - have, (off_t)(from * sizeof(*buf) + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(
				why, ERR_IO, "scratch file: %s", got < 0 ? strerror(errno) : "cut short");
		have += (size_t)got;
	}
	return 0;
}

static int load(struct gather *g, const struct part *p, const struct share *s, struct err_msg *why)
{
	struct sample *buf = malloc(BATCH * sizeof(*buf));
	int rc = buf ? 0 : err_set(why, ERR_NOMEM, "out of memory");

	g->n = 0;
	for (uint64_t at = 0; rc == 0 && at < p->n; at += BATCH) {
		size_t n = p->n - at < BATCH ? (size_t)(p->n - at) : BATCH, cap = g->cap;

		rc = read_samples(p, at, buf, n, why);
		if (rc == 0 && vec_reserve(&g->v, &g->cap, g->n + n) < 0)
			rc = err_set(why, ERR_NOMEM, "out of memory for %zu samples", g->n + n);
		if (g->cap > cap) {
			free(g->other);
			g->other = NULL;
		}
		for (size_t i = 0; rc == 0 && i < n; i++) {
			put_ranks(g, &buf[i]);
			if (in_share(s, &buf[i]))
				g->v[g->n++] = buf[i];
		}
	}
	free(buf);
	return rc < 0 ? rc : sort(g, s->low, s->high, why);
}

/* From rank `low` on, as many targets below `end` as fit the memory, and at least one. */
static struct share next_share(const struct gather *g, uint32_t low, uint32_t end)
{
	uint64_t n = g->met[g->target_of[low]].samples;
	struct share s = {.low = low, .high = low + 1, .every = 1 + (uint32_t)(n / g->limits.samples)};

	while (s.high < end && n + g->met[g->target_of[s.high]].samples <= g->limits.samples)
		n += g->met[g->target_of[s.high++]].samples;
	return s;
}

static int walk_part(struct gather *g, const struct part *p, uint32_t low, uint32_t end,
	const struct gather_walk *w, struct err_msg *why)
{
	int rc = 0;

	while (rc == 0 && low < end) {
		struct share s = next_share(g, low, end);

		for (; rc == 0 && s.which < s.every; s.which++) {
			rc = load(g, p, &s, why);
			if (rc == 0)
				rc = call_pairs(g, w, s.every == 1);
		}
		if (rc == 0 && s.every > 1)
			rc = w->target(w->arg, low);
		low = s.high;
	}
	return rc;
}

static int walk_memory(struct gather *g, const struct gather_walk *w, struct err_msg *why)
{
	int rc = 0;

	if (!g->sorted) {
		for (size_t i = 0; i < g->n; i++)
			put_ranks(g, &g->v[i]);
		rc = sort(g, 0, (uint32_t)g->targets.n, why);
		g->sorted = true;
		free(g->other);
		g->other = NULL;
	}
	return rc < 0 ? rc : call_pairs(g, w, true);
}

int gather_finish(struct gather *g, struct err_msg *why)
{
	int rc = rank(g, why);

	return rc == 0 && g->n_parts > 0 ? spill(g, why) : rc;
}

int gather_walk(struct gather *g, const struct gather_walk *w, struct err_msg *why)
{
	uint32_t low = 0;
	int rc = 0;

	if (g->n_parts == 0)
		return walk_memory(g, w, why);
	for (size_t i = 0; rc == 0 && i < g->n_parts; i++) {
		uint32_t end = low;

		while (end < g->targets.n && g->met[g->target_of[end]].part == i)
			end++;
		rc = walk_part(g, &g->parts[i], low, end, w, why);
		low = end;
	}
	return rc;
}
