"""Where a lab is kept: its lock (held while it lives), its first process's pid and its truth."""
import fcntl
import os
import pathlib
import select
import shutil
import signal
import sys
import time

from . import LabError

LOCK = "catchmap-lab.lock"
SSH = "ssh"  # the one folder in it
OURS = ("log", "pid", "vantage.csv", "targets.csv", "sites.csv", LOCK)


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path).absolute()

    def take(self):
        """Ours from now on, and empty of an earlier lab. Returns the lock's descriptor, to be handed to the lab."""
        if self.path.is_relative_to("/run"):
            raise LabError(f"{self.path}: not under /run, of which the lab has its own")
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / LOCK).exists():
            raise LabError(f"{self.path} is not empty and not a lab's: left as it is")
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"a lab is up, or coming up, in {self.path}; take it down or name another --dir") from None
        shutil.rmtree(self.path / SSH, ignore_errors=True)
        stale = [name for name in OURS if name != LOCK and (self.path / name).exists()]
        for name in stale:
            (self.path / name).unlink()
        if stale:
            print(f"bgp: {self.path} was left behind by a lab that died: cleared", file=sys.stderr)
        return lock

    def is_alive(self):
        try:
            with open(self.path / LOCK, "rb") as f:
                fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def pid(self):
        if not self.is_alive():
            raise LabError(f"no lab is up in {self.path}")
        try:
            return int((self.path / "pid").read_text())
        except (FileNotFoundError, ValueError):
            raise LabError(f"the lab in {self.path} is only coming up; end its `up` to stop it") from None

    def kill(self):
        """Ends the lab's first process, and returns when the kernel has ended all the others with it."""
        try:
            fd = os.pidfd_open(int((self.path / "pid").read_text()))
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return
        try:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        ended = select.poll()
        ended.register(fd, select.POLLIN)
        ended.poll(10000)
        os.close(fd)

    def wait(self):
        """Until the last holder of the lock, the parent of the first process, is gone too."""
        give_up = time.monotonic() + 10
        while self.is_alive() and time.monotonic() < give_up:
            time.sleep(0.005)

    def remove(self):
        """Only what is ours; what others put there stays, and with it the folder."""
        shutil.rmtree(self.path / SSH, ignore_errors=True)
        for name in OURS:
            (self.path / name).unlink(missing_ok=True)
        try:
            self.path.rmdir()
        except OSError:
            pass
