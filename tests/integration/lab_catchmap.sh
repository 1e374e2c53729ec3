#!/usr/bin/env bash
# catchmap in the bgp lab, from every vantage point at once: identities are what the routing tables say, before and after a
# withdrawal and after the announcement, and so is what diff says moved; no RTT is below the truth; a flow stays with its site while flows are split.
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
cp "$tmp/lab/vantage.csv" "$tmp/lab/targets.csv" "$tmp/"
head -n 1 targets/sites.csv >"$CATCHMAP_TARGETS/sites.csv"
said=$(round before) || fail "$said"
lab withdraw any-iad >"$tmp/out"
gone=$(round without) || fail "$gone"
lab announce any-iad >"$tmp/out"
again=$(round again) || fail "$again"
python3 "$here/lab_compare.py" --same "$tmp/before" "$tmp/again" || fail "after the announcement a VP is elsewhere"
# What diff makes of the rows: nothing against itself, and exactly what the routing tables say moved.
compare() { # OLD NEW
	"$catchmap" diff "$tmp/$1" "$tmp/$2" --json >"$tmp/diff.json" || fail "diff $1 $2: exit $?"
	python3 "$here/lab_compare.py" --diff "$tmp/diff.json" "$tmp/$1.truth" "$tmp/$2.truth" || fail "diff $1 $2 differs from the truth"
}
lab down
for run in before without again; do
	cp "$tmp/vantage.csv" "$tmp/$run/"
	"$catchmap" infer -q -f "$tmp/targets.csv" "$tmp/$run" || fail "infer $run: exit $?"
done
still=$(compare before before) || fail "$still"
[[ $still == "diff: 0 of "* ]] || fail "against itself: $still"
moved=$(compare before without) || fail "$moved"
[[ $moved != "diff: 0 of "* ]] || fail "a site is withdrawn, and $moved"
back=$(compare before again) || fail "$back"
echo "$moved; before: $said; any-iad withdrawn: $gone; announced: $again"
