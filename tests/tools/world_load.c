/* Load for the lab's world, and its judge: DNS, ICMP and TCP probes from all VPs to all targets at a rate, each reply held
 * against the same two files: who answered, how long after. For a world without trouble. It runs where the VPs are:
 *
 *	tests/lab/world exec FOLDER build/tools/world_load -r 20000 -c 200000 PLACES SERVED
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/dns.h"
#include "proto/frame.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"
#include "world_build.h"
#include "world_dns.h"
#include "world_model.h"
#include "world_wire.h"

enum { RING_SLOTS = 32768, PORT = 33000, TTL = 64, ERROR_US_MAX = 100000, COOKIE_LEN = 8 };
#define TICK_NS (200 * NS_PER_US)
#define LINGER_NS NS_PER_S /* behind the longest delay */

struct sent {
	int64_t tx_ns, delay_ns; /* tx_ns: when the kernel sent it, else when we did */
	uint16_t site;
	bool answered;
};

struct load {
	struct world world;
	struct world_wire wire;
	struct world_frame frames[WORLD_BATCH];
	struct sent *sent;
	size_t n_sent, count;
	double rate_pps;
	bool hybrid; /* send times are ours: cheaper, and errors grow by the batch */
	int64_t longest_ns, least_error_ns, most_error_ns;
	uint64_t answered, wrong, repeated, below, refused;
	uint64_t error_us[ERROR_US_MAX];
};

/* One probe of each kind: its L4 bytes, the number at the place where the reply carries it. */

static void put_dns(struct wire_out *out, uint32_t number, int family)
{
	uint8_t cookie[COOKIE_LEN];

	(void)family;
	wire_set64(cookie, number);
	wire_put_u16(out, PORT);
	wire_put_u16(out, WORLD_DNS_PORT);
	wire_put_u32(out, 0);
	dns_query_write(out, &(struct dns_query){.id = (uint16_t)number,
				     .name = "id.server",
				     .type = DNS_TYPE_TXT,
				     .class = DNS_CLASS_CH,
				     .edns_size = 1232,
				     .nsid = true,
				     .cookie = cookie,
				     .cookie_len = sizeof(cookie)});
	wire_set16(out->base + 4, (uint16_t)out->len);
}

static void put_icmp(struct wire_out *out, uint32_t number, int family)
{
	wire_put_u8(out, icmp_echo_type(family));
	wire_put_u8(out, 0);
	wire_put_u16(out, 0);
	wire_put_u16(out, PORT);
	wire_put_u16(out, 0);
	wire_put_u64(out, number);
}

static void put_tcp(struct wire_out *out, uint32_t number, int family)
{
	(void)family;
	wire_put_u16(out, PORT);
	wire_put_u16(out, number % 2 ? 80 : 81); /* open and closed */
	wire_put_u32(out, number);
	wire_put_u32(out, 0);
	wire_put_u16(out, (uint16_t)(TCP_LEN / 4 << 12 | TCP_SYN));
	wire_put_u16(out, 65535);
	wire_put_u32(out, 0);
}

static void (*const put_kind[])(struct wire_out *, uint32_t, int) = {put_dns, put_icmp, put_tcp};
static const uint8_t protos[][2] = {{IP_UDP, IP_UDP}, {IP_ICMP, IP_ICMP6}, {IP_TCP, IP_TCP}};
enum { KINDS = sizeof(protos) / sizeof(protos[0]) };

/* Forms probe `number` in a frame: over all VPs, targets and kinds in an order that looks random. False: no such path. */
static bool form(struct load *l, uint32_t number, struct world_frame *f)
{
	struct world *w = &l->world;
	uint64_t draw = hash_mix(hash_mix(number + w->options.seed + 1));
	size_t kind = draw % KINDS, vp = (draw >> 8) % w->vps.n, target = (draw >> 32) % w->targets.n;
	struct world_ip ip = {.to = w->targets.v[target].addr, .ttl = TTL};
	bool is_v6 = ip.to.family == 6;
	struct wire_out out;
	struct world_flow flow;
	uint8_t l4[256];
	int site;

	ip.from = w->vps.v[vp].addrs[is_v6];
	ip.proto = protos[kind][is_v6];
	out = wire_into(l4, sizeof(l4));
	put_kind[kind](&out, number, ip.to.family);
	if (!ip.from.family || out.bad || !world_build_probe(f, &ip, l4, out.len))
		return false;
	flow = (struct world_flow){ip.from, ip.to, ip.proto, wire_get16(l4), wire_get16(l4 + 2)};
	if (kind == 1) {
		flow.a = PORT;
		flow.b = wire_get16(f->bytes + f->len - out.len + 2);
	}
	site = world_site_of(w, world_pair_at(w, vp, target), &flow, 0);
	if (site < 0)
		return false;
	l->sent[number] =
		(struct sent){.delay_ns = world_delay_ns(w, vp, (size_t)site), .site = (uint16_t)site};
	if (l->sent[number].delay_ns > l->longest_ns)
		l->longest_ns = l->sent[number].delay_ns;
	return true;
}

/* What a frame carries of ours; `nsid` is of a DNS reply. -1: nothing. */
static int64_t number_in(const uint8_t *bytes, size_t len, bool outgoing, struct dns_span *nsid)
{
	struct wire w = frame_ip(FRAME_ETHERNET, bytes, len);
	struct packet p;
	struct dns_reply r;
	struct udp udp;
	struct tcp tcp;
	struct icmp icmp;

	if (w.bad || ip_parse(w.base, w.len, &p) < 0 || !p.l4)
		return -1;
	if (p.proto == IP_UDP && udp_parse(p.l4, p.l4_len, &udp) == 0 &&
		dns_parse(udp.payload, udp.payload_len, &r) == 0 && r.cookie.n >= COOKIE_LEN) {
		*nsid = r.nsid;
		return (int64_t)wire_get64(r.cookie.p);
	}
	if (p.proto == IP_TCP && tcp_parse(p.l4, p.l4_len, &tcp) == 0)
		return outgoing ? tcp.seq : tcp.ack - 1;
	if ((p.proto == IP_ICMP || p.proto == IP_ICMP6) &&
		icmp_parse(p.src.family, p.l4, p.l4_len, &icmp) == 0 &&
		(icmp.class == ICMP_CLASS_ECHO || icmp.class == ICMP_CLASS_REPLY) &&
		icmp.payload_len >= COOKIE_LEN)
		return (int64_t)wire_get64(icmp.payload);
	return -1;
}

static void note_reply(struct load *l, struct sent *s, int64_t stamp_ns, struct dns_span nsid)
{
	const char *identity = l->world.sites.v[s->site].identity;
	int64_t error_ns = stamp_ns - s->tx_ns - s->delay_ns, us = error_ns / NS_PER_US;

	if (s->answered) {
		l->repeated++;
		return;
	}
	s->answered = true;
	l->answered++;
	l->wrong += nsid.p && (nsid.n != strlen(identity) || memcmp(nsid.p, identity, nsid.n) != 0);
	l->below += error_ns < 0;
	l->least_error_ns = error_ns < l->least_error_ns ? error_ns : l->least_error_ns;
	l->most_error_ns = error_ns > l->most_error_ns ? error_ns : l->most_error_ns;
	l->error_us[us < 0 ? 0 : us < ERROR_US_MAX ? us : ERROR_US_MAX - 1]++;
}

/* Reads what has come; a copy of what was sent gives its time. */
static void read_all(struct load *l)
{
	struct world_arrival a;

	for (int i = 0; i < WORLD_BATCH && (a = world_wire_next(&l->wire)).bytes; i++) {
		struct dns_span nsid = {0};
		int64_t number = number_in(a.bytes, a.len, a.outgoing, &nsid);

		if (number >= 0 && (uint64_t)number < l->n_sent) {
			struct sent *s = &l->sent[number];

			if (a.outgoing)
				s->tx_ns = a.stamp_ns;
			else
				note_reply(l, s, a.stamp_ns, nsid);
		}
		world_wire_done(&l->wire);
	}
}

static int send_some(struct load *l, size_t n)
{
	size_t begin = l->n_sent;
	int64_t now_ns;

	for (size_t i = 0; i < n; i++) {
		if (!form(l, (uint32_t)(begin + i), &l->frames[i])) {
			(void)fprintf(
				stderr, "world_load: these files leave a VP without a site for a target\n");
			return -1;
		}
		(void)world_wire_queue(&l->wire, l->frames[i].bytes, l->frames[i].len);
	}
	now_ns = clock_wall().ns;
	for (size_t i = begin; i < begin + n; i++)
		l->sent[i].tx_ns = now_ns;
	l->n_sent += n;
	l->refused += world_wire_flush(&l->wire);
	return 0;
}

static int run(struct load *l, double *seconds)
{
	int64_t start_ns = clock_mono().ns, end_ns = INT64_MAX, now_ns;

	while ((now_ns = clock_mono().ns) < end_ns) {
		size_t due = (size_t)((double)(now_ns - start_ns) / 1e9 * l->rate_pps);

		due = (due < l->count ? due : l->count) - l->n_sent;
		if (due > 0 && send_some(l, due < WORLD_BATCH ? due : WORLD_BATCH) < 0)
			return -1;
		if (l->n_sent == l->count && end_ns == INT64_MAX) {
			*seconds = (double)(now_ns - start_ns) / 1e9;
			end_ns = now_ns + l->longest_ns + LINGER_NS;
		}
		read_all(l);
		if (due < WORLD_BATCH / 4)
			world_wire_wait(&l->wire, TICK_NS);
	}
	return 0;
}

static int64_t error_at(const struct load *l, double share)
{
	uint64_t left = (uint64_t)((double)l->answered * share);
	int64_t us = 0;

	while (us < ERROR_US_MAX - 1 && l->error_us[us] <= left)
		left -= l->error_us[us++];
	return us;
}

static void print_figures(struct load *l, double seconds)
{
	printf("sent=%zu rate_pps=%.0f answered=%llu lost=%llu repeated=%llu wrong_identity=%llu "
	       "below_truth=%llu "
	       "least_error_ns=%lld error_us_p50=%lld error_us_p99=%lld most_error_us=%lld refused=%llu "
	       "capture_drops=%zu stamps=%s\n",
		l->n_sent, (double)l->n_sent / seconds, (unsigned long long)l->answered,
		(unsigned long long)(l->n_sent - l->answered), (unsigned long long)l->repeated,
		(unsigned long long)l->wrong, (unsigned long long)l->below, (long long)l->least_error_ns,
		(long long)error_at(l, .5), (long long)error_at(l, .99),
		(long long)(l->most_error_ns / NS_PER_US), (unsigned long long)l->refused,
		world_wire_drops(&l->wire), l->hybrid ? "hybrid" : "kernel");
}

static int usage(void)
{
	(void)fputs("usage: world_load [-H] [-r RATE] [-c COUNT] [-s SEED] [-i INFLATION] [-I INTERFACE] "
		    "PLACES SERVED\n"
		    "  -H  take send times here, not from the kernel: for high rates\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct load l = {
		.rate_pps = 1000, .count = 10000, .least_error_ns = INT64_MAX, .most_error_ns = INT64_MIN};
	struct world_options options = {.seed = 1, .inflation = 1.4};
	const char *interface = "vp0";
	struct err_msg why = {0};
	double seconds = 0;
	int c, rc = 1;

	while ((c = getopt(argc, argv, "Hr:c:s:i:I:")) != -1) {
		if (c == 'H')
			l.hybrid = true;
		else if (c == 'r')
			l.rate_pps = strtod(optarg, NULL);
		else if (c == 'c')
			l.count = strtoul(optarg, NULL, 10);
		else if (c == 's')
			options.seed = strtoull(optarg, NULL, 10);
		else if (c == 'i')
			options.inflation = strtod(optarg, NULL);
		else if (c == 'I')
			interface = optarg;
		else
			return usage();
	}
	if (argc - optind != 2 || !(l.rate_pps > 0) || l.count == 0 || l.count > UINT32_MAX)
		return usage();
	if (world_read(&l.world, argv[optind], argv[optind + 1], &options, &why) < 0 ||
		world_wire_open(&l.wire, interface, RING_SLOTS, !l.hybrid, &why) < 0) {
		(void)fprintf(stderr, "world_load: %s\n", why.text);
		goto out;
	}
	l.sent = calloc(l.count, sizeof(*l.sent));
	if (l.sent && run(&l, &seconds) == 0) {
		print_figures(&l, seconds);
		rc = 0;
	}
	free(l.sent);
	world_wire_close(&l.wire);
out:
	world_free(&l.world);
	return rc;
}
