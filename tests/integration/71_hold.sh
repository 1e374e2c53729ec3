#!/usr/bin/env bash
# `which --hold` beside real and broken servers: a server that closes after so many questions, packets that vanish, a port
# that refuses, hostile streams, an interruption, wrong uses.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
export CATCHMAP_TARGETS=$PWD/targets

ip -n s addr add 198.51.100.1/32 dev lo
ip -n s addr add 2001:db8:53::1/128 dev lo nodad
mkdir "$box/nsd"
cat >"$box/nsd.conf" <<-CONF
	server:
		ip-address: 198.51.100.1
		ip-address: 2001:db8:53::1
		username: ""
		chroot: ""
		zonesdir: "$box/nsd"
		zonelistfile: "$box/nsd/zones"
		xfrdfile: "$box/nsd/xfrd"
		xfrdir: "$box/nsd"
		database: ""
		pidfile: ""
		server-count: 1
		tcp-query-count: 4
		identity: "nsd-id.fra"
		nsid: "ascii_nsd1.fra.lab"
	remote-control:
		control-enable: no
CONF
box_start s nsd nsd -d -c "$box/nsd.conf"
for address in 198.51.100.1 2001:db8:53::1; do
	box_await 10 "nsd on $address" box_in p dig "@$address" . SOA +time=1 +tries=1
done

hold() { # ARGS...
	rc=0
	box_in p setpriv --inh-caps=-all --bounding-set=-all "$catchmap" which --hold-every 200ms "$@" >"$box/stdout" 2>"$box/stderr" || rc=$?
}
expect() { # STATUS TEXT
	[ "$rc" -eq "$1" ] || fail "exit $rc, not $1: $(cat "$box/stdout" "$box/stderr")"
	grep -qF -- "$2" "$box/stdout" "$box/stderr" || fail "nothing says '$2': $(cat "$box/stdout" "$box/stderr")"
}
is() { # JQ-FILTER
	jq -e "$1" "$box/stdout" >/dev/null || fail "not $1: $(jq -c 'del(.[].events)' "$box/stdout")"
}

# --- a limit of the server ---
hold --hold 3s -j 198.51.100.1 2001:db8:53::1
[ "$rc" -eq 0 ] || fail "exit $rc"
is 'all(.[]; .hold == "closed" and (.kept | length) >= 3 and ([.kept[:-1][] | [.end, .answers]] | unique) == [["closed", 4]]
	and .fresh.course == "steady" and .fresh_tcp.answers > 10)'
hold --hold 2s 198.51.100.1
expect 0 'closed your TCP connection to 198.51.100.1 after 4 answers'
expect 0 "own limit"
expect 0 'connections closed after 4 answers each'

# --- packets vanish on the way; nobody says so ---
hold --hold 4s --hold-every 500ms -j 198.51.100.1 &
pid=$!
sleep 0.9
ip -n r route add blackhole 198.51.100.1
wait "$pid" || true
ip -n r route del blackhole 198.51.100.1
is '.[0] | .hold == "silent" and .kept[0].missed_at_end >= 2 and .kept[0].resent_at_end >= 1 and .kept[0].ended_s == null
	and .fresh_udp.answers < .fresh_udp.asked'

# --- nothing to hold ---
hold --hold 1s --port 54 198.51.100.1
expect 5 'refuses TCP connections to port 54'
hold --hold 1s 198.18.0.1
expect 5 'does not answer TCP on port 53'
hold --hold 1s 203.0.113.1
expect 5 'nothing can be held'

# --- hostile streams: whatever comes, no answer is made of it ---
box_start s hostile python3 "$here/hold_hostile.py" 198.51.100.1 5301
box_await 5 'hostile streams' grep -q ready "$box/hostile.log"
hold --hold 3s --hold-every 100ms --port 5301 -j 198.51.100.1
[ "$rc" -eq 5 ] || fail "hostile: exit $rc: $(cat "$box/stderr")"
is '.[0] | (.kept | length) >= 5 and all(.kept[]; .answers == 0) and .fresh_tcp.answers == 0'
cases=$(jq '.[0].kept | length' "$box/stdout")

# --- a reset right behind an answer is a reset, not a close ---
box_start s reset python3 "$here/hold_hostile.py" 198.51.100.1 5302 reset
box_await 5 'resets' grep -q ready "$box/reset.log"
hold --hold 3s --hold-every 100ms --port 5302 -j 198.51.100.1
is '.[0] | ([.kept[:-1][].end] | unique) == ["reset"] and (.kept | length) >= 3 and any(.kept[]; .answers == 4)'

# --- interrupted ---
box_in p setpriv --inh-caps=-all --bounding-set=-all timeout -s INT 1.5 "$catchmap" which --hold 60s --hold-every 200ms --port 53 198.51.100.1 \
	>"$box/stdout" 2>"$box/stderr" && rc=0 || rc=$?
[ "$rc" -eq 124 ] || fail "interrupted: exit $rc"
expect 124 ' of 60.0 s'
box_in p "$catchmap" which --hold 60s --hold-every 200ms 198.51.100.1 >"$box/stdout" 2>"$box/stderr" &
pid=$!
sleep 1
kill -TERM "$(pgrep -P "$pid" || echo "$pid")"
rc=0
wait "$pid" || rc=$?
expect 143 'stopped after'

# --- wrong uses ---
hold --hold 2s -p icmp 198.51.100.1
expect 2 'without --probes'
hold --hold 100ms 198.51.100.1
expect 2 'shorter than --hold-every'
hold --hold forever 198.51.100.1
expect 2 "'forever' is not a time"
hold --hold 2s -I nothing0 198.51.100.1
expect 3 'nothing0'
hold --hold 2s -S 192.0.2.77 198.51.100.1
expect 2 'cannot send from that address'
hold --hold 2s
expect 2 'no targets'
hold --hold 2s -n 198.51.100.1
expect 0 'nothing was sent'
rc=0
box_in p "$catchmap" which --hold 500ms --hold-every 200ms 198.51.100.1 >/dev/full 2>"$box/stderr" || rc=$?
: >"$box/stdout"
expect 4 'cannot write to standard output'
figures "closed after 4 answers each time; silence seen; refused, unanswered, unreachable; $cases hostile streams; interrupted and told; wrong uses refused"
