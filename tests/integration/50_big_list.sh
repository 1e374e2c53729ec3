#!/usr/bin/env bash
# Four million targets: probing starts soon, in less than 512 MiB, and stays there.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
reflect_start
lab_targets 120000 >"$box/list.txt"
awk 'BEGIN { for (i = 0; i < 3880000; i++) printf "2001:db8:18:%x::%x\n", 1 + i / 60000, i % 60000 + 1 }' >>"$box/list.txt"
[ "$(wc -l <"$box/list.txt")" -eq 4000000 ] || fail "the list is not as long as it should be"

rss_mib() {
	awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$run/status"
}
rows_written() {
	[ "$(wc -l <"$box/run/lab.probes.csv" 2>/dev/null || echo 0)" -gt "$1" ]
}
begin=$(date +%s%N)
box_start p probe "$catchmap" probe --vp lab -q -f "$box/list.txt" -o "$box/run" -p icmp -r 10000 -t 200ms --linger 200ms
run=$box_pid
box_await 60 'the first rows' rows_written 5000
early=$(rss_mib)
box_await 60 'many rows' rows_written 80000
later=$(rss_mib)
kill -INT "$run"
rc=0
wait "$run" || rc=$?
[ "$rc" -eq 130 ] || fail "exit $rc: $(cat "$box/probe.log")"
conserved "$box/run" dropped=0

first=$(awk -F, 'NR > 1 && (!min || $12 < min) { min = $12 } END { print min }' "$box/run/lab.probes.csv")
start=$(awk -v a="$begin" -v b="$first" 'BEGIN { printf "%.2f", (b - a) / 1e9 }')
# A sanitizer's shadow memory is not the program's.
if ! grep -q __asan_init "$catchmap"; then
	[ "$later" -lt 512 ] || fail "$later MiB"
	[ $((later - early)) -le 8 ] || fail "grew from $early to $later MiB while probing"
fi
figures "first probe after $start s, $early MiB then, $later MiB after $(wc -l <"$box/run/lab.probes.csv") rows"
