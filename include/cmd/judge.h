/* Verdicts on targets, whatever their rows come from: rules, lists and places in; a verdict and what is printed of it out. */
#ifndef CMD_JUDGE_H
#define CMD_JUDGE_H

#include "cmd/options.h"
#include "data/target.h"
#include "report/which.h"

/* What is the same for all targets. */
struct judge {
	const struct options *o;
	struct rules rules;
	struct target_list book;
	struct sites sites;
	uint32_t day; /* today, YYYYMMDD */
	struct verdict_place here;
	char town[64], from[32]; /* the town where we are said to be, and who says so */
	const char *who;         /* "you" */
	const char *stamps, *sockets;
	uint32_t asn;
};

/* One address, target or control; zeros are an empty one. Rows go into `seen` (observe_add). */
struct judge_case {
	struct observation seen;
	struct target_info info;
	struct ident_scope scope;
	struct baseline baseline;
	bool no_dns;
	struct verdict_input input;
	struct verdict verdict;
	struct which_view view;
};

/* Reads rules, targets and lists. `v` says where the vantage point is, and who says so ("": nobody). ERR_PARSE without rules. */
int judge_open(struct judge *j, const struct options *o, const struct vantage *v, struct err_msg *why);
void judge_close(struct judge *j);
/* Where it stands from now on. */
void judge_stand(struct judge *j, const struct vantage *v);

/* What is known of an address: `info` (may be NULL), or what the book says where that names no operator. */
int judge_case_open(
	struct judge_case *c, const struct judge *j, const struct addr *a, const struct target_info *info);
void judge_case_close(struct judge_case *c);

/* The controls of a run, the same for all its targets, and the echo of the first hop (-1: not asked). */
struct judge_beside {
	struct judge_case *controls;
	struct verdict_subject *subjects; /* as many, filled by judge_all */
	size_t n;
	int64_t first_hop_ns;
};
/* After all rows: verdicts on `cases`. ERR_NOMEM. */
int judge_all(const struct judge *j, struct judge_case *cases, size_t n, const struct judge_beside *beside);
/* As --json, --explain and --verbose want it, on stdout. */
int judge_print(const struct judge *j, const struct judge_case *cases, size_t n);
/* Whether --fail-on names what was found. */
bool judge_found(const struct judge *j, const struct judge_case *cases, size_t n);
/* Whether any of them answered at all. */
bool judge_answered(const struct judge_case *cases, size_t n);

/* Addresses of other operators than all of `targets`, and of each other, whose answers say most of where we are: those with the
 * longest lists of sites. Up to `want` go into out; returns how many. */
size_t judge_pick_controls(
	const struct judge *j, const struct target_list *targets, struct target *out, size_t want);

#endif
