#include "data/baseline.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX_LEN = 63 };

static bool parse_number(const char *text, unsigned long max, unsigned long *v, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	*v = strtoul(text, &stop, 10);
	*end = stop;
	return *v <= max;
}

static bool parse_coverage(const char *text, struct baseline *b)
{
	unsigned long fitting, known;
	const char *end;

	if (!parse_number(text, UINT32_MAX, &fitting, &end) || *end != '/' ||
		!parse_number(end + 1, UINT32_MAX, &known, &end) || *end || fitting > known)
		return false;
	b->fitting = (uint32_t)fitting;
	b->known = (uint32_t)known;
	return true;
}

static bool parse_word(const char *word, struct baseline *b)
{
	static const struct {
		const char *name;
		size_t offset;
		unsigned long max;
	} numbers[] = {{"rcode=", offsetof(struct baseline, rcode), 15},
		{"aa=", offsetof(struct baseline, aa), 1}, {"ra=", offsetof(struct baseline, ra), 1}};
	unsigned long v;
	const char *end;

	for (int s = RULES_ANY + 1; s < RULES_SOURCES; s++)
		if (strcmp(word, rules_source_name((enum rules_source)s)) == 0) {
			b->gives |= 1U << s;
			return true;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t n = strlen(numbers[i].name);

		if (strncmp(word, numbers[i].name, n) != 0)
			continue;
		if (!parse_number(word + n, numbers[i].max, &v, &end) || *end)
			return false;
		*(int16_t *)(void *)((char *)b + numbers[i].offset) = (int16_t)v;
		return true;
	}
	return strncmp(word, "coverage=", 9) == 0 && parse_coverage(word + 9, b);
}

int baseline_parse(struct baseline *b, const char *text, struct err_msg *why)
{
	*b = (struct baseline){.rcode = -1, .aa = -1, .ra = -1};
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "|");
		char word[WORD_MAX_LEN + 1] = "";

		if (n <= WORD_MAX_LEN)
			memcpy(word, at, n);
		if (!parse_word(word, b))
			return err_set(why, ERR_PARSE, "'%.*s' is no part of a baseline",
				(int)(n < 80 ? n : 80), at);
		at += n + (at[n] == '|');
	}
	return 0;
}

enum question baseline_question(const struct baseline *b, unsigned i)
{
	for (int q = QUESTION_NONE + 1; q < QUESTIONS; q++)
		if (!question_is_chaos((enum question)q) &&
			b->gives >> rules_source_of_question((enum question)q) & 1 && i-- == 0)
			return (enum question)q;
	return QUESTION_NONE;
}
