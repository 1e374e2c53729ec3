"""Targets for tests/tools/hostile, and whether a run called each of its tricks what it is.

    hostile_check.py targets CLASSES.csv VARIANTS     target list: each class, each variant, IPv4 and IPv6
    hostile_check.py check CLASSES.csv RUN/VP         every row's outcome, identities and RTT against its class
"""
import collections
import csv
import ipaddress
import sys

from rows import fail, rows, unescape

CUT_VARIANTS = 128  # every length of a reply, and some beyond
DNS_HEADER = 12
FORGED_DELAY_MS = 20
TIMEOUT_MS = 1000


def read_classes(path):
    with open(path, encoding="utf-8", newline="") as f:
        return {int(c["class"]): c for c in csv.DictReader(f)}


def targets(path, variants):
    print("target,service,operators,kind,probes,port,baseline,source")
    for number, c in read_classes(path).items():
        for v in range(CUT_VARIANTS if c["name"] == "cut" else int(variants)):
            for address in (f"198.18.{v}.{number}", f"2001:db8:18::{v:x}:{number:x}"):
                print(f"{address},,,other,{c['probe']},53,,")


def place(address):
    """(class, variant) that an address stands for."""
    b = ipaddress.ip_address(address).packed
    return b[-1], b[-2] if len(b) == 4 else b[-3]


def check_cut(row, variant):
    if variant < 2:
        return row["outcome"] == "timeout"  # not even an id
    if variant < DNS_HEADER:
        return row["outcome"] == "bad-reply"
    return row["outcome"] == "bad-reply" or (row["outcome"] == "reply" and row["txt"] == "hostile-id")


def is_error(row, icmp4, icmp6):
    """The error's type and code and its router; only a DNS query over IPv6 may be past telling."""
    six = ":" in row["target"]
    if row["outcome"] == "timeout":
        return six and row["probe"] == "dns"
    return row["icmp"] == (icmp6 if six else icmp4) and row["reply_from"] == ("2001:db8:99::1" if six else "203.0.113.1")


# What a class must show besides its outcome.
SHOWS = {
    "cut": check_cut,
    "rdlength-0": lambda row, v: row["txt"] == "",
    "thrice": lambda row, v: row["replies"] == "3",
    "late": lambda row, v: float(row["rtt_ms"]) > TIMEOUT_MS,
    "second-answer": lambda row, v: row["nsid"] == "hostile-nsid" and "second=somebody-else" in row["extra"],
    "forged-first": lambda row, v: row["nsid"] == "hostile-nsid" and float(row["rtt_ms"]) >= FORGED_DELAY_MS,
    "no-edns": lambda row, v: row["edns"] == "" and row["nsid"] == "" and row["txt"] == "hostile-id",
    "all-bytes": lambda row, v: unescape(row["nsid"]) == bytes(range(256)),
    "empty-nsid": lambda row, v: row["nsid"] == "" and "nsid" in row["dns_flags"].split("|"),
    "error-8-bytes": lambda row, v: is_error(row, "3/3", "1/4"),
    "error-hops": lambda row, v: is_error(row, "11/0", "3/0"),
    "error-full": lambda row, v: is_error(row, "3/3", "1/4"),
}


def check(path, base):
    classes = read_classes(path)
    wrong, tally = [], collections.Counter()
    seen = set()
    for row in rows(base):
        number, variant = place(row["target"])
        c = classes[number]
        seen.add(number)
        tally[row["outcome"]] += 1
        good = row["outcome"] in c["outcomes"].split("|") and row["probe"] == c["probe"]
        shows = SHOWS.get(c["name"])
        if not good or (shows and not shows(row, variant)):
            wrong.append(f"{c['probe']} {c['name']} variant {variant} ({row['target']}): {row['outcome']} rtt "
                         f"{row['rtt_ms']} icmp {row['icmp']} from {row['reply_from']} nsid {row['nsid']!r} txt {row['txt']!r} "
                         f"replies {row['replies']} extra {row['extra']!r}, wanted {c['outcomes']}")
    if seen != set(classes):
        fail(f"no rows of {sorted(set(classes) - seen)}")
    if wrong:
        print("\n".join(wrong[:20]))
        fail(f"{len(wrong)} rows are not what they should be")
    print(", ".join(f"{n} {o}" for o, n in sorted(tally.items())))


if __name__ == "__main__":
    {"targets": targets, "check": check}[sys.argv[1]](*sys.argv[2:])
