/* Places by name and code: IATA's airports and metropolitan codes, and cities with their population, from
 * targets/places.csv (scripts/places builds it and names the sources). */
#ifndef DATA_PLACE_H
#define DATA_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum place_kind { PLACE_AIRPORT, PLACE_METRO, PLACE_CITY, PLACE_KINDS };

struct place {
	const char *name; /* ASCII; of an airport the city it serves */
	char country[3];  /* ISO 3166, upper case */
	char code[4];     /* IATA, upper case; "" for a city */
	float lat, lon;   /* degrees */
	uint32_t population;
	uint8_t kind;
};

enum { PLACE_CODES = 26 * 26 * 26 };

struct place_book {
	struct place *v; /* airports, metropolitan codes, cities: each kind together */
	size_t n, cap;
	size_t first_city; /* the cities go on to the end, by folded name, the largest first */
	uint32_t by_code[PLACE_CITY][PLACE_CODES]; /* index into v, plus 1 */
	char *text;                                /* the file: storage of the names */
};

/* Reads the file. Its rows must be in the order that scripts/places gives them. ERR_PARSE says file, line and what was
 * expected. Free in any case. */
int place_read(struct place_book *book, const char *path, struct err_msg *why);
void place_book_free(struct place_book *book);

/* An airport or a metropolitan code of three letters, in any case; NULL when there is none. */
const struct place *place_by_code(
	const struct place_book *book, enum place_kind kind, const char code[static 3]);

/* The city of that name, in lower-case letters and digits only ("newyorkcity"). Of several the largest, if it has PLACE_CLEAR
 * times the population of the next; `country` (ISO 3166, or NULL) narrows them. NULL when there is none or it is not clear. */
#define PLACE_CLEAR 4
const struct place *place_by_city(
	const struct place_book *book, const char *name, size_t n, const char *country);

#endif
