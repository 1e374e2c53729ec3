#!/usr/bin/env bash
# diff as a program: what it says of small catchments, its exit codes, what it does with bad input, and two real measurements.
. "$(dirname "$0")/lib.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# catchment NAME DAY SITES: one vantage point a letter, each in an AS of its own, each letter its site.
catchment() {
	local i
	echo 'target,service,vp,site,vp_asn,vp_country,rtt_probe,rtt_min_ms,answered,first'
	for ((i = 0; i < ${#3}; i++)); do
		printf '192.0.2.1,svc,vp%02d,%s,%d,DE,dns,1%d.5,4,2026-11-%02dT00:00:00Z\n' "$i" "${3:i:1}" $((i + 1)) "$i" "$2"
	done >"$dir/rows"
	cat "$dir/rows"
}
expect() { # CODE PATTERN ARGS...
	local want=$1 pattern=$2 rc=0
	shift 2
	"$catchmap" diff "$@" >"$dir/out" 2>"$dir/err" || rc=$?
	[ "$rc" -eq "$want" ] || fail "diff $*: exit $rc, not $want: $(cat "$dir/err")"
	grep -qhE "$pattern" "$dir/out" "$dir/err" || fail "diff $*: no '$pattern' in: $(cat "$dir/out" "$dir/err")"
}

cd "$dir"
catchment base 1 aaaaaaaaaaaaaaaaaaaaaaaa >base.csv
catchment old 2 aaaaaaaaaaaaaaaaaaaaaaaa >old.csv
catchment new 3 bbbbbbbbaaaaaaaaaaaaaaaa >new.csv
catchment few 3 bbb >few.csv
sed 's/vp0/other0/; s/vp1/other1/; s/vp2/other2/' new.csv >strangers.csv
: >empty.csv
echo 'target,vp,site' >rowless.csv
mkdir bare

expect 0 '^CHANGED  svc 192.0.2.1: 33.3 % moved \(8 of 24 VPs, 8 ASes\); floor 0.0 %; p = 0.004; b is new$' old.csv new.csv --baseline base.csv
expect 1 '^exit 1   \(--fail-on 5%: 33.3 - 0.0 = 33.3 points above the floor\)$' old.csv new.csv --baseline base.csv --fail-on 5%
expect 0 '^SAME .*p = 0.004; smallest change this could show: 10 ASes, about 41.7 %' old.csv new.csv --baseline base.csv --fail-on 5% --alpha 0.001
expect 0 '^UNTESTED svc 192.0.2.1: 33.3 % moved .*; no --baseline' old.csv new.csv
expect 1 'no baseline, so the floor is not taken off' old.csv new.csv --fail-on 33%
expect 0 '^UNTESTED' old.csv new.csv --fail-on 34
expect 0 'nothing moved \(24 VPs\)' old.csv old.csv
expect 0 '^ +vp07 DE AS8 a -> b' old.csv new.csv -v
expect 4 '^CANNOT   svc 192.0.2.1: 0 VPs have a site in both runs' old.csv strangers.csv
expect 4 '^CANNOT   .*: 3 VPs have' old.csv few.csv
expect 2 'nowhere.csv: No such file' nowhere.csv new.csv
expect 2 "bare: no catchment.csv in it: run 'catchmap infer bare' first" old.csv bare
expect 2 'empty.csv: empty' old.csv empty.csv
expect 2 'rowless.csv: no rows' old.csv rowless.csv
expect 2 'give two runs' old.csv
expect 2 "'lots' is not a percentage" old.csv new.csv --fail-on lots
expect 2 'a percentage is expected, like 5%' old.csv new.csv --fail-on intercepted
expect 2 "'101' is not a percentage" old.csv new.csv --fail-on 101
expect 2 "'price' is not cost, site or vp" old.csv new.csv --sort price
expect 2 "'1' is not a probability" old.csv new.csv --alpha 1
expect 2 'no target 192.0.2.9 in common' old.csv new.csv --target 192.0.2.9
expect 2 'weights.csv: No such file' old.csv new.csv --weight weights.csv
expect 2 'needs --target' old.csv --against 192.0.2.2

# The same from a spreadsheet; two rows of one key.
sed 's/[^,]*/"&"/g; s/$/\r/; 1s/^/\xef\xbb\xbf/' new.csv >sheet.csv
expect 0 '8 of 24 VPs' old.csv sheet.csv
{ cat new.csv; sed -n 2p new.csv; } >twice.csv
expect 2 'twice.csv:26:1: vp00 at 192.0.2.1 is there already, on line 2' old.csv twice.csv

# Two targets of one run, when both are named.
{ cat old.csv; sed '1d; s/192.0.2.1/2001:db8::1/' new.csv; } >both.csv
expect 0 '^UNTESTED svc 192.0.2.1 against svc 2001:db8::1: 33.3 % moved' both.csv --target 192.0.2.1 --against 2001:db8::1
expect 0 '^warn     IPv4 against IPv6' both.csv --target 192.0.2.1 --against 2001:db8::1
expect 2 "'svc' is 2 addresses in both.csv" both.csv --target svc --against 192.0.2.1

# Runs whose flow 0 differs.
for run in r1 r2; do
	mkdir "$run"
	cp old.csv "$run/catchment.csv"
	echo "{\"flows\": [{\"flow\": 0, \"port\": 3300${run#r}}]}" >"$run/vp00.meta.json"
done
expect 2 'flow 0 of vp00 is not the same: port is 33001 in r1 and 33002 in r2' r1 r2

# Runs that were inferred by different rules, or not at all: a warning, or both inferred again, which leaves them as they are.
export CATCHMAP_TARGETS=${CATCHMAP_TARGETS:-$OLDPWD/targets}
mkdir -p rules/naming monday tuesday
cp "$CATCHMAP_TARGETS"/{places,sites}.csv rules/
for f in rules tables; do head -n 1 "$CATCHMAP_TARGETS/naming/$f.csv" >"rules/naming/$f.csv"; done
{ echo vp,lat,lon,accuracy_km,asn; for i in {10..21}; do echo "vp$i,5$((i % 2 * 2)).1,$((i % 2 * 12 + 8)).9,10,$i"; done; } >monday/vantage.csv
{
	echo vp,target,probe,question,round,flow,tx_time_ns,outcome,rtt_ms,nsid
	for i in {10..21}; do
		[ $((i % 2)) -eq 1 ] && site=waw || site=fra
		echo "vp$i,1.1.1.1,dns,id.server,0,0,1764000000000000000,reply,3.5,${site}0$((i % 3 + 1))"
	done
} >monday/a.probes.csv
cp monday/* tuesday/
cp -R monday sunday
cat "$OLDPWD/tests/lab/naming.csv" >>rules/naming/rules.csv
CATCHMAP_TARGETS=rules "$catchmap" infer -q monday
sum=$(cat monday/* | sha256sum)
expect 2 "no catchment.csv in it: run 'catchmap infer tuesday' first" monday tuesday
expect 0 '^UNTESTED .*: nothing moved \(12 VPs\)' monday tuesday --reinfer
[ "$(cat monday/* | sha256sum)" = "$sum" ] && [ ! -e tuesday/catchment.csv ] || fail "--reinfer changed a run"
"$catchmap" infer -q tuesday
expect 4 '^warn     the runs were inferred with different naming rules: --reinfer reads both' monday tuesday
expect 0 '^SAME .*: nothing moved \(12 VPs\)' monday tuesday --reinfer --baseline sunday
grep -q '^warn     only 12 VPs: shares are coarse below 30$' out || fail "few VPs: $(cat out)"
! grep -q "different naming" out || fail "a warning that --reinfer makes untrue: $(cat out)"
expect 2 'old.csv: not the folder of a run: --reinfer needs its rows' old.csv tuesday --reinfer
"$catchmap" report tuesday --against monday --reinfer --weight as -o page.html 2>err || fail "report --reinfer: $(cat err)"
grep -q '"sentence":"nothing moved (12 VPs)' page.html || fail "the page says: $(grep -o '"sentence":"[^"]*"' page.html)"

# For programs.
"$catchmap" diff old.csv new.csv --baseline base.csv --json >out.json
jq -e '.comparisons[0] | .verdict == "CHANGED" and .vps.moved == 8 and .test.p_sign_flip == 0.00390625 and
	(.sites | length) == 2 and (.vantage_points | length) == 24' out.json >/dev/null || fail "JSON: $(head -c 600 out.json)"
"$catchmap" diff old.csv new.csv --csv --sort vp >out.csv
[ "$(cut -d, -f3,4 out.csv | sort | head -n 9 | tr '\n' ' ')" = "vp,change vp00,moved vp01,moved vp02,moved vp03,moved vp04,moved vp05,moved vp06,moved vp07,moved " ] ||
	fail "CSV: $(cat out.csv)"
if [ -e /dev/full ]; then
	rc=0
	"$catchmap" diff old.csv new.csv >/dev/full 2>err || rc=$?
	[ "$rc" -eq 4 ] || fail "a full disk behind stdout: exit $rc"
fi
sed -i 's/,b,/,\x1b[31m\xff,/' new.csv
"$catchmap" diff old.csv new.csv >out
! grep -qaP '\x1b|\xff' out || fail "a name reaches the terminal as it is"
"$catchmap" diff old.csv new.csv --json | jq -e . >/dev/null || fail "JSON of a name that is no UTF-8"
cd "$OLDPWD"

atlas=../shared/data/atlas
[ -d "$atlas" ] || { figures "exit codes, input and outputs; no $atlas"; exit 0; }
# Twice: the rows that a script of few lines makes of them, and those of import and infer.
check_atlas() { # BEFORE NOW
	"$catchmap" diff "$1" "$2" --json >"$dir/atlas.json"
	jq -e '.comparisons[0] | (.moved_share * 87 - 5 | fabs) < 1e-6 and .vps.site_in_both == 87 and .vps.lost == 1 and
		.vps.regained == 0 and .vps.no_site == 6 and .vps.both == 94 and .vps.only_before == 0 and
		([.vantage_points[] | select(.change == "unmeasured")] | length) == 2' "$dir/atlas.json" >/dev/null ||
		fail "Atlas: $(jq -c '.comparisons[0].vps' "$dir/atlas.json")"
	moves=$(jq -r '.comparisons[0].vantage_points[] | select(.change == "moved") | "\(.vp) \(.site_before)-\(.site_now)"' \
		"$dir/atlas.json" | sort | tr '\n' ',')
	[ "$moves" = "26793 ams-lhr,4475 vie-beg,51000 lhr-ams,54537 ams-fra,6182 lba-pao," ] || fail "Atlas moves: $moves"
}
for measurement in 29083406 29096558; do
	python3 "$here/diff_atlas.py" "$atlas/RIPE-Atlas-measurement-$measurement.json" >"$dir/$measurement.csv"
	"$catchmap" import --format atlas -o "$dir/$measurement" "$atlas/RIPE-Atlas-measurement-$measurement.json" 2>/dev/null
	"$catchmap" infer "$dir/$measurement" >/dev/null
done
check_atlas "$dir/29083406.csv" "$dir/29096558.csv"
check_atlas "$dir/29083406" "$dir/29096558"
figures "exit codes, input and outputs; Atlas: 82 of 87 the same site, 5 moved, 1 lost, 6 with an error in both, 2 never sent"
