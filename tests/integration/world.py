"""A small world with every trouble there is, and what catchmap must make of each, for lab_world.sh.

    world.py make FOLDER [FIRST]     places.csv, served.csv and targets.csv (FIRST: only services that begin so)
    world.py check FOLDER RUN        the rows of RUN against FOLDER's catchment.csv (the truth) and the troubles
    world.py flows RUN/VP            the rows for a target with equal paths to four sites
    world.py churn WORLD FOLDER      what the truth says of runs 0 to 3
"""
import collections
import csv
import math
import pathlib
import subprocess
import sys
import tempfile

import rows as run_rows

PLACES = """kind,id,lat,lon,city,country,asn,v4,v6,last_mile_ms,identity
site,fra1,50.116,8.684,Frankfurt,DE,,,,,ns.fra1.example
site,iad1,38.95,-77.45,Washington,US,,,,,ns.iad1.example
site,syd1,-33.868,151.207,Sydney,AU,,,,,ns.syd1.example
site,nrt1,35.69,139.692,Tokyo,JP,,,,,ns.nrt1.example
vp,ams,52.374,4.89,Amsterdam,NL,64500,198.18.1.1,2001:db8:1::1,2.5,
vp,nyc,40.714,-74.006,New York,US,64501,198.18.1.2,2001:db8:1::2,1,
vp,akl,-36.848,174.763,Auckland,NZ,64502,198.18.1.3,2001:db8:1::3,8,
"""
SERVED = {"ams": "fra1", "nyc": "iad1", "akl": "syd1"}
COLUMNS = ("target", "service", "vp", "site", "loss", "jitter_ms", "extra_ms", "other", "flip_s", "churn", "chaos_limit",
           "intercept", "intercept_ms", "identity", "hostile", "error", "silent")
ERRORS = {"no-route": ("3/0", "1/0"), "host-unreachable": ("3/1", "1/3"), "port-unreachable": ("3/3", "1/4"),
          "admin-prohibited": ("3/13", "1/1"), "ttl-exceeded": ("11/0", "3/0")}
CONTROL = b"a\0\n\r\x1b[31m\",\\\x7f\x80\xff "


def want(holds, text):
    if not holds:
        run_rows.fail(text)


class Pair:
    """One VP's rows for one target."""

    def __init__(self, truth, rows):
        self.truth, self.rows = truth, rows
        self.name = f"{truth['vp']} to {truth['target']} ({truth['service']})"

    def of(self, *kinds):
        return [r for r in self.rows if r["probe"] in kinds]

    def outcomes(self, *kinds):
        return collections.Counter(r["outcome"] for r in self.of(*kinds))

    def all_are(self, outcome, *kinds):
        want(set(self.outcomes(*kinds)) == {outcome}, f"{self.name}: {kinds}: {dict(self.outcomes(*kinds))}, not {outcome}")

    def nsids(self):
        return [r["nsid"] for r in sorted(self.of("dns"), key=lambda r: int(r["tx_time_ns"]))
                if r["outcome"] in ("reply", "late")]

    def rtts(self, *kinds):
        return [float(r["rtt_ms"]) for r in self.of(*kinds) if r["rtt_ms"]]


def answered(p):
    p.all_are("reply", "dns", "icmp", "tcp")


def lossy(p):
    n = p.outcomes("dns", "icmp", "tcp")
    want(set(n) == {"reply", "timeout"}, f"{p.name}: half is lost, yet {dict(n)}")


def spread(p):
    answered(p)
    rtts = p.rtts("dns", "icmp", "tcp")
    want(max(rtts) - min(rtts) > 2, f"{p.name}: jitter of 20 ms, yet RTTs from {min(rtts)} to {max(rtts)} ms")


def flips(p):
    answered(p)
    seen = [n for i, n in enumerate(p.nsids()) if i == 0 or n != p.nsids()[i - 1]]
    want(seen == [p.truth["identity"], "ns.nrt1.example"], f"{p.name}: identities over time {seen}")


def intercepted(p):
    answered(p)
    want(set(p.nsids()) == {p.truth["identity"]} and p.truth["state"] == "excluded", f"{p.name}: {p.nsids()}")
    want(min(p.rtts("dns")) < min(p.rtts("icmp", "tcp")), f"{p.name}: the interceptor is not nearer than the target")
    want(all(r["dns_flags"].split("|")[0] == "ra" for r in p.of("dns")), f"{p.name}: the interceptor is authoritative")


def refused_as_bad(p):
    n = p.outcomes("dns")
    want(set(n) <= {"bad-reply", "timeout"}, f"{p.name}: a spoilt answer became {dict(n)}")
    p.all_are("reply", "icmp", "tcp")


def bad(p):
    refused_as_bad(p)
    want(p.outcomes("dns")["bad-reply"] > 0, f"{p.name}: no bad-reply: {dict(p.outcomes('dns'))}")


def twice(p):
    answered(p)
    want(all(int(r["replies"]) == 2 for r in p.of("dns")), f"{p.name}: replies {[r['replies'] for r in p.of('dns')]}")


def two_answers(p):
    twice(p)
    want(all("other-operator" in r["extra"] for r in p.of("dns")), f"{p.name}: the second answer is not told")


def control_bytes(p):
    answered(p)
    want({run_rows.unescape(n) for n in p.nsids()} == {CONTROL}, f"{p.name}: {p.nsids()}")


def icmp_error(p):
    p.all_are("icmp-error", "dns", "icmp", "tcp")
    expected = ERRORS[p.truth["service"].removeprefix("error-")][":" in p.truth["target"]]
    want({r["icmp"] for r in p.rows} == {expected}, f"{p.name}: ICMP {set(r['icmp'] for r in p.rows)}, not {expected}")


def silent(p):
    p.all_are("timeout", "dns", "icmp", "tcp")


def silent_dns(p):
    p.all_are("timeout", "dns")
    p.all_are("reply", "icmp", "tcp")


def late(p):
    p.all_are("late", "dns", "icmp", "tcp")


TROUBLES = {
    "clean": ({}, answered),
    "loss": ({"loss": 0.5}, lossy),
    "jitter": ({"jitter_ms": 20}, spread),
    "split": ({"site": "fra1|iad1|syd1|nrt1"}, answered),
    "flip": ({"other": "nrt1", "flip_s": 2}, flips),
    "chaos": ({"chaos_limit": 1}, None),
    "churn": ({"other": "nrt1", "churn": 0.5}, answered),
    "intercept": ({"intercept": "res1.other.example", "intercept_ms": 0.5}, intercepted),
    "identity": ({"identity": "ns.wrong.example"}, answered),
    "silent": ({"silent": "dns|icmp|tcp"}, silent),
    "silent-dns": ({"silent": "dns"}, silent_dns),
    "late": ({"extra_ms": 2500}, late),
} | {f"error-{e}": ({"error": e}, icmp_error) for e in ERRORS} | {
    f"hostile-{kind}": ({"hostile": kind}, check) for kind, check in {
        "truncated": bad, "empty": refused_as_bad, "random": bad, "wrong-case": bad, "wrong-cookie": bad, "rdlength-past-end": bad,
        "wrong-id": refused_as_bad, "wrong-port": refused_as_bad, "wrong-address": refused_as_bad,
        "loop": answered, "rdlength-0": answered, "flood": answered, "duplicate": twice, "two-answers": two_answers,
        "control-bytes": control_bytes}.items()}


def make(folder, first=""):
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    (folder / "places.csv").write_text(PLACES)
    with open(folder / "served.csv", "w", newline="") as served, open(folder / "targets.csv", "w", newline="") as targets:
        served, targets = csv.DictWriter(served, COLUMNS), csv.writer(targets)
        served.writeheader()
        targets.writerow(("target", "service", "operators", "kind", "probes", "port", "baseline", "source"))
        for i, (service, (columns, _)) in enumerate(TROUBLES.items(), 1):
            for target in (f"192.0.2.{i}", f"2001:db8:53::{i:x}") if service.startswith(first) else ():
                targets.writerow((target, service, "example", "other", "dns|icmp|tcp", 80, "", ""))
                served.writerows({"target": target, "service": service, "vp": v, "site": s} for v, s in SERVED.items())
                served.writerow({"target": target, "vp": "*"} | columns)


def floor_ms(vp, site):
    """There and back at 200 km/ms along the great circle."""
    lat1, lon1, lat2, lon2 = (math.radians(float(v)) for v in (vp["lat"], vp["lon"], site["lat"], site["lon"]))
    cos = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    return 2 * 6371 * math.acos(max(-1, min(1, cos))) / 200


def check_truth(p, places):
    """What holds for each pair: identities of the truth, no RTT below it, none below the great circle."""
    t = p.truth
    if t["state"] != "site":
        want(t["state"] != "silent" or not p.nsids(), f"{p.name}: silent in truth, yet {p.nsids()}")
        return None
    want(p.nsids() and (t["flips"] == "1" or set(p.nsids()) == {t["identity"]}), f"{p.name}: {p.nsids()}, not {t['identity']}")
    if t["flips"] == "1" or int(t["sites_seen"]) > 1:
        return None  # other kinds and times go to other sites
    least, floor = min(p.rtts("dns", "icmp", "tcp")), floor_ms(places[t["vp"]], places[t["site"]])
    want(least >= float(t["rtt_min_ms"]) > floor, f"{p.name}: RTT {least} ms, truth {t['rtt_min_ms']}, great circle {floor:.3f}")
    return None if t["service"] == "jitter" else least - float(t["rtt_min_ms"])


def check(folder, run):
    with open(f"{folder}/places.csv", newline="") as f:
        places = {r["id"]: r for r in csv.DictReader(f)}
    with open(f"{folder}/catchment.csv", newline="") as f:
        truth = list(csv.DictReader(f, strict=True))
    rows, errors = collections.defaultdict(list), []
    for vp in {t["vp"] for t in truth}:
        for row in run_rows.rows(f"{run}/{vp}"):
            rows[row["vp"], row["target"]].append(row)
    for t in truth:
        p = Pair(t, rows.get((t["vp"], t["target"]), []))
        want(p.rows, f"{p.name}: no row")
        errors.append(check_truth(p, places))
        trouble_check = TROUBLES[t["service"]][1]
        if trouble_check:
            trouble_check(p)
    errors = sorted(e for e in errors if e is not None)
    print(f"{len(truth)} pairs, {sum(map(len, rows.values()))} rows; least RTT over truth p50 "
          f"{1000 * errors[len(errors) // 2]:.0f} us, max {1000 * errors[-1]:.0f} us")


def flows(base):
    """Each flow stays with one site, whatever its round; all flows of DNS together see all four."""
    seen, icmp = collections.defaultdict(set), collections.defaultdict(set)
    for row in run_rows.rows(base):
        if row["probe"] == "dns" and row["outcome"] == "reply":
            seen[row["target"], row["flow"]].add(row["nsid"])
        elif row["rtt_ms"]:
            icmp[row["target"]].add(round(float(row["reply_ttl"])))
    want(seen and all(len(s) == 1 for s in seen.values()), f"flows that moved: {[k for k, s in seen.items() if len(s) > 1]}")
    for target in {t for t, _ in seen}:
        sites = set().union(*(s for (t, _), s in seen.items() if t == target))
        want(len(sites) == 4, f"{target}: the flows show {sorted(sites)}")
        want(len(icmp[target]) > 1, f"{target}: ICMP flows all come from {icmp[target]} hops")
    print(f"{len(seen)} flows stay, 4 sites each target")


def churn(world, folder):
    """Truths of runs: 0 as written, others moved, each as often as it is asked."""
    def truth(epoch):
        with tempfile.TemporaryDirectory() as out:
            subprocess.run([world, "-e", str(epoch), "-o", out, f"{folder}/places.csv", f"{folder}/served.csv"], check=True)
            with open(f"{out}/catchment.csv", newline="") as f:
                return {(r["vp"], r["target"]): r["site"] for r in csv.DictReader(f) if r["service"] == "churn"}
    first = truth(0)
    want(all(site == SERVED[vp] for (vp, _), site in first.items()), f"run 0 is not as written: {first}")
    moved = [sum(truth(e)[k] != first[k] for k in first) for e in (1, 2, 3)]
    want(truth(1) == truth(1) and 0 < sum(moved) < 3 * len(first), f"moved: {moved} of {len(first)}")
    print(f"churn moved {'/'.join(map(str, moved))} of {len(first)}")


if __name__ == "__main__":
    {"make": make, "check": check, "flows": flows, "churn": churn}[sys.argv[1]](*sys.argv[2:])
