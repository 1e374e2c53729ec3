/* Catchments for tests, written as the text of a catchment.csv and read as one.
 *
 *	struct catchments w = {.n = 0};
 *	struct compare_side old = catchments_read(&w, "target,vp,site\n192.0.2.1,a,ams\n");
 *	...
 *	catchments_free(&w);
 */
#ifndef TESTS_UNIT_CATCHMENTS_H
#define TESTS_UNIT_CATCHMENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "infer/compare.h"

enum { CATCHMENTS_MAX = 128 };

struct catchments {
	struct intern names;
	struct catchment_set sets[CATCHMENTS_MAX];
	size_t n;
};

static inline struct csv *catchments_csv(const char *name, const char *text)
{
	struct file_in *in = file_in_bytes(name, text, strlen(text), NULL);

	return in ? csv_open_over(in, NULL) : NULL;
}

/* 0 or what reading gave; the set is the last of all. */
static inline int catchments_try(
	struct catchments *w, const char *text, const char *sites, struct err_msg *why)
{
	struct csv *c, *s = NULL;

	assert_true(w->n < CATCHMENTS_MAX);
	c = catchments_csv("catchment.csv", text);
	if (sites)
		s = catchments_csv("sites.csv", sites);
	assert_non_null(c);
	return catchment_set_read_from(&w->sets[w->n++], &w->names, c, s, why);
}

static inline struct compare_side catchments_read(struct catchments *w, const char *text, const char *sites)
{
	struct err_msg why = {{0}};
	int rc = catchments_try(w, text, sites, &why);

	if (rc < 0)
		fail_msg("%s", why.text);
	return (struct compare_side){&w->sets[w->n - 1], 0};
}

static inline void catchments_free(struct catchments *w)
{
	for (size_t i = 0; i < w->n; i++)
		catchment_set_free(&w->sets[i]);
	intern_free(&w->names);
	*w = (struct catchments){.n = 0};
}

/* A text that grows. */
struct page {
	char *text;
	size_t n, cap;
};

__attribute__((format(printf, 2, 3))) static inline void page_put(struct page *p, const char *format, ...)
{
	va_list args;
	int n;

	if (p->cap - p->n < 512) {
		p->cap = p->cap * 2 + 4096;
		p->text = realloc(p->text, p->cap);
		assert_non_null(p->text);
	}
	va_start(args, format);
	n = vsnprintf(p->text + p->n, 512, format, args);
	va_end(args);
	assert_in_range(n, 0, 511);
	p->n += (size_t)n;
}

#endif
