#include "report/page.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/table.h"
#include "report/html.h"

struct reading {
	struct page_run *run;
	const char *inferred; /* the folder with what infer wrote */
	struct intern *names;
	struct err_msg *why;
};

static int nomem(struct reading *r)
{
	return err_set(r->why, ERR_NOMEM, "%s: out of memory", r->run->path);
}

static int name_of(struct reading *r, const char *text, uint32_t *id)
{
	int64_t got = intern_put(r->names, text, strlen(text));

	*id = (uint32_t)got;
	return got < 0 ? nomem(r) : 0;
}

/* --- the files of tables --- */

/* Calls `take` for each row of RUN/NAME, if there is such a file. */
static int read_table(struct reading *r, const char *name, const struct table *t, void *row,
	int (*take)(struct reading *r, const void *row))
{
	static const char *const suffixes[] = {"", ".zst", ".gz"};
	struct table_reader rd;
	struct csv *c = NULL;
	char path[PATH_MAX];
	int rc;

	for (size_t i = 0; !c && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", r->inferred, name, suffixes[i]);
		if (access(path, F_OK) == 0 && !(c = csv_open(path, r->why)))
			return ERR_PARSE;
	}
	if (!c)
		return 0;
	rc = table_reader_init(&rd, t, c, r->why);
	while (rc == 0 && (rc = csv_next(c, r->why)) > 0) {
		rc = table_read(&rd, c, row, r->why);
		if (rc == 0)
			rc = take(r, row);
	}
	csv_close(c);
	return rc;
}

/* The files may have changed since the set was read: what the set does not know is passed over. */
static struct page_row *row_of(struct reading *r, const struct addr *a, uint32_t vp)
{
	const struct catchment_set *s = &r->run->set;
	uint32_t target = catchment_set_target(s, a);
	size_t low, high, end;

	if (target == CATCHMENT_NONE)
		return NULL;
	low = s->targets[target].first_row;
	high = end = low + s->targets[target].n_rows;
	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (s->rows[at].vp < vp)
			low = at + 1;
		else
			high = at;
	}
	return low < end && s->rows[low].vp == vp ? &r->run->rows[low] : NULL;
}

static int take_row(struct reading *r, const void *row)
{
	const struct catchment_row *c = row;
	uint32_t vp, nearest;
	struct page_row *at;

	if (name_of(r, c->vp, &vp) < 0 || name_of(r, c->nearest_site, &nearest) < 0)
		return ERR_NOMEM;
	at = row_of(r, &c->target, vp);
	if (at)
		*at = (struct page_row){.distance_km = c->distance_km,
			.nearest_km = c->nearest_km,
			.nearest = nearest,
			.sent = c->sent,
			.received = c->received,
			.sites_seen = c->sites_seen,
			.confidence = (int)c->confidence};
	return 0;
}

static struct page_site *site_of(struct reading *r, const struct addr *a, uint32_t key)
{
	const struct catchment_set *s = &r->run->set;
	uint32_t target = catchment_set_target(s, a);
	size_t n = target == CATCHMENT_NONE ? 0 : s->targets[target].n_sites;

	for (size_t i = 0; i < n; i++)
		if (s->sites[s->targets[target].first_site + i].key == key)
			return &r->run->sites[s->targets[target].first_site + i];
	return NULL;
}

static int take_site(struct reading *r, const void *row)
{
	const struct site_row *c = row;
	struct page_site *at;
	uint32_t key, evidence;

	if (name_of(r, c->site, &key) < 0 || name_of(r, c->evidence, &evidence) < 0)
		return ERR_NOMEM;
	at = site_of(r, &c->target, key);
	if (at)
		*at = (struct page_site){(int)c->verdict, (int)c->confidence, evidence};
	return 0;
}

static int take_trust(struct reading *r, const void *row)
{
	const struct trust_row *t = row;

	if (strcmp(t->trusted, "no") != 0)
		return 0;
	if (json_array_append_new(
		    r->run->trust, json_pack("{s:o, s:o, s:i, s:i}", "vp", html_text(t->vp, strlen(t->vp)),
					   "reason", html_text(t->reason, strlen(t->reason)), "conflicts",
					   (int)t->conflicts, "targets", (int)t->targets)) < 0)
		return nomem(r);
	return 0;
}

/* --- what the probers say of themselves --- */

static const char meta_suffix[] = ".meta.json";

static int is_meta(const struct dirent *e)
{
	size_t n = strlen(e->d_name), len = sizeof(meta_suffix) - 1;

	return n > len && strcmp(e->d_name + n - len, meta_suffix) == 0;
}

/* Sums over all probers. */
struct quality {
	json_int_t files, sent, captured, dropped, ifdropped;
	json_t *odd; /* those of whom something is to be told */
	json_t *first;
};

static json_int_t count_of(const json_t *meta, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(meta, "counts"), key));
}

static void add_odd(struct quality *q, const json_t *meta)
{
	const json_t *clock = json_object_get(meta, "clock");
	json_t *vp = json_object_get(meta, "vp"), *ended = json_object_get(meta, "ended");
	json_int_t dropped = count_of(meta, "dropped") + count_of(meta, "ifdropped");
	json_int_t steps = json_integer_value(json_object_get(clock, "steps"));
	bool adrift = json_is_false(json_object_get(clock, "synchronized"));
	bool cut = json_is_null(json_object_get(meta, "end"));

	if (dropped == 0 && steps == 0 && !adrift && !cut)
		return;
	(void)json_array_append_new(
		q->odd, json_pack("{s:O?, s:O?, s:I, s:I, s:I, s:b, s:b}", "vp", vp, "ended", ended,
				"dropped", dropped, "captured", count_of(meta, "captured"), "steps", steps,
				"adrift", adrift, "cut", cut));
}

static void add_quality(struct quality *q, json_t *meta)
{
	q->files++;
	q->sent += count_of(meta, "sent");
	q->captured += count_of(meta, "captured");
	q->dropped += count_of(meta, "dropped");
	q->ifdropped += count_of(meta, "ifdropped");
	add_odd(q, meta);
	if (!q->first)
		q->first = json_incref(meta);
}

static json_t *quality_json(struct quality *q)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:O?, s:O?, s:O?}", "files", q->files, "sent",
		q->sent, "captured", q->captured, "dropped", q->dropped, "ifdropped", q->ifdropped, "odd",
		q->odd, "probes", json_object_get(q->first, "probes"), "question",
		json_object_get(q->first, "question"), "stamps", json_object_get(q->first, "stamps"));
}

static void read_meta(struct reading *r, struct quality *q, const char *name, vantage_complain *complain)
{
	char path[PATH_MAX];
	json_error_t error;
	json_t *meta;

	(void)snprintf(path, sizeof(path), "%s/%s", r->run->path, name);
	meta = json_load_file(path, 0, &error);
	if (meta) {
		add_quality(q, meta);
	} else {
		(void)err_set(r->why, ERR_PARSE, "%s:%d:%d: %s: left out", path, error.line, error.column,
			error.text);
		complain(NULL, r->why->text);
	}
	json_decref(meta);
}

static int read_quality(struct reading *r, vantage_complain *complain)
{
	struct quality q = {.odd = json_array()};
	struct dirent **found = NULL;
	int n = scandir(r->run->path, &found, is_meta, alphasort);

	for (int i = 0; i < n; i++) {
		read_meta(r, &q, found[i]->d_name, complain);
		free(found[i]);
	}
	free(found);
	r->run->quality = quality_json(&q);
	json_decref(q.first);
	return r->run->quality ? 0 : nomem(r);
}

/* --- all --- */

static int read_beside(struct reading *r)
{
	struct catchment_row row;
	struct site_row site;
	struct trust_row trust;
	struct page_run *p = r->run;

	p->rows = calloc(p->set.n_rows + 1, sizeof(*p->rows));
	p->sites = calloc(p->set.n_sites + 1, sizeof(*p->sites));
	p->trust = json_array();
	if (!p->rows || !p->sites || !p->trust)
		return nomem(r);
	if (read_table(r, "catchment.csv", &catchment_table, &row, take_row) < 0 ||
		read_table(r, "sites.csv", &site_table, &site, take_site) < 0)
		return ERR_PARSE;
	return read_table(r, "trust.csv", &trust_table, &trust, take_trust);
}

int page_run_read(struct page_run *p, struct intern *names, const char *path, const char *inferred,
	vantage_complain *complain, struct err_msg *why)
{
	struct reading r = {p, inferred, names, why};
	char places[PATH_MAX];
	int rc;

	*p = (struct page_run){.path = path};
	rc = catchment_set_read_beside(&p->set, names, path, inferred, why);
	if (rc < 0)
		return rc;
	if (!p->set.folder)
		return err_set(why, ERR_PARSE, "%s: not the folder of a run", path);
	if (strcmp(path, inferred) == 0)
		r.inferred = p->set.folder;
	p->path = p->set.folder;
	rc = read_beside(&r);
	if (rc == 0)
		rc = read_quality(&r, complain);
	(void)snprintf(places, sizeof(places), "%s/vantage.csv", p->path);
	if (rc == 0 && access(places, F_OK) == 0)
		rc = vantage_read(p->path, &p->places, complain, NULL, why);
	return rc == ERR_PARTIAL ? 0 : rc;
}

void page_run_free(struct page_run *p)
{
	catchment_set_free(&p->set);
	vantage_list_free(&p->places);
	free(p->rows);
	free(p->sites);
	json_decref(p->trust);
	json_decref(p->quality);
	*p = (struct page_run){.path = NULL};
}
