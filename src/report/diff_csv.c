#include <stdlib.h>

#include "data/table.h"
#include "report/diff_parts.h"

struct row {
	const char *service, *vp, *country, *change, *before, *now, *state_before, *state_now;
	struct addr target, target_now;
	uint32_t asn;
	double weight, cost_ms;
	int64_t rtt_before_ns, rtt_now_ns;
	const char *identity_before, *identity_now;
};

#define AT(m) .offset = offsetof(struct row, m)
static const struct table_column columns[] = {
	{"target", "address that was probed", TABLE_ADDR, AT(target)},
	{"service", "its name, if it has one", TABLE_TEXT, AT(service)},
	{"vp", "vantage point", TABLE_TEXT, AT(vp)},
	{"change", "moved stayed lost regained no-site only-before only-now unmeasured excluded", TABLE_TEXT,
		AT(change)},
	{"site_before", "key of the site in OLD", TABLE_TEXT, AT(before)},
	{"site_now", "key of the site in NEW", TABLE_TEXT, AT(now)},
	{"cost_ms", "round trip time in NEW less that in OLD, as far as they can be compared, ms", TABLE_REAL,
		AT(cost_ms), .decimals = 6},
	{"rtt_before_ms", "least round trip time in OLD, ms", TABLE_MS, AT(rtt_before_ns)},
	{"rtt_now_ms", "least round trip time in NEW, ms", TABLE_MS, AT(rtt_now_ns)},
	{"state_before", "in OLD: site no-site silent unmeasured excluded", TABLE_TEXT, AT(state_before)},
	{"state_now", "in NEW", TABLE_TEXT, AT(state_now)},
	{"identity_before", "most frequent one in OLD", TABLE_TEXT, AT(identity_before)},
	{"identity_now", "most frequent one in NEW", TABLE_TEXT, AT(identity_now)},
	{"country", "of the vantage point, ISO 3166 code", TABLE_TEXT, AT(country)},
	{"asn", "AS number of its network", TABLE_ID, AT(asn)},
	{"weight", "how much it counts in shares", TABLE_REAL, AT(weight), .decimals = 6},
	{"target_now", "the other address, where two of one run were compared", TABLE_ADDR, AT(target_now)},
};
#undef AT
static const struct table diff_table = {"diff", columns, sizeof(columns) / sizeof(columns[0])};

bool diff_field(size_t i, struct field *out)
{
	return table_field(&diff_table, i, out);
}

static const char *state_text(const struct catchment_vp *row)
{
	return row ? vp_state_name(row->state) : "";
}

static struct row row_of(const struct comparison *c, const struct compare_vp *v)
{
	const struct catchment_target *t = compare_target(&c->before), *other = compare_target(&c->now);
	struct addr second = {0};

	if (!addr_equal(&t->addr, &other->addr))
		second = other->addr;
	return (struct row){.target = t->addr,
		.target_now = second,
		.service = compare_name(c, t->service ? t->service : other->service),
		.vp = compare_name(c, v->vp),
		.change = diff_change_name(v),
		.before = diff_key(c, v->site_before),
		.now = diff_key(c, v->site_now),
		.cost_ms = v->cost_ms,
		.rtt_before_ns = v->before ? v->before->rtt_min_ns : -1,
		.rtt_now_ns = v->now ? v->now->rtt_min_ns : -1,
		.state_before = state_text(v->before),
		.state_now = state_text(v->now),
		.identity_before = compare_name(c, v->before ? v->before->identity : 0),
		.identity_now = compare_name(c, v->now ? v->now->identity : 0),
		.country = compare_name(c, v->country),
		.asn = v->asn,
		.weight = v->weight};
}

static int csv_rows(FILE *out, const struct comparison *c, enum diff_sort sort)
{
	size_t n = 0;
	const struct compare_vp **vps = diff_sorted(c, sort, false, &n);
	char text[TABLE_ROW_MAX] = "";

	if (!vps)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct row row = row_of(c, vps[i]);

		(void)fwrite(text, 1, table_row(&diff_table, &row, text, sizeof(text)), out);
	}
	free(vps);
	return 0;
}

int diff_csv(FILE *out, const struct diff_view *d)
{
	char text[TABLE_ROW_MAX] = "";
	int rc = 0;

	(void)fwrite(text, 1, table_header(&diff_table, text, sizeof(text)), out);
	for (size_t i = 0; rc == 0 && i < d->n; i++)
		rc = csv_rows(out, &d->v[i], d->sort);
	return rc;
}
