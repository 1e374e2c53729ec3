#!/usr/bin/env bash
# Ways out of the machine: a tun device, the loopback, a family without a route, an interface that vanishes under way.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
reflect_start -d 1000

# A tun device (frames without Ethernet), with its RTTs held against a capture.
if [ -w /dev/net/tun ] && capture_works; then
	box_start p tun "$tools/reflect" -T tun0 -d 1000 203.0.113.0/24 2001:db8:77::/64
	box_await 5 tun0 ip -n p link show tun0
	ip -n p addr add 192.0.2.33/32 dev tun0
	ip -n p addr add 2001:db8:5::1/128 dev tun0 nodad
	ip -n p link set tun0 up
	ip -n p route add 203.0.113.0/24 dev tun0 src 192.0.2.33
	ip -n p -6 route add 2001:db8:77::/64 dev tun0 src 2001:db8:5::1
	awk 'BEGIN { for (i = 1; i <= 100; i++) printf "203.0.113.%d\n2001:db8:77::%x\n", i, i }' >"$box/tun.txt"
	capture_start p tun0 "$box/tun.pcap"
	probe_ok -f "$box/tun.txt" -o "$box/tun" -p dns,icmp,tcp -r 2000 --gap 0 -t 1s
	capture_stop
	conserved "$box/tun" sent=600 reply=600 dropped=0
	tun=$(python3 "$here/rtt_compare.py" "$box/tun/lab" "$box/tun.pcap") || fail "$tun"
	tun="identical to the ns $tun, "
else
	tun='not here, '
fi

printf '127.0.0.1\n::1\n' >"$box/lo.txt"
probe_ok -f "$box/lo.txt" -o "$box/lo" -p icmp,tcp -t 500ms --gap 100ms
conserved "$box/lo" sent=4 reply=2 rst=2

# No IPv6 route: the IPv4 half is probed, the other half's rows say that it could not be.
ip -n p -6 route del default
ip -n p -6 route del 2001:db8:18::/48
lab_targets 20 >"$box/20.txt"
probe -f "$box/20.txt" -o "$box/noroute" -p icmp -t 300ms
[ "$rc" -eq 0 ] || fail "no IPv6 route: exit $rc: $(cat "$box/stderr")"
conserved "$box/noroute" reply=10
v6=$(awk -F, '$2 ~ /:/ && $13 != "send-error"' "$box/noroute/lab.probes.csv" | wc -l)
[ "$v6" -eq 0 ] || fail "$v6 IPv6 rows that are not send-error without a route"
ip -n p -6 route add default via 2001:db8:1::1
ip -n p -6 route add 2001:db8:18::/48 via 2001:db8:4::1

# The interface goes away in the middle, with another way left and (-I) without one.
vanish() { # RUN ARGS...
	box_start p probe "$catchmap" probe --vp lab -q -f "$box/list.txt" -o "$1" -p icmp -r 1000 -t 300ms "${@:2}"
	sleep 1.5
	ip -n p link del p2
	rc=0
	wait "$box_pid" || rc=$?
	case $rc in
	0 | 3 | 4) ;;
	*) fail "interface vanished: exit $rc: $(tail -n 5 "$box/probe.log")" ;;
	esac
	conserved "$1"
}
lab_targets 4000 >"$box/list.txt"
vanish "$box/gone"
with=$rc
box_wire p p2 192.0.2.18/30 2001:db8:4::2/64 x x0 192.0.2.17/30 2001:db8:4::1/64
ip -n p route add 198.18.0.0/15 via 192.0.2.17
ip -n p -6 route add 2001:db8:18::/48 via 2001:db8:4::1
reflect_start
vanish "$box/goner" -I p2
figures "tun: ${tun}lo; no IPv6 route; interface gone: exit $with, with -I exit $rc"
