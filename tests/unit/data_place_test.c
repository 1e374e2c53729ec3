#include "data/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#define HEADER "kind,code,name,country,lat,lon,population\n"

static int read_text(struct place_book *book, const char *text, struct err_msg *why)
{
	struct scratch s = scratch_make();
	int rc;

	scratch_text("places.csv", text);
	rc = place_read(book, "places.csv", why);
	scratch_remove(&s);
	return rc;
}

static void order_of_cities(void **state)
{
	static const char text[] = HEADER "airport,FRA,Frankfurt,DE,50.04,8.56,\n"
					  "airport,PAR,Paris Field,US,-33.5,-179.99,\n"
					  "metro,PAR,Paris,FR,48.85,2.35,\n"
					  "city,,Paris,FR,48.85,2.35,2138551\n"
					  "city,,Paris,US,33.66,-95.56,24839\n"
					  "city,,Saint-Denis,FR,48.94,2.35,96128\n"
					  "city,,Saint Denis,RE,-20.88,55.45,137195\n";
	struct place_book book;
	struct err_msg why;

	(void)state;
	/* The largest of a name comes first: the last two rows are the wrong way round. */
	assert_int_equal(read_text(&book, text, &why), ERR_PARSE);
	assert_non_null(strstr(why.text, "places.csv:8: 'Saint Denis' is out of order"));
	place_book_free(&book);
}

static void looked_up(void **state)
{
	static const char text[] = HEADER "airport,FRA,Frankfurt,DE,50.04,8.56,\n"
					  "airport,PAR,Paris Field,US,-33.5,-179.99,\n"
					  "metro,PAR,Paris,FR,48.85,2.35,\n"
					  "city,,New York City,US,40.71,-74.01,8804190\n"
					  "city,,Paris,FR,48.85,2.35,2138551\n"
					  "city,,Paris,US,33.66,-95.56,24839\n"
					  "city,,Saint Denis,RE,-20.88,55.45,137195\n"
					  "city,,Saint-Denis,FR,48.94,2.35,96128\n";
	struct place_book book;
	struct err_msg why;
	const struct place *p;

	(void)state;
	assert_int_equal(read_text(&book, text, &why), 0);
	assert_int_equal(book.n, 8);
	assert_int_equal(book.first_city, 3);
	p = place_by_code(&book, PLACE_AIRPORT, "fra");
	assert_non_null(p);
	assert_string_equal(p->name, "Frankfurt");
	assert_string_equal(p->country, "DE");
	p = place_by_code(&book, PLACE_AIRPORT, "PAR");
	assert_true(p && p->lat == -33.5F && p->lon == -179.99F);
	p = place_by_code(&book, PLACE_METRO, "Par");
	assert_true(p && strcmp(p->country, "FR") == 0);
	assert_null(place_by_code(&book, PLACE_METRO, "fra"));
	assert_null(place_by_code(&book, PLACE_AIRPORT,
		"f\xff"
		"a"));
	assert_null(place_by_code(&book, PLACE_CITY, "fra"));
	p = place_by_city(&book, "newyorkcity", 11, NULL);
	assert_true(p && p->population == 8804190);
	p = place_by_city(&book, "paris", 5, NULL);
	assert_true(p && strcmp(p->country, "FR") == 0);
	p = place_by_city(&book, "paris", 5, "US");
	assert_true(p && p->population == 24839);
	assert_null(place_by_city(&book, "saintdenis", 10, NULL)); /* no one stands out */
	assert_non_null(place_by_city(&book, "saintdenis", 10, "FR"));
	assert_null(place_by_city(&book, "pari", 4, NULL));
	assert_null(place_by_city(&book, "parisx", 6, NULL));
	assert_null(place_by_city(&book, "zz", 2, NULL));
	place_book_free(&book);
}

static void bad(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"", "no places"},
		{HEADER, "no places"},
		{"kind,code\n", ":1: not 7 fields"},
		{"kind,code,town,country,lat,lon,population\n", "is not name"},
		{HEADER "airport,FRA,Frankfurt,DE,50.04,8.56\n", ":2: not 7 fields"},
		{HEADER "airport,FRA,Frankfurt,DE,50.04,8.56,,\n", ":2: not 7 fields"},
		{HEADER "port,FRA,Frankfurt,DE,50.04,8.56,\n", ":2:1: 'port' is not one of"},
		{HEADER "airport,FR1,Frankfurt,DE,50.04,8.56,\n", ":2:9: 'FR1' is not a code"},
		{HEADER "airport,,Frankfurt,DE,50.04,8.56,\n", "is not a code"},
		{HEADER "city,FRA,Frankfurt,DE,50.04,8.56,\n", "is not a code"},
		{HEADER "airport,FRA,,DE,50.04,8.56,\n", "is not a name"},
		{HEADER "airport,FRA,Frankfurt,de,50.04,8.56,\n", "is not a country"},
		{HEADER "airport,FRA,Frankfurt,DE,,8.56,\n", "is not a latitude"},
		{HEADER "airport,FRA,Frankfurt,DE,90.01,8.56,\n", "is not a latitude"},
		{HEADER "airport,FRA,Frankfurt,DE,50.04,-180.5,\n", "is not a longitude"},
		{HEADER "airport,FRA,Frankfurt,DE,50.04,8.5e1,\n", "is not a longitude"},
		{HEADER "city,,Frankfurt,DE,50.04,8.5,4294967296\n", "is not a number of people"},
		{HEADER "city,,Frankfurt,DE,50.04,8.5,-1\n", "is not a number of people"},
		{HEADER "airport,FRA,F,DE,50,8,\nairport,FRA,F,DE,50,8,\n", ":3: 'FRA' is out of order"},
		{HEADER "metro,FRA,F,DE,50,8,\nairport,FRB,F,DE,50,8,\n", ":3: 'FRB' is out of order"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place_book book;
		struct err_msg why = {{0}};

		assert_int_equal(read_text(&book, cases[i].text, &why), ERR_PARSE);
		if (!strstr(why.text, cases[i].said))
			fail_msg("case %zu: '%s' does not say '%s'", i, why.text, cases[i].said);
		place_book_free(&book);
	}
}

static void cut_by_nul(void **state)
{
	static const char text[] = HEADER "airport,FRA,Frankfurt,DE,50.04,8.56,\n\0airport,FRB,F,DE,50,8,\n";
	struct scratch s = scratch_make();
	struct place_book book;
	struct err_msg why;

	(void)state;
	scratch_write("p", text, sizeof(text) - 1);
	assert_true(place_read(&book, "p", &why) < 0);
	assert_non_null(strstr(why.text, "NUL"));
	place_book_free(&book);
	assert_int_equal(place_read(&book, "none", &why), ERR_IO);
	place_book_free(&book);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_cities),
		cmocka_unit_test(looked_up),
		cmocka_unit_test(bad),
		cmocka_unit_test(cut_by_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
