"""Where packets go, read off the kernels' routing tables: the lab's truth, without sending a packet."""
import ipaddress
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import LabError


@dataclass(frozen=True)
class Path:
    nodes: tuple
    delay_ns: int


def _read_routes(node):
    """[(prefix, (device, gateway)...)] of both families, the longest prefixes first."""
    routes = []
    for family in ("-4", "-6"):
        out = subprocess.run(["nsenter", f"--net=/run/netns/{node.name}", "ip", "-j", family, "route"],
                             check=True, capture_output=True, text=True).stdout
        everything = "0.0.0.0/0" if family == "-4" else "::/0"
        for r in json.loads(out or "[]"):
            usable = r.get("type", "unicast") == "unicast"
            hops = tuple((h["dev"], h.get("gateway")) for h in r.get("nexthops", [r])) if usable else ()
            prefix = everything if r["dst"] == "default" else r["dst"]
            routes.append((ipaddress.ip_network(prefix), hops))
    return sorted(routes, key=lambda r: -r[0].prefixlen)


class Walk:
    """A snapshot of every routing table."""

    def __init__(self, topology):
        self.topology = topology
        nodes = topology.kind("router", "site", "eyeball", "vp", "collector")
        with ThreadPoolExecutor(4) as pool:
            self.routes = dict(zip((n.name for n in nodes), pool.map(_read_routes, nodes)))

    def __eq__(self, other):
        return isinstance(other, Walk) and self.routes == other.routes

    def _hops(self, node, address):
        wanted = ipaddress.ip_address(address)
        for prefix, hops in self.routes[node.name]:
            if wanted in prefix:
                return hops
        return ()

    def _follow(self, node, device, gateway):
        """The next node and the delay to it."""
        port = next(p for p in node.ports if p.name == device)
        if port.peer:
            return port.peer.node, port.delay_ns
        for member in self.topology.lans[device]:
            if gateway in (member.ip4, member.ip6, member.link_local):
                return member.node, port.delay_ns + member.delay_ns
        raise LabError(f"{node.name}: no member of {device} has address {gateway}")

    def paths(self, node, address, seen=()):
        """Every way (ECMP gives several) from the node to the owner of the address; none when there is no route."""
        if address in node.addresses:
            return [Path((node,), 0)]
        if node in seen:
            return []
        found = []
        for device, gateway in self._hops(node, address):
            onward, delay_ns = self._follow(node, device, gateway)
            found += [Path((node, *p.nodes), p.delay_ns + delay_ns)
                      for p in self.paths(onward, address, (*seen, node))]
        return found

    def round_trips(self, vp, address):
        """[(site, RTT in ms, path there)]: the way there and, asymmetric as it may be, the way back."""
        family = ":" in address
        trips = []
        for there in self.paths(vp, address):
            back = self.paths(there.nodes[-1], vp.addresses[family])
            if back:
                rtt_ns = there.delay_ns + min(p.delay_ns for p in back)
                trips.append((there.nodes[-1], rtt_ns / 1e6, there))
        return trips
