#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "infer/signflip.h"
#include "report/diff_parts.h"

static const char *const verdict_names[] = {"CHANGED", "LOCAL", "SAME", "UNTESTED", "CANNOT"};
static const char *const fate_names[] = {
	"stays", "gone", "not-seen", "new", "seen-once", "renamed", "renamed-to"};
_Static_assert(sizeof(verdict_names) / sizeof(char *) == COMPARE_VERDICTS, "a name for each");
_Static_assert(sizeof(fate_names) / sizeof(char *) == COMPARE_FATES, "a name for each");

const char *diff_verdict_name(enum compare_verdict v)
{
	return verdict_names[v];
}

const char *diff_fate_name(enum compare_fate f)
{
	return fate_names[f];
}

struct diff_shown diff_show(const char *text)
{
	struct diff_shown s;

	s.text[csv_escape(s.text, sizeof(s.text) - 1, text, strlen(text))] = '\0';
	return s;
}

struct diff_shown diff_show_site(const struct comparison *c, uint32_t site)
{
	return diff_show(compare_site_key(c, site));
}

/* --- sentences --- */

/* A sentence that is put together piece by piece, and cut where it is full. */
struct sentence {
	char *out;
	size_t n;
};

static void say(struct sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct sentence *s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->out + s->n, DIFF_SENTENCE_MAX - s->n, format, args);
	va_end(args);
	s->n += n < 0 ? 0 : (size_t)n;
	if (s->n >= DIFF_SENTENCE_MAX)
		s->n = DIFF_SENTENCE_MAX - 1;
}

static void say_target(struct sentence *s, const struct compare_side *side)
{
	const struct catchment_target *t = compare_target(side);
	char address[ADDR_TEXT_LEN];

	if (t->service)
		say(s, "%s ", diff_show(catchment_set_name(side->set, t->service)).text);
	say(s, "%s", addr_text(&t->addr, address));
}

const char *diff_label(const struct comparison *c, char out[static DIFF_SENTENCE_MAX])
{
	struct sentence s = {out, 0};

	out[0] = '\0';
	say_target(&s, &c->before);
	if (!addr_equal(&compare_target(&c->before)->addr, &compare_target(&c->now)->addr)) {
		say(&s, " against ");
		say_target(&s, &c->now);
	}
	return out;
}

size_t diff_alone(const struct comparison *c)
{
	bool country = c->options.cluster == COMPARE_OF_COUNTRY;
	const struct compare_group *g = country ? c->countries : c->networks;
	size_t n = country ? c->n_countries : c->n_networks;

	for (size_t i = 0; i < n; i++)
		if (g[i].id == 0)
			return g[i].vps;
	return 0;
}

const char *diff_clusters_name(const struct comparison *c, size_t n)
{
	static const char *const names[][2] = {{"AS", "ASes"}, {"country", "countries"}, {"VP", "VPs"}};
	bool known = diff_alone(c) < c->a;

	return names[known ? c->options.cluster : COMPARE_OF_VP][n != 1];
}

static void say_moved(struct sentence *s, const struct comparison *c)
{
	if (c->moved == 0) {
		say(s, "nothing moved (%zu VPs)", c->a);
		return;
	}
	say(s, "%.1f %% moved (%zu of %zu VPs", 100 * c->moved_share, c->moved, c->a);
	if (c->options.cluster != COMPARE_OF_VP && diff_alone(c) < c->a)
		say(s, ", %zu %s", c->clusters_moved, diff_clusters_name(c, c->clusters_moved));
	say(s, ")");
}

static void say_p(struct sentence *s, const struct compare_test *t)
{
	bool least = !t->exact && t->p_holm * (SIGNFLIP_DRAWS + 1) < (double)t->targets + 0.5;

	if (t->p_holm >= 0.01)
		say(s, "p = %.2f", t->p_holm);
	else
		say(s, "p %s %.1g", least ? "<=" : "=", t->p_holm);
	if (t->targets > 1)
		say(s, " (Holm over %zu)", t->targets);
}

static void say_fates(struct sentence *s, const struct comparison *c)
{
	static const struct {
		enum compare_fate fate;
		const char *text;
	} told[] = {{COMPARE_GONE, "is gone"}, {COMPARE_NEW, "is new"}};
	enum { NAMED = 3 };

	for (size_t f = 0; f < sizeof(told) / sizeof(told[0]); f++)
		for (size_t i = 0, n = 0; i < c->n_sites; i++)
			if (c->sites[i].fate == told[f].fate && n++ < NAMED)
				say(s, "; %s %s", diff_show_site(c, (uint32_t)i).text, told[f].text);
	for (size_t i = 0, n = 0; i < c->n_sites; i++)
		if (c->sites[i].fate == COMPARE_RENAMED && n++ < NAMED)
			say(s, "; %s goes on as %s", diff_show_site(c, (uint32_t)i).text,
				diff_show_site(c, c->sites[i].other).text);
}

static void say_changed(struct sentence *s, const struct comparison *c)
{
	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	say_p(s, &c->test);
	say_fates(s, c);
}

static void say_local(struct sentence *s, const struct comparison *c)
{
	const char *name = diff_clusters_name(c, c->clusters_moved);

	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	if (c->clusters_moved == 1)
		say(s, "one %s is not tested as a change of the service (listed below)", name);
	else
		say(s, "%zu %s are too few to test as a change of the service (listed below)",
			c->clusters_moved, name);
	say_fates(s, c);
}

static void say_same(struct sentence *s, const struct comparison *c)
{
	say_moved(s, c);
	say(s, "; floor %.1f %%; ", 100 * c->test.floor);
	say_p(s, &c->test);
	if (c->test.smallest)
		say(s, "; smallest change this could show: %zu %s, about %.1f %%", c->test.smallest,
			diff_clusters_name(c, c->test.smallest), 100 * c->test.smallest_share);
	else
		say(s, "; these VPs are too few to show any change");
	say_fates(s, c);
}

double diff_flip_rate(const struct compare_floor *f)
{
	return f->chances > 0 ? f->flips / f->chances : (double)NAN;
}

static void say_untested(struct sentence *s, const struct comparison *c)
{
	double before = diff_flip_rate(&c->inside_before), now = diff_flip_rate(&c->inside_now);

	say_moved(s, c);
	if (c->test.base)
		say(s, "; only %zu VPs have a site in the baseline too, so no floor", c->test.vps);
	else
		say(s, "; no --baseline, so no floor at this lag");
	if (!isnan(before) || !isnan(now))
		say(s, " (inside the runs: %.1f %% a round)",
			100 * (isnan(before)       ? now
				      : isnan(now) ? before
						   : fmax(before, now)));
	say_fates(s, c);
}

static void say_cannot(struct sentence *s, const struct comparison *c)
{
	say(s, "%zu %s a site in both runs; at least %d are needed to compare", c->a,
		c->a == 1 ? "VP has" : "VPs have", COMPARE_VPS_MIN);
}

const char *diff_sentence(const struct comparison *c, char out[static DIFF_SENTENCE_MAX])
{
	static void (*const say_verdict[COMPARE_VERDICTS])(struct sentence *, const struct comparison *) = {
		say_changed, say_local, say_same, say_untested, say_cannot};
	struct sentence s = {out, 0};

	out[0] = '\0';
	say_verdict[c->verdict](&s, c);
	return out;
}

double diff_excess(const struct comparison *c)
{
	if (c->a < COMPARE_VPS_MIN)
		return (double)NAN;
	return c->test.done ? c->test.effect : c->moved_share;
}

bool diff_fails(const struct diff_view *d, const struct comparison *c)
{
	if (d->fail_on < 0 || (c->test.done && c->verdict != COMPARE_CHANGED))
		return false;
	return diff_excess(c) > d->fail_on;
}
