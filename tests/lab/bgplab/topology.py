"""Rows of ../bgp.d -> nodes, ports, wires and their addresses. Pure: touches no system.

A node is a network namespace, a port one of its interfaces. Two ports in different places are joined by a wire, two in
one place by a patch cable, which is a plain veth pair. Documentation prefixes and AS numbers only:

    198.18.N.0/24, 2001:db8:N::/48   what an AS announces, N = ASN modulo 256
    198.19.0.0/17, 2001:db8:f000::   wire number w: 198.19.x.y/31, 2001:db8:f000:w::1/64 and ::2
    198.19.128+i.0/24, 2001:db8:f100:i::/64   the LAN of IXP i; .1 is its route server
"""
import csv
import ipaddress
import math
import pathlib
from dataclasses import dataclass, field

from . import LabError

DATA = pathlib.Path(__file__).resolve().parent.parent / "bgp.d"
EARTH_RADIUS_KM = 6371.0088
FIBRE_KM_PER_MS = 200.0


@dataclass(frozen=True)
class Place:
    code: str
    city: str
    country: str
    continent: str
    lat: float
    lon: float

    def km_to(self, other):
        """The great circle, on a sphere."""
        a, b = math.radians(self.lat), math.radians(other.lat)
        dlat, dlon = b - a, math.radians(other.lon - self.lon)
        h = math.sin(dlat / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(dlon / 2) ** 2
        return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


@dataclass(eq=False)
class Node:
    name: str
    kind: str  # router ix collector site eyeball vp
    asn: int
    place: Place
    addresses: list = field(default_factory=list)  # on lo: [v4, v6]
    prefixes: list = field(default_factory=list)  # around them: [v4, v6]
    ports: list = field(default_factory=list)
    row: dict = field(default_factory=dict)

    @property
    def router_id(self):
        own = self.kind in ("router", "eyeball", "collector")
        return self.addresses[0] if own else self.ports[0].ip4


@dataclass(eq=False)
class Port:
    node: Node
    name: str
    mac: str
    ip4: str
    len4: int
    ip6: str
    len6: int
    link_local: str
    role: str  # the other end is our: provider customer peer internal ix vp gateway member
    km: float = 0
    peer: "Port" = None  # None on an IXP's LAN
    far_end: str = ""  # of a wire, in the lab's own namespace

    @property
    def delay_ns(self):
        return round(self.km / FIBRE_KM_PER_MS * 1e6)


def read_rows(name):
    with open(DATA / f"{name}.csv", newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def prefixes_of(addresses):
    """What must be announced for these: the v4 one's /24, the v6 one's /48."""
    return [str(ipaddress.ip_network(f"{a}/{n}", strict=False)) for a, n in zip(addresses, (24, 48))]


def ip6(text):
    """As the kernel prints it."""
    return str(ipaddress.IPv6Address(text))


def own_addresses(asn, host):
    return [f"198.18.{asn % 256}.{host}", ip6(f"2001:db8:{asn % 256}::{host}")]


class Topology:
    def __init__(self):
        self.places = {
            r["place"]: Place(r["place"], r["city"], r["country"], r["continent"], float(r["lat"]), float(r["lon"]))
            for r in read_rows("places")
        }
        self.services = {r["service"]: r for r in read_rows("services")}
        self.nodes = {}
        self.wires = []  # pairs of ports with distance between them
        self.patches = []  # pairs of ports without
        self.lans = {}  # IXP name -> its members' ports
        self._add_nodes()
        self._add_links()

    def kind(self, *kinds):
        return [n for n in self.nodes.values() if n.kind in kinds]

    def node(self, name, *kinds):
        n = self.nodes.get(name)
        if n is None or (kinds and n.kind not in kinds):
            known = " ".join(n.name for n in (self.kind(*kinds) if kinds else self.nodes.values()))
            raise LabError(f"there is no {' or '.join(kinds) or 'node'} {name}; known: {known}")
        return n

    def targets(self):
        """(service row, address) of every service address."""
        return [(s, s[a]) for s in self.services.values() for a in ("address4", "address6")]

    def bgp_nodes(self):
        return self.kind("router", "ix", "collector", "site", "eyeball")

    def identity(self, site):
        return f"ns1.{site.place.code}.{site.row['service']}.lab.example"

    def _add(self, name, kind, asn, row, addresses=()):
        if name in self.nodes:
            raise LabError(f"two rows are named {name}")
        if row["place"] not in self.places:
            raise LabError(f"{name}: place {row['place']} is not in places.csv")
        node = Node(name, kind, int(asn), self.places[row["place"]], list(addresses), prefixes_of(addresses), row=row)
        self.nodes[name] = node
        return node

    def _add_nodes(self):
        count = {}
        for r in read_rows("routers"):
            asn = int(r["asn"])
            count[asn] = count.get(asn, 0) + 1
            self._add(r["router"], "router", asn, r, own_addresses(asn, count[asn]))
        for r in read_rows("ixps"):
            self._add(r["ix"], "ix", r["asn"], r)
            self.lans[r["ix"]] = []
        for r in read_rows("collectors"):
            asn = int(r["asn"])
            self._add(r["collector"], "collector", asn, r, own_addresses(asn, 1))
        for r in read_rows("sites"):
            s = self.services[r["service"]]
            self._add(r["site"], "site", s["asn"], r, [s["address4"], ip6(s["address6"])])
        for r in read_rows("vps"):
            asn = int(r["asn"])
            self._add(f"as{asn}", "eyeball", asn, r, own_addresses(asn, 1))
            self._add(r["vp"], "vp", asn, r, own_addresses(asn, 10))

    def _add_links(self):
        for i, ix in enumerate(self.kind("ix")):
            # The route server's own port is the LAN's bridge.
            ix.ports.append(self._lan_port(ix, ix, i, 1, "member"))
        for r in read_rows("links"):
            a, b = self.node(r["a"], "router"), self.node(r["b"], "router")
            role = "internal" if a.asn == b.asn else "peer"
            self._join(a, b, role, role)
        for n in self.kind("collector", "site", "eyeball"):
            for up in n.row["upstreams"].split():
                upstream = self.node(up, "router", "ix")
                if upstream.kind == "ix":
                    self._join_lan(n, upstream)
                else:
                    self._join(n, upstream, "provider", "customer")
        for vp in self.kind("vp"):
            self._join(vp, self.nodes[f"as{vp.asn}"], "gateway", "vp")

    def _number(self):
        return sum(len(n.ports) for n in self.nodes.values())

    def _port(self, node, name, **more):
        if len(name) > 15 or any(p.name == name for p in node.ports):
            raise LabError(f"{node.name}: interface name {name} is too long or used twice")
        number = self._number() + 1
        port = Port(node, name, f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", **more)
        node.ports.append(port)
        return port

    def _join(self, a, b, role_a, role_b):
        w = self._number()
        km = a.place.km_to(b.place)
        ends = []
        for end, (node, other, role) in enumerate(((a, b, role_a), (b, a, role_b))):
            ends.append(self._port(
                node, other.name, role=role, km=km,
                ip4=f"198.19.{w // 128}.{w % 128 * 2 + end}", len4=31,
                ip6=ip6(f"2001:db8:f000:{w:x}::{end + 1}"), len6=64, link_local=f"fe80::{end + 1}"))
        ends[0].peer, ends[1].peer = ends[1], ends[0]
        self._connect(*ends)

    def _lan_port(self, node, ix, i, host, role, **more):
        return Port(
            node, "lan" if node is ix else ix.name, f"02:00:00:{i + 1:02x}:00:{host:02x}", role=role,
            ip4=f"198.19.{128 + i}.{host}", len4=24, ip6=ip6(f"2001:db8:f100:{i}::{host:x}"), len6=64,
            link_local=f"fe80::{host:x}", **more)

    def _join_lan(self, node, ix):
        members = self.lans[ix.name]
        host = len(members) + 2
        i = list(self.lans).index(ix.name)
        port = self._lan_port(node, ix, i, host, "ix", km=node.place.km_to(ix.place))
        node.ports.append(port)
        members.append(port)
        # The IXP's end is a port of the bridge: a name, and no address.
        bridge_port = Port(ix, f"p{host}", f"02:00:00:{i + 1:02x}:01:{host:02x}", "", 0, "", 0, "", "bridge", port.km)
        ix.ports.append(bridge_port)
        self._connect(port, bridge_port)

    def _connect(self, a, b):
        if a.km == 0:
            self.patches.append((a, b))
            return
        number = len(self.wires)
        a.far_end, b.far_end = f"w{number}a", f"w{number}b"
        self.wires.append((a, b))
