"""The world of tests/bench/churn, and the judgement on what diff said of it.

    churn_world.py make FOLDER EPOCH   places.csv, served.csv, targets.csv, vantage.csv and rules; in EPOCH 3 a fifth of the ASes of
                                       each changed service are elsewhere
    churn_world.py judge VERDICTS      lines of: service, verdict, VPs, floor, share that moved, p"""
import csv
import pathlib
import random
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
import world_make  # noqa: E402

VPS, ASES, SITES = 200, 100, 12
CALM, CHANGED = 40, 20
CHURN = 0.015  # away from home in one run: twice that between two
ELSEWHERE = 0.2


def table(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(columns)
        w.writerows(rows)


def make_rules(folder):
    (folder / "naming").mkdir(parents=True)
    for name in ("places.csv", "sites.csv"):
        shutil.copy(ROOT / "targets" / name, folder)
    for name in ("rules.csv", "tables.csv"):
        text = (ROOT / "targets" / "naming" / name).read_text(encoding="utf-8").splitlines()[0] + "\n"
        extra = ROOT / "tests" / "lab" / "naming.csv"
        (folder / "naming" / name).write_text(text + (extra.read_text(encoding="utf-8") if name == "rules.csv" else ""))


def served(rng, vps, sites, epoch):
    for i in range(CALM + CHANGED):
        name = f"calm{i + 1:02}" if i < CALM else f"changed{i - CALM + 1:02}"
        moved = set(rng.sample(range(ASES), int(ASES * ELSEWHERE)))
        for vp in vps:
            near = sorted(sites, key=lambda s: world_make.distance_km(vp, s))[:3]
            home, other = rng.sample([s["id"] for s in near], 2)
            if epoch == 3 and i >= CALM and vp["asn"] - world_make.FIRST_ASN in moved:
                home, other = other, home
            yield world_make.target_addresses(i)[0], name, vp["id"], home, other, CHURN


def make(folder, epoch):
    folder, rng = pathlib.Path(folder), random.Random(1)
    folder.mkdir()
    cities = world_make.read_cities()
    sites, vps = world_make.make_sites(rng, cities, SITES), world_make.make_vps(rng, cities, VPS)
    for vp in vps:
        vp["asn"] = world_make.FIRST_ASN + rng.randrange(ASES)
    columns = ["kind", "id", "lat", "lon", "city", "country", "asn", "v4", "v6", "last_mile_ms", "identity"]
    table(folder / "places.csv", columns, ([p.get(c, "") for c in columns] for p in sites + vps))
    rows = list(served(rng, vps, sites, int(epoch)))
    table(folder / "served.csv", ["target", "service", "vp", "site", "other", "churn"], rows)
    table(folder / "targets.csv", ["target", "service", "operators", "kind", "probes"],
          [(target, name, "example", "other", "dns") for target, name in dict.fromkeys(r[:2] for r in rows)])
    table(folder / "vantage.csv", ["vp", "lat", "lon", "accuracy_km", "country", "asn"],
          ([v["id"], v["lat"], v["lon"], 10, v["country"], v["asn"]] for v in vps))
    make_rules(folder / "rules")


def judge(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.split() for line in f]
    calm, changed = ([r for r in rows if r[0].startswith(name)] for name in ("calm", "changed"))
    false, seen = (sum(r[1] == "CHANGED" for r in part) for part in (calm, changed))
    mean = [sum(float(r[k]) for r in part) / len(part) * 100 for part in (calm, changed) for k in (3, 4)]
    print(f"{len(calm)} services without a change: {false} CHANGED (moved {mean[1]:.1f} %, floor {mean[0]:.1f} %); "
          f"{len(changed)} with 20 % of the ASes elsewhere: {seen} CHANGED (moved {mean[3]:.1f} %, floor {mean[2]:.1f} %); "
          f"{min(int(r[2]) for r in rows)} to {max(int(r[2]) for r in rows)} VPs have a site in both runs")
    return len(calm) != CALM or len(changed) != CHANGED or false > 4 or seen < 17


if __name__ == "__main__":
    sys.exit({"make": make, "judge": judge}[sys.argv[1]](*sys.argv[2:]))
