/* The comparison's part of the page's data. */
#ifndef REPORT_PAGE_DIFF_H
#define REPORT_PAGE_DIFF_H

#include <jansson.h>
#include <stdint.h>

#include "infer/compare.h"

/* now_at, before_at: what the page calls each site of the two targets, in the order of their sets. NULL without memory. */
json_t *page_diff_json(const struct comparison *c, const uint32_t *now_at, const uint32_t *before_at);

#endif
