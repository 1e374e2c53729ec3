#!/usr/bin/env bash
# catchmap in the bgp lab, from every vantage point at once: identities are what the routing tables say, before and after a
# withdrawal and after the announcement; no RTT is below the truth; a flow stays with its site while flows are split.
. "$(dirname "$0")/lib_lab.sh"

# Probes from all VPs into one run, and holds the rows against the truth of that moment.
round() { # RUN
	local vp pids=() pid
	mkdir -p "$tmp/$1"
	for vp in $(tail -n +2 "$tmp/lab/vantage.csv" | cut -d, -f1); do
		lab exec "$vp" "$catchmap" probe -f "$tmp/lab/targets.csv" -o "$tmp/$1" --vp "$vp" -c 4 --gap 150ms \
			-t 2s -q --flows 2 2>"$tmp/$1/$vp.stderr" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || fail "$1: a prober ended with exit $?: $(cat "$tmp/$1"/*.stderr)"; done
	lab catchment >"$tmp/$1.truth"
	python3 "$here/lab_compare.py" "$tmp/$1" "$tmp/$1.truth" || fail "$1 differs from the truth"
}
said=$(round before) || fail "$said"
lab withdraw any-iad >"$tmp/out"
gone=$(round without) || fail "$gone"
lab announce any-iad >"$tmp/out"
again=$(round again) || fail "$again"
python3 "$here/lab_compare.py" --same "$tmp/before" "$tmp/again" || fail "after the announcement a VP is elsewhere"
lab down
echo "before: $said; any-iad withdrawn: $gone; announced: $again"
