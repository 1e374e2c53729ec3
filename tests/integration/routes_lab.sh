#!/usr/bin/env bash
# The lab's route collector: every path in its MRT dump is the one that BIRD shows, and vantage points are joined to them.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
tmp=$(mktemp -d)
chmod 755 "$tmp"
bgp() { tests/lab/bgp --dir "$tmp/lab" "$@"; }
trap 'bgp down >/dev/null 2>&1; rm -rf "$tmp"' EXIT

fail() {
	echo "FAILED: $*"
	exit 1
}
for c in bird birdc nsd knotd named pdns_server unbound nginx kdig dig curl ethtool; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$c" >/dev/null || { echo "$c is not installed"; exit 77; }
done
if [ "$(id -u)" -ne 0 ]; then
	unshare --user --map-root-user true 2>/dev/null || { echo "no root and no user namespaces"; exit 77; }
fi

bgp up
bgp mrt "$tmp/rib.mrt"
bgp exec rc-vie birdc -s /run/lab/rc-vie/bird.ctl 'show route table all all' >"$tmp/bird"
mkdir "$tmp/run"
# A flow of the split service meets one of two sites: no one site to be joined.
bgp catchment | awk -F, 'NR == 1 || $1 ~ /^(192\.0\.2\.53|2001:db8:a::53)$/' >"$tmp/run/catchment.csv"
bgp down

python3 tests/integration/routes_lab.py entries "$tmp/bird" | sort >"$tmp/theirs"
"$B/tools/mrt_dump" "$tmp/rib.mrt" | sort >"$tmp/ours"
[ "$(wc -l <"$tmp/ours")" -ge 500 ] || fail "only $(wc -l <"$tmp/ours") entries in the dump"
cmp "$tmp/ours" "$tmp/theirs" || fail "the dump's paths differ from BIRD's"
"$B/catchmap" routes 192.0.2.53 2001:db8:a::53 --mrt "$tmp/rib.mrt" --catchment "$tmp/run" --json >"$tmp/json"
joined=$(python3 tests/integration/routes_lab.py join "$tmp/json") || fail "see above"

# The run's own verdict is said when it is known.
meaning() { "$B/catchmap" routes 192.0.2.53 --mrt "$tmp/rib.mrt" --catchment "$tmp/run" | grep '^meaning'; }
meaning | grep -q 'do not prove it' || fail "without a verdict: $(meaning)"
printf 'target,service,verdict,site\n192.0.2.53,,anycast,ams\n' >"$tmp/run/sites.csv"
meaning | grep -q 'measured in .*: anycast' || fail "with a verdict: $(meaning)"
echo "$(wc -l <"$tmp/ours") paths as BIRD has them; ${joined//$'\n'/; }"
