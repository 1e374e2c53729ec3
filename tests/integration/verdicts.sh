#!/usr/bin/env bash
# Every verdict and flag of `which` in a world of known truth: each case gets the one it should and no other, over both
# families. WAY=plain: for an ordinary user without capabilities (verdicts_plain.sh).
# Runs alone: it judges times.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
box_enter "$@"
lab=tests/lab/world
way=${WAY:-raw}

# Starts the world anew: flips count from its first packet.
world() { # WORLD
	"$lab" down "$1" 2>/dev/null || true
	"$lab" up "$1" "$1/places.csv" "$1/served.csv" >"$1/up.log" 2>&1 || fail "world up: $(cat "$1/up.log")"
	"$lab" exec "$1" sysctl -qw net.ipv4.ping_group_range="0 0" # root without capabilities is an ordinary user here
}

group() { # WORLD GROUP FAMILY
	local w=$1 rc=0 as=() names options
	[ "$way" = raw ] || as=(setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs)
	read -ra names <<<"$(python3 "$here/verdicts.py" names "$2" "$3" "$way")"
	read -ra options <<<"$(python3 "$here/verdicts.py" options "$2" "$3")"
	[ "$way" = raw ] || options+=(--flow-base 34000)
	CATCHMAP_TARGETS=$w/targets "$lab" exec "$w" "${as[@]}" "$catchmap" which --json -r 2000 -t 700ms "${options[@]}" "${names[@]}" \
		>"$w/out.json" 2>"$w/err" || rc=$?
	[ "$rc" -eq "$([ "$2" = dead ] && echo 5 || echo 0)" ] || fail "which $2 v$3 $way: exit $rc: $(cat "$w/err")"
	python3 "$here/verdicts.py" check "$2" "$3" "$way" "$w/out.json" || fail "$2 v$3 $way"
}

family() { # FAMILY
	local w=$box/world$1 g
	mkdir "$w"
	python3 "$here/verdicts.py" make "$w"
	for g in $(python3 "$here/verdicts.py" groups); do
		[ "$g" != time ] && [ "$g" != here ] || world "$w"
		group "$w" "$g" "$1"
	done
	"$lab" down "$w"
}

pids=()
for f in 4 6; do
	family "$f" >"$box/v$f" 2>&1 &
	pids+=($!)
done
rc=0
for p in "${pids[@]}"; do
	wait "$p" || rc=1
done
cat "$box"/v[46]
[ "$rc" -eq 0 ] || fail "cases differ"
figures "$(cat "$box"/v[46] | wc -l) cases as expected"
