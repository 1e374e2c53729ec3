"""The lab's first process: builds it, keeps it, and is its life, since with it the pid namespace dies."""
import os
import pathlib
import socket
import subprocess
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from . import LabError, birdc, config, truth
from .topology import Topology
from .walk import Walk

RUN = pathlib.Path(birdc.RUN)
WIRES_C = pathlib.Path(__file__).resolve().parent.parent / "wires.c"
COMPILER = os.environ.get("CC", "gcc")
SETTLE_S = 60
STABLE_S = 1.0


def run(argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")


class Daemons:
    """Programs in the foreground, our own children, so that none can die unseen."""

    def __init__(self):
        self.running = {}  # pid -> (name, process, log)

    def start(self, name, argv, log):
        with open(log, "wb") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self.running[process.pid] = (name, process, log)

    def describe(self, name, log, code):
        last = log.read_text(errors="replace").strip().splitlines()[-5:]
        return f"{name} died ({'signal' if code < 0 else 'exit'} {abs(code)}): {' / '.join(last) or 'it said nothing'}"

    def check(self):
        for name, process, log in self.running.values():
            if process.poll() is not None:
                raise LabError(self.describe(name, log, process.returncode))

    def keep(self):
        """Reaps for ever; a daemon's death is written down for `status`."""
        while True:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                time.sleep(1)
                continue
            if pid in self.running:
                name, _, log = self.running[pid]
                with open(RUN / "dead", "a", encoding="utf-8") as f:
                    f.write(self.describe(name, log, os.waitstatus_to_exitcode(status)) + "\n")


def make_mounts():
    run(["mount", "-t", "proc", "proc", "/proc"])
    run(["mount", "-t", "tmpfs", "-o", "mode=0755", "lab", "/run"])
    RUN.mkdir()


def make_nodes(topology):
    """Namespaces, then all veth pairs, then what is inside each node."""
    nodes = topology.nodes.values()
    run(["ip", "-batch", "-"], "".join(f"netns add {n.name}\n" for n in nodes))
    pairs = []
    for port in (p for wire in topology.wires for p in wire):
        pairs.append(f"link add name {port.far_end} type veth peer name {port.name} netns {port.node.name}")
        pairs.append(f"link set dev {port.far_end} up")
    pairs += [f"link add name {a.name} netns {a.node.name} type veth peer name {b.name} netns {b.node.name}"
              for a, b in topology.patches]
    run(["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"])
    run(["ip", "-batch", "-"], "\n".join(pairs) + "\n")
    far_ends = [p.far_end for wire in topology.wires for p in wire]
    run(["sh", "-ec", 'for i; do ethtool -K "$i" tx off >/dev/null; done', "sh", *far_ends])
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda n: run(["ip", "netns", "exec", n.name, "sh", "-e"], config.node_script(n)), nodes))


def start_wires(topology, daemons):
    program = str(RUN / "wires.program")
    run([COMPILER, "-std=c11", "-D_GNU_SOURCE", "-O2", "-o", program, str(WIRES_C)])
    lines = [f"{a.far_end} {b.far_end} {a.delay_ns}\n" for a, b in topology.wires]
    (RUN / "wires").write_text("".join(lines))
    log = RUN / "wires.log"
    daemons.start("wires", [program, str(RUN / "wires"), str(RUN / "wires.figures")], log)
    while "ready" not in log.read_text():
        daemons.check()
        time.sleep(0.01)


def start_daemons(topology, daemons):
    for node in topology.bgp_nodes():
        folder = RUN / node.name
        folder.mkdir()
        (folder / "bird.conf").write_text(config.bird(topology, node))
        inside = ["ip", "netns", "exec", node.name]
        daemons.start(f"bird of {node.name}",
                      [*inside, "bird", "-f", "-c", f"{folder}/bird.conf", "-s", f"{folder}/bird.ctl"],
                      folder / "bird.log")
        if node.kind != "site":
            continue
        server = node.row["server"]
        if server not in config.SERVERS:
            raise LabError(f"{node.name}: no server {server}; known: {' '.join(config.SERVERS)}")
        argv, files = config.SERVERS[server](node, topology.identity(node), folder)
        for name, text in (files | {"zone": config.ROOT_ZONE}).items():
            (folder / name).write_text(text)
        daemons.start(f"{server} of {node.name}", [*inside, *argv], folder / f"{server}.log")


def waiting_for(topology):
    """A text that names a BGP session that is not up yet, or ""."""
    for node in topology.bgp_nodes():
        try:
            down = [name for name, up in birdc.sessions(node).items() if not up]
        except OSError:
            return f"the control socket of bird of {node.name}"
        if down:
            return f"BGP session {down[0]} of {node.name}"
    return ""


def unreached(topology, walk):
    for vp in topology.kind("vp"):
        for _, address in topology.targets():
            if not walk.round_trips(vp, address):
                return f"a route between {vp.name} and {address}"
    return ""


def settle(topology, daemons, give_up):
    """Returns once every session is Established and every VP has a way to every target, the same for STABLE_S."""
    last = None
    while True:
        daemons.check()
        missing = waiting_for(topology)
        walk = None if missing else Walk(topology)
        missing = missing or unreached(topology, walk)
        if not missing and walk == last:
            return
        if time.monotonic() > give_up:
            raise LabError(f"not settled after {SETTLE_S} s: waiting for {missing or 'routes to stop changing'}")
        last = walk
        time.sleep(0.2 if missing else STABLE_S)


def write_truth(topology, folder):
    for name, columns, rows in (("vantage", truth.VANTAGE, truth.vantage(topology)),
                                ("targets", truth.TARGETS, truth.targets(topology)),
                                ("sites", truth.SITES, truth.sites(topology))):
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as f:
            truth.write(f, columns, rows)


def build(folder, daemons):
    begin = time.monotonic()
    topology = Topology()
    make_mounts()
    make_nodes(topology)
    start_wires(topology, daemons)
    start_daemons(topology, daemons)
    built = time.monotonic()
    settle(topology, daemons, begin + SETTLE_S)
    write_truth(topology, folder.path)
    return (f"{len(topology.nodes)} nodes, {len(topology.wires)} wires, {len(topology.kind('site'))} sites, "
            f"{len(topology.kind('vp'))} VPs; built in {built - begin:.1f} s, settled in {time.monotonic() - built:.1f} s")


def die_with(up, folder):
    """Until `up` acknowledges, its end is ours."""
    if up.recv(1) != b"k":
        folder.remove()
        os._exit(1)


def main(folder, fd):
    up = socket.socket(fileno=fd)
    # Read before /proc is ours: there it is our pid as the outside sees it.
    (folder.path / "pid").write_text(os.readlink("/proc/self"))
    watcher = threading.Thread(target=die_with, args=(up, folder))
    watcher.start()
    daemons = Daemons()
    try:
        up.sendall(b"+" + build(folder, daemons).encode())
    except LabError as e:
        up.sendall(b"-" + str(e).encode())
        os._exit(1)
    except Exception:
        up.sendall(b"-" + traceback.format_exc().encode())
        os._exit(1)
    watcher.join()
    up.close()
    daemons.keep()
