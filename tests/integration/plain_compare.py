"""Holds RTTs measured by ordinary sockets against an independent capture of the same packets.

    plain_compare.py RUN/VP CAPTURE.pcap

dns, icmp: the reply's stamp must be the capture's to the ns (the kernel stamps a packet once, when it arrives); the
sending time is taken by the driver, behind the capture's tap: it must not be earlier, and the RTT not longer. tcp: the
kernel's handshake time, in whole microseconds. Every probe in the capture has flow label 0 and, if an echo, a checksum
that equals its id. Prints, per kind and family, the median and the greatest difference of the RTTs; exit 1 if a row is not
in the capture or something breaks a rule.
"""
import collections
import ipaddress
import statistics
import struct
import sys

from rows import fail, meta, rows
from rtt_compare import frames, index, look, packets, reference


def judge(row, stamp, rtt_ns):
    tx, rtt = int(row["tx_time_ns"]), round(float(row["rtt_ms"]) * 1e6)
    if rtt_ns is None:
        return "an RTT, but no such reply in the capture"
    if row["probe"] == "tcp":
        return None if row["stamp"] == "socket" and rtt % 1000 == 0 else f"stamp {row['stamp']}, rtt {rtt}"
    if row["stamp"] != "kernel":
        return f"stamp {row['stamp']}"
    if tx + rtt != stamp + rtt_ns:
        return f"the reply's stamp is {tx + rtt - stamp - rtt_ns:+} ns off"
    return None if tx >= stamp else f"sent {tx - stamp:+} ns before it was"


def check_flows(capture):
    for _, ip in frames(capture):
        seen = look(ip[6], ip[40:]) if ip[0] >> 4 == 6 else None
        if seen and seen[0] and struct.unpack_from(">I", ip)[0] & 0xfffff:
            fail(f"{seen[1]} with flow label {struct.unpack_from('>I', ip)[0] & 0xfffff:#x}")
    for _, _, dst, proto, l4 in packets(capture):
        seen = look(proto, l4)
        if seen and seen[0] and seen[1] == "icmp" and l4[2:4] != l4[4:6]:
            fail(f"echo to {ipaddress.ip_address(dst)}: checksum {l4[2:4].hex()}, id {l4[4:6].hex()}")


def main(base, capture):
    check_flows(capture)
    sent, replies = index(capture)
    icmp_id = {f["flow"]: f["icmp_id"] for f in meta(base)["flows"]}
    order, off = collections.Counter(), collections.defaultdict(list)
    for row in sorted(rows(base), key=lambda r: int(r["tx_time_ns"] or 0)):
        flow = icmp_id[int(row["flow"])] if row["probe"] == "icmp" else int(row["src_port"])
        key = ipaddress.ip_address(row["target"]).packed, row["probe"], flow
        stamp, rtt_ns = reference(sent, replies, key, order[key])
        order[key] += 1
        if not row["rtt_ms"]:
            continue
        wrong = judge(row, stamp, rtt_ns)
        if wrong:
            fail(f"{row['target']} {row['probe']}: {wrong}")
        off[row["probe"] + ("6" if ":" in row["target"] else "4")].append(float(row["rtt_ms"]) * 1e3 - rtt_ns / 1e3)
    if set(off) != {k + f for k in ("dns", "icmp", "tcp") for f in "46"}:
        fail(f"RTTs only of {sorted(off)}")
    print(", ".join(f"{kind} n={len(v)} median {statistics.median(v):+.1f} us, at most {max(v, key=abs):+.1f}"
                    for kind, v in sorted(off.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
