#!/usr/bin/env python3
"""Writes a run to measure `infer` by: RUN/vantage.csv and a file of rows for each vantage point, zstd -1 if --zst.

usage: infer_rows.py RUN VPS TARGETS ROUNDS [--zst]

Targets have 1 to 20 sites among the cities of the lab; a vantage point is served by the nearest but for a third of them."""
import csv
import ipaddress
import math
import os
import pathlib
import random
import subprocess
import sys

HEADER = ("vp,target,probe,question,round,seq,attempt,flow,src_addr,src_port,dst_port,tx_time_ns,outcome,rtt_ms,stamp,replies,"
          "reply_from,reply_ttl,icmp,rcode,dns_flags,edns,nsid,txt,extra\n")
CITIES = pathlib.Path(__file__).parent.parent / "lab" / "world_cities.csv"


def km(a, b):
    lat_a, lat_b, dlon = map(math.radians, (a[0], b[0], b[1] - a[1]))
    return 6371 * math.acos(max(-1, min(1, math.sin(lat_a) * math.sin(lat_b) + math.cos(lat_a) * math.cos(lat_b) * math.cos(dlon))))


def write(run, vp, place, last_mile, targets, rounds, seed, zst):
    rng = random.Random(seed * 1000003 + vp)
    name = f"vp{vp:05}"
    path = run / f"{name}.probes.csv"
    served = []
    for address, sites in targets:
        near = sorted(sites, key=lambda s: km(place, s[0]))
        site = near[0] if len(near) == 1 or rng.random() < 0.66 else near[rng.randrange(min(4, len(near)))]
        served.append((address, last_mile + km(place, site[0]) / 71, site[1]))
    out = subprocess.Popen(["zstd", "-q", "-1", "-f", "-o", f"{path}.zst"], stdin=subprocess.PIPE) if zst else None
    with (out.stdin if out else open(path, "wb")) as f:
        f.write(HEADER.encode())
        for r in range(rounds):
            t = 1764000000 * 10**9 + r * 600 * 10**9
            jitter = [rng.expovariate(1) for _ in range(64)]
            f.write("".join(
                f"{name},{a},dns,id.server,{r},{r},1,0,203.0.113.9,33000,53,{t + i * 10**6},reply,{rtt + jitter[i % 64]:.6f},kernel,1,"
                f"{a},55,,0,aa|nsid,1232/0,{who},{who},\n" for i, (a, rtt, who) in enumerate(served)).encode())
    if out:
        out.wait()


def main():
    run, vps, n_targets, rounds = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])
    rng = random.Random(1)
    with open(CITIES, newline="", encoding="utf-8") as f:
        cities = [((float(r["lat"]), float(r["lon"])), r["code"], r["city"], r["country"]) for r in csv.DictReader(f)]
    first = ipaddress.ip_address("198.18.0.1")
    targets = []
    for i in range(n_targets):
        sites = [(c[0], f"ns.{c[1]}1.example") for c in rng.sample(cities, rng.choice((1, 1, 2, 5, 10, 20)))]
        targets.append((str(first + i), sites))
    run.mkdir(parents=True)
    with open(run / "vantage.csv", "w", encoding="utf-8") as f:
        f.write("vp,lat,lon,accuracy_km,city,country,asn,weight\n")
        for vp in range(vps):
            (lat, lon), _, city, country = rng.choice(cities)
            lat, lon = max(-89, min(89, lat + rng.gauss(0, 0.2))), lon + rng.gauss(0, 0.2)
            f.write(f"vp{vp:05},{lat:.4f},{lon:.4f},5,\"{city}\",{country},{64500 + vp % 500},1\n")
            write(run, vp, (lat, lon), 1 + rng.expovariate(0.5), targets, rounds, 1, "--zst" in sys.argv)


main()
