/* The ways of `which` that have a file of their own. */
#ifndef CMD_WHICH_H
#define CMD_WHICH_H

#include "cmd/options.h"

/* which --hold: does a TCP connection stay at its site? An exit code. */
int which_hold(const struct options *o);
/* which --run: what the rows of a run say; nothing is sent. An exit code. */
int which_run(const struct options *o);

#endif
