#include "net/send.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/inject.h"
#include "net/xdp.h"

enum { FRAME_MAX = sizeof(((struct egress *)0)->ether) + INJECT_PACKET_MAX, SEND_BUFFER = 4 << 20 };

/* Each way of sending is a socket; the last one is the xdp's own. */
enum way { WAY_FRAME, WAY_IP4, WAY_IP6, WAYS, WAY_XDP = WAYS };

struct sender {
	int fd[WAYS];    /* -1: this machine has no such family */
	struct xdp *xdp; /* NULL: none */
	int xdp_ifindex;
	unsigned n;
	const struct egress *egress; /* of the packet being made */
	enum way way[SEND_BATCH];
	uint32_t tag[SEND_BATCH];
	struct mmsghdr msg[SEND_BATCH];
	struct iovec iov[SEND_BATCH];
	union {
		struct sockaddr_ll ll;
		struct sockaddr_storage ip;
	} to[SEND_BATCH];
	uint8_t frame[SEND_BATCH][FRAME_MAX];
};

static int open_way(int family, int protocol, const char *interface, struct err_msg *why)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol), bytes = SEND_BUFFER;

	if (fd < 0) {
		if (errno == EAFNOSUPPORT)
			return -1;
		return err_set(why, err_from_errno(errno), "cannot open a raw socket: %s", strerror(errno)) -
		       1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (interface &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0) {
		int e = errno;

		(void)close(fd);
		return err_set(why, err_from_errno(e), "cannot bind to %s: %s", interface, strerror(e)) - 1;
	}
	return fd;
}

static int open_xdp(struct sender *s, const char *interface, struct err_msg *why)
{
	int err = 0;

	s->xdp = xdp_open(interface, &err, why);
	s->xdp_ifindex = (int)if_nametoindex(interface);
	return err;
}

struct sender *sender_open(const char *interface, const char *xdp, int *err, struct err_msg *why)
{
	struct sender *s = calloc(1, sizeof(*s));

	if (!s) {
		*err = err_set(why, ERR_NOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < WAYS; i++)
		s->fd[i] = -1;
	/* Protocol 0: this socket never receives. */
	s->fd[WAY_FRAME] = open_way(AF_PACKET, 0, NULL, why);
	s->fd[WAY_IP4] = open_way(AF_INET, IPPROTO_RAW, interface, why);
	s->fd[WAY_IP6] = open_way(AF_INET6, IPPROTO_RAW, interface, why);
	*err = s->fd[WAY_FRAME] >= 0 && s->fd[WAY_IP4] >= -1 && s->fd[WAY_IP6] >= -1 ? 0 : ERR_PERM;
	if (*err == 0 && xdp)
		*err = open_xdp(s, xdp, why);
	if (*err == 0)
		return s;
	sender_close(s);
	return NULL;
}

uint8_t *sender_room(struct sender *s, const struct egress *e)
{
	if (s->n == SEND_BATCH)
		return NULL;
	s->egress = e;
	return s->frame[s->n] + (e->link == EGRESS_ETHER ? sizeof(e->ether) : 0);
}

static socklen_t address_frame(struct sockaddr_ll *ll, const struct egress *e, const struct addr *dst)
{
	*ll = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(dst->family == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = e->ifindex,
	};
	return sizeof(*ll);
}

static socklen_t address_ip(struct sockaddr_storage *ss, const struct egress *e, const struct addr *dst)
{
	socklen_t len = addr_to_sockaddr(dst, 0, ss);

	if (dst->family == 6 && dst->b[0] == 0xfe && (dst->b[1] & 0xc0) == 0x80)
		((struct sockaddr_in6 *)ss)->sin6_scope_id = (uint32_t)e->ifindex;
	return len;
}

static enum way way_of(const struct sender *s, const struct egress *e, const struct addr *dst)
{
	if (e->link == EGRESS_IP)
		return dst->family == 4 ? WAY_IP4 : WAY_IP6;
	return s->xdp && e->link == EGRESS_ETHER && e->ifindex == s->xdp_ifindex ? WAY_XDP : WAY_FRAME;
}

void sender_add(struct sender *s, size_t len, const struct addr *dst, uint32_t tag)
{
	const struct egress *e = s->egress;
	unsigned i = s->n++;
	struct msghdr *h = &s->msg[i].msg_hdr;

	s->tag[i] = tag;
	s->way[i] = way_of(s, e, dst);
	if (e->link == EGRESS_ETHER) {
		memcpy(s->frame[i], e->ether, sizeof(e->ether));
		len += sizeof(e->ether);
	}
	s->iov[i] = (struct iovec){s->frame[i], len};
	memset(h, 0, sizeof(*h));
	h->msg_iov = &s->iov[i];
	h->msg_iovlen = 1;
	h->msg_name = &s->to[i];
	h->msg_namelen =
		e->link != EGRESS_IP ? address_frame(&s->to[i].ll, e, dst) : address_ip(&s->to[i].ip, e, dst);
}

/* How many of the n packets from i on, which go one way, were sent; negative, with errno: not even the first. */
static int send_run(struct sender *s, unsigned i, unsigned n)
{
	int sent;

	if (s->way[i] != WAY_XDP)
		return sendmmsg(s->fd[s->way[i]], &s->msg[i], n, 0);
	sent = xdp_send(s->xdp, &s->iov[i], n);
	if (sent < 0)
		errno = -sent;
	return sent;
}

void sender_flush(struct sender *s, sender_failed *failed, void *arg)
{
	unsigned i = 0;

	while (i < s->n) {
		unsigned end = i + 1;
		int sent;

		while (end < s->n && s->way[end] == s->way[i])
			end++;
		sent = send_run(s, i, end - i);
		if (sent > 0) {
			i += (unsigned)sent;
		} else if (errno != EINTR) {
			failed(arg, s->tag[i], errno);
			i++;
		}
	}
	s->n = 0;
}

void sender_close(struct sender *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < WAYS; i++)
		if (s->fd[i] >= 0)
			(void)close(s->fd[i]);
	xdp_close(s->xdp);
	free(s);
}
