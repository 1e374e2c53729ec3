/* The routing-table view of some targets, from MRT files and, if there is one, a run: what `routes` prints and the page shows.
 *
 *	struct routing g;
 *	if (routing_read(&g, &targets, files, n_files, NULL, false, warn, NULL, &why) ... routing_join(&g, &set, run, &why) == 0)
 *		document = routes_json(&g.report);
 *	routing_free(&g);
 */
#ifndef CMD_ROUTING_H
#define CMD_ROUTING_H

#include "cmd/rib.h"
#include "data/target.h"
#include "report/routes.h"

struct routing {
	struct routes r;
	struct as_names names;
	struct routes_view *views;
	struct routes_join *joins;
	enum site_verdict *verdicts;
	size_t n;
	struct routes_report report; /* of the above */
};

/* Results of rib_read, after which the report is there; or of reading the file of AS names (may be NULL). The targets must stay.
 * Free in any case. */
int routing_read(struct routing *g, const struct target_list *targets, const char *const *mrt, size_t n_mrt,
	const char *as_names, bool progress, rib_complain *complain, void *arg, struct err_msg *why);
/* Adds what was measured: `set` is of the run, and must stay. */
int routing_join(struct routing *g, const struct catchment_set *set, const char *run, struct err_msg *why);
void routing_free(struct routing *g);

#endif
