"""RTTs of ICMP rows against an independent capture: rtt_error.py ROWS.csv CAPTURE.pcap -> probes,equal,p50_us,p99_us,max_us"""
import csv
import os
import sys
import ipaddress

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))
from rtt_compare import packets  # noqa: E402

ICMP, ICMP6 = 1, 58
sent, seen = {}, {}
for stamp, source, target, proto, l4 in packets(sys.argv[2]):
    if proto == ICMP and l4[0] == 8 or proto == ICMP6 and l4[0] == 128:
        sent.setdefault((target, l4[4:16]), stamp)
    elif proto == ICMP and l4[0] == 0 or proto == ICMP6 and l4[0] == 129:
        seen.setdefault((source, l4[4:16]), stamp)
truth = {target: seen[target, proof] - stamp for (target, proof), stamp in sent.items() if (target, proof) in seen}
with open(sys.argv[1], newline="") as f:
    errors = sorted(abs(round(float(r["rtt_ms"]) * 1e6) - truth[ipaddress.ip_address(r["target"]).packed])
                    for r in csv.DictReader(f) if r["rtt_ms"])
n = len(errors)
print(f"{n},{sum(e == 0 for e in errors)},{errors[n // 2] / 1e3:.3f},{errors[n * 99 // 100] / 1e3:.3f},{errors[-1] / 1e3:.3f}")
