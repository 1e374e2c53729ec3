/* The lab's tier 1: one process that plays an anycast Internet at the far end of a veth pair. tests/lab/README.md tells of
 * it, tests/lab/world starts it. It prints "ready" when it answers, and its figures when it is told to end. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "world_answer.h"
#include "world_truth.h"
#include "world_wire.h"

enum { RING_SLOTS = 32768, WAITING_MAX = 131072, LATE_US_MAX = 65536, READ_MAX = 64 };
/* A sleep ends this much early and the rest is spun: waking takes that long. */
#define SPIN_NS (60 * NS_PER_US)
/* Beyond so many frames in a millisecond, in or out, the world naps instead: a process of real-time priority that never
 * sleeps is stopped by the kernel for 50 ms a second. */
#define BUSY_FRAMES 80
#define NAP_NS (100 * NS_PER_US)
#define IDLE_NS (200 * NS_PER_MS)

static volatile sig_atomic_t stopping;

static void on_signal(int sig)
{
	stopping = sig;
}

struct figures {
	struct world_counts counts;
	uint64_t sent, refused;
	uint64_t late_us[LATE_US_MAX]; /* replies by how long after their due time they left */
};

static void note_late(struct figures *f, int64_t late_ns)
{
	int64_t us = late_ns / NS_PER_US;

	f->late_us[us < LATE_US_MAX ? us : LATE_US_MAX - 1]++;
}

static unsigned late_at(const struct figures *f, double share)
{
	uint64_t left = (uint64_t)((double)f->sent * share);
	unsigned us = 0;

	while (us < LATE_US_MAX - 1 && f->late_us[us] <= left)
		left -= f->late_us[us++];
	return us;
}

/* Reads what has come, some at a time, so that what is due gets its turn. Returns how many. */
static size_t read_some(
	struct world *w, struct world_wire *wire, struct world_queue *q, struct figures *f, int64_t *start_ns)
{
	size_t n = 0;

	for (struct world_arrival a; n < READ_MAX && (a = world_wire_next(wire)).bytes; n++) {
		if (*start_ns == 0)
			*start_ns = a.stamp_ns;
		world_answer(w, q, &f->counts, a.bytes, a.len, a.stamp_ns, *start_ns);
		world_wire_done(wire);
	}
	return n;
}

/* Sends what is due, a batch at most. Returns how many. */
static size_t send_due(struct world_wire *wire, struct world_queue *q, struct figures *f)
{
	struct world_frame *frames[WORLD_BATCH];
	int64_t now_ns = clock_wall().ns, due_ns;
	size_t n = 0;

	while (n < WORLD_BATCH && (due_ns = world_queue_due(q)) <= now_ns) {
		frames[n] = world_queue_pop(q);
		(void)world_wire_queue(wire, frames[n]->bytes, frames[n]->len);
		note_late(f, now_ns - due_ns);
		n++;
	}
	if (n == 0)
		return 0;
	f->sent += n;
	f->refused += world_wire_flush(wire);
	for (size_t i = 0; i < n; i++)
		world_queue_give(q, frames[i]);
	return n;
}

/* How much went through in the millisecond before this one. */
struct pace {
	int64_t begin_ns;
	size_t frames, before;
};

static bool is_busy(struct pace *p, size_t frames)
{
	int64_t now_ns = clock_mono().ns;

	p->frames += frames;
	if (now_ns - p->begin_ns >= NS_PER_MS) {
		p->before = now_ns - p->begin_ns < 2 * NS_PER_MS ? p->frames : 0;
		p->frames = 0;
		p->begin_ns = now_ns;
	}
	return p->before > BUSY_FRAMES;
}

static void nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

static void run(struct world *w, struct world_wire *wire, struct world_queue *q, struct figures *f)
{
	struct pace pace = {0};
	int64_t start_ns = 0;

	while (!stopping) {
		size_t in = read_some(w, wire, q, f, &start_ns), out = send_due(wire, q, f);
		int64_t left_ns;

		if (is_busy(&pace, in + out)) {
			if (in < READ_MAX && out < WORLD_BATCH)
				nap();
			continue;
		}
		if (in == READ_MAX)
			continue;
		left_ns = world_queue_due(q) == INT64_MAX ? IDLE_NS
							  : world_queue_due(q) - clock_wall().ns - SPIN_NS;
		if (left_ns > 0)
			world_wire_wait(wire, left_ns < IDLE_NS ? left_ns : IDLE_NS);
	}
}

static void print_figures(const struct figures *f, size_t drops)
{
	const struct world_counts *c = &f->counts;
	struct rusage ru;

	(void)getrusage(RUSAGE_SELF, &ru);
	printf("frames=%llu probes=%llu answered=%llu lost=%llu silent=%llu limited=%llu ignored=%llu "
	       "overflow=%llu "
	       "sent=%llu refused=%llu ring_drops=%zu late_us_p50=%u late_us_p99=%u max_rss_kib=%ld "
	       "cpu_s=%.2f\n",
		(unsigned long long)c->frames, (unsigned long long)c->probes, (unsigned long long)c->answered,
		(unsigned long long)c->lost, (unsigned long long)c->silent, (unsigned long long)c->limited,
		(unsigned long long)c->ignored, (unsigned long long)c->overflow, (unsigned long long)f->sent,
		(unsigned long long)f->refused, drops, late_at(f, .5), late_at(f, .99), ru.ru_maxrss,
		(double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
			(double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
}

/* As punctual as this system lets us be; an ordinary user gets less, and it works all the same. */
static void be_punctual(void)
{
	struct sched_param sp = {.sched_priority = 10};

	(void)sched_setscheduler(0, SCHED_FIFO, &sp);
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

static int serve(struct world *w, const char *interface, struct err_msg *why)
{
	static struct figures figures;
	struct sigaction sa = {.sa_handler = on_signal};
	struct world_queue q = {0};
	struct world_wire wire;
	int rc = world_wire_open(&wire, interface, RING_SLOTS, false, why);

	if (rc < 0)
		return rc;
	rc = world_queue_make(&q, WAITING_MAX);
	if (rc < 0) {
		(void)err_set(why, ERR_NOMEM, "out of memory");
		goto out;
	}
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	be_punctual();
	printf("ready: %zu VPs, %zu targets, %zu sites\n", w->vps.n, w->targets.n, w->sites.n);
	(void)fflush(stdout);
	run(w, &wire, &q, &figures);
	print_figures(&figures, world_wire_drops(&wire));
	world_queue_free(&q);
out:
	world_wire_close(&wire);
	return rc;
}

static void print_vps(const struct world *w)
{
	char v4[ADDR_TEXT_LEN], v6[ADDR_TEXT_LEN];

	for (size_t i = 0; i < w->vps.n; i++)
		printf("%s %s %s\n", w->vps.v[i].place.id, addr_text(&w->vps.v[i].addrs[0], v4),
			addr_text(&w->vps.v[i].addrs[1], v6));
}

static int usage(void)
{
	(void)fputs("usage: world [-a] [-s SEED] [-e EPOCH] [-i INFLATION] [-o FOLDER] [-I INTERFACE] PLACES "
		    "SERVED\n"
		    "  -o  write the truth (catchment.csv, sites.csv) into this folder\n"
		    "  -I  answer on this interface until SIGTERM\n",
		stderr);
	return 2;
}

struct job {
	bool list;
	const char *folder, *interface;
};

static bool read_options(int argc, char **argv, struct world_options *o, struct job *job)
{
	int c;

	while ((c = getopt(argc, argv, "as:e:i:o:I:")) != -1) {
		char *end = NULL;

		if (c == 'a')
			job->list = true;
		else if (c == 's')
			o->seed = strtoull(optarg, &end, 10);
		else if (c == 'e')
			o->epoch = (uint32_t)strtoul(optarg, &end, 10);
		else if (c == 'i')
			o->inflation = strtod(optarg, &end);
		else if (c == 'o')
			job->folder = optarg;
		else if (c == 'I')
			job->interface = optarg;
		else
			return false;
		if (end && (*end || end == optarg))
			return false;
	}
	return argc - optind == 2 && o->inflation >= 1 && o->inflation < 100;
}

int main(int argc, char **argv)
{
	struct world_options options = {.seed = 1, .inflation = 1.4};
	struct job job = {0};
	struct err_msg why = {0};
	struct world w;
	int rc;

	if (!read_options(argc, argv, &options, &job))
		return usage();
	rc = world_read(&w, argv[optind], argv[optind + 1], &options, &why);
	if (rc == 0 && job.list)
		print_vps(&w);
	if (rc == 0 && job.folder)
		rc = world_truth_write(&w, job.folder, &why);
	if (rc == 0 && job.interface)
		rc = serve(&w, job.interface, &why);
	if (rc < 0)
		(void)fprintf(stderr, "world: %s\n", why.text);
	world_free(&w);
	return rc < 0;
}
