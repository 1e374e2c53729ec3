/* Answers every probe that reaches an interface, as fast as one core can: ICMP echo, TCP SYN (SYN/ACK from open ports,
 * RST from others) and DNS queries (NSID, a TXT, a server cookie), for all addresses of the prefixes given.
 *
 *	reflect [-d DELAY_US] [-s SECONDS] [-o PORT]... [-n NSID] [-b FRAMES] {-i INTERFACE | -T TUN} [PREFIX...]
 *
 * -d  answers each probe so long after it was captured      -s  ends after so many seconds (600; also on SIGTERM)
 * -o  a port that accepts connections (53, 80, 443)         -T  makes a tun device and is its far end
 * -n  the name it gives itself (reflect-nsid)               -b  room for so many that wait, a multiple of 512 (8192)
 * PREFIX: 198.18.0.0/15 and 2001:db8:18::/48. At the end it prints: received answered sent refused dropped */
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "responder.h"

enum { SLOT_FRAME = 504, SLOTS = 1 << 17, PREFIXES_MAX = 16, PORTS_MAX = 16, EDNS_SIZE = 1232 };

static const char txt[] = "reflect-id";

struct slot {
	int64_t due_ns;
	uint16_t len;
	uint8_t frame[SLOT_FRAME];
};

struct reflect {
	struct end end;
	const char *nsid;
	int tun; /* -1: none */
	uint8_t tun_frame[LINK_LEN + END_FRAME];
	struct slot *slots; /* a queue: one delay for all keeps the order */
	uint32_t head, tail;
	int64_t delay_ns, seconds;
	uint64_t answered;
	struct addr_prefix prefixes[PREFIXES_MAX];
	size_t n_prefixes;
	uint16_t ports[PORTS_MAX];
	size_t n_ports;
};

static bool is_ours(const struct reflect *r, const struct addr *a)
{
	for (size_t i = 0; i < r->n_prefixes; i++)
		if (addr_in(a, &r->prefixes[i]))
			return true;
	return false;
}

static bool is_open(const struct reflect *r, uint16_t port)
{
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->ports[i] == port)
			return true;
	return false;
}

static size_t answer_icmp(const struct packet *p, uint8_t *l4, size_t cap)
{
	uint8_t echo = p->src.family == 4 ? 8 : 128;

	if (p->l4_len < 8 || p->l4_len > cap || p->l4[0] != echo)
		return 0;
	memcpy(l4, p->l4, p->l4_len);
	l4[0] = p->src.family == 4 ? 0 : 129;
	return p->l4_len;
}

static size_t answer_tcp(const struct reflect *r, const struct packet *p, uint8_t *l4)
{
	enum { SYN = 2, RST = 4, ACK = 16 };

	if (p->l4_len < 20 || (p->l4[13] & (SYN | ACK | RST)) != SYN)
		return 0;
	memset(l4, 0, 20);
	memcpy(l4, p->l4 + 2, 2);
	memcpy(l4 + 2, p->l4, 2);
	wire_set32(l4 + 4, 0x10203040);
	wire_set32(l4 + 8, wire_get32(p->l4 + 4) + 1);
	l4[12] = 5 << 4;
	l4[13] = is_open(r, wire_get16(l4)) ? SYN | ACK : RST | ACK;
	wire_set16(l4 + 14, 65535);
	return 20;
}

static void put_txt(struct wire_out *w)
{
	static const uint8_t head[] = {0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0};

	wire_put(w, head, sizeof(head));
	wire_put_u16(w, sizeof(txt));
	wire_put_u8(w, sizeof(txt) - 1);
	wire_put(w, txt, sizeof(txt) - 1);
}

static void put_opt(struct wire_out *w, const char *nsid, const uint8_t *cookie)
{
	static const uint8_t server_cookie[] = {1, 2, 3, 4, 5, 6, 7, 8};
	size_t len = strlen(nsid), n = 4 + len + (cookie ? 4 + 8 + sizeof(server_cookie) : 0);

	wire_put_u8(w, 0);
	wire_put_u16(w, 41);
	wire_put_u16(w, EDNS_SIZE);
	wire_put_u32(w, 0);
	wire_put_u16(w, (uint16_t)n);
	wire_put_u16(w, 3);
	wire_put_u16(w, (uint16_t)len);
	wire_put(w, nsid, len);
	if (!cookie)
		return;
	wire_put_u16(w, 10);
	wire_put_u16(w, 8 + sizeof(server_cookie));
	wire_put(w, cookie, 8);
	wire_put(w, server_cookie, sizeof(server_cookie));
}

static size_t answer_dns(const struct reflect *r, const struct packet *p, uint8_t *l4, size_t cap)
{
	const uint8_t *dns = p->l4 + 8, *cookie;
	size_t n = p->l4_len - 8, at, cookie_len = 0;
	struct wire_out w = wire_into(l4 + 8, cap - 8);
	bool chaos;

	if (p->l4_len < 20 || wire_get16(p->l4 + 2) != 53 || (at = question_end(dns, n)) == 0)
		return 0;
	cookie = query_cookie(dns, n, at, &cookie_len);
	chaos = wire_get16(dns + at - 2) == 3;
	wire_put(&w, dns, 2);
	wire_put_u16(&w, (uint16_t)(0x8400 | (dns[2] & 1) << 8 | (chaos ? 0 : 5)));
	wire_put_u16(&w, 1);
	wire_put_u16(&w, chaos);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, 1);
	wire_put(&w, dns + 12, at - 12);
	if (chaos)
		put_txt(&w);
	put_opt(&w, r->nsid, cookie);
	if (w.bad)
		return 0;
	memcpy(l4, p->l4 + 2, 2);
	memcpy(l4 + 2, p->l4, 2);
	wire_set16(l4 + 4, (uint16_t)(8 + w.len));
	return 8 + w.len;
}

static size_t answer(
	const struct reflect *r, const struct packet *p, uint8_t *l4, size_t cap, size_t *checksum_at)
{
	*checksum_at = p->proto == IP_UDP ? 6 : p->proto == IP_TCP ? 16 : 2;
	if (p->proto == IP_UDP)
		return answer_dns(r, p, l4, cap);
	if (p->proto == IP_TCP)
		return answer_tcp(r, p, l4);
	return p->proto == IP_ICMP || p->proto == IP_ICMP6 ? answer_icmp(p, l4, cap) : 0;
}

static void take(struct reflect *r, const struct probe_in *in)
{
	const struct packet *p = &in->packet;
	struct slot *s = &r->slots[r->tail % SLOTS];
	size_t head, l4_len, checksum_at;
	uint8_t *l4;

	if (!p->l4 || p->fragment || p->cut || !is_ours(r, &p->dst))
		return;
	head = LINK_LEN + (p->src.family == 4 ? IP_V4_LEN : IP_V6_LEN);
	l4 = s->frame + head;
	l4_len = answer(r, p, l4, SLOT_FRAME - head, &checksum_at);
	if (l4_len == 0)
		return;
	(void)compose_head(s->frame, in, &p->dst, &p->src, p->proto, l4_len);
	compose_checksum(l4, l4_len, checksum_at, &p->dst, &p->src, p->proto);
	s->len = (uint16_t)(head + l4_len);
	s->due_ns = in->stamp.ns + r->delay_ns;
	r->tail++;
	r->answered++;
}

static bool queue_full(const struct reflect *r)
{
	return r->tail - r->head == SLOTS;
}

static void take_ring(struct reflect *r)
{
	struct probe_in in;

	for (unsigned i = 0; i < END_BATCH && !queue_full(r) && end_next(&r->end, &in); i++) {
		take(r, &in);
		end_release(&r->end);
	}
}

static void take_tun(struct reflect *r)
{
	struct probe_in in = {.link = r->tun_frame, .ip = r->tun_frame + LINK_LEN};

	for (unsigned i = 0; i < END_BATCH && !queue_full(r); i++) {
		ssize_t n = read(r->tun, r->tun_frame + LINK_LEN, END_FRAME);

		if (n <= 0)
			return;
		in.stamp = clock_wall();
		in.ip_len = (size_t)n;
		r->end.received++;
		if (ip_parse(in.ip, in.ip_len, &in.packet) == 0)
			take(r, &in);
	}
}

static void send_tun(struct reflect *r, const struct slot *s)
{
	if (write(r->tun, s->frame + LINK_LEN, s->len - LINK_LEN) < 0)
		r->end.refused++;
	else
		r->end.sent++;
}

static void send_one(struct reflect *r, const struct slot *s)
{
	if (r->tun >= 0)
		send_tun(r, s);
	else
		end_send(&r->end, s->frame, s->len);
}

/* Sends what is due; the time to the next, or a while. */
static int64_t send_due(struct reflect *r)
{
	int64_t now_ns = clock_wall().ns, wait_ns = NS_PER_S / 10;

	for (; r->head != r->tail; r->head++) {
		const struct slot *s = &r->slots[r->head % SLOTS];

		if (s->due_ns > now_ns) {
			wait_ns = s->due_ns - now_ns;
			break;
		}
		send_one(r, s);
	}
	end_flush(&r->end);
	return wait_ns;
}

static void run(struct reflect *r)
{
	int64_t end_ns = clock_mono().ns + r->seconds * NS_PER_S, wait_ns;
	uint64_t before;

	do {
		before = r->end.received;
		if (r->tun >= 0)
			take_tun(r);
		else
			take_ring(r);
		wait_ns = send_due(r);
		/* Under load there is more to take already: the signal is looked at all the same. */
	} while (end_wait(&r->end, r->end.received > before ? 0 : wait_ns) && clock_mono().ns < end_ns);
}

static int open_tun(struct reflect *r, const char *name)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	(void)snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	r->tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	r->end.fd = r->tun;
	r->end.signals = end_signals();
	return r->tun < 0 ? -1 : ioctl(r->tun, TUNSETIFF, &req);
}

static int add_prefix(struct reflect *r, const char *text)
{
	if (r->n_prefixes == PREFIXES_MAX || addr_prefix_parse(text, &r->prefixes[r->n_prefixes]) < 0)
		return -1;
	r->n_prefixes++;
	return 0;
}

static void add_port(struct reflect *r, unsigned long port)
{
	if (r->n_ports < PORTS_MAX)
		r->ports[r->n_ports++] = (uint16_t)port;
}

/* 0, or -1 when the arguments are wrong. */
static int read_options(struct reflect *r, int argc, char **argv, const char **interface, const char **tun)
{
	int c;

	while ((c = getopt(argc, argv, "d:s:o:n:b:i:T:")) != -1) {
		if (c == 'd')
			r->delay_ns = strtoll(optarg, NULL, 10) * NS_PER_US;
		else if (c == 's')
			r->seconds = strtoll(optarg, NULL, 10);
		else if (c == 'o')
			add_port(r, strtoul(optarg, NULL, 10));
		else if (c == 'n')
			r->nsid = optarg;
		else if (c == 'b')
			r->end.frames_max = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'i')
			*interface = optarg;
		else if (c == 'T')
			*tun = optarg;
		else
			return -1;
	}
	for (int i = optind; i < argc; i++)
		if (add_prefix(r, argv[i]) < 0)
			return -1;
	return *interface || *tun ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct reflect *r = calloc(1, sizeof(*r));
	const char *interface = NULL, *tun = NULL;
	int rc = 2;

	if (!r)
		return 1;
	*r = (struct reflect){
		.tun = -1, .nsid = "reflect-nsid", .seconds = 600, .slots = calloc(SLOTS, sizeof(*r->slots))};
	if (!r->slots || read_options(r, argc, argv, &interface, &tun) < 0) {
		fprintf(stderr,
			"usage: reflect [-d DELAY_US] [-s SECONDS] [-o PORT]... [-n NSID] [-b FRAMES] "
			"{-i INTERFACE | -T TUN} [PREFIX...]\n");
		goto out;
	}
	for (size_t i = 0, none = r->n_ports == 0; none && i < 3; i++)
		add_port(r, (unsigned long[]){53, 80, 443}[i]);
	if (!r->n_prefixes && (add_prefix(r, "198.18.0.0/15") < 0 || add_prefix(r, "2001:db8:18::/48") < 0))
		goto out;
	rc = 1;
	if ((tun ? open_tun(r, tun) : end_open(&r->end, interface)) < 0) {
		perror(tun ? tun : interface);
		goto out;
	}
	/* The resets of a kernel that knows nothing of the probes are not worth a look. */
	if (!tun && end_filter(&r->end, "not (tcp[13] & 4 != 0 or (ip6[6] == 6 and ip6[53] & 4 != 0))") < 0) {
		perror("filter");
		goto out;
	}
	run(r);
	printf("received %llu answered %llu sent %llu refused %llu dropped %u\n",
		(unsigned long long)r->end.received, (unsigned long long)r->answered,
		(unsigned long long)r->end.sent, (unsigned long long)r->end.refused,
		tun ? 0 : end_dropped(&r->end));
	rc = 0;
out:
	free(r->slots);
	free(r);
	return rc;
}
