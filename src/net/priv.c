#include "net/priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int priv_check(struct err_msg *why)
{
	char self[256];
	ssize_t n;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
		return 0;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	return err_set(why, ERR_PERM,
		"no privilege to send probes: run once  sudo setcap cap_net_raw=ep %s  or run it with sudo",
		self);
}

/* The number in an environment variable, or -1. */
static long env_id(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long v;

	if (!text || !*text)
		return -1;
	v = strtol(text, &end, 10);
	return *end ? -1 : v;
}

static void become_caller(void)
{
	long uid = env_id("SUDO_UID"), gid = env_id("SUDO_GID");
	const struct passwd *pw;

	if (geteuid() != 0 || uid <= 0 || gid < 0)
		return;
	/* Each may fail in a user namespace; then the id was only a name for ours anyway. */
	pw = getpwuid((uid_t)uid);
	if (!pw || initgroups(pw->pw_name, (gid_t)gid) < 0)
		(void)setgroups(0, NULL);
	if (setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) == 0)
		(void)!setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid);
}

int priv_drop(struct err_msg *why)
{
	become_caller();
	capng_clear(CAPNG_SELECT_BOTH);
	/* The bounding set can only be emptied with CAP_SETPCAP; without it nothing could use it either. */
	if (capng_apply(CAPNG_SELECT_BOTH) < 0 && capng_apply(CAPNG_SELECT_CAPS) < 0)
		return err_set(why, ERR_PERM, "cannot give up capabilities: %s", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(why, ERR_PERM, "cannot set no_new_privs: %s", strerror(errno));
	return 0;
}
