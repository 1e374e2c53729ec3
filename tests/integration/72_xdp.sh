#!/usr/bin/env bash
# --send xdp: every probe leaves and is answered as otherwise, over both families; an ordinary user's file with cap_net_raw alone
# may use it; what cannot go with it is said.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
[[ $(ldd "$catchmap") == *libxdp* ]] || skip "built without libxdp"
box_net
reflect_start
lab_targets 2000 >"$box/list.txt"

probe -f "$box/list.txt" -o "$box/xdp" -p dns,icmp,tcp -r 5k --gap 0 -t 1s --send xdp
[ "$rc" -ne 3 ] || skip "$(cat "$box/stderr")"
[ "$rc" -eq 0 ] || fail "exit $rc: $(cat "$box/stderr")"
conserved "$box/xdp" scheduled=6000 reply=6000 dropped=0
hybrid=$(python3 "$here/rows.py" count "$box/xdp/lab" stamp=hybrid)
[ "$hybrid" -eq 6000 ] || fail "$hybrid of 6000 stamps are hybrid"
# What AF_XDP sends passes no capture: that is how we know that it was used.
capture_works || { figures "6000 of 6000 answered"; exit 0; }
capture_start p p2 "$box/xdp.pcap" 'icmp[0] == 8'
probe_ok -f "$box/list.txt" -o "$box/unseen" -p icmp -4 -r 5k -t 1s --send xdp
capture_stop
seen=$(tcpdump -n -r "$box/xdp.pcap" 2>/dev/null | wc -l)
[ "$seen" -eq 0 ] || fail "$seen probes were captured: they left some other way"

probe -f "$box/list.txt" -o "$box/none" --send xdp --stamps kernel
[ "$rc" -eq 2 ] && grep -q 'stamps hybrid' "$box/stderr" || fail "kernel stamps: exit $rc: $(cat "$box/stderr")"

alone=-
if [ "$(id -u)" -eq 0 ] && cp "$catchmap" "$box/alone" && setcap cap_net_raw=ep "$box/alone"; then
	mkdir -m 777 "$box/theirs"
	box_in p setpriv --reuid=65534 --regid=65534 --clear-groups "$box/alone" probe --vp lab -q -f "$box/list.txt" \
		-o "$box/theirs/run" -p icmp -r 5k -t 1s --send xdp || fail "cap_net_raw alone: exit $?"
	conserved "$box/theirs/run" reply=2000
	alone=yes
fi
figures "6000 of 6000 answered, none seen by a capture; cap_net_raw alone: $alone"
