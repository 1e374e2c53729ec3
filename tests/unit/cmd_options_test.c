#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "scratch.h"

enum { ARGS_MAX = 48 };

static const char *const takes[] = {"targets", "output", "rate", "count", "gap", "timeout", "linger",
	"probes", "question", "no-retry", "flows", "flow-base", "port", "interface", "source", "ipv4", "ipv6",
	"stamps", "blocklist", "contact", "dscp", "seed", "vp", "location", "vp-as", "vp-country", "vp-city",
	"strict", "compress", "dry-run", "quiet", "verbose", "config", NULL};
static const char *const takes_little[] = {"json", "config", NULL};
static const char *const takes_forms[] = {"json", "csv", "dot", "config", NULL};

static void defaults(struct options *o)
{
	o->rate_pps = 100;
	o->count = 3;
	o->timeout_ns = 5 * NS_PER_S;
	o->linger_ns = -1;
	o->flows = 1;
	o->question = QUESTION_ID_SERVER;
	o->stamps = STAMP_KERNEL;
}

static const struct command big = {.name = "big",
				    .synopsis = "[options] THING",
				    .summary = "does much",
				    .about = "'Does much.\n.And well.",
				    .options = takes,
				    .defaults = defaults},
			    little = {.name = "little",
				    .synopsis = "",
				    .summary = "does little",
				    .about = "Does little.",
				    .options = takes_little},
			    forms = {.name = "forms",
				    .synopsis = "",
				    .summary = "",
				    .about = "",
				    .options = takes_forms};

/* In place of the program's own table. */
const struct command *const commands[] = {&big, &little, NULL};

/* Reads a line of words as the command line of `c`, whose first word is the command's name. */
static int read_line(const struct command *c, const char *line, struct options *o, struct err_msg *why)
{
	static char words[1024];
	static char *argv[ARGS_MAX + 1];
	static struct options last; /* what the line before this one read goes now */
	int argc = 0, rc;

	options_free(&last);
	memset(o, 0, sizeof(*o));
	memset(why, 0, sizeof(*why));
	if (c->defaults)
		c->defaults(o);
	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *rest, *w = strtok_r(words, " ", &rest); w && argc < ARGS_MAX;
		w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	argv[argc] = NULL;
	rc = options_read(o, c, argc, argv, why);
	last = *o;
	return rc;
}

static void values(void **state)
{
	struct err_msg why;
	struct options o;

	(void)state;
	assert_int_equal(read_line(&big,
				 "big -f a.csv --targets b.csv -o run -r 5k -c 7 --gap 200ms -t 2s --linger "
				 "0 -p icmp,dns "
				 "--question version.bind --no-retry --flows 256 --flow-base 40000 --port "
				 "443 -I eth0 -z",
				 &o, &why),
		0);
	assert_int_equal(o.n_targets, 2);
	assert_string_equal(o.targets[0], "a.csv");
	assert_string_equal(o.targets[1], "b.csv");
	assert_string_equal(o.output, "run");
	assert_true(o.rate_pps == 5000);
	assert_int_equal(o.count, 7);
	assert_int_equal(o.gap_ns, 200 * NS_PER_MS);
	assert_int_equal(o.timeout_ns, 2 * NS_PER_S);
	assert_int_equal(o.linger_ns, 0);
	assert_int_equal(o.kinds, 1U << PROBE_ICMP | 1U << PROBE_DNS);
	assert_int_equal(o.question, QUESTION_VERSION_BIND);
	assert_true(o.no_retry);
	assert_int_equal(o.flows, 256);
	assert_int_equal(o.flow_base, 40000);
	assert_int_equal(o.port, 443);
	assert_string_equal(o.interface, "eth0");
	assert_true(o.compress);
	assert_int_equal(o.n_args, 0);

	assert_int_equal(read_line(&big,
				 "big one -S 192.0.2.1 --source=2001:db8::1 -6 --stamps hybrid -b block two "
				 "--contact x@y --dscp 46 "
				 "-e 18446744073709551615 --vp ams-1 --location 52.3,4.9,10 -nqvv -- -three",
				 &o, &why),
		0);
	assert_int_equal(o.source4.family, 4);
	assert_int_equal(o.source6.family, 6);
	assert_int_equal(o.family, 6);
	assert_int_equal(o.stamps, STAMP_HYBRID);
	assert_string_equal(o.blocklist, "block");
	assert_string_equal(o.contact, "x@y");
	assert_int_equal(o.dscp, 46);
	assert_true(o.has_seed);
	assert_int_equal(o.seed, UINT64_MAX);
	assert_string_equal(o.vp, "ams-1");
	assert_true(o.vantage.has_place);
	assert_true(o.vantage.lat_deg > 52.2 && o.vantage.accuracy_km > 9.9);
	assert_true(o.dry_run && o.quiet);
	assert_int_equal(o.verbose, 2);
	assert_int_equal(o.n_args, 3);
	assert_string_equal(o.args[0], "one");
	assert_string_equal(o.args[1], "two");
	assert_string_equal(o.args[2], "-three");
}

static void defaults_stay(void **state)
{
	struct err_msg why;
	struct options o;

	(void)state;
	assert_int_equal(read_line(&big, "big x", &o, &why), 0);
	assert_true(o.rate_pps == 100);
	assert_int_equal(o.linger_ns, -1);
	assert_false(o.has_seed);
	assert_int_equal(o.kinds, 0);
	assert_int_equal(o.n_args, 1);
}

/* Bad lines: the message names the option and says what was expected. */
static void errors_name_the_option(void **state)
{
	static const struct {
		const char *line, *names, *expects;
	} cases[] = {
		{"big -r fast", "--rate", "a rate in packets/s"},
		{"big -r 5kk", "--rate", "a rate in packets/s"},
		{"big -r nan", "--rate", "a rate in packets/s"},
		{"big -r 0", "--rate", "0.001"},
		{"big -r -5", "--rate", "0.001"},
		{"big --rate=11M", "--rate", "10M"},
		{"big -c 0", "--count", "'0' is not a whole number from 1 to 4294967295"},
		{"big -c 4294967296", "--count", "from 1 to 4294967295"},
		{"big -c -1", "--count", "'-1' is not a whole number from 1 to 4294967295"},
		{"big -c 3x", "--count", "a whole number"},
		{"big -t soon", "--timeout", "a time"},
		{"big -t -5s", "--timeout", "a time"},
		{"big -p dns,udp", "--probes", "dns, icmp and tcp"},
		{"big -p ,", "--probes", "dns, icmp and tcp"},
		{"big --question who", "--question", "id.server"},
		{"big --flows 257", "--flows", "256"},
		{"big --flow-base 80", "--flow-base", "1024"},
		{"big --flow-base 65500", "--flow-base", "65279"},
		{"big --port 65536", "--port", "65535"},
		{"big -S nowhere", "--source", "an IPv4 or IPv6 address"},
		{"big --stamps socket", "--stamps", "kernel or hybrid"},
		{"big --dscp 64", "--dscp", "63"},
		{"big -e 18446744073709551616", "--seed", "a whole number"},
		{"big -e 0x10", "--seed", "a whole number"},
		{"big --vp a/b", "--vp", "letters, digits"},
		{"big --location 91,0", "--location", "91"},
		{"big --location here", "--location", "here"},
		{"big --vp-as 0", "--vp-as", "an AS number"},
		{"big --vp-country nl", "--vp-country", "capital"},
		{"big --vp-city aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"--vp-city", "63"},
		{"big --contact "
		 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		 "xxxxxxxxxxxxxxxxxxxxxxxxxx"
		 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"--contact", "128 bytes"},
		{"big --speed 5", "--speed", "unknown option"},
		{"big -x", "-x", "unknown option"},
		{"big --json", "--json", "unknown option"}, /* another command's */
		{"big a b --rate", "--rate", "needs a value"},
		{"big -r", "-r", "needs a value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_msg why;
		struct options o;

		if (read_line(&big, cases[i].line, &o, &why) == 0)
			fail_msg("'%s' was taken", cases[i].line);
		if (!strstr(why.text, cases[i].names) || !strstr(why.text, cases[i].expects))
			fail_msg("'%s' gives: %s", cases[i].line, why.text);
	}
}

/* Never the one where the other was asked for, too; but what a file says gives way. */
static void one_form_of_the_result(void **state)
{
	static const struct {
		const char *line;
		bool json, csv, dot;
		const char *says; /* NULL: it is taken */
	} cases[] = {
		{"forms", false, false, false, NULL},
		{"forms --csv", false, true, false, NULL},
		{"forms --csv -j", false, false, false, "--json and --csv"},
		{"forms --dot --csv", false, false, false, "--csv and --dot"},
		{"forms --dot --json", false, false, false, "--json and --dot"},
		{"forms --config c.ini", true, false, false, NULL},
		{"forms --config c.ini --dot", false, false, true, NULL},
		{"forms --config c.ini --dot --csv", false, false, false, "--csv and --dot"},
		{"forms --config two.ini", false, false, false, "--json and --csv"},
	};
	struct scratch s = scratch_make();

	(void)state;
	scratch_text("c.ini", "[forms]\njson = yes\n");
	scratch_text("two.ini", "[forms]\njson = yes\ncsv = yes\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_msg why;
		struct options o;
		int rc = read_line(&forms, cases[i].line, &o, &why);

		if ((rc < 0) != (cases[i].says != NULL) || (rc < 0 && !strstr(why.text, cases[i].says)))
			fail_msg("'%s' gives: %d %s", cases[i].line, rc, why.text);
		if (rc == 0 && (o.json != cases[i].json || o.csv != cases[i].csv || o.dot != cases[i].dot))
			fail_msg("'%s': json %d csv %d dot %d", cases[i].line, o.json, o.csv, o.dot);
	}
	scratch_remove(&s);
}

static void more_files_than_there_is_room_for(void **state)
{
	struct err_msg why;
	struct options o;
	char line[1024];
	size_t n = (size_t)snprintf(line, sizeof(line), "big");

	(void)state;
	for (int i = 0; i < OPTIONS_LISTS_MAX; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " -fx");
	assert_int_equal(read_line(&big, line, &o, &why), 0);
	assert_int_equal(o.n_targets, OPTIONS_LISTS_MAX);
	(void)snprintf(line + n, sizeof(line) - n, " -fx");
	assert_true(read_line(&big, line, &o, &why) < 0);
	assert_non_null(strstr(why.text, "--targets"));
}

/* --- the config file --- */

static void flags_beat_the_file(void **state)
{
	struct scratch s = scratch_make();
	struct err_msg why;
	struct options o;

	(void)state;
	scratch_text("c.ini",
		"; comment\n[catchmap]\nrate = 7\ntimeout = 9s\njson = yes\n"
		"[big]\ncount = 11\ntargets = file.csv\nquiet = yes\nstrict = no\nipv4 = no\nverbose = on\n"
		"[little]\njson = yes\nno-such = 1\n");
	assert_int_equal(read_line(&big, "big --config c.ini", &o, &why), 0);
	assert_true(o.rate_pps == 7);
	assert_int_equal(o.timeout_ns, 9 * NS_PER_S);
	assert_int_equal(o.count, 11);
	assert_int_equal(o.n_targets, 1);
	assert_string_equal(o.targets[0], "file.csv");
	assert_true(o.quiet);
	assert_false(o.strict);
	assert_int_equal(o.family, 0);
	assert_int_equal(o.verbose, 1);

	/* Wherever they stand on the line. */
	assert_int_equal(
		read_line(&big, "big -r 8 --config c.ini -c 12 -f mine.csv -f more.csv", &o, &why), 0);
	assert_true(o.rate_pps == 8);
	assert_int_equal(o.count, 12);
	assert_int_equal(o.timeout_ns, 9 * NS_PER_S);
	assert_int_equal(o.n_targets, 2);
	assert_string_equal(o.targets[0], "mine.csv");
	assert_string_equal(o.targets[1], "more.csv");
	scratch_remove(&s);
}

static void flags_in_a_file(void **state)
{
	static const struct {
		const char *value;
		int strict; /* -1: refused */
	} cases[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {"on", 1}, {"off", 0}, {"1", 1},
		{"0", 0}, {"maybe", -1}, {"", -1}};
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		struct err_msg why;
		struct options o;
		int rc;

		(void)snprintf(text, sizeof(text), "[big]\nstrict = %s\n", cases[i].value);
		scratch_text("c.ini", text);
		rc = read_line(&big, "big --config c.ini", &o, &why);
		assert_int_equal(rc < 0, cases[i].strict < 0);
		if (rc == 0)
			assert_int_equal(o.strict, cases[i].strict);
		else
			assert_non_null(strstr(why.text, "strict"));
	}
	scratch_remove(&s);
}

static void bad_files(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"[big]\nno-such = 1\n", "no-such"},
		{"[catchmap]\nno-such = 1\n", "no-such"},
		{"[big]\nrate = fast\n", "--rate"},
		{"[big]\njson = yes\n", "json"}, /* said to this command, which has none */
		{"[big]\nconfig = other.ini\n", "config"},
		{"[big]\nrate = 5\nwhat is this\n", "c.ini:3"},
	};
	struct scratch s = scratch_make();
	struct err_msg why;
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_text("c.ini", cases[i].text);
		assert_true(read_line(&big, "big --config c.ini", &o, &why) < 0);
		if (!strstr(why.text, cases[i].says) || !strstr(why.text, "c.ini"))
			fail_msg("case %zu gives: %s", i, why.text);
		/* The help is not behind it. */
		assert_int_equal(read_line(&big, "big --config c.ini --help", &o, &why), 0);
		assert_true(o.help);
		assert_int_equal(read_line(&big, "big -h --rate fast --config c.ini", &o, &why), 0);
		assert_true(o.help);
	}
	assert_true(read_line(&big, "big --config none.ini", &o, &why) < 0);
	assert_non_null(strstr(why.text, "none.ini"));
	assert_int_equal(read_line(&big, "big --unknown --config none.ini --help", &o, &why), 0);
	assert_true(o.help);
	scratch_remove(&s);
}

/* --- what is printed --- */

typedef void printer(void);

static void help_of_big(void)
{
	struct options o = {0};

	defaults(&o);
	options_help(&big, &o);
}

/* What it prints on stdout; to be freed. */
static char *printed(printer *print)
{
	int out = dup(STDOUT_FILENO), file = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(out >= 0 && file >= 0);
	(void)fflush(stdout);
	assert_true(dup2(file, STDOUT_FILENO) >= 0);
	print();
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	(void)close(out);
	(void)close(file);
	return scratch_read("out", NULL);
}

static void every_option_is_told(void **state)
{
	struct scratch s = scratch_make();
	char *help = printed(help_of_big), *man = printed(options_man),
	     *completion = printed(options_completion);
	char name[40];

	(void)state;
	for (size_t i = 0; takes[i]; i++) {
		(void)snprintf(name, sizeof(name), "--%s", takes[i]);
		if (!strstr(help, name) || !strstr(completion, name))
			fail_msg("%s is missing", name);
	}
	assert_null(strstr(help, "--json"));
	assert_non_null(strstr(help, "usage: catchmap big [options] THING"));
	assert_non_null(strstr(help, "(default 100)"));
	assert_non_null(strstr(help, "(default 5s)"));
	assert_non_null(strstr(help, "(default the timeout)"));
	assert_non_null(strstr(help, "(default id.server)"));
	/* No line of roff begins with what would be a request by accident. */
	assert_non_null(strstr(man, "\n\\&'Does much.\n\\&.And well.\n"));
	assert_non_null(strstr(man, "\\-r, \\-\\-rate PPS"));
	assert_non_null(strstr(completion, "big) words='"));
	assert_non_null(strstr(completion, "little) words='"));
	free(help);
	free(man);
	free(completion);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(defaults_stay),
		cmocka_unit_test(errors_name_the_option),
		cmocka_unit_test(one_form_of_the_result),
		cmocka_unit_test(more_files_than_there_is_room_for),
		cmocka_unit_test(flags_beat_the_file),
		cmocka_unit_test(flags_in_a_file),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(every_option_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
