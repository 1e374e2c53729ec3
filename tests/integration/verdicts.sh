#!/usr/bin/env bash
# Every verdict and flag of `which` in a world of known truth: each case gets the one it should and no other, over both
# families. WAY=plain: for an ordinary user without capabilities (verdicts_plain.sh).
# Runs alone: it judges times.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
box_enter "$@"
lab=tests/lab/world
w=$box/world
export CATCHMAP_TARGETS=$w/targets

# Starts the world anew: flips count from its first packet.
world() {
	"$lab" down "$w" 2>/dev/null || true
	"$lab" up "$w" "$w/places.csv" "$w/served.csv" >"$box/up.log" 2>&1 || fail "world up: $(cat "$box/up.log")"
	"$lab" exec "$w" sysctl -qw net.ipv4.ping_group_range="0 0" # root without capabilities is an ordinary user here
}

cases=0
group() { # GROUP FAMILY WAY
	local rc=0 as=() names options
	[ "$3" = raw ] || as=(setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs)
	python3 "$here/verdicts.py" names "$1" "$2" "$3" >"$box/names"
	python3 "$here/verdicts.py" options "$1" "$2" >"$box/options"
	read -ra names <"$box/names"
	read -ra options <"$box/options"
	[ "$3" = raw ] || options+=(--flow-base 34000)
	"$lab" exec "$w" "${as[@]}" "$catchmap" which --json -r 2000 -t 700ms "${options[@]}" "${names[@]}" >"$box/out.json" 2>"$box/err" || rc=$?
	[ "$rc" -eq "$([ "$1" = dead ] && echo 5 || echo 0)" ] || fail "which $1 v$2 $3: exit $rc: $(cat "$box/err")"
	python3 "$here/verdicts.py" check "$1" "$2" "$3" "$box/out.json" || fail "$1 v$2 $3"
	cases=$((cases + ${#names[@]}))
}

python3 "$here/verdicts.py" make "$w"
way=${WAY:-raw}
for family in 4 6; do
	for g in $(python3 "$here/verdicts.py" groups); do
		[ "$g" != time ] && [ "$g" != here ] || world
		group "$g" "$family" "$way"
	done
done
"$lab" down "$w"
figures "$cases cases as expected"
