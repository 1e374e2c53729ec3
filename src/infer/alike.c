#include "infer/alike.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".meta.json";

/* What a flow is made of (one of "flows" in meta.json), by key. */
static const char *const flow_keys[] = {"port", "icmp_id", "icmp_checksum", "flow_label"};

/* Two runs, each with the meta.json of one vantage point. */
struct pair {
	const char *run[2];
	json_t *meta[2];
	const char *vp;
	alike_warn *warn;
	void *arg;
	bool warned[2]; /* of question, of probes: once */
	struct err_msg *why;
};

static const json_t *flow_zero(const json_t *meta)
{
	const json_t *flows = json_object_get(meta, "flows"), *flow;
	size_t i;

	json_array_foreach(
		flows, i, flow) if (json_integer_value(json_object_get(flow, "flow")) == 0) return flow;
	return NULL;
}

static int differ(const struct pair *p, const char *key, const json_t *a, const json_t *b)
{
	return err_set(p->why, ERR_RANGE,
		"flow 0 of %s is not the same: %s is %lld in %s and %lld in %s: what load sharing does "
		"would look like a change; probe both with one --flow-base and --dscp",
		p->vp, key, json_integer_value(a), p->run[0], json_integer_value(b), p->run[1]);
}

static int check_key(const struct pair *p, const char *key, const json_t *in_a, const json_t *in_b)
{
	const json_t *a = json_object_get(in_a, key), *b = json_object_get(in_b, key);

	return a && b && !json_equal(a, b) ? differ(p, key, a, b) : 0;
}

static void warn_text(struct pair *p, size_t which, const char *key)
{
	const char *a = json_string_value(json_object_get(p->meta[0], key)),
		   *b = json_string_value(json_object_get(p->meta[1], key));
	char text[256];

	if (!a || !b || strcmp(a, b) == 0 || p->warned[which])
		return;
	p->warned[which] = true;
	(void)snprintf(text, sizeof(text), "%s of %s: %.60s before, %.60s now", key, p->vp, a, b);
	p->warn(p->arg, text);
}

static int check_metas(struct pair *p)
{
	const json_t *a = flow_zero(p->meta[0]), *b = flow_zero(p->meta[1]);

	for (size_t i = 0; a && b && i < sizeof(flow_keys) / sizeof(flow_keys[0]); i++)
		if (check_key(p, flow_keys[i], a, b) < 0)
			return ERR_RANGE;
	if (check_key(p, "dscp", p->meta[0], p->meta[1]) < 0)
		return ERR_RANGE;
	warn_text(p, 0, "question");
	warn_text(p, 1, "probes");
	return 0;
}

/* FOLDER/NAME as JSON; NULL when it is not there or is none: that was infer's to say. */
static json_t *load(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && n < PATH_MAX ? json_load_file(path, 0, NULL) : NULL;
}

static int check_vp(struct pair *p, const char *file)
{
	char name[NAME_MAX + 1];
	int rc = 0;

	(void)snprintf(name, sizeof(name), "%s", file);
	p->meta[0] = load(p->run[0], name);
	p->meta[1] = p->meta[0] ? load(p->run[1], name) : NULL;
	if (p->meta[1]) {
		name[strlen(name) - strlen(suffix)] = '\0';
		p->vp = name;
		rc = check_metas(p);
	}
	json_decref(p->meta[0]);
	json_decref(p->meta[1]);
	p->meta[0] = p->meta[1] = NULL;
	p->vp = NULL;
	return rc;
}

static int is_meta(const struct dirent *e)
{
	size_t n = strlen(e->d_name), end = strlen(suffix);

	return n > end && strcmp(e->d_name + n - end, suffix) == 0;
}

static int check_vps(struct pair *p)
{
	struct dirent **found = NULL;
	int n = scandir(p->run[0], &found, is_meta, alphasort), rc = 0;

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = check_vp(p, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return rc;
}

/* The digest of an input of infer, by the end of its path; NULL when infer.json does not name it. */
static const char *digest_of(const json_t *infer, const char *end)
{
	const json_t *input;
	size_t i, n = strlen(end);

	json_array_foreach(json_object_get(infer, "inputs"), i, input)
	{
		const char *file = json_string_value(json_object_get(input, "file"));
		size_t len = file ? strlen(file) : 0;

		if (len >= n && strcmp(file + len - n, end) == 0)
			return json_string_value(json_object_get(input, "sha256"));
	}
	return NULL;
}

int alike_check(const char *old_run, const char *new_run, alike_warn *warn, void *arg, struct err_msg *why)
{
	struct pair p = {.run = {old_run, new_run}, .warn = warn, .arg = arg, .why = why};

	return check_vps(&p);
}

void alike_rules(const char *old_run, const char *new_run, alike_warn *warn, void *arg)
{
	static const struct {
		const char *end, *what;
	} inputs[] = {{"/naming/rules.csv", "naming rules"}, {"/naming/tables.csv", "tables of codes"},
		{"/places.csv", "places"}};
	json_t *a = load(old_run, "infer.json"), *b = load(new_run, "infer.json");
	char text[128];

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		const char *x = digest_of(a, inputs[i].end), *y = digest_of(b, inputs[i].end);

		if (!x || !y || strcmp(x, y) == 0)
			continue;
		(void)snprintf(text, sizeof(text),
			"the runs were inferred with different %s: --reinfer reads both with those of today",
			inputs[i].what);
		warn(arg, text);
	}
	json_decref(a);
	json_decref(b);
}
