/* The machine that probes, and RUN/vantage.csv, which lists all of a run. */
#ifndef DATA_VANTAGE_H
#define DATA_VANTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "data/field.h"

struct vantage {
	char vp[64]; /* letters, digits, `-`, `_`, `.`: it is a file name too */
	bool has_place;
	double lat_deg, lon_deg, accuracy_km;
	char city[64], country[3];
	uint32_t asn;  /* 0: unknown */
	double weight; /* 0 in a zero value: written as 1 */
	char address[ADDR_TEXT_LEN];
	char location_source[32];
};

/* A name that is safe as a file name and a CSV key; ERR_PARSE otherwise. */
int vantage_name_check(const char *name, struct err_msg *why);
/* "LAT,LON[,KM]" in degrees and km; ERR_PARSE names what is out of bounds. */
int vantage_parse_location(const char *text, struct vantage *v, struct err_msg *why);
/* Adds or replaces this VP's row in RUN/vantage.csv; several processes may do so at once. Rows of others and columns
 * that are not known here stay as they are. A file that cannot be read as a CSV is left alone: ERR_PARSE. */
int vantage_store(const char *run, const struct vantage *v, struct err_msg *why);

/* The columns of vantage.csv. */
field_walk vantage_field;

#endif
