/* Options: one table for the whole program, so that an option means the same in every command. From it come the parser, the
 * reader of --config files, --help, the man page and the shell completion. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "data/record.h"
#include "data/run.h"

enum { OPTIONS_LISTS_MAX = 16, OPTIONS_BASELINES_MAX = 512, OPTIONS_TABLES_MAX = 256 };
/* auto: raw with the privilege for it, else plain (net/carrier.h) */
enum sockets { SOCKETS_RAW, SOCKETS_PLAIN, SOCKETS_AUTO };

/* Every option's value. A command sets its defaults before the command line is read. */
struct options {
	bool help, dry_run, json, quiet, strict, compress, no_retry, resume, once;
	unsigned verbose;
	int family;                             /* 0, 4 or 6 */
	const char *targets[OPTIONS_LISTS_MAX]; /* -f, each once more */
	size_t n_targets;
	const char *exec, *textfile;
	const char *output, *interface, *blocklist, *config, *contact, *vp;
	struct addr source4, source6;
	double rate_pps;
	uint64_t count, seed;
	bool has_seed;
	int64_t timeout_ns, linger_ns, gap_ns, every_ns, phase_ns, rotate_ns;
	uint64_t rotate_bytes;
	uint8_t kinds; /* set of 1 << enum probe_kind; 0: what each target answers */
	uint64_t flows, flow_base, port, dscp;
	enum question question;
	enum stamp stamps;
	enum sockets sockets;
	bool xdp;                       /* --send */
	int64_t hold_ns, hold_every_ns; /* hold_ns 0: without --hold */
	const char *run, *country;
	uint32_t asn;                /* 0: not said */
	struct vantage vantage;      /* --location and what else is said of this machine */
	const char *target;          /* of bare strings, of imported files */
	const char *format, *places; /* of imported files */
	uint32_t day;                /* YYYYMMDD, 0: any */
	struct wall since, until;    /* 0: no bound */
	bool explain, check;
	uint64_t min_vps;                             /* infer */
	double trust, speed;                          /* a share; km/ms */
	const char *baselines[OPTIONS_BASELINES_MAX]; /* diff, each once more */
	size_t n_baselines;
	const char *tables[OPTIONS_TABLES_MAX]; /* --mrt, each once more */
	size_t n_tables;
	const char *catchment, *as_names;
	const char *against, *weight;
	int cluster,
		sort; /* places in the lists of words in options.c: those of report/diff.h and infer/compare.h */
	double alpha, fail_on; /* shares; fail_on below 0: not given */
	unsigned fail_verdicts,
		fail_flags; /* which --fail-on: sets of 1 << enum verdict_kind, and of flags */
	const char *controls[OPTIONS_LISTS_MAX]; /* --control, each once more */
	size_t n_controls;
	bool csv, dot, reinfer;
	bool man, completion;
	char *const *args; /* what is not an option */
	int n_args;
	char **texts; /* values read from a file; options_free gives them back */
	size_t n_texts, cap_texts;
	char *const *argv; /* the whole line, from the program's name on */
	int argc;
};

struct command;

/* Reads --config, then the command line (which beats it). 0, or ERR_PARSE with a message that names the option and what was
 * expected. */
int options_read(struct options *o, const struct command *c, int argc, char *argv[], struct err_msg *why);

void options_free(struct options *o);

/* Says how the command is used: synopsis, options with their defaults, exit status. */
void options_help(const struct command *c, const struct options *defaults);
/* A roff man page and a bash completion of all commands, on stdout. */
void options_man(void);
void options_completion(void);

#endif
