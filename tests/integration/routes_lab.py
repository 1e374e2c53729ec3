"""The lab's tables: routes_lab.py entries BIRD.txt prints them as mrt_dump does, from `show route table all all`; routes_lab.py
join ROUTES.json compares each vantage point's site and neighbour with the routes of its AS."""
import json
import re
import sys


def entries(path):
    table = prefix = peer = None
    for line in open(path, encoding="ascii"):
        if line.startswith("Table "):
            table = line.split()[1].rstrip(":")
        route = re.match(r"(\S+)?\s+unicast \[\S+ \S+ from (\S+)\]", line)
        if route:
            prefix, peer, asn = route[1] or prefix, route[2], None
        field = re.match(r"\tBGP\.(\w+): (.*)", line)
        if not field or not table.startswith("feeds"):
            continue
        if field[1] == "as_path":
            asn = field[2].strip()
        elif field[1] == "next_hop":
            print(f"{peer}|{asn.split()[0]}|{prefix}||{asn}|IGP|{field[2].split()[0]}")


def collapse(path):
    return [a for i, a in enumerate(path) if i == 0 or path[i - 1] != a]


def join(path):
    for target in json.load(open(path, encoding="utf-8"))["targets"]:
        routes = target["routes"]
        measured = target["measured"]
        joined = 0
        for vp in measured["vps"]:
            through = [r for r in routes if vp["asn"] in r["path"]]
            assert (vp["route"] is not None) == bool(through), vp
            if not through:
                continue
            joined += 1
            route = routes[vp["route"]]
            assert route["path"][vp["at"]] == vp["asn"], vp
            assert vp["is_peer"] == (route["peer_asn"] == vp["asn"]), vp
            assert vp["is_peer"] or all(r["peer_asn"] != vp["asn"] for r in through), vp
            assert vp["neighbour"] == route["path"][-2], vp
        cells = {}
        for vp in measured["vps"]:
            if vp["route"] is not None:
                cells[vp["neighbour"], vp["site"]] = cells.get((vp["neighbour"], vp["site"]), 0) + 1
        assert {(c["neighbour"], c["site"]): c["vps"] for c in measured["neighbours"]} == cells
        assert joined == measured["joined"] > 0 and len(cells) > 1, target["target"]
        print(f"{target['target']}: {joined} of {len(measured['vps'])} VPs joined, {target['neighbours']} neighbours")


{"entries": entries, "join": join}[sys.argv[1]](sys.argv[2])
