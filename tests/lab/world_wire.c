#include "world_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { SLOT_LEN = 512, BLOCK_LEN = 65536 };
/* TPACKET_ALIGN of the header's length, where the kernel puts the address. */
enum {
	ADDRESS_AT =
		(sizeof(struct tpacket2_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT
};

static int option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int open_on(const char *interface, int protocol)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	ll.sll_ifindex = (int)if_nametoindex(interface);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int map_ring(struct world_wire *w, size_t slots)
{
	struct tpacket_req req = {.tp_block_size = BLOCK_LEN, .tp_frame_size = SLOT_LEN};
	void *p;

	req.tp_block_nr = (unsigned)(slots * SLOT_LEN / BLOCK_LEN);
	req.tp_frame_nr = req.tp_block_nr * (BLOCK_LEN / SLOT_LEN);
	w->slots = req.tp_frame_nr;
	w->ring_len = w->slots * SLOT_LEN;
	/* Version 2 wakes its reader at once; version 3 holds frames back to fill its blocks. */
	if (option(w->rx, SOL_PACKET, PACKET_VERSION, TPACKET_V2) < 0 ||
		setsockopt(w->rx, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		return -1;
	p = mmap(NULL, w->ring_len, PROT_READ | PROT_WRITE, MAP_SHARED, w->rx, 0);
	if (p == MAP_FAILED)
		return -1;
	w->ring = p;
	return 0;
}

int world_wire_open(
	struct world_wire *w, const char *interface, size_t slots, bool outgoing, struct err_msg *why)
{
	memset(w, 0, sizeof(*w));
	w->rx = open_on(interface, 0);
	w->tx = open_on(interface, 0);
	if (w->rx < 0 || w->tx < 0)
		goto failed;
	/* Stamped when the device gets it, not when this socket does; what was sent by others is no arrival. */
	(void)option(w->rx, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if ((!outgoing && option(w->rx, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) < 0) || map_ring(w, slots) < 0)
		goto failed;
	/* With the ring in place, listen. */
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	ll.sll_ifindex = (int)if_nametoindex(interface);
	if (bind(w->rx, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		goto failed;
	if (!outgoing)
		(void)option(w->tx, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
	return 0;
failed:
	(void)err_set(why, err_from_errno(errno), "%s: cannot open a packet socket: %s", interface,
		strerror(errno));
	world_wire_close(w);
	return ERR_IO;
}

void world_wire_close(struct world_wire *w)
{
	if (w->ring)
		munmap(w->ring, w->ring_len);
	if (w->rx >= 0)
		close(w->rx);
	if (w->tx >= 0)
		close(w->tx);
}

static struct tpacket2_hdr *slot(const struct world_wire *w)
{
	return (struct tpacket2_hdr *)(void *)(w->ring + w->next * SLOT_LEN);
}

struct world_arrival world_wire_next(struct world_wire *w)
{
	struct tpacket2_hdr *h = slot(w);
	const struct sockaddr_ll *ll = (const void *)((const uint8_t *)h + ADDRESS_AT);

	if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return (struct world_arrival){0};
	return (struct world_arrival){
		.bytes = (const uint8_t *)h + h->tp_mac,
		.len = h->tp_snaplen,
		.stamp_ns = (int64_t)h->tp_sec * NS_PER_S + h->tp_nsec,
		.outgoing = ll->sll_pkttype == PACKET_OUTGOING,
	};
}

void world_wire_done(struct world_wire *w)
{
	__atomic_store_n(&slot(w)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	w->next = w->next + 1 == w->slots ? 0 : w->next + 1;
}

void world_wire_wait(struct world_wire *w, int64_t ns)
{
	struct pollfd p = {.fd = w->rx, .events = POLLIN};
	struct timespec ts = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	(void)ppoll(&p, 1, &ts, NULL);
}

bool world_wire_queue(struct world_wire *w, void *bytes, size_t len)
{
	struct mmsghdr *m = &w->batch[w->queued];

	w->parts[w->queued] = (struct iovec){.iov_base = bytes, .iov_len = len};
	m->msg_hdr = (struct msghdr){.msg_iov = &w->parts[w->queued], .msg_iovlen = 1};
	return ++w->queued == WORLD_BATCH;
}

size_t world_wire_flush(struct world_wire *w)
{
	size_t done = 0, refused = 0;

	while (done < w->queued) {
		int n = sendmmsg(w->tx, w->batch + done, (unsigned)(w->queued - done), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			refused++;
			n = 1;
		}
		done += (size_t)n;
	}
	w->queued = 0;
	return refused;
}

size_t world_wire_drops(struct world_wire *w)
{
	struct tpacket_stats s = {0};
	socklen_t len = sizeof(s);

	return getsockopt(w->rx, SOL_PACKET, PACKET_STATISTICS, &s, &len) < 0 ? 0 : s.tp_drops;
}
