/* What `which --hold` found, for a person (a sentence, a table, what it means) and for programs (JSON). */
#ifndef REPORT_HOLD_H
#define REPORT_HOLD_H

#include <stdbool.h>
#include <stdio.h>

#include "base/addr.h"
#include "infer/hold.h"

struct hold_result {
	struct addr target;
	const char *service; /* "" when it has none */
	uint16_t port;
	struct hold_log log;
	struct hold_finding finding;
	int64_t hold_ns, every_ns, ran_ns; /* asked for; between questions; as long as it ran */
	bool interrupted;
};

int hold_text(FILE *out, const struct hold_result *r, bool colour);
int hold_json(FILE *out, const struct hold_result *results, size_t n);

#endif
