"""Holds the news of `watch --json` against the routing tables before and after a withdrawal.

    watch_truth.py NEWS BEFORE AFTER WITHDRAWN_AT"""
import csv
import datetime
import json
import sys

EVERY_S = 1
# Rounds that may pass: two behind the one in which it happened, judged when the last row of the second is out.
ROUNDS = 3


def served(name):
    with open(name, newline="", encoding="utf-8") as f:
        return {(r["target"], r["vp"]): r["site"] for r in csv.DictReader(f) if r["service"].startswith("anycast")}


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


news = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
before, after = served(sys.argv[2]), served(sys.argv[3])
wrong = []
for target in sorted({t for t, _ in before}):
    moved = {vp for (t, vp), site in before.items() if t == target and after[t, vp] != site}
    of = [n for n in news if n["target"] == target]
    if [(n["event"], n["over"]) for n in of] != [("gone", False), ("gone", True)]:
        wrong.append(f"{target}: told {[(n['event'], n['over'], len(n['moves'])) for n in of]}")
        continue
    gone, back = of
    if {m["vp"] for m in gone["moves"]} != moved or gone["site"] != "iad":
        wrong.append(f"{target}: {gone['site']} gone for {sorted(m['vp'] for m in gone['moves'])}, truth {sorted(moved)}")
    if not {m["vp"] for m in back["moves"]} <= moved:
        wrong.append(f"{target}: back for {sorted(m['vp'] for m in back['moves'])}, had moved: {sorted(moved)}")
    late = seconds(gone["time"]) - seconds(sys.argv[4])
    if late > ROUNDS * EVERY_S:
        wrong.append(f"{target}: {late:.1f} s behind the withdrawal")
if wrong:
    print("; ".join(wrong))
    sys.exit(1)
print(f"{len(news)} lines for {len({n['target'] for n in news})} addresses, "
      f"{len(news[0]['moves'])} vantage points each, as the routing tables have them")
