"""The lab's truth as CSV: what kdig and curl are told, and DESIGN's files filled as far as a lab knows them."""
import csv
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .walk import Walk

VANTAGE = "vp lat lon accuracy_km city country asn weight address location_source".split()
TARGETS = "target service operators kind probes port baseline source".split()
SITES = ("target service verdict site city country lat lon radius_km method confidence vps weight_share identities "
         "rtt_min_ms evidence").split()
CATCHMENT = ("target service vp site method confidence city country lat lon identity rtt_min_ms rtt_median_ms sent "
             "received flows sites_seen distance_km nearest_site nearest_km vp_lat vp_lon vp_asn vp_country weight "
             "state site_share flips chances answered rtt_probe rules first last path").split()

ECHO = pathlib.Path(__file__).with_name("echo.py")
ECHOES = 50
ECHO_INTERVAL_MS = 20


def write(stream, columns, rows):
    out = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


def vantage(topology):
    for vp in topology.kind("vp"):
        yield {"vp": vp.name, "lat": vp.place.lat, "lon": vp.place.lon, "accuracy_km": 0, "city": vp.place.city,
               "country": vp.place.country, "asn": vp.asn, "weight": vp.row["weight"], "address": vp.addresses[0],
               "location_source": "lab"}


def targets(topology):
    for s, address in topology.targets():
        yield {"target": address, "service": f"{s['service']}.lab.example", "operators": "lab", "kind": "other",
               "probes": s["probes"], "port": s["port"], "source": "lab"}


def sites(topology):
    for s, address in topology.targets():
        for site in topology.kind("site"):
            if site.row["service"] == s["service"]:
                yield {"target": address, "service": f"{s['service']}.lab.example", "verdict": s["verdict"],
                       "site": site.place.code, "city": site.place.city, "country": site.place.country,
                       "lat": site.place.lat, "lon": site.place.lon, "identities": topology.identity(site)}


def catchment(topology):
    """By the routing tables. A VP that ECMP splits has no one site: sites_seen says which."""
    walk = Walk(topology)
    for s, address in topology.targets():
        reached = {vp: walk.round_trips(vp, address) for vp in topology.kind("vp")}
        alive = {trip[0] for trips in reached.values() for trip in trips}
        for vp, trips in reached.items():
            row = {"target": address, "service": f"{s['service']}.lab.example", "vp": vp.name,
                   "vp_lat": vp.place.lat, "vp_lon": vp.place.lon, "vp_asn": vp.asn, "vp_country": vp.place.country,
                   "weight": vp.row["weight"], "state": "site" if trips else "silent",
                   "sites_seen": "|".join(sorted({t[0].place.code for t in trips})),
                   "identity": "|".join(sorted({topology.identity(t[0]) for t in trips})),
                   "path": "|".join(" ".join(n.name for n in t[2].nodes) for t in trips)}
            if trips:
                nearest = min(alive, key=lambda site: vp.place.km_to(site.place))
                row |= {"nearest_site": nearest.place.code, "nearest_km": f"{vp.place.km_to(nearest.place):.1f}",
                        "rtt_min_ms": f"{min(t[1] for t in trips):.6f}"}
            if len(trips) == 1:
                place = trips[0][0].place
                row |= {"site": place.code, "city": place.city, "country": place.country, "lat": place.lat,
                        "lon": place.lon, "distance_km": f"{vp.place.km_to(place):.1f}"}
            yield row


def _ask_dns(vp, address, flows):
    """NSIDs of as many queries, each from a port of its own. IN and not CHAOS: BIND limits the rate of that."""
    query = [f"@{address}", "+nsid", "+timeout=2", "+retry=2", ".", "SOA"]
    out = subprocess.run(["ip", "netns", "exec", vp.name, "kdig", *query * flows], capture_output=True, text=True).stdout
    return set(re.findall(r';; NSID: .*"(.*)"', out))


def _ask_http(vp, address, flows):
    url = f"http://[{address}]/" if ":" in address else f"http://{address}/"
    out = subprocess.run(["ip", "netns", "exec", vp.name, "curl", "-s", "-m", "5", *[url] * flows],
                         capture_output=True, text=True).stdout
    return set(out.split())


def asked(topology):
    """Which site answers each VP, asked. Several rows when flows are split, one with an empty identity for silence."""
    jobs = [(vp, s, address) for vp in topology.kind("vp") for s, address in topology.targets()]

    def ask(job):
        vp, s, address = job
        return (_ask_dns if "dns" in s["probes"] else _ask_http)(vp, address, int(s["flows"]))

    with ThreadPoolExecutor(24) as pool:
        for (vp, _, address), identities in zip(jobs, pool.map(ask, jobs)):
            for identity in sorted(identities) or [""]:
                yield {"vp": vp.name, "target": address, "identity": identity}


def echo_errors_us(topology):
    """[(VP, address, echoes sent, [RTT minus truth])], to both addresses of the first service."""
    walk = Walk(topology)
    jobs = []
    for vp in topology.kind("vp"):
        for _, address in topology.targets()[:2]:
            trips = walk.round_trips(vp, address)
            if trips:
                jobs.append((vp, address, trips[0][1]))

    def measure(job):
        vp, address, truth_ms = job
        out = subprocess.run(["ip", "netns", "exec", vp.name, sys.executable, ECHO, address, str(ECHOES),
                              str(ECHO_INTERVAL_MS)], capture_output=True, text=True, check=True).stdout
        return vp.name, address, ECHOES, [int(ns) / 1e3 - truth_ms * 1e3 for ns in out.split()]

    with ThreadPoolExecutor(len(topology.kind("vp"))) as pool:
        return list(pool.map(measure, jobs))
