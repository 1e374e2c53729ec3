"""Small routing tables as MRT, of documentation prefixes and ASes, in all forms that are met:

    routes_make.py FOLDER

writes v2.mrt (two tables of peers; IPv4, IPv6; sets, confederations, long attributes, next hops in both forms), paths.mrt
(additional paths), v1.mrt (TABLE_DUMP, 2-byte ASes with AS4_PATH) and later.mrt (v2.mrt's first table, an hour later, with
fewer prefixes). Between the records stand some that are no tables.
"""
import ipaddress
import random
import struct
import sys

TIME = 1700000000
AS_TRANS = 23456
dice = random.Random(7)
ASES = list(range(64496, 64512)) + list(range(65536, 65552))


def record(kind, subtype, body, time=TIME):
    return struct.pack("!IHHI", time, kind, subtype, len(body)) + body


def attribute(kind, value, flags=0x40, long=False):
    if long or len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value
    return struct.pack("!BBB", flags, kind, len(value)) + value


def segments(path, width):
    """path: [(type, [as, ...]), ...]"""
    return b"".join(struct.pack("!BB", t, len(a)) + b"".join((x if width == 4 or x < 65536 else AS_TRANS)
                    .to_bytes(width, "big") for x in a) for t, a in path)


def some_path(peer, confederations=True):
    ases = [peer] + dice.sample(ASES, dice.randint(0, 5))
    for _ in range(dice.choice((0, 0, 0, 1, 4))):
        at = dice.randrange(len(ases))
        ases.insert(at, ases[at])
    path = [(2, ases)]
    if dice.random() < .1:
        path.append((1, dice.sample(ASES, dice.randint(2, 4))))
    if confederations and dice.random() < .1:
        path.insert(0, dice.choice(((3, dice.sample(ASES, 2)), (4, dice.sample(ASES, 2)))))
    return path


def reach(hops, full):
    value = bytes([16 * len(hops)]) + b"".join(ipaddress.ip_address(h).packed for h in hops)
    return attribute(14, struct.pack("!HB", 2, 1) + value + b"\0" if full else value, 0x80)


def attributes(path, width, hop, full=False):
    out = attribute(1, bytes([dice.randrange(3)])) + attribute(2, segments(path, width), long=dice.random() < .5)
    if ":" in hop:
        out += reach([hop, "fe80::1"] if dice.random() < .3 else [hop], full)
    else:
        out += attribute(3, ipaddress.ip_address(hop).packed)
    if dice.random() < .3:
        out += attribute(4, struct.pack("!I", 10), 0x80) + attribute(8, struct.pack("!HH", 64496, 1) * dice.randint(1, 80), 0xc0)
    return out


def prefix_bytes(p):
    return bytes([p.prefixlen]) + p.network_address.packed[:(p.prefixlen + 7) // 8]


def peer_table(collector, view, peers, time):
    body = ipaddress.ip_address(collector).packed + struct.pack("!H", len(view)) + view + struct.pack("!H", len(peers))
    for address, asn, wide in peers:
        a = ipaddress.ip_address(address)
        body += bytes([(a.version == 6) | 2 * wide]) + bytes([192, 0, 2, 9]) + a.packed + asn.to_bytes(4 if wide else 2, "big")
    return record(13, 1, body, time)


def stranger():
    return dice.choice((record(16, 4, bytes(20)), record(77, 1, b"unknown"), record(13, 3, bytes(9)), b""))


def prefixes(family, n):
    """Nested ones too, so that addresses have covering and more-specific ones."""
    root = ipaddress.ip_network("198.18.0.0/15" if family == 4 else "2001:db8::/32")
    lengths = range(15, 27) if family == 4 else range(32, 50)
    found = {ipaddress.ip_network((int(root.network_address) +
             (dice.getrandbits(root.max_prefixlen - root.prefixlen) >> dice.randrange(12)), dice.choice(lengths)), strict=False)
             for _ in range(n)}
    return sorted(p for p in found if p.subnet_of(root))


PEERS = [("192.0.2.11", 64496, False), ("192.0.2.12", 65540, True), ("192.0.2.13", 64498, True), ("192.0.2.14", 64499, False),
         ("2001:db8:ffff::1", 65541, True), ("2001:db8:ffff::2", 64500, False)]


def table(collector, view, family, time, n, paths=False, kept=1.0):
    # A peer's next hop is its own address, or, over a session of the other family, some address.
    own = [ipaddress.ip_address(a).version for a, _, _ in PEERS]
    hops = [a if v == family else ("192.0.2.99" if family == 4 else "2001:db8:ffff::99") for (a, _, _), v in zip(PEERS, own)]
    out = [peer_table(collector, view, PEERS, time)]
    for number, p in enumerate(prefixes(family, n)):
        entries = b""
        count = 0
        for i, (_, asn, _) in enumerate(PEERS):
            if dice.random() > (.95 if i < 3 else .4) * kept:
                continue
            for path_id in range(1, 1 + (dice.randint(1, 3) if paths else 1)):
                a = attributes(some_path(asn), 4, hops[i], dice.random() < .2)
                entries += struct.pack("!HI", i, time - 60) + (struct.pack("!I", path_id) if paths else b"") + \
                    struct.pack("!H", len(a)) + a
                count += 1
        subtype = (8 if paths else 2) if family == 4 else (10 if paths else 4)
        out += [record(13, subtype, struct.pack("!I", number) + prefix_bytes(p) + struct.pack("!H", count) + entries, time)]
        out += [stranger()] if number % 20 == 7 else []
    return b"".join(out)


def old_table():
    out = []
    for family in (4, 6):
        for number, p in enumerate(prefixes(family, 80)):
            for address, asn, _ in PEERS:
                a = ipaddress.ip_address(address)
                if a.version != family or asn > 65535:
                    continue
                path = some_path(asn, confederations=False)
                values = attributes(path, 2, address)
                if any(x > 65535 for _, s in path for x in s):
                    values += attribute(17, segments(path, 4), 0xc0)
                out.append(record(12, 1 if family == 4 else 2, struct.pack("!HH", 0, number & 0xffff) + p.network_address.packed +
                           struct.pack("!BBI", p.prefixlen, 1, TIME) + a.packed + struct.pack("!HH", asn, len(values)) + values))
    return b"".join(out)


def main(folder):
    files = {"v2.mrt": table("192.0.2.1", b"", 4, TIME, 300) + table("192.0.2.1", b"other", 6, TIME + 1, 200),
             "paths.mrt": table("192.0.2.2", b"", 4, TIME, 60, True) + table("192.0.2.2", b"", 6, TIME, 60, True),
             "v1.mrt": old_table(),
             "later.mrt": table("192.0.2.1", b"", 4, TIME + 3600, 300, kept=.5)}
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(data)


main(sys.argv[1])
