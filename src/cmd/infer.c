#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "data/run.h"
#include "data/run_files.h"
#include "data/sites.h"
#include "data/table_out.h"
#include "data/vantage.h"
#include "infer/fuse.h"
#include "infer/hubs.h"
#include "infer/trust.h"
#include "report/explain.h"
#include "report/infer.h"

/* What is read besides the run, in this order behind its files of rows. */
enum { RULES_FILE, TABLES_FILE, PLACES_FILE, LISTS_FILE, OTHER_FILES };
static const char *const others[OTHER_FILES] = {
	[RULES_FILE] = "naming/rules.csv",
	[TABLES_FILE] = "naming/tables.csv",
	[PLACES_FILE] = "places.csv",
	[LISTS_FILE] = "sites.csv",
};

/* Rounds of leaving out who contradicts the others; each looks at all targets. */
enum { TRUST_ROUNDS_MAX = 4 };

/* The files that are read, and their digests, which another thread makes once the rows are read: until then no core is idle. */
struct inputs {
	struct infer_input *v;
	size_t n, cap, n_rows; /* those of rows come first */
	pthread_t thread;
	bool running;
	_Atomic bool stop;
};

struct inferring {
	const struct options *o;
	const char *run;
	const char *into;   /* the folder of what is written */
	const char *wanted; /* what to explain, or NULL */
	struct run_files files;
	uint64_t *columns; /* of each file */
	struct inputs inputs;
	struct rules rules;
	struct target_list book;
	struct sites lists;
	struct hubs hubs;
	struct vantage_list vantage;
	struct gather *g;
	struct naming naming;
	struct tallies tallies;
	struct trust trust;
	struct sites_world *world;
	struct sites_options options;
	struct sites_vp *vps; /* by rank */
	const struct vantage **about;
	struct fuse fuse;
	struct explain explain;
	struct table_out *sites, *catchment;
	struct infer_report report;
	struct trust_row *untrusted;
	_Atomic bool hopeless;  /* nothing will come of it: what takes long need not go on */
	pthread_mutex_t saying; /* held for the two below */
	size_t faults;
	bool partial;
	size_t explained;
	struct err_msg why;
};

static void warn(void *arg, const char *text)
{
	struct inferring *d = arg;

	(void)pthread_mutex_lock(&d->saying);
	d->faults++;
	d->partial = true;
	command_warn(text);
	(void)pthread_mutex_unlock(&d->saying);
}

static int nomem(struct inferring *d)
{
	return err_set(&d->why, ERR_NOMEM, "out of memory");
}

/* --- digests --- */

static int add_input(struct inferring *d, char *path)
{
	struct inputs *in = &d->inputs;

	if (!path || vec_reserve(&in->v, &in->cap, in->n + 1) < 0) {
		free(path);
		return nomem(d);
	}
	in->v[in->n++] = (struct infer_input){.path = path};
	return 0;
}

static void *digest(void *arg)
{
	struct inputs *in = arg;
	struct err_msg why;

	for (size_t i = 0; i < in->n && !atomic_load(&in->stop); i++)
		if (!in->v[i].sha256[0] && hash_file_sha256(in->v[i].path, in->v[i].sha256, &why) < 0)
			in->v[i].sha256[0] = '\0';
	return NULL;
}

static void begin_digests(struct inferring *d)
{
	d->inputs.running = pthread_create(&d->inputs.thread, NULL, digest, &d->inputs) == 0;
}

/* Waits for the digests, or does without them. */
static void end_digests(struct inferring *d, bool wanted)
{
	atomic_store(&d->inputs.stop, !wanted);
	if (d->inputs.running)
		(void)pthread_join(d->inputs.thread, NULL);
	d->inputs.running = false;
}

static int add_input_in(struct inferring *d, const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? nomem(d) : add_input(d, path);
}

static int list_inputs(struct inferring *d, const char *folder)
{
	int rc = run_files_list(d->run, &d->files, &d->why);

	for (size_t i = 0; rc == 0 && i < d->files.n; i++)
		rc = add_input(d, strdup(d->files.v[i]));
	d->inputs.n_rows = d->inputs.n;
	for (size_t i = 0; rc == 0 && i < OTHER_FILES; i++)
		rc = add_input_in(d, folder, others[i]);
	return rc == 0 ? add_input_in(d, d->run, "vantage.csv") : rc;
}

/* --- what is known beforehand --- */

/* What another thread does meanwhile: the rules are read beside lists, vantage points and rows, and then the map of the world is
 * made; together they take longer than a thousand rows. */
struct meanwhile {
	struct inferring *d;
	void (*work)(struct meanwhile *m);
	struct meanwhile *before; /* what has to be done first, or NULL */
	const char *folder;
	int rc;
	struct err_msg why;
	pthread_t thread;
	bool running;
};

/* Waits for it. */
static int outcome(struct meanwhile *m)
{
	if (m->running)
		(void)pthread_join(m->thread, NULL);
	m->running = false;
	return m->rc;
}

static void *do_work(void *arg)
{
	struct meanwhile *m = arg;

	if (m->before && outcome(m->before) < 0) {
		m->rc = m->before->rc;
		m->why = m->before->why;
	} else {
		m->work(m);
	}
	/* Rows may be many, and of no use now. */
	if (m->rc < 0)
		atomic_store(&m->d->hopeless, true);
	return NULL;
}

static void begin(struct meanwhile *m)
{
	m->running = pthread_create(&m->thread, NULL, do_work, m) == 0;
	if (!m->running)
		(void)do_work(m);
}

/* Its result, when it is done; an error of one's own comes second. */
static int end(struct meanwhile *m, int rc)
{
	if (outcome(m) < 0)
		m->d->why = m->why;
	return m->rc < 0 ? m->rc : rc;
}

static void read_rules(struct meanwhile *m)
{
	m->rc = rules_read(&m->d->rules, m->folder, warn, m->d, &m->why) < 0 ? ERR_PARSE : 0;
}

static void make_world(struct meanwhile *m)
{
	struct inferring *d = m->d;

	d->world = sites_world_make(&d->rules.places, d->hubs.v, d->hubs.n);
	m->rc = d->world ? 0 : err_set(&m->why, ERR_NOMEM, "out of memory");
}

/* Targets, and who is known to have sites where. */
static int read_lists(struct inferring *d, const char *folder)
{
	const char *lists = d->inputs.v[d->inputs.n_rows + LISTS_FILE].path;
	int rc;

	for (size_t i = 0; i < d->o->n_targets; i++) {
		rc = target_read(&d->book, d->o->targets[i], warn, d, &d->why);
		if (rc == ERR_PARTIAL)
			warn(d, d->why.text);
		else if (rc < 0)
			return rc;
	}
	if (target_read_book(&d->book, folder, &d->why) == ERR_NOMEM)
		return ERR_NOMEM;
	/* They only make a guess better. */
	rc = sites_read(&d->lists, lists, &d->why);
	if (rc == ERR_NOMEM)
		return rc;
	if (rc < 0)
		warn(d, d->why.text);
	return hubs_of_lists(&d->hubs, &d->lists, &d->book) < 0 ? nomem(d) : 0;
}

static int read_vantage(struct inferring *d)
{
	int rc = vantage_read(d->run, &d->vantage, warn, d, &d->why);

	if (rc == ERR_NOMEM)
		return rc;
	/* The rest is inferred from identities alone. */
	if (rc < 0 && rc != ERR_PARTIAL)
		warn(d, d->why.text);
	return 0;
}

/* --- rows --- */

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

static void file_done(void *arg, size_t file, const struct gather_file *f, const struct err_msg *why)
{
	struct inferring *d = arg;

	d->inputs.v[file].rows = f->rows;
	d->columns[file] = f->columns;
	memcpy(d->inputs.v[file].sha256, f->sha256, sizeof(f->sha256));
	if (f->rc < 0)
		warn(d, why->text);
}

static int read_rows(struct inferring *d)
{
	const struct gather_limits limits = {.folder = d->into};
	const struct gather_reading reading = {.paths = d->files.v,
		.n = d->files.n,
		.threads = cores(),
		.has_meta = d->files.has_meta,
		.since = d->o->since,
		.until = d->o->until,
		.complain = warn,
		.done = file_done,
		.arg = d,
		.stop = &d->hopeless};
	int rc;

	d->g = gather_open(&limits);
	d->columns = calloc(d->files.n + 1, sizeof(*d->columns));
	if (!d->g || !d->columns)
		return nomem(d);
	rc = gather_files(d->g, &reading, &d->why);
	run_files_compare_columns(&d->files, d->columns, warn, d);
	if (rc == 0 && gather_rows(d->g) == 0)
		return err_set(&d->why, ERR_PARSE, "%s: not one good row%s", d->run,
			d->o->since.ns || d->o->until.ns ? " that was sent in this time" : "");
	return rc;
}

static int read_all(struct inferring *d, const char *folder)
{
	struct meanwhile rules = {.d = d, .work = read_rules, .folder = folder},
			 world = {.d = d, .work = make_world, .before = &rules};
	int rc;

	begin(&rules);
	rc = list_inputs(d, folder);
	if (rc == 0)
		rc = read_lists(d, folder);
	if (rc == 0)
		rc = read_vantage(d);
	if (rc < 0)
		return end(&rules, rc);
	begin(&world);
	rc = read_rows(d);
	return end(&world, rc);
}

static void set_vp(struct sites_vp *vp, const struct vantage *v)
{
	*vp = (struct sites_vp){.weight = v && v->weight > 0 ? v->weight : 1};
	if (!v || !v->has_place)
		return;
	vp->placed = true;
	vp->lat = v->lat_deg;
	vp->lon = v->lon_deg;
	vp->accuracy_km = v->accuracy_km;
	vp->at = geo_point_of(v->lat_deg, v->lon_deg);
}

static uint32_t day_of(uint32_t time_s)
{
	char text[CLOCK_TEXT_LEN];
	uint32_t day = 0;

	(void)clock_text((struct wall){(int64_t)time_s * NS_PER_S}, text);
	text[10] = '\0';
	return time_s && rules_parse_day(text, &day) ? day : 0;
}

static int prepare(struct inferring *d)
{
	size_t n = gather_vps(d->g);
	int rc = gather_finish(d->g, &d->why);

	if (rc < 0)
		return rc;
	d->vps = calloc(n + 1, sizeof(*d->vps));
	d->about = calloc(n + 1, sizeof(const struct vantage *));
	if (!d->vps || !d->about)
		return nomem(d);
	for (uint32_t i = 0; i < n; i++) {
		d->about[i] = vantage_find(&d->vantage, gather_vp(d->g, i));
		set_vp(&d->vps[i], d->about[i]);
		d->report.unplaced_vps += !d->vps[i].placed;
	}
	d->naming = (struct naming){.rules = &d->rules,
		.book = &d->book,
		.g = d->g,
		.day = d->o->day ? d->o->day : day_of(gather_first_s(d->g))};
	d->fuse = (struct fuse){.g = d->g,
		.naming = &d->naming,
		.tallies = &d->tallies,
		.places = &d->rules.places,
		.vps = d->vps,
		.about = d->about,
		.world = d->world,
		.options = &d->options};
	return 0;
}

/* --- walks over the targets --- */

static int take_pair(void *arg, const struct sample *s, size_t n)
{
	struct inferring *d = arg;

	if (d->tallies.n == 0) {
		struct addr target = gather_target(d->g, s->target);

		naming_begin(&d->naming, &target);
	}
	return tally_add(&d->tallies, &d->naming, s, n) < 0 ? nomem(d) : 0;
}

static void next_target(struct inferring *d)
{
	d->tallies.n = d->tallies.n_reach = 0;
}

/* What a target says of the vantage points. */
static int learn(void *arg, uint32_t target)
{
	struct inferring *d = arg;
	struct fuse *f = &d->fuse;

	if (fuse_problem(f, target) < 0 || sites_detect(&f->work, &f->problem, &f->found) < 0 ||
		trust_names(&d->trust, &f->problem) < 0)
		return nomem(d);
	sites_learn(d->vps, &f->problem, &f->found);
	next_target(d);
	return 0;
}

static int find_trusted(struct inferring *d)
{
	const struct gather_walk walk = {take_pair, learn, d};
	size_t fallen = 1;

	d->tallies.brief = true;
	for (int round = 0; fallen > 0 && round < TRUST_ROUNDS_MAX; round++) {
		int rc = trust_begin(&d->trust, d->vps, gather_vps(d->g));

		if (rc < 0)
			return nomem(d);
		rc = gather_walk(d->g, &walk, &d->why);
		if (rc < 0)
			return rc;
		fallen = trust_judge(&d->trust, d->vps, d->o->trust);
	}
	return 0;
}

static int put_site(void *arg, const struct site_row *row)
{
	struct inferring *d = arg;

	if (infer_report_site(&d->report, row) < 0)
		return nomem(d);
	return d->sites ? table_out_put(d->sites, row, &d->why) : 0;
}

static int put_vp(void *arg, const struct catchment_row *row)
{
	struct inferring *d = arg;

	if (infer_report_vp(&d->report, row) < 0)
		return nomem(d);
	return d->catchment ? table_out_put(d->catchment, row, &d->why) : 0;
}

static bool is_wanted(const struct inferring *d)
{
	char text[ADDR_TEXT_LEN];

	return strcmp(d->wanted, addr_text(&d->fuse.target, text)) == 0 ||
	       strcmp(d->wanted, d->naming.info->service) == 0;
}

static int infer_target(void *arg, uint32_t target)
{
	struct inferring *d = arg;
	const struct fuse_sink sink = {put_site, put_vp, d};
	int rc = fuse_problem(&d->fuse, target) < 0 ? nomem(d) : 0;

	if (rc == 0 && d->wanted && is_wanted(d) && explain_begin(&d->explain) < 0)
		rc = nomem(d);
	if (rc == 0 && (!d->wanted || is_wanted(d))) {
		d->why.text[0] = '\0';
		rc = fuse_rows(&d->fuse, &sink);
		if (rc == ERR_NOMEM && !*d->why.text)
			rc = nomem(d);
		if (rc == 0 && d->wanted)
			explain_result(&d->explain);
		d->explained++;
	}
	next_target(d);
	return rc;
}

static int infer_all(struct inferring *d)
{
	const struct gather_walk walk = {take_pair, infer_target, d};

	d->tallies.brief = false;
	return gather_walk(d->g, &walk, &d->why);
}

/* --- files --- */

static struct table_out *open_table(struct inferring *d, const struct table *t, const char *name)
{
	char path[PATH_MAX];

	if (run_path(d->into, name, ".csv", path, &d->why) < 0)
		return NULL;
	return table_out_open(t, path, &d->why);
}

static int close_table(struct inferring *d, struct table_out **o)
{
	struct table_out *closing = *o;

	*o = NULL;
	return table_out_commit(closing, &d->why);
}

static int write_trust(struct inferring *d)
{
	struct table_out *o = open_table(d, &trust_table, "trust");
	size_t n = gather_vps(d->g);
	int rc = o ? 0 : ERR_IO;

	d->untrusted = calloc(n + 1, sizeof(*d->untrusted));
	if (!d->untrusted)
		rc = nomem(d);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		const struct trust_vp *v = &d->trust.v[i];
		struct trust_row row = {gather_vp(d->g, i), d->vps[i].distrusted ? "no" : "yes", v->reason,
			v->conflicts, v->targets};

		if (d->vps[i].distrusted)
			d->untrusted[d->report.n_untrusted++] = row;
		rc = table_out_put(o, &row, &d->why);
	}
	if (rc == 0)
		return close_table(d, &o);
	table_out_drop(o);
	return rc;
}

static void fill_report(struct inferring *d)
{
	struct infer_report *r = &d->report;

	r->run = d->into;
	r->argc = d->o->argc;
	r->argv = d->o->argv;
	r->inputs = d->inputs.v;
	r->n_inputs = d->inputs.n;
	r->options = &d->options;
	r->trust = d->o->trust;
	r->untrusted = d->untrusted;
	r->vps = gather_vps(d->g);
	r->identities = gather_identities(d->g);
	r->rows = gather_rows(d->g);
	r->faults = d->faults;
}

static int write_files(struct inferring *d)
{
	int rc;

	d->sites = open_table(d, &site_table, "sites");
	d->catchment = d->sites ? open_table(d, &catchment_table, "catchment") : NULL;
	if (!d->catchment)
		return ERR_IO;
	rc = infer_all(d);
	if (rc == 0)
		rc = write_trust(d);
	if (rc < 0)
		return rc;
	end_digests(d, true);
	fill_report(d);
	if (close_table(d, &d->sites) < 0 || close_table(d, &d->catchment) < 0)
		return ERR_IO;
	/* The last one: it takes the names of all to the disk. */
	return infer_store(&d->report, &d->why);
}

static int explain(struct inferring *d)
{
	int rc;

	d->explain = (struct explain){.out = stdout, .fuse = &d->fuse};
	d->fuse.work.explain = explain_note;
	d->fuse.work.arg = &d->explain;
	rc = infer_all(d);
	if (rc == 0 && d->explained == 0)
		return err_set(&d->why, ERR_PARSE, "%s: no target is called '%s'", d->run, d->wanted);
	return rc;
}

static int say_all(struct inferring *d)
{
	if (d->o->quiet)
		return 0;
	return d->o->json ? infer_json(stdout, &d->report) : infer_text(stdout, &d->report);
}

/* --- the command --- */

static int run_all(struct inferring *d)
{
	char folder[PATH_MAX];
	int rc;

	if (!session_book_folder(folder))
		return err_set(&d->why, ERR_IO, "no naming rules: neither beside the program nor in %s",
			CATCHMAP_DATADIR);
	rc = d->o->output ? run_make(d->into, &d->why) : 0;
	if (rc == 0)
		rc = read_all(d, folder);
	if (rc == 0 && !d->wanted)
		begin_digests(d);
	if (rc == 0)
		rc = prepare(d);
	if (rc == 0)
		rc = find_trusted(d);
	if (rc == 0 && d->wanted)
		return explain(d);
	if (rc == 0)
		rc = write_files(d);
	return rc < 0 ? rc : say_all(d);
}

static int read_args(struct inferring *d)
{
	int want = d->o->explain ? 2 : 1;

	if (d->o->n_args != want)
		return err_set(&d->why, ERR_PARSE, "give one run%s (catchmap infer --help)",
			d->o->explain ? " behind --explain TARGET" : "");
	d->wanted = d->o->explain ? d->o->args[0] : NULL;
	d->run = d->o->args[want - 1];
	d->into = d->o->output ? d->o->output : d->run;
	if ((d->o->since.ns || d->o->until.ns) && !d->o->output && !d->wanted)
		return err_set(&d->why, ERR_PARSE,
			"--since and --until need -o FOLDER: what lies in %s is of the whole run", d->run);
	d->options = sites_defaults;
	d->options.vps_min = (uint32_t)d->o->min_vps;
	d->options.km_per_ms = d->o->speed;
	return 0;
}

static void free_all(struct inferring *d)
{
	end_digests(d, false);
	(void)pthread_mutex_destroy(&d->saying);
	table_out_drop(d->sites);
	table_out_drop(d->catchment);
	for (size_t i = 0; i < d->inputs.n; i++)
		free((void *)(uintptr_t)d->inputs.v[i].path);
	free(d->inputs.v);
	run_files_free(&d->files);
	free(d->columns);
	explain_free(&d->explain);
	fuse_free(&d->fuse);
	tallies_free(&d->tallies);
	naming_free(&d->naming);
	trust_free(&d->trust);
	gather_close(d->g);
	sites_world_free(d->world);
	hubs_free(&d->hubs);
	sites_free(&d->lists);
	vantage_list_free(&d->vantage);
	target_list_free(&d->book);
	rules_free(&d->rules);
	infer_report_free(&d->report);
	free(d->untrusted);
	free(d->vps);
	free(d->about);
	free(d);
}

static int run(const struct options *o)
{
	struct inferring *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return EXIT_PARTIAL;
	d->o = o;
	(void)pthread_mutex_init(&d->saying, NULL);
	rc = read_args(d);
	if (rc == 0)
		rc = run_all(d);
	if (rc < 0)
		rc = command_fail(command_exit_of(rc), &d->why);
	else
		rc = d->partial ? EXIT_PARTIAL : EXIT_DONE;
	free_all(d);
	return rc;
}

static void defaults(struct options *o)
{
	o->min_vps = sites_defaults.vps_min;
	o->speed = sites_defaults.km_per_ms;
	o->trust = 0.2;
}

static const char *const takes[] = {"targets", "output", "since", "until", "min-vps", "trust", "speed", "day",
	"explain", "json", "quiet", "config", NULL};

const struct command command_infer = {
	.name = "infer",
	.synopsis = "[options] RUN | --explain TARGET RUN",
	.summary = "rows of a run -> is it anycast, how many sites, where, who is served by which",
	.about = "Reads all rows of RUN (*.probes.csv, .gz, .zst) and vantage.csv, and writes sites.csv, "
		 "catchment.csv,\n"
		 "trust.csv and infer.json into it. Sites come from what servers call themselves "
		 "(targets/naming) and from\n"
		 "round-trip times, each of which may veto the other. Files given with -f name the targets "
		 "that targets/ does\n"
		 "not know. --explain shows what was weighed at one target, an address or a service, and "
		 "writes nothing.",
	.options = takes,
	.defaults = defaults,
	.run = run,
};
