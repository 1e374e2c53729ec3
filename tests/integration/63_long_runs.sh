#!/usr/bin/env bash
# Runs that last: killed at any moment and gone on with (exactly one row for each probe of the schedule), rounds at their
# times, files that rotate, a network that goes away and comes back. KILLS=20 kills more often.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
kills=${KILLS:-6}
# 198.19.0.0/16 is silent: dns is asked again there.
reflect_start 198.18.0.0/16 2001:db8:18::/48
lab_targets 1200 >"$box/list.txt"
for i in {1..100}; do echo "198.19.0.$i"; done >>"$box/list.txt"
targets=$(wc -l <"$box/list.txt")

long_probe() { # RUN ARGS...
	local run=$1
	shift
	box_start p probe "$catchmap" probe --vp lab -f "$box/list.txt" -o "$run" -t 200ms --linger 200ms --gap 50ms "$@"
	probe_pid=$box_pid
}
end_probe() { # SIGNAL
	rc=0
	kill "-$1" "$probe_pid" 2>/dev/null || true
	wait "$probe_pid" 2>/dev/null || rc=$?
}
finish() { # RUN ARGS...
	long_probe "$@"
	rc=0
	wait "$probe_pid" || rc=$?
	[ "$rc" -eq 0 ] || fail "catchmap probe ${*:2}: exit $rc: $(cat "$box/probe.log")"
}
exactly_once() { # RUN SLOTS ROUNDS
	python3 "$here/schedule.py" "$1" "$box/list.txt" "$2" "$3" || fail "$1: not one row for each probe"
}

# Killed, gone on with, killed while going on, ended.
for ((k = 0; k < kills; k++)); do
	run=$box/kill$k
	how=(-p "dns,icmp" -c 2 -r 5000)
	[ $((k % 2)) -eq 0 ] || how+=(-z)
	long_probe "$run" "${how[@]}"
	sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
	end_probe KILL
	long_probe "$run" "${how[@]}" --resume
	sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
	end_probe KILL
	finish "$run" "${how[@]}" --resume
	exactly_once "$run" 2 2
	conserved "$run"
	jq -e '.ended == "done" and .resumed >= 1' "$run/lab.meta.json" >/dev/null || [ "$(jq .resumed "$run/lab.meta.json")" = 0 ] ||
		fail "meta.json after going on: $(jq -c '{ended, resumed}' "$run/lab.meta.json")"
done
# Once more changes nothing; more rounds go on; other targets are refused, as is a run without --resume.
rows() { wc -l <"$1/lab.probes.csv"; }
before=$(rows "$box/kill0")
finish "$box/kill0" -p dns,icmp -c 2 -r 5000 --resume
[ "$(rows "$box/kill0")" -eq "$before" ] || fail "a run that was done has more rows after --resume"
finish "$box/kill0" -p dns,icmp -c 3 -r 5000 --resume
exactly_once "$box/kill0" 2 3
probe -f "$box/list.txt" -o "$box/kill0" -p icmp -c 3 -r 5000 --resume
[ "$rc" -eq 2 ] || fail "--resume with other probes: exit $rc"
grep -q 'was begun with other targets' "$box/stderr" || fail "--resume with other probes: $(cat "$box/stderr")"
probe -f "$box/list.txt" -o "$box/kill0" -p dns,icmp -c 3 -r 5000
[ "$rc" -ne 0 ] || fail "a second run into the same files"
grep -q -- '--resume' "$box/stderr" || fail "a second run into the same files: $(cat "$box/stderr")"

# Rounds begin at multiples of a second, files change at multiples of two; SIGHUP begins one more.
long_probe "$box/every" -p icmp --every 1s --rounds 6 -r 20000 --rotate 2s \
	--location 52.08,4.31,25 --vp-as AS64500 --vp-country NL --vp-city "Den Haag"
sleep 1.5
kill -HUP "$probe_pid"
wait "$probe_pid" || fail "--every: exit $?: $(cat "$box/probe.log")"
exactly_once "$box/every" 1 6
parts=0
for meta in "$box"/every/*.meta.json; do
	python3 "$here/rows.py" conserved "${meta%.meta.json}" || fail "$meta: rows and counts do not agree"
	parts=$((parts + 1))
done
# The SIGHUP may meet a change that is due, and none is made after the last round.
[ "$parts" -ge 3 ] || fail "--rotate 2s over 6 s and a SIGHUP made $parts files: $(ls "$box/every")"
[ "$(wc -l <"$box/every/lab.probes.csv")" -gt 1 ] || fail "the last file has no row: the end of a run begins none"
[ "$(jq -r .ended "$box/every/lab.meta.json")" = "done" ] || fail "the last file: $(jq -r .ended "$box/every/lab.meta.json")"
grep -q '^lab,52.08[0-9]*,4.31[0-9]*,25,Den Haag,NL,64500,1,' "$box/every/vantage.csv" || fail "$(cat "$box/every/vantage.csv")"
said=$(sed -nE 's/.*: ([0-9]+) rows in all; ([0-9]+) files before it, .*/\1 \2/p' "$box/probe.log")
[ "$said" = "$((targets * 6)) $((parts - 1))" ] || fail "told of $((targets * 6)) rows in $parts files: $(cat "$box/probe.log")"
starts=$(python3 "$here/schedule.py" starts "$box/every" 1) || fail "rounds do not begin at multiples of a second: $starts"

# Killed between two files that began in one second: the second is "-2", and the newer.
newest=$(find "$box/every" -name 'lab.2*.meta.json' | sort | tail -n 1)
for suffix in probes.csv meta.json; do mv "$box/every/lab.$suffix" "${newest%.meta.json}-2.$suffix"; done
long_probe "$box/every" -p icmp --every 1s --rounds 6 -r 20000 --resume
wait "$probe_pid" || fail "all is done, --resume: exit $?: $(cat "$box/probe.log")"
exactly_once "$box/every" 1 6

# Without end until TERM; then gone on with. Its network goes away for some rounds: they are recorded all the same.
long_probe "$box/endless" -p icmp --every 500ms --rounds 0 -r 20000 --rotate-size 200k
sleep 2
ip -n p link set p2 down
sleep 1.6
ip -n p link set p2 up
ip -n p route add 198.18.0.0/15 via 192.0.2.17
ip -n p -6 addr add 2001:db8:4::2/64 dev p2 nodad 2>/dev/null || true
ip -n p -6 route add 2001:db8:18::/48 via 2001:db8:4::1
sleep 2
end_probe TERM
[ "$rc" -eq 143 ] || fail "TERM: exit $rc: $(cat "$box/probe.log")"
gone=$(python3 "$here/schedule.py" gone "$box/endless") || fail "a network that goes away: $gone; $(cat "$box/probe.log")"

figures "$kills x 2 kills and 3 resumes: one row for each of $((targets * 4)) probes; $parts files, round starts $starts; $gone"
