#!/usr/bin/env python3
"""Makes runs as `catchmap infer` leaves them, for the page's tests: make_run.py FOLDER VPS SITES [--seed N] [--targets N] [--hostile] [--no-base].

FOLDER/now, FOLDER/before and FOLDER/base get vantage.csv, sites.csv, catchment.csv, trust.csv; now also a meta.json for
each of the first 500 vantage points. Between base and before little moves by itself; between before and now one site is withdrawn.
"""
import argparse
import csv
import heapq
import json
import math
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = os.path.join(HERE, "..", "..", "..", "targets", "places.csv")
HOSTILE = "</script><img src=x onerror=document.title='broken'>"
ODD = "".join("\\%03d" % (1 + i % 31 if i % 3 else 127 + i % 128) for i in range(255))
SITES = ("target service verdict site city country lat lon radius_km method confidence vps weight_share identities "
         "rtt_min_ms evidence").split()
CATCHMENT = ("target service vp site method confidence city country lat lon identity rtt_min_ms rtt_median_ms sent received "
             "flows sites_seen distance_km nearest_site nearest_km vp_lat vp_lon vp_asn vp_country weight state site_share "
             "flips chances answered rtt_probe rules first last").split()
VANTAGE = "vp lat lon accuracy_km city country asn weight address location_source".split()


def km(a, b):
    x, y, u, v = (math.radians(d) for d in (a["lat"], a["lon"], b["lat"], b["lon"]))
    h = math.sin((u - x) / 2) ** 2 + math.cos(x) * math.cos(u) * math.sin((v - y) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1, math.sqrt(h)))


def places():
    """Towns, and airports by the town's name, largest first."""
    towns, codes = [], {}
    with open(PLACES, encoding="utf-8") as f:
        for row in csv.DictReader(f):
            row["lat"], row["lon"] = float(row["lat"]), float(row["lon"])
            if row["kind"] == "city":
                row["population"] = int(row["population"] or 0)
                towns.append(row)
            elif row["kind"] == "airport":
                codes.setdefault((row["name"], row["country"]), row["code"])
    towns.sort(key=lambda t: -t["population"])
    return towns, codes


def choose_sites(towns, codes, n):
    """The n largest towns with a code that are not near each other."""
    chosen, apart = [], 400 if n < 60 else 60
    for town in towns:
        code = codes.get((town["name"], town["country"]))
        if len(chosen) < n and code and not any(km(town, s) <= apart for s in chosen):
            chosen.append(dict(town, code=code))
    return chosen


def vector(p):
    lat, lon = math.radians(p["lat"]), math.radians(p["lon"])
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def nearest(sites, vp):
    x, y, z = vector(vp)
    near = [(-x * u - y * v - z * w, i) for i, (u, v, w) in enumerate(s["vector"] for s in sites)]
    return [i for _, i in heapq.nsmallest(4, near)]


class World:
    def __init__(self, args):
        self.dice = random.Random(args.seed)
        towns, codes = places()
        self.sites = choose_sites(towns, codes, args.sites)
        for i, site in enumerate(self.sites):
            site["key"], site["vector"] = site["code"], vector(site)
        if args.hostile:
            self.sites[0]["key"] = HOSTILE
            self.sites[0]["city"] = "<b>Town</b> & \u2028 co"
            self.sites[1]["key"] = ODD
        weights = [math.sqrt(t["population"] + 1) * (3 if -12 < t["lon"] < 30 and t["lat"] > 35 else 1) for t in towns[:6000]]
        self.vps = []
        for i, t in enumerate(self.dice.choices(towns[:6000], weights, k=args.vps)):
            self.vps.append(dict(t, vp="vp%05d" % (i + 1), lat=t["lat"] + self.dice.gauss(0, 0.15),
                                 lon=max(-179.9, min(179.9, t["lon"] + self.dice.gauss(0, 0.15))),
                                 asn=64496 + int(self.dice.expovariate(1 / (4 + args.vps / 12))), roll=self.dice.random(),
                                 detour=self.dice.random(), last_mile=self.dice.expovariate(1 / 3.0)))
        for vp in self.vps:
            vp["order"] = nearest(self.sites, vp)
        # What most vantage points use: the one that is withdrawn.
        use = [self.best(vp, set()) for vp in self.vps]
        self.gone = max(set(use), key=use.count) if len(self.sites) > 1 else None

    def best(self, vp, without):
        """Topology strays from geography: a third goes to the second or third nearest, a few far away."""
        order = [s for s in vp["order"] if s not in without] or [0]
        if vp["roll"] < 0.04:
            far = (vp["asn"] * 7) % len(self.sites)
            return order[0] if far in without else far
        rank = 0 if vp["roll"] < 0.66 else 1 if vp["roll"] < 0.88 else 2
        return order[min(rank, len(order) - 1)]

    def state(self, vp):
        if len(self.vps) < 5:
            return "site"
        n = int(vp["vp"][2:])
        return {17: "silent", 31: "no-site", 43: "excluded", 59: "unmeasured"}.get(n % 97, "site")


def write(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, columns, lineterminator="\n", restval="")
        out.writeheader()
        out.writerows(rows)


def catchment(world, target, when, without, churn):
    rows, dice = [], random.Random("%s %s" % (target, when))
    seen = {world.best(vp, without) for vp in world.vps if world.state(vp) == "site"}
    for vp in world.vps:
        state = world.state(vp)
        at = world.best(vp, without)
        if dice.random() < churn:
            at = next((s for s in vp["order"] if s != at and s in seen), at)
        site = world.sites[at]
        far = km(vp, site)
        rtt = far / 100 * (1.15 + vp["detour"] * 0.6) + vp["last_mile"] + dice.random()
        row = {"target": target, "service": "anycast.example", "vp": vp["vp"], "state": state, "vp_lat": "%.4f" % vp["lat"],
               "vp_lon": "%.4f" % vp["lon"], "vp_asn": vp["asn"], "vp_country": vp["country"], "weight": "1.000000",
               "sent": 0 if state == "unmeasured" else 12, "received": 0, "flows": 1, "sites_seen": 0, "flips": 0, "chances": 0,
               "answered": 0, "first": when, "last": when[:11] + "18:10:00Z"}
        if state in ("site", "no-site", "excluded"):
            lost = dice.choice([0] * 8 + [1, 3])
            row.update(received=12 - lost, rtt_min_ms="%.6f" % rtt, rtt_median_ms="%.6f" % (rtt + dice.expovariate(0.5)),
                       rtt_probe="dns", answered=4, chances=3, sites_seen=1)
            row["identity"] = "resolver.hotel.example" if state == "no-site" else "ns%d.%s" % (1 + int(vp["roll"] * 3),
                                                                                            site["key"][:60].lower())
        if state == "site":
            near = world.sites[next(s for s in vp["order"] + [at] if s in seen)]
            row.update(site=site["key"], method="identity", confidence="high", city=site.get("city", site["name"]),
                       country=site["country"], lat="%.4f" % site["lat"], lon="%.4f" % site["lon"],
                       distance_km="%.1f" % far, nearest_site=near["key"], nearest_km="%.1f" % km(vp, near),
                       site_share="0.750000" if vp["roll"] > 0.985 else "1.000000", flips=1 if vp["roll"] > 0.985 else 0,
                       sites_seen=2 if vp["roll"] > 0.985 else 1, rules="example-iata")
        rows.append(row)
    return rows


def site_rows(world, target, rows):
    out, total = [], sum(r["state"] == "site" for r in rows) or 1
    for site in world.sites:
        here = [r for r in rows if r.get("site") == site["key"]]
        if here:
            out.append({"target": target, "service": "anycast.example", "verdict": "anycast" if len(world.sites) > 1 else "unicast",
                        "site": site["key"], "city": site.get("city", site["name"]), "country": site["country"],
                        "lat": "%.4f" % site["lat"], "lon": "%.4f" % site["lon"], "radius_km": "20.0", "method": "identity",
                        "confidence": "high", "vps": len(here), "weight_share": "%.6f" % (len(here) / total),
                        "identities": "|".join(sorted({r["identity"] for r in here})[:4]),
                        "rtt_min_ms": min((r["rtt_min_ms"] for r in here), key=float), "evidence": "identity"})
    return out


def meta(vp, when):
    n = int(vp["vp"][2:])
    dropped = 37 if n % 89 == 5 else 0
    return {"version": "0.1.0", "vp": vp["vp"], "start": when, "end": None if n % 500 == 101 else when[:11] + "18:10:00Z",
            "probes": "dns,icmp", "question": "id.server", "stamps": "kernel",
            "clock": {"synchronized": n % 120 != 7, "steps": 1 if n % 300 == 9 else 0},
            "counts": {"sent": 12, "rows": 12, "captured": 24, "dropped": dropped, "ifdropped": 0, "late": 0, "unmatched": 1},
            "ended": "" if n % 500 == 101 else "done"}


def write_run(world, args, name, day, without, churn):
    folder, when = os.path.join(args.folder, name), "2026-11-%02dT18:00:00Z" % day
    os.makedirs(folder, exist_ok=True)
    sites, rows = [], []
    for i in range(args.targets):
        target = "192.0.2.%d" % (53 + i)
        mine = catchment(world, target, when, without if i == 0 else set(), churn)
        rows += mine
        sites += site_rows(world, target, mine)
    write(os.path.join(folder, "catchment.csv"), CATCHMENT, rows)
    write(os.path.join(folder, "sites.csv"), SITES, sites)
    write(os.path.join(folder, "vantage.csv"), VANTAGE,
          [{"vp": v["vp"], "lat": "%.4f" % v["lat"], "lon": "%.4f" % v["lon"], "accuracy_km": 25, "city": v["name"],
            "country": v["country"], "asn": v["asn"], "weight": 1, "location_source": "option"} for v in world.vps])
    write(os.path.join(folder, "trust.csv"), ["vp", "trusted", "reason", "conflicts", "targets"],
          [{"vp": v["vp"], "trusted": "no" if world.state(v) == "excluded" else "yes",
            "reason": "its place contradicts 4 of 5 targets" if world.state(v) == "excluded" else "",
            "conflicts": 4 if world.state(v) == "excluded" else 0, "targets": 5} for v in world.vps])
    for vp in world.vps[:500] if name == "now" else []:
        with open(os.path.join(folder, vp["vp"] + ".meta.json"), "w", encoding="utf-8") as f:
            json.dump(meta(vp, when), f)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("folder")
    p.add_argument("vps", type=int)
    p.add_argument("sites", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--targets", type=int, default=1)
    p.add_argument("--hostile", action="store_true")
    p.add_argument("--no-base", action="store_true")
    args = p.parse_args()
    world = World(args)
    if not args.no_base:
        write_run(world, args, "base", 20, set(), 0.02)
    write_run(world, args, "before", 21, set(), 0.02)
    write_run(world, args, "now", 22, {world.gone} - {None}, 0.02)


main()
