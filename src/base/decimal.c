#include "base/decimal.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* These are exact in a double. */
static const double powers[] = {
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

char *decimal_put(char *out, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	memcpy(out, digits + n, sizeof(digits) - n);
	return out + sizeof(digits) - n;
}

char *decimal_put_padded(char *out, uint64_t v, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--, v /= 10)
		out[i - 1] = (char)('0' + v % 10);
	return out + digits;
}

/* A double times a power of ten is off by less than a 2^-53rd: only where that could carry it over a half, to which side the
 * last digit is rounded takes more than this, and snprintf. */
char *decimal_put_real(char *out, double v, unsigned decimals)
{
	double scaled = fabs(v) * powers[decimals], whole = floor(scaled);
	uint64_t all;

	if (!(scaled < 1e9) || fabs(scaled - whole - 0.5) < 1e-6)
		return out + snprintf(out, DECIMAL_MAX, "%.*f", (int)decimals, v);
	all = (uint64_t)whole + (scaled - whole > 0.5);
	if (signbit(v))
		*out++ = '-';
	out = decimal_put(out, all / (uint64_t)powers[decimals]);
	if (decimals == 0)
		return out;
	*out++ = '.';
	return decimal_put_padded(out, all, decimals);
}

/* Eight digits at once: pairs, then fours, then all, each by one multiplication. */
static bool parse_eight(const char *text, uint64_t *v)
{
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), sixes = UINT64_C(0x0606060606060606);
	uint64_t t;

	memcpy(&t, text, sizeof(t));
	t = le64toh(t);
	/* A digit is 0x30 to 0x39: six more leave its upper half as it is. */
	if (((t & high) | ((t + sixes) & high) >> 4) != UINT64_C(0x3333333333333333))
		return false;
	t = (t & ~high) * (10 << 8 | 1) >> 8;
	t = (t & UINT64_C(0x00ff00ff00ff00ff)) * (100 << 16 | 1) >> 16;
	*v = (t & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) << 32 | 1) >> 32;
	return true;
}

bool decimal_parse(const char *text, size_t n, uint64_t max, uint64_t *v)
{
	uint64_t sum = 0, part;

	for (; n > 19 && *text == '0'; n--)
		text++;
	if (n == 0 || n > 20)
		return false;
	for (; n >= 8; n -= 8, text += 8, sum = sum * 100000000 + part)
		if (!parse_eight(text, &part))
			return false;
	for (; n > 0; n--, text++) {
		uint8_t digit = (uint8_t)(*text - '0');

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
			__builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*v = sum;
	return sum <= max;
}

/* Most have at most 15 digits: these and the power of ten are exact in a double, and one division rounds them as strtod would. */
bool decimal_parse_real(const char *text, double *v)
{
	const char *begin = text + (*text == '-'), *point = NULL, *at = begin;
	uint64_t all = 0; /* beyond 19 digits it is nonsense, and not used */
	char *end;

	while (*at >= '0' && *at <= '9')
		all = all * 10 + (uint64_t)(*at++ - '0');
	if (*at == '.' && at > begin) {
		point = ++at;
		while (*at >= '0' && *at <= '9')
			all = all * 10 + (uint64_t)(*at++ - '0');
	}
	if (*at == '\0' && at > begin && at - begin <= 15) {
		*v = (*text == '-' ? -1.0 : 1.0) * ((double)all / powers[point ? at - point : 0]);
		return true;
	}
	*v = strtod(text, &end);
	return end != text && *end == '\0';
}
