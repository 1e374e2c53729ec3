#include "probe/message.h"

#include <string.h>

#include "probe/probe.h"
#include "proto/dns.h"

static enum question question_of(const struct dns_reply *d)
{
	for (int q = QUESTION_ID_SERVER; q < QUESTIONS; q++) {
		bool soa = q == QUESTION_IN_SOA, exact;
		struct dns_query query = {.name = soa ? "." : question_name((enum question)q),
			.type = soa ? DNS_TYPE_SOA : DNS_TYPE_TXT,
			.class = question_is_chaos((enum question)q) ? DNS_CLASS_CH : DNS_CLASS_IN};

		if (dns_question_matches(d, &query, &exact))
			return (enum question)q;
	}
	return QUESTION_NONE;
}

static void refuse(struct record *r, const char *why)
{
	r->outcome = OUTCOME_BAD_REPLY;
	r->extra = (struct bytes){(const uint8_t *)why, strlen(why)};
}

void probe_message(const uint8_t *message, size_t n, struct record *r, uint8_t scratch[static RECORD_SCRATCH])
{
	struct dns_reply d;

	if (dns_parse(message, n, &d) < 0) {
		refuse(r, "bad=short");
		return;
	}
	if (!d.response)
		refuse(r, "bad=not-a-response");
	else if (d.malformed)
		refuse(r, "bad=malformed");
	r->question = question_of(&d);
	r->rcode = d.rcode;
	r->dns_flags = (uint8_t)((d.authoritative ? RECORD_AA : 0) | (d.recursion_available ? RECORD_RA : 0) |
				 (d.truncated ? RECORD_TC : 0) | (d.authentic ? RECORD_AD : 0) |
				 (d.nsid.p ? RECORD_NSID : 0));
	if (d.has_edns) {
		r->edns_size = d.edns_size;
		r->edns_rcode = d.edns_rcode;
	}
	r->nsid = (struct bytes){d.nsid.p, d.nsid.n};
	if (d.txt.p)
		r->txt = (struct bytes){scratch, dns_txt_join(d.txt, scratch, RECORD_SCRATCH)};
}
