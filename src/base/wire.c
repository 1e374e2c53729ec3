#include "base/wire.h"

#include <string.h>

struct wire wire_over(const void *bytes, size_t len)
{
	return (struct wire){.base = bytes, .len = len};
}

size_t wire_left(const struct wire *w)
{
	return w->bad ? 0 : w->len - w->pos;
}

const uint8_t *wire_take(struct wire *w, size_t n)
{
	const uint8_t *p;

	if (wire_left(w) < n || w->bad) {
		w->bad = true;
		return NULL;
	}
	p = w->base + w->pos;
	w->pos += n;
	return p;
}

void wire_skip(struct wire *w, size_t n)
{
	(void)wire_take(w, n);
}

struct wire wire_sub(struct wire *w, size_t n)
{
	const uint8_t *p = wire_take(w, n);

	return p ? wire_over(p, n) : (struct wire){.bad = true};
}

uint8_t wire_u8(struct wire *w)
{
	const uint8_t *p = wire_take(w, 1);

	return p ? *p : 0;
}

uint16_t wire_u16(struct wire *w)
{
	const uint8_t *p = wire_take(w, 2);

	return p ? wire_get16(p) : 0;
}

uint32_t wire_u32(struct wire *w)
{
	const uint8_t *p = wire_take(w, 4);

	return p ? wire_get32(p) : 0;
}

uint64_t wire_u64(struct wire *w)
{
	const uint8_t *p = wire_take(w, 8);

	return p ? wire_get64(p) : 0;
}

struct wire_out wire_into(void *bytes, size_t cap)
{
	return (struct wire_out){.base = bytes, .cap = cap};
}

void wire_put(struct wire_out *w, const void *bytes, size_t n)
{
	if (w->bad || w->cap - w->len < n) {
		w->bad = true;
		return;
	}
	if (n > 0)
		memcpy(w->base + w->len, bytes, n);
	w->len += n;
}

void wire_put_u8(struct wire_out *w, uint8_t v)
{
	wire_put(w, &v, 1);
}

void wire_put_u16(struct wire_out *w, uint16_t v)
{
	uint8_t b[2];

	wire_set16(b, v);
	wire_put(w, b, sizeof(b));
}

void wire_put_u32(struct wire_out *w, uint32_t v)
{
	uint8_t b[4];

	wire_set32(b, v);
	wire_put(w, b, sizeof(b));
}

void wire_put_u64(struct wire_out *w, uint64_t v)
{
	uint8_t b[8];

	wire_set64(b, v);
	wire_put(w, b, sizeof(b));
}

uint16_t wire_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t wire_get32(const uint8_t *p)
{
	return (uint32_t)wire_get16(p) << 16 | wire_get16(p + 2);
}

uint64_t wire_get64(const uint8_t *p)
{
	return (uint64_t)wire_get32(p) << 32 | wire_get32(p + 4);
}

void wire_set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void wire_set32(uint8_t *p, uint32_t v)
{
	wire_set16(p, (uint16_t)(v >> 16));
	wire_set16(p + 2, (uint16_t)v);
}

void wire_set64(uint8_t *p, uint64_t v)
{
	wire_set32(p, (uint32_t)(v >> 32));
	wire_set32(p + 4, (uint32_t)v);
}
