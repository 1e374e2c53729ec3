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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp_names),
		cmocka_unit_test(locations),
		cmocka_unit_test(rows_are_added_and_replaced),
		cmocka_unit_test(files_of_others),
		cmocka_unit_test(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
