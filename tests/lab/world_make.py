#!/usr/bin/env python3
"""Makes a large world for tests/lab/world: FOLDER/places.csv and FOLDER/served.csv, the same for the same seed."""
import argparse
import csv
import ipaddress
import math
import pathlib
import random

CITIES = pathlib.Path(__file__).with_name("world_cities.csv")
VPS4, VPS6 = ipaddress.ip_address("198.18.1.0"), ipaddress.ip_address("2001:db8:1::")
TARGETS4 = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
TARGETS6 = ipaddress.ip_address("2001:db8:53::")
FIRST_ASN = 4200000000
KM_PER_DEGREE = 111.2
VP_SPREAD_KM = 40
# Where routing sends a VP, counted from the nearest site: about a third of VPs do not get there.
RANK_WEIGHTS = (66, 14, 8, 6, 4, 2)


def distance_km(a, b):
    lat_a, lat_b = math.radians(a["lat"]), math.radians(b["lat"])
    dlon = math.radians(b["lon"] - a["lon"])
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(dlon / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1, math.sqrt(h)))


def read_cities():
    with open(CITIES, newline="", encoding="utf-8") as f:
        return [dict(r, lat=float(r["lat"]), lon=float(r["lon"])) for r in csv.DictReader(f)]


def make_sites(rng, cities, n):
    """One site a city, then second ones."""
    sites = []
    while len(sites) < n:
        number = len(sites) // len(cities) + 1
        for city in rng.sample(cities, min(len(cities), n - len(sites))):
            name = f"{city['code']}{number}"
            sites.append(dict(city, kind="site", id=name, identity=f"ns.{name}.example"))
    return sites


def make_vps(rng, cities, n):
    vps = []
    for i in range(n):
        city = rng.choice(cities)
        north, east = rng.gauss(0, VP_SPREAD_KM / 2), rng.gauss(0, VP_SPREAD_KM / 2)
        vps.append(dict(
            city, kind="vp", id=f"vp{i + 1:04}", asn=FIRST_ASN + rng.randrange(max(1, n // 3)),
            lat=round(max(-89, min(89, city["lat"] + north / KM_PER_DEGREE)), 4),
            lon=round(city["lon"] + east / KM_PER_DEGREE / math.cos(math.radians(city["lat"])), 4),
            v4=str(VPS4 + i + 1), v6=str(VPS6 + i + 1),
            last_mile_ms=round(min(10, 1 + rng.expovariate(1 / 2.0)), 3)))
    return vps


def target_addresses(i):
    return TARGETS4[i // 254][i % 254 + 1], TARGETS6 + i + 1


def make_served(rng, vps, sites, services):
    """Each service is announced at some of the sites, from one (unicast) to all."""
    km = [[distance_km(v, s) for s in sites] for v in vps]
    for i in range(services):
        n = min(len(sites), rng.choice((1, 2, 5, 10, 20, 50, len(sites))))
        chosen = rng.sample(range(len(sites)), n)
        for address in target_addresses(i):
            for v, vp in enumerate(vps):
                near = sorted(chosen, key=km[v].__getitem__)[:len(RANK_WEIGHTS)]
                site = rng.choices(near, RANK_WEIGHTS[:len(near)])[0]
                yield address, f"svc{i + 1:03}", vp["id"], sites[site]["id"]


def main():
    p = argparse.ArgumentParser(prog="tests/lab/world make", description=__doc__)
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--vps", type=int, default=1000)
    p.add_argument("--services", type=int, default=100, help="each has an IPv4 and an IPv6 target (%(default)s)")
    p.add_argument("--sites", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    if not (0 < a.vps <= 60000 and 0 < a.services <= 254 * len(TARGETS4) and 0 < a.sites <= 10000):
        p.error("1 to 60000 VPs, 1 to 762 services, 1 to 10000 sites")
    rng = random.Random(a.seed)
    cities = read_cities()
    sites, vps = make_sites(rng, cities, a.sites), make_vps(rng, cities, a.vps)
    a.folder.mkdir(parents=True, exist_ok=True)
    with open(a.folder / "places.csv", "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, ["kind", "id", "lat", "lon", "city", "country", "asn", "v4", "v6", "last_mile_ms", "identity"],
                           extrasaction="ignore", lineterminator="\n")
        w.writeheader()
        w.writerows(sites + vps)
    with open(a.folder / "served.csv", "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(("target", "service", "vp", "site"))
        w.writerows(make_served(rng, vps, sites, a.services))


if __name__ == "__main__":
    main()
