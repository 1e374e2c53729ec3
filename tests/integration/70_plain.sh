#!/usr/bin/env bash
# By ordinary sockets, as a user without any capability: identities as by raw sockets; times as an independent capture has
# them; flows that keep every field routers hash on; each trick of a hostile host called what it is, as far as a socket lets
# it be seen; one row for each probe; what cannot be done is said.
# Runs alone: it compares times.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
# shellcheck source=tests/integration/servers
. "$here/servers"
capture_needed
box_net

# In a user namespace there is no other user to become: the empty bounding set alone takes the capabilities away.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
"${nobody[@]}" true 2>/dev/null || nobody=(setpriv --inh-caps=-all --bounding-set=-all)
cp "$catchmap" "$box/catchmap"
export CATCHMAP_TARGETS=$box/targets
cp -R targets "$box/targets"
as_nobody() { # ARGS...   as probe in lib.sh
	rc=0
	box_in p "${nobody[@]}" "$box/catchmap" "$@" >"$box/stdout" 2>"$box/stderr" || rc=$?
}
plain() { # RUN ARGS...
	local run=$1
	shift
	mkdir -m 0777 "$box/$run"
	as_nobody probe --sockets plain --vp lab -o "$box/$run" "$@"
	[ "$rc" -eq 0 ] || fail "catchmap probe $*: exit $rc: $(tail -n 3 "$box/stderr")"
}
expect() { # STATUS TEXT   of the last command
	[ "$rc" -eq "$1" ] || fail "exit $rc, not $1: $(cat "$box/stderr")"
	grep -qF -- "$2" "$box/stdout" "$box/stderr" || fail "nothing says '$2': $(cat "$box/stderr")"
}
ping_allowed() { # RANGE
	box_in p sysctl -qw net.ipv4.ping_group_range="$1"
}

# --- what cannot be done ---
ping_allowed '1 0'
as_nobody probe --vp lab -o "$box/none" 192.0.2.9
expect 3 'sudo setcap cap_net_raw=ep'
as_nobody which -p icmp 192.0.2.9
expect 3 'ping_group_range'
as_nobody which -p tcp -S 192.0.2.77 192.0.2.9
expect 3 'no route to 192.0.2.9'

# --- real servers ---
ping_allowed '0 2147483647'
servers_start
plain ids -f "$TARGETS" -c 2 --gap 200ms
conserved "$box/ids" scheduled=72 dropped=0 unmatched=0
ids=$(python3 "$here/rows.py" identities "$box/ids/lab" "$TRUTH") || fail "$ids"
for kind in icmp tcp; do
	n=$(python3 "$here/rows.py" count "$box/ids/lab" probe="$kind" outcome=reply)
	[ "$n" -eq 24 ] || fail "$kind: $n of 24 answered"
done
as_nobody which -c 1 192.0.2.9
expect 0 'by ordinary sockets'
grep -q '^192.0.2.9 .*nsd1' "$box/stdout" || fail "which: $(cat "$box/stdout")"
as_nobody which -c 1 -I p1 -S 192.0.2.10 192.0.2.9
expect 0 nsd1
as_nobody which -c 1 -I nothing0 192.0.2.9
expect 3 nothing0
box_start p holder python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 33002))
time.sleep(60)'
box_await 5 'port 33002' box_in p sh -c 'ss -Hlun sport = :33002 | grep -q .'
as_nobody which -c 1 192.0.2.9
expect 2 'UDP port 33002 cannot be taken'
box_stop "$box_pid"
servers_stop

# --- icmp forbidden: left out, and said ---
ping_allowed '1 0'
reflect_start -d 3000
as_nobody which -c 1 198.18.0.1
expect 0 'no icmp: net.ipv4.ping_group_range'
! grep -q '^ *icmp' "$box/stdout" || fail "icmp in: $(cat "$box/stdout")"
ping_allowed '0 2147483647'

# --- times and flows, beside a capture ---
lab_targets 400 >"$box/t.txt"
capture_start p p2 "$box/pcap" 'udp or tcp or icmp or icmp6'
plain times -f "$box/t.txt" -p dns,icmp,tcp -r 500 --gap 0 -t 1s --flows 2
capture_stop
conserved "$box/times" scheduled=2400 reply=2400 dropped=0
times=$(python3 "$here/plain_compare.py" "$box/times/lab" "$box/pcap") || fail "$times"
box_stop "$reflect_pid"

# --- hostile hosts: what a socket cannot show is a timeout, or (an error that quotes 8 bytes) about the newest probe ---
"$tools/hostile" --classes | sed -E 's/(dns,bad-checksum|tcp,bare-ack|tcp,wrong-port),.*/\1,timeout/
	s/tcp,late,.*/tcp,too-late,timeout/; s/dns,error-other,.*/dns,error-other,icmp-error/; s/tcp,thrice,/tcp,answered-once,/' >"$box/classes.csv"
python3 "$here/hostile_check.py" targets "$box/classes.csv" 12 >"$box/targets.csv"
box_start x hostile "$tools/hostile" -i x0 -l 1500 -L 3500
sleep 0.3
sent=$(($(wc -l <"$box/targets.csv") - 1))
plain hostile -f "$box/targets.csv" -r 400 -t 1s --linger 1s --no-retry
conserved "$box/hostile" sent="$sent" dropped=0
hostile=$(python3 "$here/hostile_check.py" check "$box/classes.csv" "$box/hostile/lab") || fail "$hostile"
left=$(box_in p ss -Hant | wc -l)
[ "$left" -eq 0 ] || fail "$left TCP connections are left over"
figures "$ids; RTT less the capture's: $times; $sent hostile: $hostile"
