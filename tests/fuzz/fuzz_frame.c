/* A captured frame, its first byte the link type, down to what a prober reads of it and of what an ICMP error quotes. */
#include <stdlib.h>

#include "proto/frame.h"
#include "proto/icmp.h"
#include "proto/tcp.h"
#include "proto/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_inside(const uint8_t *p, size_t len, const uint8_t *outer, size_t outer_len)
{
	if (p < outer || p + len > outer + outer_len)
		abort();
}

static void read_udp(const struct packet *p)
{
	struct udp u;

	if (udp_parse(p->l4, p->l4_len, &u) == 0)
		check_inside(u.payload, u.payload_len, p->l4, p->l4_len);
}

static void read_tcp(const struct packet *p)
{
	struct tcp t;

	(void)tcp_parse(p->l4, p->l4_len, &t);
}

static void read_icmp(const struct packet *p)
{
	struct packet quoted;
	struct icmp m;

	if (icmp_parse(p->src.family, p->l4, p->l4_len, &m) < 0)
		return;
	check_inside(m.payload, m.payload_len, p->l4, p->l4_len);
	if (icmp_quoted(&m, &quoted) < 0)
		return;
	check_inside(quoted.l4, quoted.l4_len, m.payload, m.payload_len);
	read_udp(&quoted);
	read_tcp(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct packet p;
	struct wire w;

	if (n == 0)
		return 0;
	w = frame_ip((enum frame_link)(bytes[0] % (FRAME_NULL + 1)), bytes + 1, n - 1);
	if (w.bad || ip_parse(w.base, w.len, &p) < 0 || !p.l4)
		return 0;
	check_inside(p.l4, p.l4_len, w.base, w.len);
	(void)ip_sum_fold(ip_sum(ip_sum_pseudo(&p.src, &p.dst, p.proto, p.l4_len), p.l4, p.l4_len));
	read_udp(&p);
	read_tcp(&p);
	read_icmp(&p);
	return 0;
}
