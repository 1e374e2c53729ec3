"""What `catchmap routes --json` says, against the same worked out the slow way from what bgpdump -m says:

    routes_check.py BGPDUMP.txt ROUTES.json     compares; prints how much it compared
    routes_check.py addresses BGPDUMP.txt N     N addresses worth asking for, in and beside its prefixes
    routes_check.py canonical BGPDUMP.txt       peer|AS|prefix|path id|path|origin|next hop, as tests/tools/mrt_dump prints
    routes_check.py peak COMMAND...             runs it, prints its peak memory in KiB
"""
import bisect
import collections
import ipaddress
import json
import random
import resource
import subprocess
import sys

Entry = collections.namedtuple("Entry", "peer asn prefix path_id path origin hop")


def read(path):
    for line in open(path, encoding="ascii"):
        f = line.split("|")
        if f[0] == "TABLE_DUMP2_AP":
            yield Entry(f[3], f[4], f[5], f[6], f[7], f[8], f[9])
        elif f[0] in ("TABLE_DUMP2", "TABLE_DUMP"):
            yield Entry(f[3], f[4], f[5], "", f[6], f[7], f[8])


def canonical(path):
    """bgpdump has a word for what is not there."""
    nothing = {"255.255.255.255": ""}
    for e in read(path):
        e = e._replace(hop=nothing.get(e.hop, e.hop))
        if e.asn == "0" and not e.path:
            e = e._replace(peer="", origin="", path_id="")
        print("|".join(e))


def hops(entry):
    """From the peer to the origin, confederations out, prepends collapsed; an AS is a number, a set a tuple."""
    out = []
    inside = False
    for word in entry.path.split():
        inside = inside or word[0] in "(["
        if not inside:
            hop = tuple(map(int, word[1:-1].split(","))) if word[0] == "{" else int(word)
            if not out or out[-1] != hop:
                out.append(hop)
        inside = inside and word[-1] not in ")]"
    return out or [int(entry.asn)]


class Table:
    def __init__(self, path):
        self.routes = collections.defaultdict(dict)  # prefix -> (peer, path id) -> hops
        self.counts = collections.defaultdict(set)  # (family, peer, AS) -> prefixes
        for e in read(path):
            if e.asn == "0":
                continue
            prefix = ipaddress.ip_network(e.prefix)
            self.routes[prefix][e.peer, e.asn, e.path_id] = hops(e)
            self.counts[prefix.version, e.peer, e.asn].add(e.prefix)
        largest = {v: max((len(p) for (f, _, _), p in self.counts.items() if f == v), default=0) for v in (4, 6)}
        self.sorted = {v: sorted((int(n.network_address), n.prefixlen) for n in self.routes if n.version == v) for v in (4, 6)}
        self.full = {k for k, p in self.counts.items() if 5 * len(p) >= 4 * largest[k[0]]}

    def beside(self, network, address):
        """Prefixes inside the network that do not hold the address."""
        of = self.sorted[network.version]
        low = bisect.bisect_left(of, (int(network.network_address), network.prefixlen + 1))
        high = bisect.bisect_right(of, (int(network.broadcast_address), network.max_prefixlen))
        of = (ipaddress.ip_network((first, length)) for first, length in of[low:high] if length > network.prefixlen)
        return {str(n) for n in of if address not in n}

    def covering(self, address):
        return sorted((n for length in range(address.max_prefixlen + 1)
                       if (n := ipaddress.ip_network((address, length), strict=False)) in self.routes),
                      key=lambda n: -n.prefixlen)


def json_hop(hop):
    return tuple(hop) if isinstance(hop, list) else hop


def count(peers, full):
    return {"peers": len(peers), "full": len(peers & full)}


def check_tree(target, routes, family, full):
    nodes = target["tree"]
    seen = set()
    for n in nodes:
        path, at = [], n
        while True:
            path.append(json_hop(at["as"]))
            if at["parent"] is None:
                break
            at = nodes[at["parent"]]
        through = {(family, *k[:2]) for k, h in routes.items() if h[-len(path):] == path}
        assert (n["peers"], n["full"]) == (len(through), len(through & full)), (target["target"], n, through)
        assert n["in_it"] == len({k[:2] for k, h in routes.items() if h == path}), n
        assert n["depth"] == len(path) - 1 and abs(n["share"] - n["peers"] / target["seen"]["peers"]) < 1e-9
        seen.add(tuple(path))
    assert seen == {tuple(h[i:]) for h in routes.values() for i in range(len(h))}, target["target"]


def check(table, target):
    address = ipaddress.ip_address(target["target"])
    family = address.version
    covering = table.covering(address)
    of = {k for k in table.counts if k[0] == family}
    assert target["of"] == count(of, table.full), target
    if not covering:
        assert target["prefix"] is None and not target["routes"] and not target["tree"], target
        return 0
    routes = table.routes[covering[0]]
    assert target["prefix"] == str(covering[0]), target["target"]
    said = {(r["peer"], str(r["peer_asn"]), str(r["path_id"] or "")): [json_hop(h) for h in r["path"]] for r in target["routes"]}
    assert said == routes and len(said) == len(target["routes"]), (target["target"], said, routes)
    assert target["seen"] == count({(family, *k[:2]) for k in routes}, table.full), target["target"]
    assert target["origins"] == len({h[-1] for h in routes.values()}) and bool(target["moas"]) == (target["origins"] > 1)
    assert target["neighbours"] == len({h[-2] for h in routes.values() if len(h) > 1}), target["target"]
    assert {x["ases"]: x["paths"] for x in target["lengths"]} == collections.Counter(len(h) for h in routes.values())
    assert [c["prefix"] for c in target["covering"]] == [str(c) for c in covering[1:]], target["target"]
    for c in target["covering"]:
        other = table.routes[ipaddress.ip_network(c["prefix"])]
        assert {json_hop(o) for o in c["origins"]} == {h[-1] for h in other.values()}, c
        assert c["seen"] == count({(family, *k[:2]) for k in other}, table.full), c
    inside = table.beside(covering[0], address)
    said = set(target["more_specific"])
    least = 8 if family == 4 else 16
    if covering[0].prefixlen >= least:
        assert said == inside or (target["more_specific_cut"] and said < inside), (target["target"], said, inside)
    check_tree(target, routes, family, table.full)
    return len(routes)


def compare(dump, document):
    table = Table(dump)
    targets = json.load(open(document, encoding="utf-8"))["targets"]
    found = [check(table, t) for t in targets]
    print(f"{len(targets)} addresses, {sum(n > 0 for n in found)} with routes, {sum(found)} paths")


def addresses(dump, n):
    dice = random.Random(3)
    prefixes = sorted({ipaddress.ip_network(e.prefix) for e in read(dump)}, key=str)
    for p in dice.sample(prefixes, min(int(n), len(prefixes))):
        print(p[dice.randrange(p.num_addresses)])


def peak(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def main(argv):
    verbs = {"addresses": addresses, "canonical": canonical}
    if argv[0] == "peak":
        peak(argv[1:])
    else:
        verbs.get(argv[0], compare)(*(argv[1:] if argv[0] in verbs else argv))


main(sys.argv[1:])
