/* What sending, capturing and writing cost at the least, without anything that knows what it does: the same echo requests by
 * sendmmsg, the same ring and filter, and for each reply the bytes of a row, copied.
 *
 *	floor INTERFACE SOURCE DESTINATION{first of the targets, IPv4} COUNT RATE FILE
 *
 * Prints: step, packets, replies, CPU us a packet, thousand packets a CPU-second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/wire.h"
#include "net/capture.h"
#include "net/inject.h"
#include "net/send.h"

enum { BASE_PORT = 33000, BATCH = 64, REST_US = 50 };

static const char row[] =
	"lab,198.18.0.1,icmp,,0,0,1,0,192.0.2.18,,,1700000000123456789,reply,0.123456,hybrid,1,"
	"198.18.0.1,64,,,,,,,\n";

struct bench {
	struct egress out;
	struct sender *sender;
	struct inject_template template;
	struct probe_spec spec;
	uint32_t first, count;
	double rate_pps;
	uint64_t replies;
	FILE *rows; /* NULL: none are written */
};

static void on_frame(void *arg, const struct capture_frame *f)
{
	struct bench *b = arg;

	b->replies += f->ip != NULL;
	if (b->rows)
		(void)fwrite(row, 1, sizeof(row) - 1, b->rows);
}

static void on_failed(void *arg, uint32_t tag, int errnum)
{
	(void)arg;
	(void)tag;
	(void)errnum;
}

static double cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void rest(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = REST_US * 1000L}, NULL);
}

static void send_batch(struct bench *b, uint32_t from)
{
	for (uint32_t i = from; i < from + BATCH && i < b->count; i++) {
		uint8_t *room = sender_room(b->sender, &b->out);

		if (!room) {
			sender_flush(b->sender, on_failed, NULL);
			room = sender_room(b->sender, &b->out);
		}
		wire_set32(b->spec.dst.b, b->first + i);
		b->spec.cookie++;
		sender_add(b->sender, inject_stamp(&b->template, &b->spec, room), &b->spec.dst, i);
	}
	sender_flush(b->sender, on_failed, NULL);
}

static void step(struct bench *b, const char *name, struct capture *c)
{
	struct mono due = clock_mono(), end;
	int64_t batch_ns = (int64_t)(BATCH * 1e9 / b->rate_pps);
	double cpu = cpu_s();

	b->replies = 0;
	for (uint32_t i = 0; i < b->count; i += BATCH) {
		while (clock_mono().ns < due.ns)
			rest();
		/* What a stall lost is not made up for: the far end would drop it. */
		due.ns = (due.ns + batch_ns > clock_mono().ns ? due.ns : clock_mono().ns) + batch_ns;
		send_batch(b, i);
		if (c)
			(void)capture_read(c, 4096, on_frame, b, NULL);
	}
	end = (struct mono){clock_mono().ns + NS_PER_S / 5};
	while (c && clock_mono().ns < end.ns) {
		(void)capture_read(c, 4096, on_frame, b, NULL);
		(void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	cpu = cpu_s() - cpu;
	(void)printf("%s,%u,%llu,%.3f,%.0f\n", name, b->count, (unsigned long long)b->replies,
		cpu / b->count * 1e6, b->count / cpu / 1e3);
}

static int open_out(struct bench *b, const char *interface, struct err_msg *why)
{
	static const struct addr none;
	struct route *r = route_open(interface, &b->spec.src, &none, why);
	int i = r ? route_lookup(r, &b->spec.dst, why) : ERR_ROUTE;

	if (i >= 0)
		b->out = *route_egress(r, i);
	route_close(r);
	b->sender = i < 0 ? NULL : sender_open(interface, NULL, &i, why);
	return b->sender ? inject_build(&b->template, PROBE_ICMP, 4, BASE_PORT, 0, why) : ERR_ROUTE;
}

int main(int argc, char **argv)
{
	struct bench b = {.spec = {.kind = PROBE_ICMP, .flow_port = BASE_PORT, .contact = ""}};
	struct capture_want want = {.flows = {BASE_PORT, 1}, .kinds = {[PROBE_ICMP] = true}};
	struct err_msg why = {{0}};
	struct capture *c;

	if (argc != 7 || addr_parse(argv[2], &b.spec.src) < 0 || addr_parse(argv[3], &b.spec.dst) < 0)
		return 2;
	b.first = wire_get32(b.spec.dst.b);
	b.count = (uint32_t)strtoul(argv[4], NULL, 10);
	b.rate_pps = strtod(argv[5], NULL);
	if (open_out(&b, argv[1], &why) < 0) {
		(void)fprintf(stderr, "floor: %s\n", why.text);
		return 1;
	}
	step(&b, "send", NULL);
	for (int outgoing = 0; outgoing < 2; outgoing++) {
		want.outgoing = outgoing;
		c = capture_open_live(argv[1], &want, &why);
		if (!c) {
			(void)fprintf(stderr, "floor: %s\n", why.text);
			return 1;
		}
		step(&b, outgoing ? "send + replies and copies captured" : "send + replies captured", c);
		b.rows = fopen(argv[6], "w");
		step(&b,
			outgoing ? "send + replies and copies captured + rows"
				 : "send + replies captured + rows",
			c);
		if (b.rows)
			(void)fclose(b.rows);
		b.rows = NULL;
		capture_close(c);
	}
	sender_close(b.sender);
	return 0;
}
