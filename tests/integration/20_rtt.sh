#!/usr/bin/env bash
# Kernel-stamped RTTs equal, to the nanosecond, those of an independent tcpdump: dns, icmp and tcp over both families,
# 1,000 of each kind at 1,000/s and 50,000 at 10,000/s.
# Runs alone: no frame may be lost.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
capture_needed
box_net
reflect_start -d 3000

compare() { # NAME TARGETS RATE STAMPS FLOWS
	lab_targets "$2" >"$box/$1.txt"
	capture_start p p2 "$box/$1.pcap" 'udp or tcp or icmp or icmp6'
	probe_ok -f "$box/$1.txt" -o "$box/$1" -p dns,icmp,tcp -r "$3" --gap 0 -t 1s --stamps "$4" --flows "$5"
	capture_stop
	conserved "$box/$1" scheduled=$(($2 * 3 * $5)) dropped=0 reply=$(($2 * 3 * $5))
	python3 "$here/rtt_compare.py" "$box/$1/lab" "$box/$1.pcap" "$4" >"$box/said" || fail "$(cat "$box/said")"
	tr '\n' ' ' <"$box/said"
	rm "$box/$1.pcap"
}
slow=$(compare slow 1000 1000 kernel 1) || fail "$slow"
fast=$(compare fast 16667 10000 kernel 1) || fail "$fast"
flows=$(compare flows 200 2000 kernel 3) || fail "$flows"
hybrid=$(compare hybrid 400 2000 hybrid 1) || fail "$hybrid"
figures "identical to the ns: 1,000/s ${slow}· 10,000/s ${fast}· 3 flows ${flows}· hybrid, reply only: $hybrid"
