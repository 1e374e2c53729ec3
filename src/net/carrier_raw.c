#include <stdlib.h>

#include "net/carrier.h"
#include "net/ports.h"

struct raw {
	struct sender *sender;
	struct capture *capture;
	struct ports *ports;
};

static uint8_t *raw_room(void *self, const struct egress *e)
{
	return sender_room(((struct raw *)self)->sender, e);
}

static void raw_add(void *self, size_t len, const struct addr *dst, uint32_t tag)
{
	sender_add(((struct raw *)self)->sender, len, dst, tag);
}

static void raw_flush(void *self, sender_failed *failed, void *arg)
{
	sender_flush(((struct raw *)self)->sender, failed, arg);
}

static int raw_fd(const void *self)
{
	return capture_fd(((const struct raw *)self)->capture);
}

static int raw_read(void *self, int max, capture_each *each, void *arg, struct err_msg *why)
{
	return capture_read(((struct raw *)self)->capture, max, each, arg, why);
}

static struct capture_stats raw_stats(void *self)
{
	return capture_stats(((struct raw *)self)->capture);
}

static void raw_close(void *self)
{
	struct raw *r = self;

	sender_close(r->sender);
	capture_close(r->capture);
	ports_close(r->ports);
	free(r);
}

static const struct carrier_type raw_type = {
	.room = raw_room,
	.add = raw_add,
	.flush = raw_flush,
	.fd = raw_fd,
	.read = raw_read,
	.stats = raw_stats,
	.close = raw_close,
};

int carrier_open_raw(struct carrier *c, const char *interface, const char *xdp,
	const struct capture_want *want, struct err_msg *why)
{
	struct raw *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (!r)
		return err_set(why, ERR_NOMEM, "out of memory");
	*c = (struct carrier){&raw_type, r};
	r->sender = sender_open(interface, xdp, &rc, why);
	if (r->sender && !(r->capture = capture_open_live(interface, want, why)))
		rc = ERR_IFACE;
	else if (r->sender && !(r->ports = ports_open(&want->flows, why)))
		rc = ERR_EXISTS;
	if (rc < 0)
		carrier_close(c);
	return rc;
}

void carrier_close(struct carrier *c)
{
	if (c->type)
		c->type->close(c->self);
	*c = (struct carrier){0};
}
