#!/usr/bin/env python3
"""What became of each vantage point between two runs, from their rows with the sites that `decode` found.

strings ROWS            the rows as decode -f wants them: target, probe_type and raw_string beside what the states need
compare OLD NEW         both as decode gave them; a JSON of how many stayed, moved, ...
"""
import csv
import json
import sys


def strings(path):
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["vp", "target", "probe_type", "raw_string", "flow", "outcome", "rcode", "dns_flags"])
    with open(path, newline="") as f:
        for r in csv.DictReader(f):
            if r["probe"] == "dns":
                source, text = ("nsid", r["nsid"]) if r["nsid"] else (r["question"], r["txt"])
                out.writerow([r["vp"], r["target"], source, text, r["flow"], r["outcome"], r["rcode"], r["dns_flags"]])


def states(path):
    """vp -> (state, site or what else is known)"""
    out = {}
    with open(path, newline="") as f:
        for r in csv.DictReader(f):
            assert r["flow"] == "0" and r["vp"] not in out, r
            if r["outcome"] == "reply" and r["rcode"] == "0" and r["site"]:
                out[r["vp"]] = ("site", r["site"])
            elif r["outcome"] == "reply":
                out[r["vp"]] = ("no-site", f"rcode {r['rcode']} {r['dns_flags']}")
            else:
                out[r["vp"]] = ("unmeasured" if r["outcome"] == "send-error" else "silent", r["outcome"])
    return out


def compare(old_path, new_path):
    old, new = states(old_path), states(new_path)
    both = sorted(old.keys() & new.keys(), key=int)
    of = lambda a, b: [v for v in both if old[v][0] == a and new[v][0] == b]
    sited = of("site", "site")
    print(json.dumps({
        "probes": len(both),
        "same": sum(old[v] == new[v] for v in sited),
        "moved": [f"{v} {old[v][1]}-{new[v][1]}" for v in sited if old[v] != new[v]],
        "lost": [f"{v} {new[v][1]}" for v in of("site", "silent")],
        "no_site": sorted(old[v][1] for v in of("no-site", "no-site") if old[v] == new[v]),
        "unmeasured": len(of("unmeasured", "unmeasured")),
    }))


if __name__ == "__main__":
    {"strings": strings, "compare": compare}[sys.argv[1]](*sys.argv[2:])
