#!/usr/bin/env python3
"""Writes the seeds of fuzz_engine into corpus/fuzz_engine: golden captures as replay sees them, and short live plays."""
import importlib.util
import os
import struct

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("golden", os.path.join(here, "../golden/make.py"))
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

LINK_KIND = {1: 1, 101: 2, 113: 3, 276: 4, 0: 5}
COPY, ANSWER, ERROR, STOP, LOST = range(6, 11)
ON_TIME, SECOND = 128, 32
FRAMES_MAX = 24


def step(kind, body=b"", ticks=1, stamp=ON_TIME):
    return struct.pack("!BBBH", kind, ticks, stamp, len(body)) + body


def replayed(capture, first=0):
    kind = LINK_KIND[capture.link]
    return b"\0" + b"".join(step(kind, frame) for _, frame in capture.frames[first:first + FRAMES_MAX])


def about(kind, probe, at=0, laid=b"", **how):
    return step(kind, bytes([probe, at]) + laid, **how)


def plays():
    sent = step(COPY, b"\0\0", ticks=0)
    copies = b"".join(about(COPY, i, ticks=0) for i in range(8))
    txt = golden.txt(b"site-a") + golden.opt(golden.option(3, b"nsid-a"))
    yield "answers", sent + copies + b"".join(about(ANSWER, i) for i in range(8))
    yield "twice", sent + copies + b"".join(about(ANSWER, i % 4) for i in range(8))
    yield "two-devices", sent + about(ANSWER, 2) + about(ANSWER, 2, ticks=0) + about(COPY, 2)
    yield "errors", sent + copies + b"".join(about(ERROR, i) for i in range(8)) + about(ANSWER, 3)
    yield "identity", sent + about(ANSWER, 0, 65, txt) + about(ANSWER, 0, 65, txt.replace(b"-a", b"-b"))
    yield "formerr", sent + about(ANSWER, 0, 31, b"\1") + step(LOST, ticks=SECOND) + step(LOST, ticks=SECOND)
    yield "other-case", sent + about(ANSWER, 0, 41, b"ID") + about(ANSWER, 0)
    yield "late", sent + copies + about(ANSWER, 2, ticks=SECOND + 4) + about(ANSWER, 3, ticks=SECOND + 14)
    yield "retry", sent + step(LOST, ticks=SECOND + 1) + about(ANSWER, 8) + step(STOP, stamp=255)
    yield "stepped", sent + copies + about(ANSWER, 1) + step(STOP, stamp=1) + about(ANSWER, 2, stamp=0)


def main():
    folder = os.path.join(here, "corpus", "fuzz_engine")
    os.makedirs(folder, exist_ok=True)
    seeds = {"live-" + name: b"\1" + play for name, play in plays()}
    for make in golden.answers, golden.seconds, golden.errors, golden.fragments, golden.disorder, golden.strangers:
        seeds["replay-" + make.__name__] = replayed(make())
    hostile = golden.hostile()
    for first in range(0, len(hostile.frames), FRAMES_MAX):
        seeds[f"replay-hostile-{first}"] = replayed(hostile, first)
    for link in golden.LINKS:
        seeds["replay-" + link] = replayed(golden.links(link))
    for name, data in seeds.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
