"""Reads a run's rows and counts, for the integration tests.

    rows.py conserved RUN/VP [NAME=VALUE...]   sent = rows = the sum of outcomes, in the rows and in meta.json alike
    rows.py identities RUN/VP TRUTH.csv [QUESTION]   every answered DNS row tells the identity configured
    rows.py count RUN/VP [COLUMN=VALUE...]     how many rows have these values
"""
import collections
import csv
import glob
import json
import subprocess
import sys

OUTCOMES = ("reply", "rst", "late", "timeout", "icmp-error", "bad-reply", "send-error")
TIMED = ("reply", "rst", "late")


def fail(text):
    print(text)
    sys.exit(1)


def rows(base):
    """The rows of RUN/VP as dicts, whatever the file's suffix."""
    path, = glob.glob(base + ".probes.csv*")
    if path.endswith(".zst"):
        text = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout.decode()
        lines = text.splitlines(keepends=True)
    else:
        lines = open(path, encoding="utf-8", newline="")
    reader = csv.DictReader(lines, strict=True)
    for row in reader:
        if None in row or None in row.values():
            fail(f"{path}: row {reader.line_num} has not {len(reader.fieldnames)} fields")
        yield row


def meta(base):
    with open(base + ".meta.json", encoding="utf-8") as f:
        return json.load(f)


def unescape(text):
    """Identity text of a row back to bytes."""
    out, i = bytearray(), 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1:i + 4].isdigit():
            out.append(int(text[i + 1:i + 4]))
            i += 4
        else:
            out += text[i].encode()
            i += 1
    return bytes(out)


def check_row(row):
    where = f"row of {row['target']} {row['probe']} seq {row['seq']}"
    if row["outcome"] not in OUTCOMES:
        fail(f"{where}: outcome {row['outcome']!r}")
    if row["rtt_ms"] and row["outcome"] not in TIMED:
        fail(f"{where}: {row['outcome']} with an RTT")
    if row["rtt_ms"] and not float(row["rtt_ms"]) > 0:
        fail(f"{where}: rtt_ms {row['rtt_ms']}")


def conserved(base, *wanted):
    seen, tally = set(), collections.Counter()
    for row in rows(base):
        check_row(row)
        key = (row["target"], row["seq"], row["attempt"])
        if key in seen:
            fail(f"two rows for {key}")
        seen.add(key)
        tally[row["outcome"]] += 1
    counts = meta(base)["counts"]
    total = sum(tally.values())
    if not total == counts["sent"] == counts["rows"] == sum(counts["outcome"].values()):
        fail(f"{total} rows, meta.json: {counts}")
    if any(tally[o] != counts["outcome"][o] for o in OUTCOMES):
        fail(f"rows say {dict(tally)}, meta.json {counts['outcome']}")
    if tally["late"] != counts["late"]:
        fail(f"{tally['late']} late rows, meta.json counts {counts['late']}")
    flat = {**counts, **counts["outcome"]}
    for pair in wanted:
        name, value = pair.split("=")
        if str(flat[name]) != value:
            fail(f"{name} is {flat[name]}, not {value}: {counts}")


def identities(base, truth_path, question="id.server"):
    with open(truth_path, encoding="utf-8", newline="") as f:
        truth = {t["address"]: t for t in csv.DictReader(f)}
    asked = answered = recovered = 0
    got = collections.defaultdict(set)
    for row in rows(base):
        if row["probe"] != "dns":
            continue
        t = truth[row["target"]]
        where = f"{row['target']} ({t['server']}) seq {row['seq']} attempt {row['attempt']}"
        asked += row["attempt"] == "1"
        if row["outcome"] != "reply":
            continue
        txt = t[question] if row["question"] == question else ""
        if row["nsid"] != t["nsid"] or row["txt"] != txt:
            fail(f"{where}: nsid {row['nsid']!r} txt {row['txt']!r}, configured {t['nsid']!r} {txt!r}")
        answered += row["attempt"] == "1"
        recovered += row["attempt"] == "2"
        got[row["target"]].add(row["seq"])
    if asked == 0 or set(got) != set(truth):
        fail(f"no identity from {sorted(set(truth) - set(got))}")
    missing = asked - sum(len(s) for s in got.values())
    if missing:
        fail(f"{missing} of {asked} questions stayed without an identity ({answered} + {recovered})")
    print(f"{asked} asked, {answered} answered at once, {recovered} by IN + NSID")


def count(base, *pairs):
    wanted = [p.split("=", 1) for p in pairs]
    print(sum(all(row[c] == v for c, v in wanted) for row in rows(base)))


if __name__ == "__main__":
    {"conserved": conserved, "identities": identities, "count": count}[sys.argv[1]](*sys.argv[2:])
