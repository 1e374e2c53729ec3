#include "report/infer.h"

#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "data/json_text.h"
#include "data/run.h"
#include "infer/fuse.h"

enum { LISTED = 16, UNTRUSTED_SHOWN = 4 };

void infer_report_free(struct infer_report *r)
{
	free(r->v);
	free(r->told);
}

/* --- collecting --- */

static int begin_target(struct infer_report *r, const struct site_row *row)
{
	if (vec_reserve(&r->v, &r->cap, r->n + 1) < 0)
		return ERR_NOMEM;
	r->v[r->n] =
		(struct infer_target){.addr = row->target, .service = row->service, .verdict = row->verdict};
	if (r->n < INFER_DETAILED)
		(void)snprintf(r->evidence[r->n], INFER_EVIDENCE_MAX, "%s", row->evidence);
	r->n++;
	return 0;
}

static void tell_place(struct infer_told *t, const struct site_row *row)
{
	if (isnan(row->lat))
		(void)snprintf(t->place, sizeof(t->place), "not placed");
	else if (*row->city)
		(void)snprintf(t->place, sizeof(t->place), "%s%s%s", row->city, *row->country ? ", " : "",
			row->country);
	else
		(void)snprintf(t->place, sizeof(t->place), "%.2f,%.2f", row->lat, row->lon);
}

static int tell(struct infer_report *r, const struct site_row *row)
{
	const char *sure = row->confidence ? rules_confidence_name(row->confidence) : "";
	struct infer_told *t;

	if (vec_reserve(&r->told, &r->cap_told, r->n_told + 1) < 0)
		return ERR_NOMEM;
	t = &r->told[r->n_told++];
	*t = (struct infer_told){.target = r->n - 1};
	(void)snprintf(t->site, sizeof(t->site), "%s", row->site);
	tell_place(t, row);
	if (!isnan(row->weight_share))
		(void)snprintf(t->share, sizeof(t->share), "%.1f %%", 100 * row->weight_share);
	(void)snprintf(t->vps, sizeof(t->vps), "%u", row->vps);
	if (row->rtt_min_ns >= 0)
		(void)snprintf(t->rtt, sizeof(t->rtt), "%.3f", (double)row->rtt_min_ns / 1e6);
	(void)snprintf(
		t->known, sizeof(t->known), "%s%s%s", site_method_name(row->method), *sure ? ", " : "", sure);
	return 0;
}

int infer_report_site(struct infer_report *r, const struct site_row *row)
{
	struct infer_target *t = r->n > 0 ? &r->v[r->n - 1] : NULL;

	if ((!t || !addr_equal(&t->addr, &row->target)) && begin_target(r, row) < 0)
		return ERR_NOMEM;
	if (!*row->site)
		return 0;
	t = &r->v[r->n - 1];
	t->sites++;
	t->placed += isnan(row->lat) ? 0 : 1;
	t->likely += strstr(row->evidence, FUSE_LIKELY) != NULL;
	return r->n <= INFER_DETAILED && t->sites <= INFER_TOLD ? tell(r, row) : 0;
}

int infer_report_vp(struct infer_report *r, const struct catchment_row *row)
{
	struct infer_target *t = &r->v[r->n - 1];

	t->states[row->state]++;
	t->weight += row->state == VP_SITE ? row->weight : 0;
	return 0;
}

/* --- for people --- */

static const char *const columns[] = {"SITE", "PLACE", "VPS", "SHARE", "MIN ms", "KNOWN BY"};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static uint32_t vps_of(const struct infer_target *t)
{
	uint32_t n = 0;

	for (int s = VP_SITE; s < VP_STATES; s++)
		n += t->states[s];
	return n;
}

/* "anycast  k.root-servers.net 193.0.14.129: 12 sites, 11 placed; 187 of 200 vantage points know theirs" */
static void say_target(FILE *out, const struct infer_target *t)
{
	char addr[ADDR_TEXT_LEN];

	(void)fprintf(out, "%-8s %s%s%s: ", site_verdict_name(t->verdict), t->service, *t->service ? " " : "",
		addr_text(&t->addr, addr));
	if (t->sites == 0)
		(void)fprintf(out, "no site");
	else
		(void)fprintf(out, "%u site%s", t->sites - t->likely, t->sites - t->likely == 1 ? "" : "s");
	if (t->likely > 0)
		(void)fprintf(out, " and %u likely", t->likely);
	if (t->sites > 0)
		(void)fprintf(out, ", %u placed", t->placed);
	(void)fprintf(out, "; %u of %u vantage points in state site\n", t->states[VP_SITE], vps_of(t));
}

static int say_sites(FILE *out, const struct infer_report *r, size_t target)
{
	struct libscols_table *t = scols_new_table();
	int rc = 0;

	for (size_t i = 0; t && i < COLUMNS; i++)
		(void)scols_table_new_column(t, columns[i], 0, i >= 2 && i < 5 ? SCOLS_FL_RIGHT : 0);
	for (const struct infer_told *k = r->told; t && k < r->told + r->n_told; k++) {
		const char *const fields[COLUMNS] = {k->site, k->place, k->vps, k->share, k->rtt, k->known};
		struct libscols_line *line = k->target == target ? scols_table_new_line(t, NULL) : NULL;

		for (size_t i = 0; line && i < COLUMNS; i++)
			(void)scols_line_set_data(line, i, fields[i]);
	}
	if (t && !scols_table_is_empty(t)) {
		(void)scols_table_set_stream(t, out);
		rc = scols_print_table(t) < 0 ? ERR_IO : 0;
	}
	scols_unref_table(t);
	return t ? rc : ERR_NOMEM;
}

static int say_detailed(FILE *out, const struct infer_report *r, size_t i)
{
	const struct infer_target *t = &r->v[i];
	int rc;

	say_target(out, t);
	(void)fprintf(out, "because  %s\n", r->evidence[i]);
	rc = say_sites(out, r, i);
	if (t->sites > INFER_TOLD)
		(void)fprintf(out, "         and %u more in sites.csv\n", t->sites - INFER_TOLD);
	return rc;
}

static void say_targets(FILE *out, const struct infer_report *r)
{
	uint32_t verdicts[SITES_VERDICTS] = {0};

	for (size_t i = 0; i < r->n; i++) {
		verdicts[r->v[i].verdict]++;
		if (i < LISTED)
			say_target(out, &r->v[i]);
	}
	if (r->n > LISTED)
		(void)fprintf(out,
			"         and %zu more in sites.csv: in all %u anycast, %u unicast, %u unknown\n",
			r->n - LISTED, verdicts[SITES_ANYCAST], verdicts[SITES_UNICAST],
			verdicts[SITES_UNKNOWN]);
}

static void say_states(FILE *out, const struct infer_report *r)
{
	uint64_t states[VP_STATES] = {0};
	const char *comma = "";

	for (size_t i = 0; i < r->n; i++)
		for (int s = 0; s < VP_STATES; s++)
			states[s] += r->v[i].states[s];
	(void)fprintf(out, "states   ");
	for (int s = VP_SITE; s < VP_STATES; s++) {
		if (states[s] == 0)
			continue;
		(void)fprintf(out, "%s%s %" PRIu64, comma, vp_state_name((enum vp_state)s), states[s]);
		comma = ", ";
	}
	(void)fprintf(out, " (of vantage points at targets)\n");
}

static void say_trust(FILE *out, const struct infer_report *r)
{
	for (size_t i = 0; i < r->n_untrusted && i < UNTRUSTED_SHOWN; i++)
		(void)fprintf(out, "%s %s %s\n", i == 0 ? "left out" : "        ", r->untrusted[i].vp,
			r->untrusted[i].reason);
	if (r->n_untrusted > UNTRUSTED_SHOWN)
		(void)fprintf(out, "         and %zu more in trust.csv\n", r->n_untrusted - UNTRUSTED_SHOWN);
}

int infer_text(FILE *out, const struct infer_report *r)
{
	size_t files = 0;
	int rc = 0;

	for (size_t i = 0; i < r->n_inputs; i++)
		files += r->inputs[i].rows > 0;
	if (r->n <= INFER_DETAILED)
		for (size_t i = 0; rc == 0 && i < r->n; i++)
			rc = say_detailed(out, r, i);
	else
		say_targets(out, r);
	say_states(out, r);
	say_trust(out, r);
	(void)fprintf(out, "read     %" PRIu64 " rows of %zu vantage points", r->rows, r->vps);
	if (r->unplaced_vps > 0)
		(void)fprintf(out, " (%zu without a place: identities only)", r->unplaced_vps);
	(void)fprintf(out, " in %zu file%s, %zu identities", files, files == 1 ? "" : "s", r->identities);
	if (r->faults > 0)
		(void)fprintf(out, "; %zu warning%s above", r->faults, r->faults == 1 ? "" : "s");
	(void)fprintf(out, "\nwrote    %s: sites.csv catchment.csv trust.csv infer.json\n", r->run);
	return rc;
}

/* --- for programs --- */

static json_t *json_target(const struct infer_target *t)
{
	char addr[ADDR_TEXT_LEN];
	json_t *states = json_object();

	for (int s = VP_SITE; s < VP_STATES; s++)
		(void)json_object_set_new(
			states, vp_state_name((enum vp_state)s), json_integer(t->states[s]));
	return json_pack("{s:s, s:o, s:s, s:i, s:i, s:i, s:o}", "target", addr_text(&t->addr, addr),
		"service", json_text(t->service), "verdict", site_verdict_name(t->verdict), "sites",
		(int)t->sites, "likely", (int)t->likely, "placed", (int)t->placed, "states", states);
}

static json_t *json_untrusted(const struct infer_report *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n_untrusted; i++)
		(void)json_array_append_new(all, json_pack("{s:o, s:o}", "vp", json_text(r->untrusted[i].vp),
							 "reason", json_text(r->untrusted[i].reason)));
	return all;
}

static json_t *json_options(const struct infer_report *r)
{
	const struct sites_options *o = r->options;

	return json_pack("{s:f, s:i, s:f, s:f, s:f}", "km_per_ms", o->km_per_ms, "min_vps", (int)o->vps_min,
		"place_latency", o->place_latency, "place_label", o->place_label, "trust", r->trust);
}

/* Jansson takes no NULL: a member that is missing makes the whole fail. */
static char *dump_as(json_t *j, size_t flags)
{
	char *text = j ? json_dumps(j, flags) : NULL;

	json_decref(j);
	return text;
}

static char *dump(json_t *j)
{
	return dump_as(j, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
}

int infer_json(FILE *out, const struct infer_report *r)
{
	json_t *targets = json_array();
	char *text;

	for (size_t i = 0; i < r->n; i++)
		(void)json_array_append_new(targets, json_target(&r->v[i]));
	text = dump(json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "run", json_text(r->run), "targets", targets,
		"untrusted", json_untrusted(r), "vps", (json_int_t)r->vps, "rows", (json_int_t)r->rows,
		"warnings", (json_int_t)r->faults));
	if (!text)
		return ERR_NOMEM;
	(void)fprintf(out, "%s\n", text);
	free(text);
	return 0;
}

/* As a JSON string; most are nothing but themselves in quotes. */
static int put_string(FILE *out, const char *text)
{
	char *escaped = NULL;

	for (const char *at = text; !escaped && *at; at++)
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') {
			escaped = dump_as(json_text(text), JSON_ENCODE_ANY);
			if (!escaped)
				return ERR_NOMEM;
		}
	(void)fprintf(out, escaped ? "%s" : "\"%s\"", escaped ? escaped : text);
	free(escaped);
	return 0;
}

/* Inputs may be thousands, and as members of a tree they take as long to write as their rows take to read. */
static int put_inputs(FILE *out, const struct infer_report *r)
{
	for (size_t i = 0; i < r->n_inputs; i++) {
		const struct infer_input *in = &r->inputs[i];

		(void)fprintf(out, "%s\n    {\n      \"file\": ", i > 0 ? "," : "");
		if (put_string(out, in->path) < 0)
			return ERR_NOMEM;
		(void)fprintf(out, ",\n      \"sha256\": \"%s\"", in->sha256);
		if (in->rows > 0)
			(void)fprintf(out, ",\n      \"rows\": %" PRIu64, in->rows);
		(void)fputs("\n    }", out);
	}
	return 0;
}

/* The whole file; NULL without memory. */
static char *compose(const struct infer_report *r, size_t *n)
{
	json_t *argv = json_array();
	char *head, *text = NULL;
	FILE *out;
	int rc;

	for (int i = 0; i < r->argc; i++)
		(void)json_array_append_new(argv, json_text(r->argv[i]));
	head = dump(json_pack(
		"{s:s, s:o, s:o}", "version", CATCHMAP_VERSION, "argv", argv, "thresholds", json_options(r)));
	out = head ? open_memstream(&text, n) : NULL;
	if (!out) {
		free(head);
		return NULL;
	}
	/* All but the end of the object, to which one member is added. */
	(void)fprintf(out, "%.*s,\n  \"inputs\": [", (int)(strlen(head) - strlen("\n}")), head);
	rc = put_inputs(out, r);
	(void)fputs("\n  ]\n}\n", out);
	free(head);
	if (fclose(out) == 0 && rc == 0)
		return text;
	free(text);
	return NULL;
}

int infer_store(const struct infer_report *r, struct err_msg *why)
{
	char path[PATH_MAX], *text;
	size_t n = 0;
	int rc = run_path(r->run, "infer", ".json", path, why);

	if (rc < 0)
		return rc;
	text = compose(r, &n);
	rc = text ? file_replace(path, text, n, why) : err_set(why, ERR_NOMEM, "infer.json: out of memory");
	free(text);
	return rc;
}
