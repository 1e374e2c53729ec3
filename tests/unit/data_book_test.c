#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The tables in targets/ themselves. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data/target.h"

static int open_book(void **state)
{
	static struct target_list book;
	struct err_msg why = {{0}};

	*state = &book;
	if (target_read_book(&book, "targets", &why) == 0)
		return 0;
	print_error("%s\n", why.text);
	return -1;
}

static int close_book(void **state)
{
	target_list_free(*state);
	return 0;
}

/* How many targets of the book a name or kind stands for. */
static size_t count(const struct target_list *book, const char *name, int family)
{
	struct target_list list = {0};
	struct err_msg why = {{0}};
	size_t n;

	if (target_resolve(&list, book, name, family, &why) < 0)
		fail_msg("%s", why.text);
	n = list.n;
	target_list_free(&list);
	return n;
}

static bool operator_is_listed(const char *name, size_t n)
{
	FILE *f = fopen("targets/operators.txt", "r");
	char line[128];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strcspn(line, "\n") == n && strncmp(line, name, n) == 0;
	assert_int_equal(fclose(f), 0);
	return found;
}

static void every_row_is_whole(void **state)
{
	const struct target_list *book = *state;

	assert_true(book->n > 300);
	assert_int_equal(book->duplicates, 0);
	assert_int_equal(book->bad, 0);
	for (size_t i = 0; i < book->n; i++) {
		const struct target_info *info = target_info(book, &book->v[i]);
		bool whole = info->service[0] && info->operators[0] && info->kind[0] && info->source[0];

		if (!whole || book->v[i].probes == 0)
			fail_msg("%s: a row lacks something", info->service);
		/* A TCP probe needs a port, and a port is for one. */
		assert_int_equal((book->v[i].probes & 1 << PROBE_TCP) != 0, book->v[i].port != 0);
		for (const char *p = info->operators; *p; p += p[0] == '|') {
			size_t n = strcspn(p, "|");

			if (!operator_is_listed(p, n))
				fail_msg("%s: operator '%.*s' is not in operators.txt", info->service, (int)n,
					p);
			p += n;
		}
	}
}

/* All rows of a service agree on who runs it and of which kind it is. */
static void services_agree(void **state)
{
	const struct target_list *book = *state;

	for (size_t i = 0; i < book->n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct target_info *a = target_info(book, &book->v[i]),
						 *b = target_info(book, &book->v[k]);

			if (strcmp(a->service, b->service) != 0)
				continue;
			if (strcmp(a->operators, b->operators) != 0 || strcmp(a->kind, b->kind) != 0)
				fail_msg("%s: rows that do not agree", a->service);
		}
}

static void roots(void **state)
{
	static const struct {
		const char *letter, *operators, *v4, *v6;
	} some[] = {
		{"b", "USC-ISI", "170.247.170.2", "2801:1b8:10::b"},
		{"e", "NASA|Cloudflare|PCH", "192.203.230.10", "2001:500:a8::e"},
		{"f", "ISC|Cloudflare", "192.5.5.241", "2001:500:2f::f"},
		{"k", "RIPE NCC", "193.0.14.129", "2001:7fd::1"},
	};
	const struct target_list *book = *state;

	assert_int_equal(count(book, "roots", 4), 13);
	assert_int_equal(count(book, "roots", 6), 13);
	for (const char *letter = "abcdefghijklm"; *letter; letter++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%c.root-servers.net", *letter);
		assert_int_equal(count(book, name, 4), 1);
		assert_int_equal(count(book, name, 6), 1);
		(void)snprintf(name, sizeof(name), "%c.root", *letter);
		assert_int_equal(count(book, name, 0), 2);
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		char name[32];
		struct addr v4, v6;

		(void)snprintf(name, sizeof(name), "%s.root-servers.net", some[i].letter);
		assert_int_equal(addr_parse(some[i].v4, &v4), 0);
		assert_int_equal(addr_parse(some[i].v6, &v6), 0);
		assert_non_null(target_find(book, &v4));
		assert_non_null(target_find(book, &v6));
		assert_string_equal(target_info(book, target_find(book, &v4))->service, name);
		assert_string_equal(target_info(book, target_find(book, &v4))->operators, some[i].operators);
		assert_ptr_equal(
			target_info(book, target_find(book, &v6)), target_info(book, target_find(book, &v4)));
	}
}

/* Names that people use. */
static void common_names(void **state)
{
	static const struct {
		const char *name;
		size_t v4, v6;
	} cases[] = {
		{"one.one.one.one", 2, 2},
		{"dns.google", 2, 2},
		{"google", 2, 2},
		{"dns.quad9.net", 2, 3},
		{"quad9", 6, 7},
		{"opendns", 2, 2},
		{"a.gtld-servers.net", 1, 1},
		{"ns1.dns.nl", 1, 1},
		{"k-root", 1, 1},
		{"fastly", 1, 1},
		{"1.1.1.1", 1, 0},
		{"2620:fe::fe", 0, 1},
	};
	const struct target_list *book = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].v4)
			assert_int_equal(count(book, cases[i].name, 4), cases[i].v4);
		if (cases[i].v6)
			assert_int_equal(count(book, cases[i].name, 6), cases[i].v6);
	}
	assert_true(count(book, "resolvers", 0) > 100);
	assert_true(count(book, "tlds", 0) > 150);
	assert_true(count(book, "cdns", 0) >= 6);
}

/* Addresses that are no longer the service's, or never were anycast. */
static void what_must_not_be_there(void **state)
{
	static const char *const gone[] = {"199.9.14.201", "2001:500:200::b", "192.228.79.201",
		"193.110.81.0", "185.253.5.0", "193.176.144.5"};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		struct addr a;

		assert_int_equal(addr_parse(gone[i], &a), 0);
		assert_null(target_find(*state, &a));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(services_agree),
		cmocka_unit_test(roots),
		cmocka_unit_test(common_names),
		cmocka_unit_test(what_must_not_be_there),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
