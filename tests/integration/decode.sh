#!/usr/bin/env bash
# `decode` end to end: the shipped rules are sound; faults in rule files are named with file and line and never give a site;
# escapes, CSV in and out; and, where ../shared has known strings, how many are placed rightly.
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

sound=$("$catchmap" decode --check) || fail "the shipped rules: $sound"
echo "$sound"

# --- faults: exit 2, file and line named, no site ---
mkdir -p "$scratch/f/naming"
fault() { # FILE SED-SCRIPT EXPECTED
	local rc=0 said
	cp targets/places.csv "$scratch/f/"
	cp targets/naming/*.csv "$scratch/f/naming/"
	sed -i "$2" "$scratch/f/$1"
	said=$(CATCHMAP_TARGETS=$scratch/f "$catchmap" decode ns1.nl-ams.k.ripe.net 2>&1) || rc=$?
	[ "$rc" -eq 2 ] || fail "$1 with $2: exit $rc: $said"
	grep -qF -- "$3" <<<"$said" || fail "$1 with $2 does not say '$3': $said"
	! grep -qF Amsterdam <<<"$said" || fail "$1 with $2 gave a site: $said"
}
fault naming/rules.csv '5s/iata/locode/' 'rules.csv:5:'
fault naming/rules.csv '5s/{code:a3}/{code:a3/' 'rules.csv:5:'
fault naming/rules.csv '1s/template/form/' "rules.csv:1: no column 'template'"
fault naming/tables.csv '9s/,[0-9.-]*,[0-9.-]*,/,,,/' 'tables.csv:9:'
fault naming/tables.csv '9s/,[A-Z][A-Z],/,Utopia,/' 'tables.csv:9:'
fault places.csv '100s/^airport/seaport/' 'places.csv:100:1:'
rc=0
said=$("$catchmap" decode --check "$scratch/none" 2>&1) || rc=$?
[ "$rc" -eq 2 ] && grep -q "none/naming" <<<"$said" || fail "a folder that is not there: exit $rc: $said"

# --- what --check finds ---
cp targets/places.csv "$scratch/f/"
cp targets/naming/*.csv "$scratch/f/naming/"
echo 'twin,RIPE NCC,k.root-servers.net,,ns{n:d}.{cc:a2}-{code:a3}.k.ripe.net,table:kroot,high,,,ns1.nl-ams.k.ripe.net,,' >>"$scratch/f/naming/rules.csv"
echo 'kroot,us-xxx,Nowhere,US,-77.5,39.0,' >>"$scratch/f/naming/tables.csv"
rc=0
said=$("$catchmap" decode --check "$scratch/f" 2>&1) || rc=$?
[ "$rc" -eq 2 ] || fail "--check of an unsound folder: exit $rc"
for what in 'rule twin: unreachable' 'rule twin: overlaps rule root-k' 'bad coordinates: -77.500,39.000 (Nowhere)' \
	'rule twin: does not say where it is from' 'the code us-xxx does not say where it is from' '5 findings'; do
	grep -qF -- "$what" <<<"$said" || fail "--check does not say '$what': $said"
done

# --- strings ---
json=$("$catchmap" decode --json --target 1.1.1.1 waw03 17m397 dns01 'wa\000w03')
jq -e '[.[] | [.status, .site, .city]] == [["site", "waw", "Warsaw"], ["key", "cf-17", null], ["unknown", null, null],
	["unknown", null, null]]' <<<"$json" >/dev/null || fail "json: $json"
said=$("$catchmap" decode --json --target 1.1.1.1 $'wa\x1b\xffw03')
jq -e '.[0] | .status == "unknown" and .string == "wa\\027\\255w03"' <<<"$said" >/dev/null || fail "bytes: $said"
"$catchmap" decode waw03 | grep -q 'a guess' || fail "a form that is not its own is no guess"
said=$("$catchmap" decode --explain --target k.root-servers.net ns1.nl-ams.k.ripe.ne)
grep -q 'root-k .* fits so far' <<<"$said" || fail "--explain: $said"
said=$("$catchmap" decode --explain --target k.root-servers.net ns1.nl-ams.l.ripe.net)
grep -q 'root-k .*does not fit at byte 12 of 21' <<<"$said" || fail "--explain: $said"

# --- CSV: rows and other columns come through; ours are behind them, each name once ---
printf 'city,target,raw_string,probe_type,"no,te"\nX,k.root-servers.net,ns1.gb-lon.k.ripe.net,nsid,"a ""b"""\n,8.8.8.8,"a,b",,\n' |
	"$catchmap" decode -f - >"$scratch/out.csv"
diff - "$scratch/out.csv" <<'CSV' || fail "CSV differs"
input_city,target,raw_string,probe_type,"no,te",rule,operator,site,city,country,lat,lon,confidence
X,k.root-servers.net,ns1.gb-lon.k.ripe.net,nsid,"a ""b""",root-k,RIPE NCC,gb-lon,London,GB,51.507,-0.128,high
,8.8.8.8,"a,b",,,,,,,,,,
CSV
rc=0
said=$(printf 'string\nx\n' | "$catchmap" decode -f - 2>&1) || rc=$?
[ "$rc" -eq 2 ] && grep -q "no column 'raw_string'" <<<"$said" || fail "a CSV without strings: exit $rc: $said"

# --- known strings ---
strings=../shared/data/identity/strings.csv score=../shared/score/decode.py
[ -f "$strings" ] && [ -f "$score" ] || { echo "skipped: no ../shared (all else passed)"; exit 77; }
"$catchmap" decode -f "$strings" >"$scratch/decoded.csv"
said=$(python3 "$score" "$strings" "$scratch/decoded.csv" --wrong 20)
echo "$said"
awk '{ for (i = 1; i < NF; i += 2) v[$i] = $(i + 1) }
	END { exit !(v["right_share"] >= 0.97 && v["wrong_share"] <= 0.003 && v["intercepted_named"] == 0 && v["right"] > 1000) }' \
	<<<"$(tail -n 1 <<<"$said")" || fail "$said"
