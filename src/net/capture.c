#include "net/capture.h"

#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/wire.h"
#include "proto/frame.h"

#define STAMP_MAX_S INT64_C(7258118400)

/* A reply of EDNS size 1232 with its headers; ICMP errors quote less. */
enum { SNAPLEN = 1536, RING_BYTES = 16 << 20, RETIRE_MS = 10, FILTER_MAX = 2048, SLL2_IFINDEX_AT = 4 };

struct capture {
	pcap_t *pcap;
	enum frame_link link;
	bool live;
	uint64_t seen;
	uint32_t last_dropped, last_ifdropped; /* libpcap's 32-bit counters wrap in long runs */
	struct capture_stats stats;
	capture_each *each; /* of the current capture_read */
	void *arg;
};

/* One expression a kind: %1 and %2 are the first and last flow port. ICMPv6 has no names for its fields in
 * filters. */
static const char *const filter_in[PROBE_KINDS] = {
	[PROBE_DNS] = "(udp and dst portrange %1$u-%2$u)",
	[PROBE_TCP] = "(tcp and dst portrange %1$u-%2$u)",
	[PROBE_ICMP] = ("(icmp[0] == 0 and icmp[4:2] >= %1$u and icmp[4:2] <= %2$u) or "
			"(icmp6 and ip6[40] == 129 and ip6[44:2] >= %1$u and ip6[44:2] <= %2$u)"),
};
static const char *const filter_out[PROBE_KINDS] = {
	[PROBE_DNS] = " or (udp and src portrange %1$u-%2$u)",
	[PROBE_TCP] = " or (tcp and src portrange %1$u-%2$u and (tcp[13] == 2 or ip6[53] == 2))",
	[PROBE_ICMP] = (" or (icmp[0] == 8 and icmp[4:2] >= %1$u and icmp[4:2] <= %2$u) or "
			"(icmp6 and ip6[40] == 128 and ip6[44:2] >= %1$u and ip6[44:2] <= %2$u)"),
};
static const char filter_errors[] = "(icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12) or "
				    "(icmp6 and ip6[40] >= 1 and ip6[40] <= 4)";

static void add_expression(char *out, size_t *n, const char *format, const struct probe_flows *f)
{
	int len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are the tables above */
	len = snprintf(out + *n, FILTER_MAX - *n, format, f->base, f->base + f->n - 1);
#pragma GCC diagnostic pop
	*n += len > 0 && (size_t)len < FILTER_MAX - *n ? (size_t)len : 0;
}

static void make_filter(const struct capture_want *want, char out[static FILTER_MAX])
{
	char source[ADDR_TEXT_LEN];
	size_t n = 0;

	/* Of many vantage points on one machine, each sees its own packets only. */
	if (want->source4.family)
		n += (size_t)snprintf(out + n, FILTER_MAX - n, "(ip6 or ip host %s) and ",
			addr_text(&want->source4, source));
	if (want->source6.family)
		n += (size_t)snprintf(out + n, FILTER_MAX - n, "(ip or ip6 host %s) and ",
			addr_text(&want->source6, source));
	out[n++] = '(';
	add_expression(out, &n, filter_errors, &want->flows);
	for (size_t k = 0; k < PROBE_KINDS; k++) {
		if (!want->kinds[k])
			continue;
		add_expression(out, &n, " or ", &want->flows);
		add_expression(out, &n, filter_in[k], &want->flows);
		if (want->outgoing)
			add_expression(out, &n, filter_out[k], &want->flows);
	}
	out[n++] = ')';
	out[n] = '\0';
}

static int set_filter(struct capture *c, const struct capture_want *want, struct err_msg *why)
{
	struct bpf_program program;
	char text[FILTER_MAX];
	int rc = 0;

	make_filter(want, text);
	if (pcap_compile(c->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return err_set(why, ERR_PARSE, "capture filter: %s", pcap_geterr(c->pcap));
	if (pcap_setfilter(c->pcap, &program) < 0)
		rc = err_set(why, ERR_IO, "capture filter: %s", pcap_geterr(c->pcap));
	pcap_freecode(&program);
	return rc;
}

static enum frame_link link_of(pcap_t *p)
{
	int dlt = pcap_datalink(p);

	/* Of the types that matter, only raw IP has another number in memory (DLT_RAW) than in files
	 * (LINKTYPE_RAW). */
	return dlt == DLT_RAW ? FRAME_IP : frame_link_from_linktype(dlt);
}

static enum err live_error(int rc)
{
	switch (rc) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return ERR_PERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
	case PCAP_ERROR_IFACE_NOT_UP:
		return ERR_IFACE;
	default:
		return ERR_IO;
	}
}

static int activate(struct capture *c, const char *device, struct err_msg *why)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	int rc;

	(void)pcap_set_snaplen(c->pcap, SNAPLEN);
	(void)pcap_set_promisc(c->pcap, 0);
	(void)pcap_set_timeout(c->pcap, RETIRE_MS);
	(void)pcap_set_buffer_size(c->pcap, RING_BYTES);
	(void)pcap_set_tstamp_precision(c->pcap, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(c->pcap);
	if (rc < 0)
		return err_set(why, live_error(rc), "cannot capture on %s: %s (%s)", device,
			pcap_statustostr(rc), pcap_geterr(c->pcap));
	if (strcmp(device, "any") == 0 && pcap_set_datalink(c->pcap, DLT_LINUX_SLL2) < 0)
		return err_set(why, ERR_IO, "cannot capture on any interface: %s", pcap_geterr(c->pcap));
	if (pcap_setnonblock(c->pcap, 1, text) < 0)
		return err_set(why, ERR_IO, "capture: %s", text);
	c->link = link_of(c->pcap);
	if (c->link == FRAME_NONE)
		return err_set(why, ERR_IFACE, "%s has a link type that is not understood: %s", device,
			pcap_datalink_val_to_description_or_dlt(pcap_datalink(c->pcap)));
	return 0;
}

/* The filter leaves them out, but only after the kernel has cloned every packet that it sends. One before Linux 4.20 goes on so. */
static void ignore_outgoing(struct capture *c)
{
	int on = 1;

	(void)setsockopt(pcap_fileno(c->pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

struct capture *capture_open_live(const char *interface, const struct capture_want *want, struct err_msg *why)
{
	const char *device = interface ? interface : "any";
	struct capture *c = calloc(1, sizeof(*c));
	char text[PCAP_ERRBUF_SIZE] = "";

	if (!c || !(c->pcap = pcap_create(device, text))) {
		(void)err_set(why, ERR_NOMEM, "cannot capture on %s: %s", device, text);
		capture_close(c);
		return NULL;
	}
	c->live = true;
	if (activate(c, device, why) < 0 || set_filter(c, want, why) < 0) {
		capture_close(c);
		return NULL;
	}
	if (!want->outgoing)
		ignore_outgoing(c);
	return c;
}

struct capture *capture_open_file(const char *path, struct err_msg *why)
{
	struct capture *c = calloc(1, sizeof(*c));
	char text[PCAP_ERRBUF_SIZE] = "";

	if (!c || !(c->pcap = pcap_open_offline_with_tstamp_precision(
			    path, PCAP_TSTAMP_PRECISION_NANO, text))) {
		(void)err_set(why, ERR_PARSE, "%s: not a capture that can be read: %s", path, text);
		capture_close(c);
		return NULL;
	}
	c->link = link_of(c->pcap);
	if (c->link == FRAME_NONE) {
		(void)err_set(why, ERR_PARSE, "%s: a link type that is not understood: %s", path,
			pcap_datalink_val_to_description_or_dlt(pcap_datalink(c->pcap)));
		capture_close(c);
		return NULL;
	}
	return c;
}

int capture_fd(const struct capture *c)
{
	return pcap_get_selectable_fd(c->pcap);
}

/* tv_usec holds ns: precision NANO. A file may claim any time: one beyond the year 2200 is none. */
static struct wall stamp_of(const struct pcap_pkthdr *h)
{
	bool sane = h->ts.tv_sec >= 0 && h->ts.tv_sec < STAMP_MAX_S;

	return (struct wall){sane ? (int64_t)h->ts.tv_sec * NS_PER_S + h->ts.tv_usec : 0};
}

static void on_frame(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct capture *c = (struct capture *)(void *)user;
	struct wire ip = frame_ip(c->link, bytes, h->caplen);
	struct capture_frame f = {
		.stamp = stamp_of(h),
		.ip = ip.bad ? NULL : ip.base,
		.len = ip.bad ? 0 : ip.len,
	};

	if (c->link == FRAME_SLL2 && !ip.bad)
		f.ifindex = (int)wire_get32(bytes + SLL2_IFINDEX_AT);
	c->seen++;
	c->each(c->arg, &f);
}

int capture_read(struct capture *c, int max, capture_each *each, void *arg, struct err_msg *why)
{
	int n;

	c->each = each;
	c->arg = arg;
	n = pcap_dispatch(c->pcap, max, on_frame, (u_char *)(void *)c);
	if (n >= 0)
		return n;
	return err_set(why, c->live ? ERR_IFACE : ERR_PARTIAL, "capture: %s", pcap_geterr(c->pcap));
}

struct capture_stats capture_stats(struct capture *c)
{
	struct pcap_stat s;

	c->stats.captured = c->seen;
	if (c->live && pcap_stats(c->pcap, &s) == 0) {
		c->stats.dropped += s.ps_drop - c->last_dropped;
		c->stats.ifdropped += s.ps_ifdrop - c->last_ifdropped;
		c->last_dropped = s.ps_drop;
		c->last_ifdropped = s.ps_ifdrop;
	}
	return c->stats;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap);
	free(c);
}
