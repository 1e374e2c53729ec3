#include "cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "data/rules.h"
#include "infer/verdict.h"

/* How a value is read, checked and shown. `field` points into struct options; `text` is NULL for flags. */
struct kind_of_value {
	int (*set)(void *field, const char *text, struct err_msg *why);
	int (*show)(
		const void *field, char *out, size_t cap); /* a default, for --help; NULL: none is shown */
};

static int bad(struct err_msg *why, const char *text, const char *expected)
{
	return err_set(why, ERR_PARSE, "'%s' is not %s", text, expected);
}

/* A flag has no value on the command line, and yes or no in a file. */
static int set_flag(void *field, const char *text, struct err_msg *why)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0) {
			*(bool *)field = i % 2;
			return 0;
		}
	if (text)
		return bad(why, text, "yes or no");
	*(bool *)field = true;
	return 0;
}

static int set_more(void *field, const char *text, struct err_msg *why)
{
	bool more = false;

	if (set_flag(&more, text, why) < 0)
		return ERR_PARSE;
	*(unsigned *)field += more;
	return 0;
}

static int set_family(int *field, const char *text, int family, struct err_msg *why)
{
	bool only = false;

	if (set_flag(&only, text, why) < 0)
		return ERR_PARSE;
	*field = only ? family : *field;
	return 0;
}

static int set_family4(void *field, const char *text, struct err_msg *why)
{
	return set_family(field, text, 4, why);
}

static int set_family6(void *field, const char *text, struct err_msg *why)
{
	return set_family(field, text, 6, why);
}

static int set_text(void *field, const char *text, struct err_msg *why)
{
	(void)why;
	*(const char **)field = text;
	return 0;
}

static int set_files(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (o->n_targets == OPTIONS_LISTS_MAX)
		return err_set(why, ERR_RANGE, "more than %d files", OPTIONS_LISTS_MAX);
	o->targets[o->n_targets++] = text;
	return 0;
}

static int set_number(void *field, const char *text, struct err_msg *why)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return bad(why, text, "a whole number below 2^64");
	*(uint64_t *)field = v;
	return 0;
}

static int show_number(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%llu", (unsigned long long)*(const uint64_t *)field);
}

static int set_limited(void *field, const char *text, uint64_t low, uint64_t high, struct err_msg *why)
{
	uint64_t v = 0;

	if (set_number(&v, text, NULL) < 0 || v < low || v > high)
		return err_set(why, ERR_RANGE, "'%s' is not a whole number from %llu to %llu", text,
			(unsigned long long)low, (unsigned long long)high);
	*(uint64_t *)field = v;
	return 0;
}

static int set_count(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 1, UINT32_MAX, why);
}

/* 0 is without end. */
static int set_rounds(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 0, UINT32_MAX, why);
}

static int set_size(void *field, const char *text, struct err_msg *why)
{
	static const char units[] = "kMGT";
	char *end;
	double v = strtod(text, &end);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (end == text || !isfinite(v) || v < 0 || (*end && (!unit || end[1])))
		return bad(why, text, "a size in bytes, like 100M or 2G");
	for (const char *u = units; unit && u <= unit; u++)
		v *= 1000;
	if (v > 1e18)
		return bad(why, text, "a size in bytes, like 100M or 2G");
	*(uint64_t *)field = (uint64_t)v;
	return 0;
}

static int set_flows(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 1, 256, why);
}

static int set_port(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 1, 65535, why);
}

static int set_flow_base(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 1024, 65535 - 256, why);
}

static int set_dscp(void *field, const char *text, struct err_msg *why)
{
	return set_limited(field, text, 0, 63, why);
}

static int set_seed(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	o->has_seed = true;
	return set_number(&o->seed, text, why);
}

static int set_rate(void *field, const char *text, struct err_msg *why)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || !isfinite(v))
		return bad(why, text, "a rate in packets/s, like 100, 5k or 1M");
	v *= strcmp(end, "k") == 0 ? 1e3 : strcmp(end, "M") == 0 ? 1e6 : 1;
	if (*end && strcmp(end, "k") != 0 && strcmp(end, "M") != 0)
		return bad(why, text, "a rate in packets/s, like 100, 5k or 1M");
	if (v < 0.001 || v > 1e7)
		return err_set(why, ERR_RANGE, "%s is not between 0.001 and 10M packets/s", text);
	*(double *)field = v;
	return 0;
}

static int show_rate(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%g", *(const double *)field);
}

static int set_duration(void *field, const char *text, struct err_msg *why)
{
	if (clock_parse_duration(text, field) < 0)
		return bad(why, text, "a time, like 5s, 200ms or 10m");
	return 0;
}

static int show_duration(const void *field, char *out, size_t cap)
{
	int64_t ns = *(const int64_t *)field;

	if (ns < 0)
		return snprintf(out, cap, "the timeout");
	return ns % NS_PER_S ? snprintf(out, cap, "%gms", (double)ns / 1e6)
			     : snprintf(out, cap, "%gs", (double)ns / 1e9);
}

static int set_kinds(void *field, const char *text, struct err_msg *why)
{
	uint8_t kinds = 0;
	char word[16];

	for (const char *at = text; *at;) {
		size_t n = strcspn(at, ",");
		int kind;

		(void)snprintf(
			word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), at);
		kind = probe_kind_parse(word);
		if (kind < 0)
			return bad(why, text, "a list of dns, icmp and tcp");
		kinds = (uint8_t)(kinds | 1U << kind);
		at += n + (at[n] == ',');
	}
	if (!kinds)
		return bad(why, text, "a list of dns, icmp and tcp");
	*(uint8_t *)field = kinds;
	return 0;
}

static int set_question(void *field, const char *text, struct err_msg *why)
{
	int q = question_parse(text);

	if (q <= QUESTION_NONE)
		return bad(why, text,
			"a question, such as id.server, hostname.bind, version.bind, in-soa or "
			"debug.opendns.com");
	*(enum question *)field = (enum question)q;
	return 0;
}

static int show_question(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%s", question_name(*(const enum question *)field));
}

static int set_stamps(void *field, const char *text, struct err_msg *why)
{
	int s = stamp_parse(text);

	if (s != STAMP_KERNEL && s != STAMP_HYBRID)
		return bad(why, text, "kernel or hybrid");
	*(enum stamp *)field = (enum stamp)s;
	return 0;
}

static int show_stamps(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%s", stamp_name(*(const enum stamp *)field));
}

/* What leaves by AF_XDP is seen by no capture. */
static int set_send(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (strcmp(text, "packet") != 0 && strcmp(text, "xdp") != 0)
		return bad(why, text, "packet or xdp");
	o->xdp = text[0] == 'x';
	if (o->xdp)
		o->stamps = STAMP_HYBRID;
	return 0;
}

static const char *const sockets_names[] = {"raw", "plain", "auto"};

static int set_sockets(void *field, const char *text, struct err_msg *why)
{
	for (int i = SOCKETS_RAW; i <= SOCKETS_AUTO; i++)
		if (strcmp(text, sockets_names[i]) == 0) {
			*(enum sockets *)field = (enum sockets)i;
			return 0;
		}
	return bad(why, text, "raw, plain or auto");
}

static int show_sockets(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%s", sockets_names[*(const enum sockets *)field]);
}

static int set_source(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;
	struct addr a;

	if (addr_parse(text, &a) < 0)
		return bad(why, text, "an IPv4 or IPv6 address");
	*(a.family == 4 ? &o->source4 : &o->source6) = a;
	return 0;
}

static int set_asn(void *field, const char *text, struct err_msg *why)
{
	uint64_t v = 0;

	if (strncasecmp(text, "AS", 2) == 0)
		text += 2;
	if (set_number(&v, text, why) < 0 || v == 0 || v > UINT32_MAX)
		return bad(why, text, "an AS number");
	*(uint32_t *)field = (uint32_t)v;
	return 0;
}

static int set_country(void *field, const char *text, struct err_msg *why)
{
	if (strlen(text) != 2)
		return bad(why, text, "a country code of two letters");
	return set_text(field, text, why);
}

static int set_vp(void *field, const char *text, struct err_msg *why)
{
	if (vantage_name_check(text, why) < 0)
		return ERR_PARSE;
	return set_text(field, text, why);
}

static int set_location(void *field, const char *text, struct err_msg *why)
{
	return vantage_parse_location(text, field, why);
}

static int set_vp_country(void *field, const char *text, struct err_msg *why)
{
	if (strlen(text) != 2 || !isupper((unsigned char)text[0]) || !isupper((unsigned char)text[1]))
		return bad(why, text, "a country code of two capital letters");
	memcpy(field, text, 3);
	return 0;
}

static int set_vp_city(void *field, const char *text, struct err_msg *why)
{
	struct vantage *v = field;

	if (strlen(text) >= sizeof(v->city))
		return bad(why, text, "a name of up to 63 bytes");
	memcpy(v->city, text, strlen(text) + 1);
	return 0;
}

static int set_contact(void *field, const char *text, struct err_msg *why)
{
	if (strlen(text) > 128)
		return err_set(why, ERR_RANGE, "longer than 128 bytes");
	return set_text(field, text, why);
}

static int set_time(void *field, const char *text, struct err_msg *why)
{
	return clock_parse_text(text, field) < 0 ? bad(why, text, "a time, YYYY-MM-DDTHH:MM:SSZ") : 0;
}

static int set_day(void *field, const char *text, struct err_msg *why)
{
	if (!*text || !rules_parse_day(text, field))
		return bad(why, text, "a day, YYYY-MM-DD");
	return 0;
}

static int set_baseline(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (o->n_baselines == OPTIONS_BASELINES_MAX)
		return err_set(why, ERR_RANGE, "more than %d runs", OPTIONS_BASELINES_MAX);
	o->baselines[o->n_baselines++] = text;
	return 0;
}

static int set_table(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (o->n_tables == OPTIONS_TABLES_MAX)
		return err_set(why, ERR_RANGE, "more than %d files", OPTIONS_TABLES_MAX);
	o->tables[o->n_tables++] = text;
	return 0;
}

/* The word's place in a list that NULL ends. */
static int set_word(
	int *field, const char *text, const char *const *words, const char *expected, struct err_msg *why)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0) {
			*field = i;
			return 0;
		}
	return bad(why, text, expected);
}

static int set_cluster(void *field, const char *text, struct err_msg *why)
{
	static const char *const words[] = {"as", "country", "vp", NULL};

	return set_word(field, text, words, "as, country or vp", why);
}

static int set_sort(void *field, const char *text, struct err_msg *why)
{
	static const char *const words[] = {"cost", "site", "vp", NULL};

	return set_word(field, text, words, "cost, site or vp", why);
}

static int set_alpha(void *field, const char *text, struct err_msg *why)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v > 0 && v < 1))
		return bad(why, text, "a probability between 0 and 1, like 0.01");
	*(double *)field = v;
	return 0;
}

static int show_alpha(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%g", *(const double *)field);
}

static int set_percent(void *field, const char *text, struct err_msg *why)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || (strcmp(end, "%") != 0 && *end) || !(v >= 0 && v <= 100))
		return bad(why, text, "a percentage from 0 to 100, like 5%");
	*(double *)field = v / 100;
	return 0;
}

static int show_percent(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%g%%", 100 * *(const double *)field);
}

/* What diff measures is a share; what which finds has names. */
static int set_fail_on(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (set_percent(&o->fail_on, text, why) == 0)
		return 0;
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, ",");

		if (!verdict_parse(at, n, &o->fail_verdicts, &o->fail_flags))
			return bad(why, text,
				"a percentage, nor a list of verdicts and flags such as intercepted,far");
		at += n + (at[n] == ',');
	}
	return 0;
}

static int set_controls(void *field, const char *text, struct err_msg *why)
{
	struct options *o = field;

	if (o->n_controls == OPTIONS_LISTS_MAX)
		return err_set(why, ERR_RANGE, "more than %d controls", OPTIONS_LISTS_MAX);
	o->controls[o->n_controls++] = text;
	return 0;
}

static int set_speed(void *field, const char *text, struct err_msg *why)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= 50 && v <= 150))
		return bad(why, text, "a speed from 50 to 150 km/ms");
	*(double *)field = v;
	return 0;
}

static int show_speed(const void *field, char *out, size_t cap)
{
	return snprintf(out, cap, "%g", *(const double *)field);
}

static const struct kind_of_value flag = {set_flag, NULL}, more = {set_more, NULL},
				  family4 = {set_family4, NULL}, family6 = {set_family6, NULL},
				  text_value = {set_text, NULL}, files = {set_files, NULL},
				  count = {set_count, show_number}, flows = {set_flows, show_number},
				  port = {set_port, show_number}, flow_base = {set_flow_base, show_number},
				  dscp = {set_dscp, NULL}, seed = {set_seed, NULL},
				  rate = {set_rate, show_rate}, duration = {set_duration, show_duration},
				  kinds = {set_kinds, NULL}, question = {set_question, show_question},
				  stamps = {set_stamps, show_stamps}, sockets = {set_sockets, show_sockets},
				  send_by = {set_send, NULL}, asn = {set_asn, NULL},
				  country = {set_country, NULL}, source = {set_source, NULL},
				  vp = {set_vp, NULL}, location = {set_location, NULL},
				  vp_country = {set_vp_country, NULL}, vp_city = {set_vp_city, NULL},
				  contact = {set_contact, NULL}, day = {set_day, NULL},
				  point = {set_time, NULL}, fail_on = {set_fail_on, NULL},
				  controls = {set_controls, NULL}, rounds = {set_rounds, NULL},
				  size = {set_size, NULL}, interval = {set_duration, NULL},
				  baseline = {set_baseline, NULL}, cluster = {set_cluster, NULL},
				  sort = {set_sort, NULL}, alpha = {set_alpha, show_alpha},
				  share = {set_percent, show_percent}, speed = {set_speed, show_speed},
				  table = {set_table, NULL};

struct option_row {
	const char *name;
	char letter;     /* 0: none */
	const char *arg; /* NULL: a flag */
	const struct kind_of_value *kind;
	size_t offset;
	const char *help;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{"targets", 'f', "FILE", &files, 0,
		"addresses to probe (decode: strings), a CSV or one a line; - is stdin; may be repeated"},
	{"output", 'o', "RUN", &text_value, AT(output),
		"folder that the rows go into; made if needed (report: the page; infer: its files, default "
		"RUN)"},
	{"rate", 'r', "PPS", &rate, AT(rate_pps), "packets a second, over all targets"},
	{"count", 'c', "N", &count, AT(count), "rounds: probes of each kind and flow for each target"},
	{"rounds", 0, "N", &rounds, AT(count), "the same as --count; with --every, 0 is without end"},
	{"every", 0, "TIME", &interval, AT(every_ns),
		"begin rounds at UTC multiples of this (10m: at :00, :10, ...), one at each"},
	{"phase", 0, "TIME", &interval, AT(phase_ns),
		"begin each round so long after its time: spreads the vantage points of a fleet"},
	{"textfile", 0, "FILE", &text_value, AT(textfile),
		"the latest round as metrics for Prometheus's textfile collector, written anew after each "
		"round"},
	{"rotate", 0, "TIME", &interval, AT(rotate_ns),
		"begin new files at UTC multiples of this; so does SIGHUP"},
	{"rotate-size", 0, "BYTES", &size, AT(rotate_bytes),
		"begin new files when the rows have so many bytes"},
	{"resume", 0, NULL, &flag, AT(resume),
		"go on with an interrupted run: same command, same RUN; what has a row is not sent again"},
	{"once", 0, NULL, &flag, AT(once), "judge what is there and end"},
	{"exec", 0, "COMMAND", &text_value, AT(exec),
		"run this program for each new event, which it reads as JSON from its stdin"},
	{"gap", 0, "TIME", &duration, AT(gap_ns), "time between two probes to one target, at least"},
	{"timeout", 't', "TIME", &duration, AT(timeout_ns), "a reply after this is late"},
	{"linger", 0, "TIME", &duration, AT(linger_ns),
		"how long after the timeout late replies are still taken"},
	{"probes", 'p', "KINDS", &kinds, AT(kinds),
		"dns,icmp,tcp or some of them (default: what each target answers)"},
	{"question", 0, "NAME", &question, AT(question),
		"what DNS is asked: id.server, hostname.bind, version.bind, version.server, in-soa; NSID "
		"always"},
	{"no-retry", 0, NULL, &flag, AT(no_retry),
		"do not ask again as IN SOA + NSID where CHAOS is not answered"},
	{"flows", 0, "N", &flows, AT(flows), "flows per target: more than 1 shows the sites behind ECMP"},
	{"flow-base", 0, "PORT", &flow_base, AT(flow_base),
		"source port (and ICMP id) of flow 0; runs to be compared need the same"},
	{"port", 0, "PORT", &port, AT(port), "TCP port, where the targets file names none"},
	{"interface", 'I', "NAME", &text_value, AT(interface), "send and capture on this interface only"},
	{"source", 'S', "ADDR", &source, 0, "source address; once for each family"},
	{"ipv4", '4', NULL, &family4, AT(family), "IPv4 targets only"},
	{"ipv6", '6', NULL, &family6, AT(family), "IPv6 targets only"},
	{"stamps", 0, "KIND", &stamps, AT(stamps),
		"sending times: kernel (exact) or hybrid (cheaper: taken just before the send)"},
	{"sockets", 0, "KIND", &sockets, AT(sockets),
		"raw (sees all, needs cap_net_raw), plain (ordinary ones, for anybody) or auto"},
	{"send", 0, "HOW", &send_by, 0,
		"packet, or xdp: cheaper at high rates, with hybrid stamps, where the driver can"},
	{"run", 0, "RUN", &text_value, AT(run),
		"answer from the rows of this run, for all its vantage points or those chosen; send nothing"},
	{"as", 0, "N", &asn, AT(asn), "with --run: vantage points in this AS"},
	{"country", 0, "CC", &country, AT(country), "with --run: vantage points in this country"},
	{"hold", 0, "TIME", &interval, AT(hold_ns),
		"does a TCP connection stay at its site? asked over one for so long, beside fresh flows"},
	{"hold-every", 0, "TIME", &duration, AT(hold_every_ns), "time between two questions of --hold"},
	{"blocklist", 'b', "FILE", &text_value, AT(blocklist), "prefixes never to be probed, one a line"},
	{"contact", 0, "TEXT", &contact, AT(contact),
		"who to ask about these probes; goes into ICMP payloads"},
	{"dscp", 0, "N", &dscp, AT(dscp), "DSCP of every packet, 0 to 63 (default 0)"},
	{"seed", 'e', "N", &seed, 0, "order of the targets (default: random); never part of a packet"},
	{"vp", 0, "NAME", &vp, AT(vp),
		"name of this vantage point (default: the host name); with --run: whose rows are read"},
	{"location", 0, "LAT,LON[,KM]", &location, AT(vantage),
		"where this machine is, and how sure that is"},
	{"vp-as", 0, "N", &asn, AT(vantage.asn), "the AS of this machine, for vantage.csv"},
	{"vp-country", 0, "CC", &vp_country, AT(vantage.country), "its country, likewise"},
	{"vp-city", 0, "NAME", &vp_city, AT(vantage), "its city, likewise"},
	{"strict", 0, NULL, &flag, AT(strict), "stop at the first bad line of a file"},
	{"compress", 'z', NULL, &flag, AT(compress), "write rows as .csv.zst"},
	{"target", 0, "TARGET", &text_value, AT(target),
		"whose strings these are: an address, a service, a kind (import: the address measured; diff: "
		"the only one to compare)"},
	{"format", 0, "FORMAT", &text_value, AT(format), "form of the files: igreedy, atlas or manycastr"},
	{"vantage", 0, "FILE", &text_value, AT(places),
		"where vantage points are: a JSON of RIPE Atlas probes, or a CSV like vantage.csv"},
	{"day", 0, "YYYY-MM-DD", &day, AT(day),
		"the day of the answers: rules that do not hold on it count little"},
	{"since", 0, "TIME", &point, AT(since),
		"only rows sent then or later (2026-11-22T18:00:00Z); with -o, a run before and after a "
		"mark"},
	{"until", 0, "TIME", &point, AT(until), "only rows sent before"},
	{"explain", 0, NULL, &flag, AT(explain),
		"which rules were tried, and why each failed (infer: what was weighed at a target)"},
	{"min-vps", 0, "N", &count, AT(min_vps),
		"vantage points with a place below which no target is called unicast"},
	{"trust", 0, "X%", &share, AT(trust),
		"leave out vantage points that contradict the others at more of their targets than this"},
	{"speed", 0, "KM", &speed, AT(speed), "radius of a disc in km for a ms of round-trip time"},
	{"check", 0, NULL, &flag, AT(check), "validate the naming rules"},
	{"baseline", 0, "RUN", &baseline, 0,
		"a run before OLD, to know the noise; may be repeated: consecutive rounds of a long run"},
	{"alpha", 0, "P", &alpha, AT(alpha), "largest p that counts as a change"},
	{"weight", 0, "WEIGHT", &text_value, AT(weight),
		"vp (as the run says, 1 as a rule), as, country (each counts 1), or a CSV with vp,weight "
		"(default vp)"},
	{"cluster", 0, "CLUSTER", &cluster, AT(cluster),
		"what moves together, and is one case for the test: as, country or vp (default as)"},
	{"against", 0, "B", &text_value, AT(against),
		"diff: the other target of the run; report: the run before, or with --target likewise"},
	{"reinfer", 0, NULL, &flag, AT(reinfer),
		"infer the runs again, by the rules of today and in a scratch folder, before comparing them"},
	{"fail-on", 0, "WHAT", &fail_on, 0,
		"exit 1 when; diff X%: CHANGED by more than X points above the floor, without baseline when "
		"more "
		"than X % moved; which VERDICT,...: a target has one of these verdicts or flags"},
	{"control", 0, "TARGET", &controls, 0,
		"ask this too, to check --location (default then: two of other operators); none; "
		"no-dns:ADDRESS "
		"runs no DNS, so that an answer from it is an interceptor's; may be repeated"},
	{"mrt", 0, "FILE", &table, 0, "a routing table as MRT; - is stdin; may be repeated"},
	{"catchment", 0, "RUN", &text_value, AT(catchment),
		"a run, or its catchment.csv: which neighbour of the origin leads to which site"},
	{"as-names", 0, "FILE", &text_value, AT(as_names), "names of ASes, lines asn|name"},
	{"sort", 0, "ORDER", &sort, AT(sort), "of vantage points: cost, site or vp (default cost)"},
	{"csv", 0, NULL, &flag, AT(csv), "CSV, one row for each vantage point (routes: each path)"},
	{"dot", 0, NULL, &flag, AT(dot), "a graph for graphviz"},
	{"dry-run", 'n', NULL, &flag, AT(dry_run),
		"say what would be sent, to whom, how long it takes; send nothing"},
	{"json", 'j', NULL, &flag, AT(json), "JSON instead of a table"},
	{"quiet", 'q', NULL, &flag, AT(quiet), "no progress, no summary; warnings stay"},
	{"verbose", 'v', NULL, &more, AT(verbose), "say more; may be repeated"},
	{"config", 0, "FILE", &text_value, AT(config),
		"options from an INI file: long names in [COMMAND] or [catchmap]; flags beat it"},
	{"man", 0, NULL, &flag, AT(man), "the manual page, as roff"},
	{"completion", 0, NULL, &flag, AT(completion), "completion for bash"},
	{"help", 'h', NULL, &flag, AT(help), "this text"},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct option_row *row_of(const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool takes(const struct command *c, const char *name)
{
	if (strcmp(name, "help") == 0)
		return true;
	for (size_t i = 0; c->options[i]; i++)
		if (strcmp(c->options[i], name) == 0)
			return true;
	return false;
}

static int set_row(struct options *o, const struct option_row *row, const char *text, struct err_msg *why)
{
	struct err_msg inner = {{0}};

	if (row->kind->set((char *)o + row->offset, text, &inner) == 0)
		return 0;
	return err_set(why, ERR_PARSE, "--%s: %s", row->name, inner.text);
}

/* --- the config file --- */

struct ini_context {
	struct options *o;
	const struct command *c;
	const char *path;
	struct err_msg *why;
	int rc;
};

/* inih frees its strings: values are kept beside the options. */
static char *keep(struct options *o, const char *value)
{
	char *text = NULL;

	if (vec_reserve(&o->texts, &o->cap_texts, o->n_texts + 1) == 0)
		text = strdup(value);
	if (text)
		o->texts[o->n_texts++] = text;
	return text;
}

static int on_ini(void *user, const char *section, const char *name, const char *value)
{
	struct ini_context *x = user;
	const struct option_row *row = row_of(name);
	struct err_msg inner = {{0}};
	bool here = strcmp(section, x->c->name) == 0, general = strcmp(section, "catchmap") == 0 || !*section;
	char *kept;

	if ((!here && !general) || (general && row && !takes(x->c, name)) || x->rc < 0)
		return 1;
	if (!row || !takes(x->c, name) || strcmp(name, "config") == 0) {
		x->rc = err_set(x->why, ERR_PARSE, "%s: [%s] has no option '%s'", x->path, section, name);
		return 1;
	}
	kept = keep(x->o, value);
	if (!kept)
		x->rc = ERR_NOMEM;
	else if (set_row(x->o, row, kept, &inner) < 0)
		x->rc = err_set(x->why, ERR_PARSE, "%s: [%s] %s", x->path, section, inner.text);
	return 1;
}

static int read_config(struct options *o, const struct command *c, const char *path, struct err_msg *why)
{
	struct ini_context x = {o, c, path, why, 0};
	int rc = ini_parse(path, on_ini, &x);

	if (rc < 0)
		return err_set(why, ERR_IO, "%s: cannot be read", path);
	if (rc > 0)
		return err_set(why, ERR_PARSE, "%s:%d: neither [section] nor name = value", path, rc);
	return x.rc;
}

/* --- the command line --- */

enum { LETTERS_MAX = 2 * N_ROWS + 4 };

static void make_getopt(const struct command *c, bool first, struct option longs[static N_ROWS + 1],
	char letters[static LETTERS_MAX])
{
	size_t n = 0, l = 0;

	/* The first walk must leave the words in their places: a value that is missing at the end of the line would
	 * find one there in the second. */
	if (first)
		letters[l++] = '-';
	letters[l++] = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!takes(c, rows[i].name))
			continue;
		longs[n++] = (struct option){
			rows[i].name, rows[i].arg ? required_argument : no_argument, NULL, 1000 + (int)i};
		if (!rows[i].letter)
			continue;
		letters[l++] = rows[i].letter;
		if (rows[i].arg)
			letters[l++] = ':';
	}
	longs[n] = (struct option){0};
	letters[l] = '\0';
}

static const struct option_row *row_of_getopt(int got)
{
	if (got >= 1000)
		return &rows[got - 1000];
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == got)
			return &rows[i];
	return NULL;
}

static int getopt_failed(const struct command *c, int got, char *argv[], struct err_msg *why)
{
	const char *word = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};

	if (optopt && optopt < 1000)
		word = letter;
	return got == ':' ? err_set(why, ERR_PARSE, "%s needs a value (catchmap %s --help)", word, c->name)
			  : err_set(why, ERR_PARSE, "unknown option %s (catchmap %s --help)", word, c->name);
}

/* One walk over argv: the `first` one only looks for --help and --config. */
static int walk(
	struct options *o, const struct command *c, int argc, char *argv[], bool first, struct err_msg *why)
{
	struct option longs[N_ROWS + 1];
	char letters[LETTERS_MAX];
	int got;

	make_getopt(c, first, longs, letters);
	optind = 0;
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row = got == '?' || got == ':' ? NULL : row_of_getopt(got);

		if (!row && first)
			continue;
		if (!row)
			return getopt_failed(c, got, argv, why);
		if (first && strcmp(row->name, "help") != 0 && strcmp(row->name, "config") != 0)
			continue;
		if (set_row(o, row, optarg, why) < 0)
			return ERR_PARSE;
	}
	o->args = argv + optind;
	o->n_args = argc - optind;
	return 0;
}

/* In which form the result is wanted: one of the line beats those of the file. */
struct forms {
	bool json, csv, dot;
};

static void take_forms(struct options *o, struct forms *out)
{
	*out = (struct forms){o->json, o->csv, o->dot};
	o->json = o->csv = o->dot = false;
}

static int settle_forms(struct options *o, const struct forms *in_config, struct err_msg *why)
{
	if (!o->json && !o->csv && !o->dot) {
		o->json = in_config->json;
		o->csv = in_config->csv;
		o->dot = in_config->dot;
	}
	if (o->json + o->csv + o->dot <= 1)
		return 0;
	return err_set(why, ERR_PARSE, "%s%s%s: the result has one form, choose one of them",
		o->json ? "--json" : "--csv", o->json && o->csv ? " and --csv" : "",
		o->dot ? " and --dot" : "");
}

int options_read(struct options *o, const struct command *c, int argc, char *argv[], struct err_msg *why)
{
	struct forms in_config = {0};
	size_t in_file;

	/* --help and --config first: a broken file or line must not hide the help, and flags must beat the file. */
	(void)walk(o, c, argc, argv, true, why);
	if (o->help)
		return 0;
	if (o->config && read_config(o, c, o->config, why) < 0)
		return ERR_PARSE;
	in_file = o->n_targets;
	take_forms(o, &in_config);
	if (walk(o, c, argc, argv, false, why) < 0 || settle_forms(o, &in_config, why) < 0)
		return ERR_PARSE;
	if (o->n_targets > in_file) {
		o->n_targets -= in_file;
		memmove(o->targets, o->targets + in_file, o->n_targets * sizeof(o->targets[0]));
	}
	return 0;
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < o->n_texts; i++)
		free(o->texts[i]);
	free(o->texts);
	o->texts = NULL;
	o->n_texts = o->cap_texts = 0;
}

/* --- what is said of them --- */

static void left_column(const struct option_row *row, char *out, size_t cap)
{
	char letter[8] = "    ";

	if (row->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	(void)snprintf(
		out, cap, "  %s--%s%s%s", letter, row->name, row->arg ? " " : "", row->arg ? row->arg : "");
}

static void show_default(const struct option_row *row, const struct options *defaults, char *out, size_t cap)
{
	char value[64] = "";

	out[0] = '\0';
	if (row->kind->show &&
		row->kind->show((const char *)defaults + row->offset, value, sizeof(value)) > 0)
		(void)snprintf(out, cap, " (default %s)", value);
}

void options_help(const struct command *c, const struct options *defaults)
{
	char left[64], value[80];

	(void)printf("usage: catchmap %s %s\n\n%s\n\noptions:\n", c->name, c->synopsis, c->about);
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!takes(c, rows[i].name))
			continue;
		left_column(&rows[i], left, sizeof(left));
		show_default(&rows[i], defaults, value, sizeof(value));
		(void)printf("%-30s %s%s\n", left, rows[i].help, value);
	}
	(void)printf("\nexit status: 0 done, 1 --fail-on found what it names, 2 usage or bad input, 3 no "
		     "privilege or no interface, 4 "
		     "partial, 5 no reply at "
		     "all, 128+n signal n\n");
}

/* Text in roff: a leading dot or quote would be a request. */
static void roff_text(const char *text)
{
	for (const char *p = text; *p; p++) {
		if ((p == text || p[-1] == '\n') && (*p == '.' || *p == '\''))
			(void)fputs("\\&", stdout);
		(void)fputs(*p == '-' ? "\\-" : *p == '\\' ? "\\\\" : (char[2]){*p, '\0'}, stdout);
	}
	(void)fputc('\n', stdout);
}

static void man_command(const struct command *c)
{
	struct options defaults = {0};
	char left[64], value[80];

	if (c->defaults)
		c->defaults(&defaults);
	(void)printf(".SS \"catchmap %s %s\"\n", c->name, c->synopsis);
	roff_text(c->about);
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!takes(c, rows[i].name))
			continue;
		left_column(&rows[i], left, sizeof(left));
		show_default(&rows[i], &defaults, value, sizeof(value));
		(void)printf(".TP\n.B ");
		roff_text(left + strspn(left, " "));
		(void)fputs(rows[i].help, stdout);
		(void)printf("%s\n", value);
	}
}

void options_man(void)
{
	(void)printf(".TH CATCHMAP 1 \"\" \"catchmap " CATCHMAP_VERSION "\"\n.SH NAME\n"
		     "catchmap \\- which site of an anycast service answers, and who is served by which\n"
		     ".SH SYNOPSIS\n.B catchmap\n.I COMMAND\n[options] ...\n.SH COMMANDS\n");
	for (size_t i = 0; commands[i]; i++)
		man_command(commands[i]);
	(void)printf(".SH EXIT STATUS\n0 done (losses are data); 1 \\-\\-fail\\-on found what it names; 2 "
		     "usage or bad input file; "
		     "3 no privilege or no interface; 4 partial; 5 no reply at all; 128+n after signal n.\n");
}

void options_completion(void)
{
	(void)printf(
		"_catchmap()\n{\n\tlocal words cur=${COMP_WORDS[COMP_CWORD]}\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; commands[i]; i++) {
		(void)printf("\t%s) words='", commands[i]->name);
		for (size_t r = 0; r < N_ROWS; r++)
			if (takes(commands[i], rows[r].name))
				(void)printf(" --%s", rows[r].name);
		(void)printf("' ;;\n");
	}
	(void)printf("\t*) words='");
	for (size_t i = 0; commands[i]; i++)
		(void)printf(" %s", commands[i]->name);
	(void)printf("' ;;\n\tesac\n\tCOMPREPLY=()\n\t[[ $cur == -* || $COMP_CWORD -eq 1 ]] && "
		     "COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		     "complete -o default -F _catchmap catchmap\n");
}
