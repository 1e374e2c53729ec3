#!/usr/bin/env bash
# `watch` in the bgp lab, over fifteen vantage points that probe once a second: nothing is told while nothing happens; a site
# that is withdrawn is told once for each family, within two rounds, with the vantage points that the routing tables say moved,
# and once more when it is announced again. CALM=50 waits for so many rounds first.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
catchmap=$(realpath -m "$B/catchmap")
calm=${CALM:-8}

fail() {
	echo "FAILED: $*"
	exit 1
}
for c in bird nsd knotd named pdns_server unbound nginx kdig; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$c" >/dev/null || { echo "$c is not installed"; exit 77; }
done
tmp=$(mktemp -d)
lab() { tests/lab/bgp --dir "$tmp/lab" "$@"; }
trap 'lab down >/dev/null 2>&1 || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# How the lab's operator names its servers.
mkdir -p "$tmp/targets/naming"
cp targets/places.csv "$tmp/targets/"
for f in rules tables; do head -n 1 "targets/naming/$f.csv" >"$tmp/targets/naming/$f.csv"; done
echo 'lab,Lab,*,,ns{n:d}.{code:a3}.{service:w}.lab.example,iata,high,,,ns1.fra.anycast.lab.example,,' >>"$tmp/targets/naming/rules.csv"
export CATCHMAP_TARGETS=$tmp/targets

lab up >/dev/null
mkdir "$tmp/run"
cp "$tmp/lab/vantage.csv" "$tmp/run/"
grep -E '^target|anycast.lab' "$tmp/lab/targets.csv" >"$tmp/targets.csv"
probers=()
for vp in $(tail -n +2 "$tmp/lab/vantage.csv" | cut -d, -f1); do
	lab exec "$vp" "$catchmap" probe -f "$tmp/targets.csv" -o "$tmp/run" --vp "$vp" -p dns --every 1s --rounds $((calm + 22)) --gap 50ms \
		-t 700ms --linger 100ms -q 2>"$tmp/$vp.stderr" &
	probers+=($!)
done
for _ in {1..100}; do
	[ "$(find "$tmp/run" -name '*.probes.csv' -size +1k | wc -l)" -lt "${#probers[@]}" ] || break
	sleep 0.2
done
# Ends when the probers have.
"$catchmap" watch --json "$tmp/run" >"$tmp/news" 2>"$tmp/watch.stderr" &
watch=$!
sleep "$calm"
[ ! -s "$tmp/news" ] || fail "news while nothing happens: $(cat "$tmp/news")"
lab catchment >"$tmp/before"
withdrawn=$(lab withdraw any-iad | cut -d' ' -f1)
sleep 7
lab catchment >"$tmp/after"
lab announce any-iad >/dev/null
sleep 7
for pid in "${probers[@]}"; do wait "$pid" || fail "a prober ended with exit $?: $(cat "$tmp"/*.stderr)"; done
rc=0
wait "$watch" || rc=$?
[ "$rc" -eq 0 ] || fail "watch: exit $rc: $(cat "$tmp/watch.stderr")"
said=$(python3 tests/integration/watch_truth.py "$tmp/news" "$tmp/before" "$tmp/after" "$withdrawn") || fail "$said"
echo "$calm calm rounds: no line; any-iad withdrawn and announced: $said"
