/* The machine that probes, and RUN/vantage.csv, which lists all of a run. */
#ifndef DATA_VANTAGE_H
#define DATA_VANTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/file.h"
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
/* Several, by name in the order of strcmp, each name once. */
struct vantage_list {
	struct vantage *v;
	size_t n, cap;
};
/* Brings any list into that order; of several of one name one stays. */
void vantage_list_sort(struct vantage_list *l);
void vantage_list_free(struct vantage_list *l);
/* NULL when it is not there. */
const struct vantage *vantage_find(const struct vantage_list *l, const char *vp);

/* Adds or replaces rows of RUN/vantage.csv; several processes may do so at once. Rows of others, columns that are
 * not known here, and what is not said of a vantage point (a place, an AS) stay as they are. A file that cannot be read as a CSV is left alone: ERR_PARSE. */
int vantage_store(const char *run, const struct vantage *v, struct err_msg *why);
int vantage_store_all(const char *run, const struct vantage_list *l, struct err_msg *why);

/* Called for each bad row: "FILE:LINE:POSITION: what is wrong with it, and what is made of it". */
typedef void vantage_complain(void *arg, const char *text);

/* Reads RUN/vantage.csv. An absent accuracy is 0, an absent weight 1. A vantage point with a bad row, or with two places,
 * stays in the list without a place; a row without a good name is left out. Each is complained about (`complain` may be NULL)
 * and makes the result ERR_PARTIAL. Other errors: none of it was read. Free in any case. */
int vantage_read(
	const char *run, struct vantage_list *l, vantage_complain *complain, void *arg, struct err_msg *why);
/* The same of this stream, which it closes. */
int vantage_read_from(struct file_in *in, struct vantage_list *l, vantage_complain *complain, void *arg,
	struct err_msg *why);

/* The columns of vantage.csv. */
field_walk vantage_field;

#endif
