#!/usr/bin/env python3
"""Rows of a run in the lab against the lab's truth (catchment.csv): identities and RTTs.

usage: lab_compare.py RUN TRUTH_CSV    every (vp, target): identity as in the truth, RTTs not below it
       lab_compare.py --same RUN RUN   the same identity on flow 0 in both, for every (vp, target)"""
import collections
import csv
import glob
import json
import sys


def answers(run):
    """(vp, target) -> flow -> [(identity, rtt in ms)]; the (vp, target) that were asked by DNS; the rows in all."""
    found, asked, rows = collections.defaultdict(lambda: collections.defaultdict(list)), set(), 0
    for path in sorted(glob.glob(f"{run}/*.probes.csv")):
        with open(path, newline="", encoding="utf-8") as f:
            mine = list(csv.DictReader(f))
        with open(path.replace(".probes.csv", ".meta.json"), encoding="utf-8") as f:
            counts = json.load(f)["counts"]
        assert counts["rows"] == counts["sent"] == len(mine) == sum(counts["outcome"].values()), path
        assert counts["dropped"] == 0, path
        rows += len(mine)
        for r in mine:
            if r["probe"] == "dns":
                asked.add((r["vp"], r["target"]))
            if r["probe"] == "dns" and r["outcome"] == "reply":
                assert r["nsid"] == r["txt"] or r["question"] == "in-soa", r
                found[r["vp"], r["target"]][r["flow"]].append((r["nsid"], float(r["rtt_ms"])))
    return found, asked, rows


def against_truth(run, truth_path):
    found, asked, rows = answers(run)
    with open(truth_path, newline="", encoding="utf-8") as f:
        truth = {(r["vp"], r["target"]): r for r in csv.DictReader(f) if (r["vp"], r["target"]) in asked}
    bad, errors, checked = [], [], 0
    for key, t in sorted(truth.items()):
        may = set(t["identity"].split("|"))
        if not found.get(key):
            bad.append(f"{key}: no answer")
        for flow, got in found.get(key, {}).items():
            names = {name for name, _ in got}
            checked += 1
            if not names <= may or len(names) != 1:
                bad.append(f"{key} flow {flow}: {sorted(names)}, should be one of {sorted(may)}")
            elif len(may) == 1:
                errors.append(min(rtt for _, rtt in got) - float(t["rtt_min_ms"]))
    for line in bad[:10]:
        print(line)
    if not errors or min(errors) < 0:
        sys.exit(f"an RTT below the truth: {min(errors, default=None)} ms")
    errors.sort()
    print(f"{rows} rows, {checked} flows of {len(truth)} (VP, target) as in the truth, RTT minima above it by "
          f"{errors[0]:.3f} to {errors[-1]:.3f} ms, median {errors[len(errors) // 2]:.3f}")
    return bad


def same(one, other):
    a, b = answers(one)[0], answers(other)[0]
    return [key for key in a if {n for n, _ in a[key]["0"]} != {n for n, _ in b[key]["0"]}]


sys.exit(1 if (same(*sys.argv[2:]) if sys.argv[1] == "--same" else against_truth(*sys.argv[1:])) else 0)
