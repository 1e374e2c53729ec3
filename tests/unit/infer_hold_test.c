#include "infer/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A story, one letter an event, so many tenths of a second apart: the kept connection opens (o), asks (q), is answered by
 * server A or B (A, B), misses an answer (m), is closed, reset, refused, fails, or does not open (c r x f u); a fresh flow is
 * answered (a, b) or asked (?). */
static const struct {
	char letter;
	enum hold_way way;
	enum hold_kind kind;
	const char *name;
} letters[] = {
	{'o', HOLD_KEPT, HOLD_OPENED, NULL},
	{'q', HOLD_KEPT, HOLD_ASKED, NULL},
	{'A', HOLD_KEPT, HOLD_ANSWER, "ns1"},
	{'B', HOLD_KEPT, HOLD_ANSWER, "ns2"},
	{'m', HOLD_KEPT, HOLD_MISSED, NULL},
	{'c', HOLD_KEPT, HOLD_CLOSED, NULL},
	{'r', HOLD_KEPT, HOLD_RESET, NULL},
	{'x', HOLD_KEPT, HOLD_REFUSED, NULL},
	{'f', HOLD_KEPT, HOLD_FAILED, NULL},
	{'u', HOLD_KEPT, HOLD_UNOPENED, NULL},
	{'?', HOLD_FRESH_UDP, HOLD_ASKED, NULL},
	{'a', HOLD_FRESH_UDP, HOLD_ANSWER, "ns1"},
	{'b', HOLD_FRESH_TCP, HOLD_ANSWER, "ns2"},
};

static void tell(struct hold_log *l, const char *story)
{
	for (size_t i = 0; story[i]; i++)
		for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]); k++) {
			struct hold_event e = {
				.at_ns = (int64_t)i * 100000000,
				.way = letters[k].way,
				.kind = letters[k].kind,
				.unanswered = 2,
				.error = 113,
			};

			if (letters[k].letter != story[i])
				continue;
			if (letters[k].name)
				e.nsid = (struct bytes){(const uint8_t *)letters[k].name, 3};
			assert_int_equal(hold_add(l, &e), 0);
		}
}

static void stories(void **state)
{
	static const struct {
		const char *story;
		enum hold_end end;
		size_t spans;
		uint32_t answers;
		enum hold_course course;
		int moved; /* tenths of a second; -1: never */
	} cases[] = {
		{"oqAaqAaqAa", HOLD_END_OPEN, 1, 3, HOLD_COURSE_STEADY, -1},
		{"oqAaqAaqbqb", HOLD_END_OPEN, 1, 2, HOLD_COURSE_MOVED, 8},
		{"oqAaqAarbbb", HOLD_END_RESET, 1, 2, HOLD_COURSE_MOVED, 8},
		{"oqAaqAcaoqAa", HOLD_END_CLOSED, 2, 2, HOLD_COURSE_STEADY, -1},
		{"oqAaqmqmaa", HOLD_END_SILENT, 1, 1, HOLD_COURSE_STEADY, -1},
		{"oqAaqmqAa", HOLD_END_OPEN, 1, 2, HOLD_COURSE_STEADY, -1},
		{"oqAqfaa", HOLD_END_FAILED, 1, 1, HOLD_COURSE_STEADY, -1},
		{"xxx?", HOLD_END_REFUSED, 2, 0, HOLD_COURSE_NONE, -1},
		{"uuoqAa", HOLD_END_OPEN, 2, 1, HOLD_COURSE_STEADY, -1},
		{"oqAababab", HOLD_END_OPEN, 1, 1, HOLD_COURSE_MIXED, -1},
		{"oqAaaabbbaaa", HOLD_END_OPEN, 1, 1, HOLD_COURSE_BACK, 6},
		{"oqAab", HOLD_END_OPEN, 1, 1, HOLD_COURSE_MIXED, -1},
		{"", HOLD_END_UNOPENED, 1, 0, HOLD_COURSE_NONE, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rules rules = {0};
		struct ident_scope scope = {0};
		struct hold_log l = {.rules = &rules, .scope = &scope};
		struct hold_finding f;
		const struct hold_span *s;

		print_message("%s\n", cases[i].story);
		tell(&l, cases[i].story);
		assert_int_equal(hold_find(&l, &f), 0);
		s = &f.spans[f.first];
		assert_int_equal(s->end, cases[i].end);
		assert_int_equal(f.n_spans, cases[i].spans);
		assert_int_equal(s->answers, cases[i].answers);
		assert_int_equal(f.course, cases[i].course);
		assert_int_equal(f.moved_ns < 0 ? -1 : f.moved_ns / 100000000, cases[i].moved);
		hold_finding_free(&f);
		hold_log_free(&l);
	}
}

static void details(void **state)
{
	struct rules rules = {0};
	struct ident_scope scope = {0};
	struct hold_log l = {.rules = &rules, .scope = &scope};
	struct hold_finding f;

	(void)state;
	tell(&l, "oqAqBq?a?b?bmm");
	assert_int_equal(hold_find(&l, &f), 0);
	assert_true(f.spans[0].mixed);
	assert_int_equal(f.spans[0].missed, 2);
	assert_int_equal(f.spans[0].unanswered, 2);
	assert_int_equal(f.spans[0].last_answer_ns, 400000000);
	assert_int_equal(f.asked[HOLD_FRESH_UDP], 3);
	assert_int_equal(f.n_met, 2);
	assert_int_equal(f.met[1].answers, 2);
	assert_string_equal(l.places[0].label, "\"ns1\"");
	assert_false(l.places[0].proven);
	hold_finding_free(&f);
	hold_log_free(&l);
}

/* Names are bytes from outside: any of them, of any length, and none. */
static void names(void **state)
{
	struct rules rules = {0};
	struct ident_scope scope = {0};
	struct hold_log l = {.rules = &rules, .scope = &scope};
	uint8_t bytes[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t n = 0; n <= sizeof(bytes); n += n < 300 ? 1 : 100) {
		struct hold_event e = {.kind = HOLD_ANSWER, .txt = {bytes, n}};

		assert_int_equal(hold_add(&l, &e), 0);
	}
	assert_string_equal(l.places[0].label, "a server without a name");
	for (size_t i = 0; i < l.n_servers; i++)
		for (const char *p = l.servers[i].name; *p; p++)
			assert_true(*p >= ' ' && *p < 0x7f);
	hold_log_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories),
		cmocka_unit_test(details),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
