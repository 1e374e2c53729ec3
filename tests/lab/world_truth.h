/* What an honest prober must find in a world, in the shape of catchmap's own catchment.csv and sites.csv. */
#ifndef LAB_WORLD_TRUTH_H
#define LAB_WORLD_TRUTH_H

#include "world_model.h"

/* What DNS on flow 0 (from UDP port 33000) sees before any flip. */
struct world_seen {
	const char *state;    /* as in a catchment */
	int site;             /* -1: none */
	const char *identity; /* NULL: none */
	int64_t rtt_ns;       /* the least there can be; -1: none */
};
struct world_seen world_truth_seen(const struct world *w, size_t vp, size_t target);

/* Writes both files into a folder that exists. */
int world_truth_write(const struct world *w, const char *folder, struct err_msg *why);

#endif
