#include "world_build.h"

#include <string.h>

#include "base/wire.h"
#include "proto/frame.h"
#include "proto/ip.h"

const uint8_t world_mac_vps[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t world_mac_world[6] = {0x02, 0, 0, 0, 0, 0x02};

struct addr world_router(int family)
{
	static const uint8_t v4[4] = {198, 18, 255, 254},
			     v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 0xfe};

	return family == 4 ? addr_v4(v4) : addr_v6(v6);
}

static void put_ip(struct wire_out *out, const struct world_ip *ip, size_t n)
{
	if (ip->to.family == 4) {
		wire_put_u16(out, 0x4500);
		wire_put_u16(out, (uint16_t)(IP_V4_LEN + n));
		wire_put_u32(out, 0x4000); /* id 0, do not fragment */
		wire_put_u8(out, ip->ttl);
		wire_put_u8(out, ip->proto);
		wire_put_u16(out, 0);
	} else {
		wire_put_u32(out, 0x60000000);
		wire_put_u16(out, (uint16_t)n);
		wire_put_u8(out, ip->proto);
		wire_put_u8(out, ip->ttl);
	}
	wire_put(out, ip->from.b, addr_len(&ip->from));
	wire_put(out, ip->to.b, addr_len(&ip->to));
	if (ip->to.family == 4 && !out->bad) {
		uint8_t *header = out->base + out->len - IP_V4_LEN;

		wire_set16(header + 10, ip_sum_fold(ip_sum(0, header, IP_V4_LEN)));
	}
}

/* Where each protocol keeps its checksum. */
static size_t checksum_at(uint8_t proto)
{
	return proto == IP_TCP ? 16 : proto == IP_UDP ? 6 : 2;
}

static void set_checksum(const struct world_ip *ip, uint8_t *l4, size_t n)
{
	uint64_t pseudo = ip->proto == IP_ICMP ? 0 : ip_sum_pseudo(&ip->from, &ip->to, ip->proto, n);
	uint16_t sum;

	wire_set16(l4 + checksum_at(ip->proto), 0);
	sum = ip_sum_fold(ip_sum(pseudo, l4, n));
	wire_set16(l4 + checksum_at(ip->proto), sum == 0 && ip->proto == IP_UDP ? 0xffff : sum);
}

static bool build(struct world_frame *f, const uint8_t *to, const uint8_t *from, const struct world_ip *ip,
	const uint8_t *l4, size_t n)
{
	struct wire_out out = wire_into(f->bytes, sizeof(f->bytes));

	wire_put(&out, to, 6);
	wire_put(&out, from, 6);
	wire_put_u16(&out, ip->to.family == 4 ? 0x0800 : 0x86dd);
	put_ip(&out, ip, n);
	wire_put(&out, l4, n);
	if (out.bad)
		return false;
	set_checksum(ip, out.base + out.len - n, n);
	f->len = (uint16_t)out.len;
	return true;
}

bool world_build(struct world_frame *f, const struct world_ip *ip, const uint8_t *l4, size_t n)
{
	return build(f, world_mac_vps, world_mac_world, ip, l4, n);
}

bool world_build_probe(struct world_frame *f, const struct world_ip *ip, const uint8_t *l4, size_t n)
{
	return build(f, world_mac_world, world_mac_vps, ip, l4, n);
}
