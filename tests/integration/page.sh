#!/usr/bin/env bash
# `report` end to end: its errors and exit codes, and the page in headless Chromium: what is drawn against the CSVs, each
# control, names that are hostile, that nothing is asked of the network, and that 10,000 vantage points answer a pointer.
# Screenshots stay in $B/screenshots.
set -euo pipefail
cd "$(dirname "$0")/../.."
export B=${B:-build}
catchmap=$(realpath -m "$B/catchmap")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

# --- the committed page is what its sources build ---
modules=$(scripts/page --modules) || fail "the page's modules cannot be installed"
scripts/page "$scratch/page.html" >/dev/null
cmp "$scratch/page.html" src/report/page.html || fail "src/report/page.html is not what 'make page' builds"
size=$(stat -c %s src/report/page.html)
[ "$size" -lt 400000 ] || fail "the page has $size bytes without data"

# --- runs ---
make_run() { # NAME VPS SITES [OPTION...]
	python3 tests/integration/page/make_run.py "$scratch/$1" "${@:2}"
}
make_run lab 15 18
make_run one 1 1
make_run many 240 12 --targets 2
make_run hostile 40 6 --hostile
make_run large 10000 300 --no-base

report() { # EXIT EXPECTED ARG...
	local rc=0 said
	said=$("$catchmap" report "${@:3}" 2>&1) || rc=$?
	[ "$rc" -eq "$1" ] || fail "report ${*:3}: exit $rc, not $1: $said"
	grep -qF -- "$2" <<<"$said" || fail "report ${*:3} does not say '$2': $said"
}
cd "$scratch"
report 2 'give one run'
report 2 'give one run' one/now one/before
report 2 "run 'catchmap infer $PWD' first" "$PWD"
report 2 'No such file' none
report 2 "no target '192.0.2.99'" one/now --target 192.0.2.99
report 2 '--baseline' one/now --baseline one/base
report 2 'a folder' one/now -o one
report 2 'No such file' one/now -o none/page.html
report 4 'No space left' one/now -o /dev/full
[ -c /dev/full ] || fail "/dev/full was replaced"
report 0 'one/now/report.html: 1 of 1 targets' one/now
"$catchmap" report one/now -o - | cmp - one/now/report.html || fail "-o - differs from a file"
printf 'target,vp,site,state\n192.0.2.1,a,x' >torn.csv
mkdir torn && printf 'target,vp,state\n192.0.2.1,a,lost\n' >torn/catchment.csv
report 2 'torn/catchment.csv:2:' torn

# What does not fit is said, on stderr and in the page; a target by itself does.
mkdir wide
awk 'BEGIN {
	print "target,service,vp,site,state"
	for (t = 0; t < 201; t++)
		for (v = 0; v < 300; v++)
			printf "198.18.0.%d,s%d.example,v%d,a,site\n", t + 1, t, v
}' >wide/catchment.csv
report 0 '200 of 201 targets' wide -o wide.html
report 0 '1 of 1 targets' wide -o narrow.html --target s200.example
[ "$(stat -c %s wide.html)" -lt 9000000 ] || fail "a page of 60,000 rows has $(stat -c %s wide.html) bytes"

for name in lab many hostile; do
	report 0 "$name.html" "$name/now" --against "$name/before" --baseline "$name/base" -o "$name.html"
done
report 0 large.html large/now --against large/before -o large.html
report 0 one.html one/now -o one.html
report 0 single.html many/now -o single.html
report 0 same.html many/now --against many/now -o same.html
mapfile -t two < <(cut -d, -f1 many/now/sites.csv | tail -n +2 | sort -u)
report 0 pair.html many/now --target "${two[0]}" --against "${two[1]}" -o pair.html
"$catchmap" diff many/now --target "${two[0]}" --against "${two[1]}" --json >pair.json
report 2 "no target 'nowhere' in it" many/now --target "${two[0]}" --against nowhere
# The verdict is that of diff, whatever the options.
for how in --weight=country --cluster=vp; do
	"$catchmap" diff lab/before lab/now --baseline lab/base "$how" --json | jq -r '.comparisons[0].sentence' >sentence
	report 0 '1 of 1 targets' lab/now --against lab/before --baseline lab/base "$how" -o how.html
	grep -qF "\"sentence\":\"$(<sentence)\"" how.html || fail "report $how does not say: $(<sentence)"
done
# The first target's address becomes one that the routing table has.
mkdir routed mrt
cp many/now/* routed/
sed -i 's/192\.0\.2\.53/198.18.4.1/' routed/catchment.csv routed/sites.csv
python3 "$OLDPWD/tests/integration/routes_make.py" mrt
report 0 routed.html routed --target 198.18.4.1 --mrt mrt/v2.mrt -o routed.html
"$catchmap" routes 198.18.4.1 --mrt mrt/v2.mrt --catchment routed --json >routes.json 2>/dev/null
cd - >/dev/null

mkdir -p "$B/screenshots"
node tests/integration/page/check.js "$modules" "$scratch" "$B/screenshots" "$size"
