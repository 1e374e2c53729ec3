/* Decimal numbers as files have them, several times as fast as printf and strtod, and to the same bytes and bits.
 *
 *	at = decimal_put(at, row->sent);
 *	*at++ = ',';
 *	at = decimal_put_real(at, row->lat, 4);
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room that is always enough for what is put; none of them puts a NUL. Each returns where it ended. */
enum { DECIMAL_MAX = 48 };
char *decimal_put(char *out, uint64_t v);
/* The last so many digits, zeros in front. */
char *decimal_put_padded(char *out, uint64_t v, unsigned digits);
/* As "%.*f" does: v is finite and below 1e15, of 0 to 15 decimals. */
char *decimal_put_real(char *out, double v, unsigned decimals);

/* Whether the whole text is a number of digits alone, from 0 to max; zeros in front do not count. */
bool decimal_parse(const char *text, size_t n, uint64_t max, uint64_t *v);
/* The whole of a NUL-ended text as a number, as strtod reads it. */
bool decimal_parse_real(const char *text, double *v);

#endif
