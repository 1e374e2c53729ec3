/* What the responders of this folder share: one end of a wire, with frames in through a packet ring and out in
 * batches, and the composing of whole frames from parts. */
#ifndef TOOLS_RESPONDER_H
#define TOOLS_RESPONDER_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/wire.h"
#include "proto/ip.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum { END_BATCH = 64, END_FRAME = 2048, END_FRAMES = 8192, LINK_LEN = ETH_HLEN };

struct end {
	int fd, signals; /* signals: readable when it is time to stop */
	uint8_t *ring;
	unsigned frames_max; /* that the ring has room for, a multiple of 512; 0: END_FRAMES */
	unsigned at;         /* next frame of the ring */
	unsigned n;          /* frames in the batch */
	uint64_t received, sent, refused;
	struct iovec iov[END_BATCH];
	struct mmsghdr batch[END_BATCH];
	uint8_t frames[END_BATCH][END_FRAME];
};

/* A probe as it came. */
struct probe_in {
	struct wall stamp;
	const uint8_t *link; /* LINK_LEN bytes; zeros on a device without Ethernet */
	const uint8_t *ip;
	size_t ip_len;
	struct packet packet;
};

static inline int end_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* 0, or -1 with errno. */
static inline int end_open(struct end *e, const char *interface)
{
	unsigned frames = e->frames_max ? e->frames_max : END_FRAMES;
	struct tpacket_req ring = {.tp_block_size = 1 << 20,
		.tp_block_nr = frames / ((1 << 20) / END_FRAME),
		.tp_frame_size = END_FRAME,
		.tp_frame_nr = frames};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int version = TPACKET_V2, on = 1;

	e->frames_max = frames;
	to.sll_ifindex = (int)if_nametoindex(interface);
	e->signals = end_signals();
	e->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (e->fd < 0 || e->signals < 0 || to.sll_ifindex == 0 ||
		setsockopt(e->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		setsockopt(e->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
		setsockopt(e->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
		return -1;
	(void)setsockopt(e->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	e->ring = mmap(NULL, (size_t)frames * END_FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd, 0);
	if (e->ring == MAP_FAILED)
		return -1;
	return bind(e->fd, (struct sockaddr *)&to, sizeof(to));
}

/* Takes only frames that match, as libpcap says it. 0, or -1. */
static inline int end_filter(struct end *e, const char *expression)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, END_FRAME);
	struct bpf_program program;
	int rc = p ? pcap_compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) : -1;

	if (rc == 0) {
		const struct sock_fprog f = {
			(unsigned short)program.bf_len, (struct sock_filter *)program.bf_insns};

		rc = setsockopt(e->fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f));
		pcap_freecode(&program);
	}
	if (p)
		pcap_close(p);
	return rc;
}

static inline struct tpacket2_hdr *end_slot(struct end *e)
{
	return (struct tpacket2_hdr *)(void *)(e->ring + (size_t)e->at * END_FRAME);
}

/* The next IP packet that waits; its bytes are good until end_release. */
static inline bool end_next(struct end *e, struct probe_in *in)
{
	struct tpacket2_hdr *h = end_slot(e);

	if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	e->received++;
	in->stamp.ns = h->tp_sec * NS_PER_S + h->tp_nsec;
	in->link = (uint8_t *)h + h->tp_mac;
	in->ip = in->link + LINK_LEN;
	in->ip_len = h->tp_snaplen > LINK_LEN ? h->tp_snaplen - LINK_LEN : 0;
	if (ip_parse(in->ip, in->ip_len, &in->packet) < 0)
		in->packet = (struct packet){0};
	return true;
}

static inline void end_release(struct end *e)
{
	__atomic_store_n(&end_slot(e)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	e->at = (e->at + 1) % e->frames_max;
}

static inline void end_flush(struct end *e)
{
	unsigned done = 0;

	while (done < e->n) {
		int sent = sendmmsg(e->fd, e->batch + done, e->n - done, 0);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0) {
			e->refused += e->n - done;
			break;
		}
		done += (unsigned)sent;
		e->sent += (unsigned)sent;
	}
	e->n = 0;
}

static inline void end_send(struct end *e, const uint8_t *frame, size_t len)
{
	unsigned i = e->n++;

	memcpy(e->frames[i], frame, len);
	e->iov[i] = (struct iovec){e->frames[i], len};
	e->batch[i].msg_hdr = (struct msghdr){.msg_iov = &e->iov[i], .msg_iovlen = 1};
	if (e->n == END_BATCH)
		end_flush(e);
}

/* Waits for a frame, a signal, or so many ns; false when it is time to stop. */
static inline bool end_wait(struct end *e, int64_t ns)
{
	struct pollfd fds[] = {{.fd = e->fd, .events = POLLIN}, {.fd = e->signals, .events = POLLIN}};
	struct timespec t = {ns / NS_PER_S, ns % NS_PER_S};

	(void)ppoll(fds, 2, &t, NULL);
	return !(fds[1].revents & POLLIN);
}

/* Frames that the kernel had no room for in the ring. */
static inline unsigned end_dropped(struct end *e)
{
	struct tpacket_stats s = {0};
	socklen_t len = sizeof(s);

	(void)getsockopt(e->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len);
	return s.tp_drops;
}

/* Link header back to where the probe came from, and an IP header without options, in front of l4_len bytes that the
 * caller writes behind it; returns the length of both. */
static inline size_t compose_head(uint8_t *frame, const struct probe_in *in, const struct addr *src,
	const struct addr *dst, uint8_t proto, size_t l4_len)
{
	uint8_t *ip = frame + LINK_LEN;
	size_t head = src->family == 4 ? IP_V4_LEN : IP_V6_LEN;

	memcpy(frame, in->link + ETH_ALEN, ETH_ALEN);
	memcpy(frame + ETH_ALEN, in->link, ETH_ALEN);
	wire_set16(frame + 2 * ETH_ALEN, src->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	memset(ip, 0, head);
	if (src->family == 4) {
		ip[0] = 0x45;
		wire_set16(ip + 2, (uint16_t)(IP_V4_LEN + l4_len));
		ip[8] = 64;
		ip[9] = proto;
		memcpy(ip + 12, src->b, 4);
		memcpy(ip + 16, dst->b, 4);
		wire_set16(ip + 10, ip_sum_fold(ip_sum(0, ip, IP_V4_LEN)));
	} else {
		ip[0] = 0x60;
		wire_set16(ip + 4, (uint16_t)l4_len);
		ip[6] = proto;
		ip[7] = 64;
		memcpy(ip + 8, src->b, 16);
		memcpy(ip + 24, dst->b, 16);
	}
	return LINK_LEN + head;
}

/* The checksum of an l4 whose checksum field is `at` bytes in. */
static inline void compose_checksum(
	uint8_t *l4, size_t l4_len, size_t at, const struct addr *src, const struct addr *dst, uint8_t proto)
{
	uint64_t sum = proto == IP_ICMP ? 0 : ip_sum_pseudo(src, dst, proto, l4_len);
	uint16_t value;

	if (l4_len < at + 2)
		return;
	wire_set16(l4 + at, 0);
	value = ip_sum_fold(ip_sum(sum, l4, l4_len));
	wire_set16(l4 + at, proto == IP_UDP && value == 0 ? 0xffff : value);
}

/* Where a query's question ends (12: it has none), or 0 when it is no query this could answer. */
static inline size_t question_end(const uint8_t *dns, size_t n)
{
	size_t at = 12;

	if (n < 12 || dns[2] & 0x80 || wire_get16(dns + 4) != 1)
		return 0;
	while (at < n && dns[at] != 0 && dns[at] < 64)
		at += dns[at] + 1U;
	return at + 5 <= n && dns[at] == 0 ? at + 5 : 0;
}

/* The EDNS COOKIE option's value in what follows the question, or NULL. */
static inline const uint8_t *query_cookie(const uint8_t *dns, size_t n, size_t at, size_t *len)
{
	struct wire w = wire_over(dns + at, n - at);

	wire_skip(&w, 9); /* root name, type, size, flags */
	for (wire_skip(&w, 2); wire_left(&w) > 0;) {
		uint16_t code = wire_u16(&w);
		const uint8_t *value;

		*len = wire_u16(&w);
		value = wire_take(&w, *len);
		if (code == 10 && value && *len >= 8)
			return value;
	}
	return NULL;
}

#endif
