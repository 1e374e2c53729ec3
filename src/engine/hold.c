#include "engine/hold.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/hash.h"
#include "proto/dns_stream.h"

enum { QUERY_MAX = 128, DATAGRAM_MAX = 4096, EDNS_SIZE = 1232, CASE_SHIFT = 16 };

struct hold;

/* One connection or flow, from its first question to its end. */
struct line {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_udp_t udp;
	} u;
	uv_connect_t connect;
	struct hold *hold;
	size_t target;
	enum hold_way way;
	bool open, over, waiting; /* waiting: for the answer to the last question */
	uint64_t cookie;          /* of that question: id and letter case */
	uint8_t query[QUERY_MAX];
	size_t query_len;
	struct dns_stream in;
	uint8_t datagram[DATAGRAM_MAX];
};

struct hold {
	struct hold_config c;
	uv_loop_t uv;
	uv_timer_t turn, end;
	uv_signal_t on_int, on_term;
	struct line **kept;  /* by target; NULL: none is open */
	struct line **fresh; /* [target][udp, tcp]: those of this turn */
	int64_t start_ns;
	int signal, error;
	struct err_msg why;
};

/* --- events --- */

static void tell(const struct line *l, struct hold_event e)
{
	e.at_ns = (int64_t)uv_hrtime() - l->hold->start_ns;
	e.way = l->way;
	l->hold->c.event(l->hold->c.arg, l->target, &e);
}

static struct tcp_info tcp_info_of(const struct line *l)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	uv_os_fd_t fd;

	if (uv_fileno(&l->u.handle, &fd) == 0)
		(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

/* --- the end of a line --- */

static void on_gone(uv_handle_t *h)
{
	free(h->data);
}

/* A fresh connection ends with an RST: nothing of it stays on either side. */
static void end_line(struct line *l)
{
	struct line **slot = l->way == HOLD_KEPT
				     ? &l->hold->kept[l->target]
				     : &l->hold->fresh[2 * l->target + (l->way == HOLD_FRESH_TCP)];

	if (*slot == l)
		*slot = NULL;
	if (l->over)
		return;
	l->over = true;
	if (l->way != HOLD_FRESH_TCP || uv_tcp_close_reset(&l->u.tcp, on_gone) != 0)
		uv_close(&l->u.handle, on_gone);
}

/* With the last data libuv may tell of the end without having read it: whether it was a reset, the socket knows. */
static int end_of(const struct line *l, int status)
{
	int error = 0;
	socklen_t len = sizeof(error);
	uv_os_fd_t fd;

	if (status == UV_EOF && uv_fileno(&l->u.handle, &fd) == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error ? uv_translate_sys_error(error) : status;
}

static void fail_line(struct line *l, int status)
{
	static const struct {
		int status;
		bool open;
		enum hold_kind kind;
	} kinds[] = {
		{UV_EOF, true, HOLD_CLOSED},
		{UV_ECONNRESET, true, HOLD_RESET},
		{UV_ECONNREFUSED, false, HOLD_REFUSED},
	};
	struct hold_event e;

	status = end_of(l, status);
	e = (struct hold_event){.kind = HOLD_FAILED, .error = -status};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].status == status && kinds[i].open == l->open)
			e = (struct hold_event){.kind = kinds[i].kind};
	tell(l, e);
	end_line(l);
}

/* --- questions and answers --- */

static struct dns_query query_of(const struct line *l)
{
	return (struct dns_query){
		.id = (uint16_t)l->cookie,
		.name = question_name(QUESTION_ID_SERVER),
		.type = DNS_TYPE_TXT,
		.class = DNS_CLASS_CH,
		.case_bits = l->cookie >> CASE_SHIFT,
		.edns_size = EDNS_SIZE,
		.nsid = true,
	};
}

static void make_query(struct line *l)
{
	struct wire_out w = wire_into(l->query, sizeof(l->query));
	struct dns_query q;

	l->cookie = hash_random_u64();
	q = query_of(l);
	if (l->way == HOLD_FRESH_UDP)
		dns_query_write(&w, &q);
	else
		dns_stream_write(&w, &q);
	l->query_len = w.bad ? 0 : w.len;
}

static void ask(struct line *l)
{
	uv_buf_t buf;
	int n;

	make_query(l);
	buf = uv_buf_init((char *)l->query, (unsigned)l->query_len);
	n = uv_try_write(&l->u.stream, &buf, 1);
	/* UV_EPIPE: its end is being read right now, and says more. */
	if (n < 0 && n != UV_EAGAIN && n != UV_EPIPE) {
		fail_line(l, n);
		return;
	}
	l->waiting = true;
	tell(l, (struct hold_event){.kind = HOLD_ASKED});
}

/* Whether the message answers the last question; what does not is nobody's. */
static bool take_message(struct line *l, struct dns_span message)
{
	struct dns_query q = query_of(l);
	uint8_t txt[DATAGRAM_MAX];
	struct dns_reply r;
	bool exact;

	if (!l->waiting || dns_parse(message.p, message.n, &r) < 0 || !r.response || r.id != q.id ||
		!dns_question_matches(&r, &q, &exact) || !exact)
		return false;
	l->waiting = false;
	tell(l, (struct hold_event){
			.kind = HOLD_ANSWER,
			.nsid = {r.nsid.p, r.nsid.n},
			.txt = {txt, r.txt.p ? dns_txt_join(r.txt, txt, sizeof(txt)) : 0},
			.rcode = r.rcode,
		});
	return true;
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct line *l = h->data;
	size_t room;

	(void)suggested;
	if (l->way == HOLD_FRESH_UDP) {
		*buf = uv_buf_init((char *)l->datagram, sizeof(l->datagram));
		return;
	}
	buf->base = (char *)dns_stream_room(&l->in, &room);
	buf->len = room;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct line *l = s->data;
	struct dns_span message;
	bool answered = false;

	(void)buf;
	if (n < 0) {
		fail_line(l, (int)n);
		return;
	}
	dns_stream_fill(&l->in, (size_t)n);
	while (dns_stream_next(&l->in, &message))
		answered = take_message(l, message) || answered;
	if (answered && l->way == HOLD_FRESH_TCP)
		end_line(l);
}

static void on_datagram(
	uv_udp_t *u, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct line *l = u->data;

	(void)flags;
	if (n < 0)
		fail_line(l, (int)n);
	else if (from && take_message(l, (struct dns_span){(const uint8_t *)buf->base, (size_t)n}))
		end_line(l);
}

/* --- the begin of a line --- */

static void on_connect(uv_connect_t *request, int status)
{
	struct line *l = request->data;
	struct tcp_info info;

	if (l->over)
		return;
	if (status < 0) {
		fail_line(l, status);
		return;
	}
	info = tcp_info_of(l);
	l->open = true;
	tell(l, (struct hold_event){.kind = HOLD_OPENED, .rtt_ns = info.tcpi_rtt * NS_PER_US});
	(void)uv_read_start(&l->u.stream, on_room, on_read);
	ask(l);
}

static int bind_line(struct line *l, const struct addr *target)
{
	const struct hold_config *c = &l->hold->c;
	const struct addr *source = target->family == 4 ? &c->source4 : &c->source6;
	struct sockaddr_storage ss;
	uv_os_fd_t fd;
	int rc = 0;

	if (c->interface && uv_fileno(&l->u.handle, &fd) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->interface, (socklen_t)strlen(c->interface)) <
			0)
		return err_set(
			&l->hold->why, ERR_IFACE, "cannot bind to %s: %s", c->interface, strerror(errno));
	if (!source->family)
		return 0;
	(void)addr_to_sockaddr(source, 0, &ss);
	rc = l->way == HOLD_FRESH_UDP ? uv_udp_bind(&l->u.udp, (const struct sockaddr *)&ss, 0)
				      : uv_tcp_bind(&l->u.tcp, (const struct sockaddr *)&ss, 0);
	return rc == 0 ? 0
		       : err_set(&l->hold->why, ERR_RANGE, "cannot send from that address: %s",
				 uv_strerror(rc));
}

static int start_udp(struct line *l, const struct sockaddr *to)
{
	uv_buf_t buf;
	int rc = uv_udp_connect(&l->u.udp, to);

	l->open = true;
	make_query(l);
	buf = uv_buf_init((char *)l->query, (unsigned)l->query_len);
	if (rc == 0)
		rc = uv_udp_try_send(&l->u.udp, &buf, 1, NULL);
	if (rc < 0)
		return rc;
	l->waiting = true;
	tell(l, (struct hold_event){.kind = HOLD_ASKED});
	return uv_udp_recv_start(&l->u.udp, on_room, on_datagram);
}

static struct line *new_line(struct hold *h, size_t target, enum hold_way way)
{
	struct line *l = calloc(1, sizeof(*l));
	unsigned family = (unsigned)addr_af(&h->c.targets->v[target].addr);
	int rc;

	if (!l)
		return NULL;
	l->hold = h;
	l->target = target;
	l->way = way;
	rc = way == HOLD_FRESH_UDP ? uv_udp_init_ex(&h->uv, &l->u.udp, family)
				   : uv_tcp_init_ex(&h->uv, &l->u.tcp, family);
	l->u.handle.data = l;
	if (rc == 0)
		return l;
	free(l);
	return NULL;
}

static void start_line(struct hold *h, size_t target, enum hold_way way, struct line **slot)
{
	const struct target *t = &h->c.targets->v[target];
	struct line *l = new_line(h, target, way);
	struct sockaddr_storage to;
	int rc;

	if (!l) {
		h->error = err_set(&h->why, ERR_NOMEM, "no room for another connection");
		uv_stop(&h->uv);
		return;
	}
	*slot = l;
	rc = bind_line(l, &t->addr);
	if (rc < 0) {
		h->error = rc;
		end_line(l);
		uv_stop(&h->uv);
		return;
	}
	(void)addr_to_sockaddr(&t->addr, t->port ? t->port : h->c.port, &to);
	l->connect.data = l;
	if (way == HOLD_FRESH_UDP)
		rc = start_udp(l, (const struct sockaddr *)&to);
	else
		rc = uv_tcp_connect(&l->connect, &l->u.tcp, (const struct sockaddr *)&to, on_connect);
	if (rc < 0)
		fail_line(l, rc);
}

/* --- turns --- */

static void miss(struct line *l)
{
	struct tcp_info info = {0};

	if (l->way != HOLD_FRESH_UDP)
		info = tcp_info_of(l);
	tell(l, (struct hold_event){
			.kind = l->open ? HOLD_MISSED : HOLD_UNOPENED,
			.unanswered = info.tcpi_retransmits,
		});
}

static void turn_kept(struct hold *h, size_t target)
{
	struct line *l = h->kept[target];

	if (!l) {
		start_line(h, target, HOLD_KEPT, &h->kept[target]);
		return;
	}
	if (!l->open || l->waiting)
		miss(l);
	if (l->open)
		ask(l);
	else
		end_line(l);
}

static void turn_fresh(struct hold *h, size_t target, enum hold_way way)
{
	struct line **slot = &h->fresh[2 * target + (way == HOLD_FRESH_TCP)];

	if (*slot) {
		miss(*slot);
		end_line(*slot);
	}
	start_line(h, target, way, slot);
}

static void on_turn(uv_timer_t *timer)
{
	struct hold *h = timer->data;

	for (size_t i = 0; i < h->c.targets->n && h->error == 0; i++) {
		turn_kept(h, i);
		turn_fresh(h, i, HOLD_FRESH_UDP);
		turn_fresh(h, i, HOLD_FRESH_TCP);
	}
}

static void on_end(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void on_signal(uv_signal_t *s, int signum)
{
	struct hold *h = s->data;

	h->signal = signum;
	uv_stop(&h->uv);
}

/* --- the whole --- */

static void start_signal(struct hold *h, uv_signal_t *s, int signum)
{
	(void)uv_signal_init(&h->uv, s);
	s->data = h;
	(void)uv_signal_start(s, on_signal, signum);
}

static void start_timer(struct hold *h, uv_timer_t *t, uv_timer_cb cb, int64_t first_ns, int64_t every_ns)
{
	(void)uv_timer_init(&h->uv, t);
	t->data = h;
	(void)uv_timer_start(t, cb, (uint64_t)(first_ns / NS_PER_MS), (uint64_t)(every_ns / NS_PER_MS));
}

static void close_rest(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (uv_is_closing(handle))
		return;
	if (handle->type == UV_TCP || handle->type == UV_UDP)
		end_line(handle->data);
	else
		uv_close(handle, NULL);
}

static void run(struct hold *h)
{
	h->start_ns = (int64_t)uv_hrtime();
	start_timer(h, &h->turn, on_turn, 0, h->c.every_ns);
	start_timer(h, &h->end, on_end, h->c.hold_ns, 0);
	start_signal(h, &h->on_int, SIGINT);
	start_signal(h, &h->on_term, SIGTERM);
	(void)uv_run(&h->uv, UV_RUN_DEFAULT);
}

int hold_run(const struct hold_config *c, int *signal, int64_t *ran_ns, struct err_msg *why)
{
	struct hold h = {.c = *c};
	bool ready = uv_loop_init(&h.uv) == 0;

	h.kept = calloc(c->targets->n, sizeof(struct line *));
	h.fresh = calloc(2 * c->targets->n, sizeof(struct line *));
	if (!ready || !h.kept || !h.fresh)
		h.error = err_set(&h.why, ERR_NOMEM, "out of memory");
	else
		run(&h);
	*signal = h.signal;
	*ran_ns = ready && h.start_ns ? (int64_t)uv_hrtime() - h.start_ns : 0;
	if (ready) {
		uv_walk(&h.uv, close_rest, NULL);
		(void)uv_run(&h.uv, UV_RUN_DEFAULT);
		(void)uv_loop_close(&h.uv);
	}
	free(h.kept);
	free(h.fresh);
	return h.error ? err_set(why, (enum err)h.error, "%s", h.why.text) : 0;
}
