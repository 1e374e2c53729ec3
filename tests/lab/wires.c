/* The lab's cables. Each wire is two interfaces of this network namespace (the far ends of two veth pairs): a
 * frame that arrives at one leaves by the other `delay` later. One process and one AF_PACKET socket with a
 * receive ring serve them all. A frame is due at its own arrival stamp, taken by the kernel, plus the delay:
 * time spent waiting in the ring makes no wire longer. TPACKET_V2, for its wake-up per frame; V3's blocks
 * would hold a lone frame back by milliseconds.
 *
 * Usage: wires WIRES FIGURES      WIRES: a line per wire, "INTERFACE INTERFACE DELAY_NS"; FIGURES: see struct
 * figures. Prints "ready" once it listens. Ends by a signal. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define OVERSLEEP_MAX_NS INT64_C(50000) /* one long absence must not make us poll for long */

enum {
	INDEX_MAX = 4096,   /* interface indices are small in a fresh network namespace */
	FRAME_MAX = 1518,   /* Ethernet with a VLAN tag, MTU 1500 */
	FLIGHT_MAX = 16384, /* frames on their way: 100k/s over 160 ms */
	RING_FRAME = 2048,
	RING_BLOCK = 1 << 16,
	RING_BLOCKS = 128,
	RING_FRAMES = RING_BLOCKS * (RING_BLOCK / RING_FRAME),
	BATCH = 32,
	LATE_US = 2048,
};

/* Shared with who maps the FIGURES file; all fields only grow. */
struct figures {
	uint64_t frames;           /* handed on */
	uint64_t lost;             /* no room in the ring or in flight, too long, or refused on sending */
	uint64_t fifo;             /* 1 when the scheduler gave SCHED_FIFO */
	uint64_t late_us[LATE_US]; /* frames by microseconds sent after they were due; the last holds the rest
				    */
};

struct port {
	int other; /* interface index; 0: not a wire's end */
	int64_t delay_ns;
};

struct frame {
	int out;
	uint32_t len;
	uint8_t data[FRAME_MAX];
};

/* A heap entry: the earliest due first, then the first come. */
struct due {
	int64_t at_ns; /* CLOCK_MONOTONIC */
	uint64_t order;
	uint32_t slot;
};

struct wires {
	int fd;
	uint8_t *ring;
	uint32_t ring_at;
	uint64_t arrivals;
	struct figures *figures;
	int64_t oversleep_ns, jitter_ns; /* of ppoll: smoothed mean and deviation */
	struct port ports[INDEX_MAX];
	struct due heap[FLIGHT_MAX];
	uint32_t in_flight;
	uint32_t unused[FLIGHT_MAX]; /* a stack of slots; the first FLIGHT_MAX - in_flight are free */
	struct frame frames[FLIGHT_MAX];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "wires: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static bool sooner(const struct due *a, const struct due *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void heap_push(struct due *heap, uint32_t n, struct due d)
{
	uint32_t at = n, parent;

	for (; at > 0 && sooner(&d, &heap[parent = (at - 1) / 2]); at = parent)
		heap[at] = heap[parent];
	heap[at] = d;
}

/* Takes the first of n entries out. */
static struct due heap_pop(struct due *heap, uint32_t n)
{
	struct due first = heap[0], last = heap[n - 1];
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && sooner(&heap[child + 1], &heap[child]))
			child++;
		if (!sooner(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return first;
}

static void put_in_flight(struct wires *w, const struct port *p, const struct tpacket2_hdr *h, int64_t due_ns)
{
	uint32_t slot;

	if (w->in_flight == FLIGHT_MAX || h->tp_snaplen > FRAME_MAX || h->tp_snaplen != h->tp_len) {
		w->figures->lost++;
		return;
	}
	slot = w->unused[FLIGHT_MAX - 1 - w->in_flight];
	w->frames[slot].out = p->other;
	w->frames[slot].len = h->tp_snaplen;
	memcpy(w->frames[slot].data, (const uint8_t *)h + h->tp_mac, h->tp_snaplen);
	heap_push(w->heap, w->in_flight++, (struct due){due_ns, w->arrivals++, slot});
}

static void count_losses(struct wires *w)
{
	struct tpacket_stats s;
	socklen_t len = sizeof(s);

	if (getsockopt(w->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
		w->figures->lost += s.tp_drops;
}

/* Empties the ring. Arrival stamps are wall clock; two readings of the clocks carry them over to the
 * monotonic one. */
static void take_arrivals(struct wires *w)
{
	const int64_t wall_ns = clock_ns(CLOCK_REALTIME);
	const int64_t wall_to_mono_ns = clock_ns(CLOCK_MONOTONIC) - wall_ns;

	for (;; w->ring_at = (w->ring_at + 1) % RING_FRAMES) {
		struct tpacket2_hdr *h = (void *)(w->ring + (size_t)w->ring_at * RING_FRAME);
		const struct sockaddr_ll *from =
			(const void *)((uint8_t *)h + TPACKET_ALIGN((int)sizeof(*h)));
		const uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
		const struct port *p;

		if (!(status & TP_STATUS_USER))
			return;
		if (status & TP_STATUS_LOSING)
			count_losses(w);
		p = from->sll_ifindex < INDEX_MAX ? &w->ports[from->sll_ifindex] : &w->ports[0];
		if (p->other != 0)
			put_in_flight(
				w, p, h, h->tp_sec * NS_PER_S + h->tp_nsec + wall_to_mono_ns + p->delay_ns);
		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	}
}

static void send_frames(struct wires *w, const struct due *due, unsigned n)
{
	struct mmsghdr msgs[BATCH] = {0};
	struct sockaddr_ll to[BATCH] = {0};
	struct iovec iov[BATCH];
	unsigned sent = 0;

	for (unsigned i = 0; i < n; i++) {
		struct frame *f = &w->frames[due[i].slot];

		to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_ifindex = f->out};
		iov[i] = (struct iovec){f->data, f->len};
		msgs[i].msg_hdr = (struct msghdr){.msg_name = &to[i],
			.msg_namelen = sizeof(to[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1};
	}
	while (sent < n) {
		int done = sendmmsg(w->fd, msgs + sent, n - sent, 0);

		/* The first one was refused (its interface is going away): it is lost, the others are not. */
		if (done <= 0)
			w->figures->lost++;
		sent += done > 0 ? (unsigned)done : 1;
	}
}

/* Sends what is due; returns when the next is, or -1. */
static int64_t send_due(struct wires *w)
{
	while (w->in_flight > 0) {
		const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
		struct due due[BATCH];
		unsigned n = 0;

		while (n < BATCH && n < w->in_flight && w->heap[0].at_ns <= now_ns) {
			due[n] = heap_pop(w->heap, w->in_flight - n);
			n++;
		}
		if (n == 0)
			return w->heap[0].at_ns;
		send_frames(w, due, n);
		for (unsigned i = 0; i < n; i++) {
			const int64_t late_us = (now_ns - due[i].at_ns) / 1000;

			w->figures->late_us[late_us < LATE_US ? late_us : LATE_US - 1]++;
			w->figures->frames++;
			w->unused[FLIGHT_MAX - w->in_flight--] = due[i].slot;
		}
	}
	return -1;
}

/* An idle processor wakes tens of microseconds late, a busy one hardly: ppoll is asked to return so much earlier as it
 * has been late of late (estimated like a TCP retransmission timeout), and the remainder is spent polling. */
static void wait_until(struct wires *w, int64_t at_ns)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	const int64_t asked_ns = at_ns - w->oversleep_ns - 2 * w->jitter_ns;
	const int64_t left_ns = asked_ns - clock_ns(CLOCK_MONOTONIC);
	const struct timespec left = {left_ns / NS_PER_S, left_ns % NS_PER_S};
	int64_t error_ns;

	if (left_ns <= 0 || ppoll(&p, 1, &left, NULL) != 0)
		return;
	error_ns = clock_ns(CLOCK_MONOTONIC) - asked_ns - w->oversleep_ns;
	if (error_ns > OVERSLEEP_MAX_NS)
		error_ns = OVERSLEEP_MAX_NS;
	w->oversleep_ns += error_ns / 8;
	w->jitter_ns += ((error_ns < 0 ? -error_ns : error_ns) - w->jitter_ns) / 4;
}

static _Noreturn void carry(struct wires *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	for (;;) {
		int64_t next_ns;

		take_arrivals(w);
		next_ns = send_due(w);
		if (next_ns < 0)
			ppoll(&p, 1, NULL, NULL);
		else
			wait_until(w, next_ns);
	}
}

static void read_wires(struct wires *w, const char *path)
{
	FILE *f = fopen(path, "r");
	char a[IFNAMSIZ], b[IFNAMSIZ];
	int64_t delay_ns;

	if (!f)
		die(path);
	while (fscanf(f, "%15s %15s %" SCNd64, a, b, &delay_ns) == 3) {
		unsigned ia = if_nametoindex(a), ib = if_nametoindex(b);

		if (ia == 0 || ib == 0)
			die(ia == 0 ? a : b);
		if (ia >= INDEX_MAX || ib >= INDEX_MAX) {
			errno = ERANGE;
			die("interface index");
		}
		w->ports[ia] = (struct port){(int)ib, delay_ns};
		w->ports[ib] = (struct port){(int)ia, delay_ns};
	}
	if (!feof(f)) {
		errno = EINVAL;
		die(path);
	}
	fclose(f);
}

static void open_ring(struct wires *w)
{
	const int version = TPACKET_V2, on = 1;
	const struct tpacket_req req = {RING_BLOCK, RING_BLOCKS, RING_FRAME, RING_FRAMES};
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)ETH_P_ALL)};

	/* No protocol before bind: no frame comes in before the ring is there. */
	w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		die("packet socket");
	if (setsockopt(w->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
		setsockopt(w->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
		setsockopt(w->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("packet ring");
	w->ring = mmap(NULL, (size_t)RING_BLOCK * RING_BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	if (w->ring == MAP_FAILED)
		die("mmap of the ring");
	if (bind(w->fd, (const struct sockaddr *)&all, sizeof(all)))
		die("bind");
}

static void open_figures(struct wires *w, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, sizeof(*w->figures)))
		die(path);
	w->figures = mmap(NULL, sizeof(*w->figures), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (w->figures == MAP_FAILED)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	static struct wires w;
	const struct sched_param first = {.sched_priority = 10};

	if (argc != 3) {
		fprintf(stderr, "usage: %s WIRES FIGURES\n", argv[0]);
		return 2;
	}
	for (uint32_t i = 0; i < FLIGHT_MAX; i++)
		w.unused[i] = i;
	read_wires(&w, argv[1]);
	open_figures(&w, argv[2]);
	open_ring(&w);
	/* Both are refused in a user namespace or without effect elsewhere: the wires then err more, and
	 * still work. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	w.figures->fifo = sched_setscheduler(0, SCHED_FIFO, &first) == 0;
	puts("ready");
	fflush(stdout);
	carry(&w);
}
