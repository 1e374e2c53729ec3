/* What `infer` found: a story of some twenty lines for a person, JSON for programs, and RUN/infer.json, which says from what. */
#ifndef REPORT_INFER_H
#define REPORT_INFER_H

#include <stdio.h>

#include "data/catchment.h"
#include "infer/sites.h"

/* A target as the story tells it. */
struct infer_target {
	struct addr addr;
	const char *service; /* must stay */
	enum site_verdict verdict;
	uint32_t sites, placed, likely, states[VP_STATES]; /* likely: of the sites */
	double weight;                                     /* of those in state site */
};

/* Some sites are kept as they are told: those of the first targets. */
struct infer_told {
	size_t target; /* number of it */
	char site[40], place[48], share[12], vps[12], rtt[16], known[24];
};
enum { INFER_DETAILED = 3, INFER_TOLD = 12, INFER_EVIDENCE_MAX = 512 };

struct infer_input {
	const char *path;
	uint64_t rows;
	char sha256[65]; /* "": not known */
};

struct infer_report {
	struct infer_target *v;
	size_t n, cap;
	struct infer_told *told;
	size_t n_told, cap_told;
	char evidence[INFER_DETAILED][INFER_EVIDENCE_MAX];
	/* Given when all is done. */
	const char *run;
	int argc;
	char *const *argv;
	const struct infer_input *inputs; /* files of rows, then the others, whose rows are 0 */
	size_t n_inputs;
	const struct sites_options *options;
	double trust;
	const struct trust_row *untrusted;
	size_t n_untrusted, vps, unplaced_vps, identities;
	uint64_t rows;
	size_t faults; /* warnings given */
};

/* Each row that is written. ERR_NOMEM. */
int infer_report_site(struct infer_report *r, const struct site_row *row);
int infer_report_vp(struct infer_report *r, const struct catchment_row *row);

int infer_text(FILE *out, const struct infer_report *r);
int infer_json(FILE *out, const struct infer_report *r);
/* RUN/infer.json, whole or not at all. */
int infer_store(const struct infer_report *r, struct err_msg *why);
void infer_report_free(struct infer_report *r);

#endif
