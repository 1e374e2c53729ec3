"""What the rows of a long run must be, over all files of VP lab.

    schedule.py RUN LIST SLOTS ROUNDS   one row for each probe of the schedule; silence of dns was asked again once
    schedule.py starts RUN SECONDS      each round began at a multiple of SECONDS; prints how late at most
    schedule.py gone RUN                some rounds in the middle were lost as a whole, those before and after were answered
"""
import collections
import glob
import ipaddress
import sys

import rows


def parts(run):
    for meta in sorted(glob.glob(run + "/*.meta.json")):
        yield from rows.rows(meta[:-len(".meta.json")])


def exactly_once(run, listed, slots, rounds):
    targets = {str(ipaddress.ip_address(line.strip())) for line in open(listed, encoding="ascii")}
    seen, again, silent = collections.Counter(), collections.Counter(), set()
    for row in parts(run):
        key = row["target"], int(row["seq"])
        (seen if row["attempt"] == "1" else again)[key] += 1
        if row["probe"] == "dns" and row["outcome"] == "timeout" and row["attempt"] == "1":
            silent.add(key)
    want = {(t, s) for t in targets for s in range(slots * rounds)}
    if set(seen) != want:
        rows.fail(f"{len(want - set(seen))} probes have no row, {len(set(seen) - want)} rows no probe")
    for what in seen, again:
        twice = [k for k, n in what.items() if n > 1]
        if twice:
            rows.fail(f"{len(twice)} probes have two rows: {twice[:3]}")
    if set(again) != silent:
        rows.fail(f"silent: {len(silent)}, asked again: {len(again)}, in common: {len(silent & set(again))}")


def starts(run, seconds):
    first = {}
    for row in parts(run):
        if row["tx_time_ns"]:
            r = int(row["round"])
            first[r] = min(first.get(r, 1 << 62), int(row["tx_time_ns"]))
    late = [t % (seconds * 10**9) / 1e6 for t in first.values()]
    slots = sorted(t // (seconds * 10**9) for t in first.values())
    print(f"{max(late):.1f} ms late at most")
    if len(set(slots)) != len(slots) or max(late) > 400:
        sys.exit(1)


def gone(run):
    by_round = collections.defaultdict(collections.Counter)
    for row in parts(run):
        by_round[int(row["round"])][row["outcome"]] += 1
    kept = [r for r, n in sorted(by_round.items()) if n["reply"] > n.total() / 2]
    lost = [r for r, n in sorted(by_round.items()) if n["reply"] == 0]
    print(f"{len(by_round)} rounds, {len(lost)} of them without a network, in {len(glob.glob(run + '/*.meta.json'))} files")
    if not lost or not kept or kept[0] > lost[0] or kept[-1] < lost[-1] or sorted(by_round) != list(range(len(by_round))):
        print({r: dict(n) for r, n in by_round.items()})
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1] == "starts":
        starts(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "gone":
        gone(sys.argv[2])
    else:
        exactly_once(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
