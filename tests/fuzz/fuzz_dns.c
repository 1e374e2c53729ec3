/* A DNS message: whatever it says, its views lie inside it. */
#include <stdlib.h>

#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_inside(struct dns_span s, const uint8_t *bytes, size_t n)
{
	if (s.p && (s.p < bytes || s.p + s.n > bytes + n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct dns_query asked = {
		.name = "id.server", .type = DNS_TYPE_TXT, .class = DNS_CLASS_CH, .case_bits = 0x2a};
	uint8_t text[256];
	struct dns_reply r;
	bool exact;

	if (dns_parse(bytes, n, &r) < 0)
		return 0;
	check_inside(r.question, bytes, n);
	check_inside(r.txt, bytes, n);
	check_inside(r.nsid, bytes, n);
	check_inside(r.cookie, bytes, n);
	if (dns_txt_join(r.txt, text, sizeof(text)) > r.txt.n)
		abort();
	if (dns_question_matches(&r, &asked, &exact) &&
		exact != (dns_case_bits(r.question) == asked.case_bits))
		abort();
	return 0;
}
