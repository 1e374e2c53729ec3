#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/csv.h"
#include "data/vantage.h"
#include "scratch.h"

static struct vantage named(const char *name)
{
	struct vantage v = {.vp = ""};

	(void)snprintf(v.vp, sizeof(v.vp), "%s", name);
	return v;
}

static void assert_file(const char *expected)
{
	char *text = scratch_read("vantage.csv", NULL);

	assert_string_equal(text, expected);
	free(text);
}

static void vp_names(void **state)
{
	static const char *const good[] = {"a", "vp-1.example_2", "0",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"};
	static const char *const bad[] = {"", ".", "..", ".hidden", "-x", "a/b", "a b", "a,b", "\xc3\xa9",
		"a\n", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz012345678901"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(vantage_name_check(good[i], NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err_msg why = {{0}};

		if (vantage_name_check(bad[i], &why) != ERR_PARSE || !why.text[0])
			fail_msg("'%s' was taken for a name", bad[i]);
	}
}

static void locations(void **state)
{
	static const struct {
		const char *text;
		double lat, lon, km;
	} good[] = {{"48.21,16.37", 48.21, 16.37, 0}, {"-90,180,25", -90, 180, 25}, {"0,0,0.5", 0, 0, 0.5},
		{"+1.5,-2.5,20100", 1.5, -2.5, 20100}};
	static const char *const bad[] = {"", "48", "48,", "48;16", "48,16,", "48,16,5,", "48,16 ", "91,0",
		"-90.1,0", "0,180.1", "0,0,-1", "0,0,20101", "nan,0", "0,inf", "a,b", "48,16,5km", "48,16x",
		",1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct vantage v = named("v");

		assert_int_equal(vantage_parse_location(good[i].text, &v, NULL), 0);
		assert_true(v.has_place && v.lat_deg == good[i].lat && v.lon_deg == good[i].lon &&
			    v.accuracy_km == good[i].km);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err_msg why = {{0}};
		struct vantage v = named("v");

		if (vantage_parse_location(bad[i], &v, &why) != ERR_PARSE || v.has_place)
			fail_msg("'%s' was taken for a place", bad[i]);
		assert_non_null(strstr(why.text, bad[i]));
	}
}

#define HEADER "vp,lat,lon,accuracy_km,city,country,asn,weight,address,location_source"

static void rows_are_added_and_replaced(void **state)
{
	struct scratch s = scratch_make();
	struct vantage v = named("b"), empty = named("a");
	struct err_msg why = {{0}};

	(void)state;
	assert_int_equal(vantage_store(".", &empty, &why), 0);
	assert_file(HEADER "\na,,,,,,,1,,\n");
	assert_int_equal(vantage_parse_location("48.21,16.37,25", &v, NULL), 0);
	(void)strcpy(v.city, "Washington, \"DC\"");
	(void)strcpy(v.country, "US");
	v.asn = 64500;
	v.weight = 0.5;
	(void)strcpy(v.address, "2001:db8::1");
	(void)strcpy(v.location_source, "option");
	assert_int_equal(vantage_store(".", &v, &why), 0);
	assert_file(HEADER "\na,,,,,,,1,,\nb,48.21,16.37,25,\"Washington, "
			   "\"\"DC\"\"\",US,64500,0.5,2001:db8::1,option\n");
	empty.asn = 4294967295;
	assert_int_equal(vantage_store(".", &empty, &why), 0);
	assert_int_equal(vantage_store(".", &empty, &why), 0);
	assert_file(HEADER "\na,,,,,,4294967295,1,,\n"
			   "b,48.21,16.37,25,\"Washington, \"\"DC\"\"\",US,64500,0.5,2001:db8::1,option\n");
	/* What is not said stays. */
	v = named("b");
	(void)strcpy(v.address, "192.0.2.1");
	assert_int_equal(vantage_store(".", &v, &why), 0);
	assert_file(HEADER "\na,,,,,,4294967295,1,,\n"
			   "b,48.21,16.37,25,\"Washington, \"\"DC\"\"\",US,64500,0.5,192.0.2.1,option\n");
	scratch_remove(&s);
}

/* Columns and rows of others stay; missing columns come at the end. */
static void files_of_others(void **state)
{
	struct scratch s = scratch_make();
	struct vantage v = named("a");
	struct err_msg why = {{0}};

	(void)state;
	v.asn = 7;
	scratch_text("vantage.csv", "note,vp,asn\r\n\"two\nlines\",b,1\r\nmine,a,2\r\nagain,a,3\r\n");
	assert_int_equal(vantage_store(".", &v, &why), 0);
	assert_file("note,vp,asn,lat,lon,accuracy_km,city,country,weight,address,location_source\n"
		    "\"two\nlines\",b,1,,,,,,,,\nmine,a,7,,,,,,1,,\n");
	/* A file that makes no sense is not thrown away. */
	scratch_text("vantage.csv", "vp,asn\nb,\"open\n");
	assert_int_equal(vantage_store(".", &v, &why), ERR_PARSE);
	assert_file("vp,asn\nb,\"open\n");
	assert_int_equal(vantage_store("none", &v, &why), ERR_IO);
	scratch_remove(&s);
}

static void many_at_once(void **state)
{
	enum { WRITERS = 8, EACH = 20 };
	struct scratch s = scratch_make();
	struct csv *c;
	size_t rows = 0;

	(void)state;
	for (int w = 0; w < WRITERS; w++) {
		pid_t child = fork();

		assert_true(child >= 0);
		for (int i = 0; child == 0 && i <= EACH; i++) {
			struct vantage v = named("");

			(void)snprintf(v.vp, sizeof(v.vp), "vp%d-%d", w, i);
			v.asn = (uint32_t)(w * 1000 + i + 1);
			if (i == EACH)
				_exit(0);
			if (vantage_store(".", &v, NULL) < 0)
				_exit(1);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	c = csv_open("vantage.csv", NULL);
	assert_non_null(c);
	while (csv_next(c, NULL) > 0) {
		unsigned long asn = strtoul(csv_field(c, csv_column(c, "asn")), NULL, 10);
		char name[64];

		(void)snprintf(name, sizeof(name), "vp%lu-%lu", (asn - 1) / 1000, (asn - 1) % 1000);
		assert_string_equal(csv_field(c, 0), name);
		rows++;
	}
	assert_int_equal(rows, WRITERS * EACH);
	csv_close(c);
	/* Nothing else is left in the folder. */
	assert_int_equal(unlink("vantage.csv"), 0);
	assert_int_equal(rmdir(s.folder), 0);
	assert_int_equal(mkdir(s.folder, 0700), 0);
	scratch_remove(&s);
}

struct said {
	char text[8][512];
	size_t n;
};

static void hear(void *arg, const char *text)
{
	struct said *said = arg;

	assert_true(said->n < 8);
	(void)snprintf(said->text[said->n++], sizeof(said->text[0]), "%s", text);
}

static int read_text(const char *text, struct vantage_list *l, struct said *said)
{
	struct err_msg why = {{0}};

	*said = (struct said){.n = 0};
	return vantage_read_from(file_in_bytes("v.csv", text, strlen(text), NULL), l, hear, said, &why);
}

static void what_is_stored_reads_back(void **state)
{
	struct scratch s = scratch_make();
	struct vantage v[2] = {named("a"), named("b")};
	struct vantage_list l = {v, 2, 2}, back;

	(void)state;
	assert_int_equal(vantage_parse_location("48.2082,16.3738,2.5", &v[1], NULL), 0);
	(void)strcpy(v[1].city, "Vienna");
	(void)strcpy(v[1].country, "AT");
	(void)strcpy(v[1].address, "192.0.2.1");
	(void)strcpy(v[1].location_source, "option");
	v[1].asn = 64500;
	v[0].weight = v[1].weight = 0.25;
	scratch_text("vantage.csv", "vp,note\nb,kept\nz,old\n");
	assert_int_equal(vantage_store_all(".", &l, NULL), 0);
	assert_file("vp,note,lat,lon,accuracy_km,city,country,asn,weight,address,location_source\n"
		    "b,kept,48.2082,16.3738,2.5,Vienna,AT,64500,0.25,192.0.2.1,option\n"
		    "z,old,,,,,,,,,\na,,,,,,,,0.25,,\n");
	assert_int_equal(vantage_read(".", &back, NULL, NULL, NULL), 0);
	assert_int_equal(back.n, 3);
	assert_memory_equal(vantage_find(&back, "a"), &v[0], sizeof(v[0]));
	assert_memory_equal(vantage_find(&back, "b"), &v[1], sizeof(v[1]));
	assert_true(vantage_find(&back, "z")->weight == 1);
	assert_null(vantage_find(&back, "c"));
	vantage_list_free(&back);
	assert_int_equal(unlink("vantage.csv"), 0);
	assert_int_equal(vantage_read(".", &back, NULL, NULL, NULL), ERR_IO);
	vantage_list_free(&back);
	scratch_remove(&s);
}

/* Each bad row is told with its line; its vantage point stays, without a place. */
static void bad_rows_are_told(void **state)
{
	static const struct {
		const char *row, *said;
	} cases[] = {
		{"a,91,16,,,", "v.csv:3:3: '91' is not a number from -90 to 90: a is taken without a place"},
		{"a,48,180.5,,,", "v.csv:3:6: '180.5' is not a number from -180 to 180: a is taken"},
		{"a,nan,16,,,", "v.csv:3:3: 'nan' is not a number"},
		{"a,48,16,-1,,", "v.csv:3:9: '-1' is not a number from 0 to 20100"},
		{"a,48,16,1e9,,", "v.csv:3:9: '1e9' is not"},
		{"a,48,,,,", "v.csv:3:1: a latitude or a longitude alone is no place"},
		{"a,,16,,,", "v.csv:3:1: a latitude or a longitude alone is no place"},
		{"a,48,16,5,0,", "v.csv:3:11: '0' is not"},
		{"a,48,16,5,1,AS7", "v.csv:3:13: 'AS7' is not"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct vantage_list l;
		struct said said;

		(void)snprintf(text, sizeof(text), "vp,lat,lon,accuracy_km,weight,asn\nz,1,2,3,4,5\n%s\n",
			cases[i].row);
		assert_int_equal(read_text(text, &l, &said), ERR_PARTIAL);
		assert_int_equal(said.n, 1);
		if (strncmp(said.text[0], cases[i].said, strlen(cases[i].said)) != 0)
			fail_msg("%s", said.text[0]);
		assert_int_equal(l.n, 2);
		assert_false(vantage_find(&l, "a")->has_place);
		assert_true(vantage_find(&l, "a")->weight == 1);
		assert_true(vantage_find(&l, "z")->has_place && vantage_find(&l, "z")->weight == 4);
		vantage_list_free(&l);
	}
}

static void names_and_places_in_doubt(void **state)
{
	struct vantage_list l;
	struct said said;

	(void)state;
	assert_int_equal(
		read_text("vp,lat,lon\nb,1,2\na b,1,2\n,1,2\na,5,6\nb,1,2\nb,1,3\na,5,6\n", &l, &said),
		ERR_PARTIAL);
	assert_int_equal(said.n, 3);
	assert_string_equal(said.text[0], "v.csv:3:1: a vantage point's name has only letters, digits, '-', "
					  "'_' and '.': the row is left out");
	assert_string_equal(said.text[1],
		"v.csv:4:1: a vantage point's name has 1 to 63 characters: the row is left out");
	assert_string_equal(
		said.text[2], "v.csv:7:1: b is at another place in line 2: it is taken without one");
	assert_int_equal(l.n, 2);
	assert_false(vantage_find(&l, "b")->has_place);
	assert_true(vantage_find(&l, "a")->has_place);
	vantage_list_free(&l);
	/* A row of too many fields or with a stray quote is one bad row; a file of another kind is none. */
	assert_int_equal(read_text("vp,lat,lon\na,1,2\nb,\"1\" ,2\nc,3,4\n", &l, &said), ERR_PARTIAL);
	assert_int_equal(l.n, 2);
	vantage_list_free(&l);
	assert_int_equal(read_text("vp,lat,lon\na,1,2\nb,3", &l, &said), ERR_PARTIAL);
	assert_int_equal(said.n, 1);
	assert_false(vantage_find(&l, "b")->has_place);
	vantage_list_free(&l);
	assert_int_equal(read_text("lat,lon\n1,2\n", &l, &said), ERR_PARSE);
	vantage_list_free(&l);
	assert_int_equal(read_text("", &l, &said), ERR_PARSE);
	vantage_list_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp_names),
		cmocka_unit_test(locations),
		cmocka_unit_test(rows_are_added_and_replaced),
		cmocka_unit_test(files_of_others),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(what_is_stored_reads_back),
		cmocka_unit_test(bad_rows_are_told),
		cmocka_unit_test(names_and_places_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
