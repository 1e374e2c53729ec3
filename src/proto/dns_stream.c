#include "proto/dns_stream.h"

#include <string.h>

uint8_t *dns_stream_room(struct dns_stream *s, size_t *room)
{
	memmove(s->b, s->b + s->at, s->n - s->at);
	s->n -= s->at;
	s->at = 0;
	*room = sizeof(s->b) - s->n;
	return s->b + s->n;
}

void dns_stream_fill(struct dns_stream *s, size_t n)
{
	s->n += n;
}

bool dns_stream_next(struct dns_stream *s, struct dns_span *message)
{
	struct wire w = wire_over(s->b + s->at, s->n - s->at);
	uint16_t len = wire_u16(&w);

	message->n = len;
	message->p = wire_take(&w, len);
	if (w.bad)
		return false;
	s->at += w.pos;
	return true;
}

void dns_stream_write(struct wire_out *w, const struct dns_query *q)
{
	size_t at = w->len;

	wire_put_u16(w, 0);
	dns_query_write(w, q);
	if (!w->bad)
		wire_set16(w->base + at, (uint16_t)(w->len - at - DNS_STREAM_PREFIX));
}
