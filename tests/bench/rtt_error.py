"""RTTs of a tool's ICMP rows against an independent capture of the same packets, one probe a target.

    rtt_error.py catchmap|zmap|fping|scamper ROWS CAPTURE.pcap  ->  probes,equal,p50_us,p99_us,max_us
"""
import csv
import ipaddress
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))
from rtt_compare import packets  # noqa: E402

ICMP, ICMP6 = 1, 58
PRINTED = {
    "fping": r"^(\S+) +: \[0\].* bytes, ([\d.]+) ms",
    "scamper": r"bytes from ([^ ,]+), seq=0 .*time=([\d.]+) ms",
}


def rows_of_catchmap(f):
    for r in csv.DictReader(f):
        if r["rtt_ms"]:
            yield r["target"], round(float(r["rtt_ms"]) * 1e6)


def rows_of_zmap(f):
    for r in csv.DictReader(line.replace("-", "_") for line in f):
        seconds = int(r["timestamp_ts"]) - int(r["sent_timestamp_ts"])
        yield r["saddr"], (seconds * 10**6 + int(r["timestamp_us"]) - int(r["sent_timestamp_us"])) * 1000


def rows_printed(tool, f):
    for line in f:
        m = re.search(PRINTED[tool], line)
        if m:
            yield m[1], round(float(m[2]) * 1e6)


tool, path, capture = sys.argv[1:]
sent, seen = {}, {}
for stamp, source, target, proto, l4 in packets(capture):
    if proto == ICMP and l4[0] == 8 or proto == ICMP6 and l4[0] == 128:
        sent.setdefault((target, l4[4:16]), stamp)
    elif proto == ICMP and l4[0] == 0 or proto == ICMP6 and l4[0] == 129:
        seen.setdefault((source, l4[4:16]), stamp)
truth = {target: seen[target, proof] - stamp for (target, proof), stamp in sent.items() if (target, proof) in seen}
with open(path, newline="") as f:
    rows = rows_of_catchmap(f) if tool == "catchmap" else rows_of_zmap(f) if tool == "zmap" else rows_printed(tool, f)
    errors = sorted(abs(rtt - truth[ipaddress.ip_address(target).packed]) for target, rtt in rows)
n = len(errors)
if n == 0:
    sys.exit(f"{path}: no row with an RTT")
print(f"{n},{sum(e == 0 for e in errors)},{errors[n // 2] / 1e3:.3f},{errors[n * 99 // 100] / 1e3:.3f},{errors[-1] / 1e3:.3f}")
