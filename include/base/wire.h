/* Cursors over untrusted bytes, with a sticky error.
 *
 * A reader that runs past its end sets `bad` and from then on yields zeros and empty spans, so a parser reads
 *all its fields in a row and checks once. A writer that is full sets `bad` and writes nothing more.
 *
 *	struct wire w = wire_over(bytes, len);
 *	uint16_t id = wire_u16(&w), flags = wire_u16(&w);
 *	if (w.bad)
 *		return ERR_PARSE;
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	const uint8_t *base;
	size_t len; /* bytes at base */
	size_t pos; /* next byte to read, <= len */
	bool bad;   /* a read went past the end */
};

struct wire wire_over(const void *bytes, size_t len);
size_t wire_left(const struct wire *w); /* 0 once bad */
uint8_t wire_u8(struct wire *w);
uint16_t wire_u16(struct wire *w); /* big endian, as all here */
uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
/* The next n bytes in place, or NULL (and bad) when fewer are left. */
const uint8_t *wire_take(struct wire *w, size_t n);
void wire_skip(struct wire *w, size_t n);
/* A cursor of its own over the next n bytes, which are skipped here; bad when fewer are left. */
struct wire wire_sub(struct wire *w, size_t n);

struct wire_out {
	uint8_t *base;
	size_t cap;
	size_t len; /* bytes written */
	bool bad;   /* something did not fit */
};

struct wire_out wire_into(void *bytes, size_t cap);
void wire_put_u8(struct wire_out *w, uint8_t v);
void wire_put_u16(struct wire_out *w, uint16_t v);
void wire_put_u32(struct wire_out *w, uint32_t v);
void wire_put_u64(struct wire_out *w, uint64_t v);
void wire_put(struct wire_out *w, const void *bytes, size_t n);

/* The same on bare bytes, where the length was checked before. */
uint16_t wire_get16(const uint8_t *p);
uint32_t wire_get32(const uint8_t *p);
uint64_t wire_get64(const uint8_t *p);
void wire_set16(uint8_t *p, uint16_t v);
void wire_set32(uint8_t *p, uint32_t v);
void wire_set64(uint8_t *p, uint64_t v);

#endif
