#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data/target.h"
#include "scratch.h"

/* The complaints of one reading, one a line. */
struct complaints {
	char text[2048];
};

static void keep(void *arg, const char *text)
{
	struct complaints *c = arg;
	size_t n = strlen(c->text);

	(void)snprintf(c->text + n, sizeof(c->text) - n, "%s\n", text);
}

static int read_bytes(struct target_list *list, const char *name, const char *bytes, struct complaints *c,
	struct err_msg *why)
{
	struct file_in *in = file_in_bytes(name, bytes, strlen(bytes), why);

	assert_non_null(in);
	return target_read_from(list, in, keep, c, why);
}

/* The addresses of the list, with blanks between. */
static char *addresses(const struct target_list *list, char out[static 1024])
{
	char text[ADDR_TEXT_LEN];

	out[0] = '\0';
	for (size_t i = 0; i < list->n; i++) {
		size_t n = strlen(out);

		(void)snprintf(out + n, 1024 - n, "%s%s", i ? " " : "", addr_text(&list->v[i].addr, text));
	}
	return out;
}

static void files(void **state)
{
	static const struct {
		const char *bytes, *targets, *complaints;
		size_t duplicates;
	} cases[] = {
		{"192.0.2.1\n2001:db8::1\n", "192.0.2.1 2001:db8::1", "", 0},
		{"# hosts\n\n  192.0.2.1  # one\r\n\t2001:db8::1\r\n", "192.0.2.1 2001:db8::1", "", 0},
		{"\xef\xbb\xbf"
		 "192.0.2.1",
			"192.0.2.1", "", 0},
		{"192.0.2.1\n2001:db8:0::1\n192.0.2.1\n2001:DB8::1\n", "192.0.2.1 2001:db8::1", "", 2},
		{"192.0.2.1\n1.2.3\n  x\n192.0.2.2 192.0.2.3\n192.0.2.9\n", "192.0.2.1 192.0.2.9",
			"f:2:1: '1.2.3' is not an IPv4 or IPv6 address\nf:3:3: 'x' is not an IPv4 or IPv6 "
			"address\n"
			"f:4:1: '192.0.2.2 192.0.2.3' is not an IPv4 or IPv6 address\n",
			0},
		{"192.0.2.1,a\n192.0.2.2\n", "192.0.2.2",
			"f:1:1: '192.0.2.1,a' is not an IPv4 or IPv6 address\n", 0},
		{"192.0.2.1\n0.0.0.0\nff02::1\n255.255.255.255\n", "192.0.2.1",
			"f:2:1: '0.0.0.0' is not an address that can be probed (unspecified, multicast, "
			"broadcast or mapped)\n"
			"f:3:1: 'ff02::1' is not an address that can be probed (unspecified, multicast, "
			"broadcast or mapped)\n"
			"f:4:1: '255.255.255.255' is not an address that can be probed (unspecified, "
			"multicast, broadcast or "
			"mapped)\n",
			0},
		{"192.0.2.1\n\x1b[31mred\n", "192.0.2.1",
			"f:2:1: '\\027[31mred' is not an IPv4 or IPv6 address\n", 0},
		{"target\n192.0.2.1\n", "192.0.2.1", "", 0},
		{"# made by hand\n\ntarget,service\n192.0.2.1,a\n192.0.2.1,b\n", "192.0.2.1", "", 1},
		{"service,\"target\"\r\na,\"192.0.2.1\"\r\n", "192.0.2.1", "", 0},
		{"\xef\xbb\xbftarget,service\n192.0.2.1,a\n", "192.0.2.1", "", 0},
		{"target,kind,probes,port\n192.0.2.1,root,dns,53\n192.0.2.2,roots,,\n192.0.2.3,,dns|http,"
		 "\n192.0.2.4,,,0\n"
		 "192.0.2.5,,,65536\n192.0.2.6,,,5x\n1.2.3,,,\n192.0.2.7,,|,\n192.0.2.8,,,\n",
			"192.0.2.1 192.0.2.8",
			"f:3:11: 'roots' is not one of root, resolver, tld, cdn, other\n"
			"f:4:12: 'dns|http' is not some of dns, icmp, tcp with | between them\n"
			"f:5:13: '0' is not a port from 1 to 65535\nf:6:13: '65536' is not a port from 1 to "
			"65535\n"
			"f:7:13: '5x' is not a port from 1 to 65535\nf:8:1: '1.2.3' is not an IPv4 or IPv6 "
			"address\n"
			"f:9:12: '|' is not some of dns, icmp, tcp with | between them\n",
			0},
		{"target,service\n192.0.2.1,\"open\n", NULL, "f:2:1: a quote that is not closed\n", 0},
		{"target,service\n192.0.2.1,a\"b\n192.0.2.2,c\n", "192.0.2.2",
			"f:2:12: a quote in the wrong place\n", 0},
		{"", NULL, "", 0},
		{"# nothing\n\n", NULL, "", 0},
		{"target,service\n", NULL, "", 0},
		{"nothing good\n", NULL, "f:1:1: 'nothing good' is not an IPv4 or IPv6 address\n", 0},
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_list list = {0};
		struct complaints c = {""};
		struct err_msg why = {{0}};
		int rc = read_bytes(&list, "f", cases[i].bytes, &c, &why);

		assert_string_equal(c.text, cases[i].complaints);
		assert_int_equal(rc, cases[i].targets ? 0 : ERR_PARSE);
		assert_int_equal(why.text[0] != '\0', rc != 0);
		assert_string_equal(addresses(&list, got), cases[i].targets ? cases[i].targets : "");
		assert_int_equal(list.duplicates, cases[i].duplicates);
		target_list_free(&list);
		assert_null(list.v);
	}
}

static void what_a_row_says(void **state)
{
	static const char bytes[] = "target,service,operators,kind,probes,port,baseline,source\n"
				    "192.0.2.1,a.example,Op|Host,root,dns|icmp,53,nsid,page\n"
				    "2001:db8::1,a.example,Op|Host,root,dns|icmp,53,nsid,page\n"
				    "192.0.2.2,,,,,,,\n"
				    "192.0.2.3,b.example,Op,cdn,tcp,443,,\"a, b\"\n";
	struct target_list list = {0};
	struct complaints c = {""};
	const struct target_info *info;
	struct addr a;

	(void)state;
	assert_int_equal(read_bytes(&list, "f", bytes, &c, NULL), 0);
	assert_int_equal(list.n, 4);
	info = target_info(&list, &list.v[0]);
	assert_string_equal(info->service, "a.example");
	assert_string_equal(info->operators, "Op|Host");
	assert_string_equal(info->kind, "root");
	assert_string_equal(info->baseline, "nsid");
	assert_string_equal(info->source, "page");
	assert_int_equal(list.v[0].probes, 1 << PROBE_DNS | 1 << PROBE_ICMP);
	assert_int_equal(list.v[0].port, 53);
	assert_ptr_equal(target_info(&list, &list.v[1]), info);
	assert_int_equal(list.v[2].info, 0);
	assert_int_equal(list.v[2].probes, 0);
	assert_int_equal(list.v[2].port, 0);
	assert_string_equal(target_info(&list, &list.v[2])->service, "");
	assert_string_equal(target_info(&list, &list.v[3])->source, "a, b");
	assert_int_equal(list.v[3].probes, 1 << PROBE_TCP);
	assert_int_equal(list.n_infos, 3);
	assert_int_equal(addr_parse("2001:db8::1", &a), 0);
	assert_ptr_equal(target_find(&list, &a), &list.v[1]);
	assert_int_equal(addr_parse("2001:db8::2", &a), 0);
	assert_null(target_find(&list, &a));
	target_list_free(&list);
	assert_null(target_find(&list, &a));
}

/* Several files make one list; a bad file leaves what is there. */
static void several_files(void **state)
{
	struct scratch s = scratch_make();
	struct target_list list = {0};
	struct err_msg why = {{0}};
	char got[1024];

	(void)state;
	scratch_text("a.txt", "192.0.2.1\n192.0.2.2\n");
	scratch_text("b.csv", "target\n192.0.2.2\n192.0.2.3\n");
	scratch_text("c.txt", "192.0.2.1\n");
	assert_int_equal(target_read(&list, "a.txt", NULL, NULL, &why), 0);
	assert_int_equal(target_read(&list, "b.csv", NULL, NULL, &why), 0);
	assert_int_equal(
		target_read(&list, "c.txt", NULL, NULL, &why), 0); /* all known: a list all the same */
	assert_int_equal(target_read(&list, "none", NULL, NULL, &why), ERR_IO);
	assert_int_equal(target_read(&list, ".", NULL, NULL, &why), ERR_IO);
	assert_string_equal(addresses(&list, got), "192.0.2.1 192.0.2.2 192.0.2.3");
	assert_int_equal(list.duplicates, 2);
	target_list_free(&list);
	scratch_remove(&s);
}

static void compressed_and_cut(void **state)
{
	static const char *const names[] = {"t.gz", "t.zst", "t.csv.zst"};
	struct scratch s = scratch_make();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct file_out *out = file_out_create(names[i], NULL);
		struct target_list list = {0};
		char row[64], *bytes;
		size_t n;

		assert_non_null(out);
		if (strstr(names[i], ".csv"))
			assert_int_equal(file_out_write(out, "target\n", 7, NULL), 0);
		for (int k = 0; k < 1000; k++) {
			int len = snprintf(row, sizeof(row), "198.18.%d.%d\n", k / 250, k % 250);

			assert_int_equal(file_out_write(out, row, (size_t)len, NULL), 0);
			if (k == 499)
				assert_int_equal(file_out_flush(out, NULL), 0);
		}
		assert_int_equal(file_out_close(out, NULL), 0);
		assert_int_equal(target_read(&list, names[i], NULL, NULL, NULL), 0);
		assert_int_equal(list.n, 1000);
		target_list_free(&list);
		bytes = scratch_read(names[i], &n);
		scratch_write(names[i], bytes, n - 9);
		free(bytes);
		assert_int_equal(target_read(&list, names[i], NULL, NULL, NULL), ERR_PARTIAL);
		assert_in_range(list.n, 500, 1000);
		target_list_free(&list);
	}
	scratch_remove(&s);
}

static void blocked(void **state)
{
	static const struct {
		const char *blocklist, *left;
		int rc;
	} cases[] = {
		{"", "192.0.2.1 192.0.2.200 198.51.100.7 2001:db8::1 2001:db8:1::1", 0},
		{"192.0.2.0/25 # ours\n", "192.0.2.200 198.51.100.7 2001:db8::1 2001:db8:1::1", 0},
		{"192.0.2.0/24\n192.0.2.0/25\n192.0.2.64/26\n\n# v6\n2001:db8::/48\n",
			"198.51.100.7 2001:db8:1::1", 0},
		{"192.0.2.200\r\n2001:db8:1::1\r\n", "192.0.2.1 198.51.100.7 2001:db8::1", 0},
		{"0.0.0.0/0\n", "2001:db8::1 2001:db8:1::1", 0},
		{"::/0\n10.0.0.0/8\n", "192.0.2.1 192.0.2.200 198.51.100.7", 0},
		{"192.0.2.0/24\n192.0.2.1/24\n",
			"192.0.2.1 192.0.2.200 198.51.100.7 2001:db8::1 2001:db8:1::1", ERR_PARSE},
		{"192.0.2.0/24\nfoo\n", "192.0.2.1 192.0.2.200 198.51.100.7 2001:db8::1 2001:db8:1::1",
			ERR_PARSE},
	};
	struct scratch s = scratch_make();
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_list list = {0};
		struct complaints c = {""};
		struct err_msg why = {{0}};

		assert_int_equal(read_bytes(&list, "f",
					 "192.0.2.1\n192.0.2.200\n198.51.100.7\n2001:db8::1\n2001:db8:1::1\n",
					 &c, &why),
			0);
		scratch_text("block", cases[i].blocklist);
		assert_int_equal(target_block(&list, "block", &why), cases[i].rc);
		assert_int_equal(strncmp(why.text, "block:2:1: '", 12) == 0, cases[i].rc != 0);
		assert_string_equal(addresses(&list, got), cases[i].left);
		assert_int_equal(list.blocked, 5 - list.n);
		for (size_t k = 0; k < list.n; k++)
			assert_ptr_equal(target_find(&list, &list.v[k].addr), &list.v[k]);
		/* What was dropped may come again. */
		assert_int_equal(read_bytes(&list, "f", "192.0.2.1\n192.0.2.200\n", &c, &why), 0);
		assert_int_equal(target_block(&list, "none", &why), ERR_IO);
		target_list_free(&list);
	}
	scratch_remove(&s);
}

static void names(void **state)
{
	static const char bytes[] = "target,service,operators,kind\n"
				    "192.0.2.1,k.root-servers.example,RIPE NCC,root\n"
				    "2001:db8::1,k.root-servers.example,RIPE NCC,root\n"
				    "192.0.2.2,f.root-servers.example,ISC|Cloudflare,root\n"
				    "192.0.2.3,f.nic.example,DENIC,tld\n"
				    "192.0.2.4,dns.quad9.example,Quad9|PCH,resolver\n"
				    "192.0.2.5,dns10.quad9.example,Quad9|PCH,resolver\n"
				    "192.0.2.6,edge,Cloudflare,cdn\n"
				    "192.0.2.7,k.root-servers.example,RIPE NCC,root\n"
				    "192.0.2.8,,,\n";
	static const struct {
		const char *name;
		int family;
		const char *targets, *why; /* one of them */
	} cases[] = {
		{"192.0.2.1", 0, "192.0.2.1", NULL},
		{"198.51.100.9", 4, "198.51.100.9", NULL},
		{"192.0.2.1", 6, NULL, "192.0.2.1: not an IPv6 address"},
		{"ff02::1", 0, NULL, "ff02::1: not an address that can be probed"},
		{"k.root-servers.example", 0, "192.0.2.1 2001:db8::1 192.0.2.7", NULL},
		{"K.ROOT-SERVERS.EXAMPLE", 6, "2001:db8::1", NULL},
		{"k.root", 4, "192.0.2.1 192.0.2.7", NULL},
		{"k-root", 0, "192.0.2.1 2001:db8::1 192.0.2.7", NULL},
		{"k", 0, "192.0.2.1 2001:db8::1 192.0.2.7", NULL},
		{"f", 0, NULL, "'f' may be any of f.root-servers.example, f.nic.example"},
		{"f.root", 0, "192.0.2.2", NULL},
		{"f.root", 6, NULL, "'f.root' has no IPv6 address"},
		{"root", 4, "192.0.2.1 192.0.2.2 192.0.2.7", NULL},
		{"roots", 6, "2001:db8::1", NULL},
		{"Resolvers", 0, "192.0.2.4 192.0.2.5", NULL},
		{"quad9", 0, "192.0.2.4 192.0.2.5", NULL},
		{"cloudflare", 0, "192.0.2.6", NULL},
		{"edge", 0, "192.0.2.6", NULL},
		{"pch", 0, NULL, "'pch' is not known; near it: dns.quad9.example, dns10.quad9.example"},
		{"rootx", 0, NULL,
			"'rootx' is neither an address nor a service, operator or kind of targets"},
		{"k.root-server.example", 0, NULL,
			"'k.root-server.example' is not known; near it: k.root-servers.example, "
			"f.root-servers.example"},
		{"", 0, NULL, "'' is neither an address nor a service, operator or kind of targets"},
		{"1.2.3", 0, NULL,
			"'1.2.3' is neither an address nor a service, operator or kind of targets"},
	};
	struct target_list book = {0};
	struct complaints c = {""};
	char got[1024];

	(void)state;
	assert_int_equal(read_bytes(&book, "f", bytes, &c, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_list list = {0};
		struct err_msg why = {{0}};
		int rc = target_resolve(&list, &book, cases[i].name, cases[i].family, &why);

		assert_string_equal(why.text, cases[i].why ? cases[i].why : "");
		assert_int_equal(rc, cases[i].why ? ERR_PARSE : 0);
		assert_string_equal(addresses(&list, got), cases[i].targets ? cases[i].targets : "");
		target_list_free(&list);
	}
	target_list_free(&book);
}

/* What a name brings along is the list's own: the book may go. */
static void resolved_targets_outlive_the_book(void **state)
{
	struct target_list book = {0}, list = {0};
	struct complaints c = {""};

	(void)state;
	assert_int_equal(read_bytes(&book, "f",
				 "target,service,kind\n192.0.2.1,a.example,root\n192.0.2.2,b.example,root\n",
				 &c, NULL),
		0);
	assert_int_equal(target_resolve(&list, &book, "192.0.2.2", 0, NULL), 0);
	assert_int_equal(target_resolve(&list, &book, "roots", 0, NULL), 0);
	target_list_free(&book);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.duplicates, 1);
	assert_string_equal(target_info(&list, &list.v[0])->service, "b.example");
	assert_string_equal(target_info(&list, &list.v[1])->service, "a.example");
	target_list_free(&list);
}

/* Many addresses, many infos: every one is found, none twice. */
static void many(void **state)
{
	enum { MANY = 100000 };
	struct target_list list = {0};

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < MANY; i++) {
			char service[32];
			struct target_info info = {service, "op", "other", "", ""};
			struct target t = {
				.addr = {.family = i % 2 ? 4 : 6,
					.b = {198, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}}};

			(void)snprintf(service, sizeof(service), "s%u", i / 10);
			assert_int_equal(target_add(&list, &t, &info), round == 0);
		}
	assert_int_equal(list.n, MANY);
	assert_int_equal(list.n_infos, MANY / 10 + 1);
	assert_int_equal(list.duplicates, MANY);
	for (size_t i = 0; i < list.n; i += 97) {
		char service[32];

		(void)snprintf(service, sizeof(service), "s%zu", i / 10);
		assert_ptr_equal(target_find(&list, &list.v[i].addr), &list.v[i]);
		assert_string_equal(target_info(&list, &list.v[i])->service, service);
	}
	target_list_free(&list);
}

static void a_book(void **state)
{
	struct scratch s = scratch_make();
	struct target_list book = {0};
	struct err_msg why = {{0}};
	char got[1024];

	(void)state;
	assert_int_equal(target_read_book(&book, ".", &why), ERR_IO);
	scratch_text("b.csv", "target\n192.0.2.2\n");
	scratch_text("a.csv", "target\n192.0.2.1\n");
	scratch_text("notes.txt", "not a table\n");
	scratch_text("places.csv", "code,lat,lon\nams,52.3,4.8\n");
	scratch_text("empty.csv", "");
	assert_int_equal(target_read_book(&book, ".", &why), 0);
	assert_string_equal(addresses(&book, got), "192.0.2.1 192.0.2.2");
	target_list_free(&book);
	scratch_text("a.csv", "target\nx\n192.0.2.1\ny\n");
	assert_int_equal(target_read_book(&book, ".", &why), ERR_PARTIAL);
	assert_string_equal(why.text, "./a.csv:2:1: 'x' is not an IPv4 or IPv6 address");
	assert_string_equal(addresses(&book, got), "192.0.2.1 192.0.2.2");
	target_list_free(&book);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(what_a_row_says),
		cmocka_unit_test(several_files),
		cmocka_unit_test(compressed_and_cut),
		cmocka_unit_test(blocked),
		cmocka_unit_test(names),
		cmocka_unit_test(resolved_targets_outlive_the_book),
		cmocka_unit_test(many),
		cmocka_unit_test(a_book),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
