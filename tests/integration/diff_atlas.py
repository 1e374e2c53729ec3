"""A RIPE Atlas measurement of CH TXT id.server at Quad9 as a catchment.csv, by no code of catchmap's: diff_atlas.py FILE.json"""
import base64
import csv
import json
import re
import sys


def skip_name(b, at):
    while b[at]:
        if b[at] >= 192:
            return at + 2
        at += 1 + b[at]
    return at + 1


def first_txt(b):
    """The first string of the first TXT record that answers; None for none."""
    questions, answers = int.from_bytes(b[4:6], "big"), int.from_bytes(b[6:8], "big")
    at = 12
    for _ in range(questions):
        at = skip_name(b, at) + 4
    for _ in range(answers):
        at = skip_name(b, at)
        kind, size = int.from_bytes(b[at:at + 2], "big"), int.from_bytes(b[at + 8:at + 10], "big")
        at += 10
        if kind == 16 and size > 0:
            return b[at + 1:at + 1 + b[at]].decode("latin-1")
        at += size
    return None


def row_of(r):
    row = {"target": r.get("dst_addr", r.get("dst_name")), "service": "quad9", "vp": r["prb_id"], "answered": 0, "rtt_probe": "dns"}
    if "result" in r:
        text = first_txt(base64.b64decode(r["result"]["abuf"])) or ""
        site = re.search(r"\.q?([a-z]{3})\d*\.rrdns", text)
        row |= {"state": "site" if site else "no-site", "site": site.group(1) if site else "", "answered": 1,
                "identity": text, "rtt_min_ms": r["result"]["rt"], "rtt_median_ms": r["result"]["rt"],
                "site_share": 1 if site else ""}
    else:
        row["state"] = "silent" if "timeout" in r["error"] else "unmeasured"
    return row


COLUMNS = ["vp", "state", "site", "identity", "target", "service", "rtt_min_ms", "rtt_median_ms", "rtt_probe", "answered",
           "site_share"]
with open(sys.argv[1]) as f:
    out = csv.DictWriter(sys.stdout, COLUMNS)
    out.writeheader()
    out.writerows(row_of(r) for r in json.load(f))
