#!/usr/bin/env python3
"""Which sites infer found beside the lab's truth, or which vantage points moved between two runs.

usage: demo_summary.py sites RUN TRUTH_CSV | moves RUN LATER"""
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


def table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def codes(identity):
    """The lab's servers are called ns1.CODE.SERVICE.lab.example; equal paths have several."""
    return {who.split(".")[1] for who in identity.split("|") if who.count(".") > 1}


def show(run, truth):
    """Sites and catchments that infer found, beside the lab's routing tables."""
    routed = {(r["target"], r["vp"]): codes(r["identity"]) for r in table(truth)}
    places = {(s["target"], s["site"]): f"{s['city']}, {s['country']}" if s["lat"] else "not placed" for s in table(f"{run}/sites.csv")}
    served = collections.defaultdict(lambda: collections.defaultdict(list))
    for r in table(f"{run}/catchment.csv"):
        served[r["service"], r["target"]][r["site"] or f"({r['state']})"].append(r)
    for (service, target), sites in sorted(served.items()):
        rows = [r for vps in sites.values() for r in vps]
        known = [r for r in rows if r["method"] in ("identity", "both")]
        right = sum(r["site"] in routed[target, r["vp"]] for r in known)
        print(f"\n{service} {target}: {right} of {len(rows)} VPs at the site that the lab's routing tables say"
              + ("" if known else " (it names itself by HTTP alone: latency says what it can)"))
        for site, vps in sorted(sites.items(), key=lambda s: -len(s[1])):
            print(f"  {site:<16} {places.get((target, site), ''):<24} {len(vps):2} VPs  "
                  + "  ".join(f"{r['vp']} {float(r['rtt_min_ms']):.1f} ms" for r in vps if r["rtt_min_ms"]))


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


if len(sys.argv) != 4 or sys.argv[1] not in ("sites", "moves"):
    sys.exit(__doc__)
{"sites": show, "moves": compare}[sys.argv[1]](*sys.argv[2:])
