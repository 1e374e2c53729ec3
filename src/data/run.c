#include "data/run.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "data/json_text.h"

enum { EXACT_IN_DOUBLE_BITS = 53 };

static int make_folder(const char *path, struct err_msg *why)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return err_set(why, err_from_errno(errno), "%s: %s", path, strerror(errno));
}

int run_make(const char *run, struct err_msg *why)
{
	char *path = strdup(run);
	int rc = 0;

	if (!path)
		return err_set(why, ERR_NOMEM, "%s: out of memory", run);
	for (size_t i = 1; rc == 0 && run[0] && run[i]; i++) {
		if (run[i] != '/')
			continue;
		path[i] = '\0';
		rc = make_folder(path, why);
		path[i] = '/';
	}
	if (rc == 0)
		rc = make_folder(run, why);
	free(path);
	return rc;
}

int run_path(const char *run, const char *vp, const char *suffix, char out[static 4096], struct err_msg *why)
{
	int n = snprintf(out, 4096, "%s/%s%s", run, vp, suffix);

	if (n < 0 || n >= 4096)
		return err_set(why, ERR_RANGE, "the path of the run is too long");
	return 0;
}

static json_t *json_count(uint64_t v)
{
	char digits[24];

	if (v <= UINT64_C(1) << EXACT_IN_DOUBLE_BITS)
		return json_integer((json_int_t)v);
	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
	return json_string(digits);
}

static json_t *json_hex(uint64_t v)
{
	char digits[20];

	(void)snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)v);
	return json_string(digits);
}

static json_t *json_seconds(int64_t ns)
{
	return json_real((double)ns / (double)NS_PER_S);
}

static json_t *json_time(struct wall t)
{
	char text[CLOCK_TEXT_LEN];

	return t.ns ? json_string(clock_text(t, text)) : json_null();
}

static json_t *json_addr(const struct addr *a)
{
	char text[ADDR_TEXT_LEN];

	return a->family ? json_string(addr_text(a, text)) : json_null();
}

static json_t *json_argv(const struct run_meta *m)
{
	json_t *j = json_array();

	for (int i = 0; i < m->argc; i++)
		(void)json_array_append_new(j, json_text(m->argv[i]));
	return j;
}

static json_t *json_flows(const struct run_meta *m)
{
	json_t *j = json_array();

	for (size_t i = 0; i < m->n_flows; i++) {
		const struct run_flow *f = &m->flows[i];

		(void)json_array_append_new(
			j, json_pack("{s:i, s:i, s:i, s:i, s:I}", "flow", f->flow, "port", f->port, "icmp_id",
				   f->icmp_id, "icmp_checksum", f->icmp_checksum, "flow_label",
				   (json_int_t)f->flow_label));
	}
	return j;
}

static json_t *json_egress(const struct run_meta *m)
{
	json_t *j = json_array();

	for (size_t i = 0; i < m->n_egresses; i++) {
		const struct run_egress *e = &m->egresses[i];

		(void)json_array_append_new(
			j, json_pack("{s:o, s:o, s:o}", "interface", json_text(e->interface), "source",
				   json_addr(&e->source), "gateway", json_addr(&e->gateway)));
	}
	return j;
}

static json_t *json_counts(const struct run_counts *c)
{
	const struct {
		const char *name;
		uint64_t v;
	} counts[] = {{"scheduled", c->scheduled}, {"sent", c->sent}, {"rows", c->rows},
		{"captured", c->captured}, {"dropped", c->dropped}, {"ifdropped", c->ifdropped},
		{"matched", c->matched}, {"unmatched", c->unmatched}, {"malformed", c->malformed},
		{"late", c->late}, {"duplicate", c->duplicate}, {"behind", c->behind}};
	json_t *j = json_object(), *outcome = json_object();

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		(void)json_object_set_new(j, counts[i].name, json_count(counts[i].v));
	for (enum outcome o = OUTCOME_REPLY; o < OUTCOMES; o++)
		(void)json_object_set_new(outcome, outcome_name(o), json_count(c->outcome[o]));
	(void)json_object_set_new(j, "outcome", outcome);
	return j;
}

static json_t *json_meta(const struct run_meta *m)
{
	const struct {
		const char *key;
		json_t *value;
	} members[] = {
		{"version", json_string(CATCHMAP_VERSION)},
		{"argv", json_argv(m)},
		{"vp", json_text(m->vp)},
		{"seed", json_count(m->seed)},
		{"schedule", json_hex(m->schedule)},
		{"start", json_time(m->start)},
		{"end", json_time(m->end)},
		{"targets_file", m->targets_path ? json_text(m->targets_path) : json_null()},
		{"targets_sha256", m->targets_sha256[0] ? json_string(m->targets_sha256) : json_null()},
		{"targets", json_count(m->targets)},
		{"rate_pps", json_real(m->rate_pps)},
		{"timeout_s", json_seconds(m->timeout_ns)},
		{"linger_s", json_seconds(m->linger_ns)},
		{"gap_s", json_seconds(m->gap_ns)},
		{"every_s", json_seconds(m->every_ns)},
		{"rounds", json_count(m->rounds)},
		{"probes", json_text(m->probes)},
		{"question", json_text(m->question)},
		{"stamps", json_text(m->stamps)},
		{"contact", json_text(m->contact)},
		{"dscp", json_count(m->dscp)},
		{"flows", json_flows(m)},
		{"egress", json_egress(m)},
		{"clock", json_pack("{s:b, s:I}", "synchronized", m->clock_synchronized, "steps",
				  (json_int_t)m->clock_steps)},
		{"resumed", json_count(m->resumed)},
		{"counts", json_counts(&m->counts)},
		{"ended", json_text(m->ended)},
	};
	json_t *j = json_object();
	bool whole = j != NULL;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		whole = json_object_set_new(j, members[i].key, members[i].value) == 0 && whole;
	if (whole)
		return j;
	json_decref(j);
	return NULL;
}

int run_meta_store(const char *run, const struct run_meta *m, struct err_msg *why)
{
	json_t *j = json_meta(m);
	char *text = j ? json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL, *line = NULL;
	char path[PATH_MAX];
	int n = text ? asprintf(&line, "%s\n", text) : -1, rc;

	rc = n < 0 ? err_set(why, ERR_NOMEM, "meta.json: out of memory")
		   : run_path(run, m->vp, ".meta.json", path, why);
	if (rc == 0)
		rc = file_replace(path, line, (size_t)n, why);
	if (n >= 0)
		free(line);
	free(text);
	json_decref(j);
	return rc;
}

static bool get_u64(const json_t *j, const char *key, int base, uint64_t *v)
{
	const json_t *value = json_object_get(j, key);
	const char *text = json_string_value(value);
	char *end;

	if (json_is_integer(value)) {
		*v = (uint64_t)json_integer_value(value);
		return json_integer_value(value) >= 0;
	}
	if (!text || !*text)
		return false;
	errno = 0;
	*v = strtoull(text, &end, base);
	return *end == '\0' && errno == 0;
}

int run_past_read(const char *path, struct run_past *p, struct err_msg *why)
{
	json_error_t e;
	json_t *j = json_load_file(path, 0, &e);
	const char *start = json_string_value(json_object_get(j, "start"));
	uint64_t resumed = 0;
	int rc = 0;

	*p = (struct run_past){0};
	if (!j && json_error_code(&e) == json_error_cannot_open_file)
		return err_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	if (!j)
		return err_set(why, ERR_PARSE, "%s:%d:%d: %s", path, e.line, e.column, e.text);
	if (!get_u64(j, "seed", 10, &p->seed) || !get_u64(j, "schedule", 16, &p->schedule) ||
		!get_u64(j, "resumed", 10, &resumed) || !start || clock_parse_text(start, &p->start) < 0)
		rc = err_set(why, ERR_PARSE,
			"%s: no seed, schedule, resumed and start: not of a run that can be "
			"gone on with",
			path);
	p->resumed = (uint32_t)resumed;
	p->every_ns = (int64_t)(json_number_value(json_object_get(j, "every_s")) * (double)NS_PER_S);
	p->running = !json_is_string(json_object_get(j, "end"));
	json_decref(j);
	return rc;
}
