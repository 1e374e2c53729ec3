#include <errno.h>
#include <time.h> /* of which linux/errqueue.h forgets to say that it needs it */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/wire.h"
#include "net/carrier.h"
#include "net/forge.h"
#include "net/inject.h"
#include "proto/tcp.h"
#include "proto/udp.h"

#ifndef IPV6_AUTOFLOWLABEL
#define IPV6_AUTOFLOWLABEL 70 /* linux/in6.h, which clashes with netinet/in.h */
#endif

enum {
	SENT_KEPT = 4096,
	CONNECTS_MAX = 512,
	EVENTS = 64,
	CONTROL_MAX = 512,
	LOOK_MS = 50,
	RECEIVE_BUFFER = 4 << 20
};
enum { PORT_AT = 2, ECHO_ID_AT = 4 }; /* in l4 */
#define TIMER UINT64_MAX
/* The kernel sends a second SYN after a second, and then nobody knows which one was answered. */
#define CONNECT_MAX_NS (950 * NS_PER_MS)

/* A packet as it was formed: what a stamp, an error or an answer is about. */
struct sent {
	uint8_t bytes[INJECT_PACKET_MAX];
	size_t len;
	struct wall at; /* just before it was handed to the kernel */
	int fd;         /* of its socket; 0: none */
	uint32_t key;   /* by which the kernel names it when it tells its sending time */
	bool stamped;
};

/* UDP or ping, for one flow and family. */
struct door {
	int fd; /* 0: not open */
	enum probe_kind kind;
	uint16_t port;
	uint32_t next_key, dropped;
};

struct attempt {
	int fd; /* 0: free */
	struct mono since;
	struct sent sent;
};

struct plain {
	const char *interface;
	struct capture_want want;
	uint8_t dscp;
	int epoll, timer;
	struct door *doors; /* [dns, icmp][family][flow] */
	size_t n_doors;
	struct sent *kept; /* a ring */
	uint64_t n_kept;
	bool pending; /* a packet waits in `out` */
	struct sent out;
	int out_ifindex;
	uint32_t out_tag;
	struct attempt *attempts;
	unsigned n_attempts;
	struct capture_stats stats;
	capture_each *each; /* of the current read */
	void *arg;
	int seen;
	uint8_t frame[FORGE_MAX];
};

/* --- opening --- */

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int stamp_flags(const struct plain *p)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;

	if (p->want.outgoing)
		flags |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	return flags;
}

/* The flow label stays 0: else each socket would have one of its own, and routers that hash on it would split a flow. */
static void set_options(const struct plain *p, int fd, int family)
{
	static const struct {
		int family, level, name, value;
	} options[] = {
		{4, IPPROTO_IP, IP_RECVERR, 1},
		{4, IPPROTO_IP, IP_RECVTTL, 1},
		{4, IPPROTO_IP, IP_PKTINFO, 1},
		{6, IPPROTO_IPV6, IPV6_V6ONLY, 1},
		{6, IPPROTO_IPV6, IPV6_RECVERR, 1},
		{6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},
		{6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
		{6, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].family == family)
			(void)set_int(fd, options[i].level, options[i].name, options[i].value);
	if (family == 4)
		(void)set_int(fd, IPPROTO_IP, IP_TOS, p->dscp << 2);
	else
		(void)set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, p->dscp << 2);
}

/* A socket bound to the flow's port (or ICMP id); negative: errno is set. */
static int open_bound(const struct plain *p, int family, int type, int protocol, uint16_t port)
{
	const struct addr *source = family == 4 ? &p->want.source4 : &p->want.source6;
	struct addr any = {.family = (uint8_t)family};
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(source->family ? source : &any, port, &ss);
	int fd = socket(addr_af(&any), type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), e;

	if (fd < 0)
		return -1;
	set_options(p, fd, family);
	/* To one port many targets may be connected. */
	if (type == SOCK_STREAM)
		(void)set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if ((!p->interface || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->interface,
				      (socklen_t)strlen(p->interface)) == 0) &&
		bind(fd, (const struct sockaddr *)&ss, len) == 0)
		return fd;
	e = errno;
	(void)close(fd);
	errno = e;
	return -1;
}

static int watch(const struct plain *p, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int cannot_open(const struct plain *p, const struct door *d, int family, struct err_msg *why)
{
	const char *what = d->kind == PROBE_DNS ? "UDP port" : "ICMP id";
	char source[ADDR_TEXT_LEN];

	if (errno == EADDRNOTAVAIL)
		return err_set(why, ERR_RANGE, "%s is not an address of this machine",
			addr_text(family == 4 ? &p->want.source4 : &p->want.source6, source));
	if (errno == ENODEV)
		return err_set(why, ERR_IFACE, "no interface %s", p->interface);
	return err_set(why, err_from_errno(errno),
		"%s %u cannot be taken: %s; stop the program that holds it (ss -lunp), or choose others with "
		"--flow-base (runs to be compared need the same)",
		what, d->port, strerror(errno));
}

static int open_door(struct plain *p, struct door *d, int family, struct err_msg *why)
{
	int protocol = d->kind == PROBE_DNS ? 0 : family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int fd = open_bound(p, family, SOCK_DGRAM, protocol, d->port);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : cannot_open(p, d, family, why);
	d->fd = fd;
	(void)set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, stamp_flags(p)) < 0 ||
		watch(p, fd, EPOLLIN, (uint64_t)(d - p->doors)) < 0)
		return err_set(why, ERR_IO, "cannot prepare a socket: %s", strerror(errno));
	return 0;
}

static struct door *door_of(const struct plain *p, enum probe_kind kind, int family, unsigned flow)
{
	size_t row = (kind == PROBE_ICMP ? 2U : 0U) + (family == 6 ? 1U : 0U);

	return &p->doors[row * p->want.flows.n + flow];
}

static int open_doors(struct plain *p, struct err_msg *why)
{
	static const enum probe_kind kinds[] = {PROBE_DNS, PROBE_ICMP};
	int rc = 0;

	for (size_t k = 0; k < 2; k++)
		for (int family = 4; family <= 6; family += 2)
			for (unsigned flow = 0; flow < p->want.flows.n && rc == 0; flow++) {
				struct door *d = door_of(p, kinds[k], family, flow);

				d->kind = kinds[k];
				d->port = (uint16_t)(p->want.flows.base + flow);
				rc = p->want.kinds[kinds[k]] ? open_door(p, d, family, why) : 0;
			}
	return rc;
}

bool carrier_may_ping(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* --- frames --- */

static void show(struct plain *p, struct wall stamp, bool by_socket, const uint8_t *ip, size_t len)
{
	struct capture_frame f = {.stamp = stamp, .by_socket = by_socket, .ip = ip, .len = len};

	if (len == 0)
		return;
	p->seen++;
	p->stats.captured++;
	p->each(p->arg, &f);
}

/* What comes beside a datagram. */
struct control {
	struct wall stamp; /* the kernel's; 0: none */
	struct addr dst;
	uint8_t ttl;
	uint32_t dropped;
	bool has_error;
	struct sock_extended_err error;
	struct addr offender;
};

static void take_cmsg(const struct cmsghdr *c, struct control *out)
{
	const void *data = CMSG_DATA(c);
	int value = 0;

	if (c->cmsg_len >= CMSG_LEN(sizeof(value)))
		memcpy(&value, data, sizeof(value));
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
		struct timespec t;

		memcpy(&t, data, sizeof(t));
		out->stamp.ns = (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
		out->dropped = (uint32_t)value;
	} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
		out->ttl = (uint8_t)value;
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		out->dst = addr_v4((const uint8_t *)data + offsetof(struct in_pktinfo, ipi_addr));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		out->dst = addr_v6((const uint8_t *)data + offsetof(struct in6_pktinfo, ipi6_addr));
	} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
		struct sockaddr_storage from = {0};
		size_t n = c->cmsg_len - CMSG_LEN(sizeof(out->error));

		out->has_error = true;
		memcpy(&out->error, data, sizeof(out->error));
		memcpy(&from, (const uint8_t *)data + sizeof(out->error),
			n < sizeof(from) ? n : sizeof(from));
		(void)addr_from_sockaddr((const struct sockaddr *)&from, &out->offender);
	}
}

/* One message of a socket: the length of its data (more than `cap`: it was cut), or -1. */
static ssize_t receive(
	int fd, int flags, struct sockaddr_storage *from, void *data, size_t cap, struct control *control)
{
	_Alignas(struct cmsghdr) uint8_t room[CONTROL_MAX];
	struct iovec iov = {data, cap};
	struct msghdr h = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	ssize_t n = recvmsg(fd, &h, flags | MSG_DONTWAIT);

	*control = (struct control){0};
	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
		take_cmsg(c, control);
	return n;
}

/* --- what the kernel says of packets that were sent --- */

typedef bool is_wanted(const struct sent *s, const void *arg);

/* The newest one that is wanted, or NULL. */
static struct sent *find_sent(struct plain *p, is_wanted *wanted, const void *arg)
{
	uint64_t oldest = p->n_kept > SENT_KEPT ? p->n_kept - SENT_KEPT : 0;

	for (uint64_t i = p->n_kept; i-- > oldest;)
		if (wanted(&p->kept[i % SENT_KEPT], arg))
			return &p->kept[i % SENT_KEPT];
	return NULL;
}

struct by_key {
	int fd;
	uint32_t key;
};

static bool has_key(const struct sent *s, const void *arg)
{
	const struct by_key *k = arg;

	return s->fd == k->fd && s->key == k->key && !s->stamped;
}

struct by_quote {
	int fd;
	struct addr dst;
	const uint8_t *quoted;
	size_t n, at; /* at: where in l4 the quote begins */
};

static bool is_quoted(const struct sent *s, const void *arg)
{
	const struct by_quote *q = arg;
	struct packet packet;
	size_t here;

	if (s->fd != q->fd || ip_parse(s->bytes, s->len, &packet) < 0 || !addr_equal(&packet.dst, &q->dst) ||
		packet.l4_len < q->at)
		return false;
	here = packet.l4_len - q->at;
	return memcmp(packet.l4 + q->at, q->quoted, q->n < here ? q->n : here) == 0;
}

static bool is_icmp(const struct sock_extended_err *e)
{
	return e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6;
}

static void show_error(struct plain *p, const struct sent *about, const struct control *c)
{
	size_t n = forge_icmp_error(
		p->frame, &c->offender, c->ttl, c->error.ee_type, c->error.ee_code, about->bytes, about->len);

	show(p, c->stamp.ns ? c->stamp : clock_wall(), c->stamp.ns == 0, p->frame, n);
}

/* One word from a door's error queue: a sending time, or an ICMP error. */
static bool read_error(struct plain *p, const struct door *d)
{
	struct sockaddr_storage to = {0};
	uint8_t quoted[INJECT_PACKET_MAX];
	struct control c;
	ssize_t n = receive(d->fd, MSG_ERRQUEUE, &to, quoted, sizeof(quoted), &c);
	struct sent *s;

	if (n < 0)
		return false;
	if (c.has_error && c.error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		s = find_sent(p, has_key, &(struct by_key){d->fd, c.error.ee_data});
		if (s && c.stamp.ns >= s->at.ns) {
			s->stamped = true;
			show(p, c.stamp, false, s->bytes, s->len);
		}
	} else if (c.has_error && is_icmp(&c.error)) {
		struct by_quote q = {d->fd, {0}, quoted, (size_t)n, d->kind == PROBE_DNS ? UDP_LEN : 0};

		(void)addr_from_sockaddr((const struct sockaddr *)&to, &q.dst);
		s = find_sent(p, is_quoted, &q);
		if (s)
			show_error(p, s, &c);
	}
	return true;
}

/* --- replies --- */

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	/* The port stands at the same place in both families. */
	return ntohs(((const struct sockaddr_in *)ss)->sin_port);
}

static bool read_reply(struct plain *p, struct door *d)
{
	struct sockaddr_storage from = {0};
	uint8_t data[FORGE_PAYLOAD_MAX];
	struct forge_head h = {.proto = IP_UDP};
	struct control c;
	ssize_t n = receive(d->fd, MSG_TRUNC, &from, data, sizeof(data), &c);
	size_t here, len;

	if (n < 0)
		/* An error that waited on the socket was told by its queue. */
		return errno != EAGAIN && errno != EINTR && errno != EBADF;
	here = (size_t)n < sizeof(data) ? (size_t)n : sizeof(data);
	/* No room, or a bad checksum: the kernel makes one number of both, so that it is not said to be our own loss. */
	p->stats.ifdropped += c.dropped ? c.dropped - d->dropped : 0;
	d->dropped = c.dropped ? c.dropped : d->dropped;
	h.ttl = c.ttl;
	h.dst = c.dst;
	if (addr_from_sockaddr((const struct sockaddr *)&from, &h.src) < 0 || h.src.family != h.dst.family)
		return true;
	if (d->kind == PROBE_ICMP)
		h.proto = h.src.family == 4 ? IP_ICMP : IP_ICMP6;
	len = d->kind == PROBE_ICMP ? forge_l4(p->frame, &h, data, here)
				    : forge_udp(p->frame, &h, port_of(&from), d->port, data, here, (size_t)n);
	show(p, c.stamp.ns ? c.stamp : clock_wall(), c.stamp.ns == 0, p->frame, len);
	return true;
}

/* Sending times first: a reply is held against them. */
static void read_door(struct plain *p, struct door *d)
{
	while (read_error(p, d))
		;
	for (int i = 0; i < EVENTS && read_reply(p, d); i++)
		;
}

/* --- TCP --- */

static void end_attempt(struct plain *p, struct attempt *a)
{
	/* An RST at once: nothing of us stays, neither at the server nor as TIME_WAIT here. */
	(void)setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	(void)close(a->fd);
	a->fd = 0;
	p->n_attempts--;
	if (p->n_attempts == 0)
		(void)timerfd_settime(p->timer, 0, &(struct itimerspec){0}, NULL);
}

static void show_answer(struct plain *p, const struct attempt *a, struct wall rx, uint8_t flags)
{
	size_t n = forge_tcp_answer(p->frame, a->sent.bytes, a->sent.len, flags);

	show(p, a->sent.at, true, a->sent.bytes, a->sent.len);
	show(p, rx, true, p->frame, n);
}

static void read_handshake(struct plain *p, const struct attempt *a)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	struct wall rx = clock_wall();

	if (getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_rtt > 0)
		rx.ns = a->sent.at.ns + info.tcpi_rtt * NS_PER_US;
	show_answer(p, a, rx, TCP_SYN | TCP_ACK);
}

static bool read_attempt_error(struct plain *p, const struct attempt *a)
{
	struct sockaddr_storage to;
	uint8_t quoted[INJECT_PACKET_MAX];
	struct control c;

	while (receive(a->fd, MSG_ERRQUEUE, &to, quoted, sizeof(quoted), &c) >= 0)
		if (c.has_error && is_icmp(&c.error)) {
			show_error(p, &a->sent, &c);
			return true;
		}
	return false;
}

static void read_attempt(struct plain *p, struct attempt *a)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!a->fd)
		return;
	if (!read_attempt_error(p, a)) {
		(void)getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error == 0)
			read_handshake(p, a);
		else if (error == ECONNREFUSED)
			show_answer(p, a, clock_wall(), TCP_RST | TCP_ACK);
	}
	end_attempt(p, a);
}

static void give_up(struct plain *p)
{
	struct mono now = clock_mono();
	uint64_t n;

	(void)!read(p->timer, &n, sizeof(n));
	for (size_t i = 0; i < CONNECTS_MAX && p->n_attempts; i++)
		if (p->attempts[i].fd && now.ns - p->attempts[i].since.ns > CONNECT_MAX_NS)
			end_attempt(p, &p->attempts[i]);
}

/* 0 or an errno. */
static int start_attempt(
	struct plain *p, const struct packet *packet, const struct sockaddr *to, socklen_t len)
{
	static const struct itimerspec often = {
		{0, LOOK_MS * NS_PER_MS},
		{0, LOOK_MS * NS_PER_MS},
	};
	struct attempt *a = p->attempts;
	int fd;

	while (a < p->attempts + CONNECTS_MAX && a->fd)
		a++;
	if (a == p->attempts + CONNECTS_MAX)
		return EMFILE;
	fd = open_bound(p, packet->dst.family, SOCK_STREAM, 0, wire_get16(packet->l4));
	if (fd < 0)
		return errno;
	a->sent = p->out;
	a->sent.at = clock_wall();
	a->since = clock_mono();
	if ((connect(fd, to, len) < 0 && errno != EINPROGRESS) ||
		watch(p, fd, EPOLLOUT, p->n_doors + (uint64_t)(a - p->attempts)) < 0) {
		int e = errno;

		(void)close(fd);
		return e;
	}
	a->fd = fd;
	if (p->n_attempts++ == 0)
		(void)timerfd_settime(p->timer, 0, &often, NULL);
	return 0;
}

/* --- sending --- */

static uint8_t *plain_room(void *self, const struct egress *e)
{
	struct plain *p = self;

	p->out_ifindex = e->ifindex;
	return p->pending ? NULL : p->out.bytes;
}

static void plain_add(void *self, size_t len, const struct addr *dst, uint32_t tag)
{
	struct plain *p = self;

	p->out.len = len;
	(void)dst; /* the packet says it */
	p->out_tag = tag;
	p->pending = true;
}

/* From the address that the packet has: the route's, or --source. */
static void set_source(struct msghdr *h, const struct addr *src)
{
	struct cmsghdr *c = h->msg_control;

	if (src->family == 4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, src->b, 4);
		h->msg_controllen = CMSG_SPACE(sizeof(info));
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, src->b, 16);
		h->msg_controllen = CMSG_SPACE(sizeof(info));
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* After a failure nobody knows whether the kernel counted that packet: both begin anew, and what has no sending time yet
 * stays without. */
static void restart_keys(struct plain *p, struct door *d)
{
	for (size_t i = 0; i < SENT_KEPT; i++)
		if (p->kept[i].fd == d->fd)
			p->kept[i].stamped = true;
	(void)set_int(d->fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
	(void)set_int(d->fd, SOL_SOCKET, SO_TIMESTAMPING, stamp_flags(p));
	d->next_key = 0;
}

/* 0 or an errno. An error that waits on the socket was made by an earlier packet, and is told by the queue. */
static int send_datagram(struct plain *p, struct door *d, const struct msghdr *h)
{
	int error;
	socklen_t len = sizeof(error);

	for (int i = 0; i < 2; i++) {
		(void)getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		p->out.at = clock_wall();
		p->out.fd = d->fd;
		p->out.key = d->next_key++;
		p->out.stamped = false;
		if (sendmsg(d->fd, h, MSG_DONTWAIT) >= 0) {
			p->kept[p->n_kept++ % SENT_KEPT] = p->out;
			return 0;
		}
		error = errno;
		restart_keys(p, d);
	}
	return error;
}

static int send_out(struct plain *p)
{
	_Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
	struct sockaddr_storage to;
	struct packet packet;
	struct iovec iov;
	struct msghdr h = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room};
	struct door *d;
	bool echo;

	if (ip_parse(p->out.bytes, p->out.len, &packet) < 0)
		return EMSGSIZE;
	echo = packet.proto == IP_ICMP || packet.proto == IP_ICMP6;
	h.msg_namelen = addr_to_sockaddr(&packet.dst, echo ? 0 : wire_get16(packet.l4 + PORT_AT), &to);
	if (packet.dst.family == 6) /* which only link-local addresses need */
		((struct sockaddr_in6 *)&to)->sin6_scope_id = (uint32_t)p->out_ifindex;
	if (packet.proto == IP_TCP)
		return start_attempt(p, &packet, (const struct sockaddr *)&to, h.msg_namelen);
	d = door_of(p, echo ? PROBE_ICMP : PROBE_DNS, packet.dst.family,
		wire_get16(packet.l4 + (echo ? ECHO_ID_AT : 0)) - p->want.flows.base);
	if (!d->fd)
		return EAFNOSUPPORT;
	set_source(&h, &packet.src);
	iov.iov_len = packet.l4_len - (echo ? 0 : UDP_LEN);
	iov.iov_base = p->out.bytes + p->out.len - iov.iov_len;
	return send_datagram(p, d, &h);
}

static void plain_flush(void *self, sender_failed *failed, void *arg)
{
	struct plain *p = self;
	int error = p->pending ? send_out(p) : 0;

	p->pending = false;
	if (error)
		failed(arg, p->out_tag, error);
}

/* --- the whole --- */

static int plain_fd(const void *self)
{
	return ((const struct plain *)self)->epoll;
}

static int plain_read(void *self, int max, capture_each *each, void *arg, struct err_msg *why)
{
	struct plain *p = self;
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(p->epoll, ev, max < EVENTS ? max : EVENTS, 0);

	(void)why; /* sockets do not break: what goes wrong is told with the packet concerned */
	p->each = each;
	p->arg = arg;
	p->seen = 0;
	for (int i = 0; i < n; i++) {
		uint64_t at = ev[i].data.u64;

		if (at == TIMER)
			give_up(p);
		else if (at < p->n_doors)
			read_door(p, &p->doors[at]);
		else
			read_attempt(p, &p->attempts[at - p->n_doors]);
	}
	return p->seen;
}

static struct capture_stats plain_stats(void *self)
{
	return ((struct plain *)self)->stats;
}

static void plain_close(void *self)
{
	struct plain *p = self;

	for (size_t i = 0; p->doors && i < p->n_doors; i++)
		if (p->doors[i].fd)
			(void)close(p->doors[i].fd);
	for (size_t i = 0; p->attempts && i < CONNECTS_MAX; i++)
		if (p->attempts[i].fd)
			end_attempt(p, &p->attempts[i]);
	if (p->epoll >= 0)
		(void)close(p->epoll);
	if (p->timer >= 0)
		(void)close(p->timer);
	free(p->doors);
	free(p->kept);
	free(p->attempts);
	free(p);
}

static const struct carrier_type plain_type = {
	.room = plain_room,
	.add = plain_add,
	.flush = plain_flush,
	.fd = plain_fd,
	.read = plain_read,
	.stats = plain_stats,
	.close = plain_close,
};

int carrier_open_plain(struct carrier *c, const char *interface, const struct capture_want *want,
	uint8_t dscp, struct err_msg *why)
{
	struct plain *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_set(why, ERR_NOMEM, "out of memory");
	*c = (struct carrier){&plain_type, p};
	p->interface = interface;
	p->want = *want;
	p->dscp = dscp;
	p->n_doors = 4 * (size_t)want->flows.n;
	p->doors = calloc(p->n_doors, sizeof(*p->doors));
	p->kept = calloc(SENT_KEPT, sizeof(*p->kept));
	p->attempts = calloc(CONNECTS_MAX, sizeof(*p->attempts));
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!p->doors || !p->kept || !p->attempts)
		rc = err_set(why, ERR_NOMEM, "out of memory");
	else if (p->epoll < 0 || p->timer < 0 || watch(p, p->timer, EPOLLIN, TIMER) < 0)
		rc = err_set(why, ERR_IO, "epoll: %s", strerror(errno));
	else
		rc = open_doors(p, why);
	if (rc < 0)
		carrier_close(c);
	return rc;
}
