#!/usr/bin/env bash
# The lab's tier 1: catchmap finds the truth of a world, from all its VPs at once, and each trouble becomes the outcome
# that it should; the world itself keeps its times under load; whatever goes wrong leaves nothing behind.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
box_enter "$@"
lab=tests/lab/world
w=$box/world

up() { # FOLDER [OPTIONS...]
	"$lab" up "$1" "$1/places.csv" "$1/served.csv" "${@:2}" >"$box/up.log" 2>&1 || fail "world up: $(cat "$box/up.log")"
}
# catchmap from every VP of a world at once: RUN then has all their rows.
probe_all() { # FOLDER RUN ARGS...
	local vp v4 v6 pid pids=()
	while read -r vp v4 v6; do
		"$lab" exec "$1" "$catchmap" probe -q -f "$1/targets.csv" -S "$v4" -S "$v6" --vp "$vp" -o "$2" "${@:3}" \
			>"$box/$vp.log" 2>&1 </dev/null &
		pids+=($!)
	done <"$1/vps"
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "catchmap probe: exit $?: $(tail -n 3 "$box"/*.log)"
	done
	for vp in $(cut -d' ' -f1 "$1/vps"); do
		python3 "$here/rows.py" conserved "$2/$vp" dropped=0 || fail "rows of $vp"
	done
}
# One figure of the world's or its judge's line.
figure() { # NAME TEXT
	local v=${2##*"$1="}
	echo "${v%% *}"
}
nothing_left() { # AFTER-WHAT
	box_await 5 "after $1 the world is not gone" bash -c '! pgrep -f "tools/[w]orld -I" >/dev/null'
	[ "$(ip netns | wc -l)" -eq 0 ] || fail "after $1 there are namespaces: $(ip netns)"
}

# The truth and the troubles.
python3 "$here/world.py" make "$w"
up "$w"
! "$lab" up "$w" "$w/places.csv" "$w/served.csv" 2>"$box/twice.log" || fail "two worlds in one folder"
probe_all "$w" "$box/run" -r 500 -c 4 --gap 300ms -t 2s --linger 2s
said=$(python3 "$here/world.py" check "$w" "$box/run") || fail "$said"

# Flows: each stays on its path, and all of them together show every site of the split.
grep -E '^target|,split,' "$w/targets.csv" >"$box/split.csv"
"$lab" exec "$w" "$catchmap" probe -q -f "$box/split.csv" -S 198.18.1.1 -S 2001:db8:1::1 --vp ams -o "$box/split" --flows 24 \
	-c 2 --gap 5ms -r 500 -p dns,icmp -t 2s --linger 0 || fail "catchmap probe --flows: exit $?"
flows=$(python3 "$here/world.py" flows "$box/split/ams") || fail "$flows"

# A burst of CHAOS questions from a stranger: what the limit takes comes back as IN + NSID.
grep -E '^target|,chaos,' "$w/targets.csv" >"$box/chaos.csv"
"$lab" exec "$w" "$catchmap" probe -q -f "$box/chaos.csv" -S 198.18.1.2 -S 2001:db8:1::2 --vp nyc -o "$box/chaos" --flows 10 \
	--gap 0 -r 10000 -p dns -t 1s --linger 0 || fail "catchmap probe of the CHAOS limit: exit $?"
limited=$(python3 "$here/rows.py" count "$box/chaos/nyc" attempt=1 outcome=timeout)
recovered=$(python3 "$here/rows.py" count "$box/chaos/nyc" attempt=2 outcome=reply)
[ "$limited" -gt 0 ] && [ "$recovered" -eq "$limited" ] || fail "CHAOS limit: $limited questions lost, $recovered recovered"
"$lab" down "$w"
nothing_left down

# Churn moves whole ASes, in runs other than the first, and the same ones in the same run.
moved=$(python3 "$here/world.py" churn "$tools/world" "$w") || fail "$moved"

# The world's own times, and no reply lost, under a mixed load of 100 VPs and 40 targets.
python3 tests/lab/world_make.py "$box/many" --vps 100 --services 20 --sites 40
up "$box/many"
times=
for rate in 1000 20000; do
	load=$("$lab" exec "$box/many" "$tools/world_load" -r "$rate" -c $((2 * rate)) "$box/many/places.csv" \
		"$box/many/served.csv") || fail "world_load"
	[ "$(figure lost "$load")/$(figure below_truth "$load")/$(figure wrong_identity "$load")" = 0/0/0 ] || fail "$rate/s: $load"
	times+=" $rate/s $(figure error_us_p50 "$load")/$(figure error_us_p99 "$load") us"
done
"$lab" down "$box/many"

# Bad input: said with file and line, and nothing is started.
while IFS='|' read -r row expected; do
	{ cat "$w/served.csv" && echo "$row"; } >"$box/bad.csv"
	! "$lab" up "$box/bad" "$w/places.csv" "$box/bad.csv" 2>"$box/bad.log" || fail "taken for good: $row"
	grep -q "bad.csv:.*$expected" "$box/bad.log" || fail "$row: $(cat "$box/bad.log")"
done <<'ROWS'
192.0.2.999,x,ams,fra1|target
192.0.2.1,clean,nobody,fra1|no VP
192.0.2.1,clean,ams,atlantis|site
192.0.2.1,clean,ams,fra1,1.5|loss
192.0.2.1,clean,ams,fra1,,,,,,,,,,,rude|hostile
192.0.2.1,clean,ams,fra1,,,,,3|other
198.18.1.1,x,ams,fra1|VP
ROWS
nothing_left "bad input"

# `up` killed at any moment, and the first process killed later: nothing stays, and the folder can be used again.
for ms in 5 20 50 100 200 400; do
	"$lab" up "$w" "$w/places.csv" "$w/served.csv" >/dev/null 2>&1 &
	pid=$!
	sleep "0.$(printf %03d "$ms")"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	! [ -s "$w/pid" ] || "$lab" down "$w"
	nothing_left "up killed after $ms ms"
done
up "$w"
kill -KILL "$(cat "$w/pid")"
nothing_left "the death of the first process"
! "$lab" exec "$w" true 2>/dev/null || fail "exec in a dead world"
up "$w"
"$lab" down "$w"
nothing_left "the second life"

figures "$said; $flows; CHAOS limit took $limited, $recovered came back; $moved; error p50/p99:$times"
