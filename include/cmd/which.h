/* The other ways of `which`, each in a file of its own. */
#ifndef CMD_WHICH_H
#define CMD_WHICH_H

#include "cmd/options.h"

/* which --hold: does a TCP connection stay at its site? An exit code. */
int which_hold(const struct options *o);

#endif
