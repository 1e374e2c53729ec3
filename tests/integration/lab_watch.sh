#!/usr/bin/env bash
# `watch` in the bgp lab, over fifteen vantage points that probe once a second: nothing is told while nothing happens; a site
# that is withdrawn is told once for each family, within two rounds, with the vantage points that the routing tables say moved,
# and once more when it is announced again. CALM=50 waits for so many rounds first.
. "$(dirname "$0")/lib_lab.sh"
calm=${CALM:-8}
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
