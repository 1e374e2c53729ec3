"""What `infer` made of a lab's run, against the lab's truth.

    infer_compare.py exact RUN TRUTH [SERVICE=STATE...]   states, sites and places by name; STATE instead of the truth's
    infer_compare.py latency RUN TRUTH                    with identities switched off: what latency alone proves
    infer_compare.py blank RUN OUT                        the same rows without identities, and vantage.csv
"""
import collections
import csv
import gzip
import math
import pathlib
import re
import shutil
import sys

CODE = re.compile(r"^ns\d*\.([a-z]{3})\d*\.")


def table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def code(identity):
    m = CODE.match(identity)
    return m.group(1) if m else None


def km(a, b):
    lat_a, lon_a, lat_b, lon_b = (math.radians(float(x[k])) for x in (a, b) for k in ("lat", "lon"))
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371 * math.asin(min(1, math.sqrt(h)))


def rows_by_key(run, truth_path):
    """The truth's rows of targets that were probed, with infer's row of each."""
    got = {(r["vp"], r["target"]): r for r in table(f"{run}/catchment.csv")}
    probed = {t for _, t in got}
    truth = [t for t in table(truth_path) if t["target"] in probed]
    missing = [(t["vp"], t["target"]) for t in truth if t["state"] != "unmeasured" and (t["vp"], t["target"]) not in got]
    if missing:
        sys.exit(f"no row of {missing[:5]}")
    return [(t, got[t["vp"], t["target"]]) for t in truth if (t["vp"], t["target"]) in got]


def exact(run, truth_path, *states):
    instead, bad, seen = dict(s.split("=") for s in states), [], collections.defaultdict(set)
    pairs = rows_by_key(run, truth_path)
    for t, r in pairs:
        state = instead.get(t["service"], t["state"])
        may = {code(i) for i in t["identity"].split("|")}
        if r["state"] != state:
            bad.append(f"{t['vp']} {t['target']} ({t['service']}): {r['state']}, not {state}")
        elif state == "site" and r["site"] not in may:
            bad.append(f"{t['vp']} {t['target']} ({t['service']}): {r['site']}, not {sorted(may)}")
        elif state == "site":
            seen[t["target"]].add(r["site"])
            if len(may) == 1 and t["lat"] and km(t, r) > 100:
                bad.append(f"{t['vp']} {t['target']}: {r['city']} is {km(t, r):.0f} km from the site")
    rows = collections.defaultdict(list)
    for s in table(f"{run}/sites.csv"):
        rows[s["target"]] += [s] if s["weight_share"] else []
    for target in {t["target"] for t, _ in pairs}:
        sites = rows[target]
        serving = {s["site"] for s in sites if s["vps"] != "0"}
        if serving != seen[target]:
            bad.append(f"{target}: sites {sorted(serving)}, should be {sorted(seen[target])}")
        if sites and (sites[0]["verdict"] == "anycast") != (len(sites) > 1):
            bad.append(f"{target}: {sites[0]['verdict']} with {len(sites)} sites: {sites[0]['evidence']}")
    print("\n".join(bad[:10]) or f"{len(pairs)} states, {sum(map(len, seen.values()))} sites as in the truth")
    return bad


def latency(run, truth_path):
    true, found, verdicts, bad = collections.defaultdict(dict), collections.Counter(), {}, []
    for t, _ in rows_by_key(run, truth_path):
        if t["state"] == "site" and t["lat"]:
            true[t["target"]][t["site"]] = t
    sites = table(f"{run}/sites.csv")
    for s in sites:
        verdicts[s["target"]] = s["verdict"]
    for target, places in true.items():
        mine = [s for s in sites if s["target"] == target and s["lat"]]
        if len(places) == 1 and verdicts[target] == "anycast":
            bad.append(f"{target} has one site, yet is called anycast: {mine[0]['evidence']}")
        found["anycast"] += len(places) > 1
        found["proven"] += len(places) > 1 and verdicts[target] == "anycast"
        found["unicast"] += len(places) == 1
        found["sites"] += len(places)
        found["near"] += sum(any(km(s, p) <= 100 for s in mine) for p in places.values())
        found["placed"] += len(mine)
    print("\n".join(bad[:10]) or f"{found['proven']} of {found['anycast']} anycast, 0 of {found['unicast']} unicast called anycast, "
          f"{found['near']} of {found['sites']} sites among {found['placed']} placed")
    return bad


def blank(run, out):
    run, out = pathlib.Path(run), pathlib.Path(out)
    out.mkdir()
    shutil.copy(run / "vantage.csv", out)
    for path in run.glob("*.probes.csv"):
        rows = table(path)
        with gzip.open(out / f"{path.name}.gz", "wt", newline="", encoding="utf-8") as f:
            w = csv.DictWriter(f, rows[0])
            w.writeheader()
            w.writerows(dict(r, nsid="", txt="") for r in rows)


sys.exit(1 if {"exact": exact, "latency": latency, "blank": blank}[sys.argv[1]](*sys.argv[2:]) else 0)
