#include "net/route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "base/wire.h"
#include "net/cells.h"

enum { BUFFER = 16384, NEIGHBOUR_WAIT_MS = 3000, NEIGHBOUR_POLL_MS = 20, DISCARD_PORT = 9 };
enum { NUD_USABLE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };

struct route {
	struct mnl_socket *ask, *events;
	unsigned seq;
	int oif; /* 0: any */
	struct addr source[2];
	struct egress *v;
	size_t n, cap;
	struct cells cells;   /* their notes: egress + 1 */
	struct mono cells_at; /* when they were made; ns 0: never */
	bool cells_fresh, cells_never;
};

/* What the kernel's tables say is asked anew at most so often: at busy routers they change all the time. */
#define CELLS_EVERY_NS NS_PER_S

/* One request and its answer, or with NLM_F_DUMP its answers. `cb` sees them; a kernel error becomes -errno. */
static int ask(struct route *r, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	uint8_t buf[BUFFER];
	unsigned port = mnl_socket_get_portid(r->ask);
	ssize_t n;
	int rc;

	nlh->nlmsg_flags |= NLM_F_REQUEST;
	nlh->nlmsg_seq = ++r->seq;
	if (mnl_socket_sendto(r->ask, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(r->ask, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		rc = mnl_cb_run(buf, (size_t)n, nlh->nlmsg_seq, port, cb, arg);
	} while (
		rc > MNL_CB_STOP || (rc < 0 && errno == EPROTO)); /* EPROTO: an answer to an older question */
	return rc < 0 ? -errno : 0;
}

static struct addr attr_addr(const struct nlattr *a)
{
	const uint8_t *p = mnl_attr_get_payload(a);

	return mnl_attr_get_payload_len(a) == 4    ? addr_v4(p)
	       : mnl_attr_get_payload_len(a) == 16 ? addr_v6(p)
						   : (struct addr){0};
}

/* --- links --- */

struct link_info {
	unsigned type; /* ARPHRD_* */
	bool up;
	char name[IF_NAMESIZE];
	uint8_t mac[6];
};

static int on_link_attr(const struct nlattr *a, void *arg)
{
	struct link_info *out = arg;

	if (mnl_attr_get_type(a) == IFLA_IFNAME)
		(void)strncpy(out->name, mnl_attr_get_str(a), sizeof(out->name) - 1);
	if (mnl_attr_get_type(a) == IFLA_ADDRESS && mnl_attr_get_payload_len(a) == sizeof(out->mac))
		memcpy(out->mac, mnl_attr_get_payload(a), sizeof(out->mac));
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct link_info *out = arg;

	out->type = ifi->ifi_type;
	out->up = ifi->ifi_flags & IFF_UP;
	(void)mnl_attr_parse(nlh, sizeof(*ifi), on_link_attr, out);
	return MNL_CB_STOP;
}
static int get_link(struct route *r, int ifindex, struct link_info *out)
{
	uint8_t buf[BUFFER];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	memset(out, 0, sizeof(*out));
	nlh->nlmsg_type = RTM_GETLINK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	return ask(r, nlh, on_link, out);
}

/* --- neighbours --- */

struct neighbour {
	bool usable, has_mac;
	uint8_t mac[6];
};

static int on_neighbour_attr(const struct nlattr *a, void *arg)
{
	struct neighbour *out = arg;

	if (mnl_attr_get_type(a) != NDA_LLADDR || mnl_attr_get_payload_len(a) != sizeof(out->mac))
		return MNL_CB_OK;
	memcpy(out->mac, mnl_attr_get_payload(a), sizeof(out->mac));
	out->has_mac = true;
	return MNL_CB_STOP;
}

static int on_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(nlh);
	struct neighbour *out = arg;

	out->usable = nd->ndm_state & NUD_USABLE;
	(void)mnl_attr_parse(nlh, sizeof(*nd), on_neighbour_attr, out);
	return MNL_CB_STOP;
}

static bool get_neighbour(struct route *r, int ifindex, const struct addr *gateway, struct neighbour *out)
{
	uint8_t buf[BUFFER];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ndmsg *nd;

	memset(out, 0, sizeof(*out));
	nlh->nlmsg_type = RTM_GETNEIGH;
	nd = mnl_nlmsg_put_extra_header(nlh, sizeof(*nd));
	nd->ndm_family = (uint8_t)addr_af(gateway);
	nd->ndm_ifindex = ifindex;
	mnl_attr_put(nlh, NDA_DST, addr_len(gateway), gateway->b);
	return ask(r, nlh, on_neighbour, out) == 0 && out->usable && out->has_mac;
}

/* An empty datagram makes the kernel resolve the next hop and keep it fresh. */
static void nudge(const struct egress *e)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&e->gateway, DISCARD_PORT, &ss);
	int fd = socket(addr_af(&e->gateway), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	if (e->gateway.family == 6)
		((struct sockaddr_in6 *)&ss)->sin6_scope_id = (uint32_t)e->ifindex;
	(void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, e->interface, (socklen_t)strlen(e->interface));
	(void)sendto(fd, "", 0, MSG_DONTWAIT, (const struct sockaddr *)&ss, len);
	(void)close(fd);
}

static bool wait_neighbour(struct route *r, const struct egress *e, struct neighbour *out)
{
	int64_t end = clock_mono().ns + NEIGHBOUR_WAIT_MS * NS_PER_MS;

	if (get_neighbour(r, e->ifindex, &e->gateway, out))
		return true;
	nudge(e);
	while (clock_mono().ns < end) {
		(void)poll(NULL, 0, NEIGHBOUR_POLL_MS);
		if (get_neighbour(r, e->ifindex, &e->gateway, out))
			return true;
	}
	return false;
}

/* --- egresses --- */

/* Fills in how frames leave: what the link is and what the next hop's address is. */
static void set_link(struct route *r, struct egress *e, bool wait)
{
	struct link_info link;
	struct neighbour next;
	uint16_t type = e->source.family == 4 ? ETH_P_IP : ETH_P_IPV6;

	e->link = EGRESS_IP;
	e->silent = false;
	if (get_link(r, e->ifindex, &link) < 0 || !link.up)
		return;
	memcpy(e->interface, link.name, sizeof(e->interface));
	if (link.type == ARPHRD_NONE) {
		e->link = EGRESS_BARE;
		return;
	}
	/* A host on the link is its own next hop: the kernel asks for each by itself. */
	if (link.type != ARPHRD_ETHER || !e->gateway.family)
		return;
	e->silent = !(wait ? wait_neighbour(r, e, &next) : get_neighbour(r, e->ifindex, &e->gateway, &next));
	if (e->silent)
		return;
	memcpy(e->ether, next.mac, 6);
	memcpy(e->ether + 6, link.mac, 6);
	wire_set16(e->ether + 12, type);
	e->link = EGRESS_ETHER;
}

static int on_route_attr(const struct nlattr *a, void *arg)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	struct egress *out = arg;

	switch (mnl_attr_get_type(a)) {
	case RTA_OIF:
		out->ifindex = (int)mnl_attr_get_u32(a);
		break;
	case RTA_PREFSRC:
		out->source = attr_addr(a);
		break;
	case RTA_GATEWAY:
		out->gateway = attr_addr(a);
		break;
	case RTA_VIA: /* a next hop of the other family (RFC 8950): 2 bytes of family, then the address */
		if (mnl_attr_get_payload_len(a) == 18)
			out->gateway = addr_v6(p + 2);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == RTM_NEWROUTE && (rt->rtm_type == RTN_UNICAST || rt->rtm_type == RTN_LOCAL))
		(void)mnl_attr_parse(nlh, sizeof(*rt), on_route_attr, arg);
	return MNL_CB_STOP;
}

static int ask_route(struct route *r, const struct addr *dst, struct egress *out)
{
	uint8_t buf[BUFFER];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const struct addr *src = &r->source[dst->family == 6];
	struct rtmsg *rt;
	int rc;

	memset(out, 0, sizeof(*out));
	nlh->nlmsg_type = RTM_GETROUTE;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = (uint8_t)addr_af(dst);
	rt->rtm_dst_len = (uint8_t)(addr_len(dst) * 8);
	mnl_attr_put(nlh, RTA_DST, addr_len(dst), dst->b);
	if (src->family) {
		rt->rtm_src_len = (uint8_t)(addr_len(src) * 8);
		mnl_attr_put(nlh, RTA_SRC, addr_len(src), src->b);
	}
	if (r->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)r->oif);
	rc = ask(r, nlh, on_route, out);
	if (rc == 0 && src->family)
		out->source = *src;
	return rc;
}

/* --- cells: what one look-up holds for --- */

static void cut(struct cells *c, const struct addr *a, unsigned len)
{
	struct addr_prefix p = {.addr = *a, .len = (uint8_t)len};

	if (len > 8 * addr_len(a))
		return;
	for (size_t i = len; i < 8 * addr_len(a); i++)
		p.addr.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	cells_cut(c, &p);
}

/* What a dump tells of one prefix. */
struct cut_at {
	uint16_t type; /* the attribute that has the address; none: the default route */
	struct addr addr;
	bool splits; /* the way depends on more than the prefix */
};

static int on_cut_attr(const struct nlattr *a, void *arg)
{
	struct cut_at *at = arg;

	if (mnl_attr_get_type(a) == at->type)
		at->addr = attr_addr(a);
	return MNL_CB_OK;
}

static int on_split_attr(const struct nlattr *a, void *arg)
{
	uint16_t type = mnl_attr_get_type(a);

	if (type == RTA_MULTIPATH || type == RTA_NH_ID)
		((struct cut_at *)arg)->splits = true;
	return on_cut_attr(a, arg);
}

/* Routes of all tables. Of several next hops the kernel picks one by a hash of the address. */
static int on_table_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct cut_at at = {.type = RTA_DST};
	struct cells *c = arg;

	(void)mnl_attr_parse(nlh, sizeof(*rt), on_split_attr, &at);
	c->full = c->full || at.splits;
	if (at.addr.family)
		cut(c, &at.addr, rt->rtm_dst_len);
	return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);
	struct cut_at at = {.type = FRA_DST};

	(void)mnl_attr_parse(nlh, sizeof(*h), on_cut_attr, &at);
	if (at.addr.family)
		cut(arg, &at.addr, h->dst_len);
	return MNL_CB_OK;
}

/* A source address is chosen by how many bits it shares with the destination, up to its prefix (RFC 6724, rule 8). */
static int on_address(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *h = mnl_nlmsg_get_payload(nlh);
	static const uint16_t types[] = {
		IFA_ADDRESS, IFA_LOCAL}; /* point to point: the first is the peer's */

	for (size_t i = 0; i < 2; i++) {
		struct cut_at at = {.type = types[i]};

		(void)mnl_attr_parse(nlh, sizeof(*h), on_cut_attr, &at);
		for (unsigned len = 1; at.addr.family && len <= h->ifa_prefixlen; len++)
			cut(arg, &at.addr, len);
	}
	return MNL_CB_OK;
}

/* ... and by its label (rule 6). */
static int on_label(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrlblmsg *h = mnl_nlmsg_get_payload(nlh);
	struct cut_at at = {.type = IFAL_ADDRESS};

	(void)mnl_attr_parse(nlh, sizeof(*h), on_cut_attr, &at);
	if (at.addr.family)
		cut(arg, &at.addr, h->ifal_prefixlen);
	return MNL_CB_OK;
}

static const struct dump {
	uint16_t type;
	uint8_t family;
	size_t header;
	mnl_cb_t cb;
} dumps[] = {
	{RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), on_table_route},
	{RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), on_table_route},
	{RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr), on_rule},
	{RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr), on_rule},
	{RTM_GETADDR, AF_INET6, sizeof(struct ifaddrmsg), on_address},
	{RTM_GETADDRLABEL, AF_INET6, sizeof(struct ifaddrlblmsg), on_label},
};

/* A kernel without one of the families, or without rules or labels, has none of them. */
static bool is_absent(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT;
}

static int run_dump(struct route *r, const struct dump *d)
{
	uint8_t buf[BUFFER];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int rc;

	nlh->nlmsg_type = d->type;
	nlh->nlmsg_flags = NLM_F_DUMP;
	*(uint8_t *)mnl_nlmsg_put_extra_header(nlh, d->header) =
		d->family; /* the first byte of all of them */
	rc = ask(r, nlh, d->cb, &r->cells);
	return is_absent(rc) ? 0 : rc;
}

static void make_cells(struct route *r, struct mono now)
{
	static const struct addr_prefix always[] = {
		{.addr = {.family = 4}},
		{.addr = {.family = 6}},
		{.addr = {.family = 6, .b = {0xfe, 0x80}},
			.len = 10}, /* link and site local have scopes of their own */
		{.addr = {.family = 6, .b = {0xfe, 0xc0}}, .len = 10},
	};
	int rc = 0;

	cells_empty(&r->cells);
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		cells_cut(&r->cells, &always[i]);
	for (size_t i = 0; rc >= 0 && i < sizeof(dumps) / sizeof(*dumps); i++)
		rc = run_dump(r, &dumps[i]);
	cells_ready(&r->cells);
	r->cells_at = now;
	r->cells_fresh = rc >= 0 && !r->cells.full;
	r->cells_never = r->cells.n >= CELLS_MAX; /* a full table: its dump costs more than what it saves */
}

/* Where the egress of dst's cell is noted; NULL when the kernel must be asked for each address. */
static uint32_t *note_of(struct route *r, const struct addr *dst)
{
	struct mono now;

	if (r->cells_never)
		return NULL;
	if (!r->cells_fresh) {
		now = clock_mono();
		if (r->cells_at.ns && now.ns - r->cells_at.ns < CELLS_EVERY_NS)
			return NULL;
		make_cells(r, now);
	}
	return r->cells_fresh ? cells_note(&r->cells, dst) : NULL;
}

static bool same_way(const struct egress *a, const struct egress *b)
{
	return a->ifindex == b->ifindex && addr_equal(&a->source, &b->source) &&
	       addr_equal(&a->gateway, &b->gateway);
}

static int ask_egress(struct route *r, const struct addr *dst, struct err_msg *why)
{
	char to[ADDR_TEXT_LEN];
	struct egress e;
	int rc = ask_route(r, dst, &e);

	(void)addr_text(dst, to);
	if (rc < 0 || !e.ifindex || !e.source.family)
		return err_set(why, ERR_ROUTE, "no route to %s: %s", to,
			rc < 0      ? strerror(-rc)
			: e.ifindex ? "no source address of its family"
				    : "not a unicast route");
	for (size_t i = 0; i < r->n; i++)
		if (same_way(&r->v[i], &e))
			return (int)i;
	set_link(r, &e, true);
	if (vec_reserve(&r->v, &r->cap, r->n + 1) < 0)
		return err_set(why, ERR_NOMEM, "out of memory for routes");
	r->v[r->n] = e;
	return (int)r->n++;
}

int route_lookup(struct route *r, const struct addr *dst, struct err_msg *why)
{
	uint32_t *note = note_of(r, dst);
	int i;

	if (note && *note)
		return (int)(*note - 1);
	i = ask_egress(r, dst, why);
	if (note && i >= 0)
		*note = (uint32_t)i + 1;
	return i;
}

const struct egress *route_egress(const struct route *r, int index)
{
	return &r->v[index];
}

size_t route_egresses(const struct route *r)
{
	return r->n;
}

int route_fd(const struct route *r)
{
	return mnl_socket_get_fd(r->events);
}

/* Neighbours come and go all the time and move no route: they only change how frames to a next hop begin. */
static bool moves_routes(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH;
}

bool route_events(struct route *r)
{
	union {
		struct nlmsghdr header;
		uint8_t bytes[BUFFER];
	} buf;
	bool any = false, moved = false;
	ssize_t n;

	while ((n = recv(route_fd(r), &buf, sizeof(buf), MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
		/* Events that were lost may have been of any kind. */
		moved = moved || n <= 0 || moves_routes(&buf.header);
		any = true;
		errno = 0;
	}
	for (size_t i = 0; any && i < r->n; i++)
		set_link(r, &r->v[i], false);
	r->cells_fresh = r->cells_fresh && !moved;
	return moved;
}

static struct mnl_socket *open_netlink(unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		(void)mnl_socket_close(s);
		return NULL;
	}
	return s;
}

struct route *route_open(
	const char *interface, const struct addr *source4, const struct addr *source6, struct err_msg *why)
{
	struct route *r = calloc(1, sizeof(*r));

	if (!r) {
		(void)err_set(why, ERR_NOMEM, "out of memory");
		return NULL;
	}
	r->source[0] = *source4;
	r->source[1] = *source6;
	r->oif = interface ? (int)if_nametoindex(interface) : 0;
	if (interface && !r->oif) {
		(void)err_set(why, ERR_IFACE, "no interface %s here (ip link lists them)", interface);
		goto out;
	}
	r->ask = open_netlink(0);
	r->events = open_netlink(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
				 RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_RULE |
				 1U << (RTNLGRP_IPV6_RULE - 1));
	if (r->ask && r->events)
		return r;
	(void)err_set(why, ERR_IO, "rtnetlink: %s", strerror(errno));
out:
	route_close(r);
	return NULL;
}

void route_close(struct route *r)
{
	if (!r)
		return;
	if (r->ask)
		(void)mnl_socket_close(r->ask);
	if (r->events)
		(void)mnl_socket_close(r->events);
	cells_free(&r->cells);
	free(r->v);
	free(r);
}
