"""The campaign file: read, checked, explained back. Nothing in it is ever handed to a shell unquoted; names that become file or
host names are held to characters that need no quoting at all."""
import configparser
import csv
import dataclasses
import difflib
import math
import pathlib
import re

from . import FleetError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:-]{0,251}[A-Za-z0-9])?")
UNITS = {"": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "m": 60, "h": 3600, "d": 86400}
SIZES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
VP_COLUMNS = ("host", "lat", "lon", "accuracy_km", "city", "country", "asn", "weight")


def text(value):
    if not value.isprintable() or any(c in value for c in ";#"):
        raise ValueError("must be one line without ; and #")
    return value


def name(value):
    if not NAME.fullmatch(value):
        raise ValueError("may have letters, digits, '_', '.' and '-', and begins with none of the last two")
    return value


def path(value):
    if "\0" in value or "\n" in value or not value:
        raise ValueError("is not a path")
    return value


def number(low, high, kind=int):
    def parse(value):
        try:
            v = kind(value)
        except ValueError:
            raise ValueError("is not a number") from None
        if not low <= v <= high:
            raise ValueError(f"is not between {low} and {high}")
        return v
    return parse


def scaled(units, what):
    def parse(value):
        m = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-zA-Z]*)", value)
        if not m or m[2] not in units:
            raise ValueError(f"is not {what}")
        return float(m[1]) * units[m[2]]
    return parse


seconds = scaled(UNITS, "a time, like 10m or 500ms")
size = scaled(SIZES, "a size, like 2G")


def share(value):
    """A number of vantage points, or a percentage of them: (number, is a percentage)."""
    m = re.fullmatch(r"([0-9]+) ?(%?)", value)
    if not m or (m[2] and int(m[1]) > 100):
        raise ValueError("is neither a number nor a percentage")
    return int(m[1]), bool(m[2])


def words(*allowed):
    def parse(value):
        found = [w.strip() for w in value.split(",") if w.strip()]
        for w in found:
            if allowed and w not in allowed:
                raise ValueError(f"'{w}' is none of {', '.join(allowed)}")
            text(w)
        return found
    return parse


def marks(value):
    found = []
    for line in value.splitlines():
        m = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z) +(.+)", line.strip())
        if not m:
            raise ValueError("a mark is TIME TEXT, like 2026-11-22T18:00Z FRA withdrawn")
        found.append({"time": m[1], "text": m[2]})
    return found


KEYS = {  # section -> key -> (parser, default; ... for none: it must be there)
    "campaign": {"name": (name, ...), "contact": (text, ...), "purpose": (text, ""), "seed": (number(0, 2**63 - 1), 1)},
    "targets": {"file": (path, ...), "select": (words(), []), "family": (words("4", "6"), ["4", "6"]), "blocklist": (path, "")},
    "probe": {
        "kinds": (words("dns", "icmp", "tcp"), []), "question": (name, "id.server"), "flows": (number(1, 256), 1),
        "flow-base": (number(1024, 65279), 33000), "timeout": (seconds, 5.0), "rate": (number(0.001, 1e7, float), 100.0),
        "target-gap": (seconds, 1.0), "fleet-target-rate": (number(0.001, 1e6, float), 20.0)},
    "rounds": {"every": (seconds, 0.0), "rounds": (number(0, 2**32 - 1), 1), "marks": (marks, [])},
    "limits": {"clock-offset": (seconds, 0.05), "min-vps": (share, (1, False)), "disk-free": (size, 1e9),
               "host-timeout": (seconds, 60.0)},
    "fleet": {"user": (name, ""), "ssh-config": (path, ""), "parallel": (number(1, 1000), 50), "package": (path, ""),
              "program": (path, "catchmap"), "run-dir": (path, "/var/lib/catchmap"), "become": (words("yes", "no"), ["yes"])},
}


@dataclasses.dataclass
class Vp:
    vp: str
    host: str
    lat: float | None = None
    lon: float | None = None
    accuracy_km: float = 0.0
    city: str = ""
    country: str = ""
    asn: int | None = None
    weight: float = 1.0

    def location(self):
        return f"{self.lat:.10g},{self.lon:.10g},{self.accuracy_km:.10g}" if self.lat is not None else None


def parse_vp(where, vp, cells):
    """A vantage point from the cells of VP_COLUMNS, those at the end may be missing."""
    cells = [c.strip() for c in cells] + [""] * (len(VP_COLUMNS) - len(cells))
    cell = dict(zip(VP_COLUMNS, cells))
    bounds = {"lat": (-90, 90), "lon": (-180, 180), "accuracy_km": (0, 20100), "weight": (0, 1e12)}
    try:
        v = Vp(name(vp.strip()), cell["host"])
        if len(cells) > len(VP_COLUMNS):
            raise ValueError(f"{len(cells)} fields, at most {len(VP_COLUMNS)} are known: {', '.join(VP_COLUMNS)}")
        if not HOST.fullmatch(v.host):
            raise ValueError(f"'{v.host}' is not a host name")
        for key, (low, high) in bounds.items():
            if cell[key]:
                setattr(v, key, number(low, high, float)(cell[key]))
                if math.isnan(getattr(v, key)):
                    raise ValueError(f"{key} is not a number")
        if (v.lat is None) != (v.lon is None):
            raise ValueError("lat without lon, or lon without lat")
        v.city = text(cell["city"])
        v.country = cell["country"]
        if v.country and not re.fullmatch("[A-Z]{2}", v.country):
            raise ValueError(f"'{v.country}' is not a country's two letters")
        if cell["asn"]:
            v.asn = number(1, 2**32 - 1)(cell["asn"].removeprefix("AS"))
    except ValueError as e:
        raise FleetError(f"{where}: {vp}: {e}") from None
    return v


def read_vp_file(file):
    try:
        with open(file, newline="", encoding="utf-8-sig") as f:
            rows = csv.DictReader(f, strict=True)
            missing = {"vp", "host"} - set(rows.fieldnames or ())
            if missing:
                raise FleetError(f"{file}: no column '{min(missing)}': its columns are vp, {', '.join(VP_COLUMNS)}")
            return [parse_vp(f"{file}:{rows.line_num}", r["vp"], [r.get(c) or "" for c in VP_COLUMNS]) for r in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise FleetError(f"{file}: {e}") from None


class Campaign:
    """Values by section and key: campaign["rounds", "every"]."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.values = {}
        ini = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",), empty_lines_in_values=False,
                                        delimiters=("=",))
        ini.optionxform = str
        try:
            with open(file, encoding="utf-8") as f:
                ini.read_file(f)
        except (OSError, UnicodeDecodeError) as e:
            raise FleetError(f"{file}: {e}") from None
        except configparser.Error as e:
            raise FleetError(f"{file}: {' '.join(str(e).split())}") from None
        self._check_names(ini)
        for section, keys in KEYS.items():
            for key, (parse, default) in keys.items():
                self.values[section, key] = self._value(ini, section, key, parse, default)
        self.vps = self._vps(ini)
        self._check_fit()

    def __getitem__(self, key):
        return self.values[key]

    def beside(self, value):
        """A path of the file, which is relative to the file."""
        return self.file.parent / value

    def _fail(self, what):
        raise FleetError(f"{self.file}: {what}")

    def _check_names(self, ini):
        for section in ini.sections():
            if section == "vps":
                continue
            if section not in KEYS:
                self._unknown(f"section [{section}]", section, [*KEYS, "vps"])
            for key in ini[section]:
                if key not in KEYS[section]:
                    self._unknown(f"[{section}] {key}", key, KEYS[section])

    def _unknown(self, what, word, known):
        near = difflib.get_close_matches(word, known, 1)
        self._fail(f"{what} is not known" + (f"; did you mean {near[0]}?" if near else ""))

    def _value(self, ini, section, key, parse, default):
        if not ini.has_option(section, key) or (ini[section][key] == "" and default is not ...):
            if default is ...:
                self._fail(f"[{section}] {key} is missing")
            return default
        value = ini[section][key].strip()
        try:
            return parse(value)
        except ValueError as e:
            self._fail(f"[{section}] {key} = {value}: {e}")

    def _vps(self, ini):
        found = []
        for vp, value in ini["vps"].items() if ini.has_section("vps") else ():
            if vp == "file":
                found += read_vp_file(self.beside(value.strip()))
            else:
                found.append(parse_vp(f"{self.file}: [vps]", vp, value.split(",")))
        if not found:
            self._fail("[vps] names no vantage point")
        for what in "vp", "host":
            seen = set()
            for v in found:
                if getattr(v, what) in seen:
                    self._fail(f"[vps] {what} {getattr(v, what)} is there twice")
                seen.add(getattr(v, what))
        return found

    def slots(self):
        """Probes to one target in one round of one vantage point."""
        return len(self["probe", "kinds"] or ("dns", "icmp", "tcp")) * self["probe", "flows"]

    def phase(self, index):
        """How long behind its time a vantage point begins a round, so that no target gets more than fleet-target-rate."""
        return index * self.slots() / self["probe", "fleet-target-rate"]

    def spread(self):
        return self.phase(len(self.vps))

    def lasts(self):
        """Seconds that rounds at their times take, from the wait for the first to the beginning of the last."""
        return self["rounds", "every"] * self["rounds", "rounds"]

    def least_vps(self):
        n, percent = self["limits", "min-vps"]
        return math.ceil(len(self.vps) * n / 100) if percent else n

    def _check_fit(self):
        every = self["rounds", "every"]
        if every and self.spread() >= every:
            self._fail(f"{len(self.vps)} vantage points x {self.slots()} probes at fleet-target-rate "
                       f"{self['probe', 'fleet-target-rate']:g}/s take {self.spread():g} s, rounds begin every {every:g} s: "
                       "fewer probes, or a longer [rounds] every")
        if not every and self["rounds", "rounds"] == 0:
            self._fail("[rounds] rounds = 0 (without end) needs every")
        if self.least_vps() > len(self.vps):
            self._fail(f"[limits] min-vps is {self.least_vps()}, [vps] has {len(self.vps)}")
