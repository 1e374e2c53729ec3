#!/usr/bin/env python3
"""Which sites infer found beside the lab's truth.

usage: demo_summary.py RUN TRUTH_CSV"""
import collections
import csv
import sys


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


if len(sys.argv) != 3:
    sys.exit(__doc__)
show(*sys.argv[1:])
