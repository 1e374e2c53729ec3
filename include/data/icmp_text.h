/* What ICMP errors are called (RFC 792, RFC 1812, RFC 4443): the words for a row's `icmp` field. */
#ifndef DATA_ICMP_TEXT_H
#define DATA_ICMP_TEXT_H

/* "host unreachable", "admin prohibited", ...; NULL for a type and code without a name. family: 4 or 6. */
const char *icmp_text(int family, int type, int code);

#endif
