/* One target as many vantage points of a run see it: a sentence, the sites with their vantage points counted, and, when they
 * are few, a line for each of them. */
#ifndef REPORT_WHICH_VPS_H
#define REPORT_WHICH_VPS_H

#include "data/vantage.h"
#include "report/which.h"

enum { WHICH_VPS_LISTED = 40 }; /* more are not listed one by one */

struct which_vps {
	const char *whom;             /* "AS64501", "FR", "this run" */
	const struct which_view *v;   /* one for each that has rows */
	const struct vantage **about; /* of each; NULL: nothing known */
	size_t n;
};

int which_vps_text(FILE *out, const struct which_vps *w, bool colour);

#endif
