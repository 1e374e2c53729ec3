"""Tables in markdown from the runs of tests/bench/peers: peers_table.py FOLDER

A ratio is the first tool's probes per CPU-second over the other's in the same round; min, median and max
of them. A run that lacks replies is named, not left out.
"""
import collections
import csv
import os
import statistics
import sys

folder = sys.argv[1]


def spread(values):
    return f"{min(values):.2f} / **{statistics.median(values):.2f}** / {max(values):.2f}"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


with open(os.path.join(folder, "peers.csv"), newline="") as f:
    runs = [r for r in csv.DictReader(f) if int(r["packets"]) > 0 and float(r["cpu_s"]) > 0]
by = collections.defaultdict(dict)
for r in runs:
    by[r["work"], r["tool"]][r["round"]] = r


def per_cpu(r):
    return int(r["probes"]) / float(r["cpu_s"])


rows = []
for (work, tool), rounds in sorted(by.items()):
    if work == "start":
        continue
    ours = {name: spread([per_cpu(by[work, name][k]) / per_cpu(r) for k, r in rounds.items() if k in by[work, name]])
            if set(by.get((work, name), ())) & set(rounds) and not tool.startswith("catchmap") else "" for name in ("catchmap-xdp", "catchmap-hybrid", "catchmap-kernel")}
    v = list(rounds.values())
    rows.append([work, tool, len(v), v[0]["bytes_per_packet"], f"{statistics.median(map(per_cpu, v)) / 1e3:.0f}",
                 f"{statistics.median(int(r['probes']) / float(r['wall_s']) for r in v) / 1e3:.0f}",
                 f"{min(int(r['rows']) / int(r['probes']) for r in v):.4f}",
                 f"{statistics.median(float(r['softirq_s']) for r in v):.2f}", *ours.values()])
table(["work", "tool", "rounds", "bytes", "k/CPU-s", "k/wall-s", "least rows/probe", "softirq s",
       "xdp ÷ this: min / median / max", "hybrid ÷ this", "kernel ÷ this"], rows)
starts = [r for r in runs if r["work"] == "start" and r["tool"] == "catchmap"]
if starts:
    print(f"One probe, its answer and a second's wait for more: {statistics.median(float(r['cpu_s']) for r in starts) * 1e3:.0f} ms of CPU, "
          f"{statistics.median(float(r['wall_s']) for r in starts):.2f} s.\n")

path = os.path.join(folder, "floor.csv")
if os.path.exists(path):
    steps = collections.defaultdict(list)
    with open(path, newline="") as f:
        for r in csv.DictReader(f):
            steps[r["step"]].append(float(r["cpu_us"]))
    table(["the least (icmp, v4)", "CPU us / packet: min / median / max", "k/CPU-s"],
          [[s, spread(v), f"{1e3 / statistics.median(v):.0f}"] for s, v in steps.items()])
path = os.path.join(folder, "rtt.csv")
if os.path.exists(path):
    print("rate, stamps, busy core, probes, equal, error p50, p99, max (us): see `rtt.csv`")
