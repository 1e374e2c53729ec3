"""Tables in markdown from what tests/bench/peers measured: peers_table.py FOLDER

A ratio is made within one round: ours over the other's, probes per CPU-second (or per second of wall time, less the one that
each waits for the last replies); min, median and max of the rounds in which both got their replies, and their number. A peer
that seldom gets 99 % of its replies is compared all the same, to its favour: its rows tell.
"""
import collections
import csv
import os
import statistics
import sys

folder = sys.argv[1]
WAIT_S = 1
OURS = ("xdp", "hybrid", "kernel")


def read(name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def spread(values, digits=2):
    return f"{min(values):.{digits}f} / **{statistics.median(values):.{digits}f}** / {max(values):.{digits}f}"


def table(title, head, rows):
    if not rows:
        return
    print(f"{title}\n\n| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def per_cpu(r):
    return int(r["probes"]) / float(r["cpu_s"])


def per_wall(r):
    return int(r["probes"]) / (float(r["wall_s"]) - WAIT_S)


def whole(r):
    return int(r["rows"]) >= 0.99 * int(r["probes"])


def ratios(ours, theirs, value):
    mostly = 2 * sum(map(whole, theirs.values())) > len(theirs)
    return {k: value(ours[k]) / value(r) for k, r in theirs.items() if k in ours and whole(ours[k]) and (whole(r) or not mostly)}


def ratio(ours, theirs, value=per_cpu):
    values = ratios(ours, theirs, value).values()
    return f"{spread(values)} ({len(values)})" if values else ""


def by_tool(runs):
    by = collections.defaultdict(dict)
    for r in runs:
        if int(r["packets"]) > 0 and float(r["cpu_s"]) > 0:
            by[r["work"], r["tool"]][r["round"]] = r
    return by


def work_rows(by):
    for (work, tool), rounds in sorted(by.items()):
        v, mine = list(rounds.values()), tool.startswith("catchmap")
        ours = {how: by.get((work, f"catchmap-{how}"), {}) for how in OURS}
        wall = work.endswith("-fastest") and not mine
        yield [work, tool, len(v), v[0]["bytes_per_packet"], f"{statistics.median(map(per_cpu, v)) / 1e3:.0f}",
               f"{statistics.median(int(r['rows']) / int(r['probes']) for r in v):.3f}",
               f"{statistics.median(float(r['softirq_s']) for r in v):.2f}",
               *("" if mine else ratio(ours[how], rounds) for how in OURS),
               ratio(ours["hybrid"], rounds, per_wall) if wall else ""]


HEAD = ["work", "tool", "rounds", "bytes on the wire", "k probes / CPU-s", "rows / probe", "softirq s",
        *(f"{how} ÷ this" for how in OURS), "hybrid ÷ this, wall"]
by = by_tool(read("peers.csv"))
table("Beside its peers: min / **median** / max of (rounds).", HEAD, list(work_rows(by)))

steps = collections.defaultdict(dict)
for r in read("floor.csv"):
    steps[r["step"]][r["round"]] = float(r["cpu_us"])
table("The floor: nothing but the calls of the kernel, and bytes copied into a file.",
      ["icmp, v4", "CPU us / packet", "k / CPU-s"],
      [[s, spread(v.values()), f"{1e3 / statistics.median(v.values()):.0f}"] for s, v in steps.items()])

near = []
for tool, step in (("catchmap-hybrid", "send + replies captured + rows"),
                   ("catchmap-kernel", "send + replies and copies captured + rows"),
                   ("zmap-rtt", "send + replies captured + rows")):
    for work in ("icmp-v4", "icmp-v4-fastest"):
        runs, least = by.get((work, tool), {}), steps.get(step, {})
        values = [1e6 / per_cpu(r) / least[k] for k, r in runs.items() if k in least and whole(r)]
        if values:
            near.append([work, tool, step, spread(values)])
table("How near to it: CPU a probe over the floor's of the same round.", ["work", "tool", "floor", "times the floor"], near)

table("Identities of one NSD.", HEAD, list(work_rows(by_tool(read("dns.csv")))))

errors = collections.defaultdict(list)
for r in read("rtt.csv"):
    errors[r["tool"], r["stamps"], int(r["rate"]), r["busy_core"]].append(r)
table("RTT error against an independent capture, us: medians of rounds.",
      ["tool", "stamps", "packets/s", "busy core", "rounds", "equal", "p50", "p99", "max"],
      [[*key, len(v), f"{sum(int(r['equal']) for r in v)} of {sum(int(r['probes']) for r in v)}",
        *(f"{statistics.median(float(r[c]) for r in v):.1f}" for c in ("p50_us", "p99_us", "max_us"))]
       for key, v in sorted(errors.items())])

counts = read("counts.csv")
table("Nothing lost.", list(counts[0]) if counts else [], [r.values() for r in counts])

starts = by_tool(read("start.csv"))
table("One probe to one address, its answer, and a second's wait.", ["tool", "CPU ms", "wall s", "peak MiB"],
      [[tool, *(f"{statistics.median(float(r[c]) for r in v.values()) * f:.{d}f}"
                for c, f, d in (("cpu_s", 1e3, 0), ("wall_s", 1, 2), ("peak_mib", 1, 0)))] for (_, tool), v in sorted(starts.items())])
