"""Topology -> what each program of the lab is told: ip(8) and sysctl lines, BIRD and name server configurations."""
ROOT_ZONE = """\
. 3600 IN SOA ns1.lab.example. hostmaster.lab.example. 1 3600 900 604800 300
. 3600 IN NS ns1.lab.example.
ns1.lab.example. 3600 IN A 192.0.2.53
ns1.lab.example. 3600 IN AAAA 2001:db8:a::53
lab.example. 3600 IN TXT "the root of the lab"
"""

SYSCTLS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.all.accept_dad": 0,
    "net.ipv4.fib_multipath_hash_policy": 1,
    "net.ipv6.fib_multipath_hash_policy": 1,
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv6.icmp.ratelimit": 0,
}


def port_lines(node, port):
    dev = port.name
    if port.role == "bridge":
        return [f"link set dev {dev} master lan up"]
    lines = [
        f"link set dev {dev} addrgenmode none address {port.mac} up",
        f"addr add {port.ip4}/{port.len4} dev {dev}",
        f"addr add {port.ip6}/{port.len6} dev {dev} nodad",
        f"addr add {port.link_local}/64 dev {dev} nodad",
    ]
    if port.peer:
        lines += [
            f"neigh add {a} lladdr {port.peer.mac} dev {dev} nud permanent"
            for a in (port.peer.ip4, port.peer.ip6, port.peer.link_local)
        ]
    if port.role == "gateway":
        lines += [
            f"route add default via {gateway} dev {dev} src {source}"
            for gateway, source in zip((port.peer.ip4, port.peer.ip6), node.addresses)
        ]
    return lines


def node_script(node):
    """Run by sh inside the node's namespace: kernel settings, offloads, addresses, neighbours."""
    sysctls = " ".join(f"{k}={v}" for k, v in SYSCTLS.items())
    lines = [f"sysctl -qw {sysctls}"]
    # With checksum offload on, TCP and UDP would leave with the checksum left for hardware that is not there.
    lines += [f"ethtool -K {p.name} tx off >/dev/null" for p in node.ports if p.name != "lan"]
    lines += ["ip -batch - <<'END'", "link set lo up"]
    if node.kind == "ix":
        lines += ["link add lan type bridge stp_state 0 forward_delay 0 mcast_snooping 0"]
    lines += [f"addr add {a} dev lo{nodad}" for a, nodad in zip(node.addresses, ("", " nodad"))]
    lines += [line for p in node.ports for line in port_lines(node, p)]
    return "\n".join(lines + ["END", ""])


# Gao-Rexford. A route's origin is kept in a large community (this AS, 0, 1 customer | 2 peer | 3 provider);
# customers get everything, peers and providers what is our own or our customers'.
POLICY = """\
function learned(int relation; int pref)
{
	bgp_large_community.delete([(ME, *, *)]);
	bgp_large_community.add((ME, 0, relation));
	bgp_local_pref = pref;
	return true;
}
function ours() { return source = RTS_STATIC && dest = RTD_BLACKHOLE; }
filter from_customer { learned(1, 300); accept; }
filter from_peer { learned(2, 200); accept; }
filter from_provider { learned(3, 100); accept; }
filter to_all { if ours() || source = RTS_BGP then accept; reject; }
filter to_some { if ours() || (ME, 0, 1) ~ bgp_large_community then accept; reject; }
filter to_kernel { if ours() then reject; accept; }

template bgp session {
	connect delay time 1;
	connect retry time 2;
	error wait time 1, 4;
}
"""

# role of the neighbour -> import filter, export filter
FILTERS = {
    "customer": ("from_customer", "to_all"),
    "peer": ("from_peer", "to_some"),
    "ix": ("from_peer", "to_some"),
    "provider": ("from_provider", "to_some"),
}


def bgp_protocol(name, local, remote, asn, channels, extra=()):
    """channels: the text of the v4 and of the v6 channel."""
    lines = [f"protocol bgp {name.replace('-', '_')} from session {{", f"\tlocal {local} as ME;",
             f"\tneighbor {remote} as {asn};"]
    lines += [f"\t{e};" for e in extra]
    lines += [f"\tipv4 {{ {channels[0]} }};", f"\tipv6 {{ {channels[1]} }};", "}", ""]
    return "\n".join(lines)


def channels(imports, exports, next_hop6):
    common = f"import {imports}; export {exports}; next hop self;"
    return common, f"{common} next hop address {next_hop6};"


def ebgp(topology, node):
    text = ""
    for p in node.ports:
        if p.role not in FILTERS:
            continue
        imports, exports = (f"filter {f}" for f in FILTERS[p.role])
        # On an IXP's LAN the session is with the route server only.
        other = p.peer or topology.nodes[p.name].ports[0]
        text += bgp_protocol(p.name, p.ip4, other.ip4, other.node.asn, channels(imports, exports, p.ip6))
    return text


def ibgp(topology, node):
    text = ""
    for other in topology.kind("router"):
        if other.asn == node.asn and other is not node:
            text += bgp_protocol(other.name, node.addresses[0], other.addresses[0], "ME",
                                 channels("all", "where source = RTS_BGP", node.addresses[1]))
    return text


def ospf(node):
    """Both versions, cost in tens of km."""
    interfaces = ""
    for p in node.ports:
        if p.role == "internal":
            interfaces += f'\t\tinterface "{p.name}" {{ type ptp; cost {1 + round(p.km / 10)}; hello 1; dead 5; }};\n'
    return "".join(
        f"protocol ospf v{v} ospf{v} {{\n\tipv{family} {{ import all; export none; }};\n"
        f"\tarea 0 {{\n\t\tstubnet {address}/{bits};\n{interfaces}\t}};\n}}\n"
        for v, family, address, bits in ((2, 4, node.addresses[0], 32), (3, 6, node.addresses[1], 128)))


def announcements(node, extra=([], [])):
    """Static protocols announce4 and announce6: what this node originates; `birdc disable` withdraws it."""
    text = ""
    for family, prefix, more in zip((4, 6), node.prefixes, extra):
        routes = "".join(f" {r};" for r in more)
        text += f"protocol static announce{family} {{ ipv{family}; route {prefix} blackhole;{routes} }}\n"
    return text


def kernel(node):
    merge = " merge paths on;" if node.row.get("multipath") else ""
    return "".join(
        f"protocol kernel kernel{f} {{ ipv{f} {{ import none; export filter to_kernel; }};{merge} }}\n" for f in (4, 6))


def feeds(topology, node):
    """Full feeds to the collectors."""
    return "".join(
        bgp_protocol(f"feed-{c.name}", node.addresses[0], c.addresses[0], c.asn,
                     channels("none", "filter to_all", node.addresses[1]), ("multihop",))
        for c in topology.kind("collector"))


def collector_sessions(topology, node):
    text = "ipv4 table feeds4;\nipv6 table feeds6;\n"
    for n in topology.kind("router", "eyeball"):
        text += bgp_protocol(
            f"from-{n.name}", node.addresses[0], n.addresses[0], n.asn,
            [f"table feeds{f}; igp table master{f}; import all; export none;" for f in (4, 6)], ("multihop",))
    return text


def route_server(topology, node):
    text = ""
    for m in topology.lans[node.name]:
        text += bgp_protocol(m.node.name, node.ports[0].ip4, m.ip4, m.node.asn,
                             ["import all; export all;"] * 2, ("rs client",))
    return text


def bird(topology, node):
    head = [f"router id {node.router_id};", "log stderr { warning, error, fatal, bug };",
            f"define ME = {node.asn};", "protocol device { scan time 60; }", POLICY]
    text = "\n".join(head)
    if node.kind == "ix":
        return text + route_server(topology, node)
    text += kernel(node) + ebgp(topology, node)
    if node.kind == "router":
        return text + announcements(node) + ospf(node) + ibgp(topology, node) + feeds(topology, node)
    if node.kind == "collector":
        return text + announcements(node) + collector_sessions(topology, node)
    if node.kind == "site":
        return text + announcements(node)
    inside = [p.peer for p in node.ports if p.role == "vp"]
    hosts = ([f"route {p.node.addresses[f]}/{n} via {a}" for p in inside for a in ((p.ip4, p.ip6)[f],)]
             for f, n in enumerate((32, 128)))
    return text + announcements(node, tuple(hosts)) + feeds(topology, node)


# The servers. Each: (node, identity, folder) -> (argv, {file: text}). They stay in the foreground, change no user and
# write only into the folder, so that they run the same in a user namespace.


def nsd(node, identity, folder):
    addresses = "".join(f"  ip-address: {a}\n" for a in node.addresses)
    return ["nsd", "-d", "-c", f"{folder}/nsd.conf"], {"nsd.conf": f"""\
server:
{addresses}  identity: "{identity}"
  nsid: "ascii_{identity}"
  username: ""
  chroot: ""
  server-count: 1
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  logfile: ""
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
"""}


def knot(node, identity, folder):
    return ["knotd", "-c", f"{folder}/knot.conf"], {"knot.conf": f"""\
server:
  identity: "{identity}"
  nsid: "{identity}"
  rundir: "{folder}"
  listen: [ {", ".join(f"{a}@53" for a in node.addresses)} ]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
zone:
  - domain: "."
    file: "{folder}/zone"
    zonefile-load: whole
    journal-content: none
"""}


def bind(node, identity, folder):
    v4, v6 = node.addresses
    return ["named", "-f", "-n", "1", "-c", f"{folder}/named.conf"], {"named.conf": f"""\
options {{
	directory "{folder}";
	server-id "{identity}";
	hostname "{identity}";
	listen-on {{ {v4}; }};
	listen-on-v6 {{ {v6}; }};
	pid-file none;
	lock-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	notify no;
}};
logging {{ channel out {{ stderr; severity warning; }}; category default {{ out; }}; }};
controls {{ }};
zone "." {{ type primary; file "zone"; }};
"""}


def pdns(node, identity, folder):
    return ["pdns_server", f"--config-dir={folder}"], {
        "pdns.conf": f"""\
launch=bind
bind-config={folder}/zones.conf
socket-dir={folder}
local-address={", ".join(node.addresses)}
server-id={identity}
daemon=no
guardian=no
setuid=
setgid=
write-pid=no
security-poll-suffix=
receiver-threads=1
distributor-threads=1
loglevel=3
""",
        "zones.conf": f'zone "." {{ type master; file "{folder}/zone"; }};\n',
    }


def unbound(node, identity, folder):
    interfaces = "".join(f"  interface: {a}\n" for a in node.addresses)
    return ["unbound", "-d", "-p", "-c", f"{folder}/unbound.conf"], {"unbound.conf": f"""\
server:
{interfaces}  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  hide-identity: no
  identity: "{identity}"
  nsid: "ascii_{identity}"
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  num-threads: 1
remote-control:
  control-enable: no
auth-zone:
  name: "."
  zonefile: "zone"
  for-downstream: yes
  for-upstream: no
"""}


def nginx(node, identity, folder):
    v4, v6 = node.addresses
    return ["nginx", "-e", "stderr", "-c", f"{folder}/nginx.conf"], {"nginx.conf": f"""\
user root root;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
	uwsgi_temp_path {folder}; scgi_temp_path {folder};
	server {{
		listen {v4}:80;
		listen [{v6}]:80;
		location / {{ default_type text/plain; return 200 "{identity}\\n"; }}
	}}
}}
"""}


SERVERS = {"nsd": nsd, "knot": knot, "bind": bind, "pdns": pdns, "unbound": unbound, "nginx": nginx}
