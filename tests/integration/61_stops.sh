#!/usr/bin/env bash
# However a run ends (Ctrl-C, kill -9, a full disk, a second run into its file), its rows are whole and its meta.json
# tells.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
reflect_start
lab_targets 50000 >"$box/list.txt"

start_probe() { # RUN ARGS...
	local run=$1
	shift
	box_start p probe "$catchmap" probe --vp lab -q -f "$box/list.txt" -o "$run" -p icmp -r 2000 -t 400ms \
		--linger 400ms "$@"
	probe_pid=$box_pid
}
end_probe() { # SIGNAL
	rc=0
	kill "-$1" "$probe_pid"
	wait "$probe_pid" 2>/dev/null || rc=$?
}
not_finished() { # RUN
	jq -e '.end == null and (.ended == "" or .ended == null)' "$1/lab.meta.json" >/dev/null ||
		fail "meta.json of a run that was killed: $(jq -c '{end, ended}' "$1/lab.meta.json")"
}
# All rows of probes sent 1 s (and what a row is held) before the end are there; the last line may be torn.
whole_until() { # FILE END_NS
	awk -F, -v end="$2" 'NR == 1 { n = NF } NR > 1 && NF == n { rows++; if ($12 > last) last = $12 }
		NF != n { torn = NR }
		END { if (torn && torn < NR) exit 1; lag = (end - last) / 1e9; printf "%d rows, the last %.2f s old", rows, lag
			exit !(rows > 100 && lag < 2.5) }' "$1"
}

start_probe "$box/int"
sleep 2
end_probe INT
[ "$rc" -eq 130 ] || fail "Ctrl-C: exit $rc: $(cat "$box/probe.log")"
conserved "$box/int" dropped=0
jq -e '.end != null and (.ended | test("signal"))' "$box/int/lab.meta.json" >/dev/null || fail "meta.json after Ctrl-C"

start_probe "$box/term" -z
sleep 1
end_probe TERM
[ "$rc" -eq 143 ] || fail "TERM: exit $rc: $(cat "$box/probe.log")"
conserved "$box/term" dropped=0

start_probe "$box/kill"
sleep 4
end_probe KILL
killed=$(whole_until "$box/kill/lab.probes.csv" "$(date +%s%N)") || fail "after kill -9: $killed"
not_finished "$box/kill"

start_probe "$box/killz" -z
sleep 4
end_probe KILL
zstd -dcq "$box/killz/lab.probes.csv.zst" >"$box/killz.csv" 2>/dev/null || true
killedz=$(whole_until "$box/killz.csv" "$(date +%s%N)") || fail "after kill -9 of .zst: $killedz"
not_finished "$box/killz"

# Into the file of a run that is under way, and of one that is over.
start_probe "$box/two"
sleep 1.5
probe -f "$box/list.txt" -o "$box/two" -p icmp
[ "$rc" -eq 2 ] || fail "second run into one file: exit $rc: $(cat "$box/stderr")"
grep -q 'lab' "$box/stderr" || fail "second run: $(cat "$box/stderr")"
end_probe INT
conserved "$box/two" dropped=0
cp -a "$box/two" "$box/two.before"
probe -f "$box/list.txt" -o "$box/two" -p icmp
[ "$rc" -eq 2 ] || fail "a run into a finished file: exit $rc: $(cat "$box/stderr")"
diff -r "$box/two" "$box/two.before" >/dev/null || fail "a refused run changed the files"

# A disk of 256 KiB.
mkdir "$box/small"
mount -t tmpfs -o size=256k,mode=0755 tmpfs "$box/small"
for suffix in '' -z; do
	run=$box/small/run$suffix
	probe -f "$box/list.txt" -o "$run" -p icmp,tcp -r 5000 -t 200ms --linger 200ms --gap 0 $suffix
	[ "$rc" -eq 4 ] || fail "disk full: exit $rc: $(cat "$box/stderr")"
	grep -qiE 'no space|disk full|full' "$box/stderr" || fail "disk full: $(cat "$box/stderr")"
	jq -e . "$run/lab.meta.json" >/dev/null || fail "disk full: meta.json is cut: $(cat "$run/lab.meta.json")"
	if [ -z "$suffix" ]; then
		cp "$run/lab.probes.csv" "$box/full.csv"
	else
		zstd -dcq "$run/lab.probes.csv.zst" >"$box/full.csv" || fail "disk full: the .zst is not whole"
	fi
	[ "$(tail -c 1 "$box/full.csv" | od -An -tx1)" = ' 0a' ] || fail "disk full: the last row is cut: $(tail -n 1 "$box/full.csv")"
	full=$(awk -F, 'NR == 1 { n = NF } NF != n { bad++ } END { print NR - 1; exit bad || NR < 100 }' "$box/full.csv") ||
		fail "disk full: rows are not whole"
	grep -q "^catchmap: $full whole rows are kept" "$box/stderr" || fail "disk full: $full rows, not as $(cat "$box/stderr") says"
	rm -r "$run"
done

figures "Ctrl-C whole; kill -9: $killed; .zst: $killedz; full disk (.zst): $full whole rows"
