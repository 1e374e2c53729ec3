"""Rows of a run that grows, as probers would write them, for tests of `catchmap watch`.

    watch_rows.py RUN ROUNDS EVERY_S [PAUSE_S] [gone FROM TO] [flip ROUND]

Twelve vantage points ask k.root-servers.net once a round; rows appear every PAUSE_S (0: all at once). In rounds FROM to TO the
site nl-ams is gone; from ROUND on vp03 is served by lin. Nothing is sent: the addresses are only names here.
"""
import csv
import io
import json
import os
import sys
import time

SITES = ["nl-ams"] * 5 + ["de-fra"] * 4 + ["gb-lon"] * 3
START = 1_790_000_000


def argument(name, n):
    if name not in sys.argv:
        return [1 << 30] * n
    at = sys.argv.index(name)
    return [int(v) for v in sys.argv[at + 1:at + 1 + n]]


run, rounds, every = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pause = float(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4][0].isdigit() else 0
gone_from, gone_to = argument("gone", 2)
flip, = argument("flip", 1)
os.makedirs(run, exist_ok=True)
columns = "vp,target,probe,question,round,seq,attempt,flow,tx_time_ns,outcome,rtt_ms,rcode,dns_flags,nsid".split(",")
with open(f"{run}/vantage.csv", "w", encoding="ascii") as f:
    f.write("vp,asn\n" + "".join(f"vp{i:02},{64500 + i}\n" for i in range(12)))


def meta(i, end):
    with open(f"{run}/vp{i:02}.meta.json.tmp", "w", encoding="ascii") as f:
        json.dump({"seed": 1, "schedule": "0000000000000001", "resumed": 0, "start": "2026-09-21T14:13:20Z",
                   "end": end, "every_s": float(every)}, f)
    os.rename(f.name, f.name[:-4])


files = []
for i in range(12):
    meta(i, None)
    files.append(open(f"{run}/vp{i:02}.probes.csv", "w", encoding="ascii", buffering=1))
    files[i].write(",".join(columns) + "\n")
for r in range(rounds):
    for i, f in enumerate(files):
        site = SITES[i]
        if site == "nl-ams" and gone_from <= r <= gone_to and not (r == gone_from and i < 2):
            site = "de-fra" if i % 2 else "gb-lon"
        if i == 3 and r >= flip:
            site = "at-vie"
        text = io.StringIO()
        tx = (START + r * every) * 10**9 + i * 1000
        csv.writer(text, lineterminator="\n").writerow(
            [f"vp{i:02}", "193.0.14.129", "dns", "id.server", r, r, 1, 0, tx, "reply", "12.345678", 0, "aa|nsid",
             f"ns1.{site}.k.ripe.net"])
        f.write(text.getvalue())
    time.sleep(pause)
for i, f in enumerate(files):
    f.close()
    meta(i, "2026-09-21T15:13:20Z")
