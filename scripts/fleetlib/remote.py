"""What runs on the hosts, by ClusterShell over ssh: bounded in number at a time, each with a timeout, and a host that fails is
named, never replaced by another."""
import atexit
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time

from ClusterShell.Event import EventHandler
from ClusterShell.Task import task_self

AGENT = (pathlib.Path(__file__).parent / "agent.sh").read_text(encoding="ascii")
PINGS = 5


class Answer:
    """What one host said: key=value lines, and why it failed, if it did."""

    def __init__(self):
        self.values = {}
        self.fault = ""
        self.offset = None  # s, its clock less ours
        self.doubt = None   # s, half of the quickest exchange

    def take(self, line):
        key, found, value = line.partition("=")
        if found:
            self.values[key] = value
        elif line.strip():
            self.values["said"] = line.strip()


class Handler(EventHandler):
    """One host. With `pings` its clock is asked so often over the same connection."""

    def __init__(self, answer, pings):
        self.answer, self.left, self.asked = answer, pings, None

    def ev_start(self, worker):
        self.ask(worker)

    def ask(self, worker):
        if self.left <= 0:
            worker.set_write_eof()
            return
        self.left -= 1
        self.asked = time.time()
        worker.write(b"\n")

    def ev_read(self, worker, node, sname, msg):
        now = time.time()
        line = msg.decode("utf-8", "replace")
        self.answer.take(line)
        if not line.startswith("now=") or not line[4:].isdigit():
            return
        doubt = (now - self.asked) / 2
        # The first exchange waits for the connection.
        if self.left < PINGS - 1 and (self.answer.doubt is None or doubt < self.answer.doubt):
            self.answer.doubt = doubt
            self.answer.offset = int(line[4:]) / 1e9 - (now + self.asked) / 2
        self.ask(worker)

    def ev_hup(self, worker, node, rc):
        if rc and not self.answer.fault:
            said = self.answer.values.get("error") or self.answer.values.get("said", "")
            self.answer.fault = said or ("ssh cannot reach it" if rc == 255 else f"exit {rc}")

    def ev_close(self, worker, timedout):
        if timedout:
            self.answer.fault = "no answer within host-timeout"


def task_of(campaign):
    task = task_self()
    task.set_default("stderr", False)
    task.set_info("fanout", campaign["fleet", "parallel"])
    task.set_info("connect_timeout", min(10, campaign["limits", "host-timeout"]))
    task.set_info("ssh_options", ssh_options(campaign))
    if campaign["fleet", "user"]:
        task.set_info("ssh_user", campaign["fleet", "user"])
    return task


class Connections:
    """One connection to each host serves all that we ask of it: most of ssh's time is its key exchange."""

    def __init__(self):
        self.folder = None

    def options(self):
        if not self.folder:
            short = tempfile.gettempdir() if len(tempfile.gettempdir()) < 28 else "/tmp"  # a socket's path is 107 bytes at most
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="catchmap-ssh-", dir=short))
            atexit.register(self.close)
        return ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", f"ControlPath={self.folder}/%C"]

    def close(self):
        ends = [subprocess.Popen(["ssh", "-O", "exit", "-S", socket, "any"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for socket in self.folder.iterdir()]
        for end in ends:
            end.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


CONNECTIONS = Connections()


def ssh_options(campaign):
    """For ssh's command line, which ClusterShell, Ansible and rsync split as a shell would."""
    options = ["-o", "BatchMode=yes", "-o", "ServerAliveInterval=15", *CONNECTIONS.options()]
    if campaign["fleet", "ssh-config"]:
        options += ["-F", str(campaign.beside(campaign["fleet", "ssh-config"]).resolve())]
    return shlex.join(options)


def folder(campaign):
    return f"{campaign['fleet', 'run-dir']}/{campaign['campaign', 'name']}"


def ask(campaign, vps, *command, pings=0):
    """The agent's command on all of these, at once: vantage point -> Answer. FOLDER is put behind the command's name."""
    task = task_of(campaign)
    line = shlex.join(["bash", "-c", AGENT, "agent", command[0], folder(campaign), *command[1:]])
    answers = {}
    for v in vps:
        answers[v.vp] = Answer()
        task.shell(line, nodes=v.host, handler=Handler(answers[v.vp], pings), timeout=campaign["limits", "host-timeout"],
                   stderr=True)
    task.resume()
    return answers


class Local(EventHandler):
    def __init__(self, faults, vp):
        self.faults, self.vp, self.said = faults, vp, ""

    def ev_read(self, worker, node, sname, msg):
        self.said = self.said or msg.decode("utf-8", "replace").strip()  # what comes behind is only the echo of it

    def ev_hup(self, worker, node, rc):
        if rc:
            self.faults[self.vp] = self.said or f"exit {rc}"

    def ev_close(self, worker, timedout):
        if timedout:
            self.faults[self.vp] = "no answer within host-timeout"


def rsync(campaign, vps, start, into):
    """Fetches what is new of each; vantage point -> what went wrong."""
    task = task_of(campaign)
    faults = {}
    user = f"{campaign['fleet', 'user']}@" if campaign["fleet", "user"] else ""
    for v in vps:
        line = shlex.join([
            "rsync", "-rtz", "--partial", "--timeout", str(int(campaign["limits", "host-timeout"])),
            "-e", f"ssh {ssh_options(campaign)}", "--include", f"{v.vp}.*probes.csv*", "--include", f"{v.vp}.*meta.json",
            "--exclude", "*", f"{user}{v.host}:{folder(campaign)}/{start}/", f"{into.resolve()}/"])
        task.shell(line.replace("%", "%%"), nodes=v.host, remote=False, handler=Local(faults, v.vp), stderr=True,
                   timeout=max(600, 10 * campaign["limits", "host-timeout"]))
    task.resume()
    return faults
