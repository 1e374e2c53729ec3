#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice.h"
#include "engine/flight.h"

enum { TARGETS = 40 };

struct rig {
	struct flight f;
};

static void rig_start(struct rig *r, size_t capacity)
{
	assert_int_equal(flight_init(&r->f, capacity), 0);
}

static void rig_end(struct rig *r)
{
	flight_free(&r->f);
}

/* Half of each family. */
static struct addr address(uint32_t i)
{
	struct addr a;
	char text[32];

	(void)snprintf(text, sizeof(text), i % 2 ? "192.0.2.%u" : "2001:db8::%x", i % 200 + 1);
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct flight_probe probe_of(
	uint32_t target, enum probe_kind kind, uint16_t port, uint64_t cookie, int64_t at)
{
	return (struct flight_probe){.cookie = cookie,
		.sent_at = {at},
		.target = target,
		.addr = address(target),
		.flow_port = port,
		.kind = (uint8_t)kind};
}

static struct probe_key key_of(const struct flight_probe *p)
{
	return (struct probe_key){
		.target = p->addr,
		.kind = p->kind,
		.flow_port = p->flow_port,
		.token = probe_token(p->kind, p->cookie),
	};
}

/* How many probes answer to the key; `id`, if given, must be among them. */
static size_t found(const struct rig *r, const struct probe_key *key, uint32_t id, bool *there)
{
	size_t n = 0;

	*there = false;
	for (uint32_t at = FLIGHT_NONE; (at = flight_find(&r->f, key, at)) != FLIGHT_NONE; n++)
		*there = *there || at == id;
	return n;
}

static void each_part_of_the_key_counts(void **state)
{
	struct rig r;
	struct flight_probe p = probe_of(3, PROBE_DNS, 33000, 0x12345, 1);
	struct probe_key key, other;
	uint32_t id;
	bool there;

	(void)state;
	rig_start(&r, 64);
	id = flight_add(&r.f, &p);
	key = key_of(&p);
	assert_int_equal(found(&r, &key, id, &there), 1);
	assert_true(there);
	other = key;
	other.target = address(4);
	assert_int_equal(found(&r, &other, id, &there), 0);
	other = key;
	other.kind = PROBE_ICMP;
	assert_int_equal(found(&r, &other, id, &there), 0);
	other = key;
	other.flow_port++;
	assert_int_equal(found(&r, &other, id, &there), 0);
	other = key;
	other.token++;
	assert_int_equal(found(&r, &other, id, &there), 0);
	rig_end(&r);
}

/* Cookies that share their low 16 bits: a dns or icmp reply may be for either, a tcp one only for its own. */
static void probes_with_one_token_are_all_found(void **state)
{
	struct rig r;

	(void)state;
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		uint32_t ids[5];
		bool there;

		rig_start(&r, 64);
		for (uint32_t i = 0; i < 5; i++) {
			struct flight_probe p =
				probe_of(1, (enum probe_kind)kind, 33000, 0xbeef | (uint64_t)i << 16, i);

			ids[i] = flight_add(&r.f, &p);
		}
		for (uint32_t i = 0; i < 5; i++) {
			struct probe_key key = key_of(flight_at(&r.f, ids[i]));

			assert_int_equal(found(&r, &key, ids[i], &there), kind == PROBE_TCP ? 1 : 5);
			assert_true(there);
		}
		flight_drop_oldest(&r.f);
		for (uint32_t i = 1; i < 5; i++) {
			struct probe_key key = key_of(flight_at(&r.f, ids[i]));

			assert_int_equal(found(&r, &key, ids[i], &there), kind == PROBE_TCP ? 1 : 4);
			assert_true(there);
		}
		rig_end(&r);
	}
}

/* The ring goes round many times, with few and with all its places taken; all that is under way is found, the rest is
 * not. */
static void the_ring_wraps(void **state)
{
	static const size_t kept[] = {1, 5, 63, 64};
	struct rig r;
	bool there;

	(void)state;
	for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
		struct flight_probe last[64];

		rig_start(&r, 64);
		assert_true(flight_empty(&r.f));
		for (uint32_t i = 0; i < 1000; i++) {
			struct flight_probe p =
				probe_of(i % TARGETS, (enum probe_kind)(i % PROBE_KINDS), 33000, i, i);
			uint32_t id;

			if (i >= kept[k])
				flight_drop_oldest(&r.f);
			assert_false(flight_full(&r.f));
			id = flight_add(&r.f, &p);
			assert_int_equal(flight_at(&r.f, id)->seq, 0);
			if (i >= kept[k]) {
				struct probe_key gone = key_of(&last[i % kept[k]]);

				assert_int_equal(found(&r, &gone, 0, &there), 0);
			}
			last[i % kept[k]] = p;
			for (size_t n = 0; n < kept[k] && n <= i; n++) {
				struct probe_key key = key_of(&last[n]);

				assert_int_equal(found(&r, &key, 0, &there), 1);
			}
		}
		assert_int_equal(flight_full(&r.f), kept[k] == 64);
		rig_end(&r);
	}
}

static void capacity_is_rounded_up(void **state)
{
	static const struct {
		size_t asked, got;
	} cases[] = {{0, 64}, {1, 64}, {64, 64}, {65, 128}, {1000, 1024}};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;

		rig_start(&r, cases[i].asked);
		for (; !flight_full(&r.f); n++) {
			struct flight_probe p = probe_of(0, PROBE_DNS, 33000, n, 0);

			(void)flight_add(&r.f, &p);
		}
		assert_int_equal(n, cases[i].got);
		rig_end(&r);
	}
}

static void the_oldest_expires_first(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, 64);
	for (uint32_t i = 0; i < 6; i++) {
		struct flight_probe p = probe_of(i, PROBE_DNS, 33000, i, (int64_t)i / 2 * 10);

		p.seq = i;
		(void)flight_add(&r.f, &p);
	}
	/* Sent at 0 0 10 10 20 20. */
	assert_int_equal(flight_due(&r.f, (struct mono){-1}), FLIGHT_NONE);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(flight_at(&r.f, flight_due(&r.f, (struct mono){10}))->seq, i);
	assert_int_equal(flight_due(&r.f, (struct mono){19}), FLIGHT_NONE);

	assert_int_equal(flight_oldest(&r.f, (struct mono){-1}), FLIGHT_NONE);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(flight_at(&r.f, flight_oldest(&r.f, (struct mono){100}))->seq, i);
		flight_drop_oldest(&r.f);
	}
	assert_true(flight_empty(&r.f));
	assert_int_equal(flight_oldest(&r.f, (struct mono){INT64_MAX}), FLIGHT_NONE);
	/* What was dropped before it was due is not due any more. */
	assert_int_equal(flight_due(&r.f, (struct mono){INT64_MAX}), FLIGHT_NONE);
	rig_end(&r);
}

/* --- details --- */

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void assert_text(struct bytes b, const char *want)
{
	assert_int_equal(b.n, strlen(want));
	if (b.n)
		assert_memory_equal(b.p, want, b.n);
}

static void assert_kept(const struct flight_probe *p, const char *nsid, const char *txt, const char *extra)
{
	assert_text(flight_nsid(p), nsid);
	assert_text(flight_txt(p), txt);
	assert_text(flight_extra(p), extra);
}

static void identities_are_replaced_and_extra_grows(void **state)
{
	struct rig r;
	struct flight_probe none = probe_of(0, PROBE_DNS, 33000, 1, 0), *p;
	struct addr from = address(2);

	(void)state;
	rig_start(&r, 64);
	p = flight_at(&r.f, flight_add(&r.f, &none));
	assert_kept(p, "", "", "");
	assert_non_null(flight_keep(&r.f, p, text("one"), text("")));
	assert_kept(p, "one", "", "");
	flight_append(&r.f, p, text("a=1"));
	assert_kept(p, "one", "", "a=1");
	p->detail->from = from;
	assert_non_null(flight_keep(&r.f, p, text(""), text("two")));
	assert_kept(p, "", "two", "a=1");
	assert_true(addr_equal(&p->detail->from, &from));
	flight_append(&r.f, p, text(";b=2"));
	assert_kept(p, "", "two", "a=1;b=2");
	/* Views of what is there may be given back. */
	assert_non_null(flight_keep(&r.f, p, flight_txt(p), flight_extra(p)));
	assert_kept(p, "two", "a=1;b=2", "a=1;b=2");
	rig_end(&r);
}

static void long_texts_are_cut_or_left_out(void **state)
{
	static char longest[FLIGHT_TEXT_MAX + 2];
	char cut[FLIGHT_TEXT_MAX + 1];
	struct rig r;
	struct flight_probe none = probe_of(0, PROBE_DNS, 33000, 1, 0), *p;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(cut, longest, FLIGHT_TEXT_MAX);
	cut[FLIGHT_TEXT_MAX] = '\0';
	rig_start(&r, 64);
	p = flight_at(&r.f, flight_add(&r.f, &none));
	assert_non_null(flight_keep(&r.f, p, text(longest), text(longest)));
	flight_append(&r.f, p, text(longest));
	assert_kept(p, cut, cut, "");
	flight_append(&r.f, p, text("a=1;"));
	flight_append(&r.f, p, text(cut));
	assert_kept(p, cut, cut, "a=1;");
	flight_append(&r.f, p, (struct bytes){(const uint8_t *)cut, FLIGHT_TEXT_MAX - 4});
	assert_int_equal(flight_extra(p).n, FLIGHT_TEXT_MAX);
	rig_end(&r);
}

/* Details of all sizes come and go with their probes: what is dropped is used again, nobody's text changes. */
static void details_do_not_mix(void **state)
{
	struct dice d = dice_of(1);
	struct rig r;

	(void)state;
	rig_start(&r, 64);
	for (uint32_t i = 0; i < 20000; i++) {
		struct flight_probe made = probe_of(i % TARGETS, PROBE_DNS, 33000, i, 0), *p;
		uint8_t b[FLIGHT_TEXT_MAX];
		size_t n = dice(&d, dice(&d, 3) ? 40 : FLIGHT_TEXT_MAX);

		if (flight_full(&r.f) || (!flight_empty(&r.f) && dice(&d, 5) < 2)) {
			p = flight_at(&r.f, flight_oldest(&r.f, (struct mono){0}));
			for (size_t k = 0; k < flight_nsid(p).n; k++)
				assert_int_equal(flight_nsid(p).p[k], (uint8_t)p->cookie);
			for (size_t k = 0; k < flight_extra(p).n; k++)
				assert_int_equal(flight_extra(p).p[k], (uint8_t)~p->cookie);
			flight_drop_oldest(&r.f);
			continue;
		}
		p = flight_at(&r.f, flight_add(&r.f, &made));
		memset(b, (int)(i & 0xff), n);
		assert_non_null(flight_keep(&r.f, p, (struct bytes){b, n}, (struct bytes){0}));
		memset(b, (int)(~i & 0xff), n);
		flight_append(&r.f, p, (struct bytes){b, n / 2});
		assert_int_equal(flight_extra(p).n, n / 2);
	}
	rig_end(&r);
}

/* --- clock steps --- */

static void a_step_takes_the_rtt_of_whom_it_may_concern(void **state)
{
	static const struct {
		uint16_t replies;
		uint32_t checked;
		bool stepped;
	} cases[] = {
		{0, 0, true},  /* its reply will come by the other clock */
		{1, 6, false}, /* answered, and the clock was looked at since */
		{1, 7, true},  /* answered since the last look that found nothing */
		{2, 5, false},
	};
	struct rig r;
	uint32_t ids[4];

	(void)state;
	rig_start(&r, 64);
	for (uint32_t i = 0; i < 4; i++) {
		struct flight_probe p = probe_of(i, PROBE_DNS, 33000, i, 0);

		p.replies = cases[i].replies;
		p.checked = cases[i].checked;
		ids[i] = flight_add(&r.f, &p);
	}
	flight_step(&r.f, 7);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(flight_at(&r.f, ids[i])->stepped, cases[i].stepped);
	flight_step(&r.f, 100);
	assert_false(flight_at(&r.f, ids[1])->stepped);
	assert_true(flight_at(&r.f, ids[2])->stepped);
	rig_end(&r);
}

static void the_kernel_knows_best_when_it_was_sent(void **state)
{
	struct flight_probe p = {.tx_user = {5}};

	(void)state;
	assert_int_equal(flight_sent(&p).ns, 5);
	p.tx_kernel.ns = 7;
	assert_int_equal(flight_sent(&p).ns, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_of_the_key_counts),
		cmocka_unit_test(probes_with_one_token_are_all_found),
		cmocka_unit_test(the_ring_wraps),
		cmocka_unit_test(capacity_is_rounded_up),
		cmocka_unit_test(the_oldest_expires_first),
		cmocka_unit_test(identities_are_replaced_and_extra_grows),
		cmocka_unit_test(long_texts_are_cut_or_left_out),
		cmocka_unit_test(details_do_not_mix),
		cmocka_unit_test(a_step_takes_the_rtt_of_whom_it_may_concern),
		cmocka_unit_test(the_kernel_knows_best_when_it_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
