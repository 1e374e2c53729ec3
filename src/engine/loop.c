#include "engine/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "engine/match.h"
#include "net/carrier.h"
#include "net/inject.h"

enum { BATCHES_PER_S = 10000, READ_MAX = 4096, WAY_UNKNOWN = 0, WAY_NONE = UINT16_MAX, TICK_MS = 1000 };
#define IDLE_NS (10 * NS_PER_MS)
/* Slewing moves the clock by at most 500 ppm: more than this between two looks is a step. */
#define STEP_NS NS_PER_MS

struct loop {
	struct loop_config c;
	struct engine *engine;
	struct route *route;
	struct carrier carrier;
	struct inject_template *templates; /* [kind][family][flow] */
	uint16_t *way;                     /* by target: egress + 1 */
	struct pace pace;
	bool warned_family[2];

	uv_loop_t uv;
	bool uv_ready;
	uv_poll_t on_pace, on_clock, on_capture, on_route;
	uv_signal_t on_int, on_term, on_hup;
	uv_timer_t on_tick;
	int pace_fd, clock_fd;

	uint32_t batch[SEND_BATCH]; /* ids of the batch being filled */
	unsigned n_batch, full_batch;
	struct wall wall;           /* of the probes being made, until they are sent */
	struct mono read_at;        /* of the frames being read */
	struct mono start, give_up; /* give_up.ns 0: not stopping */
	struct wall round_at;       /* when the next round begins */
	uint32_t begun, over;       /* rounds */
	int64_t clock_offset_ns;
	struct loop_result result;
	struct err_msg why;
};

static struct inject_template *template_of(struct loop *l, enum probe_kind kind, int family, uint8_t flow)
{
	size_t row = (size_t)kind * 2 + (family == 6);

	return &l->templates[row * l->c.engine.flows.n + flow];
}

static void warn(struct loop *l, const char *text)
{
	if (l->c.warn)
		l->c.warn(l->c.arg, text);
}

/* --- sending --- */

static void on_send_failed(void *arg, uint32_t id, int errnum)
{
	struct loop *l = arg;

	engine_fail(l->engine, id, errnum);
}

static void flush_batch(struct loop *l)
{
	struct wall now = clock_wall();

	for (unsigned i = 0; i < l->n_batch; i++)
		engine_set_sent(l->engine, l->batch[i], now);
	l->n_batch = 0;
	l->carrier.type->flush(l->carrier.self, on_send_failed, l);
}

/* The egress of a target, looked up at its first probe and again after any change of routes; NULL when there
 * is none. */
static const struct egress *egress_of(struct loop *l, const struct engine_due *due)
{
	const struct target *t = engine_target(l->engine, due);
	struct err_msg why = {{0}};
	uint16_t *way = &l->way[due->target];
	bool v6 = t->addr.family == 6;

	if (*way == WAY_UNKNOWN) {
		int i = route_lookup(l->route, &t->addr, &why);

		*way = i < 0 || i >= WAY_NONE - 1 ? WAY_NONE : (uint16_t)(i + 1);
		if (i < 0 && !l->warned_family[v6]) {
			l->warned_family[v6] = true;
			warn(l, why.text);
		}
	}
	return *way == WAY_NONE ? NULL : route_egress(l->route, *way - 1);
}

static void send_one(struct loop *l, const struct engine_due *due, struct mono now)
{
	static const struct addr nowhere;
	const struct egress *e = egress_of(l, due);
	const struct schedule_slot *slot = &l->c.engine.slots[due->slot];
	struct probe_spec spec;
	uint8_t *room;
	uint32_t id;
	size_t len;

	id = engine_launch(l->engine, due, e ? &e->source : &nowhere, now, l->wall, &spec);
	if (!e) {
		engine_fail(l->engine, id, ENETUNREACH);
		return;
	}
	room = l->carrier.type->room(l->carrier.self, e);
	if (!room) {
		flush_batch(l);
		room = l->carrier.type->room(l->carrier.self, e);
	}
	len = inject_stamp(template_of(l, slot->kind, spec.dst.family, slot->flow), &spec, room);
	if (len == 0) {
		engine_fail(l->engine, id, EMSGSIZE);
		return;
	}
	engine_set_head(l->engine, id, room + (spec.dst.family == 4 ? IP_V4_LEN : IP_V6_LEN));
	l->carrier.type->add(l->carrier.self, len, &spec.dst, id);
	l->batch[l->n_batch++] = id;
	if (l->n_batch == l->full_batch)
		flush_batch(l);
}

/* Sends what is due now; returns when to look again. */
static int64_t send_due(struct loop *l, struct mono now)
{
	unsigned allow = pace_allow(&l->pace, now), n = 0;
	enum engine_answer a = ENGINE_DUE;
	struct engine_due due;

	l->wall = clock_wall();
	while (n < allow && (a = engine_next(l->engine, now, &due)) == ENGINE_DUE) {
		send_one(l, &due, now);
		n++;
	}
	flush_batch(l);
	pace_spend(&l->pace, n);
	if (a == ENGINE_DUE)
		return pace_tick_ns(&l->pace);
	pace_idle(&l->pace, now);
	return IDLE_NS;
}

/* --- rounds at their times --- */

/* At each multiple of every_ns one round begins, unless the one before is still being sent. */
static void begin_round(struct loop *l)
{
	int64_t every = l->c.every_ns, now = clock_wall().ns;
	bool stepped_back = l->round_at.ns - now > every;

	if (every == 0 || (now < l->round_at.ns && !stepped_back))
		return;
	if (l->round_at.ns > 0 && !stepped_back) {
		if (engine_round_sent(l->engine))
			engine_open_rounds(l->engine, ++l->begun);
		else
			warn(l, "a round takes longer than --every: the next one begins later");
	}
	now -= l->c.phase_ns;
	l->round_at.ns = now - now % every + every + l->c.phase_ns;
}

static bool is_between_rounds(const struct loop *l)
{
	return l->c.every_ns && engine_round_sent(l->engine) && engine_idle(l->engine);
}

static void end_round(struct loop *l)
{
	if (l->over == l->begun || !is_between_rounds(l))
		return;
	l->over = l->begun;
	if (l->c.round)
		l->c.round(l->c.arg, l->over - 1);
}

/* --- the clock --- */

static void check_clock(struct loop *l, bool was_set)
{
	int64_t offset = clock_offset_ns(), change = offset - l->clock_offset_ns;
	bool stepped = was_set || change > STEP_NS || change < -STEP_NS;

	l->clock_offset_ns = offset;
	l->result.clock_steps += stepped;
	engine_clock_checked(l->engine, stepped);
}

/* A timer that never fires, but is cancelled when somebody sets the clock. */
static void watch_clock(const struct loop *l)
{
	struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX}};

	(void)timerfd_settime(l->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void on_clock(uv_poll_t *h, int status, int events)
{
	struct loop *l = h->data;
	uint64_t n;

	(void)status;
	(void)events;
	check_clock(l, read(l->clock_fd, &n, sizeof(n)) < 0 && errno == ECANCELED);
	watch_clock(l);
}

/* --- receiving --- */

static void each_frame(void *arg, const struct capture_frame *f)
{
	struct loop *l = arg;

	engine_frame(l->engine, l->read_at, f);
}

static int read_capture(struct loop *l)
{
	int n;

	l->read_at = clock_mono();
	n = l->carrier.type->read(l->carrier.self, READ_MAX, each_frame, l, &l->why);
	check_clock(l, false);
	if (n < 0) {
		l->result.end = LOOP_CAPTURE_LOST;
		uv_stop(&l->uv);
	}
	return n;
}

static void on_capture(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	(void)read_capture(h->data);
}

static void on_route(uv_poll_t *h, int status, int events)
{
	struct loop *l = h->data;

	(void)status;
	(void)events;
	if (route_events(l->route))
		memset(l->way, 0, l->c.engine.targets->n * sizeof(*l->way));
}

/* --- time --- */

static void arm(int fd, int64_t in_ns)
{
	struct itimerspec at = {.it_value = {.tv_sec = in_ns / NS_PER_S, .tv_nsec = in_ns % NS_PER_S}};

	(void)timerfd_settime(fd, 0, &at, NULL);
}

static bool is_over(struct loop *l, struct mono now)
{
	return engine_done(l->engine, now, l->c.settle_ns) || (l->give_up.ns && now.ns >= l->give_up.ns);
}

static void on_pace(uv_poll_t *h, int status, int events)
{
	struct loop *l = h->data;
	struct mono now = clock_mono();
	uint64_t n;
	int64_t next;

	(void)status;
	(void)events;
	(void)!read(l->pace_fd, &n, sizeof(n));
	engine_expire(l->engine, now);
	begin_round(l);
	next = send_due(l, now);
	end_round(l);
	if (is_between_rounds(l))
		next = l->round_at.ns - clock_wall().ns < NS_PER_S ? IDLE_NS : NS_PER_S / 2;
	if (is_over(l, now))
		uv_stop(&l->uv);
	else
		arm(l->pace_fd, next);
}

static void update_counts(struct loop *l)
{
	struct capture_stats s = l->carrier.type->stats(l->carrier.self);

	l->result.counts = *engine_counts(l->engine);
	l->result.counts.captured = s.captured;
	l->result.counts.dropped = s.dropped;
	l->result.counts.ifdropped = s.ifdropped;
	l->result.counts.behind = (uint64_t)l->pace.forgone;
	if (s.dropped > 0)
		engine_frames_lost(l->engine);
}

static int tick(struct loop *l)
{
	struct loop_progress p = {
		.counts = &l->result.counts,
		.scheduled = engine_scheduled(l->engine),
		.all_sent = engine_all_sent(l->engine),
		.elapsed_s = (double)(clock_mono().ns - l->start.ns) / 1e9,
	};

	update_counts(l);
	return l->c.tick ? l->c.tick(l->c.arg, &p) : 0;
}

static void on_tick(uv_timer_t *h)
{
	struct loop *l = h->data;

	if (tick(l) >= 0)
		return;
	l->result.end = LOOP_TICK_FAILED;
	uv_stop(&l->uv);
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct loop *l = h->data;

	l->result.end = LOOP_SIGNAL;
	l->result.signal = signum;
	if (l->give_up.ns)
		uv_stop(&l->uv);
	engine_stop(l->engine);
	l->give_up = (struct mono){clock_mono().ns + l->c.engine.timeout_ns};
	arm(l->pace_fd, 1);
	warn(l, "stopping: waiting for replies under way (once more to stop at once)");
}

static void on_hangup(uv_signal_t *h, int signum)
{
	struct loop *l = h->data;

	(void)signum;
	l->c.hangup(l->c.arg);
}

/* --- opening --- */

/* Without the kernel's time of sending, all of a batch have the time before its first packet: there is no more in one than the
 * rate asks for. */
static unsigned full_batch(const struct engine_config *c)
{
	double by_rate = c->rate_pps / BATCHES_PER_S;

	return c->kernel_stamps || by_rate > SEND_BATCH ? SEND_BATCH : by_rate < 1 ? 1 : (unsigned)by_rate;
}

static int open_templates(struct loop *l, struct err_msg *why)
{
	uint16_t n = l->c.engine.flows.n;

	l->templates = calloc((size_t)PROBE_KINDS * 2 * n, sizeof(*l->templates));
	if (!l->templates)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		for (int family = 4; family <= 6; family += 2)
			for (uint16_t flow = 0; flow < n; flow++)
				if (inject_build(template_of(l, (enum probe_kind)kind, family, (uint8_t)flow),
					    (enum probe_kind)kind, family,
					    (uint16_t)(l->c.engine.flows.base + flow), l->c.dscp, why) < 0)
					return ERR_NOMEM;
	return 0;
}

/* The first target of one family at least must have a way out, or there is nothing to do: better said now than
 * in every row. */
static int check_routes(struct loop *l, struct err_msg *why)
{
	const struct target_list *list = l->c.engine.targets;
	bool asked[2] = {false, false}, reached = false;
	char via[ADDR_TEXT_LEN];

	for (size_t i = 0; i < list->n && !(asked[0] && asked[1]); i++) {
		bool v6 = list->v[i].addr.family == 6;
		const struct egress *e;
		int egress;

		if (asked[v6])
			continue;
		asked[v6] = true;
		egress = route_lookup(l->route, &list->v[i].addr, why);
		if (egress < 0)
			continue;
		e = route_egress(l->route, egress);
		if (e->silent)
			return err_set(why, ERR_ROUTE, "the next hop %s on %s does not answer (waited 3 s)",
				addr_text(&e->gateway, via), e->interface);
		reached = true;
	}
	return reached ? 0 : ERR_ROUTE;
}

static int open_all(struct loop *l, struct err_msg *why)
{
	const struct engine_config *ec = &l->c.engine;
	struct capture_want want = {
		.flows = ec->flows,
		.source4 = l->c.source4,
		.source6 = l->c.source6,
		.outgoing = ec->kernel_stamps,
	};
	int rc;

	for (uint32_t i = 0; i < ec->n_slots; i++)
		want.kinds[ec->slots[i].kind] = true;
	l->route = route_open(l->c.interface, &l->c.source4, &l->c.source6, why);
	if (!l->route)
		return ERR_IFACE;
	rc = check_routes(l, why);
	if (rc < 0)
		return rc;
	rc = l->c.plain ? carrier_open_plain(&l->carrier, l->c.interface, &want, l->c.dscp, why)
			: carrier_open_raw(&l->carrier, l->c.interface,
				  l->c.xdp ? route_egress(l->route, 0)->interface : NULL, &want, why);
	if (rc < 0)
		return rc;
	/* Not every device tells when a socket's packet left: one without that time may have left all the same. */
	l->c.engine.kernel_stamps = ec->kernel_stamps && !l->c.plain;
	l->full_batch = full_batch(ec);
	l->engine = engine_new(ec, why);
	l->way = calloc(ec->targets->n, sizeof(*l->way));
	if (!l->engine || !l->way)
		return ERR_NOMEM;
	return open_templates(l, why);
}

struct loop *loop_open(const struct loop_config *c, int *err, struct err_msg *why)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		*err = err_set(why, ERR_NOMEM, "out of memory");
		return NULL;
	}
	l->c = *c;
	l->pace_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	l->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->pace_fd < 0 || l->clock_fd < 0)
		*err = err_set(why, ERR_IO, "timerfd: %s", strerror(errno));
	else if (uv_loop_init(&l->uv) != 0)
		*err = err_set(why, ERR_NOMEM, "libuv: cannot start an event loop");
	else {
		l->uv_ready = true;
		*err = open_all(l, why);
		if (*err == 0)
			return l;
	}
	loop_close(l);
	return NULL;
}

size_t loop_egresses(const struct loop *l, struct run_egress *out, size_t cap)
{
	size_t n = route_egresses(l->route) < cap ? route_egresses(l->route) : cap;

	for (size_t i = 0; i < n; i++) {
		const struct egress *e = route_egress(l->route, (int)i);

		out[i] = (struct run_egress){.source = e->source, .gateway = e->gateway};
		memcpy(out[i].interface, e->interface, sizeof(e->interface));
	}
	return n;
}

/* --- running --- */

static void start_poll(struct loop *l, uv_poll_t *h, int fd, uv_poll_cb cb)
{
	(void)uv_poll_init(&l->uv, h, fd);
	h->data = l;
	(void)uv_poll_start(h, UV_READABLE, cb);
}

static void start_signal(struct loop *l, uv_signal_t *h, int signum, uv_signal_cb cb)
{
	(void)uv_signal_init(&l->uv, h);
	h->data = l;
	(void)uv_signal_start(h, cb, signum);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	uv_close(h, NULL);
}

int loop_run(struct loop *l, struct loop_result *result, struct err_msg *why)
{
	l->start = clock_mono();
	l->clock_offset_ns = clock_offset_ns();
	pace_start(&l->pace, l->c.engine.rate_pps, l->start);
	start_poll(l, &l->on_pace, l->pace_fd, on_pace);
	start_poll(l, &l->on_clock, l->clock_fd, on_clock);
	start_poll(l, &l->on_capture, l->carrier.type->fd(l->carrier.self), on_capture);
	start_poll(l, &l->on_route, route_fd(l->route), on_route);
	start_signal(l, &l->on_int, SIGINT, on_signal);
	start_signal(l, &l->on_term, SIGTERM, on_signal);
	start_signal(l, &l->on_hup, SIGHUP, l->c.hangup ? on_hangup : on_signal);
	(void)uv_timer_init(&l->uv, &l->on_tick);
	l->on_tick.data = l;
	(void)uv_timer_start(&l->on_tick, on_tick, TICK_MS, TICK_MS);
	watch_clock(l);
	if (l->c.every_ns) {
		l->begun = l->c.begun;
		engine_open_rounds(l->engine, l->begun);
		l->over = l->begun - !engine_round_sent(l->engine);
	}
	arm(l->pace_fd, 1);

	(void)uv_run(&l->uv, UV_RUN_DEFAULT);

	if (l->result.end != LOOP_CAPTURE_LOST)
		while (read_capture(l) > 0)
			;
	update_counts(l);
	engine_finish(l->engine, clock_mono());
	end_round(l);
	update_counts(l);
	uv_walk(&l->uv, close_handle, NULL);
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
	*result = l->result;
	if (l->result.end == LOOP_CAPTURE_LOST)
		return err_set(why, ERR_IFACE, "%s", l->why.text);
	return 0;
}

void loop_close(struct loop *l)
{
	if (!l)
		return;
	engine_free(l->engine);
	route_close(l->route);
	carrier_close(&l->carrier);
	free(l->templates);
	free(l->way);
	if (l->uv_ready)
		(void)uv_loop_close(&l->uv);
	if (l->pace_fd >= 0)
		(void)close(l->pace_fd);
	if (l->clock_fd >= 0)
		(void)close(l->clock_fd);
	free(l);
}
