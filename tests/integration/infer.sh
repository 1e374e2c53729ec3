#!/usr/bin/env bash
# `infer` end to end over written rows: each kind of bad input is told with file and line and exit 4 while the rest is inferred;
# the order of rows and files, and how they are packed, changes nothing; what is written is whole.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=$(realpath -m "${B:-build}/catchmap")
export CATCHMAP_TARGETS=$PWD/targets
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

# Five vantage points, two of them far from the others; 1.1.1.1 says where it answers from.
vantage() {
	cat <<'CSV'
vp,lat,lon,accuracy_km,city,country,asn,weight
waw,52.23,21.01,10,Warsaw,PL,64500,1
vie,48.21,16.37,10,Vienna,AT,64501,1
fra,50.11,8.68,10,Frankfurt,DE,64502,1
syd,-33.87,151.21,10,Sydney,AU,64503,1
akl,-36.85,174.76,10,Auckland,NZ,64504,1
CSV
}
header=vp,target,probe,question,round,flow,tx_time_ns,outcome,rtt_ms,nsid
rows() {
	cat <<CSV
$header
waw,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,2.5,waw01
waw,1.1.1.1,dns,id.server,1,0,1764000600000000000,reply,2.25,waw03
vie,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,7.5,waw01
fra,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,1.5,fra01
syd,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,1.25,syd01
akl,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,28.5,syd02
CSV
}
good_run() { # RUN
	rm -rf "$1"
	mkdir -p "$1"
	vantage >"$1/vantage.csv"
	rows >"$1/a.probes.csv"
}
infer() { # RUN ARGS...
	rc=0
	said=$("$catchmap" infer "$@" 2>&1) || rc=$?
}
# The field of a column, of the row of a vantage point (or site).
field() { # FILE COLUMN KEY-COLUMN KEY
	python3 - "$@" <<'PY'
import csv, sys
path, column, key, value = sys.argv[1:]
print("|".join(r[column] for r in csv.DictReader(open(path, newline="")) if r[key] == value))
PY
}
has() { # WANTED GOT WHAT
	[ "$1" = "$2" ] || fail "$3: '$2', not '$1' ($said)"
}

# --- as it should be ---
run=$scratch/run
good_run "$run"
infer "$run"
[ "$rc" -eq 0 ] || fail "a good run: exit $rc: $said"
grep -q '^anycast  .*1\.1\.1\.1: 3 sites, 3 placed; 5 of 5' <<<"$said" || fail "the story: $said"
[ "$(wc -l <<<"$said")" -le 20 ] || fail "a long story: $said"
for vp in waw:waw vie:waw fra:fra syd:syd akl:syd; do
	has "${vp#*:}" "$(field "$run/catchment.csv" site vp "${vp%:*}")" "the site of ${vp%:*}"
done
has 2.250000 "$(field "$run/catchment.csv" rtt_min_ms vp waw)" "the least time"
has 2.375000 "$(field "$run/catchment.csv" rtt_median_ms vp waw)" "the median"
has 0.400000 "$(field "$run/sites.csv" weight_share site waw)" "the share"
has 'waw01|waw03' "$(field "$run/sites.csv" identities site waw)" "the identities"
jq -e '.inputs[0].sha256 == "'"$(sha256sum <"$run/a.probes.csv" | cut -d' ' -f1)"'" and .inputs[0].rows == 6' "$run/infer.json" >/dev/null ||
	fail "infer.json: $(cat "$run/infer.json")"
has 'a.probes.csv catchment.csv infer.json sites.csv trust.csv vantage.csv ' "$(ls -A "$run" | tr '\n' ' ')" "what is left in the run"
mv "$run" "$scratch/first"

# --- order, files and packing ---
good_run "$run"
{ echo "$header" && rows | tail -n +2 | tac; } >"$run/a.probes.csv"
infer "$run" -q
[ "$rc" -eq 0 ] && [ -z "$said" ] || fail "-q: exit $rc: $said"
for f in sites catchment trust; do cmp -s "$run/$f.csv" "$scratch/first/$f.csv" || fail "$f.csv depends on the order of rows"; done
good_run "$run"
for vp in waw vie fra syd akl; do { echo "$header" && rows | grep "^$vp,"; } >"$run/z-$vp.probes.csv"; done
rm "$run/a.probes.csv"
gzip "$run/z-waw.probes.csv"
zstd -q --rm "$run/z-fra.probes.csv"
infer "$run"
[ "$rc" -eq 0 ] || fail "packed files: exit $rc: $said"
for f in sites catchment trust; do cmp -s "$run/$f.csv" "$scratch/first/$f.csv" || fail "$f.csv depends on the files"; done

# --- one fault each: what is said, and what is made of it ---
fault() { # WHAT SAID SITE-OF-VIE [ARGS...]
	infer "$run" "${@:4}"
	[ "$rc" -eq 4 ] || fail "$1: exit $rc: $said"
	grep -qE -- "$2" <<<"$said" || fail "$1: does not say '$2': $said"
	has "$3" "$(field "$run/catchment.csv" site vp vie)" "$1: the site of vie"
	has syd "$(field "$run/catchment.csv" site vp syd)" "$1: the site of syd"
}
good_run "$run" && sed -i '3s/48.21/91/' "$run/vantage.csv"
fault "latitude 91" 'vantage.csv:3:' waw
has '' "$(field "$run/catchment.csv" vp_lat vp vie)" "latitude 91: the place"
good_run "$run" && echo 'vie,10,10,10,Elsewhere,XX,64501,1' >>"$run/vantage.csv"
fault "two places" 'vantage.csv:7:' waw
good_run "$run" && rm "$run/vantage.csv"
fault "no vantage.csv" 'vantage.csv' waw
for bad in 0:'a time above 0' -3:'' nan:'' inf:''; do
	good_run "$run" && sed -i "4s/7.5/${bad%%:*}/" "$run/a.probes.csv"
	site=
	[ "${bad%%:*}" != 0 ] || site=waw
	fault "RTT ${bad%%:*}" "a.probes.csv:4:[0-9]+: '${bad%%:*}' is not .*${bad#*:}" "$site"
done
good_run "$run" && truncate -s -20 "$run/a.probes.csv"
fault "a torn row" 'a.probes.csv:7:1: the row is cut short' waw
good_run "$run" && zstd -q --rm "$run/a.probes.csv" && { echo "$header" && rows | grep ^waw; } | zstd -q >"$run/b.probes.csv.zst"
truncate -s -4 "$run/b.probes.csv.zst"
fault "a torn frame" 'b.probes.csv.zst:' waw
good_run "$run" && printf 'vp,target\nvie,1.1.1.1\n' >"$run/b.probes.csv"
fault "no column" "b.probes.csv: no column 'probe'" waw
good_run "$run" && : >"$run/0.probes.csv"
fault "an empty file" '0.probes.csv: empty' waw
grep -q ' in 1 file, ' <<<"$said" || fail "an empty file is counted: $said"
good_run "$run" && echo '{"end": null, "counts": {"rows": 0}}' >"$run/a.meta.json"
fault "a prober that died" 'a.probes.csv: its prober is still at work, or died' waw
good_run "$run" && echo '{"end": "2026-11-22T18:00:00Z", "counts": {"rows": 7}}' >"$run/a.meta.json"
fault "a row is missing" 'a.probes.csv: 6 good rows; its prober wrote 7' waw

# A name in an old code is no UTF-8, and JSON takes nothing else.
good_run "$run" && mv "$run/a.probes.csv" "$run/"$'m\xfcnchen.probes.csv'
for args in '' --json; do
	# shellcheck disable=SC2086 # words
	infer $args "$run"
	[ "$rc" -eq 0 ] || fail "a name that is no UTF-8: exit $rc: $said"
done
jq -e '.inputs[0].file | endswith("/m\\252nchen.probes.csv")' "$run/infer.json" >/dev/null || fail "its name: $(cat "$run/infer.json")"

good_run "$run" && sed -i '4s/10/300/' "$run/vantage.csv"
infer "$run"
[ "$rc" -eq 0 ] && grep -q '1\.1\.1\.1: 3 sites' <<<"$said" || fail "a coarse place: exit $rc: $said"

# --- what is known beforehand: published sites are only a help ---
mkdir "$scratch/targets" && cp -rs "$PWD/targets/." "$scratch/targets/"
rm "$scratch/targets/sites.csv"
lists() { # WHAT SAID
	good_run "$run"
	CATCHMAP_TARGETS=$scratch/targets fault "$1" "$2" waw
}
lists "no lists" 'sites.csv: No such file'
printf 'list,city,country,lat,lon,date,source\nX,Paris,FR,91,2.35,2025,x\n' >"$scratch/targets/sites.csv"
lists "a bad list" 'sites.csv:2:12'
rm -r "$scratch/targets"

# Columns in another order and new ones are no fault; those that only some files have are told.
good_run "$run"
printf '%s,new\nlhr,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,1.5,lhr01,x\n' "$header" >"$run/b.probes.csv"
infer "$run"
[ "$rc" -eq 0 ] && has lhr "$(field "$run/catchment.csv" site vp lhr)" "new columns"
grep -q '1 without a place' <<<"$said" || fail "a VP that vantage.csv lacks: $said"
good_run "$run" && printf 'outcome,probe,target,vp,nsid\nreply,dns,1.1.1.1,lhr,lhr01\n' >"$run/b.probes.csv"
fault "an older version's columns" 'b.probes.csv:1: lacks .*: question round flow tx_time_ns rtt_ms$' waw
has lhr "$(field "$run/catchment.csv" site vp lhr)" "an older version's columns"
good_run "$run" && echo 'waw,1.1.1.1,dns,id.server,2,0,1764001200000000000,reply,2.5,waw01,x' >>"$run/a.probes.csv"
fault "a row of another version" 'a.probes.csv:8:1: .*11 fields' waw

# --- usage ---
for args in '' "$scratch/none" "$scratch" "--explain $run" "--speed 10 $run" "--trust 200 $run" "--min-vps 0 $run" "--explain 9.9.9.9 $run"; do
	# shellcheck disable=SC2086 # words
	infer $args
	[ "$rc" -eq 2 ] || fail "infer $args: exit $rc: $said"
done

# --- few vantage points, coarse ones, all in one city: nothing is claimed, and the evidence says why ---
pings() { # NAME:RTT...
	local v
	echo "$header"
	for v in "$@"; do echo "${v%:*},192.0.2.1,icmp,,0,0,1764000000000000000,reply,${v#*:},"; done
}
verdict() { # WANTED EVIDENCE WHAT
	infer --min-vps 2 "$run"
	[ "$rc" -eq 0 ] || fail "$3: exit $rc: $said"
	has "$1" "$(field "$run/sites.csv" verdict target 192.0.2.1 | cut -d'|' -f1)" "$3"
	[[ "$(field "$run/sites.csv" evidence target 192.0.2.1)" == *"$2"* ]] ||
		fail "$3: the evidence does not say '$2': $(cat "$run/sites.csv")"
}
good_run "$run" && pings waw:3 >"$run/a.probes.csv"
verdict unknown 'only 1 vantage point with a place and a time' "a target with one VP"
good_run "$run" && pings waw:1.5 vie:1.5 fra:1.5 >"$run/a.probes.csv"
verdict anycast '3 discs without a common point' "precise places"
sed -i 's/,10,/,300,/' "$run/vantage.csv"
verdict unicast 'one place fits the times of all 3' "coarse places"
good_run "$run" && pings waw:3 vie:3 fra:3 >"$run/a.probes.csv" && sed -i 's/,[0-9.]*,[0-9.]*,10,/,52.2,21.0,10,/' "$run/vantage.csv"
verdict unicast 'one place fits the times of all 3' "one city"
has Warsaw "$(field "$run/sites.csv" city target 192.0.2.1)" "one city: the place"

# --- explain ---
good_run "$run"
infer --explain 1.1.1.1 "$run"
[ "$rc" -eq 0 ] && grep -q 'waw (Warsaw, PL by rule cf-new)' <<<"$said" || fail "--explain: exit $rc: $said"
[ ! -e "$run/sites.csv" ] || fail "--explain writes"
# The verdict and the sites first; what led there in few lines, and how many there are besides.
[ "$(head -1 <<<"$said")" = 'one.one.one.one 1.1.1.1: anycast' ] || fail "--explain begins: $(head -1 <<<"$said")"
for i in 0 1 2; do grep -q "^  \[site $i\] " <<<"$said" || fail "--explain: no site $i: $said"; done
mkdir "$scratch/many"
python3 - "$scratch/many" <<'PY'
import random, sys
luck = random.Random(1)
with open(sys.argv[1] + "/vantage.csv", "w") as v, open(sys.argv[1] + "/a.probes.csv", "w") as p:
    print("vp,lat,lon,accuracy_km", file=v)
    print("vp,target,probe,question,round,flow,tx_time_ns,outcome,rtt_ms,nsid", file=p)
    for i in range(400):
        print(f"v{i},{luck.uniform(-60, 60):.4f},{luck.uniform(-180, 180):.4f},1", file=v)
        print(f"v{i},192.0.2.1,icmp,,0,0,1764000000000000000,reply,{luck.uniform(1, 9):.3f},", file=p)
PY
infer --explain 192.0.2.1 "$scratch/many"
sites=$(grep -c '^  \[site' <<<"$said") || fail "--explain of many: exit $rc: $said"
[ "$rc" -eq 0 ] && [ "$sites" -gt 30 ] || fail "--explain of many: exit $rc, $sites sites"
[ "$(wc -l <<<"$said")" -lt $((20 * sites + 30)) ] || fail "--explain of many: $(wc -l <<<"$said") lines for $sites sites"
grep -qE '^  \.\.\. and [0-9]+ more$' <<<"$said" || fail "--explain of many: nothing is left out"
infer --json "$run"
jq -e '.targets[0].verdict == "anycast" and .targets[0].states.site == 5' <<<"$said" >/dev/null || fail "--json: $said"
echo "19 faults told with file and line; order, files and packing change nothing"
