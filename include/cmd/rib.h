/* MRT files into what is gathered of them (infer/routes.h), each read once, in bounded memory. */
#ifndef CMD_RIB_H
#define CMD_RIB_H

#include "infer/routes.h"

/* Called for each thing worth a warning: "FILE: what, at which byte". */
typedef void rib_complain(void *arg, const char *text);

/* Reads these files (plain, .gz, .bz2, .zst, - is stdin) and finishes. 0; ERR_PARTIAL when some of it could not be read: what
 * could is there; ERR_IO when a file cannot be opened, ERR_NOMEM, ERR_RANGE: *why says it. `progress`: a line a second on stderr. */
int rib_read(struct routes *r, const char *const *paths, size_t n, bool progress, rib_complain *complain,
	void *arg, struct err_msg *why);

#endif
