"""Runs a command, its output into $OUT/stdout and $OUT/stderr, and prints what it and all its threads and children took:
wall, user and system seconds, peak KiB: usage.py COMMAND..."""
import os
import resource
import subprocess
import sys
import time

out = os.environ["OUT"]
before = resource.getrusage(resource.RUSAGE_CHILDREN)  # of whatever wraps the interpreter
with open(f"{out}/stdout", "wb") as stdout, open(f"{out}/stderr", "wb") as stderr:
    began = time.monotonic()
    subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, check=False)
    wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{wall:.3f} {used.ru_utime - before.ru_utime:.3f} {used.ru_stime - before.ru_stime:.3f} {used.ru_maxrss}")
