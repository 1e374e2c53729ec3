/* Naming rules: how operators write their sites into identity strings. Two CSV files in a folder (targets/naming):
 *
 * rules.csv   rule,operator,scope,probes,template,code,confidence,from,to,example,note,source
 *   operator  those of whom the string speaks, `|` between, spelled as in targets/operators.txt
 *   scope     where the form counts, `|` between: a service, @OPERATOR (one of the target's), =OPERATOR (its first), a
 *             prefix, or * when the form is so much its own that it is known at any target
 *   probes    which answers, `|` between, by the names of rules_source; empty: nsid, id.server and hostname.bind
 *   template  data/template.h
 *   code      what the captured code means, tried in this order, > between: table:NAME iata metro city country
 *             opaque:PREFIX, each with :high, :medium or :low behind it where it differs from the rule's confidence
 *   from, to  YYYY-MM-DD, the days on which the form was or is in use
 * tables.csv  table,key,city,country,lat,lon,source: the operators' own codes. With a capture `cc` the key is CC-CODE.
 *
 * Rules are tried in the order of the file. */
#ifndef DATA_RULES_H
#define DATA_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/file.h"
#include "data/place.h"
#include "data/record.h"
#include "data/template.h"

/* Where an identity string came from; any: not said. */
enum rules_source {
	RULES_ANY,
	RULES_NSID,
	RULES_ID_SERVER,
	RULES_HOSTNAME_BIND,
	RULES_VERSION_BIND,
	RULES_VERSION_SERVER,
	RULES_DEBUG_OPENDNS, /* IN TXT debug.opendns.com */
	RULES_QUAD9,         /* IN TXT id.server.on.quad9.net */
	RULES_GOOGLE,        /* IN TXT o-o.myaddr.l.google.com */
	RULES_SOURCES
};
enum rules_confidence { RULES_LOW = 1, RULES_MEDIUM, RULES_HIGH };
enum rules_system_kind {
	RULES_TABLE,
	RULES_IATA,
	RULES_METRO,
	RULES_CITY,
	RULES_COUNTRY,
	RULES_OPAQUE,
	RULES_SYSTEMS
};
enum { RULES_CHAIN_MAX = 4, RULES_KEY_MAX = 32 };

struct rules_system {
	enum rules_system_kind kind;
	enum rules_confidence confidence;
	uint32_t table;   /* RULES_TABLE: number of it */
	const char *name; /* of the table; RULES_OPAQUE: the prefix of the key */
};

enum rules_scope_kind { RULES_EVERYWHERE, RULES_SERVICE, RULES_OPERATOR, RULES_OWNER, RULES_PREFIX };
struct rules_scope {
	enum rules_scope_kind kind;
	const char *name;
	struct addr_prefix prefix;
};

struct rule {
	const char *id, *operators, *template_text, *example, *code_text;
	struct template template;
	struct rules_scope *scopes;
	size_t n_scopes;
	struct rules_system chain[RULES_CHAIN_MAX];
	size_t n_chain;
	enum rules_confidence confidence;
	uint32_t sources;  /* set of 1 << enum rules_source */
	uint32_t from, to; /* YYYYMMDD; 0: open */
	size_t line;
	bool everywhere; /* one of the scopes is RULES_EVERYWHERE */
	bool sourced;    /* it says where it is from */
};

struct rules_code {
	const char *key, *city;
	double lat, lon;
	uint32_t table;
	char country[3];
	bool sourced;
	size_t line;
};

struct rules_table {
	const char *name;
	size_t line; /* the first */
	bool used;
};

struct rules {
	struct rule *v;
	size_t n, cap;
	struct rules_code *codes; /* by table, then key */
	size_t n_codes, cap_codes;
	struct rules_table *tables;
	size_t n_tables, cap_tables;
	struct place_book places;
	char *rules_path, *tables_path;
	struct rules_text *text; /* storage of the strings */
};

/* Called for each bad line: "FILE:LINE:POSITION: what is wrong with it". */
typedef void rules_complain(void *arg, const char *text);

/* Reads FOLDER/naming/ and FOLDER/places.csv. A bad line is complained about (`complain` may be NULL) and the result is
 * ERR_PARSE with the first of them: a rule or a code that is missing would let another one speak in its place. Free in any
 * case. */
int rules_read(struct rules *r, const char *folder, rules_complain *complain, void *arg, struct err_msg *why);
/* The same from these streams, which it closes; the places stay empty. */
int rules_read_from(struct rules *r, struct file_in *tables, struct file_in *rules, rules_complain *complain,
	void *arg, struct err_msg *why);
void rules_free(struct rules *r);

/* The code of a table, in lower case; NULL when it has none. */
const struct rules_code *rules_code(const struct rules *r, uint32_t table, const char *key, size_t n);

const char *rules_confidence_name(enum rules_confidence c);
const char *rules_source_name(enum rules_source s);
/* The longest name that stands in the text ("nsid-observed", "IN TXT id.server.on.quad9.net"); RULES_ANY when none does. */
enum rules_source rules_source_of(const char *text);
/* What an answer to this question is. */
enum rules_source rules_source_of_question(enum question q);

/* "YYYY-MM-DD" as YYYYMMDD, "" as 0. */
bool rules_parse_day(const char *text, uint32_t *out);

/* Whether the word is one of a list with | between. */
bool rules_list_has(const char *list, const char *word, size_t n);
/* Whether two such lists have a word in common. */
bool rules_lists_meet(const char *a, const char *b);

#endif
