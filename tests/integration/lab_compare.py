#!/usr/bin/env python3
"""Rows of a run in the lab against the lab's truth (catchment.csv): identities and RTTs.

usage: lab_compare.py RUN TRUTH_CSV    every (vp, target): identity as in the truth, RTTs not below it
       lab_compare.py --same RUN RUN   the same identity on flow 0 in both, for every (vp, target)
       lab_compare.py --diff JSON BEFORE_CSV NOW_CSV
                                       what `diff --json` says moved is what the truths of the two runs say, and costs that much;
                                       for the services that tell their sites by DNS"""
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


def truth_of(path):
    """(vp, target) -> the sites that may answer (by code), the RTT."""
    with open(path, newline="", encoding="utf-8") as f:
        return {(r["vp"], r["target"]): ({i.split(".")[1] for i in r["identity"].split("|") if i.count(".") > 1},
                                         float(r["rtt_min_ms"] or "nan"))
                for r in csv.DictReader(f) if r["service"] != "web.lab.example"}


def diff(path, before_path, now_path):
    with open(path, encoding="utf-8") as f:
        comparisons = json.load(f)["comparisons"]
    before, now, bad, errors, costs, checked = truth_of(before_path), truth_of(now_path), [], [], [], 0
    named = {target for _, target in before}
    for c in [c for c in comparisons if c["target"] in named]:
        said = {v["vp"]: v for v in c["vantage_points"]}
        for vp, v in said.items():
            (sites, rtt), (sites_now, rtt_now) = before[vp, c["target"]], now[vp, c["target"]]
            split = len(sites) > 1 or len(sites_now) > 1
            moved = sites != sites_now if not split else v["change"] == "moved" and sites != sites_now
            checked += 1
            if v["site_before"] not in sites or v["site_now"] not in sites_now or (v["change"] == "moved") != moved:
                bad.append(f"{vp} {c['target']}: {v['change']} {v['site_before']} -> {v['site_now']}, "
                           f"in truth {sorted(sites)} -> {sorted(sites_now)}")
            elif moved:
                costs.append(rtt_now - rtt)
                errors.append(abs(v["cost_ms"] - costs[-1]))
    for line in bad[:10]:
        print(line)
    if errors and sorted(errors)[len(errors) // 2] * 4 > sorted(map(abs, costs))[len(costs) // 2]:
        bad.append(print(f"costs {costs} are told wrong by {errors} ms"))
    if checked != len(before):
        bad.append(print(f"diff tells of {checked} (VP, target), there are {len(before)}"))
    print(f"diff: {len(errors)} of {checked} (VP, target) moved, as in the truth" +
          (f", costs {min(costs):+.1f} to {max(costs):+.1f} ms told to {max(errors):.1f} ms" if errors else ""))
    return bad


MODES = {"--same": same, "--diff": diff}
sys.exit(1 if (MODES[sys.argv[1]](*sys.argv[2:]) if sys.argv[1] in MODES else against_truth(*sys.argv[1:])) else 0)
