#include <stdio.h>

#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "cmd/which.h"

static void complain(void *arg, const char *text)
{
	(void)arg;
	command_warn(text);
}

static uint32_t today(void)
{
	char text[CLOCK_TEXT_LEN];
	uint32_t day = 0;

	clock_text(clock_wall(), text)[sizeof("YYYY-MM-DD") - 1] = '\0';
	return rules_parse_day(text, &day) ? day : 0;
}

void which_know(struct which_known *k)
{
	char folder[PATH_MAX], lists[PATH_MAX + sizeof("/sites.csv")];
	struct err_msg why = {{0}};

	*k = (struct which_known){.day = today()};
	if (!session_book_folder(folder)) {
		command_warn("no naming rules: servers are shown by their own names");
		return;
	}
	if (rules_read(&k->rules, folder, complain, NULL, &why) < 0) {
		command_warn("no naming rules are used: servers are shown by their own names");
		rules_free(&k->rules);
		k->rules = (struct rules){0};
	}
	if (target_read_book(&k->book, folder, &why) < 0)
		command_warn(why.text);
	(void)snprintf(lists, sizeof(lists), "%s/sites.csv", folder);
	if (sites_read(&k->lists, lists, &why) < 0)
		command_warn(why.text);
}

void which_forget(struct which_known *k)
{
	rules_free(&k->rules);
	sites_free(&k->lists);
	target_list_free(&k->book);
}

int which_subject(const struct which_known *k, const struct target *t, const struct target_info *info,
	struct ident_scope *scope, struct verdict_subject *out)
{
	const struct target *known = target_find(&k->book, &t->addr);
	struct ident_target about = {t->addr, "", ""};

	/* A plain address, as most people give it, may be a well-known one. */
	if ((!info || !*info->service) && known)
		info = target_info(&k->book, known);
	if (info) {
		about.service = info->service;
		about.operators = info->operators;
	}
	*out = (struct verdict_subject){
		.service = about.service, .operators = about.operators, .scope = scope};
	(void)baseline_parse(&out->baseline, info ? info->baseline : "", NULL);
	return ident_scope_of(scope, &k->rules, &about, 1);
}
