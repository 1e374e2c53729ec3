#!/usr/bin/env bash
# `import` and `infer` on measurements that others published, where ../shared has them: sites found by latency alone and by
# opaque labels, one set of parameters for all; verdicts of many addresses and which probes are misplaced; sites behind names;
# two measurements of one service, compared vantage point by vantage point.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=$(realpath -m "${B:-build}/catchmap")
export CATCHMAP_TARGETS=$PWD/targets
shared=$(realpath -m ../shared)
[ -d "$shared/data/latency" ] || {
	echo "no ../shared/data"
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
import_and_infer() { # RUN FORMAT TARGET FILE [INFER-ARGS...]
	local target=()
	[ -z "$3" ] || target=(--target "$3")
	"$catchmap" import -q --format "$2" "${target[@]}" -o "$1" "$4" 2>"$scratch/said" || fail "import $4: $(cat "$scratch/said")"
	"$catchmap" infer -q "${@:5}" "$1" 2>"$scratch/said" || fail "infer $1: exit $?: $(cat "$scratch/said")"
}

# --- sites against known ones ---
igreedy=$shared/data/latency/igreedy-2015
declare -A address=([f-ripe]=192.5.5.241 [k-ripe]=193.0.14.129 [f-planetlab]=192.5.5.241 [l-planetlab]=199.7.83.42
	[cloudflare-planetlab]=104.16.132.229)
score() { # KIND FILES...: pooled f1, and each file's line in results
	local kind=$1 f
	shift
	for f in "$@"; do
		import_and_infer "$scratch/$kind-$f" igreedy "${address[$f]}" "$igreedy/$kind/$f"
		echo "$f $(python3 "$shared/score/sites.py" "$scratch/$kind-$f/sites.csv" "$igreedy/measurement+gt/$f")"
	done >"$scratch/scores"
	sed "s/^/$kind /" "$scratch/scores" >&2
	awk '{ for (i = 1; i < NF; i++) { if ($i == "tp") t += $(i + 1); if ($i == "fp" || $i == "fn") w += $(i + 1) } }
		END { printf "%.3f\n", 2 * t / (2 * t + w) }' "$scratch/scores"
}
below=
at_least() { # WANTED GOT WHAT
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(b >= a) }' || below+="$3: f1 $2, not $1; "
}
ripe=$(score measurement f-ripe k-ripe)
at_least 0.88 "$ripe" "latency alone, RIPE"
planetlab=$(score measurement f-planetlab l-planetlab cloudflare-planetlab)
at_least 0.80 "$planetlab" "latency alone, PlanetLab"
ripe_labels=$(score measurement+gt f-ripe k-ripe)
at_least 0.92 "$ripe_labels" "labels, RIPE"
planetlab_labels=$(score measurement+gt f-planetlab l-planetlab cloudflare-planetlab)
at_least 0.81 "$planetlab_labels" "labels, PlanetLab"
for f in "${!address[@]}"; do
	labels=$(grep -v '^#' "$igreedy/measurement+gt/$f" | cut -f4 | tr -d ' ' | sort -fu | grep -c .)
	rows=$(cut -d, -f4 "$scratch/measurement+gt-$f/sites.csv" | tail -n +2 | sort -u | grep -c .)
	[ "$rows" -ge "$labels" ] || fail "$f: $labels labels, $rows sites"
done

# --- names that say where: Africa's probes of one address, seven sites ---
printf 'target,service,operators\n173.245.58.117,old,Cloudflare\n' >"$scratch/targets.csv"
tsv=$shared/data/latency/cloudflare-idserver-2015/probes.tsv
import_and_infer "$scratch/names" igreedy 173.245.58.117 "$tsv" -f "$scratch/targets.csv"
python3 - "$scratch/names/sites.csv" <<'PY' || fail "names: $(cat "$scratch/names/sites.csv")"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
sys.exit({r["site"] for r in rows} != {"ams", "cdg", "ewr", "fra", "jnb", "lhr", "sin"} or not all(r["lat"] for r in rows))
PY

# --- verdicts, each address by itself ---
worldwide=$shared/data/latency/ripe-atlas-2023
verdicts=0
named=0
while IFS=$'\t' read -r file verdict discs; do
	run=$scratch/$file
	import_and_infer "$run" igreedy "${file%%_*}" "$worldwide/PoPETs_IP_anycast_validation/$file"
	got=$(sed -n 2p "$run/sites.csv" | cut -d, -f3)
	[ "$got" = "$verdict" ] || fail "$file is $verdict, not $got: $(sed -n 2p "$run/sites.csv")"
	if [ "$verdict" = unicast ] && [ "$discs" -gt 1 ]; then
		grep -q ',no,misplaced' "$run/trust.csv" || fail "$file: $discs discs, and nobody is named"
		named=$((named + 1))
	fi
	verdicts=$((verdicts + 1))
	rm -rf "$run"
done < <(grep -v '^#' "$worldwide/verdicts-worldwide.tsv")

[ -z "$below" ] || fail "$below"

# --- one service at two moments ---
for m in 29083406 29096558; do import_and_infer "$scratch/$m" atlas '' "$shared/data/atlas/RIPE-Atlas-measurement-$m.json"; done
moves=$(python3 - "$scratch/29083406/catchment.csv" "$scratch/29096558/catchment.csv" <<'PY'
import collections, csv, sys
old, new = ({r["vp"]: r for r in csv.DictReader(open(p, newline=""))} for p in sys.argv[1:])
count = collections.Counter()
for vp in old.keys() | new.keys():
    o, n = old[vp], new[vp]
    both = o["state"] == n["state"] == "site"
    count[("same" if o["site"] == n["site"] else "moved") if both else f"{o['state']}>{n['state']}"] += 1
print(" ".join(f"{k}:{v}" for k, v in sorted(count.items())))
PY
)
[ "$moves" = "moved:5 no-site>no-site:6 same:82 site>silent:1 unmeasured>unmeasured:2" ] || fail "moves: $moves"
echo "f1 by latency $ripe RIPE $planetlab PlanetLab, by labels $ripe_labels $planetlab_labels; $verdicts verdicts, $named with misplaced probes named"
