"""Holds every RTT of a run against an independent capture of the same packets, to the nanosecond.

    rtt_compare.py RUN/VP CAPTURE.pcap [hybrid]

The capture (classic pcap, nanosecond stamps, Ethernet or bare IP) is read and paired here, with none of the program's
code: the n-th row of a (target, probe, flow) is its n-th packet on the wire, and the reply is the first packet from that
address and port that proves to belong to it (dns: id and question in the same letter case; icmp: id, sequence number and
payload; tcp: ack - 1). Prints how many agree; exit 1 if one does not, or if the capture lacks one. Hybrid rows take the
sending time before the send: theirs must not be later than the capture's, and the reply's stamp the same.
"""
import collections
import ipaddress
import struct
import sys

from rows import fail, meta, rows

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
LINK_ETHERNET, LINK_RAW = 1, 101
TH_SYN, TH_RST, TH_ACK = 2, 4, 16


def frames(path):
    """(stamp in ns, IP packet) of each frame."""
    with open(path, "rb") as f:
        data = f.read()
    magic = data[:4]
    if magic not in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        fail(f"{path}: no pcap with nanosecond stamps")
    order = "<" if magic[0] == 0x4d else ">"
    link, = struct.unpack_from(order + "I", data, 20)
    if link not in (LINK_ETHERNET, LINK_RAW):
        fail(f"{path}: link type {link}")
    at, record = 24, struct.Struct(order + "IIII")
    while at + 16 <= len(data):
        sec, nsec, n, _ = record.unpack_from(data, at)
        frame = data[at + 16:at + 16 + n]
        at += 16 + n
        yield sec * 10**9 + nsec, frame[14:] if link == LINK_ETHERNET else frame


def packets(path):
    """(stamp, source, destination, protocol, payload of IP)"""
    for stamp, ip in frames(path):
        if len(ip) >= 20 and ip[0] >> 4 == 4:
            if struct.unpack_from(">H", ip, 6)[0] & 0x1fff == 0:
                yield stamp, ip[12:16], ip[16:20], ip[9], ip[(ip[0] & 15) * 4:]
        elif len(ip) >= 40 and ip[0] >> 4 == 6:
            yield stamp, ip[8:24], ip[24:40], ip[6], ip[40:]


def question(dns):
    at = 12
    while at < len(dns) and dns[at] and dns[at] < 64:
        at += dns[at] + 1
    return dns[12:at + 5]


def look(proto, l4):
    """(is a probe, kind, flow, proof of the pair, port of the target), or None"""
    if proto == UDP and len(l4) >= 20:
        sport, dport = struct.unpack_from(">HH", l4)
        dns = l4[8:]
        proof = dns[:2] + question(dns)
        return (True, "dns", sport, proof, dport) if not dns[2] & 0x80 else (False, "dns", dport, proof, sport)
    if proto == TCP and len(l4) >= 20:
        sport, dport, seq, ack = struct.unpack_from(">HHII", l4)
        flags = l4[13] & (TH_SYN | TH_RST | TH_ACK)
        if flags == TH_SYN:
            return True, "tcp", sport, seq, dport
        if flags in (TH_SYN | TH_ACK, TH_RST | TH_ACK):
            return False, "tcp", dport, (ack - 1) & 0xffffffff, sport
    if proto in (ICMP, ICMP6) and len(l4) >= 16 and l4[0] in (8, 0, 128, 129):
        ident, = struct.unpack_from(">H", l4, 4)
        return l4[0] in (8, 128), "icmp", ident, l4[6:16], 0
    return None


def index(path):
    """Probes by (target, kind, flow) in their order, and the first reply's stamp to each proof."""
    sent, replies = collections.defaultdict(list), collections.defaultdict(list)
    for stamp, src, dst, proto, l4 in packets(path):
        seen = look(proto, l4)
        if not seen:
            continue
        is_probe, kind, flow, proof, port = seen
        if is_probe:
            sent[dst, kind, flow].append((stamp, proof, port))
        else:
            replies[src, kind, flow, proof, port].append(stamp)
    return sent, replies


def reference(sent, replies, key, n):
    """Stamp of the n-th probe of this key and its RTT in ns (None: no reply)."""
    if n >= len(sent[key]):
        fail(f"the capture lacks probe {n} to {ipaddress.ip_address(key[0])}, {key[1]} flow {key[2]}")
    stamp, proof, port = sent[key][n]
    after = [r for r in replies.get((*key, proof, port), ()) if r >= stamp]
    return stamp, min(after) - stamp if after else None


def judge(row, stamp, rtt_ns, kind):
    """What is wrong with a row's RTT, or None."""
    tx, rtt = int(row["tx_time_ns"]), round(float(row["rtt_ms"]) * 1e6)
    where = f"{row['target']} {row['probe']}"
    if row["stamp"] != kind:
        return f"{where}: stamp {row['stamp']}"
    if rtt_ns is None:
        return f"{where}: an RTT, but no such reply in the capture"
    same = tx + rtt == stamp + rtt_ns and (tx <= stamp if kind == "hybrid" else tx == stamp)
    return None if same else f"{where}: sent {tx - stamp:+} ns, rtt {rtt - rtt_ns:+} ns off {rtt_ns}"


def main(base, capture, kind="kernel"):
    sent, replies = index(capture)
    icmp_id = {f["flow"]: f["icmp_id"] for f in meta(base)["flows"]}
    order = collections.Counter()
    same = collections.Counter()
    off = []
    for row in sorted(rows(base), key=lambda r: int(r["tx_time_ns"] or 0)):
        if row["outcome"] == "send-error":
            continue
        flow = icmp_id[int(row["flow"])] if row["probe"] == "icmp" else int(row["src_port"])
        key = ipaddress.ip_address(row["target"]).packed, row["probe"], flow
        stamp, rtt_ns = reference(sent, replies, key, order[key])
        order[key] += 1
        if not row["rtt_ms"]:
            continue
        wrong = judge(row, stamp, rtt_ns, kind)
        if wrong:
            off.append(wrong)
        else:
            same[row["probe"] + ("6" if ":" in row["target"] else "4")] += 1
    if off or not same:
        print("\n".join(off[:10]))
        fail(f"{len(off)} RTTs differ from the capture's, {sum(same.values())} agree")
    print(" ".join(f"{kind}={n}" for kind, n in sorted(same.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
