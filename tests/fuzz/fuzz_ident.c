/* An identity string at one of several targets (the first byte says which): whatever it is, what comes out is a rule's word. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "infer/ident.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char *const targets[] = {"", "1.1.1.1", "8.8.8.8", "208.67.222.222", "9.9.9.9", "185.228.168.9",
	"roots", "k.root-servers.net", "l.root-servers.net", "tlds", "194.0.28.53"};
enum { TARGETS = sizeof(targets) / sizeof(targets[0]) };

/* The shipped rules, read once and kept for as long as the program runs. */
struct shipped {
	struct rules rules;
	struct target_list book;
	struct ident_scope scopes[TARGETS];
};

static struct shipped *load(void)
{
	struct shipped *s = calloc(1, sizeof(*s));

	if (!s || rules_read(&s->rules, "targets", NULL, NULL, NULL) < 0 ||
		target_read_book(&s->book, "targets", NULL) < 0)
		abort();
	for (size_t i = 0; i < TARGETS; i++)
		if (ident_scope_named(&s->scopes[i], &s->rules, &s->book, targets[i]) < 0)
			abort();
	return s;
}

static void check(const struct ident *id)
{
	bool has_key = id->status == IDENT_SITE || id->status == IDENT_KEY;

	if ((id->status == IDENT_UNKNOWN) != !id->rule || has_key != (*id->site != '\0'))
		abort();
	if (id->status == IDENT_SITE &&
		(!id->city || id->lat < -90 || id->lat > 90 || id->lon < -180 || id->lon > 180))
		abort();
	for (const char *at = id->site; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct shipped *shipped;
	struct ident id;

	if (!shipped)
		shipped = load();
	if (n == 0)
		return 0;
	id = ident_decode(
		&shipped->rules, &shipped->scopes[bytes[0] % TARGETS], RULES_ANY, 0, bytes + 1, n - 1);
	check(&id);
	return 0;
}
