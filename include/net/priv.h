/* Privilege: what is needed (CAP_NET_RAW, to open sockets), and giving it up for good. */
#ifndef NET_PRIV_H
#define NET_PRIV_H

#include "base/err.h"

/* 0 when this process may open raw sockets, else ERR_PERM with the command that grants it. */
int priv_check(struct err_msg *why);

/* After everything privileged is open: under sudo becomes the calling user, then clears all capabilities and
 * sets no_new_privs. Where the system refuses a change of user (user namespaces), the rest is still done. */
int priv_drop(struct err_msg *why);

#endif
