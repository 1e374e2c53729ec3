"""What is kept here: results/<campaign>/<start>/ with vantage.csv and run.json, and what is sent to the hosts."""
import csv
import datetime
import ipaddress
import json
import pathlib
import shutil

from . import FleetError

START = "%Y%m%dT%H%M%SZ"


def root(campaign):
    return pathlib.Path("results") / campaign["campaign", "name"]


def new_start(campaign):
    start = datetime.datetime.now(datetime.timezone.utc).strftime(START)
    try:
        (root(campaign) / start).mkdir(parents=True)
    except FileExistsError:
        raise FleetError(f"{root(campaign) / start} is there already: a campaign is started once a second at most") from None
    return start


def latest(campaign):
    starts = sorted(p.name for p in root(campaign).glob("2*T*Z") if p.is_dir())
    if not starts:
        raise FleetError(f"{root(campaign)}: nothing was started yet")
    return starts[-1]


def write_run(campaign, start):
    """run.json and vantage.csv: what was planned, whoever takes part in the end."""
    folder = root(campaign) / start
    run = {
        "campaign": campaign["campaign", "name"], "purpose": campaign["campaign", "purpose"],
        "contact": campaign["campaign", "contact"], "start": start, "vps": [v.vp for v in campaign.vps],
        "marks": campaign["rounds", "marks"],
    }
    (folder / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    with open(folder / "vantage.csv", "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["vp", "lat", "lon", "accuracy_km", "city", "country", "asn", "weight", "address", "location_source"])
        for v in campaign.vps:
            placed = v.lat is not None
            out.writerow([v.vp, v.lat if placed else "", v.lon if placed else "", v.accuracy_km if placed else "", v.city,
                          v.country, v.asn or "", f"{v.weight:g}", "", "campaign" if placed else ""])


def selected(campaign):
    """The rows of the targets file that the campaign names."""
    file = campaign.beside(campaign["targets", "file"])
    names, families = campaign["targets", "select"], campaign["targets", "family"]
    try:
        with open(file, newline="", encoding="utf-8-sig") as f:
            lines = f.read().splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise FleetError(f"{file}: {e}") from None
    if not lines or "target" not in lines[0].split(","):  # a plain list, one address a line
        lines = ["target", *(line.split("#")[0].strip() for line in lines if line.split("#")[0].strip())]
    rows = csv.DictReader(lines, strict=True)
    kept, found = [], set()
    for row in rows:
        try:
            version = str(ipaddress.ip_address(row["target"]).version)
        except ValueError:
            raise FleetError(f"{file}:{rows.line_num}: '{row['target']}' is not an address") from None
        of = {row["target"], row.get("service") or "", row.get("kind") or ""}
        if version in families and (not names or of & set(names)):
            kept.append(row)
            found |= of
    unknown = [n for n in names if n not in found]
    if unknown:
        raise FleetError(f"{file}: no target is called {', '.join(unknown)}")
    if not kept:
        raise FleetError(f"{file}: no target is left")
    return rows.fieldnames, kept


def options_of(campaign, index, remote):
    """probe.ini of one vantage point: long options of `catchmap probe`."""
    v = campaign.vps[index]
    every = campaign["rounds", "every"]
    options = {
        "targets": f"{remote}/targets.csv", "vp": v.vp, "location": v.location(),
        "vp-as": v.asn, "vp-country": v.country, "vp-city": v.city,
        "probes": ",".join(campaign["probe", "kinds"]), "question": campaign["probe", "question"],
        "flows": campaign["probe", "flows"], "flow-base": campaign["probe", "flow-base"],
        "timeout": f"{campaign['probe', 'timeout']:g}s", "rate": f"{campaign['probe', 'rate']:g}",
        "gap": f"{campaign['probe', 'target-gap']:g}s", "rounds": campaign["rounds", "rounds"],
        "every": f"{every:g}s" if every else None, "phase": f"{campaign.phase(index):g}s" if every and index else None,
        "rotate": "1d" if every else None, "contact": campaign["campaign", "contact"], "seed": campaign["campaign", "seed"],
        "blocklist": f"{remote}/blocklist.txt" if campaign["targets", "blocklist"] else None, "compress": "yes",
    }
    return "[probe]\n" + "".join(f"{k} = {value}\n" for k, value in options.items() if value not in (None, ""))


def write_files(campaign, remote, into):
    """What deploy.yml copies; returns the names of what all hosts share."""
    fields, rows = selected(campaign)
    shared = ["targets.csv"]
    with open(into / "targets.csv", "w", newline="", encoding="utf-8") as f:
        out = csv.DictWriter(f, fields, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    if campaign["targets", "blocklist"]:
        try:
            shutil.copyfile(campaign.beside(campaign["targets", "blocklist"]), into / "blocklist.txt")
        except OSError as e:
            raise FleetError(f"blocklist: {e}") from None
        shared.append("blocklist.txt")
    for i, v in enumerate(campaign.vps):
        (into / f"{v.vp}.ini").write_text(options_of(campaign, i, remote), encoding="utf-8")
    return shared
