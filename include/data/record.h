/* A row of RUN/<vp>.probes.csv: one probe that was sent and what came of it. One table of fields gives the header, the
 * writer, the reader and `catchmap fields`. */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/err.h"
#include "data/field.h"

enum probe_kind { PROBE_DNS, PROBE_ICMP, PROBE_TCP, PROBE_KINDS };
enum question {
	QUESTION_NONE,
	QUESTION_ID_SERVER,
	QUESTION_HOSTNAME_BIND,
	QUESTION_VERSION_BIND,
	QUESTION_VERSION_SERVER,
	QUESTION_IN_SOA,
	QUESTION_OPENDNS, /* IN TXT debug.opendns.com, and so on: what only some operators answer */
	QUESTION_QUAD9,
	QUESTION_GOOGLE,
	QUESTIONS
};
enum outcome {
	OUTCOME_NONE,
	OUTCOME_REPLY,
	OUTCOME_RST,
	OUTCOME_LATE,
	OUTCOME_TIMEOUT,
	OUTCOME_ICMP_ERROR,
	OUTCOME_BAD_REPLY,
	OUTCOME_SEND_ERROR,
	OUTCOMES
};
enum stamp { STAMP_NONE, STAMP_KERNEL, STAMP_HYBRID, STAMP_SOCKET, STAMPS };

/* Bits of dns_flags, in the order in which they are written. */
enum { RECORD_AA = 1, RECORD_RA = 2, RECORD_TC = 4, RECORD_AD = 8, RECORD_NSID = 16 };

/* Bytes from outside: not NUL-ended, any value. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

struct record {
	const char *vp; /* NUL-ended text */
	struct addr target;
	enum probe_kind probe;
	enum question question;
	uint32_t round;  /* from 0 */
	uint32_t seq;    /* unique per target in a run, from 0 */
	uint8_t attempt; /* 1, or 2 for the retry of a seq */
	uint8_t flow;
	struct addr src;
	uint16_t src_port, dst_port; /* ICMP: 0 */
	struct wall tx_time;
	enum outcome outcome;
	int64_t rtt_ns; /* -1: none */
	enum stamp stamp;
	uint32_t replies;
	struct addr reply_from;
	int16_t reply_ttl;            /* -1: none */
	int16_t icmp_type, icmp_code; /* -1: none; the family is the target's */
	int16_t rcode;                /* the header's four bits; -1: none */
	uint8_t dns_flags;
	int32_t edns_size;  /* -1: no OPT */
	uint8_t edns_rcode; /* upper eight bits of the extended rcode */
	struct bytes nsid;  /* RECORD_NSID in dns_flags says whether the option was there */
	struct bytes txt;
	struct bytes extra; /* `;`-separated key=value, values escaped as identities are */
};

/* The names used in files, options and help; NULL past the end. *_parse: the value, or -1. */
const char *probe_kind_name(enum probe_kind k);
const char *question_name(enum question q); /* "id.server" ... "in-soa" ..., "" for none */
const char *outcome_name(enum outcome o);
const char *stamp_name(enum stamp s);
int probe_kind_parse(const char *text);
int question_parse(const char *text);
int outcome_parse(const char *text);
int stamp_parse(const char *text);
/* Asked in class CHAOS, which some servers limit or refuse. */
bool question_is_chaos(enum question q);

/* The columns. */
field_walk record_field;

#define RECORD_ROW_MAX 16384
/* The header row or one record as a CSV row with its LF, into out[RECORD_ROW_MAX]; returns its length. A row that would
 * not fit has its `txt`, then `nsid`, cut short and `extra` says `cut=1`. */
size_t record_header(char out[static RECORD_ROW_MAX]);
size_t record_row(const struct record *r, char out[static RECORD_ROW_MAX]);

/* Reading back. The reader finds the columns by name once; missing ones read as absent, missing required ones are
 * ERR_PARSE. */
struct record_reader {
	struct {
		uint8_t field;  /* of the record */
		uint8_t column; /* of the file */
	} v[32];
	size_t n;
};
int record_reader_init(struct record_reader *rd, const struct csv *c, struct err_msg *why);
/* A bit for each field of a record that has a column, by its number in record_field. */
uint64_t record_reader_columns(const struct record_reader *rd);
/* From now on these columns alone are looked at (names, NULL-ended); the others read as absent, whatever stands there. */
void record_reader_only(struct record_reader *rd, const char *const names[]);
/* The current row of `c`; strings point into the row and into scratch, valid until the next csv_next.
 * ERR_PARSE names file, line and column of a field that does not parse, or says that the row is torn. */
#define RECORD_SCRATCH RECORD_ROW_MAX
int record_read(const struct record_reader *rd, const struct csv *c, struct record *r,
	uint8_t scratch[static RECORD_SCRATCH], struct err_msg *why);

#endif
