"""Every verdict and flag of `which`, each where it should be and nowhere else, for verdicts.sh.

    verdicts.py make FOLDER                     the world's places.csv and served.csv, and targets/ of its own
    verdicts.py groups                        the groups of cases, each asked in one run
    verdicts.py options GROUP FAMILY          the options of that run
    verdicts.py names GROUP FAMILY [plain]    its targets
    verdicts.py check GROUP FAMILY WAY JSON   a table: way, family, case, expected, got; exit 1 when one differs

A vantage point in Vienna, servers at true distances, and services whose names and operators are real, at documentation
addresses: the naming rules are those that are shipped.
"""
import csv
import json
import pathlib
import shutil
import sys

HERE = "48.21,16.37,10"
PLACES = """kind,id,lat,lon,city,country,asn,v4,v6,last_mile_ms,identity
site,vie,48.21,16.37,Vienna,AT,,,,,vie04
site,prg,50.08,14.43,Prague,CZ,,,,,prg01
site,fra,50.11,8.68,Frankfurt,DE,,,,,fra09
site,waw,52.23,21.01,Warsaw,PL,,,,,waw03
site,ber,52.52,13.40,Berlin,DE,,,,,txl01
site,lax,34.05,-118.24,Los Angeles,US,,,,,lax17
site,nrt,35.69,139.69,Tokyo,JP,,,,,nrt08
vp,vienna,48.21,16.37,Vienna,AT,64500,198.18.1.1,2001:db8:1::1,0.4,
"""
COLUMNS = ("target", "service", "vp", "site", "other", "flip_s", "intercept", "intercept_ms", "identity", "chaos", "nsid",
           "rcode", "header", "ttl", "hostile", "error", "silent")
CLOUDFLARE = "nsid|aa=1|ra=0|coverage=100/100"
SITES = """list,city,country,lat,lon,date,source
Cloudflare,Vienna,AT,48.21,16.37,2025-07,lab
Cloudflare,Frankfurt,DE,50.11,8.68,2025-07,lab
Cloudflare,Tokyo,JP,35.69,139.69,2025-07,lab
"""


def case(group, expected, site="vie", operators="Cloudflare", baseline=CLOUDFLARE, service=None, plain=True, **troubles):
    return {"group": group, "expected": expected, "site": site, "operators": operators, "baseline": baseline,
            "service": service, "plain": plain, "troubles": troubles}


# The verdict, what of it (detail), and flags. `plain`: it can be told from ordinary sockets too.
CASES = {
    "near": case("here", "consistent"),
    "two-servers": case("here", "consistent", chaos="vie05"),
    "closed-airport": case("here", "consistent", site="ber"),
    "hosted-letter": case("here", "consistent", operators="NASA|Cloudflare|PCH", baseline="nsid|ra=0",
                          service="e.root-servers.net", identity="p01.vie.eroot"),
    "other-initial-ttl": case("here", "consistent", site="fra", ttl=250),
    "far": case("here", "consistent +far", site="lax"),
    "upgraded": case("here", "consistent +unusual-answer", header="aa|ra"),
    "refuses": case("here", "consistent +unusual-answer", operators="RIPE NCC", baseline="rcode=0|coverage=9/9",
                    service="k.root-servers.net", identity="ns1.at-vie.k.ripe.net", rcode=5),
    "taken": case("here", "intercepted", site="fra", intercept="OPNsense.home.arpa", intercept_ms=0.4),
    "taken-by-another": case("here", "intercepted", site="fra", operators="Google", baseline="", service="dns.google",
                             intercept="fra1b.c.root-servers.org", intercept_ms=0.4),
    "fast-alone": case("here", "suspicious +too-fast", site="fra", intercept="fra09", intercept_ms=0.4, ttl=57, header="aa"),
    "name-alone": case("here", "suspicious", identity="OPNsense.home.arpa"),
    "nsid-alone": case("here", "suspicious", nsid="none"),
    "hops-alone": case("here", "suspicious", site="waw", ttl=63, plain=False),
    "twice": case("here", "suspicious", hostile="two-answers"),
    "impossible": case("here", "rtt-impossible", identity="nrt08"),
    "too-fast": case("here", "unknown (time too short) +too-fast", site="prg", identity="fra09"),
    "foreign": case("here", "foreign-operator", identity="5.vie.pch"),
    "ecmp": case("here", "split (by flow)", site="fra|waw|fra|waw"),
    "by-question": case("here", "split (by question)", operators="Quad9", baseline="id.server.on.quad9.net",
                        service="dns.quad9.net", identity="res1.qfra3.rrdns.pch.net", site="fra",
                        chaos="res1.qvie1.rrdns.pch.net"),
    "opaque": case("here", "unknown (opaque identity)", identity="87m362"),
    "two-unknown": case("here", "unknown (no rule fits)", operators="", baseline="", site="ams1|ams2|ams1|ams2"),
    "nameless": case("here", "unknown (no identity)", operators="", baseline="", rcode=5, nsid="none"),
    "not-sure": case("here", "unknown (rule not sure)", operators="RIPE NCC", baseline="", service="k.root-servers.net",
                     identity="ns1.at-grz.k.ripe.net"),
    "unknown-code": case("here", "unknown (opaque identity)", operators="ICANN", baseline="", service="l.root-servers.net",
                         identity="at-vie-aa"),
    "no-dns": case("here", "no-reply", silent="dns"),
    "prohibited": case("here", "no-reply", error="admin-prohibited"),
    "flips": case("time", "split (by time) +unstable", site="fra", other="waw", flip_s=5),
    "honest": case("time", "consistent"),
    "moved": case("elsewhere", "location-suspect"),
    "not-said": case("unsaid", "consistent", site="nrt"),
    "unsure": case("unsure", "unknown (time too short) +too-fast", identity="nrt08"),
    "unchecked": case("unchecked", "unknown (time too short) +too-fast", identity="nrt08"),
    "few": case("few", "unknown (too few replies)"),
    "taken-all": case("no-dns", "intercepted", site="fra", identity="OPNsense.home.arpa"),
    "taken-maybe": case("no-dns", "suspicious", site="fra"),
    "no-dns-silent": case("no-dns-silent", "consistent", site="fra"),
    "dead": case("dead", "no-reply", silent="dns|icmp|tcp"),
}
CONTROLS = {
    "control-google": ("dns.google", "Google", "gpdns-fra", "fra", ""),
    "control-ripe": ("k.root-servers.net", "RIPE NCC", "ns1.pl-waw.k.ripe.net", "waw", ""),
    "vienna-google": ("dns.google", "Google", "gpdns-vie", "vie", ""),
    "vienna-ripe": ("k.root-servers.net", "RIPE NCC", "ns1.at-vie.k.ripe.net", "vie", ""),
    "web": ("web", "Fastly", "proxy", "fra", ""),
    "dark": ("dark", "Fastly", "x", "fra", "dns"),
}
BOTH = "--control {control-google} --control {control-ripe}"
# Where the vantage point is said to be, and what is asked besides.
RUNS = {
    "here": f"--location {HERE} {BOTH} --flows 8 --gap 10ms",
    "time": f"--location {HERE} --control none -p dns --flows 2 -c 30 --gap 100ms",
    "elsewhere": "--location 35.69,139.69 --control {vienna-google} --control {vienna-ripe} --gap 10ms",
    "unsaid": "--gap 10ms",
    "unsure": f"--location 48.21,16.37 {BOTH} --gap 10ms",
    "unchecked": f"--location {HERE} --control none --gap 10ms",
    "few": "-c 2 --gap 10ms",
    "no-dns": "--control no-dns:{web} --gap 10ms",
    "no-dns-silent": "--control no-dns:{dark} --gap 10ms",
    "dead": "--gap 10ms",
}


def addresses(i):
    return {4: f"198.51.100.{i}", 6: f"2001:db8:51::{i:x}"}


def all_addresses():
    names = [*CASES, *CONTROLS]
    return {name: addresses(i) for i, name in enumerate(names, 1)}


def make(folder):
    folder = pathlib.Path(folder)
    (folder / "targets").mkdir(parents=True, exist_ok=True)
    shutil.copytree("targets/naming", folder / "targets/naming", dirs_exist_ok=True)
    shutil.copy("targets/places.csv", folder / "targets")
    (folder / "targets/sites.csv").write_text(SITES)
    (folder / "places.csv").write_text(PLACES + "site,ams1,52.37,4.89,Amsterdam,NL,,,,,alpha.example\n"
                                                "site,ams2,52.37,4.89,Amsterdam,NL,,,,,beta.example\n"
                                                "site,gw,48.21,16.37,Vienna,AT,,,,,gw\n")
    with open(folder / "served.csv", "w", newline="") as served, open(folder / "targets/lab.csv", "w", newline="") as targets:
        served, targets = csv.DictWriter(served, COLUMNS), csv.writer(targets)
        served.writeheader()
        targets.writerow(("target", "service", "operators", "kind", "probes", "port", "baseline", "source"))
        served.writerow({"target": "198.18.255.253", "service": "gateway", "vp": "*", "site": "gw"})
        for name, address in all_addresses().items():
            for a in address.values():
                if name in CASES:
                    c = CASES[name]
                    service, operators, site, baseline = c["service"] or name, c["operators"], c["site"], c["baseline"]
                    troubles = c["troubles"]
                else:
                    service, operators, identity, site, silent = CONTROLS[name]
                    baseline, troubles = "", {"identity": identity, "silent": silent}
                targets.writerow((a, service, operators, "resolver", "dns|icmp|tcp", 53, baseline, "lab"))
                served.writerow({"target": a, "service": service, "vp": "*", "site": site} | troubles)


def names(group, family, plain=False):
    return [a[family] for name, a in all_addresses().items()
            if name in CASES and CASES[name]["group"] == group and (CASES[name]["plain"] or not plain)]


def got_of(target):
    detail = f" ({target['detail']})" if target["detail"] else ""
    return target["verdict"] + detail + "".join(f" +{f}" for f in target["flags"])


def check(group, family, way, path):
    with open(path, encoding="utf-8") as f:
        found = {t["target"]: t for t in json.load(f)}
    by_address = {a[family]: name for name, a in all_addresses().items()}
    bad = 0
    for address, target in found.items():
        name = by_address[address]
        expected, got = CASES[name]["expected"], got_of(target)
        bad += got != expected
        print(f"{way:5} v{family} {name:18} {expected:38} {got:38} {'' if got == expected else 'DIFFERS: ' + target['answer']}")
    if len(found) != len(names(group, family, way == "plain")):
        print(f"{group}: {len(found)} targets judged")
        bad += 1
    sys.exit(bad > 0)


def main():
    command, *args = sys.argv[1:]
    if command == "make":
        make(args[0])
    elif command == "groups":
        print(*RUNS)
    elif command == "names":
        print(*names(args[0], int(args[1]), "plain" in args[2:]))
    elif command == "options":
        print(RUNS[args[0]].format(**{n: a[int(args[1])] for n, a in all_addresses().items()}))
    elif command == "check":
        check(args[0], int(args[1]), args[2], args[3])


if __name__ == "__main__":
    main()
