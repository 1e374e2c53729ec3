"""Runs a command and says what it cost: fleet_cost.py OUT COMMAND...   Its output goes to OUT; its exit status is ours.

Memory is the proportional share (PSS) of all processes that it started here, sampled: those that have its mark in their
environment, as processes of other machines have not."""
import collections
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time

MARK = f"FLEET_COST={os.getpid()}"
PARTS = (("checked ", "check"), ("deployed to", "deploy"), ("started ", "start"), ("ended on", "wait"), ("fetched from", "fetch"))


def marked():
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and MARK.encode() in (folder / "environ").read_bytes().split(b"\0"):
                pss = next(line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
                yield (folder / "comm").read_text().strip(), int(pss.split()[1])
        except (OSError, StopIteration):
            pass


def sample(peak, done):
    while not done.wait(0.5):
        seen = list(marked())
        total = sum(kb for _, kb in seen)
        if total > peak.get("kb", 0):
            peak.update(kb=total, programs=collections.Counter(name for name, _ in seen))


class Stages:
    """Prints a line for each part of the work when its last line of output has come."""

    def __init__(self, pid):
        self.stat, self.last = pathlib.Path(f"/proc/{pid}/stat"), (time.monotonic(), 0.0)

    def now(self):
        """(seconds, CPU seconds with those of children that have ended)."""
        fields = self.stat.read_text().rsplit(")", 1)[1].split()
        return time.monotonic(), sum(int(v) for v in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def end(self, part):
        now = self.now()
        print(f"  {part:<8} {now[0] - self.last[0]:6.1f} s, CPU here {now[1] - self.last[1]:6.1f} s", flush=True)
        self.last = now


begin = time.monotonic()
peak, done = {}, threading.Event()
sampler = threading.Thread(target=sample, args=(peak, done))
key, value = MARK.split("=")
with open(sys.argv[1], "w", encoding="utf-8") as out, subprocess.Popen(
        sys.argv[2:], env=os.environ | {key: value, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True) as process:
    sampler.start()
    stages = Stages(process.pid)
    parts = iter(PARTS)
    head, part = next(parts)
    for line in process.stdout:
        out.write(line)
        if line.startswith(head):
            stages.end(part)
            head, part = next(parts, ("\0", ""))
done.set()
sampler.join()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"  in all   {time.monotonic() - begin:6.1f} s, CPU here {used.ru_utime + used.ru_stime:6.1f} s; memory at most {peak['kb'] / 1024:.0f} MB "
      f"({', '.join(f'{n} {name}' for name, n in peak['programs'].most_common(4))}), of one process {used.ru_maxrss / 1024:.0f} MB")
sys.exit(process.returncode)
