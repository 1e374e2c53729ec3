#include "infer/catchment_pair.h"

#include <pthread.h>

/* A set that another thread reads, with names of its own. */
struct reader {
	struct catchment_set *set;
	const char *path;
	struct intern names;
	struct err_msg why;
	int rc;
};

static void *read_alone(void *arg)
{
	struct reader *r = arg;

	r->rc = catchment_set_read(r->set, &r->names, r->path, &r->why);
	return NULL;
}

int catchment_pair_read(struct catchment_set s[static 2], struct intern *names,
	const char *const path[static 2], struct err_msg *why)
{
	struct reader other = {.set = &s[1], .path = path[1]};
	pthread_t thread;
	bool apart = pthread_create(&thread, NULL, read_alone, &other) == 0;
	int rc = catchment_set_read(&s[0], names, path[0], why);

	if (!apart)
		return rc == 0 ? catchment_set_read(&s[1], names, path[1], why) : rc;
	(void)pthread_join(thread, NULL);
	if (rc == 0 && other.rc < 0) {
		*why = other.why;
		rc = other.rc;
	}
	if (rc == 0 && catchment_set_rename(&s[1], names) < 0)
		rc = err_set(why, ERR_NOMEM, "%s: out of memory", path[1]);
	intern_free(&other.names);
	return rc;
}
