#!/usr/bin/env python3
"""Who is served by which identity in a run, or with two runs, which vantage points moved.

usage: demo_summary.py RUN [LATER]"""
import collections
import csv
import glob
import sys


def catchment(run):
    """(service, family, vp) -> the identity of most answers on flow 0, and the lowest RTT with it, in ms."""
    answers = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted(glob.glob(f"{run}/*.probes.csv")):
        with open(path, newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                if r["probe"] == "dns" and r["flow"] == "0" and r["outcome"] == "reply":
                    answers[r["target"], r["vp"]][r["nsid"] or r["txt"] or "(no identity)"].append(float(r["rtt_ms"]))
    return {key: max(((who, min(rtts), len(rtts)) for who, rtts in sites.items()), key=lambda a: a[2])[:2]
            for key, sites in answers.items()}


def show(run):
    by_target = collections.defaultdict(lambda: collections.defaultdict(list))
    for (target, vp), (who, rtt) in catchment(run).items():
        by_target[target][who].append((rtt, vp))
    for target, sites in sorted(by_target.items()):
        print(f"\n{target}")
        for who, vps in sorted(sites.items(), key=lambda s: -len(s[1])):
            print(f"  {who:<16} {len(vps):2} VPs  " + "  ".join(f"{vp} {rtt:.1f} ms" for rtt, vp in sorted(vps)))


def compare(old, new):
    before, after = catchment(old), catchment(new)
    for target in sorted({t for t, _ in before} | {t for t, _ in after}):
        both = [vp for t, vp in before if t == target and (target, vp) in after]
        moved = [vp for vp in both if before[target, vp][0] != after[target, vp][0]]
        lost = [vp for t, vp in before if t == target and (target, vp) not in after]
        print(f"\n{target}: {len(moved)} of {len(both)} VPs moved" + (f", {len(lost)} got no answer" if lost else ""))
        for vp in sorted(moved):
            (was, rtt), (now, rtt_now) = before[target, vp], after[target, vp]
            print(f"  {vp:<5} {was} -> {now}  {rtt:.1f} -> {rtt_now:.1f} ms")


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
show(sys.argv[1]) if len(sys.argv) == 2 else compare(*sys.argv[1:])
